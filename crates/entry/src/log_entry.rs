//! A log entry: a view of its JSON by the fields that the service defines.

use crate::json::{Object, Text, Value, write_canonical};
use crate::severity::Severity;
use crate::timestamp::{Timestamp, Zone};

/// The fields of a `LogEntry`, `google.logging.v2`.
///
/// Source: <https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the field of its name")]
#[repr(u8)]
pub enum Field {
    LogName,
    Resource,
    Timestamp,
    ReceiveTimestamp,
    Severity,
    InsertId,
    HttpRequest,
    Labels,
    Metadata,
    Operation,
    Trace,
    SpanId,
    TraceSampled,
    SourceLocation,
    Split,
    ErrorGroups,
    Apphub,
    ApphubDestination,
    ApphubSource,
    Otel,
    ProtoPayload,
    TextPayload,
    JsonPayload,
}

const N_FIELDS: usize = 23;

impl Field {
    /// All fields, in the order of the enum.
    pub const ALL: [Self; N_FIELDS] = [
        Self::LogName,
        Self::Resource,
        Self::Timestamp,
        Self::ReceiveTimestamp,
        Self::Severity,
        Self::InsertId,
        Self::HttpRequest,
        Self::Labels,
        Self::Metadata,
        Self::Operation,
        Self::Trace,
        Self::SpanId,
        Self::TraceSampled,
        Self::SourceLocation,
        Self::Split,
        Self::ErrorGroups,
        Self::Apphub,
        Self::ApphubDestination,
        Self::ApphubSource,
        Self::Otel,
        Self::ProtoPayload,
        Self::TextPayload,
        Self::JsonPayload,
    ];

    /// Returns the JSON name, camelCase.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogName => "logName",
            Self::Resource => "resource",
            Self::Timestamp => "timestamp",
            Self::ReceiveTimestamp => "receiveTimestamp",
            Self::Severity => "severity",
            Self::InsertId => "insertId",
            Self::HttpRequest => "httpRequest",
            Self::Labels => "labels",
            Self::Metadata => "metadata",
            Self::Operation => "operation",
            Self::Trace => "trace",
            Self::SpanId => "spanId",
            Self::TraceSampled => "traceSampled",
            Self::SourceLocation => "sourceLocation",
            Self::Split => "split",
            Self::ErrorGroups => "errorGroups",
            Self::Apphub => "apphub",
            Self::ApphubDestination => "apphubDestination",
            Self::ApphubSource => "apphubSource",
            Self::Otel => "otel",
            Self::ProtoPayload => "protoPayload",
            Self::TextPayload => "textPayload",
            Self::JsonPayload => "jsonPayload",
        }
    }

    /// Finds a field by its exact JSON name.
    pub fn from_name(name: &str) -> Option<Self> {
        // Length and first byte leave at most one candidate; a hash would cost more than it saves.
        let field = match (name.len(), *name.as_bytes().first()?) {
            (4, b'o') => Self::Otel,
            (5, b't') => Self::Trace,
            (5, b's') => Self::Split,
            (6, b'l') => Self::Labels,
            (6, b's') => Self::SpanId,
            (6, b'a') => Self::Apphub,
            (7, b'l') => Self::LogName,
            (8, b'r') => Self::Resource,
            (8, b's') => Self::Severity,
            (8, b'i') => Self::InsertId,
            (8, b'm') => Self::Metadata,
            (9, b't') => Self::Timestamp,
            (9, b'o') => Self::Operation,
            (11, b'h') => Self::HttpRequest,
            (11, b'e') => Self::ErrorGroups,
            (11, b't') => Self::TextPayload,
            (11, b'j') => Self::JsonPayload,
            (12, b't') => Self::TraceSampled,
            (12, b'a') => Self::ApphubSource,
            (12, b'p') => Self::ProtoPayload,
            (14, b's') => Self::SourceLocation,
            (16, b'r') => Self::ReceiveTimestamp,
            (17, b'a') => Self::ApphubDestination,
            _ => return None,
        };
        (field.name() == name).then_some(field)
    }
}

