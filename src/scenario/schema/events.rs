//! Keys of events: what befalls members, brokers and the network while a scenario runs.
//!
//! Each event is one action with its target, when it happens, and what else belongs to the action. Which keys go together
//! is checked by the plan, where the targets are known.
use super::super::values::{Count, Distribution, Duration, Fails, Real, Share, Words};
use schemars::JsonSchema;
use serde::Deserialize;

/// Something that happens at an instant: exactly one action, its target, and what belongs to it. A target is
/// `groups.NAME` (all of its members), `groups.NAME.2` (one, counted from 0), `groups.NAME.any` (one, drawn), or
/// `brokers.1`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When, from the beginning of the run; drawn for each repetition where it is a distribution.
    pub at: Distribution<Duration>,
    /// Again and again after so long, while messages arrive.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub every: Option<Duration>,
    /// Action: it is gone without a word, as by `kill -9` or a power cut; `for` later it starts again.
    #[schemars(extend("examples" = ["groups.workers.2"]))]
    pub crash: Option<Words>,
    /// Action: it ends in good order, and starts again `for` later; by then it is killed if it has not ended.
    #[schemars(extend("examples" = ["groups.workers.2"]))]
    pub restart: Option<Words>,
    /// Action: it ends in good order, for good.
    #[schemars(extend("examples" = ["groups.workers.2"]))]
    pub leave: Option<Words>,
    /// Action: a member starts, or one more where a group is named.
    #[schemars(extend("examples" = ["groups.workers"]))]
    pub join: Option<Words>,
    /// Action: members of a group start or end in good order, until there are as many as `to` says.
    #[schemars(extend("examples" = ["groups.workers"]))]
    pub scale: Option<Words>,
    /// Action: members restart one after the other, each away for `for`, the next one `gap` after the one before.
    #[schemars(extend("examples" = ["groups.workers"]))]
    pub deploy: Option<Words>,
    /// Action: it stands still for `for`, and whatever comes waits: a long collection of garbage, a stopped process.
    #[schemars(extend("examples" = ["groups.workers.2"]))]
    pub pause: Option<Words>,
    /// Action: processing takes `by` times as long, for `for` or from then on.
    #[schemars(extend("examples" = ["groups.workers.2"]))]
    pub slow: Option<Words>,
    /// Action: what goes between two parties takes `add` longer, for `for` or from then on.
    #[schemars(length(min = 2, max = 2))]
    pub delay: Option<Vec<Words>>,
    /// Action: so large a `share` of what goes between two parties is lost and comes after TCP has sent it again, for `for` or
    /// from then on.
    #[schemars(length(min = 2, max = 2))]
    pub lose: Option<Vec<Words>>,
    /// Action: nothing goes between two parties, for `for`; what was sent meanwhile comes when the way is open again.
    #[schemars(length(min = 2, max = 2))]
    pub cut: Option<Vec<Words>>,
    /// Action: a `share` of the records that are due while it lasts are such that processing them fails; what becomes of
    /// them is said by `retry` and `dead_letter` of the groups that read them.
    #[schemars(extend("examples" = ["topics.orders"]))]
    pub poison: Option<Words>,
    /// Action: a topic has `to` partitions from then on. Clients learn of it when they ask for metadata anew; keys move, and a
    /// group begins a new partition by `offset_reset`.
    #[schemars(extend("examples" = ["topics.orders"]))]
    pub grow: Option<Words>,
    /// How long it lasts, or how long somebody is away.
    #[serde(rename = "for")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub lasts: Option<Duration>,
    /// Of `scale`: how many members there will be. Of `grow`: how many partitions.
    #[schemars(extend("minimum" = 1, "maximum" = 100_000))]
    pub to: Option<Count>,
    /// Of `slow`: how many times as long things take.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1_000_000))]
    pub by: Option<Real>,
    /// Of `deploy`: from one member's end to the next one's.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub gap: Option<Duration>,
    /// Of `delay`: how much longer each message takes, one way.
    pub add: Option<Distribution<Duration>>,
    /// Of `lose`: which part of the messages. Of `poison`: which part of the records.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub share: Option<Share>,
    /// Of `poison`: when processing such a record fails; `always` when silent.
    pub fails: Option<Fails>,
}
