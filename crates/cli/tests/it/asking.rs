//! `status`, `first`, `freq` and `explain`, against what the generator of the samples counted.

use crate::{ask, number, run, text, truth};
use serde_json::Value;
use std::path::Path;

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
