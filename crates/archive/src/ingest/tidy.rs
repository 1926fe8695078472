//! Small neighbouring segments become one, so that a question opens few files.

use super::merge::{MAX_SEGMENT_ROWS, MergePlan, merge};
use crate::error::{Error, Result};
use crate::manifest::SegmentRecord;
use timberline_entry::Timestamp;
use timberline_pattern::trace::MAX_GAP_NS;

/// Segments up to this size are always merged with their neighbours in the month.
const SMALL_ROWS: u64 = 1 << 16;
/// Larger ones are merged when none is more than so many times as large as those before it together, and when there are
/// [`MANY`] of them or what they make is nearly full: a row is rewritten a logarithmic number of times, and adding a day to a
/// month does not rewrite the month.
const MAX_IMBALANCE: u64 = 4;
const MANY: usize = 3;
/// Bytes that a row takes in memory where nobody has counted; rows of usual exports take less.
const UNKNOWN_ROW_MEMORY: u64 = 400;

/// Returns the span of a segment in microseconds, inclusive.
pub(crate) const fn span(segment: &SegmentRecord) -> (i64, i64) {
    (Timestamp::from_nanos(segment.first_ns).as_micros(), Timestamp::from_nanos(segment.last_ns).as_micros())
}

/// Returns the span within which new rows could change a segment: its own, and a second beside it where a trace could go
/// on.
pub(crate) const fn reach(segment: &SegmentRecord) -> (i64, i64) {
    let (from, to) = span(segment);
    let gap = MAX_GAP_NS / 1000 + 1;
    let edges = segment.trace_edges;
    (if edges.continues { from - gap } else { from }, if edges.ends_open { to + gap } else { to })
}

/// Merges small neighbours; `segments` is in time order and so is the result.
///
/// Files of segments that this commit wrote and that were merged again are deleted at once.
pub(super) fn tidy(plan: &mut MergePlan<'_>, mut segments: Vec<SegmentRecord>) -> Result<Vec<SegmentRecord>> {
    let mut start = 0;
    while let Some(range) = next_run(&segments, plan.segment_memory as u64, start) {
        let old = &segments[range.clone()];
        let merged = merge(plan, Vec::new(), old, &[])?.segments;
        plan.n_named += merged.len();
        if merged.len() >= old.len() {
            // Rows that take more memory than was thought: it cuts the segments where it did before, and would again.
            remove_new(plan, &merged)?;
            start = range.end;
            continue;
        }
        remove_new(plan, old)?;
        segments.splice(range, merged);
    }
    Ok(segments)
}

/// Deletes the files of segments that this commit wrote.
fn remove_new(plan: &MergePlan<'_>, segments: &[SegmentRecord]) -> Result<()> {
    for segment in segments.iter().filter(|segment| segment.id.starts_with(&format!("{:06}-", plan.sequence)))
    {
        for file in &segment.files {
            plan.storage.remove(&file.path).map_err(Error::io(&file.path))?;
        }
    }
    Ok(())
}

/// Finds the first run, from `start`, of at least two neighbours that should be one segment, whose rows may take
/// `segment_memory` bytes.
fn next_run(segments: &[SegmentRecord], segment_memory: u64, start: usize) -> Option<std::ops::Range<usize>> {
    for start in start..segments.len() {
        let mut size = Size::of(&segments[start]);
        let mut end = start + 1;
        while let Some(next) = segments.get(end)
            && next.month == segments[start].month
            && let total = size.with(next)
            && total.fits(segment_memory)
            && (total.is_small() || size.is_like(next))
        {
            size = total;
            end += 1;
        }
        let n = end - start;
        if n >= MANY || n > 1 && (size.is_small() || size.is_nearly_full(segment_memory)) {
            return Some(start..end);
        }
    }
    None
}

/// What segments amount to.
#[derive(Clone, Copy)]
struct Size {
    rows: u64,
    memory: u64,
}

impl Size {
    fn of(segment: &SegmentRecord) -> Self {
        let rows = segment.rows;
        Self { rows, memory: segment.memory.unwrap_or(rows.saturating_mul(UNKNOWN_ROW_MEMORY)) }
    }

    fn with(self, segment: &SegmentRecord) -> Self {
        let other = Self::of(segment);
        Self { rows: self.rows + other.rows, memory: self.memory.saturating_add(other.memory) }
    }

