//! Puts exports into the archive.
//!
//! ```text
//! plan      which sources are new                                    plan
//! read      sources ─► rows in sorted runs                           read, facts, make, runs
//! merge     runs and the segments they overlap ─► new segments       merge
//! tidy      neighbours that are small ─► one segment                 tidy
//! commit    catalogue, manifest, CURRENT; then what nothing names is deleted
//! ```
//!
//! Nothing is visible before the commit, and everything is after it. An ingest that dies leaves unnamed files, which the
//! next one deletes.

mod facts;
mod make;
mod merge;
mod plan;
mod read;
mod runs;
mod tidy;

pub use facts::looks_like_a_limit;

use crate::archive::Archive;
use crate::catalog::{self, RejectRecord, SourceRecord};
use crate::error::{Error, Result};
use crate::layout;
use crate::manifest::{CatalogRecord, FileRecord, Manifest, SegmentRecord};
use crate::storage::{LockRefusal, Storage};
pub(crate) use make::RowMaker;
use merge::{MergePlan, SourceTable, merge};
use read::{Budget, Outcome, read_all};
use runs::Run;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use timberline_entry::Refusal;
use timberline_entry::input::{OpenOptions, SourceSpec};
use xxhash_rust::xxh3::xxh3_64;

/// How to ingest.
#[derive(Clone, Debug)]
pub struct Options {
    /// Memory to stay within, in bytes.
    pub memory: usize,
    /// Worker threads.
    pub threads: usize,
    /// How sources are to be read.
    pub open: OpenOptions,
    /// How this process describes itself to a second writer.
    pub holder: String,
    /// Read sources again whose file looks unchanged, to find out by their content.
    pub check_content: bool,
}

impl Options {
    /// The default of [`Options::memory`].
    pub const DEFAULT_MEMORY: usize = 512 << 20;
}

/// Who watches an ingest. All calls may come from any thread.
pub trait Reporter: Sync {
    /// The sources to read are known, with their stored size.
    fn planned(&self, n_sources: usize, bytes: u64);
    /// A source is being opened.
    fn source_started(&self, path: &str);
    /// So many more stored bytes were read.
    fn bytes_read(&self, bytes: u64);
    /// Everything was read; rows are being merged and written.
    fn writing(&self);
}

/// A reporter that says nothing.
#[derive(Debug)]
pub struct Silent;

impl Reporter for Silent {
    fn planned(&self, _: usize, _: u64) {}
    fn source_started(&self, _: &str) {}
    fn bytes_read(&self, _: u64) {}
    fn writing(&self) {}
}

/// What an ingest did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Sources that were read, by path.
    pub sources: Vec<SourceSummary>,
    /// Sources that were in the archive already, by path.
    pub unchanged: Vec<String>,
    /// Sources that could not be read at all.
    pub refused: Vec<Refusal>,
    /// Sorted runs that did not fit into memory.
    pub spilled_runs: usize,
    /// Bytes of text after decompression.
    pub text_bytes: u64,
    /// What could not be kept, by source and place.
    pub rejects: Vec<RejectRecord>,
}

/// What became of one source. `read = kept + duplicates + rejected`.
#[derive(Clone, Debug)]
pub struct SourceSummary {
    /// What the catalogue says of it.
    pub record: SourceRecord,
    /// Entries that the archive did not have, and that are attributed to this source.
    pub kept: u64,
}

impl SourceSummary {
    /// Entries that were copies of others.
    pub const fn duplicates(&self) -> u64 {
        self.record.read - self.record.rejected - self.kept
    }
}

/// Puts sources into the archive, in one commit.
///
/// Sources that are in the archive already are skipped. The archive afterwards depends on the set of sources it was
/// given, not on their order nor on how they were spread over ingests.
///
/// # Errors
/// [`Error::Locked`] while somebody else writes, [`Error::Interrupted`] when `stop` was set, and what the system says;
/// the archive is then as it was.
pub fn ingest(
    storage: Arc<dyn Storage>,
    specs: Vec<SourceSpec>,
    options: &Options,
    reporter: &dyn Reporter,
    stop: &AtomicBool,
) -> Result<Summary> {
    let _lock = storage.lock(layout::LOCK, &options.holder).map_err(|refusal| match refusal {
        LockRefusal::Held(holder) => Error::Locked { holder },
        LockRefusal::Io(error) => Error::io(layout::LOCK)(error),
    })?;
    let archive = Archive::open_or_empty(storage.clone())?;
    collect_garbage(&*storage, archive.manifest())?;
    let known = archive.sources()?;
    let plan = plan::plan(specs, &known, options.check_content);
    let mut summary = Summary { unchanged: plan.unchanged, refused: plan.refused, ..Summary::default() };
    if plan.new.is_empty() {
        return Ok(summary);
    }
    Manifest::create(&*storage)?;
    reporter.planned(plan.new.len(), plan.bytes);
    let first_number = crate::rows::row_idx(known.len());
    let read = read_all(&*storage, &plan.new, first_number, options, reporter, stop)?;
    reporter.writing();
    summary.spilled_runs = read.spilled;

    let mut table = SourceTable {
        keys: known.iter().map(|source| source.key).collect(),
        paths: known.iter().map(|source| source.path.clone()).collect(),
    };
    let mut new_sources: Vec<(u32, SourceRecord)> = Vec::new();
    for (idx, (outcome, spec)) in read.sources.into_iter().zip(&plan.new).enumerate() {
        table.paths.push(spec.path.clone());
        match outcome {
            Outcome::Read { record, rejects, text_bytes } => {
                table.keys.push(record.key);
                summary.rejects.extend(rejects);
                summary.text_bytes += text_bytes;
                new_sources.push((first_number + crate::rows::row_idx(idx), record));
            }
            Outcome::Refused(refusal) => {
                table.keys.push(0);
                summary.refused.push(refusal);
            }
        }
    }
    let commit = Commit { storage: &storage, options, stop };
    let kept = commit.run(&archive, known, &table, &new_sources, read.runs, &summary.rejects)?;
    summary.sources = new_sources
        .into_iter()
        .map(|(number, record)| SourceSummary { kept: kept.get(&number).copied().unwrap_or(0), record })
        .collect();
    Ok(summary)
}

