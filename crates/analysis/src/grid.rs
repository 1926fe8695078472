//! Coverage cut into cells: which minute of which stream was seen, and which units it held.
//!
//! ```text
//!   stream = service, revision, instance        cell = stream × minute        row of the comparison = a revision or window
//!   unit   = what is tested: a pattern, an exception, or one value of either
//!
//!   all entries in scope ──► cells of each row of the comparison           exposure n, per severity that is covered
//!   entries that match   ──► cells, entries, squares by unit               k, x, and what φ̂ needs
//! ```
//!
//! A minute in which a stream goes from one revision to another counts for neither of them.
//!
//! A minute counts as exposure for a unit only where the archive speaks for the unit's severity: an export of errors
//! alone says nothing of how often an INFO message was missing.

mod builder;
mod changeover;
mod events;
mod read;
mod twins;
mod values;

use crate::evidence::Coverage;
use crate::memo::Memo;
use crate::stats::dispersion::CellMoments;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use timberline_archive::segment::Subject;
use timberline_entry::Severity;

pub use builder::GridBuilder;
pub(crate) use events::Events;

use events::pairs;
pub(crate) use read::Rows;

/// Nanoseconds of a cell: one minute.
pub(crate) const CELL_NS: i64 = 60_000_000_000;

/// A minute of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The row of the comparison.
    pub row: u32,
    /// The service, by its number.
    pub service: u32,
    /// Minutes since the Unix epoch.
    pub minute: i64,
    /// The stream, by its number.
    pub stream: u32,
}

impl Cell {
    /// Returns the row and the service.
    const fn place(&self) -> (u32, u32) {
        (self.row, self.service)
    }
}

/// A cell that holds a unit, by its number in the grid: numbers are in the order of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// The cell.
    pub(crate) cell: u32,
    /// The unit's entries in it.
    pub(crate) n_entries: u32,
}

impl Hit {
    pub(crate) fn new(cell: u32, n_entries: u64) -> Self {
        let n_entries = u32::try_from(n_entries).expect("an instance writes fewer entries in a minute");
        Self { cell, n_entries }
    }
}

/// Cells that hold a unit, sorted.
pub(crate) type Hits = [Hit];

/// A value of a variable part of a pattern, or of an exception's message, that is tested on its own beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitValue {
    /// The unit of the pattern or exception.
    pub pattern: u64,
    /// Which part, and the value.
    pub variant: Variant,
}

/// A value in a place that holds one of a few.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Variant {
    /// The place: the number of the variable part, from 0.
    pub hole: u32,
    /// The value.
    pub value: String,
}

/// The cells of a comparison.
#[derive(Debug)]
pub struct Grid {
    /// Services by their number in cells.
    pub(crate) services: Vec<String>,
    /// Every unit that matched.
    pub(crate) units: BTreeMap<u64, UnitCells>,
    /// The units that are values of a pattern or exception.
    pub(crate) values: BTreeMap<u64, UnitValue>,
    /// The units that are exceptions, each with the patterns of the messages that told of it. All others are patterns.
    pub(crate) exceptions: BTreeMap<u64, BTreeSet<u64>>,
    /// Entries in scope, by row.
    pub(crate) entries: BTreeMap<u32, u64>,
    /// Entries in scope of minutes in which the revision changed, which are in no cell.
    pub(crate) n_changing: u64,
    /// Every cell, sorted: its place is its number.
    cells: Vec<Cell>,
    exposures: Memo<(u32, u32, Severity), u64>,
    covered_minutes: Memo<(u32, u32, Severity), u64>,
    stretches: Memo<StretchKey, (u64, u64)>,
    streams: BTreeSet<(u32, u32)>,
    /// Minutes of each stream in each row and service, ascending.
    by_stream: Index<(u32, u32, u32)>,
    /// Minutes of each row and service, whatever the stream, ascending.
    by_minute: Index<(u32, u32)>,
}

/// Row, service, minutes, and whether all streams count as one.
type StretchKey = (u32, u32, i64, bool);

/// Minutes, part by part.
#[derive(Debug)]
struct Index<K> {
    minutes: Vec<i64>,
    parts: BTreeMap<K, Range<usize>>,
}

