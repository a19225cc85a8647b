//! Which figure of an outcome is which quantity of theory.
use super::members;
use super::sketch::Params;
use conga::outcome::result::{GroupResult, Latency, Outcome, ProducerResult, RebalanceResult, TopicResult};
use hdrhistogram::Histogram;

/// `None` where a quantity has no measure; `Some(None)` where it has one and the run gave no value.
pub type Figure = Option<Option<f64>>;

/// A wait below this many nanoseconds is none.
const NO_WAIT_NS: f64 = 100.0;

/// The quantity in one outcome, in the units of the entry.
pub fn measure(quantity: &str, params: Params<'_>, outcome: &Outcome) -> Figure {
    if outcome.result.groups.is_empty() {
        of_producer(quantity, params, outcome)
    } else {
        of_group(quantity, params, outcome)
    }
}

/// The quantity over all scenarios of a stage: their mean, unless it compares them.
pub fn combine(quantity: &str, figures: &[f64]) -> f64 {
    match quantity {
        "ratio_Wq_partitioned_over_shared" => figures[0] / figures[1],
        _ => figures.iter().sum::<f64>() / figures.len() as f64,
    }
}

fn of_producer(quantity: &str, params: Params<'_>, outcome: &Outcome) -> Figure {
    let (producer, topic) = (producer(outcome), topic(outcome));
    Some(match quantity {
        "loss_probability" => Some(producer.unsent / producer.offered),
        "throughput_per_s" => Some(producer.rate_per_s),
        "max_output_in_any_window" => Some(producer.sent),
        "max_full_rate_burst_s" => Some(outcome.result.window_s - producer.limited_s),
        "mean_attempts" => Some(topic.requests / producer.sent),
        "mean_linger_delay_s" => producer.publish_s.mean.value(),
        "mean_batch_records" | "mean_batch_records_sticky" => topic.batch_records_mean,
        "share_of_top_key" | "lower_bound_max_share" => topic.hottest_share,
        "sum_p_squared" => Some(sum_p_squared(outcome)),
        "variance_of_partition_share" => Some(variance_of_share(outcome)),
        "utilisation_of_hot_partition" => {
            topic.hottest_share.map(|share| share * params.number("lambda_total") / params.number("mu_per_partition"))
        }
        _ => return None,
    })
}

fn of_group(quantity: &str, params: Params<'_>, outcome: &Outcome) -> Figure {
    let (group, unit) = (first_group(outcome), params.unit_s());
    let units = |seconds: Option<f64>| seconds.map(|seconds| seconds / unit);
    if let Some(level) = quantity.strip_prefix("response_p") {
        return percentile(&group.e2e_s, level).map(units);
    }
    if let Some(level) = quantity.strip_prefix("wait_p") {
        return percentile(&group.wait_s, level).map(units);
    }
    if let Some(bound) = bound(quantity, "P(Wq<=") {
        return Some(share_up_to(histogram(outcome, "wait_s"), bound * unit * 1e9));
    }
    if let Some(least) = bound(quantity, "P(N>=") {
        let per_ns = params.lambda() / unit * 1e-9;
        return Some(Some(share_of_time_with(least, histogram(outcome, "e2e_s"), per_ns)));
    }
    let no_wait = || share_up_to(histogram(outcome, "wait_s"), NO_WAIT_NS);
    Some(match quantity {
        "mean_wait_Wq"
        | "mean_wait_Wq_per_message"
        | "mean_wait_Kingman"
        | "mean_wait_KLB"
        | "mean_wait_AllenCunneen"
        | "ratio_Wq_partitioned_over_shared" => units(mean(&group.wait_s)),
        "var_wait_Wq" => units(group.wait_s.stddev.value()).map(|deviation| deviation * deviation),
        "mean_response_W" => units(mean(&group.e2e_s)),
        "mean_total_response" => units(mean(&last_group(outcome).journey_s)),
        "mean_number_L" => group.lag.mean,
        "P(wait>0)" | "erlang_C" | "sigma_root" => no_wait().map(|share| 1.0 - share),
        "P(Wq=0)" => no_wait(),
        // Every busy period begins with exactly one record that does not wait.
        "mean_customers_served" => no_wait().map(f64::recip),
        "mean_busy_period" => no_wait().zip(units(mean(&group.work_s))).map(|(share, work)| work / share),
        "mean_hold_s_from_empty" => Some(outcome.result.window_s / group.fetches),
        "peak_backlog" => group.lag.max,
        "max_latency_s" => group.e2e_s.max.value(),
        "drain_s_after_restart" => drained_s(outcome).map(|end| end - params.number("outage_s")),
        "mean_detection_s" => first_rebalance(outcome).map(|one| one.at_s - outcome.result.events[0].at_s),
        "mean_time_until_last_learns_s" => first_rebalance(outcome).map(|one| one.duration_s),
        "mean_reprocessed" => Some(group.duplicates / members::CRASHES as f64),
        _ => return None,
    })
}

