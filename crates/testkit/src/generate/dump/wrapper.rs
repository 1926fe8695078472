//! What scripts around a client library write: entries inside an object, by severity or in one list, with names and nulls of their own.

use serde_json::{Map, Value, json};

use crate::generate::entry::{Entry, Payload, Severity};
use crate::generate::time::isoformat;

/// Which part of an entry a script keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Everything but the payload and the request.
    Identity,
    /// Everything the script knows of.
    All,
}

/// Returns entries listed by severity, snake_case, with the window that was asked for.
///
/// `from_us` and `to_us` bound the window; the collection time has no zone and is local to a machine seven hours behind UTC, as happens.
#[must_use]
pub fn by_severity<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    from_us: i64,
    to_us: i64,
    keep: Keep,
) -> String {
    let mut lists: Vec<(Severity, Vec<Value>)> = Vec::new();
    for entry in entries {
        let value = snake_case(entry, keep);
        match lists.iter_mut().find(|(severity, _)| *severity == entry.severity) {
            Some((_, list)) => list.push(value),
            None => lists.push((entry.severity, vec![value])),
        }
    }
    lists.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    let total: usize = lists.iter().map(|(_, list)| list.len()).sum();
    let mut counts = Map::new();
    let mut by_severity = Map::new();
    for (severity, list) in lists {
        counts.insert(severity.name().to_owned(), json!(list.len()));
        by_severity.insert(severity.name().to_owned(), Value::Array(list));
    }
    let hours = (to_us - from_us) / crate::generate::time::HOUR_US;
    pretty(&json!({
        "collection_time": isoformat(to_us + 3_646_321 - 7 * crate::generate::time::HOUR_US, ""),
        "time_range": {"start": isoformat(from_us, "+00:00"), "end": isoformat(to_us, "+00:00"), "duration_hours": hours},
        "logs_by_severity": by_severity,
        "summary": {"total_logs": total, "counts_by_severity": counts},
    }))
}

/// Returns entries in one list called `raw_logs`, with nulls for what they lack; every other timestamp has lost its zone.
#[must_use]
pub fn raw_logs<'a>(entries: impl IntoIterator<Item = &'a Entry>, fetched_us: i64) -> String {
    let mut list = Vec::new();
    for (entry_idx, entry) in entries.into_iter().enumerate() {
        let zone = if entry_idx % 2 == 0 { "+00:00" } else { "" };
        list.push(with_nulls(entry, zone));
    }
    let mut counts = Map::new();
    for severity in Severity::ALL.iter().rev() {
        let count = list.iter().filter(|value| value["severity"] == severity.name()).count();
        if count > 0 {
            counts.insert(severity.name().to_owned(), json!(count));
        }
    }
    pretty(&json!({
        "fetch_time": isoformat(fetched_us, ""),
        "total_logs": list.len(),
        "logs_by_severity": counts,
        "raw_logs": list,
    }))
}

fn snake_case(entry: &Entry, keep: Keep) -> Value {
    let whole = entry.to_value();
    let mut out = Map::new();
    out.insert("timestamp".to_owned(), json!(isoformat(entry.time_us, "+00:00")));
    out.insert("severity".to_owned(), json!(entry.severity.name()));
    out.insert("insert_id".to_owned(), json!(entry.insert_id));
    out.insert("resource".to_owned(), whole["resource"].clone());
    out.insert("labels".to_owned(), whole.get("labels").cloned().unwrap_or_else(|| json!({})));
    out.insert("trace".to_owned(), whole["trace"].clone());
    out.insert("span_id".to_owned(), whole["spanId"].clone());
    if keep == Keep::Identity {
        return Value::Object(out);
    }
    match &entry.payload {
        Payload::Text(text) => {
            out.insert("text_payload".to_owned(), json!(text));
            out.insert("raw_payload_type".to_owned(), json!("str"));
            out.insert("raw_payload".to_owned(), json!(text));
        }
        Payload::Json { .. } | Payload::Proto(_) => {
            out.insert("json_payload".to_owned(), object_payload(&whole));
            out.insert("raw_payload_type".to_owned(), json!("dict"));
        }
        Payload::None => {}
    }
    if let Some(http) = whole.get("httpRequest") {
        let request = json!({
            "method": http["requestMethod"],
            "url": http["requestUrl"],
            "status": http["status"],
            "user_agent": http["userAgent"],
            "latency": http["latency"],
        });
        out.insert("http_request".to_owned(), request);
    }
    Value::Object(out)
}

fn with_nulls(entry: &Entry, zone: &str) -> Value {
    let whole = entry.to_value();
    json!({
        "timestamp": isoformat(entry.time_us, zone),
        "severity": entry.severity.name(),
        "insertId": entry.insert_id,
        "resource": whole["resource"],
        "labels": whole.get("labels").cloned().unwrap_or_else(|| json!({})),
        "jsonPayload": object_payload(&whole),
        "textPayload": whole["textPayload"],
        "httpRequest": whole["httpRequest"],
        "trace": whole["trace"],
        "spanId": whole["spanId"],
    })
}

/// The client library shows both kinds of object the same way.
fn object_payload(whole: &Value) -> Value {
    whole.get("jsonPayload").or_else(|| whole.get("protoPayload")).cloned().unwrap_or(Value::Null)
}

fn pretty(value: &Value) -> String {
    let mut out = serde_json::to_string_pretty(value).expect("a value without odd keys");
    out.push('\n');
    out
}
