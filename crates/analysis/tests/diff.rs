//! Comparisons of revisions and windows: planted changes are found, and what is not covered is never a zero.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod support;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use support::{archive, entries_in, entry, filter, samples, shared, time, write_day};
use timberline_analysis::{
    Asked, DEFAULT_MAX_Q, DiffAnswer, DiffQuestion, Investigation, PatternDiff, PatternKind, PatternStatus,
    Side, Verdict, diff_answer, gate_answer,
};
use timberline_archive::segment::Segment;
use timberline_archive::{Archive, Column, Result};
use timberline_entry::{Field, Timestamp};
use timberline_search::{Names, RowView, Sink, Wanted, scan};

fn revision(name: &str) -> Side {
    Side::Revision { service: None, revision: name.to_owned() }
}

fn nanos(time: &str) -> i64 {
    Timestamp::parse(time).unwrap().0.as_nanos()
}

fn compare(archive: &Archive, base: Side, target: Side, text: &str) -> DiffAnswer {
    let question = DiffQuestion { base, target, filter: filter(text), asked: Asked::default() };
    diff_answer(&Investigation::new(archive).unwrap(), &question, Vec::new()).unwrap()
}

fn pattern<'a>(answer: &'a DiffAnswer, phrase: &str) -> &'a PatternDiff {
    let found: Vec<&PatternDiff> = answer.patterns.iter().filter(|p| p.template.contains(phrase)).collect();
    assert_eq!(found.len(), 1, "{phrase}: {found:?}");
    found[0]
}

/// What rows say of one side: entries, cells and streams in all, and entries and cells by pattern.
#[derive(Default)]
struct Counted {
    entries: u64,
    cells: BTreeSet<(String, String, String, i64)>,
    of_patterns: BTreeMap<u64, (u64, BTreeSet<(String, i64)>)>,
}

struct Counting<'n>(&'n Names, Counted);

impl Sink for Counting<'_> {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, _: &Segment, _: usize, view: &RowView<'_>) -> Result<()> {
        let labels = view.entry.get(Field::Labels);
        let instance = labels.and_then(|labels| labels.get("instanceId")).and_then(|id| id.as_text());
        let instance = instance.map(|id| id.value().into_owned()).unwrap_or_default();
        let minute = view.row.timestamp.as_nanos().div_euclid(60_000_000_000);
        let text = |column| view.row.cells.text(column).to_owned();
        self.1.entries += 1;
        let (service, revision) = (text(Column::Service), text(Column::Revision));
        self.1.cells.insert((service, revision, instance.clone(), minute));
        let of_pattern = self.1.of_patterns.entry(self.0.pattern(view.row.pattern)).or_default();
        of_pattern.0 += 1;
        of_pattern.1.insert((instance, minute));
        Ok(())
    }
}

#[test]
fn both_sides_are_counted_as_their_rows_say() {
    let (exports, _) = samples();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[exports]);
    let investigation = Investigation::new(&archive).unwrap();
    let names: Vec<&String> = investigation.revisions.keys().filter(|name| !name.is_empty()).collect();
    let wanted = Wanted { fields: [Field::Labels].into(), ..Wanted::default() };
    let mut n_patterns = 0;
    for pair in names.windows(2).step_by(5) {
        let answer = compare(&archive, revision(pair[0]), revision(pair[1]), "");
        for (name, exposure, is_base) in
            [(pair[0], &answer.exposure.base, true), (pair[1], &answer.exposure.target, false)]
        {
            let mut counting = Counting(&investigation.names, Counted::default());
            let of_revision = filter(&format!("revision=\"{name}\""));
            scan(&archive, &investigation.names, &of_revision, &wanted, &mut counting).unwrap();
            let counted = counting.1;
            let streams: BTreeSet<_> = counted.cells.iter().map(|(s, r, i, _)| (s, r, i)).collect();
            assert_eq!(
                (exposure.entries, exposure.cells, exposure.streams),
                (counted.entries, counted.cells.len() as u64, streams.len() as u64),
                "{name}"
            );
            let is_message =
                |shown: &&PatternDiff| shown.variant.is_none() && shown.kind == PatternKind::Message;
            for shown in answer.patterns.iter().filter(is_message) {
                let side = if is_base { shown.base } else { shown.target };
                let id = u64::from_str_radix(&shown.id, 16).unwrap();
                let expected = counted.of_patterns.get(&id);
                let expected = expected.map_or((0, 0), |(n, cells)| (*n, cells.len() as u64));
                assert_eq!((side.count, side.cells), expected, "{} of {name}", shown.template);
                n_patterns += 1;
            }
        }
    }
    assert!(n_patterns > 100, "{n_patterns}");
}

