//! A manifest for an archive whose own cannot be read.

use super::rescue;
use crate::catalog::{self, SourceRecord};
use crate::columns::Column;
use crate::error::{Error, Result};
use crate::ingest::merge;
use crate::layout;
use crate::maintain::{self, Options};
use crate::manifest::{FileRecord, Manifest, SegmentRecord, TraceEdges, source_name};
use crate::segment::Segment;
use crate::storage::Storage;
use std::collections::BTreeMap;
use std::sync::Arc;
use timberline_entry::Timestamp;

/// Makes a manifest live; returns where it came from.
///
/// The newest manifest is taken if all its files are whole, which it is when only `CURRENT` was damaged. Otherwise every
/// readable file of entries is merged: also files of commits that were never finished or are past hold nothing but
/// entries that were exported, and copies become one entry, so too many files do no harm.
///
/// # Errors
/// [`Error::Damaged`] when no file of entries can be read, [`Error::Version`] when a newer program wrote them.
pub(super) fn manifest(storage: &Arc<dyn Storage>, options: &Options) -> Result<String> {
    let mut paths = storage.list(layout::MANIFESTS).map_err(Error::io(layout::MANIFESTS))?;
    paths.sort_by_key(|path| std::cmp::Reverse(layout::sequence_of(path)));
    let newest = paths.first().and_then(|path| layout::sequence_of(path)).unwrap_or(0);
    // A number that no file has, whatever was written before.
    let sequence = highest(&**storage)?.max(newest).checked_add(1).ok_or_else(|| {
        Error::damaged(layout::MANIFESTS, "a file is named after the last commit that there can be")
    })?;
    if let Some(path) = paths.first()
        && let Some(found) = whole(&**storage, path)?
    {
        Manifest { sequence, ..found }.commit(&**storage)?;
        return Ok(path.clone());
    }
    let entries = storage.list(layout::ENTRIES).map_err(Error::io(layout::ENTRIES))?;
    let mut segments = Vec::new();
    let mut left_out = Vec::new();
    for path in &entries {
        match super::readable(segment(storage, path))?.flatten() {
            Some(found) => segments.push(found),
            None => left_out.push(path),
        }
    }
    if segments.is_empty() {
        return Err(Error::damaged(layout::CURRENT, "no manifest and no file of entries can be read"));
    }
    // The manifest will not name them, and what no manifest names is deleted.
    for path in left_out {
        rescue::keep_copy(&**storage, path)?;
    }
    segments.sort_by_key(|segment| (segment.first_ns, segment.id.clone()));
    let (mut sources, rejects) = catalog(&**storage, &segments)?;
    let table = maintain::source_table(&sources);
    let before = Manifest { sequence: sequence - 1, ..decided(&**storage, &paths)? };
    let plan = maintain::plan(storage, &table, &before, options.memory)?;
    let merged = merge(&plan, Vec::new(), &segments, &[])?;
    for told in super::lost::sources(&Segment::all(storage, &merged.segments))? {
        if let Some(unknown) =
            sources.iter_mut().find(|source| source.key == told.key && source.path == told.path)
        {
            *unknown = told;
        }
    }
    let known = known_patterns(&**storage)?;
    let patterns =
        maintain::patterns(storage, &merged.segments, &plan.rules.masker, &known, &BTreeMap::new())?;
    let patterns = maintain::write_patterns(&**storage, sequence, &patterns)?;
    let catalog = maintain::write_catalog(&**storage, sequence, &sources, &rejects, patterns)?;
    let manifest = Manifest { sequence, segments: merged.segments, catalog: Some(catalog), ..before.clone() };
    maintain::commit(storage, &Manifest { segments: segments.clone(), ..before }, manifest)?;
    Ok(format!("{} files of entries", segments.len()))
}

/// Returns the highest commit that a file is named after.
fn highest(storage: &dyn Storage) -> Result<u64> {
    let mut highest = 0;
    for folder in layout::FOLDERS {
        for path in storage.list(folder).map_err(Error::io(folder))? {
            let numbers = path.split('/').filter_map(layout::sequence_of);
            highest = numbers.fold(highest, u64::max);
        }
    }
    Ok(highest)
}

/// Reads a manifest all of whose files are what it says.
fn whole(storage: &dyn Storage, path: &str) -> Result<Option<Manifest>> {
    let content = storage.read(path).map_err(Error::io(path))?;
    let manifest = match Manifest::decode(&content, path) {
        Ok(manifest) => manifest,
        Err(Error::Damaged { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    // A manifest whose rules are none cannot be opened, so it is not taken, whatever its files are.
    if manifest.sequence == 0 || super::readable(manifest.row_rules())?.is_none() {
        return Ok(None);
    }
    for file in manifest.files() {
        if !read_if_there(storage, &file.path)?.is_some_and(|content| file.is_of(&content)) {
            return Ok(None);
        }
    }
    Ok(Some(manifest))
}

/// Reads a file. One that is not there is damage that is mended; one that the system does not give is whole for all that is known, and
/// must not be left out.
fn read_if_there(storage: &dyn Storage, path: &str) -> Result<Option<bytes::Bytes>> {
    match storage.read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path)(error)),
    }
}

