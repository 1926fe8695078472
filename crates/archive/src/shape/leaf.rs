//! The values of an entry one by one, and how each takes part in the shape.

use super::Masks;
use std::borrow::Cow;
use timberline_entry::json::Object;
use timberline_entry::json::Value;
use timberline_entry::{Field, LogEntry};
use timberline_pattern::mask::{Hole, HoleKind};

/// How a leaf takes part in the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The value itself belongs to the shape.
    Fixed,
    /// A string of which the masker's holes vary and the rest belongs to the shape.
    Masked,
    /// A string that varies as a whole.
    Whole,
    /// A string that varies as a whole and whose tokens are not indexed: times, durations, and ids in lower-case hex.
    Unindexed,
    /// A resource name whose last segment is such an id; what is before it belongs to the shape.
    UnindexedTail,
    /// A number that varies. Its tokens are not indexed either, since numbers are compared by value.
    Number,
}

/// A value that is no container, or an empty one.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'p, 'a> {
    /// The field in which it stands.
    pub field: Field,
    /// Keys from the root field inwards; elements of an array have the path of the array.
    pub path: &'p [Cow<'a, str>],
    /// The value; containers are empty ones.
    pub value: Value<'a>,
}

/// Returns the members of an object in the byte order of their keys, so that the order of an export does not show.
pub(super) fn sorted_members(object: Object<'_>) -> Vec<(Cow<'_, str>, Value<'_>)> {
    let mut members: Vec<_> = object.iter().map(|(key, value)| (key.value(), value)).collect();
    if !members.is_sorted_by(|a, b| a.0 <= b.0) {
        members.sort_by(|a, b| a.0.cmp(&b.0));
    }
    members
}

/// Calls `visit` for every leaf, in the order of [`Field::ALL`] and of the keys inside.
pub fn for_each_leaf<'a>(entry: &LogEntry<'a>, mut visit: impl FnMut(Leaf<'_, 'a>)) {
    for field in Field::ALL {
        if let Some(value) = entry.exported(field) {
            for_each_leaf_of(field, value, &mut visit);
        }
    }
}

/// Calls `visit` for every leaf of one field.
pub(crate) fn for_each_leaf_of<'a>(field: Field, value: Value<'a>, visit: &mut impl FnMut(Leaf<'_, 'a>)) {
    walk(field, value, &mut vec![field.name().into()], visit);
}

/// Calls `visit` with the value of every leaf, in the order of [`for_each_leaf_of`].
pub(super) fn for_each_value<'a>(value: Value<'a>, visit: &mut impl FnMut(Value<'a>)) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            if is_sorted(object) {
                object.iter().for_each(|(_, value)| for_each_value(value, visit));
            } else {
                sorted_members(object).into_iter().for_each(|(_, value)| for_each_value(value, visit));
            }
        }
        Value::Array(array) if !array.is_empty() => {
            array.iter().for_each(|value| for_each_value(value, visit));
        }
        value => visit(value),
    }
}

fn walk<'a>(
    field: Field,
    value: Value<'a>,
    path: &mut Vec<Cow<'a, str>>,
    visit: &mut impl FnMut(Leaf<'_, 'a>),
) {
    let mut member = |key: Cow<'a, str>, value: Value<'a>, path: &mut Vec<Cow<'a, str>>| {
        path.push(key);
        walk(field, value, path, visit);
        path.pop();
    };
    match value {
        Value::Object(object) if !object.is_empty() => {
            if is_sorted(object) {
                object.iter().for_each(|(key, value)| member(key.value(), value, path));
            } else {
                sorted_members(object).into_iter().for_each(|(key, value)| member(key, value, path));
            }
        }
        Value::Array(array) if !array.is_empty() => {
            array.iter().for_each(|value| walk(field, value, path, visit));
        }
        value => visit(Leaf { field, path, value }),
    }
}

/// Says whether the keys are in byte order; those with escapes are not worth looking at twice.
fn is_sorted(object: Object<'_>) -> bool {
    object.iter().map(|(key, _)| key.as_plain()).is_sorted_by(|a, b| a.is_some() && b.is_some() && a <= b)
}

