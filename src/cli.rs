//! The command line: what may be typed, and one file per command that does it.
//!
//! Exit codes are part of the interface: scripts tell a failed threshold from a failed run by them.
pub mod check;
pub mod codecs;
pub mod compare;
pub mod completions;
mod examples;
pub mod explain;
pub mod film;
pub mod fit;
mod heap;
pub mod hire;
pub mod import;
pub mod init;
pub mod looks;
pub mod man;
pub mod metrics;
pub mod plan;
pub mod processes;
mod progress;
pub mod report;
pub mod run;
pub mod schema;
pub mod study;
mod surroundings;
pub mod view;
pub mod worker;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything was good.
pub const GOOD: u8 = 0;
/// Something failed at run time, or a law was broken.
pub const FAILED: u8 = 1;
/// The command line or the scenario is bad; nothing ran.
pub const BAD: u8 = 2;
/// The instrument failed: the run is invalid.
pub const INVALID: u8 = 3;
/// A threshold failed.
pub const THRESHOLD: u8 = 99;

/// A wind tunnel for consumer groups: simulates producers, partitions and consumers from one YAML file.
#[derive(Clone, Debug, Parser)]
#[command(name = "conga", version, arg_required_else_help = true, after_help = examples::CONGA)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Write a commented scenario to start from.
    #[command(after_help = examples::INIT)]
    Init(InitArgs),
    /// Run a scenario and write its result and report.
    #[command(after_help = examples::RUN)]
    Run(RunArgs),
    /// Check scenarios without running them: every problem with its place and remedy.
    #[command(after_help = examples::CHECK)]
    Check(CheckArgs),
    /// Make a scenario of what another tool has: a workload, or a command line.
    #[command(subcommand, after_help = examples::IMPORT)]
    Import(ImportCommand),
    /// Tell what a key of a scenario means, its default, and what it costs.
    #[command(after_help = examples::EXPLAIN)]
    Explain(ExplainArgs),
    /// Measure on this machine how small and how fast each codec makes the scenario's messages.
    #[command(after_help = examples::CODECS)]
    Codecs(CodecsArgs),
    /// Find which distribution measured times come from, and print it for a scenario.
    #[command(after_help = examples::FIT)]
    Fit(FitArgs),
    /// Run a scenario with many values: a table with a row a run, and one to go on with if it ends early.
    #[command(after_help = examples::STUDY)]
    Study(StudyArgs),
    /// Find how few members, how few brokers or how little money is enough, or how much load is possible.
    #[command(after_help = examples::PLAN)]
    Plan(PlanArgs),
    /// Run points of a study that come in a line each, and answer each with a line.
    #[command(after_help = examples::WORKER)]
    Worker(WorkerArgs),
    /// Draw the report of a saved result again.
    #[command(after_help = examples::REPORT)]
    Report(ReportArgs),
    /// Tell what changed from one result to others, and whether that is more than chance.
    #[command(after_help = examples::COMPARE)]
    Compare(CompareArgs),
    /// Print the JSON Schema of a scenario, for editors.
    #[command(after_help = examples::SCHEMA)]
    Schema(SchemaArgs),
    /// Print what lets a shell complete the commands.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the manual page, or write a page for each command.
    #[command(after_help = examples::MAN)]
    Man(ManArgs),
}

/// Arguments of `conga init`.
#[derive(Clone, Debug, clap::Args)]
pub struct InitArgs {
    /// What to start from.
    #[arg(value_enum, default_value_t = init::Template::Minimal)]
    pub template: init::Template,
    /// Where the scenario goes; `TEMPLATE.yaml` when silent. Nothing is ever overwritten.
    pub file: Option<PathBuf>,
    /// Tells what there is, and writes nothing.
    #[arg(long)]
    pub list: bool,
}

/// What a scenario is made of.
#[derive(Clone, Debug, Subcommand)]
pub enum ImportCommand {
    /// A workload of the OpenMessaging Benchmark and its driver file for Kafka.
    Omb {
        /// The workload.
        workload: PathBuf,
        /// The driver.
        driver: PathBuf,
        /// What the files do not say, and where the scenario goes.
        #[command(flatten)]
        into: ImportArgs,
    },
    /// The command line of RabbitMQ's PerfTest.
    Perftest {
        /// What the command line does not say, and where the scenario goes.
        #[command(flatten)]
        into: ImportArgs,
        /// Its options, after `--`.
        #[arg(last = true, required = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// The command lines of Kafka's kafka-producer-perf-test and kafka-consumer-perf-test.
    KafkaPerf {
        /// What the command lines do not say, and where the scenario goes.
        #[command(flatten)]
        into: ImportArgs,
        /// One, or both in a row, each after its name, after `--`.
        #[arg(last = true, required = true, value_name = "ARGS")]
        args: Vec<String>,
    },
}

/// What other tools leave to whoever sets up the cluster, and where the scenario goes.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// The scenario; after the tool when silent. Nothing is ever overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Partitions of a topic.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub partitions: Option<u32>,
    /// Brokers.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub brokers: Option<u32>,
    /// Replicas of a partition.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub replicas: Option<u32>,
}

