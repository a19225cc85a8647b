//! `runs.parquet`: the same rows by columns, for those who query thousands of them.
//!
//! Figures are optional doubles, varied values and errors texts, the rest whole numbers. Rows come in groups that are
//! small enough to be held, and nothing is compressed: there is no codec to install, and the bytes are always the same.
use super::tables::{Columns, Kept};
use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::Value;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows of a group: of some hundred columns a few megabytes.
const GROUP: usize = 2_048;

/// A column while its group grows.
struct Column {
    name: String,
    cells: Cells,
}

enum Cells {
    Whole(Vec<i64>),
    Flag(Vec<bool>),
    /// Values that there are, and for each row whether there is one.
    Text(Vec<ByteArray>, Vec<i16>),
    Number(Vec<f64>, Vec<i16>),
}

/// Writes rows.
///
/// # Errors
/// When a row cannot be read or the file system refuses.
pub fn write<W: Write + Send>(
    out: W,
    columns: &Columns,
    rows: impl Iterator<Item = io::Result<Kept>>,
) -> io::Result<()> {
    let mut table: Vec<Column> = columns.headings().into_iter().map(|name| empty(name, columns)).collect();
    let fields = table.iter().map(|column| column.field().map(Arc::new)).collect::<Result<_, _>>().map_err(failed)?;
    let schema = Type::group_type_builder("study").with_fields(fields).build().map_err(failed)?;
    let properties = WriterProperties::builder().set_created_by(format!("conga {}", env!("CARGO_PKG_VERSION"))).build();
    let mut writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(failed)?;
    let mut held = 0;
    for row in rows {
        let row = row?;
        for column in &mut table {
            column.add(&row);
        }
        held += 1;
        if held == GROUP {
            group(&mut writer, &mut table).map_err(failed)?;
            held = 0;
        }
    }
    if held > 0 {
        group(&mut writer, &mut table).map_err(failed)?;
    }
    writer.close().map(|_| ()).map_err(failed)
}

fn failed(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

fn empty(name: String, columns: &Columns) -> Column {
    let cells = match name.as_str() {
        "id" | "point" | "repetition" | "seed" => Cells::Whole(Vec::new()),
        "passed" => Cells::Flag(Vec::new()),
        "error" => Cells::Text(Vec::new(), Vec::new()),
        _ if name.strip_prefix("set.").is_some_and(|path| columns.varied.iter().any(|known| known == path)) => {
            Cells::Text(Vec::new(), Vec::new())
        }
        _ => Cells::Number(Vec::new(), Vec::new()),
    };
    Column { name, cells }
}

impl Column {
    fn field(&self) -> Result<Type, ParquetError> {
        let (physical, repetition, converted) = match &self.cells {
            Cells::Whole(_) => (Physical::INT64, Repetition::REQUIRED, ConvertedType::UINT_64),
            Cells::Flag(_) => (Physical::BOOLEAN, Repetition::REQUIRED, ConvertedType::NONE),
            Cells::Text(..) => (Physical::BYTE_ARRAY, Repetition::OPTIONAL, ConvertedType::UTF8),
            Cells::Number(..) => (Physical::DOUBLE, Repetition::OPTIONAL, ConvertedType::NONE),
        };
        let field = Type::primitive_type_builder(&self.name, physical);
        field.with_repetition(repetition).with_converted_type(converted).build()
    }

    fn add(&mut self, row: &Kept) {
        let name = self.name.as_str();
        match &mut self.cells {
            // Seeds use all 64 bits; the schema says that they have no sign.
            Cells::Whole(cells) => cells.push(row[name].as_u64().unwrap_or(0).cast_signed()),
            Cells::Flag(cells) => cells.push(row[name].as_bool().unwrap_or(false)),
            Cells::Text(cells, known) => {
                let value = match name.strip_prefix("set.") {
                    Some(path) => row["values"].get(path),
                    None => row.get(name),
                };
                let value = value.and_then(Value::as_str);
                known.push(i16::from(value.is_some()));
                cells.extend(value.map(ByteArray::from));
            }
            Cells::Number(cells, known) => {
                let value = row["figures"].get(name).and_then(Value::as_f64);
                known.push(i16::from(value.is_some()));
                cells.extend(value);
            }
        }
    }
}

/// Writes what the columns hold, and empties them.
fn group<W: Write + Send>(writer: &mut SerializedFileWriter<W>, table: &mut [Column]) -> Result<(), ParquetError> {
    let mut rows = writer.next_row_group()?;
    for column in table {
        let mut out = rows.next_column()?.expect("a column for each field of the schema");
        match &mut column.cells {
            Cells::Whole(cells) => {
                out.typed::<Int64Type>().write_batch(cells, None, None)?;
                cells.clear();
            }
            Cells::Flag(cells) => {
                out.typed::<BoolType>().write_batch(cells, None, None)?;
                cells.clear();
            }
            Cells::Text(cells, known) => {
                out.typed::<ByteArrayType>().write_batch(cells, Some(known), None)?;
                cells.clear();
                known.clear();
            }
            Cells::Number(cells, known) => {
                out.typed::<DoubleType>().write_batch(cells, Some(known), None)?;
                cells.clear();
                known.clear();
            }
        }
        out.close()?;
    }
    rows.close().map(|_| ())
}
