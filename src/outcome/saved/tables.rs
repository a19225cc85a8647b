//! `series.csv` and `partitions.csv`: one heading a column, no units in the cells, an empty cell where no value is.
//!
//! Columns follow the order of the scenario, so reading needs the names of `result.json` and nothing else; the worst
//! partitions of a group are named by the headings after its figures.
use super::{SaveError, number};
use crate::outcome::result::{
    GroupSeries, Outcome, PartitionGroup, PartitionRow, RunResult, SeriesInterval, SeriesRow,
};
use crate::outcome::series::BROKERS;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::iter;
use std::path::Path;

/// Figures of a group in an interval, before its worst partitions.
const GROUP_SERIES: [&str; 9] = [
    "processed_per_s",
    "lag",
    "committed_lag",
    "lag_s",
    "utilisation",
    "e2e_p50_s",
    "e2e_p90_s",
    "e2e_p99_s",
    "e2e_max_s",
];
/// Figures of a group about a partition.
const PARTITION_GROUP: [&str; 4] = ["processed", "member", "lag_max", "lag_final"];
/// Figures of a partition, whoever reads it.
const PARTITION: [&str; 6] = ["topic", "partition", "leader", "appended", "share", "bytes"];
/// When it came, where topics grow.
const SINCE: &str = "since_s";

pub(super) fn series(outcome: &Outcome) -> Vec<u8> {
    let rows = outcome.series.iter().map(|row| {
        let head = [row.interval.start_s, row.interval.end_s, row.offered_per_s];
        let brokers = row.broker_utilisation.iter();
        let head = head.into_iter().chain(row.appended_per_s.iter().chain(brokers).copied()).map(cell);
        head.chain(row.groups.iter().flat_map(group_cells)).collect()
    });
    table(series_header(&outcome.result, &outcome.worst_partitions), rows)
}

fn group_cells(group: &GroupSeries) -> Vec<String> {
    let percentiles = [group.e2e_p50_s, group.e2e_p90_s, group.e2e_p99_s, group.e2e_max_s];
    let levels = [group.lag.to_string(), group.committed_lag.to_string(), cell(group.lag_s), cell(group.utilisation)];
    iter::once(cell(group.processed_per_s))
        .chain(levels)
        .chain(percentiles.map(|value| value.map_or_else(String::new, cell)))
        .chain(group.worst_lag.iter().map(u64::to_string))
        .collect()
}

fn series_header(result: &RunResult, worst_partitions: &[Vec<String>]) -> Vec<String> {
    let mut header: Vec<String> = ["start_s", "end_s", "offered_per_s"].map(str::to_owned).to_vec();
    header.extend(result.topics.iter().map(|(name, _)| format!("topics.{name}.appended_per_s")));
    let brokers = result.brokers.iter().take(BROKERS);
    header.extend(brokers.map(|(name, _)| format!("brokers.{name}.utilisation")));
    for ((name, _), worst) in result.groups.iter().zip(worst_partitions) {
        header.extend(GROUP_SERIES.map(|figure| format!("groups.{name}.{figure}")));
        header.extend(worst.iter().map(|partition| format!("groups.{name}.lag.{partition}")));
    }
    header
}

pub(super) fn partitions(outcome: &Outcome) -> Vec<u8> {
    let mut header = PARTITION.map(str::to_owned).to_vec();
    let grows = outcome.partitions.iter().any(|row| row.since_s.is_some());
    header.extend(grows.then(|| SINCE.to_owned()));
    for (name, _) in &outcome.result.groups {
        header.extend(PARTITION_GROUP.map(|figure| format!("groups.{name}.{figure}")));
    }
    let rows = outcome.partitions.iter().map(|row| {
        let mut cells = vec![row.topic.clone(), row.partition.to_string(), row.leader.to_string()];
        cells.extend([row.appended.to_string(), cell(row.share), row.bytes.to_string()]);
        cells.extend(row.since_s.map(cell));
        cells.extend(row.groups.iter().flat_map(|group| partition_cells(group.as_ref())));
        cells
    });
    table(header, rows)
}

fn partition_cells(group: Option<&PartitionGroup>) -> [String; 4] {
    group.map_or_else(Default::default, |group| {
        [group.processed, u64::from(group.member), group.lag_max, group.lag_final].map(|count| count.to_string())
    })
}

fn cell(value: f64) -> String {
    number(value).map(|number| number.to_string()).unwrap_or_default()
}

/// Rows of another length than the heading would be a bug of the recorder.
fn table(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in iter::once(header).chain(rows) {
        writer.write_record(row).expect("every row has as many cells as the heading");
    }
    writer.into_inner().expect("memory takes every byte")
}

pub(super) fn read_series(result: &RunResult, path: &Path) -> Result<(Vec<SeriesRow>, Vec<Vec<String>>), SaveError> {
    let mut reader = open(path)?;
    let header: Vec<String> = reader.headers().map_err(|why| wrong(path, why))?.iter().map(str::to_owned).collect();
    let worst = worst_partitions(result, &header);
    if header != series_header(result, &worst) {
        return Err(SaveError::contents(path, "its columns do not belong to result.json"));
    }
    let brokers = result.brokers.len().min(BROKERS);
    let rows = reader.records().map(|record| {
        let record = record.map_err(|why| wrong(path, why))?;
        series_row(&mut record.iter(), [result.topics.len(), brokers], &worst)
            .map_err(|why| wrong_at(path, &record, &why))
    });
    Ok((rows.collect::<Result<_, _>>()?, worst))
}

