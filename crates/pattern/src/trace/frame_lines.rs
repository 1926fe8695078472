//! Stacks whose frames begin with `at`: Java, .NET and JavaScript.
//!
//! These traces have no header of their own; the exception is named in the line before the first frame, or further up when
//! its message has several lines. The first frame line tells the language, then the lines above are searched for a type.

use super::lines::{Line, without_prefix};
use super::{Read, csharp, java, names, node};

/// A message of more lines than this is cut off from its type.
pub(super) const MAX_MESSAGE_LINES: usize = 30;

/// How much of a line is searched for a type. The rest of a longer message tells nothing more.
pub(super) const MAX_HEADER_BYTES: usize = 8192;

/// The line that names an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Column at which the exception starts.
    pub(super) at: usize,
    pub(super) type_name: String,
    pub(super) message: String,
    pub(super) thread: Option<String>,
}

/// Reads a trace whose first frame stands at a line.
pub(super) fn read(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    let (prefix, frame) = split_frame(lines[idx].text())?;
    if java::frame(frame).is_some() {
        return java::read(lines, idx, floor, prefix);
    }
    if node::frame(frame).is_some() {
        return node::read(lines, idx, floor, prefix);
    }
    if csharp::frame(frame).is_some() {
        return csharp::read(lines, idx, floor, prefix);
    }
    None
}

/// Splits a frame line into the prefix repeated on every line and what follows `at `.
fn split_frame(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.trim_start().strip_prefix("at ") {
        return Some(("", rest));
    }
    let at = ["\tat ", "   at "].iter().filter_map(|mark| Some(text.find(mark)? + mark.len())).min()?;
    Some((text[..at - 3].trim_end_matches([' ', '\t']), &text[at..]))
}

/// Returns what follows `at ` in a line whose prefix is already removed.
pub(super) fn frame_text(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix("at ")
}

/// Searches upwards from a frame for the line that names the exception.
pub(super) fn find_header(
    lines: &[Line<'_>],
    idx: usize,
    floor: usize,
    prefix: &str,
    header: impl Fn(&str) -> Option<Header>,
) -> Option<(usize, Header)> {
    for above in (floor..idx).rev().take(MAX_MESSAGE_LINES) {
        let whole = lines[above].text();
        let text = without_prefix(whole, prefix);
        let removed = whole.len() - text.len();
        let text = &text[..text.floor_char_boundary(MAX_HEADER_BYTES)];
        if let Some(mut found) = header(text) {
            for line in &lines[above + 1..idx] {
                found.message.push('\n');
                found.message.push_str(without_prefix(line.text(), prefix));
            }
            found.at += removed;
            return Some((above, found));
        }
    }
    None
}

/// Reads `x.y.ZException: message` anywhere in a line, behind a logger's prefix too.
///
/// The type is a dotted name whose last part is capitalised and names an exception, or any dotted name that begins the
/// line, or a bare name that ends like an exception. A colon or the end of the line must follow.
pub(super) fn type_header(line: &str) -> Option<Header> {
    if let Some(at) = line.find("Exception in thread \"") {
        let rest = &line[at + "Exception in thread \"".len()..];
        let (thread, rest) = rest.split_once('"')?;
        let inner = type_header(rest.trim_start())?;
        return Some(Header { at, thread: Some(thread.to_owned()), ..inner });
    }
    let mut at = 0;
    for word in line.split([' ', '\t']) {
        let start = at;
        at += word.len() + 1;
        let name = word.strip_suffix(':').unwrap_or(word);
        let is_last = start + word.len() == line.len();
        if (word.len() == name.len() && !is_last) || !names::is_type_name(name) || name.contains(':') {
            continue;
        }
        let last_part = name.rsplit('.').next().unwrap_or(name);
        let is_dotted = name.contains('.');
        let starts_line = line[..start].trim().is_empty();
        let is_capitalised = last_part.starts_with(char::is_uppercase);
        let is_exception = is_capitalised && names::says_exception(last_part);
        // A bare name before a full one is a word of whoever logged it: these languages print names in full.
        let is_introduction = !is_dotted && line.get(at..).is_some_and(begins_with_full_name);
        if is_introduction {
            continue;
        }
        if is_exception || (is_dotted && starts_line && is_capitalised) {
            let message = line.get(at..).unwrap_or("").trim_start().to_owned();
            return Some(Header { at: start, type_name: name.to_owned(), message, thread: None });
        }
    }
    None
}

/// Tells whether a text begins with `x.y.ZException: `.
fn begins_with_full_name(text: &str) -> bool {
    let word = text.trim_start().split([' ', '\t']).next().unwrap_or_default();
    word.strip_suffix(':').is_some_and(|name| {
        let last_part = name.rsplit('.').next().unwrap_or(name);
        let is_exception = last_part.starts_with(char::is_uppercase) && names::says_exception(last_part);
        name.contains('.') && !name.contains(':') && names::is_type_name(name) && is_exception
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_behind_prefixes() {
        for (line, type_name, message) in [
            ("java.io.IOException: x: y", "java.io.IOException", "x: y"),
            ("2025-01-01 ERROR [main] a.b.Foo - java.lang.Error: no", "java.lang.Error", "no"),
            ("java.lang.StackOverflowError", "java.lang.StackOverflowError", ""),
            ("com.acme.Oops: bad", "com.acme.Oops", "bad"),
            ("MyException: bad", "MyException", "bad"),
            ("Error: java.lang.IllegalStateException: no", "java.lang.IllegalStateException", "no"),
            ("MyException: java.lang: no", "MyException", "java.lang: no"),
        ] {
            let header = type_header(line).unwrap();
            assert_eq!((header.type_name.as_str(), header.message.as_str()), (type_name, message));
        }
        let header = type_header("Exception in thread \"pool-1\" a.BError: x").unwrap();
        assert_eq!((header.thread.as_deref(), header.at), (Some("pool-1"), 0));
        for line in ["line message", "Note: x", "an Exception was thrown", "http://a.b: x"] {
            assert_eq!(type_header(line), None, "{line}");
        }
    }
}
