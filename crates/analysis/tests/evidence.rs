//! What dumps that lack something are witnesses of, from their bytes to the answer.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod support;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use support::{archive, filter, shared};
use timberline_analysis::{Asked, FirstAnswer, Investigation, Question, Status, first_seen};
use timberline_archive::catalog::Cut;

/// An entry of the service `shop`, so many seconds after ten o'clock.
fn entry(second: u32, severity: &str, text: &str) -> Value {
    let (hour, minute, second) = (10 + second / 3600, second / 60 % 60, second % 60);
    json!({
        "insertId": format!("{severity}-{hour}-{minute}-{second}"),
        "timestamp": format!("2025-05-01T{hour:02}:{minute:02}:{second:02}Z"),
        "severity": severity,
        "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
        "resource": {"type": "cloud_run_revision", "labels": {
            "project_id": "p", "service_name": "shop", "revision_name": "shop-00001-abc",
        }},
        "textPayload": text,
    })
}

/// Errors, one each second; that of second 40 is the one looked for.
fn errors(seconds: std::ops::Range<u32>) -> Vec<Value> {
    seconds.map(|second| entry(second, "ERROR", if second == 40 { "needle" } else { "other" })).collect()
}

fn newest_first(mut entries: Vec<Value>) -> Vec<Value> {
    entries.reverse();
    entries
}

/// A wrapper that was asked for from 9 to 20 o'clock.
fn asked(entries: Vec<Value>, beside: Value) -> String {
    let mut wrapper = json!({"time_range": {"start": "2025-05-01T09:00:00Z", "end": "2025-05-01T20:00:00Z"}});
    let members = wrapper.as_object_mut().unwrap();
    members.extend(beside.as_object().unwrap().clone());
    members.insert("entries".to_owned(), entries.into());
    wrapper.to_string()
}

/// Ingests files and asks when something was first; returns whether each was cut, and the answer.
fn ask(files: &[(&str, String)], question: &str) -> (Vec<Cut>, FirstAnswer) {
    let folder = tempfile::tempdir().unwrap();
    let paths = files.iter().map(|(name, content)| {
        let path = folder.path().join("in").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    });
    let archive = archive(&folder.path().join("archive"), &paths.collect::<Vec<_>>());
    let investigation = Investigation::new(&archive).unwrap();
    let question =
        Question { filter: filter(question), by: Vec::new(), zone: TimeZone::UTC, asked: Asked::default() };
    let answer = first_seen(&investigation, &question, Vec::new()).unwrap();
    (investigation.sources.iter().map(|source| source.cut).collect(), answer)
}

/// Checks what the only occurrence in one dump is as the first, and as the last.
fn check(what: &str, dump: String, cut: Cut, first: Status, last: Status) {
    let (cuts, answer) = ask(&[("dump.json", dump)], "needle");
    let (a, b) = (answer.first.unwrap().evidence, answer.last.unwrap().evidence);
    assert_eq!((cuts, a.status, b.status), (vec![cut], first, last), "{what}: {a:?} {b:?}");
}

#[test]
fn a_limit_takes_the_far_side() {
    use Status::{Censored, Observed};
    let none = || json!({});
    check("whole", asked(newest_first(errors(0..73)), none()), Cut::No, Observed, Observed);
    check("newest first", asked(newest_first(errors(0..100)), none()), Cut::Limit, Censored, Observed);
    check("oldest first", asked(errors(0..100), none()), Cut::Limit, Observed, Observed);
    // The last of all that were kept: what comes behind it is not known.
    check("oldest first", asked(errors(31..41), none()), Cut::Limit, Observed, Censored);
    check(
        "named",
        asked(newest_first(errors(0..137)), json!({"limit": 137})),
        Cut::Limit,
        Censored,
        Observed,
    );
    check("not met", asked(newest_first(errors(0..100)), json!({"limit": 500})), Cut::No, Observed, Observed);
    let page = || json!({"nextPageToken": "x"});
    check("a page", asked(newest_first(errors(0..73)), page()), Cut::Limit, Censored, Observed);
    check("a page", asked(errors(31..41), page()), Cut::Limit, Observed, Censored);
    check(
        "the last",
        asked(newest_first(errors(0..73)), json!({"nextPageToken": ""})),
        Cut::No,
        Observed,
        Observed,
    );
}

#[test]
fn an_entry_without_a_time_counts_towards_the_limit() {
    let mut entries = newest_first(errors(0..100));
    entries[10] = json!({"insertId": "x", "severity": "ERROR", "textPayload": "x"});
    let dump = Value::from(entries).to_string();
    check("rejected", dump, Cut::Limit, Status::Censored, Status::Observed);
}

#[test]
fn each_document_is_judged_by_itself() {
    let two = |a: std::ops::Range<u32>, b: std::ops::Range<u32>| {
        format!("{}\n{}", Value::from(newest_first(errors(a))), Value::from(newest_first(errors(b))))
    };
    check("two limits", two(50..100, 0..50), Cut::Limit, Status::Censored, Status::Observed);
    // What lies between two dumps is in neither.
    let (_, answer) = ask(&[("dump.json", two(35..46, 0..11))], "needle");
    assert_eq!(answer.first.unwrap().evidence.status, Status::Censored);
}

