//! One value of an entry against one operand.

use crate::ast::Op;
use crate::filter::{Candidates, Compare, DerivedCompare, Global, Number, Operand};
use crate::literal;
use crate::resolve::{Walk, any_leaf, any_value, is_present};
use crate::schema::FieldType;
use std::borrow::Cow;
use std::cmp::Ordering;
use timberline_entry::json::Value;
use timberline_entry::{LogEntry, Severity};

impl Compare {
    /// Says whether one value at the path satisfies the comparison, elements of arrays taken one by one.
    ///
    /// Presence is not a question about one value: any value but `{}` satisfies `:*`.
    pub fn accepts(&self, value: Value<'_>) -> bool {
        match (&self.value, value) {
            (Operand::Present, Value::Object(object)) => !object.is_empty(),
            _ => satisfies(self.path.kind, self.op, value, &self.value),
        }
    }

    /// Calls `visit` with every value that the comparison looks at, elements of arrays one by one; says whether there was one.
    /// The comparison is true where it [accepts](Self::accepts) one of them.
    pub fn each_value<'a>(&self, entry: &LogEntry<'a>, visit: &mut dyn FnMut(Value<'a>)) -> bool {
        let met = any_value(&self.path, entry, &mut |value| {
            visit(value);
            false
        });
        met != Walk::Nothing
    }

    /// Says whether an entry without any value at the path satisfies the comparison: by its default, if it has one.
    pub fn accepts_absence(&self) -> bool {
        let default =
            if matches!(self.value, Operand::Present) { None } else { self.path.kind.default_value() };
        default.is_some_and(|value| self.accepts(value))
    }
}

impl Global {
    /// Says whether one leaf satisfies the search term. See [`leaf_type`](crate::leaf_type) for `kind`.
    pub fn accepts(&self, kind: FieldType, leaf: Value<'_>) -> bool {
        contains(&self.wanted, kind, leaf)
    }
}

impl DerivedCompare {
    /// Says whether a value of the computed field satisfies the comparison; one that is empty or unknown never does.
    pub fn accepts(&self, text: &str) -> bool {
        !text.is_empty() && self::text(self.op, text, &self.value)
    }
}

pub(super) fn compare(compare: &Compare, entry: &LogEntry<'_>) -> bool {
    if matches!(compare.value, Operand::Present) {
        return is_present(&compare.path, entry);
    }
    match any_value(&compare.path, entry, &mut |value| compare.accepts(value)) {
        Walk::Yes => true,
        Walk::No => false,
        Walk::Nothing => compare.accepts_absence(),
    }
}

/// Says whether one value satisfies the comparison. What cannot be read as the operand's type satisfies nothing.
pub(super) fn satisfies(kind: FieldType, op: Op, value: Value<'_>, operand: &Operand) -> bool {
    match operand {
        Operand::Null => match op {
            Op::Eq | Op::Has => value.is_null(),
            Op::Ne => !value.is_null(),
            _ => false,
        },
        Operand::Text(_) => match (string(value), value) {
            (Some(found), _) => text(op, &found, operand),
            (None, object @ Value::Object(_)) if op == Op::Has => {
                any_leaf(object, kind, &mut |kind, leaf| satisfies(kind, op, leaf, operand))
            }
            _ => false,
        },
        Operand::Any(wanted) => any(kind, op, value, wanted),
        Operand::Integer(wanted) => ordered(op, integer(value).map(|found| found.cmp(wanted))),
        Operand::Number(wanted) => {
            number(value).is_some_and(|found| ordered_or_not(op, found.partial_cmp(wanted)))
        }
        Operand::Bool(wanted) => ordered(op, boolean(value).map(|found| found.cmp(wanted))),
        Operand::Severity(wanted) => ordered(op, Some(i32::from(severity(value).number()).cmp(wanted))),
        Operand::Duration(wanted) => ordered(op, duration(value).map(|found| found.cmp(wanted))),
        Operand::Timestamp(wanted) => ordered(op, timestamp(value).map(|found| found.cmp(wanted))),
        Operand::Regex(regex) => {
            let matched = match (kind, value) {
                (FieldType::Severity, value) => regex.is_match(severity(value).name()),
                (FieldType::Text | FieldType::Labels, value) => match string(value) {
                    Some(found) => regex.is_match(&found),
                    None => return false,
                },
                (FieldType::Struct | FieldType::Proto, Value::String(found)) => match found.as_plain() {
                    Some(plain) => regex.is_match(plain),
                    None => regex.is_match(&found.value()),
                },
                _ => return false,
            };
            matched == (op == Op::Match)
        }
        // Presence is a question about the path, not about one of its values.
        Operand::Present => true,
    }
}

/// Compares text with the operands that text has.
pub(super) fn text(op: Op, found: &str, operand: &Operand) -> bool {
    match operand {
        Operand::Present => true,
        Operand::Regex(regex) => regex.is_match(found) == (op == Op::Match),
        Operand::Text(needle) => match op {
            Op::Eq => needle.is(found),
            Op::Ne => !needle.is(found),
            Op::Has => needle.is_in(found),
            _ => ordered(op, Some(needle.order(found))),
        },
        _ => false,
    }
}

