//! `app: flows`, network traffic analysis: who sends most, who scans ports, how much each network carries a minute.
//!
//! Records are flows of IPv4 as JSON with `src_addr`, `dst_addr`, `dst_port`, `packets`, `bytes` and `flow_end`, whose
//! time is the event time. Top talkers are sources by bytes, from a sketch with bounds; traffic is exact, by network of 16
//! bits and tumbling window. A scan is a source that touches many ports of one destination in a window; pairs are
//! remembered up to a number a window, and `untracked` counts the flows of pairs beyond it.
use super::Item;
use super::results::Results;
use super::sketch::{Sketch, Summary};
use super::state::Fold;
use super::tables::{Table, instant};
use super::windows::{Cell, Dated, Windows, read};
use foldhash::{HashMap, HashMapExt as _};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::Ipv4Addr;

/// What to look for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Length of a window in seconds.
    pub window_s: i64,
    /// Ports of one destination that a source touches in a window to be called a scan.
    pub scan_ports: usize,
    /// Counters of the sketch of top talkers.
    pub counters: usize,
    /// Top talkers that are told.
    pub talkers: usize,
    /// Windows kept by partition.
    pub windows: usize,
    /// Pairs of source and destination remembered in a window.
    pub pairs: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window_s: 60, scan_ports: 20, counters: 1_024, talkers: 20, windows: 16, pairs: 1 << 18 }
    }
}

#[derive(Deserialize)]
struct Flow<'a> {
    #[serde(borrow, rename = "flow_end")]
    ended: Cow<'a, str>,
    src_addr: Ipv4Addr,
    dst_addr: Ipv4Addr,
    dst_port: u16,
    packets: u64,
    bytes: u64,
}

impl Dated for Flow<'_> {
    fn at(&self) -> &str {
        &self.ended
    }
}

/// What a network sent and received in a window.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Traffic {
    flows: u64,
    packets: u64,
    bytes_from: u64,
    bytes_to: u64,
}

/// Ports that one source touched at one destination: most pairs have one.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Ports {
    One(u16),
    Many(BTreeSet<u16>),
}

impl Ports {
    fn add(&mut self, port: u16) {
        match self {
            Self::One(only) if *only == port => {}
            Self::One(only) => *self = Self::Many(BTreeSet::from([*only, port])),
            Self::Many(ports) => drop(ports.insert(port)),
        }
    }

    fn merge(&mut self, other: &Self) {
        match other {
            Self::One(port) => self.add(*port),
            Self::Many(ports) => ports.iter().for_each(|port| self.add(*port)),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(ports) => ports.len(),
        }
    }
}

type Pair = (Ipv4Addr, Ipv4Addr);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Window {
    networks: HashMap<u16, Traffic>,
    pairs: HashMap<Pair, Ports>,
}

impl Cell for Window {
    fn merge(&mut self, other: &Self) {
        self.networks.reserve(other.networks.len());
        other.networks.iter().for_each(|(network, traffic)| {
            let sum = self.networks.entry(*network).or_default();
            sum.flows += traffic.flows;
            sum.packets += traffic.packets;
            sum.bytes_from += traffic.bytes_from;
            sum.bytes_to += traffic.bytes_to;
        });
        self.pairs.reserve(other.pairs.len());
        other.pairs.iter().for_each(|(pair, ports)| {
            self.pairs.entry(*pair).and_modify(|known| known.merge(ports)).or_insert_with(|| ports.clone());
        });
    }

    fn fold(&mut self, other: Self) {
        // Pairs of different windows must not add up to a scan.
        self.merge(&Self { networks: other.networks, pairs: HashMap::new() });
    }
}

/// What is known of the flows of a partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    settings: Settings,
    windows: Windows<Window>,
    talkers: Sketch<Ipv4Addr>,
    /// Of partitions that were merged.
    others: Summary<Ipv4Addr>,
    /// Scans by window, with the ports they have touched: known even after their window is given up.
    scans: BTreeMap<(i64, Pair), usize>,
    flows: u64,
    malformed: u64,
    untracked: u64,
}

