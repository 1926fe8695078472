//! Points in time in all the forms that exporters give them.

use super::repairs::RepairKind;
use crate::json::Value;
use crate::timestamp::{Timestamp, Zone};

/// A time, and what had to be guessed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) time: Timestamp,
    pub(super) repair: Option<RepairKind>,
}

const NANOS: i128 = 1_000_000_000;

/// Reads a timestamp: text as [`Timestamp::parse`] takes it, a number since the Unix epoch (also as text), or
/// `{"seconds":…,"nanos":…}`.
///
/// The unit of a number follows from its size: up to 11 digits are seconds, 14 milliseconds, 17 microseconds, more
/// nanoseconds. That holds for all times between 1973 and 5138.
pub(super) fn read_time(value: Value<'_>) -> Option<Read> {
    match value {
        Value::String(text) => {
            let text = text.value();
            match Timestamp::parse(&text) {
                Some((time, Zone::Missing)) => Some(Read { time, repair: Some(RepairKind::NoZone) }),
                Some((time, _)) => Some(Read { time, repair: None }),
                None => epoch(text.trim()),
            }
        }
        Value::Number(text) => epoch(text),
        Value::Object(object) => {
            let seconds = integer(object.get("seconds").or_else(|| object.get("_seconds"))?)?;
            let nanos = match object.get("nanos").or_else(|| object.get("_nanoseconds")) {
                Some(value) => integer(value)?,
                None => 0,
            };
            made(seconds.checked_mul(NANOS)?.checked_add(nanos)?)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}

/// Reads a number of seconds, milliseconds, microseconds or nanoseconds without going through floating point.
fn epoch(text: &str) -> Option<Read> {
    if let Some((digits, exponent)) = text.split_once(['e', 'E']) {
        return epoch(&without_exponent(digits, exponent.parse().ok()?)?);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = !digits.is_empty() && digits.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    if !is_number || digits.len() > 20 {
        return None;
    }
    let n_fraction = match digits.trim_start_matches('0').len() {
        0..=11 => 9,
        12..=14 => 6,
        15..=17 => 3,
        _ => 0,
    };
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(n_fraction).collect();
    let nanos: i128 = format!("{digits}{kept}").parse().ok()?;
    made(if whole.starts_with('-') { -nanos } else { nanos })
}

/// Moves the decimal point of `1.7573e9`.
fn without_exponent(digits: &str, exponent: usize) -> Option<String> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if exponent > 20 {
        return None;
    }
    let padded = format!("{fraction:0<exponent$}");
    let (moved, rest) = padded.split_at_checked(exponent)?;
    Some(format!("{whole}{moved}.{rest}"))
}

fn integer(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Number(text) => text.parse().ok(),
        Value::String(text) => text.value().parse().ok(),
        _ => None,
    }
}

fn made(nanos: i128) -> Option<Read> {
    Some(Read { time: Timestamp::from_nanos_of_entry(nanos)?, repair: Some(RepairKind::EpochTime) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, parse};

    fn check(json: &str, expected: Option<&str>) {
        let mut nodes = Vec::new();
        parse(json, &mut nodes).unwrap();
        let got = read_time(Document::new(json, &nodes).root()).map(|read| read.time.to_string());
        assert_eq!(got.as_deref(), expected, "{json}");
    }

    #[test]
    fn forms() {
        check(r#""2025-09-16T01:42:58.995733Z""#, Some("2025-09-16T01:42:58.995733000Z"));
        check("1757986978", Some("2025-09-16T01:42:58.000000000Z"));
        check("1757986978.995733", Some("2025-09-16T01:42:58.995733000Z"));
        check("1.757986978995733e9", Some("2025-09-16T01:42:58.995733000Z"));
        check("1757986978995", Some("2025-09-16T01:42:58.995000000Z"));
        check("1757986978995733", Some("2025-09-16T01:42:58.995733000Z"));
        check("\"1757986978995733123\"", Some("2025-09-16T01:42:58.995733123Z"));
        check("-1.5", Some("1969-12-31T23:59:58.500000000Z"));
        check(r#"{"seconds":"1757986978","nanos":995733000}"#, Some("2025-09-16T01:42:58.995733000Z"));
        check(r#"{"seconds":1757986978}"#, Some("2025-09-16T01:42:58.000000000Z"));
    }

    #[test]
    fn refused() {
        for json in ["null", "true", "[1]", "{}", "\"\"", "\"yesterday\"", "1e400", "99999999999999999999999"]
        {
            check(json, None);
        }
        check(r#"{"seconds":99999999999999}"#, None);
        check(r#"{"seconds":-9223372036}"#, None);
        check(r#"{"seconds":9223372036}"#, None);
    }
}
