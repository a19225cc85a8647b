//! Events that meet: of brokers all at once, at somebody who stands still already, or before the one before is over.
use super::scenario;

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
