//! Random numbers: one named stream per owner, drawn in blocks, so that adding an owner shifts nobody else's luck.
//!
//! A block is drawn in two loops, first the bits and then their shape: the second one vectorises, and runs on the
//! widest instructions the processor has. The generator is xoshiro256++; the shapes that are not hot are `rand_distr`'s.
use crate::units::Span;
use rand::{RngExt as _, SeedableRng as _, rand_core::Rng as _};
use rand_distr::Distribution as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use statrs::function::gamma::gamma;
use std::sync::Arc;

/// Numbers drawn at once by whoever needs many.
pub const BLOCK: usize = 256;
/// Numbers that [`Draws`] has ready: there are many of these, and all should stay in the nearest cache.
const READY: usize = 64;

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
    /// The exponential of a power: many short and some long (shape < 1), or around the mean (shape > 1).
    Weibull {
        /// Mean.
        mean: f64,
        /// 1 is exponential.
        shape: f64,
    },
    /// Measured values, each equally likely; at least one.
    Empirical(Arc<[f64]>),
}

impl Distribution {
    /// Costs nothing.
    pub const ZERO: Self = Self::Constant(0.0);

    /// Expected value.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { min, max } => f64::midpoint(min, max),
            Self::Bimodal { fast, slow, share_slow } => fast + (slow - fast) * share_slow,
            Self::Empirical(ref values) => values.iter().sum::<f64>() / values.len() as f64,
            Self::Exponential { mean }
            | Self::Weibull { mean, .. }
            | Self::Lognormal { mean, .. }
            | Self::Gamma { mean, .. }
            | Self::Pareto { mean, .. }
            | Self::Hyperexponential { mean, .. } => mean,
        }
    }

    /// No value is less.
    #[must_use]
    pub fn least(&self) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { min, .. } => min,
            Self::Bimodal { fast, slow, .. } => fast.min(slow),
            Self::Empirical(ref values) => values.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Pareto { mean, shape } => mean * (shape - 1.0) / shape,
            Self::Exponential { .. }
            | Self::Weibull { .. }
            | Self::Lognormal { .. }
            | Self::Gamma { .. }
            | Self::Hyperexponential { .. } => 0.0,
        }
    }

    /// Fills a block with values, each rounded to a whole number.
    pub fn fill(&self, stream: &mut Stream, out: &mut [u64]) {
        match *self {
            Self::Constant(value) => out.fill(whole(value)),
            // The quick way is good below 2^52; a value is at most 36.05 means.
            Self::Exponential { mean } if mean < 1.0e14 => stream.shape(out, Exponential { mean }),
            Self::Uniform { min, max } if max < 4.0e15 => stream.shape(out, Uniform { min, width: max - min }),
            _ => self.fill_slowly(stream, out),
        }
    }

    fn fill_slowly(&self, stream: &mut Stream, out: &mut [u64]) {
        let rng = &mut stream.0;
        match *self {
            Self::Constant(value) => out.fill(whole(value)),
            Self::Uniform { min, max } => each(out, || min + (max - min) * rng.random::<f64>()),
            Self::Exponential { mean } => each(out, || mean * exp1(rng)),
            Self::Lognormal { mean, cv } => {
                let law = rand_distr::LogNormal::from_mean_cv(mean, cv).expect("the plan has checked mean and cv");
                each(out, || law.sample(rng));
            }
            Self::Gamma { mean, cv } => {
                let shape = 1.0 / (cv * cv);
                let law = rand_distr::Gamma::new(shape, mean / shape).expect("the plan has checked mean and cv");
                each(out, || law.sample(rng));
            }
            Self::Pareto { mean, shape } => {
                let least = mean * (shape - 1.0) / shape;
                let law = rand_distr::Pareto::new(least, shape).expect("the plan has checked mean and shape");
                each(out, || law.sample(rng));
            }
            Self::Weibull { mean, shape } => {
                let scale = mean / gamma(1.0 + 1.0 / shape);
                each(out, || scale * exp1(rng).powf(1.0 / shape));
            }
            Self::Empirical(ref values) => {
                let count = values.len() as u64;
                each(out, || values[((u128::from(rng.next_u64()) * u128::from(count)) >> 64) as usize]);
            }
            Self::Bimodal { fast, slow, share_slow } => {
                each(out, || if rng.random::<f64>() < share_slow { slow } else { fast });
            }
            Self::Hyperexponential { mean, cv } => {
                // Balanced means: each phase carries half of the total (Whitt 1982).
                let squared = cv * cv;
                let first = 0.5 * (1.0 + ((squared - 1.0) / (squared + 1.0)).sqrt());
                each(out, || {
                    let share = if rng.random::<f64>() < first { first } else { 1.0 - first };
                    exp1(rng) * mean / (2.0 * share)
                });
            }
        }
    }
}