impl<K: Ord + Copy> Index<K> {
    /// Takes keys and minutes in order.
    fn of(sorted: impl Iterator<Item = (K, i64)>) -> Self {
        let mut index = Self { minutes: Vec::new(), parts: BTreeMap::new() };
        for (key, minute) in sorted {
            let at = index.minutes.len();
            index.parts.entry(key).or_insert(at..at).end = at + 1;
            index.minutes.push(minute);
        }
        index
    }

    fn get(&self, key: K) -> &[i64] {
        self.parts.get(&key).map_or(&[], |part| &self.minutes[part.clone()])
    }
}

/// Where a unit was seen.
#[derive(Debug, Default)]
pub(crate) struct UnitCells {
    /// Its entries by severity.
    pub(crate) severities: BTreeMap<Severity, u64>,
    /// By row and service.
    pub(crate) seen: BTreeMap<(u32, u32), CellMoments>,
    /// Its cells, sorted.
    hits: Vec<Hit>,
}

impl UnitCells {
    /// Returns the severity that most of its entries have; of equals the worst.
    pub(crate) fn severity(&self) -> Severity {
        let most = self.severities.iter().max_by_key(|(severity, n)| (**n, **severity));
        most.map(|(severity, _)| *severity).unwrap_or_default()
    }

    /// Returns the cells with the unit.
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
    /// Returns the cells of a row and service in which an entry of this severity would have been seen.
    pub(crate) fn exposure(&self, coverage: &Coverage, row: u32, service: u32, severity: Severity) -> u64 {
        self.exposures.get_or((row, service, severity), || {
            let minutes = self.cells_of(row, service).iter().map(|cell| cell.minute);
            self.n_covered(coverage, service, severity, minutes)
        })
    }

    /// Returns the minutes of a row and service in which an entry of this severity would have been seen of some stream.
    pub(crate) fn covered_minutes(
        &self,
        coverage: &Coverage,
        row: u32,
        service: u32,
        severity: Severity,
    ) -> u64 {
        self.covered_minutes.get_or((row, service, severity), || {
            let minutes = self.minutes(row, service).iter().copied();
            self.n_covered(coverage, service, severity, minutes)
        })
    }

    /// Counts those of some ascending minutes that are covered.
    fn n_covered(
        &self,
        coverage: &Coverage,
        service: u32,
        severity: Severity,
        minutes: impl Iterator<Item = i64>,
    ) -> u64 {
        let stretches = coverage.merged(&self.services[service as usize], Some(severity));
        // Minutes ascend, so stretches that end before one end before all later ones.
        let (mut at, mut n_covered) = (0, 0);
        for minute in minutes {
            let (start, end) = (minute * CELL_NS, minute * CELL_NS + (CELL_NS - 1));
            while at < stretches.len() && stretches[at].1 < start {
                at += 1;
            }
            n_covered += u64::from(stretches.get(at).is_some_and(|stretch| stretch.0 <= end));
        }
        n_covered
    }

    /// Returns the minutes of a row and service, ascending.
    fn minutes(&self, row: u32, service: u32) -> &[i64] {
        self.by_minute.get((row, service))
    }

    /// Returns the minutes of a stream in a row and service, ascending.
    fn stream_minutes(&self, row: u32, service: u32, stream: u32) -> &[i64] {
        self.by_stream.get((row, service, stream))
    }

    /// Returns the pairs of cells of one minute.
    fn pairs_of(&self, (row, service): (u32, u32)) -> u64 {
        // Stretches of no minutes stand for this; every unit of a row asks for it.
        let found = self.stretches.get_or((row, service, 0, false), || {
            let minutes = self.cells_of(row, service).chunk_by(|a, b| a.minute == b.minute);
            (minutes.map(|minute| pairs(minute.len() as u64)).sum(), 0)
        });
        found.0
    }

