//! Rows as they are read from the Parquet file of a segment, batch by batch.

use super::{entries, packed};
use crate::columns::{Cell, Cells, Column, ColumnKind};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampNanosecondArray};
use arrow::datatypes::{Int64Type, TimestampNanosecondType, UInt64Type};
use std::sync::Arc;
use timberline_entry::Timestamp;

/// One row with the columns that were asked for.
#[derive(Debug)]
pub struct Row<'a> {
    /// Row number in the segment.
    pub idx: u64,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The columns asked for; others are null.
    pub cells: Cells<'a>,
    /// Fingerprint of the message's pattern; 0 unless [`Beside::pattern`] was asked for.
    pub pattern: u64,
    /// Hash of the entry's shape; 0 unless [`Beside::shape`] was asked for.
    pub shape: u64,
    /// Key of the exception that the entry tells of, if it tells of one and [`Beside::exception`] was asked for.
    pub exception: Option<u64>,
    /// Key of the source that the entry is attributed to; 0 unless [`Beside::source`] was asked for, as is the line.
    pub source: u64,
    /// Line of that source's text, from 1.
    pub source_line: u64,
    /// The copy there alone has everything that the entry has; `false` unless [`Beside::is_whole`] was asked for.
    pub source_is_whole: bool,
}

/// What is read of rows beside their time and the columns of their entries. Each column costs pages that are decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Pattern of the message.
    pub pattern: bool,
    /// Exception.
    pub exception: bool,
    /// The entry's shape.
    pub shape: bool,
    /// Source and line.
    pub source: bool,
    /// Whether the source has everything.
    pub is_whole: bool,
}

impl Beside {
    /// Everything.
    pub const ALL: Self = Self { pattern: true, exception: true, shape: true, source: true, is_whole: true };
    /// Nothing.
    pub const NONE: Self =
        Self { pattern: false, exception: false, shape: false, source: false, is_whole: false };
    /// Pattern and exception.
    pub const SAID: Self = Self { pattern: true, exception: true, ..Self::NONE };
    /// What answers tell of a row: what it says, and where it was exported.
    pub const TOLD: Self = Self { source: true, ..Self::SAID };

    /// Returns what one of both asks for.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            pattern: self.pattern || other.pattern,
            exception: self.exception || other.exception,
            shape: self.shape || other.shape,
            source: self.source || other.source,
            is_whole: self.is_whole || other.is_whole,
        }
    }

    pub(super) fn columns(self) -> impl Iterator<Item = &'static str> {
        let columns = [
            (self.pattern, entries::PATTERN),
            (self.exception, entries::EXCEPTION),
            (self.shape, entries::SHAPE),
            (self.source, entries::SOURCE),
            (self.source, entries::SOURCE_LINE),
            (self.is_whole, entries::SOURCE_IS_WHOLE),
        ];
        columns.into_iter().filter_map(|(is_asked, column)| is_asked.then_some(column))
    }
}

/// The arrays of a batch, by column; what was packed is unpacked.
pub(super) struct BatchView<'b> {
    batch: &'b RecordBatch,
    columns: Vec<(Column, ArrayRef)>,
    timestamp: TimestampNanosecondArray,
    /// Places of what stands beside the entry; `None` for what was not asked for.
    pattern: Option<usize>,
    exception: Option<usize>,
    shape: Option<usize>,
    source: Option<usize>,
    source_line: Option<usize>,
    source_is_whole: Option<usize>,
}

impl<'b> BatchView<'b> {
    pub(super) fn new(
        batch: &'b RecordBatch,
        columns: &[Column],
        beside: Beside,
    ) -> std::result::Result<Self, String> {
        let schema = batch.schema();
        let position = |name: &str| schema.index_of(name).map_err(|error| error.to_string());
        let if_asked = |is_asked: bool, name: &str| is_asked.then(|| position(name)).transpose();
        let array = |column: Column| -> std::result::Result<ArrayRef, String> {
            if packed::beside(column).is_empty() {
                return Ok(batch.column(position(column.name())?).clone());
            }
            let ids =
                packed::IdColumn::new(batch, column).ok_or_else(|| format!("no column {}", column.name()))?;
            Ok(Arc::new(ids.texts()))
        };
        let columns = columns
            .iter()
            .map(|column| Ok((*column, array(*column)?)))
            .collect::<std::result::Result<_, String>>()?;
        Ok(Self {
            batch,
            columns,
            timestamp: packed::timestamps(batch).ok_or("no column timestamp")?,
            pattern: if_asked(beside.pattern, entries::PATTERN)?,
            exception: if_asked(beside.exception, entries::EXCEPTION)?,
            shape: if_asked(beside.shape, entries::SHAPE)?,
            source: if_asked(beside.source, entries::SOURCE)?,
            source_line: if_asked(beside.source, entries::SOURCE_LINE)?,
            source_is_whole: if_asked(beside.is_whole, entries::SOURCE_IS_WHOLE)?,
        })
    }

    pub(super) fn row(&self, row: usize, idx: u64) -> Row<'_> {
        let number = |column: usize| self.batch.column(column).as_primitive::<UInt64Type>().value(row);
        let number_or_0 = |column: Option<usize>| column.map_or(0, number);
        let mut cells = Cells::empty();
        for (column, array) in &self.columns {
            if array.is_null(row) {
                continue;
            }
            let cell = match column.kind() {
                ColumnKind::Text | ColumnKind::Repeated => Cell::Text(array.as_string::<i32>().value(row)),
                ColumnKind::Integer => Cell::Int(array.as_primitive::<Int64Type>().value(row)),
                ColumnKind::Time => Cell::Int(array.as_primitive::<TimestampNanosecondType>().value(row)),
                ColumnKind::Bool => Cell::Bool(array.as_boolean().value(row)),
            };
            cells.set(*column, cell);
        }
        Row {
            idx,
            timestamp: Timestamp::from_nanos(self.timestamp.value(row)),
            cells,
            pattern: number_or_0(self.pattern),
            shape: number_or_0(self.shape),
            exception: self.exception.filter(|column| !self.batch.column(*column).is_null(row)).map(number),
            source: number_or_0(self.source),
            source_line: number_or_0(self.source_line),
            source_is_whole: self
                .source_is_whole
                .is_some_and(|column| self.batch.column(column).as_boolean().value(row)),
        }
    }
}
