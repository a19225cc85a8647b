//! What a plan costs an hour, by the prices of the scenario's `cost`.
//!
//! Members and brokers cost while they are there. What brokers keep is what comes in over the retention time, or the
//! whole of what the run stored where nothing says how long; replicas count. What they send is their cards' output.
use crate::outcome::result::RunResult;
use crate::plan::Plan;
use crate::scenario::schema::Cost;
use crate::scenario::values::Price;
use crate::units::Span;

const HOUR_S: f64 = 3_600.0;
const GIB: f64 = 1_073_741_824.0;

/// In whatever money the prices are.
#[must_use]
pub fn per_hour(prices: &Cost, plan: &Plan, result: &RunResult) -> f64 {
    let length = result.duration_s.max(1e-9);
    let stored = plan.topics.iter().zip(&result.topics).map(|(topic, (_, figures))| {
        let kept_s = topic.retention.as_ref().and_then(|retention| retention.time).map_or(length, Span::seconds);
        figures.stored_bytes / length * kept_s * f64::from(topic.replicas) / GIB
    });
    let out: f64 = result.brokers.iter().map(|(_, broker)| broker.network_out_bytes).sum();
    fixed_per_hour(prices, plan)
        + price(prices.gib_stored.as_ref()) * stored.sum::<f64>()
        + prices.gib_out.as_ref().map_or(0.0, |price| price.0) * (out / GIB / length * HOUR_S)
}

/// Of that, what is known before anything ran: members and brokers.
#[must_use]
pub fn fixed_per_hour(prices: &Cost, plan: &Plan) -> f64 {
    let members: f64 = plan.groups.iter().map(|group| f64::from(group.members)).sum();
    members * price(prices.consumer.as_ref()) + f64::from(plan.cluster.brokers) * price(prices.broker.as_ref())
}

fn price(of: Option<&Price>) -> f64 {
    of.map_or(0.0, |price| price.0)
}
