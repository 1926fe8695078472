//! `LogEntry` in `snake_case`, as scripts around the Python client dump it.
//!
//! The names are those of the proto fields; inside `http_request` the short names of the client's own objects occur as well.
//! `raw_payload` repeats the payload as the language prints it, so it counts only when there is no other.

use crate::json::{Object, Value, push_quoted, write_canonical};

const NAMES: [(&str, &str); 14] = [
    ("log_name", "logName"),
    ("receive_timestamp", "receiveTimestamp"),
    ("insert_id", "insertId"),
    ("http_request", "httpRequest"),
    ("span_id", "spanId"),
    ("trace_sampled", "traceSampled"),
    ("source_location", "sourceLocation"),
    ("error_groups", "errorGroups"),
    ("apphub_destination", "apphubDestination"),
    ("apphub_source", "apphubSource"),
    ("proto_payload", "protoPayload"),
    ("text_payload", "textPayload"),
    ("json_payload", "jsonPayload"),
    ("raw_payload", "textPayload"),
];

const REQUEST_NAMES: [(&str, &str); 16] = [
    ("method", "requestMethod"),
    ("request_method", "requestMethod"),
    ("url", "requestUrl"),
    ("request_url", "requestUrl"),
    ("size", "requestSize"),
    ("request_size", "requestSize"),
    ("response_size", "responseSize"),
    ("user_agent", "userAgent"),
    ("remote_ip", "remoteIp"),
    ("server_ip", "serverIp"),
    ("referrer", "referer"),
    ("cache_lookup", "cacheLookup"),
    ("cache_hit", "cacheHit"),
    ("cache_validated_with_origin_server", "cacheValidatedWithOriginServer"),
    ("cache_fill_bytes", "cacheFillBytes"),
    ("request_protocol", "protocol"),
];

const SPLIT_NAMES: [(&str, &str); 1] = [("total_splits", "totalSplits")];

const METADATA_NAMES: [(&str, &str); 2] = [("system_labels", "systemLabels"), ("user_labels", "userLabels")];

/// Says whether an entry has a member under its `snake_case` name, or a request with the short names of the client's objects.
pub(super) fn is_one(object: Object<'_>) -> bool {
    object.iter().any(|(key, value)| {
        key.as_plain().is_some_and(|key| is_own_name(key) || key == "httpRequest" && has_short_names(value))
    })
}

fn has_short_names(request: Value<'_>) -> bool {
    let Value::Object(request) = request else { return false };
    let is_short =
        |key: &str| REQUEST_NAMES.iter().any(|(short, name)| *short == key && request.get(name).is_none());
    request.iter().any(|(key, _)| key.as_plain().is_some_and(is_short))
}

/// Says whether a root key is a field's `snake_case` name.
pub(super) fn is_own_name(key: &str) -> bool {
    key.contains('_') && (NAMES.iter().any(|(snake, _)| *snake == key) || key == "raw_payload_type")
}

/// Appends the entry in `LogEntry` form. Members that are no fields stay as they are.
///
/// Where both names of a field occur, the service's own wins and the other stays as an unknown member.
pub(super) fn rewrite(object: Object<'_>, out: &mut String) {
    let has_payload = ["text_payload", "json_payload", "proto_payload"]
        .into_iter()
        .chain(["textPayload", "jsonPayload", "protoPayload"])
        .any(|key| object.get(key).is_some_and(|value| !value.is_null()));
    let mut members = Members::new(out);
    for (key, value) in object.iter() {
        let key = key.value();
        let name = renamed(&key, &NAMES);
        match &*key {
            "raw_payload_type" => {}
            "raw_payload" if has_payload || value.is_null() => {}
            "raw_payload" => match value {
                Value::Object(_) => members.add("jsonPayload", |out| write_canonical(value, out)),
                _ => members.add("textPayload", |out| write_text(value, out)),
            },
            // An empty payload beside `raw_payload` would be written twice.
            "text_payload" | "json_payload"
                if value.is_null() && !has_payload && object.get("raw_payload").is_some() => {}
            _ if name != key && object.get(name).is_some() => {
                members.add(&key, |out| write_canonical(value, out));
            }
            "http_request" | "httpRequest" => {
                members.add(name, |out| write_renamed(value, &REQUEST_NAMES, out));
            }
            "split" => members.add(name, |out| write_renamed(value, &SPLIT_NAMES, out)),
            "metadata" => members.add(name, |out| write_renamed(value, &METADATA_NAMES, out)),
            _ => members.add(name, |out| write_canonical(value, out)),
        }
    }
    members.end();
}

fn renamed<'k>(key: &'k str, names: &[(&str, &'static str)]) -> &'k str {
    names.iter().find(|(snake, _)| *snake == key).map_or(key, |(_, name)| name)
}

fn write_renamed(value: Value<'_>, names: &[(&str, &'static str)], out: &mut String) {
    let Value::Object(object) = value else {
        write_canonical(value, out);
        return;
    };
    let mut members = Members::new(out);
    for (key, value) in object.iter() {
        let key = key.value();
        let name = renamed(&key, names);
        let name = if name != key && object.get(name).is_some() { &key } else { name };
        members.add(name, |out| write_canonical(value, out));
    }
    members.end();
}

/// A payload that is a number or a list is still text to the service.
fn write_text(value: Value<'_>, out: &mut String) {
    if let Value::String(_) = value {
        write_canonical(value, out);
    } else {
        push_quoted(&crate::json::canonical(value), out);
    }
}

/// Writes an object member by member.
struct Members<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> Members<'o> {
    fn new(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    fn add(&mut self, key: &str, write: impl FnOnce(&mut String)) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        push_quoted(key, self.out);
        self.out.push(':');
        write(self.out);
    }

    fn end(self) {
        self.out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, parse};

    fn check(text: &str, expected: &str) {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        let object = Document::new(text, &nodes).root().as_object().unwrap();
        assert!(is_one(object), "{text}");
        let mut out = String::new();
        rewrite(object, &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn names_become_the_services_own() {
        check(
            r#"{"insert_id":"i","http_request":{"method":"GET","url":"u","status":200},"trace":null,"span_id":null}"#,
            r#"{"insertId":"i","httpRequest":{"requestMethod":"GET","requestUrl":"u","status":200},"trace":null,"spanId":null}"#,
        );
        check(
            r#"{"log_name":"l","extra_member":{"log_name":1}}"#,
            r#"{"logName":"l","extra_member":{"log_name":1}}"#,
        );
        check(
            r#"{"insertId":"i","httpRequest":{"method":"GET","url":"u","user_agent":"c","protocol":"p"}}"#,
            r#"{"insertId":"i","httpRequest":{"requestMethod":"GET","requestUrl":"u","userAgent":"c","protocol":"p"}}"#,
        );
        check(r#"{"insert_id":"a","insertId":"b"}"#, r#"{"insert_id":"a","insertId":"b"}"#);
    }

    #[test]
    fn a_repeated_payload_is_dropped() {
        check(r#"{"text_payload":"t","raw_payload":"t","raw_payload_type":"str"}"#, r#"{"textPayload":"t"}"#);
        check(r#"{"insert_id":"i","raw_payload":"t"}"#, r#"{"insertId":"i","textPayload":"t"}"#);
        check(r#"{"text_payload":null,"raw_payload":"t"}"#, r#"{"textPayload":"t"}"#);
        check(r#"{"insert_id":"i","raw_payload":{"a":1}}"#, r#"{"insertId":"i","jsonPayload":{"a":1}}"#);
        check(r#"{"insert_id":"i","raw_payload":null}"#, r#"{"insertId":"i"}"#);
    }
}