/// Arguments of `conga explain`.
#[derive(Clone, Debug, clap::Args)]
pub struct ExplainArgs {
    /// A key, such as `linger` or `groups.poll.max_records`, or Kafka's name for it.
    #[arg(required_unless_present = "list")]
    pub key: Option<String>,
    /// Every key with its meaning.
    #[arg(long)]
    pub list: bool,
}

/// Arguments of `conga schema`.
#[derive(Clone, Debug, clap::Args)]
pub struct SchemaArgs {
    /// A file instead of standard output; an earlier schema is replaced, any other file left alone.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `conga completions`.
#[derive(Clone, Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Which shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Arguments of `conga man`.
#[derive(Clone, Debug, clap::Args)]
pub struct ManArgs {
    /// A folder for `conga.1` and a page for each command.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `conga run`.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// The scenario.
    pub file: PathBuf,
    /// What drives it.
    #[arg(long, value_enum, default_value_t = Engine::Sim)]
    pub engine: Engine,
    /// First seed; the same as `--set run.seed=N`.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Where the result goes, replaced whole; `reports/NAME` when silent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Changes a value of the scenario, such as `groups.workers.members=12`; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
    /// Live: threads for brokers, producers and members whose work is a delay; 1 when silent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Live: how many times as fast as real time, such as `10x`; `1x` when silent.
    #[arg(long, value_name = "TIMES", value_parser = speed)]
    pub speed: Option<f64>,
    /// Live: memory for messages that groups have not fetched (with `--processes`: not committed), over all brokers; `1 GiB`
    /// when silent.
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory: Option<u64>,
    /// Live: consumers in so many processes of their own; one that dies is replaced, and nothing is lost.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub processes: Option<u16>,
    /// Serves the figures of the run while it goes on, as OpenMetrics text at `/metrics`, on an address of this machine
    /// alone, such as `127.0.0.1:9464`; port 0 takes one that is free, and tells it.
    #[arg(long, value_name = "ADDRESS", value_parser = metrics::address)]
    pub prometheus: Option<SocketAddr>,
    /// How progress is shown on standard error.
    #[arg(long, value_enum, default_value_t = Progress::Auto)]
    pub progress: Progress,
    /// No progress on standard error.
    #[arg(long)]
    pub quiet: bool,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// On a terminal a view of a live run and a bar of a simulation, elsewhere lines.
    Auto,
    /// The whole terminal: rates, lag, latency; `q` ends the run.
    View,
    /// A line now and then.
    Lines,
}

/// Reads a size such as `512 MiB`.
fn memory(text: &str) -> Result<u64, String> {
    crate::units::parse::size(text).map_err(|wrong| format!("{}; {}", wrong.message, wrong.remedy))
}

/// Reads a speed such as `10x` or `0.5x`.
fn speed(text: &str) -> Result<f64, String> {
    let speed = text.strip_suffix('x').and_then(|times| times.parse::<f64>().ok());
    speed
        .filter(|speed| (0.001..=1000.0).contains(speed))
        .ok_or_else(|| "write it as `10x`, from 0.001x to 1000x".into())
}

impl RunArgs {
    /// Every change to the scenario, the seed included.
    #[must_use]
    pub fn all_sets(&self) -> Vec<String> {
        with_seed(&self.sets, self.seed)
    }
}

/// What drives a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Virtual time, deterministic.
    Sim,
    /// Real time on this machine: actors, real messages, real compression.
    Live,
}

impl Engine {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Live => "live",
        }
    }
}

/// Arguments of `conga check`.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// The scenarios.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Changes a value of every scenario first; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
}

/// Arguments of `conga codecs`.
#[derive(Clone, Debug, clap::Args)]
pub struct CodecsArgs {
    /// The scenario.
    pub file: PathBuf,
    /// Where a chart for each producer goes; none is drawn when silent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Changes a value of the scenario first; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
}

