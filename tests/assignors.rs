//! What the sticky assignors promise, on groups nobody thought of: even, whole, and few partitions moved.
use conga::model::assignor::{Member, Partition, Previous, Topic, cooperative_sticky, sticky};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A group over its generations: sizes of topics, and who subscribes to what under which name.
#[derive(Clone, Debug)]
struct Group {
    partitions: Vec<u32>,
    members: Vec<(String, Vec<usize>)>,
}

type Assign = fn(&[Topic<'_>], &[Member<'_>], &[Previous<'_>]) -> Vec<Vec<Partition>>;

impl Group {
    /// `count` members that all read everything.
    fn alike(partitions: Vec<u32>, count: usize) -> Self {
        let topics: Vec<usize> = (0..partitions.len()).collect();
        Self { partitions, members: (0..count).map(|i| (format!("member-{i}"), topics.clone())).collect() }
    }

    fn deal(&self, assign: Assign, owned: &[Vec<Partition>]) -> Vec<Vec<Partition>> {
        let names: Vec<String> = (0..self.partitions.len()).map(|i| format!("topic-{i}")).collect();
        let topics: Vec<Topic<'_>> =
            names.iter().zip(&self.partitions).map(|(name, &partitions)| Topic { name, partitions }).collect();
        let members: Vec<Member<'_>> =
            self.members.iter().map(|(id, topics)| Member { id, instance: None, topics }).collect();
        let mut previous: Vec<Previous<'_>> = owned.iter().map(|owned| Previous { owned, generation: 1 }).collect();
        previous.resize(members.len(), Previous::NONE);
        assign(&topics, &members, &previous)
    }

    fn all(&self) -> Vec<Partition> {
        (0..).zip(&self.partitions).flat_map(|(topic, &count)| (0..count).map(move |p| (topic, p))).collect()
    }
}

fn whole(lists: &[Vec<Partition>]) -> Vec<Partition> {
    let mut all: Vec<Partition> = lists.iter().flatten().copied().collect();
    all.sort_unstable();
    all
}

fn sorted(lists: &[Vec<Partition>]) -> Vec<BTreeSet<Partition>> {
    lists.iter().map(|list| list.iter().copied().collect()).collect()
}

fn spread(lists: &[Vec<Partition>]) -> usize {
    let sizes = || lists.iter().map(Vec::len);
    sizes().max().unwrap_or(0) - sizes().min().unwrap_or(0)
}

proptest! {
    #[test]
    fn members_come_and_go_and_few_partitions_move(
        partitions in prop::collection::vec(1_u32..30, 1..4), before in 1_usize..9, after in 1_usize..9,
    ) {
        let (old, new) = (Group::alike(partitions.clone(), before), Group::alike(partitions, after));
        let first = old.deal(sticky, &[]);
        prop_assert_eq!(whole(&first), old.all());
        prop_assert!(spread(&first) <= 1);
        let second = new.deal(sticky, &first[..before.min(after)]);
        prop_assert_eq!(whole(&second), new.all());
        prop_assert!(spread(&second) <= 1);
        // Nobody can keep more than the greatest share: the sum over members, less a share that somebody else got.
        let total = new.all().len();
        let (least, extras) = (total / after, total % after);
        let mut most = extras;
        let mut possible = 0;
        for owned in &first[..before.min(after)] {
            let extra = usize::from(owned.len() > least && most > 0);
            most -= extra;
            possible += owned.len().min(least + extra);
        }
        let kept: usize = first.iter().zip(&second).map(|(a, b)| a.iter().filter(|p| b.contains(p)).count()).sum();
        prop_assert_eq!(kept, possible);
    }

    #[test]
    fn a_cooperative_group_gets_there_in_two_rounds(
        partitions in prop::collection::vec(1_u32..30, 1..4), before in 1_usize..9, joined in 0_usize..5,
    ) {
        let (old, new) = (Group::alike(partitions.clone(), before), Group::alike(partitions, before + joined));
        let first = old.deal(cooperative_sticky, &[]);
        prop_assert_eq!(whole(&first), old.all());
        let round_1 = new.deal(cooperative_sticky, &first);
        for (member, list) in round_1.iter().enumerate() {
            let others = first.iter().enumerate().filter(|(other, _)| *other != member);
            let theirs: BTreeSet<&Partition> = others.flat_map(|(_, owned)| owned).collect();
            prop_assert!(list.iter().all(|partition| !theirs.contains(partition)), "withheld until given up");
        }
        let round_2 = new.deal(cooperative_sticky, &round_1);
        prop_assert_eq!(whole(&round_2), new.all());
        prop_assert!(spread(&round_2) <= 1);
        let settled = new.deal(cooperative_sticky, &round_2);
        prop_assert_eq!(sorted(&settled), sorted(&round_2), "and stays there");
    }

    #[test]
    fn different_subscriptions_end_where_no_move_helps(
        partitions in prop::collection::vec(1_u32..9, 1..5),
        reads in prop::collection::vec(prop::collection::btree_set(0_usize..5, 1..4), 1..6),
        again in prop::collection::vec(prop::collection::btree_set(0_usize..5, 1..4), 6..7),
    ) {
        let topics = partitions.len();
        let subscribe = |reads: &[BTreeSet<usize>]| {
            let of = |(i, set): (usize, &BTreeSet<usize>)| {
                let topics: BTreeSet<usize> = set.iter().map(|topic| topic % topics).collect();
                (format!("member-{i}"), topics.into_iter().collect())
            };
            Group { partitions: partitions.clone(), members: reads.iter().enumerate().map(of).collect() }
        };
        let first = subscribe(&reads);
        let second = subscribe(&again);
        let mut lists: Vec<Vec<Partition>> = Vec::new();
        for group in [first, second] {
            lists = group.deal(sticky, &lists);
            let reads = |member: usize, topic: usize| group.members[member].1.contains(&topic);
            let wanted = group.all().into_iter().filter(|p| (0..group.members.len()).any(|m| reads(m, p.0)));
            prop_assert_eq!(whole(&lists), wanted.collect::<Vec<_>>());
            for (owner, list) in lists.iter().enumerate() {
                for partition in list {
                    prop_assert!(reads(owner, partition.0));
                    let better = |m: &usize| reads(*m, partition.0) && lists[*m].len() + 1 < list.len();
                    prop_assert_eq!((0..lists.len()).find(better), None, "{:?} of {}", partition, owner);
                }
            }
        }
    }
}
