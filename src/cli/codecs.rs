//! `conga codecs FILE`: what each codec makes of the scenario's messages, and how fast, on this machine.
//!
//! Here the wall clock is right: it is a measurement, and says so. Nothing of it enters a scenario or a result by itself.
use super::{BAD, CodecsArgs};
use crate::model::compression::Curve;
use crate::payload::framing::{Framing, HEADER};
use crate::payload::{Codec, Maker, Press, curve};
use crate::plan::{ProducerPlan, build};
use crate::report::codecs::{Measured, Point};
use crate::report::{self, codecs};
use crate::scenario;
use crate::units::show;
use anyhow::Context;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Records of the batches that every codec gets.
const RECORDS: [u32; 4] = [1, 10, 100, 1_000];
/// Bytes of different batches of each size, more or less: caches of a processor hold them, as they hold a producer's.
const BYTES: usize = 256 << 10;
/// How long each speed is measured, at least.
const LONG_ENOUGH: Duration = Duration::from_millis(30);
/// Kafka's caution when it estimates how much fits.
const CAUTION: f64 = 1.05;

const NOTE: &str = "Speeds are in bytes before compression, by the wall clock, on one core of this machine as it is now: \
                    they differ from machine to machine and from time to time. Sizes do not.";

const MADE_UP: &str = "  Of these messages only the size is known: this is measured on plain English text. Describe them, by\n  \
                       `message: {json: …}`, `{lines: FILE}` or `{generator: flows}`.\n";

/// Measures every codec on the messages of every producer.
///
/// # Errors
/// When standard output or the folder of the charts cannot be written.
pub fn run(args: &CodecsArgs) -> anyhow::Result<ExitCode> {
    let planned = scenario::load(&args.file, &args.sets).and_then(|scenario| build::plan(&scenario));
    let plan = match planned {
        Ok((plan, _)) => plan,
        Err(problems) => {
            writeln!(std::io::stderr(), "{problems}")?;
            return Ok(ExitCode::from(BAD));
        }
    };
    let mut out = std::io::stdout().lock();
    for producer in &plan.producers {
        let measured: Vec<(Measured, u32)> = Codec::ALL[1..].iter().map(|codec| measure(*codec, producer)).collect();
        writeln!(out, "{}", table(producer, &measured))?;
        if let Some(dir) = &args.out {
            let lines: Vec<Measured> = measured.into_iter().map(|(one, _)| one).collect();
            let path = draw(producer, &lines, dir).with_context(|| format!("cannot draw into {}", dir.display()))?;
            writeln!(out, "Chart: {path}\n")?;
        }
    }
    writeln!(out, "{NOTE}")?;
    Ok(ExitCode::SUCCESS)
}

fn draw(producer: &ProducerPlan, lines: &[Measured], dir: &Path) -> std::io::Result<String> {
    std::fs::create_dir_all(dir)?;
    report::write_chart(&codecs::chart(&producer.name, lines), dir).map(|path| path.display().to_string())
}

/// A codec at every size, and the number of records that fill a batch.
fn measure(codec: Codec, producer: &ProducerPlan) -> (Measured, u32) {
    let fits = fits(codec, producer);
    let mut sizes: Vec<u32> = RECORDS.into_iter().chain([fits]).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let points = sizes.into_iter().map(|records| point(codec, producer, records)).collect();
    (Measured { codec: codec.name().to_owned(), points }, fits)
}

/// How many records fill a batch by Kafka's estimate, once that has settled.
fn fits(codec: Codec, producer: &ProducerPlan) -> u32 {
    let size = producer.client.batch_size;
    let curve = Curve::new(&curve::measure(codec, size, |i, n, out| producer.contents.batch(i, n, out)));
    let mut framing = Framing::default();
    producer.contents.batch(0, RECORDS[3], &mut framing);
    let record = framing.bytes.len() as f64 / f64::from(RECORDS[3]);
    let room = f64::from(size.saturating_sub(HEADER));
    let fills = |records: u32| f64::from(records) * record * curve.ratio(records) * CAUTION > room;
    let (mut low, mut high) = (1, 1_u32 << 20);
    while low + 1 < high {
        let middle = u32::midpoint(low, high);
        if fills(middle) { high = middle } else { low = middle }
    }
    low
}

fn point(codec: Codec, producer: &ProducerPlan, records: u32) -> Point {
    let batches = batches(producer, records);
    let mut press = Press::new(codec);
    let mut small = vec![Vec::new(); batches.len()];
    let compress = seconds_a_round(|| {
        for (batch, small) in batches.iter().zip(&mut small) {
            press.compress(batch, small);
        }
    });
    let mut back = Vec::new();
    let expand = seconds_a_round(|| {
        for (batch, small) in batches.iter().zip(&small) {
            press.expand(small, batch.len(), &mut back).expect("what was just compressed can be expanded");
        }
    });
    let before = batches.iter().map(Vec::len).sum::<usize>() as f64;
    let after = small.iter().map(Vec::len).sum::<usize>() as f64;
    Point { records, smaller: before / after, compress_per_s: before / compress, expand_per_s: before / expand }
}

/// The records of different batches.
fn batches(producer: &ProducerPlan, records: u32) -> Vec<Vec<u8>> {
    let (mut batches, mut framing, mut bytes) = (Vec::new(), Framing::default(), 0);
    while batches.is_empty() || (bytes < BYTES && batches.len() < 2_000) {
        framing.clear();
        producer.contents.batch(batches.len() as u64, records, &mut framing);
        bytes += framing.bytes.len();
        batches.push(framing.bytes.clone());
    }
    batches
}

/// The fastest of several rounds: whatever else the machine does only makes a round slower.
#[expect(clippy::disallowed_methods, reason = "a measurement on this machine, and told as such")]
fn seconds_a_round(mut round: impl FnMut()) -> f64 {
    let clock = std::time::Instant::now();
    let mut fastest = Duration::MAX;
    loop {
        let before = clock.elapsed();
        round();
        let after = clock.elapsed();
        fastest = fastest.min(after.saturating_sub(before));
        if after >= LONG_ENOUGH {
            return fastest.as_secs_f64().max(1e-9);
        }
    }
}

fn table(producer: &ProducerPlan, measured: &[(Measured, u32)]) -> String {
    let mut text = format!("{} (batch.size {})\n", producer.name, show::size(f64::from(producer.client.batch_size)));
    if matches!(producer.contents.sources[0].messages.maker(), Maker::Filler) {
        text.push_str(MADE_UP);
    }
    let _ = writeln!(
        text,
        "  {:<7} {:>8} {:>7} {:>9} {:>16} {:>16}",
        "codec", "records", "ratio", "smaller", "compress", "decompress"
    );
    for (one, fits) in measured {
        for point in &one.points {
            let fills = if point.records == *fits { "  fills a batch" } else { "" };
            let speed = |bytes: f64| format!("{:.1} MB/s", bytes * 1e-6);
            let _ = writeln!(
                text,
                "  {:<7} {:>8} {:>7.3} {:>9} {:>16} {:>16}{fills}",
                one.codec,
                point.records,
                1.0 / point.smaller,
                format!("{:.2}×", point.smaller),
                speed(point.compress_per_s),
                speed(point.expand_per_s),
            );
        }
    }
    text
}
