//! `app: sentiment`, whether texts are friendly: words, their valence by a published lexicon, moods over time.
//!
//! Records are JSON with `text` and `created_at`, whose time is the event time. Words are those of Unicode's Annex 29, in
//! lower case. A text's score is s / √(s² + 15), where s adds up the valences of its words, each times -0.74 where one of
//! the three words before it negates; both constants and the lexicon (`lexicon/README.md`) are VADER's. What VADER does
//! beyond (boosters, capitals, punctuation, emoticons) is left out. Scores are rounded to ten-thousandths and added up whole.
use super::Item;
use super::results::Results;
use super::state::Fold;
use super::tables::{Table, instant};
use super::windows::{Cell, Dated, Windows, read};
use foldhash::{HashMap, HashMapExt as _};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::io::Write as _;
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation as _;

/// What to look for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Length of a window in seconds.
    pub window_s: i64,
    /// Windows kept by partition.
    pub windows: usize,
    /// Words told of those that moved the scores.
    pub words: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window_s: 60, windows: 1_024, words: 50 }
    }
}

/// Word, tab, valence.
const LEXICON: &str = include_str!("lexicon/vader.tsv");
/// Where a text begins to be friendly, or unfriendly below zero, in ten-thousandths: VADER's ±0.05.
const FRIENDLY: i64 = 500;
const UNFRIENDLY: i64 = -500;
/// What a negated valence is multiplied with, and how many words a negation reaches.
const NEGATED: f64 = -0.74;
const REACH: usize = 3;
/// In the root: about the square of the largest score one expects.
const ALPHA: f64 = 15.0;
/// Words of English that negate; those that end in n't or nt are recognised by that.
const NEGATIONS: [&str; 14] = [
    "not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "nowhere", "cannot", "without", "hardly",
    "rarely", "seldom",
];

/// Valences in tenths by word, with the word itself to point at.
static VALENCES: LazyLock<HashMap<&'static str, (&'static str, i64)>> = LazyLock::new(|| {
    let mut all = HashMap::with_capacity(8_192);
    for line in LEXICON.lines() {
        let (word, valence) = line.split_once('\t').expect("a word, a tab, a valence");
        let valence: f64 = valence.parse().expect("a valence is a number");
        all.insert(word, (word, (valence * 10.0).round() as i64));
    }
    all
});

#[derive(Deserialize)]
struct Post<'a> {
    #[serde(borrow)]
    created_at: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

impl Dated for Post<'_> {
    fn at(&self) -> &str {
        &self.created_at
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Window {
    texts: u64,
    words: u64,
    positive: u64,
    neutral: u64,
    negative: u64,
    score: i64,
}

impl Cell for Window {
    fn merge(&mut self, other: &Self) {
        self.texts += other.texts;
        self.words += other.words;
        self.positive += other.positive;
        self.neutral += other.neutral;
        self.negative += other.negative;
        self.score += other.score;
    }

    fn fold(&mut self, other: Self) {
        self.merge(&other);
    }
}

/// What is known of the texts of a partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    settings: Settings,
    windows: Windows<Window>,
    /// How often each word of the lexicon was used.
    #[serde(deserialize_with = "of_the_lexicon")]
    used: HashMap<&'static str, u64>,
    malformed: u64,
    /// The word being read, in lower case.
    #[serde(skip)]
    lower: String,
    /// Words of the lexicon in the text being read.
    #[serde(skip)]
    met: Vec<&'static str>,
}

/// Words that another process has met, as the lexicon has them here.
fn of_the_lexicon<'de, D: serde::Deserializer<'de>>(words: D) -> Result<HashMap<&'static str, u64>, D::Error> {
    let words = std::collections::BTreeMap::<String, u64>::deserialize(words)?;
    Ok(words.iter().filter_map(|(word, times)| Some((VALENCES.get(word.as_str())?.0, *times))).collect())
}

/// What a text says.
struct Mood {
    words: u64,
    score: i64,
}

impl Mood {
    fn name(&self) -> &'static str {
        match self.score {
            FRIENDLY.. => "positive",
            ..=UNFRIENDLY => "negative",
            _ => "neutral",
        }
    }
}

