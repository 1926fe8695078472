//! Answers over real and sample exports, against what their JSON says when it is read by another program.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod support;

use jiff::tz::TimeZone;
use serde_json::Value;
use support::{archive, samples, shared};
use timberline_analysis::{
    BucketCoverage, GroupBy, Investigation, Question, Status, first_seen, frequency, overview,
};

fn question(filter: &str, by: &[&str]) -> Question {
    Question {
        filter: support::filter(filter),
        by: by.iter().map(|by| GroupBy::parse(by).unwrap()).collect(),
        zone: TimeZone::UTC,
        asked: timberline_analysis::Asked::default(),
    }
}

/// Nine fraction digits, as answers have them.
fn nine(time: &Value) -> String {
    let time = time.as_str().unwrap();
    timberline_entry::Timestamp::parse(time).unwrap().0.to_string()
}

fn check_phrases(investigation: &Investigation<'_>, phrases: &Value) {
    for (phrase, expected) in phrases.as_object().unwrap() {
        let filter = format!("{phrase:?}");
        let first = first_seen(investigation, &question(&filter, &[]), Vec::new()).unwrap();
        assert_eq!(Some(first.matches), expected["count"].as_u64(), "{phrase}");
        if first.matches == 0 {
            assert!(first.first.is_none() && first.last.is_none());
            continue;
        }
        let (a, b) = (first.first.unwrap(), first.last.unwrap());
        assert_eq!(a.timestamp, nine(&expected["first"]), "{phrase}");
        assert_eq!(b.timestamp, nine(&expected["last"]), "{phrase}");
        assert_eq!(Some(a.revision.as_str()), expected["first_revision"].as_str(), "{phrase}");
        let answer = frequency(investigation, &question(&filter, &["revision"]), false, Vec::new()).unwrap();
        assert_eq!(Some(answer.total), expected["count"].as_u64());
        let per_revision = expected["per_revision"].as_object().unwrap();
        assert_eq!(answer.groups.len(), per_revision.len(), "{phrase}");
        for group in &answer.groups {
            assert_eq!(
                group.count,
                per_revision[&group.key["revision"]].as_u64(),
                "{phrase} {:?}",
                group.key
            );
            assert!(group.exposure.entries >= group.count.unwrap());
        }
    }
}

#[test]
fn real_exports_give_the_expected_answers() {
    let (Some(data), Some(expected)) = (shared("real"), shared("real-expected.json")) else { return };
    let expected: Value = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[data]);
    let investigation = Investigation::new(&archive).unwrap();
    let status = overview(&investigation).unwrap();
    assert_eq!(Some(status.entries), expected["entries"].as_u64());
    assert_eq!(Some(status.duplicates), expected["duplicates"].as_u64());
    assert_eq!(status.first, Some(nine(&expected["first"])));
    assert_eq!(status.last, Some(nine(&expected["last"])));
    assert_eq!(serde_json::to_value(&status.severities).unwrap(), expected["severity"]);
    let revisions = frequency(&investigation, &question("", &["revision"]), false, Vec::new()).unwrap();
    let found: serde_json::Map<String, Value> =
        revisions.groups.iter().map(|group| (group.key["revision"].clone(), group.count.into())).collect();
    assert_eq!(Value::Object(found), expected["revisions"]);
    check_phrases(&investigation, &expected["phrases"]);

    // The dump of a thousand was cut by its limit: nothing can be said of the time before it.
    let first = first_seen(&investigation, &question("\"No module named\"", &[]), Vec::new()).unwrap();
    assert_eq!(first.first.unwrap().evidence.status, Status::Censored);
    assert!(
        first.completeness.warnings.iter().any(|warning| warning.contains("limit1000.json looks cut off"))
    );
}

#[test]
fn sample_exports_give_the_answers_of_their_truth() {
    let (exports, truth) = samples();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[exports]);
    let investigation = Investigation::new(&archive).unwrap();
    let status = overview(&investigation).unwrap();
    assert_eq!(Some(status.entries), truth["entries"].as_u64());
    assert_eq!(Some(status.duplicates), truth["duplicates"].as_u64());
    assert_eq!(Some(status.rejected), truth["rejected"].as_u64());
    assert_eq!(serde_json::to_value(&status.severities).unwrap(), truth["severities"]);
    // The truth lists phrases and revisions where the real expectations have them as members.
    let phrases = truth["phrases"].as_array().unwrap().iter().map(|phrase| {
        let mut expected = phrase.clone();
        let per_revision = phrase["per_revision"].as_array().unwrap().iter();
        let member = |row: &Value| (row["revision"].as_str().unwrap().to_owned(), row["count"].clone());
        expected["per_revision"] = Value::Object(per_revision.map(member).collect());
        (phrase["phrase"].as_str().unwrap().to_owned(), expected)
    });
    check_phrases(&investigation, &Value::Object(phrases.collect()));

    for by in ["hour", "day", "week", "month"] {
        let answer =
            frequency(&investigation, &question("severity>=ERROR", &[by]), false, Vec::new()).unwrap();
        let sum: u64 = answer.groups.iter().filter_map(|group| group.count).sum();
        assert_eq!(sum, answer.total, "{by}");
        for group in &answer.groups {
            assert_eq!(group.count.is_none(), group.coverage == BucketCoverage::None, "{group:?}");
        }
    }
    // Splitting a window never changes a sum.
    let count =
        |filter: &str| first_seen(&investigation, &question(filter, &[]), Vec::new()).unwrap().matches;
    for time in ["2025-05-25T00:00:00Z", "2025-06-01T12:34:56.789Z", "2025-06-09T23:59:59Z"] {
        let (before, after) =
            (count(&format!("timestamp<\"{time}\"")), count(&format!("timestamp>=\"{time}\"")));
        assert_eq!(before + after, status.entries);
    }
    // Grouping by a field reads rows; the sum is the same.
    let by_log =
        frequency(&investigation, &question("", &["logName", "severity"]), false, Vec::new()).unwrap();
    assert_eq!(by_log.groups.iter().filter_map(|group| group.count).sum::<u64>(), status.entries);
}

/// What there was to see is stored for whole archives and counted within a time; within all time both are the same.
#[test]
fn what_there_was_to_see_is_the_same_stored_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let real = shared("real");
    for (idx, exports) in [Some(samples().0), real].into_iter().flatten().enumerate() {
        let archive = archive(&folder.path().join(idx.to_string()), &[exports]);
        let investigation = Investigation::new(&archive).unwrap();
        for by in [&[][..], &["revision"], &["service"], &["service", "revision"], &["severity", "revision"]]
        {
            let ask = |filter: &str| {
                let answer = frequency(&investigation, &question(filter, by), true, Vec::new()).unwrap();
                serde_json::to_value(answer.groups).unwrap()
            };
            let (stored, counted) =
                (ask("severity>=WARNING"), ask("severity>=WARNING timestamp>=\"1970-01-02T00:00:00Z\""));
            assert!(stored.as_array().is_some_and(|groups| !groups.is_empty()));
            assert_eq!(stored, counted, "{by:?}");
        }
    }
}
