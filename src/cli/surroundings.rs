//! What the process and the machine around a run are: memory, processor time, host.
//!
//! Only provenance, views and metrics tell it; no result does.
use cpu_time::ProcessTime;
use serde_json::json;
use std::time::Duration;

/// The machine.
#[must_use]
pub fn host() -> serde_json::Value {
    let line = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let model = line("/proc/cpuinfo").and_then(|text| {
        text.lines().find(|line| line.starts_with("model name"))?.split(':').nth(1).map(str::to_owned)
    });
    json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "kernel": line("/proc/sys/kernel/osrelease"),
        "cpu": model.map(|model| model.trim().to_owned()),
        "cores": crate::engine::cores(),
    })
}

/// Processor time of this process.
#[expect(clippy::disallowed_methods, reason = "what the process cost; only provenance and views tell it")]
#[must_use]
pub fn cpu() -> Duration {
    ProcessTime::now().as_duration()
}

/// Resident memory now, where the system tells it.
#[must_use]
pub fn rss_bytes() -> Option<u64> {
    status("VmRSS:")
}

/// Greatest resident memory, where the system tells it.
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}
