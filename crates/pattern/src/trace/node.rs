//! JavaScript: Node and browsers.
//!
//! Errors are printed as `inspect` does: properties in braces behind the stack, among them `[cause]` and `[errors]`.
//! Frames an error shares with its cause are left out and are taken from there.

use super::frame_lines::{self, Header, frame_text};
use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace, names};

/// Reads `f (file:l:c)`, `file:l:c`, `async f (…)`, the part behind `at `.
pub(super) fn frame(text: &str) -> Option<Frame> {
    let text = text.trim_end_matches([' ', '{', ',', '[', '}', ']']);
    let (function, place) = match text.strip_suffix(')').and_then(|inner| inner.rsplit_once(" (")) {
        Some((function, place)) => (function, place),
        None => ("", text.strip_prefix("async ").unwrap_or(text)),
    };
    let (file, line) = names::place(place);
    let is_place = line.is_some() || matches!(file, "<anonymous>" | "native") || file.starts_with("index ");
    if !is_place
        || (function.is_empty() && (line.is_none() || file.contains(' ')))
        || place.contains(":line ")
    {
        return None;
    }
    let is_source =
        file.contains(['/', '\\', ':', '<', '.']) || matches!(file, "native") || file.starts_with("index ");
    // A JVM frame has no space before its bracket and a .NET one no column; prose has neither file nor column.
    if !is_source {
        return None;
    }
    let file = file.strip_prefix("file://").unwrap_or(file);
    let file = file.split(['?', '#']).next().unwrap_or(file);
    let module = if file.starts_with('<') || file.starts_with("index ") { "" } else { names::stem(file) };
    Some(Frame {
        module: module.to_owned(),
        function: function_name(function).to_owned(),
        file: file.to_owned(),
        line,
        in_app: is_in_app(file),
    })
}

/// Drops `async`, `new`, the receiver and the alias.
fn function_name(function: &str) -> &str {
    let mut name = function.split(" [as ").next().unwrap_or(function).trim();
    for word in ["async ", "new ", "get ", "set "] {
        name = name.strip_prefix(word).unwrap_or(name);
    }
    match name.rfind('.') {
        Some(dot) if dot + 1 < name.len() => &name[dot + 1..],
        _ => name,
    }
}

fn is_in_app(file: &str) -> bool {
    const HOSTS: [&str; 7] =
        ["cdn.", "unpkg.com", "jsdelivr", "googleapis.com", "gstatic.com", "cloudflare", "cdnjs"];
    !(file.starts_with("node:")
        || file.starts_with("internal/")
        || file.starts_with('<')
        || file.starts_with("index ")
        || file == "native"
        || file.contains("node_modules/")
        || file.contains("webpack/")
        || (file.contains("://") && HOSTS.iter().any(|host| file.contains(host))))
}

/// Reads `TypeError: x`, `[AggregateError: x] {`, `Uncaught Error: x`, `Error [ERR_X]: x`, `error: x`, `error: TypeError: x`.
pub(super) fn header(line: &str) -> Option<Header> {
    let trimmed = line.trim_start();
    let mut at = line.len() - trimmed.len();
    let mut rest = trimmed;
    for word in ["[cause]: ", "Uncaught ", "(in promise) ", "["] {
        if let Some(after) = rest.strip_prefix(word) {
            at += word.len();
            rest = after;
        }
    }
    let first = named(rest, at);
    // What is called `error` may be a logger's level, with the name of a class further on in what was logged.
    if first.as_ref().is_some_and(|found| found.type_name != "error") {
        return first;
    }
    let is_class = |word: &str| {
        ["Error:", "Exception:"].iter().any(|end| word.strip_suffix(end).is_some_and(|name| !name.is_empty()))
    };
    // Behind a logger's prefix, only a name that ends like an error counts.
    let mut start = 0;
    let is_bracketed = rest.trim_end_matches([' ', '{']).ends_with(']');
    for word in rest.split(' ') {
        // Asking only words that end like an error keeps long lines cheap.
        let name = word.strip_suffix(':').unwrap_or(word);
        // Without frames of its own an error stands in brackets.
        let n_brackets = usize::from(is_bracketed && name.starts_with('['));
        if start > 0
            && names::says_exception(name)
            && (first.is_none() || is_class(&word[n_brackets..]))
            && let Some(found) = named(&rest[start + n_brackets..], at + start + n_brackets)
            && found.type_name.starts_with(char::is_uppercase)
        {
            return Some(found);
        }
        start += word.len() + 1;
    }
    first
}

