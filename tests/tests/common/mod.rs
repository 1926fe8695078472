//! Archives of exports, for tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_archive::Archive;
use timberline_archive::ingest::{Options, Silent, ingest};
use timberline_archive::storage::DiskStorage;
use timberline_entry::input::discover;

/// Real exports beside the checkout; `None`, with a note, where there are none.
pub(crate) fn real() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/real");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no folder {}", folder.display());
    None
}

/// Ingests exports, in one go, into an archive in `folder`.
pub(crate) fn archive_of(folder: &Path, exports: &Path) -> Archive {
    let storage = Arc::new(DiskStorage::new(folder));
    let options = Options { memory: 128 << 20, threads: 2, ..Options::new("test") };
    let (specs, refused) = discover(&[exports.to_string_lossy().into_owned()]);
    assert!(refused.is_empty(), "{refused:?}");
    ingest(storage.clone(), specs, &options, &Silent, &AtomicBool::new(false)).unwrap();
    Archive::open(storage, "test").unwrap()
}
