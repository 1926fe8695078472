//! Which rings have a part of an id: the column alone is read, and no entry is put together.

use super::{Parts, Segment, packed};
use crate::column_chunks::{self, Asked};
use crate::columns::Column;
use crate::error::{Error, Result};
use crate::segment::reader::selection;
use parquet::arrow::ProjectionMask;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::ops::Range;

impl Segment {
    /// Returns the rings, of those that `is_asked` says yes to, that have a row whose `column`, an id, has one of the texts in it,
    /// as pairs of ring and number of the text; ascending. ASCII letters of ids are taken for lower-case ones.
    ///
    /// Cost: unpacks the column in the rings asked for, row groups side by side.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the Parquet file cannot be read.
    pub fn rings_with_part_of_id(
        &self,
        column: Column,
        parts: &Parts,
        is_asked: impl Fn(usize) -> bool + Sync,
    ) -> Result<Vec<(u32, usize)>> {
        let of_group = |(idx, rows): (usize, Range<u64>)| -> Result<Vec<(u32, usize)>> {
            let ranges = self.ranges_of_rings(&rows, &|ring, _| is_asked(ring))?;
            if ranges.is_empty() {
                return Ok(Vec::new());
            }
            self.parts_in_row_group(idx, rows.start, &ranges, column, parts)
        };
        let row_groups: Vec<(usize, Range<u64>)> = self.row_groups()?.into_iter().enumerate().collect();
        let found: Result<Vec<Vec<(u32, usize)>>> = row_groups.into_par_iter().map(of_group).collect();
        let mut found: Vec<(u32, usize)> = found?.into_iter().flatten().collect();
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Looks through rows of a row group, counted from its first.
    fn parts_in_row_group(
        &self,
        idx: usize,
        start: u64,
        ranges: &[Range<u64>],
        column: Column,
        parts: &Parts,
    ) -> Result<Vec<(u32, usize)>> {
        let path = self.entries_path();
        let damaged = |detail: String| Error::damaged(&path, detail);
        let (_, metadata) = self.parquet()?;
        let content = self.entries_mapping()?;
        let names = std::iter::once(column.name()).chain(packed::beside(column).iter().copied());
        let asked = Asked {
            row_groups: Some(vec![idx]),
            rows: Some(selection(ranges)),
            ..Asked::of(ProjectionMask::columns(metadata.parquet_schema(), names))
        };
        let reader =
            column_chunks::read(content, metadata, asked).map_err(|error| damaged(error.to_string()))?;
        let rings = self.rings()?;
        let mut rows = ranges.iter().flat_map(Clone::clone).map(|row| row + start);
        let mut found: Vec<(u32, usize)> = Vec::new();
        for batch in reader {
            let batch = batch.map_err(|error| damaged(error.to_string()))?;
            let ids = packed::IdColumn::new(&batch, column)
                .ok_or_else(|| damaged(format!("no column {}", column.name())))?;
            let own: Vec<u64> = rows.by_ref().take(batch.num_rows()).collect();
            for (row, part) in parts.in_rows(&ids.texts()) {
                let ring = u32::try_from(rings.ring_of(own[row])).expect("rings are numbered with 32 bits");
                // Neighbours are often of one ring.
                if found.last() != Some(&(ring, part)) {
                    found.push((ring, part));
                }
            }
        }
        Ok(found)
    }
}
