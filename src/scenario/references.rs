//! Names: the scenario's own must do as a folder, and every topic that is named must exist.
//!
//! Checked on the tree, so that an unknown name is told together with whatever else is wrong.
use super::node::{Kind, Node};
use super::problem::Problem;
use super::read::clean;
use super::{is_name, list, nearest};

/// A name that cannot be one, and every reference to a topic nobody wrote.
pub fn check(root: &Node) -> Vec<Problem> {
    let mut problems = own_name(root);
    problems.append(&mut topics(root));
    problems
}

/// The name becomes a folder.
fn own_name(root: &Node) -> Vec<Problem> {
    match root.entry("name").map(|entry| &entry.value) {
        Some(Node { kind: Kind::Scalar { text, .. }, place }) if !is_name(text) => {
            let message = format!("`{}` cannot be a name", clean(text));
            vec![Problem::error(*place, "name", message, "use 1 to 64 letters, digits, `-` and `_`")]
        }
        _ => Vec::new(),
    }
}

fn topics(root: &Node) -> Vec<Problem> {
    let Some(topics) = root.entry("topics").map(|entry| &entry.value).filter(|node| !node.entries().is_empty()) else {
        return Vec::new();
    };
    let known: Vec<&str> = topics.entries().iter().map(|entry| entry.key.as_str()).collect();
    let named = named(root);
    named
        .iter()
        .filter(|(_, name)| !known.contains(name))
        .map(|(path, name)| unknown(root, path, name, &known))
        .collect()
}

/// Path and name of each reference.
fn named(root: &Node) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    for (section, key) in
        [("producers", "topic"), ("groups", "topics"), ("groups", "output"), ("groups", "dead_letter")]
    {
        for entry in root.entry(section).map_or(&[][..], |entry| entry.value.entries()) {
            let Some(value) = entry.value.entry(key).map(|entry| &entry.value) else { continue };
            let path = format!("{section}.{}.{key}", clean(&entry.key));
            match &value.kind {
                Kind::List(items) => {
                    found.extend(items.iter().enumerate().map(|(i, item)| (format!("{path}.{i}"), item)));
                }
                Kind::Map(_) => found.extend(value.entry("topic").map(|topic| (format!("{path}.topic"), &topic.value))),
                _ if key == "topic" => found.push((path, value)),
                _ => {}
            }
        }
    }
    let texts = found.into_iter().filter_map(|(path, node)| match &node.kind {
        Kind::Scalar { text, .. } => Some((path, text.as_str())),
        _ => None,
    });
    texts.collect()
}

fn unknown(root: &Node, path: &str, name: &str, known: &[&str]) -> Problem {
    let remedy = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", list(known.iter().copied().take(10))),
    };
    Problem::error(root.place_of(path), path, format!("no topic is called `{}`", clean(name)), remedy)
}
