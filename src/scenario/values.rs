//! Values as the keys of a scenario hold them: a duration, a size, a rate, a count, a distribution.
//!
//! Each knows its format in the schema, and the validator checks the format by the same reading as serde does here.
use crate::units::{Span, parse};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A value written as one scalar, quoted or not.
struct Text;

impl Visitor<'_> for Text {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value")
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<String, E> {
        Ok(v.to_owned())
    }
    fn visit_bool<E: Error>(self, v: bool) -> Result<String, E> {
        Ok(v.to_string())
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<String, E> {
        Ok(v.to_string())
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<String, E> {
        Ok(v.to_string())
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<String, E> {
        Ok(v.to_string())
    }
}

macro_rules! value {
    ($(#[doc = $doc:literal])+ $name:ident($inner:ty), $format:literal, $types:tt, $parse:expr, $example:literal) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = from.deserialize_any(Text)?;
                let read: Result<$inner, parse::Unreadable> = $parse(&text);
                read.map(Self).map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": $types,
                    "format": $format,
                    "description": concat!($($doc),+).trim(),
                    "examples": [$example],
                })
            }
        }
    };
}

value!(/// A duration such as `5ms`.
    Duration(Span), "duration", ["string", "integer"], parse::duration, "5ms");
value!(/// A size such as `16 KiB`.
    Size(u64), "size", ["string", "integer"], parse::size, "16 KiB");
value!(/// A count such as `1000` or `1M`.
    Count(u64), "count", ["integer", "string"], parse::count, "12");
value!(/// A rate in messages such as `100k/s`.
    Rate(f64), "rate", ["string"], parse::rate, "100k/s");
value!(/// A rate in bytes such as `20 MiB/s`.
    ByteRate(f64), "byte-rate", ["string"], parse::byte_rate, "20 MiB/s");
value!(/// A plain number such as `0.2`.
    Real(f64), "number", ["number", "string"], parse::number, "0.2");
value!(/// A part of a whole such as `5%` or `0.05`.
    Share(f64), "share", ["string", "number"], share, "5%");
value!(/// `true` or `false`.
    Flag(bool), "flag", ["boolean", "string"], flag, "true");
value!(/// A price for a time such as `0.05/h`.
    Price(f64), "price", ["string"], parse::price, "0.05/h");
value!(/// Any text.
    Words(String), "text", ["string", "number", "boolean"], words, "hello");
value!(/// A file in the scenario's folder.
    File(String), "file", ["string"], words, "arrivals.csv");

value!(/// A seed: any whole number below 2^64.
    Seed(u64), "seed", ["integer", "string"], seed, "1");
value!(/// When a write counts as done: `0` when it has left, `1` when the leader has it, `all` when every replica has.
    Acks(AcksLevel), "acks", ["string", "integer"], acks, "all");
value!(/// What a token bucket holds: a count of messages such as `1000`, or a size such as `1 MiB`.
    Burst(BurstAmount), "burst", ["string", "integer"], burst, "1000");

value!(/// When processing a record fails: the first so many times such as `3`, each time with a chance such as `20%`, or `always`.
    Fails(Failing), "fails", ["string", "integer", "number"], fails, "3");
value!(/// How often something is tried: a count such as `3`, or `forever`.
    Attempts(Option<u64>), "attempts", ["string", "integer"], attempts, "3");

/// When processing a record fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Failing {
    /// The first so many times.
    Times(u64),
    /// Each time with this chance.
    Chance(f64),
    /// Each time.
    Always,
}

/// When a write counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcksLevel {
    /// When it has left.
    None,
    /// When the leader has it.
    Leader,
    /// When all in-sync replicas have it.
    All,
}

/// What a token bucket holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BurstAmount {
    /// So many messages.
    Messages(u64),
    /// So many bytes.
    Bytes(u64),
}

/// A seed.
///
/// # Errors
/// Where it is no whole number below 2^64.
pub fn seed(text: &str) -> Result<u64, parse::Unreadable> {
    text.parse().map_err(|_| unreadable(text, "a seed", "write a whole number below 2^64 such as `1`"))
}

/// When a write counts as done.
///
/// # Errors
/// Where it is none of `0`, `1`, `all`.
pub fn acks(text: &str) -> Result<AcksLevel, parse::Unreadable> {
    match text {
        "0" => Ok(AcksLevel::None),
        "1" => Ok(AcksLevel::Leader),
        "all" | "-1" => Ok(AcksLevel::All),
        _ => Err(unreadable(text, "a level of acknowledgement", "write `0`, `1` or `all`")),
    }
}

/// What a token bucket holds.
///
/// # Errors
/// Where it is neither a count nor a size.
pub fn burst(text: &str) -> Result<BurstAmount, parse::Unreadable> {
    let bytes = |_| parse::size(text).map(BurstAmount::Bytes);
    parse::count(text)
        .map(BurstAmount::Messages)
        .or_else(bytes)
        .map_err(|_| unreadable(text, "a burst", "write a count such as `1000` or a size such as `1 MiB`"))
}

fn unreadable(text: &str, what: &str, remedy: &str) -> parse::Unreadable {
    let shown: String = text.chars().take(40).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    parse::Unreadable { message: format!("`{shown}` is not {what}"), remedy: remedy.to_owned() }
}

