//! Revisions and coverage of sample and real exports, against what the exports' JSON says.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::{archive, entries_in, samples, shared, time, write_day};
use timberline_analysis::{
    GivenOrder, Investigation, OrderRule, Resolution, Silent, coverage_answer, revisions_answer,
};
use timberline_entry::Timestamp;

fn nine(time: &Value) -> String {
    Timestamp::parse(time.as_str().unwrap()).unwrap().0.to_string()
}

#[test]
fn revisions_of_the_samples_are_those_of_their_truth() {
    let (exports, truth) = samples();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[exports]);
    let investigation = Investigation::new(&archive).unwrap();
    let answer = revisions_answer(&investigation, None).unwrap();
    let expected = truth["revisions"].as_array().unwrap();
    assert_eq!(answer.revisions.len(), expected.len());
    for expected in expected {
        let name = expected["revision"].as_str().unwrap();
        let found = answer.revisions.iter().find(|found| found.revision == name).unwrap();
        assert_eq!(Some(found.service.as_str()), expected["service"].as_str(), "{name}");
        assert_eq!(Some(found.entries), expected["entries"].as_u64(), "{name}");
        assert_eq!(Some(found.errors), expected["errors"].as_u64(), "{name}");
        assert_eq!(Some(found.requests), expected["requests"].as_u64(), "{name}");
        assert_eq!(found.first, Some(nine(&expected["first"])), "{name}");
        assert_eq!(found.last, Some(nine(&expected["last"])), "{name}");
        let deploy = found.deploy.as_ref().unwrap();
        assert_eq!(deploy.time, nine(&expected["deployed"]), "{name}");
        assert_eq!(deploy.by.as_deref(), expected["by"].as_str(), "{name}");
        assert_eq!(deploy.image.as_deref(), expected["image"].as_str(), "{name}");
        assert_eq!(deploy.revision_by, Some(Resolution::ResponseLatestCreated));
        assert_eq!(found.order_rule, OrderRule::Deploy);
        assert!(found.hours > 0.0 && found.instances > 0, "{found:?}");
    }
    // Each service's revisions stand in the order of their numbers, which is that of the truth.
    for service in ["storefront", "payments", "notifications"] {
        let names = |values: Vec<&str>| values.join(" ");
        let in_answer = answer.revisions.iter().filter(|r| r.service == service).map(|r| r.revision.as_str());
        let in_truth =
            expected.iter().filter(|r| r["service"] == service).map(|r| r["revision"].as_str().unwrap());
        assert_eq!(names(in_answer.collect()), names(in_truth.collect()));
        let one = revisions_answer(&investigation, Some(service)).unwrap();
        assert!(one.revisions.iter().eq(answer.revisions.iter().filter(|r| r.service == service)));
    }
    // Entries with a revision, entries whose revision was learnt, and the others are all there are.
    let named: u64 = answer.revisions.iter().map(|r| r.entries).sum();
    let learnt: u64 = answer.revisions.iter().flat_map(|r| &r.resolved).map(|r| r.entries).sum();
    let unresolved: u64 = answer.unresolved.iter().map(|r| r.entries).sum();
    assert_eq!(Some(named + learnt + unresolved), truth["entries"].as_u64());
    assert_eq!((learnt, unresolved), (13, 0));
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(json["schema"], "timberline/revisions/1");
}

