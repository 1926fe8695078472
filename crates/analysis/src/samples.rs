//! What a pattern looks like: the template drawn on its first entry, and that entry.

use crate::occurrence::{End, Occurrence, RowRef, read};
use crate::question::Investigation;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::Result;
use timberline_pattern::mask::Masker;
use timberline_pattern::template::of_message;

/// A pattern's first entry in the archive.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Its message with the values replaced by marks.
    pub(crate) template: String,
    /// The entry, with what its place in time rests on.
    pub(crate) first: Occurrence,
}

/// Returns the template and first entry of each pattern.
///
/// The entry is the first of the whole archive whatever the question was, so a pattern looks the same in every answer.
/// Cost: the ring facts of all segments, and one row per pattern.
pub(crate) fn samples(
    investigation: &Investigation<'_>,
    patterns: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, Sample>> {
    let mut firsts: BTreeMap<u64, RowRef> = BTreeMap::new();
    for (segment_idx, segment) in investigation.archive.segments().iter().enumerate() {
        let (rings, shapes) = (segment.rings()?, segment.shapes()?);
        for ring in 0..rings.len() {
            let pattern = shapes[rings.shape[ring] as usize].pattern;
            if !patterns.contains(&pattern) {
                continue;
            }
            let row =
                RowRef { time_ns: rings.min_ts[ring], segment: segment_idx, row: rings.row_start[ring] };
            let first = firsts.entry(pattern).or_insert(row);
            *first = row.min(*first);
        }
    }
    let wanted: Vec<(RowRef, End)> = firsts.values().map(|row| (*row, End::First)).collect();
    let read = read(investigation, &wanted)?;
    let masker = Masker::standard();
    let mut holes = Vec::new();
    let mut samples = BTreeMap::new();
    for (pattern, row) in firsts {
        let first = read.get(&(row, End::First)).cloned().expect("every first was read");
        masker.mask(&first.message, &mut holes);
        samples.insert(pattern, Sample { template: of_message(&first.message, &holes), first });
    }
    Ok(samples)
}
