//! The Tantivy index of a segment: one document per ring.
//!
//! Documents are added in row order to a writer that makes exactly one Tantivy segment, so a document's id is the ring's
//! number. Nothing is stored.

use super::checked::{CheckedFile, SegmentFiles};
use super::facts::RingFacts;
use crate::error::{Error, Result};
use crate::layout;
use crate::manifest::FORMAT;
use bytes::Bytes;
use crossbeam_channel::Sender;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use tantivy::directory::error::{DeleteError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    Directory, FileHandle, OwnedBytes, RamDirectory, WatchCallback, WatchHandle, WritePtr,
};
use tantivy::schema::{Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::{HasLen, Index, SegmentReader, TantivyDocument};

/// Returns the schema of a format, and the field with the tokens of a ring.
///
/// Format 1 also had the tokens that every row of a ring has, which are known from templates; formats 1 and 2 had the facts of
/// rings, which have a file of their own since.
fn schema(format: u32) -> (Schema, Field) {
    let mut builder = Schema::builder();
    let text = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer("whitespace")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic),
    );
    if format == 1 {
        builder.add_text_field("c", text.clone());
    }
    let variable = builder.add_text_field("v", text);
    if format < 3 {
        let fast = || NumericOptions::default().set_fast();
        for name in ["row_start", "rows"] {
            builder.add_u64_field(name, fast());
        }
        for name in ["min_ts", "max_ts"] {
            builder.add_i64_field(name, fast());
        }
        for name in ["shape", "service", "revision", "severity"] {
            builder.add_u64_field(name, fast());
        }
    }
    (builder.build(), variable)
}

/// Collects ring documents. Tantivy takes them in on a thread of its own: it needs a quarter of the time that putting them
/// together takes.
pub(super) struct IndexWriter {
    documents: Sender<TantivyDocument>,
    index: JoinHandle<tantivy::Result<Index>>,
    directory: RamDirectory,
    variable: Field,
    path: String,
}

const WRITER_MEMORY: usize = 15 << 20;
/// So many documents may wait to be taken in.
const MAX_WAITING: usize = 256;

impl IndexWriter {
    pub(super) fn new(segment_id: &str) -> Result<Self> {
        let (schema, variable) = schema(FORMAT);
        let directory = RamDirectory::create();
        let path = layout::index_folder(segment_id);
        let settings = tantivy::IndexSettings {
            docstore_compression: tantivy::store::Compressor::None,
            docstore_compress_dedicated_thread: false,
            ..Default::default()
        };
        let mut writer = Index::builder()
            .schema(schema)
            .settings(settings)
            .single_segment_index_writer(directory.clone(), WRITER_MEMORY)
            .map_err(|error| failed(&path, error))?;
        let (documents, waiting) = crossbeam_channel::bounded(MAX_WAITING);
        let take_in = move || {
            for document in waiting {
                writer.add_document(document)?;
            }
            writer.finalize()
        };
        let index = std::thread::Builder::new().spawn(take_in).map_err(Error::io(&path))?;
        Ok(Self { documents, index, directory, variable, path })
    }

    /// Adds the next ring with its tokens, which are separated by spaces.
    pub(super) fn add(&self, variable: &str) {
        let mut document = TantivyDocument::default();
        document.add_text(self.variable, variable);
        // Nobody listens after a failure, which is told at the end.
        self.documents.send(document).ok();
    }

    /// Finishes the index and returns its files by name.
    pub(super) fn finish(self) -> Result<Vec<(String, Vec<u8>)>> {
        drop(self.documents);
        let index = self.index.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let index = index.map_err(|error| failed(&self.path, error))?;
        let mut names: Vec<PathBuf> = index.directory().list_managed_files().into_iter().collect();
        names.sort();
        let mut files = Vec::new();
        for name in names {
            // The writer lists files it may have made; those it did not make are not there.
            if let Ok(slice) = self.directory.open_read(&name) {
                let content = slice.read_bytes().map_err(Error::io(&self.path))?;
                files.push((name.to_string_lossy().into_owned(), content.as_slice().to_vec()));
            }
        }
        Ok(files)
    }
}

fn failed(path: &str, error: tantivy::TantivyError) -> Error {
    Error::io(path)(std::io::Error::other(error))
}

/// An opened index.
pub(super) struct IndexReader {
    pub(super) reader: SegmentReader,
    /// The field with the tokens of a ring.
    pub(super) variable: Field,
    path: String,
}

impl std::fmt::Debug for IndexReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IndexReader").field("path", &self.path).finish_non_exhaustive()
    }
}

