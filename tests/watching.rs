//! What is seen of a run while it goes on: the view, plain lines, metrics, and what the machine says of itself.
mod openmetrics;
mod terminal;

use crate::cli::{conga, json};
use crate::play::{group, plan, producer};
use conga::cli::film::Film;
use conga::cli::looks::Looks;
use conga::cli::metrics::{Names, Server, TYPE, address};
use conga::cli::view::draw::Scene;
use conga::engine::live::Settings;
use conga::engine::live::strain::{Reading, STOLEN, Strain, pressed_us, ticks, waited_ns};
use conga::engine::{Watch, run, run_live};
use conga::outcome::Look;
use conga::outcome::result::Outcome;
use openmetrics::{Page, fetch, get};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;

const CONGA: &str = env!("CARGO_BIN_EXE_conga");

/// Two producers, a pipeline of two groups, a member that cannot keep up: everything that is shown is there.
const WATCHED: &str = "
name: watched
topics: {raw: {partitions: 6}, clean: {partitions: 3}}
cluster: {network: {delay: 1ms}}
producers:
  edge: {topic: raw, instances: 2, arrivals: {constant: {rate: 2k/s}}, messages: 4000, key: {zipf: {keys: 50, exponent: 1}}}
  slow: {topic: raw, arrivals: {poisson: {rate: 200/s}}, messages: 400, linger: 20ms}
groups:
  cleaners: {topics: [raw], members: 3, work: {exponential: {mean: 500us}}, output: {topic: clean}}
  readers: {topics: [clean], members: 1, work: 300us}
run: {duration: 8s, drain: 30s, interval: 500ms, seed: 3}
";

/// The last look at a simulation of this text.
fn last_look(yaml: &str) -> (Outcome, Arc<Look>) {
    let watch = Watch::quiet();
    watch.ask();
    let outcome = run(&plan(yaml), &watch);
    (outcome, watch.look().expect("the run was asked"))
}

/// What counters of a page have to be when the run is over.
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn page_agrees(page: &Page, outcome: &Outcome) {
    for (name, one) in &outcome.result.producers {
        let of = |family: &str| page.value(family, &[("producer", name)]);
        assert_eq!(of("conga_sent_records_total"), one.sent, "{name}");
        assert_eq!(of("conga_acked_records_total"), one.acked, "{name}");
        assert_eq!(of("conga_failed_records_total"), one.failed, "{name}");
        assert_eq!(of("conga_refused_records_total"), one.unsent, "{name}");
    }
    for (name, one) in &outcome.result.topics {
        assert_eq!(page.value("conga_appended_records_total", &[("topic", name)]), one.appended, "{name}");
    }
    for (name, one) in &outcome.result.groups {
        let of = |family: &str| page.value(family, &[("group", name)]);
        assert_eq!(of("conga_processed_records_total"), one.processed, "{name}");
        assert_eq!(of("conga_lost_records_total"), one.lost, "{name}");
        assert_eq!(of("conga_lag_records"), one.backlog, "{name}");
        assert_eq!(page.sum("conga_partition_lag_records", &[("group", name)]), one.backlog, "{name}");
        let (count, mean) = (one.e2e_s.count.value().expect("a count"), one.e2e_s.mean.value().expect("a mean"));
        assert_eq!(of("conga_end_to_end_seconds_count"), count, "{name}");
        let sum = of("conga_end_to_end_seconds_sum");
        assert!((sum / count / mean - 1.0).abs() < 1e-6, "{name}: {sum} s over {count}, a mean of {mean} s");
    }
    assert_eq!(page.value("conga_run_ended", &[]), 1.0);
    assert_eq!(page.value("conga_broken_laws", &[]), outcome.result.broken_laws.len() as f64);
}

#[test]
fn watching_changes_nothing() {
    let quiet = run(&plan(WATCHED), &Watch::quiet());
    let (watched, look) = last_look(WATCHED);
    let text = |outcome: &Outcome| serde_json::to_string(&outcome.result).expect("plain data");
    assert_eq!(text(&quiet), text(&watched));
    let cleaners = group(&watched, "cleaners");
    assert!(look.ended && look.at.seconds() > 1.0);
    let so_far = &look.groups[0].e2e;
    for (share, figure) in [(0.5, cleaners.e2e_s.p50), (0.99, cleaners.e2e_s.p99)] {
        assert_eq!(so_far.quantile_s(share), figure.value(), "{share}");
    }
    assert_eq!((so_far.quantile_s(0.9999), cleaners.e2e_s.p99_99.value()), (None, None), "too few lie beyond");
    assert_eq!(so_far.max_s(), cleaners.e2e_s.max.value());
    assert_eq!(look.streams[0].sent, producer(&watched, "edge").sent as u64);
}