/// Takes what was decided about rows from the newest manifest that can be read: the rules for values, the paths to the
/// revision. The rest of the result is empty.
fn decided(storage: &dyn Storage, paths: &[String]) -> Result<Manifest> {
    let read = |content: bytes::Bytes, path: &str| {
        let found = Manifest::decode(&content, path)?;
        found.row_rules()?;
        let Manifest { mask_rules, revision_field, .. } = found;
        Ok(Manifest { mask_rules, revision_field, ..Manifest::default() })
    };
    Ok(first(storage, paths, layout::manifest, read)?.unwrap_or_default())
}

/// Reads the first of the files that is not damaged, of those whose names end so.
fn first<T>(
    storage: &dyn Storage,
    paths: &[String],
    name: impl Fn(u64) -> String,
    read: impl Fn(bytes::Bytes, &str) -> Result<T>,
) -> Result<Option<T>> {
    let is_named = |path: &str| layout::sequence_of(path).is_some_and(|sequence| name(sequence) == path);
    for path in paths.iter().filter(|path| is_named(path)) {
        let Some(content) = read_if_there(storage, path)? else { continue };
        if let Some(found) = super::readable(read(content, path))? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Describes a file of entries by its rows; `None` when it is none or not as it should be.
///
/// # Errors
/// [`Error::Damaged`] when it cannot be read as a whole, and what the system says.
fn segment(storage: &Arc<dyn Storage>, path: &str) -> Result<Option<SegmentRecord>> {
    let Some((month, id)) = layout::segment_of_entries(path) else { return Ok(None) };
    let Some(content) = read_if_there(&**storage, path)? else { return Ok(None) };
    let file = FileRecord::of(path, &content);
    let mut record = SegmentRecord {
        id: id.to_owned(),
        month: month.to_owned(),
        rows: 0,
        rings: 0,
        shapes: 0,
        first_ns: i64::MAX,
        last_ns: i64::MIN,
        sources: BTreeMap::new(),
        trace_edges: TraceEdges::default(),
        memory: None,
        files: vec![file],
    };
    record.rows = Segment::new(storage.clone(), record.clone()).stored_rows()?;
    let reader = Segment::new(storage.clone(), record.clone());
    let (mut text, mut nodes) = (String::new(), Vec::new());
    let mut is_readable = true;
    reader.for_each_row(std::slice::from_ref(&(0..record.rows)), &Column::ALL, |row| {
        let time = row.timestamp.as_nanos();
        (record.first_ns, record.last_ns) = (record.first_ns.min(time), record.last_ns.max(time));
        *record.sources.entry(source_name(row.source)).or_insert(0) += 1;
        is_readable = crate::segment::with_entry(&row.cells, row.timestamp, &mut text, &mut nodes, |_| ())
            .is_ok()
            && layout::month(Timestamp::from_nanos(time)) == record.month;
        is_readable
    })?;
    Ok((is_readable && record.rows > 0).then_some(record))
}

/// Reads the newest pattern catalogue that can be read, for the ids that it remembers.
fn known_patterns(storage: &dyn Storage) -> Result<Vec<catalog::PatternRecord>> {
    let mut paths = storage.list(layout::CATALOG).map_err(Error::io(layout::CATALOG))?;
    paths.sort_by_key(|path| std::cmp::Reverse(layout::sequence_of(path)));
    Ok(first(storage, &paths, layout::patterns, catalog::read_patterns)?.unwrap_or_default())
}

type Catalog = (Vec<SourceRecord>, Vec<catalog::RejectRecord>);

/// Takes the newest catalogue that can be read, with what the entries tell of sources that it does not know.
fn catalog(storage: &dyn Storage, segments: &[SegmentRecord]) -> Result<Catalog> {
    let mut paths = storage.list(layout::CATALOG).map_err(Error::io(layout::CATALOG))?;
    paths.sort_by_key(|path| std::cmp::Reverse(layout::sequence_of(path)));
    let sources = first(storage, &paths, layout::sources, catalog::read_sources)?;
    let rejects = first(storage, &paths, layout::rejects, catalog::read_rejects)?;
    let mut sources = sources.unwrap_or_default();
    for name in segments.iter().flat_map(|segment| segment.sources.keys()) {
        let Ok(key) = u64::from_str_radix(name, 16) else { continue };
        if !sources.iter().any(|source| source.key == key) {
            sources.push(super::lost::unknown(key));
        }
    }
    sources.sort_by(|a, b| (&a.path, a.key).cmp(&(&b.path, b.key)));
    let mut listed = rejects.unwrap_or_else(|| super::lost::rejects(&sources));
    listed.retain(|reject| sources.iter().any(|source| source.key == reject.source));
    Ok((sources, listed))
}