/// The names after each group's figures, up to the next group.
fn worst_partitions(result: &RunResult, header: &[String]) -> Vec<Vec<String>> {
    let mut columns = header.iter().skip(3 + result.topics.len() + result.brokers.len().min(BROKERS)).peekable();
    let mut worst = Vec::new();
    for (i, (name, _)) in result.groups.iter().enumerate() {
        columns.by_ref().take(GROUP_SERIES.len()).for_each(drop);
        let next = result.groups.get(i + 1).map(|(name, _)| format!("groups.{name}.{}", GROUP_SERIES[0]));
        let prefix = format!("groups.{name}.lag.");
        let belongs = |column: &&String| Some(*column) != next.as_ref() && column.starts_with(&prefix);
        worst
            .push(iter::from_fn(|| columns.next_if(belongs)).map(|column| column[prefix.len()..].to_owned()).collect());
    }
    worst
}

fn series_row<'a>(
    cells: &mut impl Iterator<Item = &'a str>,
    [topics, brokers]: [usize; 2],
    worst: &[Vec<String>],
) -> Result<SeriesRow, String> {
    Ok(SeriesRow {
        interval: SeriesInterval { start_s: value(cells)?, end_s: value(cells)? },
        offered_per_s: value(cells)?,
        appended_per_s: (0..topics).map(|_| value(cells)).collect::<Result<_, _>>()?,
        broker_utilisation: (0..brokers).map(|_| value(cells)).collect::<Result<_, _>>()?,
        groups: worst.iter().map(|worst| group_series(cells, worst.len())).collect::<Result<_, _>>()?,
    })
}

fn group_series<'a>(cells: &mut impl Iterator<Item = &'a str>, worst: usize) -> Result<GroupSeries, String> {
    Ok(GroupSeries {
        processed_per_s: value(cells)?,
        lag: value(cells)?,
        committed_lag: value(cells)?,
        lag_s: value(cells)?,
        utilisation: value(cells)?,
        e2e_p50_s: optional(cells)?,
        e2e_p90_s: optional(cells)?,
        e2e_p99_s: optional(cells)?,
        e2e_max_s: optional(cells)?,
        worst_lag: (0..worst).map(|_| value(cells)).collect::<Result<_, _>>()?,
    })
}

pub(super) fn read_partitions(result: &RunResult, path: &Path) -> Result<Vec<PartitionRow>, SaveError> {
    let mut reader = open(path)?;
    let grows = reader.headers().map_err(|why| wrong(path, why))?.iter().any(|column| column == SINCE);
    let rows = reader.records().map(|record| {
        let record = record.map_err(|why| wrong(path, why))?;
        let cells = &mut record.iter();
        partition_row(cells, grows, result.groups.len()).map_err(|why| wrong_at(path, &record, &why))
    });
    rows.collect()
}

fn partition_row<'a>(
    cells: &mut impl Iterator<Item = &'a str>,
    grows: bool,
    groups: usize,
) -> Result<PartitionRow, String> {
    Ok(PartitionRow {
        topic: cells.next().unwrap_or_default().to_owned(),
        partition: value(cells)?,
        leader: value(cells)?,
        appended: value(cells)?,
        share: value(cells)?,
        bytes: value(cells)?,
        since_s: if grows { optional(cells)? } else { None },
        groups: (0..groups).map(|_| partition_group(cells)).collect::<Result<_, _>>()?,
    })
}

fn partition_group<'a>(cells: &mut impl Iterator<Item = &'a str>) -> Result<Option<PartitionGroup>, String> {
    let (processed, member) = (optional(cells)?, optional(cells)?);
    let (lag_max, lag_final) = (optional(cells)?, optional(cells)?);
    let all = processed.zip(member).zip(lag_max.zip(lag_final));
    Ok(all.map(|((processed, member), (lag_max, lag_final))| PartitionGroup { processed, member, lag_max, lag_final }))
}

/// A table whose columns are the fields of its rows.
pub(super) fn rows<T: Serialize>(header: &[&str], rows: &[T]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(header).expect("memory takes every byte");
    for row in rows {
        let fields = serde_json::to_value(row).expect("a row is plain data");
        let cells = fields.as_object().expect("a row has fields").values().map(|field| match field {
            Value::String(text) => text.clone(),
            Value::Number(n) if n.is_f64() => cell(n.as_f64().unwrap_or_default()),
            other => other.to_string(),
        });
        writer.write_record(cells).expect("every row has as many cells as the heading");
    }
    writer.into_inner().expect("memory takes every byte")
}

/// Reads what [`rows`] wrote.
pub(super) fn read_rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, SaveError> {
    open(path)?.deserialize().map(|row| row.map_err(|why| wrong(path, why))).collect()
}

fn value<'a, T: std::str::FromStr>(cells: &mut impl Iterator<Item = &'a str>) -> Result<T, String> {
    optional(cells)?.ok_or_else(|| "a value is missing".to_owned())
}

fn optional<'a, T: std::str::FromStr>(cells: &mut impl Iterator<Item = &'a str>) -> Result<Option<T>, String> {
    match cells.next() {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| format!("{text:?} is not a number that belongs here")),
    }
}

fn open(path: &Path) -> Result<csv::Reader<std::fs::File>, SaveError> {
    Ok(csv::Reader::from_reader(std::fs::File::open(path).map_err(super::at(path))?))
}

fn wrong(path: &Path, why: csv::Error) -> SaveError {
    SaveError::contents(path, why)
}

fn wrong_at(path: &Path, record: &csv::StringRecord, why: &str) -> SaveError {
    let line = record.position().map_or(0, csv::Position::line);
    SaveError::contents(path, format!("line {line}: {why}"))
}
