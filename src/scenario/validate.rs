//! Tree against schema: every unknown key, wrong type, unreadable value and exceeded limit at once, each with its place.
//!
//! The schema is the one derived from `schema.rs`. Of several shapes that a value may have, the one is checked that its
//! keys point to, so that a mistake inside a shape is told as such, and not as "matches none of three shapes".
use super::later;
use super::node::{Entry, Kind, Node, Place};
use super::problem::Problem;
use super::read::clean;
use super::schema::Document;
use super::values;
use crate::units::{parse, show};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Problems collected at most: noise has thousands.
const MOST: usize = 500;

/// Checks a whole scenario.
#[must_use]
pub fn document(root: &Node) -> Vec<Problem> {
    let schema = schemars::schema_for!(Document).to_value();
    let empty = Map::new();
    let definitions = schema.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    let mut check = Check { definitions, problems: Vec::new() };
    let shape = Shape { definition: "Document", schema: &schema };
    check.value(root, root.place, &[shape], "");
    check.problems
}

/// One of the shapes a value may have.
#[derive(Clone, Copy)]
struct Shape<'s> {
    /// Name of the definition it comes from.
    definition: &'s str,
    schema: &'s Value,
}

impl<'s> Shape<'s> {
    fn get(&self, key: &str) -> Option<&'s Value> {
        self.schema.get(key)
    }
    fn properties(&self) -> Option<&'s Map<String, Value>> {
        self.get("properties").and_then(Value::as_object)
    }
    fn required(&self) -> impl Iterator<Item = &'s str> {
        self.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }
    fn has_type(&self, name: &str) -> bool {
        self.get("type")
            .is_some_and(|kind| kind == name || kind.as_array().is_some_and(|kinds| kinds.iter().any(|k| k == name)))
    }
    fn is_map(&self) -> bool {
        self.has_type("object")
    }
    fn is_list(&self) -> bool {
        self.has_type("array")
    }
    fn items(&self) -> Option<&'s Value> {
        self.get("items")
    }
    /// A schema without type or words takes anything, such as a JSON template.
    fn is_anything(&self) -> bool {
        self.schema == &Value::Bool(true)
            || ["type", "enum", "const", "format"].iter().all(|key| self.get(key).is_none())
    }
    fn format(&self) -> Option<&'s str> {
        self.get("format").and_then(Value::as_str)
    }
    fn words(&self) -> impl Iterator<Item = &'s str> {
        let list = self.get("enum").and_then(Value::as_array).into_iter().flatten();
        list.chain(self.get("const")).filter_map(Value::as_str)
    }
}

struct Check<'s> {
    definitions: &'s Map<String, Value>,
    problems: Vec<Problem>,
}

impl<'s> Check<'s> {
    fn error(&mut self, place: Place, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        if self.problems.len() < MOST {
            self.problems.push(Problem::error(place, path, message, remedy));
        }
    }

