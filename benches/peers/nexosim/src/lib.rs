//! What the peers share: the load, the command line, and how they say what they did.
pub const P: usize = 4;
pub const C: usize = 6;
pub const PARTS: usize = 12;
pub const LAM: f64 = 100_000.0;
pub const MU: f64 = LAM / C as f64 / 0.8;
pub const W_US: f64 = 240.0; // 1/(mu-lambda)
pub fn args() -> (u64, u64) {
    let a: Vec<String> = std::env::args().collect();
    (
        a.get(1).map(|s| s.parse::<f64>().unwrap() as u64).unwrap_or(1_000_000),
        a.get(2).map(|s| s.parse().unwrap()).unwrap_or(1),
    )
}
fn ru() -> libc::rusage {
    unsafe {
        let mut r = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut r);
        r
    }
}
pub fn cpu() -> f64 {
    let r = ru();
    (r.ru_utime.tv_sec + r.ru_stime.tv_sec) as f64 + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) as f64 * 1e-6
}
pub fn rss_mb() -> f64 {
    ru().ru_maxrss as f64 / 1024.0
}
pub fn report(name: &str, n: u64, events: u64, t: f64, mean_us: f64, p99_us: f64) {
    println!(
        "{name} N={n} cpu={t:.3}s msgs/s={:.0} ns/msg={:.2} ev/s={:.0} mean={mean_us:.2}us err={:+.2}% p99={p99_us:.0} rss={:.1}MB",
        n as f64 / t,
        t * 1e9 / n as f64,
        events as f64 / t,
        100.0 * (mean_us / W_US - 1.0),
        rss_mb()
    );
}
