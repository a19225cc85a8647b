//! The controller: hears which brokers are there, and decides who leads what (`KRaft`'s, with Kafka 4's rules).
//!
//! It stands for Kafka's quorum of controllers, which has machines of its own and survives what one of them does not: so it
//! is a machine of its own, and never fails. A broker that was not heard for `broker.session.timeout.ms` is fenced: it is
//! in sync with nothing, and what it led goes to the first replica that is. Without one a partition has no leader until one
//! of those that were in sync is back. Absent: unclean election, and eligible leader replicas (KIP-966).
use super::machine::{Fact, Input, Machine, Outbox};
use super::protocol::{ABSENT, ActorId, Leaders, Leadership, Message, NOBODY, PartitionId, Timer};
use super::sabotage::{self, Sabotage};
use crate::units::{Span, Time};

/// `leader.imbalance.check.interval.seconds`.
const REBALANCE: Span = Span::from_ms(300_000);
/// `leader.imbalance.per.broker.percentage`, as a share.
const IMBALANCE: f64 = 0.1;

/// The controller of a cluster.
#[derive(Debug)]
pub struct Controller {
    session: Span,
    brokers: Vec<Watched>,
    partitions: Vec<Led>,
    /// Whether brokers can fail, so that it has to look after them.
    watches: bool,
}

/// A broker, as far as it was heard of.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    heard: Time,
    incarnation: u32,
    fenced: bool,
    /// It has been asked to end, and leads nothing any more.
    closing: bool,
}

/// A partition.
#[derive(Debug)]
struct Led {
    /// The preferred leader first.
    replicas: Vec<u32>,
    now: Leadership,
    /// Whether it is there yet.
    there: bool,
    /// Who has to hear first that it does not lead any more, before anybody else does: there are never two.
    hands_over: Option<u32>,
}

impl Controller {
    /// Of so many brokers, with the brokers that have copies of each partition, all of them in sync.
    #[must_use]
    pub fn new(session: Span, brokers: u32, partitions: impl Iterator<Item = Vec<u32>>) -> Self {
        let led = |(partition, replicas): (PartitionId, Vec<u32>)| {
            let now = Leadership { partition, leader: replicas[0], epoch: 0, version: 0, in_sync: replicas.clone() };
            Led { replicas, now, there: true, hands_over: None }
        };
        Self {
            session,
            brokers: vec![Watched::default(); brokers as usize],
            partitions: (0..).zip(partitions).map(led).collect(),
            watches: true,
        }
    }

    /// The same of brokers that never fail: it only says who leads what.
    #[must_use]
    pub fn idle(self) -> Self {
        Self { watches: false, ..self }
    }

    /// The same before some partitions are there.
    #[must_use]
    pub fn without(mut self, partitions: impl Iterator<Item = PartitionId>) -> Self {
        partitions.for_each(|partition| self.partitions[partition as usize].there = false);
        self
    }

    fn may_lead(&self, broker: u32) -> bool {
        let Watched { fenced, closing, .. } = self.brokers[broker as usize];
        !fenced && !closing
    }

    /// A broker says that it is there.
    fn alive(
        &mut self,
        from: ActorId,
        (incarnation, sent, closing): (u32, Time, bool),
        now: Time,
        out: &mut (impl Outbox + ?Sized),
    ) {
        let watched = &mut self.brokers[from.index()];
        // As long as a process counts as being there, no other takes its place.
        if incarnation < watched.incarnation || (incarnation > watched.incarnation && !watched.fenced) {
            return;
        }
        let ended = watched.closing && incarnation == watched.incarnation;
        (watched.heard, watched.incarnation) = (now, incarnation);
        if closing {
            watched.closing = true;
            self.fence(from.0, out);
        } else if watched.fenced && !ended {
            (watched.fenced, watched.closing) = (false, false);
            self.is_back(from.0, out);
        }
        out.send(from, Message::AliveOk { incarnation, sent, may_end: closing });
    }

    /// A broker may lead again, and hears of all that it has copies of.
    fn is_back(&mut self, broker: u32, out: &mut (impl Outbox + ?Sized)) {
        let mut all = Vec::new();
        for partition in 0..self.partitions.len() {
            let led = &self.partitions[partition];
            if !led.replicas.contains(&broker) {
                continue;
            }
            let was_in_sync = led.now.in_sync.contains(&broker);
            let anybody = sabotage::plays(Sabotage::ElectAnybody);
            if (led.now.leader == NOBODY && was_in_sync) || anybody {
                self.elect(partition, broker, out);
            }
            all.push(self.partitions[partition].now.clone());
        }
        out.send(ActorId(broker), Message::Lead(Box::new(all)));
    }

    /// Takes a broker for gone.
    fn fence(&mut self, broker: u32, out: &mut (impl Outbox + ?Sized)) {
        self.brokers[broker as usize].fenced = true;
        for partition in 0..self.partitions.len() {
            let led = &mut self.partitions[partition];
            led.hands_over = led.hands_over.filter(|before| *before != broker);
            let others: Vec<u32> = led.now.in_sync.iter().copied().filter(|&other| other != broker).collect();
            let was_in_sync = others.len() < led.now.in_sync.len();
            if led.now.leader == broker {
                let next = led.replicas.clone().into_iter().find(|one| others.contains(one) && self.may_lead(*one));
                if next.is_some() {
                    self.partitions[partition].now.in_sync = others;
                }
                self.elect(partition, next.unwrap_or(NOBODY), out);
            } else if was_in_sync && !others.is_empty() {
                led.now.in_sync = others;
                led.now.version += 1;
                self.tell(partition, out);
            }
        }
    }

