//! What may follow a line of a trace, by language.
//!
//! The frames of a language are those that its reader knows, so that what is joined is what is read.

use super::super::frame_lines::{self, frame_text, type_header};
use super::super::{csharp, dart, java, names, node, perl, python, ruby};

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    /// Python: frames and source lines, then the exception.
    PythonStack,
    /// Python: lines with the margin of a group.
    PythonGroup,
    /// Python: the exception was there; more of its message or a sentence about the next one may follow.
    PythonDone,
    /// Python: after that sentence, another stack.
    PythonAgain,
    /// A named exception: its first frame must follow, behind more of its message.
    FrameFirst,
    /// `at` frames, causes, omissions.
    Frames,
    /// A named cause: the same, and whatever stands between belongs to its message.
    CauseFirst,
    /// JavaScript: properties in braces, among them causes and members with their frames.
    Properties,
    /// A Rust panic without its message, which stands on the next line.
    RustHead,
    /// A Rust panic: more of the message, then the stack.
    RustMessage,
    /// Rust frames and notes.
    RustStack,
    /// Rust: the causes of a report.
    RustCauses,
    /// Go: everything up to the first goroutine.
    GoHead,
    /// Go: calls.
    GoStack,
    /// Go: the place of a call.
    GoPlace,
    /// Ruby: the first `from` line, behind more of the message.
    RubyFirst,
    /// Ruby: `from` lines, causes.
    RubyStack,
    /// PHP: numbered lines.
    PhpStack,
    /// PHP: the stack of an exception that wraps the one before.
    PhpNext,
    /// Dart: message, then numbered lines.
    DartHead,
    /// Dart: numbered lines.
    DartStack,
    /// Perl: the first call.
    PerlFirst,
    /// Perl: calls.
    PerlStack,
    /// Nothing.
    Closed,
}

impl Expect {
    /// States whose lines are told by their form, whatever stood before them.
    pub(super) const TOLD_BY_FORM: [Self; 15] = [
        Self::PythonStack,
        Self::PythonDone,
        Self::PythonAgain,
        Self::FrameFirst,
        Self::Frames,
        Self::Properties,
        Self::RustMessage,
        Self::RustStack,
        Self::GoHead,
        Self::GoPlace,
        Self::GoStack,
        Self::RubyStack,
        Self::PhpStack,
        Self::DartStack,
        Self::PerlStack,
    ];
}

/// What a line is to a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A part of it, and so are the lines held before.
    Belongs(Expect),
    /// A part of it if one comes that belongs.
    Held(Expect),
}

use Step::{Belongs, Held};

/// Returns what follows a line that begins a trace.
pub(super) fn begin_line(line: &str) -> Option<Expect> {
    let line = &line[..line.floor_char_boundary(frame_lines::MAX_HEADER_BYTES)];
    if let Some(expect) = begin_surely(line) {
        return Some(expect);
    }
    if line.contains("Stack trace:") {
        return Some(Expect::PhpStack);
    }
    if line.contains("PHP Fatal error:") {
        return Some(Expect::FrameFirst);
    }
    if node::is_open_bracket(line) {
        return Some(Expect::Properties);
    }
    if type_header(line).is_some() || node::header(line).is_some() || ruby::is_rails_header(line) {
        return Some(Expect::FrameFirst);
    }
    perl::is_header(line).then_some(Expect::PerlFirst)
}

/// Returns the same for lines that are a beginning wherever they stand, and no line of a message.
fn begin_surely(line: &str) -> Option<Expect> {
    if line.contains("Traceback (most recent call last):") {
        let is_group = line.contains("+ Exception Group ");
        return Some(if is_group { Expect::PythonGroup } else { Expect::PythonStack });
    }
    if line.contains("thread '") && line.contains("panicked at ") {
        let is_head = line.trim_end().ends_with(':');
        return Some(if is_head { Expect::RustHead } else { Expect::RustMessage });
    }
    if line.starts_with("panic: ")
        || line.starts_with("fatal error: ")
        || line.contains("http: panic serving ")
    {
        return Some(Expect::GoHead);
    }
    if is_goroutine(line) {
        return Some(Expect::GoStack);
    }
    if line.contains("Exception in thread \"") && type_header(line).is_some() {
        return Some(Expect::FrameFirst);
    }
    if line.trim_end().ends_with("Unhandled exception:") {
        return Some(Expect::DartHead);
    }
    let is_ruby = line.contains(".rb:") && line.contains(":in ");
    is_ruby.then(|| if ruby::is_header(line) { Expect::RubyFirst } else { Expect::RubyStack })
}

