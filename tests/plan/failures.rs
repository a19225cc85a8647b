//! What an answer is worth when something fails, what it takes to buy, what helps where more cannot: each beside what a run
//! says, or what arithmetic does.
use super::{MEMBERS, folder, plan};
use crate::cli::{conga, json};
use serde_json::Value;
use std::fs;

/// Plans billing with these values set.
fn planned(goal: &str, sets: &[&str]) -> (crate::cli::Ran, Value) {
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", *set]).collect();
    plan(&folder(), &[&["--minimize", goal][..], &sets].concat())
}

/// Whether a text says something, however its lines are broken.
fn said(text: &str, words: &str) -> bool {
    text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number instead of {value}"))
}

#[test]
fn one_consumer_fewer_fails_at_the_boundary_and_not_beyond() {
    let (ran, told) = planned(MEMBERS, &[]);
    let fewer = &told["failures"]["one_consumer_fewer"][0];
    let least = told["answer"][MEMBERS].as_u64().expect("a number");
    assert_eq!((&fewer["set"][MEMBERS], &fewer["passed"]), (&(least - 1).into(), &false.into()), "{fewer}");
    assert_eq!(fewer["thresholds"][0]["mean"], told["before"]["thresholds"][0]["mean"], "the same runs");
    let words = format!("one consumer fewer, billing with {}: FAILS (groups.billing.wait_s.mean", least - 1);
    assert!(said(&ran.out, &words), "{}", ran.out);
    // With members to spare one may go.
    let folder = folder();
    let (ran, told) = plan(&folder, &["--minimize", MEMBERS, "--vary", "groups.billing.members=[8, 9]"]);
    let fewer = &told["failures"]["one_consumer_fewer"][0];
    assert_eq!((&fewer["passed"], &fewer["outage"]), (&true.into(), &false.into()), "{}", ran.out);
    assert!(said(&ran.out, "billing with 7: holds") && said(&ran.out, "one broker down: an outage"), "{}", ran.out);
    let broker = &told["failures"]["one_broker_down"];
    assert_eq!((&broker["outage"], &broker["passed"]), (&true.into(), &false.into()));
    // And with one alone, nobody is left.
    let (ran, told) = planned(MEMBERS, &["producers.shop.rate=100/s"]);
    assert_eq!((&told["answer"][MEMBERS], ran.code), (&1.into(), Some(0)), "{}", ran.out);
    assert_eq!(told["failures"]["one_consumer_fewer"][0]["outage"], true);
    assert!(said(&ran.out, "an outage, it is the only one of billing"), "{}", ran.out);
}

#[test]
fn one_broker_down_is_the_same_load_on_the_others() {
    let sets = [
        "cluster={brokers: 3, request: {work: 100us, threads: 1}, network: {delay: 100us}}",
        "topics.orders.replicas=3",
        "thresholds=[groups.billing.e2e_s.mean < 30ms]",
    ];
    let (ran, told) = planned(MEMBERS, &sets);
    let down = &told["failures"]["one_broker_down"];
    assert_eq!(down["unreplicated_topics"], serde_json::json!([]));
    let folder = folder();
    let least = format!("{MEMBERS}={}", told["answer"][MEMBERS]);
    let after = [&least, "cluster.brokers=2", "topics.orders.replicas=2", "run.repetitions=5"];
    let set: Vec<&str> = sets.iter().chain(&after).flat_map(|set| ["--set", *set]).collect();
    let run = conga(folder.path(), &[&["run", "billing.yaml", "--out", "run"][..], &set].concat());
    let mean = &json(&folder.path().join("run/result.json"))["groups"]["billing"]["e2e_s"]["mean"]["value"];
    let (seen, runs) = (&down["thresholds"][0]["mean"], &down["runs"]);
    assert_eq!(runs, 5, "{down}");
    assert!((number(seen) / number(mean) - 1.0).abs() < 1e-9, "{seen} and {mean}: {}{}", ran.out, run.err);
    assert!(said(&ran.out, "one broker down, 2 are left and lead its partitions: "), "{}", ran.out);
    assert!(said(&ran.out, "with 2 copies of a record instead of 3"), "{}", ran.out);
    // What nobody else has a copy of is away.
    let (ran, told) = planned(MEMBERS, &[sets[0], sets[2]]);
    assert_eq!(told["failures"]["one_broker_down"]["unreplicated_topics"], serde_json::json!(["orders"]));
    assert!(said(&ran.out, "for there is no second replica"), "{}", ran.out);
}