fn each(out: &mut [u64], mut draw: impl FnMut() -> f64) {
    for value in out {
        *value = whole(draw());
    }
}

/// The nearest whole number, at most thirty years in nanoseconds, so that sums stay far from the end of `u64`.
fn whole(value: f64) -> u64 {
    value.round().min(1.0e18) as u64
}

fn exp1(rng: &mut Xoshiro256PlusPlus) -> f64 {
    rand_distr::Exp1.sample(rng)
}

/// A random stream with a name of its own.
#[derive(Clone, Debug)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream called `name` of the run with this seed.
    #[must_use]
    pub fn named(seed: u64, name: &str) -> Self {
        // FNV-1a over the seed and the name; the generator's own seeding (SplitMix64) spreads it over its state.
        let bytes = seed.to_le_bytes().into_iter().chain(name.bytes());
        let hash = bytes.fold(0xCBF2_9CE4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3));
        Self(Xoshiro256PlusPlus::seed_from_u64(hash))
    }

    /// A stream of its own that follows from this one and a name, and takes nothing from it.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        Self::named(self.clone().bits(), name)
    }

    /// Sixty-four random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in [0, 1).
    #[inline]
    pub fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// An exponential number with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// A whole number below `n`, each equally likely up to 2^-32.
    #[inline]
    pub fn below(&mut self, n: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(n)) >> 32) as u32
    }

    /// Whole numbers below `n`.
    pub fn fill_below(&mut self, n: u32, out: &mut [u32; BLOCK]) {
        // Each half of the bits serves one number.
        for pair in out.as_chunks_mut::<2>().0 {
            let bits = self.bits();
            let below = |half: u64| ((half * u64::from(n)) >> 32) as u32;
            *pair = [below(bits >> 32), below(bits & 0xFFFF_FFFF)];
        }
    }

    /// Numbers by any distribution of `rand_distr`.
    pub fn fill_by(&mut self, law: &impl rand_distr::Distribution<f64>, out: &mut [u32; BLOCK]) {
        for value in out {
            *value = law.sample(&mut self.0) as u32;
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "one or two floats: they stay in registers")]
    fn shape(&mut self, out: &mut [u64], shape: impl Shape) {
        for value in &mut *out {
            *value = self.0.next_u64();
        }
        wide(
            #[inline(always)]
            || {
                for value in out {
                    *value = shape.of(unit(*value));
                }
            },
        );
    }
}

/// Runs a loop on the widest instructions the processor has; the closure must be `#[inline(always)]`.
#[inline]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Turns a number in (0, 1] into a value; simple enough to run in wide registers.
trait Shape {
    fn of(&self, unit: f64) -> u64;
}

struct Exponential {
    mean: f64,
}

struct Uniform {
    min: f64,
    width: f64,
}

impl Shape for Exponential {
    #[inline(always)]
    fn of(&self, unit: f64) -> u64 {
        Span::round_ns(minus_ln(unit) * self.mean).ns()
    }
}

