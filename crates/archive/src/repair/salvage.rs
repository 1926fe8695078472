//! A manifest for an archive whose own cannot be read.

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
    let mut paths = storage.list("manifest").map_err(Error::io("manifest"))?;
    paths.sort_by_key(|path| std::cmp::Reverse(sequence_of(path)));
    let newest = paths.first().and_then(|path| sequence_of(path)).unwrap_or(0);
    // A number that no file has, whatever was written before.
    let sequence = highest(&**storage)?.max(newest) + 1;
    if let Some(path) = paths.first()
        && let Some(found) = whole(&**storage, path)?
    {
        Manifest { sequence, ..found }.commit(&**storage)?;
        return Ok(path.clone());
    }
    let entries = storage.list("entries").map_err(Error::io("entries"))?;
    let mut segments: Vec<SegmentRecord> = entries.iter().filter_map(|path| segment(storage, path)).collect();
    if segments.is_empty() {
        return Err(Error::damaged(layout::CURRENT, "no manifest and no file of entries can be read"));
    }
    segments.sort_by_key(|segment| (segment.first_ns, segment.id.clone()));
    let (mut sources, rejects) = catalog(&**storage, &segments)?;
    let table = maintain::source_table(&sources);
    let before = Manifest { sequence: sequence - 1, ..decided(&**storage, &paths) };
    let plan = maintain::plan(storage, &table, &before, options.memory)?;
    let merged = merge(&plan, Vec::new(), &segments, &[])?;
    for told in super::lost::sources(&Segment::all(storage, &merged.segments)) {
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

fn sequence_of(path: &str) -> Option<u64> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split(['.', '-']).next()?.parse().ok()
}

/// Returns the highest commit that a file is named after.
fn highest(storage: &dyn Storage) -> Result<u64> {
    let mut highest = 0;
    for folder in layout::FOLDERS {
        for path in storage.list(folder).map_err(Error::io(folder))? {
            let numbers = path.split('/').filter_map(sequence_of);
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
    let is_whole = manifest.sequence > 0
        && manifest.files().all(|file| storage.read(&file.path).is_ok_and(|content| file.is_of(&content)));
    Ok(is_whole.then_some(manifest))
}

/// Takes what was decided about rows from the newest manifest that can be read: the rules for values, the paths to the
/// revision. The rest of the result is empty.
fn decided(storage: &dyn Storage, paths: &[String]) -> Manifest {
    let read = |path: &String| {
        let found = Manifest::decode(&storage.read(path).ok()?, path).ok()?;
        found.row_rules().ok()?;
        let Manifest { mask_rules, revision_field, .. } = found;
        Some(Manifest { mask_rules, revision_field, ..Manifest::default() })
    };
    paths.iter().find_map(read).unwrap_or_default()
}

/// Describes a file of entries by its rows; `None` when it cannot be read as a whole.
fn segment(storage: &Arc<dyn Storage>, path: &str) -> Option<SegmentRecord> {
    let id = path.rsplit('/').next()?.strip_suffix(".parquet")?.to_owned();
    let content = storage.read(path).ok()?;
    let file = FileRecord {
        path: path.to_owned(),
        bytes: content.len() as u64,
        xxh3: format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&content)),
    };
    let month = layout::folder_of(path).strip_prefix("entries/month=")?.to_owned();
    let mut record = SegmentRecord {
        id,
        month,
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
    let reader = Segment::new(storage.clone(), record.clone());
    record.rows = reader.stored_rows().ok()?;
    let (mut text, mut nodes) = (String::new(), Vec::new());
    let mut is_readable = true;
    let read = reader.for_each_row(std::slice::from_ref(&(0..record.rows)), &Column::ALL, |row| {
        let time = row.timestamp.as_nanos();
        (record.first_ns, record.last_ns) = (record.first_ns.min(time), record.last_ns.max(time));
        *record.sources.entry(source_name(row.source)).or_insert(0) += 1;
        is_readable = crate::segment::with_entry(&row.cells, row.timestamp, &mut text, &mut nodes, |_| ())
            .is_ok()
            && layout::month(Timestamp::from_nanos(time)) == record.month;
        is_readable
    });
    (read.is_ok() && is_readable && record.rows > 0).then_some(record)
}

/// Reads the newest pattern catalogue that can be read, for the ids that it remembers.
fn known_patterns(storage: &dyn Storage) -> Result<Vec<catalog::PatternRecord>> {
    let mut paths = storage.list("catalog").map_err(Error::io("catalog"))?;
    paths.sort_by_key(|path| std::cmp::Reverse(sequence_of(path)));
    let read = |path: &String| catalog::read_patterns(storage.read(path).ok()?, path).ok();
    Ok(paths.iter().filter(|path| path.ends_with("-patterns.parquet")).find_map(read).unwrap_or_default())
}

type Catalog = (Vec<SourceRecord>, Vec<catalog::RejectRecord>);

/// Takes the newest catalogue that can be read, with what the entries tell of sources that it does not know.
fn catalog(storage: &dyn Storage, segments: &[SegmentRecord]) -> Result<Catalog> {
    let mut paths = storage.list("catalog").map_err(Error::io("catalog"))?;
    paths.sort_by_key(|path| std::cmp::Reverse(sequence_of(path)));
    let read_sources = |path: &String| catalog::read_sources(storage.read(path).ok()?, path).ok();
    let read_rejects = |path: &String| catalog::read_rejects(storage.read(path).ok()?, path).ok();
    let sources = paths.iter().filter(|path| path.ends_with("-sources.parquet")).find_map(read_sources);
    let rejects = paths.iter().filter(|path| path.ends_with("-rejects.parquet")).find_map(read_rejects);
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
