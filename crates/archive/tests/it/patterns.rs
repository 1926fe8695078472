//! What messages say, independent of how they came: ids, exceptions of torn traces, rules for values.

use crate::sample::{assert_sound, file, ingest, rewrite_options};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_archive::catalog::PatternRecord;
use timberline_archive::compact::{compact, reindex};
use timberline_archive::exception::ExceptionRecord;
use timberline_archive::ingest::{Options, Silent};
use timberline_archive::segment::ValueRecord;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{Image, RecordingStorage};
use timberline_archive::{Archive, Column, Error, maintain};
use timberline_entry::input::{OpenOptions, discover};

fn new_storage() -> Arc<dyn Storage> {
    Arc::new(RecordingStorage::new(Image::new()))
}

/// An entry as a line of an export.
fn line(n: usize, time: &str, instance: &str, message: &str) -> String {
    let message = serde_json::Value::from(message);
    format!(
        r#"{{"insertId":"{n:06}","timestamp":"{time}","severity":"ERROR","resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop","revision_name":"shop-{:05}-abc"}}}},"labels":{{"instanceId":"{instance}"}},"textPayload":{message}}}"#,
        n / 200
    )
}

/// Messages of statements whose values have no form, of several revisions.
fn messages() -> Vec<String> {
    let modules =
        ["auth_service", "app.services.monitoring", "billing", "storage_client", "worker.tasks.mail"];
    let names = ["ann", "bob", "carl", "dora", "eve", "fred", "gina"];
    (0..600)
        .map(|n| {
            let time = format!("2025-09-{:02}T{:02}:{:02}:00.{n:06}Z", 1 + n / 30, n % 24, n % 60);
            let message = match n % 5 {
                0 => {
                    format!("No module named '{}'", modules[n / 5 * 7 % modules.len() * usize::from(n > 99)])
                }
                1 => format!("login of {} failed after {} ms", names[n * 3 % names.len()], n * 17 % 900),
                2 => format!("exited with code {}", n * 11 % 4),
                3 => format!("order {:x} paid", n * 7919),
                _ => "cache warmed".to_owned(),
            };
            line(n, &time, "i1", &message)
        })
        .collect()
}

fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut dice = crate::sample::Dice(seed);
    for idx in (1..items.len()).rev() {
        items.swap(idx, usize::try_from(dice.roll(idx as u64 + 1)).unwrap());
    }
}

/// What an archive says, without what depends on how rows lie in segments.
#[derive(Debug, PartialEq)]
struct Said {
    patterns: Vec<PatternRecord>,
    exceptions: BTreeSet<(u64, String, u64)>,
    values: BTreeSet<(String, u32, Option<String>, String)>,
    rows: BTreeSet<(i64, u64, Option<u64>)>,
}

fn said(storage: &Arc<dyn Storage>) -> Said {
    let archive = Archive::open(storage.clone(), "test").unwrap();
    let (mut exceptions, mut values, mut rows) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for segment in archive.segments() {
        let of = |record: ExceptionRecord| (record.key, record.type_name, record.loose);
        exceptions.extend(segment.exceptions().unwrap().into_iter().map(of));
        let of = |record: ValueRecord| {
            (format!("{:?}", record.subject), record.hole, record.value, record.revision)
        };
        values.extend(segment.values().unwrap().into_iter().map(of));
        segment
            .for_all_rows(&[Column::TextPayload], |row| {
                rows.insert((row.timestamp.as_nanos(), row.pattern, row.exception));
                true
            })
            .unwrap();
    }
    Said { patterns: archive.patterns().unwrap(), exceptions, values, rows }
}

/// Ingests lines in so many parts, each its own ingest.
fn ingest_in_parts(lines: &[String], n_parts: usize) -> Arc<dyn Storage> {
    let folder = tempfile::tempdir().unwrap();
    let storage = new_storage();
    for (idx, part) in lines.chunks(lines.len().div_ceil(n_parts)).enumerate() {
        let path = file(folder.path(), &format!("part-{idx}.json"), &part.join("\n"));
        ingest(&storage, &[path], Options::DEFAULT_MEMORY).unwrap();
    }
    storage
}

#[test]
fn ids_and_values_do_not_depend_on_order_or_division() {
    let lines = messages();
    let whole = ingest_in_parts(&lines, 1);
    let expected = said(&whole);
    assert_sound(&whole);
    let statements: BTreeSet<u64> = expected.patterns.iter().map(|record| record.pattern).collect();
    assert_eq!(statements.len(), 5, "{:#?}", expected.patterns);
    let modules: Vec<_> =
        expected.patterns.iter().filter(|record| record.template == "No module named '<*>'").collect();
    assert!(modules.len() > 1 && modules.iter().all(|record| record.pattern == modules[0].pattern));
    // The founding shape is the one that was first, not the smallest fingerprint.
    let founding = modules.iter().min_by_key(|record| record.first_ns).unwrap();
    assert_eq!(founding.pattern, founding.shape);
    let mut shuffled = lines.clone();
    shuffle(&mut shuffled, 7);
    let reversed: Vec<String> = lines.iter().rev().cloned().collect();
    for (what, lines, n_parts) in [
        ("shuffled", &shuffled, 1),
        ("halves", &lines, 2),
        ("ten, newest first", &reversed, 10),
        ("ten, shuffled", &shuffled, 10),
    ] {
        let storage = ingest_in_parts(lines, n_parts);
        assert!(said(&storage) == expected, "{what}");
        compact(storage.clone(), "test", &rewrite_options()).unwrap();
        assert!(said(&storage) == expected, "{what}, compacted");
    }
}

