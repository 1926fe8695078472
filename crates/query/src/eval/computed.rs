//! Values that `cast` and `regexp_extract` make of fields.

use super::{Subject, compare};
use crate::ast::Op;
use crate::filter::Operand;
use crate::function::{CastType, Scalar, Zone};
use crate::literal;
use crate::path::FieldPath;
use crate::resolve::{Walk, any_value};
use crate::schema::FieldType;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use timberline_entry::json::Value;
use timberline_entry::{Severity, Timestamp};

/// A value on its way through functions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Computed<'v> {
    /// Text, and numbers of JSON as they are written.
    Text(Cow<'v, str>),
    Integer(i64),
    Number(f64),
    Bool(bool),
    Severity(Severity),
    /// Nanoseconds since the Unix epoch.
    Timestamp(i64),
    /// Nanoseconds.
    Duration(i64),
}

/// Asks about every value of a scalar. A conversion that fails, or a pattern that does not match, gives no value.
pub(super) fn any_computed(
    scalar: &Scalar,
    subject: &Subject<'_, '_>,
    ask: &mut dyn FnMut(Computed<'_>) -> bool,
) -> bool {
    match scalar {
        Scalar::Field(FieldPath::Derived(name)) => {
            let value = subject.derived.value(*name, subject.entry);
            value.is_some_and(|text| ask(Computed::Text(text)))
        }
        Scalar::Field(FieldPath::Entry(path)) => {
            let kind = path.kind;
            let walk = any_value(path, subject.entry, &mut |value| read(kind, value).is_some_and(&mut *ask));
            match walk {
                Walk::Yes => true,
                Walk::No => false,
                Walk::Nothing => {
                    kind.default_value().and_then(|value| read(kind, value)).is_some_and(&mut *ask)
                }
            }
        }
        Scalar::Cast { of, to, zone } => {
            any_computed(of, subject, &mut |value| cast(&value, *to, zone.as_ref()).is_some_and(&mut *ask))
        }
        Scalar::Extract { of, regex } => any_computed(of, subject, &mut |value| {
            let text = write(&value, None);
            regex.capture(&text).is_some_and(|part| ask(Computed::Text(Cow::Borrowed(part))))
        }),
    }
}

/// Says whether a computed value satisfies a comparison.
pub(super) fn satisfies(op: Op, found: &Computed<'_>, operand: &Operand) -> bool {
    match (found, operand) {
        (_, Operand::Present) => true,
        (Computed::Text(text), operand) => compare::text(op, text, operand),
        (Computed::Integer(found), Operand::Integer(_)) => {
            compare::satisfies(FieldType::Int64, op, Value::Number(&found.to_string()), operand)
        }
        (Computed::Number(found), Operand::Number(wanted)) => {
            compare::ordered_or_not(op, found.partial_cmp(wanted))
        }
        (Computed::Bool(found), Operand::Bool(wanted)) => {
            compare::ordered_or_not(op, Some(found.cmp(wanted)))
        }
        (Computed::Timestamp(found), Operand::Timestamp(wanted))
        | (Computed::Duration(found), Operand::Duration(wanted)) => {
            compare::ordered_or_not(op, Some(found.cmp(wanted)))
        }
        _ => false,
    }
}

fn read(kind: FieldType, value: Value<'_>) -> Option<Computed<'_>> {
    match kind {
        FieldType::Text | FieldType::Labels => compare::string(value).map(Computed::Text),
        FieldType::Int32 | FieldType::Int64 => compare::integer(value).map(Computed::Integer),
        FieldType::Bool => compare::boolean(value).map(Computed::Bool),
        FieldType::Duration => compare::duration(value).map(Computed::Duration),
        FieldType::Timestamp => compare::timestamp(value).map(Computed::Timestamp),
        FieldType::Severity => Some(Computed::Severity(compare::severity(value))),
        FieldType::Struct | FieldType::Proto => match value {
            Value::Bool(found) => Some(Computed::Bool(found)),
            other => compare::string(other).map(Computed::Text),
        },
        FieldType::Message(_) => None,
    }
}

fn cast<'v>(value: &Computed<'v>, to: CastType, zone: Option<&Zone>) -> Option<Computed<'v>> {
    Some(match (to, value) {
        (CastType::String, Computed::Text(text)) => Computed::Text(text.clone()),
        (CastType::String, other) => Computed::Text(Cow::Owned(write(other, zone))),
        (CastType::Int64, Computed::Text(text)) => Computed::Integer(compare::integer(Value::plain(text))?),
        (CastType::Int64, Computed::Integer(number)) => Computed::Integer(*number),
        (CastType::Int64, Computed::Number(number)) => {
            Computed::Integer(compare::integer(Value::Number(&number.to_string()))?)
        }
        (CastType::Int64, Computed::Bool(truth)) => Computed::Integer((*truth).into()),
        (CastType::Int64, Computed::Severity(severity)) => Computed::Integer(severity.number().into()),
        (CastType::Float64, Computed::Text(text)) => Computed::Number(literal::number(text)?),
        #[expect(clippy::cast_precision_loss, reason = "that is what converting to a double means")]
        (CastType::Float64, Computed::Integer(number)) => Computed::Number(*number as f64),
        (CastType::Float64, Computed::Number(number)) => Computed::Number(*number),
        (CastType::Bool, Computed::Text(text)) => Computed::Bool(literal::boolean(text)?),
        (CastType::Bool, Computed::Integer(number)) => Computed::Bool(*number != 0),
        (CastType::Bool, Computed::Bool(truth)) => Computed::Bool(*truth),
        (CastType::Timestamp, Computed::Text(text)) => Computed::Timestamp(parse_in_zone(text, zone)?),
        (CastType::Timestamp, Computed::Timestamp(ns)) => Computed::Timestamp(*ns),
        (CastType::Duration, Computed::Text(text)) => Computed::Duration(literal::duration_ns(text)?),
        (CastType::Duration, Computed::Duration(ns)) => Computed::Duration(*ns),
        _ => return None,
    })
}

