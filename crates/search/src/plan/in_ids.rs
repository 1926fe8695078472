//! Parts of ids: a text that an id of any row may hold, of which templates say no more.
//!
//! ```text
//! "1e7413cf33f6"   {"trace":"projects/p/traces/░"}   any trace may have it
//!                  every other test first            the rings that are still in question
//!                  one pass over their traces        which of them have it, for all such tests of the filter at once
//! ```
//!
//! What a ring is by everything else is settled whatever its ids say, so they are read last, and only where enough rows are left
//! for that to cost less than reading these.

use super::table::Table;
use crate::ids::{ID_COLUMNS, before_hex};
use crate::lookup::RingSet;
use crate::verdict::Verdict;
use std::collections::BTreeSet;
use timberline_archive::Result;
use timberline_archive::segment::{Parts, Rings, Segment, Templates};
use timberline_entry::Field;

/// Fields whose ids, where they vary, can hold what a test looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct IdFields(u8);

impl IdFields {
    /// Returns the set of one field; empty for a field that is no id.
    pub(super) fn of(field: Field) -> Self {
        let number = ID_COLUMNS.iter().position(|(id, _)| *id == field);
        Self(number.map_or(0, |number| 1 << number))
    }

    pub(super) fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Says of each template of a field whether it is an id of which the column tells all that varies.
pub(super) fn are_ids(templates: &Templates, field: Field) -> std::result::Result<Vec<bool>, String> {
    (0..templates.len()).map(|idx| Ok(before_hex(&templates.json(idx), field)?.is_some())).collect()
}

/// What the ids of a segment say of a test.
pub(super) struct InIds<'p> {
    /// Texts of which an id must have one.
    texts: &'p [String],
    /// By shape of the segment.
    fields: Vec<IdFields>,
    /// The rings that have one, once they were looked for; before that any may.
    rings: Option<RingSet>,
}

impl<'p> InIds<'p> {
    /// Returns nothing where no shape of the segment is open.
    pub(super) fn new(texts: &'p [String], fields: Vec<IdFields>) -> Option<Self> {
        fields.iter().any(|fields| !fields.is_empty()).then_some(Self { texts, fields, rings: None })
    }

    /// Says whether ids of a shape can hold what the test looks for.
    pub(super) fn is_open(&self, shape: usize) -> bool {
        !self.fields[shape].is_empty()
    }

    /// Says whether ids were looked through.
    pub(super) const fn is_looked_up(&self) -> bool {
        self.rings.is_some()
    }

    /// Says what ids add to the verdict of a ring.
    pub(super) fn verdict(&self, ring: usize, shape: usize) -> Verdict {
        let may_have = || {
            let number = u32::try_from(ring).expect("rings are numbered with 32 bits");
            self.rings.as_ref().is_none_or(|rings| rings.contains(number))
        };
        if self.is_open(shape) && may_have() { Verdict::Some } else { Verdict::None }
    }
}

/// Of fewer rows in question the rows themselves are read.
const MIN_ROWS: u64 = 64;

/// Looks for parts of ids in the rings that `verdicts` leaves in question. Returns whether the tables know more now.
///
/// Cost: a pass over the columns of these ids in these rings.
///
/// # Errors
/// [`Damaged`](timberline_archive::Error::Damaged) when the entries cannot be read.
pub(super) fn look_up(
    segment: &Segment,
    rings: &Rings,
    tables: &mut [Table<'_>],
    verdicts: &[Verdict],
) -> Result<bool> {
    let mut open: Vec<&mut InIds<'_>> = tables.iter_mut().filter_map(Table::in_ids_mut).collect();
    if open.is_empty() {
        return Ok(false);
    }
    let mut of_shape = vec![IdFields::default(); segment.n_shapes()];
    for test in &open {
        of_shape.iter_mut().zip(&test.fields).for_each(|(all, own)| all.insert(*own));
    }
    let is_asked = |ring: usize, shape: usize| verdicts[ring] == Verdict::Some && !of_shape[shape].is_empty();
    let each = rings.each_rows(0..rings.len()).zip(rings.each_shape(0..rings.len())).enumerate();
    let n_rows: u64 =
        each.filter(|(ring, (_, shape))| is_asked(*ring, *shape)).map(|(_, (rows, _))| rows).sum();
    if n_rows < MIN_ROWS {
        return Ok(false);
    }
    let texts: BTreeSet<&String> = open.iter().flat_map(|test| test.texts).collect();
    let parts = Parts::new(texts.into_iter().cloned().collect());
    let mut with_part = vec![RingSet::empty(rings.len()); parts.texts().len()];
    for (field, column) in ID_COLUMNS {
        let is_asked = |ring: usize| {
            verdicts[ring] == Verdict::Some && of_shape[rings.shape(ring)].intersects(IdFields::of(field))
        };
        for (ring, part) in segment.rings_with_part_of_id(column, &parts, is_asked)? {
            with_part[part].insert(ring);
        }
    }
    for test in &mut open {
        let mut found = RingSet::empty(rings.len());
        for text in test.texts {
            let part = parts.texts().binary_search(text).expect("all texts are looked for");
            found.unite(&with_part[part]);
        }
        test.rings = Some(found);
    }
    Ok(true)
}
