//! The functions that answer yes or no.

use super::{Subject, compare, computed};
use crate::function::{Function, Search};
use crate::needle::Needle;
use crate::network::Network;
use crate::path::FieldPath;
use crate::resolve::{Walk, any_leaf, any_leaf_of_entry, any_value};
use crate::schema::FieldType;
use std::borrow::Cow;
use timberline_entry::json::Value;
use timberline_entry::{Field, LogEntry, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

pub(super) fn function(function: &Function, subject: &Subject<'_, '_>) -> bool {
    match function {
        Function::LogId { id, .. } => log_id(id, subject.entry),
        Function::Source { resource, .. } => {
            split_log_name(subject.entry).is_some_and(|name| resource.is(&name.0))
        }
        Function::Sample { field, fraction, .. } => sample(field, *fraction, subject),
        Function::IpInNet { field, network, .. } => ip_in_net(field, network, subject),
        Function::Search(search) => self::search(search, subject),
        Function::Computed { left, op, value, .. } => {
            computed::any_computed(left, subject, &mut |found| computed::satisfies(*op, &found, value))
        }
    }
}

/// Splits a log's name around `/logs/`.
fn split_log_name<'a>(entry: &LogEntry<'a>) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    let name = entry.text(Field::LogName)?;
    match name.as_plain() {
        Some(plain) => plain.split_once("/logs/").map(|(source, id)| (source.into(), id.into())),
        None => name
            .value()
            .split_once("/logs/")
            .map(|(source, id)| (source.to_owned().into(), id.to_owned().into())),
    }
}

fn log_id(id: &Needle, entry: &LogEntry<'_>) -> bool {
    split_log_name(entry).is_some_and(|(_, encoded)| {
        // Ids are ASCII but for mistakes, and then they are compared where they stand.
        if decoded_bytes(&encoded).all(|b| b.is_ascii()) {
            id.folded().bytes().eq(decoded_bytes(&encoded).map(|b| b.to_ascii_lowercase()))
        } else {
            id.is(&percent_decode(&encoded))
        }
    })
}

/// Resolves `%2F` and its like; what is no escape, or no UTF-8 afterwards, stays as it is.
pub(crate) fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    String::from_utf8(decoded_bytes(text).collect()).map_or_else(|_| Cow::Borrowed(text), Cow::Owned)
}

fn decoded_bytes(text: &str) -> impl Iterator<Item = u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        let (first, more) = rest.split_first()?;
        if let (b'%', [high, low, after @ ..]) = (first, more)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            rest = after;
            return Some(high << 4 | low);
        }
        rest = more;
        Some(*first)
    })
}

/// Asks about the value of a field of either kind as JSON; a default stands in for an absent field of the service.
fn any_field_value(
    field: &FieldPath,
    subject: &Subject<'_, '_>,
    ask: &mut dyn FnMut(FieldType, Value<'_>) -> bool,
) -> bool {
    match field {
        FieldPath::Derived(name) => subject
            .derived
            .value(*name, subject.entry)
            .is_some_and(|text| ask(FieldType::Text, Value::plain(&text))),
        FieldPath::Entry(path) => match any_value(path, subject.entry, &mut |value| ask(path.kind, value)) {
            Walk::Yes => true,
            Walk::No => false,
            Walk::Nothing => path.kind.default_value().is_some_and(|value| ask(path.kind, value)),
        },
    }
}

/// The service's hash is not published; this one is the same on every machine and in every version.
///
/// The hash is XXH3 of the value's text: strings as they are, numbers as they are written in JSON, severities by name,
/// timestamps as RFC 3339 with nine digits in UTC, so that it does not depend on how a dump spells them.
fn sample(field: &FieldPath, fraction: f64, subject: &Subject<'_, '_>) -> bool {
    any_field_value(field, subject, &mut |kind, value| {
        let text = match kind {
            FieldType::Severity => Some(Cow::Borrowed(compare::severity(value).name())),
            FieldType::Timestamp => {
                compare::timestamp(value).map(|ns| Timestamp::from_nanos(ns).to_string().into())
            }
            FieldType::Duration => compare::duration(value).map(|ns| ns.to_string().into()),
            FieldType::Int32 | FieldType::Int64 => {
                compare::integer(value).map(|number| number.to_string().into())
            }
            _ => compare::string(value),
        };
        #[expect(clippy::cast_precision_loss, reason = "a fraction of all hashes, not a count")]
        let share = |hash: u64| hash as f64 / u64::MAX as f64;
        text.is_some_and(|text| share(xxh3_64(text.as_bytes())) <= fraction)
    })
}

fn ip_in_net(field: &FieldPath, network: &Network, subject: &Subject<'_, '_>) -> bool {
    any_field_value(field, subject, &mut |_, value| {
        let text = value.as_text().map(|text| text.value());
        text.and_then(|text| Network::parse(&text)).is_some_and(|range| network.contains(&range))
    })
}

/// Words may stand in different texts of what is searched, a phrase in one of them. Only strings are searched.
fn search(search: &Search, subject: &Subject<'_, '_>) -> bool {
    search.query.is_satisfied(|holds| {
        let mut ask = |kind: FieldType, leaf: Value<'_>| match (kind, leaf) {
            (
                FieldType::Text | FieldType::Labels | FieldType::Struct | FieldType::Proto,
                Value::String(text),
            ) => match text.as_plain() {
                Some(plain) => holds(plain),
                None => holds(&text.value()),
            },
            _ => false,
        };
        match &search.field {
            None => any_leaf_of_entry(subject.entry, &mut ask),
            Some(field) => {
                any_field_value(field, subject, &mut |kind, value| any_leaf(value, kind, &mut ask))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_escapes() {
        for (text, expected) in [
            ("a.com%2Fx", "a.com/x"),
            ("plain", "plain"),
            ("%", "%"),
            ("%2", "%2"),
            ("%zz%41", "%zzA"),
            ("%c3%a9", "é"),
            ("%ff", "%ff"),
            ("%+1", "%+1"),
        ] {
            assert_eq!(percent_decode(text), expected);
        }
    }
}