/// A value whose type is its JSON's. A conversion that fails makes the comparison false, `!=` included.
fn any(kind: FieldType, op: Op, value: Value<'_>, wanted: &Candidates) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(found) => ordered(op, wanted.boolean.map(|wanted| found.cmp(&wanted))),
        Value::Number(found) => match (literal::number(found), wanted.number) {
            (Some(found), Some(wanted)) => ordered_or_not(op, found.partial_cmp(&wanted.as_double())),
            _ => false,
        },
        Value::String(found) => {
            let plain = match found.as_plain() {
                Some(plain) => Cow::Borrowed(plain),
                None => found.value(),
            };
            string_of_unknown_meaning(kind, op, &plain, wanted)
        }
        Value::Object(_) if op == Op::Has => {
            any_leaf(value, kind, &mut |kind, leaf| contains(wanted, kind, leaf))
        }
        Value::Object(_) | Value::Array(_) => false,
    }
}

/// In protocol buffers 64-bit integers and timestamps are strings of JSON: they are ordered as what they are when both
/// sides can be read as it.
fn string_of_unknown_meaning(kind: FieldType, op: Op, found: &str, wanted: &Candidates) -> bool {
    if kind == FieldType::Proto && op.is_ordering() {
        if let Some(wanted) = wanted.number
            && let Some(found) = literal::number(found)
        {
            return ordered_or_not(op, found.partial_cmp(&wanted.as_double()));
        }
        if let Some(wanted) = wanted.timestamp
            && let Some(found) = literal::timestamp_ns(found)
        {
            return ordered(op, Some(found.cmp(&wanted)));
        }
    }
    match op {
        Op::Eq => wanted.needle.is(found),
        Op::Ne => !wanted.needle.is(found),
        Op::Has => wanted.needle.is_in(found),
        _ => ordered(op, Some(wanted.needle.order(found))),
    }
}

/// Says whether a leaf of the given type satisfies `:`: strings contain the text, anything else is equal to it.
pub(super) fn contains(wanted: &Candidates, kind: FieldType, leaf: Value<'_>) -> bool {
    match kind {
        FieldType::Text | FieldType::Labels => string(leaf).is_some_and(|found| wanted.needle.is_in(&found)),
        FieldType::Struct | FieldType::Proto => any(kind, Op::Has, leaf, wanted),
        FieldType::Int32 | FieldType::Int64 => match (wanted.number, integer(leaf)) {
            (Some(Number::Whole(wanted)), Some(found)) => found == wanted,
            (Some(wanted), _) => number(leaf) == Some(wanted.as_double()),
            (None, _) => false,
        },
        FieldType::Bool => wanted.boolean.is_some() && boolean(leaf) == wanted.boolean,
        FieldType::Duration => wanted.duration.is_some() && duration(leaf) == wanted.duration,
        FieldType::Timestamp => wanted.timestamp.is_some() && timestamp(leaf) == wanted.timestamp,
        FieldType::Severity => {
            wanted.severity.is_some_and(|wanted| !leaf.is_null() && severity(leaf) == wanted)
        }
        FieldType::Message(_) => false,
    }
}

fn ordered(op: Op, order: Option<Ordering>) -> bool {
    order.is_some_and(|order| ordered_or_not(op, Some(order)))
}

/// `None` is the order of `NaN`: different from everything, neither below nor above.
pub(super) fn ordered_or_not(op: Op, order: Option<Ordering>) -> bool {
    match op {
        Op::Eq | Op::Has => order == Some(Ordering::Equal),
        Op::Ne => order != Some(Ordering::Equal),
        Op::Lt => order == Some(Ordering::Less),
        Op::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Op::Gt => order == Some(Ordering::Greater),
        Op::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Op::Match | Op::NotMatch => false,
    }
}

/// Reads a value where the service has a string; hand-made files have numbers there.
pub(super) fn string(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(match text.as_plain() {
            Some(plain) => Cow::Borrowed(plain),
            None => text.value(),
        }),
        Value::Number(text) => Some(Cow::Borrowed(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads an integer of the service, a number or a string in JSON.
pub(super) fn integer(value: Value<'_>) -> Option<i64> {
    let text = match value {
        Value::Number(text) => Cow::Borrowed(text),
        Value::String(text) => text.value(),
        _ => return None,
    };
    literal::whole(&text)
}

fn number(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Number(text) => literal::number(text),
        Value::String(text) => literal::number(&text.value()),
        _ => None,
    }
}

pub(super) fn boolean(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(found) => Some(found),
        Value::String(text) => literal::boolean(&text.value()),
        _ => None,
    }
}

pub(super) fn severity(value: Value<'_>) -> Severity {
    Severity::read(value).unwrap_or_default()
}

pub(super) fn duration(value: Value<'_>) -> Option<i64> {
    literal::duration_ns(&value.as_text()?.value())
}

pub(super) fn timestamp(value: Value<'_>) -> Option<i64> {
    let text = value.as_text()?.value();
    timberline_entry::Timestamp::parse(&text).map(|(time, _)| time.as_nanos())
}
