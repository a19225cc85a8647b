//! What a live run says of itself and of the machine it ran on: whether to trust it, and where the time went.
//!
//! The generator is judged like an instrument. What a rate limit or a full buffer held back is the scenario's doing; what
//! was not sent because the generator came late is ours, and makes a run invalid.
use super::goods::Cost;
use super::host::Left;
use super::muster::{Company, Part};
use super::process::Ended;
use super::strain::Strain;
use crate::outcome::Recording;
use crate::outcome::histogram::Buckets;
use crate::units::{Span, show};
use std::time::Duration;

/// Share of what was due that must have been issued when arrivals end.
const ISSUED: f64 = 0.995;
/// The generator may be so many grains of its clockwork late without being asked why.
const GRAINS: u64 = 3;

/// How well time was kept, in the time of the run.
#[derive(Clone, Copy, Debug)]
pub struct Timeliness<'t> {
    /// How late each actor heard that arrivals are over.
    pub late: &'t [Span],
    /// Between two wakes.
    pub grain: Span,
}

/// What was measured beside the run, for its provenance.
#[derive(Debug, Default)]
pub struct Measured {
    /// How many threads the actors had.
    pub threads: usize,
    /// Time at work by role: `producers`, `brokers`, `coordinators`, `members`.
    pub roles: Vec<Role>,
    /// What bytes cost, all together.
    pub cost: Cost,
    /// What the work of members has to tell, by member.
    pub work: Vec<serde_json::Value>,
    /// For how long brokers let requests wait for memory, summed over brokers.
    pub full: Span,
    /// Consumer processes, by number.
    pub processes: Vec<Ended>,
    /// Why work could not go on.
    pub failed: Option<String>,
    /// Processor time that was wanted and not given in the window.
    pub strain: Strain,
}

/// A role, and what it cost.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// Its name.
    pub name: &'static str,
    /// How many there were.
    pub actors: usize,
    /// Time they were at work.
    pub busy: Duration,
}

/// Gathers what the actors left, and judges the generator.
pub fn conclude(
    recording: &mut Recording,
    company: &Company,
    left: Vec<Left>,
    timeliness: Timeliness<'_>,
    failed: Option<String>,
) -> Measured {
    let names = ["producers", "brokers", "coordinators", "members"];
    let mut roles = names.map(|name| Role { name, actors: 0, busy: Duration::ZERO });
    let mut measured = Measured { threads: company.threads(), failed, ..Measured::default() };
    for mut one in left {
        let part = company.parts[one.me.index()];
        let role = &mut roles[match part {
            Part::Producer(_) => 0,
            Part::Broker => 1,
            Part::Coordinator | Part::Controller => 2,
            Part::Member(..) => 3,
        }];
        role.actors += 1;
        role.busy += one.busy;
        measured.cost = measured.cost.and(one.cost);
        measured.full += one.full;
        if let (Some(lateness), Part::Producer(stream)) = (&mut one.lateness, part) {
            lateness.move_into(&mut recording.streams[stream].lateness);
        }
        measured.work.append(&mut one.work);
    }
    if !measured.full.is_zero() {
        recording.invalid.push(format!(
            "brokers let requests wait for {} because their memory for messages was full; give them more with `--memory`, \
             or let groups keep up",
            show::duration(measured.full.seconds())
        ));
    }
    measured.roles = roles.to_vec();
    judge(recording, company, &timeliness);
    measured
}

fn judge(recording: &mut Recording, company: &Company, timeliness: &Timeliness<'_>) {
    let window = recording.window_at[1].seconds();
    // Members may be at work, which is no fault of anybody's.
    let behind = |is: fn(Part) -> bool| {
        let of_role = company.parts.iter().zip(timeliness.late).filter(|&(&part, _)| is(part));
        let latest = of_role.map(|(_, late)| late.seconds()).fold(0.0, f64::max);
        (latest > (1.0 - ISSUED) * window).then_some(latest)
    };
    if let Some(latest) = behind(|part| matches!(part, Part::Producer(_))) {
        recording.invalid.push(format!(
            "the generator was {} behind when arrivals ended, and had issued {:.1} % of what was due; give it more \
             threads, or a lower rate",
            show::duration(latest),
            (1.0 - latest / window).max(0.0) * 100.0
        ));
    } else if let Some(latest) = behind(|part| part == Part::Broker) {
        recording.invalid.push(format!(
            "brokers were {} behind when arrivals ended, so rates are those of a longer time; give them more threads, or \
             a lower rate",
            show::duration(latest)
        ));
    }
    for stream in &recording.streams {
        let p99 = |buckets: &Buckets| buckets.quantiles([0.99])[0].map(Span::from_ns);
        if let (Some(late), Some(publish)) = (p99(&stream.lateness), p99(&stream.publish))
            && late > timeliness.grain.times(GRAINS)
            && late.times(2) > publish
        {
            recording.invalid.push(format!(
                "the generator's own lateness ({} at p99) is most of the time to publish ({} at p99); this machine is \
                 too busy for such a load",
                show::duration(late.seconds()),
                show::duration(publish.seconds())
            ));
        }
    }
}