#[test]
fn planted_changes_of_the_samples_are_found() {
    let (exports, _) = samples();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[exports]);

    let answer = compare(&archive, revision("storefront-00413-22n"), revision("storefront-00414-9ch"), "");
    let slow = pattern(&answer, "upstream availability check timed out");
    assert_eq!(slow.status, PatternStatus::More, "{slow:?}");
    assert_eq!((slow.base.count, slow.target.count), (3, 25));
    assert!(slow.low.unwrap() > 1.2 && slow.q.unwrap() <= 0.05, "{slow:?}");
    assert_eq!(gate_answer(&answer, DEFAULT_MAX_Q).verdict, expected_verdict(&answer));
    for other in &answer.patterns {
        assert!(other.q.is_none_or(|q| q >= other.p.unwrap()), "{other:?}");
    }

    let known = Investigation::new(&archive).unwrap().revisions;
    let name = |number: &str| known.keys().find(|name| name.contains(number)).unwrap().clone();
    let answer =
        compare(&archive, revision(&name("notifications-00023")), revision("notifications-00024-muy"), "");
    let new = pattern(&answer, "template bundle checksum mismatch");
    assert_eq!(new.status, PatternStatus::New, "{new:?}");
    assert_eq!(
        (new.base.count, new.target.count, new.first_revision.as_str()),
        (0, 13, "notifications-00024-muy")
    );
    let answer =
        compare(&archive, revision("notifications-00025-zbo"), revision("notifications-00026-rqe"), "");
    let gone = pattern(&answer, "template bundle checksum mismatch");
    assert_eq!(gone.status, PatternStatus::Gone, "{gone:?}");
    assert_eq!((gone.base.count, gone.target.count), (17, 0));

    // A new value in an old message, which the gate stops.
    let answer = compare(&archive, revision(&name("payments-00088")), revision("payments-00089-zen"), "");
    let module = pattern(&answer, "ledger_rounding");
    assert_eq!(
        (module.status, module.severity, module.target.count),
        (PatternStatus::New, "ERROR", 12),
        "{module:?}"
    );
    let gate = gate_answer(&answer, DEFAULT_MAX_Q);
    assert_eq!(gate.verdict, Verdict::Fail);
    assert!(gate.failing.iter().any(|failing| failing.id == module.id));

    let answer =
        compare(&archive, revision("notifications-00025-zbo"), revision("notifications-00026-rqe"), "");
    // The filter decides what counts as a pattern's, not what there was to see.
    let errors = compare(
        &archive,
        revision("notifications-00025-zbo"),
        revision("notifications-00026-rqe"),
        "severity>=ERROR",
    );
    assert_eq!(errors.exposure, answer.exposure);
    assert!(errors.patterns.len() < answer.patterns.len() && !errors.patterns.is_empty());
    for pattern in &errors.patterns {
        let same = answer.patterns.iter().find(|other| other.id == pattern.id).unwrap();
        assert!(pattern.base.count <= same.base.count && pattern.target.count <= same.target.count);
    }
}

fn expected_verdict(answer: &DiffAnswer) -> Verdict {
    let is_bad = |p: &PatternDiff| {
        matches!(p.severity, "ERROR" | "CRITICAL")
            && matches!(p.status, PatternStatus::New | PatternStatus::More)
    };
    if answer.patterns.iter().any(is_bad) { Verdict::Fail } else { Verdict::Pass }
}

