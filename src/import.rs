//! Scenarios from what people already have: workloads of the OpenMessaging Benchmark, command lines of RabbitMQ's PerfTest
//! and of Kafka's own performance tools.
//!
//! What such a file says and a scenario cannot is told, key by key, with the reason; what a scenario needs and the file does
//! not say is assumed, and told as well. Nothing is dropped in silence, and an unknown key is refused.
pub mod draft;
pub mod kafka_perf;
pub mod omb;
mod options;
pub mod perftest;

pub use draft::{Draft, Told};

/// What the tools leave to whoever sets up the cluster.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// Partitions of a topic.
    pub partitions: Option<u32>,
    /// Brokers.
    pub brokers: Option<u32>,
    /// Replicas of a partition.
    pub replicas: Option<u32>,
}

/// Messages a second where a tool sends as fast as it can, for a simulated producer needs to know.
const AS_FAST_AS_IT_CAN: f64 = 100_000.0;

const UNLIMITED: &str = "as fast as the tool can, which depends on the machine: 100k/s is assumed; \
                         find the most the cluster takes with `conga plan FILE --maximize producers.NAME.rate`";
