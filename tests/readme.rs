//! The README's commands and scenarios, run as they stand.
//!
//! `console` blocks show what a command says and are compared with it. Of the `sh` blocks, each `cargo run --release --`
//! becomes the program under test, in a folder of its own, and has to end well; what builds or installs is left out.
use conga::{plan, scenario};
use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const RUN: &str = "cargo run --release -- ";

fn readme() -> String {
    fs::read_to_string(Path::new(ROOT).join("README.md")).expect("there is a README")
}

/// What stands in the fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let begins = text.match_indices(&fence).map(|(at, _)| &text[at + fence.len()..]);
    begins.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_the_readme_shows_is_what_is_said() {
    trycmd::TestCases::new().case("README.md");
}

#[test]
fn its_commands_end_well() {
    let text = readme();
    let blocks = blocks(&text, "sh");
    let commands: Vec<&str> = blocks.iter().flat_map(|block| block.lines()).collect();
    let place = tempfile::tempdir().expect("a folder can be made");
    let scenarios = place.path().join("scenarios");
    fs::create_dir_all(scenarios.join("data")).expect("a folder can be made");
    for folder in ["scenarios", "scenarios/data"] {
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).expect("the scenarios can be listed") {
            let from = entry.expect("an entry can be read").path();
            let to = place.path().join(folder).join(from.file_name().expect("an entry has a name"));
            if from.is_file() {
                fs::copy(from, to).expect("a scenario can be copied");
            }
        }
    }
    let runs: Vec<&str> = commands.iter().filter_map(|command| command.strip_prefix(RUN)).collect();
    assert!(runs.len() >= 2, "the README shows how to run a scenario: {commands:?}");
    for run in runs {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conga"));
        let done = command.args(run.split_whitespace()).current_dir(place.path()).output().expect("conga runs");
        assert!(done.status.success(), "conga {run}: {}", String::from_utf8_lossy(&done.stderr));
    }
    assert!(place.path().join("reports/quickstart/report.html").is_file(), "the report lies where the README says");
    assert!(commands.contains(&"scripts/test"), "the README names its test command");
}

#[test]
fn its_scenarios_are_good() {
    let blocks = blocks(&readme(), "yaml");
    assert!(!blocks.is_empty(), "the README shows a scenario");
    for text in blocks {
        let read = scenario::parse(&text, "README.md", None, &[]).unwrap_or_else(|problems| panic!("{problems}"));
        let (_, warnings) = plan::build::plan(&read).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}

#[test]
fn what_it_links_is_there() {
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(Path::new(ROOT).join(name)).expect("the page is there");
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            let there = target.contains("://") || Path::new(ROOT).join(target).exists();
            assert!(there, "{name} links to {target}, which is not there");
        }
    }
}

/// Commands of a page and what it says they say: `$ COMMAND`, perhaps `? CODE`, then the output.
fn shown(page: &str) -> Vec<(String, i32, String)> {
    let blocks = blocks(page, "console").into_iter();
    let read = |block: String| {
        let mut lines = block.lines().peekable();
        let command = lines.next().and_then(|line| line.strip_prefix("$ conga ")).expect("a command").to_owned();
        let code = lines.next_if(|line| line.starts_with("? ")).map_or(0, |line| line[2..].parse().expect("a code"));
        (command, code, lines.collect::<Vec<_>>().join("\n"))
    };
    blocks.map(read).collect()
}

/// Words of a command, as a shell would split them.
fn words(command: &str) -> Vec<String> {
    let parts = command.split('\'').enumerate();
    let split = |(i, part): (usize, &str)| match i % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    };
    parts.flat_map(split).collect()
}

#[test]
fn the_page_on_capacity_planning_shows_what_is_said() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/capacity-planning.md")).expect("the page is there");
    let place = tempfile::tempdir().expect("a folder can be made");
    let scenarios = blocks(&page, "yaml");
    assert!(scenarios.len() >= 3, "the page shows scenarios");
    for text in &scenarios {
        let name = text.lines().find_map(|line| line.strip_prefix("name: ")).expect("a scenario has a name");
        fs::write(place.path().join(format!("{name}.yaml")), text).expect("a scenario can be written");
    }
    let shown = shown(&page);
    assert!(shown.len() >= 5, "the page shows commands");
    for (command, code, said) in shown {
        let mut conga = Command::new(env!("CARGO_BIN_EXE_conga"));
        let done = conga.args(words(&command)).current_dir(place.path()).output().expect("conga runs");
        let out = String::from_utf8(done.stdout).expect("UTF-8");
        assert_eq!(done.status.code(), Some(code), "conga {command}\n{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(out.trim_end(), said.trim_end(), "conga {command}");
    }
}
