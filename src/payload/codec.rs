//! The codecs of Kafka's producers, in the formats and at the levels that Kafka uses, with contexts that are reused.
//!
//! gzip at level 6 (zlib's default), zstd at level 3, snappy in the framing of its Java library (blocks of 32 KiB), lz4
//! frames of independent blocks of 64 KiB. One thing differs: Kafka's lz4 defaults to the slow high compression of level
//! 9, which no maintained Rust crate has; ours is the fast one, so real batches are some per cent smaller.
use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use serde::{Deserialize, Serialize};
use std::io::{Cursor, Read as _, Write as _};

/// What batches are compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Codec {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy, framed as by snappy-java.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// RFC 8878.
    Zstd,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// As Kafka's `compression.type` calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// What was to be expanded is damaged, or larger than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged {} data, or more of it than {at_most} bytes", codec.name())]
pub struct Damaged {
    codec: Codec,
    at_most: usize,
}

/// A codec with its working memory, for one batch after the other.
pub struct Press(Contexts);

enum Contexts {
    None,
    Gzip(Box<(Compress, Decompress)>),
    Snappy(Box<(snap::raw::Encoder, snap::raw::Decoder)>),
    Lz4(Box<(FrameEncoder<Vec<u8>>, Lz4Decoder)>),
    Zstd(Box<(zstd::bulk::Compressor<'static>, zstd::bulk::Decompressor<'static>)>),
}

type Lz4Decoder = FrameDecoder<Cursor<Vec<u8>>>;

/// Kafka's window for gzip, the largest.
const WINDOW_BITS: u8 = 15;
/// Kafka's `compression.zstd.level`.
const ZSTD_LEVEL: i32 = 3;
/// What snappy-java writes before the first block: its name and two versions.
const SNAPPY_HEAD: [u8; 16] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
/// Bytes that snappy-java compresses at once.
const SNAPPY_BLOCK: usize = 32 << 10;

impl Press {
    /// With contexts of its own.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self(match codec {
            Codec::None => Contexts::None,
            Codec::Gzip => Contexts::Gzip(Box::new((
                Compress::new_gzip(flate2::Compression::new(6), WINDOW_BITS),
                Decompress::new_gzip(WINDOW_BITS),
            ))),
            Codec::Snappy => Contexts::Snappy(Box::new((snap::raw::Encoder::new(), snap::raw::Decoder::new()))),
            Codec::Lz4 => Contexts::Lz4(Box::new((lz4_encoder(), FrameDecoder::new(Cursor::default())))),
            Codec::Zstd => Contexts::Zstd(Box::new((
                zstd::bulk::Compressor::new(ZSTD_LEVEL).expect("zstd has a level 3"),
                zstd::bulk::Decompressor::new().expect("zstd decompresses"),
            ))),
        })
    }

    /// Which codec it is.
    #[must_use]
    pub fn codec(&self) -> Codec {
        match self.0 {
            Contexts::None => Codec::None,
            Contexts::Gzip(_) => Codec::Gzip,
            Contexts::Snappy(_) => Codec::Snappy,
            Contexts::Lz4(_) => Codec::Lz4,
            Contexts::Zstd(_) => Codec::Zstd,
        }
    }

    /// Puts `from` into `into`, compressed, in place of what was there.
    pub fn compress(&mut self, from: &[u8], into: &mut Vec<u8>) {
        into.clear();
        match &mut self.0 {
            Contexts::None => into.extend_from_slice(from),
            Contexts::Gzip(both) => gzip(&mut both.0, from, into),
            Contexts::Snappy(both) => snappy(&mut both.0, from, into),
            Contexts::Lz4(both) => lz4(&mut both.0, from, into),
            Contexts::Zstd(both) => {
                into.resize(zstd::zstd_safe::compress_bound(from.len()), 0);
                let n = both.0.compress_to_buffer(from, into.as_mut_slice()).expect("there is room for the worst");
                into.truncate(n);
            }
        }
    }

    /// Puts what `from` was before it was compressed into `into`, in place of what was there.
    ///
    /// # Errors
    /// When `from` is damaged, or was more than `at_most` bytes.
    pub fn expand(&mut self, from: &[u8], at_most: usize, into: &mut Vec<u8>) -> Result<(), Damaged> {
        into.clear();
        let done = match &mut self.0 {
            Contexts::None => (from.len() <= at_most).then(|| into.extend_from_slice(from)),
            Contexts::Gzip(both) => gunzip(&mut both.1, from, at_most, into),
            Contexts::Snappy(both) => unsnappy(&mut both.1, from, at_most, into),
            Contexts::Lz4(both) => {
                let done = unlz4(&mut both.1, from, at_most, into);
                if done.is_none() {
                    // It may stand in the middle of a frame.
                    both.1 = FrameDecoder::new(Cursor::default());
                }
                done
            }
            Contexts::Zstd(both) => {
                into.resize(at_most, 0);
                both.1.decompress_to_buffer(from, into.as_mut_slice()).ok().map(|n| into.truncate(n))
            }
        };
        done.ok_or(Damaged { codec: self.codec(), at_most })
    }
}