    /// A partition gets a leader, or loses the one it had.
    fn elect(&mut self, partition: usize, leader: u32, out: &mut (impl Outbox + ?Sized)) {
        let now = &mut self.partitions[partition].now;
        let before = std::mem::replace(&mut now.leader, leader);
        now.epoch += 1;
        now.version += 1;
        if leader != NOBODY && !now.in_sync.contains(&leader) {
            now.in_sync = vec![leader];
        }
        let known = |broker: u32| (broker != NOBODY).then_some(broker);
        let partition_id = now.partition;
        out.observe(&Fact::Elected { partition: partition_id, leader: known(leader), before: known(before) });
        self.tell(partition, out);
    }

    /// Everybody who has a copy and is there hears of a partition, its leader first.
    fn tell(&self, partition: usize, out: &mut (impl Outbox + ?Sized)) {
        let Led { replicas, now, hands_over, .. } = &self.partitions[partition];
        let told = |broker: &&u32| hands_over.is_none_or(|before| before == **broker);
        let leader = replicas.iter().filter(|&&broker| broker == now.leader);
        let others = replicas.iter().filter(|&&broker| broker != now.leader);
        for &broker in leader.chain(others).filter(told) {
            out.send(ActorId(broker), Message::Lead(Box::new(vec![now.clone()])));
        }
    }

    /// Fences whoever was not heard for too long, and waits for the next.
    fn watch(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        for broker in 0..self.brokers.len() {
            let Watched { heard, fenced, .. } = self.brokers[broker];
            if !fenced && heard + self.session <= now {
                self.fence(broker as u32, out);
            }
        }
        let heard = self.brokers.iter().filter(|broker| !broker.fenced).map(|broker| broker.heard);
        let next = heard.min().unwrap_or(now) + self.session;
        out.wake(Timer::Sessions, next);
    }

    /// A leader asks for others to count as in sync.
    fn in_sync(&mut self, from: ActorId, asked: Vec<Leadership>, out: &mut (impl Outbox + ?Sized)) {
        for Leadership { partition, epoch, in_sync, .. } in asked {
            let led = &self.partitions[partition as usize];
            // Whoever does not lead any more hears that anyway.
            if led.now.leader != from.0 || led.now.epoch != epoch {
                continue;
            }
            let joins: Vec<u32> = in_sync.into_iter().filter(|&broker| self.may_lead(broker)).collect();
            let now = &mut self.partitions[partition as usize].now;
            if joins.contains(&from.0) {
                now.in_sync = joins;
            }
            now.version += 1;
            self.tell(partition as usize, out);
        }
    }

    /// A broker has heard that it does not lead a partition any more.
    fn resigned(&mut self, from: ActorId, partition: usize, out: &mut (impl Outbox + ?Sized)) {
        if self.partitions[partition].hands_over == Some(from.0) {
            self.partitions[partition].hands_over = None;
            self.tell(partition, out);
        }
    }

    /// Gives leadership back to preferred replicas, where too much of a broker's is elsewhere.
    fn rebalance(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        for broker in 0..self.brokers.len() as u32 {
            let preferred = |led: &&Led| led.replicas[0] == broker;
            let all = self.partitions.iter().filter(preferred).count();
            let away = self.partitions.iter().filter(preferred).filter(|led| led.now.leader != broker).count();
            if !self.may_lead(broker) || away as f64 <= IMBALANCE * all as f64 {
                continue;
            }
            for partition in 0..self.partitions.len() {
                let Led { replicas, now, hands_over, .. } = &mut self.partitions[partition];
                if replicas[0] == broker && now.leader != broker && now.in_sync.contains(&broker) {
                    *hands_over = Some(now.leader).filter(|&before| before != NOBODY);
                    self.elect(partition, broker, out);
                }
            }
        }
        out.wake(Timer::Prefer, now + REBALANCE);
    }

    #[expect(clippy::unnecessary_box_returns, reason = "the box is the message: it travels and comes home")]
    fn leaders(&self, mut answer: Box<Leaders>) -> Box<Leaders> {
        answer.leaders.clear();
        answer.leaders.extend(self.partitions.iter().map(|led| if led.there { led.now.leader } else { ABSENT }));
        answer
    }
}

impl Machine for Controller {
    fn handle(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match input {
            Input::Started if self.watches => {
                self.brokers.iter_mut().for_each(|broker| broker.heard = now);
                out.wake(Timer::Sessions, now + self.session);
                out.wake(Timer::Prefer, now + REBALANCE);
            }
            Input::Received { from, message: Message::Alive { incarnation, sent, closing } } => {
                self.alive(from, (incarnation, sent, closing), now, out);
            }
            Input::Received { from, message: Message::InSync(asked) } => self.in_sync(from, *asked, out),
            Input::Received { from, message: Message::Resigned { partition } } => {
                self.resigned(from, partition as usize, out);
            }
            Input::Received { from, message: Message::WhoLeads(question) } => {
                out.send(from, Message::Leaders(self.leaders(question)));
            }
            // Groups tell what they have committed; whoever has a copy need not keep it any more.
            Input::Received { message: Message::Settled { group, positions }, .. } => {
                for broker in (0..self.brokers.len() as u32).filter(|&broker| self.may_lead(broker)) {
                    out.send(ActorId(broker), Message::Settled { group, positions: positions.clone() });
                }
            }
            Input::Fired(Timer::Sessions) => self.watch(now, out),
            Input::Fired(Timer::Prefer) => self.rebalance(now, out),
            Input::Grown { first, partitions } => {
                let new = &mut self.partitions[first as usize..(first + partitions) as usize];
                for led in new {
                    led.there = true;
                }
            }
            Input::Observed | Input::Started => {}
            other => panic!("a controller does not expect {other:?}"),
        }
    }
}
