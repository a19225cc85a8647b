//! Work in the scenario: what each form means for a simulation and for a live run, and hands that do it.
use super::{at, fixture, input};
use crate::cli::{conga, json};
use conga::cli::hire::Crews;
use conga::model::random::Distribution;
use conga::payload::Generator;
use conga::plan::{App, Job, Plan, Work, build};
use conga::scenario;
use conga::units::Span;
use conga::work::{Done, Item, Labour, Place};
use rusqlite::Connection;
use std::path::Path;

fn written(group: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 2}}, u: {{partitions: 2}}}}\n\
         producers: {{p: {{topic: t, arrivals: {{poisson: {{rate: 100/s}}}}}}}}\n\
         groups: {{g: {{topics: [t], members: 2, {group}}}}}\nrun: {{duration: 10s}}\n"
    )
}

fn plan(group: &str) -> Plan {
    let read = scenario::parse(&written(group), "case.yaml", None, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    build::plan(&read).unwrap_or_else(|problems| panic!("{problems}")).0
}

/// What a simulation says of a scenario.
fn simulated(group: &str) -> Result<Plan, String> {
    let read = scenario::parse(&written(group), "case.yaml", None, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    build::simulated(&read).map(|(plan, _)| plan).map_err(|problems| problems.to_string())
}

fn is_constant(work: &Work, ns: f64) -> bool {
    matches!(work, Work::Each(Distribution::Constant(value)) if (value - ns).abs() < 1e-9)
}

#[test]
fn each_form_means_what_it_says() {
    let exec = |words: &[&str], s: u64| Job::Exec {
        words: words.iter().map(|&word| word.to_owned()).collect(),
        timeout: Span::from_ms(1_000 * s),
    };
    let cases = [
        ("work: 1ms", Job::Delay, Some(1e6)),
        ("work: {spin: 1ms}", Job::Spin(Distribution::Constant(1e6)), Some(1e6)),
        ("work: {app: flows, model: 2ms}", Job::App(App::Flows), Some(2e6)),
        ("work: {app: posts}", Job::App(App::Posts), None),
        ("work: print", Job::Print, None),
        ("work: {exec: [head, -n, 1]}", exec(&["head", "-n", "1"], 30), None),
        ("work: {exec: [cat], timeout: 5s, model: 3ms}", exec(&["cat"], 5), Some(3e6)),
    ];
    for (group, job, model) in cases {
        let planned = plan(group).groups.remove(0);
        assert_eq!((&planned.job, planned.modelled), (&job, model.is_some()), "{group}");
        assert!(is_constant(&planned.work, model.unwrap_or(0.0)), "{group}: {:?}", planned.work);
        assert_eq!(simulated(group).is_ok(), model.is_some(), "{group}");
    }
}

#[test]
fn a_simulation_refuses_what_it_cannot_do_and_says_all_of_it() {
    let told = simulated("work: {app: flows}, output: {sqlite: r.db}").expect_err("a refusal");
    assert!(
        told.contains("case.yaml:3:45 groups.g.work: works on real records, and a simulation has none; run it with")
            && told.contains("`--engine live`, or add the time it takes, such as `model: 1ms`")
            && told.contains("groups.g.output.sqlite: stores real results, and a simulation has none"),
        "{told}"
    );
    let told = simulated("work: print").expect_err("a refusal");
    assert!(told.contains("or write its time, such as `work: 1ms`"), "{told}");
    let planned = plan("work: {spin: 1ms}, output: {sqlite: r.db, topic: u}").groups.remove(0);
    assert!(planned.store.as_deref() == Some("r.db") && planned.output.is_some(), "a topic and a database");
}

#[test]
fn a_simulation_waits_for_as_long_as_it_would_spin() {
    let folder = tempfile::tempdir().expect("a folder");
    let result = |name: &str, work: &str| {
        let file = folder.path().join(name).with_extension("yaml");
        std::fs::write(&file, written(work)).expect("a file");
        let out = folder.path().join(name);
        let ran = conga(folder.path(), &["run", &file.to_string_lossy(), "--quiet", "--out", &out.to_string_lossy()]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        json(&out.join("result.json"))["groups"].clone()
    };
    let law = "{exponential: {mean: 2ms}}";
    let plain = result("plain", &format!("work: {law}"));
    assert_eq!(plain, result("spin", &format!("work: {{spin: {law}}}")));
    assert_eq!(plain, result("app", &format!("work: {{app: flows, model: {law}}}")));
    assert_eq!(plain, result("exec", &format!("work: {{exec: [cat], model: {law}}}")));
}

#[test]
fn live_scenarios_are_good_and_run_simulated_where_they_say_how_long() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, code) in [("hello-world", 2), ("flows", 0), ("posts", 0), ("sentiment", 2)] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/live").join(name).with_extension("yaml");
        let file = file.to_string_lossy();
        let checked = conga(Path::new("."), &["check", &file]);
        assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""), "{name}");
        assert_eq!(checked.out.trim_end().ends_with("; needs `--engine live`"), code == 2, "{}", checked.out);
        let out = folder.path().join(name);
        let ran = conga(Path::new("."), &["run", &file, "--quiet", "--out", &out.to_string_lossy()]);
        assert_eq!(ran.code, Some(code), "{name}: {}", ran.err);
        assert!(code == 0 || ran.err.contains("run it with `--engine live`"), "{}", ran.err);
    }
}

