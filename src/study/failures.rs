//! What an answer is worth when something fails or is not as it was thought: a consumer, a broker, the keys.
//!
//! Each is a simulation of what is left, with the luck of the answer. How long it takes to get there (a rebalance, leaders
//! that move) is not in it: what is simulated is the time after.
use super::answer::load;
use super::hot::{Hot, hottest};
use super::outage::{Outage, outages};
use super::trial::{Choice, Stopped, Trials, Tried};
use crate::outcome::result::Outcome;
use crate::plan::Plan;
use crate::plan::load::has_keys;

/// Keys that are so many that no partition stands out by them.
const EVEN_KEYS: &str = "{uniform: {keys: 100k}}";
/// A hottest partition so many times above an even share is worth asking what even keys would bear.
const UNEVEN: f64 = 1.2;

/// A group with one member fewer.
#[derive(Clone, Debug)]
pub struct Fewer {
    /// The group.
    pub group: String,
    /// Members that are left.
    pub members: u32,
    /// What they do; none where there is nobody left.
    pub tried: Option<Tried>,
}

/// The cluster with one broker fewer, whose partitions the others lead.
#[derive(Clone, Debug)]
pub struct BrokerDown {
    /// Brokers that are left.
    pub brokers: u32,
    /// Topics of one replica: what the broker led of them is away, and this is not in the simulation.
    pub unreplicated: Vec<String>,
    /// Copies of a record that brokers are left for, and copies that are written otherwise; none where that is the same.
    pub copies: Option<(u32, u32)>,
    /// What they do; none where there is nobody left.
    pub tried: Option<Tried>,
}

/// The partition of a group that gets the most, and what that costs.
#[derive(Clone, Debug)]
pub struct Skew {
    /// As measured.
    pub hottest: Hot,
    /// How many times its load the answer holds with keys as they are, and if they were even; none where they are nearly,
    /// or nobody asked.
    pub load: Option<(f64, f64)>,
}

/// What an answer is worth when something fails.
#[derive(Clone, Debug)]
pub struct Failures {
    /// Each group with one member fewer.
    pub fewer: Vec<Fewer>,
    /// One broker fewer.
    pub broker_down: BrokerDown,
    /// The hottest partition of each group.
    pub skew: Vec<Skew>,
    /// An hour without each group.
    pub outages: Vec<Outage>,
}

/// Asks for all of them; `load` is how many times its load the answer holds.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub fn failures(
    trials: &mut Trials<'_>,
    plan: &Plan,
    choice: &Choice,
    outcome: &Outcome,
    load: f64,
) -> Result<Failures, Stopped> {
    Ok(Failures {
        fewer: fewer(trials, plan, choice)?,
        broker_down: broker_down(trials, plan, choice)?,
        skew: skew(trials, plan, choice, outcome, load)?,
        outages: outages(trials, plan, choice, outcome)?,
    })
}

/// Each group with one member fewer.
fn fewer(trials: &mut Trials<'_>, plan: &Plan, choice: &Choice) -> Result<Vec<Fewer>, Stopped> {
    let of_group = |group: &crate::plan::GroupPlan| {
        let members = group.members - 1;
        let path = format!("groups.{}.members", group.name);
        let tried = match members {
            0 => None,
            _ => Some(trials.look(&changed(choice, &path, members.to_string()))?),
        };
        Ok(Fewer { group: group.name.clone(), members, tried })
    };
    plan.groups.iter().map(of_group).collect()
}

/// The cluster with one broker fewer. Where a topic has a replica on each broker, it has one fewer as well.
fn broker_down(trials: &mut Trials<'_>, plan: &Plan, choice: &Choice) -> Result<BrokerDown, Stopped> {
    let brokers = plan.cluster.brokers - 1;
    let alone = plan.topics.iter().filter(|topic| topic.replicas == 1);
    let unreplicated = alone.map(|topic| topic.name.clone()).collect();
    if brokers == 0 {
        return Ok(BrokerDown { brokers, unreplicated, copies: None, tried: None });
    }
    let mut left = changed(choice, "cluster.brokers", brokers.to_string());
    for topic in plan.topics.iter().filter(|topic| topic.replicas > brokers) {
        left = changed(&left, &format!("topics.{}.replicas", topic.name), brokers.to_string());
    }
    let written = plan.topics.iter().map(|topic| topic.replicas).max().filter(|written| *written > brokers);
    let copies = written.map(|written| (brokers, written));
    Ok(BrokerDown { brokers, unreplicated, copies, tried: Some(trials.look(&left)?) })
}

/// The hottest partition of each group, and where one stands out, the load that is borne with it and without.
fn skew(
    trials: &mut Trials<'_>,
    plan: &Plan,
    choice: &Choice,
    outcome: &Outcome,
    as_it_is: f64,
) -> Result<Vec<Skew>, Stopped> {
    let all = hottest(plan, outcome);
    let keyed = plan.producers.iter().filter(|producer| has_keys(producer));
    let even = keyed.fold(choice.clone(), |choice, producer| {
        changed(&choice, &format!("producers.{}.key", producer.name), EVEN_KEYS.to_owned())
    });
    let uneven = all.iter().any(|hot| hot.share >= UNEVEN * hot.even) && even != *choice && trials.plan(&even).is_ok();
    let borne = if uneven { Some((as_it_is, load(trials, plan, &even)?)) } else { None };
    let of = |hottest: Hot| Skew { load: borne.filter(|_| hottest.share >= UNEVEN * hottest.even), hottest };
    Ok(all.into_iter().map(of).collect())
}

/// A choice with one value changed or added.
#[must_use]
pub fn changed(choice: &Choice, path: &str, value: String) -> Choice {
    let others = choice.iter().filter(|(known, _)| known != path).cloned();
    others.chain([(path.to_owned(), value)]).collect()
}
