//! Rows of what is chosen among several: laws of arrivals and keys, kinds of messages, work and commits, distributions.
//!
//! Each stands for its parameters as well.
use super::{Row, row};

pub(super) const LAWS: &[Row] = &[
    row(
        &["producers.arrivals.constant"],
        "",
        "The kindest load there is: good for calibration, too good for sizing.",
        "{rate: 1k/s}",
    ),
    row(&["producers.arrivals.poisson"], "", "Many independent clients together look like this.", "{rate: 20k/s}"),
    row(&["producers.arrivals.renewal"], "", "Waits grow with the square of `cv`.", "{rate: 5k/s, cv: 2}"),
    row(
        &["producers.arrivals.batches"],
        "",
        "What a cron job or an upstream poll sends; queues even at low load.",
        "{rate: 100/s, size: 10}",
    ),
    row(
        &["producers.arrivals.bursty"],
        "",
        "At the same mean, the longer the bursts the longer the lag.",
        "{on: 1s, off: 9s, rate: 10k/s}",
    ),
    row(
        &["producers.arrivals.steps"],
        "",
        "For a peak, and how long it takes to recover from it.",
        "[{for: 1m, rate: 1k/s}, {for: 10s, rate: 5k/s}]",
    ),
    row(&["producers.arrivals.ramp"], "", "Shows at which load it breaks.", "{from: 0/s, to: 10k/s, over: 1m}"),
    row(
        &["producers.arrivals.sine"],
        "",
        "A day in a minute: sized for the mean it is late at the crest.",
        "{mean: 5k/s, amplitude: 4k/s, period: 1m}",
    ),
    row(
        &["producers.arrivals.trace"],
        "",
        "As real as it gets, and only as general as what was recorded.",
        "{file: arrivals.csv, speed: 2}",
    ),
    row(&["producers.message.size"], "", "Enough where nothing is compressed.", "1 KiB"),
    row(
        &["producers.message.json"],
        "",
        "Real bytes, so that compression can be measured.",
        "{id: '{index}', text: '{word} {word}'}",
    ),
    row(&["producers.message.lines"], "", "Your own messages, with their own sizes and redundancy.", "messages.txt"),
    row(&["producers.message.generator"], "", "When you have none at hand.", "flows"),
    row(&["producers.key.uniform"], "", "As even as hashing gets; few keys are still uneven.", "{keys: 100k}"),
    row(
        &["producers.key.zipf"],
        "",
        "A few keys have much of the load: look at the hottest partition, not at the mean.",
        "{keys: 100k, exponent: 0.9}",
    ),
    row(&["producers.key.hot"], "", "No number of partitions or members splits one key.", "{share: 0.2, keys: 10k}"),
    row(
        &["groups.work.per_unit"],
        "",
        "Where the work follows what is in a record; units come from a trace.",
        "{base: 60ms, each: 25ms}",
    ),
    row(
        &["groups.work.spin"],
        "",
        "Shows what a busy core does to a live run, where a drawn time would only wait.",
        "{exponential: {mean: 50us}}",
    ),
    row(
        &["groups.work.app"],
        "",
        "Real records and real work, so that live figures are those of something one might run.",
        "flows",
    ),
    row(
        &["groups.work.exec"],
        "",
        "Your own code in any language; a scenario runs what it says, with your rights, so read those of others \
         first. Pipes cost a few microseconds a record, and more where polls return few.",
        "[python3, -u, classify.py]",
    ),
    row(
        &["groups.commit.auto"],
        "auto.commit.interval.ms",
        "Cheap; after a crash up to this much is done again.",
        "5s",
    ),
    row(&["groups.commit.after"], "", "Repeats one poll at most, at the price of a commit each poll.", "poll"),
    row(&["groups.commit.every"], "", "Between the two: bounds what is repeated by number.", "1000"),
    row(&["distribution.constant"], "", "No queue comes from it alone.", "{value: 1ms}"),
    row(&["distribution.uniform"], "", "Bounded on both sides, hardly ever real.", "{min: 1ms, max: 2ms}"),
    row(&["distribution.exponential"], "", "The yardstick: cv is 1.", "{mean: 1ms}"),
    row(&["distribution.lognormal"], "", "What response times usually look like.", "{mean: 1ms, cv: 1.5}"),
    row(&["distribution.gamma"], "", "For steady work, with cv below 1.", "{mean: 1ms, cv: 0.5}"),
    row(
        &["distribution.pareto"],
        "",
        "Below a shape of 2 the variance is infinite, and waits have no mean.",
        "{mean: 1ms, shape: 2.5}",
    ),
    row(
        &["distribution.bimodal"],
        "",
        "Hits and misses of a cache: the rare slow ones make the queue.",
        "{fast: 1ms, slow: 100ms, share_slow: 0.01}",
    ),
    row(
        &["distribution.hyperexponential"],
        "",
        "Any cv above 1, where theory has formulas to compare with.",
        "{mean: 1ms, cv: 3}",
    ),
    row(&["distribution.weibull"], "", "Between exponential and heavy, by its shape.", "{mean: 1ms, shape: 0.7}"),
    row(&["distribution.empirical"], "", "Your own measurements, without what was never seen.", "{file: times.csv}"),
];
