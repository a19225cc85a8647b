//! What a broker knows of the partitions of which it keeps copies, where brokers can fail.
//!
//! Every broker has a log for each partition then, under the partition's own number, and the rules are Kafka's: who leads is
//! told by the controller, followers fetch, the high watermark is the lowest end among those in sync. Where brokers do not
//! fail none of this exists: replication is a drawn delay.
use crate::model::protocol::{ActorId, CopyEnd, Fetch, Follow, Leadership, NOBODY, PartitionId};
use crate::units::{Span, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How brokers replicate, and are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replication {
    /// Where the controller is.
    pub controller: ActorId,
    /// `replica.lag.time.max.ms`; looked at twice as often.
    pub lag_max: Span,
    /// `replica.fetch.wait.max.ms`.
    pub fetch_wait: Span,
    /// `broker.heartbeat.interval.ms`.
    pub heartbeat: Span,
    /// `broker.session.timeout.ms`.
    pub session: Span,
}

/// `replica.fetch.backoff.ms`.
pub(super) const FETCH_BACKOFF: Span = Span::from_ms(1_000);
/// `replica.fetch.max.bytes`.
pub(super) const FETCH_PARTITION: u64 = 1 << 20;
/// `replica.fetch.response.max.bytes`.
pub(super) const FETCH_RESPONSE: u64 = 10 << 20;

/// Whether the broker's process is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Up,
    /// It gives away what it leads, and then ends.
    Closing,
    Down,
}

/// All copies of a broker.
#[derive(Debug)]
pub struct Copies {
    pub(super) how: Replication,
    pub(super) process: Process,
    /// Counted from restarts.
    pub(super) incarnation: u32,
    /// It leads until then, unless the controller hears of it: no other leader is elected before.
    pub(super) lease: Time,
    /// When its timers fire next; others are stale.
    pub(super) alive_at: Time,
    pub(super) check_at: Time,
    /// By partition over all topics; nothing where it has no copy.
    pub(super) replicas: Vec<Option<Replica>>,
    /// Its fetches, by leader.
    pub(super) following: Vec<Following>,
    /// Fetches of followers that wait for more, by follower, and until when.
    pub(super) parked: Vec<Option<(Box<Follow>, Time)>>,
    /// By job: batches that are not replicated yet.
    pub(super) missing: BTreeMap<u32, u32>,
    /// Connections on which clients write.
    pub(super) clients: BTreeMap<u32, u32>,
}

/// The fetches of a follower from one leader.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Following {
    pub number: u32,
    pub under_way: bool,
    /// When the timer to ask again fires.
    pub again_at: Time,
}

/// One copy.
#[derive(Debug)]
pub(super) struct Replica {
    /// Brokers with copies, the preferred leader first.
    pub brokers: Vec<u32>,
    /// `min.insync.replicas`.
    pub min_in_sync: u32,
    pub known: Leadership,
    /// What the controller was asked to take for in sync.
    pub proposed: Option<Vec<u32>>,
    /// As leader: how far each broker with a copy is.
    pub ends: Vec<Follower>,
    /// As leader: where each batch begins that a handler or the disk is not done with.
    pub at_work: BTreeSet<u64>,
    /// It was elected while its session was over: it leads once the controller has heard of it.
    pub elected: bool,
    /// As follower: not asked for before.
    pub not_before: Time,
    /// Leader epochs, and where each begins.
    pub epochs: Vec<(u32, u64)>,
    /// What is known of the batches that are kept.
    pub batches: VecDeque<Stored>,
    /// By sender: the number its next batch should have.
    pub next: BTreeMap<u32, u32>,
    /// By sender: the lowest number that was refused and has not come again.
    pub refused: BTreeMap<u32, u32>,
    /// Jobs that wait until the high watermark is there.
    pub awaiting: VecDeque<(u64, u32)>,
}

/// How far a follower is, as its leader knows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Follower {
    pub end: u64,
    pub caught_up: Time,
    /// When it asked last, and the leader's end then.
    pub asked: (Time, u64),
}

/// A batch in a log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub end: u64,
    pub from: ActorId,
    pub sequence: u32,
    pub epoch: u32,
    pub bytes: u32,
    pub plain: u32,
}

impl Copies {
    /// Of a broker among so many, with the brokers that have copies of each partition and how many must be in sync.
    #[must_use]
    pub fn new(how: Replication, me: u32, brokers: u32, partitions: impl Iterator<Item = (Vec<u32>, u32)>) -> Self {
        let replica = |(partition, (brokers, min_in_sync)): (PartitionId, (Vec<u32>, u32))| {
            brokers.contains(&me).then(|| Replica::new(partition, brokers, min_in_sync))
        };
        Self {
            how,
            process: Process::Up,
            incarnation: 0,
            lease: Time::ZERO + how.session,
            alive_at: Time::ZERO,
            check_at: Time::ZERO,
            replicas: (0..).zip(partitions).map(replica).collect(),
            following: vec![Following::default(); brokers as usize],
            parked: (0..brokers).map(|_| None).collect(),
            missing: BTreeMap::new(),
            clients: BTreeMap::new(),
        }
    }

    /// Whether this broker leads a partition. Not once it has asked to end: the next leader may know of that before.
    pub(super) fn leads(&self, me: u32, partition: PartitionId, now: Time) -> bool {
        let leads = |replica: &Replica| replica.known.leader == me && !replica.elected;
        now < self.lease && self.process == Process::Up && self.replicas[partition as usize].as_ref().is_some_and(leads)
    }

