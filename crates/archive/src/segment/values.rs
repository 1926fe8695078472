//! Values of holes that may be closed: what stood in a place that is normally one of a few.
//!
//! ```text
//! subject    hole   value            service  revision   entries  first  last
//! message…   2      auth_service     api      api-00012  40       …
//! exception… 0      'customer_id'    api      api-00012  3
//! message…   1      (null)                               more than 256 values: open
//! ```
//!
//! Values that have no end by nature (times, sizes, addresses, numbers that are no codes) are not kept: how often they
//! stood there is what is left of the message's rows. Whether a hole is closed is decided over the whole archive, from
//! these counts; a place with more than 256 values in one segment has more than 256 in all.

use super::cube::Streams;
use super::messages::Message;
use super::table::{read_columns, write_repeating};
use crate::error::Result;
use crate::exception::cut_value;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Int64Type, UInt32Type, UInt64Type};
use bytes::Bytes;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use timberline_pattern::mask::Hole;
use timberline_pattern::variants::{MAX_CLOSED_VALUES, is_telling};

/// What a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A shape of message, by its fingerprint.
    Message(u64),
    /// An exception, by its key.
    Exception(u64),
}

/// A value in a hole, of one revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueRecord {
    /// Whose hole.
    pub subject: Subject,
    /// Which hole, from 0 in the order of the message; 0 for the value of an exception.
    pub hole: u32,
    /// The value; `None` for a hole with more values than a closed one may have, of which nothing else is kept.
    pub value: Option<String>,
    /// Service.
    pub service: String,
    /// Revision.
    pub revision: String,
    /// Rows with the value.
    pub rows: u64,
    /// Time of the first, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last.
    pub last_ns: i64,
}

/// A [`ValueRecord`] where it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueRow<'v> {
    /// Whose hole.
    pub subject: Subject,
    /// Which hole.
    pub hole: u32,
    /// The value; `None` for a hole with too many.
    pub value: Option<&'v str>,
    /// Service.
    pub service: &'v str,
    /// Revision.
    pub revision: &'v str,
    /// Rows with the value.
    pub rows: u64,
    /// Time of the first, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last.
    pub last_ns: i64,
}

#[derive(Clone, Copy)]
struct Span {
    rows: u64,
    first_ns: i64,
    last_ns: i64,
}

/// The values of one hole by stream; `None` once there are too many.
type Values = Option<HashMap<String, BTreeMap<u32, Span>>>;

/// Collects values.
#[derive(Default)]
pub(super) struct ValueCounter {
    found: HashMap<(Subject, u32), Values>,
}

impl ValueCounter {
    /// Counts the values of a message.
    pub(super) fn add_message(
        &mut self,
        pattern: u64,
        message: &Message,
        text: &str,
        holes: &[Hole],
        stream: u32,
        time_ns: i64,
    ) {
        for (idx, (hole, place)) in (0..).zip(holes.iter().zip(&message.places)) {
            let value = hole.value(text);
            if is_telling(message.shape.tokens(), *place, hole.kind, value) {
                self.add(Subject::Message(pattern), idx, value, stream, time_ns);
            }
        }
    }

    /// Counts a value.
    pub(super) fn add(&mut self, subject: Subject, hole: u32, value: &str, stream: u32, time_ns: i64) {
        let Some(values) = self.found.entry((subject, hole)).or_insert_with(|| Some(HashMap::new())) else {
            return;
        };
        let value = cut_value(value);
        if !values.contains_key(value) {
            if values.len() as u64 >= MAX_CLOSED_VALUES {
                self.found.insert((subject, hole), None);
                return;
            }
            values.insert(value.to_owned(), BTreeMap::new());
        }
        let streams = values.get_mut(value).expect("the value was just inserted");
        let span = streams.entry(stream).or_insert(Span { rows: 0, first_ns: time_ns, last_ns: time_ns });
        span.rows += 1;
        span.first_ns = span.first_ns.min(time_ns);
        span.last_ns = span.last_ns.max(time_ns);
    }

    /// Returns the records in order.
    pub(super) fn finish(self, streams: &Streams) -> Vec<ValueRecord> {
        let mut records = Vec::new();
        for ((subject, hole), values) in self.found {
            let record = |value, stream: Option<u32>, span: Span| {
                let (service, revision) = stream.map_or(("", ""), |stream| streams.get(stream));
                ValueRecord {
                    subject,
                    hole,
                    value,
                    service: service.to_owned(),
                    revision: revision.to_owned(),
                    rows: span.rows,
                    first_ns: span.first_ns,
                    last_ns: span.last_ns,
                }
            };
            match values {
                None => records.push(record(None, None, Span { rows: 0, first_ns: 0, last_ns: 0 })),
                Some(values) => records.extend(values.into_iter().flat_map(|(value, streams)| {
                    streams
                        .into_iter()
                        .map(move |(stream, span)| record(Some(value.clone()), Some(stream), span))
                })),
            }
        }
        records.sort_unstable();
        records
    }
}

