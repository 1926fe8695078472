//! What an entry says, in one line of text: what is shown, grouped into patterns and searched for traces.

use crate::dialect::unmojibake;
use crate::json::{Value, canonical};
use crate::log_entry::{Field, LogEntry};
use std::borrow::Cow;

/// The `@type` of the payload of an audit entry.
pub const AUDIT_LOG: &str = "type.googleapis.com/google.cloud.audit.AuditLog";

/// The fields that [`message`] looks at.
pub const MESSAGE_FIELDS: [Field; 4] =
    [Field::TextPayload, Field::JsonPayload, Field::ProtoPayload, Field::HttpRequest];

/// Returns the message of an entry: the first of these that is a string with something in it.
///
/// `textPayload`; `jsonPayload.message`, `.msg`, `.log`, `.event`; an audit record's status message or method;
/// `GET https://… 503` for a request without payload; the payload as JSON. An entry with none of them says nothing: `""`.
/// Text that was UTF-8 and became `ðŸ”´` on its way is what it was; the entry itself stays as it was exported.
pub fn message<'a>(entry: &LogEntry<'a>) -> Cow<'a, str> {
    let text = exported_message(entry);
    match unmojibake(&text) {
        Some(repaired) => Cow::Owned(repaired),
        None => text,
    }
}

fn exported_message<'a>(entry: &LogEntry<'a>) -> Cow<'a, str> {
    if let Some(text) = entry.text(Field::TextPayload).filter(|text| !text.is_empty()) {
        return text.value();
    }
    let json = entry.get(Field::JsonPayload);
    if let Some(payload) = json {
        for key in ["message", "msg", "log", "event"] {
            if let Some(text) = non_empty(payload.get(key)) {
                return text;
            }
        }
    }
    // Client libraries hand audit records over as a JSON payload that still names its type.
    let audit =
        json.filter(|payload| payload.get("@type").and_then(Value::as_text).is_some_and(|t| t.is(AUDIT_LOG)));
    if let Some(record) = entry.get(Field::ProtoPayload).or(audit) {
        for path in [["status", "message"].as_slice(), &["methodName"], &["resource"]] {
            if let Some(text) = non_empty(record.at(path)) {
                return text;
            }
        }
    }
    match (json.or(entry.get(Field::ProtoPayload)), entry.get(Field::HttpRequest)) {
        (Some(payload), _) => Cow::Owned(canonical(payload)),
        (None, Some(request)) => Cow::Owned(request_line(request)),
        (None, None) => Cow::Borrowed(""),
    }
}

fn non_empty(value: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    value?.as_text().filter(|text| !text.is_empty()).map(|text| text.value())
}

fn request_line(request: Value<'_>) -> String {
    let part = |key: &str| match request.get(key) {
        Some(Value::String(text)) => text.value(),
        Some(Value::Number(text)) => text.into(),
        _ => "-".into(),
    };
    format!("{} {} {}", part("requestMethod"), part("requestUrl"), part("status"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, parse};

    fn check(text: &str, expected: &str) {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        let entry = LogEntry::from_object(Document::new(text, &nodes).root().as_object().unwrap());
        assert_eq!(message(&entry), expected, "{text}");
    }

    #[test]
    fn first_that_says_something() {
        check("{}", "");
        check(r#"{"textPayload":"a\nb"}"#, "a\nb");
        check(r#"{"textPayload":"ðŸ”´ 1 â†’ 2"}"#, "🔴 1 → 2");
        check(r#"{"jsonPayload":{"message":"\u00f0\u0178\u201d\u00b4"}}"#, "🔴");
        check(r#"{"textPayload":"","jsonPayload":{"message":"m"}}"#, "m");
        check(r#"{"jsonPayload":{"message":"","msg":"n"}}"#, "n");
        check(r#"{"jsonPayload":{"message":{"x":1}}}"#, r#"{"message":{"x":1}}"#);
        check(r#"{"protoPayload":{"methodName":"M","status":{"message":"bad"}}}"#, "bad");
        check(r#"{"protoPayload":{"methodName":"M","status":{}}}"#, "M");
        check(
            r#"{"jsonPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","methodName":"M"}}"#,
            "M",
        );
        check(
            r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://h/p","status":503}}"#,
            "GET https://h/p 503",
        );
    }
}
