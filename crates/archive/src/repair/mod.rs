//! Makes a damaged archive sound again, and says what that cost.
//!
//! ```text
//! CURRENT, manifest   the newest manifest whose files are all whole is taken; else one is made from the entries    salvage
//! index               made anew from the entries
//! entries             rows of whole blocks are kept; the file is set aside, what is missing becomes a gap          rescue
//! catalogue           what the entries tell of their sources is kept                                               lost
//! ```
//!
//! Everything happens in one commit under the writer's lock, so a repair that dies has done nothing. Repairing a sound
//! archive changes nothing.

mod lost;
mod rescue;
mod salvage;

use crate::archive::Archive;
use crate::catalog::SourceRecord;
use crate::error::{Error, Result};
use crate::ingest::{collect_garbage, merge, span};
use crate::layout;
use crate::maintain::{self, Options};
use crate::manifest::{Manifest, SegmentRecord};
use crate::storage::Storage;
use crate::sums::saturating_sum;
use crate::verify::{Affected, Depth, Impact, Reporter, VerifyReport, verify};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RepairReport {
    /// What was wrong.
    pub found: VerifyReport,
    /// Where the manifest came from, when the live one could not be read.
    pub manifest: Option<String>,
    /// Segments written anew from whole entries.
    pub rebuilt: Vec<Affected>,
    /// Segments of which entries are missing now: the damaged span, and how many are missing.
    pub set_aside: Vec<Affected>,
    /// Entries of damaged files that could be kept.
    pub rescued: u64,
    /// Parts of the catalogue that were made anew from what the entries tell.
    pub catalog: Vec<String>,
}

impl RepairReport {
    /// Says whether the archive was changed.
    pub fn changed(&self) -> bool {
        !self.found.is_sound()
    }
}

/// Repairs what [`verify`] finds.
///
/// # Errors
/// [`Error::Locked`] while somebody else writes, [`Error::Missing`] when there is no archive, [`Error::Version`] when a
/// newer program wrote it, and what the system says; the archive is then as it was.
pub fn repair(
    storage: Arc<dyn Storage>,
    name: &str,
    options: &Options,
    reporter: &dyn Reporter,
) -> Result<RepairReport> {
    let _lock = maintain::lock(&*storage, &options.holder)?;
    let mut found = verify(storage.clone(), name, Depth::Rows, reporter)?;
    let mut report = RepairReport::default();
    if found.problems.iter().any(|problem| problem.impact == Impact::Archive) {
        report.manifest = Some(salvage::manifest(&storage, options)?);
        let after = verify(storage.clone(), name, Depth::Rows, reporter)?;
        let before = std::mem::replace(&mut found, after);
        found.problems.extend(before.problems);
    }
    report.found = found;
    let has_more = report.found.problems.iter().any(|problem| problem.impact != Impact::Archive);
    if has_more {
        Repair::new(storage, name, options)?.run(&mut report)?;
    }
    Ok(report)
}

struct Repair<'r> {
    storage: Arc<dyn Storage>,
    archive: Archive,
    options: &'r Options,
}

impl<'r> Repair<'r> {
    fn new(storage: Arc<dyn Storage>, name: &str, options: &'r Options) -> Result<Self> {
        let archive = Archive::open(storage.clone(), name)?;
        collect_garbage(&*storage, archive.manifest())?;
        Ok(Self { storage, archive, options })
    }

