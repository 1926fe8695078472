//! A small reader of exports that shares nothing with the generator or the product.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

/// One entry as it was found, with the names a `LogEntry` has.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) value: Value,
    /// Timestamp to the microsecond, UTC, as text that sorts, and the `insertId`.
    pub(crate) identity: (String, String),
}

impl Found {
    fn new(value: Value) -> Self {
        let value = camel_case(value);
        let timestamp = value["timestamp"].as_str().expect("every sample entry has a timestamp");
        let digits = timestamp.trim_end_matches('Z').trim_end_matches("+00:00");
        let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        assert_eq!(seconds.len(), 19, "{timestamp}");
        let instant = format!("{seconds}.{fraction:0<6}");
        let id = value["insertId"].as_str().expect("every sample entry has an id").to_owned();
        Self { value, identity: (instant, id) }
    }

    pub(crate) fn nanos(&self) -> String {
        format!("{}000Z", self.identity.0)
    }

    pub(crate) fn severity(&self) -> &str {
        self.value["severity"].as_str().unwrap_or("DEFAULT")
    }

    pub(crate) fn revision(&self) -> &str {
        self.value["resource"]["labels"]["revision_name"].as_str().expect("every sample entry has a revision")
    }
}

pub(crate) fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).expect("a whole gzip file");
    out
}

/// Returns the entries of a file and how many are broken.
pub(crate) fn read(bytes: &[u8]) -> (Vec<Found>, usize) {
    let text = std::str::from_utf8(bytes).expect("samples are UTF-8");
    if let Some(elements) = text.strip_prefix('[') {
        let (objects, n_broken) = objects(elements);
        return (objects.into_iter().map(Found::new).collect(), n_broken);
    }
    if let Ok(wrapper) = serde_json::from_str::<Value>(text)
        && wrapper["insertId"].is_null()
    {
        let mut entries = Vec::new();
        unwrap(&wrapper, &mut entries);
        return (entries, 0);
    }
    let lines = text.lines().map(|line| Found::new(serde_json::from_str(line).expect("a line is an entry")));
    (lines.collect(), 0)
}

/// Takes apart the objects of an array, and counts the one that is not closed.
fn objects(text: &str) -> (Vec<Value>, usize) {
    let mut objects = Vec::new();
    let (mut depth, mut from, mut in_string, mut escaped) = (0, 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => {
                if depth == 0 {
                    from = at;
                }
                depth += 1;
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    objects.push(serde_json::from_str(&text[from..=at]).expect("a closed object is JSON"));
                }
            }
            _ => {}
        }
    }
    (objects, usize::from(depth > 0))
}

/// Finds arrays of objects with an id anywhere in a wrapper.
fn unwrap(value: &Value, entries: &mut Vec<Found>) {
    match value {
        Value::Array(items) => {
            for item in items {
                assert!(item["insertId"].is_string() || item["insert_id"].is_string(), "a list of entries");
                entries.push(Found::new(item.clone()));
            }
        }
        Value::Object(members) => members.values().for_each(|member| unwrap(member, entries)),
        _ => {}
    }
}

fn camel_case(mut value: Value) -> Value {
    let members = value.as_object_mut().expect("an entry is an object");
    for (snake, camel) in [
        ("insert_id", "insertId"),
        ("text_payload", "textPayload"),
        ("json_payload", "jsonPayload"),
        ("http_request", "httpRequest"),
        ("span_id", "spanId"),
    ] {
        if let Some(member) = members.remove(snake) {
            members.insert(camel.to_owned(), member);
        }
    }
    members.remove("raw_payload");
    members.remove("raw_payload_type");
    value
}

/// Returns one copy of every entry, the one that says most, oldest first.
pub(crate) fn whole_first(all: &[Found]) -> Vec<&Found> {
    let mut distinct: BTreeMap<&(String, String), &Found> = BTreeMap::new();
    for found in all {
        let kept = distinct.entry(&found.identity).or_insert(found);
        if found.value.to_string().len() > kept.value.to_string().len() {
            *kept = found;
        }
    }
    distinct.into_values().collect()
}

/// Returns every string value of an entry, however deep.
pub(crate) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// Returns the paths of all files below a folder, `/` between the parts.
pub(crate) fn files_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for item in std::fs::read_dir(folder).expect("the folder of the samples") {
        let item = item.expect("a readable folder");
        let name = item.file_name().into_string().expect("names are UTF-8");
        if item.file_type().expect("a file or a folder").is_dir() {
            found.extend(files_below(&item.path()).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.insert(name);
        }
    }
    found
}

#[test]
fn a_broken_end_is_one_rejected_entry() {
    let entry = json!({"insertId": "a}\"{", "timestamp": "2025-05-20T00:00:00.5Z"}).to_string();
    let (entries, n_broken) = read(format!("[{entry},{entry},{}", &entry[..20]).as_bytes());
    assert_eq!((entries.len(), n_broken), (2, 1));
    assert_eq!(entries[0].nanos(), "2025-05-20T00:00:00.500000000Z");
    assert_eq!(whole_first(&entries).len(), 1);
}
