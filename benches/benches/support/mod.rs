//! Generated exports and archives of them, for all benchmarks.

#![allow(dead_code, clippy::allow_attributes, reason = "each benchmark uses some of it")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_archive::Archive;
use timberline_archive::ingest::{Options, Silent, ingest};
use timberline_archive::storage::DiskStorage;
use timberline_entry::input::{OpenOptions, Reader, SourceSpec, discover};
use timberline_entry::split::Batch;
use timberline_testkit::generate::{Config, lines};

const N_ENTRIES: u64 = 50_000;
const SEED: u64 = 1;

/// Exports as one file of lines.
pub(crate) struct Exports {
    folder: tempfile::TempDir,
    /// Length of the file.
    pub(crate) bytes: usize,
}

impl Exports {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = lines(&Config::small(SEED, N_ENTRIES)).join("\n");
        std::fs::write(folder.path().join("exports.ndjson"), &text).expect("space for the exports");
        Self { folder, bytes: text.len() }
    }

    pub(crate) fn path(&self) -> String {
        self.folder.path().join("exports.ndjson").to_string_lossy().into_owned()
    }

    /// Splits the file and hands the batches on, with entries not read yet.
    pub(crate) fn each_batch(&self, mut visit: impl FnMut(&Batch)) {
        let mut reader = Reader::open(&SourceSpec::file(Path::new(&self.path())), &OpenOptions::default())
            .expect("the exports are sound");
        while let Some(batch) = reader.next_batch(1 << 20).expect("the file can be read") {
            visit(&batch);
        }
    }

    pub(crate) fn archive(&self, to: &Path) -> Archive {
        let storage = Arc::new(DiskStorage::new(to));
        let options = Options { threads: 2, ..Options::new("benchmark") };
        let specs = discover(&[self.path()]).0;
        ingest(storage.clone(), specs, &options, &Silent, &AtomicBool::new(false))
            .expect("the exports are sound");
        open(to)
    }
}

pub(crate) fn open(folder: &Path) -> Archive {
    Archive::open(Arc::new(DiskStorage::new(folder)), "benchmark").expect("an archive was just written")
}