const TRACE: [&str; 5] = [
    "Traceback (most recent call last):",
    "  File \"/app/shop/cart.py\", line 31, in total",
    "    return prices[item]",
    "           ~~~~~~^^^^^^",
    "KeyError: 'apple'",
];

/// Two instances that log a trace line by line at once, with other lines between.
fn torn() -> Vec<String> {
    let mut lines = Vec::new();
    let at = |ms: usize| format!("2025-09-01T10:00:{:02}.{:03}Z", ms / 1000, ms % 1000);
    lines.push(line(0, &at(0), "i1", "serving"));
    for (idx, text) in TRACE.iter().enumerate() {
        lines.push(line(lines.len(), &at(100 + idx * 400), "i1", text));
        lines.push(line(lines.len(), &at(150 + idx * 400), "i2", text));
        lines.push(line(lines.len(), &at(170 + idx * 400), "i3", "GET /health 200"));
    }
    lines.push(line(lines.len(), &at(9000), "i1", "serving"));
    // Lines of one time, as a clock of milliseconds writes them: their ids tell the order.
    for text in TRACE {
        lines.push(line(lines.len(), &at(10_000), "i1", text));
        lines.push(line(lines.len(), &at(10_000), "i3", "GET /health 200"));
    }
    // A header whose lines never came.
    lines.push(line(lines.len(), &at(20_000), "i1", TRACE[0]));
    lines.push(line(lines.len(), &at(23_000), "i1", TRACE[1]));
    lines
}

#[test]
fn a_trace_over_several_entries_is_one_exception_however_it_came() {
    let lines = torn();
    let whole = ingest_in_parts(&lines, 1);
    assert_sound(&whole);
    let expected = said(&whole);
    let with: Vec<_> = expected.rows.iter().filter(|row| row.2.is_some()).collect();
    assert_eq!((with.len(), expected.exceptions.len()), (3, 1), "the first line of each, and no other");
    assert_eq!(expected.exceptions.first().unwrap().1, "KeyError");
    // The same trace in one entry is the same bug.
    let one = ingest_in_parts(&[line(0, "2025-09-01T10:00:00Z", "i1", &TRACE.join("\n"))], 1);
    assert_eq!(said(&one).exceptions, expected.exceptions);
    for seed in 0..6 {
        let mut shuffled = lines.clone();
        if seed > 0 {
            shuffle(&mut shuffled, seed);
        }
        for n_parts in [2, 5, lines.len()] {
            let storage = ingest_in_parts(&shuffled, n_parts);
            let found = said(&storage);
            assert_eq!(found.rows, expected.rows, "seed {seed}, {n_parts} parts");
            assert_eq!(found.exceptions, expected.exceptions);
        }
    }
    reindex(whole.clone(), "test", &rewrite_options()).unwrap();
    assert!(said(&whole) == expected, "reindexed");
    assert_sound(&whole);
}

/// Traces whose lines are not all told by their form: messages of several lines, properties, causes.
const FREE_LINES: [&str; 4] = [
    "Error: first line\nsecond line\n\nfourth line\n    at run (/app/a.js:9:33)\n    at load (/app/b.js:1:2)",
    "AppError: job failed\n    at job (/app/a.js:5:49) {\n  code: 'E_APP',\n  [cause]: TypeError: bad value 3\n      at inner (/app/a.js:3:26)\n}",
    "Exception in thread \"pool-1\" a.b.StateException: multi\nline message\n\tat a.B.c(B.java:11)\nCaused by: a.b.DiskException: one\ntwo\n\tat a.Disk.read(Disk.java:77)\n\t... 1 more",
    "it broke at -e line 1.\n\tmain::f(1, \"a\") called at -e line 1\n\tmain::g() called at -e line 1",
];

/// An entry of a stream that is the same for all.
fn line_of_one_stream(n: usize, ms: usize, text: &str) -> String {
    let time = format!("2025-09-01T10:{:02}:{:02}.{:03}Z", ms / 60_000, ms / 1000 % 60, ms % 1000);
    line(n, &time, "i1", text).replace(&format!("shop-{:05}-abc", n / 200), "shop-00000-abc")
}

