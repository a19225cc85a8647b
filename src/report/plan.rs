//! What a plan came to: `plan.json` for scripts, and for people the answer with its reasons.
//!
//! Nothing is computed here that the answer does not hold; the bottleneck is named as in the report of a run.
mod failures;

use super::bottleneck;
use super::figures;
use super::text::wrapped;
use crate::outcome::result::Outcome;
use crate::outcome::saved::tidy;
use crate::outcome::threshold::find;
use crate::study::answer::{Answer, Simulations, Step, most_load};
use crate::study::quest::Goal;
use crate::study::trial::{Choice, Cut, Held, LEAST, Tried};
use crate::units::show;
use serde_json::{Map, Value, json};

/// A group keeps up with what comes as long as it is less busy than this.
const BUSY: f64 = 0.98;

/// What is used less than this is not what is short.
const IDLE: f64 = 0.6;

/// What is used more than this has queues that grow and shrink slowly.
const FULL: f64 = 0.9;

/// `plan.json`.
#[must_use]
pub fn json(name: &str, sha256: &str, answer: &Answer, frontier: &[Step]) -> Value {
    let found = &answer.found;
    let tried = found.tried.iter().map(|(at, tried)| with(&answer.candidates[*at], tried));
    let before = answer.before.as_ref().map(|(choice, tried, outcome)| {
        let mut told = with(choice, tried);
        told["limits"] = outcome.as_ref().map_or(Value::Null, |outcome| limits(outcome).into());
        told
    });
    let otherwise = answer.otherwise.iter().map(|one| {
        let choice = vec![(one.path.clone(), one.value.to_string())];
        with(&choice, &one.tried)
    });
    let told = answer.choice.as_ref().map(set);
    tidy(json!({
        "conga": "1",
        "scenario": { "name": name, "sha256": sha256 },
        "goal": answer.goal.told(),
        "answer": told,
        "sure": found.sure,
        "doubt": reason(answer),
        "monotone": found.monotone,
        "thresholds": at(answer).map_or(Value::Null, |tried| tried.thresholds.iter().map(held).collect()),
        "cost_per_h": at(answer).and_then(|tried| tried.cost_per_h),
        "limits": answer.outcome.as_ref().map(limits),
        "hot_partitions": answer.hot.iter().map(|hot| json!({
            "group": hot.group, "partition": hot.partition, "share": hot.share, "even_share": hot.even, "used": hot.used,
        })).collect::<Vec<_>>(),
        "bounds": answer.bounds.iter().map(|bound| json!({
            "resource": bound.resource, "used": bound.used, "evidence": bound.evidence,
        })).collect::<Vec<_>>(),
        "ruled_out": { "candidates": found.ruled_out, "why": found.cut.as_ref().map(why) },
        "load": answer.load,
        "failures": answer.failures.as_ref().map(failures::json),
        "to_buy": answer.purchase.as_ref().map(failures::bought),
        "remedies": failures::remedies_json(&answer.remedies),
        "before": before,
        "otherwise": otherwise.collect::<Vec<_>>(),
        "tried": tried.collect::<Vec<_>>(),
        "frontier": frontier.iter().map(step).collect::<Vec<_>>(),
        "simulations": {
            "search": answer.simulations.search,
            "explanation": answer.simulations.explanation,
            "failures": answer.simulations.failures,
            "frontier": frontier.iter().map(|step| step.simulations).sum::<usize>(),
            "exhaustive": answer.candidates.len() * LEAST,
        },
    }))
}

/// The answer's own trial.
fn at(answer: &Answer) -> Option<&Tried> {
    let at = answer.found.at?;
    answer.found.tried.iter().find(|(place, _)| *place == at).map(|(_, tried)| tried)
}

/// Whole numbers as such, so that scripts need not read them.
fn set(choice: &Choice) -> Value {
    let value = |text: &String| text.parse::<u64>().map_or_else(|_| Value::from(text.as_str()), Value::from);
    Value::Object(choice.iter().map(|(path, text)| (path.clone(), value(text))).collect::<Map<_, _>>())
}

