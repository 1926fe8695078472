//! The rows of a segment, and what its index says of them.

use super::{Impact, VerifyReport, problem};
use crate::columns::{Cell, Column};
use crate::error::Error;
use crate::ingest::{RowMaker, RowRules, joined_of};
use crate::layout;
use crate::manifest::source_name;
use crate::segment::{MAX_RING_ROWS, Observer, Row, RowFacts, Segment, with_entry};
use std::collections::BTreeMap;
use timberline_entry::Severity;
use timberline_entry::json::Node;
use xxhash_rust::xxh3::xxh3_128;

pub(super) fn check(segment: &Segment, rules: &RowRules, report: &mut VerifyReport) {
    let record = segment.record();
    let entries_path = segment.entries_path();
    let is_known = |report: &VerifyReport, impact: Impact| {
        report.problems.iter().any(|problem| {
            problem.impact == impact
                && problem.segment.as_ref().is_some_and(|affected| affected.segment == record.id)
        })
    };
    if is_known(report, Impact::Entries) {
        return;
    }
    let mut seen = Seen::new(rules);
    let read = segment.stored_rows().and_then(|stored| {
        if stored != record.rows {
            return Err(Error::damaged(&entries_path, format!("{stored} rows instead of {}", record.rows)));
        }
        segment.for_all_rows(&Column::ALL, |row| {
            seen.add(&row, &record.month);
            true
        })
    });
    report.entries_read += seen.rows;
    if let Err(error) = read {
        report.problems.push(problem(&entries_path, detail(error), Impact::Entries, Some(record)));
        return;
    }
    let joined = match seen.joined(segment, rules) {
        Ok(joined) => joined,
        Err(error) => {
            report.problems.push(problem(&entries_path, detail(error), Impact::Entries, Some(record)));
            return;
        }
    };
    seen.finish(record.first_ns, record.last_ns, &record.sources);
    for (impact, detail) in std::mem::take(&mut seen.faults) {
        report.problems.push(problem(&entries_path, detail, impact, Some(record)));
    }
    if is_known(report, Impact::Index) {
        return;
    }
    match index_faults(segment, seen, &joined) {
        Ok(faults) => {
            for detail in faults {
                let folder = layout::index_folder(&record.id);
                report.problems.push(problem(&folder, detail, Impact::Index, Some(record)));
            }
        }
        Err(error) => {
            let file = match &error {
                Error::Damaged { file, .. } => file.clone(),
                _ => layout::index_folder(&record.id),
            };
            report.problems.push(problem(&file, detail(error), Impact::Index, Some(record)));
        }
    }
}

fn detail(error: Error) -> String {
    match error {
        Error::Damaged { detail, .. } => detail,
        other => other.to_string(),
    }
}

/// A ring as the rows show it.
#[derive(Debug, PartialEq, Eq)]
struct Ring {
    start: u64,
    rows: u64,
    min_ts: i64,
    max_ts: i64,
    service: String,
    revision: String,
    severity: u8,
    shape: u64,
}

/// What the rows show.
struct Seen {
    rows: u64,
    first_ns: Option<i64>,
    last_ns: Option<i64>,
    sources: BTreeMap<String, u64>,
    rings: Vec<Ring>,
    /// Rows and pattern of each shape.
    shapes: BTreeMap<u64, (u64, u64, Option<u64>)>,
    /// Rows whose exception is not what their own text tells of, with that exception.
    others: BTreeMap<u64, Option<u64>>,
    /// Whether some row may begin a trace that goes on in others.
    begins_trace: bool,
    observer: Observer,
    /// Time in microseconds and hash of what identifies the entry beside it.
    identities: Vec<(i64, u128)>,
    previous: Option<(i64, u64)>,
    maker: RowMaker,
    text: String,
    nodes: Vec<Node>,
    /// The first fault of each kind; a damaged file has thousands.
    faults: Vec<(Impact, String)>,
    kinds: Vec<&'static str>,
}

impl Seen {
    fn new(rules: &RowRules) -> Self {
        Self {
            rows: 0,
            first_ns: None,
            last_ns: None,
            sources: BTreeMap::new(),
            rings: Vec::new(),
            shapes: BTreeMap::new(),
            others: BTreeMap::new(),
            begins_trace: false,
            observer: Observer::new(rules.masker.clone()),
            identities: Vec::new(),
            previous: None,
            maker: RowMaker::new(rules.clone()),
            text: String::new(),
            nodes: Vec::new(),
            faults: Vec::new(),
            kinds: Vec::new(),
        }
    }

