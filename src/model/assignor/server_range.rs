//! The coordinator's own range assignor (KIP-848): of each topic, a run of neighbouring partitions a member.
//!
//! It deals as the client's does and looks at the present only: static members first, by instance, then by id, so that
//! topics with as many partitions and the same readers are dealt alike. A topic nobody knows is an error here.
use super::uniform::UnknownTopic;
use super::{Member, Partition, Topic, range};

/// Kafka's `RangeAssignor` of the group coordinator, in the order of `members`.
///
/// # Errors
/// When somebody subscribes to a topic without partitions.
pub fn server_range(topics: &[Topic<'_>], members: &[Member<'_>]) -> Result<Vec<Vec<Partition>>, UnknownTopic> {
    UnknownTopic::none_among(topics, members)?;
    Ok(range(topics, members))
}
