//! The fields of a log entry and their types, as far as the service defines them.
//!
//! Source: `google/logging/v2/log_entry.proto`, `google/logging/type/http_request.proto`; the free maps and structs are
//! named in the Logging query language, edition of 2024-05-15, "Field path identifiers".

use timberline_entry::Field;
use timberline_entry::json::Value;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A string that the service defines; absent means `""`.
    Text,
    /// A 32-bit integer; absent means 0.
    Int32,
    /// A 64-bit integer, a string in JSON; absent means 0.
    Int64,
    /// Absent means false.
    Bool,
    /// Seconds with `s` in JSON; absent means zero.
    Duration,
    /// RFC 3339; absent means the Unix epoch.
    Timestamp,
    /// Absent means DEFAULT.
    Severity,
    /// A message with fields of its own.
    Message(&'static Message),
    /// Free keys, string values. An absent key is missing: every comparison with it is false.
    Labels,
    /// Free structure, typed by its JSON; keys are exact. An absent key is missing.
    Struct,
    /// A protocol buffer in JSON: as [`FieldType::Struct`], but names ignore case and underscores, and strings that
    /// hold numbers or timestamps are ordered as such.
    Proto,
}

/// A message of the service.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Its fields.
    pub fields: &'static [(&'static str, FieldType)],
}

impl Message {
    /// Finds a field by its exact JSON name.
    pub fn field(&self, name: &str) -> Option<FieldType> {
        self.fields.iter().find(|(own, _)| *own == name).map(|(_, kind)| *kind)
    }

    /// Finds a field by its name in any case, underscores ignored.
    pub fn field_folded(&self, name: &str) -> Option<(&'static str, FieldType)> {
        let name = fold_name(name);
        self.fields.iter().find(|(own, _)| fold_name(own) == name).copied()
    }
}

impl FieldType {
    /// Says whether the fields below are the entry's own: any key may stand there, and a key that is absent is missing.
    pub const fn is_free(self) -> bool {
        matches!(self, Self::Labels | Self::Struct | Self::Proto)
    }

    /// Returns the value that an absent field counts as; `None` for what has none.
    pub const fn default_value(self) -> Option<Value<'static>> {
        Some(match self {
            Self::Text => Value::plain(""),
            Self::Int32 | Self::Int64 => Value::Number("0"),
            Self::Bool => Value::Bool(false),
            Self::Duration => Value::plain("0s"),
            Self::Timestamp => Value::plain("1970-01-01T00:00:00Z"),
            Self::Severity => Value::plain("DEFAULT"),
            Self::Message(_) | Self::Labels | Self::Struct | Self::Proto => return None,
        })
    }

    /// Returns what a value of this type is called in messages.
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::Text | Self::Labels | Self::Struct | Self::Proto => "a string",
            Self::Int32 => "a 32-bit integer",
            Self::Int64 => "a 64-bit integer",
            Self::Bool => "true or false",
            Self::Duration => "a duration such as \"1.5s\" (units ns, us, ms, s, m, h)",
            Self::Timestamp => "a time such as \"2025-01-31T12:00:00Z\" or a date",
            Self::Severity => {
                "one of DEFAULT, DEBUG, INFO, NOTICE, WARNING, ERROR, CRITICAL, ALERT, EMERGENCY"
            }
            Self::Message(_) => "a message with fields of its own",
        }
    }
}

/// Returns the type of a field of the entry.
pub const fn root_type(field: Field) -> FieldType {
    match field {
        Field::LogName | Field::InsertId | Field::Trace | Field::SpanId | Field::TextPayload => {
            FieldType::Text
        }
        Field::Timestamp | Field::ReceiveTimestamp => FieldType::Timestamp,
        Field::Severity => FieldType::Severity,
        Field::TraceSampled => FieldType::Bool,
        Field::Resource => FieldType::Message(&RESOURCE),
        Field::HttpRequest => FieldType::Message(&HTTP_REQUEST),
        Field::Operation => FieldType::Message(&OPERATION),
        Field::SourceLocation => FieldType::Message(&SOURCE_LOCATION),
        Field::Split => FieldType::Message(&SPLIT),
        Field::ErrorGroups => FieldType::Message(&ERROR_GROUP),
        Field::Metadata => FieldType::Message(&METADATA),
        Field::Apphub | Field::ApphubDestination | Field::ApphubSource => FieldType::Message(&APPHUB),
        Field::Labels => FieldType::Labels,
        Field::Otel | Field::JsonPayload => FieldType::Struct,
        Field::ProtoPayload => FieldType::Proto,
    }
}