struct Commit<'c> {
    storage: &'c Arc<dyn Storage>,
    options: &'c Options,
    stop: &'c AtomicBool,
}

impl Commit<'_> {
    /// Writes segments, catalogue and manifest. Returns the entries that are new, by number of their source.
    fn run(
        &self,
        archive: &Archive,
        known: Vec<SourceRecord>,
        table: &SourceTable,
        new_sources: &[(u32, SourceRecord)],
        runs: Vec<Run>,
        new_rejects: &[RejectRecord],
    ) -> Result<BTreeMap<u32, u64>> {
        let before = archive.manifest();
        let sequence = before.sequence + 1;
        let mut plan = MergePlan {
            storage: self.storage,
            sources: table,
            sequence,
            n_named: 0,
            segment_memory: Budget::of(self.options.memory, self.options.threads).segment,
        };
        let (overlapped, untouched): (Vec<_>, Vec<_>) =
            before.segments.iter().cloned().partition(|segment| runs.iter().any(|run| run.overlaps(segment)));
        let spans: Vec<(i64, i64)> = untouched.iter().map(tidy::span).collect();
        let merged = merge(&plan, runs, &overlapped, &spans)?;
        let n_before: u64 = overlapped.iter().map(|segment| segment.rows).sum();
        let n_after: u64 = merged.segments.iter().map(|segment| segment.rows).sum();
        debug_assert_eq!(n_after - n_before, merged.kept.values().sum::<u64>());
        plan.n_named = merged.segments.len();
        let mut segments: Vec<SegmentRecord> = untouched.into_iter().chain(merged.segments).collect();
        segments.sort_by_key(|segment| segment.first_ns);
        let segments = tidy::tidy(&mut plan, segments)?;
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }

        let mut rejects = archive.rejects()?;
        rejects.extend_from_slice(new_rejects);
        let mut sources = known;
        sources.extend(new_sources.iter().map(|(_, record)| record.clone()));
        sources.sort_by(|a, b| (&a.path, a.key).cmp(&(&b.path, b.key)));
        let rank: BTreeMap<u64, usize> = sources.iter().enumerate().map(|(idx, source)| (source.key, idx)).collect();
        rejects.sort_by_key(|reject| (rank.get(&reject.source).copied(), reject.offset, reject.len));
        let catalog = CatalogRecord {
            sources: self.write(&layout::sources(sequence), &catalog::write_sources(&sources))?,
            rejects: self.write(&layout::rejects(sequence), &catalog::write_rejects(&rejects))?,
        };
        let manifest = Manifest { sequence, segments, catalog: Some(catalog), set_aside: before.set_aside.clone() };
        manifest.commit(&**self.storage)?;
        // The manifest before this one may still be in use by a reader, so its files stay until the next ingest.
        Ok(merged.kept)
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<FileRecord> {
        self.storage.write(path, content).map_err(Error::io(path))?;
        Ok(FileRecord {
            path: path.to_owned(),
            bytes: content.len() as u64,
            xxh3: format!("{:016x}", xxh3_64(content)),
        })
    }
}

/// Deletes what the live manifest does not name: leftovers of ingests that died, and files of manifests before it.
pub(crate) fn collect_garbage(storage: &dyn Storage, live: &Manifest) -> Result<()> {
    if live.sequence > 0 {
        // The commit may have been killed between naming this manifest and syncing the name. Its predecessor must not
        // lose a file while a power loss could still bring it back.
        storage.sync_folder("").map_err(Error::io(layout::CURRENT))?;
    }
    let mut named: BTreeSet<String> = live.files().map(|file| file.path.clone()).collect();
    named.insert(layout::manifest(live.sequence));
    for folder in layout::FOLDERS {
        for path in storage.list(folder).map_err(Error::io(folder))? {
            if !named.contains(&path) {
                storage.remove(&path).map_err(Error::io(&path))?;
            }
        }
    }
    Ok(())
}