#[test]
fn revisions_of_real_exports_agree_with_their_json() {
    let Some(data) = shared("real") else { return };
    let mut by_identity: BTreeMap<(i64, String), Value> = BTreeMap::new();
    for file in std::fs::read_dir(&data).unwrap() {
        let dump: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let mut entries = Vec::new();
        entries_in(&dump, &mut entries);
        for entry in entries {
            let time = Timestamp::parse(entry["timestamp"].as_str().unwrap()).unwrap().0.as_micros();
            let id =
                entry.get("insertId").or_else(|| entry.get("insert_id")).and_then(Value::as_str).unwrap();
            let kept = by_identity.entry((time, id.to_owned())).or_insert(Value::Null);
            if kept.to_string().len() < entry.to_string().len() {
                *kept = entry;
            }
        }
    }
    let label =
        |entry: &Value, name: &str| entry["resource"]["labels"][name].as_str().unwrap_or("").to_owned();
    let payload = |entry: &Value| {
        let keys = ["protoPayload", "proto_payload", "jsonPayload", "json_payload"];
        keys.into_iter().find_map(|key| entry.get(key)).cloned().unwrap_or(Value::Null)
    };
    let mut per_revision: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut deploys: BTreeSet<(String, String)> = BTreeSet::new();
    let mut containers: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    let (mut resolvable, mut unnamed) = (0, 0);
    for entry in by_identity.values() {
        let payload = payload(entry);
        if payload["authenticationInfo"]["principalEmail"].is_string()
            && payload["methodName"].as_str().is_some_and(|method| method.ends_with("ReplaceService"))
        {
            let by = payload["authenticationInfo"]["principalEmail"].as_str().unwrap();
            deploys.insert((nine(&entry["timestamp"]), by.to_owned()));
        }
        let text =
            ["textPayload", "text_payload"].into_iter().find_map(|key| entry[key].as_str()).unwrap_or("");
        let instance = entry["labels"]["instanceId"].as_str().unwrap_or("").to_owned();
        let (starts, exits) = containers.entry((label(entry, "revision_name"), instance)).or_insert((0, 0));
        *starts += u64::from(text.starts_with("Default STARTUP TCP probe succeeded"));
        *exits += u64::from(text.starts_with("Container called exit("));
        if label(entry, "revision_name").is_empty() {
            unnamed += 1;
            let speaks = [&payload["response"]["status"], &payload["request"]["service"]["status"]]
                .into_iter()
                .any(|status| status["latestCreatedRevisionName"].is_string());
            resolvable += u64::from(speaks);
        } else {
            *per_revision
                .entry((label(entry, "service_name"), label(entry, "revision_name")))
                .or_insert(0) += 1;
        }
    }
    assert_eq!(unnamed, 27);
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[data]);
    let investigation = Investigation::new(&archive).unwrap();
    let answer = revisions_answer(&investigation, None).unwrap();
    let found: BTreeMap<(String, String), u64> = answer
        .revisions
        .iter()
        .filter(|r| r.entries > 0)
        .map(|r| ((r.service.clone(), r.revision.clone()), r.entries))
        .collect();
    assert_eq!(found, per_revision);
    let mut restarts: BTreeMap<String, u64> = BTreeMap::new();
    for ((revision, instance), (starts, exits)) in containers {
        let again = if instance.is_empty() { exits } else { exits.max(starts.saturating_sub(1)) };
        *restarts.entry(revision).or_insert(0) += again;
    }
    assert!(restarts.values().sum::<u64>() > 5);
    for revision in answer.revisions.iter().filter(|revision| revision.entries > 0) {
        assert_eq!(revision.restarts, restarts[&revision.revision], "{}", revision.revision);
    }
    let learnt: u64 = answer.revisions.iter().flat_map(|r| &r.resolved).map(|r| r.entries).sum();
    let unresolved: u64 = answer.unresolved.iter().map(|r| r.entries).sum();
    assert_eq!((learnt, learnt + unresolved), (resolvable, unnamed));
    // Requests repeat the old status, so each tells what the one before it made: ten deploys in a row.
    let backend = || answer.revisions.iter().filter(|r| r.service == "orchard-backend-staging");
    for number in 703..=712 {
        let found = backend().find(|r| r.revision.contains(&format!("-{number:05}-"))).unwrap();
        let how = found.deploy.as_ref().unwrap().revision_by;
        assert_eq!(
            how,
            Some(if number == 712 { Resolution::NextSeen } else { Resolution::NextRequest }),
            "{number}"
        );
    }
    // Two dumps begin while the old revision still writes; the numbers correct what they show. The service was made anew.
    let order: Vec<(&str, u64)> = backend().map(|r| (&r.revision[24..29], r.recreation)).collect();
    assert_eq!(order[..5], [("00138", 0), ("00139", 0), ("00011", 1), ("00200", 1), ("00087", 2)]);
    let shown: BTreeSet<(String, String)> = answer
        .revisions
        .iter()
        .filter_map(|r| r.deploy.clone())
        .chain(answer.other_deploys.iter().map(|other| other.deploy.clone()))
        .map(|deploy| (deploy.time, deploy.by.unwrap()))
        .collect();
    assert_eq!(shown, deploys);

    let coverage = coverage_answer(&investigation).unwrap();
    let cut: Vec<(&str, Option<u64>)> = coverage
        .cut_dumps
        .iter()
        .map(|dump| (Path::new(&dump.path).file_name().unwrap().to_str().unwrap(), dump.limit))
        .collect();
    assert!(cut.contains(&("cloud-run-2025-09-16T0140-limit1000.json", Some(1000))), "{cut:?}");
    for service in coverage.services.iter().filter(|service| !service.service.is_empty()) {
        for gap in &service.gaps {
            assert!(gap.command.contains("--project=orchard-staging "), "{}", gap.command);
            assert!(
                gap.command.contains(&format!("service_name=\"{}\"", service.service)),
                "{}",
                gap.command
            );
        }
    }
}