    /// Puts traces together that were logged line by line, compares their exceptions, and returns their texts.
    fn joined(&mut self, segment: &Segment, rules: &RowRules) -> Result<BTreeMap<u64, String>, Error> {
        let (rows, texts) = if self.begins_trace { joined_of(segment, rules)? } else { Default::default() };
        let expected: BTreeMap<u64, Option<u64>> =
            rows.into_iter().map(|(row, key)| (row, Some(key))).collect();
        if expected != self.others {
            let all = expected.keys().chain(self.others.keys());
            let wrong = all.copied().filter(|row| expected.get(row) != self.others.get(row)).min();
            let detail =
                format!("row {}: the exception is computed differently now", wrong.unwrap_or_default());
            self.fault("derived", Impact::Stale, detail);
        }
        Ok(texts)
    }

    fn fault(&mut self, kind: &'static str, impact: Impact, detail: String) {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
            self.faults.push((impact, detail));
        }
    }

    fn add(&mut self, row: &Row<'_>, month: &str) {
        let (idx, time) = (row.idx, row.timestamp.as_nanos());
        self.rows += 1;
        self.first_ns = Some(self.first_ns.map_or(time, |first| first.min(time)));
        self.last_ns = Some(self.last_ns.map_or(time, |last| last.max(time)));
        *self.sources.entry(source_name(row.source)).or_insert(0) += 1;
        let own_month = layout::month(row.timestamp);
        if own_month != month {
            self.fault("month", Impact::Entries, format!("row {idx} is of {own_month}"));
        }
        let Some(severity) = Severity::parse(row.cells.text(Column::Severity)).map(Severity::rank) else {
            let detail = format!("row {idx}: severity {:?}", row.cells.text(Column::Severity));
            return self.fault("severity", Impact::Entries, detail);
        };
        self.add_to_ring(row, severity);
        let shape = self.shapes.entry(row.shape).or_insert((0, row.pattern, row.exception));
        shape.0 += 1;
        if (shape.1, shape.2) != (row.pattern, row.exception) {
            self.fault(
                "pattern",
                Impact::Entries,
                format!("row {idx}: pattern or exception is not that of its shape"),
            );
        }
        self.recompute(row, severity);
    }

    fn add_to_ring(&mut self, row: &Row<'_>, severity: u8) {
        let time = row.timestamp.as_nanos();
        let identity = match crate::columns::identity_of(&row.cells, row.timestamp) {
            Ok(identity) => identity,
            Err(detail) => {
                return self.fault("entry", Impact::Entries, format!("row {}: {detail}", row.idx));
            }
        };
        let (service, revision) = (row.cells.text(Column::Service), row.cells.text(Column::Revision));
        let key = (service, revision, severity, row.shape);
        if let Some(ring) = self.rings.last_mut() {
            let before = (ring.service.as_str(), ring.revision.as_str(), ring.severity, ring.shape);
            let is_ordered = (before, self.previous) <= (key, Some((time, identity)));
            if before == key && ring.rows < MAX_RING_ROWS as u64 {
                ring.rows += 1;
                ring.max_ts = time;
            } else {
                self.start_ring(row, severity);
            }
            if !is_ordered {
                self.fault("order", Impact::Entries, format!("row {} is not in ring order", row.idx));
            }
        } else {
            self.start_ring(row, severity);
        }
        self.previous = Some((time, identity));
    }

    fn start_ring(&mut self, row: &Row<'_>, severity: u8) {
        let time = row.timestamp.as_nanos();
        self.rings.push(Ring {
            start: row.idx,
            rows: 1,
            min_ts: time,
            max_ts: time,
            service: row.cells.text(Column::Service).to_owned(),
            revision: row.cells.text(Column::Revision).to_owned(),
            severity,
            shape: row.shape,
        });
    }

    /// Puts the entry together and takes it apart again: what is derived must come out the same.
    fn recompute(&mut self, row: &Row<'_>, severity: u8) {
        let Self { text, nodes, maker, observer, others, begins_trace, .. } = self;
        let facts = RowFacts {
            idx: row.idx,
            time_ns: row.timestamp.as_nanos(),
            pattern: row.pattern,
            exception: row.exception,
            service: row.cells.text(Column::Service),
            revision: row.cells.text(Column::Revision),
            severity,
        };
        let made = with_entry(&row.cells, row.timestamp, text, nodes, |entry| {
            observer.row(&facts, entry);
            let (keys, cells, mut derived) = maker.make(entry, row.timestamp);
            *begins_trace |= derived.begins_trace;
            if derived.exception != row.exception {
                others.insert(row.idx, row.exception);
                derived.set_exception(row.exception);
            }
            let is_same = keys.severity == severity
                && [Column::Service, Column::Revision]
                    .iter()
                    .all(|column| cells.text(*column) == row.cells.text(*column));
            (is_same && (derived.shape, derived.pattern) == (row.shape, row.pattern)).then_some(())
        });
        match made {
            Ok(Some(())) => {}
            Ok(None) => {
                let detail = format!(
                    "row {}: shape, pattern, service or revision are computed differently now",
                    row.idx
                );
                self.fault("derived", Impact::Stale, detail);
            }
            Err(detail) => self.fault("entry", Impact::Entries, format!("row {}: {detail}", row.idx)),
        }
        let id = match row.cells.get(Column::InsertId) {
            Cell::Text(id) if !id.is_empty() => id,
            _ => self.text.as_str(),
        };
        self.identities.push((row.timestamp.as_micros(), xxh3_128(id.as_bytes())));
    }

    fn finish(&mut self, first_ns: i64, last_ns: i64, sources: &BTreeMap<String, u64>) {
        if (self.first_ns, self.last_ns) != (Some(first_ns), Some(last_ns)) {
            let detail = "first or last time is not what the manifest says".to_owned();
            self.fault("span", Impact::Entries, detail);
        }
        if self.sources != *sources {
            let detail = "rows per source are not what the manifest says".to_owned();
            self.fault("sources", Impact::Entries, detail);
        }
        self.identities.sort_unstable();
        if self.identities.windows(2).any(|pair| pair[0] == pair[1]) {
            self.fault("copies", Impact::Entries, "an entry is there twice".to_owned());
        }
    }
}

