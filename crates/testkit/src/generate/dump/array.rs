//! What `gcloud logging read --format=json --limit N` leaves behind, and the answer of the `entries.list` method.

use crate::generate::entry::Entry;
use crate::generate::json::{push_pretty, push_string};

/// Returns a pretty-printed array. The caller gives the entries newest first, as the tool does.
///
/// Shape: `[`, one entry after another indented by two, `]` and a line feed; `[]` when there are none.
#[must_use]
pub fn array<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> String {
    let mut out = String::from("[");
    push_elements(&mut out, entries, 1);
    out.push_str("]\n");
    out
}

/// Returns the answer of `entries.list`: an object with `entries` and, unless it is the last page, a token.
#[must_use]
pub fn answer<'a>(entries: impl IntoIterator<Item = &'a Entry>, next_page_token: &str) -> String {
    let mut out = String::from("{\n  \"entries\": [");
    push_elements(&mut out, entries, 2);
    out.push_str("],\n  \"nextPageToken\": ");
    push_string(&mut out, next_page_token);
    out.push_str("\n}\n");
    out
}

fn push_elements<'a>(out: &mut String, entries: impl IntoIterator<Item = &'a Entry>, depth: usize) {
    let indent = "  ".repeat(depth);
    let mut line = String::with_capacity(2048);
    let mut any = false;
    for entry in entries {
        out.push_str(if any { ",\n" } else { "\n" });
        out.push_str(&indent);
        line.clear();
        entry.push_json(&mut line);
        push_pretty(out, &line, depth);
        any = true;
    }
    if any {
        out.push('\n');
        out.push_str(&indent[2..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Config, Timeline};
    use serde_json::{Value, json};

    #[test]
    fn both_shapes_are_what_serde_calls_pretty() {
        let entries: Vec<Entry> = Timeline::new(&Config::small(4, 60)).collect();
        let values: Vec<Value> = entries.iter().map(Entry::to_value).collect();
        let expected = serde_json::to_string_pretty(&values).unwrap() + "\n";
        assert_eq!(array(&entries), expected);
        let expected = json!({"entries": values, "nextPageToken": "abc\"d"});
        assert_eq!(answer(&entries, "abc\"d"), serde_json::to_string_pretty(&expected).unwrap() + "\n");
        assert_eq!(array(&[]), "[]\n");
    }
}
