//! Finds exceptions with their stacks inside the text of an entry.
//!
//! A cheap search for anchors decides whether a text can hold a trace at all; nearly all texts end there. Then each line is
//! asked whether it begins a trace of some language, and that language's line machine reads on from it. Text before a trace
//! is the message, text behind it a remainder; both are the caller's.
//!
//! Texts come as logs have them: several traces in one entry, a prefix on every line, the whole trace on one line with
//! escaped line ends, colour codes between. All this is undone before the line machines look.

mod lines;

mod csharp;
mod dart;
mod frame_lines;
mod go;
mod java;
mod node;
mod perl;
mod php;
mod python;
mod ruby;
mod rust_lang;

mod joiner;
mod names;

pub use joiner::{Joined, Joiner, MAX_GAP_NS, may_begin, may_continue, may_hold_beginning};

use crate::fingerprint::exception_key;
use lines::Line;
use regex_automata::meta::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// The language whose runtime wrote a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Language {
    /// Python.
    Python = 0,
    /// Java, Kotlin, Scala, Clojure, Groovy.
    Java = 1,
    /// JavaScript: Node and browsers.
    Node = 2,
    /// Go.
    Go = 3,
    /// Rust.
    Rust = 4,
    /// C# and the other .NET languages.
    CSharp = 5,
    /// Ruby.
    Ruby = 6,
    /// PHP.
    Php = 7,
    /// Dart.
    Dart = 8,
    /// Perl.
    Perl = 9,
}

impl Language {
    /// Returns the name in lower case, as shown and stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Java => "java",
            Self::Node => "node",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::CSharp => "csharp",
            Self::Ruby => "ruby",
            Self::Php => "php",
            Self::Dart => "dart",
            Self::Perl => "perl",
        }
    }
}

/// One call on a stack, with names already freed from what changes between builds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// Module, class or package; the base name of the file without its ending where the language prints nothing better.
    pub module: String,
    /// Function or method; empty where only a file is known.
    pub function: String,
    /// The file as printed, or empty.
    pub file: String,
    /// The line in the file.
    pub line: Option<u32>,
    /// Whether the frame is the program's own, not a library's or the runtime's.
    pub in_app: bool,
}

impl Frame {
    /// Returns module and function as one name, `module.function`; what keys are made of.
    #[must_use]
    pub fn name(&self) -> String {
        match (self.module.is_empty(), self.function.is_empty()) {
            (false, false) => format!("{}.{}", self.module, self.function),
            (false, true) => self.module.clone(),
            (true, false) => self.function.clone(),
            (true, true) => names::base_name(&self.file).to_owned(),
        }
    }
}

/// How an exception came into a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The exception that ended the program or was logged; always first.
    Outermost,
    /// The cause of the one before it.
    Cause,
    /// Being handled when the one before it was raised; not its cause.
    Context,
}

/// One exception of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The type as printed, or empty; `panic` for Go and Rust.
    pub type_name: String,
    /// The message, of several lines where it has them.
    pub message: String,
    /// The stack, from the failure outwards, shortened stacks completed from the enclosing trace.
    pub frames: Vec<Frame>,
    /// How it came into the chain.
    pub relation: Relation,
}

/// A trace found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Who wrote it.
    pub language: Language,
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
    /// The exceptions, outermost first; never empty.
    pub chain: Vec<Exception>,
    /// The index in `chain` of the root cause, which gives the key.
    pub root_idx: usize,
    /// For a group of exceptions (`ExceptionGroup`, `AggregateError`), its members.
    pub members: Vec<Self>,
    /// The thread, as printed.
    pub thread: Option<String>,
}

impl Trace {
    /// Returns the exception that ended the program or was logged.
    #[must_use]
    pub fn outermost(&self) -> &Exception {
        &self.chain[0]
    }

