//! The coordinator's wait for the first members of an empty group, by the machine itself.
use conga::model::coordinator::Coordinator;
use conga::model::coordinator::classic::{Classic, Settings};
use conga::model::machine::{Fact, Input, Machine, Outbox};
use conga::model::protocol::{ActorId, Join, MemberKey, Message, Timer};
use conga::units::{Span, Time};
use serde_json::{Value, json};

/// What the coordinator has said, and when it wants to be woken for its rebalance.
#[derive(Default)]
struct Said {
    messages: Vec<Message>,
    wakes: Vec<Time>,
}

impl Outbox for Said {
    fn send(&mut self, _: ActorId, message: Message) {
        self.messages.push(message);
    }
    fn send_at(&mut self, _: Time, _: ActorId, _: Message) {
        panic!("a coordinator answers at once");
    }
    fn wake(&mut self, timer: Timer, at: Time) {
        if timer == Timer::Rebalance {
            self.wakes.push(at);
        }
    }
    fn observe(&mut self, _: &Fact<'_>) {}
}

/// When everybody is told that they take part, and how many they are.
pub fn initial_join(input: &Value) -> Value {
    let ms = |value: &Value| Span::from_ms(value.as_u64().expect("milliseconds"));
    let (initial_delay, patience) = (ms(&input["initial_rebalance_delay_ms"]), ms(&input["rebalance_timeout_ms"]));
    let settings = Settings { group: 0, first_member: 0, initial_delay };
    let mut coordinator = Coordinator::new(0, 1).running(Classic::empty(settings)).cold();
    let (mut out, mut joins) = (Said::default(), input["join_times_ms"].as_array().expect("times").iter().map(ms));
    let (mut next, mut member) = (joins.next(), 0);
    loop {
        let joins_at = next.map_or(Time::NEVER, |at| Time::ZERO + at);
        let wakes_at = out.wakes.first().copied().unwrap_or(Time::NEVER);
        assert!(joins_at.min(wakes_at) < Time::NEVER, "nobody is ever told");
        // Where both are due, the timer is the older one.
        if wakes_at <= joins_at {
            out.wakes.remove(0);
            coordinator.handle(wakes_at, Input::Fired(Timer::Rebalance), &mut out);
        } else {
            for known in [false, true] {
                let key = MemberKey { member, incarnation: 1 };
                let session = Span::from_ms(3_600_000);
                let join = Join {
                    key,
                    known,
                    fixed: false,
                    owned: Vec::new(),
                    generation: 0,
                    session,
                    patience,
                    grown: false,
                };
                let message = Message::Join(Box::new(join));
                coordinator.handle(joins_at, Input::Received { from: ActorId(member), message }, &mut out);
            }
            (next, member) = (joins.next(), member + 1);
        }
        let told = |message: &Message| matches!(message, Message::Joined(joined) if joined.refused.is_none());
        let members = out.messages.drain(..).filter(told).count();
        if members > 0 {
            let at = wakes_at.since(Time::ZERO).ns() / 1_000_000;
            return json!({ "join_phase_completes_at_ms": at, "members_in_generation_1": members });
        }
    }
}
