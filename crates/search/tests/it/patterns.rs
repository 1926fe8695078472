//! Ids of patterns, exceptions and variants in filters: former ones, loose ones, and against every row.

use crate::fixture::{Fixture, RowId};
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::pattern_name;
use timberline_archive::patterns::{Exceptions, Patterns, Values};
use timberline_archive::segment::Subject;
use timberline_pattern::variants::Openness;
use timberline_query::{Options, compile};

fn line(n: usize, message: &str) -> String {
    let message = serde_json::Value::from(message);
    format!(
        r#"{{"insertId":"{n:06}","timestamp":"2025-09-01T{:02}:{:02}:00Z","severity":"ERROR","resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop","revision_name":"shop-{:05}-abc"}}}},"textPayload":{message}}}"#,
        n / 60 % 24,
        n % 60,
        n / 100
    )
}

fn trace(function: &str, key: &str) -> String {
    format!(
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in {function}\n    x()\nKeyError: '{key}'"
    )
}

fn archive() -> Fixture {
    let modules = ["auth_service", "app.services.monitoring", "billing"];
    let lines: Vec<String> = (0..300)
        .map(|n| match n % 6 {
            0 => line(n, &format!("No module named '{}'", modules[n / 100])),
            1 => line(n, &format!("exited with code {}", n % 4)),
            2 => line(n, &trace("total", ["apple", "pear"][n / 150])),
            3 => line(n, &trace("login", "user")),
            4 => line(n, &format!("loaded mod_{}b2 in {n} ms", n / 6 % 3)),
            _ => line(n, "cache warmed"),
        })
        .collect();
    Fixture::of_lines(&[lines[150..].to_vec(), lines[..150].to_vec()])
}

fn rows(fixture: &Fixture, filter: &str) -> BTreeSet<RowId> {
    let compiled = compile(filter, &Options::default()).unwrap();
    fixture.by_index(&compiled.filter).rows
}

fn holding(fixture: &Fixture, text: &str) -> BTreeSet<RowId> {
    let with = fixture.rows.iter().filter(|(_, (_, json))| json.contains(text));
    with.map(|(id, _)| id.clone()).collect()
}

#[test]
fn every_id_finds_its_entries() {
    let fixture = archive();
    let patterns = Patterns::read(&fixture.archive).unwrap();
    let ids = fixture.archive.pattern_ids().unwrap();
    let module = patterns.ids().find(|id| patterns.template(*id) == "No module named '<*>'").unwrap();
    let expected = holding(&fixture, "No module named");
    let mut n_aliases = 0;
    for alias in ids.iter().filter(|(_, pattern)| *pattern == module).map(|(shape, _)| shape) {
        assert_eq!(rows(&fixture, &format!("pattern=\"{}\"", pattern_name(alias))), expected);
        let others = rows(&fixture, &format!("pattern!=\"{}\"", pattern_name(alias)));
        assert_eq!(others.len() + expected.len(), fixture.rows.len());
        assert!(others.is_disjoint(&expected));
        n_aliases += 1;
    }
    assert!(n_aliases > 1);

    let exceptions = Exceptions::read(&fixture.archive).unwrap();
    let mut found = BTreeSet::new();
    for record in exceptions.all() {
        let name = pattern_name(record.key);
        let own = rows(&fixture, &format!("exception=\"{name}\""));
        assert_eq!(own.len() as u64, record.rows);
        assert_eq!(rows(&fixture, &format!("pattern=\"{name}\"")), own);
        assert_eq!(rows(&fixture, &format!("pattern!=\"{name}\"")).len(), fixture.rows.len() - own.len());
        assert_eq!(rows(&fixture, &format!("exception!=\"{name}\"")).len(), 100 - own.len());
        let loose = rows(&fixture, &format!("exception=\"{}\"", pattern_name(record.loose)));
        assert!(loose.is_superset(&own));
        found.extend(own);
    }
    assert_eq!(exceptions.all().count(), 2);
    assert_eq!(found, holding(&fixture, "Traceback"));
    assert_eq!(rows(&fixture, "exception:*"), found);
    assert!(rows(&fixture, "pattern=\"0123456789abcdef\"").is_empty());
}

#[test]
fn every_variant_finds_the_entries_with_its_value() {
    let fixture = archive();
    let patterns = Patterns::read(&fixture.archive).unwrap();
    let exceptions = Exceptions::read(&fixture.archive).unwrap();
    let values = Values::read(fixture.archive.segments()).unwrap();
    let holes = patterns.holes(&fixture.archive, &values).unwrap();
    let variants = patterns.variants(&holes);
    for (pattern, holes) in &holes {
        let entries: u64 = patterns.shapes_of(*pattern).map(|shape| shape.entries).sum();
        for hole in holes.iter().filter(|hole| hole.openness == Openness::Closed) {
            let listed: u64 = hole.values.values().flat_map(BTreeMap::values).map(|seen| seen.entries).sum();
            assert_eq!(listed + hole.others, entries, "every entry has one value: {hole:?}");
        }
    }
    let of_exceptions = exceptions.variants(&values);
    let mut values: BTreeMap<&str, u64> = BTreeMap::new();
    for variant in variants.values().chain(of_exceptions.values()).flatten() {
        let own = rows(&fixture, &format!("pattern=\"{}\"", pattern_name(variant.id)));
        let entries: u64 = variant.seen.values().map(|seen| seen.entries).sum();
        assert_eq!(own.len() as u64, entries, "{variant:?}");
        let others = rows(&fixture, &format!("NOT pattern=\"{}\"", pattern_name(variant.id)));
        assert_eq!(others, rows(&fixture, &format!("pattern!=\"{}\"", pattern_name(variant.id))));
        assert!(own.is_disjoint(&others) && own.len() + others.len() == fixture.rows.len());
        let needle = match variant.subject {
            Subject::Message(_) => variant.value.clone(),
            Subject::Exception(_) => format!("KeyError: {}", variant.value),
        };
        assert!(own.is_subset(&holding(&fixture, &needle)), "{variant:?}");
        values.insert(&variant.value, entries);
    }
    for (value, entries) in
        [("auth_service", 17), ("app.services.monitoring", 17), ("'apple'", 25), ("'pear'", 25)]
    {
        assert_eq!(values.get(value), Some(&entries), "{values:?}");
    }
    assert!(values.contains_key("mod_1b2") && values.contains_key("3"), "{values:?}");
    assert!(!values.contains_key("'user'"), "one value is no variant: {values:?}");
}
