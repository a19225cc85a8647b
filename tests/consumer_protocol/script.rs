//! A coordinator and whoever the script says, with a clock that the script moves.
use conga::model::coordinator::consumer_protocol::{ConsumerProtocol, Read, ServerAssignor, Settings};
use conga::model::machine::{Fact, Outbox};
use conga::model::protocol::{
    ActorId, Beat, Commits, MemberKey, MemberState, Message, PartitionId, Position, Reason, Refusal, Standing, Timer,
    Wish,
};
use conga::model::random::Stream;
use conga::model::sabotage::{self, Sabotage};
use conga::units::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};

/// `max.poll.interval.ms`.
const PATIENCE: Span = Span::from_ms(300_000);

/// A group of one coordinator.
pub struct Group {
    /// The rules.
    pub protocol: ConsumerProtocol,
    /// Who is out, and why.
    pub gone: Vec<(u32, Reason)>,
    /// Why, when, and which epoch.
    pub rebalanced: Vec<(Reason, f64, u32)>,
    now: Time,
    heard: Heard,
}

#[derive(Default)]
struct Heard {
    answers: Vec<Standing>,
    timers: Vec<(Time, Timer)>,
    gone: Vec<(u32, Reason)>,
    rebalanced: Vec<(Reason, f64, u32)>,
}

impl Outbox for Heard {
    fn send(&mut self, _: ActorId, message: Message) {
        let Message::Standing(standing) = message else { panic!("a coordinator answers: {message:?}") };
        self.answers.push(*standing);
    }
    fn send_at(&mut self, _: Time, to: ActorId, message: Message) {
        self.send(to, message);
    }
    fn wake(&mut self, timer: Timer, at: Time) {
        self.timers.push((at, timer));
    }
    fn observe(&mut self, fact: &Fact<'_>) {
        match *fact {
            Fact::Member { key, state: MemberState::Gone(reason), .. } => self.gone.push((key.member, reason)),
            Fact::Rebalanced { reason, began, generation, .. } => {
                self.rebalanced.push((reason, began.seconds(), generation));
            }
            _ => {}
        }
    }
}

/// A member, and which process of it.
pub fn member(member: u32, incarnation: u32) -> MemberKey {
    MemberKey { member, incarnation }
}

/// Topics with so many partitions.
pub fn reads(sizes: &[u32]) -> Vec<Read> {
    let mut first = 0;
    let read = |(i, &partitions): (usize, &u32)| {
        first += partitions;
        Read { name: format!("topic-{i}"), first: first - partitions, partitions }
    };
    sizes.iter().enumerate().map(read).collect()
}

impl Group {
    /// With one topic.
    pub fn of(partitions: u32) -> Self {
        Self::with(reads(&[partitions]), false, false)
    }

    /// With one topic, of static members.
    pub fn fixed(partitions: u32) -> Self {
        Self::with(reads(&[partitions]), false, true)
    }

    /// With these topics.
    pub fn with(topics: Vec<Read>, range: bool, fixed: bool) -> Self {
        let settings = Settings {
            group: 0,
            topics,
            assignor: if range { ServerAssignor::Range } else { ServerAssignor::Uniform },
            session: Span::from_ms(45_000),
            heartbeat: Span::from_ms(5_000),
            interval: Span::from_ms(1_000),
            fixed,
        };
        let protocol = ConsumerProtocol::new(settings);
        Self { protocol, gone: Vec::new(), rebalanced: Vec::new(), now: Time::ZERO, heard: Heard::default() }
    }

    /// Lets the time go by until then; timers fire on the way.
    pub fn at(&mut self, seconds: f64) -> &mut Self {
        let until = Time::ZERO + Span::from_ns((seconds * 1e9).round() as u64);
        while let Some(next) = (0..self.heard.timers.len()).min_by_key(|&i| self.heard.timers[i].0)
            && self.heard.timers[next].0 <= until
        {
            let (at, timer) = self.heard.timers.remove(next);
            self.protocol.fired(timer, at, &mut self.heard);
        }
        self.now = until;
        self.listen();
        self
    }

    fn listen(&mut self) {
        self.gone.append(&mut self.heard.gone);
        self.rebalanced.append(&mut self.heard.rebalanced);
    }

