//! `search`: the entries, in every form.

use crate::{ask, root, run, text};
use serde_json::Value;
use std::collections::BTreeMap;
use tempfile::TempDir;

#[test]
fn entries_come_back_as_they_were_exported() {
    let file = root().join("data/exports/gcloud/storefront-2025-06-10-limit200.json");
    let exported: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let found = ask(&["search", "", "--format", "ndjson"]).json_lines();
    assert_eq!(found.len(), 3120, "all of them when a program asks");
    let key = |entry: &Value| (text(&entry["timestamp"]).to_owned(), text(&entry["insertId"]).to_owned());
    let found: BTreeMap<_, _> = found.into_iter().map(|entry| (key(&entry), entry)).collect();
    assert_eq!(exported.len(), 200);
    for entry in exported {
        assert_eq!(found[&key(&entry)], entry);
    }
}

#[test]
fn order_and_limits() {
    let times = |args: &[&str]| -> Vec<String> {
        let found =
            ask(&[&["search", "severity>=ERROR", "--format", "ndjson", "--fields", "timestamp"][..], args]
                .concat());
        found.json_lines().iter().map(|entry| text(&entry["timestamp"]).to_owned()).collect()
    };
    let newest = times(&[]);
    assert_eq!(newest.len(), 167);
    assert!(newest.is_sorted_by(|a, b| a >= b));
    let mut oldest = times(&["--oldest"]);
    assert!(oldest.is_sorted());
    oldest.reverse();
    assert_eq!(oldest, newest);
    assert_eq!(times(&["--limit", "7"]), newest[..7]);
    let shown = ask(&["search", "severity>=ERROR"]);
    assert_eq!(shown.stdout.lines().count(), 50, "people get the newest first");
    assert!(shown.stderr.contains("--limit 0"), "{}", shown.stderr);
    assert_eq!(ask(&["search", "severity>=ERROR", "--limit", "0"]).stdout.lines().count(), 167);
}

#[test]
fn chosen_members_and_no_others() {
    let question = ["search", "ledger_rounding", "--oldest", "--limit", "1"];
    let fields =
        ["--fields", "insertId,severity,resource.labels.revision_name,pattern,exception,source,labels.nope"];
    let found = ask(&[&question[..], &fields, &["--format", "ndjson"]].concat());
    let entry = &found.json_lines()[0];
    let names: Vec<&String> = entry.as_object().unwrap().keys().collect();
    let expected = [
        "insertId",
        "severity",
        "resource.labels.revision_name",
        "pattern",
        "exception",
        "source",
        "labels.nope",
    ];
    assert_eq!(names, expected);
    assert_eq!(entry["resource.labels.revision_name"], "payments-00089-zen");
    assert_eq!(entry["severity"], "ERROR");
    assert!(entry["labels.nope"].is_null());
    assert!(entry["source"]["line"].as_u64().unwrap() > 0);
    assert_eq!(text(&entry["pattern"]).len(), 16);
    let refused = ask(&["search", "", "--fields", "jsonPayloat.x"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("did you mean jsonPayload?"), "{}", refused.stderr);
    for fields in [",", "severity,,pattern", ""] {
        let refused = ask(&["search", "", "--fields", fields]);
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains("--fields"), "{}", refused.stderr);
    }
}

