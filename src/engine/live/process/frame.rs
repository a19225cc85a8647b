//! What processes of one run say to each other: a length, a head in postcard's format, and bytes of batches as they are.
//!
//! The bytes of batches are packed already, so they are copied as they stand, and handed on as parts of what was read.
//! Both sides are the same program, so the format needs no versions: the first frame says which program it is.
use super::told::Told;
use crate::engine::live::goods::{Cargo, Cost, Lot};
use crate::model::protocol::{ActorId, Message};
use crate::model::sabotage::Sabotage;
use crate::payload::Codec;
use crate::units::Time;
use bytes::{Buf, BytesMut};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Bytes of a frame at most: whatever claims to be longer is no frame.
pub const LONGEST: usize = 1 << 30;

/// What is said.
#[derive(Debug, Serialize, Deserialize)]
pub enum Frame<'f> {
    /// Parent: who you are.
    Hello(Hello),
    /// Process: everything is there.
    Ready,
    /// Process: something is not, and why.
    Cannot(String),
    /// Parent: the run begins when the shared clock shows this.
    Begin(u64),
    /// Either: a message from one machine to another; its bytes follow.
    Post(ActorId, ActorId, Message, Vec<Head>),
    /// Process: something happened.
    Told(Time, Told<'f>),
    /// Process: a law that only the engine can check is broken.
    Breaks(Time, String),
    /// Process: work cannot go on.
    Fails(String),
    /// Parent: report what is done.
    Ask(ActorId),
    /// Process: reported, then.
    Answered(ActorId, Time),
    /// Parent: the run is over, hand over what everybody measured, and go.
    Leave,
    /// Process: that.
    Left(Gone),
    /// Process: everybody has left, and so do I.
    Farewell(Farewell),
}

/// What a consumer process is told first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// Which program speaks.
    pub version: String,
    /// Number of the process.
    pub number: u32,
    /// Number of processes: its members are those whose number leaves its own over.
    pub processes: u32,
    /// The first, or in the place of how many before.
    pub generation: u32,
    /// Seed of the repetition.
    pub seed: u64,
    /// How fast the clock goes.
    pub speed: f64,
    /// What only the command line understands: the scenario, where databases lie.
    pub greeting: Vec<u8>,
    /// A deliberate bug, if one is played.
    pub bug: Option<Sabotage>,
}

/// What a member measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Gone {
    /// Who it was.
    pub me: ActorId,
    /// Time it was at work.
    pub busy: Duration,
    /// What its bytes cost.
    pub cost: Cost,
    /// Inputs of its machine.
    pub events: u64,
    /// What its work has to tell, as JSON.
    pub work: String,
}

/// What a process says last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farewell {
    /// Processor time it took.
    pub cpu: Duration,
    /// Most memory it had, where the system tells.
    pub peak_rss_bytes: Option<u64>,
    /// What its members found, for the command line.
    pub findings: Vec<u8>,
}

/// A lot without its bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Head {
    partition: u32,
    number: u64,
    records: u32,
    plain: u32,
    crc: u32,
    codec: Codec,
    bytes: u32,
}

impl From<&Lot> for Head {
    fn from(lot: &Lot) -> Self {
        let &Lot { partition, number, records, plain, crc, codec, ref bytes } = lot;
        Self { partition, number, records, plain, crc, codec, bytes: bytes.len() as u32 }
    }
}

/// What was read is no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what came through the socket is no frame: {0}")]
pub struct Garbled(String);

/// Appends a frame and the bytes of its lots.
///
/// # Panics
/// When it is longer than any frame may be: memory for messages has a limit far below.
pub fn encode(frame: &Frame<'_>, cargo: &[Lot], out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(&[0; 8]);
    postcard::serialize_with_flavor(frame, Appending(out)).expect("a list of bytes takes all that is written");
    let head = out.len() - begin - 8;
    for lot in cargo {
        out.extend_from_slice(&lot.bytes);
    }
    let length = out.len() - begin - 4;
    assert!(length <= LONGEST, "a frame of {length} bytes is longer than any may be");
    out[begin..begin + 4].copy_from_slice(&(length as u32).to_le_bytes());
    out[begin + 4..begin + 8].copy_from_slice(&(head as u32).to_le_bytes());
}

/// Takes the next frame out of what was read, if it is there as a whole.
///
/// # Errors
/// When it is no frame.
pub fn decode(read: &mut BytesMut) -> Result<Option<(Frame<'static>, Cargo)>, Garbled> {
    let Some(length) = read.first_chunk::<4>().map(|length| u32::from_le_bytes(*length) as usize) else {
        return Ok(None);
    };
    if !(4..=LONGEST).contains(&length) {
        return Err(Garbled(format!("it would be {length} bytes long")));
    }
    if read.len() < 4 + length {
        read.reserve(4 + length - read.len());
        return Ok(None);
    }
    let mut frame = read.split_to(4 + length).freeze();
    frame.advance(4);
    let head = frame.get_u32_le() as usize;
    if head > frame.len() {
        return Err(Garbled("its head is longer than it is".to_owned()));
    }
    let said = postcard::from_bytes(&frame.split_to(head)).map_err(|why| Garbled(why.to_string()))?;
    let mut cargo = Cargo::new();
    if let Frame::Post(_, _, _, heads) = &said {
        for &Head { partition, number, records, plain, crc, codec, bytes } in heads {
            if bytes as usize > frame.len() {
                return Err(Garbled("bytes of a batch are missing".to_owned()));
            }
            cargo.push(Lot { partition, number, records, plain, crc, codec, bytes: frame.split_to(bytes as usize) });
        }
    }
    Ok(Some((said, cargo)))
}

/// Where postcard writes to.
struct Appending<'v>(&'v mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Appending<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
