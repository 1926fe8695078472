//! Collecting cells and hits into a grid, merged on the way so that memory follows what is distinct.

use super::{Cell, Grid, Index, UnitCells, UnitValue};
use std::cell::RefCell;
use std::collections::BTreeMap;
use timberline_entry::Severity;

/// Cells and hits that may lie unmerged before they are merged.
const MAX_UNMERGED: usize = 1 << 20;

/// Collects what was seen into a [`Grid`]. The order in which it comes makes no difference.
#[derive(Debug, Default)]
pub struct GridBuilder {
    services: BTreeMap<String, u32>,
    cells: Vec<Cell>,
    /// Cells that are merged already.
    merged_cells: usize,
    hits: Vec<(Hit, u64)>,
    merged_hits: usize,
    severities: BTreeMap<u64, BTreeMap<Severity, u64>>,
    values: BTreeMap<u64, UnitValue>,
    entries: BTreeMap<u32, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    unit: u64,
    cell: Cell,
}

impl GridBuilder {
    /// Returns the number of a service.
    pub fn service(&mut self, name: &str) -> u32 {
        if let Some(id) = self.services.get(name) {
            return *id;
        }
        let id = u32::try_from(self.services.len()).expect("there are fewer services than that");
        self.services.insert(name.to_owned(), id);
        id
    }

    /// Takes an entry in scope: its cell is exposure.
    pub fn entry(&mut self, cell: Cell) {
        *self.entries.entry(cell.row).or_insert(0) += 1;
        if self.cells.last() == Some(&cell) {
            return;
        }
        self.cells.push(cell);
        if self.cells.len() - self.merged_cells >= MAX_UNMERGED {
            self.merge_cells();
        }
    }

    /// Says that a unit is a value of a pattern.
    pub fn value(&mut self, unit: u64, value: UnitValue) {
        self.values.entry(unit).or_insert(value);
    }

    /// Takes some entries of a unit in a cell.
    pub fn hits(&mut self, unit: u64, cell: Cell, severity: Severity, n_entries: u64) {
        *self.severities.entry(unit).or_default().entry(severity).or_insert(0) += n_entries;
        let hit = Hit { unit, cell };
        match self.hits.last_mut() {
            Some((last, n)) if *last == hit => *n += n_entries,
            _ => self.hits.push((hit, n_entries)),
        }
        if self.hits.len() - self.merged_hits >= MAX_UNMERGED {
            self.merge_hits();
        }
    }

    fn merge_cells(&mut self) {
        self.cells.sort_unstable();
        self.cells.dedup();
        self.merged_cells = self.cells.len();
    }

    fn merge_hits(&mut self) {
        self.hits.sort_unstable_by_key(|(hit, _)| *hit);
        self.hits.dedup_by(|(hit, n), (kept, n_kept)| {
            let is_same = hit == kept;
            if is_same {
                *n_kept += *n;
            }
            is_same
        });
        self.merged_hits = self.hits.len();
    }

    /// Returns the grid of everything taken.
    pub fn finish(mut self) -> Grid {
        self.merge_cells();
        self.merge_hits();
        let mut units: BTreeMap<u64, UnitCells> = BTreeMap::new();
        for (idx, (hit, n)) in self.hits.iter().enumerate() {
            let unit =
                units.entry(hit.unit).or_insert_with(|| UnitCells { hits: idx..idx, ..UnitCells::default() });
            unit.hits.end = idx + 1;
            unit.seen.entry((hit.cell.row, hit.cell.service)).or_default().add(*n);
        }
        for (unit, severities) in self.severities {
            units.entry(unit).or_default().severities = severities;
        }
        let mut services = vec![String::new(); self.services.len()];
        for (name, id) in self.services {
            services[id as usize] = name;
        }
        let streams = self.cells.iter().map(|cell| (cell.row, cell.stream)).collect();
        let mut by_stream: Vec<(u32, u32, u32, i64)> =
            self.cells.iter().map(|cell| (cell.row, cell.service, cell.stream, cell.minute)).collect();
        by_stream.sort_unstable();
        let mut by_minute: Vec<(u32, u32, i64)> =
            self.cells.iter().map(|cell| (cell.row, cell.service, cell.minute)).collect();
        by_minute.dedup();
        Grid {
            services,
            units,
            values: self.values,
            entries: self.entries,
            cells: self.cells,
            hits: self.hits.into_iter().map(|(hit, n)| (hit.cell, n)).collect(),
            exposures: RefCell::default(),
            covered_minutes: RefCell::default(),
            stretches: RefCell::default(),
            streams,
            by_stream: Index::of(
                by_stream.into_iter().map(|(row, service, stream, minute)| ((row, service, stream), minute)),
            ),
            by_minute: Index::of(
                by_minute.into_iter().map(|(row, service, minute)| ((row, service), minute)),
            ),
        }
    }
}
