//! Small neighbouring segments become one, so that a question opens few files.

use super::merge::{MAX_SEGMENT_ROWS, MergePlan, merge};
use crate::error::{Error, Result};
use crate::manifest::SegmentRecord;
use timberline_entry::Timestamp;
use timberline_pattern::trace::MAX_GAP_NS;

/// Segments up to this size are always merged with their neighbours in the month.
const SMALL_ROWS: u64 = 1 << 16;
/// Larger ones are merged when none is more than so many times as large as the other: a row is rewritten a logarithmic
/// number of times, and adding a day to a month does not rewrite the month.
const MAX_IMBALANCE: u64 = 4;

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
    while let Some(range) = next_run(&segments, start) {
        let old = &segments[range.clone()];
        let merged = merge(plan, Vec::new(), old, &[])?.segments;
        plan.n_named += merged.len();
        if merged.len() >= old.len() {
            // Large rows: memory cuts the segments where they were cut before. Trying again would never end.
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

/// Finds the first run, from `start`, of at least two neighbours that should be one segment.
fn next_run(segments: &[SegmentRecord], start: usize) -> Option<std::ops::Range<usize>> {
    for start in start..segments.len() {
        let mut rows = segments[start].rows;
        let mut end = start + 1;
        while let Some(next) = segments.get(end)
            && next.month == segments[start].month
            && belongs_together(rows, next.rows)
        {
            rows += next.rows;
            end += 1;
        }
        if end > start + 1 {
            return Some(start..end);
        }
    }
    None
}

/// Segments that memory or size would cut apart again are left apart, at three quarters of a full one.
fn belongs_together(a: u64, b: u64) -> bool {
    let total = a + b;
    total <= SMALL_ROWS
        || (total <= MAX_SEGMENT_ROWS as u64 * 3 / 8 && a.max(b) <= a.min(b).saturating_mul(MAX_IMBALANCE))
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
            files: Vec::new(),
        };
        of.iter().enumerate().map(record).collect()
    }

    fn runs(segments: &[SegmentRecord]) -> Option<std::ops::Range<usize>> {
        next_run(segments, 0)
    }

    #[test]
    fn only_small_neighbours_of_one_month_are_merged() {
        assert_eq!(runs(&segments(&[("a", 10), ("b", 10)])), None);
        assert_eq!(runs(&segments(&[("a", 10), ("b", 10), ("b", 10), ("b", 5)])), Some(1..4));
        assert_eq!(runs(&segments(&[("a", 300_000), ("a", 10_000)])), None);
        assert_eq!(runs(&segments(&[("a", 100_000), ("a", 90_000)])), Some(0..2));
        assert_eq!(runs(&segments(&[("a", 300_000), ("a", 200_000)])), None);
    }
}
