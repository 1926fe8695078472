//! Entries hundreds of years apart, and questions about times that no entry can have.

use crate::run;
use serde_json::json;
use tempfile::TempDir;

/// Clocks that were never set, that count from another day, or that run far ahead.
const TIMES: [&str; 6] = [
    "1678-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "2025-06-01T10:00:00Z",
    "2025-06-01T10:05:00Z",
    "2261-12-31T23:59:58Z",
    "2261-12-31T23:59:59Z",
];
/// Before and after what can be held.
const REFUSED: [&str; 2] = ["1677-10-01T00:00:00Z", "2262-01-01T00:00:00Z"];

fn entry(time: &str) -> String {
    let entry = json!({
        "insertId": time,
        "timestamp": time,
        "severity": "ERROR",
        "textPayload": "the clock is wrong",
        "resource": {
            "type": "cloud_run_revision",
            "labels": { "service_name": "clock", "revision_name": "clock-00001-abc" },
        },
    });
    format!("{entry}\n")
}

#[test]
fn every_question_has_an_end() {
    let folder = TempDir::new().unwrap();
    let export = folder.path().join("clock.ndjson");
    std::fs::write(&export, TIMES.iter().chain(&REFUSED).map(|time| entry(time)).collect::<String>())
        .unwrap();
    let archive = folder.path().join("archive");
    assert_eq!(run(&archive, &["ingest", export.to_str().unwrap()]).code, 3, "two times cannot be kept");
    assert_eq!(run(&archive, &["status", "--format", "json"]).json()["entries"], TIMES.len());
    let everything = [
        &["report"][..],
        &["patterns"],
        &["freq", "--by", "hour"],
        &["freq", "--by", "day"],
        &["freq", "--by", "week"],
        &["freq", "--by", "month"],
        &["first", "clock"],
        &["search", "clock"],
        &["revisions"],
        &["coverage"],
        &["regressions"],
        &["status"],
    ];
    let windows = [
        &[][..],
        &["--since", "1500-01-01"],
        &["--until", "2300-01-01"],
        &["--since", "1700-01-01", "--until", "2255-01-01"],
        &["--since", "2300-01-01"],
        &["--until", "1500-01-01"],
        &["timestamp<\"9999-12-31T23:59:59Z\""],
        &["timestamp>\"0001-01-01T00:00:00Z\""],
        &["timestamp>=\"2025-06-05\" timestamp<\"2025-06-01\""],
        &["timestamp>=\"2025-06-01\" timestamp<\"1969-06-01\""],
    ];
    for verb in everything {
        for window in windows {
            // Not every command takes a filter or a window.
            let shown = run(&archive, &[verb, window, &["--format", "json"]].concat());
            assert!(matches!(shown.code, 0..=2), "{verb:?} {window:?}: {}", shown.stderr);
            assert!(shown.code == 2 || serde_json::from_str::<serde_json::Value>(&shown.stdout).is_ok());
        }
    }
}

#[test]
fn a_window_that_ends_before_it_begins_matches_nothing() {
    let backwards = "timestamp>=\"2025-06-05\" timestamp<\"2025-06-01\"";
    let patterns = crate::ask(&["patterns", backwards, "--format", "json"]);
    assert_eq!((patterns.code, &patterns.json()["patterns"]), (1, &json!([])), "{}", patterns.stderr);
    let frequency = crate::ask(&["freq", backwards, "--by", "day", "--format", "json"]);
    assert_eq!((frequency.code, &frequency.json()["total"]), (1, &json!(0)), "{}", frequency.stderr);
}

#[test]
fn a_report_up_to_a_far_year_counts_all() {
    let report = |args: &[&str]| crate::ask(&[&["report", "--format", "json"], args].concat()).json();
    let (near, far) = (report(&[]), report(&["--until", "2300-01-01"]));
    assert!(!near["timeline"]["steps"].as_array().unwrap().is_empty());
    assert_eq!(near["timeline"], far["timeline"]);
    assert_eq!(near["window"], far["window"]);
}
