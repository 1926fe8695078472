//! Puts traces together whose lines were logged as entries of their own.
//!
//! The caller feeds the entries of many streams (a process, an instance) in time order. Where an entry begins a trace, the
//! following ones of the same stream are taken in as long as they come within a second of the one before and the grammar
//! of the language accepts their lines. Only what was joined from two entries or more is reported.

use regex_automata::meta::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Entries further apart than this do not belong to one trace, in nanoseconds.
pub const MAX_GAP_NS: i64 = 1_000_000_000;
/// A trace of more lines than this is cut; deeper stacks add nothing.
const MAX_LINES: usize = 5000;

/// A trace put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The stream its entries came from.
    pub stream: String,
    /// The caller's numbers of its entries, in order; at least two.
    pub entries: Vec<u64>,
    /// Their texts, one line end between each two.
    pub text: String,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// Python: frames and source lines, then the exception.
    PythonStack,
    /// Python: the exception was there; a sentence about the next one may follow.
    PythonDone,
    /// Python: after that sentence, another stack.
    PythonAgain,
    /// A named exception: its first frame must follow.
    FrameFirst,
    /// `at` frames, causes, omissions.
    Frames,
    /// A Rust panic: message, then the stack.
    RustMessage,
    /// Rust frames and notes.
    RustStack,
    /// Go: everything up to the end of the dump.
    GoHead,
    /// Go: calls and places.
    GoStack,
    /// Ruby: `from` lines.
    RubyStack,
    /// PHP: numbered lines.
    PhpStack,
}

#[derive(Debug)]
struct Pending {
    entries: Vec<u64>,
    text: String,
    n_lines: usize,
    last_ns: i64,
    expect: Expect,
}

/// The traces being put together, one a stream.
#[derive(Debug, Default)]
pub struct Joiner {
    streams: BTreeMap<String, Pending>,
}

impl Joiner {
    /// Takes the next entry of a stream and returns a trace that it showed to be complete.
    ///
    /// Entries must come in time order within their stream. `entry` is any number by which the caller knows the entry.
    pub fn feed(&mut self, stream: &str, time_ns: i64, entry: u64, text: &str) -> Option<Joined> {
        if let Some(pending) = self.streams.get_mut(stream) {
            let in_time =
                time_ns.saturating_sub(pending.last_ns) <= MAX_GAP_NS && pending.n_lines < MAX_LINES;
            if in_time && let Some(expect) = accept_all(pending.expect, text) {
                pending.entries.push(entry);
                pending.text.push('\n');
                pending.text.push_str(text);
                pending.n_lines += 1;
                pending.last_ns = time_ns;
                pending.expect = expect;
                return None;
            }
        }
        let done = self.streams.remove(stream).and_then(|pending| complete(stream, pending));
        if let Some(expect) = begin(text) {
            let pending =
                Pending { entries: vec![entry], text: text.to_owned(), n_lines: 1, last_ns: time_ns, expect };
            self.streams.insert(stream.to_owned(), pending);
        }
        done
    }

    /// Says whether no trace is open.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.streams.is_empty()
    }

    /// Says whether a trace of this stream is open.
    #[must_use]
    pub fn is_open(&self, stream: &str) -> bool {
        self.streams.contains_key(stream)
    }

    /// Ends every trace that an entry at `now_ns` or later comes too late for, and returns those of two entries or more.
    pub fn expire(&mut self, now_ns: i64) -> Vec<Joined> {
        let is_over = |pending: &Pending| now_ns.saturating_sub(pending.last_ns) > MAX_GAP_NS;
        let over = self.streams.extract_if(.., |_, pending| is_over(pending));
        over.filter_map(|(stream, pending)| complete(&stream, pending)).collect()
    }

    /// Returns what is still open, by stream name.
    #[must_use]
    pub fn finish(self) -> Vec<Joined> {
        self.streams.into_iter().filter_map(|(stream, pending)| complete(&stream, pending)).collect()
    }
}

/// Tells whether an entry of this text may be the first of several that hold one trace.
///
/// Cost: one search for anchors, unless there is one.
#[must_use]
pub fn may_begin(text: &str) -> bool {
    may_hold_beginning(text) && begin(text).is_some()
}