#[test]
fn an_hours_outage_drains_at_what_is_left_over() {
    // Four members with three partitions each, 60 % used by work that is always the same.
    let sets = [
        "groups.billing.work=1ms",
        "producers.shop={topic: orders, arrivals: {constant: {rate: 2400/s}}, partitioner: round-robin, linger: 0s}",
        "run={duration: 12s, warmup: 1s}",
        "thresholds=[groups.billing.lag.final < 1000]",
    ];
    let vary = ["--vary", "groups.billing.members=[4]"];
    let set: Vec<&str> = sets.iter().flat_map(|set| ["--set", *set]).collect();
    let (ran, told) = plan(&folder(), &[&["--minimize", MEMBERS][..], &vary, &set].concat());
    let outage = &told["failures"]["outage_of_an_hour"][0];
    let near = |key: &str, expected: f64, within: f64| {
        let value = number(&outage[key]);
        assert!((value / expected - 1.0).abs() < within, "{key}: {value}, expected {expected}: {}{}", ran.out, ran.err);
    };
    near("backlog", 2_400.0 * 3_600.0, 1e-9);
    near("capacity_per_s", 4_000.0, 0.01);
    near("drained_s_by_means", 3_600.0 * 0.6 / 0.4, 0.03);
    near("drained_s", 3_600.0 * 0.6 / 0.4, 0.05);
    assert!(number(&outage["simulated"]["away_s"]) > 1.0 && told["simulations"]["failures"] == 1, "{told}");
    assert!(said(&ran.out, "an hour without billing: 8.64 M records wait, drained 1 h "), "{}", ran.out);
    // Records that are kept for half an hour are not there any more.
    let retention = ["--set", "topics.orders.retention={time: 30m}"];
    let (ran, told) = plan(&folder(), &[&["--minimize", MEMBERS][..], &vary, &set, &retention].concat());
    let half = &told["failures"]["outage_of_an_hour"][0];
    assert_eq!((&half["kept_s"], &half["backlog"]), (&1_800.into(), &4_320_000.into()), "{}", ran.out);
    assert!((2.0 * number(&half["drained_s"]) / number(&outage["drained_s"]) - 1.0).abs() < 1e-9, "{half}");
    assert!(said(&ran.out, "keeps records for 30 min") && said(&ran.out, "LOST"), "{}", ran.out);
    // Nor are those for which a partition has no room.
    let retention = ["--set", "topics.orders.retention={size: 1 MiB}"];
    let (ran, told) = plan(&folder(), &[&["--minimize", MEMBERS][..], &vary, &set, &retention].concat());
    let kept = number(&told["failures"]["outage_of_an_hour"][0]["kept_s"]);
    let disk = &told["to_buy"]["disk"][0];
    let room = 12.0 * f64::from(1 << 20) / number(&disk["stored_bytes_per_s"]);
    assert!((kept / room - 1.0).abs() < 0.01 && said(&ran.out, "LOST"), "{kept} of {room}: {}", ran.out);
    // Who is always busy never catches up.
    let busy = ["--set", "groups.billing.work=1700us", "--set", "thresholds=[groups.billing.lost == 0]"];
    let (ran, told) = plan(&folder(), &[&["--minimize", MEMBERS][..], &vary, &set, &busy].concat());
    assert_eq!(told["failures"]["outage_of_an_hour"][0]["drained_s"], Value::Null, "{}", ran.out);
    assert!(said(&ran.out, "never drained, for there is no headroom"), "{}", ran.out);
}

#[test]
fn a_hot_key_costs_load_that_even_keys_would_bear() {
    let sets = ["producers.shop.key={hot: {share: 0.25, keys: 10k}}", "thresholds=[groups.billing.e2e_s.p99 < 40ms]"];
    let vary = ["--vary", "groups.billing.members=[6, 12]"];
    let set: Vec<&str> = sets.iter().flat_map(|set| ["--set", *set]).collect();
    let (ran, told) = plan(&folder(), &[&["--minimize", MEMBERS][..], &vary, &set].concat());
    let skew = &told["failures"]["skewed_keys"][0];
    let (share, even) = (number(&skew["share"]), number(&skew["even_share"]));
    assert!(share > 0.25 && share < 0.4 && (even - 1.0 / 12.0).abs() < 1e-12, "{skew}");
    let (load, evenly) = (number(&skew["load"]), number(&skew["load_with_even_keys"]));
    assert!(evenly > 1.15 * load && (load - number(&told["load"])).abs() < 1e-12, "{skew}");
    assert!(said(&ran.out, "that costs load, it holds"), "{}", ran.out);
    // The load that even keys bear is the one that a scenario with even keys bears.
    let key = "producers.shop.key={uniform: {keys: 100k}}";
    let answer = format!("groups.billing.members=[{}]", told["answer"][MEMBERS]);
    let (_, same) = plan(&folder(), &["--minimize", MEMBERS, "--vary", &answer, "--set", key, "--set", sets[1]]);
    assert!((number(&same["load"]) - evenly).abs() < 1e-12, "{} and {evenly}", same["load"]);
    assert_eq!(same["failures"]["skewed_keys"][0]["load"], Value::Null, "nothing stands out");
}

