//! What a study says in words: how many points pass, which is the first, what matters most, and what did not run.
//!
//! Points that were refused are told apart from those that fail: nothing is known of them.
use super::dimension::{cut, show};
use super::influence::{self, Question};
use super::read::{Point, Study};
use crate::report::palette::State;
use crate::units::show as numbers;

/// The answer in one sentence.
#[must_use]
pub fn headline(study: &Study) -> String {
    let (all, passing) = (study.points.len(), study.count(State::Passes));
    let ran = all - study.count(State::Refused);
    let thresholds = match study.limits.len() {
        0 => "the thresholds".to_owned(),
        1 => "the threshold".to_owned(),
        n => format!("all {n} thresholds"),
    };
    match passing {
        _ if study.count(State::Refused) == all => format!("None of {} ran", points(all)),
        _ if !study.judged => format!("{} ran; no threshold says what is good enough", points(ran)),
        0 => format!("None of {} passes {thresholds}", points(all)),
        n if n == all => format!("All {} pass {thresholds}", points(all)),
        1 => format!("1 of {} passes {thresholds}", points(all)),
        n => format!("{n} of {} pass {thresholds}", points(all)),
    }
}

/// `good`, `warn` or `bad`.
#[must_use]
pub fn tone(study: &Study) -> &'static str {
    match study.count(State::Passes) {
        _ if study.count(State::Broke) > 0 || study.count(State::Refused) == study.points.len() => "bad",
        _ if !study.judged => "warn",
        0 => "bad",
        _ => "good",
    }
}

/// What follows it.
#[must_use]
pub fn sentences(study: &Study) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    told.extend(first(study));
    told.extend(cheapest(study));
    told.extend(matters(study));
    let partly = study.count(State::Partly);
    if partly > 0 {
        let verb = if partly == 1 { "passes" } else { "pass" };
        told.push(format!(
            "{} {verb} in some of {} runs and not in others: there the boundary is within the noise.",
            points(partly),
            study.repetitions
        ));
    }
    told
}

/// What did not run, and what broke.
#[must_use]
pub fn warnings(study: &Study) -> Vec<String> {
    let of = |state: State| study.points.iter().filter(move |point| point.state == state);
    let mut told = Vec::new();
    if let Some(point) = of(State::Broke).next() {
        let why = cut(point.error.as_deref().unwrap_or_default(), 300);
        let verb = "of a law of the model, which is a bug of conga, please report it";
        told.push(format!("{} had a breach {verb}: {}: {why}.", points(study.count(State::Broke)), study.told(point)));
    }
    if let Some(point) = of(State::Refused).next() {
        let why = cut(point.error.as_deref().unwrap_or_default(), 300);
        let refused = study.count(State::Refused);
        let verb = if refused == 1 { "was" } else { "were" };
        told.push(format!(
            "{} {verb} refused and never ran, which says nothing about passing: {}: {why}",
            points(refused),
            study.told(point)
        ));
    }
    told
}

fn points(count: usize) -> String {
    if count == 1 { "1 point".to_owned() } else { format!("{} points", numbers::count(count as f64)) }
}

/// The first that passes; with one dimension, from where on.
fn first(study: &Study) -> Option<String> {
    let varied: Vec<usize> = (0..study.dimensions.len()).filter(|i| study.dimensions[*i].values.len() > 1).collect();
    let passing = |point: &&Point| point.state == State::Passes;
    let first = study.points.iter().find(passing)?;
    if let [only] = varied.as_slice() {
        let mut sorted: Vec<&Point> = study.points.iter().collect();
        sorted.sort_by_key(|point| point.values[*only]);
        let states: Vec<bool> = sorted.iter().map(passing).collect();
        let (begin, end) = (states.iter().position(|passes| *passes)?, states.iter().rposition(|passes| *passes)?);
        let value = |i: usize| study.told(sorted[i]);
        if study.dimensions[*only].is_counted() && states[begin..=end].iter().all(|passes| *passes) {
            return Some(match (begin, end + 1 == states.len()) {
                (0, true) => "All values that were tried pass.".to_owned(),
                (_, true) => format!("The least that passes is {}; so does everything beyond.", value(begin)),
                (0, false) => format!("The greatest that passes is {}; so does everything below.", value(end)),
                _ => format!("What passes lies between {} and {}.", value(begin), value(end)),
            });
        }
    }
    Some(format!("The first that passes, in the order of the study, is {}.", study.told(first)))
}

/// The cheapest that passes.
fn cheapest(study: &Study) -> Option<String> {
    let price = study.keys.iter().position(|key| key == "cost_per_h")?;
    let passing = study.points.iter().filter(|point| point.state == State::Passes);
    let known = passing.filter_map(|point| Some((point, point.mean(price)?)));
    let (point, cost) = known.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let cost = show("cost_per_h", Some(cost));
    Some(format!("The cheapest that passes is {}, at {cost} an hour.", study.told(point)))
}

fn matters(study: &Study) -> Option<String> {
    let varied = study.dimensions.iter().filter(|dimension| dimension.values.len() > 1).count();
    let question = influence::question(study)?;
    let most = *influence::order(study).first()?;
    let range = influence::range(study, most, question).filter(|range| range.high > range.low)?;
    let path = &study.dimensions[most].path;
    let of = match question {
        Question::Passes => {
            let [low, high] = [range.low, range.high].map(numbers::percent);
            format!("from value to value of it, between {low} and {high} of the points pass")
        }
        Question::Figure(key) => {
            let [low, high] = [range.low, range.high].map(|value| show(&study.keys[key], Some(value)));
            format!("from value to value of it, the mean of {} goes from {low} to {high}", study.keys[key])
        }
    };
    (varied > 1).then(|| format!("What matters most is {path}: {of}."))
}