impl Shape for Uniform {
    #[inline(always)]
    fn of(&self, unit: f64) -> u64 {
        Span::round_ns(self.min + self.width * unit).ns()
    }
}

/// A number in (0, 1] from 52 random bits.
#[inline(always)]
fn unit(bits: u64) -> f64 {
    2.0 - f64::from_bits((bits >> 12) | 0x3FF0_0000_0000_0000)
}

/// -ln(x) for normal positive x: the fdlibm kernel in operations that every vector unit has, good to 1 ulp.
#[inline(always)]
#[expect(clippy::many_single_char_names, reason = "fdlibm's own names")]
fn minus_ln(x: f64) -> f64 {
    const HALF_ROOT_2: u64 = 0x3FE6_A09E_667F_3BCD;
    const MANTISSA: u64 = 0x000F_FFFF_FFFF_FFFF;
    const C: [f64; 7] = [
        0.666_666_666_666_673_5,
        0.399_999_999_994_094_2,
        0.285_714_287_436_623_9,
        0.222_221_984_321_497_84,
        0.181_835_721_616_180_5,
        0.153_138_376_992_093_73,
        0.147_981_986_051_165_86,
    ];
    let shifted = x.to_bits() + (0x3FF0_0000_0000_0000 - HALF_ROOT_2);
    // The exponent as a float: put it into the low bits of 2^52 and take 2^52 and the bias away.
    let exponent = f64::from_bits((shifted >> 52) | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let mantissa = f64::from_bits((shifted & MANTISSA) + HALF_ROOT_2);
    let f = mantissa - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * (C[0] + z * (C[1] + z * (C[2] + z * (C[3] + z * (C[4] + z * (C[5] + z * C[6]))))));
    -(exponent * std::f64::consts::LN_2 + (2.0 * s + s * r))
}

/// An endless supply of values by one distribution.
#[derive(Clone, Debug)]
pub struct Draws {
    law: Distribution,
    stream: Stream,
    /// Empty where the law is constant: nothing is drawn then.
    block: Option<Box<[u64; READY]>>,
    next: usize,
    constant: u64,
}

impl Draws {
    /// Values by `law` from `stream`.
    #[must_use]
    pub fn new(law: &Distribution, stream: Stream) -> Self {
        // A constant is never used up.
        let (constant, block, next) = match *law {
            Distribution::Constant(value) => (whole(value), None, 0),
            _ => (0, Some(Box::new([0; READY])), READY),
        };
        Self { law: law.clone(), stream, block, next, constant }
    }

    /// Values by the same law from a stream beside this one's.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        Self::new(&self.law, self.stream.beside(name))
    }

    #[inline(never)]
    fn refill(&mut self) {
        if let Some(block) = &mut self.block {
            self.law.fill(&mut self.stream, &mut block[..]);
            self.next = 0;
        }
    }

    /// The next value as a span.
    #[inline]
    pub fn span(&mut self) -> Span {
        if self.next == READY {
            self.refill();
        }
        let Some(block) = &self.block else { return Span::from_ns(self.constant) };
        let value = block[self.next & (READY - 1)];
        self.next += 1;
        Span::from_ns(value)
    }

    /// Appends `n` spans to `out` and returns their sum.
    #[inline]
    pub fn spans_into(&mut self, mut n: usize, out: &mut Vec<Span>) -> Span {
        let mut sum = 0;
        while n > 0 {
            if self.next == READY {
                self.refill();
            }
            let Some(block) = &self.block else {
                out.resize(out.len() + n, Span::from_ns(self.constant));
                return Span::from_ns(self.constant * n as u64);
            };
            let taken = &block[self.next..(self.next + n).min(READY)];
            sum += taken.iter().sum::<u64>();
            out.extend(taken.iter().map(|&ns| Span::from_ns(ns)));
            self.next += taken.len();
            n -= taken.len();
        }
        Span::from_ns(sum)
    }
}
