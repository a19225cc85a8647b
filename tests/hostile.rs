//! Malformed and hostile scenarios: each is refused, at once, in little memory, with a message that is a snapshot.
//!
//! Files stand in `tests/hostile`, each named after its trouble; what is too long or too strange to keep as a file is made
//! here.
use conga::plan::build;
use conga::scenario;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The whole answer to a scenario that must be refused.
fn refusal(path: &Path) -> String {
    let refused = scenario::load(path, &[]).and_then(|scenario| build::plan(&scenario).map(|_| ()));
    let problems = refused.expect_err("every hostile file is refused");
    let folder = path.parent().expect("a file is in a folder").display().to_string();
    problems.to_string().replace(&format!("{folder}/"), "")
}

fn check(path: &Path) {
    let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("hostile");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, refusal(path)));
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile")
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder of hostile files");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// What cannot be kept as a file.
fn made(folder: &Path) -> Vec<PathBuf> {
    let mut noise = 88_172_645_463_325_252_u64;
    let mut byte = || {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        (noise >> 32) as u8
    };
    let printable: String = (0..1 << 20).map(|_| char::from(b' ' + byte() % 95)).collect();
    let binary: Vec<u8> = (0..1 << 16).map(|_| byte()).collect();
    let many = |line: &dyn Fn(usize) -> String, n| (0..n).map(line).collect::<String>();
    let made: Vec<(&str, Vec<u8>)> = vec![
        ("noise-printable", printable.into_bytes()),
        ("noise-binary", binary),
        ("too-long", vec![b'#'; (1 << 20) + 1]),
        ("nul-bytes", b"topics: {t: {partitions: \0}}\n".to_vec()),
        ("not-utf-8", b"topics:\n  t: {partitions: 1}\nname: caf\xE9\n".to_vec()),
        ("brackets", vec![b'['; 1 << 20]),
        ("braces", b"{a: ".repeat(1 << 18)),
        ("dashes", b"- ".repeat(1 << 19)),
        ("question-marks", b"? ".repeat(1 << 19)),
        ("anchors", many(&|i| format!("a{i}: &a{i} x\n"), 50_000).into_bytes()),
        ("unknown-keys", many(&|i| format!("key{i}: {i}\n"), 60_000).into_bytes()),
        ("many-topics", format!("topics:\n{}", many(&|i| format!("  t{i}: {{partitions: 1}}\n"), 30_000)).into_bytes()),
        ("long-key", format!("{}: 1\n", "k".repeat(1_000_000)).into_bytes()),
        ("long-scalar", format!("name: {}\n", "n".repeat(1_000_000)).into_bytes()),
        ("one-long-block", format!("name: |\n{}", "  text\n".repeat(140_000)).into_bytes()),
    ];
    let path = |name: &str| folder.join(format!("{name}.yaml"));
    for (name, bytes) in &made {
        std::fs::write(path(name), bytes).expect("a writable folder");
    }
    made.iter().map(|(name, _)| path(name)).collect()
}

#[test]
fn every_hostile_file_is_refused_with_every_problem_at_its_place() {
    let files = files();
    assert!(files.len() >= 60, "there are {}", files.len());
    for path in &files {
        check(path);
    }
}

#[test]
fn what_is_too_strange_for_a_file_is_refused_too() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in made(folder.path()) {
        check(&path);
    }
}

#[test]
fn a_refusal_takes_less_than_a_second_and_256_mb() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in files().into_iter().chain(made(folder.path())) {
        // A second of processor time: a busy machine is no fault of the file.
        let command = format!(
            "ulimit -v 262144 && ulimit -t 1 && exec '{}' check '{}'",
            env!("CARGO_BIN_EXE_conga"),
            path.display()
        );
        let answer = Command::new("sh").args(["-c", &command]).output().expect("a shell");
        let said = String::from_utf8_lossy(&answer.stderr);
        assert_eq!(answer.status.code(), Some(2), "{}: {said}", path.display());
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("arrivals.csv")).expect("a link");
    let text = "topics: {t: {partitions: 1}}\nproducers: {p: {topic: t, arrivals: {trace: {file: arrivals.csv}}}}\n";
    let path = folder.path().join("link.yaml");
    std::fs::write(&path, text).expect("a writable folder");
    assert!(refusal(&path).contains("leaves the scenario's folder"), "{}", refusal(&path));
}

#[test]
fn a_folder_and_a_missing_file_are_no_scenarios() {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, what) in
        [(folder.path().to_owned(), "name the file in it"), (folder.path().join("no.yaml"), "check the path")]
    {
        assert!(refusal(&path).ends_with(what), "{}", refusal(&path));
    }
}