fn index_faults(segment: &Segment, seen: Seen, joined: &BTreeMap<u64, String>) -> Result<Vec<String>, Error> {
    let (rings, shapes) = (segment.rings()?, segment.shapes()?);
    let (services, revisions) = (segment.services()?, segment.revisions()?);
    let record = segment.record();
    segment.instances()?;
    let mut faults = Vec::new();
    if (rings.len() as u64, shapes.len() as u64) != (record.rings, record.shapes) {
        faults.push(format!("{} rings and {} shapes, not as the manifest says", rings.len(), shapes.len()));
    }
    let times = rings.times()?;
    let described = (0..rings.len()).map(|ring| {
        let run = rings.run_of(ring);
        Some(Ring {
            start: rings.row_start(ring),
            rows: rings.rows(ring),
            min_ts: times.first(ring),
            max_ts: times.last(ring),
            service: services.get(run.service)?.clone(),
            revision: revisions.get(run.revision)?.clone(),
            severity: run.severity.rank(),
            shape: shapes.get(rings.shape(ring))?.shape,
        })
    });
    if rings.len() != seen.rings.len()
        || !described.zip(&seen.rings).all(|(described, ring)| described.as_ref() == Some(ring))
    {
        faults.push("the facts of the rings are not those of the rows".to_owned());
    }
    let mut firsts: BTreeMap<&str, i64> = BTreeMap::new();
    for ring in &seen.rings {
        let first = firsts.entry(&ring.revision).or_insert(ring.min_ts);
        *first = ring.min_ts.min(*first);
    }
    let told = revisions.iter().map(String::as_str).zip(rings.firsts_of_revisions().iter().copied());
    if !told.collect::<BTreeMap<_, _>>().eq(&firsts) {
        faults.push("the first entries of revisions are not those of the rows".to_owned());
    }
    let by_hash: BTreeMap<u64, _> =
        shapes.iter().map(|shape| (shape.shape, (shape.rows, shape.pattern, shape.exception))).collect();
    if by_hash != seen.shapes || by_hash.len() != shapes.len() {
        faults.push("rows, patterns or exceptions of the shapes are not those of the rows".to_owned());
    }
    let said = seen.observer.finish(joined);
    for (what, is_same) in [
        ("messages", segment.messages()? == said.messages),
        ("exceptions", segment.exceptions()? == said.exceptions),
        ("values", segment.values()? == said.values),
        ("cube", segment.cube()? == said.cube),
    ] {
        if !is_same {
            faults.push(format!("the {what} are not those of the rows"));
        }
    }
    Ok(faults)
}
