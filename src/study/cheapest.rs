//! The cheapest of what passes, where several things have a price.
//!
//! Candidates are tried from the cheapest up. What has no more of anything than one that failed is taken to fail, too,
//! and is not tried. The answer has to pass for sure, and of the cheaper ones that failed the largest have to fail for
//! sure: the others have less of everything. That more is better is checked at the answer's neighbours.
use super::search::Found;
use super::trial::{Choice, Cut, Stopped, Trials, Tried};

/// Searches candidates in the order of their cost, each with its places on the axes. At least one.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub fn cheapest(trials: &mut Trials<'_>, all: &[Choice], places: &[Vec<usize>]) -> Result<Found, Stopped> {
    let mut tried: Vec<(usize, Tried)> = Vec::new();
    let mut failed: Vec<usize> = Vec::new();
    let mut answer = None;
    for at in 0..all.len() {
        if failed.iter().any(|other| within(&places[at], &places[*other])) {
            continue;
        }
        let glance = trials.glance(&all[at])?;
        let one = if glance.passed { trials.sure(&all[at])? } else { glance };
        let passed = one.passed;
        tried.push((at, one));
        if passed {
            answer = Some(at);
            break;
        }
        failed.push(at);
    }
    let (mut sure, mut decided) = (true, true);
    // What one run said of a cheaper one may have been bad luck.
    let mut settled: Vec<usize> = Vec::new();
    while let Some(before) = doubted(&tried, &settled, &failed, places, answer) {
        let one = trials.sure(&all[before])?;
        sure &= one.sure;
        decided &= one.decided;
        if one.passed {
            answer = Some(before);
            failed.retain(|other| *other != before);
        }
        let (_, known) = tried.iter_mut().find(|(at, _)| *at == before).expect("it was tried");
        *known = one;
        settled.push(before);
    }
    let mut monotone = true;
    if let Some(at) = answer {
        let one = trials.sure(&all[at])?;
        sure &= one.sure;
        decided &= one.decided;
        for (more, place) in places.iter().enumerate() {
            let steps: usize = place.iter().zip(&places[at]).map(|(a, b)| a.abs_diff(*b)).sum();
            if steps == 1 && within(&places[at], place) {
                let one = trials.sure(&all[more])?;
                monotone &= one.passed;
                tried.push((more, one));
            }
        }
    }
    let cut = |(_, one): &(usize, Tried)| one.cut.clone();
    let why: Option<Cut> = tried.iter().rev().find_map(cut);
    let ruled_out = tried.iter().filter(|one| one.1.cut.is_some()).count();
    tried.sort_by_key(|(at, _)| *at);
    tried.dedup_by_key(|(at, _)| *at);
    Ok(Found { at: answer, monotone, sure, decided, tried, ruled_out, cut: why })
}

/// Whether one has no more of anything than the other.
fn within(one: &[usize], other: &[usize]) -> bool {
    one.iter().zip(other).all(|(a, b)| a <= b)
}

/// A failure that is neither sure nor settled by as many runs as there may be, and has no other one above it; of those that
/// are cheaper than the answer.
fn doubted(
    tried: &[(usize, Tried)],
    settled: &[usize],
    failed: &[usize],
    places: &[Vec<usize>],
    answer: Option<usize>,
) -> Option<usize> {
    let known = |at: usize| settled.contains(&at) || tried.iter().any(|(known, one)| *known == at && one.sure);
    let cheaper: Vec<usize> = failed.iter().copied().filter(|at| answer.is_none_or(|answer| *at < answer)).collect();
    let largest = |at: &usize| !cheaper.iter().any(|other| other != at && within(&places[*at], &places[*other]));
    cheaper.iter().copied().filter(largest).find(|at| !known(*at))
}
