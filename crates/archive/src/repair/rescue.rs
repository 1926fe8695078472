//! What can be kept of a damaged file of entries.

use crate::catalog::SourceRecord;
use crate::columns::{Column, compose};
use crate::error::{Error, Result};
use crate::ingest::{MergePlan, OwnExceptions, join_all};
use crate::layout;
use crate::maintain;
use crate::manifest::{SegmentRecord, SetAside, source_name};
use crate::rows::{RowSet, row_idx};
use crate::segment::Segment;
use crate::storage::Storage;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

/// Rows that are tried together. A page holds a few times as many, so no whole row is given up for a broken neighbour in
/// another page.
const ROWS_AT_ONCE: u64 = 4096;

/// What a rescue gave.
pub(super) struct Rescued {
    /// The rows that are whole; `None` when there are none.
    pub(super) segment: Option<SegmentRecord>,
    pub(super) missing: SetAside,
}

/// Says whether every row of the segment can be read and put together.
///
/// # Errors
/// What the system says: a file that it does not give is no damaged one.
pub(super) fn is_readable(storage: &Arc<dyn Storage>, record: &SegmentRecord) -> Result<bool> {
    let Some(file) = record.files.first() else { return Ok(false) };
    let content = match storage.read(&file.path) {
        Ok(content) => content,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io(&file.path)(error)),
    };
    if !file.is_of(&content) {
        return Ok(false);
    }
    let all = read(&Segment::new(storage.clone(), record.clone()), 0..record.rows, |_| ());
    Ok(super::readable(all)?.is_some())
}

/// Keeps the rows of whole blocks as a new segment, and a copy of the file.
pub(super) fn rescue(
    plan: &mut MergePlan<'_>,
    record: &SegmentRecord,
    sources: &[SourceRecord],
) -> Result<Rescued> {
    // A file of another length than the manifest says is damage to whoever asks; here each of its rows counts for what it is.
    let stored = Segment::new(plan.storage.clone(), record.clone()).stored_rows();
    let rows_of_file = SegmentRecord { rows: stored.unwrap_or(record.rows), ..record.clone() };
    let segment = Segment::new(plan.storage.clone(), rows_of_file);
    let numbers: BTreeMap<u64, u32> =
        plan.sources.keys.iter().enumerate().map(|(idx, key)| (*key, row_idx(idx))).collect();
    let mut rows = RowSet::default();
    let mut own = OwnExceptions::new(plan.rules.clone());
    let mut missing = record.sources.clone();
    let mut start = 0;
    let n_rows = segment.record().rows.min(record.rows);
    while start < n_rows {
        let end = n_rows.min(start + ROWS_AT_ONCE);
        let mut part = RowSet::default();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut is_plausible = true;
        let is_read = read(&segment, start..end, |row| match numbers.get(&row.source) {
            Some(number)
                if layout::month(row.timestamp) == record.month
                    && own.push(&mut part, row, *number).is_ok() =>
            {
                *counts.entry(source_name(row.source)).or_insert(0) += 1;
            }
            _ => is_plausible = false,
        });
        if super::readable(is_read)?.is_some() && is_plausible {
            rows.append(&part, |source| source);
            for (source, n) in counts {
                if let Some(left) = missing.get_mut(&source) {
                    *left = left.saturating_sub(n);
                }
            }
        }
        start = end;
    }
    missing.retain(|_, rows| *rows > 0);
    join_all(&mut rows)?;
    let segment = if rows.is_empty() { None } else { Some(maintain::write_segment(plan, &rows, true)?) };
    let overlaps = |source: &&SourceRecord| {
        source.first_ns.is_none_or(|first| first <= record.last_ns)
            && source.last_ns.is_none_or(|last| last >= record.first_ns)
    };
    // Any source of the span may hold an entry, or a part of one, that was attributed to another.
    let unread: BTreeSet<String> = sources
        .iter()
        .filter(overlaps)
        .map(|source| source_name(source.key))
        .chain(missing.keys().cloned())
        .collect();
    let path = keep_copy(&**plan.storage, &layout::entries(&record.month, &record.id))?;
    let missing = SetAside {
        segment: record.id.clone(),
        month: record.month.clone(),
        first_ns: record.first_ns,
        last_ns: record.last_ns,
        sources: missing,
        unread,
        path,
    };
    Ok(Rescued { segment, missing })
}

/// Copies a damaged file to where it is out of the way and not lost; returns the path, empty when there is no file.
///
/// A copy, because moving it before the commit would change the archive before the commit.
pub(super) fn keep_copy(storage: &dyn Storage, path: &str) -> Result<String> {
    let content = match storage.read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(Error::io(path)(error)),
    };
    let copy = layout::set_aside(path);
    let write = || -> std::io::Result<()> {
        storage.remove(&copy)?;
        let mut file = storage.create(&copy)?;
        file.write_all(&content)?;
        file.finish()?;
        for (at, _) in copy.match_indices('/') {
            storage.sync_folder(&copy[..at])?;
        }
        storage.sync_folder("")
    };
    write().map_err(Error::io(&copy))?;
    Ok(copy)
}

fn read(
    segment: &Segment,
    rows: std::ops::Range<u64>,
    mut visit: impl FnMut(&crate::segment::Row<'_>),
) -> Result<()> {
    let mut fault = None;
    let mut json = String::new();
    segment.for_each_row(&[rows], &Column::ALL, |row| {
        json.clear();
        if let Err(error) = compose(&row.cells, row.timestamp, |_| true, &mut json) {
            fault = Some(error.to_string());
            return false;
        }
        visit(&row);
        true
    })?;
    fault.map_or(Ok(()), |fault| Err(Error::damaged(segment.entries_path(), fault)))
}
