//! What befalls members, brokers and the network, and when.
//!
//! An event says what is done to whom; when it is due may be drawn, so each repetition has a timetable of its own. What
//! follows from it, such as who of a group is there to be stopped, is known only to the engine that carries it out.
use super::{Fails, Plan, Poison, TopicPlan};
use crate::model::random::{Distribution, Draws, Stream};
use crate::units::{Span, Time};

/// Something that happens, once or again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPlan {
    /// When first, in nanoseconds from the beginning of the run.
    pub at: Distribution,
    /// Again after so long, while messages arrive.
    pub every: Option<Span>,
    /// What is done.
    pub action: Action,
    /// To whom, as it is written.
    pub target: String,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It is gone without a word, and back after so long, if ever.
    Crash(Who, Option<Span>),
    /// It ends in good order, and is back after so long, if ever.
    Restart(Who, Option<Span>),
    /// A member starts; one more, where a group is named.
    Join(Who),
    /// Members start or end in good order until there are so many.
    Scale {
        /// Number of the group.
        group: usize,
        /// How many there will be.
        to: u32,
    },
    /// Members restart one after the other.
    Deploy {
        /// Number of the group.
        group: usize,
        /// How long each is away.
        away: Span,
        /// From one's end to the next one's.
        gap: Span,
    },
    /// It stands still for so long.
    Pause(Who, Span),
    /// Its work takes so many times as long, for so long or from then on.
    Slow(Who, f64, Option<Span>),
    /// Records of a topic that are due then fail.
    Poison {
        /// Number of the topic.
        topic: usize,
        /// Which part of the records.
        share: f64,
        /// When they fail.
        fails: Fails,
        /// For how long; to the end when silent.
        lasts: Option<Span>,
    },
    /// A topic gets more partitions, for good.
    Grow {
        /// Number of the topic.
        topic: usize,
        /// How many it has from then on.
        to: u32,
    },
    /// Something is wrong between two parties, for so long or from then on.
    Network([Who; 2], Trouble, Option<Span>),
}

/// What is wrong with a way.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// Every message takes so much longer.
    Delay(Distribution),
    /// So large a share of messages is lost, and comes after it was sent again.
    Loss(f64),
    /// Nothing goes through.
    Cut,
}

/// To whom something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// All members of a group.
    Group(usize),
    /// One of them.
    Member(usize, u32),
    /// One of them, drawn.
    AnyOf(usize),
    /// All brokers, and the coordinators on them.
    Brokers,
    /// One broker.
    Broker(u32),
    /// The coordinator of a group.
    Coordinator(usize),
}

impl Action {
    /// In a word, as the scenario has it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Crash(..) => "crash",
            Self::Restart(_, Some(_)) => "restart",
            Self::Restart(_, None) => "leave",
            Self::Join(_) => "join",
            Self::Scale { .. } => "scale",
            Self::Deploy { .. } => "deploy",
            Self::Pause(..) => "pause",
            Self::Slow(..) => "slow",
            Self::Poison { .. } => "poison",
            Self::Grow { .. } => "grow",
            Self::Network(_, Trouble::Delay(_), _) => "delay",
            Self::Network(_, Trouble::Loss(_), _) => "lose",
            Self::Network(_, Trouble::Cut, _) => "cut",
        }
    }

    /// Those whom it finds there.
    #[must_use]
    pub fn whom(&self) -> Vec<Who> {
        match self {
            Self::Crash(who, _) | Self::Restart(who, _) | Self::Pause(who, _) | Self::Slow(who, ..) => vec![*who],
            Self::Network(ends, ..) => ends.to_vec(),
            Self::Join(_) | Self::Scale { .. } | Self::Deploy { .. } | Self::Poison { .. } | Self::Grow { .. } => {
                Vec::new()
            }
        }
    }

    /// Whether partitions may change hands after it, so that others take over what was not committed.
    #[must_use]
    pub fn moves_members(&self) -> bool {
        !matches!(
            self,
            Self::Slow(..) | Self::Poison { .. } | Self::Network(_, Trouble::Delay(_) | Trouble::Loss(_), _)
        )
    }

    /// Whether members of a group may be gone after it, with all that is in their memory.
    #[must_use]
    pub fn ends_members_of(&self, number: usize) -> bool {
        match *self {
            Self::Crash(who, _) | Self::Restart(who, _) => match who {
                Who::Group(group) | Who::Member(group, _) | Who::AnyOf(group) => group == number,
                Who::Brokers | Who::Broker(_) | Who::Coordinator(_) => false,
            },
            // Whoever joins under a number replaces who has it.
            Self::Join(Who::Member(group, _)) | Self::Scale { group, .. } | Self::Deploy { group, .. } => {
                group == number
            }
            _ => false,
        }
    }
}