fn first_rebalance(outcome: &Outcome) -> Option<&RebalanceResult> {
    first_group(outcome).rebalances.first()
}

fn producer(outcome: &Outcome) -> &ProducerResult {
    &outcome.result.producers[0].1
}

fn topic(outcome: &Outcome) -> &TopicResult {
    &outcome.result.topics[0].1
}

fn first_group(outcome: &Outcome) -> &GroupResult {
    &outcome.result.groups[0].1
}

fn last_group(outcome: &Outcome) -> &GroupResult {
    &outcome.result.groups[outcome.result.groups.len() - 1].1
}

fn mean(latency: &Latency) -> Option<f64> {
    latency.mean.value()
}

/// The percentile that a quantity's name ends with.
fn percentile(latency: &Latency, level: &str) -> Figure {
    let figure = match level {
        "50" => latency.p50,
        "90" => latency.p90,
        "95" => latency.p95,
        "99" => latency.p99,
        "99.9" => latency.p99_9,
        "99.99" => latency.p99_99,
        _ => return None,
    };
    Some(figure.value())
}

/// The number in a quantity such as `P(Wq<=3.5)`.
fn bound(quantity: &str, before: &str) -> Option<f64> {
    quantity.strip_prefix(before)?.strip_suffix(')')?.parse().ok()
}

/// The first group's full distribution, in nanoseconds.
fn histogram<'o>(outcome: &'o Outcome, latency: &str) -> &'o Histogram<u64> {
    &outcome.histograms[&format!("groups.{}.{latency}", outcome.result.groups[0].0)]
}

/// Share of the samples that are at most `bound_ns`.
fn share_up_to(histogram: &Histogram<u64>, bound_ns: f64) -> Option<f64> {
    let below: u64 = histogram
        .iter_recorded()
        .filter(|step| histogram.median_equivalent(step.value_iterated_to()) as f64 <= bound_ns)
        .map(|step| step.count_since_last_iteration())
        .sum();
    (!histogram.is_empty()).then(|| below as f64 / histogram.len() as f64)
}

/// Share of time with at least so many in the system: those that a record leaves behind arrived while it was there,
/// which is exact for one queue served in order and Poisson arrivals, and far less noisy than counting.
fn share_of_time_with(least: f64, responses: &Histogram<u64>, arrivals_per_ns: f64) -> f64 {
    let of_step = |ns: u64| poisson_at_least(least as u32, arrivals_per_ns * responses.median_equivalent(ns) as f64);
    let sum: f64 = responses
        .iter_recorded()
        .map(|step| of_step(step.value_iterated_to()) * step.count_since_last_iteration() as f64)
        .sum();
    sum / responses.len() as f64
}

/// P(Poisson(mean) ≥ least).
fn poisson_at_least(least: u32, mean: f64) -> f64 {
    let (mut term, mut below) = ((-mean).exp(), 0.0);
    for i in 0..least {
        below += term;
        term *= mean / f64::from(i + 1);
    }
    1.0 - below
}

/// The sum of squared key shares behind squared partition shares, on average over hashings.
fn sum_p_squared(outcome: &Outcome) -> f64 {
    let one_of = 1.0 / outcome.partitions.len() as f64;
    let squares: f64 = outcome.partitions.iter().map(|partition| partition.share.powi(2)).sum();
    (squares - one_of) / (1.0 - one_of)
}

/// Mean squared distance of a partition's share from an even one.
fn variance_of_share(outcome: &Outcome) -> f64 {
    let count = outcome.partitions.len() as f64;
    outcome.partitions.iter().map(|partition| (partition.share - 1.0 / count).powi(2)).sum::<f64>() / count
}

/// When the lag was gone again, in seconds from the beginning.
fn drained_s(outcome: &Outcome) -> Option<f64> {
    let busy = |lag: u64| lag > 2;
    let late = outcome.series.iter().skip_while(|row| !busy(row.groups[0].lag));
    late.skip_while(|row| busy(row.groups[0].lag)).map(|row| row.interval.end_s).next()
}
