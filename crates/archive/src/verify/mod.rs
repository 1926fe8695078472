//! Whether an archive is what was written: every file, and what the files say of one another.
//!
//! ```text
//! files      CURRENT ─► manifest ─► each file it names: there, as long, the same content     files
//! rows       Parquet readable, in ring order, in the month and span it claims, no copies;    rows
//!            shapes and patterns as this program computes them; rings and shapes agree
//! patterns   the catalogue is what the messages of all segments make                            patterns
//! made       and so are the catalogues of shapes, streams and variants                       made
//! counts     read = kept + duplicates + rejected + set aside, per source and in total        counts
//! leftovers  files that nothing names: no error, the next commit deletes them
//! ```
//!
//! Nothing is changed here; [`crate::repair`] does that, from what is found.

mod counts;
mod files;
mod made;
mod patterns;
mod rows;

use crate::archive::Archive;
use crate::error::{Error, Result};
use crate::layout;
use crate::manifest::{Manifest, SegmentRecord};
use crate::storage::Storage;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every file's checksum, and the counts. Cost: reads every byte once.
    Files,
    /// Every row as well. Cost: about that of ingesting the entries again.
    Rows,
}

/// Who watches.
pub trait Reporter: Sync {
    /// So many files with so many bytes are to be checked.
    fn planned(&self, n_files: usize, bytes: u64);
    /// A file was compared with its checksum.
    fn file_checked(&self, path: &str, bytes: u64);
    /// A segment's rows are being read.
    fn segment_started(&self, segment: &str, rows: u64);
}

/// A reporter that says nothing.
#[derive(Debug)]
pub struct Silent;

impl Reporter for Silent {
    fn planned(&self, _: usize, _: u64) {}
    fn file_checked(&self, _: &str, _: u64) {}
    fn segment_started(&self, _: &str, _: u64) {}
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Number of the live commit.
    pub sequence: u64,
    /// Files compared.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Segments in the archive.
    pub segments: u64,
    /// Entries in the archive.
    pub entries: u64,
    /// Entries whose rows were read; less than `entries` when only files were looked at or some cannot be read.
    pub entries_read: u64,
    /// What is wrong, by file.
    pub problems: Vec<Problem>,
    /// Spans whose entries a repair had to give up and that were not ingested again since.
    pub set_aside: Vec<Affected>,
    /// Files that nothing names: of an ingest that died, or of the commit before, kept for readers. No problem.
    pub leftovers: Vec<String>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, relative to the archive.
    pub file: String,
    /// What is wrong with it.
    pub detail: String,
    /// What suffers.
    pub impact: Impact,
    /// The segment that the file belongs to.
    pub segment: Option<Affected>,
    /// What can still be answered, as a sentence.
    pub answerable: String,
    /// What helps, as a sentence.
    pub remedy: String,
}

/// What a problem spoils.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// The archive cannot be opened.
    Archive,
    /// Entries cannot be read.
    Entries,
    /// Entries are whole; what finds them is not.
    Index,
    /// Entries are whole; shapes or patterns were computed by other rules than this program's.
    Stale,
    /// What is known of sources and rejects is spoilt.
    Catalog,
    /// Counts do not add up.
    Counts,
}

/// A segment, or what is left of its memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// Name.
    pub segment: String,
    /// UTC month.
    pub month: String,
    /// Time of the first entry, RFC 3339.
    pub first: String,
    /// Time of the last entry, RFC 3339.
    pub last: String,
    /// Number of entries.
    pub entries: u64,
}

impl VerifyReport {
    /// Says whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Compares an archive with what its manifest says, and changes nothing.
///
/// Damage is no error here, it is the answer.
///
/// # Errors
/// [`Error::Missing`] when there is no archive, [`Error::Version`] when a newer program wrote it, [`Error::Io`] when a
/// folder cannot be listed.
pub fn verify(
    storage: Arc<dyn Storage>,
    name: &str,
    depth: Depth,
    reporter: &dyn Reporter,
) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let archive = match Archive::open(storage.clone(), name) {
        Ok(archive) => archive,
        Err(Error::Damaged { file, detail }) => {
            report.problems.push(problem(&file, detail, Impact::Archive, None));
            return Ok(report);
        }
        Err(error) => return Err(error),
    };
    let manifest = archive.manifest();
    report.sequence = manifest.sequence;
    report.segments = manifest.segments.len() as u64;
    report.entries = manifest.entries();
    report.set_aside = manifest.set_aside.iter().map(Affected::of_set_aside).collect();
    report.leftovers = leftovers(&*storage, manifest)?;
    files::check(&*storage, manifest, reporter, &mut report);
    check_spans(manifest, &mut report);
    counts::check(&archive, &mut report);
    let rules = match manifest.row_rules() {
        Ok(rules) => rules,
        // Without them no row can be looked at as it was written, nor a new one be written.
        Err(Error::Damaged { file, detail }) => {
            report.problems.push(problem(&file, detail, Impact::Archive, None));
            return Ok(report);
        }
        Err(error) => return Err(error),
    };
    if depth == Depth::Rows {
        for segment in archive.segments() {
            reporter.segment_started(&segment.record().id, segment.record().rows);
            rows::check(segment, &rules, &mut report);
        }
        patterns::check(&archive, &rules.masker, &mut report);
        made::check(&archive, &mut report);
    }
    report.problems.sort_by(|a, b| (&a.file, a.impact).cmp(&(&b.file, b.impact)));
    Ok(report)
}