impl Plan {
    /// Whether members of a group may be gone at some time: then others do again what was not committed.
    #[must_use]
    pub fn may_lose_members_of(&self, group: usize) -> bool {
        self.events.iter().any(|event| event.action.ends_members_of(group))
    }

    /// Records that fail, of one repetition.
    #[must_use]
    pub fn poisons(&self) -> Vec<Poison> {
        let mut all = Vec::new();
        for (at, number) in self.timetable() {
            let Action::Poison { topic, share, fails, lasts } = self.events[number].action else { continue };
            let topic = &self.topics[topic];
            let salt = Stream::named(self.run.seed, &format!("events/{number}/poison/{}", at.ns())).bits();
            let until = lasts.map_or(Time::NEVER, |lasts| at + lasts);
            let partitions = topic.numbers();
            all.push(Poison { partitions, due: at..until, share, fails, salt });
        }
        all
    }

    /// By partition, when it comes, in this repetition; the beginning for those that are there from then on.
    #[must_use]
    pub fn since(&self) -> Vec<Time> {
        let topics = self.topics.iter();
        let since = topics.flat_map(|topic| {
            (0..topic.partitions).map(|number| if number < topic.at_first { Time::ZERO } else { Time::NEVER })
        });
        let mut since: Vec<Time> = since.collect();
        for (at, number) in self.timetable() {
            let Action::Grow { topic, to } = self.events[number].action else { continue };
            let first = self.topics[topic].first as usize;
            for partition in &mut since[first..first + to as usize] {
                *partition = at.min(*partition);
            }
        }
        since
    }

    /// How many partitions a topic has by then.
    #[must_use]
    pub fn partitions_by(&self, topic: usize, at: Time) -> u32 {
        let TopicPlan { at_first, partitions, .. } = self.topics[topic];
        if at_first == partitions {
            return partitions;
        }
        let grown = self.timetable().into_iter().filter_map(|(when, number)| match self.events[number].action {
            Action::Grow { topic: grows, to } => (grows == topic && when <= at).then_some(to),
            _ => None,
        });
        grown.fold(at_first, u32::max)
    }

    /// Whether a topic gets more partitions while the run goes on.
    #[must_use]
    pub fn grows(&self) -> bool {
        self.topics.iter().any(|topic| topic.at_first < topic.partitions)
    }

    /// Whether somebody has to say who leads what, or how many partitions there are.
    #[must_use]
    pub fn has_controller(&self) -> bool {
        self.cluster.failing.is_some() || self.grows()
    }

    /// When which event happens, by number, in order: of one repetition.
    #[must_use]
    pub fn timetable(&self) -> Vec<(Time, usize)> {
        let end = self.run.arrivals_end.min(self.end());
        let mut all = Vec::new();
        for (number, event) in self.events.iter().enumerate() {
            let luck = Stream::named(self.run.seed, &format!("events/{number}"));
            let mut at = Time::ZERO + Draws::new(&event.at, luck).span();
            all.push((at, number));
            while let Some(every) = event.every
                && at + every < end
            {
                at = at + every;
                all.push((at, number));
            }
        }
        all.sort_unstable();
        all
    }
}
