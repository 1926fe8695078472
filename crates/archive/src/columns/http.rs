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
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_canonical =
        text == "0" || matches!(digits.as_bytes(), [b'1'..=b'9', rest @ ..] if is_digits(rest));
    text.parse().ok().filter(|_| is_canonical)
}

/// Returns nanoseconds if [writing](push_seconds) them again gives the same text.
fn exact_seconds(text: &str) -> Option<i64> {
    let text = text.strip_suffix('s')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_canonical = is_digits(whole.as_bytes())
        && (whole == "0" || !whole.starts_with('0'))
        && is_digits(fraction.as_bytes())
        && matches!(fraction.len(), 0 | 3 | 6 | 9)
        && !fraction.ends_with("000")
        && !text.ends_with('.');
    if !is_canonical {
        return None;
    }
    let scale = [1_000_000_000, 1_000_000, 1000, 1][fraction.len() / 3];
    let fraction: i64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(fraction * scale)
}

fn is_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_exact_comes_back(
            text in "-?[0-9]{0,3}[0-9a.]{0,3}[0-9]{0,20}s?",
            nanos in 0_i64..,
            scale in prop::sample::select(vec![1_i64, 1000, 1_000_000, 1_000_000_000, 1_000_000_000_000]),
        ) {
            let seconds = |nanos: i64| {
                let mut text = String::new();
                push_seconds(nanos, &mut text);
                text
            };
            let exact = nanos / scale * scale;
            prop_assert_eq!(exact_seconds(&seconds(exact)), Some(exact));
            prop_assert_eq!(exact_integer(&exact.to_string()), Some(exact));
            if let Some(nanos) = exact_seconds(&text) {
                prop_assert_eq!(seconds(nanos), text.as_str());
            }
            if let Some(number) = exact_integer(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }

    #[test]
    fn only_what_comes_back_exactly_becomes_a_number() {
        assert_eq!(exact_integer("302"), Some(302));
        assert_eq!(exact_integer("0302"), None);
        assert_eq!(exact_integer("-7"), Some(-7));
        for other in ["2e2", "-0", "+5", "", "-", "99999999999999999999"] {
            assert_eq!(exact_integer(other), None, "{other}");
        }
        assert_eq!(exact_seconds("0.014146236s"), Some(14_146_236));
        assert_eq!(exact_seconds("0.003066100s"), Some(3_066_100));
        assert_eq!(exact_seconds("1.108226s"), Some(1_108_226_000));
        assert_eq!(exact_seconds("3s"), Some(3_000_000_000));
        for other in [
            "1.1s",
            "1.s",
            ".5s",
            "s",
            "-1s",
            "1.5",
            "01s",
            "1.0000000001s",
            "99999999999999s",
            "1.000s",
            "1.120000s",
            ".s",
        ] {
            assert_eq!(exact_seconds(other), None, "{other}");
        }
    }
}
