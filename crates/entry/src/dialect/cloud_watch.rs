//! AWS CloudWatch Logs: `{"events":[…]}` of `aws logs`, `{"logGroup":…,"logEvents":[…]}` of subscriptions.
//!
//! Source: the `FilteredLogEvent` and `OutputLogEvent` types of the CloudWatch Logs API.

use super::draft::{Draft, plain};
use crate::json::{Object, Value};
use crate::reject::RejectReason;

/// Says whether an object is an event.
pub(super) fn is_one(object: Object<'_>) -> bool {
    matches!(object.get("timestamp"), Some(Value::Number(_)))
        && matches!(object.get("message"), Some(Value::String(_)))
        && ["ingestionTime", "eventId", "logStreamName", "id"].iter().any(|key| object.get(key).is_some())
}

/// Makes an entry of an event and the members around the list of events.
pub(super) fn draft<'a>(event: Object<'a>, outer: Option<Object<'a>>) -> Result<Draft<'a>, RejectReason> {
    let mut draft = Draft { resource_type: "aws_log_stream", ..Draft::default() };
    draft.need_time(event.get("timestamp"))?;
    draft.insert_id = plain(event.get("eventId").or_else(|| event.get("id")));
    if let Some(Value::String(message)) = event.get("message") {
        draft.take_line(message.without_line_feed());
    }
    let around = |key: &str| plain(outer.and_then(|outer| outer.get(key)));
    let group = around("logGroup").or_else(|| around("logGroupName"));
    let stream = plain(event.get("logStreamName")).or_else(|| around("logStream"));
    let service = group.as_deref().and_then(|group| group.rsplit('/').next()).map(str::to_owned);
    draft.resource_label("service_name", service);
    // Lambda names its streams `2025/09/16/[VERSION]…`.
    let version = stream.as_deref().and_then(|stream| {
        let (_, rest) = stream.split_once('[')?;
        Some(rest.split_once(']')?.0.to_owned())
    });
    draft.resource_label("revision_name", version.filter(|version| version != "$LATEST"));
    draft.resource_label("log_group", group);
    draft.resource_label("log_stream", stream);
    draft.resource_label("account_id", around("owner"));
    Ok(draft)
}
