//! Flow records as a collector of IPFIX or `NetFlow` passes them on: who talked to whom, how much, for how long.
//!
//! Sixteen thousand hosts inside, half a million outside, both by Zipf's law; well-known ports on one side, ephemeral ones
//! on the other; most flows are short, a few carry most of the bytes.
use super::put;
use crate::payload::luck::scattered;
use crate::payload::{Luck, write_instant};

const PORTS: [u16; 16] = [443, 53, 80, 123, 22, 8443, 3306, 5432, 6379, 9092, 25, 993, 389, 445, 3389, 161];
const FLAGS: [&str; 8] =
    ["...AP.SF", "...A..SF", "......S.", "...AP.S.", "...A.R..", "...AP...", ".....RS.", "...A...F"];
const EXPORTERS: [&str; 12] = [
    "fra-edge-01",
    "fra-edge-02",
    "ams-edge-01",
    "lon-edge-01",
    "par-edge-03",
    "fra-core-01",
    "mad-edge-01",
    "waw-edge-02",
    "ams-core-02",
    "sto-edge-01",
    "mil-edge-01",
    "vie-edge-01",
];

pub(super) fn write(now_ns: i64, luck: &mut Luck, out: &mut Vec<u8>) {
    let inside = luck.rank(16_000);
    let outside = luck.rank(500_000);
    let port = luck.skewed(&PORTS);
    let udp = matches!(port, 53 | 123 | 161) || (port == 443 && luck.happens(0.25));
    let packets = 1 + luck.long_tailed(6.0, 1.4);
    let bytes = packets * (60 + luck.below(900));
    let duration = if packets == 1 { 0 } else { luck.long_tailed(220.0, 1.6) };
    let exporter = luck.rank(EXPORTERS.len() as u64);
    let incoming = luck.happens(0.45);
    let near = Address(0x0A00_0000 | (inside / 250) << 8 | (inside % 250 + 1));
    let far = Address(0x1700_0000 + (scattered(outside) & 0x7FFF_FFFF));
    let ephemeral = 32_768 + luck.below(28_232);
    let ((from, from_port), (to, to_port)) = if incoming {
        ((far, u64::from(port)), (near, ephemeral))
    } else {
        ((near, ephemeral), (far, u64::from(port)))
    };
    put!(out, "{{\"flow_id\":\"{:016x}\",\"flow_start\":\"", luck.bits());
    write_instant(now_ns.saturating_sub_unsigned(duration * 1_000_000), out);
    out.extend_from_slice(b"\",\"flow_end\":\"");
    write_instant(now_ns, out);
    put!(out, "\",\"exporter\":\"{}\",\"src_addr\":\"{from}\",\"dst_addr\":\"{to}\"", EXPORTERS[exporter as usize]);
    put!(out, ",\"src_port\":{from_port},\"dst_port\":{to_port},\"protocol\":\"{}\"", if udp { "UDP" } else { "TCP" });
    put!(out, ",\"packets\":{packets},\"bytes\":{bytes},\"duration_ms\":{duration}");
    put!(out, ",\"tcp_flags\":\"{}\"", if udp { "........" } else { luck.skewed(&FLAGS) });
    put!(out, ",\"input_if\":{},\"output_if\":{}", 1 + luck.rank(8), 1 + luck.rank(24));
    let systems = (64_500 + inside % 7, 1_000 + scattered(outside / 40) % 60_000);
    let (from_system, to_system) = if incoming { (systems.1, systems.0) } else { systems };
    put!(
        out,
        ",\"src_as\":{from_system},\"dst_as\":{to_system},\"tos\":{}",
        [0, 0, 0, 0, 184, 32][luck.below(6) as usize]
    );
    put!(out, ",\"sampling_rate\":1024}}");
}

/// An address of IPv4.
struct Address(u64);

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = (self.0 as u32).to_be_bytes();
        write!(f, "{}.{}.{}.{}", parts[0], parts[1], parts[2], parts[3])
    }
}
