//! Who has which address: brokers, then coordinators, producers and members, group by group, and behind everybody else the
//! controller, where brokers can fail or topics grow.
//!
//! Members that join later have their addresses from the beginning.
use crate::model::protocol::ActorId;
use crate::plan::Plan;
use crate::plan::events::Who;
use std::ops::Range;

/// The addresses of everybody in a plan.
#[derive(Clone, Debug)]
pub struct Addresses {
    brokers: u32,
    /// By group: those of its members.
    members: Vec<Range<u32>>,
    controller: ActorId,
}

impl Addresses {
    /// Of everybody that this plan asks for.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let brokers = plan.cluster.brokers;
        let producers: u32 = plan.producers.iter().map(|producer| producer.instances).sum();
        let mut next = brokers + plan.groups.len() as u32 + producers;
        let mut range = |members: u32| {
            let range = next..next + members;
            next = range.end;
            range
        };
        let members = plan.groups.iter().map(|group| range(group.most_members)).collect();
        Self { brokers, members, controller: ActorId(next) }
    }

    /// Brokers and their clients: all but the controller.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.controller.index()
    }

    /// The controller, if there is one.
    #[must_use]
    pub fn controller(&self) -> ActorId {
        self.controller
    }

    /// Whether it is a broker.
    #[must_use]
    pub fn is_broker(&self, actor: ActorId) -> bool {
        actor.0 < self.brokers
    }

    /// Whether it coordinates a group.
    #[must_use]
    pub fn is_coordinator(&self, actor: ActorId) -> bool {
        (self.brokers..self.brokers + self.members.len() as u32).contains(&actor.0)
    }

    /// Who coordinates a group.
    #[must_use]
    pub fn coordinator(&self, group: usize) -> ActorId {
        ActorId(self.brokers + group as u32)
    }

    /// An instance of a producer, counted over all producers.
    #[must_use]
    pub fn producer(&self, number: u32) -> ActorId {
        ActorId(self.brokers + self.members.len() as u32 + number)
    }

    /// The members of a group.
    #[must_use]
    pub fn members(&self, group: usize) -> Range<u32> {
        self.members[group].clone()
    }

    /// One member of a group.
    #[must_use]
    pub fn member(&self, group: usize, member: u32) -> ActorId {
        ActorId(self.members[group].start + member)
    }

    /// The group and number of a member.
    #[must_use]
    pub fn place(&self, actor: ActorId) -> Option<(usize, u32)> {
        let group = self.members.iter().position(|range| range.contains(&actor.0))?;
        Some((group, actor.0 - self.members[group].start))
    }

    /// All those whom an event may mean.
    #[must_use]
    pub fn whom(&self, who: Who) -> Range<u32> {
        let one = |ActorId(actor)| actor..actor + 1;
        match who {
            Who::Group(group) | Who::AnyOf(group) => self.members(group),
            Who::Member(group, member) => one(self.member(group, member)),
            // A coordinator is on a broker.
            Who::Brokers => 0..self.brokers + self.members.len() as u32,
            Who::Broker(broker) => one(ActorId(broker)),
            Who::Coordinator(group) => one(self.coordinator(group)),
        }
    }
}
