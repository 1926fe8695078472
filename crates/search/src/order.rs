//! Matches in the order of time, newest or oldest first, a few of them or all.
//!
//! With a limit, rings are looked at in the order of their newest (oldest) row, and the search ends as soon as no ring
//! left can hold anything newer (older) than what was found. Without one, a segment's matches are found first, a few bytes
//! each, and then read in stretches, so that memory stays bounded however many there are.
//!
//! With context, the matches of all segments are found first, then what stood around them; each entry comes once, in its place.

use crate::context::around;
use crate::plan::Plan;
use crate::present::present;
use crate::resolve::{Resolved, resolve};
use crate::row::{Composer, FieldSet, Names, RingCells, RowView};
use crate::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use timberline_archive::segment::{Beside, Segment};
use timberline_archive::{Archive, Column, Result};
use timberline_entry::Field;
use timberline_query::Filter;

/// Which end of time comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Newest first.
    Newest,
    /// Oldest first.
    Oldest,
}

/// Matches read into memory at a time.
const STRETCH_ROWS: usize = 1 << 16;
/// Rings looked into at a time while a limit is being filled.
const RINGS_AT_ONCE: usize = 64;

/// A match: its time and its row. Entries of one time are put in the order of their `insertId` where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Match {
    pub(crate) time: i64,
    pub(crate) row: u64,
}

/// Why an entry is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It matches, and is one of those wanted.
    Match,
    /// It stands near a match. It may match as well, beyond the limit.
    Context,
}