/// Returns what a line is to a trace of which something is expected, or nothing where it ends the trace.
pub(super) fn accept(expect: Expect, line: &str) -> Option<Step> {
    let trimmed = line.trim();
    let indented = line.starts_with([' ', '\t']);
    match expect {
        Expect::PythonStack | Expect::PythonGroup | Expect::PythonDone | Expect::PythonAgain => {
            python_line(expect, line)
        }
        Expect::FrameFirst | Expect::Frames | Expect::CauseFirst => frame_line(expect, line),
        Expect::Properties if indented && !trimmed.is_empty() => Some(Belongs(Expect::Properties)),
        Expect::Properties => trimmed.starts_with(['}', ']']).then_some(Belongs(Expect::Closed)),
        Expect::RustHead | Expect::RustMessage | Expect::RustStack | Expect::RustCauses => {
            rust_line(expect, line)
        }
        Expect::GoHead | Expect::GoStack | Expect::GoPlace => go_line(expect, line),
        Expect::RubyFirst | Expect::RubyStack => ruby_line(expect, line),
        Expect::PhpStack | Expect::PhpNext => php_line(expect, line),
        Expect::DartHead | Expect::DartStack => {
            if dart::frame(trimmed).is_some() {
                return Some(Belongs(Expect::DartStack));
            }
            match expect {
                Expect::DartHead => held_unless_sure(expect, line),
                _ => trimmed.starts_with("<asynchronous suspension>").then_some(Belongs(expect)),
            }
        }
        Expect::PerlFirst | Expect::PerlStack => {
            (indented && perl::frame(line).is_some()).then_some(Belongs(Expect::PerlStack))
        }
        Expect::Closed => None,
    }
}

/// Holds what may be more of a message.
fn held_unless_sure(expect: Expect, line: &str) -> Option<Step> {
    begin_surely(line).is_none().then_some(Held(expect))
}

fn python_line(expect: Expect, line: &str) -> Option<Step> {
    let trimmed = line.trim();
    let indented = line.starts_with([' ', '\t']);
    match expect {
        Expect::PythonGroup => (indented && trimmed.starts_with(['|', '+'])).then_some(Belongs(expect)),
        Expect::PythonStack if trimmed.is_empty() => None,
        Expect::PythonStack if indented || trimmed.starts_with("File \"") => Some(Belongs(expect)),
        Expect::PythonStack => {
            let name = trimmed.split(':').next().unwrap_or(trimmed).trim();
            names::is_type_name(name).then_some(Belongs(Expect::PythonDone))
        }
        Expect::PythonDone if python::is_sentence(trimmed) => Some(Belongs(Expect::PythonAgain)),
        Expect::PythonDone if trimmed.is_empty() || python::continues_message(line) => {
            held_unless_sure(expect, line)
        }
        Expect::PythonAgain if trimmed.is_empty() => Some(Held(expect)),
        Expect::PythonAgain => trimmed.starts_with("Traceback (most").then_some(Belongs(Expect::PythonStack)),
        _ => None,
    }
}

/// Java, .NET and JavaScript, and what else begins with the name of an exception.
fn frame_line(expect: Expect, line: &str) -> Option<Step> {
    let trimmed = line.trim();
    if is_at_frame(trimmed) || node::browser_frame(trimmed).is_some() {
        return Some(Belongs(if trimmed.ends_with('{') { Expect::Properties } else { Expect::Frames }));
    }
    if expect != Expect::FrameFirst {
        if ["Caused by: ", "Wrapped by: ", "Suppressed: "].iter().any(|mark| trimmed.starts_with(mark)) {
            return Some(Belongs(Expect::CauseFirst));
        }
        if trimmed.strip_prefix("... ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            return Some(Belongs(Expect::Frames));
        }
    }
    match expect {
        Expect::Frames => ["--- End of", "[CIRCULAR", "- locked", "- waiting"]
            .iter()
            .any(|mark| trimmed.starts_with(mark))
            .then_some(Belongs(expect)),
        Expect::CauseFirst => held_unless_sure(expect, line),
        _ if trimmed == "Stack trace:" => Some(Belongs(Expect::PhpStack)),
        _ if trimmed == "Caused by:" => Some(Belongs(Expect::RustCauses)),
        _ if perl::frame(line).is_some() => Some(Belongs(Expect::PerlStack)),
        _ if ruby::is_rails_frame(line) => Some(Belongs(Expect::RubyStack)),
        _ if trimmed.starts_with("---> ") => Some(Held(expect)),
        // The name nearest to the frames is theirs.
        _ => (!super::may_hold_beginning(line) || begin_line(line).is_none()).then_some(Held(expect)),
    }
}