impl Affected {
    pub(crate) fn of(record: &SegmentRecord) -> Self {
        Self {
            segment: record.id.clone(),
            month: record.month.clone(),
            first: rfc3339(record.first_ns),
            last: rfc3339(record.last_ns),
            entries: record.rows,
        }
    }

    fn of_set_aside(lost: &crate::manifest::SetAside) -> Self {
        Self {
            segment: lost.segment.clone(),
            month: lost.month.clone(),
            first: rfc3339(lost.first_ns),
            last: rfc3339(lost.last_ns),
            entries: lost.rows(),
        }
    }
}

fn rfc3339(nanos: i64) -> String {
    let mut text = String::new();
    timberline_entry::Timestamp::from_nanos(nanos).push_rfc3339(9, &mut text);
    text
}

/// Makes a problem; what it spoils decides what can still be answered and what helps.
fn problem(file: &str, detail: impl ToString, impact: Impact, segment: Option<&SegmentRecord>) -> Problem {
    let (answerable, remedy) = match impact {
        Impact::Archive => {
            ("nothing, until the archive is repaired", "verify --repair rebuilds the manifest")
        }
        Impact::Entries => (
            "everything outside this segment's span; inside it, counts that the index alone decides",
            "verify --repair sets the file aside as a gap; ingesting the exports of that span again fills it",
        ),
        Impact::Index => (
            "everything outside this segment's span; its entries are whole",
            "verify --repair rebuilds the index from the entries",
        ),
        Impact::Stale => (
            "everything but questions by pattern, which see entries of this segment apart from others",
            "reindex computes shapes and patterns again",
        ),
        Impact::Catalog if layout::is_made_catalog(file) => (
            "everything: what it says is put together from the segments for every question",
            "verify --repair makes it anew",
        ),
        Impact::Catalog => (
            "everything but coverage, sources, rejects and ids of merged patterns",
            "verify --repair keeps what the entries tell of their sources; ingesting the exports again restores the rest",
        ),
        Impact::Counts => ("everything; numbers of duplicates may be wrong", "ingest the exports again"),
    };
    Problem {
        file: file.to_owned(),
        detail: detail.to_string(),
        impact,
        segment: segment.map(Affected::of),
        answerable: answerable.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// Compares a file of the catalogue with what the segments make. `is_made` is not asked where that is no news: an index that is
/// not of its rows was reported, and so was a file that is not what was written.
fn check_made(report: &mut VerifyReport, path: &str, wrong: &str, is_made: impl FnOnce() -> Result<bool>) {
    let is_known = |problem: &Problem| problem.impact == Impact::Index || problem.file == *path;
    if report.problems.iter().any(is_known) {
        return;
    }
    let detail = match is_made() {
        Ok(true) => return,
        Ok(false) => wrong.to_owned(),
        Err(Error::Damaged { detail, .. }) => detail,
        Err(error) => error.to_string(),
    };
    report.problems.push(problem(path, detail, Impact::Catalog, None));
}

fn leftovers(storage: &dyn Storage, manifest: &Manifest) -> Result<Vec<String>> {
    let mut named: BTreeSet<String> = manifest.files().map(|file| file.path.clone()).collect();
    named.insert(layout::manifest(manifest.sequence));
    let mut found = Vec::new();
    for folder in layout::FOLDERS {
        let paths = storage.list(folder).map_err(Error::io(folder))?;
        found.extend(paths.into_iter().filter(|path| !named.contains(path)));
    }
    Ok(found)
}

/// Spans of segments must follow one another, because identity contains the time: copies of an entry are only looked
/// for in the segment whose span holds it.
fn check_spans(manifest: &Manifest, report: &mut VerifyReport) {
    let micros = |nanos: i64| timberline_entry::Timestamp::from_nanos(nanos).as_micros();
    for pair in manifest.segments.windows(2) {
        if micros(pair[0].last_ns) >= micros(pair[1].first_ns) {
            let path = layout::manifest(manifest.sequence);
            let detail = format!("the spans of segments {} and {} overlap", pair[0].id, pair[1].id);
            report.problems.push(problem(&path, detail, Impact::Entries, Some(&pair[1])));
        }
    }
}
