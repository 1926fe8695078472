//! The exceptions of a segment.

use super::table::{read_columns, write_columns};
use crate::error::{Error, Result};
use crate::exception::{ExceptionRecord, Found, of_text};
use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// Counts rows by the exception that they tell of.
#[derive(Default)]
pub(super) struct ExceptionCounter {
    found: BTreeMap<u64, Counted>,
}

struct Counted {
    rows: u64,
    first_ns: i64,
    last_ns: i64,
    first_row: u64,
    /// What the first row says; `None` where its trace goes on in other entries.
    record: Option<ExceptionRecord>,
}

impl ExceptionCounter {
    /// Counts a row whose own text tells of `found`.
    pub(super) fn add(&mut self, key: u64, found: Option<&Found>, time_ns: i64, row: u64) {
        let counted = self.found.entry(key).or_insert(Counted {
            rows: 0,
            first_ns: i64::MAX,
            last_ns: i64::MIN,
            first_row: row,
            record: None,
        });
        counted.rows += 1;
        counted.last_ns = counted.last_ns.max(time_ns);
        if time_ns < counted.first_ns {
            counted.first_ns = time_ns;
            counted.first_row = row;
            counted.record = found.map(|found| ExceptionRecord::of(found, time_ns, row));
        }
    }

    /// Returns the records by key. `joined` has the text of traces that were put together from several entries.
    pub(super) fn finish(self, joined: &BTreeMap<u64, String>) -> Vec<ExceptionRecord> {
        let record = |(key, counted): (u64, Counted)| {
            let of_joined = || {
                let found = joined.get(&key).and_then(|text| of_text(text))?;
                Some(ExceptionRecord::of(&found, counted.first_ns, counted.first_row))
            };
            let record = counted.record.or_else(of_joined)?;
            let Counted { rows, first_ns, last_ns, first_row, .. } = counted;
            Some(ExceptionRecord { key, rows, first_ns, last_ns, first_row, ..record })
        };
        self.found.into_iter().filter_map(record).collect()
    }
}

pub(super) fn write(records: &[ExceptionRecord], path: &str, out: impl Write + Send) -> Result<()> {
    let text = |get: fn(&ExceptionRecord) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(records.iter().map(get)))
    };
    let count = |get: fn(&ExceptionRecord) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(records.iter().map(get)))
    };
    let time = |get: fn(&ExceptionRecord) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(records.iter().map(get)))
    };
    let columns = [
        ("exception", count(|record| record.key)),
        ("loose", count(|record| record.loose)),
        ("language", text(|record| record.language.clone())),
        ("type", text(|record| record.type_name.clone())),
        ("value", text(|record| record.value.clone())),
        ("message", count(|record| record.message)),
        ("chain", text(|record| json(&record.chain))),
        ("frames", text(|record| json(&record.frames))),
        ("entries", count(|record| record.rows)),
        ("first_ns", time(|record| record.first_ns)),
        ("last_ns", time(|record| record.last_ns)),
        ("first_row", count(|record| record.first_row)),
    ];
    write_columns(columns, None, path, out)
}

fn json(plain: &impl serde::Serialize) -> String {
    serde_json::to_string(plain).expect("names and places are plain data")
}

pub(super) fn read(content: Bytes, path: &str) -> Result<Vec<ExceptionRecord>> {
    let ([key, loose, language, type_name, value, message, chain, frames, rows, first, last, row], _) =
        read_columns(
            content,
            path,
            [
                ("exception", DataType::UInt64),
                ("loose", DataType::UInt64),
                ("language", DataType::Utf8),
                ("type", DataType::Utf8),
                ("value", DataType::Utf8),
                ("message", DataType::UInt64),
                ("chain", DataType::Utf8),
                ("frames", DataType::Utf8),
                ("entries", DataType::UInt64),
                ("first_ns", DataType::Int64),
                ("last_ns", DataType::Int64),
                ("first_row", DataType::UInt64),
            ],
        )?;
    let [key, loose, message, rows, row] =
        [&key, &loose, &message, &rows, &row].map(|array| array.as_primitive::<UInt64Type>());
    let [language, type_name, value, chain, frames] =
        [&language, &type_name, &value, &chain, &frames].map(|array| array.as_string::<i32>());
    let [first, last] = [&first, &last].map(|array| array.as_primitive::<Int64Type>());
    let damaged = |error: serde_json::Error| Error::damaged(path, error);
    let record = |idx| {
        Ok(ExceptionRecord {
            key: key.value(idx),
            loose: loose.value(idx),
            language: language.value(idx).to_owned(),
            type_name: type_name.value(idx).to_owned(),
            value: value.value(idx).to_owned(),
            message: message.value(idx),
            chain: serde_json::from_str(chain.value(idx)).map_err(damaged)?,
            frames: serde_json::from_str(frames.value(idx)).map_err(damaged)?,
            rows: rows.value(idx),
            first_ns: first.value(idx),
            last_ns: last.value(idx),
            first_row: row.value(idx),
        })
    };
    (0..key.len()).map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_exceptions_are_written_and_read() {
        let text =
            "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    x()\nKeyError: 'k'";
        let found = of_text(text).unwrap();
        let mut counter = ExceptionCounter::default();
        counter.add(found.key(), Some(&found), 9, 0);
        counter.add(found.key(), None, 5, 1);
        counter.add(77, None, 6, 2);
        let records = counter.finish(&BTreeMap::from([(found.key(), text.to_owned())]));
        let [record] = &records[..] else { panic!("{records:?}") };
        assert_eq!((record.rows, record.first_ns, record.last_ns, record.first_row), (2, 5, 9, 1));
        assert_eq!((record.type_name.as_str(), record.value.as_str()), ("KeyError", "'k'"));
        assert!(record.frames[0].in_app && record.frames[0].counts && record.frames[0].line == Some(3));
        let mut file = Vec::new();
        write(&records, "x", &mut file).unwrap();
        assert_eq!(read(Bytes::from(file), "x").unwrap(), records);
    }
}
