//! `output: {sqlite: FILE}`: results in a database, each record once.
//!
//! A record's place (topic, partition, offset) is its key: what is delivered again is found there and changes nothing.
//! What it adds to windows is added in the same transaction, so totals are exact whatever dies when. A write-ahead log
//! lets others read meanwhile, and several processes write one after the other.
use super::{Count, Item, Results, Source};
use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(30);
/// How often, and after what pause, to open again what another process is just making.
const TRIES: u32 = 3_000;
const PAUSE: Duration = Duration::from_millis(10);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS results (
        topic TEXT NOT NULL,
        partition INTEGER NOT NULL,
        offset INTEGER NOT NULL,
        intended_ns INTEGER NOT NULL,
        key BLOB,
        result BLOB NOT NULL,
        PRIMARY KEY (topic, partition, offset)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS windows (
        measure TEXT NOT NULL,
        window_s INTEGER NOT NULL,
        key TEXT NOT NULL,
        amount INTEGER NOT NULL,
        PRIMARY KEY (measure, window_s, key)
    ) WITHOUT ROWID;";
const RESULT: &str = "INSERT INTO results (topic, partition, offset, intended_ns, key, result)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (topic, partition, offset) DO NOTHING";
const WINDOW: &str = "INSERT INTO windows (measure, window_s, key, amount) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (measure, window_s, key) DO UPDATE SET amount = amount + excluded.amount";

/// Why results cannot be stored.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} the database {file}: {why}")]
pub struct Failed {
    what: &'static str,
    file: String,
    why: rusqlite::Error,
}

/// A result that is not written yet.
#[derive(Debug)]
struct Row {
    topic: Arc<str>,
    partition: u32,
    offset: i64,
    due_ns: i64,
    key: Option<Box<[u8]>>,
    result: Box<[u8]>,
    counts: Vec<Count>,
}

/// A database that takes results.
#[derive(Debug)]
pub struct Sink {
    file: String,
    connection: Connection,
    rows: Vec<Row>,
}

impl Sink {
    /// Opens a database, and makes its tables where they are missing.
    ///
    /// # Errors
    /// When the file cannot be opened, or is something else.
    pub fn open(path: &Path) -> Result<Self, Failed> {
        let file = path.display().to_string();
        let mut opened = connect(path);
        for _ in 0..TRIES {
            if !opened.as_ref().is_err_and(is_busy) {
                break;
            }
            pause();
            opened = connect(path);
        }
        match opened {
            Ok(connection) => Ok(Self { file, connection, rows: Vec::new() }),
            Err(why) => Err(Failed { what: "open", file, why }),
        }
    }

    /// Keeps the results of records for the next [`Sink::flush`]. Meanwhile nobody is locked out.
    pub fn hold(&mut self, from: Source<'_>, records: &[Item<'_>], results: &Results) {
        let topic: Arc<str> = from.topic.into();
        let mut counts = results.counts();
        for (i, (record, result)) in records.iter().zip(results.iter()).enumerate() {
            let own = counts.iter().take_while(|count| count.record as usize == i).count();
            let (own, rest) = counts.split_at(own);
            counts = rest;
            self.rows.push(Row {
                topic: Arc::clone(&topic),
                partition: from.partition,
                offset: i64::try_from(record.offset).unwrap_or(i64::MAX),
                due_ns: record.due_ns,
                key: record.key.map(Into::into),
                result: result.into(),
                counts: own.to_vec(),
            });
        }
    }

    /// Results that are not written yet.
    #[must_use]
    pub fn held(&self) -> usize {
        self.rows.len()
    }

    /// Writes all that is held in one transaction; how many of them were new. Those that were there already stay as they
    /// were, and count nowhere again.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing of it is in there, and all is still held.
    pub fn flush(&mut self) -> Result<usize, Failed> {
        let new = write(&mut self.connection, &self.rows);
        let new = new.map_err(|why| Failed { what: "write", file: self.file.clone(), why })?;
        self.rows.clear();
        Ok(new)
    }

    /// Puts all that is written into the one file and ends: what others find is a plain database.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn close(self) -> Result<(), Failed> {
        let Self { file, connection, .. } = self;
        let closed = connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .and_then(|()| connection.close().map_err(|(_, why)| why));
        closed.map_err(|why| Failed { what: "close", file, why })
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // With a write-ahead log a crash of the program loses nothing, one of the machine the last transactions, whole.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

/// Whether another process has it: `SQLite` does not wait for one that makes the database at the same moment.
fn is_busy(why: &rusqlite::Error) -> bool {
    matches!(why.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

#[expect(clippy::disallowed_methods, reason = "another process has the database for a moment, outside any run's clock")]
fn pause() {
    std::thread::sleep(PAUSE);
}

fn write(connection: &mut Connection, rows: &[Row]) -> rusqlite::Result<usize> {
    // Asking for the lock at once: two that read first and then both want to write would refuse each other.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut new = 0;
    {
        let mut result = transaction.prepare_cached(RESULT)?;
        let mut window = transaction.prepare_cached(WINDOW)?;
        for row in rows {
            let values = params![&*row.topic, row.partition, row.offset, row.due_ns, row.key.as_deref(), &*row.result];
            if result.execute(values)? == 0 {
                continue;
            }
            new += 1;
            for count in &row.counts {
                window.execute(params![count.measure, count.window_s, &*count.key, count.amount])?;
            }
        }
    }
    transaction.commit()?;
    Ok(new)
}