fn with(choice: &Choice, tried: &Tried) -> Value {
    json!({
        "set": set(choice),
        "passed": tried.passed,
        "sure": tried.sure,
        "decided": tried.decided,
        "runs": tried.runs,
        "ruled_out": tried.cut.as_ref().map(why),
        "thresholds": tried.thresholds.iter().map(held).collect::<Vec<_>>(),
        "cost_per_h": tried.cost_per_h,
    })
}

fn held(one: &Held) -> Value {
    let (low, high) = one.interval.map_or((None, None), |(low, high)| (Some(low), Some(high)));
    json!({
        "expression": one.expression,
        "mean": one.mean, "low": low, "high": high, "bound": one.bound,
        "margin": margin(one),
        "passed": one.passed, "sure": one.sure, "same_in_runs": one.same_in,
    })
}

/// How far the figure is from its bound, as a share of the bound.
fn margin(one: &Held) -> Option<f64> {
    one.mean.filter(|_| one.bound != 0.0).map(|mean| (one.bound - mean).abs() / one.bound.abs())
}

fn why(cut: &Cut) -> String {
    match cut {
        Cut::Unstable(bound) => format!("{} would be {} used: {}", bound.resource, share(bound.used), bound.evidence),
        Cut::Refused(error) => error.clone(),
    }
}

fn share(used: f64) -> String {
    show::percent(used)
}

fn step(step: &Step) -> Value {
    json!({ "load": step.load, "answer": step.choice.as_ref().map(set), "sure": step.sure, "simulations": step.simulations })
}

/// What limits each group, or would be the first to.
fn limits(outcome: &Outcome) -> Vec<String> {
    let groups = outcome.result.groups.iter().enumerate();
    let told = groups.map(|(i, (name, group))| {
        let words = if group.utilisation >= BUSY {
            bottleneck::of_overloaded(outcome, i)
        } else {
            bottleneck::of_steady(outcome, i)
        };
        format!("{name}: {}", words.trim())
    });
    told.collect()
}

/// Candidates of a plan that did not come to its end, a line each.
#[must_use]
pub fn so_far(tried: &[(Choice, Tried)]) -> Vec<String> {
    let line = |(choice, tried): &(Choice, Tried)| format!("  {}: {}{}", chosen(choice), verdict(tried), ran(tried));
    tried.iter().map(line).flat_map(|line| fitted(&line)).collect()
}

/// The answer for people, a line each.
#[must_use]
pub fn text(name: &str, answer: &Answer, frontier: &[Step]) -> Vec<String> {
    let mut lines = match &answer.choice {
        Some(choice) => {
            vec![format!("{name}: {} is the {}{}", chosen(choice), that_holds(&answer.goal), doubt(answer))]
        }
        None => none(name, answer),
    };
    if let Some(tried) = at(answer) {
        lines.extend(tried.thresholds.iter().map(|one| format!("  {}", line(one))));
        lines.extend(tried.cost_per_h.map(|cost| format!("  costs {cost:.4} an hour")));
    }
    if answer.choice.is_some() {
        lines.extend(answer.load.map(headroom));
        lines.extend(answer.outcome.iter().flat_map(limits).map(|line| format!("  {line}")));
        lines.extend(full(answer));
    }
    if matches!(answer.goal, Goal::Greatest(_)) && answer.found.at == Some(0) {
        lines.push("  nothing greater was tried, so more may be possible; say how far to go with `--vary`".to_owned());
    }
    if let Some((choice, tried, outcome)) = &answer.before {
        lines.push(format!("  with {}: {}", chosen(choice), verdict(tried)));
        lines.extend(outcome.iter().flat_map(limits).map(|line| format!("    {line}")));
    }
    if !answer.otherwise.is_empty() {
        lines.push(String::new());
        lines.push("  one more or one fewer of each, all else as in the answer:".to_owned());
        let row = |path: &str, value: u64, tried: &Tried| vec![format!("  {path}"), value.to_string(), verdict(tried)];
        let rows = answer.otherwise.iter().map(|one| row(&one.path, one.value, &one.tried)).collect::<Vec<_>>();
        let width = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0);
        lines.extend(rows.iter().map(|row| format!("  {:<width$}  {:>5}  {}", row[0], row[1], row[2])));
    }
    lines.extend(answer.failures.iter().flat_map(failures::lines));
    lines.extend(answer.purchase.iter().flat_map(failures::to_buy));
    if !frontier.is_empty() {
        lines.push(String::new());
        let told = |step: &Step| step.choice.as_ref().map_or_else(|| "none".to_owned(), chosen);
        lines.extend(frontier.iter().map(|step| format!("  {:>10}  {}", step.load, told(step))));
    }
    lines.push(String::new());
    lines.push(effort(answer, frontier));
    lines.iter().flat_map(|line| fitted(line)).collect()
}

