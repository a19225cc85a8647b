//! The consumer protocol (KIP-848): the coordinator by scripted heartbeats, then whole groups.
mod keys;
mod scenarios;
mod script;
mod troupe;

use conga::model::protocol::Reason;
use conga::model::random::Stream;
use conga::model::sabotage::{self, Sabotage};
use conga::units::Span;
use script::{Group, member, reads};
use troupe::{PATIENCE_S, Troupe, Turn};

#[test]
fn the_first_member_is_given_everything_at_once_and_the_second_waits_for_the_interval() {
    let mut group = Group::of(4);
    assert_eq!(group.at(0.0).join(0), Ok((1, vec![0, 1, 2, 3])));
    // A second later at the earliest, whoever is heard then.
    assert_eq!(group.at(0.4).join(1), Ok((1, vec![])), "the target is that of the first");
    assert_eq!(group.at(0.9).stay(0, 1, None), Ok((1, None)));
    assert_eq!(group.at(1.1).stay(0, 1, None), Ok((1, Some(vec![0, 1]))), "computed in anybody's heartbeat");
    assert_eq!(group.protocol.epoch(), 2);
}

#[test]
fn what_moves_waits_for_two_heartbeats_and_nothing_else_waits() {
    let mut group = Group::of(6);
    group.at(0.0).join(0).expect("the first");
    group.at(5.0).join(1).expect("the second");
    assert_eq!(group.at(6.0).stay(0, 1, None), Ok((1, Some(vec![0, 1, 2]))), "told to give up, in its old epoch");
    assert_eq!(group.at(7.0).stay(1, 2, None), Ok((2, None)), "nothing is free yet");
    assert_eq!(group.at(8.0).stay(0, 1, None), Ok((1, None)), "says nothing: still has them");
    assert_eq!(group.at(9.0).stay(0, 1, Some(&[0, 1, 2])), Ok((2, None)), "has given up");
    assert_eq!(group.at(12.0).stay(1, 2, None), Ok((2, Some(vec![3, 4, 5]))));
    let (reason, began, generation) = group.rebalanced.pop().expect("everybody is there");
    assert_eq!((reason, began, generation), (Reason::Joined, 5.0, 2));
}

#[test]
fn whoever_does_not_give_up_in_time_is_out_and_the_others_go_on() {
    let mut group = Group::of(6);
    group.at(0.0).join(0).expect("the first");
    group.at(2.0).join(1).expect("the second");
    group.at(4.0).join(2).expect("the third");
    assert_eq!(group.at(5.0).stay(0, 1, None), Ok((1, Some(vec![0, 1]))));
    group.at(6.0).stay(1, 2, None).expect("it goes on");
    for second in (10..=300).step_by(5) {
        assert_eq!(group.at(f64::from(second)).stay(0, 1, None), Ok((1, None)), "it is alive and processes");
        assert_eq!(group.at(f64::from(second)).stay(1, 3, None).map(|(epoch, _)| epoch), Ok(3));
        assert_eq!(group.at(f64::from(second)).stay(2, 3, None).map(|(epoch, _)| epoch), Ok(3));
    }
    // 300 s after it was told.
    group.at(304.9);
    assert_eq!(group.protocol.epoch(), 3);
    group.at(305.1);
    assert_eq!(group.gone, [(0, Reason::Evicted)]);
    assert_eq!(group.at(306.0).stay(0, 1, None), Err("UnknownMember".to_owned()));
    let (epoch, had) = group.at(307.0).stay(1, 3, None).expect("it is in the group");
    let (_, other) = group.at(307.0).stay(2, 3, None).expect("it is in the group");
    assert_eq!((epoch, had.map(|list| list.len()), other.map(|list| list.len())), (4, Some(3), Some(3)));
}

#[test]
fn a_member_that_is_not_heard_for_its_session_is_out() {
    let mut group = Group::of(2);
    group.at(0.0).join(0).expect("the first");
    group.at(2.0).join(1).expect("the second");
    group.at(3.0).stay(0, 1, Some(&[0])).expect("it gives up at once");
    group.at(40.0).stay(1, 2, None).expect("it is alive");
    group.at(47.9);
    assert_eq!(group.gone, []);
    group.at(48.1);
    assert_eq!(group.gone, [(0, Reason::Expired)]);
    assert_eq!(group.at(50.0).stay(1, 2, None), Ok((3, Some(vec![0, 1]))));
}

