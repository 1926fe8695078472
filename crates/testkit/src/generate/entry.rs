//! One generated entry and its JSON text.

use std::sync::Arc;

use serde_json::Value;

use super::json::{push_key, push_member};
use super::revision::Revision;
use super::rng::{HEX, Rng, mix};
use super::service::PROJECT;
use super::time::{SECOND_US, push_nanos, push_rfc3339};

/// How bad an entry is; the levels the generator uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not given, which means DEFAULT.
    Default,
    /// DEBUG
    Debug,
    /// INFO
    Info,
    /// NOTICE
    Notice,
    /// WARNING
    Warning,
    /// ERROR
    Error,
    /// CRITICAL
    Critical,
}

impl Severity {
    /// All levels, mildest first.
    pub const ALL: [Self; 7] =
        [Self::Default, Self::Debug, Self::Info, Self::Notice, Self::Warning, Self::Error, Self::Critical];

    /// Returns the name used in exports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Notice => "NOTICE",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }
}

/// Which log of the service an entry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Log {
    /// One entry per request.
    Requests,
    /// What the program prints.
    Stdout,
    /// What the program complains.
    Stderr,
    /// What the platform says about instances.
    System,
    /// What people and pipelines did.
    Activity,
    /// What became of it.
    SystemEvent,
}

impl Log {
    /// All logs, in the order of their ids.
    pub const ALL: [Self; 6] =
        [Self::Activity, Self::SystemEvent, Self::Requests, Self::Stderr, Self::Stdout, Self::System];

    /// Returns the log id as folders of a sink spell it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Requests => "run.googleapis.com/requests",
            Self::Stdout => "run.googleapis.com/stdout",
            Self::Stderr => "run.googleapis.com/stderr",
            Self::System => "run.googleapis.com/varlog/system",
            Self::Activity => "cloudaudit.googleapis.com/activity",
            Self::SystemEvent => "cloudaudit.googleapis.com/system_event",
        }
    }

    fn encoded(self) -> &'static str {
        match self {
            Self::Requests => "run.googleapis.com%2Frequests",
            Self::Stdout => "run.googleapis.com%2Fstdout",
            Self::Stderr => "run.googleapis.com%2Fstderr",
            Self::System => "run.googleapis.com%2Fvarlog%2Fsystem",
            Self::Activity => "cloudaudit.googleapis.com%2Factivity",
            Self::SystemEvent => "cloudaudit.googleapis.com%2Fsystem_event",
        }
    }
}

/// What an entry says.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Nothing, as in most request entries.
    None,
    /// `textPayload`
    Text(String),
    /// `jsonPayload`: its message, and the whole object as compact JSON with sorted keys.
    Json {
        /// The `message` member.
        message: String,
        /// The object.
        object: String,
    },
    /// `protoPayload` as compact JSON with sorted keys.
    Proto(String),
}

/// The trace a line belongs to.
#[derive(Clone, Debug)]
pub struct Trace {
    /// 32 hexadecimal digits.
    pub id: String,
    /// 16 hexadecimal digits.
    pub span: String,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it happened, microseconds since the epoch.
    pub time_us: i64,
    /// Its identity together with the time.
    pub insert_id: String,
    /// Which log it is in.
    pub log: Log,
    /// Which revision wrote it, or, in audit entries, which revision it is about.
    pub revision: Arc<Revision>,
    /// The entry's labels as a compact JSON object, or empty.
    pub labels: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// What it says.
    pub payload: Payload,
    /// `httpRequest` as a compact JSON object.
    pub http: Option<String>,
    /// The trace it belongs to.
    pub trace: Option<Trace>,
    /// The id of the error group the platform put it in.
    pub error_group: Option<String>,
}

impl Entry {
    /// Returns an entry with an identity and nothing to say yet.
    #[must_use]
    pub fn new(time_us: i64, log: Log, revision: &Arc<Revision>, labels: &Arc<str>, rng: &mut Rng) -> Self {
        Self {
            time_us,
            insert_id: insert_id(time_us, rng),
            log,
            revision: Arc::clone(revision),
            labels: Arc::clone(labels),
            severity: Severity::Default,
            payload: Payload::None,
            http: None,
            trace: None,
            error_group: None,
        }
    }

    /// Returns the text a reader would call its message; empty when it has none.
    #[must_use]
    pub fn message(&self) -> &str {
        match &self.payload {
            Payload::Text(text) => text,
            Payload::Json { message, .. } => message,
            Payload::None | Payload::Proto(_) => "",
        }
    }