    /// Returns the root cause; for a group whose members are one bug, that of its first member, as the key is theirs.
    #[must_use]
    pub fn root(&self) -> &Exception {
        match self.members.split_first() {
            Some((first, others))
                if self.is_group()
                    && others.iter().all(|member| exception_key(member) == exception_key(first)) =>
            {
                first.root()
            }
            _ => self.own_root(),
        }
    }

    /// Returns the root cause within the chain, members of a group aside.
    pub(crate) fn own_root(&self) -> &Exception {
        &self.chain[self.root_idx]
    }

    /// Tells whether the root cause is a group of exceptions.
    pub(crate) fn is_group(&self) -> bool {
        !self.members.is_empty() && self.root_idx + 1 == self.chain.len()
    }

    /// Returns the frame of the program's own code nearest to the root failure; where a group has none, its first member's.
    #[must_use]
    pub fn top_in_app_frame(&self) -> Option<&Frame> {
        let own = self.root().frames.iter().find(|frame| frame.in_app);
        own.or_else(|| self.members.iter().filter(|_| self.is_group()).find_map(Self::top_in_app_frame))
    }
}

/// What a line machine read: the trace and the index of the line behind it.
type Read = Option<(Trace, usize)>;

/// Finds all traces of a text, in order, without overlap.
///
/// Cost: one search for the anchors, at more than a gigabyte a second, unless an anchor is there.
#[must_use]
pub fn find(text: &str) -> Vec<Trace> {
    if !may_have_trace(text) {
        return Vec::new();
    }
    let lines = lines::split(text);
    let mut traces = Vec::new();
    let (mut idx, mut floor) = (0, 0);
    while idx < lines.len() {
        match read_at(&lines, idx, floor) {
            Some((trace, next)) => {
                debug_assert!(next > idx, "a trace takes at least one line");
                traces.push(trace);
                idx = next.max(idx + 1);
                floor = idx;
            }
            None => idx += 1,
        }
    }
    traces
}

/// Tells whether a text may hold a trace; `false` means it holds none, `true` promises nothing.
#[must_use]
pub fn may_have_trace(text: &str) -> bool {
    static ANCHORS: LazyLock<Regex> = LazyLock::new(|| {
        let literals = [
            r"Traceback \(most recent",
            r"\tat ",
            "   at ",
            r"\\tat ",
            "Exception in thread",
            "panicked at ",
            "panic: ",
            "panic serving",
            "fatal error: ",
            "goroutine ",
            ":in `",
            ":in '",
            "PHP Fatal",
            "PHP Parse",
            "Stack trace:",
            "#0 ",
            "Unhandled exception",
            " called at ",
            "Caused by:",
            "SyntaxError",
            "IndentationError",
            "TabError",
            "@http",
            "@file:",
            "@app:",
            "@webpack:",
        ];
        Regex::new(&literals.join("|")).expect("the anchors are valid regexes")
    });
    ANCHORS.is_match(text)
}

/// Reads a trace that begins at a line; the last number is the first line not taken by an earlier trace.
type Reader = fn(&[Line<'_>], usize, usize) -> Read;

/// Which words in a line make it worth asking a language. The first that reads a trace takes it.
const READERS: [(&[&str], Reader); 9] = [
    (&["Traceback (most recent", "File \""], python::read),
    (&["panicked at ", "Caused by:"], rust_lang::read),
    (&["panic: ", "fatal error: ", "panic serving", "goroutine "], go::read),
    (&["Stack trace:", "PHP "], php::read),
    (&["Unhandled exception:", "#0 "], dart::read),
    (&[":in "], ruby::read),
    (&[" called at "], perl::read),
    (&["@http", "@file:", "@app:", "@webpack:"], node::read_browser),
    (&["at "], frame_lines::read),
];

fn read_at(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    let line = lines[idx].text();
    READERS
        .iter()
        .filter(|(words, _)| words.iter().any(|word| line.contains(word)))
        .find_map(|(_, reader)| reader(lines, idx, floor))
}

#[cfg(test)]
mod tests;
