//! What had to be tolerated or guessed in order to read an entry, counted by kind.

use super::mojibake::has_mojibake;
use crate::json::{self, Value};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A kind of repair. Names are stable; they are stored and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RepairKind {
    /// A timestamp without a zone was read as UTC.
    NoZone,
    /// A timestamp was a number since the Unix epoch.
    EpochTime,
    /// There was no timestamp; the time of reception counts.
    ReceiveTime,
    /// A control character stood raw in a string.
    RawControl,
    /// `NaN` or an infinity stood where JSON has none.
    NonFinite,
    /// A comma stood before a closing bracket.
    TrailingComma,
    /// A key was written twice in one object; the last counts.
    DuplicateKey,
    /// Bytes that are no UTF-8 became U+FFFD.
    InvalidUtf8,
    /// Half of a surrogate pair stood alone; it reads as U+FFFD.
    LoneSurrogate,
    /// UTF-8 had been read as cp1252 before the export. The text is kept as it is; see [`crate::unmojibake`].
    Mojibake,
}

const N_KINDS: usize = 10;

impl RepairKind {
    /// All kinds, in the order of the enum.
    pub const ALL: [Self; N_KINDS] = [
        Self::NoZone,
        Self::EpochTime,
        Self::ReceiveTime,
        Self::RawControl,
        Self::NonFinite,
        Self::TrailingComma,
        Self::DuplicateKey,
        Self::InvalidUtf8,
        Self::LoneSurrogate,
        Self::Mojibake,
    ];

    /// Returns the stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoZone => "no-zone",
            Self::EpochTime => "epoch-time",
            Self::ReceiveTime => "receive-time",
            Self::RawControl => "raw-control",
            Self::NonFinite => "non-finite",
            Self::TrailingComma => "trailing-comma",
            Self::DuplicateKey => "duplicate-key",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::LoneSurrogate => "lone-surrogate",
            Self::Mojibake => "mojibake",
        }
    }
}

/// Counts by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    counts: [u32; N_KINDS],
}

impl Repairs {
    /// Returns the count of a kind.
    pub const fn count(&self, kind: RepairKind) -> u32 {
        self.counts[kind as usize]
    }

    /// Says whether nothing was repaired.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }

    /// Returns the kinds that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (RepairKind, u32)> + '_ {
        RepairKind::ALL.into_iter().map(|kind| (kind, self.count(kind))).filter(|(_, count)| *count > 0)
    }

    /// Adds to a kind.
    pub const fn add(&mut self, kind: RepairKind, count: u32) {
        let slot = &mut self.counts[kind as usize];
        *slot = slot.saturating_add(count);
    }

    /// Adds all counts of another entry.
    pub fn merge(&mut self, other: &Self) {
        for (kind, count) in other.iter() {
            self.add(kind, count);
        }
    }

    pub(super) const fn add_parsed(&mut self, parsed: json::Repairs) {
        self.add(RepairKind::RawControl, parsed.raw_controls);
        self.add(RepairKind::NonFinite, parsed.non_finite);
        self.add(RepairKind::TrailingComma, parsed.trailing_commas);
    }

    /// Adds what shows in the text itself. Each kind counts once per entry.
    pub(super) fn add_found_in(&mut self, text: &str) {
        static SURROGATE: LazyLock<memchr::memmem::Finder<'static>> =
            LazyLock::new(|| memchr::memmem::Finder::new(b"\\u"));
        if SURROGATE.find(text.as_bytes()).is_some() && has_lone_surrogate(text) {
            self.add(RepairKind::LoneSurrogate, 1);
        }
        if has_mojibake(text) {
            self.add(RepairKind::Mojibake, 1);
        }
    }
}

/// Looks for `\ud8xx` without its other half, or the other half alone. `\\ud8xx` is no escape.
fn has_lone_surrogate(text: &str) -> bool {
    let bytes = text.as_bytes();
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        at += found;
        match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => return true,
            Some(_) => at += 6,
            None => at += 2,
        }
        if at >= bytes.len() {
            break;
        }
    }
    false
}

/// Counts keys that were written again in the same object, at any depth.
pub(super) fn count_duplicate_keys(value: Value<'_>) -> u32 {
    match value {
        Value::Array(array) => array.iter().map(count_duplicate_keys).sum(),
        Value::Object(object) => {
            let mut inner = 0;
            let mut is_sorted = true;
            let mut last = "";
            for (key, value) in object.iter() {
                // The service sorts keys, so one comparison per key settles nearly every object.
                match key.as_plain() {
                    Some(key) if key > last => last = key,
                    _ => is_sorted = false,
                }
                if matches!(value, Value::Array(_) | Value::Object(_)) {
                    inner += count_duplicate_keys(value);
                }
            }
            if is_sorted {
                return inner;
            }
            let mut seen = BTreeSet::new();
            for (key, _) in object.iter() {
                inner += u32::from(!seen.insert(key.value()));
            }
            inner
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, parse};

    fn check_duplicates(text: &str, expected: u32) {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        assert_eq!(count_duplicate_keys(Document::new(text, &nodes).root()), expected, "{text}");
    }

    #[test]
    fn duplicate_keys() {
        check_duplicates(r#"{"a":1,"b":2}"#, 0);
        check_duplicates(r#"{"b":1,"a":2}"#, 0);
        check_duplicates(r#"{"a":1,"a":2,"a":3}"#, 2);
        check_duplicates(r#"{"a":{"x":1,"\u0078":2},"b":[{"y":1,"y":2}]}"#, 2);
        check_duplicates(r#"{"":1,"":2}"#, 1);
    }

    #[test]
    fn lone_surrogates() {
        assert!(!has_lone_surrogate(r"\ud83d\ude00 \u00e9 \n"));
        assert!(!has_lone_surrogate(r"\\ud800"));
        assert!(has_lone_surrogate(r"\ud83d"));
        assert!(has_lone_surrogate(r"\ud83d\n"));
        assert!(has_lone_surrogate(r"\\\ude00"));
        assert!(has_lone_surrogate(r"\ud83d\ud83d\ude00"));
    }
}
