//! What counts as one change, as news and as silence: episodes, groups, values of a pattern, regular messages that stop.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod support;

use std::path::{Path, PathBuf};
use support::{archive, entries_in, filter, shared, write_day};
use timberline_analysis::{
    Asked, BASE, Cell, Coverage, DEFAULT_MAX_Q, DiffAnswer, DiffQuestion, Grid, GridBuilder, Interval,
    Investigation, Layers, Order, PatternStatus, Proof, Question, RegressionsAnswer, Severities, Side, State,
    TARGET, UnitValue, Variant, Verdict, changes, compare, diff_answer, first_seen, gate_answer,
    regressions_answer,
};
use timberline_archive::Archive;
use timberline_entry::Severity;

type Entries = Vec<(u32, u32, &'static str, String)>;

fn diff(archive: &Archive, base: &str, target: &str) -> DiffAnswer {
    let side = |name: &str| Side::Revision { service: None, revision: name.to_owned() };
    let question =
        DiffQuestion { base: side(base), target: side(target), filter: filter(""), asked: Asked::default() };
    diff_answer(&Investigation::new(archive).unwrap(), &question, Vec::new()).unwrap()
}

fn regressions(files: &[PathBuf]) -> RegressionsAnswer {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), files);
    let question = Question {
        filter: filter(""),
        by: Vec::new(),
        zone: jiff::tz::TimeZone::UTC,
        asked: Asked::default(),
    };
    regressions_answer(&Investigation::new(&archive).unwrap(), &question, Vec::new()).unwrap()
}

/// A tick a minute for some hours.
fn ticks(hours: u32, revision: u32) -> Entries {
    (0..hours * 60).map(|minute| (minute * 60, revision, "INFO", format!("tick {minute}"))).collect()
}

#[test]
fn messages_of_one_cause_are_one_row() {
    let files = tempfile::tempdir().unwrap();
    let day = |revision: u32, with: &[(&str, u32)]| {
        let mut entries = ticks(3, revision);
        for (message, every) in with {
            let minutes = (0..180).filter(|minute| minute * 37 % 180 < 180 / every);
            entries.extend(minutes.map(|minute| (minute * 60 + 5, revision, "ERROR", (*message).to_owned())));
        }
        write_day(files.path(), revision, &entries)
    };
    let broken = [("ledger unreachable", 10), ("order not booked", 10), ("clock skew seen", 4)];
    let days = [day(1, &[]), day(2, &[]), day(3, &broken), day(4, &broken)];
    let answer = regressions(&days);
    let found = |phrase: &str| answer.patterns.iter().find(|p| p.template.contains(phrase)).unwrap();
    let (ledger, order, clock) = (found("ledger"), found("booked"), found("skew"));
    assert_eq!(ledger.group, order.group);
    assert!([&ledger.id, &order.id].contains(&&ledger.group));
    assert_eq!(clock.group, clock.id);
    // The same entries in the same minutes are one test. So there are four: two of errors, of the ticks one of their rate and
    // one of their silence; of the four, these come second.
    assert_eq!((ledger.p.to_bits(), ledger.q.to_bits()), (order.p.to_bits(), order.q.to_bits()));
    assert!((ledger.q - ledger.p * 4.0 / 2.0).abs() < 1e-15, "{} {}", ledger.q, ledger.p);

    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &days);
    let answer = diff(&archive, "shop-00002-abc", "shop-00003-abc");
    let found = |phrase: &str| answer.patterns.iter().find(|p| p.template.contains(phrase)).unwrap();
    assert_eq!(found("ledger").status, PatternStatus::New);
    assert!(found("ledger").group.is_some() && found("ledger").group == found("booked").group);
    assert_eq!(found("skew").group.as_ref(), Some(&found("skew").id));
    assert_eq!((found("tick").status, &found("tick").group), (PatternStatus::Unchanged, &None));
}

