//! Plans: the least that is enough is what closed forms say, what cannot help is said, and few simulations do.
mod cheapest;
mod failures;
mod grid;
mod theory;

use crate::cli::{Ran, conga, json};
use serde_json::Value;
use std::fs;

/// A group that keeps up with three members, of which few simulations tell.
pub const BILLING: &str = "
name: billing
topics: {orders: {partitions: 12}}
cluster: {ideal: true}
producers: {shop: {topic: orders, arrivals: {poisson: {rate: 3k/s}}, key: {uniform: {keys: 10k}}, linger: 0s}}
groups: {billing: {topics: [orders], members: 12, work: {exponential: {mean: 800us}}}}
run: {duration: 4s, warmup: 500ms, drain: 1s, seed: 1}
thresholds: [groups.billing.wait_s.mean < 1.02ms]
cost: {consumer: 0.05/h, broker: 0.40/h}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("billing.yaml"), BILLING).expect("a file");
    folder
}

/// Plans; hands back what was said, and `plan.json`.
fn plan(folder: &tempfile::TempDir, args: &[&str]) -> (Ran, Value) {
    let ran = conga(folder.path(), &[&["plan", "billing.yaml", "--out", "out"], args].concat());
    let file = folder.path().join("out/plan.json");
    let told = if file.exists() { json(&file) } else { Value::Null };
    (ran, told)
}

const MEMBERS: &str = "groups.billing.members";

