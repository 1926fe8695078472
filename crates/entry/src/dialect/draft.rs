//! A `LogEntry` in the making, for dialects that are none.

use super::repairs::RepairKind;
use super::time::read_time;
use crate::json::{Document, Object, Text, Value, canonical, parse, push_quoted, write_canonical};
use crate::reject::RejectReason;
use crate::severity::Severity;
use crate::timestamp::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What could be told of an entry, under the names of the service.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    pub(super) time: Option<Timestamp>,
    pub(super) has_no_zone: bool,
    pub(super) severity: Option<Severity>,
    pub(super) insert_id: Option<String>,
    pub(super) log_name: Option<String>,
    pub(super) resource_type: &'static str,
    pub(super) resource: BTreeMap<&'static str, String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) trace: Option<String>,
    pub(super) span: Option<String>,
    pub(super) payload: Payload<'a>,
}

/// The payload of a draft.
#[derive(Debug, Default)]
pub(super) enum Payload<'a> {
    #[default]
    None,
    Text(Text<'a>),
    /// Members of a JSON payload.
    Json(Vec<(Cow<'a, str>, Value<'a>)>),
    /// A JSON payload that is written already.
    Written(String),
}

impl<'a> Draft<'a> {
    /// Takes the time of a member that must be there.
    pub(super) fn need_time(&mut self, value: Option<Value<'a>>) -> Result<(), RejectReason> {
        let value = value.filter(|value| !value.is_null()).ok_or(RejectReason::NoTimestamp)?;
        let read = read_time(value).ok_or(RejectReason::BadTimestamp)?;
        self.time = Some(read.time);
        // A number is how these dialects write times; only a missing zone is a guess.
        self.has_no_zone = read.repair == Some(RepairKind::NoZone);
        Ok(())
    }

    /// Takes a line of a program: a JSON object becomes a JSON payload and may bring its severity, all else is text.
    pub(super) fn take_line(&mut self, line: Text<'a>) {
        let text = line.value();
        let trimmed = text.trim();
        let mut nodes = Vec::new();
        if trimmed.starts_with('{') && parse(trimmed, &mut nodes).is_ok() {
            let value = Document::new(trimmed, &nodes).root();
            let severity = ["severity", "level", "levelname", "log.level"]
                .into_iter()
                .find_map(|key| value.get(key).and_then(Severity::read));
            self.severity = severity.or(self.severity);
            self.payload = Payload::Written(canonical(value));
        } else {
            self.payload = Payload::Text(line);
        }
    }

    pub(super) fn take_severity(&mut self, value: Option<Value<'a>>) {
        self.severity = value.and_then(Severity::read).filter(|_| value.is_some_and(|v| !v.is_null()));
    }

    /// Sets a label of the resource, unless there is nothing to set.
    pub(super) fn resource_label(&mut self, name: &'static str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.resource.insert(name, value);
        }
    }

    pub(super) fn label(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.labels.insert(name.to_owned(), value);
        }
    }

    /// Appends the entry as JSON.
    pub(super) fn write(&self, out: &mut String) {
        out.push('{');
        let mut first = true;
        let mut key = |name: &str, out: &mut String| {
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            push_quoted(name, out);
            out.push(':');
        };
        let mut text = |name: &str, value: &Option<String>, out: &mut String| {
            if let Some(value) = value {
                key(name, out);
                push_quoted(value, out);
            }
        };
        text("insertId", &self.insert_id, out);
        text("logName", &self.log_name, out);
        text("trace", &self.trace, out);
        text("spanId", &self.span, out);
        text("severity", &self.severity.map(|severity| severity.name().to_owned()), out);
        text("timestamp", &self.time.map(written_time), out);
        if !self.labels.is_empty() {
            key("labels", out);
            write_texts(self.labels.iter().map(|(name, value)| (name.as_str(), value)), out);
        }
        if !self.resource.is_empty() {
            key("resource", out);
            out.push_str("{\"type\":");
            push_quoted(self.resource_type, out);
            out.push_str(",\"labels\":");
            write_texts(self.resource.iter().map(|(name, value)| (*name, value)), out);
            out.push('}');
        }
        match &self.payload {
            Payload::None => {}
            Payload::Text(line) => {
                key("textPayload", out);
                write_canonical(Value::String(*line), out);
            }
            Payload::Written(json) => {
                key("jsonPayload", out);
                out.push_str(json);
            }
            Payload::Json(members) => {
                key("jsonPayload", out);
                out.push('{');
                for (idx, (name, value)) in members.iter().enumerate() {
                    if idx > 0 {
                        out.push(',');
                    }
                    push_quoted(name, out);
                    out.push(':');
                    write_canonical(*value, out);
                }
                out.push('}');
            }
        }
        out.push('}');
    }
}

fn written_time(time: Timestamp) -> String {
    let mut text = String::new();
    time.push_rfc3339(time.shortest_digits(), &mut text);
    text
}

fn write_texts<'t>(texts: impl Iterator<Item = (&'t str, &'t String)>, out: &mut String) {
    out.push('{');
    for (idx, (name, value)) in texts.enumerate() {
        if idx > 0 {
            out.push(',');
        }
        push_quoted(name, out);
        out.push(':');
        push_quoted(value, out);
    }
    out.push('}');
}

/// Returns a value as plain text: strings as they are, numbers as written, anything else as JSON; `null` is nothing.
pub(super) fn plain(value: Option<Value<'_>>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.value().into_owned()),
        Value::Number(text) => Some(text.to_owned()),
        other => Some(canonical(other)),
    }
}

/// Follows a path of keys joined by dots; at each step a key that contains the dots itself counts first.
pub(super) fn at<'a>(object: Object<'a>, path: &str) -> Option<Value<'a>> {
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(dot, _)| at(object.get(&path[..dot])?.as_object()?, &path[dot + 1..]))
}

/// Returns the tag of a container image: what stands behind the last colon, or the digest's first 12 digits.
pub(super) fn image_tag(image: &str) -> Option<String> {
    if let Some((_, digest)) = image.split_once("@sha256:") {
        return Some(digest.chars().take(12).collect());
    }
    let name = image.rsplit('/').next()?;
    name.split_once(':').map(|(_, tag)| tag.to_owned())
}
