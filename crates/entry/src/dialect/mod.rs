//! From the text of a record to a [`LogEntry`], one file per dialect.
//!
//! Reading is pure: a batch, a record and reusable buffers give an entry or a reject, on any thread, in any order. An entry
//! that is a `LogEntry` already is viewed where it stands; only other dialects are rewritten, into the scratch text.

mod client_library;
mod log_entry;
mod mojibake;
mod recognise;
mod repairs;
mod time;

pub use mojibake::unmojibake;
pub(crate) use recognise::{Strength, recognise};
pub use repairs::{RepairKind, Repairs};

use crate::json::{Document, FaultKind, Node, Value, parse};
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
}

impl DialectKind {
    /// All dialects.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::LogEntry, Self::ClientLibrary];

    /// Returns the stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::LogEntry => "log-entry",
            Self::ClientLibrary => "client-library",
        }
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
    repairs.add_found_in(text);
    let root = Document::new(text, nodes).root();
    let Value::Object(object) = root else { return Err(reject(RejectReason::NotAnEntry)) };
    repairs.add(RepairKind::DuplicateKey, repairs::count_duplicate_keys(root));
    let entry = if client_library::is_one(object) {
        rewritten_text.clear();
        client_library::rewrite(object, rewritten_text);
        parse(rewritten_text, rewritten).map_err(|_| reject(RejectReason::BrokenJson))?;
        let root = Document::new(rewritten_text, rewritten).root();
        LogEntry::from_object(root.as_object().ok_or_else(|| reject(RejectReason::NotAnEntry))?)
    } else {
        LogEntry::from_object(object)
    };
    let timestamp = log_entry::timestamp(&entry, &mut repairs).map_err(reject)?;
    Ok(Normalised { entry, timestamp, repairs })
}
