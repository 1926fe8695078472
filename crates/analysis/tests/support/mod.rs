//! What tests of answers share: archives made of exports, and exports made on the spot.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "each test uses some of it, and these are tests"
)]

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_archive::Archive;
use timberline_archive::ingest::{Options, Silent, ingest};
use timberline_archive::storage::DiskStorage;
use timberline_entry::input::discover;
use timberline_query::{Filter, compile};

/// Ingests files and folders.
pub(crate) fn archive(folder: &Path, paths: &[PathBuf]) -> Archive {
    archive_within(64 << 20, folder, paths)
}

/// Ingests files and folders within so many bytes of memory: of few come many segments.
pub(crate) fn archive_within(memory: usize, folder: &Path, paths: &[PathBuf]) -> Archive {
    let storage = Arc::new(DiskStorage::new(folder));
    let options = Options { memory, threads: 2, ..Options::new("test") };
    let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    ingest(storage.clone(), discover(&paths).0, &options, &Silent, &AtomicBool::new(false)).unwrap();
    Archive::open(storage, "test").unwrap()
}

/// Real exports, where they are at hand.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if path.try_exists().unwrap() {
        return Some(path);
    }
    println!("skipped: no {}", path.display());
    None
}

/// The sample exports and what is true of them.
pub(crate) fn samples() -> (PathBuf, Value) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let truth = serde_json::from_slice(&std::fs::read(data.join("truth.json")).unwrap()).unwrap();
    (data.join("exports"), truth)
}

pub(crate) fn filter(text: &str) -> Filter {
    compile(text, &timberline_query::Options::default()).unwrap().filter
}

/// Entries anywhere inside a dump.
pub(crate) fn entries_in(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| entries_in(value, found)),
        Value::Object(members) if members.contains_key("timestamp") && members.contains_key("resource") => {
            found.push(value.clone());
        }
        Value::Object(members) => members.values().for_each(|value| entries_in(value, found)),
        _ => {}
    }
}

/// A day's start in May 2025, plus seconds, as an export spells it.
pub(crate) fn time(day: u32, second: u32) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("2025-05-{day:02}T{hour:02}:{minute:02}:{second:02}.000000Z")
}

/// An entry of the service `shop`: day and number of it, second, revision number, severity, and what it says.
pub(crate) fn entry(
    (day, idx): (u32, usize),
    second: u32,
    revision: u32,
    severity: &str,
    mut payload: Value,
) -> Value {
    let mut entry = json!({
        "insertId": format!("{day}-{idx}"),
        "timestamp": time(day, second),
        "severity": severity,
        "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
        "resource": {"type": "cloud_run_revision", "labels": {
            "project_id": "p", "service_name": "shop", "revision_name": format!("shop-{revision:05}-abc"),
        }},
        "labels": {"instanceId": format!("i{revision}")},
    });
    entry.as_object_mut().unwrap().append(payload.as_object_mut().unwrap());
    entry
}

/// Writes one file of entries of the service `shop`: day, second, revision number, severity and message.
pub(crate) fn write_day(folder: &Path, day: u32, entries: &[(u32, u32, &str, String)]) -> PathBuf {
    let path = folder.join(format!("day-{day:02}.ndjson"));
    let mut lines: Vec<(u32, String)> = Vec::new();
    for (idx, (second, revision, severity, message)) in entries.iter().enumerate() {
        let payload = json!({"textPayload": message});
        lines.push((*second, entry((day, idx), *second, *revision, severity, payload).to_string()));
    }
    lines.sort();
    let lines: Vec<String> = lines.into_iter().map(|line| line.1).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}
