//! Whether a JSON object is a log entry, and of which dialect.

use super::DialectKind;
use crate::json::{Object, Value};

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// It says when, and has some other field of an entry: enough inside an array of entries.
    Weak,
    /// It has fields that together nothing else has: enough to go on behind damage.
    Strong,
}

/// Recognises an entry by its root keys.
pub(crate) fn recognise(object: Object<'_>) -> Option<(DialectKind, Strength)> {
    let (mut n_own, mut n_other, mut has_time, mut is_snake) = (0, 0, false, false);
    for (key, value) in object.iter() {
        let Some(key) = key.as_plain() else { continue };
        match key {
            "logName" | "insertId" | "receiveTimestamp" | "textPayload" | "jsonPayload" | "protoPayload"
            | "httpRequest" => n_own += 1,
            "log_name" | "insert_id" | "receive_timestamp" | "text_payload" | "json_payload"
            | "proto_payload" | "http_request" => {
                n_own += 1;
                is_snake = true;
            }
            "resource" if value.get("type").is_some() => n_own += 1,
            "timestamp" => {
                has_time = matches!(value, Value::String(_) | Value::Number(_) | Value::Object(_));
            }
            "severity" | "labels" | "trace" | "spanId" | "span_id" | "operation" | "resource" => n_other += 1,
            _ => {}
        }
    }
    let kind = if is_snake { DialectKind::ClientLibrary } else { DialectKind::LogEntry };
    match (n_own, n_other, has_time) {
        (2.., _, _) | (1, _, true) => Some((kind, Strength::Strong)),
        (0, 1.., true) => Some((kind, Strength::Weak)),
        _ => None,
    }
}
