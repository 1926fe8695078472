//! Whether a JSON object is a log entry, and of which dialect.

use super::{DialectKind, FieldMap, cloud_watch, container, generic, journald, otlp};
use crate::json::{Object, Value};
use std::sync::Arc;

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// It says when, and has some other field of an entry: enough inside an array of entries.
    Weak,
    /// It has fields that together nothing else has: enough to go on behind damage.
    Strong,
}

/// Tells entries from other objects of one source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recogniser {
    /// The dialect that somebody asked for.
    pub(crate) asked: Option<DialectKind>,
    /// The dialect of the first entry, and why it is that one.
    pub(crate) found: Option<(DialectKind, &'static str)>,
    /// The dialect of the document that is being read, where it is another: sources are glued together.
    pub(crate) here: Option<DialectKind>,
    pub(crate) field_map: Option<Arc<FieldMap>>,
}

impl Recogniser {
    /// Returns the dialect of the source, as far as it is known.
    pub(crate) fn kind(&self) -> DialectKind {
        self.asked.or(self.here).or(self.found.map(|(kind, _)| kind)).unwrap_or(DialectKind::Unknown)
    }

    /// Returns recognisers of the other dialects whose entries nothing else looks like, most telling first; none when a dialect was
    /// asked for, and none before there is a first.
    pub(crate) fn others(&self) -> impl Iterator<Item = Self> + '_ {
        let may_change = self.asked.is_none() && self.found.is_some();
        let kinds = FOREIGN.into_iter().filter(move |kind| may_change && *kind != DialectKind::Generic);
        kinds.map(|kind| Self { here: Some(kind), ..self.clone() })
    }

    /// Recognises an entry.
    ///
    /// In a document of one dialect, entries of others are no entries, except that a `LogEntry` always is one: what lies about in
    /// wrappers must not become entries only because it has a time and a message.
    pub(crate) fn recognise(&self, object: Object<'_>) -> Option<(DialectKind, Strength)> {
        let own = log_entry(object);
        match self.kind() {
            DialectKind::LogEntry | DialectKind::ClientLibrary => own,
            DialectKind::Unknown => match own {
                Some((_, Strength::Strong)) => own,
                _ => foreign(object, self.field_map.as_deref()).or(own),
            },
            kind => match own {
                Some((_, Strength::Strong)) if self.asked.is_none() => own,
                _ => is_of(kind, object, self.field_map.as_deref()).then_some((kind, Strength::Strong)),
            },
        }
    }
}

/// Says in a sentence why a dialect was recognised.
pub(super) const fn reason(kind: DialectKind) -> &'static str {
    match kind {
        DialectKind::Unknown => "no entry was recognised",
        DialectKind::LogEntry => "the first entry has fields of a LogEntry",
        DialectKind::ClientLibrary => "the first entry has snake_case fields of a LogEntry",
        DialectKind::Otlp => "the first entry has timeUnixNano or observedTimeUnixNano",
        DialectKind::Kubernetes => "the first entry names its pod under kubernetes",
        DialectKind::Docker => "the first entry has log, stream and time",
        DialectKind::Journald => "the first entry has __REALTIME_TIMESTAMP",
        DialectKind::CloudWatch => {
            "the first entry has a numeric timestamp, a message and an event id or ingestion time"
        }
        DialectKind::Ecs => "the first entry has @timestamp and fields of the Elastic Common Schema",
        DialectKind::Generic => "the first entry has a time and a message under common names",
    }
}

/// The dialects other than the service's own, most telling first.
const FOREIGN: [DialectKind; 7] = [
    DialectKind::Otlp,
    DialectKind::Journald,
    DialectKind::Kubernetes,
    DialectKind::Docker,
    DialectKind::CloudWatch,
    DialectKind::Ecs,
    DialectKind::Generic,
];

/// Recognises an entry of another dialect than the service's own.
fn foreign(object: Object<'_>, map: Option<&FieldMap>) -> Option<(DialectKind, Strength)> {
    let kind = FOREIGN.into_iter().find(|kind| is_of(*kind, object, map))?;
    let strength = if kind == DialectKind::Generic { Strength::Weak } else { Strength::Strong };
    Some((kind, strength))
}

fn is_of(kind: DialectKind, object: Object<'_>, map: Option<&FieldMap>) -> bool {
    match kind {
        DialectKind::Unknown | DialectKind::LogEntry | DialectKind::ClientLibrary => false,
        DialectKind::Otlp => otlp::is_one(object),
        DialectKind::Kubernetes => container::is_kubernetes(object),
        DialectKind::Docker => container::is_docker(object),
        DialectKind::Journald => journald::is_one(object),
        DialectKind::CloudWatch => cloud_watch::is_one(object),
        DialectKind::Ecs => generic::is_ecs(object),
        DialectKind::Generic => generic::is_one(object, map),
    }
}

/// Recognises the service's own form by its root keys.
fn log_entry(object: Object<'_>) -> Option<(DialectKind, Strength)> {
    let (mut n_own, mut n_other, mut has_time, mut is_snake) = (0, 0, false, false);
    for (key, value) in object.iter() {
        let Some(key) = key.as_plain() else { continue };
        match key {
            "logName" | "insertId" | "receiveTimestamp" | "textPayload" | "jsonPayload" | "protoPayload"
            | "httpRequest" => n_own += 1,
            "log_name" | "insert_id" | "receive_timestamp" | "text_payload" | "json_payload"
            | "proto_payload" | "http_request" => {
                n_own += 1;
                is_snake = true;
            }
            "resource" if value.get("type").is_some() => n_own += 1,
            "timestamp" => {
                has_time = matches!(value, Value::String(_) | Value::Number(_) | Value::Object(_));
            }
            "severity" | "labels" | "trace" | "spanId" | "span_id" | "operation" | "resource" => n_other += 1,
            _ => {}
        }
    }
    let kind = if is_snake { DialectKind::ClientLibrary } else { DialectKind::LogEntry };
    match (n_own, n_other, has_time) {
        (2.., _, _) | (1, _, true) => Some((kind, Strength::Strong)),
        (0, 1.., true) => Some((kind, Strength::Weak)),
        _ => None,
    }
}
