//! `conga init`: writes a commented scenario to start from, with the files it names and the schema for editors.
//!
//! Templates are scenarios like any other, built in, and tests run each of them. Nothing is ever overwritten: what
//! stands there may be somebody's work.
use super::{BAD, InitArgs, schema};
use anyhow::Context;
use clap::ValueEnum;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// One topic, one producer, one group: the quickest start.
    Minimal,
    /// Two groups, one after the other, and latency along the whole way.
    Pipeline,
    /// How many members a peak needs, with repetitions and thresholds.
    Capacity,
    /// Arrivals and work from a CSV file.
    Trace,
    /// JSON messages, compressed, through a slow network.
    Codecs,
    /// Settings from the clients' own properties files.
    Kafka,
}

/// A file by its name, and what is in it.
type File = (&'static str, &'static str);

impl Template {
    /// Name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Pipeline => "pipeline",
            Self::Capacity => "capacity",
            Self::Trace => "trace",
            Self::Codecs => "codecs",
            Self::Kafka => "kafka",
        }
    }

    /// The scenario.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Minimal => include_str!("templates/minimal.yaml"),
            Self::Pipeline => include_str!("templates/pipeline.yaml"),
            Self::Capacity => include_str!("templates/capacity.yaml"),
            Self::Trace => include_str!("templates/trace.yaml"),
            Self::Codecs => include_str!("templates/codecs.yaml"),
            Self::Kafka => include_str!("templates/kafka.yaml"),
        }
    }

    /// The files it names.
    #[must_use]
    pub fn files(self) -> &'static [File] {
        match self {
            Self::Trace => &[("trace-arrivals.csv", include_str!("templates/trace-arrivals.csv"))],
            Self::Kafka => &[
                ("kafka-producer.properties", include_str!("templates/kafka-producer.properties")),
                ("kafka-consumer.properties", include_str!("templates/kafka-consumer.properties")),
            ],
            _ => &[],
        }
    }

    /// What it is about.
    fn about(self) -> String {
        let value = self.to_possible_value();
        value.and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default()
    }
}

/// Writes a template, or tells what there is.
///
/// # Errors
/// Where a file or standard output cannot be written.
pub fn run(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    if args.list {
        for template in Template::value_variants() {
            writeln!(out, "{:<9} {}", template.name(), template.about())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let template = args.template;
    let scenario = args.file.clone().unwrap_or_else(|| PathBuf::from(format!("{}.yaml", template.name())));
    let folder = scenario.parent().map_or_else(PathBuf::new, Path::to_owned);
    let beside = template.files().iter().map(|(name, text)| (folder.join(name), *text));
    let files: Vec<(PathBuf, &str)> = [(scenario.clone(), template.text())].into_iter().chain(beside).collect();
    let there: Vec<&Path> = files.iter().map(|(path, _)| path.as_path()).filter(|path| path.exists()).collect();
    if !there.is_empty() {
        for path in there {
            writeln!(std::io::stderr(), "{}: is there already; {}", path.display(), remedy(template, path, &scenario))?;
        }
        return Ok(ExitCode::from(BAD));
    }
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    for (path, text) in &files {
        write_new(path, text)?;
        writeln!(out, "wrote {}", path.display())?;
    }
    let schema = folder.join(schema::FILE);
    if schema.exists() {
        writeln!(out, "kept  {}; `conga schema --out {0}` writes it anew", schema.display())?;
    } else {
        write_new(&schema, &schema::text())?;
        writeln!(out, "wrote {}, by which editors complete and explain keys", schema.display())?;
    }
    writeln!(out, "next: conga run {}", scenario.display())?;
    Ok(ExitCode::SUCCESS)
}

/// What to do where a file is in the way.
fn remedy(template: Template, path: &Path, scenario: &Path) -> String {
    if path == scenario {
        let name = template.name();
        format!("name another file, such as `conga init {name} my-{name}.yaml`, or remove it first")
    } else {
        "choose another folder, or move it away first".to_owned()
    }
}

/// Never over a file that came between.
pub(super) fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
