//! Makes the batches of one sender: its messages, framed, compressed, summed.
//!
//! What may have to be sent again is kept as it left, until it is acknowledged. Messages are numbered as they leave. Those of
//! which only the size is known are cut from one long text, for making each would take longer than everything else that
//! happens to it.
use super::{Cost, Lot, instant};
use crate::model::protocol::{Batch, NO_KEY, Produce, Record};
use crate::model::sabotage::{self, Sabotage};
use crate::model::wire;
use crate::model::workload::Keys;
use crate::payload::framing::Framing;
use crate::payload::{Codec, Maker, Messages, Press};
use crate::plan::contents::EPOCH_NS;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// Text of which every filler is a part: messages of which only the size is known need not be made one by one.
const POOL: usize = 1 << 20;

/// Lots of a partition that are kept beside what is acknowledged there: what was given up meanwhile goes with them.
const KEPT: u32 = 1_024;

/// What a record says that is not made here.
pub type Given<'g> = dyn FnMut(&Record) -> Option<Vec<u8>> + 'g;

/// Makes the batches of one sender.
#[derive(Debug)]
pub struct Packer {
    messages: Messages,
    lettering: Lettering,
    press: Press,
    framing: Framing,
    packed: Vec<u8>,
    /// Number of the next message, and from one to the next.
    next: u64,
    stride: u64,
    pool: Vec<u8>,
    /// Where the next message is cut from it.
    cut: usize,
    key: String,
    /// What left and is not acknowledged, by partition and number, where it may have to be sent again.
    kept: Option<HashMap<u32, BTreeMap<u32, Lot>>>,
    /// What that has cost.
    pub cost: Cost,
}

impl Packer {
    /// For a sender whose messages are numbered from `next` on, every `stride`th.
    #[must_use]
    pub fn new(messages: Messages, lettering: Lettering, codec: Codec, next: u64, stride: u64) -> Self {
        let mut pool = Vec::new();
        if matches!(messages.maker(), Maker::Filler) {
            messages.write(next, EPOCH_NS, POOL, &mut pool);
        }
        let (press, framing) = (Press::new(codec), Framing::default());
        let (packed, key, cost) = (Vec::new(), String::new(), Cost::default());
        Self { messages, lettering, press, framing, packed, next, stride, pool, cut: 0, key, kept: None, cost }
    }

    /// Keeps what leaves until it is acknowledged.
    #[must_use]
    pub fn keeping(mut self) -> Self {
        self.kept = Some(HashMap::new());
        self
    }

    /// Another process takes the sender's place: its numbers begin anew, and what was kept for the one before is nobody's.
    pub fn begins_anew(&mut self) {
        self.kept.iter_mut().for_each(HashMap::clear);
    }

    /// These batches are acknowledged.
    pub fn settled(&mut self, answer: &Produce) {
        let Some(kept) = &mut self.kept else { return };
        for batch in answer.batches.iter().chain(&answer.known) {
            let Some(lots) = kept.get_mut(&batch.partition) else { continue };
            lots.remove(&batch.sequence);
            while lots.first_key_value().is_some_and(|(&number, _)| number + KEPT < batch.sequence) {
                lots.pop_first();
            }
        }
    }

    /// The batches of a request, in its order; what `given` has for a record takes the place of a message.
    pub fn pack(&mut self, request: &Produce, given: &mut Given<'_>) -> Vec<Lot> {
        let batches = request.batches.iter();
        batches.map(|batch| self.lot_of(batch, &request.parcel.records[batch.range()], given)).collect()
    }

    /// What was sent before is the same when it is sent again.
    fn lot_of(&mut self, batch: &Batch, records: &[Record], given: &mut Given<'_>) -> Lot {
        let kept = self.kept.as_ref().and_then(|kept| kept.get(&batch.partition)?.get(&batch.sequence));
        if let Some(lot) = kept {
            return lot.clone();
        }
        let lot = self.lot(batch, records, given);
        if let Some(kept) = &mut self.kept {
            kept.entry(batch.partition).or_default().insert(batch.sequence, lot.clone());
        }
        lot
    }

    fn lot(&mut self, batch: &Batch, records: &[Record], given: &mut Given<'_>) -> Lot {
        let begin = instant();
        self.framing.clear();
        for record in records {
            self.write(record, given(record));
        }
        let made = begin.elapsed();
        let plain = self.framing.bytes.len() as u32;
        let mut bytes = if self.press.codec() == Codec::None {
            let room = Vec::with_capacity(self.framing.bytes.capacity());
            std::mem::replace(&mut self.framing.bytes, room)
        } else {
            self.press.compress(&self.framing.bytes, &mut self.packed);
            self.packed.clone()
        };
        let crc = crc32c::crc32c(&bytes);
        if sabotage::plays(Sabotage::FlipByte) && batch.sequence == 1 {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        self.cost.batches += 1;
        self.cost.plain += u64::from(plain);
        self.cost.packed += bytes.len() as u64;
        self.cost.making += made;
        self.cost.packing += begin.elapsed().saturating_sub(made);
        let (partition, number, records) = (batch.partition, u64::from(batch.sequence), batch.records());
        Lot { partition, number, records, plain, crc, codec: self.press.codec(), bytes: bytes.into() }
    }

    fn write(&mut self, record: &Record, given: Option<Vec<u8>>) {
        let Self { messages, lettering, framing, next, stride, pool, cut, key, .. } = self;
        let key = lettering.write(record.key, key).then_some(key.as_bytes());
        let due_ns = EPOCH_NS.saturating_add_unsigned(record.due.ns());
        let index = *next;
        *next += *stride;
        if let Some(given) = given {
            return framing.push_value(due_ns / 1_000_000, key, &given);
        }
        let size = wire::value_of(record.body, key.map(|key| key.len() as u32)) as usize;
        if pool.is_empty() || size > pool.len() / 2 {
            return framing.push(due_ns / 1_000_000, key, |out| messages.write(index, due_ns, size, out));
        }
        // One after the other, so that the processor knows what comes next and no batch repeats itself.
        if *cut + size > pool.len() {
            *cut = *cut + size - pool.len();
        }
        framing.push_value(due_ns / 1_000_000, key, &pool[*cut..*cut + size]);
        *cut += size;
    }
}

/// The texts of keys, which machines know by number.
#[derive(Clone, Debug)]
pub struct Lettering {
    spaces: Vec<Keys>,
}

impl Lettering {
    /// Of keys from any of these.
    #[must_use]
    pub fn new(spaces: Vec<Keys>) -> Self {
        Self { spaces }
    }

    /// Puts a key's text into `out`; false where there is none.
    fn write(&self, key: u32, out: &mut String) -> bool {
        out.clear();
        if key == NO_KEY {
            return false;
        }
        for space in &self.spaces {
            match space {
                Keys::Numbered { salt, count, base, .. } if (*base..base.saturating_add(*count)).contains(&key) => {
                    return write!(out, "{salt}{}", key - base).is_ok();
                }
                Keys::Listed { texts, base } => {
                    if let Some(text) = key.checked_sub(*base).and_then(|i| texts.get(i as usize)) {
                        out.push_str(text);
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }
}
