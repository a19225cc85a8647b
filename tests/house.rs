//! The house rules that a machine can check. Each failure names file and line, and what to do.
mod imports;
mod source;

use imports::{mentions, module_of};
use source::{File, blanked, files, line_of};
use std::fmt::Write as _;

/// Lines of a file, and lines of a function, at most.
const FILE: usize = 500;
const FUNCTION: usize = 70;
/// Lines of `//!` a source file begins with, at least.
const STORY: usize = 2;
/// Lines between a dependency and its reason, at most.
const NEAR: usize = 6;

/// What each module may name besides itself and `units`; modules that are not listed may name anything.
const LAW: [(&str, &[&str]); 11] = [
    ("units", &[]),
    ("model", &[]),
    ("scenario", &[]),
    ("import", &["scenario"]),
    ("payload", &[]),
    ("work", &["payload"]),
    ("plan", &["scenario", "model", "payload"]),
    ("outcome", &["plan", "model::machine", "model::protocol"]),
    ("engine", &["plan", "model", "payload", "work", "outcome"]),
    ("study", &["scenario", "plan", "outcome"]),
    ("report", &["outcome", "study"]),
];

/// What pure rules have no use for.
const SURROUNDINGS: [&str; 7] =
    ["std::time", "std::thread", "std::fs", "std::net", "std::io", "std::env", "std::process"];

#[derive(Default)]
struct Complaints(String);

impl Complaints {
    fn add(&mut self, file: &File, line: usize, what: &str) {
        writeln!(self.0, "{}:{line}: {what}", file.path).expect("a text can be written");
    }

    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "the house rules do not hold:\n{}", self.0);
    }
}

fn sources() -> Vec<File> {
    files(&["src"], &["rs"])
}

fn all_rust() -> Vec<File> {
    files(&["src", "tests", "benches"], &["rs"])
}

#[test]
fn imports_follow_the_law() {
    let mut complaints = Complaints::default();
    for file in sources() {
        let Some((module, allowed)) = LAW.iter().find(|(module, _)| *module == module_of(&file.path)) else { continue };
        for mention in mentions(&file) {
            let path = mention.path.join("::");
            let within = |place: &str| path == place || path.starts_with(&format!("{place}::"));
            if !within("units") && !within(module) && !allowed.iter().any(|place| within(place)) {
                let may =
                    if allowed.is_empty() { "units".to_owned() } else { format!("units, {}", allowed.join(", ")) };
                let what = format!(
                    "`{module}` names `{path}` but may name only {may}; move what it needs to a module it may name, or \
                     hand it in from above"
                );
                complaints.add(&file, mention.line, &what);
            }
        }
    }
    complaints.none();
}

#[test]
fn the_model_knows_no_surroundings() {
    let mut complaints = Complaints::default();
    for file in sources().iter().filter(|file| module_of(&file.path) == "model") {
        let text = blanked(&file.text);
        for name in SURROUNDINGS {
            for (at, _) in text.match_indices(name) {
                let what = format!("the rules are pure: no `{name}`; have the engine tell them, or act for them");
                complaints.add(file, line_of(&text, at), &what);
            }
        }
    }
    complaints.none();
}

#[test]
fn files_are_short() {
    let mut complaints = Complaints::default();
    for file in all_rust() {
        let lines = file.text.lines().count();
        if lines > FILE {
            complaints.add(
                &file,
                lines,
                &format!("{lines} lines, at most {FILE}; give a part a name and its own file"),
            );
        }
    }
    complaints.none();
}

#[test]
fn functions_are_short() {
    let mut complaints = Complaints::default();
    for file in all_rust() {
        let text = blanked(&file.text);
        for (at, _) in text.match_indices("fn ") {
            let begins = !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
            let Some(end) = end_of_function(&text, at).filter(|_| begins) else { continue };
            let lines = text[at..end].matches('\n').count() + 1;
            if lines > FUNCTION {
                let name: String = text[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let what =
                    format!("`{name}` has {lines} lines, at most {FUNCTION}; split it at a step that has a name");
                complaints.add(&file, line_of(&text, at), &what);
            }
        }
    }
    complaints.none();
}

/// After the body of the function that begins here, if it has one.
fn end_of_function(text: &str, at: usize) -> Option<usize> {
    let (mut depth, mut inside) = (0, 0);
    for (i, c) in text[at..].char_indices() {
        match c {
            '(' | '[' => inside += 1,
            ')' | ']' => inside -= 1,
            ';' if depth == 0 && inside == 0 => return None,
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth <= 0 {
                    return Some(at + i);
                }
            }
            _ => {}
        }
    }
    None
}

