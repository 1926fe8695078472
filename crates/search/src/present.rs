//! Which fields the entries of some rings have at all, so that no column is read for nothing.

use crate::row::FieldSet;
use timberline_archive::{Archive, Column, Result};
use timberline_entry::Field;

/// Returns those of the fields that some of the rings have. Rows of the others have them null.
///
/// Cost: a look at the shapes of the rings for each field; no template.
pub(crate) fn present(
    archive: &Archive,
    segment_idx: usize,
    rings: impl Iterator<Item = usize>,
    fields: FieldSet,
) -> Result<FieldSet> {
    let own = archive.shapes_of(segment_idx)?;
    let facts = archive.segments()[segment_idx].rings()?;
    let mut shapes: Vec<usize> = rings.map(|ring| own.number(facts.shape(ring))).collect();
    shapes.sort_unstable();
    shapes.dedup();
    // The time is no part of a shape, and every entry has one.
    let mut found = fields.intersection(FieldSet::of([Field::Timestamp]));
    let catalog = own.catalog();
    for field in catalog.fields().iter().filter(|field| fields.contains(**field)) {
        let of_shapes = catalog.of_shapes(*field)?;
        if shapes.iter().any(|shape| of_shapes.of(*shape).is_some()) {
            found = found.union(FieldSet::of([*field]));
        }
    }
    Ok(found)
}

/// Returns the columns that have what some of the rows say in these fields. Service, revision and severity are known from
/// rings.
///
/// Cost: as [`present`]; a search for the ring of each row.
///
/// # Errors
/// Damage in the index.
pub fn columns_of_rows(
    archive: &Archive,
    segment_idx: usize,
    rows: impl Iterator<Item = u64>,
    fields: impl IntoIterator<Item = Field>,
) -> Result<Vec<Column>> {
    let facts = archive.segments()[segment_idx].rings()?;
    let ring_of = |row: u64| facts.ring_of(row);
    Ok(present(archive, segment_idx, rows.map(ring_of), FieldSet::of(fields))?.columns())
}
