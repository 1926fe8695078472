//! OpenTelemetry logs as OTLP/JSON: `resourceLogs[].scopeLogs[].logRecords[]`.
//!
//! Source: `opentelemetry/proto/logs/v1/logs.proto`, and the JSON mapping in
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

use super::draft::{Draft, Payload, plain};
use crate::json::{Object, Value, canonical, push_quoted};
use crate::reject::RejectReason;
use crate::severity::Severity;
use std::collections::BTreeMap;

/// Says whether an object is a log record.
pub(super) fn is_one(object: Object<'_>) -> bool {
    object.get("timeUnixNano").is_some() || object.get("observedTimeUnixNano").is_some()
}

/// Makes an entry of a log record and the members around it (`resource`, `scope`).
pub(super) fn draft<'a>(record: Object<'a>, outer: Option<Object<'a>>) -> Result<Draft<'a>, RejectReason> {
    let mut draft = Draft { resource_type: "generic_task", ..Draft::default() };
    let is_set = |value: &Value<'_>| !matches!(plain(Some(*value)).as_deref(), None | Some("0" | ""));
    let time = record.get("timeUnixNano").filter(is_set);
    draft.need_time(time.or_else(|| record.get("observedTimeUnixNano").filter(is_set)))?;
    draft.severity = severity(record);
    draft.trace = plain(record.get("traceId")).filter(|id| !id.is_empty());
    draft.span = plain(record.get("spanId")).filter(|id| !id.is_empty());
    let attributes = attributes(record.get("attributes"));
    let resource = attributes_of(outer, "resource");
    draft.insert_id = attributes.get("log.record.uid").cloned();
    let version = resource.get("service.version").cloned();
    let image = resource.get("container.image.tag").or_else(|| resource.get("container.image.tags")).cloned();
    draft.resource_label("service_name", resource.get("service.name").cloned());
    draft.resource_label("revision_name", version.or(image));
    draft.resource_label("namespace", resource.get("service.namespace").cloned());
    draft.resource_label("task_id", resource.get("service.instance.id").cloned());
    let scope = outer.and_then(|outer| outer.get("scope")).and_then(|scope| plain(scope.get("name")));
    draft.label("otel.scope.name", scope);
    for (key, value) in resource.into_iter().filter(|(key, _)| !key.starts_with("service.")).chain(attributes)
    {
        draft.label(&key, Some(value));
    }
    draft.payload = match record.get("body") {
        Some(body) => match body.get("stringValue").and_then(Value::as_text) {
            Some(text) => {
                let severity = draft.severity;
                draft.take_line(text);
                draft.severity = severity.or(draft.severity);
                return Ok(draft);
            }
            None => {
                let mut json = String::new();
                write_any(body, &mut json);
                let is_object = json.starts_with('{');
                Payload::Written(if is_object { json } else { format!("{{\"message\":{json}}}") })
            }
        },
        None => Payload::None,
    };
    Ok(draft)
}

/// Source: "Severity fields" of the logs data model: four numbers to each of six levels, from 1.
fn severity(record: Object<'_>) -> Option<Severity> {
    let number = plain(record.get("severityNumber")).and_then(|text| match text.parse::<u8>() {
        Ok(number) => Some(number),
        // The JSON mapping allows the name: SEVERITY_NUMBER_ERROR2.
        Err(_) => severity_name(&text),
    });
    match number {
        Some(1..=8) => Some(Severity::Debug),
        Some(9..=12) => Some(Severity::Info),
        Some(13..=16) => Some(Severity::Warning),
        Some(17..=20) => Some(Severity::Error),
        Some(21..=24) => Some(Severity::Critical),
        _ => record.get("severityText").and_then(Severity::read).filter(|found| *found != Severity::Default),
    }
}

fn severity_name(text: &str) -> Option<u8> {
    let name = text.strip_prefix("SEVERITY_NUMBER_")?.trim_end_matches(|c: char| c.is_ascii_digit());
    let level = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].iter().position(|own| *own == name)?;
    u8::try_from(level * 4 + 1).ok()
}

fn attributes_of(outer: Option<Object<'_>>, key: &str) -> BTreeMap<String, String> {
    attributes(outer.and_then(|outer| outer.get(key)).and_then(|value| value.get("attributes")))
}

fn attributes(list: Option<Value<'_>>) -> BTreeMap<String, String> {
    let pairs = list.and_then(Value::as_array).into_iter().flat_map(crate::json::Array::iter);
    let pairs = pairs.filter_map(|pair| {
        let key = plain(pair.get("key"))?;
        let value = pair.get("value")?;
        let mut json = String::new();
        write_any(value, &mut json);
        let text = match value.get("stringValue").and_then(Value::as_text) {
            Some(text) => text.value().into_owned(),
            None => json,
        };
        Some((key, text))
    });
    pairs.collect()
}

/// Appends an `AnyValue` as the JSON it stands for.
fn write_any(value: Value<'_>, out: &mut String) {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        out.push_str("null");
        return;
    };
    match (&*kind.value(), inner) {
        ("kvlistValue", _) => {
            out.push('{');
            let list = inner.get("values").and_then(Value::as_array);
            for (idx, pair) in list.into_iter().flat_map(crate::json::Array::iter).enumerate() {
                if idx > 0 {
                    out.push(',');
                }
                push_quoted(&plain(pair.get("key")).unwrap_or_default(), out);
                out.push(':');
                write_any(pair.get("value").unwrap_or(Value::Null), out);
            }
            out.push('}');
        }
        ("arrayValue", _) => {
            out.push('[');
            let list = inner.get("values").and_then(Value::as_array);
            for (idx, element) in list.into_iter().flat_map(crate::json::Array::iter).enumerate() {
                if idx > 0 {
                    out.push(',');
                }
                write_any(element, out);
            }
            out.push(']');
        }
        ("intValue", Value::String(text)) if text.value().parse::<i64>().is_ok() => {
            out.push_str(&text.value());
        }
        _ => out.push_str(&canonical(inner)),
    }
}
