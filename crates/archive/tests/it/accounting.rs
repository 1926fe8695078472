//! read = kept + duplicates + rejected, for every source and in total, whatever is read twice.

use crate::sample::{assert_sound, export, file, ingest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use timberline_archive::Archive;
use timberline_archive::ingest::{Options, Summary};
use timberline_archive::manifest::source_name;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{Image, RecordingStorage};

fn storage() -> Arc<dyn Storage> {
    Arc::new(RecordingStorage::new(Image::new()))
}

/// Compares what an ingest says with what the archive says of the same sources.
fn check(storage: &Arc<dyn Storage>, summaries: &[Summary]) -> (u64, u64, u64, u64) {
    assert_sound(storage);
    let archive = Archive::open(storage.clone(), "test").unwrap();
    // Other engines read the folder as a whole.
    let mut named: Vec<&str> =
        archive.manifest().segments.iter().map(|segment| segment.files[0].path.as_str()).collect();
    named.sort_unstable();
    assert_eq!(storage.list("entries").unwrap(), named);
    let mut kept: BTreeMap<&str, u64> = BTreeMap::new();
    for segment in &archive.manifest().segments {
        for (source, rows) in &segment.sources {
            *kept.entry(source).or_insert(0) += rows;
        }
    }
    let (mut read, mut rejected) = (0, 0);
    let sources = archive.sources().unwrap();
    for source in &sources {
        let kept = kept.get(source_name(source.key).as_str()).copied().unwrap_or(0);
        assert!(kept + source.rejected <= source.read, "{}", source.path);
        read += source.read;
        rejected += source.rejected;
    }
    let kept: u64 = kept.values().sum();
    assert_eq!(kept, archive.manifest().entries());
    let told: u64 = summaries.iter().flat_map(|summary| &summary.sources).map(|source| source.kept).sum();
    assert_eq!(told, kept, "what the ingests said they kept is what there is");
    (read, kept, read - kept - rejected, rejected)
}

#[test]
fn the_samples_add_up() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/exports");
    let storage = storage();
    let summary = ingest(&storage, std::slice::from_ref(&samples), Options::DEFAULT_MEMORY).unwrap();
    let (read, kept, duplicates, rejected) = check(&storage, std::slice::from_ref(&summary));
    assert!(kept > 1000 && duplicates > 0 && rejected > 0, "{read} {kept} {duplicates} {rejected}");
    let sums = summary.sources.iter().fold([0; 3], |sums, source| {
        [sums[0] + source.kept, sums[1] + source.duplicates(), sums[2] + source.record.rejected]
    });
    assert_eq!(sums, [kept, duplicates, rejected]);
    let again = ingest(&storage, &[samples], Options::DEFAULT_MEMORY).unwrap();
    assert!(again.sources.is_empty());
    assert_eq!(check(&storage, &[summary, again]), (read, kept, duplicates, rejected));
}

#[test]
fn copies_of_one_entry_in_many_sources_are_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a.json", "b.json", "c.json"];
    let ranges = [(0, 60), (30, 90), (0, 90)];
    let broken = "{\"insertId\": \"no time\"}\n";
    let paths: Vec<PathBuf> = names
        .iter()
        .zip(ranges)
        .map(|(name, (from, to))| file(folder.path(), name, &format!("{}{broken}", export(from, to, 0))))
        .collect();
    let mut answers = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let storage = storage();
        let one_by_one: Vec<Summary> = order
            .iter()
            .map(|idx| ingest(&storage, &paths[*idx..=*idx], Options::DEFAULT_MEMORY).unwrap())
            .collect();
        answers.push(check(&storage, &one_by_one));
    }
    assert_eq!(answers, [(213, 90, 120, 3); 3]);
}

/// A tar archive with plain files.
fn tar(members: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in members {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[136..147].copy_from_slice(b"00000000000");
        header[148..156].fill(b' ');
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        header[263..265].copy_from_slice(b"00");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(content.as_bytes());
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

#[test]
fn members_of_an_archive_that_are_read_again_are_not_counted_again() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (format!("{}broken\n", export(0, 30, 0)), export(20, 50, 0));
    let path = folder.path().join("dumps.tar");
    // The third member repeats the first: one content, one source.
    std::fs::write(&path, tar(&[("one.json", &one), ("two.json", &two), ("three.json", &one)])).unwrap();
    let storage = storage();
    let first = ingest(&storage, std::slice::from_ref(&path), Options::DEFAULT_MEMORY).unwrap();
    let expected = check(&storage, std::slice::from_ref(&first));
    assert_eq!((expected.1, expected.3), (50, 1));
    let again = ingest(&storage, std::slice::from_ref(&path), Options::DEFAULT_MEMORY).unwrap();
    assert_eq!(check(&storage, &[first, again]), expected);
}

#[test]
fn of_very_many_rejects_the_first_are_listed_whatever_the_order_and_the_batches() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..30)
        .map(|n| {
            let mut text = export(n * 10, n * 10 + 5, 0);
            for line in 0..n * 150 {
                text.push_str(&format!(
                    "{{\"insertId\":\"{line}\",:}}\n{{\"insertId\": \"no time {line}\"}}\n"
                ));
            }
            file(folder.path(), &format!("{n}.json"), &text)
        })
        .collect();
    let ledger = |storage: Arc<dyn Storage>| Archive::open(storage, "test").unwrap().rejects().unwrap();
    let at_once = storage();
    let summary = ingest(&at_once, &paths, Options::DEFAULT_MEMORY).unwrap();
    let (.., rejected) = check(&at_once, std::slice::from_ref(&summary));
    let rejects = ledger(at_once);
    assert_eq!(rejected, (0..30).map(|n| n * 300).sum::<u64>());
    assert_eq!(rejects.iter().map(|reject| reject.count).sum::<u64>(), rejected);
    assert!((18_000..=20_000).contains(&rejects.len()), "{}", rejects.len());
    let one_by_one = storage();
    for path in paths.iter().rev() {
        ingest(&one_by_one, std::slice::from_ref(path), 1 << 20).unwrap();
    }
    assert_sound(&one_by_one);
    assert_eq!(ledger(one_by_one), rejects);
}
