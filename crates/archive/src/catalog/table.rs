//! Small tables as Parquet: named columns of text and numbers.

use crate::column_chunks::{self, Asked};
use crate::error::{Error, Result};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, UInt64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::collections::HashSet;
use std::sync::Arc;

/// A column that is being written.
pub(super) enum Values {
    Text(Vec<String>),
    Count(Vec<u64>),
    /// Hashes, which do not compress.
    Hash(Vec<u64>),
    /// Numbers of which some may be missing.
    Number(Vec<Option<i64>>),
}

/// Columns up to this size are stored as they are: every question reads them, and making a decompressor takes longer than
/// reading what it would save.
const SMALL_BYTES: usize = 4096;

pub(super) fn encode(columns: Vec<(&str, Values)>) -> Vec<u8> {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).expect("the level is one of zstd's")))
        .set_created_by("timberline".to_owned());
    for (name, values) in columns {
        if values.bytes() <= SMALL_BYTES || matches!(values, Values::Hash(_)) {
            properties = properties.set_column_compression(name.into(), Compression::UNCOMPRESSED);
        }
        if let Values::Hash(hashes) = &values
            && hashes.iter().collect::<HashSet<_>>().len() == hashes.len()
        {
            properties = properties.set_column_dictionary_enabled(name.into(), false);
        }
        let (kind, array): (DataType, ArrayRef) = match values {
            Values::Text(values) => (DataType::Utf8, Arc::new(StringArray::from(values))),
            Values::Count(values) | Values::Hash(values) => {
                (DataType::UInt64, Arc::new(UInt64Array::from(values)))
            }
            Values::Number(values) => (DataType::Int64, Arc::new(Int64Array::from(values))),
        };
        fields.push(Field::new(name, kind.clone(), kind == DataType::Int64));
        arrays.push(array);
    }
    let batch =
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("the columns have one length");
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build()))
        .expect("memory takes any write");
    writer.write(&batch).expect("memory takes any write");
    writer.into_inner().expect("memory takes any write")
}

impl Values {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(values) => values.iter().map(|text| text.len() + 4).sum(),
            Self::Count(values) | Self::Hash(values) => values.len() * 8,
            Self::Number(values) => values.len() * 8,
        }
    }
}

/// Most tables are one batch.
const BATCH_ROWS: usize = 1 << 16;

/// Columns of tables beyond this size are worth reading side by side.
const LARGE_BYTES: usize = 1 << 16;

/// A table that was read.
pub(super) struct Table {
    path: String,
    batches: Vec<RecordBatch>,
}

impl Table {
    pub(super) fn decode(content: Bytes, path: &str) -> Result<Self> {
        Self::decode_columns(content, path, &[])
    }

    /// Decodes some columns, or all of them when none is named; side by side if they are large.
    pub(super) fn decode_columns(content: Bytes, path: &str, names: &[&str]) -> Result<Self> {
        let damaged = |error: ParquetError| Error::damaged(path, error);
        let metadata = ArrowReaderMetadata::load(&content, ArrowReaderOptions::default()).map_err(damaged)?;
        let schema = metadata.parquet_schema();
        let is_asked = |idx: &usize| names.is_empty() || names.contains(&schema.column(*idx).name());
        let asked: Vec<usize> = (0..schema.num_columns()).filter(is_asked).collect();
        let asked = Asked { batch_rows: BATCH_ROWS, ..Asked::of(ProjectionMask::leaves(schema, asked)) };
        let batches = if content.len() <= LARGE_BYTES {
            let batches = column_chunks::read(content, &metadata, asked).map_err(damaged)?;
            batches.map(|batch| batch.map_err(ParquetError::from)).collect()
        } else {
            column_chunks::read_side_by_side(&content, &metadata, &asked)
        };
        Ok(Self { path: path.to_owned(), batches: batches.map_err(damaged)? })
    }

    /// Says whether there is such a column, of whatever type.
    pub(super) fn has(&self, name: &str) -> bool {
        // A table without rows is read as nothing, whatever its columns.
        self.batches.first().is_none_or(|batch| batch.schema_ref().column_with_name(name).is_some())
    }

    pub(super) fn text(&self, name: &str) -> Result<Vec<String>> {
        Ok(self.texts(name)?.into_iter().map(str::to_owned).collect())
    }

    /// As [`text`](Self::text), where it was read.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>> {
        self.column(name, &DataType::Utf8, |array, out| {
            out.extend(array.as_string::<i32>().iter().map(Option::unwrap_or_default));
        })
    }

    pub(super) fn count(&self, name: &str) -> Result<Vec<u64>> {
        self.column(name, &DataType::UInt64, |array, out: &mut Vec<u64>| {
            out.extend(array.as_primitive::<UInt64Type>().iter().map(Option::unwrap_or_default));
        })
    }

    pub(super) fn number(&self, name: &str) -> Result<Vec<Option<i64>>> {
        self.column(name, &DataType::Int64, |array, out: &mut Vec<Option<i64>>| {
            out.extend(array.as_primitive::<Int64Type>().iter());
        })
    }

    fn column<'t, T>(
        &'t self,
        name: &str,
        kind: &DataType,
        read: impl Fn(&'t ArrayRef, &mut Vec<T>),
    ) -> Result<Vec<T>> {
        let missing = || Error::damaged(&self.path, format!("no column {name}"));
        let mut out = Vec::new();
        for batch in &self.batches {
            let array = batch.column_by_name(name).filter(|array| array.data_type() == kind);
            read(array.ok_or_else(missing)?, &mut out);
        }
        Ok(out)
    }
}