pub(super) fn write(records: &[ValueRecord], path: &str, out: impl Write + Send) -> Result<()> {
    let text = |get: fn(&ValueRecord) -> &String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(records.iter().map(get)))
    };
    let time = |get: fn(&ValueRecord) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(records.iter().map(get)))
    };
    let subject = |record: &ValueRecord| match record.subject {
        Subject::Message(number) | Subject::Exception(number) => number,
    };
    let is_exception = |record: &ValueRecord| Some(matches!(record.subject, Subject::Exception(_)));
    let columns: [(&str, ArrayRef); 9] = [
        ("is_exception", Arc::new(records.iter().map(is_exception).collect::<BooleanArray>())),
        ("subject", Arc::new(UInt64Array::from_iter_values(records.iter().map(subject)))),
        ("hole", Arc::new(UInt32Array::from_iter_values(records.iter().map(|record| record.hole)))),
        ("value", Arc::new(records.iter().map(|record| record.value.as_deref()).collect::<StringArray>())),
        ("service", text(|record| &record.service)),
        ("revision", text(|record| &record.revision)),
        ("entries", Arc::new(UInt64Array::from_iter_values(records.iter().map(|record| record.rows)))),
        ("first_ns", time(|record| record.first_ns)),
        ("last_ns", time(|record| record.last_ns)),
    ];
    write_repeating(columns, path, out)
}

pub(super) fn read(content: Bytes, path: &str) -> Result<Vec<ValueRecord>> {
    let mut records = Vec::new();
    for_each(content, path, |row| {
        records.push(ValueRecord {
            subject: row.subject,
            hole: row.hole,
            value: row.value.map(str::to_owned),
            service: row.service.to_owned(),
            revision: row.revision.to_owned(),
            rows: row.rows,
            first_ns: row.first_ns,
            last_ns: row.last_ns,
        });
    })?;
    Ok(records)
}

/// Calls `visit` with every value in the order in which they are stored: that of their records.
pub(super) fn for_each(content: Bytes, path: &str, mut visit: impl FnMut(ValueRow<'_>)) -> Result<()> {
    let ([is_exception, subject, hole, value, service, revision, rows, first, last], _) = read_columns(
        content,
        path,
        [
            ("is_exception", DataType::Boolean),
            ("subject", DataType::UInt64),
            ("hole", DataType::UInt32),
            ("value", DataType::Utf8),
            ("service", DataType::Utf8),
            ("revision", DataType::Utf8),
            ("entries", DataType::UInt64),
            ("first_ns", DataType::Int64),
            ("last_ns", DataType::Int64),
        ],
    )?;
    let is_exception = is_exception.as_boolean();
    let [subject, rows] = [&subject, &rows].map(|array| array.as_primitive::<UInt64Type>());
    let hole = hole.as_primitive::<UInt32Type>();
    let [value, service, revision] = [&value, &service, &revision].map(|array| array.as_string::<i32>());
    let [first, last] = [&first, &last].map(|array| array.as_primitive::<Int64Type>());
    for idx in 0..subject.len() {
        visit(ValueRow {
            subject: if is_exception.value(idx) {
                Subject::Exception(subject.value(idx))
            } else {
                Subject::Message(subject.value(idx))
            },
            hole: hole.value(idx),
            value: (!value.is_null(idx)).then(|| value.value(idx)),
            service: service.value(idx),
            revision: revision.value(idx),
            rows: rows.value(idx),
            first_ns: first.value(idx),
            last_ns: last.value(idx),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_kept_and_many_are_not() {
        let mut counter = ValueCounter::default();
        let mut streams = Streams::default();
        let (a, b) = (streams.number("s", "a"), streams.number("s", "b"));
        for (value, stream, time) in [("x", b, 5), ("x", a, 3), ("x", a, 9), ("y", a, 4)] {
            counter.add(Subject::Exception(7), 0, value, stream, time);
        }
        for n in 0..=MAX_CLOSED_VALUES {
            counter.add(Subject::Message(1), 2, &n.to_string(), a, 1);
        }
        let records = counter.finish(&streams);
        let kept: Vec<_> =
            records.iter().map(|r| (r.value.as_deref(), r.revision.as_str(), r.rows, r.first_ns)).collect();
        assert_eq!(
            kept,
            [(None, "", 0, 0), (Some("x"), "a", 2, 3), (Some("x"), "b", 1, 5), (Some("y"), "a", 1, 4)]
        );
        let mut file = Vec::new();
        write(&records, "x", &mut file).unwrap();
        assert_eq!(read(Bytes::from(file), "x").unwrap(), records);
    }
}
