//! The committed sample exports: that they are what the generator makes, and that what is said about them is true.

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;
use timberline_testkit::generate::samples::{samples, truth_text};

use reader::{Found, read, strings, whole_first};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

/// Compressed files are compared by what is in them: the compressor may change with its version.
fn content(path: &str, bytes: &[u8]) -> Vec<u8> {
    if path.ends_with(".gz") { reader::inflate(bytes) } else { bytes.to_vec() }
}

#[test]
fn the_committed_files_are_what_the_generator_makes() {
    let made = samples();
    let mut expected = BTreeSet::new();
    for file in &made.files {
        let path = data().join("exports").join(&file.path);
        let committed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            content(&file.path, &committed) == content(&file.path, &file.bytes),
            "{} differs; run `generate samples data`",
            file.path
        );
        expected.insert(file.path.clone());
    }
    assert_eq!(reader::files_below(&data().join("exports")), expected);
    assert_eq!(std::fs::read_to_string(data().join("truth.json")).unwrap(), truth_text(&made.truth));
}

#[test]
fn the_samples_are_small_and_the_same_every_time() {
    let made = samples();
    let n_bytes: usize = made.files.iter().map(|file| file.bytes.len()).sum();
    assert!(n_bytes < 1_500_000, "{n_bytes}");
    let again = samples();
    for (one, other) in made.files.iter().zip(&again.files) {
        assert!(one.bytes == other.bytes, "{}", one.path);
    }
    assert_eq!(made.truth, again.truth);
}

/// Reads every file without any help of the generator and counts everything again.
#[test]
fn the_truth_can_be_recomputed_from_the_files() {
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(data().join("truth.json")).unwrap()).unwrap();
    let mut all: Vec<Found> = Vec::new();
    let (mut n_read, mut n_rejected) = (0, 0);
    for source in truth["sources"].as_array().unwrap() {
        let path = source["path"].as_str().unwrap();
        let bytes = std::fs::read(data().join("exports").join(path)).unwrap();
        let (entries, rejected) = read(&content(path, &bytes));
        assert_eq!(source["read"], entries.len() + rejected, "{path}");
        assert_eq!(source["rejected"], rejected, "{path}");
        n_read += entries.len() + rejected;
        n_rejected += rejected;
        all.extend(entries);
    }
    let distinct = whole_first(&all);
    assert_eq!(truth["read"], n_read);
    assert_eq!(truth["rejected"], n_rejected);
    assert_eq!(truth["entries"], distinct.len());
    assert_eq!(truth["duplicates"], n_read - n_rejected - distinct.len());
    assert_eq!(truth["first"], distinct.first().unwrap().nanos());
    assert_eq!(truth["last"], distinct.last().unwrap().nanos());

    let mut severities: BTreeMap<&str, u64> = BTreeMap::new();
    let mut revisions: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for found in &distinct {
        *severities.entry(found.severity()).or_default() += 1;
        if !found.revision().is_empty() {
            let counts = revisions.entry(found.revision()).or_default();
            counts.0 += 1;
            counts.1 += u64::from(["ERROR", "CRITICAL"].contains(&found.severity()));
            counts.2 += u64::from(found.value["httpRequest"].is_object());
        }
    }
    assert_eq!(truth["severities"], serde_json::to_value(&severities).unwrap());
    assert_eq!(truth["revisions"].as_array().unwrap().len(), revisions.len());
    for revision in truth["revisions"].as_array().unwrap() {
        let counts = revisions[revision["revision"].as_str().unwrap()];
        let said = (&revision["entries"], &revision["errors"], &revision["requests"]);
        assert_eq!(said, (&counts.0.into(), &counts.1.into(), &counts.2.into()), "{}", revision["revision"]);
    }
    for phrase in truth["phrases"].as_array().unwrap() {
        check_phrase(phrase, &distinct);
    }
}

/// A phrase counts wherever it stands in an entry, whatever the case.
fn check_phrase(phrase: &Value, distinct: &[&Found]) {
    let wanted = phrase["phrase"].as_str().expect("a phrase").to_lowercase();
    let mut per_revision: BTreeMap<&str, u64> = BTreeMap::new();
    let mut with = Vec::new();
    for found in distinct {
        if strings(&found.value).iter().any(|text| text.to_lowercase().contains(&wanted)) {
            *per_revision.entry(found.revision()).or_default() += 1;
            with.push(*found);
        }
    }
    assert_eq!(phrase["count"], with.len(), "{wanted}");
    assert_eq!(phrase["first"], with.first().map_or(Value::Null, |found| found.nanos().into()), "{wanted}");
    assert_eq!(phrase["last"], with.last().map_or(Value::Null, |found| found.nanos().into()), "{wanted}");
    let first_revision = with.first().map_or(Value::Null, |found| found.revision().into());
    assert_eq!(phrase["first_revision"], first_revision, "{wanted}");
    let said = phrase["per_revision"].as_array().expect("a list");
    assert_eq!(said.len(), per_revision.len(), "{wanted}");
    for group in said {
        let revision = group["revision"].as_str().expect("a name");
        assert_eq!(group["count"], per_revision[revision], "{wanted}");
    }
}

#[test]
fn the_samples_show_what_real_exports_do() {
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(data().join("truth.json")).unwrap()).unwrap();
    assert!(truth["duplicates"].as_u64().unwrap() > 100, "overlapping dumps");
    assert_eq!(truth["rejected"], 1, "one entry is cut off");
    assert_eq!(truth["planted"].as_array().unwrap().len(), 3);
    let cuts: BTreeSet<&str> =
        truth["sources"].as_array().unwrap().iter().map(|s| s["cut"].as_str().unwrap()).collect();
    assert_eq!(cuts, BTreeSet::from(["no", "limit", "broken"]));
    for planted in truth["planted"].as_array().unwrap() {
        let phrase =
            truth["phrases"].as_array().unwrap().iter().find(|p| p["phrase"] == planted["phrase"]).unwrap();
        let onset = &planted["onset"];
        let there =
            phrase["per_revision"].as_array().unwrap().iter().find(|group| group["revision"] == *onset);
        assert!(there.is_some_and(|group| group["count"].as_u64().unwrap() > 5), "{planted}");
    }
}