/// A log entry, borrowed from the JSON it was read from or put together from columns.
#[derive(Clone, Debug)]
pub struct LogEntry<'a> {
    fields: [Option<Value<'a>>; N_FIELDS],
    /// Members the service does not define. Kept, because the export had them; otherwise ignored.
    unknown: Vec<(Text<'a>, Value<'a>)>,
}

impl<'a> LogEntry<'a> {
    /// Returns an entry without any field.
    pub const fn empty() -> Self {
        Self { fields: [None; N_FIELDS], unknown: Vec::new() }
    }

    /// Views a JSON object as an entry. A key that was written twice counts with its last value.
    pub fn from_object(object: Object<'a>) -> Self {
        let mut entry = Self::empty();
        for (key, value) in object.iter() {
            match Field::from_name(&key.value()) {
                Some(field) => entry.set(field, value),
                None => entry.unknown.push((key, value)),
            }
        }
        entry
    }

    /// Sets a field.
    pub const fn set(&mut self, field: Field, value: Value<'a>) {
        self.fields[field as usize] = Some(value);
    }

    /// Returns a field as the service sees it: one that is `null` is not there.
    pub const fn get(&self, field: Field) -> Option<Value<'a>> {
        match self.fields[field as usize] {
            Some(Value::Null) | None => None,
            present => present,
        }
    }

    /// Returns a field as it was exported, `null` included.
    pub const fn exported(&self, field: Field) -> Option<Value<'a>> {
        self.fields[field as usize]
    }

    /// Returns the members that the service does not define, in export order.
    pub fn unknown(&self) -> &[(Text<'a>, Value<'a>)] {
        &self.unknown
    }

    /// Returns when it happened. `None` when the entry does not say, or says it in no known form.
    pub fn timestamp(&self) -> Option<(Timestamp, Zone)> {
        Timestamp::parse(&self.get(Field::Timestamp)?.as_text()?.value())
    }

    /// Returns the severity; one that cannot be read counts as [`Severity::Default`].
    pub fn severity(&self) -> Severity {
        self.get(Field::Severity).and_then(Severity::read).unwrap_or_default()
    }

    /// Returns a field that is a string.
    pub const fn text(&self, field: Field) -> Option<Text<'a>> {
        match self.get(field) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Appends the entry as one canonical JSON object, the form in which entries leave the archive.
    pub fn write_json(&self, out: &mut String) {
        let mut members: Vec<(std::borrow::Cow<'_, str>, Value<'a>)> = Field::ALL
            .into_iter()
            .filter_map(|field| Some((field.name().into(), self.exported(field)?)))
            .chain(self.unknown.iter().map(|(key, value)| (key.value(), *value)))
            .collect();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        out.push('{');
        for (idx, (key, value)) in members.iter().enumerate() {
            if idx > 0 {
                out.push(',');
            }
            crate::json::push_quoted(key, out);
            out.push(':');
            write_canonical(*value, out);
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, parse};

    #[test]
    fn names_find_their_fields() {
        for field in Field::ALL {
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
        assert_eq!(Field::from_name("textpayload"), None);
        assert_eq!(Field::from_name(""), None);
    }

    #[test]
    fn null_is_kept_and_counts_as_absent() {
        let text = r#"{"textPayload":null,"severity":"ERROR","x":1,"timestamp":"2025-01-01T00:00:00Z"}"#;
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        let entry = LogEntry::from_object(Document::new(text, &nodes).root().as_object().unwrap());
        assert!(entry.get(Field::TextPayload).is_none());
        assert!(entry.exported(Field::TextPayload).is_some());
        assert_eq!(entry.severity(), Severity::Error);
        let mut out = String::new();
        entry.write_json(&mut out);
        assert_eq!(
            out,
            r#"{"severity":"ERROR","textPayload":null,"timestamp":"2025-01-01T00:00:00Z","x":1}"#
        );
    }
}