#[test]
fn an_answer_holds_and_the_one_before_does_not() {
    let folder = folder();
    let (ran, told) = plan(&folder, &["--minimize", MEMBERS]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let least = told["answer"][MEMBERS].as_u64().expect("a number");
    let code = |members: u64| {
        let set = format!("{MEMBERS}={members}");
        conga(folder.path(), &["run", "billing.yaml", "--set", &set, "--set", "run.repetitions=10", "--out", "run"])
            .code
    };
    assert_eq!((code(least), code(least - 1)), (Some(0), Some(99)), "{least}");
    assert_eq!((&told["sure"], &told["monotone"]), (&true.into(), &true.into()));
    assert_eq!(told["before"]["set"][MEMBERS], least - 1);
    assert!(told["ruled_out"]["candidates"].as_u64() >= Some(2), "2.4 members are busy: {}", told["ruled_out"]);
    assert!(told["load"].as_f64().expect("a factor") >= 1.0);
    // One more and one fewer of everything, the answer's own figures included.
    let otherwise = |path: &str, value: u64| {
        let all = told["otherwise"].as_array().expect("a list").iter();
        all.clone().find(|one| one["set"][path] == value).unwrap_or_else(|| panic!("{path} {value}")).clone()
    };
    assert_eq!(otherwise(MEMBERS, least - 1)["passed"], false);
    assert_eq!(otherwise(MEMBERS, least + 1)["passed"], true);
    assert_eq!(otherwise("groups.billing.workers", 2)["passed"], true);
    assert!(otherwise("topics.orders.partitions", 11)["thresholds"][0]["mean"].is_number());
    assert_eq!(otherwise("cluster.brokers", 2)["cost_per_h"], 0.05 * least as f64 + 0.80);
    let simulations = &told["simulations"];
    let (few, all) = (simulations["search"].as_u64(), simulations["exhaustive"].as_u64());
    assert!(few < all.map(|all| all / 2), "{simulations}");
    for said in ["% of room", "headroom:", "one more or one fewer", "simulations to find it", "First to saturate"] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    let (_, again) = plan(&folder, &["--minimize", MEMBERS, "--cores", "1"]);
    assert_eq!(again, told, "the same on any number of cores");
}

#[test]
fn few_simulations_find_what_all_of_them_find() {
    let folder = folder();
    let cases = [
        ("2k/s", "{gamma: {mean: 1ms, cv: 0.5}}", "e2e_s.p99", "40ms", 0.040),
        ("900/s", "{exponential: {mean: 3ms}}", "wait_s.mean", "3.2ms", 0.003_2),
    ];
    for (rate, work, figure, text, bound) in cases {
        let sets = [
            format!("producers.shop.rate={rate}"),
            format!("groups.billing.work={work}"),
            format!("thresholds=[groups.billing.{figure} < {text}]"),
        ];
        let set: Vec<&str> = sets.iter().flat_map(|set| ["--set", set.as_str()]).collect();
        let (ran, told) = plan(&folder, &[&["--minimize", MEMBERS, "--brief"][..], &set].concat());
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        let vary = format!("{MEMBERS}=1..12");
        let grid = ["study", "billing.yaml", "--vary", &vary, "--set", "study.repetitions=5", "--out", "grid"];
        let _ = fs::remove_dir_all(folder.path().join("grid"));
        assert_eq!(conga(folder.path(), &[&grid[..], &set].concat()).code, Some(0));
        let runs = json(&folder.path().join("grid/study.json"))["runs"].clone();
        let holds = |point: usize| {
            let of = &runs.as_array().expect("runs")[point * 5..point * 5 + 5];
            let path = format!("groups.billing.{figure}");
            let value = |run: &Value| run["figures"][&path].as_f64().expect("a figure");
            of.iter().map(value).sum::<f64>() / 5.0 < bound
        };
        let least = (0..12).find(|point| holds(*point)).expect("some hold") + 1;
        assert_eq!(told["answer"][MEMBERS], least, "{rate}");
        let simulations = &told["simulations"];
        assert!(simulations["search"].as_u64() < simulations["exhaustive"].as_u64(), "{simulations}");
    }
}

#[test]
fn members_cannot_help_a_hot_partition() {
    let folder = folder();
    // One key alone is more than a member can do: known before anything runs.
    let key = "producers.shop.key={hot: {share: 0.5, keys: 10k}}";
    let (ran, told) = plan(&folder, &["--minimize", MEMBERS, "--set", key]);
    assert_eq!((ran.code, &told["answer"], &told["simulations"]["search"]), (Some(99), &Value::Null, &0.into()));
    assert!(
        ran.out.contains("the hottest key has 50 %") && ran.out.contains("adding members cannot help"),
        "{}",
        ran.out
    );
    // A key that a member can just do, and whose records wait for each other: known from the runs.
    let key = "producers.shop.key={hot: {share: 0.36, keys: 10k}}";
    let (ran, told) = plan(&folder, &["--minimize", MEMBERS, "--set", key]);
    assert_eq!((ran.code, &told["answer"]), (Some(99), &Value::Null), "{}", ran.out);
    let hot = &told["hot_partitions"][0];
    assert!(hot["share"].as_f64() > Some(0.36) && hot["used"].as_f64() > Some(0.85), "{hot}");
    assert!(ran.out.contains("adding members cannot help; spread its keys"), "{}", ran.out);
    // But workers can.
    let (ran, told) = plan(&folder, &["--minimize", "groups.billing.workers", "--brief", "--set", key]);
    assert_eq!((ran.code, &told["answer"]["groups.billing.workers"]), (Some(0), &2.into()), "{}", ran.out);
}

#[test]
fn the_greatest_load_is_just_what_holds() {
    let folder = folder();
    let set = ["--set", "groups.billing.members=4"];
    let (ran, told) = plan(&folder, &[&["--maximize", "producers.shop.rate", "--brief"][..], &set].concat());
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let rate = |told: &Value| {
        let text = told["producers.shop.rate"].as_str().expect("a rate").to_owned();
        text.strip_suffix("/s").expect("per second").parse::<f64>().expect("a number")
    };
    let (most, before) = (rate(&told["answer"]), rate(&told["before"]["set"]));
    assert!(before > most && before < most * 1.03, "{most} and {before}");
    // Four queues with three partitions each: W = rho / (mu - lambda), where that is the mean wait.
    let (mu, wait) = (1250.0, 0.001_02);
    let theory = 4.0 * mu * (mu * wait) / (1.0 + mu * wait);
    assert!((most / theory - 1.0).abs() < 0.08, "{most}, by theory {theory}");
}

#[test]
fn a_frontier_tells_what_is_needed_as_the_load_grows() {
    let folder = folder();
    let frontier = "producers.shop.rate=[1k/s, 2k/s, 4k/s]";
    let (ran, told) = plan(&folder, &["--minimize", MEMBERS, "--frontier", frontier, "--brief"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let steps = told["frontier"].as_array().expect("a list");
    let members: Vec<u64> = steps.iter().map(|step| step["answer"][MEMBERS].as_u64().expect("a number")).collect();
    assert!(members.len() == 3 && members.is_sorted() && members[2] >= 4 && members[0] <= 3, "{members:?}");
}

#[test]
fn the_cheapest_mix_is_found() {
    let folder = folder();
    // Members cost little here and brokers much, but one broker's handlers cannot do it.
    let sets = [
        "cluster={request: {work: 500us}, network: {delay: 100us}}",
        "producers.shop.linger=2ms",
        "thresholds=[groups.billing.e2e_s.mean < 12ms]",
        "run.duration=3s",
    ];
    let set: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let vary = ["--vary", "groups.billing.members=1..6", "--vary", "cluster.brokers=1..3"];
    let (ran, told) = plan(&folder, &[&["--minimize", "cost", "--brief"][..], &vary, &set].concat());
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let cost = told["cost_per_h"].as_f64().expect("a cost");
    let grid = ["study", "billing.yaml", "--out", "grid", "--set", "study.repetitions=3"];
    assert_eq!(conga(folder.path(), &[&grid[..], &vary, &set].concat()).code, Some(0));
    let study = json(&folder.path().join("grid/study.json"));
    let runs = study["runs"].as_array().expect("runs");
    let means = runs.chunks(3).filter_map(|runs| {
        let mean = |figure: &str| {
            let all: Option<Vec<f64>> = runs.iter().map(|run| run["figures"][figure].as_f64()).collect();
            all.map(|all| all.iter().sum::<f64>() / 3.0)
        };
        mean("groups.billing.e2e_s.mean").filter(|mean| *mean < 0.012).and_then(|_| mean("cost_per_h"))
    });
    let cheapest = means.fold(f64::INFINITY, f64::min);
    assert!((cost - cheapest).abs() < 1e-9, "{cost} and {cheapest}");
}

#[test]
fn that_none_will_do_may_be_within_the_noise() {
    let folder = folder();
    let grid = ["study", "billing.yaml", "--vary", "groups.billing.members=[4]", "--set", "study.repetitions=40"];
    assert_eq!(conga(folder.path(), &[&grid[..], &["--out", "grid"]].concat()).code, Some(0));
    let runs = json(&folder.path().join("grid/study.json"))["runs"].clone();
    let value = |run: &Value| run["figures"]["groups.billing.wait_s.mean"].as_f64().expect("a figure");
    let mean = runs.as_array().expect("runs").iter().map(value).sum::<f64>() / 40.0;
    // As many runs as there may be fail by next to nothing.
    let set = format!("thresholds=[groups.billing.wait_s.mean < {:.0}ns]", mean * 0.999_9 * 1e9);
    for goal in [MEMBERS, "cost"] {
        let vary = "groups.billing.members=[3,4]";
        let (ran, told) = plan(&folder, &["--minimize", goal, "--vary", vary, "--brief", "--set", &set]);
        assert_eq!((ran.code, &told["answer"], &told["sure"]), (Some(99), &Value::Null, &false.into()), "{}", ran.out);
        let words: Vec<&str> = ran.out.split_whitespace().collect();
        assert!(words.join(" ").contains("may be just enough"), "{}", ran.out);
        let last = told["tried"].as_array().expect("a list").last().expect("some were tried");
        assert_eq!((&last["set"][MEMBERS], &last["sure"], &last["runs"]), (&4.into(), &false.into(), &40.into()));
        let (ran, told) = plan(&folder, &["--minimize", goal, "--vary", "groups.billing.members=[2,3]", "--set", &set]);
        assert_eq!((ran.code, &told["sure"]), (Some(99), &true.into()), "{}", ran.out);
    }
}

#[test]
fn what_is_the_same_in_all_runs_claims_no_confidence() {
    let folder = folder();
    let set = "thresholds=[groups.billing.wait_s.mean < 1.02ms, groups.billing.lost == 0]";
    let (ran, told) = plan(&folder, &["--minimize", MEMBERS, "--brief", "--set", set]);
    assert_eq!((ran.code, &told["sure"], &told["monotone"]), (Some(0), &false.into(), &true.into()), "{}", ran.out);
    assert!(told["doubt"].as_str().is_some_and(|why| why.contains("the same in all runs")), "{}", told["doubt"]);
    let [wait, lost] = [0, 1].map(|i| told["thresholds"][i].clone());
    assert_eq!((&wait["sure"], &wait["same_in_runs"]), (&true.into(), &Value::Null));
    let runs = lost["same_in_runs"].as_u64().expect("a number of runs");
    assert!(runs >= 5 && lost["sure"] == false, "{lost}");
    let words = format!("lost == 0 (0 in all {runs} runs");
    assert!(ran.out.contains(&words) && !ran.out.contains("noise"), "{}", ran.out);
    let least = told["answer"].clone();
    let (ran, told) = plan(&folder, &["--minimize", MEMBERS, "--brief"]);
    assert_eq!((&told["answer"], &told["sure"], &told["doubt"]), (&least, &true.into(), &Value::Null), "{}", ran.out);
}

#[test]
fn figures_that_do_not_differ_have_no_interval() {
    use conga::plan::Comparison::{Equal, Less};
    use conga::study::trial::held;
    let said = |comparison, bound, figures: &[f64]| {
        let held = held("groups.g.lost", comparison, bound, Some(figures));
        (held.passed, held.sure, held.same_in, held.interval.is_some())
    };
    assert_eq!(said(Equal, 0.0, &[0.0; 5]), (true, false, Some(5), false));
    assert_eq!(said(Equal, 0.0, &[0.0; 4]), (true, false, None, false));
    assert_eq!(said(Equal, 0.0, &[0.0, 0.0, 1.0]), (false, true, None, false), "one is enough for no");
    assert_eq!(said(Less, 1.0, &[0.1; 10]), (true, false, Some(10), false));
    assert_eq!(said(Less, 1.0, &[2.0; 5]), (false, false, Some(5), false));
    assert_eq!(said(Less, 1.0, &[0.1, 0.1, 0.1, 0.1, 0.11]), (true, true, None, true));
}

#[test]
fn bounds_rule_out_only_what_latency_and_lag_forbid() {
    let folder = folder();
    let vary = ["--vary", "groups.billing.members=1..4", "--brief"];
    let with = |thresholds: &str| {
        let set = format!("thresholds=[{thresholds}]");
        plan(&folder, &[&["--minimize", MEMBERS, "--set", set.as_str()][..], &vary].concat())
    };
    // One member is far too few to keep up, and yet loses nothing.
    for thresholds in ["groups.billing.lost == 0", "groups.billing.lost == 0, groups.billing.lag.max > 10"] {
        let (ran, told) = with(thresholds);
        assert_eq!((ran.code, &told["answer"][MEMBERS]), (Some(0), &1.into()), "{thresholds}: {}", ran.out);
        assert_eq!(told["ruled_out"]["candidates"], 0, "{thresholds}");
    }
    for bounded in ["lag.final < 1000", "e2e_s.p99 <= 50ms"] {
        let (ran, told) = with(&format!("groups.billing.lost == 0, groups.billing.{bounded}"));
        assert_eq!((ran.code, &told["ruled_out"]["candidates"]), (Some(0), &2.into()), "{bounded}: {}", ran.out);
    }
}

#[test]
fn a_queue_that_is_nearly_full_asks_for_longer_runs() {
    let folder = folder();
    let said = |rate: &str| {
        let rate = format!("producers.shop.rate={rate}");
        let set = ["--set", rate.as_str(), "--set", "thresholds=[groups.billing.wait_s.mean < 10s]", "--brief"];
        let (ran, told) = plan(&folder, &[&["--minimize", MEMBERS][..], &set].concat());
        assert_eq!((ran.code, &told["answer"][MEMBERS]), (Some(0), &3.into()), "{}", ran.out);
        ran.out.contains("longer `run.duration`")
    };
    assert!(said("3.5k/s") && !said("2.8k/s"), "2.8 and 2.24 of three members are busy");
}

#[test]
fn a_bug_is_no_answer() {
    use conga::model::sabotage::{self, Sabotage};
    use conga::study::{answer::answer, quest, trial};
    let scenario = conga::scenario::parse(BILLING, "billing.yaml", None, &[]).unwrap_or_else(|all| panic!("{all}"));
    let goal = quest::Goal::Least(MEMBERS.to_owned());
    let quest = quest::quest(&scenario, goal, &[], None).unwrap_or_else(|all| panic!("{all}"));
    let planned = |bug: Option<Sabotage>| {
        // A bug is played in the thread of the run only.
        let engine = |plan: &conga::plan::Plan| {
            sabotage::play(bug);
            let outcome = conga::engine::run(plan, &conga::engine::Watch::quiet());
            sabotage::play(None);
            Some(outcome)
        };
        answer(&mut trial::Trials::new(&scenario, &engine, 2, &|_| {}), &quest, true).map(|answer| answer.choice)
    };
    let Err(trial::Stopped::Broken(told)) = planned(Some(Sabotage::DeliverTwice)) else {
        panic!("a broken law ends the plan");
    };
    assert!(told.starts_with("with groups.billing.members=") && told.contains("and seed 1: "), "{told}");
    assert!(matches!(planned(None), Ok(Some(_))));
}

#[test]
fn what_cannot_be_planned_is_told_with_place_and_remedy() {
    let folder = folder();
    let no_thresholds = BILLING.replace("thresholds: [groups.billing.wait_s.mean < 1.02ms]\n", "");
    fs::write(folder.path().join("aimless.yaml"), no_thresholds).expect("a file");
    let ran = conga(folder.path(), &["plan", "aimless.yaml", "--minimize", MEMBERS]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("thresholds: is missing: a plan needs an objective; add what is good enough"),
        "{}",
        ran.err
    );
    for (args, said) in [
        (&["--minimize", "groups.biling.members"][..], "`groups` has no `biling`; did you mean `billing`?"),
        (&["--minimize", "cost", "--vary", "cluster.broker=1..3"], "--vary cluster.broker=1..3: "),
        (&["--minimize", "producers.shop.linger"], "add `--vary producers.shop.linger=RANGE`"),
        (&["--minimize", MEMBERS, "--vary", "cluster.brokers=1..3"], "vary what is asked for"),
        (&["--minimize", MEMBERS, "--vary", "groups.billing.members=8..1"], "ends before it begins"),
        (&["--minimize", "cost"], "there is nothing to choose from; add `--vary"),
        (
            &["--minimize", MEMBERS, "--frontier", "producers.shop.rat=[1k/s]"],
            "unknown key `rat`; did you mean `rate`?",
        ),
        (&["--minimize", MEMBERS, "--maximize", MEMBERS], "cannot be used with"),
        (&[], "required"),
    ] {
        let (ran, _) = plan(&folder, args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ran.err.contains(said), "{args:?}: {}", ran.err);
        let by_option = ran.err.starts_with("--");
        assert!(by_option || ["cannot be used with", "required"].contains(&said), "{args:?}: {}", ran.err);
    }
    fs::create_dir(folder.path().join("out")).expect("a folder");
    fs::write(folder.path().join("out/diary.txt"), "dear diary").expect("a file");
    let (ran, _) = plan(&folder, &["--minimize", MEMBERS]);
    assert!(ran.code == Some(2) && ran.err.contains("not a plan of conga"), "{}", ran.err);
}

/// Every file that a report is made of.
fn drawn(dir: &std::path::Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let charts = fs::read_dir(dir.join("charts")).expect("charts").map(|entry| entry.expect("an entry").path());
    let files = charts.chain([dir.join("report.html")]);
    files.map(|path| (path.display().to_string(), fs::read(&path).expect("readable"))).collect()
}

#[test]
fn the_report_of_a_plan_says_the_answer_and_is_drawn_again_to_the_byte() {
    let folder = folder();
    let args = ["--minimize", MEMBERS, "--frontier", "producers.shop.rate=[1k/s, 3k/s, 30k/s]"];
    let (ran, told) = plan(&folder, &args);
    assert!(ran.out.ends_with("Plan: out/plan.json\nReport: out/report.html\n"), "{}", ran.out);
    let dir = folder.path().join("out");
    let page = fs::read_to_string(dir.join("report.html")).expect("a page").replace("&#x2f;", "/");
    assert!(page.contains(&format!("The least {MEMBERS} that holds is {}</h2>", told["answer"][MEMBERS])));
    for line in told["text"].as_array().expect("its words") {
        let line = line.as_str().expect("a line").replace('<', "&lt;");
        assert!(page.contains(&line) && ran.out.contains(&line.replace("&lt;", "<")), "{line}");
    }
    let names: Vec<String> =
        drawn(&dir).into_keys().map(|path| path.rsplit('/').next().unwrap_or("").to_owned()).collect();
    assert_eq!(names, ["cost.svg", "frontier.svg", "tried-groups.billing.wait_s.mean.svg", "report.html"]);
    let titles = |file: &str, word: &str| {
        let svg = fs::read_to_string(dir.join("charts").join(file)).expect("a chart");
        svg.split("<title>").filter(|title| title.contains("</title></rect>") && title.contains(word)).count()
    };
    let count = |passed: bool| {
        let tried = told["tried"].as_array().expect("a list").iter();
        tried.filter(|one| one["passed"] == passed && one["runs"] != 0).count()
    };
    let tried = "tried-groups.billing.wait_s.mean.svg";
    assert_eq!((titles(tried, "passes"), titles(tried, "fails")), (count(true), count(false)));
    assert_eq!((titles("frontier.svg", "none will do"), titles("frontier.svg", MEMBERS)), (1, 2), "30k/s is too much");
    let before = drawn(&dir);
    fs::remove_file(dir.join("report.html")).expect("it is there");
    let again = conga(folder.path(), &["report", "out"]);
    assert_eq!(again.code, Some(0), "{}{}", again.out, again.err);
    assert!(drawn(&dir) == before, "the same bytes");
    // What no candidate can do is said as well, and nothing is drawn of what never ran.
    let (ran, _) = plan(&folder, &["--minimize", MEMBERS, "--set", "producers.shop.rate=60k/s"]);
    assert_eq!(ran.code, Some(99));
    let page = fs::read_to_string(dir.join("report.html")).expect("a page");
    assert!(page.contains(&format!("least {MEMBERS}: nothing that was looked at will do</h2>")));
    assert!(!page.contains("<figure"), "nothing was run");
}