/// Hands matches on in the order of time; entries of one nanosecond in the order of their `insertId`.
///
/// `limit` is the number of matches wanted; `visit` returns whether to go on.
///
/// # Errors
/// Damage, and what `visit` returns.
pub fn in_time_order(
    archive: &Archive,
    names: &Names,
    filter: &Filter,
    direction: Direction,
    limit: Option<usize>,
    fields: &BTreeSet<Field>,
    mut visit: impl FnMut(&RowView<'_>) -> Result<bool>,
) -> Result<()> {
    let resolved = resolve(archive, names, filter)?;
    let plan = Plan::new(archive, names, &resolved)?;
    let search = Search { archive, names, resolved: &resolved, plan: &plan };
    let mut left = limit.unwrap_or(usize::MAX);
    let wanted = FieldSet::of(fields.iter().copied());
    for segment_idx in segments(archive, direction) {
        if left == 0 {
            break;
        }
        // Segments do not overlap in time, so what one holds comes wholly before what the next holds.
        let mut matches = search.find(segment_idx, direction, left)?;
        if direction == Direction::Newest {
            matches.reverse();
        }
        matches.truncate(left);
        left -= matches.len();
        for stretch in matches.chunks(STRETCH_ROWS) {
            if !search.visit_stretch(segment_idx, stretch, wanted, &mut visit)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// As [`in_time_order`], with up to `n_around` entries before and after each match: of the same instance (label `instanceId` of
/// one revision), or of the same trace where a match has no instance. Matches are limited, what stands around them is not.
///
/// Shape: all in one order of time, each entry once, whatever it stands near.
/// Cost: reads which instance and trace entries are of: of all entries of the revisions with matches, or of what may have
/// their traces, in the segments from the first match to the last and as far as neighbours are missing. Sixteen bytes for each
/// match stay in memory.
///
/// # Errors
/// Damage, and what `visit` returns.
#[expect(clippy::too_many_arguments, reason = "the arguments of `in_time_order`, and one more")]
pub fn with_context(
    archive: &Archive,
    names: &Names,
    filter: &Filter,
    direction: Direction,
    limit: Option<usize>,
    n_around: usize,
    fields: &BTreeSet<Field>,
    mut visit: impl FnMut(&RowView<'_>, Role) -> Result<bool>,
) -> Result<()> {
    if n_around == 0 {
        let visit = |view: &RowView<'_>| visit(view, Role::Match);
        return in_time_order(archive, names, filter, direction, limit, fields, visit);
    }
    let resolved = resolve(archive, names, filter)?;
    let plan = Plan::new(archive, names, &resolved)?;
    let search = Search { archive, names, resolved: &resolved, plan: &plan };
    let mut left = limit.unwrap_or(usize::MAX);
    let wanted = FieldSet::of(fields.iter().copied());
    let mut matches: Vec<Vec<Match>> = vec![Vec::new(); archive.segments().len()];
    for segment_idx in segments(archive, direction) {
        if left == 0 {
            break;
        }
        matches[segment_idx] = search.find(segment_idx, direction, left)?;
        left -= matches[segment_idx].len();
    }
    let mut context = around(archive, &matches, n_around)?;
    for segment_idx in segments(archive, direction) {
        let beside = std::mem::take(&mut context[segment_idx]);
        let rows: BTreeSet<u64> = beside.iter().map(|entry| entry.row).collect();
        let mut all = std::mem::take(&mut matches[segment_idx]);
        all.extend(beside);
        all.sort_unstable();
        order_ties(&archive.segments()[segment_idx], &mut all)?;
        if direction == Direction::Newest {
            all.reverse();
        }
        let mut visit = |view: &RowView<'_>| {
            visit(view, if rows.contains(&view.row.idx) { Role::Context } else { Role::Match })
        };
        for stretch in all.chunks(STRETCH_ROWS) {
            if !search.visit_stretch(segment_idx, stretch, wanted, &mut visit)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The segments in the order in which their entries come.
fn segments(archive: &Archive, direction: Direction) -> Vec<usize> {
    let mut segments: Vec<usize> = (0..archive.segments().len()).collect();
    if direction == Direction::Newest {
        segments.reverse();
    }
    segments
}

/// What is looked for, and where.
struct Search<'s> {
    archive: &'s Archive,
    names: &'s Names,
    resolved: &'s Resolved,
    plan: &'s Plan<'s>,
}

impl Search<'_> {
    /// Finds the matches of a segment that can be among the first `limit`, oldest first.
    fn find(&self, segment_idx: usize, direction: Direction, limit: usize) -> Result<Vec<Match>> {
        let Some(plan) = self.plan.of_segment(segment_idx)? else { return Ok(Vec::new()) };
        let segment = &self.archive.segments()[segment_idx];
        let rings = segment.rings()?;
        let times = rings.times()?;
        let possible = |ring: &usize| plan.verdicts[*ring] != Verdict::None;
        let mut order: Vec<usize> = (0..rings.len()).filter(possible).collect();
        // The time of a ring is looked up, which is not to be done with every comparison.
        match direction {
            Direction::Newest => {
                order.sort_by_cached_key(|ring| (std::cmp::Reverse(times.last(*ring)), *ring));
            }
            Direction::Oldest => order.sort_by_cached_key(|ring| (times.first(*ring), *ring)),
        }
        let at_once = if limit == usize::MAX { order.len().max(1) } else { RINGS_AT_ONCE };
        let mut found: Vec<Match> = Vec::new();
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(at_once.min(rest.len()));
            rest = later;
            self.look_into(segment_idx, &plan.verdicts, now, &mut found)?;
            found.sort_unstable();
            keep_first(&mut found, direction, limit);
            let is_enough = found.len() >= limit
                && rest.first().is_none_or(|next| match direction {
                    Direction::Newest => times.last(*next) < found[0].time,
                    Direction::Oldest => times.first(*next) > found[found.len() - 1].time,
                });
            if is_enough {
                break;
            }
        }
        order_ties(segment, &mut found)?;
        if found.len() > limit {
            match direction {
                Direction::Newest => drop(found.drain(..found.len() - limit)),
                Direction::Oldest => found.truncate(limit),
            }
        }
        Ok(found)
    }

    fn look_into(
        &self,
        segment_idx: usize,
        verdicts: &[Verdict],
        now: &[usize],
        found: &mut Vec<Match>,
    ) -> Result<()> {
        let Self { archive, names, resolved, .. } = *self;
        let segment = &archive.segments()[segment_idx];
        let rings = segment.rings()?;
        let mut now = now.to_vec();
        now.sort_unstable();
        let ranges: Vec<Range<u64>> = now.iter().map(|ring| rings.range(*ring)).collect();
        let ask = now.iter().any(|ring| verdicts[*ring] != Verdict::All);
        let read = if ask { resolved.fields_read() } else { FieldSet::default() };
        let beside = if ask { resolved.beside_read() } else { Beside::NONE };
        let filter = &resolved.filter;
        let fields = present(archive, segment_idx, now.iter().copied(), read)?;
        let known = RingCells::of(segment)?;
        let file = segment.entries_path();
        let mut composer = Composer::new(beside);
        let (mut at, mut failure) = (0, None);
        segment.for_each_row_with(&ranges, &fields.columns(), beside, |row| {
            while row.idx >= ranges[at].end {
                at += 1;
            }
            let row = known.complete(row, now[at]);
            let mut take = verdicts[now[at]] == Verdict::All;
            if !take {
                match composer
                    .with(&row, fields, &file, names, resolved.variants.as_ref(), |view| view.matches(filter))
                {
                    Ok(matches) => take = matches,
                    Err(error) => failure = Some(error),
                }
            }
            if take {
                found.push(Match { time: row.timestamp.as_nanos(), row: row.idx });
            }
            failure.is_none()
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Reads some matches and hands them on in the given order.
    fn visit_stretch(
        &self,
        segment_idx: usize,
        stretch: &[Match],
        wanted: FieldSet,
        visit: &mut impl FnMut(&RowView<'_>) -> Result<bool>,
    ) -> Result<bool> {
        let Self { archive, names, .. } = *self;
        let segment = &archive.segments()[segment_idx];
        let mut rows: Vec<u64> = stretch.iter().map(|found| found.row).collect();
        rows.sort_unstable();
        let ranges: Vec<Range<u64>> = rows.iter().map(|row| *row..*row + 1).collect();
        let rings = segment.rings()?;
        let wanted = present(archive, segment_idx, rows.iter().map(|row| rings.ring_of(*row)), wanted)?;
        let columns = wanted.columns();
        let known = RingCells::of(segment)?;
        let kept_columns = [&columns[..], &[Column::Service, Column::Revision, Column::Severity]].concat();
        let file = segment.entries_path();
        // Rows come in the order of the file; they are kept until their turn.
        let mut kept: BTreeMap<u64, Kept> = BTreeMap::new();
        segment.for_each_row_with(&ranges, &columns, Beside::TOLD, |row| {
            let ring = rings.ring_of(row.idx);
            let row = known.complete(row, ring);
            kept.insert(row.idx, Kept::new(&row, &kept_columns));
            true
        })?;
        let mut composer = Composer::new(Beside::TOLD);
        for found in stretch {
            let kept = &kept[&found.row];
            if !kept.with_row(|row| composer.with(row, wanted, &file, names, None, &mut *visit))?? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Leaves out what comes after the first `limit`, but for matches of one time with the last of these: which of them comes first
/// is not known yet.
fn keep_first(found: &mut Vec<Match>, direction: Direction, limit: usize) {
    if found.len() <= limit || limit == 0 {
        return;
    }
    match direction {
        Direction::Newest => {
            let last_ns = found[found.len() - limit].time;
            drop(found.drain(..found.partition_point(|other| other.time < last_ns)));
        }
        Direction::Oldest => {
            let last_ns = found[limit - 1].time;
            found.truncate(found.partition_point(|other| other.time <= last_ns));
        }
    }
}

/// Puts matches of one time in the order of their `insertId`. Cost: reads the ids of matches that are not alone at their time.
pub(crate) fn order_ties(segment: &Segment, found: &mut [Match]) -> Result<()> {
    let is_tied = |pair: &[Match]| pair[0].time == pair[1].time;
    let mut rows: Vec<u64> =
        found.windows(2).filter(|pair| is_tied(pair)).flat_map(|pair| [pair[0].row, pair[1].row]).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_unstable();
    rows.dedup();
    let ranges: Vec<Range<u64>> = rows.iter().map(|row| *row..*row + 1).collect();
    let mut ids: BTreeMap<u64, String> = BTreeMap::new();
    segment.for_each_row_with(&ranges, &[Column::InsertId], Beside::NONE, |row| {
        ids.insert(row.idx, row.cells.text(Column::InsertId).to_owned());
        true
    })?;
    for tied in found.chunk_by_mut(|a, b| a.time == b.time) {
        tied.sort_by(|a, b| (ids.get(&a.row), a.row).cmp(&(ids.get(&b.row), b.row)));
    }
    Ok(())
}

/// A row that outlives the batch it was read in.
struct Kept {
    idx: u64,
    timestamp: timberline_entry::Timestamp,
    cells: Vec<(Column, Owned)>,
    pattern: u64,
    shape: u64,
    exception: Option<u64>,
    source: u64,
    source_line: u64,
    source_is_whole: bool,
}

enum Owned {
    Text(String),
    Int(i64),
    Bool(bool),
}

impl Kept {
    fn new(row: &timberline_archive::segment::Row<'_>, columns: &[Column]) -> Self {
        use timberline_archive::Cell;
        let own = |column: &Column| {
            let cell = match row.cells.get(*column) {
                Cell::Null => return None,
                Cell::Text(text) => Owned::Text(text.to_owned()),
                Cell::Int(number) => Owned::Int(number),
                Cell::Bool(value) => Owned::Bool(value),
            };
            Some((*column, cell))
        };
        Self {
            idx: row.idx,
            timestamp: row.timestamp,
            cells: columns.iter().filter_map(own).collect(),
            pattern: row.pattern,
            shape: row.shape,
            exception: row.exception,
            source: row.source,
            source_line: row.source_line,
            source_is_whole: row.source_is_whole,
        }
    }

    fn with_row<T>(&self, then: impl FnOnce(&timberline_archive::segment::Row<'_>) -> T) -> T {
        use timberline_archive::{Cell, Cells};
        let mut cells = Cells::empty();
        for (column, cell) in &self.cells {
            cells.set(
                *column,
                match cell {
                    Owned::Text(text) => Cell::Text(text),
                    Owned::Int(number) => Cell::Int(*number),
                    Owned::Bool(value) => Cell::Bool(*value),
                },
            );
        }
        then(&timberline_archive::segment::Row {
            idx: self.idx,
            timestamp: self.timestamp,
            cells,
            pattern: self.pattern,
            shape: self.shape,
            exception: self.exception,
            source: self.source,
            source_line: self.source_line,
            source_is_whole: self.source_is_whole,
        })
    }
}
