//! Where a member works for real: the records it was sent, in bytes, and the labour that is done on them.
//!
//! The machine asks for work inside its poll and is told how long each record took; everything else about it stays
//! as it is with modelled work.
use super::clock::Clock;
use crate::model::processing::{RealWork, Run};
use crate::model::protocol::Record;
use crate::payload::framing::Records;
use crate::plan::Plan;
use crate::plan::contents::EPOCH_NS;
use crate::units::{Span, Time};
use crate::work::{Done, Failed, Item, Labour, Place};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Expanded records of one batch that are not all worked on.
#[derive(Debug)]
struct Sheaf {
    first: u64,
    records: u32,
    plain: Vec<u8>,
    /// Bytes before the record that is next.
    read: usize,
}

impl Sheaf {
    fn end(&self) -> u64 {
        self.first + u64::from(self.records)
    }

    /// Lays records aside that come before an offset.
    fn skip_to(&mut self, offset: u64) {
        let mut rest = Records(&self.plain[self.read..]);
        for _ in self.first..offset {
            rest.next();
        }
        self.read = self.plain.len() - rest.0.len();
        (self.first, self.records) = (offset, (self.end() - offset) as u32);
    }
}

/// A member's place of work.
#[derive(Debug)]
pub struct Bench {
    /// Until it is gone with its member.
    labour: Option<Box<dyn Labour>>,
    clock: Clock,
    plan: Arc<Plan>,
    group: usize,
    member: u32,
    /// Partitions whose records are worked on here.
    owned: BTreeSet<u32>,
    /// By partition over all topics, as they arrived. What was asked for before a partition came back here may be among
    /// them.
    sheaves: HashMap<u32, VecDeque<Sheaf>>,
    done: Done,
    /// What is to be sent on, by when work on its record ends: that is when the record passed on is due.
    results: BTreeMap<Time, VecDeque<Vec<u8>>>,
    failed: Option<Failed>,
}

/// Results at most that wait to be sent on; those of records that were given up are never asked for.
const RESULTS: usize = 1 << 20;

impl Bench {
    /// Where a member does this labour.
    #[must_use]
    pub fn new(labour: Box<dyn Labour>, clock: Clock, plan: Arc<Plan>, group: usize, member: u32) -> Self {
        let (labour, owned, sheaves) = (Some(labour), BTreeSet::new(), HashMap::new());
        let (done, results) = (Done::default(), BTreeMap::new());
        Self { labour, clock, plan, group, member, owned, sheaves, done, results, failed: None }
    }

    /// Records of a partition are worked on here from now on.
    pub fn takes_up(&mut self, partition: u32) {
        self.owned.insert(partition);
    }

    /// They are not any more: what was not worked on comes to whoever has the partition next.
    pub fn gives_up(&mut self, partition: u32) {
        self.owned.remove(&partition);
        self.sheaves.remove(&partition);
    }

    /// Its member was killed, and everything here is gone with it.
    pub fn abandon(&mut self) {
        self.labour = None;
        self.sheaves.clear();
    }

    /// Records of a batch arrived: those with these offsets; in `plain` so many others come before them.
    pub fn lay(&mut self, partition: u32, offsets: Range<u64>, before: u64, plain: &[u8]) {
        if !self.owned.contains(&partition) {
            return;
        }
        let mut rest = Records(plain);
        for _ in 0..before {
            rest.next();
        }
        let (first, records) = (offsets.start, (offsets.end - offsets.start) as u32);
        let sheaf = Sheaf { first, records, plain: rest.0.to_vec(), read: 0 };
        self.sheaves.entry(partition).or_default().push_back(sheaf);
    }

    /// Everything worked on so far is about to be committed.
    pub fn flush(&mut self) {
        let flushed = self.labour.as_mut().map(|labour| labour.flush());
        self.fails(flushed.unwrap_or(Ok(())));
    }