impl State {
    /// Nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            windows: Windows::new(settings.windows),
            used: HashMap::new(),
            malformed: 0,
            lower: String::new(),
            met: Vec::new(),
        }
    }

    /// Reads a text; the words that have a valence are then in `met`.
    fn read(&mut self, text: &str) -> Mood {
        let (mut words, mut sum, mut negated) = (0, 0.0, 0);
        self.met.clear();
        for word in text.unicode_words() {
            words += 1;
            self.lower.clear();
            self.lower.extend(word.chars().flat_map(char::to_lowercase));
            if let Some(&(word, tenths)) = VALENCES.get(self.lower.as_str()) {
                let valence = tenths as f64 / 10.0;
                sum += if negated > 0 { NEGATED * valence } else { valence };
                self.met.push(word);
            }
            negated = if negates(&self.lower) { REACH } else { negated.saturating_sub(1) };
        }
        let score = sum / (sum * sum + ALPHA).sqrt();
        Mood { words, score: (score * 10_000.0).round() as i64 }
    }

    fn count(&mut self, mood: &Mood, window: i64) {
        let cell = self.windows.at(window);
        cell.texts += 1;
        cell.words += mood.words;
        cell.score += mood.score;
        match mood.name() {
            "positive" => cell.positive += 1,
            "negative" => cell.negative += 1,
            _ => cell.neutral += 1,
        }
        for word in &self.met {
            *self.used.entry(word).or_default() += 1;
        }
    }

    pub(super) fn tables(&self) -> Vec<Table> {
        vec![self.moods(), self.words()]
    }

    fn moods(&self) -> Table {
        let earlier = self.windows.earlier().map(|cell| ("earlier".to_owned(), cell));
        let kept = self.windows.iter().map(|(number, cell)| (instant(number * self.settings.window_s), cell));
        let mut whole = Window::default();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (window, cell) in earlier.into_iter().chain(kept) {
            whole.merge(cell);
            rows.push(row(window, cell, String::new()));
        }
        rows.push(row("all".to_owned(), &whole, self.malformed.to_string()));
        let columns = vec!["window", "texts", "words", "positive", "neutral", "negative", "score_e4", "malformed"];
        Table { name: "sentiment", columns, rows }
    }

    fn words(&self) -> Table {
        let mut all: Vec<(&str, u64)> = self.used.iter().map(|(word, times)| (*word, *times)).collect();
        all.sort_by_key(|(word, times)| (Reverse(*times), *word));
        all.truncate(self.settings.words);
        let rows = all.into_iter().map(|(word, times)| {
            let valence = VALENCES.get(word).map_or(0.0, |(_, tenths)| *tenths as f64 / 10.0);
            vec![word.to_owned(), times.to_string(), format!("{valence:.1}")]
        });
        Table { name: "words", columns: vec!["word", "times", "valence"], rows: rows.collect() }
    }
}

fn row(window: String, cell: &Window, malformed: String) -> Vec<String> {
    let counts = [cell.texts, cell.words, cell.positive, cell.neutral, cell.negative];
    let counts = counts.iter().map(ToString::to_string);
    std::iter::once(window).chain(counts).chain([cell.score.to_string(), malformed]).collect()
}

fn negates(word: &str) -> bool {
    NEGATIONS.contains(&word) || word.ends_with("n't") || word.ends_with("n\u{2019}t")
}

impl Fold for State {
    fn take(&mut self, record: &Item<'_>, is_new: bool, out: &mut Results) {
        let Some((window, post)) = read::<Post<'_>>(record.value, self.settings.window_s) else {
            self.malformed += u64::from(is_new);
            return out.push_malformed();
        };
        let mood = self.read(&post.text);
        if is_new {
            self.count(&mood, window);
        }
        let name = mood.name();
        out.count("words", window * self.settings.window_s, || "all".into(), mood.words);
        out.count("texts", window * self.settings.window_s, || name.into(), 1);
        out.push(|out| {
            let (words, score) = (mood.words, mood.score as f64 / 10_000.0);
            write!(out, "{{\"mood\":\"{name}\",\"score\":{score:.4},\"words\":{words}}}")
                .expect("a list of bytes takes all that is written");
        });
    }

    fn merge(&mut self, other: &Self) {
        self.windows.merge(&other.windows);
        self.malformed += other.malformed;
        other.used.iter().for_each(|(word, times)| *self.used.entry(word).or_default() += times);
    }
}
