//! Runs a filter over all segments and hands on what matches: whole rings where they are certain, else rows.

use crate::plan::{Plan, SegmentPlan};
use crate::present::present;
use crate::resolve::{Resolved, resolve};
use crate::row::{Composer, FieldSet, Names, RingCells, RowView};
use crate::verdict::Verdict;
use rayon::iter::{IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use timberline_archive::segment::{Beside, Run, Segment};
use timberline_archive::{Archive, Column, Error, Result};
use timberline_entry::{Field, LogEntry};
use timberline_query::{Derived, Filter};

/// Who takes what matches.
pub trait Sink {
    /// Says whether anything of a ring is wanted, if it matches. What is not wanted is not read.
    ///
    /// # Errors
    /// Whatever the sink runs into; the scan ends with it.
    fn wants(&mut self, _segment: &Segment, _ring: usize) -> Result<bool> {
        Ok(true)
    }

    /// A run of rings of which some may match. Until the next call, rings that are handed over are of this run; rows come after
    /// all rings of a segment, or of a part of one.
    ///
    /// # Errors
    /// Whatever the sink runs into; the scan ends with it.
    fn run(&mut self, _segment: &Segment, _run: &Run) -> Result<()> {
        Ok(())
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
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Fields of the entry.
    pub fields: BTreeSet<Field>,
    /// Columns as they are stored, to be read from the row's cells. Where no field is wanted and no row is asked, nothing is
    /// put together.
    pub columns: BTreeSet<Column>,
    /// What is wanted of the row beside its entry.
    pub beside: Beside,
}

/// No field, and what answers tell of a row.
impl Default for Wanted {
    fn default() -> Self {
        Self { fields: BTreeSet::new(), columns: BTreeSet::new(), beside: Beside::TOLD }
    }
}

impl Wanted {
    /// Fields of the entry, and nothing of what stands beside it.
    pub fn fields(fields: impl IntoIterator<Item = Field>) -> Self {
        Self { fields: fields.into_iter().collect(), columns: BTreeSet::new(), beside: Beside::NONE }
    }
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
    let scan = Scan { archive, names, resolved: &resolved, wanted };
    for (segment_idx, plan) in plans(archive, names, &resolved)?.iter().enumerate() {
        if let Some(plan) = plan {
            scan.part(&Part::whole(archive, segment_idx)?, plan, sink)?;
        }
    }
    Ok(())
}

/// As [`scan`], segments side by side, each with a sink of its own, which `new` makes for the segment's place in the archive.
/// Returns the sinks of segments that may have matches, in the order of their segments.
///
/// # Errors
/// Damage, and what the sinks return; of several the one of the earliest segment.
pub fn scan_each<S: Sink + Send>(
    archive: &Archive,
    names: &Names,
    filter: &Filter,
    wanted: &Wanted,
    new: impl Fn(usize) -> S + Sync,
) -> Result<Vec<S>> {
    let resolved = resolve(archive, names, filter)?;
    let plan = Plan::new(archive, names, &resolved)?;
    let scan = Scan { archive, names, resolved: &resolved, wanted };
    let scan_one = |segment_idx: usize| -> Result<Option<S>> {
        let Some(plan) = plan.of_segment(segment_idx)? else { return Ok(None) };
        let mut sink = new(segment_idx);
        scan.part(&Part::whole(archive, segment_idx)?, &plan, &mut sink)?;
        Ok(Some(sink))
    };
    let segments = 0..archive.segments().len();
    let sinks: Vec<Result<Option<S>>> = segments.into_par_iter().map(scan_one).collect();
    sinks.into_iter().filter_map(Result::transpose).collect()
}

/// Sinks beyond this number would take more memory, a set of decoders each, than they save time.
const MAX_SINKS: usize = 8;

/// Makes as many sinks as are worth having for [`scan_shared`]: one for each thread, up to a few.
pub fn sinks<S: Send>(new: impl Fn() -> S + Sync) -> Vec<S> {
    let n_sinks = rayon::current_num_threads().clamp(1, MAX_SINKS);
    (0..n_sinks).into_par_iter().map(|_| new()).collect()
}

/// As [`scan`], parts of segments side by side: each goes to the next sink that is free. Which one that is depends on the run,
/// so what the sinks took must say the same in whatever way it is shared out among them.
///
/// # Errors
/// Damage, and what the sinks return; of several the one of the earliest part.
pub fn scan_shared<S: Sink + Send>(
    archive: &Archive,
    names: &Names,
    filter: &Filter,
    wanted: &Wanted,
    sinks: &mut [S],
) -> Result<()> {
    let resolved = resolve(archive, names, filter)?;
    let plans = plans(archive, names, &resolved)?;
    let scan = Scan { archive, names, resolved: &resolved, wanted };
    let parts = parts(archive, &plans, sinks.len())?;
    let next = AtomicUsize::new(0);
    let work = |sink: &mut S| -> Option<(usize, Error)> {
        loop {
            let part_idx = next.fetch_add(1, Ordering::Relaxed);
            let part = parts.get(part_idx)?;
            if let Some(plan) = &plans[part.segment_idx]
                && let Err(error) = scan.part(part, plan, sink)
            {
                return Some((part_idx, error));
            }
        }
    };
    // Parts are taken in order: one before the first that failed was taken as well, and its failure is here.
    let failures: Vec<(usize, Error)> = sinks.par_iter_mut().filter_map(work).collect();
    failures.into_iter().min_by_key(|(part_idx, _)| *part_idx).map_or(Ok(()), |(_, error)| Err(error))
}

/// Some runs of a segment, one after another.
struct Part {
    segment_idx: usize,
    runs: Range<usize>,
}

impl Part {
    fn whole(archive: &Archive, segment_idx: usize) -> Result<Self> {
        let runs = 0..archive.segments()[segment_idx].rings()?.runs().len();
        Ok(Self { segment_idx, runs })
    }
}

/// A part has as many rows at least: fewer take no longer than opening the columns for them.
const MIN_PART_ROWS: u64 = 4096;
/// More rows than in a row group need not be in one part: it is the columns of a row group that are opened.
const MAX_PART_ROWS: u64 = 1 << 16;
/// So many parts for each sink, as far as parts have rows enough: some take longer than others.
const PARTS_OF_SINK: u64 = 4;

/// Divides what is left of segments between runs, so that all sinks have work where most of it lies in one segment.
fn parts(archive: &Archive, plans: &[Option<SegmentPlan>], n_sinks: usize) -> Result<Vec<Part>> {
    let mut rows: Vec<(usize, Vec<u64>)> = Vec::new();
    for (segment_idx, plan) in plans.iter().enumerate() {
        let Some(plan) = plan else { continue };
        let rings = archive.segments()[segment_idx].rings()?;
        let of_run = |run: &Run| -> u64 {
            let verdicts = plan.verdicts[run.rings.clone()].iter();
            let of_rings = rings.each_rows(run.rings.clone()).zip(verdicts);
            of_rings.filter(|(_, verdict)| **verdict != Verdict::None).map(|(rows, _)| rows).sum()
        };
        rows.push((segment_idx, rings.runs().iter().map(of_run).collect()));
    }
    let all: u64 = rows.iter().flat_map(|(_, rows)| rows).sum();
    let of_part = match n_sinks {
        0 | 1 => u64::MAX,
        n_sinks => (all / (n_sinks as u64 * PARTS_OF_SINK)).clamp(MIN_PART_ROWS, MAX_PART_ROWS),
    };
    let mut parts = Vec::new();
    for (segment_idx, rows) in rows {
        let (mut start, mut n_rows) = (0, 0);
        for (run, of_run) in rows.iter().enumerate() {
            n_rows += of_run;
            if n_rows >= of_part || run + 1 == rows.len() {
                parts.push(Part { segment_idx, runs: start..run + 1 });
                (start, n_rows) = (run + 1, 0);
            }
        }
    }
    Ok(parts)
}

/// Makes the plans of all segments, side by side: they are a byte per ring.
fn plans(archive: &Archive, names: &Names, resolved: &Resolved) -> Result<Vec<Option<SegmentPlan>>> {
    let plan = Plan::new(archive, names, resolved)?;
    let segments = 0..archive.segments().len();
    let plans: Vec<Result<Option<SegmentPlan>>> =
        segments.into_par_iter().map(|idx| plan.of_segment(idx)).collect();
    plans.into_iter().collect()
}

/// What is looked for, and where.
struct Scan<'s> {
    archive: &'s Archive,
    names: &'s Names,
    resolved: &'s Resolved,
    wanted: &'s Wanted,
}

impl Scan<'_> {
    fn part(&self, part: &Part, plan: &SegmentPlan, sink: &mut dyn Sink) -> Result<()> {
        let Self { archive, names, resolved, wanted } = *self;
        let segment_idx = part.segment_idx;
        let segment = &archive.segments()[segment_idx];
        let filter = &resolved.filter;
        let rings = segment.rings()?;
        // Rings whose rows are needed, and whether the rows have to be asked.
        let mut looked_at: Vec<(usize, bool)> = Vec::new();
        for run in &rings.runs()[part.runs.clone()] {
            let verdicts = &plan.verdicts[run.rings.clone()];
            if verdicts.iter().all(|verdict| *verdict == Verdict::None) {
                continue;
            }
            sink.run(segment, run)?;
            for (ring, verdict) in run.rings.clone().zip(verdicts) {
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
        }
        if looked_at.is_empty() {
            return Ok(());
        }
        let ask = looked_at.iter().any(|(_, ask)| *ask);
        let mut fields = FieldSet::of(wanted.fields.iter().copied());
        let mut beside = wanted.beside;
        if ask {
            fields = fields.union(resolved.fields_read());
            beside = beside.union(resolved.beside_read());
        }
        let fields = present(archive, segment_idx, looked_at.iter().map(|(ring, _)| *ring), fields)?;
        let is_composed = ask || !wanted.fields.is_empty();
        let mut columns = fields.columns();
        columns.extend(&wanted.columns);
        columns.sort();
        columns.dedup();
        let ranges: Vec<Range<u64>> = looked_at.iter().map(|(ring, _)| rings.range(*ring)).collect();
        let known = RingCells::of(segment)?;
        let file = segment.entries_path();
        let mut composer = Composer::new(beside);
        let mut at = 0;
        let mut failure = None;
        segment.for_each_row_with(&ranges, &columns, beside, |row| {
            while row.idx >= ranges[at].end {
                at += 1;
            }
            let (ring, ask) = looked_at[at];
            let row = known.complete(row, ring);
            if !is_composed {
                let (entry, derived) = (LogEntry::empty(), Derived::default());
                let view = RowView { row: &row, entry: &entry, json: "", derived: &derived };
                failure = sink.row(segment, ring, &view).err();
                return failure.is_none();
            }
            let variants = resolved.variants.as_ref().filter(|_| ask);
            let done = composer.with(&row, fields, &file, names, variants, |view| {
                if ask && !view.matches(filter) { Ok(()) } else { sink.row(segment, ring, view) }
            });
            failure = done.and_then(|inner| inner).err();
            failure.is_none()
        })?;
        failure.map_or(Ok(()), Err)
    }
}
