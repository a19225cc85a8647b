//! The cheapest of what passes, where several things have a price.
//!
//! Candidates stand in the order of their cost. What has no more of anything counted than one that failed is taken to
//! fail, too, unless its partitions are dealt more evenly. Each run is of the candidate whose answer settles the most of
//! what is open, so that thousands take a few dozen. The answer has to pass for sure, and whatever is cheaper to fail for
//! sure or to have less than what does. That more is better is checked, at the answer's neighbours and below each failure
//! that speaks for others; where it is not so, failures speak no more for other amounts of that thing.
use super::search::Found;
use super::trial::{Choice, Cut, Held, LEAST, Stopped, Trials, Tried};

/// Candidates of which the next is chosen, at most.
const PIVOTS: usize = 256;
/// Share of what a failure lacks by which less of something has to bring it nearer, to doubt that more is better.
const ENOUGH: f64 = 1.0;
/// The same, by which it may be worse for even less to be looked at.
const WORSE: f64 = 0.1;

/// What a candidate has on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Amount {
    /// So many members, workers, partitions or brokers.
    Counted(u64),
    /// The value at this place, of which nobody knows whether it is better than another one.
    Other(usize),
}

/// Of a candidate, what decides whether another one's failure speaks for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rank {
    /// What it has on each axis.
    pub amounts: Vec<Amount>,
    /// How busy the busiest member of each group is if all partitions get the same.
    pub strain: Vec<f64>,
}

impl Rank {
    /// Whether one has no more of anything than the other, and nothing is dealt more evenly in it. Only of what more is
    /// trusted to be better it may have less.
    fn is_within(&self, other: &Self, trusted: &[bool]) -> bool {
        let mut axes = self.amounts.iter().zip(&other.amounts).zip(trusted);
        let less = axes.all(|pair| match pair {
            ((Amount::Counted(a), Amount::Counted(b)), true) => a <= b,
            ((a, b), _) => a == b,
        });
        let dealt = self.strain.iter().zip(&other.strain).all(|(a, b)| *a >= b - 1e-9);
        less && dealt && self.strain.len() == other.strain.len()
    }
}

/// Searches candidates in the order of their cost, each with its rank. At least one.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub fn cheapest(trials: &mut Trials<'_>, all: &[Choice], ranks: &[Rank]) -> Result<Found, Stopped> {
    let trusted = vec![true; ranks[0].amounts.len()];
    let mut search = Search { trials, all, ranks, trusted, tried: Vec::new(), settled: Vec::new() };
    let answer = loop {
        while let Some(at) = search.next() {
            search.glance(at)?;
        }
        // What one run said may have been luck, good or bad; whatever turns out otherwise opens the question again.
        let answer = search.best();
        if let Some(at) = answer.filter(|at| !search.settled.contains(at)) {
            search.sure(at)?;
        } else if !search.confirm(answer)? && !search.check(answer)? {
            break answer;
        }
    };
    let (mut sure, mut decided) = (true, true);
    for at in search.below(answer).into_iter().chain(answer) {
        let one = search.sure(at)?;
        sure &= one.sure;
        decided &= one.decided;
    }
    sure &= search.left(answer, |_, one| one.sure).is_empty();
    decided &= search.left(answer, |_, one| one.decided).is_empty();
    let monotone = search.trusted.iter().all(|trusted| *trusted);
    let tried = search.tried;
    let why: Option<Cut> = tried.iter().rev().find_map(|(_, one)| one.cut.clone());
    let ruled_out = tried.iter().filter(|one| one.1.cut.is_some()).count();
    Ok(Found { at: answer, monotone, sure, decided, tried, ruled_out, cut: why })
}

struct Search<'s, 'e> {
    trials: &'s mut Trials<'e>,
    all: &'s [Choice],
    ranks: &'s [Rank],
    /// Of each axis, whether nothing has shown yet that more of it may be worse.
    trusted: Vec<bool>,
    /// In the order of the candidates.
    tried: Vec<(usize, Tried)>,
    /// What ran as often as it takes.
    settled: Vec<usize>,
}

impl Search<'_, '_> {
    fn keep(&mut self, at: usize, tried: Tried) -> Tried {
        match self.tried.binary_search_by_key(&at, |(known, _)| *known) {
            Ok(i) => self.tried[i].1 = tried.clone(),
            Err(i) => self.tried.insert(i, (at, tried.clone())),
        }
        tried
    }

    fn known(&self, at: usize) -> Option<&Tried> {
        self.tried.binary_search_by_key(&at, |(known, _)| *known).ok().map(|i| &self.tried[i].1)
    }

    fn glance(&mut self, at: usize) -> Result<Tried, Stopped> {
        let tried = self.trials.glance(&self.all[at])?;
        Ok(self.keep(at, tried))
    }

