//! What became of a cluster, where counts of other entries, or the order of revisions alone, would say otherwise.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use serde_json::{Value, json};
use support::{archive, filter, time};
use timberline_analysis::Investigation;
use timberline_analysis::redact::{Redaction, RedactionRules, Redactor};
use timberline_analysis::worklog::{
    ClusterState, PriorityRules, Worklog, WorklogAsked, WorklogQuestion, worklog,
};

/// Entries of the service `shop` on one day, by second.
#[derive(Default)]
struct Day(Vec<(u32, Value)>);

impl Day {
    fn push(&mut self, second: u32, revision: &str, severity: &str, more: Value) {
        let mut entry = json!({
            "insertId": format!("e{}", self.0.len()),
            "timestamp": time(6, second),
            "severity": severity,
            "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
            "resource": {"type": "cloud_run_revision", "labels": {
                "project_id": "p", "service_name": "shop", "revision_name": revision,
            }},
            "labels": {"instanceId": format!("of-{revision}")},
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.0.push((second, entry));
    }

    fn report(mut self) -> Worklog {
        let folder = tempfile::tempdir().unwrap();
        self.0.sort_by_key(|(second, _)| *second);
        let lines: Vec<String> = self.0.iter().map(|(_, entry)| entry.to_string()).collect();
        let path = folder.path().join("day.ndjson");
        std::fs::write(&path, lines.join("\n")).unwrap();
        let archive = archive(&folder.path().join("archive"), &[path]);
        let question = WorklogQuestion {
            filter: filter(""),
            asked: WorklogAsked::default(),
            rules: PriorityRules::default(),
            warnings: Vec::new(),
        };
        let mut redactor = Redactor::new(RedactionRules::default(), Redaction::Secrets);
        worklog(&Investigation::new(&archive).unwrap(), &question, &mut redactor).unwrap()
    }
}

#[test]
fn what_one_endpoint_does_is_not_said_of_another() {
    let mut day = Day::default();
    for minute in 0..480 {
        let number = minute / 120 + 1;
        let revision = format!("shop-{number:05}-abc");
        day.push(minute * 60 + 1, &revision, "INFO", json!({"textPayload": "heartbeat"}));
        let request = |path: &str, status: u32| {
            let url = format!("https://shop.example{path}");
            json!({"httpRequest": {"requestMethod": "GET", "requestUrl": url, "status": status, "latency": "0.01s"}})
        };
        if number > 2 && minute % 2 == 0 || minute % 20 == 0 {
            day.push(minute * 60 + 5, &revision, "WARNING", request("/a", 404));
        }
        if minute % 30 == 7 {
            day.push(minute * 60 + 9, &revision, "ERROR", request("/b", 500));
        }
    }
    let report = day.report();
    let steady = report.clusters.iter().find(|cluster| cluster.title.starts_with("500 on GET /b")).unwrap();
    assert_eq!(steady.count, 16);
    assert_eq!((steady.state, &steady.onset), (ClusterState::New, &None), "{}", steady.state_reason);
}

#[test]
fn what_an_overlapping_revision_still_does_is_not_over() {
    let mut day = Day::default();
    for minute in 0..240 {
        let revision = if minute < 60 { "shop-00001-abc" } else { "shop-00002-abc" };
        day.push(minute * 60 + 1, revision, "INFO", json!({"textPayload": "heartbeat"}));
        if minute >= 60 && minute % 5 == 0 {
            day.push(minute * 60 + 9, revision, "ERROR", json!({"textPayload": "boom in checkout"}));
        }
        if minute >= 100 {
            day.push(minute * 60 + 20, "shop-00003-abc", "INFO", json!({"textPayload": "heartbeat"}));
        }
    }
    let report = day.report();
    let boom = report.clusters.iter().find(|cluster| cluster.title == "boom in checkout").unwrap();
    assert_ne!(boom.state, ClusterState::Resolved, "{}", boom.state_reason);
    assert_eq!(report.timeline.unwrap().current, "ongoing");
}

#[test]
fn what_comes_at_long_intervals_goes_on_although_something_else_came_later() {
    let mut day = Day::default();
    for minute in 0..1_320 {
        day.push(minute * 60 + 1, "shop-00001-abc", "INFO", json!({"textPayload": "heartbeat"}));
        if minute % 120 == 30 {
            day.push(
                minute * 60 + 9,
                "shop-00001-abc",
                "ERROR",
                json!({"textPayload": "nightly job failed hard"}),
            );
        }
    }
    day.push(1_280 * 60, "shop-00001-abc", "ERROR", json!({"textPayload": "an odd thing happened once"}));
    let report = day.report();
    let last = report.clusters.iter().map(|cluster| &cluster.last.timestamp).max().unwrap();
    assert!(last.contains("T21:20:00"), "the odd one is last: {last}");
    assert_eq!(report.timeline.unwrap().current, "ongoing");
}
