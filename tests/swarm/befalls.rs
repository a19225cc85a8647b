//! Drafts of events: anything that can befall anybody, at short notice, so that it meets whatever is going on.
//!
//! Who it befalls is drawn as a number, and becomes a name when the groups of the scenario are known.
use super::draft::{key, keys, one_of};
use proptest::prelude::*;

/// An event before it is text.
#[derive(Clone, Debug)]
pub struct Befalls {
    at: String,
    /// With `{who}`, `{group}`, `{topic}` and `{broker}` for whom it befalls.
    action: String,
    who: usize,
    /// Which member of the group, or all.
    member: &'static str,
}

impl Befalls {
    /// A line of the list; nothing where there is nobody whom it could befall. Of each topic is said how many partitions it
    /// has, if it may grow, which it does once.
    pub fn yaml(&self, groups: &[usize], topics: &mut [Option<u32>], brokers: u32, deletes: bool) -> Option<String> {
        // What brokers that fail keep is not deleted by age or size.
        if deletes && FAILING.iter().any(|action| self.action.starts_with(action)) {
            return None;
        }
        if brokers == 1 && self.action.contains("{other}") {
            return None;
        }
        let needs_group = self.action.contains("{who}") || self.action.contains("{group}");
        let group = match groups.get(self.who % groups.len().max(1)) {
            Some(group) => format!("groups.g{group}"),
            None if needs_group => return None,
            None => String::new(),
        };
        let action = self.action.replace("{who}", &format!("{group}{}", self.member)).replace("{group}", &group);
        let topic = self.who % topics.len();
        let mut action = action.replace("{topic}", &format!("topics.t{topic}"));
        if action.contains("{more}") {
            let more = topics[topic].take()? + 1 + self.who as u32 / 3;
            action = action.replace("{more}", &more.to_string());
        }
        let broker = |nth: usize| format!("brokers.{}", nth as u32 % brokers);
        let action = action.replace("{broker}", &broker(self.who)).replace("{other}", &broker(self.who + 1));
        Some(format!("  - {{at: {}, {action}}}\n", self.at))
    }

    /// Whether everything is done in the end all the same.
    pub fn settles(&self) -> bool {
        ["leave", "scale", "attempts"].iter().all(|word| !self.action.contains(word))
            && self.action != "crash: {broker}"
    }
}

/// Where these happen brokers can fail.
const FAILING: [&str; 4] = ["crash: {broker}", "restart: {broker}", "pause: {broker}", "cut: [{broker}"];

/// A few events, or more often none.
pub fn befalls() -> impl Strategy<Value = Vec<Befalls>> {
    prop_oneof![2 => Just(Vec::new()), 3 => proptest::collection::vec(one(), 1..5)]
}

fn one() -> impl Strategy<Value = Befalls> {
    let at = prop_oneof![
        (0_u32..600).prop_map(|ms| format!("{ms}ms")),
        Just("{uniform: {min: 10ms, max: 400ms}}".to_owned()),
    ];
    let long = one_of(&["1ms", "20ms", "70ms", "200ms"]);
    let lasting = |text: &'static str| long.clone().prop_map(move |long| format!("{text}, for: {long}")).boxed();
    let action = prop_oneof![
        lasting("crash: {who}"),
        lasting("restart: {who}"),
        Just("leave: {who}".to_owned()),
        Just("join: {group}".to_owned()),
        (1_u32..9).prop_map(|to| format!("scale: {{group}}, to: {to}")),
        lasting("deploy: {group}, gap: 30ms"),
        lasting("pause: {who}"),
        lasting("pause: {broker}"),
        lasting("crash: {broker}"),
        lasting("restart: {broker}"),
        Just("crash: {broker}".to_owned()),
        lasting("cut: [{broker}, {other}]"),
        lasting("slow: {who}, by: 5"),
        Just("slow: {who}, by: 0.5".to_owned()),
        lasting("delay: [{who}, brokers], add: {exponential: {mean: 5ms}}"),
        lasting("lose: [{group}, {broker}], share: 20%"),
        lasting("cut: [{who}, {broker}]"),
        Just("grow: {topic}, to: {more}".to_owned()),
        lasting("cut: [{group}, {group}.coordinator]"),
        (one_of(&["always", "1", "5", "30%"]), one_of(&["1%", "50%"]))
            .prop_map(|(fails, share)| format!("poison: {{topic}}, share: {share}, fails: {fails}, for: 50ms")),
    ];
    let member = prop::sample::select(&["", ".0", ".any"][..]);
    (at, action, 0..12_usize, member).prop_map(|(at, action, who, member)| Befalls { at, action, who, member })
}

/// How soon a client hears that a topic has grown.
pub fn metadata() -> BoxedStrategy<String> {
    key("metadata_max_age", one_of(&["3ms", "50ms", "400ms"]))
}

/// Keys of a group whose members come and go at such notice.
pub fn membership() -> BoxedStrategy<String> {
    let retry =
        one_of(&["{attempts: 1}", "{attempts: 4, backoff: 1ms}", "{attempts: 3, backoff: 2ms, backoff_max: 3ms}"]);
    keys(vec![
        one_of(&[
            "",
            ", assignor: range",
            ", assignor: roundrobin",
            ", assignor: sticky",
            ", assignor: cooperative-sticky",
            ", protocol: consumer",
            ", protocol: consumer, assignor: range",
        ]),
        one_of(&["", "", ", start: cold, offset_reset: earliest", ", start: cold"]),
        one_of(&[
            "",
            ", heartbeat: 5ms",
            ", heartbeat: 1s",
            ", heartbeat: 500ms, session_timeout: 2s",
            ", heartbeat: 20ms, session_timeout: 300ms",
        ]),
        key("static", one_of(&["true", "false"])),
        metadata(),
        key("retry", retry),
    ])
}