#[test]
fn sources_begin_with_their_story() {
    let mut complaints = Complaints::default();
    for file in sources() {
        let lines = file.text.lines().take_while(|line| line.starts_with("//!")).count();
        if lines < STORY {
            let what = format!("begins with {lines} lines of `//!`, at least {STORY}; say what it is and why it is so");
            complaints.add(&file, lines + 1, &what);
        }
    }
    complaints.none();
}

/// Put together here, so that this file does not mention them itself.
fn forbidden() -> Vec<(String, &'static str)> {
    let words: [(&[&str], &str); 9] = [
        (&["/wo", "rk/"], "a path of one machine; write it relative to the project"),
        (&["/ro", "ot/"], "a path of one machine; write it relative to the project"),
        (&["/ho", "me/"], "a path of one machine; write it relative to the project"),
        (&["bash", "_jobs"], "a path of one machine; write it relative to the project"),
        (&["crates", ".io"], "the host of a registry; the tools know it, name the package instead"),
        (&["npm", "js."], "the host of a registry; the tools know it, name the package instead"),
        (&["pypi", ".org"], "the host of a registry; the tools know it, name the package instead"),
        (&["python", "hosted"], "the host of a registry; the tools know it, name the package instead"),
        (&["maven", ".org"], "the host of a registry; the tools know it, name the package instead"),
    ];
    words.into_iter().map(|(parts, why)| (parts.concat(), why)).collect()
}

/// Written by tools, and only read by them.
fn is_locked(file: &File) -> bool {
    ["Cargo.lock", "package-lock.json"].iter().any(|name| file.path.ends_with(name))
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let mut complaints = Complaints::default();
    for file in files(&["."], &[]).iter().filter(|file| !is_locked(file)) {
        let text = file.text.to_lowercase();
        for (word, why) in forbidden() {
            for (at, _) in text.match_indices(&word) {
                complaints.add(file, line_of(&text, at), &format!("`{word}` is {why}"));
            }
        }
    }
    complaints.none();
}

#[test]
fn every_dependency_has_a_reason() {
    let mut complaints = Complaints::default();
    for file in files(&["Cargo.toml"], &[]) {
        let mut dependencies = false;
        let mut reason = None;
        for (number, line) in (1..).zip(file.text.lines()) {
            if line.starts_with('[') {
                dependencies = line.trim_end_matches(']').ends_with("dependencies");
                reason = None;
            } else if line.starts_with('#') {
                reason = Some(number);
            } else if dependencies && line.contains('=') && !line.contains('#') {
                let near = reason.is_some_and(|reason| number - reason <= NEAR);
                if !near {
                    complaints.add(&file, number, "a dependency without a reason; say above it what it is for");
                }
            }
        }
    }
    complaints.none();
}

#[test]
fn every_test_file_is_told_by_main() {
    let mut complaints = Complaints::default();
    let all = files(&["tests"], &["rs"]);
    let main = all.iter().find(|file| file.path == "tests/main.rs").expect("the tests have a main file");
    for file in all.iter().filter(|file| file.path.matches('/').count() == 1 && file.path != main.path) {
        let name = file.path.trim_start_matches("tests/").trim_end_matches(".rs");
        if !main.text.contains(&format!("mod {name};")) {
            complaints.add(file, 1, &format!("never built; add `mod {name};` to {}", main.path));
        }
    }
    complaints.none();
}

#[test]
fn the_reader_of_sources_reads() {
    let text = r##"use crate::{a::B, c}; // crate::d
        fn f() { let x = '"'; let y = "crate::e"; let z = r#"crate::f"#; super::super::g::h() } /* crate::i */"##;
    let file = File { path: "src/one/two/three.rs".into(), text: text.into() };
    let names: Vec<String> = mentions(&file).iter().map(|mention| mention.path.join("::")).collect();
    assert_eq!(names, ["a::B", "c", "one::g::h"]);
    assert_eq!(module_of(&file.path), "one");
    assert_eq!(module_of("src/plan.rs"), "plan");
}
