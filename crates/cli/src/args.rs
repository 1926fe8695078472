//! What can be typed: clap types and their help, nothing else.

mod verbs;

pub(crate) use verbs::{
    Completions, Demo, Diff, Explain, First, Freq, Gate, Ingest, Inspect, Issues, Pattern, PatternKind,
    PatternOrder, Patterns, Question, Reading, Regressions, Reindex, Rejects, Report, Reporting, Revisions,
    Search, Verify,
};

use crate::threads::Main;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Turns exported log JSON into one small archive, and answers an investigation from it.
///
/// When did this first happen, in which revision, how often per revision since then, and how sure can we be: offline, exactly,
/// and for any age of logs.
#[derive(Debug, Parser)]
#[command(name = "timberline", version, max_term_width = 110, after_long_help = AFTER, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

const AFTER: &str = "\
Examples:
  timberline ingest exports/
  timberline first 'severity>=ERROR \"worker boot failed\"' --by revision
  timberline freq 'severity>=ERROR' --by revision
  timberline search 'service=payments' --since 2025-06-01 --limit 20

Exit codes:
  0    done; for a question: there is an answer
  1    done; the answer is \"none\", gate says \"fail\", or report --check found that something holds no more
  2    could not be done as asked
  3    done, but incomplete: something was rejected, refused, skipped, or broken and repaired, verify found damage, or gate is undecided
  130  interrupted; the archive is as its last commit left it

Environment:
  TIMBERLINE_ARCHIVE  the archive's folder, where --archive does not say
  NO_COLOR            with anything in it: no colour, where --color does not say";

/// What every verb accepts.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Global {
    /// The archive's folder [default: $TIMBERLINE_ARCHIVE, else ./timberline-archive]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) archive: Option<PathBuf>,
    /// How the answer is written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", hide_possible_values = false)]
    pub(crate) format: Format,
    /// Zone of times shown, and of times typed without one: Europe/Berlin, +02:00 [default: UTC]
    #[arg(long, global = true, value_name = "ZONE", allow_hyphen_values = true)]
    pub(crate) tz: Option<String>,
    /// Threads to work with [default: one per core]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Memory an ingest may use, such as 512MB or 2GiB [default: 512MiB]
    #[arg(long, global = true, value_name = "SIZE")]
    pub(crate) memory: Option<String>,
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "The order of revisions where names and times mislead: one a line, oldest first; [SERVICE] before those of a service"
    )]
    pub(crate) revision_order: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Show lists in full and messages with all their lines
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, fitted to the terminal
    #[default]
    Text,
    /// One JSON value
    Json,
    /// One JSON value a line
    Ndjson,
    /// Comma-separated values
    Csv,
    /// Markdown
    Markdown,
}

/// When colour is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Ingest(Ingest),
    /// Shows what is in the archive
    #[command(
        after_help = "Examples:\n  timberline status\n  timberline status --format json | jq .severities"
    )]
    Status,
    /// Shows where the entries came from, and what each source can be a witness of
    #[command(
        after_help = "Examples:\n  timberline sources\n  timberline sources --format csv > sources.csv"
    )]
    Sources,
    Rejects(Rejects),
    Inspect(Inspect),
    Search(Search),
    First(First),
    Freq(Freq),
    Patterns(Patterns),
    Pattern(Pattern),
    Revisions(Revisions),
    Diff(Diff),
    Regressions(Regressions),
    Gate(Gate),
    Report(Report),
    Issues(Issues),
    /// Shows which hours of which service the archive can speak for, and how to get the rest
    #[command(
        after_help = "Examples:\n  timberline coverage\n  timberline coverage --format json | jq -r '.services[].gaps[].command'"
    )]
    Coverage,
    Explain(Explain),
    Verify(Verify),
    /// Merges the segments of each month into few; ingest does so by itself as far as it pays
    #[command(after_help = "Examples:\n  timberline compact")]
    Compact,
    Reindex(Reindex),
    Demo(Demo),
    Completions(Completions),
    /// Writes the manual page
    #[command(after_help = "Examples:\n  timberline man > timberline.1")]
    Man,
}

impl Verb {
    /// Returns what the main thread does while work is shared out.
    pub(crate) const fn main_thread(&self) -> Main {
        match self {
            // Stages of an ingest wait for one another.
            Self::Ingest(_) | Self::Demo(_) | Self::Inspect(_) => Main::Waits,
            Self::Verify(_) | Self::Compact | Self::Reindex(_) => Main::Waits,
            _ => Main::Works,
        }
    }
}