    /// The run is over: what is worth telling of the work.
    pub fn finish(&mut self) -> serde_json::Value {
        match self.labour.as_mut().map(|labour| labour.finish()) {
            None => serde_json::Value::Null,
            Some(Ok(told)) => told,
            Some(Err(failed)) => {
                self.fails(Err(failed));
                serde_json::Value::Null
            }
        }
    }

    /// Why the work cannot go on, told once.
    pub fn failure(&mut self) -> Option<Failed> {
        self.failed.take()
    }

    /// The result of the record on which work ended then, if it has one.
    pub fn result(&mut self, ended: Time) -> Option<Vec<u8>> {
        let mut at_once = match self.results.entry(ended) {
            Entry::Occupied(at_once) => at_once,
            Entry::Vacant(_) => return None,
        };
        let first = at_once.get_mut().pop_front();
        if at_once.get().is_empty() {
            at_once.remove();
        }
        first
    }

    /// Keeps the results of records on which work began then, one after the other.
    fn keep_results(&mut self, begins: Time, took: &[Span]) {
        if self.plan.groups[self.group].output.is_none() {
            return;
        }
        let (mut at, mut from) = (begins, 0);
        for (&end, &took) in self.done.ends.iter().zip(took) {
            at = at + took;
            self.results.entry(at).or_default().push_back(self.done.results[from..end].to_vec());
            from = end;
        }
        while self.results.len() > RESULTS {
            self.results.pop_first();
        }
    }

    fn fails(&mut self, result: Result<(), Failed>) {
        if let Err(failed) = result {
            self.failed.get_or_insert(failed);
        }
    }

    /// Works on some of the records of the first sheaf of a partition; returns how many.
    fn work_on(&mut self, partition: u32, base: u64, records: &[Record]) -> Result<usize, Failed> {
        let lost = || Failed(format!("the bytes of partition {partition} from offset {base} are not there"));
        let sheaves = self.sheaves.get_mut(&partition).ok_or_else(lost)?;
        while sheaves.pop_front_if(|sheaf| sheaf.end() <= base).is_some() {}
        let sheaf = sheaves.iter_mut().find(|sheaf| (sheaf.first..sheaf.end()).contains(&base)).ok_or_else(lost)?;
        sheaf.skip_to(base);
        let n = records.len().min(sheaf.records as usize);
        let mut rest = Records(&sheaf.plain[sheaf.read..]);
        let mut items = Vec::with_capacity(n);
        for ((offset, record), fields) in (base..).zip(&records[..n]).zip(&mut rest) {
            let (key, value) = fields.ok_or_else(lost)?;
            items.push(Item { offset, due_ns: EPOCH_NS.saturating_add_unsigned(record.due.ns()), key, value });
        }
        if items.len() < n {
            return Err(lost());
        }
        let topic = self.plan.topics.iter().rfind(|topic| topic.first <= partition).ok_or_else(lost)?;
        let group = &self.plan.groups[self.group].name;
        let place = Place { group, member: self.member, topic: &topic.name, partition: partition - topic.first };
        self.labour.as_mut().ok_or_else(lost)?.work(&place, &items, &mut self.done)?;
        let read = sheaf.plain.len() - rest.0.len();
        (sheaf.first, sheaf.records, sheaf.read) = (base + n as u64, sheaf.records - n as u32, read);
        sheaves.pop_front_if(|sheaf| sheaf.records == 0);
        Ok(n)
    }
}

impl RealWork for Bench {
    fn work(&mut self, run: &Run, records: &[Record], begins: Time, took: &mut Vec<Span>) {
        self.done.clear();
        let mut worked = 0;
        while worked < records.len() && self.failed.is_none() {
            match self.work_on(run.partition, run.base + worked as u64, &records[worked..]) {
                Ok(n) => worked += n,
                Err(failed) => self.failed = Some(failed),
            }
        }
        // A failed run ends; until it does, what it could not work on takes no time.
        self.done.took.resize(records.len(), Span::ZERO);
        let clock = self.clock;
        let first = took.len();
        took.extend(self.done.took.iter().map(|took| clock.scaled(Duration::from_nanos(took.ns()))));
        self.keep_results(begins, &took[first..]);
    }
}
