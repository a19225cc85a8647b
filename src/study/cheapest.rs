//! The cheapest of what passes, where several things have a price.
//!
//! Candidates stand in the order of their cost. What has no more of anything than one that failed is taken to fail, too,
//! unless its partitions are dealt more evenly; what costs more than one that passes is of no use. Each run is of the
//! candidate whose answer, be it yes or no, settles the most of what is still open, so that thousands take a few dozen
//! runs. The answer has to pass for sure, and of the cheaper ones that failed the largest have to fail for sure: the
//! others have less of everything. That more is better is checked at the answer's neighbours.
use super::search::Found;
use super::trial::{Choice, Cut, Stopped, Trials, Tried};

/// Candidates of which the next is chosen, at most.
const PIVOTS: usize = 256;

/// Of a candidate, what decides whether another one's failure speaks for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rank {
    /// Its places on the axes.
    pub places: Vec<usize>,
    /// How busy its busiest member is if all partitions get the same.
    pub strain: f64,
}

impl Rank {
    /// Whether one has no more of anything than the other, and nothing is dealt more evenly in it.
    fn is_within(&self, other: &Self) -> bool {
        let less = self.places.iter().zip(&other.places).all(|(a, b)| a <= b);
        less && self.strain >= other.strain - 1e-9
    }
}

/// Searches candidates in the order of their cost, each with its rank. At least one.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub fn cheapest(trials: &mut Trials<'_>, all: &[Choice], ranks: &[Rank]) -> Result<Found, Stopped> {
    let mut search = Search { trials, all, ranks, tried: Vec::new(), settled: Vec::new() };
    let answer = loop {
        while let Some(at) = search.next() {
            search.glance(at)?;
        }
        // What one run said may have been luck, good or bad; whatever turns out otherwise opens the question again.
        let answer = search.best();
        let doubted = answer.filter(|at| !search.settled.contains(at)).or_else(|| search.doubted(answer));
        let Some(at) = doubted else { break answer };
        search.sure(at)?;
    };
    let (mut sure, mut decided) = (true, true);
    for at in search.largest(answer).into_iter().chain(answer) {
        let one = search.sure(at)?;
        sure &= one.sure;
        decided &= one.decided;
    }
    let mut monotone = true;
    for more in answer.map_or_else(Vec::new, |at| search.neighbours(at)) {
        monotone &= search.look(more)?.passed || search.sure(more)?.passed;
    }
    let tried = search.tried;
    let why: Option<Cut> = tried.iter().rev().find_map(|(_, one)| one.cut.clone());
    let ruled_out = tried.iter().filter(|one| one.1.cut.is_some()).count();
    Ok(Found { at: answer, monotone, sure, decided, tried, ruled_out, cut: why })
}

struct Search<'s, 'e> {
    trials: &'s mut Trials<'e>,
    all: &'s [Choice],
    ranks: &'s [Rank],
    /// In the order of the candidates.
    tried: Vec<(usize, Tried)>,
    /// What ran as often as it takes.
    settled: Vec<usize>,
}

impl Search<'_, '_> {
    fn keep(&mut self, at: usize, tried: Tried) -> Tried {
        match self.tried.binary_search_by_key(&at, |(known, _)| *known) {
            Ok(i) => self.tried[i].1 = tried.clone(),
            Err(i) => self.tried.insert(i, (at, tried.clone())),
        }
        tried
    }

    fn glance(&mut self, at: usize) -> Result<Tried, Stopped> {
        let tried = self.trials.glance(&self.all[at])?;
        Ok(self.keep(at, tried))
    }

    fn look(&mut self, at: usize) -> Result<Tried, Stopped> {
        let tried = self.trials.look(&self.all[at])?;
        Ok(self.keep(at, tried))
    }

    fn sure(&mut self, at: usize) -> Result<Tried, Stopped> {
        let tried = self.trials.sure(&self.all[at])?;
        self.settled.push(at);
        Ok(self.keep(at, tried))
    }

    /// The cheapest that passed, as far as is known.
    fn best(&self) -> Option<usize> {
        self.tried.iter().find(|(_, one)| one.passed).map(|(at, _)| *at)
    }

    fn failed(&self) -> impl Iterator<Item = usize> + '_ {
        self.tried.iter().filter(|(_, one)| !one.passed).map(|(at, _)| *at)
    }

    /// The candidate that settles the most, whatever its answer; none where nothing is open.
    fn next(&self) -> Option<usize> {
        let end = self.best().unwrap_or(self.all.len());
        let failed: Vec<usize> = self.failed().collect();
        let is_open = |at: &usize| !failed.iter().any(|other| self.ranks[*at].is_within(&self.ranks[*other]));
        let open: Vec<usize> = (0..end).filter(is_open).collect();
        let settles = |i: usize| {
            let fewer = open.iter().filter(|other| self.ranks[**other].is_within(&self.ranks[open[i]])).count();
            fewer.min(open.len() - i)
        };
        // Of those that settle as much, the cheaper one: it may be the answer.
        let pivots = (0..open.len()).step_by(open.len().div_ceil(PIVOTS).max(1));
        pivots.max_by_key(|i| (settles(*i), std::cmp::Reverse(*i))).map(|i| open[i])
    }

    /// Of the failures that are cheaper than the answer, those with no other one above them.
    fn largest(&self, answer: Option<usize>) -> Vec<usize> {
        let cheaper: Vec<usize> = self.failed().filter(|at| answer.is_none_or(|answer| *at < answer)).collect();
        let above = |at: usize, other: usize| other != at && self.ranks[at].is_within(&self.ranks[other]);
        cheaper.iter().copied().filter(|at| !cheaper.iter().any(|other| above(*at, *other))).collect()
    }

    /// One of them that is neither sure nor settled by as many runs as there may be.
    fn doubted(&self, answer: Option<usize>) -> Option<usize> {
        let sure = |at: &usize| self.tried.iter().any(|(other, one)| other == at && one.sure);
        self.largest(answer).into_iter().find(|at| !sure(at) && !self.settled.contains(at))
    }

    /// Those with one step more of one thing.
    fn neighbours(&self, at: usize) -> Vec<usize> {
        let here = &self.ranks[at];
        let steps = |there: &Rank| there.places.iter().zip(&here.places).map(|(a, b)| a.abs_diff(*b)).sum::<usize>();
        let near = |more: &usize| steps(&self.ranks[*more]) == 1 && here.is_within(&self.ranks[*more]);
        (0..self.all.len()).filter(near).collect()
    }
}