    /// Whether a fetch wants something that is led elsewhere, as far as this broker was told.
    pub(super) fn is_elsewhere(&self, me: u32, fetch: &Fetch) -> bool {
        fetch.wanted.iter().any(|wanted| {
            self.replicas[wanted.partition as usize].as_ref().is_none_or(|replica| replica.known.leader != me)
        })
    }

    pub(super) fn replica(&mut self, partition: PartitionId) -> &mut Replica {
        self.replicas[partition as usize].as_mut().expect("only brokers with a copy are asked")
    }
}

impl Replica {
    fn new(partition: PartitionId, brokers: Vec<u32>, min_in_sync: u32) -> Self {
        let in_sync = brokers.clone();
        let known = Leadership { partition, leader: brokers[0], epoch: 0, version: 0, in_sync };
        Self {
            ends: vec![Follower::default(); brokers.len()],
            brokers,
            min_in_sync,
            known,
            proposed: None,
            at_work: BTreeSet::new(),
            elected: false,
            not_before: Time::ZERO,
            epochs: vec![(0, 0)],
            batches: VecDeque::new(),
            next: BTreeMap::new(),
            refused: BTreeMap::new(),
            awaiting: VecDeque::new(),
        }
    }

    /// As leader: the end of what is written without a gap, in a log that ends at `end`.
    pub fn done(&self, end: u64) -> u64 {
        self.at_work.first().copied().unwrap_or(end)
    }

    /// The last leader epoch up to this one of which there is something in this log, and where it ends there.
    pub fn end_of_epoch(&self, epoch: u32, end: u64) -> (u32, u64) {
        let later = self.epochs.partition_point(|&(known, _)| known <= epoch);
        let found = later.checked_sub(1).map_or(0, |i| self.epochs[i].0);
        (found, self.epochs.get(later).map_or(end, |&(_, begins)| begins))
    }

    /// As leader: what a follower is told whose copy is not the beginning of this log, which ends at `end`.
    pub fn diverges(&self, wanted: &CopyEnd, end: u64) -> Option<CopyEnd> {
        let (last_epoch, offset) = self.end_of_epoch(wanted.last_epoch, end);
        let differs = last_epoch < wanted.last_epoch || offset < wanted.offset;
        differs.then_some(CopyEnd { last_epoch, offset, ..*wanted })
    }

    /// As leader: begins an epoch. Epochs in which nothing was written are forgotten.
    pub fn begin_epoch(&mut self, end: u64) {
        let epoch = self.known.epoch;
        if self.epochs.last().is_none_or(|&(last, _)| last < epoch) {
            self.epochs.retain(|&(_, begins)| begins < end || begins == 0);
            self.epochs.push((epoch, end));
        }
    }

    /// Leader epoch of the last batch.
    pub fn last_epoch(&self, end: u64) -> u32 {
        self.epochs.iter().rev().find(|(_, begins)| *begins < end).map_or(0, |&(epoch, _)| epoch)
    }

    /// A batch was added to the log.
    pub fn store(&mut self, batch: Stored, begins: u64) {
        if self.epochs.last().is_none_or(|(epoch, _)| *epoch < batch.epoch) {
            self.epochs.push((batch.epoch, begins));
        }
        let next = self.next.entry(batch.from.0).or_default();
        *next = (*next).max(batch.sequence + 1);
        self.batches.push_back(batch);
    }

    /// The log was cut back.
    pub fn cut(&mut self, end: u64) {
        while let Some(last) = self.batches.pop_back_if(|last| last.end > end) {
            let next = self.next.entry(last.from.0).or_default();
            *next = (*next).min(last.sequence);
        }
        self.epochs.retain(|&(_, begins)| begins < end || begins == 0);
    }

    /// Forgets batches that the log has forgotten.
    pub fn forget(&mut self, below: u64) {
        while self.batches.pop_front_if(|first| first.end <= below).is_some() {}
    }

    /// Where a sender's batch ends, if it is kept.
    pub fn end_of(&self, from: ActorId, sequence: u32) -> Option<u64> {
        let known = |stored: &&Stored| stored.from == from && stored.sequence == sequence;
        self.batches.iter().rev().find(known).map(|stored| stored.end)
    }

    /// Place of a broker among those with copies.
    pub fn place(&self, broker: u32) -> Option<usize> {
        self.brokers.iter().position(|&other| other == broker)
    }

    /// The high watermark: the lowest end among those in sync, and those that may already count as such (KIP-497).
    pub fn lowest_end(&self, me: u32, end: u64) -> u64 {
        let proposed = self.proposed.iter().flatten();
        let ends = self.known.in_sync.iter().chain(proposed).map(|&broker| match self.place(broker) {
            Some(place) if broker != me => self.ends[place].end,
            _ => self.done(end),
        });
        ends.min().unwrap_or_else(|| self.done(end))
    }

    pub fn wanted(&self, end: u64) -> CopyEnd {
        let Leadership { partition, epoch, .. } = self.known;
        CopyEnd { partition, epoch, last_epoch: self.last_epoch(end), offset: end }
    }

    /// A batch was not taken.
    pub fn refuse(&mut self, from: ActorId, sequence: u32) {
        let lowest = self.refused.entry(from.0).or_insert(sequence);
        *lowest = (*lowest).min(sequence);
    }

    pub fn forget_leader(&mut self) {
        self.known.leader = NOBODY;
        self.proposed = None;
        self.awaiting.clear();
        self.at_work.clear();
    }
}
