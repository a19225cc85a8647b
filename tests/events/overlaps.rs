//! Events that meet: of brokers all at once, at somebody who stands still already, or before the one before is over.
use super::{latency, near, scenario, sound, value};
use crate::play::group;
use conga::outcome::result::Outcome;

/// Two members, a broker that can be slow, a network that takes its time.
fn two(keys: &str, events: &str) -> String {
    scenario(keys, events)
        .replace("members: 1", "members: 2")
        .replace("t: {partitions: 1}", "t: {partitions: 2}")
        .replace("ideal: true", "ideal: true, network: {delay: 1ms}, disk: {bandwidth: 200 MB/s}")
}

/// What a member did, and from when on, in whole seconds.
fn lane(outcome: &Outcome, member: u32) -> Vec<(u64, &str)> {
    let rows = outcome.lanes.iter().filter(|row| row.member == member);
    // Between two partitions it waits for a moment.
    let rows = rows.filter(|row| row.to_s - row.from_s > 0.5);
    let mut lane: Vec<(u64, &str)> = rows.map(|row| (row.from_s as u64, row.state.as_str())).collect();
    lane.dedup_by_key(|(_, state)| *state);
    lane
}

#[test]
fn all_brokers_at_once_crash_restart_stand_still_and_are_slow() {
    for (event, longest) in [
        ("crash: brokers, for: 5s", 30.0),
        ("restart: brokers, for: 5s", 30.0),
        ("pause: brokers, for: 3s", 30.0),
        ("slow: brokers, by: 2, for: 5s", 0.1),
    ] {
        let text = two("", &format!(" - {{at: 10s, {event}}}\n"));
        let text = text.replace("ideal: true", "ideal: true, brokers: 2");
        let outcome = sound(&text);
        let g = group(&outcome, "g");
        near(g.backlog, 0.0, 0.0);
        assert!(latency(g)[1] < longest, "{event}: {}", latency(g)[1]);
    }
}

#[test]
fn whoever_is_asked_to_end_while_it_stands_still_hears_first_what_came_for_it() {
    // Most of the time it waits for the answer to a commit.
    let text = scenario(
        ", commit: {after: poll}",
        " - {at: 10s, pause: groups.g.0, for: 5s}\n - {at: 12s, restart: groups.g.0, for: 10s}\n",
    );
    let outcome = sound(&text.replace("ideal: true", "ideal: true, network: {delay: 50ms}"));
    assert_eq!(lane(&outcome, 0), [(0, "working"), (10, "paused"), (12, "left"), (22, "working")]);
    near(group(&outcome, "g").duplicates, 0.0, 0.0);
}

#[test]
fn a_broker_that_goes_while_it_stands_still_is_there_when_it_is_back() {
    for how in ["crash", "restart"] {
        let text =
            two("", &format!(" - {{at: 10s, pause: brokers.0, for: 2m}}\n - {{at: 12s, {how}: brokers.0, for: 5s}}\n"));
        let outcome = sound(&text);
        assert!(latency(group(&outcome, "g"))[1] < 40.0, "{how}: {}", latency(group(&outcome, "g"))[1]);
    }
    // One that is gone does not stand still.
    let outcome = sound(&two("", " - {at: 10s, crash: brokers.0, for: 5s}\n - {at: 12s, pause: brokers.0, for: 2m}\n"));
    assert!(latency(group(&outcome, "g"))[1] < 40.0);
}

#[test]
fn who_joins_takes_the_place_of_nobody_who_comes_back() {
    let events = " - {at: 10s, crash: groups.g.0, for: 20s}\n - {at: 15s, join: groups.g}\n";
    let crashed_and_back = |outcome: &Outcome| {
        let lane = lane(outcome, 0);
        assert_eq!(lane.iter().filter(|(_, state)| *state == "crashed").count(), 1, "{lane:?}");
        [lane[1].0, lane[2].0]
    };
    let outcome = sound(&two("", events));
    assert_eq!(crashed_and_back(&outcome), [10, 30]);
    assert_eq!(lane(&outcome, 2)[0].0, 15);
    // Whoever takes a place by name stays there.
    let outcome = sound(&two("", &events.replace("join: groups.g}", "join: groups.g.0}")));
    assert_eq!(crashed_and_back(&outcome), [10, 15]);
}