#[test]
fn exposure_of_real_revisions_is_that_of_their_json() {
    let Some(data) = shared("real") else { return };
    let mut cells: BTreeMap<String, BTreeSet<(String, i64)>> = BTreeMap::new();
    for file in std::fs::read_dir(&data).unwrap() {
        let dump: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let mut entries = Vec::new();
        entries_in(&dump, &mut entries);
        for entry in entries {
            let name = entry["resource"]["labels"]["revision_name"].as_str().unwrap_or("").to_owned();
            let instance = entry["labels"]["instanceId"].as_str().unwrap_or("").to_owned();
            let minute = nanos(entry["timestamp"].as_str().unwrap()).div_euclid(60_000_000_000);
            cells.entry(name).or_default().insert((instance, minute));
        }
    }
    cells.remove("");
    let mut largest: Vec<(&String, usize)> = cells.iter().map(|(name, cells)| (name, cells.len())).collect();
    largest.sort_by_key(|(name, n)| (std::cmp::Reverse(*n), (*name).clone()));
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[data]);
    for pair in largest.windows(2).take(3) {
        let answer = compare(&archive, revision(pair[0].0), revision(pair[1].0), "");
        assert_eq!(answer.exposure.base.cells, pair[0].1 as u64, "{}", pair[0].0);
        assert_eq!(answer.exposure.target.cells, pair[1].1 as u64, "{}", pair[1].0);
        let counted: u64 = answer.patterns.iter().map(|p| p.base.count).sum();
        assert_eq!(counted, answer.exposure.base.entries);
        for pattern in &answer.patterns {
            assert!(
                pattern.base.cells <= pattern.base.exposure
                    && pattern.target.cells <= pattern.target.exposure
            );
            assert!(pattern.base.exposure <= answer.exposure.base.cells);
        }
    }
}

/// A tick a minute for two hours, and an error in every tenth minute when asked.
fn two_hours(from_hour: u32, revision: u32, fails: bool) -> Vec<(u32, u32, &'static str, String)> {
    let mut entries = Vec::new();
    for minute in 0..120 {
        let second = from_hour * 3600 + minute * 60;
        entries.push((second, revision, "INFO", format!("tick {minute}")));
        if fails && minute % 10 == 3 {
            entries.push((second + 5, revision, "ERROR", format!("cannot reach ledger after {minute} ms")));
        }
    }
    entries
}

fn days(folder: &std::path::Path) -> [PathBuf; 3] {
    [
        write_day(folder, 1, &two_hours(1, 1, true)),
        write_day(folder, 2, &two_hours(1, 2, false)),
        write_day(folder, 3, &two_hours(1, 3, true)),
    ]
}

#[test]
fn a_day_without_input_makes_nothing_gone() {
    let files = tempfile::tempdir().unwrap();
    let days = days(files.path());
    let whole = tempfile::tempdir().unwrap();
    let whole = archive(whole.path(), &days);
    let gone = compare(&whole, revision("shop-00001-abc"), revision("shop-00002-abc"), "");
    let ledger = pattern(&gone, "cannot reach ledger");
    assert_eq!(ledger.status, PatternStatus::Gone, "{ledger:?}");
    assert_eq!((ledger.base.cells, ledger.base.exposure, ledger.target.exposure), (12, 120, 120));
    assert_eq!(ledger.template, "cannot reach ledger after <duration>");

    let folder = tempfile::tempdir().unwrap();
    let gap = archive(folder.path(), &[days[0].clone(), days[2].clone()]);
    let unknown = compare(&gap, revision("shop-00001-abc"), revision("shop-00002-abc"), "");
    let ledger = pattern(&unknown, "cannot reach ledger");
    assert_eq!(ledger.status, PatternStatus::NotComparable, "{ledger:?}");
    assert_eq!((ledger.target.exposure, ledger.p, ledger.ratio), (0, None, None));
    assert!(unknown.completeness.warnings.iter().any(|warning| warning.contains("no entries")));
    let gate = gate_answer(&unknown, DEFAULT_MAX_Q);
    assert_eq!(gate.verdict, Verdict::Unknown);
    // The same as windows of time: a window over the gap is a window without exposure.
    let window = |day: u32| Side::Window { from: nanos(&time(day, 0)), to: nanos(&time(day + 1, 0)) };
    let unknown = compare(&gap, window(1), window(2), "");
    assert!(unknown.patterns.iter().all(|pattern| pattern.status == PatternStatus::NotComparable));
    let same = compare(&gap, window(1), window(3), "");
    assert_eq!(pattern(&same, "cannot reach ledger").status, PatternStatus::Unchanged);
    let detectable = pattern(&same, "cannot reach ledger").detectable_ratio.unwrap();
    assert!(detectable > 1.5 && detectable < 5.0, "{detectable}");
}

#[test]
fn an_export_of_errors_says_nothing_of_what_is_milder() {
    let files = tempfile::tempdir().unwrap();
    let all = write_day(files.path(), 1, &two_hours(1, 1, true));
    let errors: Vec<_> = two_hours(1, 2, true).into_iter().filter(|entry| entry.2 == "ERROR").collect();
    let errors = write_day(files.path(), 2, &errors);
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[all, errors]);
    let answer = compare(&archive, revision("shop-00001-abc"), revision("shop-00002-abc"), "");
    assert_eq!(pattern(&answer, "tick").status, PatternStatus::NotComparable);
    assert_ne!(pattern(&answer, "cannot reach ledger").status, PatternStatus::NotComparable);
}

