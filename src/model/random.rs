//! Random numbers: one named stream per owner, drawn in blocks, so that adding an owner shifts nobody else's luck.

/// How values are distributed, in nanoseconds (or bytes, for sizes). Every mean is finite and every value at least zero.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(f64),
    /// Between `min` and `max`, each equally likely.
    Uniform {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// Memoryless.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// The exponential of a normal.
    Lognormal {
        /// Mean.
        mean: f64,
        /// Coefficient of variation.
        cv: f64,
    },
    /// Sums of exponentials, and between.
    Gamma {
        /// Mean.
        mean: f64,
        /// Coefficient of variation.
        cv: f64,
    },
    /// A power-law tail (Pareto type I).
    Pareto {
        /// Mean; `shape` must exceed 1.
        mean: f64,
        /// Tail exponent.
        shape: f64,
    },
    /// Two constants.
    Bimodal {
        /// The usual value.
        fast: f64,
        /// The rare value.
        slow: f64,
        /// Share of the rare value, 0 to 1.
        share_slow: f64,
    },
    /// Two exponential phases with balanced means.
    Hyperexponential {
        /// Mean.
        mean: f64,
        /// Coefficient of variation, at least 1.
        cv: f64,
    },
}
