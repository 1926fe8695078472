//! Which fields the entries of some rings have at all, so that no column is read for nothing.

use crate::row::FieldSet;
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::Field;

/// Returns those of the fields that some of the rings have. Rows of the others have them null.
///
/// Cost: a look at the shapes of the rings for each field; no template.
pub(crate) fn present(
    segment: &Segment,
    rings: impl Iterator<Item = usize>,
    fields: FieldSet,
) -> Result<FieldSet> {
    let facts = segment.rings()?;
    let mut shapes: Vec<usize> = rings.map(|ring| facts.shape(ring)).collect();
    shapes.sort_unstable();
    shapes.dedup();
    // The time is no part of a shape, and every entry has one.
    let mut found = fields.intersection(FieldSet::of([Field::Timestamp]));
    for field in segment.fields()?.iter().filter(|field| fields.contains(**field)) {
        let of_shapes = segment.of_shapes(*field)?;
        if shapes.iter().any(|shape| of_shapes.of(*shape).is_some()) {
            found = found.union(FieldSet::of([*field]));
        }
    }
    Ok(found)
}

/// Returns the columns that have what some of the rows say in these fields; service, revision and severity always.
///
/// Cost: as [`present`]; a search for the ring of each row.
///
/// # Errors
/// Damage in the index.
pub fn columns_of_rows(
    segment: &Segment,
    rows: impl Iterator<Item = u64>,
    fields: impl IntoIterator<Item = Field>,
) -> Result<Vec<Column>> {
    let rings = segment.rings()?;
    let mut columns = present(segment, rows.map(|row| rings.ring_of(row)), FieldSet::of(fields))?.columns();
    columns.extend([Column::Service, Column::Revision, Column::Severity]);
    columns.sort();
    columns.dedup();
    Ok(columns)
}
