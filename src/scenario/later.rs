//! What the format knows but this version does not build: refused with what to use instead, never as "unknown".
//!
//! Keyed by the definition in the schema (`Topic`, `Producer`, …) so that a key means the same wherever it is allowed.

/// What to do instead of a key or value that is known but not built yet.
#[must_use]
pub fn instead(definition: &str, key: &str) -> Option<&'static str> {
    match (definition, key) {
        ("Document", "slo") => Some("remove it, and write `thresholds`"),
        ("Document", "vary") => Some("write it into `study`: `study: {vary: {PATH: LIST}}`"),
        ("Assignor", "uniform") => Some("use `sticky`: with a stable group it spreads as evenly"),
        ("Start", "cold") => Some("use `stable`, and `starts` for a group that comes late"),
        ("Group", "offset_reset") => Some("remove it: a stable group has every offset committed"),
        ("Group", "share" | "protocol" | "retry" | "dead_letter") => Some("remove it: groups are classic and stable"),
        ("Document" | "Run", "output") => Some("remove it, and read `series.csv` and `partitions.csv`"),
        _ => None,
    }
}
