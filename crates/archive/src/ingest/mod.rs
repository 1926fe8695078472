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
mod holes;
mod ledger;
mod limits;
mod make;
mod mended;
mod merge;
mod plan;
mod read;
mod runs;
mod tidy;
mod torn;

pub use mended::{Mended, Spot};

use crate::archive::Archive;
use crate::catalog::{RejectRecord, SourceRecord};
use crate::error::{Error, Result};
use crate::layout;
use crate::maintain;
use crate::manifest::{Manifest, SegmentRecord, SetAside, source_name};
use crate::storage::Storage;
pub(crate) use make::{RowMaker, RowRules};
pub(crate) use merge::{MergePlan, SourceTable, load, merge};
use read::{Budget, Outcome, read_all};
use runs::Run;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use tidy::span;
use timberline_entry::dialect::DialectKind;
use timberline_entry::input::{OpenOptions, SourceSpec};
use timberline_entry::{OriginRules, Refusal, RejectReason};
use timberline_pattern::mask::Masker;
pub(crate) use torn::{OwnExceptions, join_all, joined_of};

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
    /// Rules for values in messages beside the built-in ones, as their text; `None` for those that the archive has.
    pub mask_rules: Option<String>,
    /// Paths to the revision of an entry, as [`timberline_entry::OriginRules::parse`] reads them; `None` for those that the
    /// archive has.
    pub revision_field: Option<String>,
}

impl Options {
    /// The default of [`Options::memory`].
    pub const DEFAULT_MEMORY: usize = 512 << 20;

    /// What an ingest does when nothing else is asked for, on one thread.
    pub fn new(holder: impl Into<String>) -> Self {
        Self {
            memory: Self::DEFAULT_MEMORY,
            threads: 1,
            open: OpenOptions::default(),
            holder: holder.into(),
            check_content: false,
            mask_rules: None,
            revision_field: None,
        }
    }
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
    /// What they took in temporary files.
    pub spilled_bytes: u64,
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
    /// Damage that was repaired; the entries were kept.
    pub mended: Mended,
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
    let _lock = maintain::lock(&*storage, &options.holder)?;
    let archive = Archive::open_or_empty(storage.clone())?;
    collect_garbage(&*storage, archive.manifest())?;
    let mask_rules = rules_of(&archive, options)?;
    let revision_field = revision_field_of(&archive, options)?;
    let recorded = Manifest { mask_rules, revision_field, ..Manifest::default() };
    let rules = rules_by(&recorded)?;
    let known = archive.sources()?;
    // A source that may hold entries which were lost to damage is read again, as if it were new.
    let lost: BTreeSet<&str> =
        archive.manifest().set_aside.iter().flat_map(|lost| &lost.unread).map(String::as_str).collect();
    // So is one of which nothing could be kept, when it is to be read by other rules.
    let is_whole = |source: &&SourceRecord| {
        let has_kept = source.read > source.rejected;
        !lost.contains(source_name(source.key).as_str()) && (has_kept || agrees(source, options))
    };
    let whole: Vec<SourceRecord> = known.iter().filter(is_whole).cloned().collect();
    let plan = plan::plan(specs, &whole, options.check_content);
    let (unchanged, refused) = (plan.unchanged, plan.refused);
    let mut summary = Summary { unchanged: Vec::new(), refused, ..Summary::default() };
    for (path, key) in unchanged {
        match whole.iter().find(|source| source.key == key).filter(|source| !agrees(source, options)) {
            None => summary.unchanged.push(path),
            Some(source) => summary.refused.push(read_otherwise(path, source)),
        }
    }
    if plan.new.is_empty() {
        return Ok(summary);
    }
    Manifest::create(&*storage)?;
    reporter.planned(plan.new.len(), plan.bytes);
    let first_number = crate::rows::row_idx(known.len());
    let read = read_all(&*storage, &plan.new, first_number, options, &rules, reporter, stop)?;
    reporter.writing();
    summary.spilled_runs = read.spilled;
    summary.spilled_bytes = read.runs.iter().map(Run::spilled_bytes).sum();

