//! Walks from an entry to the values a test is about. Nothing here allocates, and depth is bounded by the JSON reader's.
//!
//! All walks ask a question of each value and stop at the first yes: every operator means "some value satisfies".

use crate::path::{Path, Segment};
use crate::schema::{FieldType, root_type, same_name};
use timberline_entry::json::{Object, Value};
use timberline_entry::{Field, LogEntry};

/// The question that is asked of a value.
type Ask<'f, 'a> = &'f mut dyn FnMut(Value<'a>) -> bool;

/// What a walk met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    /// There was no value.
    Nothing,
    /// There were values, and all answers were no.
    No,
    /// One answer was yes.
    Yes,
}

/// Asks about the values at a path: at an object its key is taken, at an array every element is tried, a final array
/// contributes its elements.
pub(crate) fn any_value<'a>(path: &Path, entry: &LogEntry<'a>, ask: Ask<'_, 'a>) -> Walk {
    match entry.get(path.root) {
        Some(value) => descend(value, &path.segments, path.kind, ask),
        None => Walk::Nothing,
    }
}

fn descend<'a>(value: Value<'a>, rest: &[Segment], kind: FieldType, ask: Ask<'_, 'a>) -> Walk {
    match (value, rest.split_first()) {
        (Value::Array(array), _) => {
            let mut met = Walk::Nothing;
            for element in array.iter() {
                match descend(element, rest, kind, ask) {
                    Walk::Yes => return Walk::Yes,
                    Walk::No => met = Walk::No,
                    Walk::Nothing => {}
                }
            }
            met
        }
        (Value::Object(object), Some((segment, more))) => match member(object, &segment.key, kind) {
            Member::Found(value) => descend(value, more, kind, ask),
            Member::Inside(value) => descend(value, rest, kind, ask),
            Member::Absent => Walk::Nothing,
        },
        (_, Some(_)) => Walk::Nothing,
        // In the service's own fields null is JSON's way to say that nothing is there.
        (Value::Null, None) if !kind.is_free() => Walk::Nothing,
        (value, None) => {
            if ask(value) {
                Walk::Yes
            } else {
                Walk::No
            }
        }
    }
}

enum Member<'a> {
    Found(Value<'a>),
    /// The key may be one level further in, under `value`.
    Inside(Value<'a>),
    Absent,
}

fn member<'a>(object: Object<'a>, key: &str, kind: FieldType) -> Member<'a> {
    if let Some(value) = object.get(key) {
        return Member::Found(value);
    }
    if kind != FieldType::Proto {
        return Member::Absent;
    }
    let folded = object.iter().filter(|(name, _)| same_name(&name.value(), key)).last();
    if let Some((_, value)) = folded {
        return Member::Found(value);
    }
    // A `google.protobuf.Any` is traversed implicitly; one whose message is no object in JSON holds it under `value`.
    match (object.get("@type"), object.get("value")) {
        (Some(_), Some(value @ (Value::Object(_) | Value::Array(_)))) => Member::Inside(value),
        _ => Member::Absent,
    }
}

/// Says whether a path is explicitly there: not `[]` or `{}`; null counts in free fields.
pub(crate) fn is_present(path: &Path, entry: &LogEntry<'_>) -> bool {
    any_value(path, entry, &mut |value| match value {
        Value::Object(object) => !object.is_empty(),
        _ => true,
    }) == Walk::Yes
}

/// Asks about every leaf under a value of the given type, telling the leaf's own type. Unknown members of the
/// service's messages are no fields and stay out.
pub(crate) fn any_leaf<'a>(
    value: Value<'a>,
    kind: FieldType,
    ask: &mut dyn FnMut(FieldType, Value<'a>) -> bool,
) -> bool {
    match (kind, value) {
        (_, Value::Array(array)) => array.iter().any(|element| any_leaf(element, kind, ask)),
        (FieldType::Message(message), Value::Object(object)) => object
            .iter()
            .any(|(key, value)| message.field(&key.value()).is_some_and(|kind| any_leaf(value, kind, ask))),
        (kind, Value::Object(object)) if kind.is_free() => {
            object.iter().any(|(_, value)| any_leaf(value, kind, ask))
        }
        (FieldType::Message(_), _) | (_, Value::Object(_)) => false,
        (kind, leaf) => ask(kind, leaf),
    }
}

/// Asks about every leaf of an entry.
pub(crate) fn any_leaf_of_entry<'a>(
    entry: &LogEntry<'a>,
    ask: &mut dyn FnMut(FieldType, Value<'a>) -> bool,
) -> bool {
    Field::ALL
        .into_iter()
        .any(|field| entry.get(field).is_some_and(|value| any_leaf(value, root_type(field), ask)))
}

/// Asks about every key of the free fields under a value.
pub(crate) fn any_key<'a>(value: Value<'a>, kind: FieldType, ask: &mut dyn FnMut(&str) -> bool) -> bool {
    match (kind, value) {
        (_, Value::Array(array)) => array.iter().any(|element| any_key(element, kind, ask)),
        (FieldType::Message(message), Value::Object(object)) => object
            .iter()
            .any(|(key, value)| message.field(&key.value()).is_some_and(|kind| any_key(value, kind, ask))),
        (kind, Value::Object(object)) if kind.is_free() => {
            object.iter().any(|(key, value)| ask(&key.value()) || any_key(value, kind, ask))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldPath;
    use timberline_entry::json::{Document, canonical, parse};

    fn check(text: &str, path: &str, expected: &[&str]) {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        let entry = LogEntry::from_object(Document::new(text, &nodes).root().as_object().unwrap());
        let got: Vec<String> =
            FieldPath::parse(path).unwrap().resolve(&entry).into_iter().map(canonical).collect();
        assert_eq!(got, expected, "{path} in {text}");
    }

    #[test]
    fn through_arrays_and_into_them() {
        check(
            r#"{"jsonPayload":{"a":[{"b":1},{"c":2},{"b":[3,[4]]}]}}"#,
            "jsonPayload.a.b",
            &["1", "3", "4"],
        );
        check(r#"{"jsonPayload":{"a":{"b":null}}}"#, "jsonPayload.a.b", &["null"]);
        check(r#"{"jsonPayload":{"a":5}}"#, "jsonPayload.a.b", &[]);
        check(r#"{"jsonPayload":{"a":[]}}"#, "jsonPayload.a", &[]);
        check(r#"{"jsonPayload":{"a":{}}}"#, "jsonPayload.a", &["{}"]);
        check(r#"{"httpRequest":{"status":null}}"#, "httpRequest.status", &[]);
        check(r#"{"jsonPayload":{"A":1}}"#, "jsonPayload.a", &[]);
    }

    #[test]
    fn protocol_buffers_fold_names_and_unpack() {
        check(r#"{"protoPayload":{"methodName":"m"}}"#, "protoPayload.METHOD_name", &["\"m\""]);
        check(r#"{"protoPayload":{"a":1,"A":2}}"#, "protoPayload.A", &["2"]);
        check(
            r#"{"protoPayload":{"details":[{"@type":"t/google.protobuf.Struct","value":{"k":7}}]}}"#,
            "protoPayload.details.k",
            &["7"],
        );
    }
}
