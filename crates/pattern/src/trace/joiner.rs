//! Puts traces together whose lines were logged as entries of their own.
//!
//! The caller feeds the entries of many streams (a process, an instance) in time order. Where an entry begins a trace, the
//! following ones of the same stream are taken in as long as they come within a second of the one before and the grammar
//! of the language accepts their lines. Only what was joined from two entries or more is reported.
//!
//! ```text
//! Error: first line           begins                        ◄─ gets the exception
//! second line                 held: a message, or the next thing logged
//!     at run (/app/a.js:5:9)  belongs, and so does what was held
//! next message                ends the trace
//! ```
//!
//! A line that says nothing by its form is held until one comes that does. Time does not go on for what is held, so that a
//! trace is never further from the lines that show it to go on than a second. If none comes, what was held is read again,
//! as if the trace had not been there: it may hold the beginning of another.

mod grammar;

use grammar::{Expect, Step, accept, begin_line};
use regex_automata::meta::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Entries further apart than this do not belong to one trace, in nanoseconds.
pub const MAX_GAP_NS: i64 = 1_000_000_000;
/// A trace of more entries than this is cut; deeper stacks add nothing.
const MAX_ENTRIES: usize = 5000;
/// More lines than this are no message; the readers look no further either.
const MAX_HELD_LINES: usize = super::frame_lines::MAX_MESSAGE_LINES;

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

/// How far the lines of an entry, or of several, were understood.
#[derive(Debug, Clone, Copy)]
struct State {
    expect: Expect,
    /// Lines held since the last that belongs.
    n_held: usize,
}

/// An entry that was taken in.
#[derive(Debug)]
struct Taken {
    entry: u64,
    time_ns: i64,
    /// Where its text ends in that of the trace.
    end: usize,
}

#[derive(Debug)]
struct Pending {
    taken: Vec<Taken>,
    text: String,
    state: State,
    /// How many of the entries belong to the trace; those behind them are held.
    n_firm: usize,
}

impl Pending {
    fn new(time_ns: i64, entry: u64, text: &str, state: State) -> Self {
        let taken = vec![Taken { entry, time_ns, end: text.len() }];
        Self { taken, text: text.to_owned(), state, n_firm: 1 }
    }

    /// The time from which the second counts.
    fn last_ns(&self) -> i64 {
        self.taken[self.n_firm - 1].time_ns
    }

    /// Takes an entry in, or says that it does not go on with the trace.
    fn take(&mut self, time_ns: i64, entry: u64, text: &str) -> bool {
        if time_ns.saturating_sub(self.last_ns()) > MAX_GAP_NS || self.taken.len() >= MAX_ENTRIES {
            return false;
        }
        let Some((state, belongs)) = accept_all(self.state, text) else { return false };
        self.state = state;
        self.text.push('\n');
        self.text.push_str(text);
        self.taken.push(Taken { entry, time_ns, end: self.text.len() });
        if belongs {
            self.n_firm = self.taken.len();
        }
        true
    }
}

/// The traces being put together, one a stream.
#[derive(Debug, Default)]
pub struct Joiner {
    streams: BTreeMap<String, Pending>,
}

impl Joiner {
    /// Takes the next entry of a stream and returns the traces that it showed to be complete.
    ///
    /// Entries must come in time order within their stream. `entry` is any number by which the caller knows the entry.
    pub fn feed(&mut self, stream: &str, time_ns: i64, entry: u64, text: &str) -> Vec<Joined> {
        let mut done = Vec::new();
        self.feed_into(stream, time_ns, entry, text, &mut done);
        done
    }

    fn feed_into(&mut self, stream: &str, time_ns: i64, entry: u64, text: &str, done: &mut Vec<Joined>) {
        // What was held by a trace that ended may have begun another; each has fewer entries than the one before.
        while let Some(pending) = self.streams.get_mut(stream) {
            if pending.take(time_ns, entry, text) {
                return;
            }
            self.close(stream, done);
        }
        if may_hold_beginning(text)
            && let Some(state) = begin(text)
        {
            self.streams.insert(stream.to_owned(), Pending::new(time_ns, entry, text, state));
        }
    }

    /// Ends the trace of a stream. What it held is taken in anew, so that another may be open afterwards.
    fn close(&mut self, stream: &str, done: &mut Vec<Joined>) {
        let Some(Pending { taken, text, n_firm, .. }) = self.streams.remove(stream) else { return };
        let (firm, held) = taken.split_at(n_firm);
        let end = firm[n_firm - 1].end;
        if n_firm > 1 {
            done.push(Joined {
                stream: stream.to_owned(),
                entries: firm.iter().map(|taken| taken.entry).collect(),
                text: text[..end].to_owned(),
            });
        }
        let mut start = end;
        for Taken { entry, time_ns, end } in held {
            self.feed_into(stream, *time_ns, *entry, &text[start + 1..*end], done);
            start = *end;
        }
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
        self.close_all(|pending| now_ns.saturating_sub(pending.last_ns()) > MAX_GAP_NS)
    }

    /// Returns what is still open, by stream name.
    #[must_use]
    pub fn finish(mut self) -> Vec<Joined> {
        self.close_all(|_| true)
    }

