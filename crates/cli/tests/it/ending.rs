//! How the program ends when somebody else ends it: a closed pipe, an interrupt, a second writer.

use crate::{ask, command, run};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

#[test]
fn a_closed_pipe_ends_quietly() {
    let archive = TempDir::new().unwrap();
    run(archive.path(), &["ingest", "data/exports"]);
    let mut child = command(archive.path(), &["search", "", "--format", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}

#[cfg(unix)]
#[test]
fn an_interrupt_is_130_and_leaves_nothing_half() {
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("archive");
    let mut child = command(&archive, &["ingest", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{\"insertId\":\"a\",\"timestamp\":\"2025-06-01T00:00:00Z\"}\n").unwrap();
    input.flush().unwrap();
    // The lock shows that the ingest is under way, and so that it listens.
    let deadline = Instant::now() + Duration::from_secs(30);
    while !archive.join("lock").try_exists().unwrap() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Standard input says nothing, and one interrupt is enough all the same.
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(130));
    assert_eq!(run(&archive, &["status"]).code, 2, "there is no archive yet");
    drop(input);
    assert_eq!(run(&archive, &["ingest", "data/exports/gcloud"]).code, 3, "the next writer is not kept out");
}

#[cfg(unix)]
#[test]
fn an_interrupt_while_reading_is_answered_at_once() {
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("archive");
    let mut child = command(&archive, &["ingest", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let line = format!(
        "{{\"insertId\":\"a\",\"timestamp\":\"2025-06-01T00:00:00Z\",\"textPayload\":\"{}\"}}\n",
        "x".repeat(9000)
    );
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut sent = 0_u64;
    // Ends with an error when the program has closed its end.
    while input.write_all(line.as_bytes()).is_ok() && Instant::now() < deadline {
        sent += 1;
        if sent == 2000 {
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        }
    }
    drop(input);
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{stderr}");
    assert!(stderr.starts_with("error: interrupted"), "{stderr}");
}

#[test]
fn help_has_examples_for_every_verb_and_everything_ends_in_0() {
    let help = ask(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    for code in ["130", "could not be done as asked", "TIMBERLINE_ARCHIVE"] {
        assert!(help.stdout.contains(code), "{code}");
    }
    let verbs =
        ["ingest", "status", "sources", "rejects", "inspect", "search", "first", "freq", "explain", "demo"];
    for verb in verbs.iter().chain(&["completions", "man"]) {
        let help = ask(&[verb, "--help"]);
        assert!(
            help.code == 0 && help.stdout.contains(&format!("  timberline {verb}")),
            "{verb}: {}",
            help.stdout
        );
    }
    assert!(ask(&["--version"]).stdout.starts_with("timberline "));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = ask(&["completions", shell]).stdout;
        assert!(verbs.iter().all(|verb| script.contains(verb)), "{shell}");
    }
    let manual = ask(&["man"]).stdout;
    assert!(verbs.iter().all(|verb| manual.contains(&format!(".SH {}", verb.to_uppercase()))));
}

#[test]
fn the_demo_shows_the_truth() {
    let demo = ask(&["demo"]);
    assert_eq!(demo.code, 0, "{}", demo.stderr);
    for part in [
        "$ timberline ingest data/exports",
        "3,120 kept, 115 duplicates, 1 rejected",
        "$ timberline first ledger_rounding",
        "2025-06-01 13:51:53.885983000 UTC",
        "payments-00089-zen",
        "storefront-00414-9ch",
        "notifications-00024-muy",
    ] {
        assert!(demo.stdout.contains(part), "{part}");
    }
}