/// Lower-cases and drops underscores: `log_name`, `LOGNAME` and `logName` are one name.
pub(crate) fn fold_name(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// Compares two names as [`fold_name`] does, without building them.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(|b| *b != b'_').map(|b| b.to_ascii_lowercase())
    }
    letters(a).eq(letters(b))
}

/// Returns the type of the leaf under `root` at `keys`, as an entry spells them; arrays have no keys.
///
/// `None` for a member that the service does not define, which no test reads.
pub fn leaf_type(root: Field, keys: &[&str]) -> Option<FieldType> {
    keys.iter().try_fold(root_type(root), |kind, key| match kind {
        FieldType::Message(message) => message.field(key),
        kind if kind.is_free() => Some(kind),
        _ => None,
    })
}

static RESOURCE: Message = Message { fields: &[("type", FieldType::Text), ("labels", FieldType::Labels)] };

static HTTP_REQUEST: Message = Message {
    fields: &[
        ("requestMethod", FieldType::Text),
        ("requestUrl", FieldType::Text),
        ("requestSize", FieldType::Int64),
        ("status", FieldType::Int32),
        ("responseSize", FieldType::Int64),
        ("userAgent", FieldType::Text),
        ("remoteIp", FieldType::Text),
        ("serverIp", FieldType::Text),
        ("referer", FieldType::Text),
        ("latency", FieldType::Duration),
        ("cacheLookup", FieldType::Bool),
        ("cacheHit", FieldType::Bool),
        ("cacheValidatedWithOriginServer", FieldType::Bool),
        ("cacheFillBytes", FieldType::Int64),
        ("protocol", FieldType::Text),
    ],
};

static OPERATION: Message = Message {
    fields: &[
        ("id", FieldType::Text),
        ("producer", FieldType::Text),
        ("first", FieldType::Bool),
        ("last", FieldType::Bool),
    ],
};

static SOURCE_LOCATION: Message = Message {
    fields: &[("file", FieldType::Text), ("line", FieldType::Int64), ("function", FieldType::Text)],
};

static SPLIT: Message = Message {
    fields: &[("uid", FieldType::Text), ("index", FieldType::Int32), ("totalSplits", FieldType::Int32)],
};

static ERROR_GROUP: Message = Message { fields: &[("id", FieldType::Text)] };

static METADATA: Message =
    Message { fields: &[("systemLabels", FieldType::Struct), ("userLabels", FieldType::Labels)] };

static APPHUB: Message = Message {
    fields: &[
        ("application", FieldType::Message(&APPHUB_APPLICATION)),
        ("service", FieldType::Message(&APPHUB_SERVICE)),
        ("workload", FieldType::Message(&APPHUB_SERVICE)),
    ],
};

static APPHUB_APPLICATION: Message = Message {
    fields: &[("container", FieldType::Text), ("location", FieldType::Text), ("id", FieldType::Text)],
};

static APPHUB_SERVICE: Message = Message {
    fields: &[
        ("id", FieldType::Text),
        ("environmentType", FieldType::Text),
        ("criticalityType", FieldType::Text),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_underscores() {
        assert!(same_name("log_name", "logName") && same_name("METHODNAME", "methodName"));
        assert!(!same_name("log", "logName") && !same_name("", "a"));
        assert_eq!(HTTP_REQUEST.field_folded("request_url"), Some(("requestUrl", FieldType::Text)));
        assert_eq!(HTTP_REQUEST.field("request_url"), None);
    }

    #[test]
    fn leaves_have_the_type_of_their_field() {
        assert_eq!(leaf_type(Field::HttpRequest, &["status"]), Some(FieldType::Int32));
        assert_eq!(leaf_type(Field::HttpRequest, &["referrer"]), None);
        assert_eq!(leaf_type(Field::JsonPayload, &["a", "b"]), Some(FieldType::Struct));
        assert_eq!(leaf_type(Field::Resource, &["labels", "x"]), Some(FieldType::Labels));
        assert_eq!(leaf_type(Field::TextPayload, &["x"]), None);
    }

    #[test]
    fn free_fields_have_no_default() {
        for field in Field::ALL {
            let kind = root_type(field);
            assert!(!(kind.is_free() && kind.default_value().is_some()), "{field:?}");
        }
    }
}
