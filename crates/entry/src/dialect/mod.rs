//! From the text of a record to a [`LogEntry`], one file per dialect.
//!
//! Reading is pure: a batch, a record and reusable buffers give an entry or a reject, on any thread, in any order. An entry
//! that is a `LogEntry` already is viewed where it stands; only other dialects are rewritten, into the scratch text.

mod client_library;
mod cloud_watch;
mod container;
mod draft;
mod generic;
mod journald;
mod log_entry;
mod mojibake;
mod otlp;
mod recognise;
mod repairs;
mod time;

pub use mojibake::unmojibake;
pub(crate) use recognise::{Recogniser, Strength};
pub use repairs::{Repair, RepairKind, Repairs};

use crate::json::{Document, FaultKind, Node, Object, Value, parse};
use crate::log_entry::LogEntry;
use crate::reject::{Reject, RejectReason, sample};
use crate::split::{Batch, Record};
use crate::timestamp::Timestamp;
use std::fmt;

/// Who wrote the entries, and so what their members mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DialectKind {
    /// Nothing was recognised yet.
    Unknown,
    /// `LogEntry` as the service writes it: `gcloud`, sinks, the API, console downloads.
    LogEntry,
    /// `LogEntry` in `snake_case`, as scripts around client libraries dump it.
    ClientLibrary,
    /// OpenTelemetry, OTLP/JSON.
    Otlp,
    /// Container lines with the pod they came from.
    Kubernetes,
    /// Docker's `json-file` lines.
    Docker,
    /// `journalctl -o json`.
    Journald,
    /// AWS CloudWatch Logs.
    CloudWatch,
    /// Elastic Common Schema.
    Ecs,
    /// Anything else that says when, by a field map or by common names.
    Generic,
}

impl DialectKind {
    /// All dialects.
    pub const ALL: [Self; 10] = [
        Self::Unknown,
        Self::LogEntry,
        Self::ClientLibrary,
        Self::Otlp,
        Self::Kubernetes,
        Self::Docker,
        Self::Journald,
        Self::CloudWatch,
        Self::Ecs,
        Self::Generic,
    ];

    /// Returns the stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::LogEntry => "log-entry",
            Self::ClientLibrary => "client-library",
            Self::Otlp => "otlp",
            Self::Kubernetes => "kubernetes",
            Self::Docker => "docker",
            Self::Journald => "journald",
            Self::CloudWatch => "cloudwatch",
            Self::Ecs => "ecs",
            Self::Generic => "generic",
        }
    }

    /// Says in a sentence why this dialect is recognised when it is.
    pub const fn reason(self) -> &'static str {
        recognise::reason(self)
    }

    /// Says whether it is the service's own form, under whichever names.
    pub const fn is_log_entry(self) -> bool {
        matches!(self, Self::LogEntry | Self::ClientLibrary)
    }

    /// Says whether members around an array of entries belong to each of them.
    pub(crate) const fn has_outer(self) -> bool {
        matches!(self, Self::Otlp | Self::CloudWatch)
    }

    /// Finds a dialect by its stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for DialectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which members of a generic entry mean what; each is a path of keys joined by dots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldMap {
    /// When it happened.
    pub timestamp: Option<String>,
    /// How bad it is.
    pub severity: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// Who said it.
    pub service: Option<String>,
    /// In which revision.
    pub revision: Option<String>,
    /// What identifies it.
    pub id: Option<String>,
}

/// As `--map` has it: `timestamp=when,service=app`.
impl fmt::Display for FieldMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { timestamp, severity, message, service, revision, id } = self;
        let members = [
            ("timestamp", timestamp),
            ("severity", severity),
            ("message", message),
            ("service", service),
            ("revision", revision),
            ("id", id),
        ];
        let named = members.iter().filter_map(|(name, path)| Some(format!("{name}={}", path.as_ref()?)));
        f.write_str(&named.collect::<Vec<String>>().join(","))
    }
}

/// Buffers that reading reuses from record to record.
#[derive(Debug, Default)]
pub struct Scratch {
    nodes: Vec<Node>,
    text: String,
    rewritten: Vec<Node>,
}

impl Scratch {
    /// Makes empty buffers.
    pub fn new() -> Self {
        Self::default()
    }
}