#[test]
fn one_storm_is_no_new_pattern() {
    let files = tempfile::tempdir().unwrap();
    let storm = |revision: u32, minutes: &[u32]| {
        let mut entries = ticks(4, revision);
        entries.extend(minutes.iter().map(|m| (m * 60 + 5, revision, "ERROR", "retrying".to_owned())));
        write_day(files.path(), revision, &entries)
    };
    let one: Vec<u32> = (100..115).collect();
    let apart: Vec<u32> = (0..15).map(|n| n * 16 + n * n % 7).collect();
    for (minutes, tested, status) in
        [(one, "episodes", PatternStatus::FirstSeenButRare), (apart, "cells", PatternStatus::New)]
    {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path(), &[storm(1, &[]), storm(2, &minutes)]);
        let answer = diff(&archive, "shop-00001-abc", "shop-00002-abc");
        let found = answer.patterns.iter().find(|p| p.template == "retrying").unwrap();
        assert_eq!((found.status, found.tested, found.target.cells), (status, tested, 15), "{found:?}");
        assert_eq!(found.target.events, if tested == "cells" { 15 } else { 1 });
    }
}

/// A job every hour on the first days, at a slightly different minute, and ticks on all of them.
fn job_days(n_days: u32, n_with_job: u32) -> Vec<Entries> {
    (1..=n_days)
        .map(|day| {
            let mut entries = ticks(24, 1);
            if day <= n_with_job {
                let at = |hour: u32| (hour * 60 + hour * 7 % 5) * 60 + 30;
                entries
                    .extend((0..24).map(|hour| (at(hour), 1, "INFO", "nightly export written".to_owned())));
            }
            entries
        })
        .collect()
}

fn write(folder: &std::path::Path, days: &[Entries]) -> Vec<PathBuf> {
    days.iter().zip(1..).map(|(entries, day)| write_day(folder, day, entries)).collect()
}

#[test]
fn a_regular_message_that_stops_is_told() {
    let files = tempfile::tempdir().unwrap();
    let days = write(files.path(), &job_days(3, 2));
    let answer = regressions(&days);
    let found = answer.patterns.iter().find(|p| p.template.contains("nightly export")).unwrap();
    assert_eq!(found.state, State::Stopped);
    let stopped = found.stopped.as_ref().unwrap();
    assert_eq!(stopped.revision, "shop-00001-abc");
    assert_eq!(stopped.last, "2025-05-02T23:01:00.000000000Z");
    assert!(
        (stopped.usual_gap_minutes - 60.0).abs() < 1.0 && stopped.longest_gap_minutes < 65.0,
        "{stopped:?}"
    );
    assert!((1430..=1500).contains(&stopped.active_minutes), "{stopped:?}");
    assert_eq!(answer.patterns.len(), 1, "{:?}", answer.patterns);
    // Without the last day the end of the data is no silence; neither is a day in between that no export covers.
    assert!(regressions(&days[..2]).patterns.is_empty());
    let days = write(files.path(), &job_days(4, 4));
    assert!(regressions(&[days[0].clone(), days[1].clone(), days[3].clone()]).patterns.is_empty());
}

/// A grid of six revisions, 200 minutes each: a pattern with old values, and one more value from the fourth on.
fn values_grid(row_of: impl Fn(u32) -> Option<u32>, is_old_rare: bool) -> Grid {
    let mut builder = GridBuilder::default();
    let service = builder.service("shop");
    let value =
        |pattern, value: &str| UnitValue { pattern, variant: Variant { hole: 0, value: value.to_owned() } };
    builder.value(11, value(1, "auth_service"));
    builder.value(12, value(1, "app.services.monitoring"));
    for revision in 0..6u32 {
        let Some(row) = row_of(revision) else { continue };
        for minute in 0..200 {
            let cell = Cell { row, service, minute: i64::from(revision) * 1000 + minute, stream: revision };
            builder.entry(cell);
            let spread = minute * 37 % 200;
            let is_new = revision >= 3 && spread < 20;
            if !is_old_rare && (100..160).contains(&spread) {
                builder.hits(1, cell, Severity::Error, 1);
                builder.hits(11, cell, Severity::Error, 1);
            }
            if is_new {
                builder.hits(1, cell, Severity::Error, 1);
                builder.hits(12, cell, Severity::Error, 1);
            }
        }
    }
    builder.finish()
}

fn everything() -> Coverage {
    let interval = Interval {
        from_ns: 0,
        to_ns: i64::MAX / 2,
        proof: Proof::DumpSpan,
        severities: Severities::ALL,
        log: None,
        cut_source: None,
    };
    Coverage::of_intervals([("shop", interval)])
}