/// Tells whether a text may hold another that [`may_begin`] says yes to; `false` means that it does not.
#[must_use]
pub fn may_hold_beginning(text: &str) -> bool {
    static ANCHORS: LazyLock<Regex> = LazyLock::new(|| {
        let literals = [
            r"Traceback \(most recent",
            "panicked at ",
            "panic: ",
            "panic serving ",
            "fatal error: ",
            "goroutine ",
            "Stack trace:",
            r"\.rb:",
            "rror",
            "xception",
            "hrowable",
        ];
        Regex::new(&literals.join("|")).expect("the anchors are valid regexes")
    });
    ANCHORS.is_match(text)
}

/// Tells whether an entry of this text may be a later one of several that hold one trace. Only an unindented free line of
/// a panic's message is not told by its form.
#[must_use]
pub fn may_continue(text: &str) -> bool {
    const STATES: [Expect; 10] = [
        Expect::PythonStack,
        Expect::PythonDone,
        Expect::PythonAgain,
        Expect::FrameFirst,
        Expect::Frames,
        Expect::RustStack,
        Expect::GoHead,
        Expect::GoStack,
        Expect::RubyStack,
        Expect::PhpStack,
    ];
    let first = text.lines().next().unwrap_or_default();
    first.starts_with("stack backtrace:") || STATES.iter().any(|state| accept(*state, first).is_some())
}

fn complete(stream: &str, pending: Pending) -> Option<Joined> {
    (pending.entries.len() > 1).then(|| Joined {
        stream: stream.to_owned(),
        entries: pending.entries,
        text: pending.text,
    })
}

/// Decides whether an entry begins a trace, reading all its lines.
fn begin(text: &str) -> Option<Expect> {
    let mut expect = None;
    for line in text.lines() {
        expect = match expect {
            Some(state) => accept(state, line).or_else(|| begin_line(line)),
            None => begin_line(line),
        };
    }
    expect
}

fn begin_line(line: &str) -> Option<Expect> {
    if line.contains("Traceback (most recent call last):") {
        return Some(Expect::PythonStack);
    }
    if line.contains("thread '") && line.contains("panicked at ") {
        return Some(Expect::RustMessage);
    }
    if line.starts_with("panic: ")
        || line.starts_with("fatal error: ")
        || line.contains("http: panic serving ")
    {
        return Some(Expect::GoHead);
    }
    if line.starts_with("goroutine ") && line.trim_end().ends_with("]:") {
        return Some(Expect::GoStack);
    }
    if line.contains("Stack trace:") {
        return Some(Expect::PhpStack);
    }
    if line.contains(".rb:") && line.contains(":in ") {
        return Some(Expect::RubyStack);
    }
    let names_exception = super::frame_lines::type_header(line).is_some();
    names_exception.then_some(Expect::FrameFirst)
}

fn accept_all(mut expect: Expect, text: &str) -> Option<Expect> {
    if text.is_empty() {
        return accept(expect, "");
    }
    for line in text.lines() {
        expect = accept(expect, line)?;
    }
    Some(expect)
}

