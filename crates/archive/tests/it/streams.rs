//! The stream catalogue says what the exports say, and no answer depends on its file.

use crate::sample::{Dice, LITTLE_MEMORY, assert_sound, file, ingest, rewrite_options, without};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use timberline_archive::Archive;
use timberline_archive::catalog::StreamCatalog;
use timberline_archive::compact::compact;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{Image, RecordingStorage};

const AUDIT_LOG: &str = "type.googleapis.com/google.cloud.audit.AuditLog";

/// Returns entries `from..to` of two services, a minute apart, across the end of a month: lines, requests and audit entries.
fn entries(from: u64, to: u64) -> Vec<Value> {
    let entry = |n: u64| {
        let mut dice = Dice(n);
        let minutes = 30 * 24 * 60 - 60 + n;
        let (month, day) =
            if minutes < 30 * 1440 { (9, minutes / 1440 + 1) } else { (10, minutes / 1440 - 29) };
        let mut one_of =
            |names: &[&'static str]| names[usize::try_from(dice.roll(names.len() as u64)).unwrap()];
        let (service, revision) = (one_of(&["shop", "till"]), one_of(&["", "shop-1", "shop-2"]));
        let severity = one_of(&["INFO", "WARNING", "ERROR", "ALERT"]);
        let mut entry = json!({
            "insertId": format!("i{n}"),
            "timestamp": format!("2025-{month:02}-{day:02}T{:02}:{:02}:00Z", minutes / 60 % 24, minutes % 60),
            "resource": {"type": "cloud_run_revision", "labels": {
                "service_name": service,
                "revision_name": revision,
            }},
            "severity": severity,
        });
        if dice.roll(4) > 0 {
            // Long ones, so that there are several segments; one id serves two revisions.
            entry["labels"] = json!({"instanceId": format!("{:0>200}", dice.roll(30))});
        }
        match dice.roll(5) {
            0 => entry["httpRequest"] = json!({"requestMethod": "GET", "status": 200}),
            1 => entry["httpRequest"] = Value::Null,
            2 => entry["httpRequest"] = json!({"status": "odd"}),
            3 => {
                let method =
                    ["Services.ReplaceService", "storage.objects.get"][usize::from(n.is_multiple_of(2))];
                let by = json!({"principalEmail": "a@b"});
                entry[["protoPayload", "jsonPayload"][usize::from(n.is_multiple_of(3))]] = json!({
                    "@type": if n.is_multiple_of(7) { "another" } else { AUDIT_LOG },
                    "methodName": method,
                    "authenticationInfo": by,
                });
            }
            _ => {}
        }
        entry["textPayload"] = format!("{} of {}", "filler ".repeat(200), dice.roll(9)).into();
        entry
    };
    (from..to).map(entry).collect()
}

fn lines(entries: &[Value]) -> String {
    entries.iter().map(|entry| format!("{entry}\n")).collect()
}

/// Entries, errors, requests and instances by service and revision; times and ids of deploys.
type Counts = (BTreeMap<(String, String), [usize; 4]>, Vec<String>);

fn counted(entries: &[Value]) -> Counts {
    let mut found: BTreeMap<(String, String), ([usize; 3], BTreeSet<String>)> = BTreeMap::new();
    let mut deploys = Vec::new();
    for entry in entries {
        let label = |name: &str| entry["resource"]["labels"][name].as_str().unwrap().to_owned();
        let (counts, ids) = found.entry((label("service_name"), label("revision_name"))).or_default();
        counts[0] += 1;
        counts[1] += usize::from(["ERROR", "ALERT"].contains(&entry["severity"].as_str().unwrap()));
        counts[2] += usize::from(entry["httpRequest"].is_object());
        ids.extend(entry["labels"]["instanceId"].as_str().map(str::to_owned));
        let payload = entry.get("protoPayload").or_else(|| entry.get("jsonPayload"));
        if payload.is_some_and(|payload| {
            payload["@type"] == AUDIT_LOG && payload["methodName"] == "Services.ReplaceService"
        }) {
            deploys.push(entry["insertId"].as_str().unwrap().to_owned());
        }
    }
    let counts = found.into_iter().map(|(key, ([a, b, c], ids))| (key, [a, b, c, ids.len()])).collect();
    (counts, deploys)
}

fn stored(streams: &StreamCatalog) -> Counts {
    let counts = streams.streams().iter().zip(0..).map(|(stream, idx)| {
        let counts =
            [stream.entries(), stream.errors(), stream.requests].map(|n| usize::try_from(n).unwrap());
        let [entries, errors, requests] = counts;
        let key = (stream.service.clone(), stream.revision.clone());
        (key, [entries, errors, requests, streams.instances_of(idx).len()])
    });
    (counts.collect(), streams.audits().iter().map(|audit| audit.insert_id.clone()).collect())
}

#[test]
fn the_catalogue_is_what_the_exports_say() {
    let folder = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(RecordingStorage::new(Image::new()));
    for (from, to) in [(0, 1500), (1200, 2500)] {
        let export = file(folder.path(), "a.ndjson", &lines(&entries(from, to)));
        ingest(&storage, &[export], LITTLE_MEMORY).unwrap();
        let archive = Archive::open(storage.clone(), "test").unwrap();
        assert!(
            archive.segments().len() > 2 && archive.manifest().catalog.as_ref().unwrap().streams.is_some()
        );
        let expected = counted(&entries(0, to));
        assert!(!expected.1.is_empty());
        assert_eq!(stored(archive.streams().unwrap()), expected);
        let of_all = archive.streams().unwrap().streams();
        assert!(of_all.iter().all(|stream| stream.first_ns < stream.last_ns));
        assert_sound(&storage);
    }
    compact(storage.clone(), "test", &rewrite_options()).unwrap();
    let archive = Archive::open(storage.clone(), "test").unwrap();
    assert_eq!(stored(archive.streams().unwrap()), counted(&entries(0, 2500)));
    assert_sound(&storage);
}

#[test]
fn one_instance_of_two_revisions_has_one_number() {
    let folder = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(RecordingStorage::new(Image::new()));
    ingest(&storage, &[file(folder.path(), "a.ndjson", &lines(&entries(0, 900)))], LITTLE_MEMORY).unwrap();
    let archive = Archive::open(storage, "test").unwrap();
    let streams = archive.streams().unwrap();
    let numbers = (0..).take(streams.streams().len()).flat_map(|idx| streams.instances_of(idx));
    let distinct: BTreeSet<u32> = numbers.map(|instance| instance.number).collect();
    assert_eq!(distinct.len(), 30);
}

#[test]
fn without_the_catalogue_it_is_put_together_from_the_segments() {
    let folder = tempfile::tempdir().unwrap();
    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let storage: Arc<dyn Storage> = recording.clone();
    ingest(&storage, &[file(folder.path(), "a.ndjson", &lines(&entries(0, 900)))], LITTLE_MEMORY).unwrap();
    let whole = Archive::open(storage, "test").unwrap();
    let path = whole.manifest().catalog.clone().unwrap().streams.unwrap().path;
    for damaged in without(&recording, &path) {
        let damaged = Archive::open(damaged, "test").unwrap();
        assert_eq!(damaged.streams().unwrap(), whole.streams().unwrap());
    }
}