#[test]
fn a_day_without_input_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = |_day: u32| -> Vec<(u32, u32, &'static str, String)> {
        (0..24).map(|hour| (hour * 3600, 1, "INFO", format!("tick {hour}"))).collect()
    };
    let days: Vec<_> = (1..=3).map(|day| write_day(folder.path(), day, &hourly(day))).collect();
    let with_gap = tempfile::tempdir().unwrap();
    let archive = archive(with_gap.path(), &[days[0].clone(), days[2].clone()]);
    let answer = coverage_answer(&Investigation::new(&archive).unwrap()).unwrap();
    let [service] = &answer.services[..] else { panic!("one service: {answer:?}") };
    assert_eq!(service.intervals.len(), 2);
    let [gap] = &service.gaps[..] else { panic!("one gap: {service:?}") };
    assert_eq!(
        (gap.from.clone(), gap.to.clone()),
        (nine(&time(1, 23 * 3600).into()), nine(&time(3, 0).into()))
    );
    assert!(gap.is_total);
    let expected = format!(
        "gcloud logging read 'resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"shop\" AND \
         timestamp>=\"{}\" AND timestamp<=\"{}\"' --project=p --order=asc --format=json",
        gap.from, gap.to
    );
    assert_eq!(gap.command, expected);
}

#[test]
fn cut_samples_name_what_they_cannot_speak_for() {
    let (exports, truth) = samples();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[exports]);
    let answer = coverage_answer(&Investigation::new(&archive).unwrap()).unwrap();
    for source in truth["sources"].as_array().unwrap() {
        let path = source["path"].as_str().unwrap();
        let found = answer.cut_dumps.iter().find(|dump| dump.path.ends_with(path));
        match source["cut"].as_str().unwrap() {
            "no" => assert!(found.is_none(), "{path}"),
            cut => {
                let found = found.unwrap();
                assert_eq!(found.cut, cut, "{path}");
                assert_eq!(
                    Some(found.entries),
                    source["read"].as_u64().map(|n| n - source["rejected"].as_u64().unwrap())
                );
                // A page of an answer tells no limit, and being oldest first lacks what comes after it.
                let is_page = path.starts_with("entries-list");
                assert_eq!(found.limit.is_some(), cut == "limit" && !is_page);
                assert!(!found.silent.is_empty());
                let is_right =
                    |silent: &Silent| if is_page { silent.from.is_some() } else { silent.to.is_some() };
                assert!(found.silent.iter().all(is_right), "{found:?}");
            }
        }
    }
}