#[test]
fn a_limit_on_each_severity_is_seen_in_a_flat_list() {
    let mut entries: Vec<Value> =
        (0..120).step_by(20).map(|second| entry(second, "NOTICE", "started")).collect();
    entries.extend(errors(20..70));
    entries.extend((65..115).map(|second| entry(second, "WARNING", "slow")));
    entries.sort_by(|a, b| b["timestamp"].as_str().cmp(&a["timestamp"].as_str()));
    let dump = |beside: Value| [("dump.json", asked(entries.clone(), beside))];
    let counted = dump(json!({"logs_by_severity": {"NOTICE": 6, "ERROR": 50, "WARNING": 50}}));
    let status = |question: &str| {
        let (cuts, answer) = ask(&counted, question);
        assert_eq!(cuts, [Cut::Limit]);
        answer.first.unwrap().evidence.status
    };
    assert_eq!(status("needle"), Status::Censored);
    assert_eq!(status("severity=WARNING slow"), Status::Censored);
    assert_eq!(status("severity=NOTICE"), Status::Observed);
    // More were counted than are there.
    let (cuts, answer) = ask(&dump(json!({"logs_by_severity": {"NOTICE": 6, "ERROR": 163}})), "needle");
    assert_eq!((cuts, answer.first.unwrap().evidence.status), (vec![Cut::Limit], Status::Censored));
}

/// The script asked for fifty entries of each severity and wrote one list.
#[test]
fn the_real_dump_with_a_limit_on_each_severity() {
    let Some(data) = shared("real") else { return };
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[data]);
    let investigation = Investigation::new(&archive).unwrap();
    let since = "timestamp>=\"2025-09-15T00:00:00Z\" timestamp<\"2025-09-15T20:10:00Z\"";
    for (question, expected) in [
        (format!("severity=ERROR {since}"), Status::Censored),
        ("\"exit(3)\"".to_owned(), Status::Censored),
        // The later revision writes before this one's first entry: it was there before the dump begins.
        ("\"Performance test failed\"".to_owned(), Status::Censored),
    ] {
        let asked = Question {
            filter: filter(&question),
            by: Vec::new(),
            zone: TimeZone::UTC,
            asked: Asked::default(),
        };
        let evidence = first_seen(&investigation, &asked, Vec::new()).unwrap().first.unwrap().evidence;
        assert_eq!(evidence.status, expected, "{question}: {evidence:?}");
    }
}

#[test]
fn a_shard_speaks_for_its_own_log() {
    let lines = |entries: Vec<Value>| entries.iter().map(|entry| format!("{entry}\n")).collect::<String>();
    let stdout = |hour: u32| {
        let mut entry = entry(5, "INFO", "served");
        entry["logName"] = "projects/p/logs/run.googleapis.com%2Fstdout".into();
        entry["timestamp"] = format!("2025-05-01T{hour:02}:00:05Z").into();
        vec![entry]
    };
    let shard = |log: &str, hour: u32| {
        format!("b/run.googleapis.com/{log}/2025/05/01/{hour:02}:00:00_{hour:02}:59:59_S0.json")
    };
    let (before, out, err) = (shard("stdout", 9), shard("stdout", 10), shard("stderr", 10));
    let mut files = vec![
        (before.as_str(), lines(stdout(9))),
        (out.as_str(), lines(stdout(10))),
        (err.as_str(), lines(errors(0..50))),
    ];
    let status = |files: &[(&str, String)]| ask(files, "needle").1.first.unwrap().evidence;
    let evidence = status(&files);
    assert_eq!(evidence.status, Status::Censored, "{evidence:?}");
    let earlier = shard("stderr", 9);
    let mut quiet = entry(0, "ERROR", "other");
    quiet["timestamp"] = "2025-05-01T09:00:05Z".into();
    files.push((earlier.as_str(), lines(vec![quiet])));
    let evidence = status(&files);
    assert_eq!(evidence.status, Status::Observed, "{evidence:?}");
    assert_eq!(evidence.silent_since.as_deref(), Some("2025-05-01T09:00:00.000000000Z"));
}

#[test]
fn what_was_lost_to_damage_in_the_middle_is_not_covered() {
    let shard = "b/run.googleapis.com/stderr/2025/05/01/10:00:00_10:59:59_S0.json";
    let mut lines: Vec<String> = errors(0..50).iter().map(Value::to_string).collect();
    lines[20].truncate(60);
    let (_, answer) = ask(&[(shard, lines.join("\n"))], "needle");
    let evidence = answer.first.unwrap().evidence;
    assert_eq!(evidence.status, Status::Censored, "{evidence:?}");
    assert_eq!(evidence.silent_since.as_deref(), Some("2025-05-01T10:00:21.000000000Z"));

    let mut entries = newest_first(errors(0..73));
    entries[52] = json!({"insertId": "q", "severity": "ERROR", "textPayload": "needle"});
    let (_, answer) = ask(&[("dump.json", asked(entries, json!({})))], "needle");
    let evidence = answer.first.unwrap().evidence;
    assert_eq!(evidence.status, Status::Censored, "{evidence:?}");
}

#[test]
fn a_birth_is_seen_when_an_earlier_revision_hands_over() {
    let of = |revision: &str, second: u32, text: &str| {
        let mut entry = entry(second, "INFO", text);
        entry["resource"]["labels"]["revision_name"] = format!("shop-{revision}-abc").into();
        entry
    };
    let dump = |first: &str, then: &str| {
        let entries = (0..100).map(|second| match second {
            0..50 => of(first, second, "other"),
            70 => of(then, second, "needle"),
            _ => of(then, second, "other"),
        });
        Value::from(newest_first(entries.collect())).to_string()
    };
    let status = |dump: String| ask(&[("dump.json", dump)], "needle").1.first.unwrap().evidence.status;
    assert_eq!(status(dump("00001", "00002")), Status::Observed);
    // Traffic may have gone back to a revision that was there before.
    assert_eq!(status(dump("00002", "00001")), Status::Censored);
}
