//! How long work on a record takes: drawn, by what is in it, or as long as it really does.
//!
//! Streams belong to a partition of a group, never to a member: other members have the same luck.
use super::Run;
use crate::model::protocol::{Extra, Record};
use crate::model::random::Draws;
use crate::units::{Span, Time};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

/// Does the work on records for real, and says how long each took. Only an engine whose clocks are real has any.
pub trait RealWork: Debug + Send {
    /// Works on the records of a run, one after the other from `begins` on, and appends the time each of them took.
    fn work(&mut self, run: &Run, records: &[Record], begins: Time, took: &mut Vec<Span>);
}

/// Processing times of the records of one partition.
#[derive(Debug)]
pub enum Service {
    /// Drawn for each record.
    Each(Draws),
    /// A base, and so much for each unit of work in the record.
    PerUnit {
        /// Drawn for each record.
        base: Draws,
        /// Drawn for each record, times its units.
        each: Draws,
    },
    /// As long as it takes: done while it is asked for.
    Real(Arc<Mutex<dyn RealWork>>),
}

impl Service {
    /// Appends the processing times of the records of a run and returns their sum.
    #[inline]
    pub(super) fn draw(
        &mut self,
        (run, begins): (&Run, Time),
        records: &[Record],
        extras: &[Extra],
        out: &mut Vec<Span>,
    ) -> Span {
        let n = records.len();
        match self {
            Self::Each(draws) => draws.spans_into(n, out),
            Self::PerUnit { base, each } => {
                let first = out.len();
                base.spans_into(n, out);
                let mut sum = Span::ZERO;
                for (i, work) in out[first..].iter_mut().enumerate() {
                    let units = extras.get(i).map_or(1.0, |extra| extra.units);
                    *work += Span::from_ns((each.span().ns() as f64 * units).round() as u64);
                    sum += *work;
                }
                sum
            }
            Self::Real(work) => {
                let first = out.len();
                work.lock().expect("nobody panics at work").work(run, records, begins, out);
                assert_eq!(out.len() - first, n, "work on each record takes its time");
                out[first..].iter().fold(Span::ZERO, |sum, &work| sum + work)
            }
        }
    }
}