#[test]
fn a_new_value_of_an_old_message_is_news() {
    let names = (1..=6).map(|n| (format!("r{n}"), None)).collect();
    let order = Order::of([("shop".to_owned(), names)]);
    let found = changes(&values_grid(Some, false), &everything(), &order).found;
    let news: Vec<_> = found.iter().map(|(unit, found)| (*unit, found.state)).collect();
    assert!(news.contains(&(12, State::New)) && !news.iter().any(|(unit, _)| *unit == 11), "{news:?}");
    let variant = found.iter().find(|(unit, _)| *unit == 12).unwrap().1.variant.clone().unwrap();
    assert_eq!((variant.hole, variant.value.as_str()), (0, "app.services.monitoring"));
    // Of a message that is new itself, its only value says nothing more.
    let found = changes(&values_grid(Some, true), &everything(), &order).found;
    let news: Vec<_> = found.iter().map(|(unit, found)| (*unit, found.state)).collect();
    assert_eq!(news, [(1, State::New)]);

    let rows = |revision| match revision {
        2 => Some(BASE),
        3 => Some(TARGET),
        _ => None,
    };
    let compared = |is_old_rare| {
        let grid = values_grid(rows, is_old_rare);
        let compared = compare(&grid, &everything(), Layers::Joined, &mut Vec::new());
        compared.iter().map(|compared| (compared.unit, compared.status)).collect::<Vec<_>>()
    };
    assert_eq!(compared(false), [(1, PatternStatus::Unchanged), (12, PatternStatus::New)]);
    assert_eq!(compared(true), [(1, PatternStatus::New)]);
}

/// Six days of a revision each: values of one message, each from a day on in some of the minutes that any of them has.
fn value_days(folder: &Path, values: &[(&str, u32, u32)]) -> Vec<PathBuf> {
    let of_day = |day: u32| {
        let mut entries = ticks(3, day);
        for (n, (value, from, of_180)) in (1..).zip(values) {
            let minutes = (0..180).filter(|minute| day >= *from && minute * 37 % 180 < *of_180);
            let line = |minute: u32| (minute * 60 + n, day, "ERROR", format!("No module named '{value}'"));
            entries.extend(minutes.map(line));
        }
        write_day(folder, day, &entries)
    };
    (1..=6).map(of_day).collect()
}

#[test]
fn a_new_value_of_an_archived_message_is_news() {
    // Either is a word that makes a shape of its own, and either stands in a hole.
    for (old, new) in
        [("auth_service", "app.services.monitoring"), ("app.services.monitoring", "auth_service")]
    {
        let files = tempfile::tempdir().unwrap();
        let days = value_days(files.path(), &[(old, 1, 60), (new, 4, 20)]);
        let found = regressions(&days).patterns;
        let news: Vec<_> = found.iter().filter(|found| found.template == "No module named '<*>'").collect();
        let [value] = news[..] else { panic!("{news:#?}") };
        let variant = Some(Variant { hole: 0, value: new.to_owned() });
        assert_eq!((&value.variant, value.state), (&variant, State::New), "{value:#?}");
        assert_eq!(value.onset.as_ref().unwrap().revision, "shop-00004-abc");

        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path(), &days);
        let answer = diff(&archive, "shop-00003-abc", "shop-00004-abc");
        let of: Vec<_> = answer.patterns.iter().filter(|found| found.template == value.template).collect();
        let told = of.iter().find(|found| found.variant == variant).unwrap();
        assert_eq!((of.len(), &told.id, told.status), (2, &value.id, PatternStatus::New));
        assert_eq!(
            (told.base.count, told.target.count, told.first_revision.as_str()),
            (0, 20, "shop-00004-abc")
        );
        let whole = of.iter().find(|found| found.variant.is_none()).unwrap();
        assert_eq!((whole.status, &whole.id), (PatternStatus::Unchanged, &told.pattern));
        assert_eq!((whole.base.count, whole.target.count), (60, 80));
        assert_eq!(
            (whole.base.cells, whole.target.cells, whole.first_revision.as_str()),
            (60, 60, "shop-00001-abc")
        );
        let gate = gate_answer(&answer, DEFAULT_MAX_Q);
        assert_eq!(gate.verdict, Verdict::Fail);
        let failing: Vec<_> =
            gate.failing.iter().map(|failing| (&failing.id, &failing.pattern, &failing.variant)).collect();
        assert_eq!(failing, [(&value.id, &whole.id, &variant)]);
        assert_eq!(value.pattern, whole.id);
        assert!(gate.markdown.contains(&format!("`{new}` in `No module named '<*>'`")), "{}", gate.markdown);

        // Its id is the one that filters know, and it holds as many entries.
        let question = Question {
            filter: filter(&format!("pattern={:?}", value.id)),
            by: Vec::new(),
            zone: jiff::tz::TimeZone::UTC,
            asked: Asked::default(),
        };
        let first = first_seen(&Investigation::new(&archive).unwrap(), &question, Vec::new()).unwrap();
        assert_eq!(first.matches, value.revisions.iter().map(|of| of.count).sum::<u64>());
        assert_eq!((first.matches, first.first.unwrap().timestamp), (60, told.first.clone()));
    }
}