    let mut table = SourceTable {
        keys: known.iter().map(|source| source.key).collect(),
        paths: known.iter().map(|source| source.path.clone()).collect(),
    };
    let mut new_sources: Vec<NewSource> = Vec::new();
    for (idx, (outcome, spec)) in read.sources.into_iter().zip(&plan.new).enumerate() {
        table.paths.push(spec.path.clone());
        match outcome {
            Outcome::Read { record, rejects, mended, text_bytes } => {
                table.keys.push(record.key);
                summary.text_bytes += text_bytes;
                let number = first_number + crate::rows::row_idx(idx);
                new_sources.push(NewSource { number, record: *record, rejects, mended });
            }
            Outcome::Refused(refusal) => {
                table.keys.push(0);
                summary.refused.push(refusal);
            }
        }
    }
    let commit = Commit { storage: &storage, options, stop, rules, recorded };
    let kept = commit.run(&archive, known, &table, &new_sources, read.runs)?;
    for NewSource { number, record, rejects, mended } in new_sources {
        summary.rejects.extend(rejects);
        summary.sources.push(SourceSummary { kept: kept.get(&number).copied().unwrap_or(0), record, mended });
    }
    Ok(summary)
}

/// Says whether a source was read as the dialect and field map that are asked for would have it. The service's own form is told
/// by its members, whatever is asked for.
fn agrees(source: &SourceRecord, options: &Options) -> bool {
    let dialect = DialectKind::from_name(&source.dialect);
    let is_own = matches!(dialect, Some(DialectKind::LogEntry | DialectKind::ClientLibrary));
    is_own && source.rejected == 0 || options.open.agree_with(&source.dialect, &source.dialect_reason)
}

/// Refuses a source of which entries were kept that other rules would read otherwise. They would stay beside the new ones.
fn read_otherwise(path: String, source: &SourceRecord) -> Refusal {
    let (kept, read) = (source.read - source.rejected, source.read);
    let detail = format!(
        "as {}, {}; {kept} of its {read} entries were kept and would stay as they are: ingest it into another archive",
        source.dialect, source.dialect_reason
    );
    Refusal { path, reason: RejectReason::OtherRules, detail }
}

/// Returns the rules that an ingest goes by: the archive's, which the first ingest decides.
fn rules_of(archive: &Archive, options: &Options) -> Result<String> {
    let recorded = &archive.manifest().mask_rules;
    match &options.mask_rules {
        Some(given) if archive.manifest().sequence > 0 && given != recorded => {
            let what = if recorded.is_empty() { "without any" } else { "with others" };
            let detail = format!(
                "the archive was made {what}; `reindex --mask-rules FILE` computes all patterns by the new ones"
            );
            Err(Error::MaskRules { detail })
        }
        Some(given) => Ok(given.clone()),
        None => Ok(recorded.clone()),
    }
}

/// Returns the paths to the revision that an ingest goes by, as [`rules_of`].
fn revision_field_of(archive: &Archive, options: &Options) -> Result<String> {
    let recorded = &archive.manifest().revision_field;
    let Some(given) = &options.revision_field else { return Ok(recorded.clone()) };
    let given = canonical_revision_field(given)?;
    if archive.manifest().sequence > 0 && given != *recorded {
        let what = if recorded.is_empty() { "without one".to_owned() } else { format!("with {recorded}") };
        let detail = format!(
            "the archive was made {what}; `reindex --revision-field PATH` computes all revisions by the new one"
        );
        return Err(Error::RevisionField { detail });
    }
    Ok(given)
}

/// Spells paths to the revision in the one way in which the manifest has them.
pub(crate) fn canonical_revision_field(given: &str) -> Result<String> {
    let rules =
        OriginRules::parse(given).map_err(|error| Error::RevisionField { detail: error.to_string() })?;
    Ok(rules.to_string())
}

fn rules_by(recorded: &Manifest) -> Result<RowRules> {
    let masker = Masker::with_rules(&recorded.mask_rules)
        .map_err(|error| Error::MaskRules { detail: error.to_string() })?;
    Ok(RowRules { masker, origins: recorded.origins()? })
}

/// A source that was read.
struct NewSource {
    /// Its number in the ingest's source table.
    number: u32,
    record: SourceRecord,
    rejects: Vec<RejectRecord>,
    mended: Mended,
}

struct Commit<'c> {
    storage: &'c Arc<dyn Storage>,
    options: &'c Options,
    stop: &'c AtomicBool,
    rules: RowRules,
    /// The rules as the manifest spells them.
    recorded: Manifest,
}