/// Gives the members of a group records, 25 at a time, in turn; what they passed on.
fn work(plan: &Plan, crews: &Crews, records: &[Vec<u8>]) -> Vec<String> {
    let mut hands: Vec<_> =
        crews.hire_all(plan).expect("it can be done").remove(0).into_iter().map(|hand| hand.expect("work")).collect();
    let mut passed = Vec::new();
    for (i, batch) in records.chunks(25).enumerate() {
        let (partition, base) = (i as u32 % 2, i as u64 / 2 * 25);
        let place = Place { group: "g", member: partition, topic: "t", partition };
        let items: Vec<Item<'_>> =
            (base..).zip(batch).map(|(offset, value)| Item { offset, due_ns: at(i), key: Some(b"k"), value }).collect();
        let mut done = Done::default();
        hands[i % 2].work(&place, &items, &mut done).expect("it works");
        assert_eq!((done.took.len(), done.ends.len()), (batch.len(), batch.len()));
        let begins = std::iter::once(0).chain(done.ends.iter().copied());
        passed.extend(begins.zip(&done.ends).map(|(a, &b)| String::from_utf8_lossy(&done.results[a..b]).into_owned()));
        if i % 3 == 0 {
            hands[i % 2].flush().expect("it is safe");
        }
    }
    for mut hand in hands {
        let told = hand.finish().expect("it ends well");
        assert_eq!(told.is_null(), plan.groups[0].store.is_none(), "{told}");
    }
    passed
}

#[test]
fn hands_do_what_the_plan_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = input(Generator::Posts);
    let plan_of = plan("work: {app: sentiment}, output: {sqlite: moods.db}");
    let crews = Crews::new(&plan_of, folder.path());
    let passed = work(&plan_of, &crews, &records);
    let tables = crews.tables(0);
    let files = crews.files(&plan_of);
    assert_eq!(files[0].0, Path::new("work").join("g").join("sentiment.csv"));
    assert!(files.len() == 2 && files[0].1 == tables[0].csv());
    let expected = std::fs::read_to_string(fixture("sentiment.expected")).expect("a fixture");
    let table = |name: &str| tables.iter().find(|table| table.name == name).expect("a table").csv();
    assert!(expected.contains(&String::from_utf8(table("words")).expect("text")), "both together found all words");
    let db = Connection::open(folder.path().join("moods.db")).expect("a database");
    let number = |query: &str| db.query_row(query, [], |row| row.get::<_, u32>(0)).expect("a number") as usize;
    assert_eq!(number("SELECT count(*) FROM results"), records.len());
    assert_eq!(number("SELECT sum(amount) FROM windows WHERE measure = 'texts'"), records.len());
    let first =
        db.query_row("SELECT CAST(result AS TEXT) FROM results WHERE partition = 0 AND offset = 0", [], |row| {
            row.get::<_, String>(0)
        });
    assert_eq!(first.expect("a row"), passed[0]);
    // Once more, as after a crash: new hands, the same database.
    let again = Crews::new(&plan_of, folder.path());
    work(&plan_of, &again, &records);
    assert_eq!(number("SELECT sum(amount) FROM windows WHERE measure = 'texts'"), records.len());
}

#[test]
fn hands_run_programs_spin_and_wait_for_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let records: Vec<Vec<u8>> = (0..100).map(|i| format!("record {i}").into_bytes()).collect();
    let texts: Vec<String> = (0..100).map(|i| format!("record {i}")).collect();
    let echo = plan("work: {exec: [sed, -u, s/record/seen/]}");
    let seen: Vec<String> = texts.iter().map(|text| text.replace("record", "seen")).collect();
    assert_eq!(work(&echo, &Crews::new(&echo, folder.path()), &records), seen);
    let spin = plan("work: {spin: 20us}");
    let crews = Crews::new(&spin, folder.path());
    let mut hand = crews.hire(&spin, 0, 0).expect("it can be done").expect("work");
    let place = Place { group: "g", member: 0, topic: "t", partition: 0 };
    let items: Vec<Item<'_>> =
        (0..).zip(&records).map(|(offset, value)| Item { offset, due_ns: 0, key: None, value }).collect();
    let mut done = Done::default();
    hand.work(&place, &items, &mut done).expect("it works");
    assert!(done.took.iter().all(|took| took.ns() >= 20_000), "{:?}", done.took);
    let waits = plan("work: 1ms");
    assert!(Crews::new(&waits, folder.path()).hire(&waits, 0, 0).expect("nothing fails").is_none());
    let nobody = plan("work: {exec: [no-such-program]}");
    let told = format!("{:#}", Crews::new(&nobody, folder.path()).hire(&nobody, 0, 1).expect_err("it is not there"));
    assert!(told.starts_with("the work of member 1 of group `g`: `no-such-program` cannot be started"), "{told}");
}
