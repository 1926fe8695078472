//! Real exports, when they lie beside the checkout: every entry as a plain reading of the JSON has it.

use crate::source::read_file;
use serde_json::{Map, Value};
use std::path::PathBuf;

fn folder() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/real");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no real exports beside the checkout");
    None
}

/// The entries of a dump, found without any of the code under test.
fn plain_entries(document: &Value) -> Vec<Value> {
    match document {
        Value::Array(entries) => entries.clone(),
        Value::Object(wrapper) => match wrapper.get("raw_logs") {
            Some(entries) => entries.as_array().unwrap().clone(),
            None => wrapper["logs_by_severity"]
                .as_object()
                .unwrap()
                .values()
                .flat_map(|entries| entries.as_array().unwrap().clone())
                .collect(),
        },
        _ => panic!("a dump is an array or an object"),
    }
}

/// The names of the service, given by hand for what occurs in the dumps.
fn camel_case(entry: Value) -> Value {
    let Value::Object(entry) = entry else { panic!("an entry is an object") };
    let rename = |object: Map<String, Value>, names: &[(&str, &str)]| -> Value {
        let renamed = object.into_iter().map(|(key, value)| {
            let name = names.iter().find(|(snake, _)| *snake == key).map(|(_, name)| (*name).to_owned());
            (name.unwrap_or(key), value)
        });
        Value::Object(renamed.collect())
    };
    let request = [("method", "requestMethod"), ("url", "requestUrl"), ("user_agent", "userAgent")];
    let own = [
        ("insert_id", "insertId"),
        ("span_id", "spanId"),
        ("text_payload", "textPayload"),
        ("json_payload", "jsonPayload"),
        ("http_request", "httpRequest"),
    ];
    let kept = entry.into_iter().filter(|(key, _)| !key.starts_with("raw_payload"));
    let kept = kept.map(|(key, value)| match (key.as_str(), value) {
        ("http_request" | "httpRequest", Value::Object(value)) => (key, rename(value, &request)),
        (_, value) => (key, value),
    });
    rename(kept.collect(), &own)
}

#[test]
fn every_entry_comes_back() {
    let Some(folder) = folder() else { return };
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut n_entries = 0;
    for path in paths {
        let whole = read_file(&path).unwrap();
        assert_eq!(whole.rejects, [], "{path:?}");
        let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let expected: Vec<Value> = plain_entries(&document).into_iter().map(camel_case).collect();
        let got: Vec<Value> = whole.entries.iter().map(|got| got.json.clone()).collect();
        assert_eq!(got.len(), expected.len(), "{path:?}");
        for (got, expected) in got.iter().zip(&expected) {
            assert_eq!(got, expected, "{path:?}");
        }
        n_entries += got.len();
        println!("{path:?} {:?}", whole.facts);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_asked = name.contains("by-severity");
        assert_eq!(whole.facts.evidence.asked.len(), usize::from(is_asked), "{name}");
        assert_eq!(whole.facts.evidence.collected.is_some(), name.contains("fetcher"), "{name}");
        assert_eq!(whole.facts.documents, 1);
    }
    assert_eq!(n_entries, 1711);
}
