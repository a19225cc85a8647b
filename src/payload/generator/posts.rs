//! Posts of a social network as its stream delivers them: mostly short texts, with an author, tags and counters.
//!
//! Half of what is written comes from a few accounts. Texts have words by Zipf's law, tags follow a few trends.
use super::put;
use crate::payload::luck::scattered;
use crate::payload::{Luck, words, write_instant};

const CLIENTS: [&str; 6] = ["Web App", "for Android", "for iPhone", "for iPad", "Scheduler", "Desktop"];
const LANGUAGES: [&str; 10] = ["en", "ja", "es", "pt", "ar", "in", "fr", "tr", "de", "ko"];
const TAGS: [&str; 24] = [
    "news",
    "music",
    "football",
    "love",
    "photography",
    "art",
    "travel",
    "tech",
    "AI",
    "breaking",
    "nature",
    "gaming",
    "fashion",
    "coding",
    "food",
    "election",
    "weather",
    "climate",
    "startup",
    "history",
    "science",
    "cats",
    "monday",
    "opensource",
];
const NAMES: [&str; 32] = [
    "maria", "ahmed", "yuki", "lucas", "emma", "wei", "sofia", "omar", "anna", "noah", "mia", "leo", "fatima", "ivan",
    "chloe", "raj", "nina", "marco", "aisha", "tom", "lena", "diego", "sara", "kim", "paul", "zoe", "ali", "julia",
    "max", "ines", "peter", "hana",
];

pub(super) fn write(index: u64, now_ns: i64, luck: &mut Luck, out: &mut Vec<u8>) {
    let author = luck.rank(200_000);
    let about = scattered(author);
    let name = NAMES[(about % NAMES.len() as u64) as usize];
    // Identifiers hold the time and a counter, as a snowflake does.
    put!(
        out,
        "{{\"id\":\"{}\",\"created_at\":\"",
        ((now_ns / 1_000_000) as u64) << 22 | (index & 0xFFF) << 10 | luck.below(1024)
    );
    write_instant(now_ns, out);
    put!(
        out,
        "\",\"author\":{{\"id\":{},\"username\":\"{name}_{}\"",
        10_000_000 + about % 900_000_000,
        about >> 40 & 0xFFF
    );
    put!(out, ",\"followers\":{},\"verified\":{}}},\"text\":\"", 4_000_000 / (author + 7), author < 900);
    if luck.happens(0.3) {
        let other = scattered(luck.rank(200_000));
        put!(out, "@{}_{} ", NAMES[(other % NAMES.len() as u64) as usize], other >> 40 & 0xFFF);
    }
    let words = 3 + luck.long_tailed(11.0, 0.7).min(45);
    words::sentence(luck, words, out);
    let tags = [0, 0, 0, 1, 1, 2, 3][luck.below(7) as usize];
    let tags: Vec<&str> = (0..tags).map(|_| luck.skewed(&TAGS)).collect();
    for tag in &tags {
        put!(out, " #{tag}");
    }
    if luck.happens(0.2) {
        put!(out, " https://t.example/{}", Short(luck.bits()));
    }
    put!(out, "\",\"tags\":{tags:?},\"lang\":\"{}\",\"source\":\"{}\"", luck.skewed(&LANGUAGES), luck.skewed(&CLIENTS));
    put!(out, ",\"likes\":{},\"reposts\":{}", luck.long_tailed(0.8, 1.8), luck.long_tailed(0.3, 1.8));
    if luck.happens(0.25) {
        let ago = luck.long_tailed(600_000.0, 1.5);
        put!(out, ",\"in_reply_to\":\"{}\"}}", ((now_ns / 1_000_000) as u64 - ago) << 22 | luck.below(1 << 22));
    } else {
        put!(out, ",\"in_reply_to\":null}}");
    }
}

/// Ten letters and digits.
struct Short(u64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let digit = |i: u32| char::from(DIGITS[(self.0 / 62_u64.pow(i) % 62) as usize]);
        (0..10).try_for_each(|i| write!(f, "{}", digit(i)))
    }
}
