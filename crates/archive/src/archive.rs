//! An archive opened for reading.

use crate::catalog::{
    self, PatternIds, PatternRecord, RejectRecord, SegmentShapes, ShapeCatalog, SourceRecord, StreamCatalog,
    VariantCatalog,
};
use crate::error::{Error, Result};
use crate::layout;
use crate::manifest::{FileRecord, Manifest};
use crate::patterns;
use crate::segment::{Segment, get_or_try};
use crate::storage::Storage;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// One moment of an archive: the manifest that was live when it was opened, and its segments.
///
/// Later commits do not show; files of this moment stay until the ingest after the next commit.
#[derive(Debug)]
pub struct Archive {
    storage: Arc<dyn Storage>,
    manifest: Manifest,
    segments: Vec<Segment>,
    shapes: OnceLock<ShapeCatalog>,
    streams: OnceLock<StreamCatalog>,
    variants: OnceLock<VariantCatalog>,
}

impl Archive {
    /// Opens an archive. Cost: reads two small files.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none, else as [`Manifest::load`].
    pub fn open(storage: Arc<dyn Storage>, name: &str) -> Result<Self> {
        let archive = Self::open_or_empty(storage)?;
        if archive.manifest.sequence == 0 {
            Err(Error::Missing { path: name.to_owned() })
        } else {
            Ok(archive)
        }
    }

    /// Opens an archive, or an empty one where there is none.
    ///
    /// # Errors
    /// As [`Manifest::load`].
    pub fn open_or_empty(storage: Arc<dyn Storage>) -> Result<Self> {
        let manifest = Manifest::load(&*storage)?;
        Ok(Self::of(storage, manifest))
    }

    /// Opens the archive as a manifest has it.
    pub(crate) fn of(storage: Arc<dyn Storage>, manifest: Manifest) -> Self {
        let segments = Segment::all(&storage, &manifest.segments);
        Self {
            storage,
            manifest,
            segments,
            shapes: OnceLock::new(),
            streams: OnceLock::new(),
            variants: OnceLock::new(),
        }
    }

    /// Returns the manifest.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the segments, in time order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Reads the source catalogue, sorted by path.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not what was written.
    pub fn sources(&self) -> Result<Vec<SourceRecord>> {
        let Some(catalog) = &self.manifest.catalog else { return Ok(Vec::new()) };
        catalog::read_sources(self.read(&catalog.sources)?, &catalog.sources.path)
    }

    /// Reads what each source is called, by its key. Cost: two columns of the source catalogue.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not what was written.
    pub fn source_paths(&self) -> Result<BTreeMap<u64, String>> {
        let Some(catalog) = &self.manifest.catalog else { return Ok(BTreeMap::new()) };
        catalog::read_source_paths(self.read(&catalog.sources)?, &catalog.sources.path)
    }

    /// Reads the reject ledger, by source and place.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not what was written.
    pub fn rejects(&self) -> Result<Vec<RejectRecord>> {
        let Some(catalog) = &self.manifest.catalog else { return Ok(Vec::new()) };
        catalog::read_rejects(self.read(&catalog.rejects)?, &catalog.rejects.path)
    }

    /// Reads the pattern catalogue: shapes of messages by pattern, then by fingerprint.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not what was written.
    pub fn patterns(&self) -> Result<Vec<PatternRecord>> {
        let Some(catalog) = &self.manifest.catalog else { return Ok(Vec::new()) };
        catalog::read_patterns(self.read(&catalog.patterns)?, &catalog.patterns.path)
    }

    /// Reads which pattern each shape of message belongs to, and each former id leads to.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the catalogue is not what was written.
    pub fn pattern_ids(&self) -> Result<PatternIds> {
        let Some(catalog) = &self.manifest.catalog else { return Ok(PatternIds::default()) };
        catalog::read_pattern_ids(self.read(&catalog.patterns)?, &catalog.patterns.path)
    }