#[test]
fn leaving_frees_at_once() {
    let mut group = Group::of(2);
    group.at(0.0).join(0).expect("the first");
    group.at(2.0).join(1).expect("the second");
    group.at(3.0).stay(0, 1, Some(&[0])).expect("it gives up at once");
    group.at(4.0).stay(1, 2, None).expect("the other one");
    group.at(5.0).leave(0);
    assert_eq!(group.at(6.0).stay(1, 2, None), Ok((3, Some(vec![0, 1]))));
}

#[test]
fn a_static_member_finds_what_it_had_if_it_said_that_it_comes_back() {
    let mut group = Group::fixed(2);
    group.at(0.0).join(0).expect("the first");
    group.at(2.0).join(1).expect("the second");
    group.at(3.0).stay(0, 1, Some(&[0])).expect("it gives up at once");
    group.at(4.0).stay(1, 2, None).expect("the other one");
    group.at(5.0).pause(0);
    assert_eq!(group.at(20.0).join_as(member(0, 2)), Ok((2, vec![0])));
    assert_eq!(group.protocol.epoch(), 2, "nobody else hears of it");
    assert_eq!(group.at(21.0).stay(0, 2, None), Err("UnknownMember".to_owned()), "the old process is nobody");
    // Gone without a word: the instance is taken until the session is over.
    assert_eq!(group.at(30.0).join_as(member(0, 3)), Err("UnreleasedInstance".to_owned()));
    group.at(40.0).stay(1, 2, None).expect("it is alive");
    assert_eq!(group.at(65.1).join_as(member(0, 3)).map(|(epoch, _)| epoch), Ok(4));
    assert_eq!(group.gone, [(0, Reason::Expired)]);
}

#[test]
fn only_the_holder_of_a_partition_commits_there() {
    let mut group = Group::of(2);
    group.at(0.0).join(0).expect("the first");
    group.at(2.0).join(1).expect("the second");
    assert_eq!(group.at(3.0).commits(0, 1, &[0, 1]), None, "told nothing yet");
    group.at(4.0).stay(0, 1, None).expect("told to give up");
    assert_eq!(group.commits(0, 1, &[0, 1]), None, "while it gives up");
    group.at(5.0).stay(0, 1, Some(&[0])).expect("has given up");
    assert!(group.commits(0, 2, &[0, 1]).is_some(), "not any more");
    assert_eq!(group.commits(0, 1, &[0]), None, "an old epoch is no reason to refuse what it still has");
    group.at(6.0).stay(1, 2, None).expect("takes it");
    assert_eq!(group.commits(1, 2, &[1]), None);
    group.at(7.0).leave(1);
    assert!(group.commits(1, 2, &[1]).is_some(), "gone");
}

#[test]
fn range_deals_as_the_client_does() {
    let mut group = Group::with(reads(&[3, 2]), true, false);
    group.at(0.0).join(0).expect("the first");
    group.at(2.0).join(1).expect("the second");
    assert_eq!(group.at(3.0).stay(0, 1, None), Ok((1, Some(vec![0, 1, 3]))));
}

