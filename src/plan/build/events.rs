//! Events: one action each, its target, and what belongs to it.
//!
//! The schema knows the keys; which of them go together, and whether a target exists, is known here.
pub mod growth;

use super::distribution::drawn;
use super::findings::Findings;
use crate::model::random::Distribution;
use crate::plan::events::{Action, EventPlan, Trouble, Who};
use crate::plan::{Fails, Plan};
use crate::scenario::Scenario;
use crate::scenario::nearest;
use crate::scenario::schema::Event;
use crate::scenario::values::{Failing, Words};
use crate::units::Span;

/// Happenings of a run at most, each time of an event that comes again counted.
const MOST: u64 = 1_000_000;
/// Members a group may ever have.
const MOST_MEMBERS: u64 = 100_000;

/// All events, in the order of the file; and how many members each group has at most.
pub fn events(scenario: &Scenario, plan: &mut Plan, found: &mut Findings<'_>) {
    let written = scenario.document.events.iter().flatten();
    let (mut paths, mut joins) = (Vec::new(), vec![0; plan.groups.len()]);
    for (i, event) in written.enumerate() {
        let mut reading = Reading { plan, found, event, path: format!("events.{i}"), used: vec!["at", "every"] };
        let Some((action, target)) = reading.action() else { continue };
        reading.nothing_else();
        let path = reading.path;
        let at = drawn(&event.at, &format!("{path}.at"), found);
        let every = event.every.as_ref().map(|every| every.0);
        let times = times(plan, &at, every, &path, found);
        if let Action::Join(Who::Group(group)) = action {
            joins[group] += times;
        }
        seat(plan, &action, &path, found);
        plan.redelivers |= action.moves_members();
        plan.events.push(EventPlan { at, every, action, target });
        paths.push(path);
    }
    for (group, joins) in joins.into_iter().enumerate() {
        let path = plan.events.iter().zip(&paths).rfind(|(event, _)| event.action == Action::Join(Who::Group(group)));
        if let Some((_, path)) = path {
            grow_to(plan, group, u64::from(plan.groups[group].most_members) + joins, path, found);
        }
    }
    plan.events.iter().zip(&paths).for_each(|(event, path)| known(plan, &event.action, path, found));
    growth::in_order(plan, &paths, found);
}

/// How often an event happens at most.
fn times(plan: &Plan, at: &Distribution, every: Option<Span>, path: &str, found: &mut Findings<'_>) -> u64 {
    let Some(every) = every else { return 1 };
    if plan.run.arrivals_end.ns() == u64::MAX {
        found.error(&format!("{path}.every"), "comes again without end", "add `run.duration`");
        return 1;
    }
    let left = plan.run.arrivals_end.ns().saturating_sub(at.least() as u64);
    let times = left.div_ceil(every.ns()).max(1);
    if times > MOST {
        let message = format!("happens {times} times");
        found.error(&format!("{path}.every"), message, format!("{MOST} times are simulated at most"));
    }
    times.min(MOST)
}

/// Sees to it that there is a place for everybody who comes by number. Whoever else joins has one behind all these.
fn seat(plan: &mut Plan, action: &Action, path: &str, found: &mut Findings<'_>) {
    match *action {
        Action::Scale { group, to } => grow_to(plan, group, u64::from(to), path, found),
        Action::Join(Who::Member(group, member)) => grow_to(plan, group, u64::from(member) + 1, path, found),
        _ => {}
    }
}

/// A group has at least so many places.
fn grow_to(plan: &mut Plan, group: usize, needed: u64, path: &str, found: &mut Findings<'_>) {
    if needed > MOST_MEMBERS {
        let message = format!("would make {needed} members of `{}`", plan.groups[group].name);
        return found.error(path, message, format!("{MOST_MEMBERS} are simulated at most"));
    }
    let group = &mut plan.groups[group];
    group.most_members = group.most_members.max(needed as u32);
}

/// Whoever an event means is there at some time.
fn known(plan: &Plan, action: &Action, path: &str, found: &mut Findings<'_>) {
    let whom = action.whom();
    for (i, who) in whom.iter().enumerate() {
        let Who::Member(group, member) = *who else { continue };
        let group = &plan.groups[group];
        if member >= group.most_members {
            let key = if whom.len() > 1 { format!("{}.{i}", action.word()) } else { action.word().to_owned() };
            let message = format!("`{}` never has a member {member}", group.name);
            let remedy = format!("members are counted from 0 to {}", group.most_members - 1);
            found.error(&format!("{path}.{key}"), message, remedy);
        }
    }
}

/// One event as it is read.
struct Reading<'r, 's> {
    plan: &'r Plan,
    found: &'r mut Findings<'s>,
    event: &'r Event,
    path: String,
    /// Keys that belong to it.
    used: Vec<&'static str>,
}

