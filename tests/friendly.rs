//! What helps with the first hour: templates, explanations, help by example, completions and manual pages.
use crate::cli::conga;
use clap::{CommandFactory, Parser, ValueEnum};
use conga::cli::explain::{explain, keys, table};
use conga::cli::init::Template;
use conga::cli::{Cli, Command, schema};
use conga::{plan, scenario};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_template_is_good_and_runs() {
    for template in Template::value_variants() {
        let (folder, name) = (folder(), template.name());
        let file = format!("{name}.yaml");
        let wrote = conga(folder.path(), &["init", name]);
        assert_eq!((wrote.code, wrote.err.as_str()), (Some(0), ""), "{name}");
        let checked = conga(folder.path(), &["check", &file]);
        assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""), "{name}");
        assert!(checked.out.contains(", 0 warnings"), "{}", checked.out);
        let ran = conga(folder.path(), &["run", &file, "--quiet"]);
        assert_eq!(ran.code, Some(0), "{name}:\n{}{}", ran.out, ran.err);
        let warnings = ran.out.lines().filter_map(|line| line.trim().strip_prefix("warning: "));
        for warning in warnings {
            let honest = ["uncalibrated", "few samples"].iter().any(|word| warning.starts_with(word));
            assert!(honest, "{name}: {warning}");
        }
    }
}

#[test]
fn editors_find_the_schema_that_a_template_names() {
    for template in Template::value_variants() {
        let folder = folder();
        conga(folder.path(), &["init", template.name(), "deep/er/mine.yaml"]);
        let first = text(&folder.path().join("deep/er/mine.yaml")).lines().next().map(str::to_owned);
        let named = first.as_deref().and_then(|line| line.strip_prefix("# yaml-language-server: $schema="));
        let named = named.unwrap_or_else(|| panic!("{}: the first line names no schema", template.name()));
        assert_eq!(text(&folder.path().join("deep/er").join(named)), conga(folder.path(), &["schema"]).out);
    }
}

#[test]
fn init_never_overwrites() {
    let folder = folder();
    let mine = |name: &str| folder.path().join(name);
    fs::write(mine("minimal.yaml"), "mine").expect("a file");
    fs::write(mine("trace-arrivals.csv"), "mine").expect("a file");
    fs::write(mine(schema::FILE), "mine").expect("a file");
    for (template, in_the_way) in [("minimal", "minimal.yaml"), ("trace", "trace-arrivals.csv")] {
        let ran = conga(folder.path(), &["init", template]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{template}");
        assert!(ran.err.starts_with(&format!("{in_the_way}: is there already; ")), "{}", ran.err);
        assert_eq!(text(&mine(in_the_way)), "mine");
    }
    assert!(!mine("trace.yaml").exists(), "all files or none");
    let ran = conga(folder.path(), &["init", "minimal", "my-minimal.yaml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(mine("my-minimal.yaml").exists() && ran.out.contains("kept  conga.schema.json"), "{}", ran.out);
    assert_eq!(text(&mine(schema::FILE)), "mine");
}

#[test]
fn a_schema_replaces_a_schema_and_nothing_else() {
    let folder = folder();
    let write = || conga(folder.path(), &["schema", "--out", "it.json"]);
    assert_eq!(write().code, Some(0));
    let fresh = text(&folder.path().join("it.json"));
    let older = fresh.replacen("Topics by name.", "Topics by their names.", 1);
    assert_ne!(older, fresh);
    fs::write(folder.path().join("it.json"), older).expect("a file");
    assert_eq!(write().code, Some(0));
    assert_eq!(text(&folder.path().join("it.json")), fresh);
    fs::write(folder.path().join("it.json"), "{\"$schema\": \"of something else\"}").expect("a file");
    let ran = write();
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.starts_with("it.json: is there, and no schema of scenarios; "), "{}", ran.err);
    assert_eq!(text(&folder.path().join("it.json")), "{\"$schema\": \"of something else\"}");
}

#[test]
fn every_key_is_explained_and_every_explanation_has_a_key() {
    let keys = keys::all();
    let paths: BTreeSet<&str> = keys.iter().map(|key| key.path.as_str()).collect();
    assert_eq!(paths.len(), keys.len(), "each once");
    assert!(
        ["groups.output.linger", "producers.arrivals.bursty.on", "distribution.gamma.cv"]
            .iter()
            .all(|path| paths.contains(path))
    );
    for key in &keys {
        assert!(!key.meaning.is_empty(), "{}: write a doc comment in the schema", key.path);
        // A parameter is explained with its law: the row is its own, or that of the key just above.
        let above = key.path.rsplit_once('.').filter(|_| key.inside_choice).map_or("", |(above, _)| above);
        let told = [&key.path, above].into_iter().any(|path| table::find(path).is_some());
        let columns = key.path.contains(".trace.columns.") || key.path.contains(".per_unit.");
        assert!(told || columns, "{}: add a row to src/cli/explain/table.rs", key.path);
    }
    let rows: Vec<&table::Row> = table::ROWS.iter().flat_map(|rows| rows.iter()).collect();
    let told: Vec<&str> = rows.iter().flat_map(|row| row.paths.iter().copied()).collect();
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len(), "one row each");
    for row in rows {
        assert!(!row.trade_off.is_empty() && !row.example.is_empty(), "{:?}", row.paths);
        for path in row.paths {
            assert!(paths.contains(path), "{path}: no such key; remove it from src/cli/explain/table.rs");
        }
    }
}

/// Names in backquotes with dots between, as Kafka's configuration has them.
fn kafka_names(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|name| name.contains('.') && name.chars().all(|c| c.is_ascii_lowercase() || c == '.'))
}