#[test]
fn the_gate_stops_new_errors_and_lets_the_rest_pass() {
    let files = tempfile::tempdir().unwrap();
    let days = days(files.path());
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &days);
    let name = |number: u32| revision(&format!("shop-{number:05}-abc"));
    let stopped = gate_answer(&compare(&archive, name(2), name(3), ""), DEFAULT_MAX_Q);
    assert_eq!((stopped.verdict, stopped.failing.len()), (Verdict::Fail, 1));
    assert_eq!(stopped.failing[0].status, PatternStatus::New);
    assert!(
        stopped
            .markdown
            .starts_with("**gate failed** `shop-00003-abc` against `shop-00002-abc`: `cannot reach ledger"),
        "{}",
        stopped.markdown
    );
    assert_eq!(stopped.markdown.lines().count(), 1);
    // Nothing is as unlikely as that.
    assert_eq!(gate_answer(&compare(&archive, name(2), name(3), ""), 1e-30).verdict, Verdict::Pass);
    assert_eq!(gate_answer(&compare(&archive, name(1), name(2), ""), DEFAULT_MAX_Q).verdict, Verdict::Pass);
    assert_eq!(gate_answer(&compare(&archive, name(1), name(3), ""), DEFAULT_MAX_Q).verdict, Verdict::Pass);
    let json = serde_json::to_value(compare(&archive, name(2), name(3), "")).unwrap();
    assert_eq!(json["schema"], "timberline/diff/1");
    assert_eq!(json["patterns"][0]["status"], "new");
    assert_eq!(json["patterns"][0]["ratio"], Value::Null);
    assert_eq!(json["base"]["revision"], "shop-00002-abc");
}

#[test]
fn an_error_that_the_baseline_could_not_have_shown_leaves_the_gate_undecided() {
    let files = tempfile::tempdir().unwrap();
    let lines = |day: u32, fails: bool| -> Vec<Value> {
        let all = two_hours(1, day, fails).into_iter().enumerate();
        all.map(|(idx, (second, revision, severity, message))| {
            entry((day, idx), second, revision, severity, json!({"textPayload": message}))
        })
        .collect()
    };
    // An export by severity, of which only the mild part was made.
    let mild = files.path().join("mild.json");
    std::fs::write(&mild, json!({"logs_by_severity": {"INFO": lines(1, false)}}).to_string()).unwrap();
    let [target, quiet] = [true, false].map(|fails| {
        let path = files.path().join(format!("all-{fails}.json"));
        std::fs::write(&path, json!(lines(if fails { 2 } else { 3 }, fails)).to_string()).unwrap();
        path
    });
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[mild, target, quiet]);
    let answer = compare(&archive, revision("shop-00001-abc"), revision("shop-00002-abc"), "");
    let ledger = pattern(&answer, "cannot reach ledger");
    assert_eq!(ledger.status, PatternStatus::NotComparable);
    let gate = gate_answer(&answer, DEFAULT_MAX_Q);
    assert_eq!((gate.verdict, gate.failing.len()), (Verdict::Unknown, 0));
    let open: Vec<_> =
        gate.not_comparable.iter().map(|of| (&of.id, of.severity, of.count, of.reason.as_str())).collect();
    assert_eq!(open, [(&ledger.id, "ERROR", 12, "no source of the baseline covers ERROR")]);
    assert_eq!(
        gate.markdown,
        "**gate undecided** `shop-00002-abc` against `shop-00001-abc`: `cannot reach ledger after <duration>` (ERROR, 12 entries) \
         cannot be compared, no source of the baseline covers ERROR"
    );
    // Errors that only the baseline has, and what is no error, decide nothing.
    let back = compare(&archive, revision("shop-00002-abc"), revision("shop-00001-abc"), "");
    assert_eq!(gate_answer(&back, DEFAULT_MAX_Q).verdict, Verdict::Pass);
    let quiet = compare(&archive, revision("shop-00001-abc"), revision("shop-00003-abc"), "");
    assert_eq!(gate_answer(&quiet, DEFAULT_MAX_Q).verdict, Verdict::Pass);
}