    const fn is_small(self) -> bool {
        self.rows <= SMALL_ROWS
    }

    fn is_like(self, segment: &SegmentRecord) -> bool {
        self.rows.max(segment.rows) <= self.rows.min(segment.rows).saturating_mul(MAX_IMBALANCE)
    }

    /// What memory or size would cut apart again is left apart.
    const fn fits(self, segment_memory: u64) -> bool {
        self.rows <= MAX_SEGMENT_ROWS as u64 * 3 / 4 && self.memory < segment_memory
    }

    const fn is_nearly_full(self, segment_memory: u64) -> bool {
        self.rows > MAX_SEGMENT_ROWS as u64 / 2 || self.memory > segment_memory / 4 * 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::TraceEdges;
    use std::collections::BTreeMap;

    fn segments(of: &[(&str, u64)]) -> Vec<SegmentRecord> {
        let record = |(idx, (month, rows)): (usize, &(&str, u64))| SegmentRecord {
            id: idx.to_string(),
            month: (*month).to_owned(),
            rows: *rows,
            rings: 1,
            shapes: 1,
            first_ns: 0,
            last_ns: 0,
            sources: BTreeMap::new(),
            trace_edges: TraceEdges::default(),
            memory: Some(*rows * 100),
            files: Vec::new(),
        };
        of.iter().enumerate().map(record).collect()
    }

    fn runs(segments: &[SegmentRecord]) -> Option<std::ops::Range<usize>> {
        next_run(segments, 30_000_000, 0)
    }

    #[test]
    fn only_small_neighbours_of_one_month_are_merged() {
        assert_eq!(runs(&segments(&[("a", 10), ("b", 10)])), None);
        assert_eq!(runs(&segments(&[("a", 10), ("b", 10), ("b", 10), ("b", 5)])), Some(1..4));
        assert_eq!(runs(&segments(&[("a", 300_000), ("a", 10_000)])), None);
        assert_eq!(runs(&segments(&[("a", 10), ("b", 60_000), ("b", 5_000)])), Some(1..3));
    }

    #[test]
    fn larger_ones_are_merged_when_it_pays() {
        assert_eq!(runs(&segments(&[("a", 70_000), ("a", 70_000)])), None);
        assert_eq!(runs(&segments(&[("a", 70_000), ("a", 70_000), ("a", 70_000)])), Some(0..3));
        assert_eq!(runs(&segments(&[("a", 130_000), ("a", 110_000)])), Some(0..2));
        // What would not fit is not tried.
        assert_eq!(runs(&segments(&[("a", 200_000), ("a", 110_000)])), None);
        assert_eq!(runs(&segments(&[("a", 200_000), ("a", 110_000), ("a", 110_000)])), None);
        let mut unknown = segments(&[("a", 45_000), ("a", 45_000)]);
        unknown.iter_mut().for_each(|segment| segment.memory = None);
        assert_eq!(runs(&unknown), None);
    }

    /// Days of equal size, added one by one to a month.
    #[test]
    fn a_row_is_rewritten_a_few_times_and_segments_stay_few() {
        for day in [500, 7_000, 20_000, 40_000, 70_000, 110_000, 140_000, 290_000] {
            let mut month: Vec<SegmentRecord> = Vec::new();
            let mut n_written = 0;
            for _ in 0..31 {
                month.extend(segments(&[("a", day)]));
                n_written += day;
                while let Some(range) = runs(&month) {
                    let rows = month[range.clone()].iter().map(|segment| segment.rows).sum();
                    n_written += rows;
                    month.splice(range, segments(&[("a", rows)]));
                }
            }
            let n_rows = 31 * day;
            assert_eq!(month.iter().map(|segment| segment.rows).sum::<u64>(), n_rows);
            // A full segment has 300,000 rows.
            let n_full = usize::try_from(n_rows / 300_000).unwrap();
            assert!(month.len() <= 3 + 3 * n_full, "{} segments of {day} rows a day", month.len());
            // Below the size of a small one, rows are rewritten with every ingest.
            let most = if day < SMALL_ROWS / 4 { n_rows * 20 } else { n_rows * 4 };
            assert!(n_written <= most, "{n_written} rows written for {n_rows}, {day} a day");
        }
    }
}
