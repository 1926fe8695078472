//! Small Parquet files beside the index: whole columns, written and read at once.

use crate::column_chunks::{self, Asked};
use crate::error::{Error, Result};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchReader};
use arrow::datatypes::{DataType, Int64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::io::Write;
use std::sync::Arc;

const NAMES: &str = "timberline.names";
/// These files are small and read often, so compressing them costs little and pays.
const COMPRESSION_LEVEL: i32 = 9;
const FIRST: &str = "first_ns";
const LAST: &str = "last_ns";
/// Stored in place of the time of the last.
const LASTED: &str = "lasted_ns";

pub(super) fn write_columns<const N: usize>(
    columns: [(&str, ArrayRef); N],
    names: Option<String>,
    path: &str,
    out: impl Write + Send,
) -> Result<()> {
    write_encoded(columns, names, false, path, out)
}

/// Writes columns whose values repeat.
pub(super) fn write_repeating<const N: usize>(
    columns: [(&str, ArrayRef); N],
    path: &str,
    out: impl Write + Send,
) -> Result<()> {
    write_encoded(columns, None, true, path, out)
}

fn write_encoded<const N: usize>(
    columns: [(&str, ArrayRef); N],
    names: Option<String>,
    is_repeating: bool,
    path: &str,
    out: impl Write + Send,
) -> Result<()> {
    let failed = |error: parquet::errors::ParquetError| Error::io(path)(std::io::Error::other(error));
    let columns = with_durations(columns).into_iter().map(|(name, array)| {
        let is_nullable = array.null_count() > 0;
        (name, array, is_nullable)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("the columns have one length");
    let level = ZstdLevel::try_new(COMPRESSION_LEVEL).expect("the level is one of zstd's");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_dictionary_enabled(is_repeating)
        .set_column_dictionary_enabled(FIRST.into(), false)
        .set_column_encoding(FIRST.into(), Encoding::BYTE_STREAM_SPLIT)
        .set_column_dictionary_enabled(LASTED.into(), false)
        .set_key_value_metadata(names.map(|names| vec![KeyValue::new(NAMES.to_owned(), names)]))
        .set_created_by("timberline".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(out, batch.schema(), Some(properties)).map_err(failed)?;
    writer.write(&batch).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(())
}

/// Replaces the time of the last by how long after the first it was: most of what is counted came once.
fn with_durations<const N: usize>(mut columns: [(&str, ArrayRef); N]) -> [(&str, ArrayRef); N] {
    let of = |name: &str| columns.iter().position(|(column, _)| *column == name);
    if let (Some(first), Some(last)) = (of(FIRST), of(LAST)) {
        let numbers = |idx: usize| columns[idx].1.as_primitive::<Int64Type>().values().iter();
        let lasted = numbers(last).zip(numbers(first)).map(|(last, first)| last.wrapping_sub(*first));
        columns[last] = (LASTED, Arc::new(Int64Array::from_iter_values(lasted)));
    }
    columns
}

/// Returns the time of the last from the time of the first and how long after it was.
fn last_times(batch: &RecordBatch) -> Option<ArrayRef> {
    let numbers = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let (first, lasted) = (numbers(FIRST)?, numbers(LASTED)?);
    let last = first.values().iter().zip(lasted.values()).map(|(first, lasted)| first.wrapping_add(*lasted));
    Some(Arc::new(Int64Array::from_iter_values(last)))
}

/// Reads whole columns; `None` beside them where the footer has no names.
pub(super) fn read_columns<const N: usize>(
    content: Bytes,
    path: &str,
    columns: [(&str, DataType); N],
) -> Result<([ArrayRef; N], Option<String>)> {
    let damaged = |detail: String| Error::damaged(path, detail);
    let metadata = ArrowReaderMetadata::load(&content, ArrowReaderOptions::new())
        .map_err(|error| damaged(error.to_string()))?;
    let file = metadata.metadata().file_metadata();
    let pair = file.key_value_metadata().and_then(|pairs| pairs.iter().find(|pair| pair.key == NAMES));
    let names = pair.and_then(|pair| pair.value.clone());
    let n_rows = usize::try_from(file.num_rows()).map_err(|error| damaged(error.to_string()))?;
    let wanted = columns.iter().map(|(name, _)| *name);
    let wants_last = wanted.clone().any(|name| name == LAST);
    let mask = ProjectionMask::columns(
        metadata.parquet_schema(),
        wanted.chain(wants_last.then_some([FIRST, LASTED]).into_iter().flatten()),
    );
    let asked = Asked { batch_rows: n_rows, ..Asked::of(mask) };
    let reader =
        column_chunks::read(content, &metadata, asked).map_err(|error| damaged(error.to_string()))?;
    let schema = reader.schema();
    let batches =
        reader.collect::<std::result::Result<Vec<_>, _>>().map_err(|error| damaged(error.to_string()))?;
    let batch = match &batches[..] {
        [batch] => batch.clone(),
        // A file without rows has no batch.
        [] => RecordBatch::new_empty(schema),
        more => return Err(damaged(format!("{} batches of {schema:?} instead of one", more.len()))),
    };
    let mut arrays = Vec::with_capacity(N);
    for (name, kind) in &columns {
        let found = match batch.column_by_name(name) {
            None if *name == LAST => last_times(&batch),
            found => found.cloned(),
        };
        let found = found.filter(|array| array.data_type() == kind);
        arrays.push(found.ok_or_else(|| damaged(format!("no column {name}")))?);
    }
    let arrays = arrays.try_into().unwrap_or_else(|_| unreachable!("one array per column"));
    Ok((arrays, names))
}
