//! The reject ledger: what was in a source and could not be kept.

use super::table::{Table, Values, encode};
use crate::error::Result;
use bytes::Bytes;

/// Something that could not be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectRecord {
    /// Key of the source.
    pub source: u64,
    /// Line of the source's text, from 1.
    pub line: u64,
    /// Byte offset in the source's text.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
    /// Stable name of the reason.
    pub reason: String,
    /// The reason as a sentence.
    pub detail: String,
    /// The first bytes, made printable.
    pub sample: String,
}

pub(crate) fn write(rejects: &[RejectRecord]) -> Vec<u8> {
    let text = |get: fn(&RejectRecord) -> String| Values::Text(rejects.iter().map(get).collect());
    let count = |get: fn(&RejectRecord) -> u64| Values::Count(rejects.iter().map(get).collect());
    encode(vec![
        ("source", count(|reject| reject.source)),
        ("line", count(|reject| reject.line)),
        ("offset", count(|reject| reject.offset)),
        ("len", count(|reject| reject.len)),
        ("reason", text(|reject| reject.reason.clone())),
        ("detail", text(|reject| reject.detail.clone())),
        ("sample", text(|reject| reject.sample.clone())),
    ])
}

pub(crate) fn read(content: Bytes, path: &str) -> Result<Vec<RejectRecord>> {
    let table = Table::decode(content, path)?;
    let (source, line) = (table.count("source")?, table.count("line")?);
    let (offset, len) = (table.count("offset")?, table.count("len")?);
    let texts = table.text("reason")?.into_iter().zip(table.text("detail")?).zip(table.text("sample")?);
    let records = texts.enumerate().map(|(idx, ((reason, detail), sample))| RejectRecord {
        source: source[idx],
        line: line[idx],
        offset: offset[idx],
        len: len[idx],
        reason,
        detail,
        sample,
    });
    Ok(records.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_rejects_are_read() {
        let reject = RejectRecord {
            source: u64::MAX,
            line: 1,
            offset: 2,
            len: 3,
            reason: "not-json".to_owned(),
            detail: "unexpected character".to_owned(),
            sample: "<html>".to_owned(),
        };
        assert_eq!(read(Bytes::from(write(std::slice::from_ref(&reject))), "x").unwrap(), [reject]);
    }
}