impl Commit<'_> {
    /// Writes segments, catalogue and manifest. Returns the entries that are new, by number of their source.
    fn run(
        &self,
        archive: &Archive,
        known: Vec<SourceRecord>,
        table: &SourceTable,
        new_sources: &[NewSource],
        runs: Vec<Run>,
    ) -> Result<BTreeMap<u32, u64>> {
        let before = archive.manifest();
        let sequence = before.sequence + 1;
        // What runs hold while they are merged is taken from what segments may take; beyond half, from nobody.
        let in_cursors = runs.iter().map(Run::cursor_memory).sum::<usize>() * 5 / 2;
        let merge_memory = self.options.memory - in_cursors.min(self.options.memory / 2);
        let mut plan = MergePlan {
            storage: self.storage,
            sources: table,
            sequence,
            n_named: 0,
            segment_memory: Budget::of(merge_memory, self.options.threads).segment,
            rules: self.rules.clone(),
        };
        let (overlapped, untouched) = overlapped(&before.segments, &runs);
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

        let (sources, rejects) = catalog_of(known, new_sources, archive.rejects()?);
        let patterns = maintain::patterns(
            self.storage,
            &segments,
            &self.rules.masker,
            &archive.patterns()?,
            &BTreeMap::new(),
        )?;
        let patterns = maintain::write_patterns(&**self.storage, sequence, &patterns)?;
        let catalog = maintain::write_catalog(&**self.storage, sequence, &sources, &rejects, patterns)?;
        let set_aside = still_missing(&before.set_aside, new_sources);
        let catalog = Some(catalog);
        let manifest = Manifest { sequence, segments, catalog, set_aside, ..self.recorded.clone() };
        // The manifest before this one may still be in use by a reader, so its files stay until the next ingest.
        maintain::commit(self.storage, before, manifest)?;
        Ok(merged.kept)
    }
}

/// Parts segments into those that rows of the runs can change, and the others.
fn overlapped(segments: &[SegmentRecord], runs: &[Run]) -> (Vec<SegmentRecord>, Vec<SegmentRecord>) {
    let mut is_hit: Vec<bool> =
        segments.iter().map(|segment| runs.iter().any(|run| run.overlaps(segment))).collect();
    // A trace that goes on through the end of a segment goes on in the next one.
    for idx in 1..segments.len() {
        is_hit[idx] |= is_hit[idx - 1] && tidy::reach(&segments[idx]).0 <= tidy::span(&segments[idx - 1]).1;
    }
    let mut hits = is_hit.iter();
    segments.iter().cloned().partition(|_| *hits.next().expect("one answer per segment"))
}

/// Adds new sources and their rejects to the catalogue.
///
/// A source is its content: one that is read again (standard input, a member of an archive, a source that lost entries
/// to damage) takes the place of its record, and of two with one content in one ingest the first by path is kept.
fn catalog_of(
    known: Vec<SourceRecord>,
    new_sources: &[NewSource],
    known_rejects: Vec<RejectRecord>,
) -> (Vec<SourceRecord>, Vec<RejectRecord>) {
    let mut fresh: BTreeMap<u64, &NewSource> = BTreeMap::new();
    for source in new_sources {
        let first = fresh.entry(source.record.key).or_insert(source);
        if source.record.path < first.record.path {
            *first = source;
        }
    }
    let mut sources: Vec<SourceRecord> =
        known.into_iter().filter(|known| !fresh.contains_key(&known.key)).collect();
    sources.extend(fresh.values().map(|source| source.record.clone()));
    sources.sort_by(|a, b| (&a.path, a.key).cmp(&(&b.path, b.key)));
    let mut rejects = known_rejects;
    rejects.retain(|reject| !fresh.contains_key(&reject.source));
    rejects.extend(fresh.values().flat_map(|source| source.rejects.iter().cloned()));
    ledger::shorten(&mut [&mut rejects], ledger::MAX_LEDGER);
    let rank: BTreeMap<u64, usize> =
        sources.iter().enumerate().map(|(idx, source)| (source.key, idx)).collect();
    rejects.sort_by_key(|reject| (rank.get(&reject.source).copied(), reject.offset, reject.len));
    (sources, rejects)
}

/// Strikes sources that were read again off the list of what may bring lost entries back.
fn still_missing(set_aside: &[SetAside], new_sources: &[NewSource]) -> Vec<SetAside> {
    let mut set_aside = set_aside.to_vec();
    for lost in &mut set_aside {
        for source in new_sources {
            let name = source_name(source.record.key);
            lost.unread.remove(&name);
            lost.sources.remove(&name);
        }
    }
    set_aside.retain(|lost| !lost.unread.is_empty());
    set_aside
}

/// Returns how much memory the rows of a segment may take when an ingest or a rewrite has `memory` in all.
pub(crate) fn segment_memory(memory: usize) -> usize {
    Budget::of(memory, 1).segment
}

/// Deletes what the live manifest does not name: leftovers of ingests that died, and files of manifests before it.
pub(crate) fn collect_garbage(storage: &dyn Storage, live: &Manifest) -> Result<()> {
    // The writer before may have been killed between naming this manifest and syncing the name. The manifest before it must
    // not lose a file while a power loss could still bring it back.
    storage.sync_folder("").map_err(Error::io(layout::CURRENT))?;
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
