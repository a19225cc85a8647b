//! What the cast has more of where brokers can fail: copies, and a controller behind everybody else.
//!
//! Partition p of a topic is led by broker p mod brokers at first, and its copies are on the brokers after that one.
use super::Addresses;
use super::growth::absent;
use crate::model::broker::{Copies, Replication};
use crate::model::controller::Controller;
use crate::plan::Plan;
use crate::units::Span;

/// Brokers with copies of each partition, and how many of them must be in sync.
fn placed(plan: &Plan) -> impl Iterator<Item = (Vec<u32>, u32)> {
    let brokers = plan.cluster.brokers;
    plan.topics.iter().flat_map(move |topic| {
        let replicas = topic.replicas.min(brokers);
        let on = move |partition: u32| (0..replicas).map(|k| (partition + k) % brokers).collect();
        (0..topic.partitions).map(move |partition| (on(partition), topic.min_in_sync))
    })
}

/// The controller, if there is one: where brokers can fail, or somebody has to say how many partitions there are.
pub fn controller(plan: &Plan) -> Option<Controller> {
    let replicas = placed(plan).map(|(replicas, _)| replicas);
    let controller = |session| Controller::new(session, plan.cluster.brokers, replicas).without(absent(plan));
    plan.has_controller().then(|| match plan.cluster.failing {
        Some(failing) => controller(failing.session),
        None => controller(Span::FOREVER).idle(),
    })
}

/// What a broker copies, if brokers can fail.
pub fn copies(plan: &Plan, addresses: &Addresses, me: u32) -> Option<Copies> {
    let failing = plan.cluster.failing?;
    let how = Replication {
        controller: addresses.controller(),
        lag_max: failing.lag_max,
        fetch_wait: failing.fetch_wait,
        heartbeat: failing.heartbeat,
        session: failing.session,
    };
    Some(Copies::new(how, me, plan.cluster.brokers, placed(plan)))
}
