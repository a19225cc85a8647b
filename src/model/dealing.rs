//! How the leader of a group deals partitions: who is in it, in the words that Kafka's assignors understand.
//!
//! Members are told apart by ids in the order of their numbers, as clients are whose `client.id` numbers them. A process
//! that comes back sorts where it was.
use super::assignor::{self, Member, Partition, Previous, Topic};
use super::protocol::{MemberKey, PartitionId, Subscriber};
use super::sabotage::{self, Sabotage};

/// An assignor of Kafka's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// Kafka's `RangeAssignor`.
    Range,
    /// Kafka's `RoundRobinAssignor`.
    RoundRobin,
    /// Kafka's `StickyAssignor`.
    Sticky,
    /// Kafka's `CooperativeStickyAssignor`.
    CooperativeSticky,
}

/// What every member of a group knows, for any of them may become its leader.
#[derive(Clone, Debug)]
pub struct Dealing {
    /// Name of the group.
    pub group: String,
    /// How it deals.
    pub assignor: Assignor,
    /// All topics: name, number of the first partition, and how many there are, unless whoever deals knows of more.
    pub topics: Vec<(String, u32, u32)>,
    /// Those the group reads.
    pub reads: Vec<usize>,
}

impl Dealing {
    /// Whether members keep what they have while the group rebalances.
    #[must_use]
    pub fn is_cooperative(&self) -> bool {
        self.assignor == Assignor::CooperativeSticky
    }

    /// Who gets what; `known` says how many partitions each topic has where that changes.
    #[must_use]
    pub fn deal(&self, members: &[Subscriber], known: Option<&[u32]>) -> Vec<(MemberKey, Vec<PartitionId>)> {
        let counts: Vec<u32> = match known {
            Some(known) => known.to_vec(),
            None => self.topics.iter().map(|(_, _, partitions)| *partitions).collect(),
        };
        let topics = self.topics.iter().zip(&counts);
        let topics: Vec<Topic<'_>> = topics.map(|((name, ..), &partitions)| Topic { name, partitions }).collect();
        let names: Vec<[String; 2]> = members.iter().map(|member| self.names(member.key)).collect();
        let known = names.iter().zip(members).map(|([instance, id], member)| Member {
            id,
            instance: member.fixed.then_some(instance),
            topics: &self.reads,
        });
        let known: Vec<Member<'_>> = known.collect();
        let owned: Vec<Vec<Partition>> = members.iter().map(|member| self.places(&member.owned, &counts)).collect();
        let previous = owned.iter().zip(members).map(|(owned, member)| Previous {
            owned,
            generation: if member.generation == 0 { -1 } else { member.generation.cast_signed() },
        });
        let previous: Vec<Previous<'_>> = previous.collect();
        let mut dealt = match self.assignor {
            Assignor::Range => assignor::range(&topics, &known),
            Assignor::RoundRobin => assignor::roundrobin(&topics, &known),
            Assignor::Sticky => assignor::sticky(&topics, &known, &previous),
            Assignor::CooperativeSticky => assignor::cooperative_sticky(&topics, &known, &previous),
        };
        if sabotage::plays(Sabotage::DealTwice)
            && let [first, .., last] = &mut dealt[..]
        {
            last.extend(first.first());
        }
        let numbers = dealt.into_iter().map(|list| list.into_iter().map(|place| self.number(place)).collect());
        members.iter().map(|member| member.key).zip(numbers).collect()
    }

    fn names(&self, key: MemberKey) -> [String; 2] {
        // Zero-padded, so that the order of the text is the order of the numbers.
        let instance = format!("{}-{:07}", self.group, key.member);
        let id = if key.incarnation == 1 { instance.clone() } else { format!("{instance}/{}", key.incarnation) };
        [instance, id]
    }

    fn places(&self, partitions: &[PartitionId], known: &[u32]) -> Vec<Partition> {
        let place = |&partition: &PartitionId| {
            let after = self.topics.partition_point(|&(_, first, _)| first <= partition);
            (after - 1, partition - self.topics[after - 1].1)
        };
        // Whoever led before may have known of more.
        partitions.iter().map(place).filter(|&(topic, number)| number < known[topic]).collect()
    }

    fn number(&self, (topic, partition): Partition) -> PartitionId {
        self.topics[topic].1 + partition
    }
}
