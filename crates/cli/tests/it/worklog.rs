//! `report`, `report --check` and `issues` as people meet them.

use crate::{ask, root, run, truth};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

fn archive_of(paths: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let ingest = run(&folder.path().join("archive"), &[&["ingest"], paths].concat());
    assert!(matches!(ingest.code, 0 | 3), "{}", ingest.stderr);
    folder
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&file).unwrap()))
        .collect()
}

#[test]
fn a_report_in_every_form_says_the_same() {
    let folder = TempDir::new().unwrap();
    let names = ["w.html", "w.md", "w.json"].map(|name| path(folder.path(), name));
    let [page, text, json] = &names;
    let wrote = ask(&["report", "--tz", "Europe/Berlin", "-o", page, "-o", text, "-o", json]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    let first = files(folder.path());
    assert_eq!(ask(&["report", "--tz", "Europe/Berlin", "-o", page, "-o", text, "-o", json]).code, 0);
    assert!(files(folder.path()) == first, "the same bytes again");
    let report: Value = serde_json::from_slice(&first["w.json"]).unwrap();
    assert_eq!(report["schema"], "timberline/report/1");
    assert_eq!(report["entries"], truth()["entries"]);
    assert_eq!(report["question"]["zone"], "Europe/Berlin");
    assert!(String::from_utf8_lossy(&first["w.md"]).contains("window, Europe/Berlin"));
    for file in &names {
        let checked = ask(&["report", "--check", file, "--format", "json"]);
        assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
        let checked = checked.json();
        assert!(
            checked["holds"].as_u64().unwrap() > 50 && checked["changed"] == 0 && checked["gone"] == 0,
            "{file}"
        );
    }
    let shown = ask(&["report", "--service", "payments"]);
    assert!(shown.stdout.starts_with("Worklog of payments"), "{}", &shown.stdout[..200]);
    assert_eq!(ask(&["report", "--service", "nobody"]).code, 1);
    assert_eq!(ask(&["report", "-o", "w.pdf"]).code, 2);
    assert_eq!(ask(&["report", "--check", "README.md"]).code, 2);
}

#[test]
fn claims_that_no_longer_hold_are_named() {
    let late = archive_of(&["data/exports/sink-2025-05-20-to-2025-06-08.ndjson.gz"]);
    let archive = late.path().join("archive");
    let page = path(late.path(), "w.html");
    assert_eq!(run(&archive, &["report", "-o", &page]).code, 0);
    // The day that was missing comes in: what is claimed of all entries changes, what is claimed of single days stays.
    run(&archive, &["ingest", "data/exports/gcloud/storefront-2025-05-27-damaged.json"]);
    let checked = run(&archive, &["report", "--check", &page, "--format", "json"]);
    assert_eq!(checked.code, 1, "{}", checked.stderr);
    let checked = checked.json();
    let verdict = |key: &str| {
        let claims = checked["claims"].as_array().unwrap();
        claims.iter().find(|claim| claim["key"] == key).unwrap()["verdict"].clone()
    };
    assert_eq!((verdict("entries"), verdict("first")), (Value::from("changed"), Value::from("holds")));
    assert!(run(&archive, &["report", "--check", &page]).stdout.contains("entries in the report"));
    // What comes after the report's end is not its subject.
    let again = path(late.path(), "again.json");
    run(&archive, &["report", "-o", &again]);
    run(&archive, &["ingest", "data/exports/gcloud/storefront-2025-06-10-limit200.json"]);
    let later = run(&archive, &["report", "--check", &again, "--format", "json"]).json();
    let entries =
        later["claims"].as_array().unwrap().iter().find(|claim| claim["key"] == "severity/CRITICAL");
    assert_eq!(entries.unwrap()["verdict"], "holds");
}

#[test]
fn rules_can_be_printed_and_changed() {
    let folder = TempDir::new().unwrap();
    let printed = ask(&["report", "--print-rules"]);
    assert!(printed.stdout.contains("[[rule]]") && printed.code == 0);
    let rules = path(folder.path(), "rules.toml");
    let own = "[[rule]]\npriority = \"P0\"\nname = \"bundles\"\nfilter = 'service=\"notifications\" AND \"checksum mismatch\"'\n";
    std::fs::write(&rules, own).unwrap();
    let report = ask(&["report", "--rules", &rules, "--format", "json"]).json();
    let first = &report["clusters"][0];
    assert!(
        report["clusters"].as_array().unwrap().iter().any(|cluster| cluster["rule"] == "bundles"),
        "{first}"
    );
    // The printed rules, instead of those of the program, are those of the program.
    std::fs::write(&rules, format!("replace = true\n{}", printed.stdout)).unwrap();
    let mut same = ask(&["report", "--rules", &rules, "--format", "json"]).json();
    let mut plain = ask(&["report", "--format", "json"]).json();
    for report in [&mut same, &mut plain] {
        report["question"]["arguments"] = Value::Null;
    }
    assert_eq!(same, plain);
    std::fs::write(&rules, "[[rule]]\npriority = \"P7\"\nname = \"x\"\nfilter = ''\n").unwrap();
    let refused = ask(&["report", "--rules", &rules]);
    assert!(refused.code == 2 && refused.stderr.contains("P7"), "{}", refused.stderr);
}

#[test]
fn issues_are_drafted_once() {
    let samples = archive_of(&["data/exports/sink-2025-05-20-to-2025-06-08.ndjson.gz"]);
    let archive = samples.path().join("archive");
    let drafts = samples.path().join("drafts");
    let args = ["issues", "-o", drafts.to_str().unwrap(), "--format", "json"];
    let first = run(&archive, &args);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(first.json()["schema"], "timberline/issues/1");
    let (written, ledger) = (files(&drafts), std::fs::read(archive.join("issues.toml")).unwrap());
    assert_eq!(run(&archive, &args).stdout, first.stdout);
    assert!(files(&drafts) == written && std::fs::read(archive.join("issues.toml")).unwrap() == ledger);
    for line in String::from_utf8_lossy(&written["drafts.ndjson"]).lines() {
        let draft: Value = serde_json::from_str(line).unwrap();
        let title: Vec<&str> = draft["title"].as_str().unwrap().splitn(3, " | ").collect();
        assert!(
            ["regression", "new", "ongoing", "resolved"].contains(&title[0]) && title[1].starts_with('P'),
            "{title:?}"
        );
        assert!(written.contains_key(draft["file"].as_str().unwrap()));
    }
    assert_eq!(run(&archive, &["verify"]).code, 0, "the ledger beside an archive is no damage");
    // Somebody files one; more comes in; it gets an update under its number.
    let text = String::from_utf8(ledger).unwrap();
    let numbered = text.replacen("name = ", "number = 77\nname = ", 1);
    std::fs::write(archive.join("issues.toml"), numbered).unwrap();
    run(&archive, &["ingest", "data/exports"]);
    let second = run(&archive, &args).json();
    let kinds: Vec<&Value> =
        second["drafts"].as_array().unwrap().iter().map(|draft| &draft["kind"]).collect();
    assert!(kinds.contains(&&Value::from("update")), "{kinds:?}");
    assert!(std::fs::read_to_string(archive.join("issues.toml")).unwrap().contains("number = 77"));
    let script = String::from_utf8(files(&drafts)["gh.sh"].clone()).unwrap();
    assert!(script.starts_with("#!/bin/sh") && script.contains("gh issue create --title"), "{script}");
    let parsed = std::process::Command::new("sh").arg("-n").arg(drafts.join("gh.sh")).output().unwrap();
    assert!(parsed.status.success(), "a shell can read it: {}", String::from_utf8_lossy(&parsed.stderr));
    let elsewhere = path(samples.path(), "ledger.toml");
    assert_eq!(run(&archive, &[&args[..], &["--ledger", &elsewhere]].concat()).code, 0);
    assert!(Path::new(&elsewhere).is_file() && root().is_dir());
    assert_eq!(run(&archive, &[&args[..], &["--least", "P9"]].concat()).code, 2);
}

/// A pipe gives the program another text each time it reads the ledger, as an editor would in between.
#[cfg(unix)]
#[test]
fn a_ledger_that_is_edited_meanwhile_is_not_written_over() {
    let samples = archive_of(&["data/exports/sink-2025-05-20-to-2025-06-08.ndjson.gz"]);
    let archive = samples.path().join("archive");
    let (drafts, ledger) = (samples.path().join("drafts"), samples.path().join("ledger.toml"));
    let args = ["issues", "-o", drafts.to_str().unwrap(), "--ledger", ledger.to_str().unwrap()];
    assert_eq!(run(&archive, &args).code, 0);
    let text = std::fs::read_to_string(&ledger).unwrap();
    std::fs::remove_file(&ledger).unwrap();
    std::fs::remove_dir_all(&drafts).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&ledger).status().unwrap().success());
    let pipe = ledger.clone();
    let editor = std::thread::spawn(move || {
        std::fs::write(&pipe, &text).unwrap();
        // Until the first reader has seen the end, a second text would be more of the first.
        std::thread::sleep(std::time::Duration::from_secs(1));
        std::fs::write(&pipe, text.replacen("name = ", "number = 77\nname = ", 1)).unwrap();
    });
    let refused = run(&archive, &args);
    editor.join().unwrap();
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("was changed while"), "{}", refused.stderr);
    assert!(!drafts.try_exists().unwrap(), "nothing was written");
}
