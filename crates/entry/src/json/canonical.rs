//! The canonical text of a value: equal values have equal text, whatever wrote them.

use super::text::push_escaped;
use super::{Object, Text, Value};
use std::borrow::Cow;

/// Returns the canonical text of a value. See [`write_canonical`].
pub fn canonical(value: Value<'_>) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

/// Appends the canonical text of a value: no white space, keys in byte order, shortest escapes, numbers as written.
///
/// A key that occurs twice stays twice, in its original order, because the export had it twice.
/// Numbers are not normalised: `1` and `1.0` are different exports.
pub fn write_canonical(value: Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => out.push_str(text),
        Value::String(text) => push_string(text, out),
        Value::Array(array) => {
            out.push('[');
            for (idx, element) in array.iter().enumerate() {
                if idx > 0 {
                    out.push(',');
                }
                write_canonical(element, out);
            }
            out.push(']');
        }
        Value::Object(object) => write_object(object, out),
    }
}

/// Appends `text` as a quoted JSON string.
pub fn push_quoted(text: &str, out: &mut String) {
    out.push('"');
    push_escaped(text, out);
    out.push('"');
}

fn push_string(text: Text<'_>, out: &mut String) {
    out.push('"');
    text.push_canonical(out);
    out.push('"');
}

fn write_object(object: Object<'_>, out: &mut String) {
    let mut members: Vec<(Cow<'_, str>, Text<'_>, Value<'_>)> =
        object.iter().map(|(key, value)| (key.value(), key, value)).collect();
    // Exports of the service are sorted already; a stable sort of sorted input is one pass.
    members.sort_by(|a, b| a.0.cmp(&b.0));
    out.push('{');
    for (idx, (_, key, value)) in members.iter().enumerate() {
        if idx > 0 {
            out.push(',');
        }
        push_string(*key, out);
        out.push(':');
        write_canonical(*value, out);
    }
    out.push('}');
}
