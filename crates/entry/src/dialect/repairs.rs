//! What had to be tolerated or guessed in order to read an entry, counted by kind.

use super::mojibake::has_mojibake;
use crate::json::{self, Object, Text, Value};
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

    /// Says whether the text itself is broken: it is no JSON, or no UTF-8. The other kinds are about what sound text says.
    pub const fn is_damage(self) -> bool {
        matches!(self, Self::RawControl | Self::TrailingComma | Self::InvalidUtf8)
    }

    /// Says in a sentence what was found.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoZone => "a timestamp without a zone was read as UTC",
            Self::EpochTime => "a timestamp was a number since the Unix epoch",
            Self::ReceiveTime => "there was no timestamp; the time of reception counts",
            Self::RawControl => "a control character stood raw in a string",
            Self::NonFinite => "a number was none that JSON has",
            Self::TrailingComma => "a comma stood before a closing bracket",
            Self::DuplicateKey => "a key was written twice; the last counts",
            Self::InvalidUtf8 => "bytes that are no UTF-8 became U+FFFD",
            Self::LoneSurrogate => "half of a surrogate pair stood alone; it reads as U+FFFD",
            Self::Mojibake => "UTF-8 had been read as cp1252 before the export",
        }
    }
}

/// Something between the entries of a source that had to be tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// What it is.
    pub kind: RepairKind,
    /// Line of the decoded text, from 1.
    pub line: u64,
    /// Byte offset in the decoded text.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
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
    pub(super) fn add_found_in(&mut self, text: &str, root: Value<'_>) {
        static SURROGATE: LazyLock<memchr::memmem::Finder<'static>> =
            LazyLock::new(|| memchr::memmem::Finder::new(b"\\u"));
        if SURROGATE.find(text.as_bytes()).is_some() && has_lone_surrogate(text) {
            self.add(RepairKind::LoneSurrogate, 1);
        }
        if has_mojibake(text) || escapes_a_lead_byte(text) && any_text(root, &|text| has_mojibake(text)) {
            self.add(RepairKind::Mojibake, 1);
        }
    }
}

/// Says whether a character is escaped that could be the first byte of text read as cp1252: `\u00c2` to `\u00f4`.
fn escapes_a_lead_byte(text: &str) -> bool {
    static ESCAPE: LazyLock<memchr::memmem::Finder<'static>> =
        LazyLock::new(|| memchr::memmem::Finder::new(b"\\u00"));
    let bytes = text.as_bytes();
    ESCAPE.find_iter(bytes).any(|at| matches!(bytes.get(at + 4), Some(b'c'..=b'f' | b'C'..=b'F')))
}

/// Says whether any string in a value is such, keys aside.
fn any_text(value: Value<'_>, is_such: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_such(&text.value()),
        Value::Array(array) => array.iter().any(|value| any_text(value, is_such)),
        Value::Object(object) => object.iter().any(|(_, value)| any_text(value, is_such)),
        _ => false,
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
            let mut digests = [0_u64; 4];
            let (mut n_keys, mut is_maybe, mut count) = (0, false, 0);
            for (key, value) in object.iter() {
                match key.as_plain() {
                    Some(key) => {
                        let digest = digest(key.as_bytes());
                        let (word, bit) = (&mut digests[usize::from(digest >> 6)], 1 << (digest & 63));
                        is_maybe |= *word & bit != 0;
                        *word |= bit;
                    }
                    None => is_maybe = true,
                }
                n_keys += 1;
                if matches!(value, Value::Array(_) | Value::Object(_)) {
                    count += count_duplicate_keys(value);
                }
            }
            count + if is_maybe { count_again(object, n_keys) } else { 0 }
        }
        _ => 0,
    }
}

/// Counts for certain. Objects of entries have few keys, so each is compared with those before it, mostly by length.
fn count_again(object: Object<'_>, n_keys: usize) -> u32 {
    const FEW: usize = 32;
    let keys = object.iter().map(|(key, _)| key);
    if n_keys > FEW || keys.clone().any(|key| key.as_plain().is_none()) {
        let mut seen = BTreeSet::new();
        return keys.map(|key| u32::from(!seen.insert(key.value()))).sum();
    }
    let mut plain = [""; FEW];
    let mut count = 0;
    for (idx, key) in keys.filter_map(Text::as_plain).enumerate() {
        count += u32::from(plain[..idx].contains(&key));
        plain[idx] = key;
    }
    count
}

/// Eight bits of length, first, middle and last byte.
fn digest(key: &[u8]) -> u8 {
    let [first, .., last] = key else { return key.first().copied().unwrap_or(0) };
    let middle = key[key.len() / 2];
    let len = key.len().to_le_bytes()[0];
    first.wrapping_mul(31) ^ last.wrapping_mul(57) ^ middle.wrapping_mul(117) ^ len.wrapping_mul(11)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, parse};
    use proptest::prelude::*;

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
        check_duplicates(r#"{"\u0061":1,"b":1,"a":2}"#, 1);
    }

    proptest! {
        #[test]
        fn duplicate_keys_agree_with_a_set(keys in proptest::collection::vec("[ab\\\\]{0,3}|k[0-9]{1,2}", 0..60)) {
            let members: Vec<String> =
                keys.iter().map(|key| format!("{}:0", serde_json::to_string(key).unwrap())).collect();
            let distinct: BTreeSet<&String> = keys.iter().collect();
            let text = format!("{{{}}}", members.join(","));
            check_duplicates(&text, u32::try_from(keys.len() - distinct.len()).unwrap());
        }
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
