//! Coverage cut into cells: which minute of which stream was seen, and which patterns it held.
//!
//! ```text
//!   stream = service, revision, instance        cell = stream × minute        row of the comparison = a revision or window
//!
//!   all entries in scope ──► cells of each row of the comparison           exposure n, per severity that is covered
//!   entries that match   ──► cells, entries, squares by pattern            k, x, and what φ̂ needs
//! ```
//!
//! A minute counts as exposure for a pattern only where the archive speaks for the pattern's severity: an export of errors
//! alone says nothing of how often an INFO message was missing.

use crate::evidence::Coverage;
use crate::question::Investigation;
use crate::stats::dispersion::CellMoments;
use crate::tally::scope;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::json::Value;
use timberline_entry::{Field, Severity};
use timberline_query::Filter;
use timberline_search::{RowView, Sink, Wanted, scan};

/// Nanoseconds of a cell: one minute.
pub(crate) const CELL_NS: i64 = 60_000_000_000;
/// Cells and hits that may lie unmerged before they are merged.
const MAX_UNMERGED: usize = 1 << 22;

/// Says which row of the comparison an entry belongs to: by its service, revision and time.
pub(crate) trait Rows {
    /// Returns the row; `None` for entries that take no part.
    fn row_of(&self, service: &str, revision: &str, time_ns: i64) -> Option<u32>;

    /// Says whether any entry of this service and revision takes part.
    fn takes(&self, service: &str, revision: &str) -> bool;
}

/// The cells of a comparison.
#[derive(Debug)]
pub(crate) struct Grid {
    /// Services by their number in cells.
    pub(crate) services: Vec<String>,
    /// Every pattern that matched, by its fingerprint.
    pub(crate) patterns: BTreeMap<u64, PatternCells>,
    /// Row, service and minute of every cell; sorted.
    cells: Vec<Cell>,
    /// Entries in scope, by row.
    pub(crate) entries: BTreeMap<u32, u64>,
    exposures: RefCell<BTreeMap<(u32, u32, Severity), u64>>,
    streams: BTreeSet<(u32, u32)>,
}

/// Where a pattern was seen.
#[derive(Debug, Default)]
pub(crate) struct PatternCells {
    /// Its entries by severity.
    pub(crate) severities: BTreeMap<Severity, u64>,
    /// By row and service.
    pub(crate) seen: BTreeMap<(u32, u32), CellMoments>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    row: u32,
    service: u32,
    minute: i64,
    stream: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    pattern: u64,
    cell: Cell,
}

impl PatternCells {
    /// Returns the severity that most of its entries have; of equals the worst.
    pub(crate) fn severity(&self) -> Severity {
        let most = self.severities.iter().max_by_key(|(severity, n)| (**n, **severity));
        most.map(|(severity, _)| *severity).unwrap_or_default()
    }

    /// Returns the cells with the pattern.
    pub(crate) fn cells(&self, row: u32, service: u32) -> u64 {
        self.seen.get(&(row, service)).map_or(0, CellMoments::n_cells)
    }

    /// Returns the moments of a row and service over `n_covered` cells.
    pub(crate) fn moments(&self, row: u32, service: u32, n_covered: u64) -> CellMoments {
        let mut moments = self.seen.get(&(row, service)).copied().unwrap_or_default();
        moments.add_empty(n_covered.saturating_sub(moments.n_cells()));
        moments
    }

    /// Returns the entries of a row, over all services.
    pub(crate) fn entries(&self, row: u32) -> u64 {
        self.seen.iter().filter(|((of, _), _)| *of == row).map(|(_, moments)| moments.n_entries()).sum()
    }
}

impl Grid {
    /// Reads the cells of a comparison: exposure from everything in the filter's scope, patterns from what matches.
    ///
    /// Cost: time and labels of every entry of the rows' revisions.
    pub(crate) fn read(
        investigation: &Investigation<'_>,
        filter: &Filter,
        within: &Filter,
        rows: &dyn Rows,
    ) -> Result<Self> {
        let scope = scope(filter);
        let is_all = scope == *filter;
        let mut reader = Reader::new(rows, true, is_all);
        let wanted = Wanted { fields: [Field::Labels].into() };
        let (archive, names) = (investigation.archive, &investigation.names);
        scan(archive, names, &Filter::and(scope, within.clone()), &wanted, &mut reader)?;
        if !is_all {
            reader.takes_cells = false;
            reader.takes_hits = true;
            scan(archive, names, &Filter::and(filter.clone(), within.clone()), &wanted, &mut reader)?;
        }
        Ok(reader.finish())
    }

    /// Returns the cells of a row and service in which an entry of this severity would have been seen.
    pub(crate) fn exposure(&self, coverage: &Coverage, row: u32, service: u32, severity: Severity) -> u64 {
        if let Some(known) = self.exposures.borrow().get(&(row, service, severity)) {
            return *known;
        }
        let stretches = coverage.merged(&self.services[service as usize], Some(severity));
        let from = self.cells.partition_point(|cell| (cell.row, cell.service) < (row, service));
        let to = self.cells.partition_point(|cell| (cell.row, cell.service) <= (row, service));
        // Cells are in time order here, so stretches that end before a cell end before all later ones.
        let mut at = 0;
        let mut n_covered = 0;
        for cell in &self.cells[from..to] {
            let (start, end) = (cell.minute * CELL_NS, cell.minute * CELL_NS + (CELL_NS - 1));
            while at < stretches.len() && stretches[at].1 < start {
                at += 1;
            }
            n_covered += u64::from(stretches.get(at).is_some_and(|stretch| stretch.0 <= end));
        }
        self.exposures.borrow_mut().insert((row, service, severity), n_covered);
        n_covered
    }