/// Tells whether a line is an error without frames of its own, whose properties follow: `[AggregateError: x] {`.
pub(super) fn is_open_bracket(line: &str) -> bool {
    let text = line.trim_end();
    text.strip_suffix('{').is_some_and(|text| text.trim_end().ends_with(']')) && header(line).is_some()
}

/// Reads `TypeError: x`, and the error inside of what only speaks of one: `error: TypeError: x`.
fn named(text: &str, at: usize) -> Option<Header> {
    const MAX_INTRODUCTIONS: usize = 3;
    let text = text.trim_end_matches([' ', '{', '[']).trim_end_matches(']');
    let (name, message) = split_name(text);
    let is_error = names::says_exception(name) || matches!(name, "error" | "DOMException");
    if !is_error || !names::is_type_name(name) {
        return None;
    }
    let (mut name, mut message) = (name, message);
    for _ in 0..MAX_INTRODUCTIONS {
        let inner = message.strip_prefix('[').unwrap_or(message);
        let (inner_name, inner_message) = split_name(inner);
        let is_type = names::is_type_name(inner_name) && inner_name.starts_with(char::is_uppercase);
        let is_introduced = match name {
            // A level before an error; before other text it is what some libraries call their errors.
            "error" if inner_name == "error" => true,
            "error" | "Warning" => is_type && names::says_exception(inner_name),
            "UnhandledPromiseRejectionWarning" | "UnhandledPromiseRejection" => {
                is_type && inner.contains(": ")
            }
            _ => false,
        };
        if !is_introduced {
            break;
        }
        (name, message) = (inner_name, inner_message);
    }
    let skipped = name.as_ptr().addr() - text.as_ptr().addr();
    Some(Header { at: at + skipped, type_name: name.to_owned(), message: message.to_owned(), thread: None })
}

/// Splits `Error [ERR_X]: x`, with or without code and message.
fn split_name(text: &str) -> (&str, &str) {
    let (head, message) = text.split_once(": ").unwrap_or((text.strip_suffix(':').unwrap_or(text), ""));
    (head.split(" [").next().unwrap_or(head), message)
}