fn is_at_frame(trimmed: &str) -> bool {
    frame_text(trimmed).is_some_and(|text| {
        java::frame(text).is_some() || node::frame(text).is_some() || csharp::frame(text).is_some()
    })
}

fn rust_line(expect: Expect, line: &str) -> Option<Step> {
    let trimmed = line.trim();
    let indented = line.starts_with([' ', '\t']);
    let is_backtrace = trimmed.eq_ignore_ascii_case("stack backtrace:");
    match expect {
        Expect::RustHead | Expect::RustMessage if is_backtrace || trimmed.starts_with("note: ") => {
            Some(Belongs(Expect::RustStack))
        }
        Expect::RustHead if !trimmed.is_empty() && begin_surely(line).is_none() => {
            Some(Belongs(Expect::RustMessage))
        }
        Expect::RustHead | Expect::RustMessage => held_unless_sure(expect, line),
        Expect::RustCauses if is_backtrace => Some(Belongs(Expect::RustStack)),
        Expect::RustCauses if trimmed.is_empty() => Some(Held(expect)),
        Expect::RustCauses => indented.then_some(Belongs(expect)),
        _ => {
            let numbered = trimmed
                .split_once(": ")
                .is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
            let is_place = indented && trimmed.starts_with("at ");
            (numbered || is_place || trimmed.starts_with("note: ")).then_some(Belongs(Expect::RustStack))
        }
    }
}

fn is_goroutine(line: &str) -> bool {
    line.starts_with("goroutine ") && line.trim_end().ends_with("]:")
}

fn go_line(expect: Expect, line: &str) -> Option<Step> {
    let trimmed = line.trim();
    let indented = line.starts_with([' ', '\t']);
    match expect {
        Expect::GoHead if is_goroutine(line) => Some(Belongs(Expect::GoStack)),
        Expect::GoHead if trimmed.starts_with("panic: ") => Some(Held(expect)),
        Expect::GoHead => held_unless_sure(expect, line),
        Expect::GoPlace => (indented && (trimmed.contains(".go:") || trimmed.contains(".s:")))
            .then_some(Belongs(Expect::GoStack)),
        _ if trimmed.is_empty() || is_goroutine(line) || trimmed.starts_with("...additional frames") => {
            Some(Held(Expect::GoStack))
        }
        _ if trimmed.starts_with("exit status ") => Some(Belongs(Expect::Closed)),
        _ if !indented && (trimmed.starts_with("created by ") || is_go_call(trimmed)) => {
            Some(Held(Expect::GoPlace))
        }
        _ => None,
    }
}

/// Reads `pkg.(*T).f(0x1, {…})`: a name without spaces, and arguments.
fn is_go_call(trimmed: &str) -> bool {
    let name = trimmed.split('(').next().unwrap_or_default();
    trimmed.ends_with(')') && !name.is_empty() && !name.contains(' ')
}

fn ruby_line(expect: Expect, line: &str) -> Option<Step> {
    let trimmed = line.trim();
    if trimmed.starts_with("from ") {
        return Some(Belongs(Expect::RubyStack));
    }
    match expect {
        Expect::RubyFirst => held_unless_sure(expect, line),
        _ if ruby::is_header(line) => Some(Belongs(Expect::RubyFirst)),
        _ => ruby::is_rails_frame(line).then_some(Belongs(expect)),
    }
}

fn php_line(expect: Expect, line: &str) -> Option<Step> {
    let trimmed = line.trim();
    match expect {
        Expect::PhpNext if trimmed == "Stack trace:" => Some(Belongs(Expect::PhpStack)),
        Expect::PhpNext => held_unless_sure(expect, line),
        _ if trimmed.starts_with('#') => Some(Belongs(expect)),
        _ if trimmed.starts_with("thrown in ") => Some(Belongs(Expect::Closed)),
        _ if trimmed.is_empty() => Some(Held(expect)),
        _ => trimmed.starts_with("Next ").then_some(Held(Expect::PhpNext)),
    }
}
