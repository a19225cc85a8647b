//! Every key that a scenario may have, found by walking the JSON Schema: its path, meaning, default, limits and words.
//!
//! Paths leave out what the user names (`groups.poll.max_records`, not `groups.workers.poll.max_records`) and places in
//! lists. Distributions may stand in many places and are walked once, under `distribution`. Nothing is written down
//! twice: what a key means is the doc comment of its field in `scenario::schema`.
use crate::units::show;
use serde_json::{Map, Value};

/// A key, and what the schema says about it.
#[derive(Clone, Debug)]
pub struct Key {
    /// Names with dots between.
    pub path: String,
    /// What it means.
    pub meaning: String,
    /// What its silence means; empty where it must be written or its section may be absent.
    pub default: String,
    /// A map around it cannot be without it.
    pub required: bool,
    /// Least and greatest value.
    pub limits: String,
    /// Words it may be, each with its meaning.
    pub words: Vec<(String, String)>,
    /// What its value looks like.
    pub value: String,
    /// It chooses a law or a parameter inside one, so that the key above it explains it.
    pub inside_choice: bool,
}

impl Key {
    /// The last name of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    /// How deep it lies.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.path.matches('.').count()
    }
}

/// Where distributions are told.
pub const DISTRIBUTION: &str = "distribution";

/// Every key, in the order of the schema; distributions last.
#[must_use]
pub fn all() -> Vec<Key> {
    let schema = crate::scenario::json_schema();
    let empty = Map::new();
    let definitions = schema.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    let mut walk = Walk { definitions, keys: Vec::new() };
    walk.map(&schema, "", false);
    if let Some(schema) = definitions.get("Distribution") {
        walk.key(DISTRIBUTION, schema, false, false);
        walk.inside(schema, DISTRIBUTION, false, true);
    }
    walk.keys
}

struct Walk<'s> {
    definitions: &'s Map<String, Value>,
    keys: Vec<Key>,
}

impl<'s> Walk<'s> {
    /// The definition behind a reference.
    fn target(&self, schema: &'s Value) -> Option<(&'s str, &'s Value)> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        self.definitions.get_key_value(name).map(|(name, target)| (name.as_str(), target))
    }

    fn map(&mut self, schema: &'s Value, path: &str, inside_choice: bool) {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            self.key(&path, schema, required.contains(&name.as_str()), inside_choice);
            self.inside(schema, &path, inside_choice, false);
        }
    }

    /// Keys below this one: of a map, of named maps, of items, of each alternative.
    fn inside(&mut self, schema: &'s Value, path: &str, inside_choice: bool, distributions: bool) {
        if let Some((name, target)) = self.target(schema) {
            if !name.starts_with("Distribution") || distributions {
                self.inside(target, path, inside_choice, distributions);
            }
            return;
        }
        for list in ["anyOf", "oneOf"] {
            let all = schema.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let chooses = inside_choice || all.iter().filter(|one| one.get("type") != Some(&"null".into())).count() > 1;
            for alternative in all {
                match alternative.get("properties").and_then(Value::as_object) {
                    Some(properties) if list == "oneOf" => self.alternative(alternative, properties, path),
                    _ => self.inside(alternative, path, chooses, distributions),
                }
            }
        }
        if schema.get("properties").is_some() {
            self.map(schema, path, inside_choice);
        }
        for below in ["additionalProperties", "items"] {
            if let Some(schema) = schema.get(below).filter(|schema| schema.is_object()) {
                self.inside(schema, path, inside_choice, distributions);
            }
        }
    }

    /// One of several laws: its meaning stands on the alternative, not on its only key.
    fn alternative(&mut self, alternative: &'s Value, properties: &'s Map<String, Value>, path: &str) {
        for (name, schema) in properties {
            let path = format!("{path}.{name}");
            self.key(&path, schema, false, true);
            if let (Some(key), Some(text)) = (self.keys.last_mut(), description(alternative)) {
                (key.meaning, key.default) = split(text);
            }
            self.inside(schema, &path, true, false);
        }
    }

    fn key(&mut self, path: &str, schema: &'s Value, required: bool, inside_choice: bool) {
        if self.keys.iter().any(|known| known.path == path) {
            // The same key of another alternative, such as `even`.
            return;
        }
        let (mut words, mut value) = (Vec::new(), String::new());
        self.shape(schema, &mut words, &mut value);
        let (meaning, default) = split(self.text(schema).unwrap_or_default());
        let limits = limits(schema);
        self.keys.push(Key { path: path.to_owned(), meaning, default, required, limits, words, value, inside_choice });
    }

    /// The description of a key, or where it has none that of its definition.
    fn text(&self, schema: &'s Value) -> Option<&'s str> {
        description(schema).or_else(|| self.target(schema).and_then(|(_, target)| description(target)))
    }

    /// Words of a closed list, and an example of an open one.
    fn shape(&self, schema: &'s Value, words: &mut Vec<(String, String)>, value: &mut String) {
        if let Some((_, target)) = self.target(schema) {
            return self.shape(target, words, value);
        }
        let own = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
        for word in own.filter_map(Value::as_str) {
            words.push((word.to_owned(), description(schema).unwrap_or_default().to_owned()));
        }
        if schema.get("format").is_some() && value.is_empty() {
            description(schema).unwrap_or_default().trim_end_matches('.').clone_into(value);
        }
        for list in ["anyOf", "oneOf"] {
            for alternative in schema.get(list).and_then(Value::as_array).into_iter().flatten() {
                self.shape(alternative, words, value);
            }
        }
    }
}

fn description(schema: &Value) -> Option<&str> {
    schema.get("description").and_then(Value::as_str)
}

/// Doc comments say the default as `…; 5 ms when silent.`
fn split(text: &str) -> (String, String) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((before, default)) = text.strip_suffix(" when silent.").and_then(|rest| rest.rsplit_once("; ")) else {
        return (text, String::new());
    };
    (format!("{before}."), default.to_owned())
}

fn limits(schema: &Value) -> String {
    let number = |key: &str| schema.get(key).and_then(Value::as_f64).map(show::count);
    let least = number("minimum").map(|n| format!("at least {n}"));
    let least = least.or_else(|| number("exclusiveMinimum").map(|n| format!("more than {n}")));
    let most = number("maximum").map(|n| format!("at most {n}"));
    least.into_iter().chain(most).collect::<Vec<_>>().join(", ")
}
