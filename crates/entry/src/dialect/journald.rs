//! `journalctl -o json`: one object a line, every value a string (or a list of bytes when it is no UTF-8).
//!
//! Source: systemd.journal-fields(7), and "Journal JSON Format" in <https://systemd.io/JOURNAL_EXPORT_FORMATS/>.

use super::draft::{Draft, Payload, plain};
use crate::json::{Object, Value};
use crate::reject::RejectReason;
use crate::severity::Severity;

/// Says whether an object is a record of the journal.
pub(super) fn is_one(object: Object<'_>) -> bool {
    object.get("__REALTIME_TIMESTAMP").is_some()
}

/// Makes an entry of a record. All fields but those that have a place of their own become labels.
pub(super) fn draft(object: Object<'_>) -> Result<Draft<'_>, RejectReason> {
    let mut draft = Draft { resource_type: "generic_node", ..Draft::default() };
    draft.need_time(object.get("__REALTIME_TIMESTAMP"))?;
    draft.insert_id = plain(object.get("__CURSOR"));
    draft.severity = plain(object.get("PRIORITY")).and_then(|priority| {
        // Source: syslog(3); 0 is the worst.
        Some(match priority.as_str() {
            "0" => Severity::Emergency,
            "1" => Severity::Alert,
            "2" => Severity::Critical,
            "3" => Severity::Error,
            "4" => Severity::Warning,
            "5" => Severity::Notice,
            "6" => Severity::Info,
            "7" => Severity::Debug,
            _ => return None,
        })
    });
    match object.get("MESSAGE") {
        Some(Value::String(text)) => {
            let severity = draft.severity;
            draft.take_line(text);
            draft.severity = draft.severity.or(severity);
        }
        Some(Value::Array(bytes)) => {
            let bytes: Option<Vec<u8>> = bytes.iter().map(|byte| plain(Some(byte))?.parse().ok()).collect();
            let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
            let mut json = "{\"message\":".to_owned();
            crate::json::push_quoted(&text, &mut json);
            json.push('}');
            draft.payload = Payload::Written(json);
        }
        _ => {}
    }
    let unit = ["_SYSTEMD_UNIT", "UNIT", "SYSLOG_IDENTIFIER", "_COMM"];
    let service = unit.iter().find_map(|key| plain(object.get(key)));
    draft.resource_label("service_name", service.map(|unit| unit.trim_end_matches(".service").to_owned()));
    draft.resource_label("node_id", plain(object.get("_HOSTNAME")));
    let placed =
        ["__REALTIME_TIMESTAMP", "__CURSOR", "PRIORITY", "MESSAGE", "_HOSTNAME", "__MONOTONIC_TIMESTAMP"];
    for (key, value) in object.iter() {
        let key = key.value();
        if !placed.contains(&&*key) {
            draft.label(&key, plain(Some(value)));
        }
    }
    Ok(draft)
}
