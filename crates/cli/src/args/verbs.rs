//! The arguments of each verb.

use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;

/// Puts exports into the archive
///
/// Files, folders, globs, tar archives, `-` for standard input; JSON arrays, NDJSON, wrappers and other dialects; gzip, zstd,
/// bzip2 and xz. What each file is, is found out by its content. The order does not matter, entries that are there
/// already are counted as duplicates, and files that are there already are skipped. Nothing is visible before everything
/// is: an ingest that is interrupted leaves the archive as it was. Folders that are archives of Timberline are left out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline ingest exports/
  timberline ingest 'dumps/*.json.gz' audit.tar
  gcloud logging read 'severity>=ERROR' --format json | timberline ingest -
  timberline ingest app.log --dialect generic --map timestamp=when,service=app,message=what
  timberline ingest app.log --map @fields.map     one member=path per line
  timberline ingest gke/ --revision-field 'labels.\"k8s-pod/version\",jsonPayload.image'
  timberline ingest exports/ --memory 256MB --stats
  timberline ingest exports/ --format json | jq '.sources[] | select(.cut != \"no\")'")]
pub(crate) struct Ingest {
    /// Files, folders, globs, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<OsString>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Compare files that look unchanged by their content as well
    #[arg(long)]
    pub(crate) check_content: bool,
    /// Rules for values in messages beside the built-in ones, one `name = regex` a line; the first ingest decides them
    #[arg(long, value_name = "FILE")]
    pub(crate) mask_rules: Option<PathBuf>,
    /// Where entries name their revision, before what their resource says: the first path that leads to a text or a number;
    /// of a container image its tag or digest. The first ingest decides
    #[arg(long, value_name = "PATH[,PATH…]")]
    pub(crate) revision_field: Option<String>,
    /// Say what it cost: peak memory, temporary data, time and rates (on stderr; with --format json as the member `stats`)
    #[arg(long)]
    pub(crate) stats: bool,
}

/// Makes all indexes and patterns anew from the entries, as a new version of the program may ask for
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline reindex
  timberline reindex --mask-rules rules.txt     patterns by other rules; former ids still lead to theirs
  timberline reindex --revision-field 'labels.\"k8s-pod/version\"'
  timberline reindex --revision-field ''        revisions by the resource alone again")]
pub(crate) struct Reindex {
    /// Other rules for values in messages than the archive has, one `name = regex` a line
    #[arg(long, value_name = "FILE")]
    pub(crate) mask_rules: Option<PathBuf>,
    /// Other paths to the revision than the archive has, as for ingest; '' for none
    #[arg(long, value_name = "PATH[,PATH…]")]
    pub(crate) revision_field: Option<String>,
}

/// How a source is read, where that is not to be found out.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Reading {
    /// The dialect of the entries: log-entry, client-library, otlp, kubernetes, docker, journald, cloudwatch, ecs, generic
    #[arg(long, value_name = "NAME")]
    pub(crate) dialect: Option<String>,
    /// Which members of generic entries mean what: timestamp=PATH,severity=…,message=…,service=…,revision=…,id=…; @FILE reads that from a file, one per line
    #[arg(long, value_name = "MAP")]
    pub(crate) map: Option<String>,
}

/// Shows what could not be kept: file, place, reason and the first bytes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline rejects
  timberline rejects --limit 0 --format ndjson")]
pub(crate) struct Rejects {
    /// How many to show; 0 for all [default: 50 in text and markdown, else all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

/// Says what a file is, without putting it anywhere
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline inspect dump.json
  timberline inspect exports/ --format ndjson
  timberline inspect app.log --dialect generic --map timestamp=when")]
pub(crate) struct Inspect {
    /// Files, folders, globs, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) paths: Vec<OsString>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// A filter and the flags that narrow it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Question {
    /// A filter as the Cloud Logging console has it; empty for everything
    #[arg(value_name = "FILTER", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) filter: String,
    /// Only entries from this moment on: 2025-06-01, 2025-06-01T14:30:00Z, 2h, yesterday
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    /// Only entries before this moment
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) until: Option<String>,
    /// Only entries of this service; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Vec<String>,
    /// Only entries of this revision; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) revision: Vec<String>,
    /// Only entries of this severity or worse
    #[arg(long, value_name = "NAME")]
    pub(crate) severity: Option<String>,
}

/// Shows the entries, newest first
///
/// In text, one line per entry: time, severity, revision, message. In JSON, the entries as they were exported. With --context,
/// lines of matches begin with `> ` and lines of what stands around them with `- `; in the other formats, the field
/// `context` tells them apart where it is among --fields.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline search 'severity>=ERROR' --since 2025-06-01
  timberline search '\"connection reset\"' --oldest --limit 10
  timberline search 'severity>=ERROR' --limit 5 --context 3     what the instance wrote before and after
  timberline search 'jsonPayload.user.id=42' --format ndjson > entries.ndjson
  timberline search 'service=payments' --fields timestamp,severity,message,source --format csv
  timberline search '' --limit 0 --format ndjson --output everything.ndjson")]
