//! Real bytes: what messages say, how a batch frames them, what codecs make of it.
//!
//! A message is made from its number, its intended time and a stream with a name: the same number gives the same bytes,
//! in whatever order and wherever they are made. There is no clock here: whoever wants a message says what time it is.
pub mod codec;
pub mod curve;
pub mod framing;
pub mod generator;
mod lines;
mod luck;
pub mod template;
mod words;

pub use codec::{Codec, Press};
pub use generator::Generator;
pub use lines::{Lines, NoLines};
pub use luck::Luck;
pub use template::Template;

/// How messages are made.
#[derive(Clone, Debug)]
pub enum Maker {
    /// Only their size is known: plain text of English words, cut to the size. Codecs make it two to three times smaller.
    Filler,
    /// By a template.
    Json(Template),
    /// The rows of a file, one after the other and again from the first.
    Lines(Lines),
    /// By a model of what is usual in the field.
    Generated(Generator),
}

/// All messages of one producer, made one at a time.
#[derive(Clone, Debug)]
pub struct Messages {
    maker: Maker,
    stream: u64,
}

impl Messages {
    /// Messages with luck of their own: that of the stream `name` under this seed.
    #[must_use]
    pub fn new(maker: Maker, seed: u64, name: &str) -> Self {
        Self { maker, stream: luck::stream(seed, name) }
    }

    /// How they are made.
    #[must_use]
    pub fn maker(&self) -> &Maker {
        &self.maker
    }

    /// The same messages with other luck, as if the stream had another name.
    #[must_use]
    pub fn with_luck(&self, seed: u64, name: &str) -> Self {
        Self::new(self.maker.clone(), seed, name)
    }

    /// Appends message number `index`, meant to be sent `now_ns` after 1970; `size` is for messages of which only that is
    /// known.
    pub fn write(&self, index: u64, now_ns: i64, size: usize, out: &mut Vec<u8>) {
        let luck = &mut Luck::of(self.stream, index);
        match &self.maker {
            Maker::Filler => words::filler(luck, size, out),
            Maker::Json(template) => template.write(index, now_ns, luck, out),
            Maker::Lines(lines) => out.extend_from_slice(lines.get(index)),
            Maker::Generated(generator) => generator.write(index, now_ns, luck, out),
        }
    }
}

/// An instant after 1970 as RFC 3339 in UTC, with milliseconds: always as long.
fn write_instant(now_ns: i64, out: &mut Vec<u8>) {
    use std::io::Write as _;
    let instant = jiff::Timestamp::from_nanosecond(i128::from(now_ns)).expect("the whole of an i64 is within reach");
    write!(out, "{instant:.3}").expect("a list of bytes takes all that is written");
}