/// A line in as many as it takes, all with its indent.
fn fitted(line: &str) -> Vec<String> {
    let text = line.trim_start();
    if text.is_empty() { vec![String::new()] } else { wrapped(text, &line[..line.len() - text.len()]) }
}

fn chosen(choice: &Choice) -> String {
    choice.iter().map(|(path, value)| format!("{path} = {value}")).collect::<Vec<_>>().join(", ")
}

/// Why an answer is not sure, if it is not.
fn reason(answer: &Answer) -> Option<&'static str> {
    match (answer.found.sure, answer.found.decided) {
        (true, _) => None,
        (false, true) => Some("a figure is the same in all runs, so it has no interval; see `same_in_runs`"),
        (false, false) => Some("the boundary is within the noise of the runs"),
    }
}

fn doubt(answer: &Answer) -> &'static str {
    match (answer.found.monotone, answer.found.decided) {
        (true, true) => "",
        (false, _) => "; more is not always better here, so the candidates around it were tried as well",
        (true, false) => "; the boundary is within the noise, so one step either way may be right",
    }
}

fn line(one: &Held) -> String {
    let mark = if one.passed { "pass" } else { "FAIL" };
    let value = figures::by_expression(&one.expression, one.mean);
    let room = margin(one).filter(|_| one.passed).map_or_else(String::new, |room| format!(", {} of room", share(room)));
    format!("{mark}  {} ({value}{}{room})", one.expression, same(one))
}

/// What can be said where no two runs differ.
fn same(one: &Held) -> String {
    one.same_in.map_or_else(String::new, |runs| format!(" in all {runs} runs"))
}

fn verdict(tried: &Tried) -> String {
    let doubt = if tried.decided { "" } else { ", not sure" };
    match &tried.cut {
        Some(cut) => format!("no: {}", why(cut)),
        None if tried.passed => {
            let held: Vec<String> = tried.thresholds.iter().map(value).collect();
            format!("holds ({}){doubt}", held.join(", "))
        }
        None => {
            let broken: Vec<String> = tried.thresholds.iter().filter(|one| !one.passed).map(value).collect();
            format!("FAILS ({}){doubt}", broken.join(", "))
        }
    }
}

/// How many runs say so, unless that is said already.
fn ran(tried: &Tried) -> String {
    match tried.runs {
        0 => String::new(),
        _ if tried.thresholds.iter().any(|one| one.same_in.is_some()) => String::new(),
        1 => " in a single run".to_owned(),
        runs => format!(" in {runs} runs"),
    }
}

fn value(one: &Held) -> String {
    format!("{} {}{}", figures::path_of(&one.expression), figures::by_expression(&one.expression, one.mean), same(one))
}

fn that_holds(goal: &Goal) -> &'static str {
    match goal {
        Goal::Least(_) => "least that holds",
        Goal::Greatest(_) => "most that holds",
        Goal::Cheapest => "cheapest that holds",
    }
}

fn headroom(load: f64) -> String {
    if load >= most_load() {
        format!("  headroom: holds at least {load:.2} × this load, by single runs; more was not tried")
    } else if load > 1.0 {
        format!("  headroom: holds up to {load:.2} × this load, in steps of 5 % and by single runs")
    } else {
        "  headroom: not even 5 % more load, by single runs".to_owned()
    }
}

/// That a queue is so full that the window may be too short for it.
fn full(answer: &Answer) -> Option<String> {
    let result = &answer.outcome.as_ref()?.result;
    let groups = result.groups.iter().map(|(name, group)| (format!("the workers of {name}"), group.utilisation));
    let bounds = answer.bounds.iter().map(|bound| (bound.resource.clone(), bound.used));
    let (resource, used) = groups.chain(bounds).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (used >= FULL).then(|| {
        format!(
            "  {resource}: {} used; a queue so full shows its tail only in runs that are longer than this window of {}, so \
             repeat the plan with a longer `run.duration`",
            share(used),
            show::duration(result.window_s)
        )
    })
}

