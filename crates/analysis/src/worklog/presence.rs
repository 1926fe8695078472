//! Where a cluster was: in which traces, and in which minutes of which instances. What several clusters share follows from it.

use crate::grid::CELL_NS;
use crate::merged::{Keyed, Merged};
use hashbrown::HashMap;
use timberline_archive::patterns::Stream;
use xxhash_rust::xxh3::xxh3_128;

/// Where a cluster was.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence {
    traces: Merged<InTrace>,
    cells: Merged<InCell>,
}

/// A trace with the time of its first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InTrace {
    /// 128 bits of its name's hash: two that are alike by chance are not to be expected, and names take several times as much.
    pub(super) trace: (u64, u64),
    pub(super) first_ns: i64,
}

/// A minute of an instance with the time of its first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InCell {
    pub(super) instance: u32,
    /// Minutes since the Unix epoch; every time of nanoseconds has one.
    pub(super) minute: i32,
    pub(super) first_ns: i64,
}

impl Keyed for InTrace {
    type Key = (u64, u64);

    fn key(&self) -> (u64, u64) {
        self.trace
    }

    fn join(&mut self, other: &Self) {
        self.first_ns = self.first_ns.min(other.first_ns);
    }
}

impl Keyed for InCell {
    type Key = (u32, i32);

    fn key(&self) -> (u32, i32) {
        (self.instance, self.minute)
    }

    fn join(&mut self, other: &Self) {
        self.first_ns = self.first_ns.min(other.first_ns);
    }
}

impl InTrace {
    fn new(name: &str, first_ns: i64) -> Self {
        let hash = xxh3_128(name.as_bytes());
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        let trace = ((hash >> 64) as u64, hash as u64);
        Self { trace, first_ns }
    }
}

impl InCell {
    fn new(instance: u32, time_ns: i64) -> Self {
        let minute =
            i32::try_from(time_ns.div_euclid(CELL_NS)).expect("64 bits of nanoseconds are few minutes");
        Self { instance, minute, first_ns: time_ns }
    }
}

impl Presence {
    /// Takes an entry.
    pub(super) fn add(&mut self, time_ns: i64, instance: u32, trace: Option<&str>) {
        self.cells.push(InCell::new(instance, time_ns));
        if let Some(trace) = trace {
            self.traces.push(InTrace::new(trace, time_ns));
        }
    }

    /// Gives instances other numbers: those that stand at the places of their numbers so far.
    pub(super) fn renumber(&mut self, instances: &[u32]) {
        self.cells.for_each_mut(|cell| cell.instance = instances[cell.instance as usize]);
    }

    /// Takes where another part of the cluster was. Instances must have the same numbers in both.
    pub(super) fn join(&mut self, other: Self) {
        other.traces.into_items().into_iter().for_each(|trace| self.traces.push(trace));
        other.cells.into_items().into_iter().for_each(|cell| self.cells.push(cell));
    }

    /// Says that nothing more comes. All that follows is of a finished one.
    pub(super) fn finish(&mut self) {
        self.traces.finish();
        self.cells.finish();
    }

    /// Returns the traces, in order.
    pub(super) fn traces(&self) -> &[InTrace] {
        self.traces.sorted()
    }

    /// Returns the minutes of instances, in order.
    pub(super) fn cells(&self) -> &[InCell] {
        self.cells.sorted()
    }

    /// Returns how many minutes of instances there are.
    pub(super) fn n_cells(&self) -> u64 {
        self.cells().len() as u64
    }

    /// Returns the numbers of the instances.
    pub(super) fn instances(&self) -> impl Iterator<Item = u32> {
        self.cells().chunk_by(|a, b| a.instance == b.instance).map(|of_instance| of_instance[0].instance)
    }
}

/// Numbers of instances. Two of the same name in two revisions are two.
#[derive(Debug, Default)]
pub(super) struct Instances {
    numbers: HashMap<Stream, HashMap<String, u32>>,
    all: Vec<(Stream, String)>,
}

impl Instances {
    /// Returns the number of an instance; the name is empty where an entry does not say.
    pub(super) fn number(&mut self, stream: &Stream, instance: &str) -> u32 {
        if let Some(known) = self.numbers.get(stream).and_then(|of_stream| of_stream.get(instance)) {
            return *known;
        }
        let next = u32::try_from(self.all.len()).expect("there are fewer instances than that");
        self.all.push((stream.clone(), instance.to_owned()));
        self.numbers.entry(stream.clone()).or_default().insert(instance.to_owned(), next);
        next
    }

    /// Returns the name of an instance.
    pub(super) fn name(&self, number: u32) -> &str {
        &self.all[number as usize].1
    }

    /// Gives the instances of another the numbers that they have here; returns them in the order of theirs.
    pub(super) fn absorb(&mut self, other: &Self) -> Vec<u32> {
        other.all.iter().map(|(stream, instance)| self.number(stream, instance)).collect()
    }
}