    fn close_all(&mut self, is_over: impl Fn(&Pending) -> bool) -> Vec<Joined> {
        let over = self.streams.iter().filter(|(_, pending)| is_over(pending));
        let streams: Vec<String> = over.map(|(stream, _)| stream.clone()).collect();
        let mut done = Vec::new();
        for stream in streams {
            while self.streams.get(&stream).is_some_and(&is_over) {
                self.close(&stream, &mut done);
            }
        }
        done
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
            "PHP Fatal",
            r"\.rb:",
            " line [0-9]",
            "rror",
            "xception",
            "hrowable",
            "UnhandledPromise",
        ];
        Regex::new(&literals.join("|")).expect("the anchors are valid regexes")
    });
    ANCHORS.is_match(text)
}

/// Tells whether an entry of this text may be a later one of several that hold one trace. Only an unindented free line of
/// a panic's message is not told by its form; other free lines are held until one comes that is.
#[must_use]
pub fn may_continue(text: &str) -> bool {
    text.lines().any(|line| {
        Expect::TOLD_BY_FORM.iter().any(|expect| matches!(accept(*expect, line), Some(Step::Belongs(_))))
    })
}

/// Decides whether an entry begins a trace, reading all its lines.
fn begin(text: &str) -> Option<State> {
    let mut state = None;
    for line in text.lines() {
        state = state.and_then(|state| Some(accept_line(state, line)?.0)).or_else(|| {
            let expect = begin_line(line)?;
            Some(State { expect, n_held: 0 })
        });
    }
    state
}

/// Returns the state behind all lines of a text, and whether one of them belongs to the trace.
fn accept_all(state: State, text: &str) -> Option<(State, bool)> {
    if text.is_empty() {
        return accept_line(state, "");
    }
    let (mut state, mut belongs) = (state, false);
    for line in text.lines() {
        let (next, this_belongs) = accept_line(state, line)?;
        (state, belongs) = (next, belongs || this_belongs);
    }
    Some((state, belongs))
}

fn accept_line(state: State, line: &str) -> Option<(State, bool)> {
    match accept(state.expect, line)? {
        Step::Belongs(expect) => Some((State { expect, n_held: 0 }, true)),
        Step::Held(_) if state.n_held >= MAX_HELD_LINES => None,
        Step::Held(expect) => Some((State { expect, n_held: state.n_held + 1 }, false)),
    }
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
        joined.sort_by_key(|trace| trace.entries[0]);
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

    #[test]
    fn what_was_held_is_read_again() {
        let joined = join(&[
            ("a", 0, "Traceback (most recent call last):"),
            ("a", 1, "  File \"x.py\", line 3, in f"),
            ("a", 2, "KeyError: 'k'"),
            ("a", 3, "serving"),
            ("a", 4, "java.io.IOException: no"),
            ("a", 5, "\tat a.B.c(B.java:3)"),
            ("a", 6, "serving"),
            ("a", 7, "Error: cannot load"),
            ("a", 8, "the item"),
            ("a", 9, "    at run (/app/a.js:5:9)"),
        ]);
        let entries: Vec<_> = joined.iter().map(|trace| trace.0.clone()).collect();
        assert_eq!(entries, [vec![0, 1, 2], vec![4, 5], vec![7, 8, 9]]);
    }

    #[test]
    fn held_lines_do_not_reach_further_than_a_second_nor_are_they_many() {
        let frame = "    at run (/app/a.js:5:9)";
        let late = [("a", 0, "Error: no"), ("a", MAX_GAP_NS, "more"), ("a", MAX_GAP_NS + 1, frame)];
        assert!(join(&late).is_empty());
        let with_lines = |n_lines: usize| {
            let mut lines = vec![("a", 0, "Error: no")];
            lines.extend(vec![("a", 1, "more"); n_lines]);
            lines.push(("a", 2, frame));
            join(&lines).len()
        };
        assert_eq!((with_lines(MAX_HELD_LINES), with_lines(MAX_HELD_LINES + 1)), (1, 0));
    }

    #[test]
    fn lines_that_only_look_like_frames_end_a_trace() {
        let begun =
            |lines: [&'static str; 3]| join(&[("a", 0, lines[0]), ("a", 1, lines[1]), ("a", 2, lines[2])]);
        for (lines, n_entries) in [
            (["java.io.IOException: no", "\tat a.B.c(B.java:3)", "at 12:30 we left (all)"], 2),
            (["java.io.IOException: no", "\tat a.B.c(B.java:3)", "... and so on"], 2),
            (["Error: no", "    at run (/app/a.js:5:9)", "}"], 2),
            (["panic: boom", "goroutine 1 [running]:", "request done (ok)"], 2),
            (["a.pl failed at a.pl line 3.", "\tmain::f() called at a.pl line 9", "x called at home"], 2),
        ] {
            let joined = begun(lines);
            assert_eq!(
                joined.iter().map(|trace| trace.0.len()).collect::<Vec<_>>(),
                [n_entries],
                "{lines:?}"
            );
        }
    }
}