    /// The shapes behind references and alternatives. Limits beside a reference are the caller's.
    fn shapes(&self, definition: &'s str, schema: &'s Value, found: &mut Vec<Shape<'s>>) {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"))
            && let Some((name, target)) = self.definitions.get_key_value(name)
        {
            return self.shapes(name, target, found);
        }
        let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)).and_then(Value::as_array);
        match alternatives {
            Some(list) => list.iter().for_each(|schema| self.shapes(definition, schema, found)),
            None if schema.get("type").is_some_and(|kind| kind == "null") => {}
            None => found.push(Shape { definition, schema }),
        }
    }

    fn at(&mut self, node: &Node, place: Place, schema: &'s Value, path: &str) {
        let mut shapes = Vec::new();
        self.shapes("", schema, &mut shapes);
        let before = self.problems.len();
        self.value(node, place, &shapes, path);
        if self.problems.len() == before {
            self.limits(node, place, schema, &shapes, path);
        }
    }

    fn value(&mut self, node: &Node, place: Place, shapes: &[Shape<'s>], path: &str) {
        if shapes.iter().any(Shape::is_anything) {
            return;
        }
        match &node.kind {
            Kind::Null => {
                self.error(place, path, "has no value", format!("write {}, or remove the key", expected(shapes)));
            }
            Kind::Scalar { text, .. } => self.scalar(text, place, shapes, path),
            Kind::List(items) => self.list(items, place, shapes, path),
            Kind::Map(entries) => self.map(entries, place, shapes, path),
        }
    }

    fn scalar(&mut self, text: &str, place: Place, shapes: &[Shape<'s>], path: &str) {
        let words: Vec<&str> = shapes.iter().flat_map(Shape::words).collect();
        if words.contains(&text) {
            return;
        }
        if let Some(shape) = shapes.iter().find(|shape| shape.format().is_some()) {
            if let Err(error) = read(shape, text) {
                let word = nearest(text, words.iter().copied()).map(|word| format!("did you mean `{word}`?"));
                self.error(place, path, error.message, word.unwrap_or(error.remedy));
            }
            return;
        }
        if let Some(advice) = shapes.iter().find_map(|shape| later::instead(shape.definition, text)) {
            let message = format!("`{}` is known, but not built yet", clean(text));
            return self.error(place, path, message, advice);
        }
        let shown = clean(text);
        match nearest(text, words.iter().copied()) {
            _ if words.is_empty() => {
                let message = format!("`{shown}` is one value");
                self.error(place, path, message, format!("write {}", expected(shapes)));
            }
            Some(word) => self.error(place, path, format!("`{shown}` is unknown"), format!("did you mean `{word}`?")),
            None => self.error(place, path, format!("`{shown}` is unknown"), format!("write {}", expected(shapes))),
        }
    }

    fn list(&mut self, items: &[Node], place: Place, shapes: &[Shape<'s>], path: &str) {
        let Some(shape) = shapes.iter().find(|shape| shape.is_list()) else {
            let remedy = format!("write {}", expected(shapes));
            return self.error(place, path, "is a list", remedy);
        };
        let least = shape.get("minItems").and_then(Value::as_u64).unwrap_or(0) as usize;
        let most = shape.get("maxItems").and_then(Value::as_u64).unwrap_or(u64::MAX) as usize;
        if items.len() < least {
            self.error(place, path, "is an empty list", "write at least one item");
        }
        if items.len() > most {
            return self.error(
                place,
                path,
                format!("has {} items, at most {most} are read", items.len()),
                "shorten it",
            );
        }
        for (i, item) in items.iter().enumerate() {
            if let Some(schema) = shape.items() {
                self.at(item, item.place, schema, &join(path, &i.to_string()));
            }
        }
    }

    fn map(&mut self, entries: &[Entry], place: Place, shapes: &[Shape<'s>], path: &str) {
        let maps: Vec<Shape<'s>> = shapes.iter().filter(|shape| shape.is_map()).copied().collect();
        match maps.as_slice() {
            [] => self.error(place, path, "is a map", format!("write {}", expected(shapes))),
            [one] => self.keys(entries, place, one, path),
            several => self.choice(entries, place, several, path),
        }
    }

    /// One of several maps, told apart by their required keys.
    fn choice(&mut self, entries: &[Entry], place: Place, shapes: &[Shape<'s>], path: &str) {
        let marks: Vec<(&str, usize)> =
            shapes.iter().enumerate().flat_map(|(i, shape)| shape.required().map(move |key| (key, i))).collect();
        let found: Vec<(&str, usize)> =
            entries.iter().filter_map(|entry| marks.iter().find(|(key, _)| *key == entry.key)).copied().collect();
        match found.as_slice() {
            [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other == first) => {
                self.keys(entries, place, &shapes[*first], path);
            }
            [] if entries.is_empty() => {
                self.error(
                    place,
                    path,
                    "is empty",
                    format!("write one of {}", list(marks.iter().map(|(key, _)| *key))),
                );
            }
            [] => {
                let keys: Vec<&str> = marks.iter().map(|(key, _)| *key).collect();
                for entry in entries {
                    self.unknown(entry, shapes, (&keys, &[]), path);
                }
            }
            several => {
                let keys = list(several.iter().map(|(key, _)| *key));
                self.error(place, path, format!("has {keys}, which exclude each other"), "keep one of them");
            }
        }
    }

    fn keys(&mut self, entries: &[Entry], place: Place, shape: &Shape<'s>, path: &str) {
        let properties = shape.properties();
        let given: BTreeSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let is_known = |key: &&str| properties.is_some_and(|keys| keys.contains_key(*key));
        let known: Vec<&str> = given.iter().copied().filter(is_known).collect();
        let named = shape.get("additionalProperties").filter(|schema| schema.is_object());
        // Where keys are no names but paths, the schema has no pattern for them.
        if named.is_some() && shape.get("propertyNames").is_some() {
            self.names(entries, place, shape, path);
        }
        for entry in entries {
            if self.problems.len() >= MOST {
                return;
            }
            let inner = join(path, &entry.key);
            if let Some(schema) = properties.and_then(|keys| keys.get(&entry.key)).or(named) {
                self.at(&entry.value, entry.best_place(), schema, &inner);
            } else {
                let free: Vec<&str> = properties
                    .into_iter()
                    .flat_map(Map::keys)
                    .map(String::as_str)
                    .filter(|key| !given.contains(key))
                    .collect();
                self.unknown(entry, std::slice::from_ref(shape), (&free, &known), path);
            }
        }
        // A typo is told once, not also as the key it was meant to be.
        let meant: Vec<&str> =
            given.iter().filter_map(|key| nearest(key, shape.required()).filter(|near| near != key)).collect();
        for key in shape.required().filter(|key| !given.contains(key) && !meant.contains(key)) {
            let example =
                properties.and_then(|keys| keys.get(key)).map_or_else(String::new, |schema| self.example(schema));
            self.error(place, path, format!("`{key}` is missing"), format!("add `{key}: {example}`"));
        }
    }

    fn names(&mut self, entries: &[Entry], place: Place, shape: &Shape<'s>, path: &str) {
        let most = shape.get("maxProperties").and_then(Value::as_u64).unwrap_or(u64::MAX) as usize;
        if entries.is_empty() {
            self.error(place, path, "names nothing", "write at least one name with its settings");
        }
        if entries.len() > most {
            let message = format!("has {} names, at most {most} are read", entries.len());
            self.error(place, path, message, "use fewer, larger ones");
        }
        for entry in entries.iter().filter(|entry| !is_name(&entry.key)) {
            let message = format!("`{}` cannot be a name", clean(&entry.key));
            self.error(entry.place, path, message, "use 1 to 64 letters, digits, `-` and `_`");
        }
    }

    /// `keys` may be written here; `given` are, and one of these is meant where `--set` misspells it.
    fn unknown(&mut self, entry: &Entry, shapes: &[Shape<'s>], (keys, given): (&[&str], &[&str]), path: &str) {
        let shown = clean(&entry.key);
        if let Some(advice) = shapes.iter().find_map(|shape| later::instead(shape.definition, &entry.key)) {
            return self.error(entry.place, path, format!("`{shown}` is known, but not built yet"), advice);
        }
        let meant = nearest(&entry.key, keys.iter().copied());
        let given = || nearest(&entry.key, given.iter().copied());
        let remedy = match meant.or_else(given) {
            Some(key) => format!("did you mean `{key}`?"),
            None if keys.is_empty() => "remove it".to_owned(),
            None => format!("use one of {}", list(keys.iter().copied())),
        };
        self.error(entry.place, path, format!("unknown key `{shown}`"), remedy);
    }

    /// Limits stand beside the reference to a format, or in the format itself.
    fn limits(&mut self, node: &Node, place: Place, schema: &'s Value, shapes: &[Shape<'s>], path: &str) {
        let Kind::Scalar { text, .. } = &node.kind else { return };
        let format = shapes.iter().find_map(Shape::format).unwrap_or_default();
        let shown = |value: f64| number(value, format);
        let limits = std::iter::once(schema).chain(shapes.iter().map(|shape| shape.schema));
        let Some(Ok(Some(value))) = shapes.iter().find(|s| s.format().is_some()).map(|shape| read(shape, text)) else {
            return;
        };
        for limit in limits {
            let bound = |key: &str| limit.get(key).and_then(Value::as_f64);
            let complaint = bound("minimum").filter(|min| value < *min).map(|min| format!("at least {}", shown(min)));
            let complaint = complaint
                .or_else(|| bound("maximum").filter(|max| value > *max).map(|max| format!("at most {}", shown(max))))
                .or_else(|| {
                    bound("exclusiveMinimum").filter(|min| value <= *min).map(|min| format!("more than {}", shown(min)))
                });
            if let Some(bound) = complaint {
                return self.error(place, path, format!("`{text}` is out of range"), format!("write {bound}"));
            }
        }
    }

    fn example(&self, schema: &'s Value) -> String {
        let mut shapes = Vec::new();
        self.shapes("", schema, &mut shapes);
        let schemas = std::iter::once(schema).chain(shapes.iter().map(|shape| shape.schema));
        schemas.into_iter().find_map(|schema| schema.get("examples")?.get(0)).map_or_else(|| "…".to_owned(), flow)
    }
}

/// Reads a scalar by its format; formats that are numbers give their value in base units.
fn read(shape: &Shape<'_>, text: &str) -> Result<Option<f64>, parse::Unreadable> {
    match shape.format() {
        Some("duration") => parse::duration(text).map(|span| Some(span.seconds())),
        Some("size") => parse::size(text).map(|bytes| Some(bytes as f64)),
        Some("count") => parse::count(text).map(|count| Some(count as f64)),
        Some("rate") => parse::rate(text).map(Some),
        Some("byte-rate") => parse::byte_rate(text).map(Some),
        Some("number") => parse::number(text).map(Some),
        Some("price") => parse::price(text).map(Some),
        Some("share") => values::share(text).map(Some),
        Some("flag") => values::flag(text).map(|_| None),
        Some("seed") => values::seed(text).map(|_| None),
        Some("acks") => values::acks(text).map(|_| None),
        Some("burst") => values::burst(text).map(|_| None),
        Some("fails") => values::fails(text).map(|_| None),
        Some("attempts") => values::attempts(text).map(|_| None),
        _ => Ok(None),
    }
}

/// Whether a text can name a scenario, topic, producer or group: it becomes part of paths.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The candidate that a typo most likely stands for.
#[must_use]
pub fn nearest<'c>(typo: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    if typo.len() > 64 {
        return None;
    }
    let typo = typo.to_ascii_lowercase();
    let scored =
        candidates.map(|candidate| (strsim::damerau_levenshtein(&typo, &candidate.to_ascii_lowercase()), candidate));
    let (distance, candidate) = scored.min_by_key(|(distance, _)| *distance)?;
    let close = distance <= 1 + candidate.len().max(typo.len()) / 4;
    let part = typo.len() >= 3 && (candidate.starts_with(&typo) || typo.starts_with(candidate));
    (close && distance < candidate.len() || part).then_some(candidate)
}

/// Words as a sentence lists them, without repetition.
#[must_use]
pub fn list<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut seen = BTreeSet::new();
    let quoted: Vec<String> = words.filter(|word| seen.insert(*word)).map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

fn expected(shapes: &[Shape<'_>]) -> String {
    let words = list(shapes.iter().flat_map(Shape::words));
    let keys = list(shapes.iter().filter(|shape| shape.is_map()).flat_map(Shape::required));
    let format = shapes.iter().find_map(|shape| {
        let example = shape.get("examples")?.get(0)?;
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        Some(format!("a value such as `{text}`"))
    });
    let optional = list(shapes.iter().filter_map(Shape::properties).flat_map(Map::keys).map(String::as_str));
    let map = shapes.iter().any(Shape::is_map).then(|| match (keys.as_str(), optional.as_str()) {
        ("", "") => "a map of names".to_owned(),
        ("", optional) => format!("a map with some of {optional}"),
        (keys, _) => format!("a map with {keys}"),
    });
    let list = shapes.iter().any(Shape::is_list).then(|| "a list in `[` and `]`".to_owned());
    let words = (!words.is_empty()).then(|| if words.contains(',') { format!("one of {words}") } else { words });
    let parts: Vec<String> = [words, format, list, map].into_iter().flatten().collect();
    parts.join(" or ")
}

/// A limit as it would be written.
fn number(value: f64, format: &str) -> String {
    match format {
        "size" => show::size(value),
        "byte-rate" if value > 0.0 => format!("{}/s", show::size(value)),
        "duration" if value > 0.0 => show::duration(value),
        // As the reader reads it: without spaces, and without commas, which would end a value.
        "count" => show::count(value).replace([' ', ','], ""),
        _ => value.to_string(),
    }
}

/// A value as YAML on one line; the examples of the schema need no quotes.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(keys) => {
            let pairs = keys.iter().map(|(key, value)| format!("{key}: {}", flow(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn join(path: &str, key: &str) -> String {
    let key = clean(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
