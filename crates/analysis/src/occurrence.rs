//! One entry as evidence: when, where, what it says, and how sure its place in time is.

use crate::evidence::{Coverage, Evidence, Status, log_id};
use crate::question::Investigation;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use timberline_archive::segment::{Beside, Row};
use timberline_archive::{Archive, Result, compose};
use timberline_entry::json::{Document, parse};
use timberline_entry::{Field, LogEntry, Severity, message};
use timberline_search::{Names, columns_of_rows};

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

/// The fields that an occurrence tells of.
const FIELDS: [Field; 6] = [
    Field::TextPayload,
    Field::JsonPayload,
    Field::ProtoPayload,
    Field::HttpRequest,
    Field::InsertId,
    Field::LogName,
];

/// Reads rows as occurrences. Each segment is visited once, segments side by side.
pub(crate) fn read(
    investigation: &Investigation<'_>,
    wanted: &[(RowRef, End)],
) -> Result<BTreeMap<(RowRef, End), Occurrence>> {
    let mut by_segment: BTreeMap<usize, Vec<(RowRef, End)>> = BTreeMap::new();
    for (row, end) in wanted {
        by_segment.entry(row.segment).or_default().push((*row, *end));
    }
    let Investigation { archive, names, coverage, .. } = investigation;
    let reader = Reader { archive, names, coverage };
    let by_segment: Vec<(usize, Vec<(RowRef, End)>)> = by_segment.into_iter().collect();
    let found: Vec<Result<Vec<_>>> =
        by_segment.into_par_iter().map(|(idx, rows)| reader.of_segment(idx, rows)).collect();
    let found: Vec<Vec<Read>> = found.into_iter().collect::<Result<_>>()?;
    let mut found: Vec<Read> = found.into_iter().flatten().collect();
    // Where the time before is not covered, it may be before the revision's own.
    let is_open = |((_, end), occurrence, _): &Read| {
        *end == End::First
            && occurrence.evidence.status == Status::Censored
            && !occurrence.revision.is_empty()
    };
    if found.iter().any(is_open) {
        let unborn = investigation.unborn()?;
        for ((row, _), occurrence, log) in found.iter_mut().filter(|read| is_open(read)) {
            let who = (occurrence.service.clone(), occurrence.revision.clone());
            let severity = Severity::parse(&occurrence.severity).unwrap_or_default();
            if let Some(unborn) = unborn.get(&who) {
                occurrence.evidence =
                    coverage.judge_first(&occurrence.service, severity, log, row.time_ns, Some(*unborn));
            }
        }
    }
    Ok(found.into_iter().map(|(place, occurrence, _)| (place, occurrence)).collect())
}

/// An occurrence with its place and the id of its log.
type Read = ((RowRef, End), Occurrence, String);

/// What occurrences are read from.
struct Reader<'i> {
    archive: &'i Archive,
    names: &'i Names,
    coverage: &'i Coverage,
}

impl Reader<'_> {
    fn of_segment(&self, segment_idx: usize, mut rows: Vec<(RowRef, End)>) -> Result<Vec<Read>> {
        rows.sort_by_key(|(row, end)| (row.row, *end));
        let segment = &self.archive.segments()[segment_idx];
        let mut ranges: Vec<Range<u64>> = rows.iter().map(|(row, _)| row.row..row.row + 1).collect();
        ranges.dedup();
        let columns =
            columns_of_rows(self.archive, segment_idx, rows.iter().map(|(row, _)| row.row), FIELDS)?;
        let beside = Beside { pattern: true, source: true, ..Beside::NONE };
        let (rings, services, revisions) = (segment.rings()?, segment.services()?, segment.revisions()?);
        let (mut json, mut nodes) = (String::new(), Vec::new());
        let (mut found, mut failure) = (Vec::with_capacity(rows.len()), None);
        segment.for_each_row_with(&ranges, &columns, beside, |row| {
            json.clear();
            let composed = compose(&row.cells, row.timestamp, |field| FIELDS.contains(&field), &mut json)
                .map_err(|error| error.to_string())
                .and_then(|()| parse(&json, &mut nodes).map_err(|fault| fault.to_string()));
            if let Err(detail) = composed {
                failure = Some(timberline_archive::Error::Damaged { file: segment.entries_path(), detail });
                return false;
            }
            let object = Document::new(&json, &nodes).root().as_object().expect("compose writes an object");
            let entry = LogEntry::from_object(object);
            let run = rings.run_of(rings.ring_of(row.idx));
            let who = (services[run.service].as_str(), revisions[run.revision].as_str(), run.severity);
            for (place, end) in rows.iter().filter(|(place, _)| place.row == row.idx) {
                let log = entry.text(Field::LogName).map(|name| log_id(&name.value())).unwrap_or_default();
                found.push(((*place, *end), self.occurrence(&row, who, &entry, *end, &log), log));
            }
            true
        })?;
        failure.map_or(Ok(found), Err)
    }

    fn occurrence(
        &self,
        row: &Row<'_>,
        (service, revision, severity): (&str, &str, Severity),
        entry: &LogEntry<'_>,
        end: End,
        log: &str,
    ) -> Occurrence {
        let time_ns = row.timestamp.as_nanos();
        let evidence = match end {
            End::First => self.coverage.judge_first(service, severity, log, time_ns, None),
            End::Last => self.coverage.judge_last(service, severity, log, time_ns),
        };
        Occurrence {
            timestamp: row.timestamp.to_string(),
            service: service.to_owned(),
            revision: revision.to_owned(),
            severity: severity.name().to_owned(),
            insert_id: entry.text(Field::InsertId).map(|text| text.value().into_owned()),
            pattern: self.names.pattern_name(row.pattern),
            message: message(entry).into_owned(),
            source: SourcePlace { path: self.names.source(row.source).to_owned(), line: row.source_line },
            evidence,
        }
    }
}
