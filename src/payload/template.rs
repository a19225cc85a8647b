//! A JSON template: any text in it may hold placeholders, which every message fills in its own way.
//!
//! `{index}` is the message's number, `{uuid}` a random UUID, `{now}` the intended time as RFC 3339, `{word}` an English
//! word, `{int:1..9}` a whole number of that range. `{index}` and `{int:…}` alone in a text become numbers. `{{word}}`
//! stands for the text `{word}`. A brace that no name follows is a brace. Names of fields stay as they are.
use super::{Luck, words, write_instant};
use serde_json::Value;
use std::io::Write as _;

/// A template, read once.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// As it stands, escaped already.
    Text(String),
    Index,
    Uuid,
    Now,
    Word,
    Int {
        low: i64,
        high: i64,
    },
}

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Keys and places from the top of the template.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}

const KNOWN: [&str; 5] = ["index", "uuid", "now", "word", "int"];
const REMEDY: &str =
    "use `{index}`, `{uuid}`, `{now}`, `{word}` or `{int:1..9}`; double the braces for the text itself";

impl Template {
    /// Reads a template; without spaces between its parts.
    ///
    /// # Errors
    /// Every placeholder that cannot be filled.
    pub fn of(value: &Value) -> Result<Self, Vec<Mistake>> {
        let mut reading = Reading { pieces: Vec::new(), path: Vec::new(), mistakes: Vec::new() };
        reading.value(value);
        if reading.mistakes.is_empty() { Ok(Self { pieces: reading.pieces }) } else { Err(reading.mistakes) }
    }

    /// Whether two messages differ in nothing but their number.
    #[must_use]
    pub fn only_counts(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Text(_) | Piece::Index))
    }

    /// Appends message number `index`.
    pub fn write(&self, index: u64, now_ns: i64, luck: &mut Luck, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Index => write!(out, "{index}").expect("a list of bytes takes all that is written"),
                Piece::Uuid => uuid(luck, out),
                Piece::Now => write_instant(now_ns, out),
                Piece::Word => out.extend_from_slice(words::word(luck).as_bytes()),
                Piece::Int { low, high } => {
                    write!(out, "{}", luck.between(*low, *high)).expect("a list of bytes takes all that is written");
                }
            }
        }
    }
}

/// A random UUID, version 4 of RFC 9562.
fn uuid(luck: &mut Luck, out: &mut Vec<u8>) {
    let (high, low) = (luck.bits(), luck.bits());
    let first = (high >> 32, (high >> 16) & 0xFFFF, 0x4000 | (high & 0x0FFF));
    let last = (0x8000 | ((low >> 48) & 0x3FFF), low & 0xFFFF_FFFF_FFFF);
    write!(out, "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", first.0, first.1, first.2, last.0, last.1)
        .expect("a list of bytes takes all that is written");
}

struct Reading {
    pieces: Vec<Piece>,
    path: Vec<String>,
    mistakes: Vec<Mistake>,
}

impl Reading {
    fn literal(&mut self, text: &str) {
        if let Some(Piece::Text(before)) = self.pieces.last_mut() {
            before.push_str(text);
        } else {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                self.literal("[");
                for (i, item) in items.iter().enumerate() {
                    self.literal(if i > 0 { "," } else { "" });
                    self.inside(&i.to_string(), item);
                }
                self.literal("]");
            }
            Value::Object(fields) => {
                self.literal("{");
                for (i, (name, field)) in fields.iter().enumerate() {
                    let quoted = Value::from(name.as_str());
                    self.literal(&format!("{}{quoted}:", if i > 0 { "," } else { "" }));
                    self.inside(name, field);
                }
                self.literal("}");
            }
            other => self.literal(&other.to_string()),
        }
    }

    fn inside(&mut self, name: &str, value: &Value) {
        self.path.push(name.to_owned());
        self.value(value);
        self.path.pop();
    }

    fn text(&mut self, text: &str) {
        let parts = match parts(text) {
            Ok(parts) => parts,
            Err((message, remedy)) => {
                return self.mistakes.push(Mistake { path: self.path.clone(), message, remedy });
            }
        };
        if let [Part::Piece(piece @ (Piece::Index | Piece::Int { .. }))] = parts.as_slice() {
            return self.pieces.push(piece.clone());
        }
        self.literal("\"");
        for part in parts {
            match part {
                Part::Piece(piece) => self.pieces.push(piece),
                Part::Plain(plain) => {
                    let quoted = Value::from(plain).to_string();
                    self.literal(&quoted[1..quoted.len() - 1]);
                }
            }
        }
        self.literal("\"");
    }
}

enum Part<'t> {
    Plain(&'t str),
    Piece(Piece),
}

type Wrong = (String, String);

fn parts(text: &str) -> Result<Vec<Part<'_>>, Wrong> {
    let mut parts = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(open) = text[at..].find('{').map(|found| at + found) {
        let inner = &text[open + 1..];
        let doubled = inner.strip_prefix('{').and_then(name);
        let (part, end) = if let Some(inside) = doubled.filter(|inside| inner[inside.len() + 1..].starts_with("}}")) {
            (Part::Plain(&inner[..inside.len() + 2]), open + inside.len() + 4)
        } else if let Some(inside) = name(inner) {
            (Part::Piece(placeholder(inside)?), open + inside.len() + 2)
        } else {
            at = open + 1;
            continue;
        };
        parts.push(Part::Plain(&text[begin..open]));
        parts.push(part);
        (begin, at) = (end, end);
    }
    parts.push(Part::Plain(&text[begin..]));
    parts.retain(|part| !matches!(part, Part::Plain("")));
    Ok(parts)
}

/// What stands before the closing brace, if it begins like a name.
fn name(inner: &str) -> Option<&str> {
    let inside = &inner[..inner.find('}')?];
    let begins = inside.starts_with(|c: char| c.is_ascii_alphabetic());
    let of_name = |c: char| c.is_ascii_alphanumeric() || "_-:.".contains(c);
    (begins && inside.chars().all(of_name)).then_some(inside)
}

fn placeholder(inside: &str) -> Result<Piece, Wrong> {
    let shown: String = inside.chars().take(40).collect();
    match inside.split_once(':') {
        None => match inside {
            "index" => Ok(Piece::Index),
            "uuid" => Ok(Piece::Uuid),
            "now" => Ok(Piece::Now),
            "word" => Ok(Piece::Word),
            "int" => {
                Err(("`{int}` has no range".to_owned(), "write the least and the greatest: `{int:1..9}`".to_owned()))
            }
            _ => Err((format!("`{{{shown}}}` is no placeholder"), REMEDY.to_owned())),
        },
        Some(("int", range)) => {
            let ends = range.split_once("..").and_then(|(low, high)| low.parse().ok().zip(high.parse().ok()));
            let wrong = |what: &str| {
                (format!("`{{{shown}}}` {what}"), "write the least and the greatest: `{int:1..9}`".to_owned())
            };
            match ends {
                Some((low, high)) if low <= high => Ok(Piece::Int { low, high }),
                Some(_) => Err(wrong("ends before it begins")),
                None => Err(wrong("has no range of whole numbers")),
            }
        }
        Some((name, _)) if KNOWN.contains(&name) => {
            Err((format!("`{{{name}}}` takes nothing after a colon"), format!("write `{{{name}}}`")))
        }
        Some(_) => Err((format!("`{{{shown}}}` is no placeholder"), REMEDY.to_owned())),
    }
}
