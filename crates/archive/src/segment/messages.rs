//! What the messages of a segment look like: one record per shape of message.

use super::table::{read_columns, write_columns};
use crate::error::{Error, Result};
use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use bytes::Bytes;
use hashbrown::HashMap;
use std::io::Write;
use std::sync::Arc;
use timberline_pattern::mask::{Hole, HoleKind};
use timberline_pattern::shape::{MAX_TOKENS, Shape, Token, shape};

/// Of a longer message only the beginning is kept as the example, in bytes; a shape covers a hundred tokens.
const MAX_EXAMPLE: usize = 4096;

/// A shape of message in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// Its fingerprint, as in the column `pattern`.
    pub pattern: u64,
    /// Its tokens, with the kinds that its values had in the segment; see [`Shape::to_line`].
    pub line: String,
    /// The first message of it, by time.
    pub example: String,
    /// Rows with it.
    pub rows: u64,
    /// Time of the first, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last.
    pub last_ns: i64,
    /// Row number of the first.
    pub first_row: u64,
}

/// A shape of message while it is being counted.
pub(super) struct Message {
    pub(super) shape: Shape,
    /// For each value among its tokens, the place of the token.
    pub(super) places: Vec<usize>,
    /// Kinds of the values of the row that came last: rows that follow one another tend to agree.
    last_kinds: Vec<HoleKind>,
    example: String,
    rows: u64,
    first_ns: i64,
    last_ns: i64,
    first_row: u64,
}

/// Counts messages by shape.
#[derive(Default)]
pub(super) struct MessageCounter {
    found: HashMap<u64, Message>,
}

impl MessageCounter {
    /// Counts a row whose message has the values `holes`; returns what is known of its shape.
    pub(super) fn add(
        &mut self,
        pattern: u64,
        text: &str,
        holes: &[Hole],
        time_ns: i64,
        row: u64,
    ) -> &Message {
        let message = self.found.entry(pattern).or_insert_with(|| {
            let shape = shape(text, holes);
            let is_value = |token: &Token| matches!(token, Token::Value(_));
            let places = (0..shape.tokens().len()).filter(|place| is_value(&shape.tokens()[*place]));
            Message {
                places: places.collect(),
                last_kinds: kinds(holes),
                example: String::new(),
                rows: 0,
                first_ns: i64::MAX,
                last_ns: i64::MIN,
                first_row: row,
                shape,
            }
        });
        if !holes.iter().map(|hole| hole.kind).eq(message.last_kinds.iter().copied()) {
            message.last_kinds = kinds(holes);
            message.shape.absorb_kinds(&shape(text, holes));
        }
        message.rows += 1;
        message.last_ns = message.last_ns.max(time_ns);
        if time_ns < message.first_ns {
            message.first_ns = time_ns;
            message.first_row = row;
            message.example.clear();
            message.example.push_str(&text[..text.floor_char_boundary(MAX_EXAMPLE)]);
        }
        message
    }

    /// Returns the records by fingerprint.
    pub(super) fn finish(self) -> Vec<MessageRecord> {
        let record = |(pattern, message): (u64, Message)| MessageRecord {
            pattern,
            line: message.shape.to_line(),
            example: message.example,
            rows: message.rows,
            first_ns: message.first_ns,
            last_ns: message.last_ns,
            first_row: message.first_row,
        };
        let mut records: Vec<MessageRecord> = self.found.into_iter().map(record).collect();
        records.sort_unstable_by_key(|record| record.pattern);
        records
    }
}

fn kinds(holes: &[Hole]) -> Vec<HoleKind> {
    holes.iter().map(|hole| hole.kind).collect()
}

