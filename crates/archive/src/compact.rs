//! Few large segments instead of many small ones, and indexes made anew.

use crate::archive::Archive;
use crate::error::{Error, Result};
use crate::ingest::{canonical_revision_field, collect_garbage, merge};
use crate::maintain::{self, Options};
use crate::manifest::{Manifest, SegmentRecord};
use crate::storage::Storage;
use std::sync::Arc;
use timberline_pattern::mask::Masker;

/// What a rewrite did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rewritten {
    /// Segments before.
    pub segments_before: u64,
    /// Segments after.
    pub segments_after: u64,
    /// Entries in segments that were written anew.
    pub entries_rewritten: u64,
}

/// Merges the segments of each month into as few as size and memory allow, in one commit.
///
/// A month of which merging makes no fewer segments is left as it is, so that doing it again changes nothing.
/// Cost: reads and writes the months that have more than one segment.
///
/// # Errors
/// [`crate::Error::Locked`] while somebody else writes, [`crate::Error::Damaged`] when a segment cannot be read; the
/// archive is then as it was.
pub fn compact(storage: Arc<dyn Storage>, name: &str, options: &Options) -> Result<Rewritten> {
    let _lock = maintain::lock(&*storage, &options.holder)?;
    let archive = Archive::open(storage.clone(), name)?;
    let before = archive.manifest();
    collect_garbage(&*storage, before)?;
    let table = maintain::source_table(&archive.sources()?);
    let mut plan = maintain::plan(&storage, &table, before, options.memory)?;
    let mut result = Rewritten { segments_before: before.segments.len() as u64, ..Rewritten::default() };
    let mut segments: Vec<SegmentRecord> = Vec::new();
    for month in before.segments.chunk_by(|a, b| a.month == b.month) {
        if month.len() < 2 {
            segments.extend_from_slice(month);
            continue;
        }
        let merged = merge(&plan, Vec::new(), month, &[])?.segments;
        plan.n_named += merged.len();
        if merged.len() < month.len() {
            result.entries_rewritten += merged.iter().map(|segment| segment.rows).sum::<u64>();
            segments.extend(merged);
        } else {
            // The new files are leftovers that the next writer deletes.
            segments.extend_from_slice(month);
        }
    }
    result.segments_after = segments.len() as u64;
    if result.entries_rewritten > 0 {
        let after = Manifest { sequence: before.sequence + 1, segments, ..before.clone() };
        maintain::commit(&storage, before, after)?;
    }
    Ok(result)
}

/// Computes shapes, patterns, tokens and revisions of every entry again and writes every segment anew, in one commit.
///
/// With [`Options::mask_rules`] the archive has these rules from then on. Ids of patterns that they do away with lead to
/// the pattern that most of their entries have now. With [`Options::revision_field`] revisions are found by these paths
/// from then on.
///
/// Needed when a newer program masks or cuts words differently than the one that wrote the archive.
/// Cost: about that of ingesting the entries again.
///
/// # Errors
/// As [`compact`].
pub fn reindex(storage: Arc<dyn Storage>, name: &str, options: &Options) -> Result<Rewritten> {
    let _lock = maintain::lock(&*storage, &options.holder)?;
    let archive = Archive::open(storage.clone(), name)?;
    let before = archive.manifest();
    collect_garbage(&*storage, before)?;
    let table = maintain::source_table(&archive.sources()?);
    let mut after = Manifest { sequence: before.sequence + 1, ..before.clone() };
    if let Some(rules) = &options.mask_rules {
        Masker::with_rules(rules).map_err(|error| Error::MaskRules { detail: error.to_string() })?;
        after.mask_rules.clone_from(rules);
    }
    if let Some(field) = &options.revision_field {
        after.revision_field = canonical_revision_field(field)?;
    }
    let mut plan = maintain::plan(&storage, &table, before, options.memory)?;
    plan.rules = after.row_rules()?;
    let mut moves = maintain::Moves::new();
    let mut segments = Vec::new();
    for record in &before.segments {
        segments.push(maintain::rewrite(&mut plan, record, &mut moves)?);
    }
    let n_segments = segments.len() as u64;
    let successors = maintain::successors(&moves);
    let patterns =
        maintain::patterns(&storage, &segments, &plan.rules.masker, &archive.patterns()?, &successors)?;
    if let Some(catalog) = &mut after.catalog {
        catalog.patterns = maintain::write_patterns(&*storage, after.sequence, &patterns)?;
    }
    after.segments = segments;
    maintain::commit(&storage, before, after)?;
    Ok(Rewritten {
        segments_before: n_segments,
        segments_after: n_segments,
        entries_rewritten: before.entries(),
    })
}
