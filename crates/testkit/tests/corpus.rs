//! Corpora on disk: every form holds the same entries, and the truth beside them is the truth.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use timberline_testkit::generate::corpus::{Form, LIMIT, OVERLAP, write};
use timberline_testkit::generate::{Config, lines};

/// Returns the files below a folder in the order of their paths.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for item in std::fs::read_dir(next).expect("a folder") {
            let path = item.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.display().to_string(), std::fs::read(&path).expect("a file"));
            }
        }
    }
    found.into_iter().collect()
}

fn sorted_lines(files: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (_, bytes) in files {
        all.extend(std::str::from_utf8(bytes).expect("corpora are UTF-8").lines().map(str::to_owned));
    }
    all.sort_unstable();
    all
}

#[test]
fn days_shards_and_compressed_days_hold_the_same_lines() {
    let config = Config::small(21, 4000);
    let mut expected = lines(&config);
    expected.sort_unstable();
    for form in [Form::Ndjson, Form::Zstd, Form::Sink] {
        let folder = tempfile::tempdir().unwrap();
        let written = write(folder.path(), &config, form).unwrap();
        let mut found = files(&folder.path().join("exports"));
        assert_eq!(written.n_files, found.len() as u64);
        assert_eq!(written.n_bytes, found.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
        if form == Form::Zstd {
            for (_, bytes) in &mut found {
                *bytes = zstd::decode_all(&bytes[..]).unwrap();
            }
        }
        assert_eq!(sorted_lines(&found), expected, "{form:?}");
        assert_eq!(written.truth["entries"], 4000);
        let said = std::fs::read_to_string(folder.path().join("truth.json")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&said).unwrap(), written.truth);
    }
}

#[test]
fn a_shard_holds_its_hour_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &Config::small(22, 3000), Form::Sink).unwrap();
    let found = files(&folder.path().join("exports"));
    assert!(found.len() > 40, "{}", found.len());
    for (path, bytes) in found {
        let (folders, name) = path.rsplit_once('/').unwrap();
        let day = folders[folders.len() - 10..].replace('/', "-");
        for line in std::str::from_utf8(&bytes).unwrap().lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let hour = format!("{day}T{}", &name[..2]);
            assert!(
                entry["timestamp"].as_str().unwrap().starts_with(&hour),
                "{path}: {}",
                entry["timestamp"]
            );
            let log = entry["logName"].as_str().unwrap().rsplit_once('/').unwrap().1.replace("%2F", "/");
            assert!(path.contains(&format!("/exports/{log}/2025/")), "{path}: {log}");
        }
    }
}

#[test]
fn arrays_overlap_and_some_are_cut() {
    let config = Config::small(23, 47_000);
    let folder = tempfile::tempdir().unwrap();
    let written = write(folder.path(), &config, Form::Array).unwrap();
    let mut distinct: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut n_read = 0;
    let mut sizes = Vec::new();
    for (path, bytes) in files(&folder.path().join("exports")) {
        let entries: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
        let times: Vec<String> = entries.iter().map(|entry| padded(&entry["timestamp"])).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{path} is newest first");
        sizes.push(entries.len());
        n_read += entries.len() as u64;
        for (entry, at) in entries.iter().zip(times) {
            *distinct.entry((at, entry["insertId"].as_str().unwrap().to_owned())).or_default() += 1;
        }
    }
    assert!(sizes[..sizes.len() - 1].iter().all(|size| *size == LIMIT), "{sizes:?}");
    assert_eq!(written.n_read, n_read);
    assert_eq!(written.truth["read"], n_read);
    assert_eq!(written.truth["entries"], distinct.len());
    assert_eq!(written.truth["duplicates"], n_read - distinct.len() as u64);
    let repeated = distinct.values().filter(|count| **count == 2).count();
    assert!(repeated >= OVERLAP * (sizes.len() - 2), "{repeated}");
    assert!((distinct.len() as u64) < config.n_entries, "a cut window loses its oldest entries");
}

/// Fractions differ in length; padded they sort.
fn padded(timestamp: &Value) -> String {
    let text = timestamp.as_str().expect("every entry has a time").trim_end_matches('Z');
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{seconds}.{fraction:0<6}")
}