pub(super) fn write(records: &[MessageRecord], path: &str, out: impl Write + Send) -> Result<()> {
    let text = |get: fn(&MessageRecord) -> &String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(records.iter().map(get)))
    };
    let count = |get: fn(&MessageRecord) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(records.iter().map(get)))
    };
    let time = |get: fn(&MessageRecord) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(records.iter().map(get)))
    };
    let columns = [
        ("pattern", count(|record| record.pattern)),
        ("tokens", text(|record| &record.line)),
        ("example", text(|record| &record.example)),
        ("entries", count(|record| record.rows)),
        ("first_ns", time(|record| record.first_ns)),
        ("last_ns", time(|record| record.last_ns)),
        ("first_row", count(|record| record.first_row)),
    ];
    write_columns(columns, None, path, out)
}

pub(super) fn read(content: Bytes, path: &str) -> Result<Vec<MessageRecord>> {
    let ([pattern, line, example, rows, first, last, row], _) = read_columns(
        content,
        path,
        [
            ("pattern", DataType::UInt64),
            ("tokens", DataType::Utf8),
            ("example", DataType::Utf8),
            ("entries", DataType::UInt64),
            ("first_ns", DataType::Int64),
            ("last_ns", DataType::Int64),
            ("first_row", DataType::UInt64),
        ],
    )?;
    let [pattern, rows, row] = [&pattern, &rows, &row].map(|array| array.as_primitive::<UInt64Type>());
    let [line, example] = [&line, &example].map(|array| array.as_string::<i32>());
    let [first, last] = [&first, &last].map(|array| array.as_primitive::<Int64Type>());
    let record = |idx| MessageRecord {
        pattern: pattern.value(idx),
        line: line.value(idx).to_owned(),
        example: example.value(idx).to_owned(),
        rows: rows.value(idx),
        first_ns: first.value(idx),
        last_ns: last.value(idx),
        first_row: row.value(idx),
    };
    let records: Vec<MessageRecord> = (0..pattern.len()).map(record).collect();
    // Places of tokens are kept in sixteen bits, and shapes are merged token by token, so none is let in that no message can have.
    let fits = |record: &MessageRecord| Shape::from_line(&record.line).tokens().len() <= MAX_TOKENS;
    match records.iter().find(|record| !fits(record)) {
        Some(record) => {
            let detail = format!("the shape {:016x} has more than {MAX_TOKENS} tokens", record.pattern);
            Err(Error::damaged(path, detail))
        }
        None => Ok(records),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timberline_pattern::mask::Masker;
    use timberline_pattern::shape::fingerprint;

    #[test]
    fn a_shape_of_more_tokens_than_a_message_can_have_is_damage() {
        let record = |n_tokens: usize| MessageRecord {
            pattern: 1,
            line: "a ".repeat(n_tokens),
            example: "a".to_owned(),
            rows: 1,
            first_ns: 0,
            last_ns: 0,
            first_row: 0,
        };
        for (n_tokens, fits) in [(MAX_TOKENS, true), (MAX_TOKENS + 1, false), (70_000, false)] {
            let mut file = Vec::new();
            write(&[record(n_tokens)], "x", &mut file).unwrap();
            let read = read(Bytes::from(file), "x");
            assert!(
                read.is_ok() == fits && (fits || matches!(read, Err(Error::Damaged { .. }))),
                "{n_tokens}"
            );
        }
    }

    #[test]
    fn counted_messages_are_written_and_read() {
        let mut counter = MessageCounter::default();
        let mut holes = Vec::new();
        for (row, (time, text)) in [(9, "id 7"), (5, "id x7y"), (7, "up")].into_iter().enumerate() {
            Masker::standard().mask(text, &mut holes);
            let pattern = fingerprint(text, &holes).0;
            let n_values = counter.add(pattern, text, &holes, time, row as u64).places.len();
            assert_eq!(n_values, holes.len());
        }
        let records = counter.finish();
        let found: Vec<_> = records.iter().map(|r| (r.line.as_str(), r.example.as_str(), r.rows)).collect();
        assert!(found.contains(&("id <*>", "id x7y", 2)) && found.contains(&("up", "up", 1)), "{found:?}");
        let mut file = Vec::new();
        write(&records, "x", &mut file).unwrap();
        assert_eq!(read(Bytes::from(file), "x").unwrap(), records);
    }
}
