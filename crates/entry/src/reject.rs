//! What could not be read: kept, counted and shown, never dropped.

use std::fmt;

/// A piece of a source that did not become an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Line of the decoded text on which the piece starts, from 1.
    pub line: u64,
    /// Byte offset of the piece in the decoded text.
    pub offset: u64,
    /// Length of the piece in bytes.
    pub len: u64,
    /// Why it is no entry.
    pub reason: RejectReason,
    /// The first bytes, at most [`SAMPLE_BYTES`], with controls made visible.
    pub sample: String,
}

/// A source that could not be read at all, or an archive some of whose members could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The source, as people name it.
    pub path: String,
    /// Why, and what was found instead.
    pub reason: RejectReason,
    /// More about it: the operating system's words, what the file looks like.
    pub detail: String,
}

/// Samples are cut at this many bytes.
pub(crate) const SAMPLE_BYTES: usize = 200;

/// Why a piece of text is no entry. Names are stable; they are stored and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RejectReason {
    /// The text ends inside the entry.
    CutOff,
    /// The JSON of the entry is broken.
    BrokenJson,
    /// Containers nested more deeply than [`crate::json::MAX_DEPTH`].
    TooDeep,
    /// The entry is larger than [`crate::split::MAX_ENTRY_BYTES`].
    TooLarge,
    /// Text where an entry should start.
    StrayText,
    /// JSON, but not a log entry.
    NotAnEntry,
    /// The entry does not say when it happened.
    NoTimestamp,
    /// The entry says when it happened in no known form.
    BadTimestamp,
    /// The compressed data ends early; what came before was read.
    CompressedEndsEarly,
    /// The compressed data is damaged; what came before was read.
    CompressedDamaged,
    /// The archive of files breaks off; the members before that were read.
    ArchiveDamaged,
    /// The source is not JSON.
    NotJson,
    /// The source has no bytes, or nothing but white space.
    Empty,
    /// There is no such file.
    NotFound,
    /// A folder or archive with no files to read.
    NothingInside,
    /// A pattern for file names that is not one.
    BadPattern,
    /// The operating system refused.
    Unreadable,
    /// The source is known, was read by other rules, and some of its entries were kept.
    OtherRules,
}

impl RejectReason {
    /// All reasons, in the order of the enum.
    pub const ALL: [Self; 18] = [
        Self::CutOff,
        Self::BrokenJson,
        Self::TooDeep,
        Self::TooLarge,
        Self::StrayText,
        Self::NotAnEntry,
        Self::NoTimestamp,
        Self::BadTimestamp,
        Self::CompressedEndsEarly,
        Self::CompressedDamaged,
        Self::ArchiveDamaged,
        Self::NotJson,
        Self::Empty,
        Self::NotFound,
        Self::NothingInside,
        Self::BadPattern,
        Self::Unreadable,
        Self::OtherRules,
    ];

    /// Returns the stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CutOff => "cut-off",
            Self::BrokenJson => "broken-json",
            Self::TooDeep => "too-deep",
            Self::TooLarge => "too-large",
            Self::StrayText => "stray-text",
            Self::NotAnEntry => "not-an-entry",
            Self::NoTimestamp => "no-timestamp",
            Self::BadTimestamp => "bad-timestamp",
            Self::CompressedEndsEarly => "compressed-ends-early",
            Self::CompressedDamaged => "compressed-damaged",
            Self::ArchiveDamaged => "archive-damaged",
            Self::NotJson => "not-json",
            Self::Empty => "empty",
            Self::NotFound => "not-found",
            Self::NothingInside => "nothing-inside",
            Self::BadPattern => "bad-pattern",
            Self::Unreadable => "unreadable",
            Self::OtherRules => "other-rules",
        }
    }

    /// Finds a reason by its stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// A sentence for people.
impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutOff => "the file ends in the middle of this entry",
            Self::BrokenJson => "the JSON of this entry is broken",
            Self::TooDeep => "this entry is nested too deeply",
            Self::TooLarge => "this entry is larger than 16 MiB",
            Self::StrayText => "text where an entry should start",
            Self::NotAnEntry => "JSON, but not a log entry",
            Self::NoTimestamp => "this entry has no timestamp",
            Self::BadTimestamp => "the timestamp of this entry cannot be read",
            Self::CompressedEndsEarly => "compressed data ends early",
            Self::CompressedDamaged => "compressed data is damaged",
            Self::ArchiveDamaged => "this archive breaks off",
            Self::NotJson => "this is not JSON",
            Self::Empty => "there is nothing in it",
            Self::NotFound => "there is no such file or folder",
            Self::NothingInside => "there is nothing to read in it",
            Self::BadPattern => "this is no pattern for file names",
            Self::Unreadable => "it cannot be read",
            Self::OtherRules => "it was read by other rules before",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

/// Makes the sample of a rejected piece: its first bytes, controls shown as symbols, broken UTF-8 as U+FFFD.
pub(crate) fn sample(bytes: &[u8]) -> String {
    let mut out = String::new();
    for c in String::from_utf8_lossy(&bytes[..bytes.len().min(SAMPLE_BYTES)]).chars() {
        let shown = match c {
            // The block "Control Pictures" has a symbol for each of the 32 ASCII controls, in order.
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).expect("a control picture"),
            '\u{7f}' => '\u{2421}',
            c if c.is_control() || is_direction_mark(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        if out.len() + shown.len_utf8() > SAMPLE_BYTES {
            break;
        }
        out.push(shown);
    }
    out
}

const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_their_reasons() {
        for reason in RejectReason::ALL {
            assert_eq!(RejectReason::from_name(reason.name()), Some(reason));
            assert!(!reason.to_string().is_empty());
        }
        assert_eq!(RejectReason::from_name("Cut-Off"), None);
    }

    #[test]
    fn samples_are_short_and_printable() {
        assert_eq!(sample(b"a\tb\0\x7f\xffc"), "a␉b␀␡\u{fffd}c");
        assert_eq!(sample("x\u{202e}y".as_bytes()), "x\u{fffd}y");
        assert_eq!(sample(&[b'x'; 1000]).len(), SAMPLE_BYTES);
        assert!(sample(&[0xff; 1000]).len() <= SAMPLE_BYTES);
    }
}
