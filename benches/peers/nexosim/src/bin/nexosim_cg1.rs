//! cg1 in NexoSim 1.0: producer, broker and consumer as models, on its single-threaded executor.
//!
//! As its users would write it: an event for each message and each end of service, HDR latency.
use hdrhistogram::Histogram;
use nexosim::Message;
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::{Mailbox, SimInit, SimulationError};
use nexosim::time::MonotonicTime;
use peers::*;
use rand::prelude::*;
use rand::rngs::SmallRng;
use rand_distr::Exp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
#[derive(Clone, Serialize, Deserialize, Message)]
pub struct Msg {
    part: u32,
    t0: MonotonicTime,
}
struct Rng(SmallRng);
impl Default for Rng {
    fn default() -> Self {
        Rng(SmallRng::seed_from_u64(0))
    }
}
struct Hist(Histogram<u64>);
impl Default for Hist {
    fn default() -> Self {
        Hist(Histogram::new_with_bounds(1, 60_000_000, 3).unwrap())
    }
}
fn exp(rng: &mut SmallRng, rate: f64) -> Duration {
    let d: f64 = Exp::new(rate).unwrap().sample(rng);
    Duration::from_nanos(((d * 1e9) as u64).max(1))
}

#[derive(Serialize, Deserialize)]
pub struct Producer {
    out: Output<Msg>,
    left: u64,
    #[serde(skip)]
    rng: Rng,
}
#[Model]
impl Producer {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        self.next(cx);
    }
    fn next(&mut self, cx: &Context<Self>) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let d = exp(&mut self.rng.0, LAM / P as f64);
        cx.schedule_event(d, schedulable!(Self::emit), ()).unwrap();
    }
    #[nexosim(schedulable)]
    async fn emit(&mut self, _: (), cx: &Context<Self>) {
        let part = self.rng.0.random_range(0..PARTS as u32);
        self.out.send(Msg { part, t0: cx.time() }).await;
        self.next(cx);
    }
}
#[derive(Serialize, Deserialize)]
pub struct Broker {
    outs: Vec<Output<Msg>>,
}
#[Model]
impl Broker {
    pub async fn produce(&mut self, m: Msg) {
        let c = m.part as usize % C;
        self.outs[c].send(m).await;
    }
}
#[derive(Serialize, Deserialize)]
pub struct Consumer {
    q: VecDeque<Msg>,
    busy: bool,
    done: Output<u64>,
    #[serde(skip)]
    rng: Rng,
    #[serde(skip)]
    hist: Hist,
    sum: f64,
    n: u64,
    #[serde(skip)]
    res: Arc<Mutex<(f64, u64, Hist)>>,
}
#[Model]
impl Consumer {
    pub async fn fetch(&mut self, m: Msg, cx: &Context<Self>) {
        self.q.push_back(m);
        if !self.busy {
            self.start(cx);
        }
    }
    fn start(&mut self, cx: &Context<Self>) {
        if self.q.is_empty() {
            self.busy = false;
            return;
        }
        self.busy = true;
        let d = exp(&mut self.rng.0, MU);
        cx.schedule_event(d, schedulable!(Self::finish), ()).unwrap();
    }
    #[nexosim(schedulable)]
    async fn finish(&mut self, _: (), cx: &Context<Self>) {
        let m = self.q.pop_front().unwrap();
        let l = cx.time().duration_since(m.t0).as_secs_f64();
        self.sum += l;
        self.n += 1;
        self.hist.0.record(((l * 1e6) as u64).max(1)).unwrap();
        self.start(cx);
    }
}
impl Drop for Consumer {
    fn drop(&mut self) {
        let mut r = self.res.lock().unwrap();
        r.0 += self.sum;
        r.1 += self.n;
        r.2.0.add(&self.hist.0).unwrap();
    }
}
fn main() -> Result<(), SimulationError> {
    let (n, seed) = args();
    let direct = std::env::var("DIRECT").is_ok(); // producers wired straight to consumers (no broker hop)
    let threads: usize = std::env::var("NT").ok().map(|s| s.parse().unwrap()).unwrap_or(1);
    let mut bench = SimInit::with_num_threads(threads);
    let res = Arc::new(Mutex::new((0.0, 0, Hist::default())));
    let bm = Mailbox::new();
    let mut broker = Broker { outs: (0..C).map(|_| Output::default()).collect() };
    let cms: Vec<Mailbox<Consumer>> = (0..C).map(|_| Mailbox::new()).collect();
    for c in 0..C {
        broker.outs[c].connect(Consumer::fetch, &cms[c]);
    }
    for i in 0..P {
        let mut p = Producer {
            out: Output::default(),
            left: n / P as u64,
            rng: Rng(SmallRng::seed_from_u64(seed * 1000 + i as u64)),
        };
        if direct {
            for c in 0..C {
                p.out.filter_map_connect(
                    move |m: &Msg| if m.part as usize % C == c { Some(m.clone()) } else { None },
                    Consumer::fetch,
                    &cms[c],
                );
            }
        } else {
            p.out.connect(Broker::produce, &bm);
        }
        bench = bench.add_model(p, Mailbox::new(), &format!("p{i}"));
    }
    for (c, mb) in cms.into_iter().enumerate() {
        bench = bench.add_model(
            Consumer {
                q: VecDeque::new(),
                busy: false,
                done: Output::default(),
                rng: Rng(SmallRng::seed_from_u64(seed * 1000 + 100 + c as u64)),
                hist: Hist::default(),
                sum: 0.0,
                n: 0,
                res: res.clone(),
            },
            mb,
            &format!("c{c}"),
        );
    }
    bench = bench.add_model(broker, bm, "broker");
    let t0 = cpu();
    let w0 = std::time::Instant::now();
    let mut simu = bench.init(MonotonicTime::EPOCH)?;
    simu.run()?;
    let t = cpu() - t0;
    let w = w0.elapsed().as_secs_f64();
    drop(simu);
    let r = res.lock().unwrap();
    report(
        &format!("nexosim-{}-nt{threads}(wall {:.0} msg/s)", if direct { "direct" } else { "broker" }, r.1 as f64 / w),
        r.1,
        2 * r.1,
        t,
        r.0 / r.1 as f64 * 1e6,
        r.2.0.value_at_quantile(0.99) as f64,
    );
    Ok(())
}
