//! Log text that wants to be more than shown.

use crate::run;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Moves the cursor, retitles the window, turns text around, starts a formula, ends a table cell, hides itself.
const HOSTILE: &str = "=cmd|'/c calc'!A1 \u{1b}[2J\u{1b}]0;owned\u{7} \u{202e}drowssap | `x` <script>alert(1)</script>\u{200b}\r\nline two";

fn entry() -> Value {
    json!({
        "insertId": HOSTILE,
        "timestamp": "2025-06-01T00:00:00Z",
        "severity": "ERROR",
        "textPayload": HOSTILE,
        "labels": { HOSTILE: HOSTILE },
        "resource": {
            "type": "cloud_run_revision",
            "labels": { "service_name": HOSTILE, "revision_name": HOSTILE },
        },
    })
}

fn is_inert(text: &str) -> bool {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\r' || matches!(c, '\u{202e}' | '\u{200b}');
    !text.contains(steers) && !text.replace("\r\n", "").contains('\r')
}

#[test]
fn every_form_shows_it_and_no_more() {
    let folder = TempDir::new().unwrap();
    let export = folder.path().join("\u{1b}[31m.json");
    std::fs::write(&export, format!("{}\n{{\"broken\u{1b}[2J", entry())).unwrap();
    let archive = folder.path().join("archive");
    let ingest = run(&archive, &["ingest", export.to_str().unwrap()]);
    assert_eq!(ingest.code, 3);
    assert!(is_inert(&ingest.stdout) && is_inert(&ingest.stderr), "{:?}", ingest.stdout);
    for verb in [
        &["search", ""][..],
        &["search", "", "--verbose"],
        &["search", "", "--fields", "timestamp,textPayload,labels,insertId"],
        &["first", ""],
        &["first", "", "--by", "service"],
        &["freq", "", "--by", "revision"],
        &["freq", "", "--by", "labels"],
        &["status"],
        &["revisions"],
        &["coverage"],
        &["regressions"],
        &["verify"],
        &["sources"],
        &["rejects"],
        &["explain", "\u{1b}[31mred"],
        &["search", "\u{1b}[31m=="],
    ] {
        for format in ["text", "csv", "markdown"] {
            let shown = run(&archive, &[verb, &["--format", format]].concat());
            assert!(is_inert(&shown.stdout), "{verb:?} as {format}: {:?}", shown.stdout);
            assert!(is_inert(&shown.stderr), "{verb:?} as {format}: {:?}", shown.stderr);
        }
    }
    let csv = run(&archive, &["search", "", "--fields", "textPayload", "--format", "csv"]).stdout;
    assert!(!csv.lines().any(|line| line.trim_start_matches('"').starts_with('=')), "{csv}");
    let inspected = run(&archive, &["inspect", export.to_str().unwrap()]);
    assert!(is_inert(&inspected.stdout), "{:?}", inspected.stdout);
}

#[test]
fn programs_get_the_text_as_it_was() {
    let folder = TempDir::new().unwrap();
    let export = folder.path().join("export.json");
    std::fs::write(&export, entry().to_string()).unwrap();
    let archive = folder.path().join("archive");
    assert_eq!(run(&archive, &["ingest", export.to_str().unwrap()]).code, 0);
    let found = run(&archive, &["search", "", "--format", "ndjson"]);
    assert_eq!(found.json_lines(), [entry()]);
    let first = run(&archive, &["first", "", "--format", "json"]).json();
    assert_eq!(first["first"]["message"], HOSTILE);
}