    /// Returns what the entries of all segments look like. Cost: reads the catalogue, once.
    ///
    /// # Errors
    /// [`Error::Damaged`] when there is no catalogue to be read and the segments do not say it either.
    pub fn shapes(&self) -> Result<&ShapeCatalog> {
        get_or_try(&self.shapes, || match self.stored_shapes() {
            Some(Ok(stored)) => Ok(stored),
            // No answer depends on it.
            Some(Err(Error::Damaged { .. })) | None => {
                let path = layout::shape_catalog(self.manifest.sequence);
                let made = catalog::shapes_of(&self.segments)?;
                catalog::read_shapes(made.into(), &path, &self.n_shapes())
            }
            Some(Err(error)) => Err(error),
        })
    }

    /// Reads what most questions ask for in the course of their answer, side by side. What cannot be read is left to whoever asks
    /// for it. Cost: reads two catalogues, where they are stored.
    pub fn read_ahead(&self) {
        rayon::join(
            || self.stored_shapes().and_then(Result::ok).map(|stored| self.shapes.get_or_init(|| stored)),
            || self.stored_streams().and_then(Result::ok).map(|stored| self.streams.get_or_init(|| stored)),
        );
    }

    /// Returns what the entries of one segment look like, by its place among [`segments`](Self::segments).
    ///
    /// # Errors
    /// As [`shapes`](Self::shapes).
    pub fn shapes_of(&self, segment_idx: usize) -> Result<SegmentShapes<'_>> {
        Ok(self.shapes()?.of_segment(segment_idx))
    }

    /// Reads the shape catalogue, if the manifest names one.
    pub(crate) fn stored_shapes(&self) -> Option<Result<ShapeCatalog>> {
        let file = self.manifest.catalog.as_ref()?.shapes.as_ref()?;
        let stored = self.read(file);
        Some(stored.and_then(|content| catalog::read_shapes(content, &file.path, &self.n_shapes())))
    }

    /// Returns what each revision of each service wrote. Cost: reads the catalogue, once.
    ///
    /// # Errors
    /// [`Error::Damaged`] when there is no catalogue to be read and the segments do not say it either.
    pub fn streams(&self) -> Result<&StreamCatalog> {
        get_or_try(&self.streams, || match self.stored_streams() {
            Some(Ok(stored)) => Ok(stored),
            // No answer depends on it.
            Some(Err(Error::Damaged { .. })) | None => catalog::streams_of(&self.segments, &BTreeMap::new()),
            Some(Err(error)) => Err(error),
        })
    }

    /// Reads the stream catalogue, if the manifest names one.
    pub(crate) fn stored_streams(&self) -> Option<Result<StreamCatalog>> {
        let file = self.manifest.catalog.as_ref()?.streams.as_ref()?;
        let stored = self.read(file);
        Some(stored.and_then(|content| catalog::read_streams(&content, &file.path, self.segments.len())))
    }

    /// Returns the values of closed holes that have ids of their own. Cost: reads the catalogue, once.
    ///
    /// # Errors
    /// [`Error::Damaged`] when there is no catalogue to be read and the segments do not say it either.
    pub fn variants(&self) -> Result<&VariantCatalog> {
        get_or_try(&self.variants, || match self.stored_variants() {
            Some(Ok(stored)) => Ok(stored),
            // No answer depends on it.
            Some(Err(Error::Damaged { .. })) | None => patterns::variants_of(self),
            Some(Err(error)) => Err(error),
        })
    }

    /// Reads the variant catalogue, if the manifest names one.
    fn stored_variants(&self) -> Option<Result<VariantCatalog>> {
        let file = self.manifest.catalog.as_ref()?.variants.as_ref()?;
        Some(self.read(file).and_then(|content| catalog::read_variants(&content, &file.path)))
    }

    fn n_shapes(&self) -> Vec<u64> {
        self.manifest.segments.iter().map(|segment| segment.shapes).collect()
    }

    /// Reads a small file as a whole and compares it with its checksum.
    pub(crate) fn read(&self, file: &FileRecord) -> Result<bytes::Bytes> {
        let content = crate::segment_read(&*self.storage, &file.path)?;
        if file.is_of(&content) {
            Ok(content)
        } else {
            Err(Error::damaged(&file.path, "the content does not match its checksum"))
        }
    }

    /// Returns the length of the live manifest in bytes.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is gone.
    pub fn manifest_bytes(&self) -> Result<u64> {
        Ok(crate::segment_read(&*self.storage, &layout::manifest(self.manifest.sequence))?.len() as u64)
    }
}