    fn run(&self, report: &mut RepairReport) -> Result<()> {
        let before = self.archive.manifest();
        let mut after = Manifest { sequence: before.sequence + 1, ..before.clone() };
        let problems = report.found.problems.clone();
        let is_hit = |record: &SegmentRecord, impacts: &[Impact]| {
            problems.iter().any(|problem| {
                impacts.contains(&problem.impact)
                    && problem.segment.as_ref().is_some_and(|segment| segment.segment == record.id)
            })
        };
        let sources = self.sources(&mut after, report)?;
        let table = maintain::source_table(&sources);
        let mut plan = maintain::plan(&self.storage, &table, before, self.options.memory)?;
        let mut moves = maintain::Moves::new();
        let mut disordered = Vec::new();
        after.segments.clear();
        for record in &before.segments {
            if is_hit(record, &[Impact::Entries]) {
                if rescue::is_readable(&self.storage, record)? {
                    disordered.push(record.clone());
                    continue;
                }
                let rescued = rescue::rescue(&mut plan, record, &sources)?;
                report.rescued += rescued.segment.as_ref().map_or(0, |segment| segment.rows);
                report.set_aside.push(Affected { entries: rescued.missing.rows(), ..Affected::of(record) });
                after.segments.extend(rescued.segment);
                if rescued.missing.rows() > 0 {
                    after.set_aside.push(rescued.missing);
                }
            } else if is_hit(record, &[Impact::Index, Impact::Stale]) {
                after.segments.push(maintain::rewrite(&mut plan, record, &mut moves)?);
                report.rebuilt.push(Affected::of(record));
            } else {
                after.segments.push(record.clone());
            }
        }
        if !disordered.is_empty() {
            // The rows can be read and are wrong in what they claim: order, span, copies. A merge makes all that anew.
            let spans: Vec<(i64, i64)> = after.segments.iter().map(span).collect();
            after.segments.extend(merge(&plan, Vec::new(), &disordered, &spans)?.segments);
            report.rebuilt.extend(disordered.iter().map(Affected::of));
        }
        after.segments.sort_by_key(|segment| segment.first_ns);
        after.set_aside.sort_by(|a, b| (a.first_ns, &a.segment).cmp(&(b.first_ns, &b.segment)));
        let known = readable(self.archive.patterns())?;
        if known.is_none()
            && let Some(catalog) = &before.catalog
        {
            report.catalog.push(catalog.patterns.path.clone());
        }
        let of_made = problems.iter().filter(|problem| layout::is_made_catalog(&problem.file));
        report.catalog.extend(of_made.map(|problem| problem.file.clone()));
        let successors = maintain::successors(&moves);
        let known = known.unwrap_or_default();
        let patterns =
            maintain::patterns(&self.storage, &after.segments, &plan.rules.masker, &known, &successors)?;
        if let Some(catalog) = &mut after.catalog {
            catalog.patterns = maintain::write_patterns(&*self.storage, after.sequence, &patterns)?;
        }
        // What is wrong may be what a catalogue says of audit entries, so nothing is taken from it.
        let mut before = before.clone();
        if let Some(catalog) = &mut before.catalog {
            catalog.streams = None;
        }
        maintain::commit(&self.storage, &before, after)
    }

    /// Returns the sources, made anew with the catalogue where it cannot be read.
    fn sources(&self, after: &mut Manifest, report: &mut RepairReport) -> Result<Vec<SourceRecord>> {
        let manifest = self.archive.manifest();
        let (sources, rejects) = (readable(self.archive.sources())?, readable(self.archive.rejects())?);
        if let (Some(sources), Some(_)) = (&sources, &rejects) {
            return Ok(sources.clone());
        }
        if let Some(catalog) = &manifest.catalog {
            for (file, is_lost) in
                [(&catalog.sources, sources.is_none()), (&catalog.rejects, rejects.is_none())]
            {
                if is_lost {
                    report.catalog.push(file.path.clone());
                    rescue::keep_copy(&*self.storage, &file.path)?;
                }
            }
        }
        let mut sources = match sources {
            Some(sources) => sources,
            None => lost::sources(self.archive.segments())?,
        };
        let rejects = match rejects {
            Some(rejects) => {
                for source in &mut sources {
                    if source.path == lost::path(source.key) {
                        let own = rejects.iter().filter(|reject| reject.source == source.key);
                        source.rejected = saturating_sum(own.map(|reject| reject.count));
                        source.read = source.read.saturating_add(source.rejected);
                    }
                }
                let listed: BTreeSet<u64> = sources.iter().map(|source| source.key).collect();
                rejects.into_iter().filter(|reject| listed.contains(&reject.source)).collect()
            }
            None => lost::rejects(&sources),
        };
        if let Some(before) = &manifest.catalog {
            let patterns = before.patterns.clone();
            let storage = &*self.storage;
            after.catalog =
                Some(maintain::write_catalog(storage, after.sequence, &sources, &rejects, patterns)?);
        }
        Ok(sources)
    }
}

/// Turns damage into nothing and leaves other errors.
fn readable<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(Error::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