/// Arguments of `conga fit`.
#[derive(Clone, Debug, clap::Args)]
pub struct FitArgs {
    /// A CSV file: a time with its unit a row, without a heading.
    pub file: PathBuf,
    /// Unit of times that are written without one.
    #[arg(long, value_parser = ["ns", "us", "ms", "s"], conflicts_with = "arrivals")]
    pub unit: Option<String>,
    /// Takes this column of a file with a heading.
    #[arg(long, value_name = "NAME")]
    pub column: Option<String>,
    /// Rows are instants, and the times between them are fitted.
    #[arg(long)]
    pub arrivals: bool,
    /// Where a chart goes; none is drawn when silent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `conga study`.
#[derive(Clone, Debug, clap::Args)]
pub struct StudyArgs {
    /// The scenario.
    pub file: PathBuf,
    /// Values of a path, such as `groups.workers.members=1..8` or `run.duration=[10s, 60s]`; may be repeated.
    #[arg(long, value_name = "PATH=LIST|RANGE")]
    pub vary: Vec<String>,
    /// Seed of the first repetition of every point; the same as `--set run.seed=N`.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Where everything goes; `reports/NAME-study` when silent. The same command goes on with what is there.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Changes a value of the scenario for all points; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
    /// How many cores work on it; all when silent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub cores: Option<u16>,
    /// Prints a line for each run that is missing, for `conga worker`, and runs nothing.
    #[arg(long)]
    pub print_points: bool,
    /// Takes over what workers answered before it runs, or prints, what is missing; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub collect: Vec<PathBuf>,
    /// No progress on standard error.
    #[arg(long)]
    pub quiet: bool,
}

impl StudyArgs {
    /// Every change to the scenario, the seed included.
    #[must_use]
    pub fn all_sets(&self) -> Vec<String> {
        with_seed(&self.sets, self.seed)
    }
}

/// Arguments of `conga plan`.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("goal").required(true))]
pub struct PlanArgs {
    /// The scenario; its thresholds say what is good enough.
    pub file: PathBuf,
    /// Finds the least value of a path, such as `groups.workers.members`, or the least `cost`.
    #[arg(long, value_name = "PATH|cost", group = "goal")]
    pub minimize: Option<String>,
    /// Finds the greatest value of a path, such as `producers.edge.rate`.
    #[arg(long, value_name = "PATH", group = "goal")]
    pub maximize: Option<String>,
    /// Finds it for each of these values as well, such as `producers.edge.rate=1k/s..8k/s by 1k/s`.
    #[arg(long, value_name = "PATH=LIST|RANGE")]
    pub frontier: Option<String>,
    /// Values to choose from; for `--minimize cost` once for each path.
    #[arg(long, value_name = "PATH=LIST|RANGE")]
    pub vary: Vec<String>,
    /// Seed of the first run of every candidate; the same as `--set run.seed=N`.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Where `plan.json` and `report.html` go; `reports/NAME-plan` when silent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Changes a value of the scenario first; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
    /// How many cores work on it; all when silent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub cores: Option<u16>,
    /// Only the answer: not how much more load it holds, nor what one more or fewer of each resource would do.
    #[arg(long)]
    pub brief: bool,
    /// No progress on standard error.
    #[arg(long)]
    pub quiet: bool,
}

impl PlanArgs {
    /// Every change to the scenario, the seed included.
    #[must_use]
    pub fn all_sets(&self) -> Vec<String> {
        with_seed(&self.sets, self.seed)
    }
}

/// Arguments of `conga worker`.
#[derive(Clone, Debug, clap::Args)]
pub struct WorkerArgs {}

/// Changes to a scenario and its seed, as changes.
fn with_seed(sets: &[String], seed: Option<u64>) -> Vec<String> {
    sets.iter().cloned().chain(seed.map(|seed| format!("run.seed={seed}"))).collect()
}

/// Arguments of `conga report`.
#[derive(Clone, Debug, clap::Args)]
pub struct ReportArgs {
    /// What an earlier run, study or plan left.
    pub dir: PathBuf,
    /// Each chart as PNG as well, for slides and chats that take no SVG.
    #[arg(long)]
    pub png: bool,
}

/// Arguments of `conga compare`.
#[derive(Clone, Debug, clap::Args)]
pub struct CompareArgs {
    /// What earlier runs left; the first is what the others are compared with.
    #[arg(required = true, num_args = 2.., value_name = "DIR")]
    pub dirs: Vec<PathBuf>,
    /// Ends with 99 where a change is beyond this, such as `groups.*.e2e_s.p99 > +10%`; may be repeated.
    #[arg(long, value_name = "LINE")]
    pub fail_if: Vec<String>,
    /// Where `comparison.html`, `comparison.md` and `comparison.json` go; nowhere when silent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
