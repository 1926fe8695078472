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
        &["patterns"],
        &["patterns", "", "--verbose"],
        &["report"],
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
    let patterns = run(&archive, &["patterns", "--format", "json"]).json();
    let id = patterns["patterns"][0]["id"].as_str().unwrap();
    for format in ["text", "markdown"] {
        let shown = run(&archive, &["pattern", id, "--format", format]);
        assert_eq!(shown.code, 0, "{}", shown.stderr);
        assert!(is_inert(&shown.stdout) && is_inert(&shown.stderr), "{format}: {:?}", shown.stdout);
    }
    let csv = run(&archive, &["search", "", "--fields", "textPayload", "--format", "csv"]).stdout;
    assert!(!csv.lines().any(|line| line.trim_start_matches('"').starts_with('=')), "{csv}");
    let inspected = run(&archive, &["inspect", export.to_str().unwrap()]);
    assert!(is_inert(&inspected.stdout), "{:?}", inspected.stdout);
}

/// Names from logs lead nowhere: drafts of issues and reports are written where they were asked for, and nowhere else.
#[test]
fn names_from_logs_are_no_paths() {
    let folder = TempDir::new().unwrap();
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let export = work.join("export.json");
    let entries: Vec<String> =
        ["../../escaped", "/tmp/../etc/x", "..\\..\\win", "a/b", "$(touch owned)", ".", ".."]
            .iter()
            .enumerate()
            .flat_map(|(n, name)| {
                (0..3).map(move |minute| {
                    json!({
                        "insertId": format!("{name}{minute}"),
                        "timestamp": format!("2025-06-01T00:{:02}:00Z", 8 * n + minute),
                        "severity": "ERROR",
                        "logName": name,
                        "textPayload": format!("{name} failed: {name}.Error: {HOSTILE}"),
                        "resource": {
                            "type": "cloud_run_revision",
                            "labels": { "service_name": name, "revision_name": name },
                        },
                    })
                    .to_string()
                })
            })
            .collect();
    std::fs::write(&export, entries.join("\n")).unwrap();
    let archive = work.join("archive");
    let ran = run(&archive, &["ingest", export.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let path = |name: &str| work.join(name).to_str().unwrap().to_owned();
    for name in ["report.md", "report.html", "report.json"] {
        let ran = run(&archive, &["report", "-o", &path(name)]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let text = std::fs::read_to_string(work.join(name)).unwrap();
        assert!(name.ends_with("json") || is_inert(&text), "{name}");
        assert!(!name.ends_with("html") || !text.contains("<script>alert"), "{name}");
    }
    let ran = run(&archive, &["issues", "-o", &path("issues")]);
    assert!(ran.code == 0 || ran.code == 1, "{}", ran.stderr);
    assert!(is_inert(&ran.stdout) && is_inert(&ran.stderr), "{:?}", ran.stdout);
    let names = |folder: &std::path::Path| {
        let found =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut found: Vec<String> = found.collect();
        found.sort();
        found
    };
    assert_eq!(names(folder.path()), ["work"]);
    assert_eq!(names(&work), ["archive", "export.json", "issues", "report.html", "report.json", "report.md"]);
    for draft in names(&work.join("issues")) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        assert!(draft.chars().all(is_plain) && !draft.contains(".."), "{draft:?}");
        // What is for programs has the text as it was.
        let text = std::fs::read_to_string(work.join("issues").join(&draft)).unwrap();
        assert!(draft.ends_with("json") || is_inert(&text), "{draft}");
    }
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
