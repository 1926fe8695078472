//! The variant catalogue says what the exports say, and no answer depends on its file.

use crate::sample::{Dice, LITTLE_MEMORY, assert_sound, file, ingest, rewrite_options, without};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use timberline_archive::Archive;
use timberline_archive::compact::compact;
use timberline_archive::segment::Subject;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{Image, RecordingStorage};

/// Returns entries `from..to` of three revisions, a minute apart, across the end of a month: a message with a code, one with a
/// number without end, one that never varies, and an exception with one of two values.
fn entries(from: u64, to: u64) -> Vec<Value> {
    let entry = |n: u64| {
        let mut dice = Dice(n);
        let minutes = 30 * 24 * 60 - 60 + n;
        let (month, day) =
            if minutes < 30 * 1440 { (9, minutes / 1440 + 1) } else { (10, minutes / 1440 - 29) };
        // The last code comes late.
        let code = dice.roll(if n < 1400 { 3 } else { 4 });
        let text = match dice.roll(4) {
            0 => format!("worker exited with code {code}"),
            1 => format!("took {n} ms"),
            2 => "cache warmed".to_owned(),
            _ => format!(
                "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in total\n    x()\nKeyError: '{}'",
                ["apple", "pear"][usize::from(code > 0)]
            ),
        };
        json!({
            "insertId": format!("i{n}"),
            "timestamp": format!("2025-{month:02}-{day:02}T{:02}:{:02}:00.000000000Z", minutes / 60 % 24, minutes % 60),
            "resource": {"type": "cloud_run_revision", "labels": {
                "service_name": "shop",
                "revision_name": format!("shop-{}", n / 1000),
            }},
            // Long ones, so that there are several segments.
            "labels": {"filler": format!("{:0>2000}", dice.roll(1000))},
            "textPayload": text,
        })
    };
    (from..to).map(entry).collect()
}

fn lines(entries: &[Value]) -> String {
    entries.iter().map(|entry| format!("{entry}\n")).collect()
}

/// The time of the first entry and its revision, by value.
type Firsts = BTreeMap<String, (String, String)>;

fn said(entries: &[Value]) -> Firsts {
    let mut firsts = Firsts::new();
    for entry in entries {
        let text = entry["textPayload"].as_str().unwrap();
        let value = ["worker exited with code ", "KeyError: "]
            .into_iter()
            .find_map(|before| text.find(before).map(|at| text[at + before.len()..].to_owned()));
        let text_of = |value: &Value| value.as_str().unwrap().to_owned();
        let revision = text_of(&entry["resource"]["labels"]["revision_name"]);
        if let Some(value) = value {
            firsts.entry(value).or_insert((text_of(&entry["timestamp"]), revision));
        }
    }
    firsts
}

fn stored(archive: &Archive) -> Firsts {
    let time = |ns: i64| timberline_entry::Timestamp::from_nanos(ns).to_string();
    let variants = archive.variants().unwrap().all().iter();
    variants
        .filter(|variant| match variant.subject {
            Subject::Exception(_) => true,
            // The whole trace is a message as well.
            Subject::Message(_) => !variant.value.contains("apple") && !variant.value.contains("pear"),
        })
        .map(|variant| (variant.value.clone(), (time(variant.first_ns), variant.first_revision.to_string())))
        .collect()
}

#[test]
fn the_catalogue_is_what_the_exports_say() {
    let folder = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(RecordingStorage::new(Image::new()));
    // The later entries come first, so what is first changes.
    for (from, to) in [(1200, 2500), (0, 1500)] {
        let export = file(folder.path(), "a.ndjson", &lines(&entries(from, to)));
        ingest(&storage, &[export], LITTLE_MEMORY).unwrap();
        let archive = Archive::open(storage.clone(), "test").unwrap();
        let catalog = archive.manifest().catalog.as_ref().unwrap();
        assert!(archive.segments().len() > 1 && catalog.variants.is_some());
        let expected = said(&entries(from, 2500));
        assert_eq!(expected.len(), 6, "{expected:?}");
        assert_eq!(stored(&archive), expected);
        assert_sound(&storage);
    }
    compact(storage.clone(), "test", &rewrite_options()).unwrap();
    assert_eq!(stored(&Archive::open(storage.clone(), "test").unwrap()), said(&entries(0, 2500)));
    assert_sound(&storage);
}

#[test]
fn without_the_catalogue_it_is_put_together_from_the_segments() {
    let folder = tempfile::tempdir().unwrap();
    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let storage: Arc<dyn Storage> = recording.clone();
    ingest(&storage, &[file(folder.path(), "a.ndjson", &lines(&entries(0, 900)))], LITTLE_MEMORY).unwrap();
    let whole = Archive::open(storage, "test").unwrap();
    assert!(!whole.variants().unwrap().all().is_empty());
    let path = whole.manifest().catalog.clone().unwrap().variants.unwrap().path;
    for damaged in without(&recording, &path) {
        let damaged = Archive::open(damaged, "test").unwrap();
        assert_eq!(damaged.variants().unwrap(), whole.variants().unwrap());
    }
}
