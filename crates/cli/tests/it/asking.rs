//! `status`, `first`, `freq` and `explain`, against what the generator of the samples counted.

use crate::{ask, number, run, text, truth};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

#[test]
fn status_is_the_truth() {
    let (status, truth) = (ask(&["status", "--format", "json"]).json(), truth());
    assert_eq!(status["schema"], "timberline/status/1");
    for name in ["entries", "duplicates", "rejected", "first", "last", "severities"] {
        assert_eq!(status[name], truth[name], "{name}");
    }
    let shown = ask(&["status"]);
    assert!(shown.stdout.contains("3,120") && shown.stdout.contains("2025-06-10 20:27:38.849337 UTC"));
}

fn phrases() -> Vec<Value> {
    truth()["phrases"].as_array().unwrap().clone()
}

#[test]
fn first_and_last_of_every_phrase() {
    for expected in phrases() {
        let phrase = format!("\"{}\"", text(&expected["phrase"]));
        let answer = ask(&["first", &phrase, "--format", "json"]);
        assert_eq!(answer.code, i32::from(expected["count"] == 0), "{phrase}");
        let answer = answer.json();
        assert_eq!(answer["schema"], "timberline/first/1");
        assert_eq!(answer["matches"], expected["count"], "{phrase}");
        if answer["first"].is_null() {
            assert_eq!(expected["count"], 0, "{phrase}");
            continue;
        }
        assert_eq!(answer["first"]["timestamp"], expected["first"], "{phrase}");
        assert_eq!(answer["first"]["revision"], expected["first_revision"], "{phrase}");
        assert_eq!(answer["last"]["timestamp"], expected["last"], "{phrase}");
    }
}

#[test]
fn frequency_of_every_phrase_per_revision() {
    for expected in phrases() {
        let phrase = format!("\"{}\"", text(&expected["phrase"]));
        let answer = ask(&["freq", &phrase, "--by", "revision", "--format", "json"]).json();
        assert_eq!(answer["total"], expected["count"], "{phrase}");
        let groups = answer["groups"].as_array().unwrap();
        let count = |revision: &str| {
            let group = groups.iter().find(|group| group["key"]["revision"] == revision);
            group.map_or(0, |group| number(&group["count"]))
        };
        for one in expected["per_revision"].as_array().unwrap() {
            assert_eq!(count(text(&one["revision"])), number(&one["count"]), "{phrase} in {one}");
        }
        let sum: u64 = groups.iter().filter_map(|group| group["count"].as_u64()).sum();
        assert_eq!(sum, number(&expected["count"]), "{phrase}");
    }
}

#[test]
fn flags_narrow_the_question() {
    let total =
        |args: &[&str]| number(&ask(&[&["freq", "--format", "json"][..], args].concat()).json()["total"]);
    assert_eq!(total(&[""]), 3120);
    assert_eq!(total(&["--severity", "error"]), 167);
    assert_eq!(total(&["severity>=ERROR"]), 167);
    assert_eq!(total(&["ledger_rounding", "--service", "payments"]), 12);
    assert_eq!(total(&["ledger_rounding", "--service", "storefront"]), 0);
    assert_eq!(total(&["ledger_rounding", "--revision", "payments-00089-zen"]), 12);
    let split = total(&["--until", "2025-06-01"]) + total(&["--since", "2025-06-01"]);
    assert_eq!(split, 3120, "splitting a range changes no sum");
    let berlin = total(&["--until", "2025-06-01", "--tz", "Europe/Berlin"]);
    assert_eq!(berlin, total(&["--until", "2025-05-31T22:00:00Z"]));
    assert_eq!(total(&["--since", "2h"]), 0, "the samples are older");
}

#[test]
fn nothing_found_is_1_and_says_what_no_entry_has() {
    let nothing = ask(&["first", "jsonPayload.error.typo=x", "--format", "json"]);
    assert_eq!((nothing.code, number(&nothing.json()["matches"])), (1, 0));
    assert!(nothing.stderr.contains("no entry has a field 'jsonPayload.error.typo'"), "{}", nothing.stderr);
    assert_eq!(ask(&["search", "\"never said\""]).code, 1);
    assert_eq!(ask(&["freq", "\"never said\""]).code, 1);
}

