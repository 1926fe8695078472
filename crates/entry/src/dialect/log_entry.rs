//! `LogEntry` as the service writes it. The entry is what was exported; only its time has to be found.

use super::repairs::{RepairKind, Repairs};
use super::time::{Read, read_time};
use crate::json::Value;
use crate::log_entry::{Field, LogEntry};
use crate::reject::RejectReason;
use crate::timestamp::Timestamp;

/// Returns when the entry happened, or why that cannot be known.
///
/// Without `timestamp` the `receiveTimestamp` counts, as it does in the service for writers that leave the time out.
pub(super) fn timestamp(entry: &LogEntry<'_>, repairs: &mut Repairs) -> Result<Timestamp, RejectReason> {
    match entry.get(Field::Timestamp) {
        Some(value) if !is_empty(value) => time(value, repairs).ok_or(RejectReason::BadTimestamp),
        _ => {
            if let Some(value) = entry.get(Field::ReceiveTimestamp)
                && let Some(time) = time(value, repairs)
            {
                repairs.add(RepairKind::ReceiveTime, 1);
                return Ok(time);
            }
            let says_nothing = Field::ALL.into_iter().all(|field| entry.get(field).is_none());
            Err(if says_nothing { RejectReason::NotAnEntry } else { RejectReason::NoTimestamp })
        }
    }
}

const fn is_empty(value: Value<'_>) -> bool {
    matches!(value, Value::String(text) if text.is_empty())
}

fn time(value: Value<'_>, repairs: &mut Repairs) -> Option<Timestamp> {
    let Read { time, repair } = read_time(value)?;
    if let Some(repair) = repair {
        repairs.add(repair, 1);
    }
    Some(time)
}
