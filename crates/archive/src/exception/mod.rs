//! The exception that an entry tells of: a trace in its message or in a field of its payload, or fields that name one.
//!
//! ```text
//! textPayload "…Traceback (most recent call last):…"            a trace in the message
//! jsonPayload {"stack_trace":"java.lang.Npe…\n\tat …"}           a trace in another field
//! jsonPayload {"error":{"type":"KeyError","value":"'k'"}}        fields that name it; no frames
//! ```
//!
//! An entry may hold several traces; the first gives the key. Nearly all entries hold none, which one search for anchors
//! decides. Traces that were logged line by line are put together elsewhere, from rows in the order of time.

mod fields;
mod record;

pub use record::{ExceptionRecord, FrameRecord};

pub(crate) use record::telling_value;

use crate::shape::for_each_leaf_of;
use timberline_entry::json::Value;
use timberline_entry::{Field, LogEntry, message};
use timberline_pattern::fingerprint::exception_key;
use timberline_pattern::mask::Masker;
use timberline_pattern::trace::{Trace, find, may_have_trace};

/// An exception that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its trace; without frames where fields name it and nothing more.
    pub(crate) trace: Trace,
    /// Who wrote it; empty where that cannot be told.
    pub(crate) language: &'static str,
}

impl Found {
    fn of_trace(trace: Trace) -> Self {
        Self { language: trace.language.as_str(), trace }
    }

    /// Says whether it is known what was raised.
    fn is_named(&self) -> bool {
        !self.trace.root().type_name.is_empty()
    }

    /// Returns the name of the bug.
    pub(crate) fn key(&self) -> u64 {
        exception_key(&self.trace).0
    }
}

/// Finds the exception of an entry whose message is `message`.
///
/// Cost: one search for anchors over message and payload, more only where an anchor is there.
pub(crate) fn of_entry(entry: &LogEntry<'_>, message: &str) -> Option<Found> {
    let mut found = of_text(message);
    if found.as_ref().is_some_and(Found::is_named) {
        return found;
    }
    let payloads = [Field::JsonPayload, Field::ProtoPayload];
    let candidates = payloads.map(|field| {
        let object = entry.get(field).and_then(Value::as_object)?;
        // The text of an object has its line ends escaped, and so do the anchors that begin with white space.
        let source = object.source();
        let (has_trace, has_fields) = (may_have_trace(source), fields::may_name_one(source));
        (has_trace || has_fields).then_some((field, has_trace, has_fields))
    });
    for (field, has_trace, _) in candidates.iter().flatten() {
        let Some(value) = entry.get(*field).filter(|_| *has_trace) else { continue };
        for_each_leaf_of(*field, value, &mut |leaf| {
            if !found.as_ref().is_some_and(Found::is_named)
                && let Some(text) = leaf.value.as_text()
                && let Some(more) = of_text(&text.value())
                && (found.is_none() || more.is_named())
            {
                found = Some(more);
            }
        });
    }
    // A stack without its first line does not say what was raised; a field beside it may.
    if !found.as_ref().is_some_and(Found::is_named)
        && let Some((field, ..)) = candidates.iter().flatten().find(|(_, _, has_fields)| *has_fields)
        && let Some(named) = entry.get(*field).and_then(fields::read)
    {
        return Some(named);
    }
    found
}

/// Returns what tells one story of an exception from another, where an entry's own text tells of the exception `key`: the
/// message of its root, with what varies without end left out.
pub fn value_of(entry: &LogEntry<'_>, key: u64, masker: &Masker) -> Option<String> {
    let found = of_entry(entry, &message(entry)).filter(|found| found.key() == key)?;
    Some(cut_value(&telling_value(&found, masker, &mut Vec::new())).to_owned())
}

/// Cuts a value to the length that is kept.
pub(crate) fn cut_value(value: &str) -> &str {
    &value[..value.floor_char_boundary(MAX_VALUE)]
}

/// Longer values are cut, in bytes.
const MAX_VALUE: usize = 256;

/// Finds the first exception of a text.
pub(crate) fn of_text(text: &str) -> Option<Found> {
    if !may_have_trace(text) {
        return None;
    }
    find(text).into_iter().next().map(Found::of_trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use timberline_entry::json::{Document, parse};

    fn check(text: &str, expected: Option<(&str, &str, usize)>) {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        let entry = LogEntry::from_object(Document::new(text, &nodes).root().as_object().unwrap());
        let found = of_entry(&entry, &message(&entry));
        let found = found.as_ref().map(|found| {
            let root = found.trace.root();
            (found.language, root.type_name.as_str(), root.frames.len())
        });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn traces_are_found_wherever_they_stand() {
        let python = r#"Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    x()\nKeyError: 'k'"#;
        check(&format!(r#"{{"textPayload":"failed\n{python}"}}"#), Some(("python", "KeyError", 1)));
        check(
            &format!(r#"{{"jsonPayload":{{"message":"failed","error":{{"traceback":"{python}"}}}}}}"#),
            Some(("python", "KeyError", 1)),
        );
        let java = r"java.io.IOException: no\n\tat a.B.c(B.java:3)\n\tat a.B.main(B.java:9)";
        for key in ["stack_trace", "exception", "anything"] {
            let text = format!(r#"{{"jsonPayload":{{"message":"failed","{key}":"{java}"}}}}"#);
            check(&text, Some(("java", "java.io.IOException", 2)));
        }
        let once_more = java.replace('\\', r"\\");
        check(&format!(r#"{{"textPayload":"{once_more}"}}"#), Some(("java", "java.io.IOException", 2)));
        check(
            &format!(r#"{{"protoPayload":{{"status":{{"message":"x"}},"detail":"{java}"}}}}"#),
            Some(("java", "java.io.IOException", 2)),
        );
    }

    #[test]
    fn fields_that_name_an_exception_are_one() {
        check(
            r#"{"jsonPayload":{"message":"m","error":{"type":"KeyError","value":"'k'"}}}"#,
            Some(("", "KeyError", 0)),
        );
        check(
            r#"{"jsonPayload":{"error.type":"a.b.NotFound","error.message":"no"}}"#,
            Some(("", "a.b.NotFound", 0)),
        );
        check(
            r#"{"jsonPayload":{"err":{"name":"TypeError","message":"x is not a function","stack":"    at run (/app/a.js:5:9)\n    at main (/app/a.js:9:1)"}}}"#,
            Some(("node", "TypeError", 2)),
        );
        check(r#"{"jsonPayload":{"error":"no such thing"}}"#, None);
        check(r#"{"jsonPayload":{"error":{"type":"several words here"}}}"#, None);
        check(r#"{"jsonPayload":{"message":"m","error":{"type":"str","message":"Missing field"}}}"#, None);
        check(r#"{"textPayload":"error at line 3"}"#, None);
    }
}
