//! The HTML worklog in a real browser: headless Chromium, driven by `tests/browser/check.mjs`.
//!
//! The pages are made here: of the sample exports, of real exports where they are at hand, and of every kind of hostile text.
//! On a machine without Chromium, Node or the two packages of `tests/browser` the test says so and is skipped; `.ci/run`
//! installs them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking and say why they are skipped"
)]

mod common;
#[path = "common/hostile.rs"]
mod hostile;

use common::{archive_of, real};
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::process::Command;
use timberline_analysis::Investigation;
use timberline_analysis::redact::{Redaction, RedactionRules, Redactor};
use timberline_analysis::worklog::{PriorityRules, WorklogAsked, WorklogQuestion, worklog};
use timberline_query::Filter;
use timberline_report::html;

/// The folder with the checks; `None`, with a note, where something is missing to run them.
fn checks() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let missing = [
        (!Path::new(&chromium).is_file(), "Chromium"),
        (!Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success()), "Node"),
        (!folder.join("node_modules/axe-core").is_dir(), "`npm ci` in tests/browser"),
    ];
    match missing.iter().find(|(is_missing, _)| *is_missing) {
        Some((_, what)) => {
            println!("skipped: no {what}");
            None
        }
        None => Some(folder),
    }
}

fn page(folder: &Path, name: &str, exports: &Path) -> PathBuf {
    let archive = archive_of(&folder.join(format!("{name}-archive")), exports);
    let investigation = Investigation::new(&archive).unwrap();
    let question = WorklogQuestion {
        filter: Filter::all(),
        asked: WorklogAsked::default(),
        rules: PriorityRules::default(),
        warnings: Vec::new(),
    };
    let mut redactor = Redactor::new(RedactionRules::default(), Redaction::Secrets);
    let report = worklog(&investigation, &question, &mut redactor).unwrap();
    let document = timberline_report::worklog::document(&report, &TimeZone::get("Europe/Berlin").unwrap());
    let path = folder.join(format!("{name}.html"));
    let mut out = Vec::new();
    html::write(&document, html::Scripts::Sorting, &mut out).unwrap();
    std::fs::write(&path, out).unwrap();
    path
}

fn check(folder: &Path, out: &Path, pages: &[PathBuf], hostile: bool) {
    let mut node = Command::new("node");
    node.arg(folder.join("check.mjs")).args(pages).arg("--out").arg(out);
    if hostile {
        node.arg("--hostile");
    }
    let output = node.output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    println!("{said}");
}

#[test]
fn pages_are_quiet_usable_and_accessible() {
    let Some(checks) = checks() else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/exports");
    let mut pages = vec![page(folder.path(), "samples", &samples)];
    pages.extend(real().map(|exports| page(folder.path(), "real", &exports)));
    check(&checks, &out, &pages, false);
}

#[test]
fn hostile_text_does_nothing_in_a_browser() {
    let Some(checks) = checks() else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser-hostile");
    let pages: Vec<PathBuf> = ["script", "handler", "svg", "link", "ending", "comment", "nul", "direction"]
        .iter()
        .map(|kind| {
            let exports = folder.path().join(format!("{kind}-exports"));
            std::fs::create_dir_all(&exports).unwrap();
            hostile::export(&exports, &hostile::text(kind));
            page(folder.path(), kind, &exports)
        })
        .collect();
    check(&checks, &out, &pages, true);
}