    fn beat(&mut self, key: MemberKey, wish: Wish, owned: Option<&[PartitionId]>) -> Standing {
        let beat = Beat { key, wish, owned: owned.map(<[PartitionId]>::to_vec), patience: PATIENCE };
        self.protocol.beats(self.now, ActorId(key.member), &beat, &mut self.heard);
        self.listen();
        self.heard.answers.pop().expect("every heartbeat is answered")
    }

    /// The first process of a member joins: its epoch, and what it is to read.
    pub fn join(&mut self, number: u32) -> Result<(u32, Vec<PartitionId>), String> {
        self.join_as(member(number, 1))
    }

    /// A process of a member joins.
    pub fn join_as(&mut self, key: MemberKey) -> Result<(u32, Vec<PartitionId>), String> {
        let answer = self.beat(key, Wish::Join, Some(&[]));
        told(answer).map(|(epoch, assignment)| (epoch, assignment.expect("who joins is told everything")))
    }

    /// A member goes on, and says what it has or nothing.
    pub fn stay(
        &mut self,
        number: u32,
        epoch: u32,
        owned: Option<&[PartitionId]>,
    ) -> Result<(u32, Option<Vec<PartitionId>>), String> {
        told(self.beat(member(number, 1), Wish::Stay(epoch), owned))
    }

    /// A member leaves.
    pub fn leave(&mut self, number: u32) {
        self.beat(member(number, 1), Wish::Leave(Reason::Left), None);
    }

    /// A static member leaves and means to come back.
    pub fn pause(&mut self, number: u32) {
        self.beat(member(number, 1), Wish::Pause, None);
    }

    /// Whether a commit is refused.
    pub fn commits(&self, number: u32, epoch: u32, partitions: &[PartitionId]) -> Option<Refusal> {
        let positions = partitions.iter().map(|&partition| Position { partition, offset: 1 }).collect();
        self.protocol.refuses(&Commits { key: member(number, 1), generation: epoch, refused: None, positions })
    }
}

fn told(answer: Standing) -> Result<(u32, Option<Vec<PartitionId>>), String> {
    match answer.refused {
        Some(refusal) => Err(format!("{refusal:?}")),
        None => Ok((answer.epoch, answer.assignment)),
    }
}

/// Members come, go and send heartbeats as the dice fall, and give up what they are told a while after; returns what two
/// of them read at the same time.
pub fn shaken(seed: u64, bug: Option<Sabotage>) -> Vec<String> {
    sabotage::play(bug);
    let mut luck = Stream::named(seed, "shaken");
    let mut group = Group::with(reads(&[7, 12]), luck.below(2) == 0, false);
    let mut reading: BTreeMap<MemberKey, (u32, BTreeSet<PartitionId>, BTreeSet<PartitionId>)> = BTreeMap::new();
    let mut found = Vec::new();
    for step in 0..400 {
        group.at(f64::from(step) * 0.7);
        let key = member(luck.below(6), 1);
        let answer = match reading.get_mut(&key) {
            None => group.beat(key, Wish::Join, Some(&[])),
            Some(_) if luck.below(20) == 0 => {
                group.beat(key, Wish::Leave(Reason::Left), None);
                reading.remove(&key);
                continue;
            }
            Some((epoch, has, told)) => {
                let gives_up = luck.below(2) == 0;
                if gives_up {
                    has.retain(|partition| told.contains(partition));
                }
                let owned: Vec<PartitionId> = has.iter().copied().collect();
                let epoch = *epoch;
                group.beat(key, Wish::Stay(epoch), gives_up.then_some(&owned))
            }
        };
        if answer.refused.is_some() {
            reading.remove(&key);
            continue;
        }
        let (epoch, has, told) = reading.entry(key).or_default();
        *epoch = answer.epoch;
        if let Some(assignment) = answer.assignment {
            *told = assignment.iter().copied().collect();
            has.extend(assignment);
        }
        let mut readers: BTreeMap<PartitionId, MemberKey> = BTreeMap::new();
        for (&key, (_, has, _)) in &reading {
            for &partition in has {
                if let Some(other) = readers.insert(partition, key) {
                    found.push(format!("step {step}: {partition} is read by {other:?} and {key:?}"));
                }
            }
        }
    }
    sabotage::play(None);
    found
}
