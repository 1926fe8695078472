//! The nine severities of Cloud Logging.

use crate::json::Value;
use std::fmt;

/// How bad it is. An entry that does not say is [`Severity::Default`].
///
/// Source: `google/logging/type/log_severity.proto`; the numbers are its enum values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Severity {
    /// No severity was assigned.
    #[default]
    Default = 0,
    /// Debug or trace information.
    Debug = 100,
    /// Routine information.
    Info = 200,
    /// Normal but significant events.
    Notice = 300,
    /// Might cause problems.
    Warning = 400,
    /// Likely to cause problems.
    Error = 500,
    /// More severe problems or outages.
    Critical = 600,
    /// A person must act at once.
    Alert = 700,
    /// Systems are unusable.
    Emergency = 800,
}

impl Severity {
    /// All severities, mildest first.
    pub const ALL: [Self; 9] = [
        Self::Default,
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// Returns the name as the service writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Notice => "NOTICE",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
            Self::Alert => "ALERT",
            Self::Emergency => "EMERGENCY",
        }
    }

    /// Returns the enum's number.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Returns the position in [`Severity::ALL`].
    pub const fn rank(self) -> u8 {
        #[expect(clippy::cast_possible_truncation, reason = "0 to 8")]
        let rank = (self as u16 / 100) as u8;
        rank
    }

    /// Finds a severity by its exact name in any case, or by its number.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<u16>() {
            return Self::ALL.into_iter().find(|severity| severity.number() == number);
        }
        Self::ALL.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(text))
    }

    /// Reads what an entry says: a name or number as [`Severity::parse`] takes it, or a common spelling of other loggers
    /// (`warn`, `fatal`, `trace`, …). `null` and the empty string are [`Severity::Default`]; `None` for what means nothing.
    pub fn read(value: Value<'_>) -> Option<Self> {
        let text = match value {
            Value::Null => return Some(Self::Default),
            Value::Number(text) => return Self::parse(text),
            Value::String(text) => text.value(),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        if text.is_empty() {
            return Some(Self::Default);
        }
        Self::parse(&text).or_else(|| Self::spelling(&text))
    }

    /// Source: the severity spellings that the managed logging agents accept.
    fn spelling(text: &str) -> Option<Self> {
        Some(match text.to_ascii_uppercase().as_str() {
            "TRACE" | "FINE" | "FINER" | "FINEST" | "VERBOSE" | "D" => Self::Debug,
            "INFORMATION" | "INFORMATIONAL" | "CONFIG" | "LOG" | "I" => Self::Info,
            "WARN" | "W" => Self::Warning,
            "ERR" | "SEVERE" | "E" => Self::Error,
            "FATAL" | "CRIT" | "C" | "F" => Self::Critical,
            "A" => Self::Alert,
            "EMERG" | "PANIC" => Self::Emergency,
            _ => return None,
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_numbers_and_spellings() {
        for severity in Severity::ALL {
            assert_eq!(Severity::parse(severity.name()), Some(severity));
            assert_eq!(Severity::parse(&severity.number().to_string()), Some(severity));
            assert_eq!(Severity::ALL[usize::from(severity.rank())], severity);
        }
        assert_eq!(Severity::parse("error"), Some(Severity::Error));
        assert_eq!(Severity::parse("HIGH"), None);
        assert_eq!(Severity::read(Value::plain("warn")), Some(Severity::Warning));
        assert_eq!(Severity::read(Value::Null), Some(Severity::Default));
        assert_eq!(Severity::read(Value::Number("500")), Some(Severity::Error));
        assert_eq!(Severity::read(Value::plain("purple")), None);
    }
}
