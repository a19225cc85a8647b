//! Which module a file names: `crate::…`, braces included, and chains of `super::` that lead to the root.
use super::source::{File, blanked, line_of};

/// A mention of a module of ours: its path from the root, and the line.
pub struct Mention {
    pub path: Vec<String>,
    pub line: usize,
}

/// The first module below the root that a file belongs to: `src/model/log.rs` is part of `model`.
pub fn module_of(path: &str) -> &str {
    let path = path.strip_prefix("src/").unwrap_or(path);
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// Every mention of a module of ours in a file below `src`.
pub fn mentions(file: &File) -> Vec<Mention> {
    let text = blanked(&file.text);
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        if !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
            add(&text, at, at + "crate::".len(), &[], &mut found);
        }
    }
    for (at, _) in text.match_indices("super::") {
        if text[..at].ends_with("super::") {
            continue;
        }
        let levels = text[at..].split("super::").take_while(|part| part.is_empty()).count();
        let mut place = place_of(&file.path);
        place.truncate(place.len().saturating_sub(levels));
        add(&text, at, at + levels * "super::".len(), &place, &mut found);
    }
    found
}

/// The module a file is, as names from the root.
fn place_of(path: &str) -> Vec<String> {
    let path = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    path.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).map(str::to_owned).collect()
}

/// Adds what is named from here on, relative to a module; within braces each name by itself.
fn add(text: &str, begin: usize, at: usize, place: &[String], found: &mut Vec<Mention>) {
    let rest = &text[at..];
    let name: String = rest.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
    if let Some(inner) = rest.strip_prefix('{') {
        let mut depth = 0;
        let mut fresh = true;
        for (i, c) in inner.char_indices() {
            match c {
                '}' if depth == 0 => return,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => fresh = true,
                c if depth == 0 && fresh && c.is_alphabetic() => {
                    fresh = false;
                    add(text, at + 1 + i, at + 1 + i, place, found);
                }
                _ => {}
            }
        }
    } else if !name.is_empty() {
        let mut path = place.to_vec();
        let after = at + name.len();
        path.push(name);
        if text[after..].starts_with("::") {
            add(text, begin, after + 2, &path, found);
        } else {
            found.push(Mention { path, line: line_of(text, begin) });
        }
    }
}