#[test]
fn what_stands_around_matches() {
    let folder = TempDir::new().unwrap();
    let export = folder.path().join("export.ndjson");
    let entry = |n: usize, instance: &str, said: &str| {
        format!(
            r#"{{"insertId":"{n}","timestamp":"2025-06-01T00:00:0{n}Z","labels":{{"instanceId":"{instance}"}},"resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop","revision_name":"shop-00001-abc"}}}},"textPayload":"{said}"}}"#
        )
    };
    let told = ["a one", "b one", "a two", "b two", "a boom", "b three", "a three", "a four"];
    let lines: Vec<String> = told.iter().enumerate().map(|(n, said)| entry(n, &said[..1], said)).collect();
    std::fs::write(&export, lines.join("\n")).unwrap();
    let archive = folder.path().join("archive");
    assert_eq!(run(&archive, &["ingest", export.to_str().unwrap()]).code, 0);
    let search = |more: &[&str]| run(&archive, &[&["search", "boom", "--context", "1"], more].concat());

    let shown = search(&["--oldest"]);
    let ends: Vec<(&str, &str)> =
        shown.stdout.lines().map(|line| (&line[..2], &line[line.len() - 5..])).collect();
    assert_eq!(ends, [("- ", "a two"), ("> ", " boom"), ("- ", "three")], "{}", shown.stdout);
    // Programs get the entries as they were exported, or a member that tells them apart.
    let entries = search(&["--oldest", "--format", "ndjson"]).json_lines();
    let expected: Vec<Value> = [2, 4, 6].map(|n: usize| serde_json::from_str(&lines[n]).unwrap()).into();
    assert_eq!(entries, expected);
    let objects = search(&["--format", "json", "--fields", "message,context"]).json();
    let object = |said: &str, context: bool| serde_json::json!({"message": said, "context": context});
    assert_eq!(
        objects,
        Value::Array(vec![object("a three", true), object("a boom", false), object("a two", true)])
    );
    let csv = search(&["--format", "csv"]).stdout;
    assert!(csv.lines().next().unwrap().ends_with(",context") && csv.contains(",true\r\n"), "{csv}");
    let none = run(&archive, &["search", "never", "--context", "3", "--format", "json"]);
    assert_eq!((none.code, none.stdout.as_str()), (1, "[]\n"));
    let plain = run(&archive, &["search", "boom"]).stdout;
    assert!(!plain.starts_with("> ") && plain.lines().count() == 1, "{plain}");
}

#[test]
fn text_that_was_repaired_is_hinted_at() {
    let folder = TempDir::new().unwrap();
    let export = folder.path().join("export.json");
    let garbled = r#"{"insertId":"a","timestamp":"2025-06-01T00:00:00Z","textPayload":"ðŸ”´ DOWN"}"#;
    std::fs::write(&export, garbled).unwrap();
    let archive = folder.path().join("archive");
    assert_eq!(run(&archive, &["ingest", export.to_str().unwrap()]).code, 0);
    for filter in ["\"🔴\"", "textPayload:\"🔴\"", "severity=DEFAULT AND \"🔴\""] {
        let found = run(&archive, &["search", filter]);
        assert_eq!(found.code, 1);
        assert!(found.stderr.contains("message:\"🔴\" finds them"), "{filter}: {}", found.stderr);
    }
    assert_eq!(run(&archive, &["search", "message:\"🔴\""]).code, 0);
    assert!(!run(&archive, &["search", "\"→\""]).stderr.contains("finds them"));
}

#[test]
fn the_forms_agree() {
    let question = ["search", "severity>=ERROR", "--limit", "20"];
    let form = |format: &str| ask(&[&question[..], &["--format", format]].concat());
    let lines = form("ndjson").json_lines();
    assert_eq!(form("json").json(), Value::Array(lines));
    let csv = form("csv").stdout;
    assert_eq!(csv.matches("\r\n").count(), 21);
    assert!(csv.starts_with("timestamp,severity,service,revision,insertId,pattern,message,source\r\n"));
    let markdown = form("markdown").stdout;
    assert_eq!(markdown.lines().filter(|line| line.starts_with('|')).count(), 22);
    assert_eq!(ask(&["search", "\"never said\"", "--format", "json"]).stdout, "[]\n");
    assert_eq!(ask(&["search", "\"never said\"", "--format", "ndjson"]).stdout, "");
    let berlin =
        ask(&["search", "ledger_rounding", "--oldest", "--limit", "1", "--tz", "Europe/Berlin"]).stdout;
    assert!(
        berlin.starts_with(
            "2025-06-01 15:51:53.885983 +02:00  ERROR      payments-00089-zen  worker boot failed"
        )
    );
}

#[test]
fn into_a_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("found.ndjson");
    let found = ask(&["search", "severity>=ERROR", "--format", "ndjson", "--output", file.to_str().unwrap()]);
    assert_eq!((found.code, found.stdout.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 167);
    let nowhere = folder.path().join("no/such/folder.ndjson");
    assert_eq!(ask(&["search", "", "--output", nowhere.to_str().unwrap()]).code, 2);
}
