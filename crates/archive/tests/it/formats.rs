//! Archives that earlier versions wrote: they are read as if they were of today, an ingest goes on from them, and a reindex
//! makes them those of today.

use crate::sample::{assert_sound, export, file, ingest, rewrite_options, verify};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use timberline_archive::ingest::Options;
use timberline_archive::storage::{DiskStorage, Storage};
use timberline_archive::testing::contents;
use timberline_archive::verify::Impact;
use timberline_archive::{Archive, Column, compact};

/// Folders with an `archive`, and the `entries.ndjson` that it was made of by a program that wrote this format.
fn formats() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let mut formats: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    formats.sort();
    assert!(!formats.is_empty());
    formats
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// JSON, line, shape and pattern of every entry.
fn rows(storage: &Arc<dyn Storage>) -> Vec<(String, u64, (u64, u64))> {
    contents(storage.clone()).unwrap().into_iter().map(|row| (row.json, row.line, row.derived)).collect()
}

fn entries(storage: &Arc<dyn Storage>) -> Vec<(String, u64)> {
    rows(storage).into_iter().map(|(json, line, _)| (json, line)).collect()
}

/// Every entry is there; what is computed of them may have other rules now, which is said.
fn assert_whole(storage: &Arc<dyn Storage>) {
    let report = verify(storage);
    let is_of_rules = |impact: Impact| matches!(impact, Impact::Stale | Impact::Index);
    assert!(report.problems.iter().all(|problem| is_of_rules(problem.impact)), "{:#?}", report.problems);
    assert!(report.is_sound() || report.problems.iter().any(|problem| problem.impact == Impact::Stale));
    assert_eq!(report.entries_read, report.entries);
}

/// Rings that have the id, by looking at every row, and those of them that are found by looking it up.
fn with_id(storage: &Arc<dyn Storage>, column: Column, text: &str) -> [usize; 2] {
    let archive = Archive::open(storage.clone(), "test").unwrap();
    let mut n = [0; 2];
    for segment in archive.segments() {
        let mut rings = BTreeSet::new();
        segment
            .for_all_rows(&[column], |row| {
                if row.cells.get(column).text() == Some(text) {
                    rings.insert(segment.rings().unwrap().ring_of(row.idx));
                }
                true
            })
            .unwrap();
        n[0] += rings.len();
        let found = segment.rings_that_may_have(column, &[text], |_| true).unwrap();
        n[1] += found.iter().filter(|(ring, _)| rings.contains(&(*ring as usize))).count();
    }
    n
}

#[test]
fn archives_of_earlier_formats_are_read() {
    for format in formats() {
        let folder = tempfile::tempdir().unwrap();
        copy(&format.join("archive"), &folder.path().join("old"));
        let storage =
            |name: &str| -> Arc<dyn Storage> { Arc::new(DiskStorage::new(folder.path().join(name))) };
        let (old, new) = (storage("old"), storage("new"));
        let exports = [format.join("entries.ndjson")];
        ingest(&new, &exports, Options::DEFAULT_MEMORY).unwrap();
        assert_whole(&old);
        let expected = entries(&new);
        assert!(expected.len() > 30);
        assert_eq!(entries(&old), expected, "{}", format.display());
        for (column, text, n) in [
            (Column::InsertId, "3yy210vcm3pk", 1),
            (Column::InsertId, "682bdbca000b9e79ecd72071", 1),
            (Column::InsertId, "682bdbca000b9e79ecd72072", 0),
            (Column::Trace, "Root=1-5759e988", 1),
            (Column::Trace, "0af7651916cd43dd8448eb211c80319c", 1),
            (Column::SpanId, "00F067AA0BA902B7", 1),
            (Column::SpanId, "00f067aa0ba902b7", 0),
        ] {
            assert_eq!([with_id(&old, column, text), with_id(&new, column, text)], [[n; 2]; 2], "{text}");
        }
        // The same export again is known, another is merged with what is there.
        let again = ingest(&old, &exports, Options::DEFAULT_MEMORY).unwrap();
        assert_eq!(again.sources.iter().map(|source| source.kept).sum::<u64>(), 0);
        let more = file(folder.path(), "more.ndjson", &export(0, 50, 0).replace("2025-09-30", "2025-05-21"));
        for storage in [&old, &new] {
            ingest(storage, std::slice::from_ref(&more), Options::DEFAULT_MEMORY).unwrap();
            assert_whole(storage);
        }
        assert_eq!(entries(&old), entries(&new));
        compact::reindex(old.clone(), "test", &rewrite_options()).unwrap();
        assert_sound(&old);
        assert_eq!(rows(&old), rows(&new));
    }
}