#[test]
fn the_schema_and_the_table_agree_on_kafkas_names() {
    let mut told = 0;
    for key in keys::all() {
        for name in kafka_names(&key.meaning) {
            let row = table::find(&key.path).map(|row| row.kafka);
            assert_eq!(row, Some(name), "{}", key.path);
            told += 1;
        }
    }
    assert!(told > 15, "{told}");
}

#[test]
fn every_example_can_be_written() {
    let base = "topics: {events: {partitions: 2}, results: {partitions: 1}}\n\
                producers: {NAME: {topic: events, arrivals: {poisson: {rate: 1/s}}}}\n\
                groups: {NAME: {topics: [events], members: 1, output: {topic: results}}, workers: {topics: [events], members: 1}}\n\
                run: {duration: 1m}\nevents: [{at: 1m, crash: groups.workers.0}]\n";
    let folder = folder();
    for (name, text) in [
        ("client.properties", ""),
        ("arrivals.csv", "at\n0\n1\n"),
        ("messages.txt", "hello\n"),
        ("times.csv", "1ms\n2ms\n"),
    ] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    for row in table::ROWS.iter().flat_map(|rows| rows.iter()) {
        for path in row.paths {
            let page = explain(&keys::all(), path).unwrap_or_else(|error| panic!("{error}"));
            let set = page.lines().find_map(|line| line.trim().strip_prefix("For --set")).map(str::trim);
            let set = set.unwrap_or_else(|| panic!("no `--set` in\n{page}")).replacen("='", "=", 1);
            let set = set.trim_end_matches('\'').to_owned();
            let (base, set) = match set.strip_prefix("topics.NAME") {
                Some(rest) => (base.to_owned(), format!("topics.events{rest}")),
                None => (base.to_owned(), set),
            };
            scenario::parse(&base, "example.yaml", Some(folder.path()), &[set])
                .unwrap_or_else(|problems| panic!("{path}: {problems}"));
        }
    }
}

