//! What the format knows but this version does not build: refused with what to use instead, never as "unknown".
//!
//! Keyed by the definition in the schema (`Topic`, `Producer`, …) so that a key means the same wherever it is allowed.

/// What to do instead of a key or value that is known but not built yet.
#[must_use]
pub fn instead(definition: &str, key: &str) -> Option<&'static str> {
    match (definition, key) {
        ("Document", "slo") => Some("remove it, and write `thresholds`"),
        ("Document", "vary") => Some("write it into `study`: `study: {vary: {PATH: LIST}}`"),
        ("Group", "share") => Some("remove it: records are processed by the owner of their partition"),
        ("Document" | "Run", "output") => Some("remove it, and read `series.csv` and `partitions.csv`"),
        _ => None,
    }
}
