//! How big messages are.
//!
//! A JSON template is rendered without spaces for the message in the middle of the expected ones: its number has as many
//! digits as most have. Only the size matters until real bytes travel.
use super::distribution::drawn;
use super::findings::Findings;
use crate::model::random::Distribution;
use crate::scenario::schema::Message;
use serde_json::Value;

/// Bytes of a message nobody describes.
const SILENT: Distribution = Distribution::Constant(100.0);

/// Bytes of a message's value; `expected` is how many messages there will be, more or less.
pub fn size(message: Option<&Message>, expected: f64, path: &str, found: &mut Findings<'_>) -> Distribution {
    match message {
        None => SILENT,
        Some(Message::Size(size)) => drawn(size, &format!("{path}.message.size"), found),
        Some(Message::Json(template)) => {
            let rendered = render(template, (expected / 2.0) as u64).to_string();
            Distribution::Constant(rendered.len() as f64)
        }
    }
}

/// The template with `index` put in: as a number where `"{index}"` stands alone, as digits inside a longer text.
pub fn render(template: &Value, index: u64) -> Value {
    match template {
        Value::String(text) if text == "{index}" => Value::from(index),
        Value::String(text) => Value::from(text.replace("{index}", &index.to_string())),
        Value::Array(items) => items.iter().map(|item| render(item, index)).collect(),
        Value::Object(keys) => keys.iter().map(|(key, value)| (key.clone(), render(value, index))).collect(),
        other => other.clone(),
    }
}
