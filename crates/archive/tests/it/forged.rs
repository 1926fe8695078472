//! Numbers that nobody counted, under checksums made to fit: an error or a problem, never a panic.

use crate::sample::{assert_sound, export, file, ingest, rewrite_options};
use std::sync::Arc;
use timberline_archive::ingest::Options;
use timberline_archive::layout;
use timberline_archive::manifest::Manifest;
use timberline_archive::repair::repair;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{Image, RecordingStorage};
use timberline_archive::verify::{Depth, Silent, verify};
use timberline_archive::{Archive, Column, Error};

fn sample() -> (Image, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    let paths = [file(folder.path(), "a.json", &export(0, 90, 0))];
    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let live: Arc<dyn Storage> = recording.clone();
    ingest(&live, &paths, Options::DEFAULT_MEMORY).unwrap();
    (recording.live(), Manifest::load(&*live).unwrap())
}

/// Makes a change to the manifest's text, and the checksum in `CURRENT` fit it.
fn forge(image: &mut Image, manifest: &Manifest, change: impl FnOnce(String) -> String) {
    let path = layout::manifest(manifest.sequence);
    let before = String::from_utf8(image[&path].to_vec()).unwrap();
    let text = change(before.clone());
    assert!(text != before, "nothing was changed");
    let current = format!("{path} {:016x}\n", xxhash_rust::xxh3::xxh3_64(text.as_bytes()));
    image.insert(path, text.into_bytes().into());
    image.insert(layout::CURRENT.to_owned(), current.into_bytes().into());
}

fn storage(image: &Image) -> Arc<dyn Storage> {
    Arc::new(RecordingStorage::new(image.clone()))
}

#[test]
fn rows_that_the_manifest_does_not_count_are_damage() {
    let (mut image, manifest) = sample();
    let rows = manifest.segments[0].rows;
    let (from, to) = (format!("\"rows\": {rows}"), format!("\"rows\": {}", rows - 1));
    forge(&mut image, &manifest, |text| text.replacen(&from, &to, 1));
    let archive = Archive::open(storage(&image), "test").unwrap();
    let read = archive.segments()[0].for_all_rows(&[Column::InsertId], |_| true);
    assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
}

#[test]
fn sums_of_what_was_forged_are_not_made() {
    let (mut image, manifest) = sample();
    let most = u64::MAX.to_string();
    let bytes: Vec<String> = manifest.files().map(|file| format!("\"bytes\": {}", file.bytes)).collect();
    forge(&mut image, &manifest, |mut text| {
        for from in &bytes {
            text = text.replace(from, &format!("\"bytes\": {most}"));
        }
        for (source, rows) in &manifest.segments[0].sources {
            text = text.replace(
                &format!("\"{source}\": {rows}"),
                &format!("\"{source}\": {most}, \"ffff\": {most}"),
            );
        }
        text
    });
    let report = verify(storage(&image), "test", Depth::Rows, &Silent).unwrap();
    assert!(!report.is_sound());
}

#[test]
fn rules_that_are_none_are_a_problem_and_not_the_end() {
    let (mut image, manifest) = sample();
    forge(&mut image, &manifest, |text| {
        text.replacen("\"format\"", "\"mask_rules\": \"word = (\", \"format\"", 1)
    });
    for depth in [Depth::Files, Depth::Rows] {
        let report = verify(storage(&image), "test", depth, &Silent).unwrap();
        assert_eq!(report.problems.len(), 1, "{report:?}");
        assert_eq!(report.problems[0].file, layout::manifest(manifest.sequence));
    }
    let live = storage(&image);
    repair(live.clone(), "test", &rewrite_options(), &Silent).unwrap();
    assert_sound(&live);
}

#[test]
fn a_file_named_after_the_last_number_leaves_none_for_a_repair() {
    let (mut image, _) = sample();
    image.remove(layout::CURRENT);
    image.insert(layout::manifest(u64::MAX), b"{}".to_vec().into());
    let refused = repair(storage(&image), "test", &rewrite_options(), &Silent);
    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
}