/// Longer strings vary as a whole: masking them costs more than it can save.
const MAX_MASKED_LEN: usize = 1 << 16;

impl Leaf<'_, '_> {
    /// Decides how the leaf takes part in the shape. For [`Form::Masked`], `holes` holds the holes of `text`,
    /// which is the string's value.
    ///
    /// The decision depends on the leaf alone, so rows that agree in shape agree in it.
    pub(super) fn form(&self, text: &str, masks: Masks<'_>, holes: &mut Vec<Hole>) -> Form {
        holes.clear();
        // Severities and names of logs are few, and most filters ask for them.
        let is_few = matches!(
            (self.field, self.path.len(), self.value),
            (Field::Severity, 1, _) | (Field::LogName, 1, Value::String(_))
        );
        if is_few && text.len() <= MAX_MASKED_LEN && !text.contains(super::template::is_marker) {
            return Form::Fixed;
        }
        match self.value {
            Value::Number(_) => return if self.is_code() { Form::Fixed } else { Form::Number },
            Value::String(_) => {}
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Form::Fixed,
        }
        match (self.field, self.path.len()) {
            (Field::Timestamp | Field::ReceiveTimestamp, 1) => return Form::Unindexed,
            // Ids of another alphabet are few, and could be mistaken for words: their tokens are indexed.
            (Field::InsertId | Field::SpanId, 1) => {
                return if is_hex(text) { Form::Unindexed } else { Form::Whole };
            }
            (Field::Trace, 1) => {
                return match split_tail(text) {
                    Some(("", _)) => Form::Unindexed,
                    Some((prefix, _)) if prefix.is_ascii() => Form::UnindexedTail,
                    _ => Form::Whole,
                };
            }
            (Field::Resource, 3) if self.path[2] == "revision_name" => return Form::Whole,
            _ => {}
        }
        if text.len() > MAX_MASKED_LEN || text.contains(super::template::is_marker) {
            return Form::Whole;
        }
        masks.find(text, holes);
        if holes.is_empty() {
            Form::Fixed
        } else if text.is_ascii() && self.is_measure(text, holes) {
            Form::Unindexed
        } else if holes.iter().all(|hole| has_ascii_edges(text, *hole)) {
            Form::Masked
        } else {
            Form::Whole
        }
    }

    /// Says whether the string is nothing but a time, a duration or the size of a request.
    ///
    /// Nobody looks for the digits of one among all texts, and nearly every row has its own: their tokens were two thirds of
    /// the words of an index. A filter on such a field reads it anyway.
    fn is_measure(&self, text: &str, holes: &[Hole]) -> bool {
        let [hole] = holes else { return false };
        let is_all = hole.start == 0 && hole.end as usize == text.len();
        let is_size = || {
            self.field == Field::HttpRequest
                && matches!(self.path.last().map(AsRef::as_ref), Some("requestSize" | "responseSize"))
        };
        is_all
            && match hole.kind {
                HoleKind::Time | HoleKind::Duration => true,
                HoleKind::Num => is_size(),
                _ => false,
            }
    }

    /// Status codes are the news themselves, and few.
    fn is_code(&self) -> bool {
        let path: [&str; 2] = match self.path {
            [a, b] => [a, b],
            [root, a, b] if root == "protoPayload" => [a, b],
            _ => return false,
        };
        path == ["httpRequest", "status"] || path == ["status", "code"]
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Splits behind the last slash; `None` when what follows is no id in lower-case hex.
pub(super) fn split_tail(text: &str) -> Option<(&str, &str)> {
    let (prefix, tail) = text.split_at(text.rfind('/').map_or(0, |slash| slash + 1));
    is_hex(tail).then_some((prefix, tail))
}

/// Case folding works on stretches and holes apart only where no character can combine across their border.
fn has_ascii_edges(text: &str, hole: Hole) -> bool {
    let (start, end) = (hole.start as usize, hole.end as usize);
    let bytes = text.as_bytes();
    let ascii = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_none_or(u8::is_ascii);
    ascii(start.checked_sub(1)) && ascii(Some(start)) && ascii(end.checked_sub(1)) && ascii(Some(end))
}