/// Reads a trace whose first frame stands at a line.
pub(super) fn read(lines: &[Line<'_>], idx: usize, floor: usize, prefix: &str) -> Read {
    let found = frame_lines::find_header(lines, idx, floor, prefix, header)
        .or_else(|| previous_line_header(lines, idx, floor, prefix));
    let (mut start_idx, mut found) = match found {
        Some(found) => found,
        None => {
            let next = lines.get(idx + 1)?;
            frame(frame_text(without_prefix(next.text(), prefix))?)?;
            (idx, Header { at: 0, type_name: String::new(), message: String::new(), thread: None })
        }
    };
    let mut first_frame = idx;
    // The first frame may be that of a member, in a group that has no frames of its own.
    if start_idx >= floor + 2
        && without_prefix(lines[start_idx - 1].text(), prefix).trim() == "[errors]: ["
        && let Some(group) = header(without_prefix(lines[start_idx - 2].text(), prefix))
    {
        first_frame = start_idx - 1;
        start_idx -= 2;
        found = group;
    }
    let start = lines[start_idx].place(found.at);
    let mut reader = Reader { lines, prefix, next: first_frame };
    let error = reader.error(found.type_name, found.message);
    let next = reader.next;
    let trace = error.into_trace(start..lines[next - 1].end);
    Some((trace, next))
}

/// Any `name: message` directly above the first frame names the error, whatever it is called.
fn previous_line_header(
    lines: &[Line<'_>],
    idx: usize,
    floor: usize,
    prefix: &str,
) -> Option<(usize, Header)> {
    let above = idx.checked_sub(1).filter(|&above| above >= floor)?;
    let text = without_prefix(lines[above].text(), prefix);
    let (name, message) = text.split_once(": ").unwrap_or((text, ""));
    let header = Header { at: 0, type_name: name.to_owned(), message: message.to_owned(), thread: None };
    (names::is_type_name(name) && name.len() < 80).then_some((above, header))
}

/// An error as `inspect` prints it.
struct Printed {
    type_name: String,
    message: String,
    frames: Vec<Frame>,
    cause: Option<Box<Self>>,
    members: Vec<Trace>,
}

impl Printed {
    fn into_trace(self, range: std::ops::Range<usize>) -> Trace {
        let (mut chain, mut members) = (Vec::new(), Vec::new());
        let mut relation = Relation::Outermost;
        let mut current = Some(Box::new(self));
        while let Some(error) = current {
            members = error.members;
            let Self { type_name, message, frames, cause, .. } = *error;
            chain.push(Exception { type_name, message, frames, relation });
            relation = Relation::Cause;
            current = cause;
        }
        let root_idx = chain.len() - 1;
        Trace { language: Language::Node, range, chain, root_idx, members, thread: None }
    }
}

struct Reader<'r> {
    lines: &'r [Line<'r>],
    prefix: &'r str,
    next: usize,
}

impl<'r> Reader<'r> {
    fn text(&self) -> Option<&'r str> {
        self.lines.get(self.next).map(|line| without_prefix(line.text(), self.prefix))
    }

    /// Reads the frames and properties of an error whose header has been read.
    fn error(&mut self, type_name: String, message: String) -> Printed {
        let mut error = Printed { type_name, message, frames: Vec::new(), cause: None, members: Vec::new() };
        let mut left_out = None;
        let mut has_properties = self.next > 0 && self.lines[self.next - 1].text().trim_end().ends_with('{');
        while let Some(text) = self.text() {
            let trimmed = text.trim();
            if let Some(frame) = frame_text(text).and_then(frame) {
                error.frames.push(frame);
                has_properties = trimmed.ends_with('{');
            } else if let Some(n_frames) = left_out_frames(trimmed) {
                left_out = Some((error.frames.len(), n_frames));
            } else {
                break;
            }
            self.next += 1;
            if has_properties {
                break;
            }
        }
        if has_properties || self.text().is_some_and(|text| text.trim() == "[errors]: [") {
            self.properties(&mut error);
        }
        if let (Some((at, n_frames)), Some(cause)) = (left_out, &error.cause) {
            let n_behind = error.frames.len() - at;
            let end = cause.frames.len().saturating_sub(n_behind);
            let shared = cause.frames[end.saturating_sub(n_frames)..end].to_vec();
            error.frames.splice(at..at, shared);
        }
        error
    }

    /// Reads up to the brace that closes the properties.
    fn properties(&mut self, error: &mut Printed) {
        while let Some(text) = self.text() {
            let trimmed = text.trim();
            if let Some(rest) = trimmed.strip_prefix("[cause]: ") {
                self.next += 1;
                let found = header(rest).unwrap_or_else(|| Header {
                    at: 0,
                    type_name: String::new(),
                    message: rest.to_owned(),
                    thread: None,
                });
                error.cause = Some(Box::new(self.error(found.type_name, found.message)));
                continue;
            }
            if trimmed == "[errors]: [" {
                self.next += 1;
                self.members(error);
                continue;
            }
            if frame_text(text).and_then(frame).is_some() {
                return;
            }
            self.next += 1;
            if matches!(trimmed, "}" | "},") {
                return;
            }
        }
    }

    fn members(&mut self, error: &mut Printed) {
        while let Some(text) = self.text() {
            if text.trim().starts_with(']') {
                self.next += 1;
                return;
            }
            let Some(found) = header(text) else {
                self.next += 1;
                continue;
            };
            let start = self.lines[self.next].start;
            self.next += 1;
            while self.text().is_some_and(|text| frame_text(text).is_none() && !text.trim().starts_with(']'))
            {
                self.next += 1;
            }
            let member = self.error(found.type_name, found.message);
            error.members.push(member.into_trace(start..self.lines[self.next - 1].end));
        }
    }
}

