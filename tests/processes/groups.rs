//! A killed consumer process is a crashed member: where a group runs its protocol, sessions expire, the others take over, and
//! whoever is started in its place joins anew.
use super::{group, has_begun, kill, live, pause, sound, started_in};
use std::path::Path;

/// Two members in two processes, in a group that began cold.
fn scenario(protocol: &str) -> String {
    format!(
        "topics: {{events: {{partitions: 4}}}}\ncluster: {{ideal: true}}\n\
         producers: {{edge: {{topic: events, arrivals: {{constant: {{rate: 1k/s}}}}, messages: 6000, linger: 10ms}}}}\n\
         groups:\n  workers: {{topics: [events], members: 2, work: 200us, commit: {{every: 100}}, start: cold,\n\
         \x20   offset_reset: earliest, heartbeat: 100ms, session_timeout: 800ms, {protocol}}}\n\
         run: {{seed: 1, interval: 500ms}}\n"
    )
}

/// Kills one of two processes more than a second after both have begun: their group has begun by then.
fn kill_a_member(folder: &Path) {
    while started_in(folder).iter().filter(|&&process| has_begun(process)).count() < 2 {
        pause();
    }
    (0..60).for_each(|_| pause());
    assert!(started_in(folder).first().is_some_and(|&process| kill("-9", process)), "it is still there");
}

#[test]
fn a_killed_process_is_a_crashed_member() {
    for protocol in ["assignor: range", "assignor: cooperative-sticky", "protocol: consumer"] {
        let outcome = live(&scenario(protocol), 2, kill_a_member).0;
        sound(&outcome);
        let workers = group(&outcome, "workers");
        assert_eq!([workers.processed, workers.backlog, workers.lost].map(|n| n as u64), [6_000, 0, 0], "{protocol}");
        assert_eq!(workers.attempts as u64, (workers.processed + workers.duplicates) as u64, "{protocol}");
        let reasons: Vec<&str> = workers.rebalances.iter().map(|one| one.reason.as_str()).collect();
        let expired = reasons.iter().position(|&reason| reason == "session timeout");
        let expired = expired.unwrap_or_else(|| panic!("{protocol}: {reasons:?}"));
        assert!(reasons[expired..].contains(&"join"), "{protocol}: whoever came joined anew: {reasons:?}");
        let at = |what: &str| {
            let events = &outcome.result.events;
            events.iter().find(|event| event.what == what).unwrap_or_else(|| panic!("{protocol}: {events:?}")).at_s
        };
        let (lost, back) = (at("consumer process lost"), at("consumer process replaced"));
        let missed = workers.rebalances[expired].at_s;
        // A session is counted from the last heartbeat, and the other process is not waited for.
        assert!(missed - lost > 0.5 && missed - lost < 2.0, "{protocol}: lost at {lost}, missed at {missed}");
        assert!(back >= missed - 0.2, "{protocol}: missed at {missed}, replaced at {back}");
        assert!(outcome.lanes.iter().any(|row| row.state == "crashed"), "{protocol}: {:?}", outcome.lanes);
    }
}
