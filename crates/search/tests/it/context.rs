//! What stands around matches, against looking at every entry.

use crate::fixture::Fixture;
use std::collections::{BTreeMap, BTreeSet};
use timberline_entry::Field;
use timberline_query::{Options, compile};
use timberline_search::{Direction, Role, in_time_order, with_context};

/// A stretch of numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// An entry as the brute force sees it.
#[derive(Clone, Debug)]
struct Known {
    instance: Option<String>,
    trace: Option<String>,
}

/// Entries of two services and few instances and traces over two months, many of them of one moment.
fn lines(seed: u64, n: u64) -> Vec<String> {
    let mut dice = Dice(seed);
    let mut lines = Vec::new();
    for id in 0..n {
        let (service, revision) = (dice.below(2), dice.below(2));
        let (month, day, hour) = (1 + dice.below(2), 1 + dice.below(6), dice.below(4));
        let mut entry = serde_json::json!({
            "insertId": format!("{:03}-{id}", dice.below(1000)),
            "timestamp": format!("2025-{month:02}-{day:02}T{hour:02}:00:00Z"),
            "severity": "INFO",
            "textPayload": format!("{} {id}", ["needle", "straw", "straw", "hay"][usize::try_from(dice.below(4)).unwrap()]),
            "resource": {"type": "cloud_run_revision", "labels": {
                "service_name": format!("s{service}"), "revision_name": format!("s{service}-0000{revision}-abc"),
            }},
        });
        match dice.below(4) {
            // The same instance in several revisions is several.
            0 | 1 => {
                let instance = format!("i{}", dice.below(3));
                entry["labels"] = serde_json::json!({"instanceId": instance, "other": "x"});
            }
            2 => entry["labels"] = serde_json::json!({"instanceId": ""}),
            _ => {}
        }
        if dice.below(3) > 0 {
            entry["trace"] = format!("projects/p/traces/{:032x}", dice.below(4)).into();
        }
        lines.push(entry.to_string());
    }
    lines
}

/// Every entry in the order of time, by segment and row.
fn all(fixture: &Fixture) -> Vec<(u64, Known)> {
    let all = compile("", &Options::default()).unwrap().filter;
    let fields = Field::ALL.into_iter().collect();
    let mut found = Vec::new();
    in_time_order(&fixture.archive, &fixture.names, &all, Direction::Oldest, None, &fields, |view| {
        let entry: serde_json::Value = serde_json::from_str(view.json).unwrap();
        let labels = &entry["resource"]["labels"];
        let text =
            |value: &serde_json::Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let instance = text(&entry["labels"]["instanceId"]);
        let instance =
            instance.map(|id| format!("{} {} {id}", labels["service_name"], labels["revision_name"]));
        found.push((view.row.source_line, Known { instance, trace: text(&entry["trace"]) }));
        Ok(true)
    })
    .unwrap();
    found
}

/// The lines and roles that are to come, oldest first.
fn by_force(all: &[(u64, Known)], matches: &BTreeSet<u64>, n: usize) -> Vec<(u64, Role)> {
    let mut roles: BTreeMap<usize, Role> = BTreeMap::new();
    for (at, (_, known)) in all.iter().enumerate().filter(|(_, (line, _))| matches.contains(line)) {
        let is_near = |other: &Known| match (&known.instance, &known.trace) {
            (Some(_), _) => other.instance == known.instance,
            (None, Some(_)) => other.trace == known.trace,
            (None, None) => false,
        };
        let before = (0..at).rev().filter(|idx| is_near(&all[*idx].1)).take(n);
        let after = (at + 1..all.len()).filter(|idx| is_near(&all[*idx].1)).take(n);
        for idx in before.chain(after) {
            roles.entry(idx).or_insert(Role::Context);
        }
        roles.insert(at, Role::Match);
    }
    roles.into_iter().map(|(idx, role)| (all[idx].0, role)).collect()
}

#[test]
fn neighbours_are_those_that_looking_at_every_entry_finds() {
    for seed in 0..4 {
        let fixture = Fixture::of_lines(&[lines(seed, 240)]);
        assert!(fixture.archive.segments().len() > 1, "more than one segment");
        let all = all(&fixture);
        for text in [
            "needle",
            "\"needle 7\"",
            "textPayload:straw",
            "never said",
            "",
            "needle AND labels.instanceId:*",
        ] {
            let filter = compile(text, &Options::default()).unwrap().filter;
            for (n, limit) in
                [(0, None), (1, None), (3, Some(1)), (2, Some(5)), (1000, Some(2)), (4, Some(0))]
            {
                for direction in [Direction::Oldest, Direction::Newest] {
                    let mut found = Vec::new();
                    let fields = BTreeSet::new();
                    let (archive, names) = (&fixture.archive, &fixture.names);
                    with_context(archive, names, &filter, direction, limit, n, &fields, |view, role| {
                        found.push((view.row.source_line, role));
                        Ok(true)
                    })
                    .unwrap();
                    let mut matches = BTreeSet::new();
                    in_time_order(archive, names, &filter, direction, limit, &fields, |view| {
                        matches.insert(view.row.source_line);
                        Ok(true)
                    })
                    .unwrap();
                    let mut expected = by_force(&all, &matches, n);
                    if direction == Direction::Newest {
                        expected.reverse();
                    }
                    assert_eq!(found, expected, "{text}, {n} around {limit:?}, {direction:?}, seed {seed}");
                }
            }
        }
    }
}
