//! A scenario as a tree of what was written, each part knowing its line and column.
//!
//! Scalars keep their text: `1.50` stays `1.50`, and whoever needs a number asks for one.
use serde_json::{Map, Number, Value};

/// Where something was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line from 1; 0 for what was not written in the file but given by `--set`.
    pub line: u32,
    /// Column from 1, in characters; on line 0 the number of the `--set`, from 1.
    pub column: u32,
    /// Characters to underline.
    pub length: u32,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it begins.
    pub place: Place,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Nothing after the colon, `~` or `null`.
    Null,
    /// One text, number or truth value.
    Scalar {
        /// As written, without quotes.
        text: String,
        /// Written without quotes, so that `12` means a number.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the order of the file.
    Map(Vec<Entry>),
}

/// One key of a map.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// What it says.
    pub value: Node,
}

impl Node {
    /// A plain scalar.
    #[must_use]
    pub fn text(text: &str, place: Place) -> Self {
        Self { kind: Kind::Scalar { text: text.to_owned(), plain: true }, place }
    }

    /// The entry of `key`, if this is a map that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Entries of a map; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The place of what stands at a dotted path; where the path ends early, of the last part that exists.
    #[must_use]
    pub fn place_of(&self, path: &str) -> Place {
        let mut node = self;
        let mut place = self.place;
        for part in path.split('.').filter(|part| !part.is_empty()) {
            let Some((next, at)) = node.step(part) else { break };
            (node, place) = (next, at);
        }
        place
    }

    fn step(&self, part: &str) -> Option<(&Self, Place)> {
        if let Kind::List(items) = &self.kind {
            let item = items.get(part.parse::<usize>().ok()?)?;
            return Some((item, item.place));
        }
        let entry = self.entry(part)?;
        Some((&entry.value, entry.best_place()))
    }

    /// The same as plain data: scalars written without quotes become what YAML 1.2's core schema says.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Scalar { text, plain: true } => plain_value(text),
            Kind::Scalar { text, .. } => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect::<Map<_, _>>())
            }
        }
    }
}

impl Entry {
    /// The value's place if it begins on the line of its key or was set, otherwise the key's.
    #[must_use]
    pub fn best_place(&self) -> Place {
        let near = self.value.place.line == self.place.line || self.value.place.line == 0;
        if near { self.value.place } else { self.place }
    }
}

fn plain_value(text: &str) -> Value {
    if let Ok(flag) = text.parse() {
        return Value::Bool(flag);
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Value::Number(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Value::Number(whole.into());
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    let float = text.parse::<f64>().ok().filter(|_| numeric).and_then(Number::from_f64);
    float.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}