    /// Returns true for audit entries, whose resource names no revision.
    #[must_use]
    pub fn is_audit(&self) -> bool {
        matches!(self.log, Log::Activity | Log::SystemEvent)
    }

    /// Returns the revision that the entry's resource names; empty for deploys.
    #[must_use]
    pub fn revision_label(&self) -> &str {
        if self.log == Log::Activity { "" } else { &self.revision.name }
    }

    /// Returns the entry as one line of JSON, keys sorted, no line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1024);
        self.push_json(&mut out);
        out
    }

    /// Returns the entry as a JSON value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.to_json()).expect("the writer below writes valid JSON")
    }

    /// Appends the entry as one line of JSON, keys sorted, no line feed.
    pub fn push_json(&self, out: &mut String) {
        out.push('{');
        if let Some(group) = &self.error_group {
            push_key(out, "errorGroups");
            out.push_str("[{\"id\":\"");
            out.push_str(group);
            out.push_str("\"}]");
        }
        if let Some(http) = &self.http {
            push_key(out, "httpRequest");
            out.push_str(http);
        }
        push_key(out, "insertId");
        push_plain(out, &self.insert_id);
        if let Payload::Json { object, .. } = &self.payload {
            push_key(out, "jsonPayload");
            out.push_str(object);
        }
        if !self.labels.is_empty() {
            push_key(out, "labels");
            out.push_str(&self.labels);
        }
        out.push_str(",\"logName\":\"projects/");
        out.push_str(PROJECT);
        out.push_str("/logs/");
        out.push_str(self.log.encoded());
        out.push('"');
        if let Payload::Proto(object) = &self.payload {
            push_key(out, "protoPayload");
            out.push_str(object);
        }
        out.push_str(",\"receiveTimestamp\":\"");
        self.push_received(out);
        out.push_str("\",\"resource\":");
        out.push_str(if self.log == Log::Activity {
            &self.revision.audit_resource
        } else {
            &self.revision.resource
        });
        if self.severity != Severity::Default {
            out.push_str(",\"severity\":\"");
            out.push_str(self.severity.name());
            out.push('"');
        }
        if let Some(trace) = &self.trace {
            push_key(out, "spanId");
            push_plain(out, &trace.span);
        }
        if let Payload::Text(text) = &self.payload {
            push_member(out, "textPayload", text);
        }
        out.push_str(",\"timestamp\":\"");
        push_rfc3339(out, self.time_us);
        out.push('"');
        if let Some(trace) = &self.trace {
            out.push_str(",\"trace\":\"projects/");
            out.push_str(PROJECT);
            out.push_str("/traces/");
            out.push_str(&trace.id);
            out.push('"');
        }
        if self.http.is_some() && self.trace.is_some() {
            out.push_str(",\"traceSampled\":true");
        }
        out.push('}');
    }

    /// Entries travel in batches: what an instance wrote within a third of a second arrives at one instant.
    fn push_received(&self, out: &mut String) {
        const BATCH_US: i64 = 333_000;
        let batch = self.time_us.div_euclid(BATCH_US) + 1;
        let key = self.labels.as_bytes().last_chunk::<8>().map_or(0, |tail| u64::from_le_bytes(*tail));
        let noise = mix(batch.unsigned_abs() ^ key);
        let late_us = i64::try_from(noise % 150_000).unwrap_or(0);
        let nanos = i64::try_from((noise >> 32) % 1000).unwrap_or(0);
        push_nanos(out, batch * BATCH_US + late_us, nanos);
    }
}

/// Returns the identity the platform gives a line: the second, the microsecond, and 32 random bits, eight hexadecimal digits each.
#[must_use]
pub fn insert_id(time_us: i64, rng: &mut Rng) -> String {
    let mut id = String::with_capacity(24);
    for part in [time_us.div_euclid(SECOND_US), time_us.rem_euclid(SECOND_US)] {
        for digit in (0..8).rev() {
            id.push(char::from(HEX[((part >> (4 * digit)) & 15) as usize]));
        }
    }
    rng.push_hex(&mut id, 8);
    id
}

/// Appends a string that is known to need no escapes.
fn push_plain(out: &mut String, text: &str) {
    debug_assert!(
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
        "ids need no escapes"
    );
    out.push('"');
    out.push_str(text);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_begins_with_its_instant() {
        let at_us = 0x668d_70dd_i64 * SECOND_US + 0x0009_c97e;
        let id = insert_id(at_us, &mut Rng::new(1));
        assert!(id.starts_with("668d70dd0009c97e"), "{id}");
        assert_eq!(id.len(), 24);
    }
}