/// Reads a time; one that names no zone is in the given one.
fn parse_in_zone(text: &str, zone: Option<&Zone>) -> Option<i64> {
    let (time, named) = match Timestamp::parse(text) {
        Some((time, named)) => (time.as_nanos(), named),
        None => (literal::timestamp_ns(text)?, timberline_entry::Zone::Missing),
    };
    let (Some(zone), timberline_entry::Zone::Missing) = (zone, named) else { return Some(time) };
    let clock = jiff::Timestamp::from_nanosecond(time.into()).ok()?.to_zoned(TimeZone::UTC).datetime();
    let there = zone.rules.to_ambiguous_timestamp(clock).compatible().ok()?;
    i64::try_from(there.as_nanosecond()).ok()
}

/// Writes a value as `cast(…, STRING)` does.
fn write(value: &Computed<'_>, zone: Option<&Zone>) -> String {
    match value {
        Computed::Text(text) => text.clone().into_owned(),
        Computed::Integer(number) => number.to_string(),
        Computed::Number(number) => number.to_string(),
        Computed::Bool(truth) => truth.to_string(),
        Computed::Severity(severity) => severity.name().to_owned(),
        Computed::Timestamp(ns) => write_time(*ns, zone),
        Computed::Duration(ns) => write_duration(*ns),
    }
}

/// `2025-04-02 22:30:00.5-04:00`: the fraction has 0, 3, 6 or 9 digits, the offset is `+00` or `-04:30`.
///
/// Source: BigQuery's string form of a timestamp; the service documents only examples that this satisfies.
fn write_time(ns: i64, zone: Option<&Zone>) -> String {
    let utc = TimeZone::UTC;
    let rules = zone.map_or(&utc, |zone| &zone.rules);
    let Ok(time) = jiff::Timestamp::from_nanosecond(ns.into()) else { return String::new() };
    let local = time.to_zoned(rules.clone());
    let digits = Timestamp::from_nanos(ns).shortest_digits();
    let seconds = local.offset().seconds();
    let (sign, seconds) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let mut out = local.strftime("%Y-%m-%d %H:%M:%S").to_string();
    if digits > 0 {
        let fraction = format!("{:09}", ns.rem_euclid(1_000_000_000));
        out.push('.');
        out.push_str(&fraction[..digits]);
    }
    out.push_str(&format!("{sign}{:02}", seconds / 3600));
    if seconds % 3600 != 0 {
        out.push_str(&format!(":{:02}", seconds / 60 % 60));
    }
    out
}

/// `1.108226s`, without trailing zeros.
fn write_duration(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    let fraction = format!("{:09}", ns % 1_000_000_000);
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{dot}{fraction}s", ns / 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_their_zone() {
        let zone = |name: &str| Zone { name: name.to_owned(), rules: TimeZone::get(name).unwrap() };
        let ns = |text: &str| literal::timestamp_ns(text).unwrap();
        assert_eq!(write_time(ns("2025-04-03T02:30:00Z"), None), "2025-04-03 02:30:00+00");
        assert_eq!(
            write_time(ns("2025-04-03T02:30:00.5Z"), Some(&zone("America/New_York"))),
            "2025-04-02 22:30:00.500-04"
        );
        assert_eq!(
            write_time(ns("2025-04-03T02:30:00.000001Z"), Some(&zone("Asia/Kolkata"))),
            "2025-04-03 08:00:00.000001+05:30"
        );
    }

    #[test]
    fn times_without_zone_are_read_in_the_given_one() {
        let zone = Zone { name: String::new(), rules: TimeZone::get("Europe/Berlin").unwrap() };
        let check = |text: &str, expected: &str| {
            assert_eq!(parse_in_zone(text, Some(&zone)), literal::timestamp_ns(expected), "{text}");
        };
        check("2025-01-31T12:00:00", "2025-01-31T11:00:00Z");
        check("2025-07-31 12:00:00", "2025-07-31T10:00:00Z");
        check("2025-07-31T12:00:00Z", "2025-07-31T12:00:00Z");
        check("2025-07-31", "2025-07-30T22:00:00Z");
        assert_eq!(parse_in_zone("x", Some(&zone)), None);
    }

    #[test]
    fn conversions() {
        let text = |text: &'static str| Computed::Text(text.into());
        assert_eq!(cast(&text("07"), CastType::Int64, None), Some(Computed::Integer(7)));
        assert_eq!(cast(&text("5.0"), CastType::Int64, None), Some(Computed::Integer(5)));
        assert_eq!(cast(&text("5.5"), CastType::Int64, None), None);
        assert_eq!(cast(&text("7.25"), CastType::Float64, None), Some(Computed::Number(7.25)));
        assert_eq!(cast(&text("TRUE"), CastType::Bool, None), Some(Computed::Bool(true)));
        assert_eq!(cast(&Computed::Bool(true), CastType::Timestamp, None), None);
        assert_eq!(cast(&Computed::Duration(-1_500_000_000), CastType::String, None), Some(text("-1.5s")));
        assert_eq!(
            cast(&Computed::Severity(Severity::Error), CastType::Int64, None),
            Some(Computed::Integer(500))
        );
    }
}
