//! Where patterns, exceptions and values of them were first seen in the archive, whatever the question was.

use crate::grid::Grid;
use crate::occurrence::RowRef;
use crate::patterns::Vocabulary;
use crate::question::Investigation;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::Result;
use timberline_archive::segment::Segment;

/// The first entry of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct First {
    /// When, nanoseconds since the Unix epoch.
    pub(crate) time_ns: i64,
    /// In which revision; empty for entries that do not say.
    pub(crate) revision: String,
}

/// Returns the first entry of each unit. Cost: the ring facts of all segments; no row is read.
pub(crate) fn firsts<'i>(
    investigation: &'i Investigation<'_>,
    vocabulary: &Vocabulary<'_>,
    grid: &Grid,
    units: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, First>> {
    let names = &investigation.names;
    let of_segment = |(segment_idx, segment): (usize, &'i Segment)| -> Result<Vec<(u64, (RowRef, &'i str))>> {
        let (rings, shapes, revisions) = (segment.rings()?, segment.shapes()?, segment.revisions()?);
        let is_asked = |unit: &u64| units.contains(unit);
        let said = |pattern: u64, exception: Option<u64>| {
            [Some(names.pattern(pattern)), exception].map(|unit| unit.filter(is_asked))
        };
        let said: Vec<[Option<u64>; 2]> =
            shapes.iter().map(|shape| said(shape.pattern, shape.exception)).collect();
        // Rings are many more than shapes, so the first ring of each shape is found by number.
        let mut of_shape: Vec<Option<(i64, usize)>> = vec![None; shapes.len()];
        let (times, mut found) = (rings.times()?, Vec::new());
        for (ring, shape) in rings.each_shape(0..rings.len()).enumerate() {
            if said[shape] == [None, None] {
                continue;
            }
            let here = (times.first(ring), ring);
            let first = &mut of_shape[shape];
            *first = Some(first.map_or(here, |first| first.min(here)));
        }
        for (said, first) in said.into_iter().zip(of_shape) {
            let Some((time_ns, ring)) = first else { continue };
            for unit in said.into_iter().flatten() {
                let row = RowRef { time_ns, segment: segment_idx, row: rings.row_start(ring) };
                found.push((unit, (row, revisions[rings.run_of(ring).revision].as_str())));
            }
        }
        Ok(found)
    };
    let segments = investigation.archive.segments().par_iter().enumerate();
    let of_segments: Vec<Result<Vec<_>>> = segments.map(of_segment).collect();
    let mut found: BTreeMap<u64, (RowRef, &str)> = BTreeMap::new();
    for of_segment in of_segments {
        for (unit, here) in of_segment? {
            let first = found.entry(unit).or_insert(here);
            *first = here.min(*first);
        }
    }
    let of_unit = |(unit, (row, revision)): (u64, (RowRef, &str))| {
        (unit, First { time_ns: row.time_ns, revision: revision.to_owned() })
    };
    let mut firsts: BTreeMap<u64, First> = found.into_iter().map(of_unit).collect();
    for unit in units {
        if !grid.values.contains_key(unit) {
            continue;
        }
        let variants = vocabulary.variants_of(grid.subject_of(*unit));
        let of_value = variants.iter().find(|variant| variant.id == *unit);
        firsts.extend(of_value.map(|variant| {
            let revision = variant.first_revision.to_string();
            (*unit, First { time_ns: variant.first_ns, revision })
        }));
    }
    Ok(firsts)
}