/// Ticks of two revisions that overlap, with what the platform says of their containers.
fn two_revisions(folder: &Path) -> std::path::PathBuf {
    let mut entries: Vec<(u32, u32, &str, String)> = Vec::new();
    for minute in 0..120 {
        if !(60..90).contains(&minute) {
            entries.push((minute * 60, 7, "INFO", format!("tick {minute}")));
        }
        if (40..80).contains(&minute) {
            entries.push((minute * 60 + 1, 8, "INFO", format!("tick {minute}")));
        }
    }
    for (second, revision, text) in [
        (2400, 8, "Starting new instance. Reason: AUTOSCALING - Instance started due to traffic"),
        (2401, 8, "STARTUP HTTP probe failed 1 time consecutively for container \"shop-1\" on path /"),
        (
            2402,
            8,
            "Default STARTUP TCP probe succeeded after 1 attempt for container \"shop-1\" on port 8080.",
        ),
        (2500, 8, "Container called exit(1)."),
        (
            2501,
            8,
            "Default STARTUP TCP probe succeeded after 1 attempt for container \"shop-1\" on port 8080.",
        ),
    ] {
        entries.push((second, revision, "INFO", text.to_owned()));
    }
    entries.push((600, 7, "ERROR", "ledger unreachable".to_owned()));
    entries.push((2600, 8, "ERROR", "ledger unreachable".to_owned()));
    entries.push((2700, 8, "ERROR", "order not booked".to_owned()));
    write_day(folder, 1, &entries)
}

#[test]
fn overlaps_containers_and_new_errors_are_told() {
    let files = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut text = std::fs::read_to_string(two_revisions(files.path())).unwrap();
    // The platform's log is not the service's own.
    for line in text
        .clone()
        .lines()
        .filter(|line| line.contains("probe") || line.contains("ontainer") || line.contains("instance."))
    {
        text = text.replace(
            line,
            &line.replace("run.googleapis.com%2Fstderr", "run.googleapis.com%2Fvarlog%2Fsystem"),
        );
    }
    let export = files.path().join("all.ndjson");
    std::fs::write(&export, text).unwrap();
    let archive = archive(folder.path(), &[export]);
    let mut investigation = Investigation::new(&archive).unwrap();
    let answer = revisions_answer(&investigation, None).unwrap();
    let names: Vec<&str> = answer.revisions.iter().map(|r| r.revision.as_str()).collect();
    assert_eq!(names, ["shop-00007-abc", "shop-00008-abc"]);
    let [overlap] = &answer.overlaps[..] else { panic!("one overlap: {answer:?}") };
    assert!(overlap.earlier_goes_on, "the old revision writes again after the new one: {overlap:?}");
    let containers = answer.revisions[1].containers;
    assert_eq!(
        (containers.instance_starts, containers.starts, containers.failed_starts, containers.exits),
        (1, 2, 1, 1)
    );
    assert_eq!(answer.revisions[1].restarts, 1);
    // The first error of the new revision is an old one; what it brought came later.
    let new = answer.revisions[1].first_new_error.as_ref().unwrap();
    assert_eq!((new.message.as_str(), new.patterns, new.lag_seconds), ("order not booked", 1, None));
    assert_eq!(new.time, nine(&time(1, 2700).into()));

    // A file can say otherwise, and names it does not know are told.
    investigation.given_order =
        GivenOrder::parse("[shop]\nshop-00008-abc\nshop-00007-abc\nshop-00099-zzz").unwrap();
    let given = revisions_answer(&investigation, None).unwrap();
    let order: Vec<_> =
        given.revisions.iter().map(|r| (r.revision.as_str(), r.order, r.order_rule)).collect();
    assert_eq!(order, [("shop-00008-abc", 1, OrderRule::Given), ("shop-00007-abc", 2, OrderRule::Given)]);
    assert_eq!(given.unknown_in_order, ["shop-00099-zzz"]);
}