impl Reading<'_, '_> {
    fn error(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        let path = if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) };
        self.found.error(&path, message, remedy);
    }

    /// The actions that are written, by name.
    fn written(&self) -> Vec<&'static str> {
        let e = self.event;
        let one = [
            ("crash", &e.crash),
            ("restart", &e.restart),
            ("leave", &e.leave),
            ("join", &e.join),
            ("scale", &e.scale),
            ("deploy", &e.deploy),
            ("pause", &e.pause),
            ("slow", &e.slow),
        ];
        let one = one.into_iter().chain([("poison", &e.poison), ("grow", &e.grow)]);
        let two = [("delay", &e.delay), ("lose", &e.lose), ("cut", &e.cut)];
        let ones = one.filter(|(_, value)| value.is_some()).map(|(name, _)| name);
        ones.chain(two.into_iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name)).collect()
    }

    /// What is done, and to whom in words.
    fn action(&mut self) -> Option<(Action, String)> {
        match self.written().as_slice() {
            [name] => self.used.push(name),
            [] => {
                self.error("", "does nothing", "add an action, such as `crash: groups.workers.0`");
                return None;
            }
            [first, second, ..] => {
                let message = format!("does two things: `{first}` and `{second}`");
                self.error("", message, "make two events of it");
                return None;
            }
        }
        let e = self.event;
        let members = |who: &Words| who.0.clone();
        let one = |words: &Option<Words>| words.as_ref().map(members);
        Some(if let Some(target) = one(&e.crash) {
            let who = self.somebody("crash", &target)?;
            (Action::Crash(who, self.lasts()), target)
        } else if let Some(target) = one(&e.restart) {
            let who = self.somebody("restart", &target)?;
            (Action::Restart(who, Some(self.must_last("is gone for good without `for`", "or write `leave`")?)), target)
        } else if let Some(target) = one(&e.leave) {
            (Action::Restart(self.members("leave", &target)?, None), target)
        } else if let Some(target) = one(&e.join) {
            (Action::Join(self.joiner(&target)?), target)
        } else if let Some(target) = one(&e.scale) {
            let group = self.group("scale", &target)?;
            let Some(to) = &e.to else {
                self.error("", "does not say to how many members", "add `to: 6`");
                return None;
            };
            self.used.push("to");
            (Action::Scale { group, to: to.0 as u32 }, format!("{target} to {}", to.0))
        } else if let Some(target) = one(&e.deploy) {
            let group = self.group("deploy", &target)?;
            let away = self.must_last("does not say how long each member is away", "such as `for: 10s`")?;
            self.used.push("gap");
            let gap = e.gap.as_ref().map_or(away, |gap| gap.0);
            (Action::Deploy { group, away, gap }, target)
        } else if let Some(target) = one(&e.pause) {
            let who = self.somebody("pause", &target)?;
            (Action::Pause(who, self.must_last("does not say for how long", "such as `for: 10s`")?), target)
        } else if let Some(target) = one(&e.slow) {
            let who = self.somebody("slow", &target)?;
            self.must_have_a_disk(who);
            let Some(by) = &e.by else {
                self.error("", "does not say how many times as long work takes", "add `by: 4`");
                return None;
            };
            self.used.push("by");
            (Action::Slow(who, by.0, self.lasts()), target)
        } else if let Some(target) = one(&e.poison) {
            self.poison(target)?
        } else if let Some(target) = one(&e.grow) {
            self.grow(&target)?
        } else {
            self.network()?
        })
    }

    /// A slow broker is one with a slow disk.
    fn must_have_a_disk(&mut self, who: Who) {
        if matches!(who, Who::Brokers | Who::Broker(_)) && self.plan.cluster.disk.is_infinite() {
            let remedy = "write `cluster.disk.bandwidth`, such as `200 MB/s`";
            self.error("slow", "a broker is as slow as its disk, and writing costs nothing here", remedy);
        }
    }

    /// The number of a topic.
    fn topic(&mut self, key: &str, target: &str) -> Option<usize> {
        let topics = || self.plan.topics.iter().map(|topic| topic.name.as_str());
        let number = target.strip_prefix("topics.").and_then(|name| topics().position(|known| known == name));
        if number.is_none() {
            let known: Vec<String> = topics().map(|name| format!("topics.{name}")).collect();
            let near = nearest(target, known.iter().map(String::as_str));
            let remedy = near.map_or("write `topics.NAME`".to_owned(), |near| format!("did you mean `{near}`?"));
            self.error(key, format!("no topic is called `{target}`"), remedy);
        }
        number
    }

    fn poison(&mut self, target: String) -> Option<(Action, String)> {
        let e = self.event;
        let topic = self.topic("poison", &target)?;
        let Some(share) = &e.share else {
            self.error("", "does not say which part of the records", "add `share: 1%`");
            return None;
        };
        self.used.extend(["share", "fails"]);
        let fails = match e.fails.as_ref().map(|fails| fails.0) {
            None | Some(Failing::Always) => Fails::Always,
            Some(Failing::Times(times)) => Fails::Times(times),
            Some(Failing::Chance(chance)) => Fails::Chance(chance),
        };
        Some((Action::Poison { topic, share: share.0, fails, lasts: self.lasts() }, target))
    }

    fn network(&mut self) -> Option<(Action, String)> {
        let e = self.event;
        let (name, pair, trouble) = if let Some(pair) = &e.delay {
            let Some(add) = &e.add else {
                self.error("", "does not say by how much", "add `add: 50ms`");
                return None;
            };
            self.used.push("add");
            ("delay", pair, Trouble::Delay(drawn(add, &format!("{}.add", self.path), self.found)))
        } else if let Some(pair) = &e.lose {
            let Some(share) = &e.share else {
                self.error("", "does not say which part is lost", "add `share: 5%`");
                return None;
            };
            self.used.push("share");
            if share.0 >= 1.0 {
                self.error("share", "is everything", "write `cut`");
            }
            ("lose", pair, Trouble::Loss(share.0))
        } else {
            ("cut", e.cut.as_ref()?, Trouble::Cut)
        };
        let [a, b] = [&pair[0].0, &pair[1].0];
        let between = [self.party(&format!("{name}.0"), a)?, self.party(&format!("{name}.1"), b)?];
        let lasts = match trouble {
            Trouble::Cut => Some(self.must_last("does not say for how long", "such as `for: 30s`")?),
            _ => self.lasts(),
        };
        Some((Action::Network(between, trouble, lasts), format!("{a} and {b}")))
    }

    fn lasts(&mut self) -> Option<Span> {
        self.used.push("for");
        self.event.lasts.as_ref().map(|d| d.0)
    }

    fn must_last(&mut self, message: &str, remedy: &str) -> Option<Span> {
        let lasts = self.lasts();
        if lasts.is_none() {
            self.error("", message, format!("add `for`, {remedy}"));
        }
        lasts
    }

    /// Keys that have no meaning for this action.
    fn nothing_else(&mut self) {
        let e = self.event;
        let written = [
            ("for", e.lasts.is_some()),
            ("to", e.to.is_some()),
            ("by", e.by.is_some()),
            ("gap", e.gap.is_some()),
            ("add", e.add.is_some()),
            ("share", e.share.is_some()),
            ("fails", e.fails.is_some()),
        ];
        for (key, is_written) in written {
            if is_written && !self.used.contains(&key) {
                let action = self.used.iter().find(|key| !["at", "every"].contains(key)).copied().unwrap_or_default();
                self.error(key, format!("means nothing for `{action}`"), "remove it");
            }
        }
    }

    /// A member or a broker, or several.
    fn somebody(&mut self, key: &str, target: &str) -> Option<Who> {
        if target.split('.').next() != Some("brokers") {
            return self.members(key, target);
        }
        self.party(key, target)
    }

    /// Who can be at the end of a way.
    fn party(&mut self, key: &str, target: &str) -> Option<Who> {
        let brokers = self.plan.cluster.brokers;
        match target.split('.').collect::<Vec<_>>().as_slice() {
            ["brokers"] => Some(Who::Brokers),
            ["brokers", number] => match number.parse::<u32>() {
                Ok(number) if number < brokers => Some(Who::Broker(number)),
                _ => {
                    let message = format!("there is no broker `{number}`");
                    self.error(key, message, format!("brokers are counted from 0 to {}", brokers - 1));
                    None
                }
            },
            ["groups", _, "coordinator"] => {
                let group = self.group_of(key, target)?;
                Some(Who::Coordinator(group))
            }
            _ => self.members(key, target),
        }
    }

    fn joiner(&mut self, target: &str) -> Option<Who> {
        let who = self.members("join", target)?;
        if let Who::AnyOf(_) = who {
            self.error("join", "`any` is one that is there already", "name the group, and one more joins it");
            return None;
        }
        Some(who)
    }

    fn members(&mut self, key: &str, target: &str) -> Option<Who> {
        let group = self.group_of(key, target)?;
        match target.split('.').collect::<Vec<_>>().as_slice() {
            [_, _] => Some(Who::Group(group)),
            [_, _, "any"] => Some(Who::AnyOf(group)),
            [_, _, number] if number.parse::<u32>().is_ok_and(|number| u64::from(number) < MOST_MEMBERS) => {
                Some(Who::Member(group, number.parse().expect("just parsed")))
            }
            _ => {
                let name = &self.plan.groups[group].name;
                let remedy = format!("write `groups.{name}`, `groups.{name}.0` or `groups.{name}.any`");
                self.error(key, format!("`{target}` names no member"), remedy);
                None
            }
        }
    }

    fn group(&mut self, key: &str, target: &str) -> Option<usize> {
        let Who::Group(group) = self.members(key, target)? else {
            self.error(key, format!("`{target}` is not a whole group"), "write `groups.NAME`");
            return None;
        };
        Some(group)
    }

    fn group_of(&mut self, key: &str, target: &str) -> Option<usize> {
        let names = || self.plan.groups.iter().map(|group| group.name.as_str());
        let mut parts = target.split('.');
        let (section, name) = (parts.next(), parts.next().unwrap_or_default());
        let found = (section == Some("groups")).then(|| names().position(|known| known == name)).flatten();
        if found.is_none() {
            let known: Vec<String> = names().map(|name| format!("groups.{name}")).collect();
            let remedy = match nearest(target, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `groups.NAME`, `groups.NAME.0` or `brokers.0`".into(),
            };
            self.error(key, format!("nobody is called `{target}`"), remedy);
        }
        found
    }
}
