//! Which rings may have an id: row groups are asked through their Bloom filters, and of those that may have it only what tells
//! ids apart is read.
//!
//! ```text
//! row groups     │ 0 │ 1 │ 2 │ 3 │ …      Bloom filters: only 2 may have "68326631…"
//! rings of 2     │ a │ b │ c │ d │        the column in the rings asked for: equal in c
//! ```
//!
//! An `insertId` says when it was given, so its own time excludes row groups and rings, and it needs no Bloom filter. Of what is
//! left its last eight digits are compared, of a trace its sixteen bytes: rows of the rings are asked for the rest.

use super::packed::{self, Id};
use super::reader::selection;
use super::{RingPlace, Segment};
use crate::column_chunks::{self, Asked};
use crate::columns::{Column, ColumnKind};
use crate::error::{Error, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::ops::Range;

/// Columns of ids that have Bloom filters.
pub(super) const WITH_BLOOM_FILTER: [&str; 5] = [
    Column::InsertId.name(),
    Column::Trace.name(),
    Column::SpanId.name(),
    packed::TRACE_HEX,
    packed::SPAN_ID_HEX,
];

impl Segment {
    /// Returns the rings, of those that `is_asked` says yes to, that may have a row whose `column` is one of the texts, byte for
    /// byte, as pairs of ring and position of the text; ascending. A ring that is not among them has none.
    ///
    /// Cost: a look-up per row group; pages of one column of the row groups that may have one of the texts: all that have,
    /// and of the others about one in twenty per text.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the Parquet file cannot be read.
    pub fn rings_that_may_have(
        &self,
        column: Column,
        texts: &[&str],
        is_asked: impl Fn(usize) -> bool + Sync,
    ) -> Result<Vec<(u32, usize)>> {
        debug_assert_eq!(column.kind(), ColumnKind::Text);
        let rings = self.rings()?;
        let row_groups = self.row_groups()?;
        let of_group =
            |(idx, rows): (usize, Range<u64>)| self.in_row_group(idx, &rows, column, texts, &is_asked);
        let found: Result<Vec<Vec<(u64, usize)>>> =
            row_groups.into_iter().enumerate().collect::<Vec<_>>().into_par_iter().map(of_group).collect();
        let in_ring = |(row, text): (u64, usize)| {
            (u32::try_from(rings.ring_of(row)).expect("rings are numbered with 32 bits"), text)
        };
        let mut found: Vec<(u32, usize)> = found?.into_iter().flatten().map(in_ring).collect();
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Returns the rows of each row group.
    pub(super) fn row_groups(&self) -> Result<Vec<Range<u64>>> {
        let (_, metadata) = self.parquet()?;
        let mut row_groups = Vec::new();
        let mut start = 0;
        for row_group in metadata.metadata().row_groups() {
            let n_rows = u64::try_from(row_group.num_rows()).unwrap_or(0);
            row_groups.push(start..start + n_rows);
            start += n_rows;
        }
        Ok(row_groups)
    }

    /// Returns row and text of what a row group has.
    fn in_row_group(
        &self,
        idx: usize,
        rows: &Range<u64>,
        column: Column,
        texts: &[&str],
        is_asked: &impl Fn(usize) -> bool,
    ) -> Result<Vec<(u64, usize)>> {
        let path = self.entries_path();
        let damaged = |detail: String| Error::damaged(&path, detail);
        let (content, metadata) = self.parquet()?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(content.clone(), metadata.clone());
        let schema = metadata.parquet_schema();
        let position =
            |name: &str| (0..schema.num_columns()).find(|position| schema.column(*position).name() == name);
        let has_packed = packed::beside(column).iter().all(|name| position(name).is_some());
        let given = Given::of(metadata.metadata().row_group(idx));
        let mut wanted: Vec<(usize, Id<'_>)> = Vec::new();
        for (text, id) in texts.iter().enumerate() {
            let id = if has_packed { Id::of(column, id) } else { Id::Text(id) };
            let bytes: &[u8] = match &id {
                Id::Insert { us, .. } => {
                    if given.as_ref().is_none_or(|given| given.may_have(*us)) {
                        wanted.push((text, id));
                    }
                    continue;
                }
                Id::Trace { hex, .. } => hex,
                Id::Span(hex) => hex,
                Id::Text(text) => text.as_bytes(),
            };
            let filter = position(packed::telling_column(column, &id))
                .map(|position| reader.get_row_group_column_bloom_filter(idx, position))
                .transpose()
                .map_err(|error| damaged(error.to_string()))?;
            if filter.flatten().is_none_or(|filter| filter.check(bytes)) {
                wanted.push((text, id));
            }
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let times = self.rings()?.times()?;
        let is_asked = |ring: usize, place: RingPlace| {
            let (first_ns, last_ns) = times.span_at(place);
            let may_have = |(_, id): &(usize, Id<'_>)| match (id, &given) {
                (Id::Insert { us, .. }, Some(given)) => given.may_have_between(*us, first_ns, last_ns),
                _ => true,
            };
            wanted.iter().any(may_have) && is_asked(ring)
        };
        let ranges = self.ranges_of_rings(rows, &is_asked)?;
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        let names = wanted.iter().map(|(_, id)| packed::telling_column(column, id));
        let asked = Asked {
            row_groups: Some(vec![idx]),
            rows: Some(selection(&ranges)),
            ..Asked::of(ProjectionMask::columns(schema, names))
        };
        let reader = column_chunks::read(content.clone(), metadata, asked)
            .map_err(|error| damaged(error.to_string()))?;
        let mut at = ranges.iter().flat_map(Clone::clone).map(|row| row + rows.start);
        let mut found = Vec::new();
        for batch in reader {
            let batch = batch.map_err(|error| damaged(error.to_string()))?;
            let own: Vec<u64> = at.by_ref().take(batch.num_rows()).collect();
            for (text, id) in &wanted {
                let alike = packed::rows_like(&batch, column, id)
                    .ok_or_else(|| damaged(format!("no column {}", column.name())))?;
                found.extend(alike.into_iter().map(|row| (own[row], *text)));
            }
        }
        Ok(found)
    }

    /// Returns the rows of the rings asked for that lie in a row group, counted from its first; neighbours joined.
    pub(super) fn ranges_of_rings(
        &self,
        rows: &Range<u64>,
        is_asked: &impl Fn(usize, RingPlace) -> bool,
    ) -> Result<Vec<Range<u64>>> {
        let rings = self.rings()?;
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let mut place = RingPlace::default();
        for ring in rings.ring_of(rows.start)..rings.len() {
            place.go_to(rings, ring);
            let of_ring = rings.range_at(place);
            if of_ring.start >= rows.end {
                break;
            }
            let start = of_ring.start.max(rows.start) - rows.start;
            let end = of_ring.end.min(rows.end) - rows.start;
            if start >= end || !is_asked(ring, place) {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => ranges.push(start..end),
            }
        }
        Ok(ranges)
    }
}

/// Between which times the entries of a row group got their `insertId`, and how far that is from their own times; in
/// microseconds.
struct Given {
    first: i128,
    last: i128,
    /// From an entry's time to that of its id, at least and at most.
    lag: (i128, i128),
}

impl Given {
    /// Returns what the statistics of the row group say, if they say it.
    fn of(row_group: &RowGroupMetaData) -> Option<Self> {
        let span = |name: &str| {
            let column = row_group.columns().iter().find(|column| column.column_descr().name() == name)?;
            match column.statistics()? {
                Statistics::Int64(statistics) => {
                    Some((i128::from(*statistics.min_opt()?), i128::from(*statistics.max_opt()?)))
                }
                _ => None,
            }
        };
        let (time, lag) = (span(packed::TIMESTAMP)?, span(packed::INSERT_ID_LAG)?);
        // Rows without a request have no latency.
        let latency = span(Column::HttpLatencyNs.name()).unwrap_or((0, 0));
        let (shortest, longest) = (latency.0.min(0), latency.1.max(0));
        let lag = (lag.0 + shortest.div_euclid(1000), lag.1 + longest.div_euclid(1000));
        Some(Self { first: time.0, last: time.1, lag })
    }

    /// Says whether an id that was given at `us` can be in the row group; `false` means that it is not.
    fn may_have(&self, us: i64) -> bool {
        self.is_between(us, self.first, self.last)
    }

    /// Says whether it can be one of entries between two times, in nanoseconds; `false` means that it is not.
    fn may_have_between(&self, us: i64, first_ns: i64, last_ns: i64) -> bool {
        let us_of = |ns: i64| i128::from(ns.div_euclid(1000));
        self.is_between(us, us_of(first_ns), us_of(last_ns))
    }

    fn is_between(&self, us: i64, first: i128, last: i128) -> bool {
        (first + self.lag.0..=last + self.lag.1).contains(&us.into())
    }
}