pub(crate) struct Search {
    #[command(flatten)]
    pub(crate) question: Question,
    /// How many to show; 0 for all [default: 50 in text and markdown, else all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Oldest first
    #[arg(long)]
    pub(crate) oldest: bool,
    /// Show N entries before and after each match as well: of the same instance (label instanceId of one revision), or of the
    /// same trace where a match has no instance. Each entry comes once, in the order of time; --limit counts matches alone.
    /// Reads which instance the entries of these revisions are of
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) context: usize,
    /// Only these members: paths such as jsonPayload.error.type, and pattern, exception, service, revision, message, source;
    /// context says whether an entry is shown because of --context
    #[arg(long, value_name = "A,B,…")]
    pub(crate) fields: Option<String>,
    /// Write the entries to a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Says when something happened first and last, and how sure that is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline first '\"worker boot failed\"'
  timberline first 'severity>=ERROR' --by revision --service payments
  timberline first 'jsonPayload.error.type:*' --by jsonPayload.error.type --format json")]
pub(crate) struct First {
    #[command(flatten)]
    pub(crate) question: Question,
    /// One answer for each value: revision, service, severity, pattern, exception, or any field
    #[arg(long, value_name = "FIELD")]
    pub(crate) by: Option<String>,
}

/// Says how often something happened, against how often it could have
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline freq 'severity>=ERROR' --by revision
  timberline freq '\"timed out\"' --by day --service storefront
  timberline freq 'severity>=ERROR' --by service,severity --format csv")]
pub(crate) struct Freq {
    #[command(flatten)]
    pub(crate) question: Question,
    /// What to count by: revision, service, severity, pattern, exception, hour, day, week, month, or any field; several with commas
    #[arg(long, value_name = "KEY[,…]", default_value = "revision")]
    pub(crate) by: String,
}

/// Shows what is being said: the patterns of messages and the exceptions, with how often and since when
///
/// A pattern is a message without its values. Where a place holds one of a few values, each is a variant with an id of its own; they
/// are listed under their pattern when they were first seen in different revisions.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline patterns
  timberline patterns 'severity>=ERROR' --kind exception
  timberline patterns --new-since storefront-00414-9ch --sort first
  timberline patterns --service payments --format json | jq '.patterns[] | {id, count, template}'")]
pub(crate) struct Patterns {
    #[command(flatten)]
    pub(crate) question: Question,
    /// Only patterns of messages, or only exceptions
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<PatternKind>,
    /// What comes first
    #[arg(long, value_name = "BY", default_value = "count")]
    pub(crate) sort: PatternOrder,
    /// Only what was never seen before this moment, or before this revision: patterns, and new variants of older ones
    #[arg(long, value_name = "TIME|REVISION", allow_hyphen_values = true)]
    pub(crate) new_since: Option<String>,
    /// How many to show; 0 for all [default: 50 in text and markdown, else all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

/// What a pattern is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PatternKind {
    /// Messages of one statement
    Message,
    /// Entries that tell of one bug
    Exception,
}

/// Which pattern comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PatternOrder {
    /// The most frequent
    Count,
    /// The one that began last
    First,
    /// The one that was seen last
    Last,
    /// The worst
    Severity,
}

/// Says everything about one pattern, exception or variant
///
/// Revisions, instances, what stood in its holes, whether it comes at regular intervals, three of its entries, the frames of
/// its trace, and what else is said in the same requests and hours.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline pattern 52231d9f907b02d8
  timberline pattern 52231d9f907b02d8 --format json | jq .holes")]