#[test]
fn the_order_of_the_input_shows_in_no_answer() {
    let files = tempfile::tempdir().unwrap();
    let mut days = days(files.path());
    let mut answers = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path(), &days[..2]);
        drop(archive);
        // The last day comes in an ingest of its own.
        let archive = support::archive(folder.path(), &days[2..]);
        let name = |number: u32| revision(&format!("shop-{number:05}-abc"));
        let investigation = Investigation::new(&archive).unwrap();
        answers.push((
            serde_json::to_string(&compare(&archive, name(1), name(2), "")).unwrap(),
            serde_json::to_string(&timberline_analysis::revisions_answer(&investigation, None).unwrap())
                .unwrap(),
            serde_json::to_string(&timberline_analysis::coverage_answer(&investigation).unwrap()).unwrap(),
        ));
        days.reverse();
    }
    assert_eq!(answers[0], answers[1]);
}

/// Entries every ten seconds for twenty minutes; the revision changes after ten and a half.
fn changeover(folder: &std::path::Path, instance: impl Fn(u32) -> Option<&'static str>) -> Archive {
    let lines: Vec<Value> = (0..120u32)
        .map(|n| {
            let revision = if n < 63 { 1 } else { 2 };
            let mut entry =
                entry((1, n as usize), n * 10, revision, "INFO", json!({"textPayload": "tick ok"}));
            entry["labels"] = instance(revision).map_or(json!({}), |id| json!({"instanceId": id}));
            entry
        })
        .collect();
    let path = folder.join("a.json");
    std::fs::write(&path, json!(lines).to_string()).unwrap();
    archive(&folder.join("archive"), &[path])
}

#[test]
fn a_minute_in_which_the_revision_changes_counts_for_neither() {
    let cells = |instance: &dyn Fn(u32) -> Option<&'static str>| {
        let folder = tempfile::tempdir().unwrap();
        let archive = changeover(folder.path(), instance);
        let answer = compare(&archive, revision("shop-00001-abc"), revision("shop-00002-abc"), "");
        let tick = pattern(&answer, "tick ok");
        assert_eq!((tick.base.cells, tick.target.cells), (tick.base.exposure, tick.target.exposure));
        let is_told = answer.completeness.warnings.iter().any(|of| of.contains("the revision changed"));
        let (base, target) = (&answer.exposure.base, &answer.exposure.target);
        assert_eq!(is_told, base.entries + target.entries < 120);
        // Of two windows it is the time that differs, and every minute belongs to one of them.
        let window = |from, to| Side::Window { from: nanos(&time(1, from)), to: nanos(&time(1, to)) };
        let windows = compare(&archive, window(0, 600), window(600, 1200), "");
        assert_eq!((windows.exposure.base.entries, windows.exposure.target.entries), (60, 60));
        (base.cells, target.cells)
    };
    // Without names of instances, or on one machine, there is one stream, and the eleventh minute is half of each.
    assert_eq!(cells(&|_| None), (10, 9));
    assert_eq!(cells(&|_| Some("machine")), (10, 9));
    // Two instances are two streams, and neither changes.
    assert_eq!(cells(&|revision| Some(if revision == 1 { "a" } else { "b" })), (11, 10));
}

#[test]
fn what_belongs_to_both_sides_is_said_to_be_left_out() {
    let files = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &days(files.path()));
    let window = |from, to| Side::Window { from: nanos(&time(1, from)), to: nanos(&time(1, to)) };
    let said = |base: Side, target: Side| {
        let warnings = compare(&archive, base, target, "").completeness.warnings;
        let of_both = warnings.into_iter().find(|warning| warning.contains("left out of either"));
        of_both.map(|warning| warning.split(':').next().unwrap().to_owned())
    };
    assert_eq!(said(window(3600, 7200), window(7200, 9000)), None);
    assert_eq!(
        compare(&archive, window(3600, 7200), window(5400, 9000), "").completeness.warnings,
        [
            "the windows overlap from 2025-05-01T01:30:00.000000000Z to 2025-05-01T02:00:00.000000000Z: what belongs to both the \
             base and the target is left out of either"
        ]
    );
    assert_eq!(said(revision("shop-00001-abc"), revision("shop-00002-abc")), None);
    let both = said(revision("shop-00001-abc"), revision("shop-00001-abc"));
    assert_eq!(both.as_deref(), Some("both sides are the same revision"));
    assert_eq!(said(window(3600, 7200), revision("shop-00002-abc")), None);
    assert!(said(window(3600, 7200), revision("shop-00001-abc")).is_some());
}