#[test]
fn values_of_a_new_message_are_told_by_the_message() {
    let files = tempfile::tempdir().unwrap();
    let days = value_days(files.path(), &[("auth_service", 4, 60), ("app.services.monitoring", 4, 30)]);
    let found = regressions(&days).patterns;
    let told: Vec<_> =
        found.iter().map(|found| (found.template.as_str(), &found.variant, found.state)).collect();
    assert_eq!(told, [("No module named '<*>'", &None, State::New)]);
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &days);
    let answer = diff(&archive, "shop-00003-abc", "shop-00004-abc");
    assert!(answer.patterns.iter().all(|found| found.variant.is_none()), "{:#?}", answer.patterns);
    let gate = gate_answer(&answer, DEFAULT_MAX_Q);
    assert_eq!(gate.failing.len(), 1, "{gate:#?}");
}

#[test]
fn counts_of_real_revisions_are_those_of_their_json() {
    let Some(data) = shared("real") else { return };
    let mut texts: std::collections::BTreeMap<(String, String), String> = std::collections::BTreeMap::new();
    for file in std::fs::read_dir(&data).unwrap() {
        let dump = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let mut entries = Vec::new();
        entries_in(&dump, &mut entries);
        for entry in entries {
            let id = ["insertId", "insert_id"].into_iter().find_map(|key| entry[key].as_str()).unwrap();
            let revision = entry["resource"]["labels"]["revision_name"].as_str().unwrap_or("").to_owned();
            let text = ["textPayload", "text_payload"].into_iter().find_map(|key| entry[key].as_str());
            let known = texts.entry((revision, id.to_owned())).or_default();
            if known.is_empty() {
                *known = text.unwrap_or("").to_owned();
            }
        }
    }
    let (base, target) = ("orchard-backend-staging-00711-d6z", "orchard-backend-staging-00742-b95");
    let count = |revision: &str, phrase: &str| {
        texts.iter().filter(|((of, _), text)| of == revision && text.starts_with(phrase)).count() as u64
    };
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[data]);
    let answer = diff(&archive, base, target);
    for phrase in [
        "Container called exit(",
        "Starting new instance. Reason: MANUAL",
        "Default STARTUP TCP probe succeeded",
    ] {
        let found: Vec<_> = answer.patterns.iter().filter(|p| p.template.starts_with(phrase)).collect();
        let sum =
            |side: fn(&timberline_analysis::PatternDiff) -> u64| found.iter().map(|p| side(p)).sum::<u64>();
        assert!(!found.is_empty(), "{phrase}");
        assert_eq!(sum(|p| p.base.count), count(base, phrase), "{phrase}");
        assert_eq!(sum(|p| p.target.count), count(target, phrase), "{phrase}");
    }
    assert_eq!(count(target, "Container called exit("), 9);
    // What was seen of the older one is errors and warnings: of what is milder nothing can be compared.
    for pattern in &answer.patterns {
        let is_blind = pattern.base.exposure == 0 || pattern.target.exposure == 0;
        assert_eq!(pattern.status == PatternStatus::NotComparable, is_blind, "{pattern:?}");
    }
}