#[test]
fn an_outage_lasts_as_long_as_it_says_though_the_next_is_due_meanwhile() {
    // Gone from 5 s to 35 s and from 45 s to 75 s: what is due at 25 s and at 65 s befalls nobody.
    let text = two("", " - {at: 5s, every: 20s, crash: brokers.0, for: 30s}\n");
    let outcome = sound(&text.replace("duration: 40s", "duration: 75s"));
    let appended = |from: f64, to: f64| {
        let rows = outcome.series.iter().filter(|row| row.interval.start_s >= from && row.interval.end_s <= to);
        rows.map(|row| row.appended_per_s[0] * (row.interval.end_s - row.interval.start_s)).sum::<f64>()
    };
    near(appended(6.0, 34.0), 0.0, 0.0);
    near(appended(46.0, 74.0), 0.0, 0.0);
    assert!(appended(35.0, 45.0) > 5_000.0, "{}", appended(35.0, 45.0));
}

#[test]
fn the_end_of_one_event_is_not_the_end_of_another() {
    // Slow from 10 s to 20 s, though a shorter one is over at 12 s: 250 of 500 a second.
    let slow = " - {at: 10s, slow: groups.g.0, by: 4, for: 10s}\n - {at: 11s, slow: groups.g.0, by: 4, for: 1s}\n";
    near(group(&sound(&scenario("", slow)), "g").lag.max.expect("known"), 2500.0, 10.0);
    // What lasts longer than until the next: all the time from 10 s on.
    let again = " - {at: 10s, every: 5s, slow: groups.g.0, by: 4, for: 8s}\n";
    near(group(&sound(&scenario("", again)), "g").lag.max.expect("known"), 30.0 * 250.0, 30.0);
    let ways = |event: &str| {
        let text = scenario("", event).replace("ideal: true", "ideal: true, network: {delay: 1ms}");
        value(group(&sound(&text), "g").e2e_s.p50)
    };
    let usual = ways(" - {at: 0s, delay: [groups.g, brokers.0], add: 20ms}\n");
    near(ways(" - {at: 0s, every: 5s, delay: [groups.g, brokers.0], add: 20ms, for: 9s}\n"), usual * 2.0, usual * 0.4);
}

#[test]
fn slow_and_still_at_once_is_still_for_as_long_as_it_says() {
    let [slow, pause] = ["slow: groups.g.0, by: 4, for: 10s", "pause: groups.g.0, for: 5s"];
    for (first, second) in [(slow, pause), (pause, slow)] {
        let outcome =
            sound(&scenario("", &format!(" - {{at: 10000500us, {first}}}\n - {{at: 12000500us, {second}}}\n")));
        let g = group(&outcome, "g");
        // Half of a record is done when the first happens. The one in work when it stops takes that long, and its rest at
        // most four times as long.
        near(value(g.work_s.max), 5.004, 0.008);
        near(g.duplicates, 0.0, 0.0);
    }
}

#[test]
fn what_is_due_when_nothing_is_left_to_do_happens() {
    let text =
        scenario("", " - {at: 14s, crash: groups.g, for: 5m}\n").replace("arrivals:", "messages: 100, arrivals:");
    let outcome = crate::play::play(&text.replace("duration: 40s", "duration: 10m"));
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    assert_eq!(lane(&outcome, 0), [(0, "working"), (14, "crashed"), (314, "working")]);
}

#[test]
fn members_are_known_whatever_the_order_of_events() {
    let events = [" - {at: 10s, crash: groups.g.2, for: 1s}\n", " - {at: 5s, scale: groups.g, to: 3}\n"];
    assert_eq!(crate::play::plan(&scenario("", &events.concat())).groups[0].most_members, 3);
    assert_eq!(crate::play::plan(&scenario("", &[events[1], events[0]].concat())).groups[0].most_members, 3);
    // Whoever joins finds a place beside all who come by number.
    for order in [[0, 1], [1, 0]] {
        let events = [" - {at: 5s, scale: groups.g, to: 3}\n", " - {at: 10s, join: groups.g}\n"];
        let text = scenario("", &order.map(|i| events[i]).concat());
        assert_eq!(crate::play::plan(&text).groups[0].most_members, 4);
    }
}

#[test]
fn everybody_who_joins_has_a_place() {
    let text = scenario("", " - {at: {uniform: {min: 0s, max: 30s}}, every: 5s, join: groups.g}\n");
    // At 0 s and every 5 s before 40 s.
    assert_eq!(crate::play::plan(&text).groups[0].most_members, 1 + 8);
}
