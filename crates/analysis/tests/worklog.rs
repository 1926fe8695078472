//! The facts of a worklog, against what is known of the exports and against the answers it is made of.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{archive, filter, samples, shared, write_day};
use timberline_analysis::redact::{Redaction, RedactionRules, Redactor};
use timberline_analysis::worklog::{
    ClusterState, Priority, PriorityRules, Worklog, WorklogAsked, WorklogQuestion, worklog,
};
use timberline_analysis::{Asked, GroupBy, Investigation, Question, first_seen, frequency};
use timberline_archive::Archive;
use timberline_query::Filter;

fn report_of(archive: &Archive, filter: Filter, redaction: Redaction) -> Worklog {
    let investigation = Investigation::new(archive).unwrap();
    let question = WorklogQuestion {
        filter,
        asked: WorklogAsked::default(),
        rules: PriorityRules::default(),
        warnings: Vec::new(),
    };
    let mut redactor = Redactor::new(RedactionRules::default(), redaction);
    worklog(&investigation, &question, &mut redactor).unwrap()
}

fn report(archive: &Archive) -> Worklog {
    report_of(archive, Filter::all(), Redaction::Secrets)
}

fn question(text: &str, by: &[GroupBy]) -> Question {
    Question { filter: filter(text), by: by.to_vec(), zone: jiff::tz::TimeZone::UTC, asked: Asked::default() }
}

/// Every entry is in one cluster or unranked, and clusters of messages count what the pattern's answers count.
fn check_against_answers(archive: &Archive, report: &Worklog) {
    let investigation = Investigation::new(archive).unwrap();
    let in_clusters: u64 = report.clusters.iter().map(|cluster| cluster.count).sum();
    assert_eq!(in_clusters + report.unranked, report.entries);
    assert_eq!(report.severities.values().sum::<u64>(), report.entries);
    let steps = &report.timeline.as_ref().unwrap().steps;
    let counted: u64 =
        steps.iter().filter_map(|step| step.counts.as_ref()).flat_map(|counts| counts.values()).sum();
    assert_eq!(counted, report.entries, "the timeline has every entry once");
    let any: Vec<String> = report.rules.iter().map(|rule| format!("({})", rule.filter)).collect();
    let any = any.join(" OR ");
    for cluster in report.clusters.iter().filter(|cluster| cluster.kind == "message").take(12) {
        let text = format!("pattern=\"{}\" AND ({any})", cluster.id);
        let found = first_seen(&investigation, &question(&text, &[GroupBy::Revision]), Vec::new()).unwrap();
        assert_eq!(found.matches, cluster.count, "{}", cluster.title);
        let first = found.first.unwrap();
        assert_eq!(first.timestamp, cluster.first.timestamp);
        assert_eq!(first.evidence.reason, cluster.first.reason);
        assert_eq!(found.last.unwrap().timestamp, cluster.last.timestamp);
        let counts: BTreeMap<String, u64> =
            found.groups.iter().map(|group| (group.key["revision"].clone(), group.matches)).collect();
        let mut of_revisions: BTreeMap<String, u64> = BTreeMap::new();
        for revision in &cluster.revisions {
            *of_revisions.entry(revision.revision.clone()).or_insert(0) += revision.count;
        }
        assert_eq!(of_revisions, counts);
    }
    let requests = frequency(&investigation, &question("httpRequest:*", &[]), false, Vec::new()).unwrap();
    assert_eq!(report.requests.iter().map(|endpoint| endpoint.count).sum::<u64>(), requests.total);
}

#[test]
fn of_the_samples() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, truth) = samples();
    let archive = archive(folder.path(), &[exports]);
    let report = report(&archive);
    assert_eq!(json!(report.entries), truth["entries"]);
    assert_eq!(json!(report.severities), truth["severities"]);
    assert_eq!((json!(report.first), json!(report.last)), (truth["first"].clone(), truth["last"].clone()));
    check_against_answers(&archive, &report);
    for phrase in truth["planted"].as_array().unwrap() {
        let text = phrase["phrase"].as_str().unwrap();
        let found: Vec<_> = report
            .clusters
            .iter()
            .filter(|cluster| cluster.sample.to_string().contains(text) || cluster.template.contains(text))
            .collect();
        assert!(!found.is_empty(), "a cluster of {text}");
    }
    let boot = report.clusters.iter().find(|cluster| cluster.title.contains("worker boot failed")).unwrap();
    assert_eq!(boot.priority, Priority::P0);
    let gone = report.clusters.iter().find(|cluster| cluster.title.contains("checksum mismatch")).unwrap();
    assert_eq!(gone.state, ClusterState::Resolved, "{}", gone.state_reason);
    assert!(report.deploys.iter().all(|deploy| deploy.revision.is_some() && deploy.by.is_some()));
    for revision in truth["revisions"].as_array().unwrap() {
        let deploy =
            report.deploys.iter().find(|deploy| json!(deploy.revision) == revision["revision"]).unwrap();
        assert_eq!(
            (json!(deploy.time), json!(deploy.by)),
            (revision["deployed"].clone(), revision["by"].clone())
        );
        assert_eq!(json!(deploy.image), revision["image"]);
    }
    assert_eq!(report, self::report(&archive), "the same archive, the same report");
}

