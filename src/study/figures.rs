//! The figures of a result as one flat row: `groups.workers.e2e_s.p99` and its value.
//!
//! Names are those of thresholds; the stages of a group stand under their own names. Lists that grow with the run
//! (events, rebalances) are left to `result.json`.
use crate::outcome::intervals::MEASURED;
use crate::outcome::result::RunResult;
use serde_json::{Map, Value};

/// Paths and values, in the order of `result.json`.
pub type Figures = Vec<(String, Option<f64>)>;

/// Every figure of a result of one run.
#[must_use]
pub fn flat(result: &RunResult) -> Figures {
    let tree = serde_json::to_value(result).expect("a result is plain data");
    let valid = if result.validity.verdict == "valid" { 1.0 } else { 0.0 };
    let mut found = vec![
        ("valid".to_owned(), Some(valid)),
        ("window_s".to_owned(), Some(result.window_s)),
        ("warnings".to_owned(), Some(result.warnings.len() as f64)),
    ];
    for section in MEASURED {
        if let Value::Object(fields) = &tree[section] {
            walk(section, fields, &mut found);
        }
    }
    found
}

fn walk(path: &str, fields: &Map<String, Value>, found: &mut Figures) {
    for (key, value) in fields {
        let path = format!("{path}.{key}");
        match value {
            Value::Object(inner) => walk(&path, inner, found),
            Value::Number(_) | Value::Null => found.push((path, value.as_f64())),
            Value::Array(items) => {
                for item in items {
                    if let (Some(Value::String(stage)), Value::Object(inner)) = (item.get("stage"), item) {
                        walk(&format!("{path}.{stage}"), inner, found);
                    }
                }
            }
            Value::Bool(_) | Value::String(_) => {}
        }
    }
}