#[test]
fn free_lines_of_a_trace_are_held_however_they_came() {
    let mut lines = Vec::new();
    let mut expected = BTreeSet::new();
    for (nth, text) in FREE_LINES.iter().enumerate() {
        let whole = said(&ingest_in_parts(&[line_of_one_stream(0, 0, text)], 1));
        assert_eq!(whole.exceptions.len(), 1);
        expected.extend(whole.exceptions);
        for part in ["GET /health 200"].into_iter().chain(text.lines()).chain(["request 7 done", ""]) {
            lines.push(line_of_one_stream(lines.len(), nth * 500 + lines.len() * 20, part));
        }
    }
    let whole = ingest_in_parts(&lines, 1);
    assert_sound(&whole);
    let of_whole = said(&whole);
    assert_eq!(of_whole.exceptions, expected);
    assert_eq!(of_whole.rows.iter().filter(|row| row.2.is_some()).count(), FREE_LINES.len());
    for seed in 0..4 {
        let mut shuffled = lines.clone();
        if seed > 0 {
            shuffle(&mut shuffled, seed);
        }
        for n_parts in [2, 3, 7, lines.len()] {
            let found = said(&ingest_in_parts(&shuffled, n_parts));
            assert_eq!((found.rows, found.exceptions), (of_whole.rows.clone(), expected.clone()));
        }
    }
}

/// The traces beside the repository, each in one entry, an entry a line, and with all lines of one time.
#[test]
fn samples_are_the_same_exception_however_they_are_logged() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/tracebacks"));
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no folder {}", folder.display());
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let whole = said(&ingest_in_parts(&[line_of_one_stream(0, 0, &text)], 1)).exceptions;
        for step_ms in [0, 1, 300] {
            let lines: Vec<String> =
                text.lines().enumerate().map(|(n, text)| line_of_one_stream(n, n * step_ms, text)).collect();
            let found = said(&ingest_in_parts(&lines, 1));
            assert_eq!(found.exceptions, whole, "{}, {step_ms} ms between lines", path.display());
            let n_rows = found.rows.iter().filter(|row| row.2.is_some()).count();
            assert_eq!(n_rows, whole.len(), "{}, {step_ms} ms between lines", path.display());
        }
    }
}

fn ingest_with_rules(
    storage: &Arc<dyn Storage>,
    paths: &[PathBuf],
    rules: Option<&str>,
) -> Result<(), Error> {
    let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let options = Options {
        memory: Options::DEFAULT_MEMORY,
        threads: 1,
        open: OpenOptions::default(),
        holder: "test".to_owned(),
        check_content: false,
        mask_rules: rules.map(str::to_owned),
        revision_field: None,
    };
    let stop = AtomicBool::new(false);
    timberline_archive::ingest::ingest(storage.clone(), discover(&paths).0, &options, &Silent, &stop)
        .map(drop)
}

#[test]
fn rules_for_values_are_recorded_and_changed_by_a_reindex_alone() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |n: usize, name: &str| {
        line(n, &format!("2025-09-01T10:00:{n:02}Z"), "i1", &format!("user {name} left"))
    };
    let a = file(folder.path(), "a.json", &[entry(0, "USRann"), entry(1, "USRbob")].join("\n"));
    let b = file(folder.path(), "b.json", &entry(2, "USRbob"));
    let rules = "value = USR[a-z]+";
    let n_patterns = |storage: &Arc<dyn Storage>| {
        let archive = Archive::open(storage.clone(), "test").unwrap();
        archive
            .patterns()
            .unwrap()
            .iter()
            .filter(|record| record.entries > 0)
            .map(|record| record.pattern)
            .collect::<BTreeSet<_>>()
            .len()
    };
    let storage = new_storage();
    ingest_with_rules(&storage, std::slice::from_ref(&a), Some(rules)).unwrap();
    assert_eq!(n_patterns(&storage), 1);
    let refused = ingest_with_rules(&storage, std::slice::from_ref(&b), Some("value = x")).unwrap_err();
    assert!(refused.to_string().contains("reindex"), "{refused}");
    ingest_with_rules(&storage, std::slice::from_ref(&b), None).unwrap();
    assert_eq!(n_patterns(&storage), 1);
    assert_sound(&storage);

    let plain = new_storage();
    ingest_with_rules(&plain, &[a, b], None).unwrap();
    assert_eq!(n_patterns(&plain), 2);
    let before: Vec<u64> = Archive::open(plain.clone(), "test")
        .unwrap()
        .patterns()
        .unwrap()
        .iter()
        .map(|record| record.pattern)
        .collect();
    let with_rules = maintain::Options { mask_rules: Some(rules.to_owned()), ..rewrite_options() };
    reindex(plain.clone(), "test", &with_rules).unwrap();
    assert_eq!(n_patterns(&plain), 1);
    assert_sound(&plain);
    // Ids of before lead to the pattern that has their entries now.
    let archive = Archive::open(plain.clone(), "test").unwrap();
    let ids = archive.pattern_ids().unwrap();
    let today = archive.patterns().unwrap().iter().find(|record| record.entries > 0).unwrap().pattern;
    assert!(before.iter().all(|id| ids.get(*id) == Some(today)), "{ids:x?}");
    let wrong = maintain::Options { mask_rules: Some("no rule".to_owned()), ..rewrite_options() };
    assert!(matches!(reindex(plain, "test", &wrong), Err(Error::MaskRules { .. })));
}
