//! The uniform assignor where members subscribe to different topics: everybody keeps what they have; of each topic, what
//! is free fills up whoever has least; then, topic by topic, those with most hand over to those with least.
//!
//! Topics with most partitions a reader come first. Readers of a topic stand in a row by what they have, and a level
//! rises from below, or sinks from above, along that row. Where subscriptions overlap this comes near to even, not more.
use super::super::{Member, Partition, Topic, subscriptions};
use super::TopicId;
use std::cmp::Ordering;

/// Kafka gives up evening out after so many rounds over the topics.
const ROUNDS: usize = 16;

/// Who owns what once it is as even as the subscriptions allow.
pub fn balance(
    topics: &[Topic<'_>],
    ids: &[TopicId],
    members: &[Member<'_>],
    owned: &[Vec<Partition>],
) -> Vec<Vec<Partition>> {
    let mut table = Table::new(topics, members, owned);
    let mut order: Vec<usize> = (0..topics.len()).filter(|&topic| !table.readers[topic].is_empty()).collect();
    order.sort_by(|&a, &b| table.urgency(topics, (a, b)).then_with(|| ids[a].signed().cmp(&ids[b].signed())));
    for &topic in &order {
        table.hand_out(topic);
    }
    order.retain(|&topic| table.readers[topic].len() >= 2);
    for _ in 0..ROUNDS {
        // One topic evened out may unsettle another that was even.
        let moved = order.iter().fold(false, |moved, &topic| table.even_out(topic) || moved);
        if !moved {
            break;
        }
    }
    table.lists()
}

struct Table {
    /// Members of each topic.
    readers: Vec<Vec<usize>>,
    /// Of each topic, the owner of each partition.
    owners: Vec<Vec<Option<usize>>>,
    /// How many partitions each member has.
    sizes: Vec<usize>,
}

impl Table {
    fn new(topics: &[Topic<'_>], members: &[Member<'_>], owned: &[Vec<Partition>]) -> Self {
        let subscribes = subscriptions(topics.len(), members);
        let reads = |member: usize, topic: usize| subscribes[member * topics.len() + topic];
        let of = |topic| (0..members.len()).filter(|&member| reads(member, topic)).collect();
        let readers = (0..topics.len()).map(of).collect();
        let mut owners: Vec<Vec<Option<usize>>> =
            topics.iter().map(|topic| vec![None; topic.partitions as usize]).collect();
        let mut sizes = vec![0; members.len()];
        for (member, list) in owned.iter().enumerate() {
            for &(topic, number) in list.iter().filter(|partition| reads(member, partition.0)) {
                if let Some(owner @ None) = owners[topic].get_mut(number as usize) {
                    *owner = Some(member);
                    sizes[member] += 1;
                }
            }
        }
        Self { readers, owners, sizes }
    }

    /// Topics with most partitions a reader first, then those with fewest readers.
    fn urgency(&self, topics: &[Topic<'_>], (a, b): (usize, usize)) -> Ordering {
        let partitions = |topic: usize| topics[topic].partitions as usize;
        let readers = |topic: usize| self.readers[topic].len();
        // Quotients, compared as products of whole numbers.
        let (of_a, of_b) = (partitions(a) * readers(b), partitions(b) * readers(a));
        of_b.cmp(&of_a).then(readers(a).cmp(&readers(b)))
    }

    /// Readers of a topic, those with least first.
    fn row(&self, topic: usize) -> Vec<usize> {
        let mut row = self.readers[topic].clone();
        row.sort_by_key(|&member| (self.sizes[member], member));
        row
    }

    /// Gives what nobody has of a topic to whoever has least.
    fn hand_out(&mut self, topic: usize) {
        let mut below = Below::of(self.row(topic), &self.sizes);
        for number in 0..self.owners[topic].len() {
            if self.owners[topic][number].is_none() {
                let member = below.next(&self.sizes);
                self.owners[topic][number] = Some(member);
                self.sizes[member] += 1;
            }
        }
    }

    /// Lets those with most hand partitions of a topic over to those with least; whether anybody did.
    fn even_out(&mut self, topic: usize) -> bool {
        let row = self.row(topic);
        let mut gifts: Vec<Vec<usize>> = vec![Vec::new(); self.sizes.len()];
        for (number, owner) in self.owners[topic].iter().enumerate() {
            gifts[owner.expect("everything read by somebody was handed out")].push(number);
        }
        let (mut below, mut above) = (Below::of(row.clone(), &self.sizes), Above::of(row, &self.sizes));
        let mut moved = false;
        if above.level <= below.level + 3 {
            // Both levels begin one beyond: nobody has two more than anybody else.
            return false;
        }
        while let Some((giver, number)) = above.next(&self.sizes, &mut gifts) {
            let taker = below.next(&self.sizes);
            if above.level <= below.level + 1 {
                break;
            }
            self.owners[topic][number] = Some(taker);
            self.sizes[giver] -= 1;
            self.sizes[taker] += 1;
            moved = true;
        }
        moved
    }

    fn lists(self) -> Vec<Vec<Partition>> {
        let mut lists = vec![Vec::new(); self.sizes.len()];
        for (topic, owners) in self.owners.iter().enumerate() {
            for (number, owner) in (0..).zip(owners) {
                lists.get_mut(owner.unwrap_or(usize::MAX)).into_iter().for_each(|list| list.push((topic, number)));
            }
        }
        lists
    }
}

/// A level that rises from the low end of a row: whoever stands at it gets one, in turn.
struct Below {
    row: Vec<usize>,
    /// Those before this place stand at the level, or one above where they had their turn.
    end: usize,
    level: i64,
    turn: usize,
}

impl Below {
    fn of(row: Vec<usize>, sizes: &[usize]) -> Self {
        let level = sizes[row[0]] as i64 - 1;
        Self { row, end: 0, level, turn: 0 }
    }

    fn next(&mut self, sizes: &[usize]) -> usize {
        if self.turn >= self.end {
            self.level += 1;
            while self.row.get(self.end).is_some_and(|&member| sizes[member] as i64 == self.level) {
                self.end += 1;
            }
            self.turn = 0;
        }
        self.turn += 1;
        self.row[self.turn - 1]
    }
}

/// A level that sinks from the high end of a row: whoever stands at it gives one, in turn, if they have any to give.
struct Above {
    row: Vec<usize>,
    /// Those from `start` to `end` stand at the level; beyond are those that have nothing to give.
    start: usize,
    end: usize,
    level: i64,
    /// After the place whose turn it is.
    turn: usize,
}

impl Above {
    fn of(row: Vec<usize>, sizes: &[usize]) -> Self {
        let level = sizes[row[row.len() - 1]] as i64 + 1;
        let end = row.len();
        Self { row, start: end, end, level, turn: end }
    }

    /// Who gives which partition, the last they have of the topic.
    fn next(&mut self, sizes: &[usize], gifts: &mut [Vec<usize>]) -> Option<(usize, usize)> {
        loop {
            if self.turn <= self.start {
                self.sink(sizes);
            }
            if self.turn == 0 {
                return None;
            }
            self.turn -= 1;
            let member = self.row[self.turn];
            if let Some(number) = gifts[member].pop() {
                return Some((member, number));
            }
            self.end -= 1;
            self.row.swap(self.turn, self.end);
        }
    }

    fn sink(&mut self, sizes: &[usize]) {
        self.level = match self.start {
            start @ 1.. if self.end <= start => sizes[self.row[start - 1]] as i64,
            _ => self.level - 1,
        };
        while self.start > 0 && sizes[self.row[self.start - 1]] as i64 == self.level {
            self.start -= 1;
        }
        self.turn = self.end;
    }
}
