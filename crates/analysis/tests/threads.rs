//! Who reads which segment differs from run to run, and answers do not.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{archive_within, filter, samples};
use timberline_analysis::redact::{Redaction, RedactionRules, Redactor};
use timberline_analysis::worklog::{PriorityRules, WorklogAsked, WorklogQuestion, worklog};
use timberline_analysis::{
    Asked, DiffQuestion, Investigation, Question, Side, diff_answer, regressions_answer,
};
use timberline_archive::Archive;

/// The answers for which several threads put together what each of them read, as JSON.
fn answers(archive: &Archive, text: &str) -> Vec<String> {
    let investigation = Investigation::new(archive).unwrap();
    let question = Question {
        filter: filter(text),
        by: Vec::new(),
        zone: jiff::tz::TimeZone::UTC,
        asked: Asked::default(),
    };
    let regressions = regressions_answer(&investigation, &question, Vec::new()).unwrap();
    let revisions: Vec<&String> =
        investigation.revisions.keys().filter(|name| name.starts_with("storefront")).collect();
    let side = |idx: usize| Side::Revision { service: None, revision: revisions[idx].clone() };
    let difference =
        DiffQuestion { base: side(0), target: side(1), filter: filter(text), asked: Asked::default() };
    let difference = diff_answer(&investigation, &difference, Vec::new()).unwrap();
    let report = WorklogQuestion {
        filter: filter(text),
        asked: WorklogAsked::default(),
        rules: PriorityRules::default(),
        warnings: Vec::new(),
    };
    let mut redactor = Redactor::new(RedactionRules::default(), Redaction::Secrets);
    let report = worklog(&investigation, &report, &mut redactor).unwrap();
    vec![
        serde_json::to_string(&regressions).unwrap(),
        serde_json::to_string(&difference).unwrap(),
        serde_json::to_string(&report).unwrap(),
    ]
}

#[test]
fn answers_are_the_same_whoever_reads_what() {
    let (exports, _) = samples();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_within(1 << 20, folder.path(), &[exports]);
    assert!(archive.segments().len() > 1, "{} segments are not enough to share", archive.segments().len());
    for text in ["", "severity>=WARNING"] {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| answers(&archive, text))
        };
        let alone = with(1);
        assert!(alone.iter().all(|answer| answer.len() > 1_000));
        for threads in [2, 3, 8] {
            assert!(with(threads) == alone, "{threads} threads, {text:?}");
        }
    }
}
