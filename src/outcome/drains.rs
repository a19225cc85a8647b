//! How long after each event the lag was back where it had been.
//!
//! What it had been is the greatest lag of the rows between the event before and this one, at most so many rows; it is back
//! when it is no greater, after it was. Rows of the series are the grain.
use super::result::{EventResult, SeriesRow};

/// Rows before an event that say what is usual.
const USUAL: usize = 20;

/// Sets how long it took after each event; nothing where the lag did not come back.
pub fn settle(events: &mut [EventResult], series: &[SeriesRow]) {
    let lag = |row: &SeriesRow| row.groups.iter().map(|group| group.lag).sum::<u64>();
    let mut from = 0;
    for event in events {
        let at = series.partition_point(|row| row.interval.end_s <= event.at_s);
        let usual = series[from.max(at.saturating_sub(USUAL)).min(at)..at].iter().map(lag).max().unwrap_or(0);
        let next = series[at..].iter().position(|row| lag(row) > usual);
        event.time_to_drain_s = match next {
            None => Some(0.0),
            Some(rises) => {
                let back = series[at + rises..].iter().find(|row| lag(row) <= usual);
                back.map(|row| (row.interval.end_s - event.at_s).max(0.0))
            }
        };
        from = at;
    }
}
