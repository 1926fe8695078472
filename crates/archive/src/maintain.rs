//! What writers other than ingest have in common: the lock, new segments from old ones, one commit.

use crate::archive::Archive;
use crate::audit::AuditRecord;
use crate::catalog::{self, PatternRecord, RejectRecord, SourceRecord};
use crate::error::{Error, Result};
use crate::ingest::{MergePlan, RowMaker, SourceTable, join_all, load, segment_memory};
use crate::layout;
use crate::manifest::{CatalogRecord, FileRecord, Manifest, SegmentRecord};
use crate::patterns::variants_of;
use crate::rows::{Place, RowSet};
use crate::segment::{Segment, with_entry};
use crate::storage::{LockGuard, LockRefusal, Storage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use timberline_pattern::mask::Masker;

/// How to rewrite an archive.
#[derive(Clone, Debug)]
pub struct Options {
    /// Memory to stay within, in bytes; as for ingest.
    pub memory: usize,
    /// How this process describes itself to a second writer.
    pub holder: String,
    /// Other rules for values in messages than those recorded, as their text; only [`crate::compact::reindex`] takes them.
    pub mask_rules: Option<String>,
    /// Other paths to the revision of an entry than those recorded, as for ingest; only [`crate::compact::reindex`] takes them.
    pub revision_field: Option<String>,
}

impl Options {
    /// What a writer does when nothing else is asked for.
    pub fn new(holder: impl Into<String>) -> Self {
        let memory = crate::ingest::Options::DEFAULT_MEMORY;
        Self { memory, holder: holder.into(), mask_rules: None, revision_field: None }
    }
}

/// Takes the writer's lock.
///
/// # Errors
/// [`Error::Locked`] while somebody else writes.
pub(crate) fn lock(storage: &dyn Storage, holder: &str) -> Result<Box<dyn LockGuard>> {
    storage.lock(layout::LOCK, holder).map_err(|refusal| match refusal {
        LockRefusal::Held(holder) => Error::Locked { holder },
        LockRefusal::Io(error) => Error::io(layout::LOCK)(error),
    })
}

/// Writes a catalogue file and returns its record.
pub(crate) fn write_file(storage: &dyn Storage, path: &str, content: &[u8]) -> Result<FileRecord> {
    storage.write(path, content).map_err(Error::io(path))?;
    Ok(FileRecord::of(path, content))
}

/// Writes the catalogue of a commit, whose patterns are written already.
pub(crate) fn write_catalog(
    storage: &dyn Storage,
    sequence: u64,
    sources: &[SourceRecord],
    rejects: &[RejectRecord],
    patterns: FileRecord,
) -> Result<CatalogRecord> {
    Ok(CatalogRecord {
        sources: write_file(storage, &layout::sources(sequence), &catalog::write_sources(sources))?,
        rejects: write_file(storage, &layout::rejects(sequence), &catalog::write_rejects(rejects))?,
        patterns,
        shapes: None,
        streams: None,
        variants: None,
    })
}

/// Writes the pattern catalogue of a commit.
pub(crate) fn write_patterns(
    storage: &dyn Storage,
    sequence: u64,
    patterns: &[PatternRecord],
) -> Result<FileRecord> {
    write_file(storage, &layout::patterns(sequence), &catalog::write_patterns(patterns))
}

/// Makes the pattern catalogue of some segments; see [`catalog::patterns_of`].
pub(crate) fn patterns(
    storage: &Arc<dyn Storage>,
    segments: &[SegmentRecord],
    masker: &Masker,
    before: &[PatternRecord],
    successors: &BTreeMap<u64, u64>,
) -> Result<Vec<PatternRecord>> {
    catalog::patterns_of(&Segment::all(storage, segments), masker, before, successors)
}

/// Writes a catalogue that is made of the segments; none where a segment is damaged, which is no reason not to commit the
/// others.
fn write_made(storage: &dyn Storage, path: &str, made: Result<Vec<u8>>) -> Result<Option<FileRecord>> {
    match made {
        Ok(content) => write_file(storage, path, &content).map(Some),
        Err(Error::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns what the audit entries of segments say, by the segments' names, where the catalogue of a manifest can be read.
fn known_audits(storage: &Arc<dyn Storage>, manifest: &Manifest) -> BTreeMap<String, Vec<AuditRecord>> {
    let archive = Archive::of(storage.clone(), manifest.clone());
    let Some(Ok(streams)) = archive.stored_streams() else { return BTreeMap::new() };
    let ids = manifest.segments.iter().map(|segment| segment.id.clone());
    ids.zip(streams.into_audits()).collect()
}

/// Makes `after` the live manifest, with the catalogues that are made of its segments, and moves entries that only `before`
/// names out of the folder that other engines read as a whole.
pub(crate) fn commit(storage: &Arc<dyn Storage>, before: &Manifest, mut after: Manifest) -> Result<()> {
    let archive = Archive::of(storage.clone(), after.clone());
    if let Some(catalog) = &mut after.catalog {
        let segments = archive.segments();
        let shapes = catalog::shapes_of(segments);
        catalog.shapes = write_made(&**storage, &layout::shape_catalog(after.sequence), shapes)?;
        let streams = catalog::streams_of(segments, &known_audits(storage, before));
        let streams = streams.map(|streams| catalog::write_streams(&streams));
        catalog.streams = write_made(&**storage, &layout::stream_catalog(after.sequence), streams)?;
        let variants = variants_of(&archive).map(|variants| catalog::write_variants(&variants));
        catalog.variants = write_made(&**storage, &layout::variant_catalog(after.sequence), variants)?;
    }
    after.commit(&**storage)?;
    let named: BTreeSet<&str> = after.files().map(|file| file.path.as_str()).collect();
    for segment in &before.segments {
        let path = layout::entries(&segment.month, &segment.id);
        if !named.contains(path.as_str()) {
            // The commit is done whether or not this works; the next writer deletes the file in either place.
            storage.rename(&path, &layout::superseded(&path)).ok();
        }
    }
    Ok(())
}

/// Returns the sources that rows may refer to.
pub(crate) fn source_table(sources: &[SourceRecord]) -> SourceTable {
    SourceTable {
        keys: sources.iter().map(|source| source.key).collect(),
        paths: sources.iter().map(|source| source.path.clone()).collect(),
    }
}

/// Returns how new segments of the commit after `before` are to be made.
pub(crate) fn plan<'p>(
    storage: &'p Arc<dyn Storage>,
    sources: &'p SourceTable,
    before: &Manifest,
    memory: usize,
) -> Result<MergePlan<'p>> {
    Ok(MergePlan {
        storage,
        sources,
        sequence: before.sequence + 1,
        n_named: 0,
        segment_memory: segment_memory(memory),
        rules: before.row_rules()?,
    })
}

/// How many rows of a shape of message now have which other.
pub(crate) type Moves = BTreeMap<(u64, u64), u64>;

/// Writes a segment anew from its rows, shapes and patterns computed by this program's rules; adds to `moves` which
/// shapes of messages became which.
pub(crate) fn rewrite(
    plan: &mut MergePlan<'_>,
    record: &SegmentRecord,
    moves: &mut Moves,
) -> Result<SegmentRecord> {
    let rows = load(plan, record)?;
    let mut made = RowSet::default();
    let mut maker = RowMaker::new(plan.rules.clone());
    let (mut text, mut nodes) = (String::new(), Vec::new());
    for (idx, head) in rows.heads().iter().enumerate() {
        let (time, place): (_, Place) = (head.keys.timestamp, head.place);
        with_entry(&rows.cells(idx), time, &mut text, &mut nodes, |entry| {
            let (keys, cells, derived) = maker.make(entry, time);
            if derived.pattern != head.derived.pattern {
                *moves.entry((head.derived.pattern, derived.pattern)).or_insert(0) += 1;
            }
            made.push(keys, &cells, derived, place, head.is_whole);
        })
        .map_err(|detail| Error::damaged(layout::entries(&record.month, &record.id), detail))?;
    }
    drop(rows);
    join_all(&mut made)?;
    write_segment(plan, &made, record.trace_edges.ends_open)
}

/// Returns for every shape that is gone the one that most of its rows have now.
pub(crate) fn successors(moves: &Moves) -> BTreeMap<u64, u64> {
    let mut best: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for ((from, to), rows) in moves {
        let most = best.entry(*from).or_insert((*rows, *to));
        if *rows > most.0 {
            *most = (*rows, *to);
        }
    }
    best.into_iter().map(|(from, (_, to))| (from, to)).collect()
}

/// Writes rows of one month as the commit's next segment; `ends_open` says whether later rows could continue a trace.
pub(crate) fn write_segment(
    plan: &mut MergePlan<'_>,
    rows: &RowSet,
    ends_open: bool,
) -> Result<SegmentRecord> {
    let id = layout::segment_id(plan.sequence, plan.n_named);
    plan.n_named += 1;
    plan.write_segment(&id, rows, ends_open)
}
