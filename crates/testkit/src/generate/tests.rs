use std::collections::BTreeSet;

use super::entry::Payload;
use super::plant::Kind;
use super::time::SECOND_US;
use super::*;

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let config = Config::small(1, 1500);
    assert_eq!(lines(&config), lines(&config));
    assert_ne!(lines(&config), lines(&Config::small(2, 1500)));
}

#[test]
fn there_are_as_many_entries_as_asked_for_in_the_order_of_time_and_within_the_period() {
    for config in
        [Config::small(1, 1), Config::small(2, 3000), Config::dense(3, 5000), Config::sparse(4, 20_000)]
    {
        let all: Vec<Entry> = Timeline::new(&config).collect();
        assert_eq!(all.len() as u64, config.n_entries);
        assert!(all.is_sorted_by_key(|entry| entry.time_us));
        let end_us = config.start_us + i64::from(config.n_days) * time::DAY_US;
        assert!(all.iter().all(|entry| (config.start_us..end_us + time::MINUTE_US).contains(&entry.time_us)));
    }
}

#[test]
fn entries_reach_to_the_end_of_the_period_and_every_revision_has_some() {
    let config = Config::dense(5, 40_000);
    let all: Vec<Entry> = Timeline::new(&config).collect();
    let end_us = config.start_us + i64::from(config.n_days) * time::DAY_US;
    assert!(all.last().unwrap().time_us > end_us - time::DAY_US / 4);
    let revisions: BTreeSet<&str> = all.iter().map(Entry::revision_label).collect();
    assert!(revisions.len() >= config.n_revisions - 2, "{}", revisions.len());
}

#[test]
fn ids_look_like_those_of_the_platform() {
    let mut seen = BTreeSet::new();
    for entry in Timeline::new(&Config::small(6, 4000)) {
        assert!(seen.insert((entry.time_us, entry.insert_id.clone())), "an identity twice");
        let value = entry.to_value();
        assert_eq!(value["timestamp"], time::rfc3339(entry.time_us));
        assert_eq!(value["insertId"], entry.insert_id.as_str());
        assert!(value["receiveTimestamp"].as_str().unwrap() > value["timestamp"].as_str().unwrap());
        assert_eq!(value["resource"]["labels"]["revision_name"], entry.revision_label());
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert!(keys.is_sorted(), "{keys:?}");
        if entry.is_audit() {
            assert!(entry.insert_id.trim_start_matches('-').len() == 12);
            continue;
        }
        assert_eq!(entry.insert_id.len(), 24);
        assert!(entry.insert_id.bytes().all(|byte| rng::HEX.contains(&byte)));
        let seconds = i64::from_str_radix(&entry.insert_id[..8], 16).unwrap();
        let micros = i64::from_str_radix(&entry.insert_id[8..16], 16).unwrap();
        // Requests get their id when they are over.
        let late_us = seconds * SECOND_US + micros - entry.time_us;
        assert!(if entry.http.is_some() { late_us > 0 } else { late_us == 0 }, "{late_us}");
        assert!(value["labels"]["instanceId"].as_str().unwrap().starts_with("0069c7a9"));
        if let Some(trace) = &entry.trace {
            assert_eq!(value["trace"], format!("projects/timber-demo/traces/{}", trace.id));
            assert_eq!((trace.id.len(), trace.span.len()), (32, 16));
        }
    }
}

#[test]
fn the_mixture_is_that_of_a_real_service() {
    let all: Vec<Entry> = Timeline::new(&Config::dense(7, 50_000)).collect();
    let share = |wanted: &dyn Fn(&Entry) -> bool| {
        all.iter().filter(|entry| wanted(entry)).count() as f64 / all.len() as f64
    };
    let requests = share(&|entry| entry.http.is_some());
    let objects = share(&|entry| matches!(entry.payload, Payload::Json { .. }));
    let texts = share(&|entry| matches!(entry.payload, Payload::Text(_)));
    assert!((0.22..0.30).contains(&requests), "{requests}");
    assert!((0.33..0.47).contains(&objects), "{objects}");
    assert!((0.25..0.42).contains(&texts), "{texts}");
    let errors = share(&|entry| entry.severity >= entry::Severity::Error);
    assert!((0.02..0.09).contains(&errors), "{errors}");
    let tracebacks = share(&|entry| entry.error_group.is_some());
    assert!((0.003..0.02).contains(&tracebacks), "{tracebacks}");
}

#[test]
fn planted_regressions_are_where_they_are_said_to_be() {
    let timeline = Timeline::new(&Config::dense(8, 60_000));
    let plants = timeline.plants().to_vec();
    let revisions = timeline.revisions();
    let all: Vec<Entry> = timeline.collect();
    for plant in plants {
        let with: Vec<&Entry> = all.iter().filter(|entry| entry.message().contains(plant.phrase)).collect();
        assert!(with.iter().all(|entry| entry.revision.service_idx == plant.service_idx));
        let inside = |entry: &&&Entry| {
            entry.revision.order >= plant.from.order
                && plant.until.as_ref().is_none_or(|until| entry.revision.order < until.order)
        };
        let n_inside = with.iter().filter(inside).count();
        let n_outside = with.len() - n_inside;
        assert!(n_inside > 3, "{:?}: {n_inside}", plant.kind);
        match plant.kind {
            Kind::NewValue | Kind::Resolved => assert_eq!(n_outside, 0, "{:?}", plant.kind),
            Kind::RateIncrease => {
                let before = plant.from.order as f64;
                let after = revisions[plant.service_idx].len() as f64 - before;
                let factor = (n_inside as f64 / after) / (n_outside as f64 / before);
                assert!((4.0..16.0).contains(&factor), "{factor}");
            }
        }
    }
}
