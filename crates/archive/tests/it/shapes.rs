//! The shape catalogue says what the segments say, and no answer depends on it.

use crate::sample::{LITTLE_MEMORY, assert_sound, export, file, ingest, rewrite_options, without};
use std::sync::Arc;
use timberline_archive::Archive;
use timberline_archive::compact::compact;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{Image, RecordingStorage};

/// An archive of several segments of two months.
fn archive() -> (Arc<RecordingStorage>, Arc<dyn Storage>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = [
        file(folder.path(), "a.ndjson", &export(0, 2500, 600)),
        file(folder.path(), "b.ndjson", &export(2000, 4000, 16)),
    ];
    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let storage: Arc<dyn Storage> = recording.clone();
    ingest(&storage, &paths, LITTLE_MEMORY).unwrap();
    (recording, storage)
}

/// What each shape of each segment looks like, by field, as the catalogue has it.
fn looks(archive: &Archive) -> Vec<Vec<Option<String>>> {
    let shapes = archive.shapes().unwrap();
    let mut looks = Vec::new();
    for idx in 0..archive.segments().len() {
        for number in shapes.of_segment(idx).numbers() {
            let look = shapes.fields().iter().map(|field| {
                let template = shapes.of_shapes(*field).unwrap().of(number)?;
                Some(shapes.templates(*field).unwrap().json(template))
            });
            looks.push(look.collect());
        }
    }
    looks
}

fn assert_of_segments(archive: &Archive) {
    let shapes = archive.shapes().unwrap();
    let mut n_shapes = 0;
    for (idx, segment) in archive.segments().iter().enumerate() {
        let own = shapes.of_segment(idx);
        assert_eq!(own.numbers().len(), segment.n_shapes());
        n_shapes += segment.n_shapes();
        for field in shapes.fields() {
            let (all, of_all) = (shapes.templates(*field).unwrap(), shapes.of_shapes(*field).unwrap());
            let (templates, of_shapes) =
                (segment.templates(*field).unwrap(), segment.of_shapes(*field).unwrap());
            for (shape, number) in own.numbers().enumerate() {
                let (template, in_all) = (of_shapes.of(shape), of_all.of(number));
                assert_eq!(template.is_some(), in_all.is_some());
                let (Some(template), Some(in_all)) = (template, in_all) else { continue };
                assert_eq!(templates.json(template), all.json(in_all));
                for (held, held_by_any) in templates.charsets(template).zip(all.charsets(in_all)) {
                    let mut both = held;
                    both.merge(held_by_any);
                    assert_eq!(both, held_by_any, "what a hole has held in a segment it has held in any");
                }
            }
        }
    }
    assert!(archive.segments().len() > 2 && shapes.len() < n_shapes, "segments have shapes in common");
}

#[test]
fn the_catalogue_is_that_of_the_segments() {
    let (_, storage) = archive();
    let opened = Archive::open(storage.clone(), "test").unwrap();
    assert!(opened.manifest().catalog.as_ref().unwrap().shapes.is_some());
    assert_of_segments(&opened);
    let before = opened.manifest().segments.len();
    compact(storage.clone(), "test", &rewrite_options()).unwrap();
    let compacted = Archive::open(storage.clone(), "test").unwrap();
    assert!(compacted.manifest().segments.len() < before);
    let shapes = compacted.shapes().unwrap();
    assert_eq!(shapes.of_segment(0).numbers().len(), compacted.segments()[0].n_shapes());
    assert_sound(&storage);
}

#[test]
fn without_the_catalogue_shapes_are_put_together_from_the_segments() {
    let (recording, storage) = archive();
    let whole = Archive::open(storage, "test").unwrap();
    let path = whole.manifest().catalog.clone().unwrap().shapes.unwrap().path;
    for damaged in without(&recording, &path) {
        let damaged = Archive::open(damaged, "test").unwrap();
        assert_eq!(looks(&damaged), looks(&whole));
        assert_of_segments(&damaged);
    }
}