/// Nothing passes: why, and whether more of it could ever help.
fn none(name: &str, answer: &Answer) -> Vec<String> {
    let last = answer.candidates.last().map(chosen).unwrap_or_default();
    let doubt = if answer.found.decided { "" } else { "; that is within the noise, so it may be just enough" };
    let mut lines = vec![format!("{name}: nothing holds, not even {last}{doubt}")];
    match &answer.found.cut {
        Some(Cut::Unstable(bound)) if answer.outcome.is_none() => {
            lines.push(format!("  {}", why(&Cut::Unstable(bound.clone()))));
            lines.push(format!("  {}", bound.remedy));
        }
        Some(Cut::Refused(error)) if answer.outcome.is_none() => lines.push(format!("  {error}")),
        _ => {
            let (_, tried) = answer.found.tried.last().expect("what was not ruled out was tried");
            lines.extend(tried.thresholds.iter().map(|one| format!("  {}", line(one))));
            lines.extend(answer.outcome.iter().flat_map(limits).map(|line| format!("  {line}")));
        }
    }
    lines.extend(cannot_help(answer));
    for hot in answer.hot.iter().filter(|hot| hot.alone && answer.goal.is_for_members_of(&hot.group)) {
        lines.push(format!(
            "  partition {} gets {} of the records, an even share is {}, and keeps the workers of its one member busy {} of \
             the time: adding members cannot help; spread its keys, add workers to each member, or make work cheaper",
            hot.partition,
            share(hot.share),
            share(hot.even),
            share(hot.used)
        ));
    }
    if answer.wider {
        lines.push("  more was not tried; say how far to go with `--vary`".to_owned());
    }
    lines.extend(failures::remedies(&answer.remedies, &last));
    lines
}

/// Why more of what is asked for cannot help: work alone takes too long, or what there is is not used up.
fn cannot_help(answer: &Answer) -> Vec<String> {
    let Some(outcome) = &answer.outcome else { return Vec::new() };
    let Some((_, tried)) = answer.found.tried.last() else { return Vec::new() };
    let tree = serde_json::to_value(&outcome.result).expect("a result is plain data");
    let mut lines = Vec::new();
    for one in tried.thresholds.iter().filter(|one| !one.passed) {
        let path: Vec<String> = figures::path_of(&one.expression).split('.').map(str::to_owned).collect();
        let [section, name, figure, ..] = path.as_slice() else { continue };
        if section != "groups" || !figure.ends_with("_s") || figure == "lag_s" {
            continue;
        }
        let Some((_, group)) = outcome.result.groups.iter().find(|(known, _)| known == name) else { continue };
        let alone: Vec<String> =
            path.iter().map(|part| if part == figure { "work_s" } else { part }.to_owned()).collect();
        match find(&alone, &tree) {
            Some(alone) if alone >= one.bound && figure != "wait_s" => lines.push(format!(
                "  the work of {name} alone takes {} ({}), more than this bound: nothing but cheaper work, or another bound, \
                 can help",
                show::duration(alone),
                path[3..].join(".")
            )),
            _ if outcome.busiest(name) < IDLE && !answer.wider => lines.push(format!(
                "  the workers of {name} are {} used, so what is short is latency and not capacity: more of them cannot help",
                share(group.utilisation)
            )),
            _ => {}
        }
    }
    lines.dedup();
    lines
}

fn effort(answer: &Answer, frontier: &[Step]) -> String {
    let Simulations { search, explanation, failures } = answer.simulations;
    let all = answer.candidates.len();
    let steps: usize = frontier.iter().map(|step| step.simulations).sum();
    let more = if steps > 0 { format!(", and {steps} along the frontier") } else { String::new() };
    let explained = if explanation > 0 { format!(", {explanation} to explain it") } else { String::new() };
    let failed = if failures > 0 { format!(", {failures} for what fails") } else { String::new() };
    format!(
        "{search} simulations to find it{explained}{failed}{more}; trying all {all} candidates would take {}",
        all * LEAST
    )
}
