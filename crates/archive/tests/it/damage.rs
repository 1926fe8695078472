//! A bit, a byte, a tail, a whole file lost: `verify` finds it and names the file, reading says so or is right, and a repair
//! keeps what is whole.

use crate::sample::{Dice, assert_sound, export, file, ingest, rewrite_options};
use std::path::PathBuf;
use std::sync::Arc;
use timberline_archive::compact::reindex;
use timberline_archive::ingest::Options;
use timberline_archive::layout;
use timberline_archive::manifest::Manifest;
use timberline_archive::repair::repair;
use timberline_archive::segment::Parts;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{ContentRow, Image, RecordingStorage, contents};
use timberline_archive::verify::{Depth, Silent, VerifyReport, verify};
use timberline_archive::{Archive, Column, Error};

fn storage(image: Image) -> Arc<dyn Storage> {
    Arc::new(RecordingStorage::new(image))
}

struct Sample {
    image: Image,
    manifest: Manifest,
    rows: Vec<ContentRow>,
    paths: Vec<PathBuf>,
    _folder: tempfile::TempDir,
}

fn sample() -> Sample {
    let folder = tempfile::tempdir().unwrap();
    let paths = vec![
        file(folder.path(), "a.json", &export(0, 90, 0)),
        file(folder.path(), "b.json", &format!("{}not an entry\n", export(40, 120, 2000))),
    ];
    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let live: Arc<dyn Storage> = recording.clone();
    ingest(&live, &paths, Options::DEFAULT_MEMORY).unwrap();
    let manifest = Manifest::load(&*live).unwrap();
    assert_eq!(manifest.segments.len(), 2);
    // What an unfinished commit leaves is no damage; here there is nothing of the kind but the empty first manifest.
    live.remove(&layout::manifest(0)).unwrap();
    Sample { rows: contents(live).unwrap(), image: recording.live(), manifest, paths, _folder: folder }
}

fn find(image: &Image, depth: Depth) -> VerifyReport {
    verify(storage(image.clone()), "test", depth, &Silent).unwrap()
}

/// Reads everything there is to read, in every way there is.
fn read_all(image: &Image) -> Result<Vec<ContentRow>, Error> {
    let archive = Archive::open(storage(image.clone()), "test")?;
    for segment in archive.segments() {
        segment.rings_with_token("retry", |_| ())?;
        segment.rings_with_word_part("etr", |_| true, |_| ())?;
        segment.rings_with_token_parts(&Parts::new(vec!["4".to_owned()]), |_, _| true, |_, _| ())?;
        segment.rings_with_part_of_id(Column::Trace, &Parts::new(vec!["4".to_owned()]), |_| true)?;
        segment.for_each_row(&[3..5, 40..41], &[Column::TextPayload], |_| true)?;
        segment.services()?;
        segment.instances()?;
    }
    contents(storage(image.clone()))
}

fn check(sample: &Sample, path: &str, what: &str, damaged: Option<Vec<u8>>, depth: Depth) {
    let mut image = sample.image.clone();
    match damaged {
        Some(content) => image.insert(path.to_owned(), content.into()),
        None => image.remove(path),
    };
    let report = find(&image, depth);
    // A damaged CURRENT may name a manifest that is not there; then that one is named.
    let is_named = |file: &str| file == path || (path == layout::CURRENT && file.starts_with("manifest/"));
    assert!(report.problems.iter().any(|problem| is_named(&problem.file)), "{path}: {what}: {report:#?}");
    match read_all(&image) {
        Ok(rows) => assert!(rows == sample.rows, "{path}: {what}: other rows"),
        Err(Error::Damaged { .. }) => {}
        Err(error) => panic!("{path}: {what}: {error:?}"),
    }
}

#[test]
fn damage_anywhere_is_found_and_never_believed() {
    let sample = sample();
    assert!(find(&sample.image, Depth::Rows).is_sound());
    let mut dice = Dice(1);
    let mut n_tried = 0;
    for (path, content) in &sample.image {
        let len = content.len() as u64;
        let at = |n: u64| usize::try_from(n).unwrap();
        // Heads and tails hold what the formats rest on; in between, anywhere.
        let mut places: Vec<u64> = vec![0, 1, len / 2, len - 1, len.saturating_sub(5), len.saturating_sub(9)];
        places.extend((0..40).map(|_| dice.roll(len)));
        places.retain(|place| *place < len);
        for place in places {
            let mut flipped = content.to_vec();
            flipped[at(place)] ^= 1 << dice.roll(8);
            check(&sample, path, &format!("bit flipped at {place}"), Some(flipped), Depth::Files);
            let cut = content[..at(place)].to_vec();
            check(&sample, path, &format!("cut at {place}"), Some(cut), Depth::Files);
            n_tried += 2;
            let other = dice.roll(len);
            let mut swapped = content.to_vec();
            swapped.swap(at(place), at(other));
            if swapped != content[..] {
                check(&sample, path, &format!("{place} and {other} swapped"), Some(swapped), Depth::Files);
                n_tried += 1;
            }
        }
        check(&sample, path, "grown", Some([&content[..], b"x"].concat()), Depth::Rows);
        check(&sample, path, "lost", None, Depth::Rows);
        n_tried += 2;
    }
    println!("{n_tried} damages in {} files", sample.image.len());
    assert!(n_tried > 1000);
}