#[test]
fn of_real_exports() {
    let (Some(real), Some(expected)) = (shared("real"), shared("real-expected.json")) else { return };
    let expected: Value = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[real]);
    let report = report(&archive);
    assert_eq!(json!(report.entries), expected["entries"]);
    assert_eq!(json!(report.duplicates), expected["duplicates"]);
    assert_eq!(json!(report.severities), expected["severity"]);
    let micros = |text: &Option<String>| text.as_ref().unwrap().replace("000Z", "Z");
    assert_eq!(json!(micros(&report.first)), expected["first"]);
    assert_eq!(json!(micros(&report.last)), expected["last"]);
    let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
    for facts in report.services.iter().flat_map(|service| &service.revisions) {
        *revisions.entry(facts.revision.clone()).or_insert(0) += facts.entries;
    }
    assert_eq!(json!(revisions), expected["revisions"]);
    check_against_answers(&archive, &report);
    // What people wrote down by hand: exit(3), the module that is missing, sessions that fail.
    let exits: BTreeMap<&str, u64> = report
        .containers
        .iter()
        .filter_map(|facts| {
            let exit = facts.exits.iter().find(|exit| exit.how == "exit(3)")?;
            Some((facts.revision.as_str(), exit.count))
        })
        .collect();
    assert_eq!(json!(exits), expected["phrases"]["exit(3)"]["per_revision"]);
    let holds = |phrase: &str| {
        report
            .clusters
            .iter()
            .filter(|cluster| cluster.sample.to_string().contains(phrase))
            .collect::<Vec<_>>()
    };
    let missing = holds("No module named");
    assert!(missing.iter().map(|cluster| cluster.count).sum::<u64>() <= 75 && !missing.is_empty());
    let first = missing.iter().map(|cluster| micros(&Some(cluster.first.timestamp.clone()))).min();
    assert_eq!(json!(first), expected["phrases"]["No module named"]["first"]);
    for cluster in &missing {
        assert_eq!(json!(cluster.first.revision), expected["phrases"]["No module named"]["first_revision"]);
    }
    let mut links = missing
        .iter()
        .filter_map(|cluster| cluster.exception.as_ref())
        .flat_map(|exception| &exception.chain);
    assert!(links.any(|link| link.type_name == "ModuleNotFoundError"));
    let exit =
        report.clusters.iter().find(|cluster| cluster.title.starts_with("Container called exit")).unwrap();
    assert_eq!((exit.priority, exit.count), (Priority::P0, 15));
    // The database that does not answer in time is a phase of the start that the log states.
    assert!(report.phases.iter().any(|phase| phase.phase == "DATABASE" && phase.outcome == "failed"));
    assert!(report.clusters.iter().any(|cluster| !cluster.related.is_empty()));
    assert!(report.clusters.iter().any(|cluster| !cluster.error_groups.is_empty()));
}

#[test]
fn secrets_stay_in_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = [
        "hunter2-is-Long",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "AKIAABCDEFGHIJKLMNOP",
        "s3cr3tCookieValue",
    ];
    let messages = [
        format!("login failed password={} for ada@timber.example", secrets[0]),
        format!("retry of {} refused", secrets[0]),
        format!("Authorization: Bearer {} refused", secrets[1]),
        format!("key {} is not known", secrets[2]),
        format!("cookie: sid={}; Path=/", secrets[3]),
    ];
    let entries: Vec<(u32, u32, &str, String)> =
        (0..).zip(&messages).map(|(idx, text)| (idx * 60, 1, "ERROR", text.clone())).collect();
    let day = write_day(folder.path(), 1, &entries);
    let archive = archive(&folder.path().join("archive"), &[day]);
    let shown = serde_json::to_string(&report(&archive)).unwrap();
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("ada@timber.example") && shown.contains("[redacted:password]"));
    let personal = report_of(&archive, Filter::all(), Redaction::SecretsAndPersonal);
    assert!(!serde_json::to_string(&personal).unwrap().contains("ada@timber.example"));
    assert!(personal.redactions["email"] > 0);
    let open = serde_json::to_string(&report_of(&archive, Filter::all(), Redaction::Nothing)).unwrap();
    assert!(secrets.iter().all(|secret| open.contains(secret)));
}

#[test]
fn of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, _) = samples();
    let archive = archive(folder.path(), &[exports]);
    let report = report_of(&archive, filter("service=\"nobody\""), Redaction::Secrets);
    assert_eq!((report.entries, report.clusters.len(), report.timeline.is_none()), (0, 0, true));
}

#[test]
fn regular_ones_have_a_period_and_relations_a_direction() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries: Vec<(u32, u32, &str, String)> = Vec::new();
    for n in 0..30 {
        entries.push((n * 120, 1, "ERROR", format!("lost connection to shard {n}")));
        entries.push((n * 120 + 3, 1, "WARNING", format!("queue of shard {n} is growing")));
    }
    let day = write_day(folder.path(), 1, &entries);
    let archive = archive(&folder.path().join("archive"), &[day]);
    let report = report(&archive);
    let lost = report.clusters.iter().find(|cluster| cluster.title.starts_with("lost")).unwrap();
    assert_eq!(lost.period_seconds, Some(120.0));
    let busiest = lost.busiest.as_ref().unwrap();
    assert_eq!(busiest.count, 30);
    let related = &lost.related[0];
    assert_eq!((related.order.as_str(), related.shared_cells, related.median_seconds), ("after", 30, 3.0));
    let queue = report.clusters.iter().find(|cluster| cluster.title.starts_with("queue")).unwrap();
    assert_eq!(queue.related[0].order, "before");
    assert_eq!((lost.priority, queue.priority), (Priority::P2, Priority::P3));
}
