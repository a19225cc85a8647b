//! Memory of runs that follow each other: kept for the next one instead of handed back to the system.
//!
//! glibc hands back what is freed in large pieces, as tables and histograms of a run are, and the next run has the system
//! clear the same ten megabytes again. That is nearly half of what a short run costs (`benches/README.md`, Studies). Only
//! commands that run many ask for it; other C libraries are left as they are.

/// Keeps what is freed for the next run, up to 64 MiB a thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "the standard library cannot set its allocator; half the cost of short runs is measured"
)]
pub fn keep() {
    // SAFETY: two numbers for the allocator, which takes its own lock; no memory of ours is touched. Where it refuses
    // one of them, runs are only slower.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 64 << 20);
    }
}

/// There is nothing to say to this allocator.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep() {}