impl std::fmt::Debug for Press {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Press({:?})", self.codec())
    }
}

fn gzip(context: &mut Compress, from: &[u8], into: &mut Vec<u8>) {
    context.reset();
    // What deflate adds where nothing can be saved, and the head and tail of gzip.
    into.reserve(from.len() + from.len() / 1_000 + 64);
    loop {
        let rest = &from[context.total_in() as usize..];
        match context.compress_vec(rest, into, FlushCompress::Finish).expect("a context that was reset compresses") {
            Status::StreamEnd => return,
            Status::Ok | Status::BufError => into.reserve(into.capacity().max(64)),
        }
    }
}

fn gunzip(context: &mut Decompress, from: &[u8], at_most: usize, into: &mut Vec<u8>) -> Option<()> {
    context.reset(true);
    into.reserve(at_most.min(4 * from.len()) + 1);
    loop {
        let rest = from.get(context.total_in() as usize..)?;
        let before = (context.total_in(), into.len());
        let status = context.decompress_vec(rest, into, FlushDecompress::None).ok()?;
        if into.len() > at_most {
            return None;
        }
        match status {
            Status::StreamEnd => return Some(()),
            _ if (context.total_in(), into.len()) == before && into.len() < into.capacity() => return None,
            _ => into.reserve(into.capacity().max(64)),
        }
    }
}

fn snappy(context: &mut snap::raw::Encoder, from: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(&SNAPPY_HEAD);
    for block in from.chunks(SNAPPY_BLOCK) {
        let head = into.len();
        into.resize(head + 4 + snap::raw::max_compress_len(block.len()), 0);
        let n = context.compress(block, &mut into[head + 4..]).expect("there is room for the worst");
        into[head..head + 4].copy_from_slice(&(n as u32).to_be_bytes());
        into.truncate(head + 4 + n);
    }
}

fn unsnappy(context: &mut snap::raw::Decoder, from: &[u8], at_most: usize, into: &mut Vec<u8>) -> Option<()> {
    let mut rest = from.strip_prefix(&SNAPPY_HEAD)?;
    while let Some((head, after)) = rest.split_first_chunk::<4>() {
        let (block, next) = after.split_at_checked(u32::from_be_bytes(*head) as usize)?;
        let (before, more) = (into.len(), snap::raw::decompress_len(block).ok()?);
        if before + more > at_most {
            return None;
        }
        into.resize(before + more, 0);
        context.decompress(block, &mut into[before..]).ok()?;
        rest = next;
    }
    rest.is_empty().then_some(())
}

fn lz4_encoder() -> FrameEncoder<Vec<u8>> {
    let frame = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    FrameEncoder::with_frame_info(frame, Vec::new())
}

fn lz4(context: &mut FrameEncoder<Vec<u8>>, from: &[u8], into: &mut Vec<u8>) {
    if from.is_empty() {
        // A used encoder begins no frame for nothing.
        *context = lz4_encoder();
    }
    std::mem::swap(context.get_mut(), into);
    context
        .write_all(from)
        .and_then(|()| Ok(context.try_finish()?))
        .expect("a list of bytes takes all that is written");
    std::mem::swap(context.get_mut(), into);
}

fn unlz4(context: &mut Lz4Decoder, from: &[u8], at_most: usize, into: &mut Vec<u8>) -> Option<()> {
    let source = context.get_mut();
    source.set_position(0);
    source.get_mut().clear();
    source.get_mut().extend_from_slice(from);
    if from.is_empty() {
        return None;
    }
    context.by_ref().take(at_most as u64 + 1).read_to_end(into).ok()?;
    let all = context.get_ref().position() == from.len() as u64;
    (all && into.len() <= at_most).then_some(())
}