/// A part of a whole, in percent or as a number.
///
/// # Errors
/// Where it is neither.
pub fn share(text: &str) -> Result<f64, parse::Unreadable> {
    match text.strip_suffix('%') {
        Some(percent) => parse::number(percent.trim_end()).map(|percent| percent / 100.0),
        None => parse::number(text),
    }
    .map_err(|_| unreadable(text, "a part of a whole", "write a share such as `5%` or `0.05`"))
}

/// When processing a record fails.
///
/// # Errors
/// Where it is neither a count nor a share nor `always`.
pub fn fails(text: &str) -> Result<Failing, parse::Unreadable> {
    let wrong = || unreadable(text, "a way to fail", "write `always`, a count such as `3` or a chance such as `20%`");
    match text {
        "always" => Ok(Failing::Always),
        _ if text.ends_with('%') || text.contains('.') => match share(text) {
            Ok(chance) if (0.0..=1.0).contains(&chance) => Ok(Failing::Chance(chance)),
            _ => Err(wrong()),
        },
        _ => parse::count(text).map(Failing::Times).map_err(|_| wrong()),
    }
}

/// How often something is tried.
///
/// # Errors
/// Where it is neither a count of at least 1 nor `forever`.
pub fn attempts(text: &str) -> Result<Option<u64>, parse::Unreadable> {
    match (text, parse::count(text)) {
        ("forever", _) => Ok(Option::None),
        (_, Ok(count @ 1..=1_000_000)) => Ok(Some(count)),
        _ => Err(unreadable(text, "a number of attempts", "write a count such as `3`, at most 1M, or `forever`")),
    }
}

/// `true` or `false`.
///
/// # Errors
/// Where it is anything else.
pub fn flag(text: &str) -> Result<bool, parse::Unreadable> {
    text.parse().map_err(|_| unreadable(text, "a truth value", "write `true` or `false`"))
}

#[expect(clippy::unnecessary_wraps, reason = "the same shape as the readings that can fail")]
fn words(text: &str) -> Result<String, parse::Unreadable> {
    Ok(text.to_owned())
}

/// How a value varies: the value alone for a constant, or a map with one key.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Distribution<V> {
    /// Always this.
    Bare(V),
    /// Drawn.
    Drawn(Drawn<V>),
}

/// A distribution by name.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Drawn<V> {
    /// Always the same.
    Constant {
        /// The value.
        value: V,
    },
    /// Between two values, each equally likely.
    Uniform {
        /// Least value.
        min: V,
        /// Greatest value.
        max: V,
    },
    /// Memoryless.
    Exponential {
        /// Mean.
        mean: V,
    },
    /// The exponential of a normal.
    Lognormal {
        /// Mean.
        mean: V,
        /// Coefficient of variation: standard deviation over mean.
        cv: Cv,
    },
    /// Less (cv < 1) or more (cv > 1) variable than exponential.
    Gamma {
        /// Mean.
        mean: V,
        /// Coefficient of variation: standard deviation over mean.
        cv: Cv,
    },
    /// A power-law tail.
    Pareto {
        /// Mean.
        mean: V,
        /// Tail exponent, more than 1; the smaller, the heavier the tail.
        #[schemars(extend("exclusiveMinimum" = 1, "maximum" = 1_000))]
        shape: Real,
    },
    /// Two values: mostly the fast one.
    Bimodal {
        /// The usual value.
        fast: V,
        /// The rare value.
        slow: V,
        /// Share of the rare value.
        #[schemars(extend("minimum" = 0, "maximum" = 1))]
        share_slow: Real,
    },
    /// Two exponential phases with balanced means.
    Hyperexponential {
        /// Mean.
        mean: V,
        /// Coefficient of variation, at least 1.
        #[schemars(extend("minimum" = 1, "maximum" = 100))]
        cv: Real,
    },
    /// Many short and some long (shape < 1), or around the mean (shape > 1).
    Weibull {
        /// Mean.
        mean: V,
        /// 1 is exponential.
        #[schemars(extend("minimum" = 0.1, "maximum" = 1_000))]
        shape: Real,
    },
    /// Measured values, drawn with replacement.
    Empirical {
        /// The file, beside the scenario: one value a row, with its unit.
        file: File,
    },
}

/// A coefficient of variation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Cv(pub Real);

impl JsonSchema for Cv {
    fn schema_name() -> Cow<'static, str> {
        "Cv".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["number", "string"],
            "format": "number",
            "description": "A coefficient of variation: standard deviation over mean.",
            "exclusiveMinimum": 0,
            "maximum": 100,
            "examples": [1.5],
        })
    }
}

/// Named things in the order of the file.
#[derive(Clone, Debug)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Named<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of names")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Named(pairs))
            }
        }
        from.deserialize_map(Pairs(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Named_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "additionalProperties": generator.subschema_for::<T>(),
            "propertyNames": { "pattern": "^[A-Za-z0-9_-]{1,64}$" },
            "minProperties": 1,
            "maxProperties": 1000,
        })
    }
}

/// A word out of a closed list, as it is spelled in the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum None {
    /// None.
    None,
}
