//! Every entry comes back with the JSON value it had in its richest export.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking and say why they are skipped"
)]

mod common;

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use timberline_entry::{Field, Timestamp};
use timberline_query::Filter;
use timberline_search::{Direction, Names, in_time_order};

/// What identifies an entry: microseconds and `insertId`.
type Identity = (i64, String);

/// Reads plain exports with another JSON reader: arrays of entries, and arrays of entries anywhere in an object.
fn entries_of(value: &Value, found: &mut Vec<Map<String, Value>>) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                match element {
                    Value::Object(entry) if entry.contains_key("timestamp") => found.push(camel_case(entry)),
                    other => entries_of(other, found),
                }
            }
        }
        Value::Object(members) => members.values().for_each(|value| entries_of(value, found)),
        _ => {}
    }
}

/// The names that client libraries dump, in the spelling of the service.
fn camel_case(entry: &Map<String, Value>) -> Map<String, Value> {
    let is_client = entry.contains_key("insert_id");
    let mut out = Map::new();
    for (key, value) in entry {
        if !is_client && key != "httpRequest" {
            out.insert(key.clone(), value.clone());
            continue;
        }
        match key.as_str() {
            "raw_payload" | "raw_payload_type" => {}
            "http_request" | "httpRequest" => {
                let mut request = value.clone();
                if let Value::Object(members) = value {
                    let rename = |key: &str| match key {
                        "method" => "requestMethod".to_owned(),
                        "url" => "requestUrl".to_owned(),
                        other => camel(other),
                    };
                    request = Value::Object(members.iter().map(|(k, v)| (rename(k), v.clone())).collect());
                }
                out.insert("httpRequest".to_owned(), request);
            }
            other => {
                out.insert(camel(other), value.clone());
            }
        }
    }
    out
}

fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in name.chars() {
        match (c, upper) {
            ('_', _) => upper = true,
            (c, true) => {
                out.extend(c.to_uppercase());
                upper = false;
            }
            (c, false) => out.push(c),
        }
    }
    out
}

fn identity(entry: &Map<String, Value>) -> Identity {
    let time = Timestamp::parse(entry["timestamp"].as_str().unwrap()).unwrap().0;
    (time.as_micros(), entry["insertId"].as_str().unwrap().to_owned())
}

/// Counts what an entry says: leaves that are not null.
fn richness(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Array(elements) => elements.iter().map(richness).sum::<usize>().max(1),
        Value::Object(members) => members.values().map(richness).sum::<usize>().max(1),
        _ => 1,
    }
}

fn exported(folder: &Path) -> BTreeMap<Identity, Map<String, Value>> {
    let archive_folder = tempfile::tempdir().unwrap();
    let archive = common::archive_of(archive_folder.path(), folder);
    let names = Names::read(&archive).unwrap();
    let fields: BTreeSet<Field> = Field::ALL.into_iter().collect();
    let mut found = BTreeMap::new();
    in_time_order(&archive, &names, &Filter::all(), Direction::Newest, None, &fields, |row| {
        let entry: Value = serde_json::from_str(row.json).unwrap();
        let Value::Object(entry) = entry else { panic!("an entry is an object: {}", row.json) };
        assert!(found.insert(identity(&entry), entry).is_none(), "an entry came twice");
        Ok(true)
    })
    .unwrap();
    found
}

#[test]
fn real_exports_come_back() {
    let Some(folder) = common::real() else { return };
    let mut copies: BTreeMap<Identity, Vec<Map<String, Value>>> = BTreeMap::new();
    for file in std::fs::read_dir(&folder).unwrap() {
        let value: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let mut entries = Vec::new();
        entries_of(&value, &mut entries);
        assert!(!entries.is_empty());
        for entry in entries {
            copies.entry(identity(&entry)).or_default().push(entry);
        }
    }
    assert_eq!(copies.values().map(Vec::len).sum::<usize>(), 1711);
    let found = exported(&folder);
    assert_eq!(found.len(), copies.len());
    for (identity, copies) in copies {
        let richest = copies.into_iter().max_by_key(|copy| richness(&Value::Object(copy.clone()))).unwrap();
        assert_eq!(Value::Object(found[&identity].clone()), Value::Object(richest), "{identity:?}");
    }
}
