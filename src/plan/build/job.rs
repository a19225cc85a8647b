//! What members do with real records, and what that means where there are none.
//!
//! A drawn time means the same everywhere, and so does `spin`. Other work needs records: a simulation takes it to be as
//! long as `model` says, and refuses it where that is silent, for a result with work that takes no time would be a lie.
use super::distribution::drawn;
use super::findings::Findings;
use crate::plan::{GroupPlan, Job, Plan, Work};
use crate::scenario::Scenario;
use crate::scenario::schema::{self, Output};
use crate::units::Span;
use std::path::Path;

/// How long a program may take for a line.
const TIMEOUT: Span = Span::from_ms(30_000);
/// What the name of a database ends in: so it is none of the other files of a result.
const ENDINGS: [&str; 3] = ["db", "sqlite", "sqlite3"];
/// Characters of the name of a database.
const LONGEST: usize = 100;

/// What is done with records, and how long a simulation takes it to be, if it can.
pub fn job(written: Option<&schema::Work>, path: &str, found: &mut Findings<'_>) -> (Job, Option<Work>) {
    let path = format!("{path}.work");
    let model = |law: Option<&_>, found: &mut Findings<'_>| {
        law.map(|law| Work::Each(drawn(law, &format!("{path}.model"), found)))
    };
    match written {
        None => (Job::Delay, Some(Work::Each(crate::model::random::Distribution::Constant(0.0)))),
        Some(schema::Work::Each(each)) => (Job::Delay, Some(Work::Each(drawn(each, &path, found)))),
        Some(schema::Work::PerUnit(unit)) => {
            let base = drawn(&unit.per_unit.base, &format!("{path}.per_unit.base"), found);
            let each = drawn(&unit.per_unit.each, &format!("{path}.per_unit.each"), found);
            (Job::Delay, Some(Work::PerUnit { base, each }))
        }
        Some(schema::Work::Spin(spin)) => {
            let law = drawn(&spin.spin, &format!("{path}.spin"), found);
            (Job::Spin(law.clone()), Some(Work::Each(law)))
        }
        Some(schema::Work::Shown(_)) => (Job::Print, None),
        Some(schema::Work::App(real)) => (Job::App(real.app), model(real.model.as_ref(), found)),
        Some(schema::Work::Exec(program)) => {
            let words: Vec<String> = program.exec.iter().map(|word| word.0.clone()).collect();
            if words[0].is_empty() || words.iter().any(|word| word.contains('\0')) {
                found.error(&format!("{path}.exec"), "names no program", "write its name first, then its arguments");
            }
            let timeout = program.timeout.as_ref().map_or(TIMEOUT, |timeout| timeout.0);
            (Job::Exec { words, timeout }, model(program.model.as_ref(), found))
        }
    }
}

/// The database of a group that does this.
pub fn store(job: &Job, written: Option<&Output>, path: &str, found: &mut Findings<'_>) -> Option<String> {
    let name = &written?.sqlite.as_ref()?.0;
    let path = format!("{path}.output.sqlite");
    if *job == Job::Delay {
        let message = "stores the results of real work, and this group only waits";
        found.error(&path, message, "remove it, or write work such as `{app: flows}` or `{spin: 1ms}`");
    }
    let shown: String = name.chars().take(40).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    let plain = Path::new(name).file_name().is_some_and(|last| last == name.as_str());
    let ending = Path::new(name).extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
    if !plain || name.contains(['/', '\\', '\0', ':']) || name.chars().any(char::is_control) {
        let message = format!("`{shown}` leaves the folder of the result, or cannot be the name of a file");
        found.error(&path, message, "write a name without a folder, such as `results.db`");
    } else if !ending || name.len() > LONGEST {
        let message = format!("`{shown}` is no name of a database");
        found.error(&path, message, "let it end in `.db`, `.sqlite` or `.sqlite3`, such as `results.db`");
    }
    Some(name.clone())
}

/// An output without a topic: it has a database, and no settings of a client.
pub fn no_client(written: &Output, path: &str, found: &mut Findings<'_>) {
    if written.sqlite.is_none() {
        found.error(path, "names no place", "add `topic: results`, or for a live run `sqlite: results.db`");
    }
    let settings = [
        ("partitioner", written.partitioner.is_some()),
        ("batch_size", written.batch_size.is_some()),
        ("linger", written.linger.is_some()),
        ("compression", written.compression.is_some()),
        ("compression_cost", written.compression_cost.is_some()),
        ("acks", written.acks.is_some()),
        ("max_in_flight", written.max_in_flight.is_some()),
        ("buffer", written.buffer.is_some()),
        ("max_block", written.max_block.is_some()),
        ("delivery_timeout", written.delivery_timeout.is_some()),
        ("request_timeout", written.request_timeout.is_some()),
        ("retries", written.retries.is_some()),
        ("retry_backoff", written.retry_backoff.is_some()),
        ("retry_backoff_max", written.retry_backoff_max.is_some()),
        ("idempotence", written.idempotence.is_some()),
    ];
    for (key, _) in settings.iter().filter(|(_, is_there)| *is_there && written.sqlite.is_some()) {
        let message = "says how to write to a topic, and there is none";
        found.error(&format!("{path}.{key}"), message, "remove it, or add `topic: results`");
    }
}

/// Refuses what several keys together make impossible.
pub fn together(plan: &Plan, found: &mut Findings<'_>) {
    let repeated = plan.run.repetitions > 1 || plan.run.precision.is_some();
    for (i, group) in plan.groups.iter().enumerate() {
        let path = format!("groups.{}", group.name);
        if group.job != Job::Delay && group.workers > 1 {
            let message = "members do real work on one record after the other";
            found.error(&format!("{path}.workers"), message, "remove it, and add members");
        }
        let Some(name) = &group.store else { continue };
        let path = format!("{path}.output.sqlite");
        if repeated {
            let message = "holds each record once, and repetitions have the same ones again";
            found.error(&path, message, "remove the repetitions, or the database");
        }
        // Some systems do not tell large letters from small ones.
        let same = |other: &&GroupPlan| other.store.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(name));
        if let Some(other) = plan.groups[..i].iter().find(same) {
            let message =
                format!("is the database of group `{}` already, and both may read the same record", other.name);
            found.error(&path, message, "write another name");
        }
    }
}

/// Refuses what a simulation cannot do.
pub fn must_be_modelled(scenario: &Scenario, found: &mut Findings<'_>) {
    for (name, group) in scenario.document.groups.iter().flat_map(|named| &named.0) {
        let path = format!("groups.{name}.work");
        let message = "works on real records, and a simulation has none";
        match &group.work {
            Some(schema::Work::Shown(_)) => {
                found.error(&path, message, "run it with `--engine live`, or write its time, such as `work: 1ms`");
            }
            Some(
                schema::Work::App(schema::RealWork { model: None, .. })
                | schema::Work::Exec(schema::Program { model: None, .. }),
            ) => {
                let remedy = "run it with `--engine live`, or add the time it takes, such as `model: 1ms`";
                found.error(&path, message, remedy);
            }
            _ => {}
        }
        if group.output.as_ref().is_some_and(|output| output.sqlite.is_some()) {
            let path = format!("groups.{name}.output.sqlite");
            let message = "stores real results, and a simulation has none";
            found.error(&path, message, "run it with `--engine live`, or remove it");
        }
    }
}
