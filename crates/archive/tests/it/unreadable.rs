//! A file that the system does not give is no damaged one: a repair that took it for one would delete what it holds.

use crate::sample::{assert_sound, export, file, ingest, rewrite_options};
use bytes::Bytes;
use std::io;
use std::sync::Arc;
use timberline_archive::Error;
use timberline_archive::compact::reindex;
use timberline_archive::ingest::Options;
use timberline_archive::layout;
use timberline_archive::manifest::Manifest;
use timberline_archive::repair::repair;
use timberline_archive::storage::{FileWriter, LockGuard, LockRefusal, ScratchFile, Storage};
use timberline_archive::testing::{Image, RecordingStorage, contents};
use timberline_archive::verify::Silent;

/// Storage in which one file cannot be read, as when the permission is missing.
#[derive(Debug)]
struct Denied {
    inner: Arc<dyn Storage>,
    path: String,
}

impl Storage for Denied {
    fn read(&self, path: &str) -> io::Result<Bytes> {
        if path == self.path {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        self.inner.read(path)
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        self.inner.create(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.inner.sync_folder(folder)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.inner.list(folder)
    }

    fn scratch(&self) -> io::Result<Box<dyn ScratchFile>> {
        self.inner.scratch()
    }

    fn lock(&self, path: &str, holder: &str) -> Result<Box<dyn LockGuard>, LockRefusal> {
        self.inner.lock(path, holder)
    }
}

/// An archive of two segments.
fn sample() -> (Image, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    let paths = [
        file(folder.path(), "a.json", &export(0, 90, 0)),
        file(folder.path(), "b.json", &export(40, 120, 2000)),
    ];
    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let live: Arc<dyn Storage> = recording.clone();
    ingest(&live, &paths, Options::DEFAULT_MEMORY).unwrap();
    let manifest = Manifest::load(&*live).unwrap();
    assert_eq!(manifest.segments.len(), 2);
    (recording.live(), manifest)
}

fn of(image: &Image) -> Arc<dyn Storage> {
    Arc::new(RecordingStorage::new(image.clone()))
}

/// Repairs while a file is denied, which must fail and delete nothing of `image`; then with it, and returns what was mended.
fn repair_with_and_without(image: &Image, path: &str) -> Arc<dyn Storage> {
    let inner = of(image);
    let denied: Arc<dyn Storage> = Arc::new(Denied { inner: inner.clone(), path: path.to_owned() });
    let refused = repair(denied, "test", &rewrite_options(), &Silent);
    assert!(matches!(&refused, Err(Error::Io { path: named, .. }) if named == path), "{path}: {refused:?}");
    for kept in image.keys().filter(|path| path.starts_with("entries/")) {
        assert!(inner.read(kept).is_ok(), "{kept} was deleted");
    }
    repair(inner.clone(), "test", &rewrite_options(), &Silent).unwrap();
    assert_sound(&inner);
    inner
}

#[test]
fn entries_that_cannot_be_read_stop_a_repair_that_would_leave_them_out() {
    let (image, manifest) = sample();
    let rows = contents(of(&image)).unwrap().len();
    let entries = |idx: usize| manifest.segments[idx].files[0].path.as_str();
    let mut without_manifests = image.clone();
    without_manifests.retain(|path, _| path.starts_with("entries/"));
    let mut without_current = image.clone();
    without_current.remove(layout::CURRENT);
    let mut without_sources = image.clone();
    without_sources.remove(&manifest.catalog.as_ref().unwrap().sources.path);
    for image in [&without_manifests, &without_current, &without_sources, &image] {
        for idx in 0..2 {
            let mended = repair_with_and_without(image, entries(idx));
            assert_eq!(contents(mended).unwrap().len(), rows);
        }
    }
}

#[test]
fn a_catalogue_that_cannot_be_read_is_not_taken_for_lost() {
    let (mut image, manifest) = sample();
    let sources = manifest.catalog.unwrap().sources.path;
    image.retain(|path, _| path.starts_with("entries/") || *path == sources);
    repair_with_and_without(&image, &sources);
}

#[test]
fn damaged_entries_that_no_manifest_can_name_are_kept_as_a_copy() {
    let (mut image, manifest) = sample();
    image.retain(|path, _| path.starts_with("entries/"));
    let path = &manifest.segments[0].files[0].path;
    let mut damaged = image[path].to_vec();
    let middle = damaged.len() / 2;
    damaged[4..middle].fill(0x55);
    image.insert(path.clone(), damaged.clone().into());
    let live = of(&image);
    repair(live.clone(), "test", &rewrite_options(), &Silent).unwrap();
    assert_sound(&live);
    // The next commit deletes what no manifest names.
    reindex(live.clone(), "test", &rewrite_options()).unwrap();
    assert!(live.read(path).is_err());
    assert_eq!(live.read(&layout::set_aside(path)).unwrap(), damaged);
}