    fn look(&mut self, at: usize) -> Result<Tried, Stopped> {
        let tried = self.trials.look(&self.all[at])?;
        Ok(self.keep(at, tried))
    }

    fn sure(&mut self, at: usize) -> Result<Tried, Stopped> {
        let tried = self.trials.sure(&self.all[at])?;
        if !self.settled.contains(&at) {
            self.settled.push(at);
        }
        Ok(self.keep(at, tried))
    }

    /// The cheapest that passed, as far as is known.
    fn best(&self) -> Option<usize> {
        self.tried.iter().find(|(_, one)| one.passed).map(|(at, _)| *at)
    }

    fn failed(&self) -> impl Iterator<Item = (usize, &Tried)> + '_ {
        self.tried.iter().filter(|(_, one)| !one.passed).map(|(at, one)| (*at, one))
    }

    fn is_within(&self, at: usize, other: usize) -> bool {
        self.ranks[at].is_within(&self.ranks[other], &self.trusted)
    }

    /// Whether a failure speaks for a candidate. One that cannot be at all speaks for nobody else.
    fn speaks(&self, failed: usize, one: &Tried, at: usize) -> bool {
        failed == at || !matches!(one.cut, Some(Cut::Refused(_))) && self.is_within(at, failed)
    }

    fn is_settled(&self, at: usize, one: &Tried) -> bool {
        one.sure || self.settled.contains(&at)
    }

    /// What is cheaper than the answer and no failure of a kind speaks for.
    fn left(&self, answer: Option<usize>, kind: impl Fn(usize, &Tried) -> bool) -> Vec<usize> {
        let failed: Vec<(usize, &Tried)> = self.failed().filter(|(at, one)| kind(*at, one)).collect();
        let is_left = |at: &usize| !failed.iter().any(|(other, one)| self.speaks(*other, one, *at));
        (0..answer.unwrap_or(self.all.len())).filter(is_left).collect()
    }

    /// The candidate that settles the most, whatever its answer; none where nothing is open.
    fn next(&self) -> Option<usize> {
        let open = self.left(self.best(), |_, _| true);
        let settles = |i: usize| {
            let fewer = open.iter().filter(|other| self.is_within(**other, open[i])).count();
            fewer.min(open.len() - i)
        };
        // Of those that settle as much, the cheaper one: it may be the answer.
        let pivots = (0..open.len()).step_by(open.len().div_ceil(PIVOTS).max(1));
        pivots.max_by_key(|i| (settles(*i), std::cmp::Reverse(*i))).map(|i| open[i])
    }

    /// Runs more of a failure of which too few runs speak for what is cheaper than the answer; whether there was one.
    fn confirm(&mut self, answer: Option<usize>) -> Result<bool, Stopped> {
        let open = self.left(answer, |at, one| self.is_settled(at, one));
        let Some(last) = open.last().copied() else { return Ok(false) };
        let is_dearer = |at: usize| answer.is_some_and(|answer| at > answer);
        let spoken = |at: usize, one: &Tried| open.iter().filter(|other| self.speaks(at, one, **other)).count();
        let doubtful = |(at, one): &(usize, &Tried)| {
            let enough = is_dearer(*at) && one.runs >= LEAST;
            !enough && !self.is_settled(*at, one) && self.speaks(*at, one, last)
        };
        let doubted = self.failed().filter(doubtful).max_by_key(|(at, one)| spoken(*at, one)).map(|(at, _)| at);
        // What is dearer is worth a look; if that does not make it sure, what is cheaper has to fail by itself.
        match doubted {
            Some(at) if is_dearer(at) => self.look(at)?,
            Some(at) => self.sure(at)?,
            None => self.sure(last)?,
        };
        Ok(true)
    }

    /// Checks that more is better; whether anything new came out.
    fn check(&mut self, answer: Option<usize>) -> Result<bool, Stopped> {
        let before = (self.trials.simulations, self.tried.len(), self.trusted.clone());
        for less in self.below(answer) {
            self.sure(less)?;
        }
        for more in answer.map_or_else(Vec::new, |at| self.above(at)) {
            // What is within the noise contradicts nothing.
            if !self.look(more)?.passed && answer.and_then(|at| self.known(at)).is_some_and(|one| one.decided) {
                self.sure(more)?;
            }
        }
        if self.best() == answer {
            for speaker in self.speakers(answer) {
                self.probe(speaker)?;
            }
        }
        self.compare();
        Ok(before != (self.trials.simulations, self.tried.len(), self.trusted.clone()))
    }

    /// What passed with less than what failed: more of that is not better.
    fn compare(&mut self) {
        let passed = self.tried.iter().filter(|(_, one)| one.passed && one.decided);
        let failed = || self.failed().filter(|(_, one)| one.decided);
        let pairs: Vec<(usize, usize)> = passed
            .flat_map(|(at, _)| failed().map(move |(other, one)| (*at, other, one)))
            .filter(|(at, other, one)| self.speaks(*other, one, *at))
            .map(|(at, other, _)| (at, other))
            .collect();
        for (at, other) in pairs {
            let axes = self.ranks[at].amounts.iter().zip(&self.ranks[other].amounts);
            self.trusted.iter_mut().zip(axes).for_each(|(trusted, (a, b))| *trusted &= a == b);
        }
    }

    /// Failures that speak for something cheaper that was never tried, but for those that others speak for.
    fn speakers(&self, answer: Option<usize>) -> Vec<usize> {
        let silent: Vec<usize> = (0..answer.unwrap_or(self.all.len())).filter(|at| self.known(*at).is_none()).collect();
        let ran = self.failed().filter(|(at, one)| one.cut.is_none() && self.is_settled(*at, one));
        let ran: Vec<(usize, &Tried)> = ran.collect();
        let others = |at: usize| ran.iter().any(|(other, _)| *other != at && self.is_within(at, *other));
        let speaks = |(at, one): &&(usize, &Tried)| silent.iter().any(|other| self.speaks(*at, one, *other));
        ran.iter().filter(speaks).map(|(at, _)| *at).filter(|at| !others(*at)).collect()
    }

    /// Whether a failure comes much nearer to its bounds with less of something: by one step, by half of them, and by half
    /// of that as long as it is not worse.
    fn probe(&mut self, failed: usize) -> Result<(), Stopped> {
        for axis in 0..self.trusted.len() {
            let fewer = self.fewer(failed, axis);
            let Some(mut i) = fewer.len().checked_sub(1) else { continue };
            while let Some(nearer) = self.probed(fewer[i], failed)? {
                if nearer >= ENOUGH {
                    self.look(fewer[i])?;
                    self.look(failed)?;
                    self.trusted[axis] &= self.nearer(fewer[i], failed, LEAST) < ENOUGH;
                    break;
                }
                let is_next = i + 1 == fewer.len();
                if i == 0 || nearer < -WORSE && !is_next {
                    break;
                }
                i /= 2;
            }
        }
        Ok(())
    }

    /// How much nearer one run comes, seen beside the same of a failure; none where bounds forbid it.
    fn probed(&mut self, less: usize, failed: usize) -> Result<Option<f64>, Stopped> {
        let cut = self.glance(less)?.cut;
        Ok(cut.is_none().then(|| self.nearer(less, failed, 1)))
    }

    /// By which share of what a candidate fails by another one comes nearer, by the means of the first runs of both.
    fn nearer(&self, less: usize, failed: usize, runs: usize) -> f64 {
        let Some(one) = self.known(failed) else { return 0.0 };
        let mean = |at: usize, line: usize| self.trials.mean(&self.all[at], line, runs);
        let share = |(i, line): (usize, &Held)| match (mean(less, i), mean(failed, i), line.mean) {
            (Some(there), Some(here), Some(by)) => {
                // What fails by its mean may hold in the first run; that says nothing.
                let gap = line.bound - here;
                if gap * (line.bound - by) > 0.0 { (there - here) / gap } else { 0.0 }
            }
            (there, ..) => f64::from(u8::from(there.is_some())),
        };
        let broken = one.thresholds.iter().enumerate().filter(|(_, line)| !line.passed);
        broken.map(share).reduce(f64::min).unwrap_or(0.0)
    }

    /// Those with less of one thing and as much of all others, from the least on, if failures speak for them.
    fn fewer(&self, at: usize, axis: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.all.len())
            .filter(|other| self.differ(*other, at) == Some(axis) && self.is_within(*other, at))
            .collect();
        all.sort_by_key(|other| self.ranks[*other].amounts[axis]);
        all
    }

    /// The one axis on which two differ.
    fn differ(&self, at: usize, other: usize) -> Option<usize> {
        let pairs = self.ranks[at].amounts.iter().zip(&self.ranks[other].amounts).enumerate();
        let mut axes = pairs.filter(|(_, (a, b))| a != b).map(|(axis, _)| axis);
        axes.next().filter(|_| axes.next().is_none())
    }

    /// What is cheaper than the answer by one step of one thing.
    fn below(&self, answer: Option<usize>) -> Vec<usize> {
        let Some(at) = answer else { return Vec::new() };
        let next = |axis| self.fewer(at, axis).last().copied();
        (0..self.trusted.len()).filter_map(next).filter(|less| *less < at).collect()
    }

    /// Those with one step more of one thing.
    fn above(&self, at: usize) -> Vec<usize> {
        let next = |axis| {
            let more =
                (0..self.all.len()).filter(|more| self.differ(*more, at) == Some(axis) && self.is_within(at, *more));
            more.min_by_key(|more| self.ranks[*more].amounts[axis])
        };
        (0..self.trusted.len()).filter_map(next).collect()
    }
}