#[test]
fn a_key_is_found_by_its_name_its_path_and_kafkas_name() {
    let keys = keys::all();
    for (asked, found) in [
        ("linger", "producers.linger"),
        ("groups.output.linger", "groups.output.linger"),
        ("linger.ms", "producers.linger"),
        ("groups.workers.poll.max_records", "groups.poll.max_records"),
        ("poll.max_records", "groups.poll.max_records"),
        ("fetch.min.bytes", "groups.fetch.min_bytes"),
        ("members", "groups.members"),
        ("rate", "producers.rate"),
        ("lognormal", "distribution.lognormal"),
    ] {
        let page = explain(&keys, asked).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(page.lines().next(), Some(found), "{asked}");
    }
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_one() {
    for (asked, said) in [
        ("lingr", "did you mean `linger`?"),
        ("fetch.min.byte", "did you mean `fetch.min.bytes`?"),
        ("groups.workers.membrs", "did you mean `groups.members`?"),
        ("xylophone", "`conga explain --list` shows them all"),
        ("groups.share", "is known, but not built yet; remove it"),
    ] {
        let ran = conga(Path::new("."), &["explain", asked]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{asked}");
        assert!(ran.err.contains(said), "{asked}: {}", ran.err);
    }
}

/// The page of figures is what users look figures up in: every one of a result stands there.
#[test]
fn every_figure_is_explained() {
    let page = std::fs::read_to_string("docs/figures.md").expect("there is such a page");
    let result = serde_json::to_value(&crate::report::outcome(&[("workers", false)]).result).expect("plain data");
    for section in ["producers", "topics", "brokers", "groups"] {
        let one = result[section].as_object().and_then(|all| all.values().next()).expect("one of each");
        for figure in one.as_object().expect("a table").keys() {
            let row = format!("`{figure}`");
            assert!(page.lines().any(|line| line.starts_with("| `") && line.contains(&row)), "{section}: {figure}");
        }
    }
    let ran = conga(Path::new("."), &["explain", "groups.billing.e2e_s.p99"]);
    assert!(ran.out.contains("what whoever sent it waits for"), "{}", ran.out);
}

/// Commands of a help text, as a shell would split them.
fn examples(help: &str) -> Vec<Vec<String>> {
    let lines = help.lines().filter_map(|line| line.strip_prefix("  conga")).map(|rest| format!("conga{rest}"));
    let command = |line: String| -> Vec<String> {
        let told = line.split("  ").next().unwrap_or_default();
        let alone = told.split([';', '|']).next().unwrap_or_default();
        let alone = alone.split(" > ~").next().unwrap_or_default();
        let alone = alone.split(" > points").next().unwrap_or_default();
        let alone = alone.split(" < ").next().unwrap_or_default();
        let quoted = alone.split('\'').enumerate();
        let words = quoted.flat_map(|(i, part)| match i % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        });
        words.collect()
    };
    lines.map(command).collect()
}

#[test]
fn help_teaches_by_examples_that_can_be_typed() {
    let templates = folder();
    for template in Template::value_variants() {
        conga(templates.path(), &["init", template.name()]);
    }
    let mut all = Cli::command();
    all.build();
    let commands = all.get_subcommands().filter(|command| command.get_name() != "help");
    for command in std::iter::once(&all).chain(commands) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{}: no examples", command.get_name());
        for words in examples {
            let parsed = Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            let (files, sets) = match parsed.command {
                Command::Run(args) => (vec![args.file.clone()], args.all_sets()),
                Command::Check(args) => (args.files, args.sets),
                Command::Codecs(args) => (vec![args.file], args.sets),
                Command::Explain(args) => {
                    let key = args.key.unwrap_or_else(|| "linger".to_owned());
                    explain(&keys::all(), &key).unwrap_or_else(|error| panic!("{error}"));
                    continue;
                }
                _ => continue,
            };
            for file in files.iter().map(|file| templates.path().join(file)).filter(|file| file.exists()) {
                let read = scenario::load(&file, &sets).unwrap_or_else(|problems| panic!("{words:?}: {problems}"));
                plan::build::plan(&read).unwrap_or_else(|problems| panic!("{words:?}: {problems}"));
            }
        }
    }
}

#[test]
fn help_and_explanations_read_well() {
    trycmd::TestCases::new().case("tests/friendly/*.trycmd");
}

#[test]
fn shells_complete() {
    let place = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = conga(place.path(), &["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{shell}");
        let knows = ["explain", "fail-if"].iter().all(|word| ran.out.contains(word));
        assert!(knows, "{shell}: commands and options:\n{}", ran.out);
    }
    fs::write(place.path().join("script"), conga(place.path(), &["completions", "bash"]).out).expect("a file");
    let ask = ". ./script; COMP_WORDS=(conga ex); COMP_CWORD=1; _conga conga ex conga; echo \"${COMPREPLY[@]}\"";
    let mut bash = std::process::Command::new("bash");
    let answer = bash.args(["-c", ask]).current_dir(place.path()).output().expect("bash starts");
    assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), "explain", "{answer:?}");
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let place = folder();
    let page = conga(place.path(), &["man"]).out;
    assert!(page.contains(".TH conga 1") && page.contains("conga\\-explain(1)"), "{page}");
    assert_eq!(conga(place.path(), &["man", "--out", "man/one"]).code, Some(0));
    for command in Cli::command().get_subcommands() {
        let page = text(&place.path().join(format!("man/one/conga-{}.1", command.get_name())));
        assert!(page.contains("Examples"), "{}: examples stand in the manual, too", command.get_name());
    }
}
