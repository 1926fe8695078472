//! The instances of a segment: which ran, of which revision, and from when to when they wrote.

use super::cube::Streams;
use super::table::{read_columns, write_columns};
use crate::columns::{Cells, Column};
use crate::error::Result;
use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use bytes::Bytes;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use timberline_entry::json::{Document, Value, parse};

/// An instance of a revision, as far as a segment has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRecord {
    /// Service.
    pub service: String,
    /// Revision; empty if its entries do not say.
    pub revision: String,
    /// Label `instanceId`.
    pub id: String,
    /// Its entries.
    pub entries: u64,
    /// Time of the first, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last.
    pub last_ns: i64,
}

/// Stream, instance.
type InstanceKey = (u32, String);

/// Collects instances while a segment is written.
#[derive(Default)]
pub(super) struct InstanceCounter {
    /// Entries, first and last by instance. One instance may be there several times.
    found: Vec<(InstanceKey, (u64, i64, i64))>,
    streams: Streams,
    /// Stream of the row before: rows of a revision follow one another.
    current: Option<u32>,
    /// Labels of the current revision that were read, and the place of their instance in `found`.
    by_labels: HashMap<String, Option<usize>>,
}

/// Labels that are remembered; beyond this, memory is started afresh.
const MAX_LABELS: usize = 4096;

impl InstanceCounter {
    /// Counts a row.
    pub(super) fn add(&mut self, service: &str, revision: &str, cells: &Cells<'_>, time_ns: i64) {
        let stream = self.streams.number(service, revision);
        let labels = cells.text(Column::Labels);
        if self.current != Some(stream) || self.by_labels.len() >= MAX_LABELS {
            self.current = Some(stream);
            self.by_labels.clear();
        }
        let place = match self.by_labels.get(labels) {
            Some(place) => *place,
            None => {
                let id = instance_id(labels).filter(|id| !id.is_empty());
                let place = id.map(|id| {
                    self.found.push(((stream, id), (0, time_ns, time_ns)));
                    self.found.len() - 1
                });
                self.by_labels.insert(labels.to_owned(), place);
                place
            }
        };
        if let Some(place) = place {
            let (entries, first, last) = &mut self.found[place].1;
            *entries += 1;
            *first = (*first).min(time_ns);
            *last = (*last).max(time_ns);
        }
    }

    pub(super) fn finish(self) -> Vec<InstanceRecord> {
        let mut joined: BTreeMap<InstanceKey, (u64, i64, i64)> = BTreeMap::new();
        for (key, (entries, first, last)) in self.found {
            let all = joined.entry(key).or_insert((0, first, last));
            *all = (all.0 + entries, all.1.min(first), all.2.max(last));
        }
        let mut records: Vec<InstanceRecord> = joined
            .into_iter()
            .map(|((stream, id), (entries, first_ns, last_ns))| {
                let (service, revision) = self.streams.get(stream);
                let (service, revision) = (service.to_owned(), revision.to_owned());
                InstanceRecord { service, revision, id, entries, first_ns, last_ns }
            })
            .collect();
        records.sort_by(|a, b| (&a.service, &a.revision, &a.id).cmp(&(&b.service, &b.revision, &b.id)));
        records
    }
}

fn instance_id(labels: &str) -> Option<String> {
    let mut nodes = Vec::new();
    parse(labels, &mut nodes).ok()?;
    let id = Document::new(labels, &nodes).root().get("instanceId").and_then(Value::as_text)?;
    Some(id.value().into_owned())
}

pub(super) fn write(records: &[InstanceRecord], path: &str, out: impl Write + Send) -> Result<()> {
    let text = |get: fn(&InstanceRecord) -> &String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(records.iter().map(get)))
    };
    let time = |get: fn(&InstanceRecord) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(records.iter().map(get)))
    };
    let entries: ArrayRef =
        Arc::new(UInt64Array::from_iter_values(records.iter().map(|record| record.entries)));
    let columns = [
        ("service", text(|record| &record.service)),
        ("revision", text(|record| &record.revision)),
        ("instance", text(|record| &record.id)),
        ("entries", entries),
        ("first_ns", time(|record| record.first_ns)),
        ("last_ns", time(|record| record.last_ns)),
    ];
    write_columns(columns, None, path, out)
}

pub(super) fn read(content: Bytes, path: &str) -> Result<Vec<InstanceRecord>> {
    let ([service, revision, id, entries, first, last], _) = read_columns(
        content,
        path,
        [
            ("service", DataType::Utf8),
            ("revision", DataType::Utf8),
            ("instance", DataType::Utf8),
            ("entries", DataType::UInt64),
            ("first_ns", DataType::Int64),
            ("last_ns", DataType::Int64),
        ],
    )?;
    let [service, revision, id] = [&service, &revision, &id].map(|array| array.as_string::<i32>());
    let entries = entries.as_primitive::<UInt64Type>();
    let [first, last] = [&first, &last].map(|array| array.as_primitive::<Int64Type>());
    let record = |idx| InstanceRecord {
        service: service.value(idx).to_owned(),
        revision: revision.value(idx).to_owned(),
        id: id.value(idx).to_owned(),
        entries: entries.value(idx),
        first_ns: first.value(idx),
        last_ns: last.value(idx),
    };
    Ok((0..entries.len()).map(record).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Cell;

    #[test]
    fn counted_instances_are_written_and_read() {
        let mut counter = InstanceCounter::default();
        for (revision, labels, time) in [
            ("r", r#"{"instanceId":"a"}"#, 5),
            ("r", r#"{"instanceId":"a"}"#, 3),
            ("q", r#"{"instanceId":"a"}"#, 9),
            ("q", "{}", 1),
        ] {
            let mut cells = Cells::empty();
            cells.set(Column::Labels, Cell::Text(labels));
            counter.add("s", revision, &cells, time);
        }
        let records = counter.finish();
        let spans: Vec<_> =
            records.iter().map(|r| (r.revision.as_str(), r.entries, r.first_ns, r.last_ns)).collect();
        assert_eq!(spans, [("q", 1, 9, 9), ("r", 2, 3, 5)]);
        let mut file = Vec::new();
        write(&records, "x", &mut file).unwrap();
        assert_eq!(read(Bytes::from(file), "x").unwrap(), records);
        let mut empty = Vec::new();
        write(&[], "x", &mut empty).unwrap();
        assert_eq!(read(Bytes::from(empty), "x").unwrap(), []);
    }
}
