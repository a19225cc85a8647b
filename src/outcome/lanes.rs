//! What each member was doing when: at work, waiting for partitions, standing still, crashed, gone.
//!
//! A member is drawn as a lane: a stay begins with a change of what it does and ends with the next. Kept only where
//! members can come and go, and no more than can be looked at.
use super::result::LaneRow;
use crate::model::machine::Fact;
use crate::model::protocol::MemberState;
use crate::plan::Plan;
use crate::units::Time;

/// Stays kept at most; whatever comes after them is not drawn.
const MOST: usize = 20_000;

/// What a member does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// It is not there, and never was.
    Absent,
    /// It has partitions.
    Works,
    /// It is there and has none.
    Waits,
    /// It stands still.
    Still,
    /// It is gone without a word.
    Crashed,
    /// It has ended in good order.
    Left,
}

impl Doing {
    fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Works => "working",
            Self::Waits => "waiting",
            Self::Still => "paused",
            Self::Crashed => "crashed",
            Self::Left => "left",
        }
    }
}

/// One member.
#[derive(Clone, Copy, Debug)]
struct Lane {
    doing: Doing,
    since: Time,
    partitions: u32,
    /// Until when it stands still.
    still: Time,
}

/// All members of a run.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    /// By group and member; empty where nobody comes or goes.
    groups: Vec<Vec<Lane>>,
    stays: Vec<(u32, u32, Doing, Time, Time)>,
}

impl Lanes {
    /// Of a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let absent = Lane { doing: Doing::Absent, since: Time::ZERO, partitions: 0, still: Time::ZERO };
        let lanes = |group: &crate::plan::GroupPlan| vec![absent; group.most_members as usize];
        let kept = plan.redelivers || !plan.events.is_empty();
        Self { groups: if kept { plan.groups.iter().map(lanes).collect() } else { Vec::new() }, stays: Vec::new() }
    }

    /// Hears a fact.
    pub fn hear(&mut self, now: Time, fact: &Fact<'_>) {
        if self.groups.is_empty() {
            return;
        }
        match *fact {
            Fact::Assigned { group, member, .. } => {
                let lane = self.lane(group, member, now);
                lane.partitions += 1;
                self.begins(group, member, Doing::Works, now);
            }
            Fact::Revoked { group, member, .. } => {
                let lane = self.lane(group, member, now);
                lane.partitions = lane.partitions.saturating_sub(1);
                if lane.partitions == 0 && lane.doing == Doing::Works {
                    self.begins(group, member, Doing::Waits, now);
                }
            }
            Fact::Member { group, key, state } => self.became(group, key.member, state, now),
            _ => {}
        }
    }

    fn became(&mut self, group: u32, member: u32, state: MemberState, now: Time) {
        let lane = self.lane(group, member, now);
        let there = !matches!(lane.doing, Doing::Absent | Doing::Crashed | Doing::Left);
        let next = match state {
            MemberState::Crashed => Doing::Crashed,
            MemberState::Ended => Doing::Left,
            MemberState::Still(span) => {
                lane.still = now + span;
                Doing::Still
            }
            // The coordinator hears of it, or finds out: whoever is gone is gone already.
            MemberState::Joined if !there => Doing::Waits,
            MemberState::Gone(_) if there && lane.doing != Doing::Still => Doing::Waits,
            MemberState::Joined | MemberState::Gone(_) | MemberState::Replaced => return,
        };
        if matches!(next, Doing::Crashed | Doing::Left | Doing::Waits) {
            lane.partitions = 0;
        }
        self.begins(group, member, next, now);
    }

    /// A member, after what it did until now is known.
    fn lane(&mut self, group: u32, member: u32, now: Time) -> &mut Lane {
        let lane = self.groups[group as usize][member as usize];
        if lane.doing == Doing::Still && lane.still <= now {
            let next = if lane.partitions > 0 { Doing::Works } else { Doing::Waits };
            self.begins(group, member, next, lane.still);
        }
        &mut self.groups[group as usize][member as usize]
    }

    fn begins(&mut self, group: u32, member: u32, doing: Doing, at: Time) {
        let Self { groups, stays } = self;
        let lane = &mut groups[group as usize][member as usize];
        if lane.doing == doing {
            return;
        }
        if lane.doing != Doing::Absent && lane.since < at && stays.len() < MOST {
            stays.push((group, member, lane.doing, lane.since, at));
        }
        (lane.doing, lane.since) = (doing, at);
    }

    /// The run is over.
    pub fn finish(&mut self, now: Time) {
        for group in 0..self.groups.len() as u32 {
            for member in 0..self.groups[group as usize].len() as u32 {
                self.lane(group, member, now);
                self.begins(group, member, Doing::Absent, now);
            }
        }
        self.stays.sort_by_key(|&(group, member, _, since, _)| (group, member, since));
    }

    /// A row a stay, by group, member and time.
    #[must_use]
    pub fn rows(&self, plan: &Plan) -> Vec<LaneRow> {
        let row = |&(group, member, doing, since, until): &(u32, u32, Doing, Time, Time)| LaneRow {
            group: plan.groups[group as usize].name.clone(),
            member,
            state: doing.name().to_owned(),
            from_s: since.seconds(),
            to_s: until.seconds(),
        };
        self.stays.iter().map(row).collect()
    }
}
