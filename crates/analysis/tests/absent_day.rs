//! A day that is missing from a sink's export is not covered; it is never a day without entries.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod support;

use jiff::tz::TimeZone;
use serde_json::json;
use std::path::{Path, PathBuf};
use timberline_analysis::{
    Asked, BucketCoverage, FrequencyGroup, GroupBy, Investigation, Question, Status, coverage_answer,
    first_seen, frequency,
};

const DAYS: std::ops::RangeInclusive<u32> = 12..=16;
/// On this day nothing failed, and the sink wrote it all the same.
const QUIET: u32 = 13;

fn question(by: &[&str]) -> Question {
    Question {
        filter: support::filter("severity>=ERROR"),
        by: by.iter().map(|by| GroupBy::parse(by).unwrap()).collect(),
        zone: TimeZone::UTC,
        asked: Asked::default(),
    }
}

/// Writes one file for each hour of the days, as a sink does: information every hour, one error a day at noon.
fn write_sink(folder: &Path, days: impl Iterator<Item = u32>) -> PathBuf {
    let sink = folder.join("bucket");
    for day in days {
        let of_day = sink.join(format!("run.googleapis.com/stderr/2025/05/{day:02}"));
        std::fs::create_dir_all(&of_day).unwrap();
        for hour in 0..24 {
            let entry = |severity: &str| {
                json!({
                    "insertId": format!("{day}-{hour}-{severity}"),
                    "timestamp": support::time(day, hour * 3600 + 60),
                    "severity": severity,
                    "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
                    "resource": {"type": "cloud_run_revision", "labels": {
                        "project_id": "p", "service_name": "shop", "revision_name": "shop-00001-abc",
                    }},
                    "textPayload": "payment settled",
                })
            };
            let mut lines = format!("{}\n", entry("INFO"));
            if hour == 12 && day != QUIET {
                lines.push_str(&format!("{}\n", entry("ERROR")));
            }
            std::fs::write(of_day.join(format!("{hour:02}:00:00_{hour:02}:59:59_S0.json")), lines).unwrap();
        }
    }
    sink
}

/// Returns the count and coverage of each day, as `freq --by day` gives them.
fn by_day(investigation: &Investigation<'_>) -> Vec<(String, Option<u64>, BucketCoverage)> {
    let answer = frequency(investigation, &question(&["day"]), false, Vec::new()).unwrap();
    let shown = |group: &FrequencyGroup| {
        assert_eq!(group.rate.is_some(), group.count.is_some(), "{group:?}");
        (group.key["day"].clone(), group.count, group.coverage)
    };
    answer.groups.iter().map(shown).collect()
}

#[test]
fn a_removed_day_is_not_covered_and_never_zero() {
    for removed in DAYS {
        let (folder, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let all = support::archive(&folder.path().join("all"), &[write_sink(whole.path(), DAYS)]);
        let all = Investigation::new(&all).unwrap();
        let rest = support::archive(
            &folder.path().join("rest"),
            &[write_sink(folder.path(), DAYS.filter(|day| *day != removed))],
        );
        let rest = Investigation::new(&rest).unwrap();

        let (before, after) = (by_day(&all), by_day(&rest));
        assert_eq!(before.len(), 5);
        for (day, count, coverage) in &before {
            let expected = u64::from(!day.starts_with("2025-05-13"));
            assert_eq!((*count, *coverage), (Some(expected), BucketCoverage::Full), "{day}");
        }
        let is_inside = removed != *DAYS.start() && removed != *DAYS.end();
        let name = format!("2025-05-{removed:02}");
        let mut expected: Vec<_> = before
            .into_iter()
            .map(|row| if row.0.starts_with(&name) { (row.0, None, BucketCoverage::None) } else { row })
            .collect();
        // The series goes from the first match to the last.
        let has_match = |row: &(String, Option<u64>, BucketCoverage)| row.1.is_some_and(|count| count > 0);
        let (first, last) = (expected.iter().position(has_match), expected.iter().rposition(has_match));
        expected = expected[first.unwrap()..=last.unwrap()].to_vec();
        assert_eq!(expected.iter().any(|row| row.0.starts_with(&name)), is_inside);
        assert_eq!(after, expected, "without {name}");

        let coverage = coverage_answer(&rest).unwrap();
        let gaps: Vec<(String, String)> = coverage
            .services
            .into_iter()
            .flat_map(|service| service.gaps)
            .map(|gap| (gap.from, gap.to))
            .collect();
        // From the last moment that is covered to the first that is again.
        let of_removed = (
            format!("2025-05-{:02}T23:59:59.999999999Z", removed - 1),
            format!("2025-05-{:02}T00:00:00.000000000Z", removed + 1),
        );
        let expected_gaps = if is_inside { vec![of_removed] } else { Vec::new() };
        assert_eq!(gaps, expected_gaps, "without {name}");
    }
}

#[test]
fn a_first_occurrence_after_a_removed_day_is_censored() {
    let folder = tempfile::tempdir().unwrap();
    // The first error is on the day after the quiet one; information is there from the day before.
    let days = |gone: Option<u32>| DAYS.filter(move |day| Some(*day) != gone);
    let status = |name: &str, days: &mut dyn Iterator<Item = u32>| {
        let folder = folder.path().join(name);
        let archive = support::archive(&folder.join("archive"), &[write_sink(&folder, days)]);
        let investigation = Investigation::new(&archive).unwrap();
        let first = first_seen(&investigation, &question(&[]), Vec::new()).unwrap().first.unwrap();
        (first.timestamp[..10].to_owned(), first.evidence.status)
    };
    let from_quiet = |gone: Option<u32>| days(gone).filter(|day| *day >= QUIET);
    assert_eq!(status("whole", &mut from_quiet(None)), ("2025-05-14".to_owned(), Status::Observed));
    assert_eq!(status("without", &mut from_quiet(Some(14))), ("2025-05-15".to_owned(), Status::Censored));
}
