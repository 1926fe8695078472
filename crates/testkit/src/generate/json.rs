//! JSON as text: strings with escapes, and the layout of pretty-printed exports.

use serde_json::{Map, Value};

/// Appends a JSON string, quotes included.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x00..=0x1f => "",
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

/// Appends `"key":` and a JSON string, with a comma before it unless the object has just been opened.
pub fn push_member(out: &mut String, key: &str, text: &str) {
    push_key(out, key);
    push_string(out, text);
}

/// Appends `"key":`, with a comma before it unless the object has just been opened.
pub fn push_key(out: &mut String, key: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push('"');
    out.push_str(key);
    out.push_str("\":");
}

/// Appends compact JSON laid out the way `gcloud --format=json` does: two spaces, one member a line, `{}` and `[]` when empty.
///
/// `depth` is how deep the value already is; its first line is not indented.
///
/// Cost: one pass over the text, no parsing into values.
pub fn push_pretty(out: &mut String, compact: &str, depth: usize) {
    let bytes = compact.as_bytes();
    let mut depth = depth;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = string_end(bytes, at);
                out.push_str(&compact[at..end]);
                at = end;
                continue;
            }
            open @ (b'{' | b'[') => {
                let close = bytes.get(at + 1).copied().unwrap_or(0);
                if close == open + 2 {
                    out.push(char::from(open));
                    out.push(char::from(close));
                    at += 2;
                    continue;
                }
                depth += 1;
                out.push(char::from(open));
                push_line(out, depth);
            }
            close @ (b'}' | b']') => {
                depth = depth.saturating_sub(1);
                push_line(out, depth);
                out.push(char::from(close));
            }
            b',' => {
                out.push(',');
                push_line(out, depth);
            }
            b':' => out.push_str(": "),
            other => out.push(char::from(other)),
        }
        at += 1;
    }
}

/// Returns the value with the members of every object in the order of their keys.
#[must_use]
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut pairs: Vec<(String, Value)> = members.into_iter().collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            let mut members = Map::new();
            for (key, member) in pairs {
                members.insert(key, sorted(member));
            }
            Value::Object(members)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Returns the place after the closing quote of the string that opens at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'"' => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

fn push_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strings_read_back() {
        for text in
            ["", "plain", "say \"hi\"\\\n\r\t", "\u{1}\u{1f}\u{7f}", "größe 🪵 \u{202e}abc", "\"", "\\"]
        {
            let mut out = String::new();
            push_string(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn pretty_is_what_serde_calls_pretty() {
        let value =
            json!({"a": [1, {"b": "x, {y}: \"z\""}, [], {}], "c": null, "d": {"e": [true]}, "f": "größe"});
        let mut out = String::new();
        push_pretty(&mut out, &value.to_string(), 0);
        assert_eq!(out, serde_json::to_string_pretty(&value).unwrap());
    }

    #[test]
    fn sorting_reaches_everywhere() {
        let value = json!({"b": [{"d": 1, "c": 2}], "a": {"z": 0, "y": 0}});
        assert_eq!(sorted(value).to_string(), r#"{"a":{"y":0,"z":0},"b":[{"c":2,"d":1}]}"#);
    }
}