#[test]
fn no_partition_has_two_holders_whatever_the_order_of_heartbeats() {
    for seed in 0..40 {
        let holders = script::shaken(seed, None);
        assert_eq!(holders, Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn what_is_given_out_too_early_is_found() {
    let found = (0..40).any(|seed| !script::shaken(seed, Some(Sabotage::GiveUnreleased)).is_empty());
    assert!(found, "a partition that is not released has two holders");
    sabotage::play(None);
}

/// Time from giving up to reading on, of each partition that moved.
fn gaps(troupe: &Troupe, partitions: u32) -> Vec<f64> {
    let gap = |partition: u32| {
        let given = troupe.when(|turn| matches!(turn, Turn::Given(_, which) if which == partition));
        let read = troupe.when(|turn| matches!(turn, Turn::Read(_, which) if which == partition));
        (given.len() == 1).then(|| read[0] - given[0])
    };
    (0..partitions).filter_map(gap).collect()
}

#[test]
fn what_moves_stands_still_for_half_a_heartbeat_on_average_and_nothing_else_does() {
    let mut all = Vec::new();
    for seed in 0..200 {
        let mut troupe = Troupe::new(12, 3, true, Span::ZERO, seed);
        troupe.joins(3, 20.0 + 5.0 * Stream::named(seed, "at").unit());
        troupe.until(60.0);
        let moved = gaps(&troupe, 12);
        assert_eq!(moved.len(), 3, "a quarter moves: {:?}", troupe.told);
        assert_eq!(troupe.when(|turn| matches!(turn, Turn::Given(..))).len(), 3, "nothing else was given up");
        assert_eq!(troupe.when(|turn| matches!(turn, Turn::Settled(2))).len(), 1);
        all.extend(moved);
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    assert!((2.3..2.7).contains(&mean), "U(0, 5 s): {mean}");
    for (below, share) in [(1.25, 0.25), (2.5, 0.5), (3.75, 0.75), (5.1, 1.0)] {
        let counted = all.iter().filter(|gap| **gap < below).count() as f64 / all.len() as f64;
        assert!((counted - share).abs() < 0.07, "{counted} of {share} are below {below} s");
    }
}

#[test]
fn a_member_that_is_long_at_work_keeps_nobody_waiting_but_whoever_gets_its_partitions() {
    for seed in 0..20 {
        // A record of the first partition takes a minute.
        let mut troupe = Troupe::new(12, 3, true, Span::from_ms(60_000), seed);
        troupe.has_records(0, 1);
        troupe.joins(3, 10.0);
        troupe.until(100.0);
        let slow = |partition: u32| partition < 4;
        let read = |troupe: &Troupe, of_slow: bool| {
            troupe.when(|turn| matches!(turn, Turn::Read(3, partition) if slow(partition) == of_slow))
        };
        let (others, own) = (read(&troupe, false), read(&troupe, true));
        assert_eq!((others.len(), own.len()), (2, 1), "{:?}", troupe.told);
        assert!(others.iter().all(|at| *at <= 10.0 + 11.0), "{others:?}");
        assert!(own[0] > 60.0, "it is at work until then: {own:?}");
        assert!(troupe.when(|turn| matches!(turn, Turn::Gone(_))).is_empty(), "nobody is thrown out");
    }
}

#[test]
fn whoever_works_longer_than_it_may_leaves_and_comes_back_with_nothing() {
    let mut troupe = Troupe::new(4, 2, true, Span::from_ms(400_000), 1);
    troupe.has_records(0, 1);
    troupe.until(PATIENCE_S - 1.0);
    assert!(troupe.when(|turn| matches!(turn, Turn::Given(..) | Turn::Gone(_))).is_empty());
    troupe.until(PATIENCE_S + 1.0);
    assert_eq!(troupe.when(|turn| turn == Turn::Gone(0)).len(), 1, "{:?}", troupe.told);
    troupe.until(399.0);
    for partition in [0, 1] {
        let taken = troupe.when(|turn| turn == Turn::Read(1, partition));
        assert!(taken.len() == 1 && taken[0] <= PATIENCE_S + 5.1, "{:?}", troupe.told);
    }
    troupe.until(430.0);
    assert_eq!(troupe.when(|turn| matches!(turn, Turn::Given(0, _))).len(), 2, "it had two, and lost them");
    assert_eq!(troupe.when(|turn| matches!(turn, Turn::Read(0, _))).len(), 2, "and was given two");
}

#[test]
fn nobody_waits_for_a_group_to_begin() {
    let mut troupe = Troupe::new(12, 4, false, Span::ZERO, 1);
    troupe.until(30.0);
    let first = troupe.when(|turn| matches!(turn, Turn::Read(..)));
    assert!(first[11] < 0.1, "all partitions are read at once, by whoever came first: {first:?}");
    // A second passes before the next target, then two heartbeats until everybody has what they should have.
    let settled = troupe.when(|turn| matches!(turn, Turn::Settled(_)));
    assert!(settled.last().is_some_and(|at| *at <= 11.0), "{settled:?}");
}

#[test]
fn leaving_in_good_order_costs_others_a_heartbeat_at_most() {
    for seed in 0..20 {
        let mut troupe = Troupe::new(12, 4, true, Span::ZERO, seed);
        troupe.ends(3, 20.0);
        troupe.until(60.0);
        let read = troupe.when(|turn| matches!(turn, Turn::Read(..)));
        assert_eq!(read.len(), 3, "{:?}", troupe.told);
        assert!(read.iter().all(|at| (20.0..25.1).contains(at)), "{read:?}");
    }
}

#[test]
fn whoever_is_out_and_keeps_what_it_had_is_found() {
    let out = || {
        let mut troupe = Troupe::new(4, 2, true, Span::from_ms(400_000), 1);
        troupe.has_records(0, 1);
        troupe.until(430.0);
    };
    out();
    sabotage::play(Some(Sabotage::KeepFenced));
    let found = std::panic::catch_unwind(out).expect_err("it joins with what it had");
    sabotage::play(None);
    let words = found.downcast_ref::<String>().map_or("", String::as_str);
    assert!(words.contains("a member that joins has nothing"), "{words}");
}