#[test]
fn what_came_between_two_looks_is_their_difference() {
    let shorter = WATCHED.replace("duration: 8s, drain: 30s", "duration: 1s");
    let (longer, early, late) = (last_look(WATCHED).1, last_look(&shorter).1, last_look(WATCHED).1);
    let (before, after) = (&early.groups[0].e2e, &late.groups[0].e2e);
    let between = after.since(before);
    assert!(before.count > 1_000 && between.count > 1_000, "{} and {}", before.count, between.count);
    assert_eq!(before.and(&between), longer.groups[0].e2e);
    let bounds = [0.001, 0.01, 0.1, f64::INFINITY];
    let sums: Vec<u64> = before.between(&bounds).iter().zip(between.between(&bounds)).map(|(a, b)| a + b).collect();
    assert_eq!((after.between(&bounds), sums.iter().sum()), (sums, after.count));
}

/// A simulation at its first second and at its end, as it stands in a terminal.
#[test]
fn the_view_shows_rates_lag_and_latency() {
    let overloaded = WATCHED.replace("members: 3, work", "members: 1, work");
    let shorter = overloaded.replace("duration: 8s, drain: 30s", "duration: 1s");
    let longer = overloaded.replace("duration: 8s, drain: 30s", "duration: 2s");
    let mut film = Film::of(&plan(&longer), "sim");
    let screen = |film: &Film, permille, ending| {
        let mut moment = film.now();
        if let Some(moment) = &mut moment {
            moment.rss = Some(34 << 20);
        }
        let (scenario, engine) = (film.names.scenario(), film.names.engine());
        let scene = Scene { scenario, engine, moment: moment.as_ref(), permille, ending };
        let mut terminal = Terminal::new(TestBackend::new(112, 22)).expect("a terminal in memory");
        terminal.draw(|frame| scene.draw(frame)).expect("it is drawn");
        terminal.backend().to_string()
    };
    insta::assert_snapshot!("view-before", screen(&film, 0, false));
    assert!(film.add(last_look(&shorter).1));
    let look = last_look(&longer).1;
    assert!(film.add(Arc::clone(&look)) && !film.add(look), "each look once");
    insta::assert_snapshot!("view-meanwhile", screen(&film, 500, true));
    insta::assert_snapshot!("line-meanwhile", {
        let mut moment = film.now().expect("a moment");
        moment.rss = Some(34 << 20);
        moment.line(500)
    });
}

#[test]
fn a_view_fits_wherever_it_is_drawn() {
    let mut film = Film::of(&plan(WATCHED), "live");
    film.add(last_look(WATCHED).1);
    let moment = film.now();
    for (wide, high) in [(1, 1), (20, 5), (40, 12), (80, 24), (300, 90)] {
        let scene =
            Scene { scenario: "watched", engine: "live", moment: moment.as_ref(), permille: 1_000, ending: false };
        let mut terminal = Terminal::new(TestBackend::new(wide, high)).expect("a terminal in memory");
        terminal.draw(|frame| scene.draw(frame)).expect("it is drawn");
    }
}