#[test]
fn a_wrong_filter_is_drawn() {
    for verb in ["search", "first", "freq", "explain"] {
        let refused = ask(&[verb, "severity>=WARN"]);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{verb}");
        let expected = "  1 | severity>=WARN\n    |           ^^^^\n  hint: did you mean WARNING?\n";
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
}

#[test]
fn an_odd_filter_is_remarked_once() {
    let odd = ask(&["freq", "severity=ERROR or x", "--format", "json"]);
    assert_eq!(odd.stderr.matches("'or' is a search term here").count(), 1, "{}", odd.stderr);
    assert_eq!(ask(&["freq", "severity=ERROR or x", "--format", "json", "--quiet"]).stderr, "");
}

#[test]
fn a_missing_archive_is_named_with_what_to_do() {
    for verb in [&["status"][..], &["search", ""], &["first", ""], &["freq", ""], &["sources"], &["rejects"]]
    {
        let refused = run(Path::new("no-archive-here"), verb);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
        assert!(refused.stderr.contains("no archive in no-archive-here"), "{}", refused.stderr);
        assert!(refused.stderr.contains("timberline ingest"), "{}", refused.stderr);
    }
}

#[test]
fn explain_says_how_it_is_read() {
    let explained =
        ask(&["explain", "severity>=ERROR a OR b", "--since", "2025-06-01", "--format", "json"]).json();
    assert_eq!(explained["schema"], "timberline/explain/1");
    let means = "severity>=\"ERROR\" AND (\"a\" OR \"b\") AND timestamp>=\"2025-06-01T00:00:00.000000000Z\"";
    assert_eq!(explained["means"], means);
    let rings = &explained["rings"];
    let sum: u64 = ["certain", "candidates", "excluded"].iter().map(|name| number(&rings[*name])).sum();
    assert_eq!(sum, number(&ask(&["status", "--format", "json"]).json()["rings"]));
    let phrase = ask(&["explain", "\"template bundle checksum mismatch\"", "--format", "json"]).json();
    assert!(number(&phrase["rings"]["certain"]) > 0, "a phrase of a template needs no entry read: {phrase}");
}

#[test]
fn the_same_question_gives_the_same_bytes() {
    for format in ["text", "json", "ndjson", "csv", "markdown"] {
        let question = ["freq", "severity>=ERROR", "--by", "service,severity", "--format", format];
        let (once, twice) = (ask(&question), ask(&[&question[..], &["--threads", "1"]].concat()));
        assert_eq!(once.stdout, twice.stdout, "{format}");
        assert!(!once.stdout.is_empty() && once.code == 0);
    }
}

/// What an answer cannot say comes with it: what was lost to damage and may come back, what an asked window leaves out, what a
/// limit cut off, and what a filter of the export kept out.
#[test]
fn answers_say_what_they_do_not_rest_on() {
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("archive");
    let entries = |from: u64, to: u64| -> Vec<String> {
        let entry = |n: u64| {
            format!(
                r#"{{"insertId":"{n:04}","timestamp":"2025-09-{:02}T{:02}:{:02}:00Z","severity":"ERROR","textPayload":"boom {n}","resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop","revision_name":"shop-00001-abc"}}}}}}"#,
                1 + n / 1440,
                n / 60 % 24,
                n % 60
            )
        };
        (from..to).rev().map(entry).collect()
    };
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // A limit of 100 stopped before the window that was asked for was exhausted.
    let window = r#""time_range":{"start":"2025-09-01T00:00:00Z","end":"2025-09-01T12:00:00Z"}"#;
    let cut = write("cut.json", format!("{{{window},\"entries\":[{}]}}", entries(500, 600).join(",")));
    assert_eq!(run(&archive, &["ingest", &cut]).code, 0);
    let first = |archive: &Path| run(archive, &["first", "boom", "--format", "json"]).json();
    let warned = |answer: &Value, what: &str| {
        let warnings = answer["completeness"]["warnings"].as_array().unwrap();
        warnings.iter().any(|warning| warning.as_str().unwrap().contains(what))
    };
    let answer = first(&archive);
    assert_eq!(answer["matches"], 100);
    assert_eq!(answer["first"]["evidence"]["status"], "censored", "{answer:#}");
    assert!(warned(
        &answer,
        "cut.json looks cut off by a limit: it says nothing of the time before 2025-09-01T08:20"
    ));
    // The window's own end is covered, its beginning is not.
    let covered = &answer["completeness"]["covered"];
    assert!(covered["from"].as_str().unwrap().starts_with("2025-09-01T08:20"), "{answer:#}");
    assert!(covered["to"].as_str().unwrap().starts_with("2025-09-01T12:00"), "{answer:#}");
    let asked =
        run(&archive, &["first", "boom", "--since", "2025-09-01T00:00:00Z", "--format", "json"]).json();
    assert!(warned(&asked, "nothing is covered before 2025-09-01T08:20"), "{asked:#}");

    // A dump that says it kept out everything but one message proves nothing about others.
    let told = folder.path().join("told");
    let window = r#""time_range":{"start":"2025-09-01T00:00:00Z","end":"2025-09-02T00:00:00Z"}"#;
    let filters = [("severity>=ERROR", "observed"), ("severity>=ERROR \\\"boom\\\"", "unknown")];
    for (n, (filter, expected)) in filters.into_iter().enumerate() {
        let dump =
            format!("{{\"filter\":\"{filter}\",{window},\"entries\":[{}]}}", entries(500, 563).join(","));
        let archive = told.join(n.to_string());
        assert_eq!(run(&archive, &["ingest", &write(&format!("told-{n}.json"), dump)]).code, 0);
        assert_eq!(first(&archive)["first"]["evidence"]["status"], expected, "{filter}");
    }

    // Damage to the entries' file: set aside, said in every answer, gone when the export was read again.
    let parquet = |folder: &Path| {
        let mut found = Vec::new();
        let mut folders = vec![folder.join("entries")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
            }
        }
        found
    };
    let files = parquet(&archive);
    assert_eq!(files.len(), 1);
    let mut bytes = std::fs::read(&files[0]).unwrap();
    let len = bytes.len();
    bytes[4..len - 8].fill(0);
    std::fs::write(&files[0], bytes).unwrap();
    assert_eq!(run(&archive, &["verify"]).code, 3);
    let repaired = run(&archive, &["verify", "--repair"]);
    assert_eq!(repaired.code, 3, "{}{}", repaired.stdout, repaired.stderr);
    let answer = run(&archive, &["first", "boom", "--format", "json"]);
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert!(warned(&answer, "up to 100 entries from 2025-09-01T08:20"), "{answer:#}");
    assert_eq!(
        (&answer["matches"], &answer["completeness"]["duplicates"]),
        (&0.into(), &0.into()),
        "{answer:#}"
    );
    assert_eq!(run(&archive, &["ingest", &cut]).code, 0);
    let answer = first(&archive);
    assert_eq!(answer["matches"], 100);
    assert!(!warned(&answer, "lost to damage"), "{answer:#}");
}

