//! The members of `httpRequest` that have columns of their own.

use super::{Cell, Cells, Column};
use std::borrow::Cow;
use timberline_entry::json::{Object, Value, push_quoted, write_canonical};

/// How a member's JSON relates to its cell.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Text,
    /// A JSON number.
    Number,
    /// A JSON string of decimal digits, as 64-bit integers are written.
    Digits,
    /// A JSON string of seconds, `"1.108226s"`.
    Seconds,
}

/// Members with columns, in the byte order of their names.
const MEMBERS: [(&str, Column, Form); 11] = [
    ("latency", Column::HttpLatencyNs, Form::Seconds),
    ("protocol", Column::HttpProtocol, Form::Text),
    ("referer", Column::HttpReferer, Form::Text),
    ("remoteIp", Column::HttpRemoteIp, Form::Text),
    ("requestMethod", Column::HttpMethod, Form::Text),
    ("requestSize", Column::HttpRequestSize, Form::Digits),
    ("requestUrl", Column::HttpUrl, Form::Text),
    ("responseSize", Column::HttpResponseSize, Form::Digits),
    ("serverIp", Column::HttpServerIp, Form::Text),
    ("status", Column::HttpStatus, Form::Number),
    ("userAgent", Column::HttpUserAgent, Form::Text),
];

/// Puts the members of a request into cells; what does not fit goes to `rest` as a JSON object.
///
/// `rest` is written in any case, `{}` when empty, because it also says that there is a request.
pub(super) fn split<'a>(request: Object<'a>, cells: &mut Cells<'a>, rest: &mut String) {
    let mut seen = [false; MEMBERS.len()];
    rest.push('{');
    for (key, value) in request.iter() {
        let idx = key.as_plain().and_then(|key| MEMBERS.iter().position(|(name, _, _)| *name == key));
        if let Some(idx) = idx
            && !std::mem::replace(&mut seen[idx], true)
            && let Some(cell) = to_cell(value, MEMBERS[idx].2)
        {
            cells.set(MEMBERS[idx].1, cell);
            continue;
        }
        // A member that is written twice: the later one stands in the rest, and the rest wins.
        if rest.len() > 1 {
            rest.push(',');
        }
        push_quoted(&key.value(), rest);
        rest.push(':');
        write_canonical(value, rest);
    }
    rest.push('}');
}

/// Appends the request as a JSON object, keys in byte order; `rest` is the object that [`split`] wrote.
pub(super) fn compose(cells: &Cells<'_>, rest: Object<'_>, out: &mut String) {
    let mut members: Vec<(Cow<'_, str>, Member<'_>)> =
        rest.iter().map(|(key, value)| (key.value(), Member::Kept(value))).collect();
    for (name, column, form) in MEMBERS {
        let cell = cells.get(column);
        if cell != Cell::Null && rest.get(name).is_none() {
            members.push((name.into(), Member::Column(cell, form)));
        }
    }
    members.sort_by(|a, b| a.0.cmp(&b.0));
    out.push('{');
    for (idx, (name, member)) in members.into_iter().enumerate() {
        if idx > 0 {
            out.push(',');
        }
        push_quoted(&name, out);
        out.push(':');
        match member {
            Member::Kept(value) => write_canonical(value, out),
            Member::Column(cell, form) => write_cell(cell, form, out),
        }
    }
    out.push('}');
}

enum Member<'a> {
    Kept(Value<'a>),
    Column(Cell<'a>, Form),
}

fn write_cell(cell: Cell<'_>, form: Form, out: &mut String) {
    match (cell, form) {
        (Cell::Text(text), _) => push_quoted(text, out),
        (Cell::Int(number), Form::Number) => out.push_str(&number.to_string()),
        (Cell::Int(number), Form::Seconds) => {
            out.push('"');
            push_seconds(number, out);
            out.push('"');
        }
        (Cell::Int(number), _) => push_quoted(&number.to_string(), out),
        (Cell::Null | Cell::Bool(_), _) => out.push_str("null"),
    }
}

fn to_cell(value: Value<'_>, form: Form) -> Option<Cell<'_>> {
    match (form, value) {
        (Form::Text, Value::String(text)) => text.as_plain().map(Cell::Text),
        (Form::Number, Value::Number(text)) => exact_integer(text).map(Cell::Int),
        (Form::Digits, Value::String(text)) => text.as_plain().and_then(exact_integer).map(Cell::Int),
        (Form::Seconds, Value::String(text)) => text.as_plain().and_then(exact_seconds).map(Cell::Int),
        _ => None,
    }
}

/// Returns the number if writing it again gives the same text.
fn exact_integer(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Returns nanoseconds if writing them again gives the same text.
fn exact_seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = match text.strip_suffix('s')?.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (text.strip_suffix('s')?, ""),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    let nanos = whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(fraction)?;
    let mut again = String::new();
    push_seconds(nanos, &mut again);
    (again == text).then_some(nanos)
}

/// Seconds with the shortest of 0, 3, 6 and 9 fraction digits, as the service writes durations.
fn push_seconds(nanos: i64, out: &mut String) {
    let (whole, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    out.push_str(&whole.to_string());
    let digits = match (fraction % 1_000, fraction % 1_000_000, fraction) {
        (_, _, 0) => 0,
        (_, 0, _) => 3,
        (0, _, _) => 6,
        _ => 9,
    };
    if digits > 0 {
        out.push('.');
        out.push_str(&format!("{fraction:09}")[..digits]);
    }
    out.push('s');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_back_exactly_becomes_a_number() {
        assert_eq!(exact_integer("302"), Some(302));
        assert_eq!(exact_integer("0302"), None);
        assert_eq!(exact_integer("2e2"), None);
        assert_eq!(exact_seconds("0.014146236s"), Some(14_146_236));
        assert_eq!(exact_seconds("0.003066100s"), Some(3_066_100));
        assert_eq!(exact_seconds("1.108226s"), Some(1_108_226_000));
        assert_eq!(exact_seconds("3s"), Some(3_000_000_000));
        for other in ["1.1s", "1.s", ".5s", "s", "-1s", "1.5", "01s", "1.0000000001s", "99999999999999s"] {
            assert_eq!(exact_seconds(other), None, "{other}");
        }
    }
}