impl State {
    /// Nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            windows: Windows::new(settings.windows),
            talkers: Sketch::new(settings.counters),
            others: Summary::empty(settings.counters),
            scans: BTreeMap::new(),
            flows: 0,
            malformed: 0,
            untracked: 0,
        }
    }

    /// Adds a flow; the ports that its source has touched at its destination in its window.
    fn count(&mut self, flow: &Flow<'_>, window: i64) -> usize {
        self.flows += 1;
        self.talkers.add(flow.src_addr, flow.bytes);
        let cell = self.windows.at(window);
        let from = cell.networks.entry(network(flow.src_addr)).or_default();
        from.flows += 1;
        from.packets += flow.packets;
        from.bytes_from += flow.bytes;
        cell.networks.entry(network(flow.dst_addr)).or_default().bytes_to += flow.bytes;
        if !self.windows.keeps(window) {
            // Pairs of different windows must not add up to a scan.
            self.untracked += 1;
            return 1;
        }
        let cell = self.windows.at(window);
        let room = cell.pairs.len() < self.settings.pairs;
        let pair = (flow.src_addr, flow.dst_addr);
        let touched = if let Some(ports) = cell.pairs.get_mut(&pair) {
            ports.add(flow.dst_port);
            ports.len()
        } else {
            if room {
                cell.pairs.insert(pair, Ports::One(flow.dst_port));
            } else {
                self.untracked += 1;
            }
            1
        };
        if touched >= self.settings.scan_ports && self.scans.len() < self.settings.pairs {
            self.scans.insert((window, pair), touched);
        }
        touched
    }

    /// Bounds of what each source has sent.
    #[must_use]
    pub fn talkers(&self) -> Summary<Ipv4Addr> {
        let mut all = self.others.clone();
        all.merge(&self.talkers.summary());
        all
    }

    pub(super) fn tables(&self) -> Vec<Table> {
        vec![self.totals(), self.top_talkers(), self.traffic(), self.scans()]
    }

    fn totals(&self) -> Table {
        let talkers = self.talkers();
        let row = [self.flows, self.malformed, self.untracked, talkers.total(), talkers.error_bound(), talkers.floor()];
        Table {
            name: "flows",
            columns: vec!["flows", "malformed", "untracked", "bytes", "error_bound", "error_most"],
            rows: vec![row.iter().map(ToString::to_string).collect()],
        }
    }

    fn top_talkers(&self) -> Table {
        let top = self.talkers().top(self.settings.talkers);
        let rows = (1..).zip(top).map(|(rank, (source, least, most)): (u32, _)| {
            vec![rank.to_string(), source.to_string(), least.to_string(), most.to_string()]
        });
        Table { name: "talkers", columns: vec!["rank", "source", "bytes_least", "bytes_most"], rows: rows.collect() }
    }

    fn traffic(&self) -> Table {
        let mut rows = Vec::new();
        let earlier = self.windows.earlier().map(|cell| ("earlier".to_owned(), cell));
        let kept = self.windows.iter().map(|(number, cell)| (instant(number * self.settings.window_s), cell));
        for (window, cell) in earlier.into_iter().chain(kept) {
            let mut networks: Vec<(&u16, &Traffic)> = cell.networks.iter().collect();
            networks.sort_by_key(|(network, _)| **network);
            rows.extend(networks.into_iter().map(|(network, traffic)| {
                let amounts = [traffic.flows, traffic.packets, traffic.bytes_from, traffic.bytes_to];
                let names = [window.clone(), shown(*network)];
                names.into_iter().chain(amounts.iter().map(ToString::to_string)).collect()
            }));
        }
        let columns = vec!["window", "network", "flows_from", "packets_from", "bytes_from", "bytes_to"];
        Table { name: "traffic", columns, rows }
    }

    fn scans(&self) -> Table {
        let mut scans = self.scans.clone();
        // Parts of a scan may have come from several partitions.
        for (number, cell) in self.windows.iter() {
            let large = cell.pairs.iter().filter(|(_, ports)| ports.len() >= self.settings.scan_ports);
            scans.extend(large.map(|(pair, ports)| ((number, *pair), ports.len())));
        }
        let rows = scans.into_iter().map(|((number, (source, destination)), ports)| {
            let window = instant(number * self.settings.window_s);
            vec![window, source.to_string(), destination.to_string(), ports.to_string()]
        });
        Table { name: "scans", columns: vec!["window", "source", "destination", "ports"], rows: rows.collect() }
    }
}

impl Fold for State {
    fn take(&mut self, record: &Item<'_>, is_new: bool, out: &mut Results) {
        let Some((window, flow)) = read::<Flow<'_>>(record.value, self.settings.window_s) else {
            self.malformed += u64::from(is_new);
            return out.push_malformed();
        };
        let window_s = window * self.settings.window_s;
        let ports = if is_new { self.count(&flow, window) } else { self.known(&flow, window) };
        out.count("bytes_from", window_s, || shown(network(flow.src_addr)).into(), flow.bytes);
        out.count("bytes_to", window_s, || shown(network(flow.dst_addr)).into(), flow.bytes);
        let scan = ports >= self.settings.scan_ports;
        out.push(|out| {
            let network = network(flow.src_addr).to_be_bytes();
            let (source, to, bytes) = (flow.src_addr, flow.dst_addr, flow.bytes);
            write!(
                out,
                "{{\"source\":\"{source}\",\"network\":\"{}.{}.0.0/16\",\"to\":\"{to}\"",
                network[0], network[1]
            )
            .and_then(|()| write!(out, ",\"bytes\":{bytes},\"ports\":{ports},\"scan\":{scan}}}"))
            .expect("a list of bytes takes all that is written");
        });
    }

    fn merge(&mut self, other: &Self) {
        self.windows.merge(&other.windows);
        self.others.merge(&other.talkers());
        for (scan, ports) in &other.scans {
            let known = self.scans.entry(*scan).or_default();
            *known = (*known).max(*ports);
        }
        self.flows += other.flows;
        self.malformed += other.malformed;
        self.untracked += other.untracked;
    }
}

impl State {
    /// The ports that a source is known to have touched, where the flow itself was counted before.
    fn known(&self, flow: &Flow<'_>, window: i64) -> usize {
        let cell = self.windows.iter().find(|(number, _)| *number == window).map(|(_, cell)| cell);
        cell.and_then(|cell| cell.pairs.get(&(flow.src_addr, flow.dst_addr))).map_or(1, Ports::len)
    }
}

/// The first 16 bits.
fn network(address: Ipv4Addr) -> u16 {
    (u32::from(address) >> 16) as u16
}

fn shown(network: u16) -> String {
    let [high, low] = network.to_be_bytes();
    format!("{high}.{low}.0.0/16")
}
