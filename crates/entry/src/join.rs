//! Two copies of one entry become one: field by field, the copy that has more wins.
//!
//! Exports overlap, and some carry less than others (a client that left the payload out, a label added later). The
//! result must not depend on which copy came first, nor on how the copies were spread over ingests, so this is the
//! least upper bound of an order: commutative, associative, idempotent.
//!
//! ```text
//! null < bool < number < string < array < object      a missing member is below everything
//! same kind: the longer canonical text, then the greater one; objects are joined member by member
//! the entry's own timestamp and receiveTimestamp: more digits of the fraction, then `Z`, then as any other text
//! ```

use crate::json::{Object, Value, canonical, push_quoted};
use crate::timestamp::{Timestamp, Zone};
use std::borrow::Cow;

/// Appends the join of two entries as one canonical JSON object.
///
/// A key written twice counts with its last value, unless both copies are the same text.
pub fn join(a: Object<'_>, b: Object<'_>, out: &mut String) {
    join_objects(a, b, true, out);
}

fn join_objects(a: Object<'_>, b: Object<'_>, is_root: bool, out: &mut String) {
    let (text_a, text_b) = (canonical(Value::Object(a)), canonical(Value::Object(b)));
    if text_a == text_b {
        out.push_str(&text_a);
        return;
    }
    let (left, right) = (members(a), members(b));
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    out.push('{');
    let mut first = true;
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let from_left = if order.is_le() { left.next() } else { None };
        let from_right = if order.is_ge() { right.next() } else { None };
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        match (from_left, from_right) {
            (Some((key, a)), Some((_, b))) => {
                push_quoted(&key, out);
                out.push(':');
                let is_time = is_root && (key == "timestamp" || key == "receiveTimestamp");
                join_values(a, b, is_time, out);
            }
            (Some((key, value)), None) | (None, Some((key, value))) => {
                push_quoted(&key, out);
                out.push(':');
                out.push_str(&canonical(value));
            }
            (None, None) => unreachable!("one side was peeked"),
        }
    }
    out.push('}');
}

fn join_values(a: Value<'_>, b: Value<'_>, is_time: bool, out: &mut String) {
    if let (Value::Object(a), Value::Object(b)) = (a, b) {
        return join_objects(a, b, false, out);
    }
    let (text_a, text_b) = (canonical(a), canonical(b));
    let rank = |value, text: &str| (kind(value), is_time.then(|| exactness(value)), text.len());
    let pick_a = (rank(a, &text_a), &text_a) >= (rank(b, &text_b), &text_b);
    out.push_str(if pick_a { &text_a } else { &text_b });
}

/// Of two spellings of one instant, the one with more digits says more; then the service's own `Z` is preferred.
fn exactness(value: Value<'_>) -> (usize, bool) {
    let parsed = value.as_text().and_then(|text| Timestamp::parse(&text.value()));
    parsed.map_or((0, false), |(time, zone)| (time.shortest_digits(), zone == Zone::Utc))
}

const fn kind(value: Value<'_>) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// Members by key; of a repeated key, the last.
fn members(object: Object<'_>) -> Vec<(Cow<'_, str>, Value<'_>)> {
    let mut members: Vec<_> = object.iter().map(|(key, value)| (key.value(), value)).collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members.reverse();
    members.dedup_by(|earlier, later| earlier.0 == later.0);
    members.reverse();
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, parse};

    fn joined(a: &str, b: &str) -> String {
        let (mut nodes_a, mut nodes_b) = (Vec::new(), Vec::new());
        parse(a, &mut nodes_a).unwrap();
        parse(b, &mut nodes_b).unwrap();
        let object = |text, nodes| Document::new(text, nodes).root().as_object().unwrap();
        let mut out = String::new();
        join(object(a, &nodes_a), object(b, &nodes_b), &mut out);
        out
    }

    #[test]
    fn the_copy_that_has_more_wins() {
        let cases = [
            ("{}", r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"trace":null}"#, r#"{"trace":"t"}"#, r#"{"trace":"t"}"#),
            (r#"{"labels":{"a":"1"}}"#, r#"{"labels":{"b":"2"}}"#, r#"{"labels":{"a":"1","b":"2"}}"#),
            (r#"{"x":[1]}"#, r#"{"x":"long string"}"#, r#"{"x":[1]}"#),
            (
                r#"{"timestamp":"2025-01-01T00:00:00.5Z"}"#,
                r#"{"timestamp":"2025-01-01T00:00:00.500000+00:00"}"#,
                r#"{"timestamp":"2025-01-01T00:00:00.5Z"}"#,
            ),
            (r#"{"a":1,"a":2}"#, r#"{"b":1}"#, r#"{"a":2,"b":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#),
        ];
        for (a, b, expected) in cases {
            assert_eq!(joined(a, b), expected);
            assert_eq!(joined(b, a), expected);
        }
    }

    #[test]
    fn grouping_does_not_matter() {
        let copies = [
            r#"{"a":{"x":1,"y":null},"t":"aa"}"#,
            r#"{"a":{"x":10},"t":"b","z":[1]}"#,
            r#"{"a":"text","t":"ab","z":[1,2],"z":[3]}"#,
            r#"{"a":null,"q":{}}"#,
        ];
        for a in copies {
            assert_eq!(joined(a, a), {
                let mut nodes = Vec::new();
                parse(a, &mut nodes).unwrap();
                canonical(Document::new(a, &nodes).root())
            });
            for b in copies {
                for c in copies {
                    assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c)), "{a} {b} {c}");
                }
            }
        }
    }
}
