//! How processes end at the worst of times: before their last commit, without a word, before they have said goodbye.
use super::{KILLED, children_of, has_begun, is_there, kill, live, pause, rows, sound, works};
use crate::cli::json;
use conga::model::sabotage::{self, Sabotage};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Looks after which a run that does not end is ended: minutes, on a machine that others use too.
const MOST_LOOKS: u32 = 15_000;

/// A run with two consumer processes of the scenario in a folder.
fn start(folder: &Path, more: &[&str]) -> Child {
    let mut command = Command::new(super::CONGA);
    command.args(["run", "ends.yaml", "--engine", "live", "--processes", "2", "--quiet", "--out", "out"]);
    command.args(more).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the command starts")
}

/// Waits until two consumer processes are as they should be; none where the run is over before.
fn wait_for(parent: &mut Child, are: fn(u32) -> bool) -> Vec<u32> {
    while parent.try_wait().expect("a status").is_none() {
        let there = children_of(parent.id());
        if there.len() == 2 && there.iter().all(|&child| are(child)) {
            return there;
        }
        pause();
    }
    Vec::new()
}

/// What a run says that ends by itself.
fn end(mut parent: Child) -> Output {
    let mut looks = 0;
    while parent.try_wait().expect("a status").is_none() {
        pause();
        looks += 1;
        if looks == MOST_LOOKS {
            assert!(kill("-9", parent.id()));
        }
    }
    let ran = parent.wait_with_output().expect("it ended");
    assert!(looks < MOST_LOOKS, "it hangs: {}", String::from_utf8_lossy(&ran.stderr));
    ran
}

fn told(result: &serde_json::Value, what: &str) -> usize {
    let events = result["events"].as_array().expect("events");
    events.iter().filter(|event| event["what"] == what).count()
}

#[test]
fn one_that_is_killed_at_the_end_is_done_again() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nothing is committed before the end, and whoever takes a lost one's place comes after it.
    let yaml = KILLED.replace("every: 200", "auto: 1h").replace("session_timeout: 400ms", "session_timeout: 30s");
    std::fs::write(folder.path().join("ends.yaml"), yaml).expect("a file");
    for seconds in [4, 8, 16] {
        let duration = format!("run.duration={seconds}s");
        let session = format!("groups.readers.session_timeout={}s", seconds + 2);
        let settings = ["producers.network.messages=900", &duration, &session];
        let mut parent = start(folder.path(), &settings.map(|setting| ["--set", setting]).concat());
        let there = wait_for(&mut parent, has_begun);
        // By then all is processed, unless the machine is busy with something else.
        (0..seconds * 25).for_each(|_| pause());
        let killed = there.first().is_some_and(|&victim| is_there(victim) && kill("-9", victim));
        let ran = end(parent);
        let said = String::from_utf8_lossy(&ran.stderr);
        let result = json(&folder.path().join("out/result.json"));
        assert_eq!((&result["broken_laws"], &result["partial"]), (&serde_json::json!([]), &false.into()), "{said}");
        let count = |key: &str| result["groups"]["readers"][key].as_i64().expect("a count");
        let processed = count("processed");
        assert_eq!(rows(&folder.path().join("out/moods.db")), (processed, processed), "each message once: {said}");
        if killed && told(&result, "consumer process replaced") == 1 {
            assert!(processed > 0 && count("duplicates") > 0, "{said}");
            return;
        }
    }
    panic!("the run was over before a consumer was killed, three times");
}

#[test]
fn one_that_says_nothing_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ends.yaml"), KILLED).expect("a file");
    for messages in [6_000, 24_000, 96_000] {
        let mut parent = start(folder.path(), &["--set", &format!("producers.network.messages={messages}")]);
        let there = wait_for(&mut parent, works);
        let stopped = there.first().is_some_and(|&victim| kill("-STOP", victim));
        let ran = end(parent);
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(!there.iter().any(|&child| is_there(child)), "{said}");
        let result = json(&folder.path().join("out/result.json"));
        assert_eq!((&result["broken_laws"], &result["partial"]), (&serde_json::json!([]), &false.into()), "{said}");
        assert_eq!(rows(&folder.path().join("out/moods.db")), (messages, messages), "each message once: {said}");
        if stopped {
            let whats = ["consumer process silent", "consumer process lost", "consumer process replaced"];
            assert_eq!(whats.map(|what| told(&result, what)), [1, 1, 1], "{}", result["events"]);
            return;
        }
    }
    panic!("the run was over before a consumer was stopped, three times");
}

#[test]
fn a_run_that_is_interrupted_does_not_wait_for_one_that_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    // Long before its session is over.
    let yaml =
        KILLED.replace("interval: 500ms", "duration: 10h").replace("session_timeout: 400ms", "session_timeout: 5h");
    std::fs::write(folder.path().join("ends.yaml"), yaml).expect("a file");
    let mut parent = start(folder.path(), &[]);
    let there = wait_for(&mut parent, works);
    assert!(kill("-STOP", there[0]) && kill("-INT", parent.id()));
    let ran = end(parent);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(!there.iter().any(|&child| is_there(child)), "{said}");
    let result = json(&folder.path().join("out/result.json"));
    assert_eq!((&result["broken_laws"], &result["partial"]), (&serde_json::json!([]), &true.into()), "{said}");
    assert_eq!(told(&result, "consumer process silent"), 1, "{}", result["events"]);
    assert!(result["warnings"].to_string().contains("lost when the run was ended early"), "{}", result["warnings"]);
}

#[test]
fn one_that_goes_without_a_word_is_missed() {
    let yaml = "
topics: {posts: {partitions: 4}}
cluster: {ideal: true}
producers:
  network: {topic: posts, arrivals: {constant: {rate: 4k/s}}, messages: 1000, message: {generator: posts},
    key: {uniform: {keys: 40}}, linger: 5ms}
groups: {readers: {topics: [posts], members: 3, work: {app: posts}}}
run: {seed: 1}
";
    let warned = |bug: Option<Sabotage>| {
        sabotage::play(bug);
        let outcome = live(yaml, 2, |_| {}).0;
        sabotage::play(None);
        sound(&outcome);
        outcome.result.warnings.iter().filter(|warning| warning.contains("`app: posts` had in memory")).count()
    };
    assert_eq!([warned(None), warned(Some(Sabotage::GoWithoutFarewell))], [0, 2], "one for each process");
}
