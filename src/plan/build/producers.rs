//! Producers: who writes what, where, how much.
//!
//! What holds only of several keys together is checked here: sizes against buffers, instances against partitions.
use super::findings::{self, Findings};
use super::{arrivals, client, keys, message, properties};
use crate::model::workload::{Arrivals, Keys, Sizes};
use crate::plan::contents::{Contents, Source};
use crate::plan::{ClientPlan, LimitPlan, PartitionerPlan, ProducerPlan, TopicPlan};
use crate::scenario::Scenario;
use crate::scenario::schema::{Compression, Producer, RateLimit};
use crate::scenario::values::BurstAmount;
use crate::units::show;

/// Instances times partitions of their topic at most, over all producers: each pair has state.
const MOST_PAIRS: u64 = 20_000_000;
/// Messages of a producer whose end nobody knows, for the size of a JSON template.
const UNKNOWN_END: f64 = 1e6;

/// All producers, in the order of the file, and the codec that each asks for, be it in a properties file.
pub fn producers(
    scenario: &Scenario,
    names: &[String],
    topics: &[TopicPlan],
    found: &mut Findings<'_>,
) -> (Vec<ProducerPlan>, Vec<Option<Compression>>) {
    let (mut plans, mut codecs): (Vec<ProducerPlan>, Vec<Option<Compression>>) = (Vec::new(), Vec::new());
    for (name, written) in &scenario.document.producers.0 {
        let (settings, request_size) = properties::producer(written, &format!("producers.{name}"), found);
        codecs.push(settings.compression);
        plans.push(producer(scenario, name, (&settings, request_size), names, found));
    }
    pairs(&plans, topics, found);
    keys::number(plans.iter_mut().map(|plan| &mut plan.keys), found);
    (plans, codecs)
}

fn producer(
    scenario: &Scenario,
    name: &str,
    (settings, request_size): (&Producer, Option<u32>),
    names: &[String],
    found: &mut Findings<'_>,
) -> ProducerPlan {
    let path = format!("producers.{name}");
    let topic = findings::topic(&settings.topic.0, names);
    let mut client_keys = client::Keys::from(settings);
    client_keys.request_size = request_size;
    client_keys.metadata_age = settings.metadata_max_age.as_ref().map(|age| age.0);
    let client = client::client(&client_keys, topic, &path, found);
    let read = arrivals::arrivals(scenario, settings, client.request_size, &path, found);
    let instances = settings.instances.as_ref().map_or(1, |count| count.0) as u32;
    let messages = settings.messages.as_ref().map_or(u64::MAX, |count| count.0);
    let expected = expected(scenario, &read.arrivals, messages);
    let (messages_made, size) = message::message(scenario, settings.message.as_ref(), expected, name, found);
    fits(&size, &client, &path, found);
    let keys = if matches!(read.keys, Keys::None) { keys::keys(settings.key.as_ref()) } else { read.keys };
    // Records of a sticky partition follow each other; keys and turns deal them out.
    let sticky = client.partitioner == PartitionerPlan::Kafka && matches!(keys, Keys::None);
    let spread = if sticky { 1 } else { scenario.document.topics.0[topic].1.partitions.0 };
    let source = Source {
        messages: messages_made,
        sizes: size.clone(),
        keys: keys.clone(),
        arrivals: read.arrivals.clone(),
        rate: arrivals::mean_rate(&read.arrivals),
        expected,
        stride: spread * u64::from(instances),
    };
    ProducerPlan {
        name: name.to_owned(),
        instances,
        messages,
        keys,
        arrivals: read.arrivals,
        contents: Contents { sources: vec![source], seed: super::seed(scenario) },
        limit: limit(settings.rate_limit.as_ref(), &path, found),
        message_size: size,
        client,
    }
}

fn pairs(plans: &[ProducerPlan], topics: &[TopicPlan], found: &mut Findings<'_>) {
    let of = |plan: &ProducerPlan| u64::from(plan.instances) * u64::from(topics[plan.client.topic].partitions);
    let Some(largest) = plans.iter().max_by_key(|plan| of(plan)) else { return };
    if plans.iter().map(of).sum::<u64>() > MOST_PAIRS {
        let partitions = topics[largest.client.topic].partitions;
        let message = format!("{} instances write to {partitions} partitions each", largest.instances);
        let path = format!("producers.{}.instances", largest.name);
        found.error(&path, message, "use fewer instances with more of the arrivals each");
    }
}

/// How many messages there will be, more or less.
fn expected(scenario: &Scenario, arrivals: &Arrivals, messages: u64) -> f64 {
    let duration = scenario.document.run.as_ref().and_then(|run| run.duration.as_ref());
    let by_time = match (arrivals, duration) {
        (Arrivals::Trace(rows), _) => rows.len() as f64,
        (_, Some(duration)) => arrivals::mean_rate(arrivals) * duration.0.seconds(),
        (_, None) => UNKNOWN_END,
    };
    if messages == u64::MAX { by_time } else { messages as f64 }
}

fn fits(size: &Sizes, client: &ClientPlan, path: &str, found: &mut Findings<'_>) {
    let bytes = message::must_fit(size);
    let limit = (u64::from(client.request_size)).min(client.buffer) as f64;
    if bytes > limit {
        let message = format!("messages of {} do not fit into a request of {}", show::size(bytes), show::size(limit));
        found.error(&format!("{path}.message"), message, "make messages smaller, or `buffer` larger up to 1 MiB");
    }
}

fn limit(written: Option<&RateLimit>, path: &str, found: &mut Findings<'_>) -> LimitPlan {
    let Some(limit) = written else { return LimitPlan::NONE };
    let path = format!("{path}.rate_limit");
    let messages_per_s = limit.messages.as_ref().map_or(f64::INFINITY, |rate| rate.0);
    let bytes_per_s = limit.bytes.as_ref().map_or(f64::INFINITY, |rate| rate.0);
    let burst = match (&limit.messages, &limit.bytes, limit.burst.as_ref().map(|burst| burst.0)) {
        (None, None, _) => {
            found.error(&path, "limits nothing", "add `messages: 10k/s` or `bytes: 1 MiB/s`");
            f64::INFINITY
        }
        (Some(_), None, Some(BurstAmount::Bytes(_))) => {
            found.error(
                &format!("{path}.burst"),
                "is a size, but the limit is in messages",
                "write a count such as `1000`",
            );
            f64::INFINITY
        }
        (Some(_), Some(_), None) => {
            let remedy = "add `burst: N`: N messages and N bytes may pass at once";
            found.error(&path, "limits messages and bytes without a `burst`", remedy);
            f64::INFINITY
        }
        (_, _, Some(BurstAmount::Messages(amount) | BurstAmount::Bytes(amount))) => amount as f64,
        (_, _, None) => messages_per_s.min(bytes_per_s).max(1.0),
    };
    if burst < 1.0 {
        found.error(&format!("{path}.burst"), "nothing ever passes a bucket of 0", "make it at least 1");
    }
    LimitPlan { messages_per_s, bytes_per_s, burst }
}
