//! One entry as evidence: when, where, what it says, and how sure its place in time is.

use crate::evidence::Evidence;
use crate::question::Investigation;
use serde::Serialize;
use std::collections::BTreeMap;
use timberline_archive::{Column, Result, compose};
use timberline_entry::json::{Document, parse};
use timberline_entry::{Field, LogEntry, Severity, message};
use timberline_search::columns_of_rows;

/// An entry that marks the first or last time something happened.
#[derive(Clone, Debug, Serialize)]
pub struct Occurrence {
    /// When, RFC 3339 with nine digits.
    pub timestamp: String,
    /// Who.
    pub service: String,
    /// In which revision; empty if the entry does not say.
    pub revision: String,
    /// How bad.
    pub severity: String,
    /// The entry's id, if it has one.
    #[serde(rename = "insertId")]
    pub insert_id: Option<String>,
    /// The pattern of its message.
    pub pattern: String,
    /// What it says.
    pub message: String,
    /// Where it was exported.
    pub source: SourcePlace,
    /// What its place in time rests on.
    pub evidence: Evidence,
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourcePlace {
    /// The source as it was named.
    pub path: String,
    /// Line of its text, from 1.
    pub line: u64,
}

/// A row by its place, ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowRef {
    pub(crate) time_ns: i64,
    pub(crate) segment: usize,
    pub(crate) row: u64,
}

/// Whether an occurrence is the first or the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    First,
    Last,
}

/// Reads rows as occurrences. Each segment is visited once.
pub(crate) fn read(
    investigation: &Investigation<'_>,
    wanted: &[(RowRef, End)],
) -> Result<BTreeMap<(RowRef, End), Occurrence>> {
    let mut by_segment: BTreeMap<usize, Vec<(RowRef, End)>> = BTreeMap::new();
    for (row, end) in wanted {
        by_segment.entry(row.segment).or_default().push((*row, *end));
    }
    let fields =
        [Field::TextPayload, Field::JsonPayload, Field::ProtoPayload, Field::HttpRequest, Field::InsertId];
    let mut found = BTreeMap::new();
    for (segment_idx, mut rows) in by_segment {
        rows.sort_by_key(|(row, end)| (row.row, *end));
        let segment = &investigation.archive.segments()[segment_idx];
        let mut ranges: Vec<std::ops::Range<u64>> =
            rows.iter().map(|(row, _)| row.row..row.row + 1).collect();
        ranges.dedup();
        let columns =
            columns_of_rows(investigation.archive, segment_idx, rows.iter().map(|(row, _)| row.row), fields)?;
        let (mut json, mut nodes) = (String::new(), Vec::new());
        let mut failure = None;
        segment.for_each_row(&ranges, &columns, |row| {
            json.clear();
            let composed = compose(&row.cells, row.timestamp, |field| fields.contains(&field), &mut json)
                .map_err(|error| error.to_string())
                .and_then(|()| parse(&json, &mut nodes).map_err(|fault| fault.to_string()));
            if let Err(detail) = composed {
                failure = Some(timberline_archive::Error::Damaged { file: segment.entries_path(), detail });
                return false;
            }
            let object = Document::new(&json, &nodes).root().as_object().expect("compose writes an object");
            let entry = LogEntry::from_object(object);
            for (place, end) in rows.iter().filter(|(place, _)| place.row == row.idx) {
                found.insert((*place, *end), occurrence(investigation, &row, &entry, *end));
            }
            true
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
    }
    Ok(found)
}

fn occurrence(
    investigation: &Investigation<'_>,
    row: &timberline_archive::segment::Row<'_>,
    entry: &LogEntry<'_>,
    end: End,
) -> Occurrence {
    let (service, revision) = (row.cells.text(Column::Service), row.cells.text(Column::Revision));
    let severity = Severity::parse(row.cells.text(Column::Severity)).unwrap_or_default();
    let time_ns = row.timestamp.as_nanos();
    let born = investigation.revisions.get(revision).copied().filter(|_| !revision.is_empty());
    let evidence = match end {
        End::First => investigation.coverage.judge_first(service, severity, time_ns, born),
        End::Last => investigation.coverage.judge_last(service, severity, time_ns),
    };
    Occurrence {
        timestamp: row.timestamp.to_string(),
        service: service.to_owned(),
        revision: revision.to_owned(),
        severity: severity.name().to_owned(),
        insert_id: entry.text(Field::InsertId).map(|text| text.value().into_owned()),
        pattern: investigation.names.pattern_name(row.pattern),
        message: message(entry).into_owned(),
        source: SourcePlace {
            path: investigation.names.source(row.source).to_owned(),
            line: row.source_line,
        },
        evidence,
    }
}