#[test]
fn any_number_of_threads_gives_the_same_answer() {
    for question in [
        &["freq", "severity>=ERROR", "--by", "revision", "--format", "json"][..],
        &["patterns", "--format", "json"],
        &["regressions", "--format", "json"],
    ] {
        let plain = ask(question);
        for threads in ["1", "3"] {
            let told = ask(&[question, &["--threads", threads]].concat());
            assert_eq!((told.code, &told.stdout), (plain.code, &plain.stdout), "{question:?} {threads}");
        }
    }
    assert_eq!(ask(&["status", "--threads", "0"]).code, 2);
}

#[test]
fn the_answers_of_maintenance_name_their_contracts() {
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("archive");
    assert_eq!(run(&archive, &["ingest", "data/exports/fetcher"]).code, 0);
    for (args, schema) in [
        (&["verify"][..], "timberline/verify/1"),
        (&["verify", "--repair"], "timberline/repair/1"),
        (&["compact"], "timberline/compact/1"),
        (&["reindex"], "timberline/reindex/1"),
    ] {
        let answer = run(&archive, &[args, &["--format", "json"]].concat());
        assert_eq!((answer.code, text(&answer.json()["schema"])), (0, schema), "{args:?}");
        assert!(answer.stdout.starts_with("{\n  \"schema\": "), "{}", answer.stdout);
    }
}