    /// Returns how many pairs of cells lie in one stretch of so many minutes of one stream, and how many cells there are;
    /// all streams count as one if `is_shared`.
    fn pairs_in_stretches(&self, (row, service): (u32, u32), minutes: i64, is_shared: bool) -> (u64, u64) {
        let of = |cells: &[i64]| {
            let stretches = cells.chunk_by(|a, b| a.div_euclid(minutes) == b.div_euclid(minutes));
            (stretches.map(|stretch| pairs(stretch.len() as u64)).sum::<u64>(), cells.len() as u64)
        };
        self.stretches.get_or((row, service, minutes, is_shared), || {
            if is_shared {
                return of(self.minutes(row, service));
            }
            let streams = self.by_stream.parts.range((row, service, 0)..=(row, service, u32::MAX));
            streams
                .map(|(_, part)| of(&self.by_stream.minutes[part.clone()]))
                .fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1))
        })
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

    /// Returns the pattern or exception that a unit is, or is a value of.
    pub(crate) fn pattern_of(&self, unit: u64) -> u64 {
        self.values.get(&unit).map_or(unit, |value| value.pattern)
    }

    /// Returns the same, and which of the two it is.
    pub(crate) fn subject_of(&self, unit: u64) -> Subject {
        let of = self.pattern_of(unit);
        if self.exceptions.contains_key(&of) { Subject::Exception(of) } else { Subject::Message(of) }
    }

    /// Returns the cells of a row and service, in time order.
    pub(crate) fn cells_of(&self, row: u32, service: u32) -> &[Cell] {
        &self.cells[self.first_of((row, service))..self.first_of((row, service + 1))]
    }

    /// Says what was left out because the revision changed, if anything was.
    pub(crate) fn left_out(&self) -> Option<String> {
        (self.n_changing > 0).then(|| {
            let entries = if self.n_changing == 1 { "entry" } else { "entries" };
            format!("{} {entries} of minutes in which the revision changed count for none", self.n_changing)
        })
    }

    /// Returns the cell of a hit.
    pub(crate) fn cell(&self, hit: &Hit) -> &Cell {
        &self.cells[hit.cell as usize]
    }

    /// Returns a unit's hits of some rows; by row, service, minute.
    pub(crate) fn hits<'u>(&self, unit: &'u UnitCells, rows: Range<u32>) -> &'u Hits {
        self.hits_between(unit, (rows.start, 0), (rows.end, 0))
    }

    /// Returns a unit's hits of a row and service, in time order.
    fn hits_of<'u>(&self, unit: &'u UnitCells, (row, service): (u32, u32)) -> &'u Hits {
        self.hits_between(unit, (row, service), (row, service + 1))
    }

    fn hits_between<'u>(&self, unit: &'u UnitCells, from: (u32, u32), to: (u32, u32)) -> &'u Hits {
        let before = |place| {
            let first = self.first_of(place);
            unit.hits.partition_point(|hit| (hit.cell as usize) < first)
        };
        &unit.hits[before(from)..before(to)]
    }

    /// Returns the number of the first cell that is not before a row and service.
    fn first_of(&self, place: (u32, u32)) -> usize {
        self.cells.partition_point(|cell| cell.place() < place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(row: u32, minute: i64, stream: u32) -> Cell {
        Cell { row, service: 0, minute, stream }
    }

    #[test]
    fn the_order_of_entries_makes_no_difference() {
        let seen = [
            (7, cell(0, 3, 1)),
            (7, cell(0, 3, 0)),
            (9, cell(1, 2, 0)),
            (7, cell(0, 3, 1)),
            (7, cell(1, 2, 0)),
        ];
        let grid = |entries: &mut dyn Iterator<Item = &(u64, Cell)>| {
            let mut builder = GridBuilder::default();
            builder.service("s");
            for (unit, cell) in entries {
                builder.entry(*cell);
                builder.hits(*unit, *cell, Severity::Info, 1);
            }
            builder.finish()
        };
        let (forth, back) = (grid(&mut seen.iter()), grid(&mut seen.iter().rev()));
        assert_eq!(format!("{forth:?}"), format!("{back:?}"));
        let unit = &forth.units[&7];
        let hits = |unit, rows| {
            let hits = forth.hits(unit, rows).iter();
            hits.map(|hit| (*forth.cell(hit), hit.n_entries)).collect::<Vec<_>>()
        };
        assert_eq!(hits(unit, 0..1), [(cell(0, 3, 0), 1), (cell(0, 3, 1), 2)]);
        assert_eq!(hits(unit, 1..9), [(cell(1, 2, 0), 1)]);
        assert_eq!((unit.cells(0, 0), unit.entries(0), forth.n_cells(0), forth.n_streams(0)), (2, 3, 2, 2));
        assert_eq!(hits(&forth.units[&9], 0..2), [(cell(1, 2, 0), 1)]);
    }
}
