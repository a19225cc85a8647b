//! What a scenario, and a client's properties file, says of the consumer protocol; and what fits nothing.
use crate::play::plan;
use conga::plan::{Plan, ServerAssignor, build};
use conga::scenario;
use conga::units::Span;

fn yaml(keys: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 6}}}}\nproducers:\n  p: {{topic: t, arrivals: {{poisson: {{rate: 1/s}}}}}}\n\
         groups:\n  g: {{topics: [t], members: 3{keys}}}\nrun: {{duration: 10s}}\n"
    )
}

/// The plan of a group with these properties beside its keys.
fn with_file(file: &str, keys: &str) -> Result<Plan, String> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("g.properties"), file).expect("a writable folder");
    let text = yaml(&format!(", kafka_properties: g.properties{keys}"));
    std::fs::write(folder.path().join("a.yaml"), text).expect("a writable folder");
    let scenario = scenario::load(&folder.path().join("a.yaml"), &[]).map_err(|problems| problems.to_string())?;
    build::plan(&scenario).map(|(plan, _)| plan).map_err(|problems| problems.to_string())
}

fn refused(keys: &str) -> String {
    let scenario = scenario::parse(&yaml(keys), "a.yaml", None, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    build::plan(&scenario).expect_err("it does not fit together").to_string()
}

#[test]
fn the_coordinator_decides_where_the_scenario_is_silent() {
    let classic = &plan(&yaml("")).groups[0];
    assert_eq!((classic.remote_assignor, classic.heartbeat), (None, Span::from_ms(3_000)));
    let silent = plan(&yaml(", protocol: consumer"));
    assert_eq!(silent.groups[0].remote_assignor, Some(ServerAssignor::Uniform));
    assert_eq!(silent.groups[0].heartbeat, Span::from_ms(5_000), "group.consumer.heartbeat.interval.ms");
    assert_eq!(silent.groups[0].session_timeout, Span::from_ms(45_000), "group.consumer.session.timeout.ms");
    assert_eq!(silent.cluster.assignment_interval, Span::from_ms(1_000), "group.consumer.assignment.interval.ms");
    let written = plan(&yaml(", protocol: consumer, assignor: range, heartbeat: 7s"));
    assert_eq!(written.groups[0].remote_assignor, Some(ServerAssignor::Range));
    assert_eq!(written.groups[0].heartbeat, Span::from_ms(7_000));
    let ideal = plan(&format!("cluster: {{ideal: true}}\n{}", yaml(", protocol: consumer")));
    assert_eq!(ideal.cluster.assignment_interval, Span::ZERO, "no delay of the protocol");
}

#[test]
fn each_protocol_has_its_assignors() {
    for assignor in ["roundrobin", "sticky", "cooperative-sticky"] {
        let said = refused(&format!(", protocol: consumer, assignor: {assignor}"));
        assert!(said.contains("a.yaml:5:") && said.contains("groups.g.assignor"), "{said}");
        assert!(
            said.contains("is one of the classic protocol") && said.contains("write `uniform` or `range`"),
            "{said}"
        );
    }
    for keys in [", assignor: uniform", ", protocol: classic, assignor: uniform"] {
        let said = refused(keys);
        assert!(said.contains("groups.g.assignor") && said.contains("add `protocol: consumer`"), "{said}");
    }
}

#[test]
fn a_file_of_properties_says_the_same() {
    let remote = |file: &str, keys: &str| with_file(file, keys).expect("a good file").groups[0].remote_assignor;
    assert_eq!(remote("group.protocol=consumer", ""), Some(ServerAssignor::Uniform));
    assert_eq!(remote("group.protocol=CONSUMER\ngroup.remote.assignor=range", ""), Some(ServerAssignor::Range));
    assert_eq!(remote("group.remote.assignor=range", ", protocol: consumer"), Some(ServerAssignor::Range));
    assert_eq!(remote("group.protocol=consumer", ", protocol: classic"), None, "the scenario goes before the file");
    assert_eq!(remote("group.protocol=classic", ""), None);
    let said = with_file("group.protocol=mine", "").expect_err("nobody knows it");
    assert!(said.contains("g.properties:1: nobody knows the group.protocol `mine`"), "{said}");
    let said = with_file("group.protocol=consumer\ngroup.remote.assignor=own", "").expect_err("nobody knows it");
    assert!(said.contains("g.properties:2: nobody knows how group.remote.assignor `own` deals"), "{said}");
}

#[test]
fn what_kafkas_client_refuses_is_refused_all_at_once() {
    let file = "group.protocol=consumer\nheartbeat.interval.ms=3000\nsession.timeout.ms=45000\n\
                partition.assignment.strategy=org.apache.kafka.clients.consumer.RangeAssignor\n";
    let said = with_file(file, "").expect_err("the coordinator decides these");
    for line in [
        "g.properties:2: heartbeat.interval.ms is the coordinator's",
        "g.properties:3: session.timeout.ms is the coordinator's",
        "g.properties:4: partition.assignment.strategy is the coordinator's",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}