#[test]
fn a_repair_keeps_what_is_whole_and_reading_the_exports_again_brings_back_the_rest() {
    let sample = sample();
    let current = Archive::open(storage(sample.image.clone()), "test").unwrap();
    let catalog = current.manifest().catalog.clone().unwrap();
    for (path, content) in &sample.image {
        for is_lost in [false, true] {
            let mut image = sample.image.clone();
            if is_lost {
                image.remove(path);
            } else {
                let mut flipped = content.to_vec();
                let middle = flipped.len() / 2;
                flipped[middle] ^= 16;
                image.insert(path.clone(), flipped.into());
            }
            let live = storage(image);
            let report = repair(live.clone(), "test", &rewrite_options(), &Silent).unwrap();
            assert!(report.changed(), "{path}");
            assert_sound(&live);
            let again = repair(live.clone(), "test", &rewrite_options(), &Silent).unwrap();
            assert!(!again.changed(), "{path}: a second repair found {:?}", again.found.problems);
            let rows = contents(live.clone()).unwrap();
            let manifest = Manifest::load(&*live).unwrap();
            if path.starts_with("entries/") {
                let missing: u64 = report.set_aside.iter().map(|affected| affected.entries).sum();
                assert_eq!(missing + rows.len() as u64, sample.rows.len() as u64, "{path}");
                assert!(missing > 0 && rows.iter().all(|row| sample.rows.contains(row)));
                let lost = &manifest.set_aside[0];
                assert_eq!(live.read(&layout::set_aside(path)).is_ok(), !is_lost);
                let damaged =
                    sample.manifest.segments.iter().find(|segment| segment.id == lost.segment).unwrap();
                assert_eq!((lost.first_ns, lost.last_ns), (damaged.first_ns, damaged.last_ns));
            } else if *path == catalog.sources.path {
                assert_eq!(rows.len(), sample.rows.len());
            } else {
                assert!(rows == sample.rows, "{path}: rows changed");
            }
            // Reading the exports again fills every gap.
            ingest(&live, &sample.paths, Options::DEFAULT_MEMORY).unwrap();
            assert!(contents(live.clone()).unwrap() == sample.rows, "{path}: not everything came back");
            assert_sound(&live);
            assert!(Manifest::load(&*live).unwrap().set_aside.is_empty());
        }
    }
}

#[test]
fn a_reader_of_the_manifest_before_finds_its_files() {
    let sample = sample();
    let live = storage(sample.image.clone());
    let reader = Archive::open(live.clone(), "test").unwrap();
    reindex(live.clone(), "test", &rewrite_options()).unwrap();
    let segment = &reader.segments()[0];
    let mut n_rows = 0;
    segment.rings().unwrap();
    segment
        .for_all_rows(&[Column::TextPayload], |_| {
            n_rows += 1;
            true
        })
        .unwrap();
    assert_eq!(n_rows, segment.record().rows);
    assert!(contents(live).unwrap() == sample.rows);
}

#[test]
fn an_archive_without_manifests_is_put_together_from_its_entries() {
    let sample = sample();
    let mut image = sample.image.clone();
    image.retain(|path, _| path.starts_with("entries/"));
    let live = storage(image);
    let report = repair(live.clone(), "test", &rewrite_options(), &Silent).unwrap();
    assert!(report.manifest.is_some());
    assert_sound(&live);
    let json = |rows: &[ContentRow]| rows.iter().map(|row| row.json.clone()).collect::<Vec<_>>();
    assert_eq!(json(&contents(live.clone()).unwrap()), json(&sample.rows));
    ingest(&live, &sample.paths, Options::DEFAULT_MEMORY).unwrap();
    assert!(contents(live.clone()).unwrap() == sample.rows);
    assert_sound(&live);
}

#[test]
fn a_lost_current_never_lets_an_ingest_delete_the_archive() {
    let sample = sample();
    let mut image = sample.image.clone();
    image.remove(layout::CURRENT);
    let live = storage(image.clone());
    let refused = ingest(&live, &sample.paths, Options::DEFAULT_MEMORY);
    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
    for path in image.keys() {
        assert!(live.read(path).is_ok(), "{path} was deleted");
    }
}
