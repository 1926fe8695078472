//! Damage that was repaired while a source was read: how often each kind, and where first. The entries were kept.

use std::collections::BTreeMap;
use timberline_entry::RepairKind;
use timberline_entry::split::{Batch, Record};
use timberline_entry::{Repair, Repairs};

/// What was repaired in a source, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    spots: BTreeMap<RepairKind, Spot>,
}

/// How often something was repaired, and where first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Entries in which it was, or places between entries.
    pub count: u64,
    /// Byte range of the first in the decoded text: from, to (exclusive). Of an entry, its own.
    pub first_bytes: (u64, u64),
    /// Line on which the first begins, from 1.
    pub first_line: u64,
}

impl Mended {
    /// Returns the kinds in the order of the enum.
    pub fn iter(&self) -> impl Iterator<Item = (RepairKind, Spot)> + '_ {
        self.spots.iter().map(|(kind, spot)| (*kind, *spot))
    }

    /// Takes up what stands between the entries of a batch.
    pub(super) fn add_batch(&mut self, batch: &Batch) {
        for repair in &batch.repairs {
            self.add(*repair);
        }
    }

    /// Takes up the damage in an entry.
    pub(super) fn add_entry(&mut self, record: &Record, repairs: &Repairs) {
        for (kind, _) in repairs.iter().filter(|(kind, _)| kind.is_damage()) {
            self.add(Repair { kind, line: record.line, offset: record.offset, len: record.len });
        }
    }

    fn add(&mut self, repair: Repair) {
        let Repair { kind, line, offset, len } = repair;
        self.join(kind, Spot { count: 1, first_bytes: (offset, offset + len), first_line: line });
    }

    /// Takes up what another part of the source has.
    pub(super) fn merge(&mut self, other: &Self) {
        for (kind, spot) in other.iter() {
            self.join(kind, spot);
        }
    }

    fn join(&mut self, kind: RepairKind, spot: Spot) {
        let own = self.spots.entry(kind).or_insert(Spot { count: 0, ..spot });
        let count = own.count + spot.count;
        if spot.first_bytes < own.first_bytes {
            *own = spot;
        }
        own.count = count;
    }
}
