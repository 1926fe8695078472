//! The instances of a segment: which ran, of which revision, and from when to when they wrote.

use super::block::{self, BlockReader, BlockWriter};
use super::cube::Streams;
use super::table::read_columns;
use crate::columns::{Cells, Column};
use crate::error::{Error, Result};
use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use bytes::Bytes;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::io::Write;
use timberline_entry::instance_of_labels;
use timberline_entry::json::Node;

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
    nodes: Vec<Node>,
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
                let id = instance_of_labels(labels, &mut self.nodes).filter(|id| !id.is_empty());
                let place = id.map(|id| {
                    self.found.push(((stream, id.into_owned()), (0, time_ns, time_ns)));
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

/// Writes the instances, which are sorted by service and revision.
pub(super) fn write(records: &[InstanceRecord], path: &str, mut out: impl Write) -> Result<()> {
    let streams: Vec<&[InstanceRecord]> =
        records.chunk_by(|a, b| (&a.service, &a.revision) == (&b.service, &b.revision)).collect();
    let mut block = BlockWriter::default();
    block.numbers(streams.iter().map(|of_stream| of_stream.len() as u64));
    block.texts(streams.iter().map(|of_stream| of_stream[0].service.as_str()));
    block.texts(streams.iter().map(|of_stream| of_stream[0].revision.as_str()));
    block.texts(records.iter().map(|record| record.id.as_str()));
    block.numbers(records.iter().map(|record| record.entries));
    block.numbers(records.iter().map(|record| record.first_ns.cast_unsigned()));
    block.numbers(records.iter().map(|record| record.last_ns.wrapping_sub(record.first_ns).cast_unsigned()));
    out.write_all(&block.pack()).map_err(Error::io(path))
}

/// Reads the instances.
pub(super) fn read(content: &[u8], path: &str) -> Result<Vec<InstanceRecord>> {
    block::read(content, path, "the lists of instances do not fit together", records)
}

fn records(lists: &mut BlockReader<'_>) -> Option<Vec<InstanceRecord>> {
    let lens = lists.small()?;
    let (services, revisions, ids) = (lists.texts()?, lists.texts()?, lists.texts()?);
    let (entries, firsts, lasted) = (lists.numbers()?, lists.times()?, lists.times()?);
    let fits = [services.len(), revisions.len()] == [lens.len(); 2]
        && [entries.len(), firsts.len(), lasted.len()] == [ids.len(); 3]
        && lens.iter().map(|len| u64::from(*len)).sum::<u64>() == ids.len() as u64;
    if !fits {
        return None;
    }
    let streams = lens.iter().zip(services.iter().zip(&revisions));
    let mut streams = streams.flat_map(|(len, stream)| std::iter::repeat_n(stream, *len as usize));
    let mut records = Vec::with_capacity(ids.len());
    for (idx, id) in ids.into_iter().enumerate() {
        let (service, revision) = streams.next()?;
        records.push(InstanceRecord {
            service: (*service).to_owned(),
            revision: (*revision).to_owned(),
            id: id.to_owned(),
            entries: entries[idx],
            first_ns: firsts[idx],
            last_ns: firsts[idx].wrapping_add(lasted[idx]),
        });
    }
    Some(records)
}

/// Reads the instances as formats 1 to 3 have them.
pub(super) fn read_parquet(content: Bytes, path: &str) -> Result<Vec<InstanceRecord>> {
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
        assert_eq!(read(&file, "x").unwrap(), records);
        let mut empty = Vec::new();
        write(&[], "x", &mut empty).unwrap();
        assert_eq!(read(&empty, "x").unwrap(), []);
    }
}
