//! The cube of a segment: entries by pattern, exception, service, revision, severity and hour.

use super::table::{read_columns, write_repeating};
use crate::error::Result;
use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray, UInt8Array, UInt64Array};
use arrow::datatypes::{DataType, Int32Type, UInt8Type, UInt64Type};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// Nanoseconds of an hour.
pub const HOUR_NS: i64 = 3_600_000_000_000;

/// A cell of the cube.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CubeCell {
    /// Fingerprint of the message's shape, as in the column `pattern`.
    pub pattern: u64,
    /// Key of the exception, as in the column `exception`.
    pub exception: Option<u64>,
    /// Service.
    pub service: Arc<str>,
    /// Revision.
    pub revision: Arc<str>,
    /// Position in [`timberline_entry::Severity::ALL`].
    pub severity: u8,
    /// Hours since the Unix epoch.
    pub hour: i32,
    /// Entries.
    pub entries: u64,
}

/// Numbers for pairs of service and revision.
#[derive(Default)]
pub(super) struct Streams {
    all: Vec<(Arc<str>, Arc<str>)>,
    numbers: BTreeMap<(Arc<str>, Arc<str>), u32>,
    last: u32,
}

impl Streams {
    /// Returns the number of a service and revision; rows of one tend to follow one another.
    pub(super) fn number(&mut self, service: &str, revision: &str) -> u32 {
        let is_last =
            self.all.get(self.last as usize).is_some_and(|(s, r)| **s == *service && **r == *revision);
        if !is_last {
            let key: (Arc<str>, Arc<str>) = (service.into(), revision.into());
            let next = crate::rows::row_idx(self.all.len());
            self.last = *self.numbers.entry(key.clone()).or_insert(next);
            if self.last == next {
                self.all.push(key);
            }
        }
        self.last
    }

    /// Returns service and revision of a number.
    pub(super) fn get(&self, number: u32) -> (&str, &str) {
        let (service, revision) = &self.all[number as usize];
        (service, revision)
    }
}

/// What rows of a cell agree in.
type Key = (u64, Option<u64>, u32, u8, i32);

/// Counts rows into cells.
#[derive(Default)]
pub(super) struct CubeCounter {
    cells: BTreeMap<Key, u64>,
    /// The cell of the row that came last, with its entries so far: rows of a ring follow one another in time.
    current: Option<(Key, u64)>,
}

impl CubeCounter {
    pub(super) fn add(
        &mut self,
        pattern: u64,
        exception: Option<u64>,
        stream: u32,
        severity: u8,
        time_ns: i64,
    ) {
        let hour = i32::try_from(time_ns.div_euclid(HOUR_NS)).expect("64 bits of nanoseconds are few hours");
        let key = (pattern, exception, stream, severity, hour);
        match &mut self.current {
            Some((current, entries)) if *current == key => *entries += 1,
            _ => {
                self.flush();
                self.current = Some((key, 1));
            }
        }
    }

    fn flush(&mut self) {
        if let Some((key, entries)) = self.current.take() {
            *self.cells.entry(key).or_insert(0) += entries;
        }
    }

    /// Returns the cells, sorted by all that they are told apart by.
    pub(super) fn finish(mut self, streams: &Streams) -> Vec<CubeCell> {
        self.flush();
        let cell = |((pattern, exception, stream, severity, hour), entries): (Key, u64)| {
            let (service, revision) = streams.all[stream as usize].clone();
            CubeCell { pattern, exception, service, revision, severity, hour, entries }
        };
        let mut cells: Vec<CubeCell> = self.cells.into_iter().map(cell).collect();
        cells.sort_unstable_by(|a, b| {
            let key = |cell: &CubeCell| (cell.pattern, cell.exception);
            (key(a), &a.service, &a.revision, a.severity, a.hour).cmp(&(
                key(b),
                &b.service,
                &b.revision,
                b.severity,
                b.hour,
            ))
        });
        cells
    }
}

pub(super) fn write(cells: &[CubeCell], path: &str, out: impl Write + Send) -> Result<()> {
    let name = |get: fn(&CubeCell) -> &Arc<str>| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(cells.iter().map(get)))
    };
    let count = |get: fn(&CubeCell) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(cells.iter().map(get)))
    };
    let columns: [(&str, ArrayRef); 7] = [
        ("pattern", count(|cell| cell.pattern)),
        ("exception", Arc::new(cells.iter().map(|cell| cell.exception).collect::<UInt64Array>())),
        ("service", name(|cell| &cell.service)),
        ("revision", name(|cell| &cell.revision)),
        ("severity", Arc::new(UInt8Array::from_iter_values(cells.iter().map(|cell| cell.severity)))),
        ("hour", Arc::new(Int32Array::from_iter_values(cells.iter().map(|cell| cell.hour)))),
        ("entries", count(|cell| cell.entries)),
    ];
    write_repeating(columns, path, out)
}

pub(super) fn read(content: Bytes, path: &str) -> Result<Vec<CubeCell>> {
    let ([pattern, exception, service, revision, severity, hour, entries], _) = read_columns(
        content,
        path,
        [
            ("pattern", DataType::UInt64),
            ("exception", DataType::UInt64),
            ("service", DataType::Utf8),
            ("revision", DataType::Utf8),
            ("severity", DataType::UInt8),
            ("hour", DataType::Int32),
            ("entries", DataType::UInt64),
        ],
    )?;
    let [pattern, exception, entries] =
        [&pattern, &exception, &entries].map(|array| array.as_primitive::<UInt64Type>());
    let [service, revision] = [&service, &revision].map(|array| array.as_string::<i32>());
    let severity = severity.as_primitive::<UInt8Type>();
    let hour = hour.as_primitive::<Int32Type>();
    let mut streams = Streams::default();
    let cell = |idx| {
        let stream = streams.number(service.value(idx), revision.value(idx));
        let (service, revision) = streams.all[stream as usize].clone();
        CubeCell {
            pattern: pattern.value(idx),
            exception: (!exception.is_null(idx)).then(|| exception.value(idx)),
            service,
            revision,
            severity: severity.value(idx),
            hour: hour.value(idx),
            entries: entries.value(idx),
        }
    };
    Ok((0..pattern.len()).map(cell).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_hour_are_one_cell() {
        let mut counter = CubeCounter::default();
        let mut streams = Streams::default();
        for (pattern, exception, revision, time) in [
            (9, None, "b", 5),
            (9, None, "b", HOUR_NS - 1),
            (9, None, "b", HOUR_NS),
            (9, Some(4), "b", 6),
            (9, None, "a", -1),
            (9, None, "b", 3),
        ] {
            counter.add(pattern, exception, streams.number("s", revision), 2, time);
        }
        let cells = counter.finish(&streams);
        let shown: Vec<_> = cells.iter().map(|c| (c.exception, &*c.revision, c.hour, c.entries)).collect();
        assert_eq!(shown, [(None, "a", -1, 1), (None, "b", 0, 3), (None, "b", 1, 1), (Some(4), "b", 0, 1)]);
        let mut file = Vec::new();
        write(&cells, "x", &mut file).unwrap();
        assert_eq!(read(Bytes::from(file), "x").unwrap(), cells);
    }
}
