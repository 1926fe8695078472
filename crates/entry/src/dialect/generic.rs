//! Any object that says when: Elastic Common Schema, and everything else by a field map.

use super::FieldMap;
use super::draft::{Draft, Payload, at, plain};
use crate::json::{Object, Value};
use crate::reject::RejectReason;

const TIME_KEYS: [&str; 9] =
    ["timestamp", "time", "ts", "@timestamp", "datetime", "date", "asctime", "eventTime", "t"];
const MESSAGE_KEYS: [&str; 6] = ["message", "msg", "log", "event", "text", "body"];
const SEVERITY_KEYS: [&str; 6] = ["severity", "level", "levelname", "loglevel", "log.level", "lvl"];
const SERVICE_KEYS: [&str; 4] = ["service.name", "service", "app", "application"];
const REVISION_KEYS: [&str; 5] = ["service.version", "revision", "version", "release", "build"];
const ID_KEYS: [&str; 3] = ["event.id", "_id", "id"];

/// Says whether an object follows the Elastic Common Schema.
///
/// Source: <https://www.elastic.co/docs/reference/ecs/ecs-base>; `@timestamp` is its one required field.
pub(super) fn is_ecs(object: Object<'_>) -> bool {
    object.get("@timestamp").is_some()
        && ["ecs.version", "log.level", "message", "event.dataset"]
            .iter()
            .any(|path| at(object, path).is_some())
}

/// Says whether an object has a time and a message under common names, or a time where the map says.
pub(super) fn is_one(object: Object<'_>, map: Option<&FieldMap>) -> bool {
    if let Some(path) = map.and_then(|map| map.timestamp.as_ref()) {
        return at(object, path).is_some();
    }
    TIME_KEYS.iter().any(|key| object.get(key).is_some_and(|value| super::time::read_time(value).is_some()))
        && MESSAGE_KEYS.iter().any(|key| matches!(object.get(key), Some(Value::String(_))))
}

/// Makes an entry: the whole object is the payload, and what the map or the common names point at is the entry's own.
///
/// The members pointed at stay in the payload; a message under another name is there as `message`, too.
pub(super) fn draft<'a>(object: Object<'a>, map: Option<&FieldMap>) -> Result<Draft<'a>, RejectReason> {
    let find = |mapped: Option<&String>, usual: &[&str]| match mapped {
        Some(path) => at(object, path),
        None => usual.iter().find_map(|path| at(object, path)),
    };
    let map = map.cloned().unwrap_or_default();
    let mut draft = Draft { resource_type: "generic_task", ..Draft::default() };
    draft.need_time(find(map.timestamp.as_ref(), &TIME_KEYS))?;
    draft.take_severity(find(map.severity.as_ref(), &SEVERITY_KEYS));
    let text = |value: Option<Value<'a>>| {
        plain(value.filter(|value| matches!(value, Value::String(_) | Value::Number(_))))
    };
    draft.insert_id = text(find(map.id.as_ref(), &ID_KEYS));
    draft.resource_label("service_name", text(find(map.service.as_ref(), &SERVICE_KEYS)));
    draft.resource_label("revision_name", text(find(map.revision.as_ref(), &REVISION_KEYS)));
    draft.trace = text(find(None, &["trace.id", "trace_id", "traceId"]));
    draft.span = text(find(None, &["span.id", "span_id", "spanId"]));
    let mut members: Vec<_> = object.iter().map(|(key, value)| (key.value(), value)).collect();
    if object.get("message").is_none()
        && let Some(message @ Value::String(_)) = find(map.message.as_ref(), &MESSAGE_KEYS)
    {
        members.push(("message".into(), message));
    }
    draft.payload = Payload::Json(members);
    Ok(draft)
}
