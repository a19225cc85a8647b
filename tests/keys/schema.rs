//! The leaves of the JSON Schema: every key that holds a value, and the words of those that are closed lists.
//!
//! A walk of its own, not that of `conga explain`, so that neither can hide a key from the other. Names that the user
//! chooses and places in lists are left out. Where a key beside the one that chooses a form stands in several forms, the
//! form follows after `@`: `arrivals.even@ramp`. Parameters of distributions stand once, under `distribution`.
use serde_json::Value;
use std::collections::BTreeMap;

/// Leaves by path, each with its words.
pub type Leaves = BTreeMap<String, Vec<String>>;

/// Those of the schema that `conga schema` prints.
pub fn leaves() -> Leaves {
    let schema = conga::scenario::json_schema();
    let mut walk = Walk { definitions: &schema["$defs"], leaves: Leaves::new() };
    walk.node(&schema, "");
    let distribution = &schema["$defs"]["Distribution"];
    walk.parts(distribution, "distribution");
    walk.leaves
}

struct Walk<'s> {
    definitions: &'s Value,
    leaves: Leaves,
}

impl<'s> Walk<'s> {
    fn node(&mut self, schema: &'s Value, path: &str) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/$defs/").expect("a definition of this schema");
            if name.starts_with("Distribution") {
                self.leaf(path);
                return;
            }
            return self.node(&self.definitions[name], path);
        }
        if !self.parts(schema, path) && schema["type"] != "null" {
            self.leaf(path);
        }
        for word in schema["enum"].as_array().into_iter().flatten().chain(schema.get("const")) {
            let word = word.as_str().expect("words are texts").to_owned();
            self.leaf(path).push(word);
        }
    }

    fn leaf(&mut self, path: &str) -> &mut Vec<String> {
        self.leaves.entry(path.to_owned()).or_default()
    }

    /// What is inside: keys, forms, items; false if there is nothing.
    fn parts(&mut self, schema: &'s Value, path: &str) -> bool {
        let forms: Vec<&Value> =
            ["anyOf", "oneOf"].iter().filter_map(|list| schema[list].as_array()).flatten().collect();
        let maps = forms.iter().filter(|form| self.is_map(form)).count();
        for form in &forms {
            let form = self.target(form);
            let chooser = form["required"].as_array().map(Vec::as_slice).filter(|required| required.len() == 1);
            match chooser {
                Some([chooser]) if maps > 1 && form["properties"].as_object().is_some_and(|all| all.len() > 1) => {
                    self.keys(form, path, chooser.as_str());
                }
                _ => self.node(form, path),
            }
        }
        self.keys(schema, path, None);
        let below = ["additionalProperties", "items"].map(|below| &schema[below]);
        for inside in below.into_iter().filter(|inside| inside.is_object()) {
            self.node(inside, path);
        }
        !forms.is_empty() || schema["properties"].is_object() || below.iter().any(|inside| inside.is_object())
    }

    fn keys(&mut self, schema: &'s Value, path: &str, chooser: Option<&str>) {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let form = chooser.filter(|chooser| chooser != name).map_or_else(String::new, |form| format!("@{form}"));
            let dot = if path.is_empty() { "" } else { "." };
            self.node(schema, &format!("{path}{dot}{name}{form}"));
        }
    }

    fn is_map(&self, schema: &'s Value) -> bool {
        self.target(schema)["properties"].is_object()
    }

    fn target(&self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            Some(name) if !name.starts_with("Distribution") => &self.definitions[name],
            _ => schema,
        }
    }
}
