//! The agenda against the plainest one there is: a sorted set by time and turn.
use conga::engine::sim::agenda::Agenda;
use conga::model::machine::Input;
use conga::model::protocol::{ActorId, Timer};
use conga::units::Time;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What one thing that happens asks for: so many nanoseconds later, each.
type Asks = Vec<u64>;

fn number(input: &Input) -> u32 {
    match input {
        Input::Fired(Timer::Ready(number)) => *number,
        other => panic!("nobody asked for {other:?}"),
    }
}

/// Plays both side by side: what happens asks for what comes next on the list.
fn check(begin: &[u64], asks: &[Asks], limit: u64) {
    let (mut agenda, mut plain) = (Agenda::default(), BTreeSet::new());
    let mut turn = 0;
    let mut add = |agenda: &mut Agenda, plain: &mut BTreeSet<(u64, u32)>, at: u64| {
        if turn % 2 == 0 {
            agenda.add(Time::from_ns(at), ActorId(0), Input::Fired(Timer::Ready(turn)));
        } else {
            agenda.wake(Time::from_ns(at), ActorId(0), Timer::Ready(turn));
        }
        plain.insert((at, turn));
        turn += 1;
    };
    for at in begin {
        add(&mut agenda, &mut plain, 1 + at);
    }
    let (mut happened, mut edge) = (0, limit);
    while let Some(&(at, turn)) = plain.first() {
        assert_eq!(agenda.next_at().map(Time::ns), Some(at), "the {happened}th");
        if at >= edge {
            assert!(agenda.pop(Time::from_ns(edge)).is_none(), "nothing happens at {edge} or later");
            edge += limit * ((at - edge) / limit + 1);
            continue;
        }
        plain.pop_first();
        let (now, _, input) = agenda.pop(Time::from_ns(edge)).expect("something is left");
        assert_eq!((now.ns(), number(&input)), (at, turn), "the {happened}th");
        for later in asks.get(happened).into_iter().flatten() {
            add(&mut agenda, &mut plain, at + later);
        }
        happened += 1;
    }
    assert!(agenda.pop(Time::NEVER).is_none());
}

/// Ties, neighbours, days and years apart.
fn later() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 2 => 1_u64..4, 2 => 0_u64..100_000, 1 => 0_u64..100_000_000, 1 => 0_u64..10_000_000_000]
}

proptest! {
    #[test]
    fn agenda_happens_in_order_of_time_and_turn(
        begin in prop::collection::vec(later(), 1..40),
        asks in prop::collection::vec(prop::collection::vec(later(), 0..3), 0..400),
        limit in prop_oneof![Just(u64::MAX / 4), 1_000_u64..10_000_000_000],
    ) {
        // Where edges are close, time must not run far ahead of them.
        let furthest = 10_000_000_000 * (asks.len() as u64 + 1);
        check(&begin, &asks, limit.max(furthest / 100_000));
    }
}

/// Thousands of entries, so that the agenda changes the length of its days in the middle of many equal instants.
#[test]
fn agenda_keeps_ties_in_order_while_it_tunes_itself() {
    for grain in [1, 50, 1 << 14, 1 << 22] {
        let begin: Vec<u64> = (0..600).map(|i| (i * 7 % 13) * grain).collect();
        let asks: Vec<Asks> = (0..30_000_u64)
            .map(|i| match i % 5 {
                0 => vec![0, grain * (i % 3)],
                1 => vec![grain],
                2 => vec![0],
                3 => vec![grain * (i % 1_000)],
                _ => vec![],
            })
            .collect();
        check(&begin, &asks, u64::MAX / 4);
    }
}