#[test]
fn what_to_buy_is_what_a_run_of_the_answer_carries_and_keeps() {
    let sets = [
        "cluster={brokers: 3}",
        "topics.orders={partitions: 12, replicas: 3, retention: {time: 7d}}",
        "producers.shop.message={size: 1 KB}",
        "thresholds=[groups.billing.e2e_s.p99 < 100ms]",
    ];
    let (ran, told) = planned(MEMBERS, &sets);
    let folder = folder();
    let least = format!("{MEMBERS}={}", told["answer"][MEMBERS]);
    let set: Vec<&str> = sets.iter().chain([&least.as_str()]).flat_map(|set| ["--set", *set]).collect();
    assert_eq!(conga(folder.path(), &[&["run", "billing.yaml", "--out", "run"][..], &set].concat()).code, Some(0));
    let result = json(&folder.path().join("run/result.json"));
    let stored = number(&result["topics"]["orders"]["stored_bytes"]) / 4.0;
    // 3,000 a second with 1,000 bytes each and a little of the format around them.
    assert!(stored > 3.0e6 && stored < 3.4e6, "{stored}");
    let week = stored * 7.0 * 86_400.0;
    let disk = &told["to_buy"]["disk"][0];
    let near = |value: &Value, expected: f64| {
        assert!((number(value) / expected - 1.0).abs() < 1e-9, "{value}, expected {expected}: {}", ran.out);
    };
    near(&disk["bytes"], 3.0 * week);
    near(&disk["bytes_a_broker"], week);
    let busiest =
        |figure: &str| (0..3).map(|i| number(&result["brokers"][i.to_string()][figure])).fold(0.0, f64::max) / 4.0;
    near(&told["to_buy"]["network_in_bytes_per_s"], busiest("network_in_bytes"));
    near(&told["to_buy"]["network_out_bytes_per_s"], busiest("network_out_bytes"));
    // Every byte comes to each broker once, as leader or as follower.
    let come = number(&told["to_buy"]["network_in_bytes_per_s"]);
    assert!(come > 0.95 * stored && come < 1.25 * stored, "{come} and {stored}");
    assert!(said(&ran.out, "for 7 d of orders in 3 copies"), "{}", ran.out);
    // By size where that is less, and by the day where nothing is deleted.
    let size = "topics.orders.retention={time: 7d, size: 1 GiB}";
    let (_, told) = planned(MEMBERS, &[sets[0], sets[1], sets[2], sets[3], size]);
    near(&told["to_buy"]["disk"][0]["bytes"], 3.0 * 12.0 * 1_073_741_824.0);
    let (ran, told) = planned(MEMBERS, &[]);
    assert_eq!(told["to_buy"]["disk"][0]["per_day"], true);
    assert!(said(&ran.out, "a DAY for orders: it has no retention"), "{}", ran.out);
}