/// Reads the number in `... 4 lines matching cause stack trace ...`.
fn left_out_frames(text: &str) -> Option<usize> {
    text.strip_prefix("... ")?.strip_suffix(" lines matching cause stack trace ...")?.parse().ok()
}

/// Reads stacks of Firefox and Safari, `f@http://h/a.js:1:2` on each line.
pub(super) fn read_browser(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    browser_frame(lines[idx].text())?;
    let mut next = idx;
    let mut frames = Vec::new();
    while let Some(frame) = lines.get(next).and_then(|line| browser_frame(line.text())) {
        frames.push(frame);
        next += 1;
    }
    let above =
        idx.checked_sub(1).filter(|&above| above >= floor).and_then(|above| header(lines[above].text()));
    if above.is_none() && frames.len() < 2 {
        return None;
    }
    let start_idx = if above.is_some() { idx - 1 } else { idx };
    let (type_name, message) = above.map(|found| (found.type_name, found.message)).unwrap_or_default();
    let printed = Printed { type_name, message, frames, cause: None, members: Vec::new() };
    Some((printed.into_trace(lines[start_idx].start..lines[next - 1].end), next))
}

/// Reads `f@http://h/a.js:1:2`.
pub(super) fn browser_frame(line: &str) -> Option<Frame> {
    let (function, place) = line.trim().split_once('@')?;
    let has_scheme =
        ["http://", "https://", "file://", "app://", "webpack://", "moz-extension://", "safari-extension://"]
            .iter()
            .any(|scheme| place.starts_with(scheme));
    if !has_scheme || function.contains(' ') {
        return None;
    }
    let function = function.trim_end_matches(['/', '<']);
    frame(&format!("{} ({place})", if function.is_empty() { "<anonymous>" } else { function }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_lose_receiver_alias_and_hash() {
        for (text, expected, in_app) in [
            ("run (/app/a.js:5:9)", "a.run", true),
            ("Object.<anonymous> (/srv/app/a.js:8:55)", "a.<anonymous>", true),
            (
                "Function.executeUserEntryPoint [as runMain] (node:internal/modules/run_main:164:12)",
                "node:internal/modules/run_main.executeUserEntryPoint",
                false,
            ),
            ("async Foo.bar (/app/node_modules/x/i.js:1:2)", "i.bar", false),
            ("new Fn (file:///app/b.mjs:1:2)", "b.Fn", true),
            ("/app/main-16e4a906f.js:1:2", "main", true),
            ("async Promise.all (index 0)", "all", false),
        ] {
            let frame = frame(text).unwrap();
            let expected = expected.rsplit('/').next().unwrap();
            assert_eq!((frame.name().as_str(), frame.in_app), (expected, in_app), "{text}");
        }
        for text in ["line 3", "noon we left", "12:30:15", "A.B(C.java:3)"] {
            assert_eq!(frame(text), None, "{text}");
        }
        assert_eq!(browser_frame("run@http://h/a.js:5:9").unwrap().name(), "a.run");
        assert_eq!(browser_frame("mail me@example.org:1:2"), None);
    }
}
