//! Messages as they are usual in the field: network flows, social posts, lines of logs.
//!
//! Vocabularies are small where real ones are, and drawn by Zipf's law; identifiers, addresses and numbers are as many
//! and as random as real ones. So codecs find about as much to save as in real data, and no more.
mod flows;
mod logs;
mod posts;

use super::Luck;

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Records of network flows, as JSON.
    Flows,
    /// Posts of a social network, as JSON.
    Posts,
    /// Lines of a service's log.
    Logs,
}

impl Generator {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flows, Self::Posts, Self::Logs];

    /// As it is written in a scenario.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::Posts => "posts",
            Self::Logs => "logs",
        }
    }

    /// Appends message number `index`.
    pub fn write(self, index: u64, now_ns: i64, luck: &mut Luck, out: &mut Vec<u8>) {
        match self {
            Self::Flows => flows::write(now_ns, luck, out),
            Self::Posts => posts::write(index, now_ns, luck, out),
            Self::Logs => logs::write(now_ns, luck, out),
        }
    }
}

/// Writes into bytes, which cannot fail.
macro_rules! put {
    ($out:expr, $($arguments:tt)+) => {{
        use std::io::Write as _;
        write!($out, $($arguments)+).expect("a list of bytes takes all that is written");
    }};
}
use put;
