//! The manifest: everything that belongs to an archive at one moment.
//!
//! A segment exists when the live manifest names it. Manifests are written once; `CURRENT` names the live one.
//! The types here are the program's; [`v1`] is how they look on disk.

mod v1;

use crate::error::{Error, Result};
use crate::ingest::RowRules;
use crate::layout;
use crate::storage::Storage;
use crate::sums::saturating_sum;
use std::collections::{BTreeMap, BTreeSet};
use timberline_entry::OriginRules;
use timberline_pattern::mask::Masker;

/// The newest format version that this program reads, and the one it writes.
pub const FORMAT: u32 = 4;

/// What belongs to the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Number of the commit, from 1; 0 for an archive without any.
    pub sequence: u64,
    /// Segments in time order; their spans do not overlap.
    pub segments: Vec<SegmentRecord>,
    /// The source catalogue and the reject ledger; none before the first commit.
    pub catalog: Option<CatalogRecord>,
    /// Segments that were damaged and could not be rebuilt, in time order: gaps, until their sources are read again.
    pub set_aside: Vec<SetAside>,
    /// Rules for values in messages that were given beside the built-in ones, as their text; empty for none.
    pub mask_rules: String,
    /// Paths to the revision of an entry, as [`OriginRules`] writes them; empty for none.
    pub revision_field: String,
}

/// Entries that were lost to damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Name of the segment that held them.
    pub segment: String,
    /// UTC month.
    pub month: String,
    /// Time of the first entry, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last entry.
    pub last_ns: i64,
    /// Number of entries that are missing at most, by [`source_name`] of the source that they were attributed to.
    /// A source that was read again since is not here any more.
    pub sources: BTreeMap<String, u64>,
    /// Sources, by [`source_name`], that may hold entries of the span and were not read again since. Reading them again
    /// brings the entries back.
    pub unread: BTreeSet<String>,
    /// Where the damaged file is kept.
    pub path: String,
}

impl SetAside {
    /// Returns the number of entries that are missing at most.
    pub fn rows(&self) -> u64 {
        saturating_sum(self.sources.values().copied())
    }
}

/// A file with what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Path relative to the archive.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// XXH3 (64 bits) of the content, sixteen hex digits.
    pub xxh3: String,
}

impl FileRecord {
    /// Describes a file of this content.
    pub(crate) fn of(path: &str, content: &[u8]) -> Self {
        Self { path: path.to_owned(), bytes: content.len() as u64, xxh3: v1::checksum(content) }
    }

    /// Says whether the content is what was written.
    pub fn is_of(&self, content: &[u8]) -> bool {
        content.len() as u64 == self.bytes && v1::checksum(content) == self.xxh3
    }
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRecord {
    /// Name, unique in the archive's history.
    pub id: String,
    /// UTC month of all its entries, `2025-09`.
    pub month: String,
    /// Number of entries.
    pub rows: u64,
    /// Number of rings.
    pub rings: u64,
    /// Number of shapes.
    pub shapes: u64,
    /// Time of the first entry, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last entry.
    pub last_ns: i64,
    /// Entries attributed to each source, by [`source_name`].
    pub sources: BTreeMap<String, u64>,
    /// Whether traces could go on across its ends.
    pub trace_edges: TraceEdges,
    /// Bytes that its rows take in the memory of an ingest; `None` when nobody has counted them.
    pub memory: Option<u64>,
    /// The files: entries first, checksums of blocks last.
    pub files: Vec<FileRecord>,
}

/// Whether traces that were logged line by line could go on across the ends of a segment, if entries came that are
/// within a second of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceEdges {
    /// An entry of its first second looks like a later line of a trace.
    pub continues: bool,
    /// A trace was open at its end.
    pub ends_open: bool,
}

/// The catalogue's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogRecord {
    /// Where entries came from.
    pub sources: FileRecord,
    /// What could not be kept.
    pub rejects: FileRecord,
    /// Which shapes of messages are one pattern.
    pub patterns: FileRecord,
    /// What the entries of all segments look like; none in archives before format 4, and where a segment could not be read.
    pub shapes: Option<FileRecord>,
    /// What each revision wrote; none where the shapes are, and in archives that an earlier program wrote.
    pub streams: Option<FileRecord>,
    /// Which values of closed holes are variants; none where the shapes are, and in archives that an earlier program wrote.
    pub variants: Option<FileRecord>,
}