pub(crate) struct Pattern {
    /// Its id, as `timberline patterns` shows it; ids of before still lead to it
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// Shows the revisions in order: when, how much, who deployed them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline revisions
  timberline revisions --service payments --format json")]
pub(crate) struct Revisions {
    /// Only revisions of this service
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
}

/// Compares the messages of two revisions, or of two windows of time: new, gone, more, less
///
/// A side is the name of a revision, or a window FROM..TO of two times. Rates are compared by the minutes of instances in which
/// a message occurs, so that bursts do not count as many; a message is called gone only if its silence is too long for chance.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline diff storefront-00413-22n storefront-00414-9ch
  timberline diff 2025-05-20..2025-05-27 2025-05-27..2025-06-03 'severity>=WARNING' --service storefront")]
pub(crate) struct Diff {
    /// What is compared with: a revision, or FROM..TO
    #[arg(value_name = "BASE")]
    pub(crate) base: String,
    /// What is under suspicion: a revision, or FROM..TO
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    #[command(flatten)]
    pub(crate) question: Question,
}

/// Says over all revisions which message changed where, and how sure that is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline regressions
  timberline regressions 'severity>=ERROR' --service storefront --format json")]
pub(crate) struct Regressions {
    #[command(flatten)]
    pub(crate) question: Question,
}

/// For pipelines: fails when a revision brings new or worse errors
///
/// Exit code 1 when it does, 3 when one of the sides has no entries and nothing can be decided.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline gate --target storefront-00414-9ch --baseline storefront-00413-22n
  timberline gate --target storefront-00414-9ch --baseline storefront-00413-22n --format markdown >> comment.md")]
pub(crate) struct Gate {
    /// The revision to decide on, or FROM..TO
    #[arg(long, value_name = "REVISION")]
    pub(crate) target: String,
    /// The revision to compare it with, or FROM..TO
    #[arg(long, value_name = "REVISION")]
    pub(crate) baseline: String,
    /// The largest false discovery rate at which a message counts [default: 0.05]
    #[arg(long, value_name = "Q")]
    pub(crate) max_q: Option<f64>,
}

/// Writes the worklog of an investigation: what happened, since when, in which revision, and what it rests on
///
/// One page for the engineer on call, the author of the postmortem, and everybody it is sent to. What it is written as follows
/// from the file's name: .html (one self-contained page), .md, .json. Secrets are taken out and marked. The same archive and
/// the same arguments give the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline report -o worklog.html
  timberline report --service payments --since 2025-06-01 --until 2025-06-08 --tz Europe/Berlin -o worklog.md -o worklog.json
  timberline report --print-rules > rules.toml      edit it, then: timberline report --rules rules.toml -o worklog.html
  timberline report --check worklog.html            what of it still holds, after more dumps came in")]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) question: Question,
    /// Where to write it: FILE.html, FILE.md or FILE.json; may be given several times [default: the terminal, see --format]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
    /// Print the rules that say how urgent things are, and end
    #[arg(long, exclusive = true)]
    pub(crate) print_rules: bool,
    /// Print the rules that say what is a secret, and end
    #[arg(long, exclusive = true)]
    pub(crate) print_redaction_rules: bool,
    /// Say of each claim of an earlier report whether it still holds; exit code 1 if one does not
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "filter", "since", "until", "service", "revision", "severity"])]
    pub(crate) check: Option<PathBuf>,
}

/// What changes the content of reports and drafts.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Reporting {
    /// Rules of one's own for how urgent things are; they come before those of --print-rules
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// Take out e-mail addresses and addresses of the Internet, too
    #[arg(long)]
    pub(crate) redact_pii: bool,
    /// Rules of one's own for what is a secret; they come before those of the program
    #[arg(long, value_name = "FILE")]
    pub(crate) redaction_rules: Option<PathBuf>,
    /// Take nothing out, secrets included
    #[arg(long, conflicts_with_all = ["redact_pii", "redaction_rules"])]
    pub(crate) no_redact: bool,
}

/// Writes one issue draft per cluster, new or update, against a ledger of what was filed before; sends nothing
///
/// A cluster that the ledger knows gets a draft of what is new since the last time, one that it does not know a draft of an
/// issue, and one that has ended a draft to close it. DIR then holds a Markdown file per draft, all drafts as lines of JSON
/// (drafts.ndjson), and the commands that would file them (gh.sh). Running it again on the same archive changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline issues -o drafts/
  timberline issues --service payments --since 2025-06-01 -o drafts/ --ledger issues.toml
  sh drafts/gh.sh        reads as: file these; needs GitHub's gh. Write the numbers it gives into the ledger")]
pub(crate) struct Issues {
    #[command(flatten)]
    pub(crate) question: Question,
    /// The folder for the drafts
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// The ledger [default: issues.toml in the archive's folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,
    /// Drafts down to this priority: P0 to P4
    #[arg(long, value_name = "PRIORITY", default_value = "P3")]
    pub(crate) least: String,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// Compares the archive with what was written: every file, every row, every count
///
/// Says of each damaged file what suffers and what can still be answered. Exit code 3 when something is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline verify
  timberline verify --files       checksums only
  timberline verify --repair      makes indexes anew, sets damaged entries aside")]
pub(crate) struct Verify {
    /// Compare files with their checksums, and leave the rows
    #[arg(long, conflicts_with = "repair")]
    pub(crate) files: bool,
    /// Repair what can be repaired
    #[arg(long)]
    pub(crate) repair: bool,
}

/// Says how a filter is read, what is odd about it, and how much the index spares
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline explain 'severity>=ERROR textPayload:a OR textPayload:b'
  timberline explain '\"timed out\"' --since 2025-06-01 --format json")]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) question: Question,
}

/// Ingests the sample exports and shows the main questions answered
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline demo
  timberline demo --archive /tmp/demo     keeps the archive, to ask on")]
pub(crate) struct Demo {
    /// The sample exports [default: data/exports, here or in a folder above]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Writes a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  timberline completions bash > /etc/bash_completion.d/timberline
  timberline completions zsh > ~/.zfunc/_timberline")]
pub(crate) struct Completions {
    /// bash, zsh, fish, elvish or powershell
    pub(crate) shell: Shell,
}
