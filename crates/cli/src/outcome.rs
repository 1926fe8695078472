//! How a run of the program ends: what it says on stderr, and its exit code.
//!
//! | Code | Meaning |
//! | --- | --- |
//! | 0 | done; for a question: there is an answer |
//! | 1 | done; the answer is "none", `gate` says "fail", or `report --check` found that something holds no more |
//! | 2 | could not be done as asked |
//! | 3 | done, but incomplete: something was rejected, refused, skipped, or broken and repaired, `verify` found damage, or `gate` is undecided |
//! | 130 | interrupted; the archive is as its last commit left it |

use crate::settings::Stderr;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use timberline_archive::Error as ArchiveError;
use timberline_report::escape::{self, Lines};

/// The exit codes, all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Done = 0,
    Nothing = 1,
    Failed = 2,
    Incomplete = 3,
    Interrupted = 130,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// How a verb ended that did what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done, or answered.
    Answered,
    /// Answered: there is nothing.
    Nothing,
    /// Done, but something was left out; the verb has said what.
    Incomplete,
    /// There was nothing that could be done; the verb has said why.
    CouldNot,
}

impl Outcome {
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Answered => Code::Done,
            Self::Nothing => Code::Nothing,
            Self::Incomplete => Code::Incomplete,
            Self::CouldNot => Code::Failed,
        }
    }

    /// Returns `Answered` when there is something, else `Nothing`.
    pub(crate) const fn found(any: bool) -> Self {
        if any { Self::Answered } else { Self::Nothing }
    }
}

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    /// What went wrong; lower case, no final period. May have several lines when it draws a place in a filter.
    message: String,
    /// What caused it, outermost first.
    chain: Vec<String>,
    /// What to do about it.
    hints: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Failed,
    Interrupted,
    ClosedPipe,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into(), chain: Vec::new(), hints: Vec::new() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(crate) fn cause(mut self, cause: &dyn std::error::Error) -> Self {
        self.chain.push(cause.to_string());
        let mut next = cause.source();
        while let Some(cause) = next {
            self.chain.push(cause.to_string());
            next = cause.source();
        }
        self
    }

    /// A reader of stdout that has seen enough is no failure worth a word.
    pub(crate) fn output(error: &io::Error) -> Self {
        let failure = Self::new("cannot write the answer").cause(error);
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self { kind: Kind::ClosedPipe, ..failure }
        } else {
            failure
        }
    }

    /// Somebody wanted it to stop.
    pub(crate) fn interrupted(message: &str) -> Self {
        let failure = Self::new(message).hint("the same command does the work from the start");
        Self { kind: Kind::Interrupted, ..failure }
    }

    /// Explains an error of the archive in `folder`.
    pub(crate) fn archive(error: &ArchiveError, folder: &Path) -> Self {
        let shown = folder.display();
        match error {
            ArchiveError::Missing { .. } => Self::new(format!("there is no archive in {shown}"))
                .hint("make one from exports: timberline ingest PATH…")
                .hint("or say where it is: --archive DIR, or TIMBERLINE_ARCHIVE"),
            ArchiveError::Locked { holder } => {
                Self::new(format!("the archive {shown} is being written by {holder}"))
                    .hint("wait until it has finished; questions are answered meanwhile")
            }
            ArchiveError::Interrupted => Self::interrupted("interrupted; the archive is as it was before"),
            ArchiveError::Damaged { .. } => Self::new(format!("the archive {shown} is damaged"))
                .cause(error)
                .hint("timberline verify says what is affected, timberline verify --repair rebuilds what can be rebuilt"),
            ArchiveError::Version { .. } => Self::new(format!("the archive {shown} cannot be read"))
                .cause(error)
                .hint("use the version of timberline that wrote it, or a newer one"),
            ArchiveError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Self::new(format!("no space left for the archive {shown}"))
                    .cause(error)
                    .hint("make room and run the same command again; the archive is as it was before")
            }
            _ => Self::new(format!("cannot use the archive {shown}")).cause(error),
        }
    }
}

/// Says on stderr why it failed and returns the exit code.
pub(crate) fn report(failure: &Failure, stderr: Stderr) -> Code {
    match failure.kind {
        Kind::ClosedPipe => return Code::Done,
        Kind::Failed | Kind::Interrupted => {}
    }
    let mut text = String::new();
    let message = escape::terminal(&failure.message, Lines::Keep, stderr.charset);
    writeln!(text, "{} {}", stderr.paint("error:", stderr.error_style()), message.trim_end())
        .expect("a string takes everything");
    for (word, lines) in [("caused by:", &failure.chain), ("hint:", &failure.hints)] {
        for line in lines {
            let line = escape::terminal(line, Lines::One, stderr.charset);
            writeln!(text, "  {word} {line}").expect("a string takes everything");
        }
    }
    stderr.write(&text);
    if failure.kind == Kind::Interrupted { Code::Interrupted } else { Code::Failed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_quiet_and_an_interrupt_is_130() {
        let closed = Failure::output(&io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(report(&closed, Stderr::plain()), Code::Done);
        let full = Failure::output(&io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(report(&full, Stderr::plain()), Code::Failed);
        let stopped = Failure::archive(&ArchiveError::Interrupted, Path::new("a"));
        assert_eq!(report(&stopped, Stderr::plain()), Code::Interrupted);
    }
}
