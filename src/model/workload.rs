//! What a producer is given to send: when, which key, how big.
use std::sync::Arc;

/// When records are due. Rates are per second over all instances of a producer.
#[derive(Clone, Debug)]
pub enum Arrivals {
    /// Evenly spaced from time 0; instance `i` of `n` begins `i` spacings later.
    Constant {
        /// Records per second.
        rate: f64,
    },
    /// Memoryless.
    Poisson {
        /// Records per second.
        rate: f64,
    },
    /// Independent gamma gaps.
    Renewal {
        /// Records per second.
        rate: f64,
        /// Coefficient of variation of a gap.
        cv: f64,
    },
    /// Groups of records at one instant, memoryless.
    Batches {
        /// Groups per second.
        rate: f64,
        /// Records of a group.
        size: u32,
    },
    /// One rate after the other, then silence.
    Steps {
        /// Each step.
        steps: Vec<Step>,
        /// Evenly spaced instead of Poisson.
        even: bool,
    },
    /// Read from a file; the rows are dealt to the instances in turn.
    Trace(Arc<[TraceRow]>),
}

/// Part of `Arrivals::Steps`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// How long it lasts, in nanoseconds.
    pub length_ns: u64,
    /// Records per second, zero or more.
    pub rate: f64,
}

/// One record of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceRow {
    /// When it is due, in nanoseconds since the first row, after `speed`.
    pub at_ns: u64,
    /// Its key, as a number below the `count` of the producer's `Keys::Listed`; `NO_KEY` without one.
    pub key: u32,
    /// Value bytes; negative where the trace does not say.
    pub size: i64,
    /// Amount of work in it; 1 where the trace does not say.
    pub units: f64,
}

/// The key of a record without one.
pub const NO_KEY: u32 = u32::MAX;

/// Keys of a producer's records.
#[derive(Clone, Debug)]
pub enum Keys {
    /// No keys.
    None,
    /// Numbered keys: the text of key `i` is `salt` followed by the decimal digits of `i`.
    Numbered {
        /// What every key's text starts with.
        salt: String,
        /// How many there are.
        count: u32,
        /// How often each occurs.
        law: KeyLaw,
        /// Number of key 0 over all producers of the plan; equal salts share numbers.
        base: u32,
    },
    /// The distinct keys of a trace in order of first appearance; a row names its key by its place here.
    Listed {
        /// Text of each key.
        texts: Arc<[String]>,
        /// Number of the first key over all producers of the plan.
        base: u32,
    },
}

/// How often each numbered key occurs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeyLaw {
    /// All alike.
    Uniform,
    /// Key `i` in proportion to `(i + 1)^-exponent`.
    Zipf {
        /// At least 0.
        exponent: f64,
    },
    /// Key 0 has this share, the rest is spread evenly.
    Hot {
        /// 0 to 1.
        share: f64,
    },
}
