//! A scenario written out again, so that a run can be repeated from what it leaves behind.
//!
//! Block style, keys in the order of the file. Reading the result and writing it again gives the same bytes.
use super::explicit;
use super::files::Files;
use super::node::{Kind, Node};

/// The whole scenario as YAML.
pub fn yaml(root: &Node, name: &str, files: &Files) -> String {
    let mut root = explicit(root, name);
    rewrite_files(&mut root, files);
    let mut out = String::new();
    for entry in root.entries() {
        block(&entry.key, &entry.value, 0, &mut out);
    }
    out
}

/// File references become the names under `inputs/`.
fn rewrite_files(root: &mut Node, files: &Files) {
    let Some(producers) = child(root, "producers") else { return };
    let Kind::Map(producers) = &mut producers.kind else { return };
    for producer in producers {
        for path in [&["arrivals", "trace", "file"][..], &["message", "lines"]] {
            let file = path.iter().try_fold(&mut producer.value, |node, key| child(node, key));
            if let Some(Node { kind: Kind::Scalar { text, plain }, .. }) = file
                && let Some(name) = files.name_of(text)
            {
                (*text, *plain) = (format!("inputs/{name}"), false);
            }
        }
    }
}

fn child<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Kind::Map(entries) = &mut node.kind else { return None };
    entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
}

fn block(key: &str, value: &Node, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let bare = super::is_name(key) && !key.starts_with('-');
    let key = if bare { key.to_owned() } else { quoted(key) };
    out.push_str(&indent);
    out.push_str(&key);
    match &value.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            out.push_str(":\n");
            for entry in entries {
                block(&entry.key, &entry.value, depth + 1, out);
            }
        }
        Kind::List(items) if !items.is_empty() && key == "thresholds" => {
            out.push_str(":\n");
            for item in items {
                out.extend([&indent, "  - ", &flow(item), "\n"]);
            }
        }
        _ => out.extend([": ", &flow(value), "\n"]),
    }
}

fn flow(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "null".to_owned(),
        Kind::Scalar { text, plain } => {
            if *plain && is_plain(text) {
                text.clone()
            } else {
                quoted(text)
            }
        }
        Kind::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Kind::Map(entries) => {
            let pairs = entries.iter().map(|entry| format!("{}: {}", quoted(&entry.key), flow(&entry.value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether a text may stand without quotes anywhere and stay the same plain scalar. Whatever else was plain is a word, and
/// means the same in quotes.
fn is_plain(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '+' | ' ');
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '+')
        && !text.ends_with(' ')
        && text.chars().all(good)
        || text.strip_prefix('-').is_some_and(|rest| rest.parse::<f64>().is_ok())
}

/// In double quotes. JSON's escapes are YAML's.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let escape = |c: char| match c {
        '\u{7F}'..='\u{9F}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    json.chars().map(escape).collect()
}
