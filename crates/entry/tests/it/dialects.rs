//! Each dialect's samples: `input.json` beside what is expected of it, in `expected.json`.
//!
//! To write the expectations anew, look at what changed and run with `UPDATE_SAMPLES=1`.

use crate::source::{read_bytes, read_bytes_by, read_spec};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use timberline_entry::dialect::{DialectKind, FieldMap};
use timberline_entry::input::{OpenOptions, SourceSpec};

fn check(dialect: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(dialect);
    let got = answer(&folder.join("input.json"), &OpenOptions::default());
    let expected = folder.join("expected.json");
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        std::fs::write(&expected, serde_json::to_string_pretty(&got).unwrap() + "\n").unwrap();
    }
    let expected: Value = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    assert_eq!(got, expected, "{got:#}");
    assert_eq!(got["dialect"], dialect);
    // A dialect that was asked for reads the same.
    let asked = OpenOptions { dialect: DialectKind::from_name(dialect), field_map: None };
    let mut asked = answer(&folder.join("input.json"), &asked);
    assert_eq!(asked["why"], "it was asked for");
    asked["why"] = got["why"].clone();
    assert_eq!(asked, got);
}

fn answer(path: &Path, options: &OpenOptions) -> Value {
    let whole = read_spec(&SourceSpec::file(path), options, 1 << 20).unwrap();
    let rejects: Vec<Value> = whole
        .rejects
        .iter()
        .map(|reject| json!({"line": reject.line, "offset": reject.offset, "len": reject.len, "reason": reject.reason.name()}))
        .collect();
    let repairs: Value =
        whole.repairs.iter().map(|(kind, count)| (kind.name().to_owned(), json!(count))).collect();
    json!({
        "dialect": whole.facts.dialect.name(),
        "why": whole.facts.dialect_reason,
        "entries": whole.entries.iter().map(|got| json!({"line": got.line, "time": got.time, "entry": got.json})).collect::<Vec<_>>(),
        "rejects": rejects,
        "repairs": repairs,
    })
}

#[test]
fn samples() {
    for kind in DialectKind::ALL {
        if kind != DialectKind::Unknown {
            check(kind.name());
        }
    }
}

#[test]
fn a_field_map_says_what_is_what() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.ndjson");
    let lines = [
        r#"{"meta":{"at":"2025-09-16 01:42:58","sev":"E"},"what":"broke","who":"api","build":{"no":17},"key":"k1"}"#,
        r#"{"meta":{"at":"2025-09-16 01:42:59"},"what":"works"}"#,
        r#"{"meta":{},"what":"no time"}"#,
    ];
    std::fs::write(&path, lines.join("\n")).unwrap();
    let map = FieldMap {
        timestamp: Some("meta.at".to_owned()),
        severity: Some("meta.sev".to_owned()),
        message: Some("what".to_owned()),
        service: Some("who".to_owned()),
        revision: Some("build.no".to_owned()),
        id: Some("key".to_owned()),
    };
    let options = OpenOptions { dialect: Some(DialectKind::Generic), field_map: Some(map) };
    let got = answer(&path, &options);
    assert_eq!(got["entries"].as_array().unwrap().len(), 2, "{got:#}");
    let entry = &got["entries"][0]["entry"];
    assert_eq!(entry["timestamp"], "2025-09-16T01:42:58Z");
    assert_eq!(entry["severity"], "ERROR");
    assert_eq!(entry["insertId"], "k1");
    assert_eq!(entry["jsonPayload"]["message"], "broke");
    assert_eq!(entry["resource"]["labels"], json!({"service_name": "api", "revision_name": "17"}));
    assert_eq!(got["rejects"][0]["reason"], "no-timestamp");
}

#[test]
fn documents_of_several_dialects_in_one_file_are_all_read() {
    let own = r#"[{"insertId":"a","timestamp":"2025-09-16T01:42:58Z","textPayload":"one"},{"insertId":"b","timestamp":"2025-09-16T01:42:59Z","textPayload":"two"}]"#;
    let cloud_watch = r#"{"events":[{"logStreamName":"s","timestamp":1757986979000,"message":"three","ingestionTime":1757986979100,"eventId":"1"},{"logStreamName":"s","timestamp":1757986979001,"message":"four","ingestionTime":1757986979100,"eventId":"2"}]}"#;
    let docker = r#"{"log":"five\n","stream":"stdout","time":"2025-09-16T01:43:01Z"}"#;
    let ecs = r#"[{"@timestamp":"2025-09-16T01:43:02Z","ecs.version":"8","message":"six"}]"#;
    let otlp = r#"{"resourceLogs":[{"resource":{"attributes":[]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1757986983000000000","body":{"stringValue":"seven"}}]}]}]}"#;
    for (documents, n) in [
        (vec![own, cloud_watch], 4),
        (vec![cloud_watch, own], 4),
        (vec![own, docker, own, ecs, otlp, docker], 8),
        (vec![docker, cloud_watch, docker], 4),
        (vec![own, otlp, cloud_watch], 5),
    ] {
        for between in ["", "\n", "\n\n"] {
            let text = documents.join(between);
            let whole = read_bytes(text.as_bytes()).unwrap();
            // Entries that stand in two of the documents are read twice.
            assert_eq!((whole.entries.len(), whole.reasons()), (n, Vec::new()), "{text}");
            let in_small_batches = read_bytes_by(text.as_bytes(), 1).unwrap();
            assert_eq!(in_small_batches.entries, whole.entries);
        }
    }
    let whole = read_bytes([own, cloud_watch].concat().as_bytes()).unwrap();
    assert_eq!(whole.facts.dialect.name(), "log-entry");
    assert!(
        whole.facts.dialect_reason.ends_with("; other entries in it are cloudwatch"),
        "{}",
        whole.facts.dialect_reason
    );
    assert_eq!(
        whole.entries[2].json["resource"]["labels"],
        read_bytes(cloud_watch.as_bytes()).unwrap().entries[0].json["resource"]["labels"]
    );
    // What lies about in a wrapper of entries is no entry, whatever it looks like.
    let about = format!("{own}{{\"about\":[{docker}],\"entries\":{own}}}");
    assert_eq!(read_bytes(about.as_bytes()).unwrap().entries.len(), 4);
}

#[test]
fn a_large_document_of_another_dialect_is_read() {
    let own = r#"[{"insertId":"a","timestamp":"2025-09-16T01:42:58Z","textPayload":"one"}]"#;
    let events: Vec<String> = (0..20_000)
        .map(|n| format!("{{\"logStreamName\":\"s\",\"timestamp\":{},\"message\":\"m{n}\",\"ingestionTime\":1757986979100,\"eventId\":\"{n}\"}}", 1_757_986_979_000_u64 + n))
        .collect();
    let text = format!("{own}\n{{\"events\":[{}]}}\n{own}", events.join(","));
    assert!(text.len() > 2 << 20);
    let whole = read_bytes(text.as_bytes()).unwrap();
    assert_eq!((whole.entries.len(), whole.reasons()), (20_002, Vec::new()));
    assert_eq!(whole.entries[1].json["insertId"], "0");
}
