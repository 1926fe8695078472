//! Runs a filter over all segments and hands on what matches: whole rings where they are certain, else rows.

use crate::plan::{SegmentPlan, plan};
use crate::present::present;
use crate::resolve::{WantedVariants, resolve};
use crate::row::{Composer, FieldSet, Names, RowView};
use crate::verdict::Verdict;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::BTreeSet;
use std::ops::Range;
use timberline_archive::segment::Segment;
use timberline_archive::{Archive, Result};
use timberline_entry::Field;
use timberline_query::Filter;

/// Who takes what matches.
pub trait Sink {
    /// Says whether anything of a ring is wanted, if it matches. What is not wanted is not read.
    ///
    /// # Errors
    /// Whatever the sink runs into; the scan ends with it.
    fn wants(&mut self, _segment: &Segment, _ring: usize) -> Result<bool> {
        Ok(true)
    }

    /// A ring all of whose rows match. Returns whether its facts are enough; otherwise its rows come one by one.
    ///
    /// # Errors
    /// Whatever the sink runs into; the scan ends with it.
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool>;

    /// A row that matches.
    ///
    /// # Errors
    /// Whatever the sink runs into; the scan ends with it.
    fn row(&mut self, segment: &Segment, ring: usize, row: &RowView<'_>) -> Result<()>;
}

/// What a sink needs to see of a row, beside time, service, revision, severity and provenance.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Fields of the entry.
    pub fields: BTreeSet<Field>,
}

/// Hands every match to the sink: segments in time order, rings and rows of a segment in its own order.
///
/// # Errors
/// Damage, and what the sink returns.
pub fn scan(
    archive: &Archive,
    names: &Names,
    filter: &Filter,
    wanted: &Wanted,
    sink: &mut dyn Sink,
) -> Result<()> {
    let resolved = resolve(archive, names, filter)?;
    let filter = &resolved.filter;
    let read = resolved.fields_read();
    let wanted = FieldSet::of(wanted.fields.iter().copied());
    // Plans are a byte per ring, so those of all segments are made first, side by side.
    let plans: Vec<_> =
        archive.segments().par_iter().map(|segment| plan(segment, names, &resolved)).collect();
    for (segment, plan) in archive.segments().iter().zip(plans) {
        if let Some(plan) = plan? {
            scan_segment(segment, names, filter, resolved.variants.as_ref(), &plan, read, wanted, sink)?;
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one question against one segment")]
fn scan_segment(
    segment: &Segment,
    names: &Names,
    filter: &Filter,
    variants: Option<&WantedVariants>,
    plan: &SegmentPlan,
    read: FieldSet,
    wanted: FieldSet,
    sink: &mut dyn Sink,
) -> Result<()> {
    let rings = segment.rings()?;
    // Rings whose rows are needed, and whether the rows have to be asked.
    let mut looked_at: Vec<(usize, bool)> = Vec::new();
    for (ring, verdict) in plan.verdicts.iter().enumerate() {
        match verdict {
            Verdict::None => {}
            _ if !sink.wants(segment, ring)? => {}
            Verdict::All => {
                if !sink.ring(segment, ring)? {
                    looked_at.push((ring, false));
                }
            }
            Verdict::IfTokens | Verdict::Some => looked_at.push((ring, true)),
        }
    }
    if looked_at.is_empty() {
        return Ok(());
    }
    let ask = looked_at.iter().any(|(_, ask)| *ask);
    let fields = if ask { read.union(wanted) } else { wanted };
    let fields = present(segment, looked_at.iter().map(|(ring, _)| *ring), fields)?;
    let range = |ring: usize| rings.row_start[ring]..rings.row_start[ring] + rings.rows[ring];
    let ranges: Vec<Range<u64>> = looked_at.iter().map(|(ring, _)| range(*ring)).collect();
    let file = segment.entries_path();
    let mut composer = Composer::default();
    let mut at = 0;
    let mut failure = None;
    segment.for_each_row(&ranges, &fields.columns(), |row| {
        while row.idx >= ranges[at].end {
            at += 1;
        }
        let (ring, ask) = looked_at[at];
        let done = composer.with(&row, fields, &file, names, variants.filter(|_| ask), |view| {
            if ask && !view.matches(filter) { Ok(()) } else { sink.row(segment, ring, view) }
        });
        failure = done.and_then(|inner| inner).err();
        failure.is_none()
    })?;
    failure.map_or(Ok(()), Err)
}
