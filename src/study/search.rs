//! The least of what passes, along one line of candidates: from those that surely fail to those that may pass.
//!
//! Bounds are asked first, for they cost nothing. Then single runs find where failing ends, by growing steps and by
//! halving. What they say is only a guess: the answer has to pass for sure, and its neighbour below has to fail for
//! sure. Nor is it assumed that more is better: the neighbours beyond are asked as well, and where they contradict, the
//! candidates around are all tried and the answer says so.
use super::trial::{Choice, Cut, Stopped, Trials, Tried};

/// How many candidates on each side are tried where more is not always better.
const AROUND: usize = 3;

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Found {
    /// The place of the answer among the candidates; none where none passes.
    pub at: Option<usize>,
    /// Whether every candidate tried before the answer fails, and every one after it passes.
    pub monotone: bool,
    /// Whether the answer passes, and the one before it fails, with 95 % confidence; where none passes, whether the last
    /// candidate fails.
    pub sure: bool,
    /// Whether more runs of them would be of no use. What is not sure then is the same in all runs.
    pub decided: bool,
    /// Everything that was tried, by place.
    pub tried: Vec<(usize, Tried)>,
    /// Candidates that bounds alone ruled out, and why the last of them.
    pub ruled_out: usize,
    /// Why it was ruled out.
    pub cut: Option<Cut>,
}

/// Searches candidates that are in order: the later, the more likely to pass. At least one.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub fn least(trials: &mut Trials<'_>, candidates: &[Choice]) -> Result<Found, Stopped> {
    let last = candidates.len() - 1;
    let first = uncut(trials, candidates);
    let cut = first.checked_sub(1).and_then(|before| trials.cut(&candidates[before]));
    let mut search = Search { trials, candidates, tried: Vec::new() };
    // None will do as surely as the last one fails; where bounds rule out all of them there is no doubt.
    let none = |search: Search<'_, '_>| Found {
        at: None,
        monotone: true,
        sure: search.known(last).is_none_or(|tried| tried.sure),
        decided: search.known(last).is_none_or(|tried| tried.decided),
        tried: search.tried,
        ruled_out: first,
        cut: cut.clone(),
    };
    if first > last {
        return Ok(none(search));
    }
    let Some(mut at) = search.guess(first)? else { return Ok(none(search)) };
    // A guess is of one run: go on until one passes for sure, then back while the one before passes, too.
    while !search.sure(at)?.passed {
        if at == last {
            return Ok(none(search));
        }
        at += 1;
    }
    while at > first && search.sure(at - 1)?.passed {
        at -= 1;
    }
    let (at, monotone) = search.check(at, first)?;
    let boundary = [Some(at), at.checked_sub(1).filter(|before| *before >= first)];
    let (mut sure, mut decided) = (true, true);
    for place in boundary.into_iter().flatten() {
        let tried = search.sure(place)?;
        sure &= tried.sure;
        decided &= tried.decided;
    }
    Ok(Found { at: Some(at), monotone, sure, decided, tried: search.tried, ruled_out: first, cut })
}

/// The first candidate that bounds do not rule out; bounds fall along the line.
fn uncut(trials: &mut Trials<'_>, candidates: &[Choice]) -> usize {
    let (mut low, mut high) = (0, candidates.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if trials.cut(&candidates[middle]).is_some() { low = middle + 1 } else { high = middle }
    }
    low
}

struct Search<'s, 'e> {
    trials: &'s mut Trials<'e>,
    candidates: &'s [Choice],
    tried: Vec<(usize, Tried)>,
}

impl Search<'_, '_> {
    fn keep(&mut self, at: usize, tried: Tried) -> Tried {
        match self.tried.iter_mut().find(|(place, _)| *place == at) {
            Some((_, known)) => known.clone_from(&tried),
            None => self.tried.push((at, tried.clone())),
        }
        self.tried.sort_by_key(|(place, _)| *place);
        tried
    }

    fn known(&self, at: usize) -> Option<&Tried> {
        self.tried.iter().find(|(place, _)| *place == at).map(|(_, tried)| tried)
    }

    fn glance(&mut self, at: usize) -> Result<bool, Stopped> {
        let tried = self.trials.glance(&self.candidates[at])?;
        Ok(self.keep(at, tried).passed)
    }

    fn sure(&mut self, at: usize) -> Result<Tried, Stopped> {
        let tried = self.trials.sure(&self.candidates[at])?;
        Ok(self.keep(at, tried))
    }

    /// Where single runs say that passing begins; none where even the last one fails for sure.
    fn guess(&mut self, first: usize) -> Result<Option<usize>, Stopped> {
        let last = self.candidates.len() - 1;
        let (mut fails, mut step, mut at) = (None, 1, first);
        loop {
            if self.glance(at)? {
                break;
            }
            if at == last {
                return Ok(if self.sure(last)?.passed { Some(last) } else { None });
            }
            fails = Some(at);
            at = (at + step).min(last);
            step *= 2;
        }
        let mut low = fails.map_or(first, |fails| fails + 1);
        while low < at {
            let middle = usize::midpoint(low, at);
            if self.glance(middle)? { at = middle } else { low = middle + 1 }
        }
        Ok(Some(at))
    }

    /// Asks the neighbours beyond the boundary; where they contradict it, everything around.
    fn check(&mut self, at: usize, first: usize) -> Result<(usize, bool), Stopped> {
        let last = self.candidates.len() - 1;
        let after = at < last && self.contradicts(at + 1, true)?;
        let before = at >= first + 2 && self.contradicts(at - 2, false)?;
        if !after && !before {
            return Ok((at, true));
        }
        let mut lowest = at;
        for place in (at + 1)..=(at + AROUND).min(last) {
            self.sure(place)?;
        }
        // Downwards until several in a row fail.
        let (mut place, mut failed) = (at, 0);
        while place > first && failed < AROUND {
            place -= 1;
            if self.sure(place)?.passed {
                (lowest, failed) = (place, 0);
            } else {
                failed += 1;
            }
        }
        Ok((lowest, false))
    }

    /// Whether a candidate is not what it should be: only what a look says so is worth more runs, and what is within the
    /// noise then contradicts nothing.
    fn contradicts(&mut self, at: usize, should_pass: bool) -> Result<bool, Stopped> {
        let looked = self.trials.look(&self.candidates[at])?;
        if self.keep(at, looked).passed == should_pass {
            return Ok(false);
        }
        let tried = self.sure(at)?;
        Ok(tried.decided && tried.passed != should_pass)
    }
}