/// An entry that was read.
#[derive(Clone, Debug)]
pub struct Normalised<'a> {
    /// The entry, as it was exported.
    pub entry: LogEntry<'a>,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What had to be tolerated or guessed.
    pub repairs: Repairs,
}

/// Reads one record of a batch.
///
/// Cost: one pass over the text to parse it, no copy of it for a `LogEntry`.
///
/// # Errors
/// A [`Reject`] with the record's place when it is no JSON, no entry, or does not say when it happened.
pub fn read<'a>(
    batch: &'a Batch,
    record: &Record,
    scratch: &'a mut Scratch,
) -> Result<Normalised<'a>, Reject> {
    let text = batch.text_of(record);
    let reject = |reason| Reject {
        line: record.line,
        offset: record.offset,
        len: record.len,
        reason,
        sample: sample(text.as_bytes()),
    };
    let Scratch { nodes, text: rewritten_text, rewritten } = scratch;
    let parsed = parse(text, nodes).map_err(|fault| {
        reject(match fault.kind {
            FaultKind::TooDeep => RejectReason::TooDeep,
            FaultKind::TooLarge => RejectReason::TooLarge,
            FaultKind::CutOff => RejectReason::CutOff,
            _ => RejectReason::BrokenJson,
        })
    })?;
    let mut repairs = Repairs::default();
    repairs.add_parsed(parsed);
    repairs.add(RepairKind::InvalidUtf8, record.n_replaced);
    let root = Document::new(text, nodes).root();
    repairs.add_found_in(text, root);
    let Value::Object(object) = root else { return Err(reject(RejectReason::NotAnEntry)) };
    repairs.add(RepairKind::DuplicateKey, repairs::count_duplicate_keys(root));
    rewritten_text.clear();
    let is_rewritten = if client_library::is_one(object) {
        client_library::rewrite(object, rewritten_text);
        true
    } else {
        rewrite_foreign(batch, record, object, rewritten_text, &mut repairs).map_err(reject)?
    };
    let entry = if is_rewritten {
        parse(rewritten_text, rewritten).map_err(|_| reject(RejectReason::BrokenJson))?;
        let root = Document::new(rewritten_text, rewritten).root();
        LogEntry::from_object(root.as_object().ok_or_else(|| reject(RejectReason::NotAnEntry))?)
    } else {
        LogEntry::from_object(object)
    };
    let timestamp = log_entry::timestamp(&entry, &mut repairs).map_err(reject)?;
    Ok(Normalised { entry, timestamp, repairs })
}

/// Rewrites an entry of another dialect as a `LogEntry`; says `false` when it is one already.
fn rewrite_foreign(
    batch: &Batch,
    record: &Record,
    object: Object<'_>,
    out: &mut String,
    repairs: &mut Repairs,
) -> Result<bool, RejectReason> {
    let asked_for = Recogniser {
        asked: Some(record.dialect),
        field_map: batch.field_map.clone(),
        ..Recogniser::default()
    };
    let kind = match record.dialect {
        DialectKind::Unknown | DialectKind::LogEntry | DialectKind::ClientLibrary => return Ok(false),
        // A LogEntry among others stays what it is; the dialect's own mark counts first.
        kind if asked_for.recognise(object).is_some() => kind,
        _ if Recogniser::default()
            .recognise(object)
            .is_some_and(|(kind, _)| kind == DialectKind::LogEntry) =>
        {
            return Ok(false);
        }
        kind => kind,
    };
    let mut nodes = Vec::new();
    let outer = batch.outer_of(record).filter(|text| parse(text, &mut nodes).is_ok());
    let outer = outer.and_then(|text| Document::new(text, &nodes).root().as_object());
    let draft = match kind {
        DialectKind::Otlp => otlp::draft(object, outer),
        DialectKind::Kubernetes | DialectKind::Docker => container::draft(object),
        DialectKind::Journald => journald::draft(object),
        DialectKind::CloudWatch => cloud_watch::draft(object, outer),
        _ => generic::draft(object, batch.field_map.as_deref()),
    };
    let draft = draft?;
    repairs.add(RepairKind::NoZone, u32::from(draft.has_no_zone));
    draft.write(out);
    Ok(true)
}
