//! Bugs that were found once, as the stories they were found in: none of them comes back.
use crate::play::{group, plan, play, producer};
use conga::outcome::result::Outcome;

/// Runs a scenario given as the differences from one topic, one producer and one group; no law may break.
fn check(topics: &str, producer: &str, group: &str, run: &str) -> Outcome {
    let outcome = play(&format!(
        "topics: {{t: {topics}}}\ncluster: {{ideal: true}}\nproducers: {{p: {{topic: t, {producer}}}}}\n\
         groups: {{g: {{topics: [t], members: 1{group}}}}}\nrun: {{{run}}}\n"
    ));
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    outcome
}

#[test]
fn records_that_take_no_time_do_not_end_the_polling() {
    // A poll whose records were all done at once armed no timer, and the rest of the batch stayed where it was.
    for commit in ["{after: poll}", "{every: 3}", "{auto: 5s}"] {
        let arrivals = "arrivals: {batches: {rate: 10/s, size: 20}}";
        let small = format!(", poll: {{max_records: 1}}, commit: {commit}");
        let outcome = check("{partitions: 1}", arrivals, &small, "duration: 1s, drain: 1s");
        let group = group(&outcome, "g");
        assert!(group.processed > 0.0 && group.backlog == 0.0, "{} left of {}", group.backlog, group.processed);
        assert_eq!(group.e2e_s.max.value(), producer(&outcome, "p").publish_s.max.value(), "nothing waits");
    }
}

#[test]
fn a_free_fetch_that_does_not_wait_is_refused() {
    // It was repeated at the same instant for ever.
    let yaml = |cluster: &str| {
        format!(
            "topics: {{t: {{partitions: 1}}}}\ncluster: {cluster}\n\
             producers: {{p: {{topic: t, arrivals: {{constant: {{rate: 10/s}}}}}}}}\n\
             groups: {{g: {{topics: [t], members: 1, fetch: {{max_wait: 0s}}}}}}\nrun: {{duration: 1s}}\n"
        )
    };
    let free = conga::scenario::parse(&yaml("{ideal: true}"), "test.yaml", None, &[]).expect("it is well formed");
    let problems = conga::plan::build::plan(&free).expect_err("it would never end").to_string();
    assert!(problems.contains("groups.g.fetch.max_wait") && problems.contains("repeated without end"), "{problems}");
    plan(&yaml("{ideal: true, network: {delay: 100us}}"));
}