fn accept(expect: Expect, line: &str) -> Option<Expect> {
    let trimmed = line.trim_start();
    let indented = line.len() > trimmed.len();
    match expect {
        Expect::PythonStack if indented || trimmed.starts_with("File \"") => Some(Expect::PythonStack),
        Expect::PythonStack if trimmed.is_empty() => None,
        Expect::PythonStack => {
            let name = trimmed.split(':').next().unwrap_or(trimmed).trim();
            super::names::is_type_name(name).then_some(Expect::PythonDone)
        }
        Expect::PythonDone if trimmed.is_empty() => Some(Expect::PythonDone),
        Expect::PythonDone => {
            let goes_on = trimmed.starts_with("During handling of the above")
                || trimmed.starts_with("The above exception was");
            goes_on.then_some(Expect::PythonAgain)
        }
        Expect::PythonAgain if trimmed.is_empty() => Some(Expect::PythonAgain),
        Expect::PythonAgain => trimmed.starts_with("Traceback (most").then_some(Expect::PythonStack),
        Expect::FrameFirst => is_at_frame(trimmed).then_some(Expect::Frames),
        Expect::Frames => {
            let goes_on = is_at_frame(trimmed)
                || ["... ", "Caused by: ", "Suppressed: ", "--- End of", "[cause]: ", "}"]
                    .iter()
                    .any(|s| trimmed.starts_with(s));
            goes_on.then_some(Expect::Frames)
        }
        Expect::RustMessage if trimmed.starts_with("stack backtrace:") || trimmed.starts_with("note: ") => {
            Some(Expect::RustStack)
        }
        Expect::RustMessage => (!trimmed.is_empty()).then_some(Expect::RustMessage),
        Expect::RustStack => {
            let numbered = trimmed
                .split_once(": ")
                .is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
            (numbered || trimmed.starts_with("at ") || trimmed.starts_with("note: "))
                .then_some(Expect::RustStack)
        }
        Expect::GoHead => {
            if trimmed.starts_with("goroutine ") {
                return Some(Expect::GoStack);
            }
            (trimmed.is_empty() || trimmed.starts_with("[signal ") || trimmed.starts_with("panic: "))
                .then_some(Expect::GoHead)
        }
        Expect::GoStack => {
            let is_call = !indented && trimmed.contains('(') && trimmed.ends_with(')');
            let is_place = indented && trimmed.contains(".go:");
            let is_mark =
                ["goroutine ", "created by ", "exit status "].iter().any(|s| trimmed.starts_with(s));
            (trimmed.is_empty() || is_call || is_place || is_mark).then_some(Expect::GoStack)
        }
        Expect::RubyStack => (trimmed.starts_with("from ")
            || (trimmed.contains(".rb:") && trimmed.contains(":in ")))
        .then_some(Expect::RubyStack),
        Expect::PhpStack => {
            (trimmed.starts_with('#') || trimmed.starts_with("thrown in ")).then_some(Expect::PhpStack)
        }
    }
}

fn is_at_frame(trimmed: &str) -> bool {
    trimmed.starts_with("at ") && (trimmed.contains('(') || trimmed.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(entries: &[(&str, i64, &str)]) -> Vec<(Vec<u64>, String)> {
        let mut joiner = Joiner::default();
        let mut joined = Vec::new();
        for (number, (stream, time, text)) in (0..).zip(entries) {
            joined.extend(joiner.feed(stream, *time, number, text));
        }
        joined.extend(joiner.finish());
        joined.into_iter().map(|trace| (trace.entries, trace.text)).collect()
    }

    #[test]
    fn lines_of_two_streams_are_kept_apart() {
        let joined = join(&[
            ("a", 0, "Traceback (most recent call last):"),
            ("b", 1, "hello"),
            ("a", 2, "  File \"x.py\", line 3, in f"),
            ("b", 3, "java.io.IOException: no"),
            ("a", 4, "    boom()"),
            ("b", 5, "\tat a.B.c(B.java:3)"),
            ("a", 6, "KeyError: 'k'"),
            ("a", 7, "next message"),
            ("b", 8, "done"),
        ]);
        let entries: Vec<_> = joined.iter().map(|trace| trace.0.clone()).collect();
        assert_eq!(entries, [vec![0, 2, 4, 6], vec![3, 5]]);
        assert_eq!(super::super::find(&joined[0].1)[0].root().type_name, "KeyError");
        assert_eq!(super::super::find(&joined[1].1)[0].root().type_name, "java.io.IOException");
    }

    #[test]
    fn a_pause_or_another_line_ends_a_trace() {
        let header = "Traceback (most recent call last):";
        assert!(join(&[("a", 0, header), ("a", MAX_GAP_NS + 1, "  File \"x.py\", line 3, in f")]).is_empty());
        assert!(join(&[("a", 0, "java.io.IOException: no"), ("a", 1, "a message")]).is_empty());
        let two = join(&[
            ("a", 0, header),
            ("a", 1, "  File \"x.py\", line 3, in f"),
            ("a", 2, header),
            ("a", 3, "    x()"),
        ]);
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn chains_go_on_after_their_sentence() {
        let joined = join(&[
            ("a", 0, "Traceback (most recent call last):\n  File \"x.py\", line 3, in f\nKeyError: 'k'"),
            ("a", 1, ""),
            ("a", 2, "During handling of the above exception, another exception occurred:"),
            ("a", 3, ""),
            ("a", 4, "Traceback (most recent call last):\n  File \"x.py\", line 5, in g\nValueError: v"),
        ]);
        assert_eq!(joined[0].0, [0, 1, 2, 3, 4]);
        assert_eq!(super::super::find(&joined[0].1)[0].chain.len(), 2);
    }
}
