//! Groups whose members come and go: what their members share, who is in them at the beginning, who coordinates them.
//!
//! Groups to which nothing ever happens need none of this.
use super::growth::absent;
use super::{Casting, assign};
use crate::model::consumer::{Consumer, Joining, Supplies, Supply, Taking, Toil};
use crate::model::coordinator::Coordinator;
use crate::model::coordinator::classic::{self, Classic};
use crate::model::coordinator::consumer_protocol::{self, ConsumerProtocol, Read, ServerAssignor};
use crate::model::dealing::Dealing;
use crate::model::processing::RealWork;
use crate::model::protocol::{Join, MemberKey};
use crate::model::random::Stream;
use crate::plan::{AssignorPlan, Plan, Work};
use crate::units::Span;
use std::sync::{Arc, Mutex};

/// What the members of a group share that changes.
#[derive(Debug)]
pub(super) struct Shared {
    supplies: Arc<Supplies>,
    dealing: Arc<Dealing>,
}

impl Shared {
    pub(super) fn of(plan: &Plan, group: usize) -> Option<Self> {
        let group = &plan.groups[group];
        if !group.changes {
            return None;
        }
        let brokers = plan.cluster.brokers;
        let partitions = plan.topics.iter().flat_map(|topic| {
            (0..topic.partitions).map(move |partition| (format!("{}-{partition}", topic.name), partition % brokers))
        });
        let supplies = Supplies { seed: plan.run.seed, group: group.name.clone(), partitions: partitions.collect() };
        let topics = plan.topics.iter().map(|topic| (topic.name.clone(), topic.first, topic.at_first));
        let dealing = Dealing {
            group: group.name.clone(),
            assignor: group.assignor,
            topics: topics.collect(),
            reads: group.topics.clone(),
        };
        Some(Self { supplies: Arc::new(supplies), dealing: Arc::new(dealing) })
    }
}

/// A member that takes part in a group that changes, if it does.
pub(super) fn join(
    plan: &Plan,
    (number, member, incarnation): (u32, u32, u32),
    shared: Option<&Shared>,
    real: Option<&Arc<Mutex<dyn RealWork>>>,
    consumer: Consumer,
) -> Consumer {
    let (group, Some(shared)) = (&plan.groups[number as usize], shared) else { return consumer };
    let toil = match (real, &group.work) {
        (Some(real), _) => Toil::Real(Arc::clone(real)),
        (None, Work::Each(law)) => Toil::Each(law.clone()),
        (None, Work::PerUnit { base, each }) => Toil::PerUnit { base: base.clone(), each: each.clone() },
    };
    let supply = Supply { shared: Arc::clone(&shared.supplies), toil };
    // Whoever is in a group for long sends its heartbeats whenever.
    let mut luck = Stream::named(plan.run.seed, &format!("heartbeat/{}/{member}/{incarnation}", group.name));
    let phase = Span::from_ns((group.heartbeat.ns() as f64 * luck.unit()) as u64);
    let is_member = !group.cold && incarnation == 1 && member < group.members;
    if group.remote_assignor.is_some() {
        return consumer.supplied(supply).in_epochs(Taking {
            heartbeat: group.heartbeat,
            first: phase,
            patience: group.max_poll_interval,
            fixed: group.fixed,
            settled: is_member,
        });
    }
    let joining = Joining {
        dealing: Arc::clone(&shared.dealing),
        fixed: group.fixed,
        session: group.session_timeout,
        patience: group.max_poll_interval,
        phase,
        luck,
        is_member,
    };
    consumer.supplied(supply).joining(joining)
}

impl Casting<'_> {
    /// Who coordinates a group.
    pub(super) fn coordinator(&self, number: usize) -> Coordinator {
        let (plan, number) = (self.plan, number as u32);
        let coordinator = Coordinator::new(number, plan.partitions()).without(absent(plan));
        let brokers = plan.cluster.brokers;
        let leaders = plan.topics.iter().flat_map(|topic| (0..topic.partitions).map(move |p| p % brokers));
        let coordinator = match plan.cluster.failing {
            // The controller hands on what it is told to every broker that has a copy.
            Some(_) => coordinator.telling(leaders.map(|_| self.addresses.controller().0).collect()),
            None if plan.redelivers => coordinator.telling(leaders.collect()),
            None => return coordinator,
        };
        let group = &plan.groups[number as usize];
        if !group.changes {
            return coordinator;
        }
        if let Some(assignor) = group.remote_assignor {
            return in_epochs(plan, number, assignor, coordinator);
        }
        let settings = classic::Settings {
            group: number,
            first_member: self.addresses.member(number as usize, 0).0,
            initial_delay: plan.cluster.initial_rebalance_delay,
        };
        if group.cold {
            return coordinator.running(Classic::empty(settings)).cold();
        }
        let cooperative = group.assignor == AssignorPlan::CooperativeSticky;
        let member = |(member, dealt): (u32, Vec<(usize, u32)>)| {
            let partitions = dealt.into_iter().map(|(topic, partition)| plan.topics[topic].first + partition);
            let partitions: Vec<u32> = partitions.collect();
            let join = Join {
                key: MemberKey { member, incarnation: 1 },
                known: true,
                fixed: group.fixed,
                owned: if cooperative { partitions.clone() } else { Vec::new() },
                generation: 1,
                session: group.session_timeout,
                patience: group.max_poll_interval,
                grown: false,
            };
            (join, partitions)
        };
        let members = (0..group.members).zip(assign(plan, group)).map(member).collect();
        coordinator.running(Classic::stable(settings, members))
    }
}

fn in_epochs(plan: &Plan, number: u32, assignor: ServerAssignor, coordinator: Coordinator) -> Coordinator {
    let group = &plan.groups[number as usize];
    let reads = group.topics.iter().map(|&topic| {
        let topic = &plan.topics[topic];
        Read { name: topic.name.clone(), first: topic.first, partitions: topic.at_first }
    });
    let settings = consumer_protocol::Settings {
        group: number,
        topics: reads.collect(),
        assignor,
        session: group.session_timeout,
        heartbeat: group.heartbeat,
        interval: plan.cluster.assignment_interval,
        fixed: group.fixed,
    };
    if group.cold {
        return coordinator.in_epochs(ConsumerProtocol::new(settings)).cold();
    }
    let number = |(topic, partition): (usize, u32)| plan.topics[topic].first + partition;
    let dealt = assign(plan, group).into_iter().take(group.members as usize);
    let dealt: Vec<Vec<u32>> = dealt.map(|list| list.into_iter().map(number).collect()).collect();
    coordinator.in_epochs(ConsumerProtocol::settled(settings, &dealt, group.max_poll_interval))
}
