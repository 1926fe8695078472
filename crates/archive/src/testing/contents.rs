//! Everything an archive holds, as values that can be compared.

use crate::archive::Archive;
use crate::columns::{Column, compose};
use crate::error::{Error, Result};
use crate::storage::Storage;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An entry with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContentRow {
    /// Time, nanoseconds since the Unix epoch.
    pub timestamp_ns: i64,
    /// The entry as JSON.
    pub json: String,
    /// Path of the source that it is attributed to.
    pub source: String,
    /// Line there.
    pub line: u64,
    /// Whether the copy there has everything.
    pub is_whole: bool,
    /// Shape and pattern.
    pub derived: (u64, u64),
}

/// Reads every entry of an archive, in the order of time and text. An archive without a commit is empty.
///
/// # Errors
/// As [`Archive::open_or_empty`] and [`crate::segment::Segment::for_each_row`]; also when rings, shapes or rejects
/// cannot be read.
pub fn contents(storage: Arc<dyn Storage>) -> Result<Vec<ContentRow>> {
    let archive = Archive::open_or_empty(storage)?;
    let sources: BTreeMap<u64, String> =
        archive.sources()?.into_iter().map(|source| (source.key, source.path)).collect();
    archive.rejects()?;
    let mut rows = Vec::new();
    for segment in archive.segments() {
        segment.rings()?;
        segment.shapes()?;
        let mut fault = None;
        segment.for_all_rows(&Column::ALL, |row| {
            let mut json = String::new();
            if let Err(error) = compose(&row.cells, row.timestamp, |_| true, &mut json) {
                fault = Some(error.to_string());
                return false;
            }
            rows.push(ContentRow {
                timestamp_ns: row.timestamp.as_nanos(),
                json,
                source: sources.get(&row.source).cloned().unwrap_or_default(),
                line: row.source_line,
                is_whole: row.source_is_whole,
                derived: (row.shape, row.pattern),
            });
            true
        })?;
        if let Some(fault) = fault {
            return Err(Error::damaged(segment.entries_path(), fault));
        }
    }
    rows.sort();
    Ok(rows)
}