    /// Returns all cells of a row.
    pub(crate) fn n_cells(&self, row: u32) -> u64 {
        let before = |row| self.cells.partition_point(|cell| cell.row < row);
        (before(row + 1) - before(row)) as u64
    }

    /// Returns the streams of a row.
    pub(crate) fn n_streams(&self, row: u32) -> u64 {
        self.streams.range((row, 0)..=(row, u32::MAX)).count() as u64
    }

    /// Returns the services that have cells in a row.
    pub(crate) fn services_of(&self, row: u32) -> BTreeSet<u32> {
        self.cells.iter().filter(|cell| cell.row == row).map(|cell| cell.service).collect()
    }
}

/// Takes rows while they are scanned.
struct Reader<'r> {
    rows: &'r dyn Rows,
    takes_cells: bool,
    takes_hits: bool,
    services: BTreeMap<String, u32>,
    streams: BTreeMap<(u32, String, String), u32>,
    last_stream: Option<(u32, String, String, u32)>,
    cells: Vec<Cell>,
    hits: BTreeMap<Hit, u64>,
    severities: BTreeMap<u64, BTreeMap<Severity, u64>>,
    entries: BTreeMap<u32, u64>,
}

impl<'r> Reader<'r> {
    fn new(rows: &'r dyn Rows, takes_cells: bool, takes_hits: bool) -> Self {
        Self {
            rows,
            takes_cells,
            takes_hits,
            services: BTreeMap::new(),
            streams: BTreeMap::new(),
            last_stream: None,
            cells: Vec::new(),
            hits: BTreeMap::new(),
            severities: BTreeMap::new(),
            entries: BTreeMap::new(),
        }
    }

    fn service(&mut self, name: &str) -> u32 {
        if let Some(id) = self.services.get(name) {
            return *id;
        }
        let id = u32::try_from(self.services.len()).expect("there are fewer services than that");
        self.services.insert(name.to_owned(), id);
        id
    }

    /// Returns the number of a stream. Rows of a stream tend to follow one another.
    fn stream(&mut self, service: u32, revision: &str, instance: &str) -> u32 {
        if let Some((s, r, i, id)) = &self.last_stream
            && *s == service
            && r == revision
            && i == instance
        {
            return *id;
        }
        let next = u32::try_from(self.streams.len()).expect("there are fewer streams than that");
        let key = (service, revision.to_owned(), instance.to_owned());
        let id = *self.streams.entry(key).or_insert(next);
        self.last_stream = Some((service, revision.to_owned(), instance.to_owned(), id));
        id
    }

    fn finish(mut self) -> Grid {
        self.cells.sort_unstable();
        self.cells.dedup();
        let mut patterns: BTreeMap<u64, PatternCells> = BTreeMap::new();
        for (hit, n) in &self.hits {
            let pattern = patterns.entry(hit.pattern).or_default();
            pattern.seen.entry((hit.cell.row, hit.cell.service)).or_default().add(*n);
        }
        for (pattern, severities) in self.severities {
            patterns.entry(pattern).or_default().severities = severities;
        }
        let mut services = vec![String::new(); self.services.len()];
        for (name, id) in self.services {
            services[id as usize] = name;
        }
        let streams = self.cells.iter().map(|cell| (cell.row, cell.stream)).collect();
        Grid {
            services,
            patterns,
            cells: self.cells,
            entries: self.entries,
            exposures: RefCell::default(),
            streams,
        }
    }
}

impl Sink for Reader<'_> {
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        let rings = segment.rings()?;
        let service = &segment.services()?[rings.service[ring] as usize];
        let revision = &segment.revisions()?[rings.revision[ring] as usize];
        // What takes no part needs no rows.
        Ok(!self.rows.takes(service, revision))
    }

    fn row(&mut self, segment: &Segment, ring: usize, view: &RowView<'_>) -> Result<()> {
        let (service, revision) =
            (view.row.cells.text(Column::Service), view.row.cells.text(Column::Revision));
        let time_ns = view.row.timestamp.as_nanos();
        let Some(row) = self.rows.row_of(service, revision, time_ns) else { return Ok(()) };
        let instance = view
            .entry
            .get(Field::Labels)
            .and_then(|labels| labels.get("instanceId"))
            .and_then(Value::as_text);
        let instance = instance.map(|id| id.value()).unwrap_or_default();
        let service = self.service(service);
        let stream = self.stream(service, revision, &instance);
        let cell = Cell { row, service, minute: time_ns.div_euclid(CELL_NS), stream };
        if self.takes_cells {
            *self.entries.entry(row).or_insert(0) += 1;
            if self.cells.last() != Some(&cell) {
                self.cells.push(cell);
                if self.cells.len().is_multiple_of(MAX_UNMERGED) {
                    self.cells.sort_unstable();
                    self.cells.dedup();
                }
            }
        }
        if self.takes_hits {
            let pattern = view.row.pattern;
            *self.hits.entry(Hit { pattern, cell }).or_insert(0) += 1;
            let severity = Severity::ALL[usize::from(segment.rings()?.severity[ring])];
            *self.severities.entry(pattern).or_default().entry(severity).or_insert(0) += 1;
        }
        Ok(())
    }
}
