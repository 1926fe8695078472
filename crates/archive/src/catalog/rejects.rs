//! The reject ledger: what was in a source and could not be kept.

use super::table::{Table, Values, encode};
use crate::error::Result;
use bytes::Bytes;

/// Something that could not be kept, or all of one kind that is not listed singly: where there are very many of one reason in
/// one source, the first are listed and one record stands for those behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectRecord {
    /// Key of the source.
    pub source: u64,
    /// Line of the source's text, from 1.
    pub line: u64,
    /// Byte offset in the source's text, of the first where it stands for several.
    pub offset: u64,
    /// Length in bytes, of all together where it stands for several.
    pub len: u64,
    /// How many pieces it stands for; 1, except for those that are not listed singly.
    pub count: u64,
    /// Byte offset of the end, of the last where it stands for several.
    pub until: u64,
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
        ("count", count(|reject| reject.count)),
        ("until", count(|reject| reject.until)),
        ("reason", text(|reject| reject.reason.clone())),
        ("detail", text(|reject| reject.detail.clone())),
        ("sample", text(|reject| reject.sample.clone())),
    ])
}

pub(crate) fn read(content: Bytes, path: &str) -> Result<Vec<RejectRecord>> {
    let table = Table::decode(content, path)?;
    let (source, line) = (table.count("source")?, table.count("line")?);
    let (offset, len) = (table.count("offset")?, table.count("len")?);
    // Ledgers were once written without these two, and listed every piece.
    let (counts, until) = if table.has("count") {
        (table.count("count")?, table.count("until")?)
    } else {
        (
            vec![1; len.len()],
            offset.iter().zip(&len).map(|(offset, len)| offset.saturating_add(*len)).collect(),
        )
    };
    let texts = table.text("reason")?.into_iter().zip(table.text("detail")?).zip(table.text("sample")?);
    let records = texts.enumerate().map(|(idx, ((reason, detail), sample))| RejectRecord {
        source: source[idx],
        line: line[idx],
        offset: offset[idx],
        len: len[idx],
        count: counts[idx],
        until: until[idx],
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
            count: 4,
            until: 9,
            reason: "not-json".to_owned(),
            detail: "unexpected character".to_owned(),
            sample: "<html>".to_owned(),
        };
        assert_eq!(read(Bytes::from(write(std::slice::from_ref(&reject))), "x").unwrap(), [reject]);
    }

    #[test]
    fn a_ledger_without_counts_lists_every_piece() {
        let count = |n: u64| Values::Count(vec![n]);
        let text = |text: &str| Values::Text(vec![text.to_owned()]);
        let ledger = encode(vec![
            ("source", count(5)),
            ("line", count(1)),
            ("offset", count(2)),
            ("len", count(3)),
            ("reason", text("not-json")),
            ("detail", text("")),
            ("sample", text("")),
        ]);
        let read = read(Bytes::from(ledger), "x").unwrap();
        assert_eq!(read.iter().map(|reject| (reject.count, reject.until)).collect::<Vec<_>>(), [(1, 5)]);
    }
}
