//! What the splitter hands to the workers: a stretch of text and where the entries in it are.

use crate::dialect::{DialectKind, FieldMap, Repair};
use crate::reject::Reject;
use std::ops::Range;
use std::sync::Arc;

/// A stretch of one source's text with the entries that lie wholly inside it. Owns everything, so threads can pass it on.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The text, punctuation between the entries included. Invalid UTF-8 has become U+FFFD.
    pub text: String,
    /// The entries, in the order of the source.
    pub records: Vec<Record>,
    /// What is no entry, in the order of the source. More may be found when the records are read.
    pub rejects: Vec<Reject>,
    /// What had to be tolerated between the entries, in the order of the source.
    pub repairs: Vec<Repair>,
    /// Which members mean what, where the dialect leaves it open.
    pub field_map: Option<Arc<FieldMap>>,
    /// Members of wrappers that say something about every entry inside, as JSON objects. See [`Record::outer`].
    pub outers: Vec<Arc<str>>,
}

/// Where an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its bytes in [`Batch::text`].
    pub range: Range<usize>,
    /// Line of the decoded text on which it starts, from 1.
    pub line: u64,
    /// Byte offset in the decoded text.
    pub offset: u64,
    /// Its length in the decoded text; differs from the range's where invalid UTF-8 was replaced.
    pub len: u64,
    /// Which array of the source it stands in: an index into [`crate::input::SourceFacts::contexts`].
    pub context: u32,
    /// The dialect of the source, as far as it was known when the splitter came by.
    pub dialect: DialectKind,
    /// How often invalid UTF-8 in it was replaced.
    pub n_replaced: u32,
    /// One more than the index into [`Batch::outers`]; 0 for none.
    pub outer: u32,
}

impl Batch {
    /// Returns the text of a record.
    pub fn text_of(&self, record: &Record) -> &str {
        &self.text[record.range.clone()]
    }

    /// Returns the members around a record's array that belong to it, as a JSON object.
    pub fn outer_of(&self, record: &Record) -> Option<&str> {
        let idx = usize::try_from(record.outer.checked_sub(1)?).ok()?;
        self.outers.get(idx).map(|text| &**text)
    }
}

/// Makes valid text of bytes in which the records lie; their ranges move when something has to be replaced.
pub(super) fn valid_text(bytes: Vec<u8>, records: &mut [Record]) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return text,
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut at = 0;
    for record in records {
        text.push_str(&String::from_utf8_lossy(&bytes[at..record.range.start]));
        at = record.range.end;
        let start = text.len();
        for chunk in bytes[record.range.clone()].utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
                record.n_replaced += 1;
            }
        }
        record.range = start..text.len();
    }
    text.push_str(&String::from_utf8_lossy(&bytes[at..]));
    text
}
