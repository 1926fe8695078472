//! Exports in, archive out: what is kept, what comes back, and that order does not matter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_archive::ingest::{Options, Silent, Summary, ingest};
use timberline_archive::storage::DiskStorage;
use timberline_archive::{Archive, Column, compose};
use timberline_entry::input::discover;

fn options(memory: usize) -> Options {
    Options { memory, threads: 2, ..Options::new("test") }
}

fn ingest_paths(archive: &Path, paths: &[PathBuf], memory: usize) -> Summary {
    let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let (specs, refused) = discover(&paths);
    assert!(refused.is_empty(), "{refused:?}");
    let storage = Arc::new(DiskStorage::new(archive));
    let summary = ingest(storage, specs, &options(memory), &Silent, &AtomicBool::new(false)).unwrap();
    for source in &summary.sources {
        assert!(source.kept + source.record.rejected <= source.record.read);
    }
    summary
}

/// Every entry of an archive as JSON, with what is known of it, in the order of time and id.
fn contents(archive: &Path) -> Vec<(i64, String, String)> {
    let archive = Archive::open(Arc::new(DiskStorage::new(archive)), "test").unwrap();
    let sources: BTreeMap<u64, String> =
        archive.sources().unwrap().into_iter().map(|source| (source.key, source.path)).collect();
    let mut rows = Vec::new();
    for segment in archive.segments() {
        let rings = segment.rings().unwrap();
        assert_eq!(rings.each_rows(0..rings.len()).sum::<u64>(), segment.record().rows);
        segment
            .for_all_rows(&Column::ALL, |row| {
                let mut json = String::new();
                compose(&row.cells, row.timestamp, |_| true, &mut json).unwrap();
                let about = format!(
                    "{}:{} {} {:x} {:x}",
                    sources[&row.source], row.source_line, row.source_is_whole, row.shape, row.pattern
                );
                rows.push((row.timestamp.as_nanos(), json, about));
                true
            })
            .unwrap();
    }
    rows.sort();
    rows
}

fn real() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/real");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no folder {}", folder.display());
        return None;
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files)
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/exports")
}

#[test]
fn real_exports_are_counted_as_their_json_says() {
    let Some(files) = real() else { return };
    let folder = tempfile::tempdir().unwrap();
    let summary = ingest_paths(folder.path(), &files, Options::DEFAULT_MEMORY);
    let read: u64 = summary.sources.iter().map(|source| source.record.read).sum();
    let kept: u64 = summary.sources.iter().map(|source| source.kept).sum();
    let duplicates: u64 =
        summary.sources.iter().map(timberline_archive::ingest::SourceSummary::duplicates).sum();
    assert_eq!((read, kept, duplicates), (1711, 1577, 134));
    assert_eq!(contents(folder.path()).len(), 1577);
}

#[test]
fn order_and_grouping_of_ingests_do_not_show() {
    let mut sets = vec![vec![samples()]];
    sets.extend(real());
    for files in sets {
        let whole = tempfile::tempdir().unwrap();
        ingest_paths(whole.path(), &files, Options::DEFAULT_MEMORY);
        let expected = contents(whole.path());
        assert!(!expected.is_empty());

        let single: Vec<PathBuf> =
            discover(&files.iter().map(|f| f.to_string_lossy().into_owned()).collect::<Vec<_>>())
                .0
                .iter()
                .map(|spec| spec.file_path().unwrap().to_owned())
                .collect();
        let one_by_one = tempfile::tempdir().unwrap();
        for file in single.iter().rev() {
            ingest_paths(one_by_one.path(), std::slice::from_ref(file), Options::DEFAULT_MEMORY);
        }
        assert!(contents(one_by_one.path()) == expected, "one by one, backwards");

        let halves = tempfile::tempdir().unwrap();
        let (a, b): (Vec<_>, Vec<_>) = single.iter().cloned().enumerate().partition(|(idx, _)| idx % 2 == 1);
        for half in [a, b] {
            let half: Vec<PathBuf> = half.into_iter().map(|(_, path)| path).collect();
            // So little memory that runs spill and segments are cut.
            ingest_paths(halves.path(), &half, 1 << 20);
        }
        assert!(contents(halves.path()) == expected, "in halves, with little memory");

        let again = ingest_paths(whole.path(), &files, Options::DEFAULT_MEMORY);
        assert!(again.sources.is_empty(), "an unchanged source was read again");
        assert!(contents(whole.path()) == expected);
    }
}