impl CatalogRecord {
    /// Returns its files.
    pub fn files(&self) -> impl Iterator<Item = &FileRecord> {
        let made = [&self.shapes, &self.streams, &self.variants];
        [&self.sources, &self.rejects, &self.patterns].into_iter().chain(made.into_iter().flatten())
    }
}

impl Manifest {
    /// Reads the live manifest. A folder without `CURRENT` and without files of an archive is an empty archive.
    ///
    /// # Errors
    /// [`Error::Damaged`] when `CURRENT` or the manifest is not what was written, [`Error::Version`] when a newer
    /// program wrote it.
    pub fn load(storage: &dyn Storage) -> Result<Self> {
        let current = match storage.read(layout::CURRENT) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // Everything else is written after the first `CURRENT`, so files without one mean that it was lost;
                // taking them for leftovers would delete the archive.
                for folder in layout::FOLDERS {
                    let files = storage.list(folder).map_err(Error::io(folder))?;
                    if files.iter().any(|path| *path != layout::manifest(0)) {
                        return Err(Error::damaged(layout::CURRENT, "the file is missing"));
                    }
                }
                return Ok(Self::default());
            }
            current => current.map_err(Error::io(layout::CURRENT))?,
        };
        let pointer = v1::Pointer::decode(&current)?;
        let content = crate::segment_read(storage, &pointer.path)?;
        if pointer.xxh3 != v1::checksum(&content) {
            return Err(Error::damaged(&pointer.path, "the checksum does not match CURRENT"));
        }
        Self::decode(&content, &pointer.path)
    }

    /// Reads a manifest's content; `path` is for messages.
    pub(crate) fn decode(content: &[u8], path: &str) -> Result<Self> {
        v1::decode(content, path)
    }

    /// Makes the folder an empty archive, so that whatever is written from now on is known to belong to one.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn create(storage: &dyn Storage) -> Result<()> {
        match storage.read(layout::CURRENT) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default().commit(storage),
            current => current.map(drop).map_err(Error::io(layout::CURRENT)),
        }
    }

    /// Writes the manifest and makes it the live one.
    ///
    /// # Errors
    /// What the system says. The archive is then as before, unless the very last step failed, syncing the name of
    /// `CURRENT`: then it is as before or as after.
    pub(crate) fn commit(&self, storage: &dyn Storage) -> Result<()> {
        let path = layout::manifest(self.sequence);
        let content = v1::encode(self);
        // A manifest that was written but never named is left over from a commit that did not finish.
        storage.remove(&path).map_err(Error::io(&path))?;
        storage.write(&path, &content).map_err(Error::io(&path))?;
        storage.sync_folder("").map_err(Error::io(layout::CURRENT))?;
        let pointer = v1::Pointer { xxh3: v1::checksum(&content), path };
        storage.replace(layout::CURRENT, &pointer.encode()).map_err(Error::io(layout::CURRENT))
    }

    /// Returns what finds the values in messages.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the recorded rules are none.
    pub fn masker(&self) -> Result<Masker> {
        Masker::with_rules(&self.mask_rules)
            .map_err(|error| Error::damaged(layout::manifest(self.sequence), error))
    }

    /// Returns what finds service and revision of entries.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the recorded paths are none.
    pub fn origins(&self) -> Result<OriginRules> {
        OriginRules::parse(&self.revision_field)
            .map_err(|error| Error::damaged(layout::manifest(self.sequence), error))
    }

    pub(crate) fn row_rules(&self) -> Result<RowRules> {
        Ok(RowRules { masker: self.masker()?, origins: self.origins()? })
    }

    /// Returns the number of entries.
    pub fn entries(&self) -> u64 {
        saturating_sum(self.segments.iter().map(|segment| segment.rows))
    }

    /// Returns every file that belongs to the archive, `CURRENT` and the lock aside.
    pub fn files(&self) -> impl Iterator<Item = &FileRecord> {
        let catalog = self.catalog.iter().flat_map(|catalog| catalog.files());
        self.segments.iter().flat_map(|segment| &segment.files).chain(catalog)
    }
}

/// Returns a source's key as it is written in the manifest and the catalogue.
pub fn source_name(key: u64) -> String {
    format!("{key:016x}")
}
