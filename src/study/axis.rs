//! What is varied: a path of the scenario, and the values it takes: a list such as `[1, 2, 4]`, or a range.
//!
//! Ranges are `9..16` (both ends count), `9..65 by 8`, `1k/s..9k/s by 2k/s` and `1..64 log` (each twice the one before).
//! They are counted in whole numbers of their last digit, so that `0.1..0.9 by 0.1` has nine values and `0.3` is `0.3`.
use serde_json::Value;

/// Values of an axis, and runs of a study, at most.
pub const MOST: u64 = 1_000_000;
/// Digits of a number that is drawn from a range.
const DIGITS: i32 = 5;

/// What is wrong, and what to do.
pub type Refusal = (String, String);

/// A path and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// As `--set` takes it.
    pub path: String,
    /// The values it takes.
    pub values: Values,
}

/// The values of an axis, as `--set` takes them.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// These, in order, each once.
    Listed(Vec<String>),
    /// Any between two ends with the same unit: a Latin hypercube draws them, a grid cannot count them.
    Between {
        /// Least.
        low: f64,
        /// Greatest.
        high: f64,
        /// What stands after the number.
        unit: String,
    },
}

/// Reads `PATH=LIST` or `PATH=RANGE`.
///
/// # Errors
/// What is wrong with it and what to write instead.
pub fn parse(line: &str) -> Result<Axis, Refusal> {
    let remedy = "write `--vary PATH=LIST` or `--vary PATH=RANGE`, such as `--vary groups.workers.members=1..8`";
    let Some((path, text)) = line.split_once('=') else {
        return Err(("has no `=`".to_owned(), remedy.to_owned()));
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(("has no values".to_owned(), remedy.to_owned()));
    }
    let value = if text.starts_with(['[', '{']) {
        let cannot = |why: String| (format!("`{text}` cannot be read: {why}"), "write a list: `[1, 2, 4]`".to_owned());
        crate::scenario::value(text).map_err(cannot)?
    } else {
        Value::String(text.to_owned())
    };
    axis(path.trim(), &value)
}

/// The axis of a path, from a list or the text of a range.
///
/// # Errors
/// What is wrong with it and what to write instead.
pub fn axis(path: &str, value: &Value) -> Result<Axis, Refusal> {
    let values = match value {
        Value::Array(items) => listed(items)?,
        Value::String(text) => range(text)?,
        other => {
            let message = format!("`{other}` is neither a list nor a range");
            return Err((message, format!("write `[{other}]`, or a range such as `1..8`")));
        }
    };
    Ok(Axis { path: path.to_owned(), values })
}

fn listed(items: &[Value]) -> Result<Values, Refusal> {
    let texts: Vec<String> = items.iter().map(text).collect();
    if texts.is_empty() {
        return Err(("is an empty list".to_owned(), "write at least one value".to_owned()));
    }
    let twice = (1..texts.len().min(1_000)).find(|&i| texts[..i].contains(&texts[i]));
    if let Some(i) = twice {
        return Err((format!("`{}` stands there twice", texts[i]), "keep one of them".to_owned()));
    }
    few(texts.len() as u64)?;
    Ok(Values::Listed(texts))
}

/// A value as `--set` takes it: YAML, which JSON is.
fn text(value: &Value) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-+ ".contains(c);
    match value {
        Value::String(text) if text.chars().all(plain) && text.starts_with(|c: char| c.is_ascii_alphanumeric()) => {
            text.clone()
        }
        other => other.to_string(),
    }
}

fn few(count: u64) -> Result<(), Refusal> {
    let message = || format!("{count} values, {MOST} at most are tried");
    if count > MOST { Err((message(), "make the step larger, or the range shorter".to_owned())) } else { Ok(()) }
}

/// A number as it was written: whole steps of its last digit, and a unit.
struct Written {
    steps: i128,
    decimals: u32,
    unit: String,
}

impl Written {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let known = !whole.is_empty() && digits.len() <= 30 && !fraction.contains('.') && !digits.ends_with('.');
        let steps = format!("{whole}{fraction}").parse().ok().filter(|_| known)?;
        Some(Self { steps, decimals: fraction.len() as u32, unit: unit.trim().to_owned() })
    }

    /// In steps of so many decimals.
    fn with(&self, decimals: u32) -> Option<i128> {
        10_i128.checked_pow(decimals - self.decimals)?.checked_mul(self.steps)
    }

    fn value(&self) -> f64 {
        self.steps as f64 / 10_f64.powi(self.decimals.cast_signed())
    }
}

/// How a range goes from one value to the next.
enum Step {
    Silent,
    By(Written),
    Log,
}