#[test]
fn where_latency_is_what_is_short_the_remedy_is_no_member() {
    // Records wait in batches, whatever the members do.
    let linger = ["producers.shop.linger=100ms", "thresholds=[groups.billing.e2e_s.p99 < 60ms]"];
    let (ran, told) = planned(MEMBERS, &linger);
    assert_eq!((ran.code, &told["answer"]), (Some(99), &Value::Null), "{}", ran.out);
    let remedies = told["remedies"].as_array().expect("a list");
    let helps = |path: &str| {
        let of = remedies.iter().find(|remedy| remedy["set"].get(path).is_some()).unwrap_or_else(|| panic!("{path}"));
        of["passed"].clone()
    };
    assert_eq!((helps("producers.shop.linger"), helps("groups.billing.workers")), (true.into(), false.into()));
    for words in ["what is short is latency and not capacity", "producers.shop.linger = 0s: holds", "what does help"] {
        assert!(said(&ran.out, words), "{words}: {}", ran.out);
    }
    let set = ["--set", "groups.billing.members=12", "--set", "producers.shop.linger=0s", "--set", linger[1]];
    let folder = folder();
    assert_eq!(conga(folder.path(), &[&["run", "billing.yaml"][..], &set].concat()).code, Some(0), "it does help");
    // Work that takes longer than it may.
    let (ran, told) = planned(MEMBERS, &["thresholds=[groups.billing.e2e_s.p99 < 3ms]"]);
    assert_eq!((ran.code, &told["answer"]), (Some(99), &Value::Null), "{}", ran.out);
    assert!(said(&ran.out, "the work of billing alone takes") && said(&ran.out, "in vain"), "{}", ran.out);
    assert!(told["remedies"].as_array().is_some_and(|all| all.iter().all(|one| one["passed"] == false)));
}

#[test]
fn a_value_that_would_be_dropped_is_refused() {
    let folder = folder();
    for (args, said) in [
        (
            &["--minimize", MEMBERS, "--set", "groups.billing.members=3"][..],
            "--set groups.billing.members=3: `--minimize",
        ),
        (
            &["--minimize", "cost", "--vary", "cluster.brokers=1..3", "--set", "cluster.brokers=2"],
            "--set cluster.brokers=2: `--vary cluster.brokers`",
        ),
        (
            &["--minimize", MEMBERS, "--frontier", "producers.shop.rate=[1k/s]", "--set", "producers.shop.rate=2k/s"],
            "--set producers.shop.rate=2k/s: `--frontier producers.shop.rate`",
        ),
    ] {
        let (ran, _) = plan(&folder, args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(said) && ran.err.contains("would be dropped"), "{args:?}: {}", ran.err);
    }
    // What only lies around it is not.
    let around = "groups.billing={topics: [orders], members: 2, work: 100us}";
    let (ran, _) = plan(&folder, &["--minimize", MEMBERS, "--brief", "--set", around]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::disallowed_methods, reason = "a process of its own is interrupted while it works")]
fn an_interrupted_plan_says_what_it_knows_and_goes_on() {
    use std::process::{Command, Stdio};
    let folder = folder();
    let args = ["plan", "billing.yaml", "--minimize", MEMBERS, "--set", "run.duration=20s", "--cores", "1"];
    let whole = conga(folder.path(), &[&args[..], &["--out", "whole"]].concat());
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    let mut command = Command::new(env!("CARGO_BIN_EXE_conga"));
    command.args(args).args(["--out", "out"]).current_dir(folder.path());
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let runs = folder.path().join("out/plan-runs.jsonl");
    let lines = || fs::read_to_string(&runs).map_or(0, |text| text.lines().count());
    while lines() < 4 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let interrupt = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
    assert!(interrupt.expect("kill").success());
    let ran = crate::cli::Ran::from(process.wait_with_output().expect("it ends"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    let known = ["interrupted: there is no answer yet", "goes on from there", "groups.billing.members = 3: "];
    assert!(known.iter().all(|known| ran.err.contains(known)), "{}", ran.err);
    // A line that was being written when the power went counts for nothing.
    let mut text = fs::read_to_string(&runs).expect("what was done");
    let kept = text.lines().count() - 1;
    text.push_str("deadbeef {\"set\":[[\"groups.b");
    fs::write(&runs, text).expect("a file");
    let ran = conga(folder.path(), &[&args[..], &["--out", "out"]].concat());
    assert_eq!((ran.code, ran.out), (Some(0), whole.out.replace("whole/", "out/")), "{}", ran.err);
    assert!(ran.err.contains(&format!("{kept} simulations of an earlier plan")), "{}", ran.err);
    let read = |dir: &str| fs::read(folder.path().join(dir).join("plan.json")).expect("a plan");
    assert!(read("out") == read("whole") && !runs.exists(), "the same bytes, and nothing left over");
    // Of another scenario nothing is taken over.
    fs::create_dir(folder.path().join("other")).expect("a folder");
    fs::write(folder.path().join("other/plan-runs.jsonl"), "of something else\n").expect("a file");
    let ran = conga(folder.path(), &["plan", "billing.yaml", "--minimize", MEMBERS, "--brief", "--out", "other"]);
    assert!(ran.code == Some(0) && !ran.err.contains("earlier plan"), "{}", ran.err);
}