#[test]
fn metrics_are_refused_where_others_could_read_them() {
    for good in ["127.0.0.1:9464", "127.8.8.8:1", "[::1]:0", "localhost:80", "[::ffff:127.0.0.1]:4"] {
        assert!(address(good).is_ok_and(|address| address.ip().to_canonical().is_loopback()), "{good}");
    }
    for bad in ["0.0.0.0:9464", "[::]:9464", "192.168.1.4:80", "8.8.8.8:1"] {
        let said = address(bad).expect_err(bad);
        assert!(said.contains("can be reached from other machines"), "{bad}: {said}");
    }
    for bad in ["9464", "127.0.0.1", "localhost", "example.org:80", "127.0.0.1:99999", ""] {
        assert!(address(bad).expect_err(bad).contains("such as `127.0.0.1:9464`"), "{bad}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("watched.yaml"), WATCHED).expect("a file");
    let ran = conga(folder.path(), &["run", "watched.yaml", "--out", "out", "--prometheus", "0.0.0.0:0"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("other machines") && !folder.path().join("out").exists(), "{}", ran.err);
    let held = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = held.local_addr().expect("an address").to_string();
    let ran = conga(folder.path(), &["run", "watched.yaml", "--out", "out", "--prometheus", &place]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains(&format!("cannot listen on {place}; choose another port")), "{}", ran.err);
    assert!(!folder.path().join("out").exists(), "nothing ran");
}

/// Serves what a plan's run shows while `during` goes on.
fn served<T>(yaml: &str, engine: &'static str, during: impl FnOnce(&Arc<Watch>, &str) -> T) -> T {
    let watch = Arc::new(Watch::quiet());
    let server = Server::bind(address("127.0.0.1:0").expect("an address")).expect("a free port");
    let place = server.address.to_string();
    let (names, looks) = (Names::of(&plan(yaml), engine), Looks::new(&watch));
    std::thread::scope(|scope| {
        let (alive, stop) = oneshot::channel();
        let serving = scope.spawn(|| server.serve(names, looks, stop));
        let done = during(&watch, &place);
        drop(alive);
        serving.join().expect("no panic").expect("no error");
        done
    })
}

#[test]
fn metrics_of_a_simulation_are_those_of_its_result() {
    served(WATCHED, "sim", |watch, place| {
        let before = fetch(place).expect("an answer");
        assert_eq!(before.families["conga"].samples.len(), 1, "before anything ran it says what it is");
        assert!(!before.families.contains_key("conga_sent_records"));
        let outcome = run(&plan(WATCHED), watch);
        page_agrees(&fetch(place).expect("an answer"), &outcome);
    });
}

#[test]
fn metrics_of_a_live_run_are_those_of_its_result() {
    served(WATCHED, "live", |watch, place| {
        let outcome = std::thread::scope(|scope| {
            let running = scope.spawn(|| run_live(&plan(WATCHED), watch, &Settings::plain()).0);
            let mut last = 0.0;
            while !running.is_finished() {
                let page = fetch(place).expect("an answer");
                let Some(sent) = page.find("conga_sent_records_total", &[("producer", "edge")]) else { continue };
                assert!(sent >= last, "a counter only grows: {last}, then {sent}");
                last = sent;
            }
            assert!(last > 0.0, "it was seen while it went on");
            running.join().expect("no panic")
        });
        let page = fetch(place).expect("an answer");
        page_agrees(&page, &outcome);
        let lateness = &producer(&outcome, "edge").lateness_s;
        let told = page.value("conga_lateness_seconds_count", &[("producer", "edge")]);
        assert_eq!(Some(told), lateness.count.value());
        assert!(told > 0.0);
        let about = &page.families["conga"].samples[0];
        assert_eq!(about.labels["scenario"], "watched");
        assert_eq!((about.labels["engine"].as_str(), about.name.as_str()), ("live", "conga_info"));
    });
}

#[test]
fn metrics_are_served_within_bounds() {
    served(WATCHED, "sim", |_, place| {
        let (status, head, _) = get(place, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(status, 200);
        assert!(head.contains(&format!("content-type: {TYPE}")), "{head}");
        assert_eq!(get(place, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").0, 404);
        assert_eq!(get(place, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi").0, 405);
        let (status, _, body) = get(place, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!((status, body.as_str()), (200, ""));
        let many = (0..40).map(|i| format!("X-{i}: y\r\n")).collect::<Vec<_>>().concat();
        assert_eq!(get(place, &format!("GET /metrics HTTP/1.1\r\n{many}\r\n")).0, 431, "too many headers");
        let long = "y".repeat(64 << 10);
        assert_ne!(get(place, &format!("GET /metrics HTTP/1.1\r\nX: {long}\r\n\r\n")).0, 200, "too long a head");
        assert_ne!(get(place, "\u{0}\u{1}nonsense\r\n\r\n").0, 200);
        // As many as may be open say nothing; whoever comes next waits until they are sent away, and has an answer then.
        let idle: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(place).expect("a connection")).collect();
        assert_eq!(get(place, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").0, 200);
        for mut idle in idle {
            let mut rest = Vec::new();
            // Told to go, or cut off: in any case not kept.
            let _ = idle.read_to_end(&mut rest);
        }
    });
}

/// The program itself: its port is told, it can be read while it runs, and what it said last is what the result says.
#[test]
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn metrics_of_the_program_end_at_the_counters_of_its_result() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("watched.yaml"), WATCHED).expect("a file");
    for (engine, quiet) in [("live", "--quiet"), ("live", "--progress=lines")] {
        let mut command = Command::new(CONGA);
        command.args(["run", "watched.yaml", "--engine", engine, "--out", "out", "--prometheus", "127.0.0.1:0", quiet]);
        command.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the command starts");
        let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let told = lines.find_map(|line| {
            let line = line.expect("text");
            line.strip_prefix("Metrics: http://").and_then(|rest| rest.strip_suffix("/metrics")).map(str::to_owned)
        });
        let place = told.expect("the port is told");
        // Producers end long before the run does, so that the last answer holds everything that is counted.
        let mut last = None;
        while let Some(page) = fetch(&place) {
            last = Some(page);
        }
        let rest: Vec<String> = lines.map(|line| line.expect("text")).collect();
        let code = process.wait().expect("it ends").code();
        assert!(matches!(code, Some(0 | 3)), "{code:?}: {rest:?}");
        assert_eq!(quiet == "--quiet", rest.is_empty(), "{rest:?}");
        let page = last.expect("it answered");
        let result = json(&folder.path().join("out/result.json"));
        let figure = |path: &str| result.pointer(path).and_then(serde_json::Value::as_f64).expect("a number");
        for name in ["edge", "slow", "cleaners-output"] {
            let of = |family: &str| page.value(family, &[("producer", name)]);
            assert_eq!(of("conga_sent_records_total"), figure(&format!("/producers/{name}/sent")), "{name}");
            assert_eq!(of("conga_acked_records_total"), figure(&format!("/producers/{name}/acked")), "{name}");
        }
        for name in ["cleaners", "readers"] {
            let processed = page.value("conga_processed_records_total", &[("group", name)]);
            assert_eq!(processed, figure(&format!("/groups/{name}/processed")), "{name}");
        }
        assert!(page.value("process_resident_memory_bytes", &[]) > 1e6);
    }
}

#[test]
fn lines_tell_of_a_run_where_nobody_sits_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("watched.yaml"), WATCHED).expect("a file");
    let live = ["run", "watched.yaml", "--engine", "live", "--out", "out"];
    let ran = conga(folder.path(), &live);
    let lines: Vec<&str> = ran.err.lines().filter(|line| line.contains(" s of 38 s (")).collect();
    // Starved, it may come to fewer; never to more than one a second.
    assert!((1..=40).contains(&lines.len()), "{}", ran.err);
    for part in ["/s in, cleaners ", " lag ", "end to end p50 ", "readers ", " of memory"] {
        assert!(lines.iter().all(|line| line.contains(part)), "{part}: {lines:?}");
    }
    let quiet = conga(folder.path(), &[&live[..], &["--quiet"]].concat());
    assert_eq!(quiet.err, "");
    let ran = conga(folder.path(), &[&live[..], &["--progress", "view"]].concat());
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("needs a terminal"), "{}", ran.err);
}

#[test]
fn what_the_kernel_tells_is_read_or_left() {
    let stat = "cpu  100 20 30 800 5 1 4 40 7 0\ncpu0 50 10 15 400 2 0 2 20 3 0\nintr 1 2 3\nctxt 9\n";
    assert_eq!(ticks(stat), Some((1000, 40)), "guests are in user already");
    for (bad, why) in [
        ("", "nothing"),
        ("cpu0 1 2 3 4 5 6 7 8\n", "only one processor"),
        ("cpu 1 2 3 4 5 6 7\n", "no steal"),
        ("cpu  1 2 three 4 5 6 7 8\n", "a word"),
        ("cpu  1 2 -3 4 5 6 7 8\n", "below nothing"),
        ("cpu  18446744073709551615 1 0 0 0 0 0 0\n", "more than there can be"),
        ("cpu  18446744073709551616 1 0 0 0 0 0 0\n", "more than can be written"),
    ] {
        assert_eq!(ticks(bad), None, "{why}");
    }
    let threads = |all: &[&str]| waited_ns(&all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
    assert_eq!(threads(&["500 30 7\n", "1 2 3\n"]), Some(32));
    assert_eq!([threads(&[]), threads(&["500"]), threads(&["1 2 3", "1 x 3"])], [None; 3]);
    let pressure = "some avg10=1.50 avg60=0.30 avg300=0.00 total=123456\nfull avg10=0.00 total=9\n";
    assert_eq!(pressed_us(pressure), Some(123_456));
    assert_eq!([pressed_us(""), pressed_us("full total=1\n"), pressed_us("some total=x\n")], [None; 3]);
    #[cfg(target_os = "linux")]
    assert!(Reading::now().ticks.is_some_and(|(all, stolen)| all > stolen));
}

fn reading(all: u64, stolen: u64) -> Reading {
    Reading { ticks: Some((all, stolen)), waited_ns: Some(all * 1000), pressed_us: None }
}

#[test]
fn stolen_time_counts_beyond_its_bound() {
    let share = |stolen: u64| Strain::between(&reading(5_000, 100), &reading(6_000, 100 + stolen));
    assert_eq!(share(20).stolen_share, Some(STOLEN));
    assert_eq!(share(20).reason(), None, "as much as may be");
    let reason = share(31).reason().expect("more than may be");
    assert!(reason.starts_with("the machine stole time: 3.1 % of its processors'"), "{reason}");
    assert_eq!(share(31).waited_s, Some(0.001));
    let short = Strain::between(&reading(0, 0), &reading(100, 4));
    assert_eq!(short.reason(), None, "four ticks are no more than where they were read");
    let backwards = Strain::between(&reading(500, 50), &reading(600, 40));
    assert_eq!((backwards.stolen_share, backwards.reason()), (None, None));
    assert_eq!(Strain::between(&Reading::default(), &reading(9, 9)).stolen_share, None);
}

/// What `/proc/stat` would say on a host that others use as well: a tenth is theirs.
fn robbed() -> Reading {
    static READ: AtomicU64 = AtomicU64::new(1);
    let times = READ.fetch_add(1, Ordering::Relaxed);
    reading(1_000 * times, 100 * times)
}

#[test]
fn a_live_run_on_a_machine_that_stole_time_is_invalid() {
    let yaml = "
topics: {events: {partitions: 1}}
cluster: {ideal: true}
producers: {edge: {topic: events, arrivals: {constant: {rate: 100/s}}}}
groups: {workers: {topics: [events], members: 1}}
run: {duration: 600ms, warmup: 200ms, seed: 1}
";
    let (outcome, measured) = run_live(&plan(yaml), &Watch::quiet(), &Settings { read: robbed, ..Settings::plain() });
    let validity = &outcome.result.validity;
    assert_eq!(validity.verdict, "invalid");
    assert!(validity.reasons.iter().any(|reason| reason.starts_with("the machine stole time: 10.0 %")), "{validity:?}");
    assert_eq!(
        measured[0].strain.stolen_share,
        Some(0.1),
        "two readings: one when the window begins, one when it ends"
    );
}

#[test]
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn a_page_that_is_not_openmetrics_is_seen_to_be_none() {
    let good = "# HELP a b.\n# TYPE a counter\na_total{x=\"1\"} 2\n# EOF\n";
    assert_eq!(Page::read(good).expect("it is").value("a_total", &[("x", "1")]), 2.0);
    for (bad, why) in [
        ("# HELP a b.\n# TYPE a counter\na_total 2\n", "no end"),
        ("a_total 2\n# EOF\n", "no family"),
        ("# TYPE a counter\na 2\n# EOF\n", "a counter without its ending"),
        ("# TYPE a gauge\na 1\na 1\n# EOF\n", "twice the same"),
        ("# TYPE a gauge\na 1\n# EOF\na 2\n", "something after the end"),
        (
            "# TYPE a_s histogram\na_s_bucket{le=\"1.0\"} 3\na_s_bucket{le=\"+Inf\"} 2\na_s_count 2\na_s_sum 1\n# EOF\n",
            "falls",
        ),
        ("# TYPE a gauge\na one\n# EOF\n", "a word"),
        ("# TYPE a gauge\n# TYPE b gauge\na 1\n# EOF\n", "families mixed"),
    ] {
        assert!(Page::read(bad).is_err(), "{why}");
    }
    let mut sent = Vec::new();
    writeln!(sent, "{good}").expect("a list of bytes takes all that is written");
    assert!(Page::read(&String::from_utf8_lossy(&sent)).is_err(), "an empty line");
}
