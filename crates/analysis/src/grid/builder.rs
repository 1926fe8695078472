//! Collecting cells and hits into a grid, merged on the way so that memory follows what is distinct.

use super::{Cell, Grid, Hit, Index, UnitCells, UnitValue};
use crate::memo::Memo;
use crate::merged::{Keyed, Merged, add_counts};
use crate::stats::dispersion::CellMoments;
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use timberline_entry::Severity;

/// Collects what was seen into a [`Grid`]. The order in which it comes makes no difference.
///
/// Memory: some 60 bytes a cell, and 8 to 16 bytes for every cell of every unit.
#[derive(Debug, Default)]
pub struct GridBuilder {
    services: BTreeMap<String, u32>,
    /// Cells with their numbers, in the order in which they came.
    cells: HashMap<Cell, u32>,
    last_cell: Option<(Cell, u32)>,
    units: HashMap<u64, Unit>,
    values: BTreeMap<u64, UnitValue>,
    exceptions: BTreeMap<u64, BTreeSet<u64>>,
    entries: BTreeMap<u32, u64>,
    n_changing: u64,
}

/// What was taken of a unit.
#[derive(Debug, Default)]
struct Unit {
    severities: BTreeMap<Severity, u64>,
    /// By number of the cell as it came.
    hits: Merged<Hit>,
}

impl Keyed for Hit {
    type Key = u32;

    fn key(&self) -> u32 {
        self.cell
    }

    fn join(&mut self, other: &Self) {
        *self = Self::new(self.cell, u64::from(self.n_entries) + u64::from(other.n_entries));
    }
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
        self.number(cell);
    }

    /// Takes an entry in scope of a minute in which the revision changed: it counts for none.
    pub fn changing(&mut self) {
        self.n_changing += 1;
    }

    /// Says that a unit is a value of a pattern or exception.
    pub fn value(&mut self, unit: u64, value: UnitValue) {
        self.values.entry(unit).or_insert(value);
    }

    /// Says that a unit is an exception that a message of a pattern told of.
    pub fn exception(&mut self, unit: u64, pattern: u64) {
        self.exceptions.entry(unit).or_default().insert(pattern);
    }

    /// Takes some entries of a unit in a cell, which is exposure as well.
    pub fn hits(&mut self, unit: u64, cell: Cell, severity: Severity, n_entries: u64) {
        let cell = self.number(cell);
        let unit = self.units.entry(unit).or_default();
        *unit.severities.entry(severity).or_insert(0) += n_entries;
        unit.hits.push(Hit::new(cell, n_entries));
    }

    fn number(&mut self, cell: Cell) -> u32 {
        if let Some((_, number)) = self.last_cell.filter(|(last, _)| *last == cell) {
            return number;
        }
        let next = u32::try_from(self.cells.len()).expect("there are fewer minutes of instances than that");
        let number = *self.cells.entry(cell).or_insert(next);
        self.last_cell = Some((cell, number));
        number
    }

    /// Returns the services, each at the place of its number.
    pub(super) fn services(&self) -> Vec<&str> {
        let mut services = vec![""; self.services.len()];
        for (name, id) in &self.services {
            services[*id as usize] = name;
        }
        services
    }

    /// Gives services and streams other numbers: those that stand at the places of their numbers so far.
    pub(super) fn renumber(&mut self, services: &[u32], streams: &[u32]) {
        for id in self.services.values_mut() {
            *id = services[*id as usize];
        }
        let renumbered = |cell: Cell| Cell {
            service: services[cell.service as usize],
            stream: streams[cell.stream as usize],
            ..cell
        };
        let cells = std::mem::take(&mut self.cells);
        self.cells = cells.into_iter().map(|(cell, number)| (renumbered(cell), number)).collect();
        self.last_cell = None;
    }

    /// Takes what another one took. Services and streams must have the same numbers in both.
    pub(super) fn absorb(&mut self, other: Self) {
        self.services.extend(other.services);
        self.values.extend(other.values);
        for (unit, patterns) in other.exceptions {
            self.exceptions.entry(unit).or_default().extend(patterns);
        }
        add_counts(&mut self.entries, other.entries);
        self.n_changing += other.n_changing;
        let mut numbers = vec![0; other.cells.len()];
        for (cell, came_as) in other.cells {
            numbers[came_as as usize] = self.number(cell);
        }
        for (id, unit) in other.units {
            let own = self.units.entry(id).or_default();
            add_counts(&mut own.severities, unit.severities);
            for hit in unit.hits.into_items() {
                own.hits.push(Hit { cell: numbers[hit.cell as usize], ..hit });
            }
        }
    }

    /// Returns the grid of everything taken.
    pub fn finish(self) -> Grid {
        let services = self.services().into_iter().map(str::to_owned).collect();
        let (cells, numbers) = in_order(self.cells);
        let units = self.units.into_iter().map(|(id, unit)| (id, finish_unit(unit, &cells, &numbers)));
        let units: BTreeMap<u64, UnitCells> = units.collect();
        let streams = cells.iter().map(|cell| (cell.row, cell.stream)).collect();
        let mut by_stream: Vec<(u32, u32, u32, i64)> =
            cells.iter().map(|cell| (cell.row, cell.service, cell.stream, cell.minute)).collect();
        by_stream.sort_unstable();
        let mut by_minute: Vec<(u32, u32, i64)> =
            cells.iter().map(|cell| (cell.row, cell.service, cell.minute)).collect();
        by_minute.dedup();
        Grid {
            services,
            units,
            values: self.values,
            exceptions: self.exceptions,
            entries: self.entries,
            n_changing: self.n_changing,
            cells,
            exposures: Memo::default(),
            covered_minutes: Memo::default(),
            stretches: Memo::default(),
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

/// Returns cells in order, and by the number that each came with its place among them.
fn in_order(cells: HashMap<Cell, u32>) -> (Vec<Cell>, Vec<u32>) {
    let mut sorted: Vec<(Cell, u32)> = cells.into_iter().collect();
    sorted.sort_unstable();
    let mut numbers = vec![0; sorted.len()];
    for (number, (_, came_as)) in (0..).zip(&sorted) {
        numbers[*came_as as usize] = number;
    }
    (sorted.into_iter().map(|(cell, _)| cell).collect(), numbers)
}

fn finish_unit(unit: Unit, cells: &[Cell], numbers: &[u32]) -> UnitCells {
    let mut hits = unit.hits;
    hits.for_each_mut(|hit| hit.cell = numbers[hit.cell as usize]);
    hits.finish();
    let hits = hits.into_items();
    let place = |hit: &Hit| cells[hit.cell as usize].place();
    let mut seen: BTreeMap<(u32, u32), CellMoments> = BTreeMap::new();
    for of_place in hits.chunk_by(|a, b| place(a) == place(b)) {
        let moments = seen.entry(place(&of_place[0])).or_default();
        of_place.iter().for_each(|hit| moments.add(u64::from(hit.n_entries)));
    }
    UnitCells { severities: unit.severities, seen, hits }
}