impl IndexReader {
    pub(super) fn open(files: Arc<SegmentFiles>, segment_id: &str) -> Result<Self> {
        let path = layout::index_folder(segment_id);
        let damaged = |error: tantivy::TantivyError| Error::damaged(&path, error);
        let index = Index::open(ReadOnly { files, folder: path.clone() }).map_err(damaged)?;
        let segments = index.searchable_segments().map_err(damaged)?;
        let [segment] = &segments[..] else {
            return Err(Error::damaged(&path, format!("{} Tantivy segments instead of one", segments.len())));
        };
        let reader = SegmentReader::open(segment).map_err(damaged)?;
        let known = (1..=FORMAT).map(schema).find(|(schema, _)| *schema == index.schema());
        let (_, variable) = known.ok_or_else(|| Error::damaged(&path, "the index has another schema"))?;
        Ok(Self { reader, variable, path })
    }

    /// Reads the facts of all rings, as formats 1 and 2 have them.
    pub(super) fn rings(&self) -> Result<RingFacts> {
        let damaged = |error: tantivy::TantivyError| Error::damaged(&self.path, error);
        let n = self.reader.max_doc();
        let fast = self.reader.fast_fields();
        let numbers = |name: &str| -> Result<Vec<u64>> {
            let column = fast.u64(name).map_err(damaged)?;
            let mut values = vec![0; n as usize];
            column.first_or_default_col(0).get_range(0, &mut values);
            Ok(values)
        };
        let times = |name: &str| -> Result<Vec<i64>> {
            let column = fast.i64(name).map_err(damaged)?;
            let mut values = vec![0; n as usize];
            column.first_or_default_col(0).get_range(0, &mut values);
            Ok(values)
        };
        let small = |name: &str| -> Result<Vec<u32>> {
            let convert = |value| {
                u32::try_from(value).map_err(|_| Error::damaged(&self.path, format!("{name}: {value}")))
            };
            numbers(name)?.into_iter().map(convert).collect()
        };
        let severity = |value| match u8::try_from(value) {
            Ok(rank @ 0..9) => Ok(rank),
            _ => Err(Error::damaged(&self.path, format!("severity {value}"))),
        };
        Ok(RingFacts {
            row_start: numbers("row_start")?,
            rows: numbers("rows")?,
            min_ts: times("min_ts")?,
            max_ts: times("max_ts")?,
            shape: small("shape")?,
            service: small("service")?,
            revision: small("revision")?,
            severity: numbers("severity")?.into_iter().map(severity).collect::<Result<_>>()?,
        })
    }
}

/// Tantivy's view of an index folder: read, never written, and compared with its checksums as it is read.
#[derive(Clone, Debug)]
struct ReadOnly {
    files: Arc<SegmentFiles>,
    folder: String,
}

impl ReadOnly {
    fn path(&self, name: &Path) -> String {
        format!("{}/{}", self.folder, name.to_string_lossy())
    }

    fn open(&self, name: &Path) -> Result<CheckedFile, OpenReadError> {
        let path = self.path(name);
        if !self.files.contains(&path) {
            return Err(OpenReadError::FileDoesNotExist(name.to_owned()));
        }
        self.files
            .open(&path)
            .map_err(|error| OpenReadError::wrap_io_error(std::io::Error::other(error), name.to_owned()))
    }
}

impl HasLen for CheckedFile {
    fn len(&self) -> usize {
        Self::len(self)
    }
}

impl FileHandle for CheckedFile {
    fn read_bytes(&self, range: Range<usize>) -> std::io::Result<OwnedBytes> {
        Ok(OwnedBytes::new(SharedBytes(self.bytes(range)?)))
    }
}

fn read_only() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::PermissionDenied, "an archive's index is never changed")
}

impl Directory for ReadOnly {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        Ok(Arc::new(self.open(path)?))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        Err(DeleteError::IoError { io_error: Arc::new(read_only()), filepath: path.to_owned() })
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.files.contains(&self.path(path)))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        Err(OpenWriteError::wrap_io_error(read_only(), path.to_owned()))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let content =
            self.open(path)?.all().map_err(|error| OpenReadError::wrap_io_error(error, path.to_owned()))?;
        Ok(content.to_vec())
    }

    fn atomic_write(&self, _: &Path, _: &[u8]) -> std::io::Result<()> {
        Err(read_only())
    }

    fn sync_directory(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}

struct SharedBytes(Bytes);

// SAFETY: `Bytes` derefs to the same address for as long as it lives; cloning shares it and moving it moves no data.
#[expect(unsafe_code, reason = "the trait that lets Tantivy hold a mapped file is unsafe by nature")]
unsafe impl stable_deref_trait::StableDeref for SharedBytes {}

impl std::ops::Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
