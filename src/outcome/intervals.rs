//! Means over repetitions, and their 95 % intervals by Student's t.
//!
//! Repetitions are independent runs of equal standing, so a figure's mean over them is what is reported. Every field of
//! a latency becomes an interval; of the other measured figures the mean stands in its place, and its interval is
//! listed beside, by path.
use super::result::{Interval, RunResult};
use serde_json::{Map, Value};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Parts of a result that hold measured figures.
pub const MEASURED: [&str; 4] = ["producers", "topics", "brokers", "groups"];

/// Where an interval of 95 % ends above.
pub const QUANTILE: f64 = 0.975;

/// One result of all repetitions, of which there is at least one.
#[must_use]
pub fn merged(mut all: Vec<RunResult>) -> RunResult {
    if all.len() == 1 {
        return all.swap_remove(0);
    }
    let trees: Vec<Value> =
        all.iter().map(|result| serde_json::to_value(result).expect("a result is plain data")).collect();
    let mut first = trees[0].clone();
    let mut intervals = Map::new();
    for part in MEASURED {
        let parts: Vec<&Value> = trees.iter().map(|tree| &tree[part]).collect();
        first[part] = merge(part, &parts, &mut intervals);
    }
    for time in ["window_s", "warmup_s", "duration_s"] {
        first[time] = mean(&trees.iter().map(|tree| &tree[time]).collect::<Vec<_>>());
    }
    first["intervals"] = Value::Object(intervals);
    let mut result: RunResult = serde_json::from_value(first).expect("a merged result has the shape of a result");
    result.warnings = distinct(all.iter().flat_map(|one| &one.warnings));
    result.broken_laws = distinct(all.iter().flat_map(|one| &one.broken_laws));
    result.partial = all.iter().any(|one| one.partial);
    result
}

fn distinct<'a>(lines: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for line in lines {
        if !known.contains(line) {
            known.push(line.clone());
        }
    }
    known
}

fn merge(path: &str, values: &[&Value], intervals: &mut Map<String, Value>) -> Value {
    match values[0] {
        Value::Object(fields) if fields.contains_key("p99_9") => {
            let field = |key: &String| {
                let of: Vec<&Value> = values.iter().map(|value| &value[key]).collect();
                (key.clone(), serde_json::to_value(interval(&of)).expect("an interval is plain data"))
            };
            Value::Object(fields.keys().map(field).collect())
        }
        Value::Object(fields) => {
            let mut merged = Map::new();
            for key in fields.keys() {
                let of: Vec<&Value> = values.iter().map(|value| &value[key]).collect();
                merged.insert(key.clone(), merge(&format!("{path}.{key}"), &of, intervals));
            }
            Value::Object(merged)
        }
        Value::Array(items) if items.iter().any(|item| item.get("stage").is_some()) => {
            let stage = |(i, item): (usize, &Value)| {
                let of: Vec<&Value> = values.iter().map(|value| &value[i]).collect();
                let name = item["stage"].as_str().unwrap_or_default();
                merge(&format!("{path}.{name}"), &of, intervals)
            };
            Value::Array(items.iter().enumerate().map(stage).collect())
        }
        // Whole numbers are configuration: partitions, members, leaders.
        Value::Number(number) if number.is_f64() => {
            let found = interval(values);
            if found.low != found.high {
                intervals.insert(path.into(), serde_json::to_value(found).expect("an interval is plain data"));
            }
            found.value.map_or(Value::Null, Value::from)
        }
        Value::Null => mean(values),
        other => other.clone(),
    }
}

fn mean(values: &[&Value]) -> Value {
    interval(values).value.map_or(Value::Null, Value::from)
}

/// Mean and interval; no value where some repetition has none.
fn interval(values: &[&Value]) -> Interval {
    let known: Vec<f64> = values.iter().filter_map(|value| value.as_f64()).collect();
    if known.len() < values.len() {
        return Interval { value: None, low: None, high: None };
    }
    let (mean, half) = mean_and_half(&known);
    Interval { value: Some(mean), low: Some(mean - half), high: Some(mean + half) }
}

/// Mean and half the width of its 95 % interval; of a single value nobody knows how far it is off.
#[must_use]
pub fn mean_and_half(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    (mean, if values.len() < 2 { f64::INFINITY } else { half_width(squares, n, QUANTILE) })
}

/// Half the width of the interval of a mean of so many values, two at least, by the sum of their squared distances from
/// it; `quantile` is where the interval ends above.
#[must_use]
pub fn half_width(squares: f64, n: f64, quantile: f64) -> f64 {
    student(n - 1.0).inverse_cdf(quantile) * (squares / (n - 1.0) / n).sqrt()
}

/// Student's distribution with so many degrees of freedom, more than none.
#[must_use]
pub fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("two values at least leave a degree of freedom")
}
