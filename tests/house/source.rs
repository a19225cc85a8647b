//! Reads the house's own files: which there are, and what a Rust file says once comments and texts are blanked out.
use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project.
pub struct File {
    /// Path from the root of the project, with forward slashes.
    pub path: String,
    pub text: String,
}

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 6] = ["target", ".git", "node_modules", "reports", ".venv", "corpus"];

/// Every text file below these folders (or these files), in order.
pub fn files(roots: &[&str], extensions: &[&str]) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for start in roots {
        walk(&root.join(start), &mut paths);
    }
    paths.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        extensions.is_empty() || extensions.contains(&extension)
    });
    paths.sort();
    let read = paths.iter().filter_map(|path| {
        let text = fs::read_to_string(path).ok()?;
        let path = path.strip_prefix(root).expect("found below the root").to_string_lossy().replace('\\', "/");
        Some(File { path, text })
    });
    read.collect()
}

fn walk(path: &Path, found: &mut Vec<PathBuf>) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    if FOREIGN.contains(&name) {
        return;
    }
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("cannot list {}: {error}", path.display()));
        entries.for_each(|entry| walk(&entry.expect("an entry can be read").path(), found));
    } else if path.is_file() {
        found.push(path.to_owned());
    }
}

/// The number of the line at this byte, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The same text, byte by byte, with comments and the insides of texts and characters turned into blanks.
pub fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = end_of_inert(bytes, at);
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

/// After the comment, text or character that begins here; here, where none does.
fn end_of_inert(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + end_of_block(rest),
        [b'"', ..] => at + end_of_text(rest),
        [b'r', b'"' | b'#', ..] if !word => at + end_of_raw(rest),
        [b'b', b'r', ..] if !word => at + 1 + end_of_raw(&rest[1..]).max(1),
        [b'\'', b'\\', _, tail @ ..] => at + 3 + tail.iter().position(|&byte| byte == b'\'').unwrap_or(0) + 1,
        [b'\'', _, b'\'', ..] => at + 3,
        [b'\'', first, tail @ ..] if !first.is_ascii() => {
            at + 2 + tail.iter().position(|&byte| byte == b'\'').unwrap_or(0) + 1
        }
        _ => at,
    }
}

fn end_of_block(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn end_of_text(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != b'"' {
        at += 1 + usize::from(rest[at] == b'\\');
    }
    (at + 1).min(rest.len())
}

/// Zero where it is an identifier that begins with r.
fn end_of_raw(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let body = 2 + hashes;
    let length = rest[body..].windows(close.len()).position(|window| window == close);
    length.map_or(rest.len(), |length| body + length + close.len())
}