fn range(text: &str) -> Result<Values, Refusal> {
    let how = "write `1..8`, `10ms..50ms by 10ms` or `1..64 log`, or a list such as `[1, 2, 4]`";
    let refuse = |message: String| (message, how.to_owned());
    let Some((low, rest)) = text.split_once("..") else {
        return Err((format!("`{text}` is one value"), format!("set one value with `--set`; to try several, {how}")));
    };
    let (high, step) = match (rest.split_once(" by "), rest.trim_end().strip_suffix(" log")) {
        (Some((high, step)), _) => {
            let read = Written::read(step).ok_or_else(|| refuse(format!("`{step}` is no step")))?;
            (high, Step::By(read))
        }
        (None, Some(high)) => (high, Step::Log),
        (None, None) => (rest, Step::Silent),
    };
    let end = |text: &str| Written::read(text).ok_or_else(|| refuse(format!("`{}` is no end of a range", text.trim())));
    let (low, high) = (end(low)?, end(high)?);
    let unit = if low.steps == 0 && low.unit.is_empty() { high.unit.clone() } else { low.unit.clone() };
    let by_unit = match &step {
        Step::By(by) => by.unit != unit,
        _ => false,
    };
    if unit != high.unit || by_unit {
        let message = format!("`{text}` has more than one unit");
        return Err((message, "write both ends and the step in the same unit: `500us..2000us by 500us`".to_owned()));
    }
    if low.value() > high.value() {
        return Err((format!("`{text}` ends before it begins"), "write the smaller end first".to_owned()));
    }
    count(text, &low, &high, &step, &unit)
}

fn count(text: &str, low: &Written, high: &Written, step: &Step, unit: &str) -> Result<Values, Refusal> {
    let whole = unit.is_empty() && low.decimals == 0 && high.decimals == 0;
    let one = Written { steps: 1, decimals: 0, unit: String::new() };
    let by = match step {
        Step::By(by) => Some(by),
        Step::Silent if whole => Some(&one),
        Step::Silent => {
            return Ok(Values::Between { low: low.value(), high: high.value(), unit: unit.to_owned() });
        }
        Step::Log => None,
    };
    let decimals = by.map_or(0, |by| by.decimals).max(low.decimals).max(high.decimals);
    let scaled = [Some(low), Some(high), by].map(|of| of.map_or(Some(0), |of| of.with(decimals)));
    let [Some(from), Some(to), Some(by_steps)] = scaled else {
        return Err((format!("`{text}` has too many digits"), "write fewer of them".to_owned()));
    };
    let mut values = Vec::new();
    match by {
        Some(_) if by_steps == 0 => {
            return Err((format!("`{text}` never moves"), "write a step of more than 0".to_owned()));
        }
        Some(_) => {
            few(u64::try_from((to - from) / by_steps + 1).unwrap_or(u64::MAX))?;
            values.extend((0..=(to - from) / by_steps).map(|i| shown(from + i * by_steps, decimals, unit)));
        }
        None if from == 0 => {
            return Err((format!("`{text}` begins at 0, and twice 0 is 0"), "begin with more than 0".to_owned()));
        }
        None => {
            let doubled = std::iter::successors(Some(from), |value| value.checked_mul(2));
            values.extend(doubled.take_while(|value| *value <= to).map(|value| shown(value, decimals, unit)));
        }
    }
    Ok(Values::Listed(values))
}

fn shown(steps: i128, decimals: u32, unit: &str) -> String {
    let scale = 10_i128.pow(decimals);
    let (whole, rest) = (steps / scale, steps % scale);
    let fraction = format!("{rest:0width$}", width = decimals as usize);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() || decimals == 0 { format!("{whole}{unit}") } else { format!("{whole}.{fraction}{unit}") }
}

impl Axis {
    /// How many values there are, if they can be counted.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match &self.values {
            Values::Listed(all) => Some(all.len() as u64),
            Values::Between { .. } => None,
        }
    }

    /// Whether all its values are numbers of something of which more may be expected to help: members, workers,
    /// partitions, brokers.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        let parts: Vec<&str> = self.path.split('.').collect();
        let resource = matches!(
            parts.as_slice(),
            ["groups", _, "members" | "workers"] | ["topics", _, "partitions"] | ["cluster", "brokers"]
        );
        match &self.values {
            Values::Listed(all) => resource && all.iter().all(|value| value.parse::<u64>().is_ok()),
            Values::Between { .. } => false,
        }
    }

    /// Whether any value names a file.
    #[must_use]
    pub fn names_files(&self) -> bool {
        let named = |text: &String| {
            let value = crate::scenario::value(text).unwrap_or_else(|_| Value::String(text.clone()));
            crate::scenario::names_files(&self.path, &value)
        };
        match &self.values {
            Values::Listed(all) => all.iter().any(named),
            Values::Between { .. } => false,
        }
    }

    /// The value at a share of the axis, from 0 to less than 1.
    #[must_use]
    pub fn at(&self, share: f64) -> String {
        match &self.values {
            Values::Listed(all) => all[((share * all.len() as f64) as usize).min(all.len() - 1)].clone(),
            Values::Between { low, high, unit } => {
                let value = low + share * (high - low);
                let before = if value > 0.0 { value.log10().floor() as i32 + 1 } else { 1 };
                let text = format!("{value:.*}", (DIGITS - before).clamp(0, 12) as usize);
                let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
                format!("{text}{unit}")
            }
        }
    }

    /// What stands for all values when they are written down.
    #[must_use]
    pub fn told(&self) -> Value {
        match &self.values {
            Values::Listed(all) => all.iter().cloned().map(Value::String).collect(),
            Values::Between { low, high, unit } => Value::String(format!("{low}{unit}..{high}{unit}")),
        }
    }
}
