//! Runs and overlapping segments, merged: copies of one entry become one row, rows become segments.
//!
//! ```text
//! run 1 ─┐
//! run 2 ─┼─► smallest identity first ─► copies joined ─► rows in time order ─► cut into segments
//! seg B ─┘   (a segment is loaded when the merge reaches its span)
//! ```

use super::make::{RowMaker, RowRules};
use super::runs::{Cursor, Run};
use super::torn::{OwnExceptions, TornTraces};
use crate::columns::{Cell, Column};
use crate::error::{Error, Result};
use crate::layout;
use crate::manifest::{SegmentRecord, TraceEdges};
use crate::rows::{Place, Remap, RowSet};
use crate::segment::{self, Segment, with_entry};
use crate::storage::Storage;
use crossbeam_channel::Sender;
use std::collections::BTreeMap;
use std::sync::Arc;
use timberline_entry::json::{Document, parse};
use timberline_entry::{LogEntry, Timestamp, join};

/// A segment holds at most this many rows; so rewriting one, which is what late data costs, is bounded.
pub(crate) const MAX_SEGMENT_ROWS: usize = 1 << 20;
/// So many rows before that, a segment is cut as soon as no trace is open.
const ROWS_OF_A_TRACE: usize = 1 << 12;

/// The sources that rows refer to by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceTable {
    pub(crate) keys: Vec<u64>,
    pub(crate) paths: Vec<String>,
}

impl SourceTable {
    /// Orders places so that the same one is chosen whatever the order of ingests.
    fn rank(&self, place: Place) -> (&str, u64, u64) {
        let idx = place.source as usize;
        (&self.paths[idx], place.line, self.keys[idx])
    }
}

/// What a merge made.
pub(crate) struct Merged {
    /// New segments, in time order.
    pub(crate) segments: Vec<SegmentRecord>,
    /// Entries that the archive did not have, by number of the source they are attributed to.
    pub(crate) kept: BTreeMap<u32, u64>,
}

/// How a merge is done.
pub(crate) struct MergePlan<'p> {
    pub(crate) storage: &'p Arc<dyn Storage>,
    pub(crate) sources: &'p SourceTable,
    /// Number of the commit, for the names of new segments.
    pub(crate) sequence: u64,
    /// Number of segments that the commit has named already.
    pub(crate) n_named: usize,
    /// A segment is cut when its rows take this much memory.
    pub(crate) segment_memory: usize,
    /// What the archive has decided about its rows.
    pub(crate) rules: RowRules,
}

impl MergePlan<'_> {
    /// Writes rows of one month as a segment. `ends_open` says whether later rows could continue a trace.
    pub(crate) fn write_segment(&self, id: &str, rows: &RowSet, ends_open: bool) -> Result<SegmentRecord> {
        let continues = super::torn::may_continue_earlier(rows)?;
        let record = segment::write(&**self.storage, id, rows, &self.sources.keys, &self.rules.masker)?;
        Ok(SegmentRecord { trace_edges: TraceEdges { continues, ends_open }, ..record })
    }
}

/// The rows of a segment, with its name.
struct Full {
    id: String,
    rows: RowSet,
    /// Later rows could continue a trace.
    ends_open: bool,
}

/// Merges runs with the segments that they overlap. A segment is written while the rows of the next are collected.
///
/// `overlapped` are rewritten; no row may fall into the span of a segment in `kept_spans` (microseconds, inclusive),
/// and no new segment reaches across one.
pub(crate) fn merge(
    plan: &MergePlan<'_>,
    runs: Vec<Run>,
    overlapped: &[SegmentRecord],
    kept_spans: &[(i64, i64)],
) -> Result<Merged> {
    let (sender, full) = crossbeam_channel::bounded::<Full>(0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || -> Result<Vec<SegmentRecord>> {
            full.into_iter()
                .map(|Full { id, rows, ends_open }| plan.write_segment(&id, &rows, ends_open))
                .collect()
        });
        let collected = collect(plan, runs, overlapped, kept_spans, sender);
        let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // When writing failed, collecting ended because nobody took its rows.
        Ok(Merged { segments: written?, kept: collected? })
    })
}

/// Collects merged rows and sends them on, segment by segment. Returns what was kept, by number of source.
fn collect(
    plan: &MergePlan<'_>,
    runs: Vec<Run>,
    overlapped: &[SegmentRecord],
    kept_spans: &[(i64, i64)],
    full: Sender<Full>,
) -> Result<BTreeMap<u32, u64>> {
    let mut cursors = runs.into_iter().map(Run::cursor).collect::<Result<Vec<_>>>()?;
    let n_runs = cursors.len();
    let mut waiting = overlapped.iter().peekable();
    let mut cutter = Cutter::new(plan, kept_spans, full);
    let mut maker = RowMaker::new(plan.rules.clone());
    let mut kept: BTreeMap<u32, u64> = BTreeMap::new();
    let mut group = Group::default();
    // Looked at for every row, so they lie together.
    let mut fronts: Vec<Option<(i64, u64)>> = cursors.iter().map(Cursor::identity).collect();
    loop {
        let smallest = |fronts: &[Option<(i64, u64)>]| {
            fronts
                .iter()
                .enumerate()
                .filter_map(|(idx, identity)| identity.map(|identity| (identity, idx)))
                .min()
        };
        let mut next = smallest(&fronts);
        while let Some(segment) = waiting.peek()
            && next
                .is_none_or(|((micros, _), _)| micros >= Timestamp::from_nanos(segment.first_ns).as_micros())
        {
            cursors.push(Run::in_memory(load(plan, segment)?).cursor()?);
            waiting.next();
            fronts.push(cursors.last().and_then(Cursor::identity));
            next = smallest(&fronts);
        }
        let Some((identity, at)) = next else { break };
        let is_alone = cursors[at].is_single()
            && fronts.iter().enumerate().all(|(idx, front)| idx == at || *front != Some(identity));
        if is_alone {
            // The usual case, and the one that has to be fast: an entry of which there is one copy.
            let source = cutter.push_single(&cursors[at])?;
            if at < n_runs {
                *kept.entry(source).or_insert(0) += 1;
            }
            cursors[at].advance()?;
            fronts[at] = cursors[at].identity();
            drop_read_segments(&mut cursors, &mut fronts, n_runs);
            continue;
        }
        group.clear();
        for (idx, cursor) in cursors.iter_mut().enumerate() {
            while let Some((rows, row)) = cursor.current()
                && rows.heads()[row].identity() == identity
            {
                group.push(rows, row, idx >= n_runs);
                cursor.advance()?;
            }
            fronts[idx] = cursor.identity();
        }
        for copies in group.by_entry() {
            let (idx, is_new) = cutter.push(&group, &copies, &mut maker)?;
            if is_new {
                *kept.entry(idx).or_insert(0) += 1;
            }
        }
        drop_read_segments(&mut cursors, &mut fronts, n_runs);
    }
    cutter.finish()?;
    Ok(kept)
}

/// Drops loaded segments that have been read to their end, so that few are in memory at a time.
fn drop_read_segments(cursors: &mut Vec<Cursor>, fronts: &mut Vec<Option<(i64, u64)>>, n_runs: usize) {
    if fronts[n_runs..].iter().any(Option::is_none) {
        let mut position = 0;
        cursors.retain(|cursor| {
            position += 1;
            position <= n_runs || cursor.current().is_some()
        });
        fronts.clear();
        fronts.extend(cursors.iter().map(Cursor::identity));
    }
}

/// Copies with one identity, that is time to the microsecond and hash of the id.
#[derive(Default)]
struct Group {
    rows: RowSet,
    is_archived: Vec<bool>,
}

impl Group {
    fn clear(&mut self) {
        self.rows.clear();
        self.is_archived.clear();
    }

    fn push(&mut self, rows: &RowSet, row: usize, is_archived: bool) {
        self.rows.push_from(rows, row, &mut Remap::default());
        self.is_archived.push(is_archived);
    }

    /// Splits the group where ids differ although their hashes agree.
    fn by_entry(&self) -> Vec<Vec<usize>> {
        if self.rows.len() == 1 {
            return vec![vec![0]];
        }
        let mut entries: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        let cells: Vec<_> = (0..self.rows.len()).map(|idx| self.rows.cells(idx)).collect();
        for (idx, cells) in cells.iter().enumerate() {
            let id = match cells.get(Column::InsertId) {
                Cell::Text(id) => Some(id),
                _ => None,
            };
            entries.entry(id).or_default().push(idx);
        }
        entries.into_values().collect()
    }
}

/// Collects merged rows and sends them on whenever there are enough for a segment.
struct Cutter<'p> {
    plan: &'p MergePlan<'p>,
    kept_spans: &'p [(i64, i64)],
    rows: RowSet,
    torn: TornTraces,
    /// How texts of the rows that came last are numbered here, and the generation of the cursor they came from.
    remap: Remap,
    remap_from: Option<u64>,
    month: (i64, i64),
    last_micros: i64,
    n_named: usize,
    full: Sender<Full>,
}

impl<'p> Cutter<'p> {
    fn new(plan: &'p MergePlan<'p>, kept_spans: &'p [(i64, i64)], full: Sender<Full>) -> Self {
        Self {
            plan,
            kept_spans,
            rows: RowSet::default(),
            torn: TornTraces::default(),
            remap: Remap::default(),
            remap_from: None,
            month: (0, 0),
            last_micros: i64::MIN,
            n_named: plan.n_named,
            full,
        }
    }

    /// Adds an entry of which there are `copies`; returns its source and whether the archive did not have it.
    fn push(&mut self, group: &Group, copies: &[usize], maker: &mut RowMaker) -> Result<(u32, bool)> {
        let first = group.rows.heads()[copies[0]];
        self.cut_before(first.keys.timestamp)?;
        if let [only] = copies {
            // One row a time, so the group's dictionary is tiny and there is nothing to remember between rows.
            self.rows.push_from(&group.rows, *only, &mut Remap::default());
            self.torn.last_row(&mut self.rows)?;
            return Ok((first.place.source, !group.is_archived[*only]));
        }
        let joined = Joined::new(group, copies, self.plan.sources)?;
        joined.push_to(&mut self.rows, maker)?;
        self.torn.last_row(&mut self.rows)?;
        Ok((joined.place.source, !copies.iter().any(|idx| group.is_archived[*idx])))
    }

    /// Adds the current row of a cursor, an entry without copies; returns its source.
    fn push_single(&mut self, cursor: &Cursor) -> Result<u32> {
        let (rows, row) = cursor.current().expect("the cursor was just looked at");
        let head = rows.heads()[row];
        self.cut_before(head.keys.timestamp)?;
        let from = Some(cursor.generation());
        if self.remap_from != from {
            self.remap = Remap::default();
            self.remap_from = from;
        }
        self.rows.push_from(rows, row, &mut self.remap);
        self.torn.last_row(&mut self.rows)?;
        Ok(head.place.source)
    }

    fn cut_before(&mut self, next: Timestamp) -> Result<()> {
        let micros = next.as_micros();
        let (year, month, _) = next.utc_date();
        let month = (year, month);
        self.torn.until(&mut self.rows, next)?;
        let (n_rows, memory, most) = (self.rows.len(), self.rows.memory(), self.plan.segment_memory);
        // A trace that is open may go on a little beyond the limit, and not for ever.
        let is_full = if self.torn.is_open() {
            n_rows >= MAX_SEGMENT_ROWS || memory >= most + most / 8
        } else {
            n_rows >= MAX_SEGMENT_ROWS - ROWS_OF_A_TRACE || memory >= most
        };
        let crosses = self.kept_spans.iter().any(|(from, to)| self.last_micros < *from && *to < micros);
        if !self.rows.is_empty() && micros != self.last_micros && (month != self.month || is_full || crosses)
        {
            self.send()?;
        }
        self.month = month;
        self.last_micros = micros;
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        let id = layout::segment_id(self.plan.sequence, self.n_named);
        self.n_named += 1;
        let ends_open = self.torn.ends_open(&mut self.rows)?;
        self.torn.finish(&mut self.rows)?;
        let next = RowSet::with_room(self.rows.len());
        self.remap_from = None;
        let rows = std::mem::replace(&mut self.rows, next);
        self.full.send(Full { id, rows, ends_open }).map_err(|_| Error::Interrupted)
    }

    fn finish(mut self) -> Result<()> {
        if self.rows.is_empty() { Ok(()) } else { self.send() }
    }
}

/// Several copies of one entry, joined.
struct Joined {
    text: String,
    timestamp: Timestamp,
    place: Place,
    is_whole: bool,
}

impl Joined {
    fn new(group: &Group, copies: &[usize], sources: &SourceTable) -> Result<Self> {
        let (mut texts, mut nodes) = (Vec::new(), Vec::new());
        for idx in copies {
            let mut text = String::new();
            let timestamp = group.rows.heads()[*idx].keys.timestamp;
            let mut buffer = String::new();
            with_entry(&group.rows.cells(*idx), timestamp, &mut buffer, &mut nodes, |entry| {
                entry.write_json(&mut text);
            })
            .map_err(|detail| Error::damaged("rows of a segment", detail))?;
            texts.push(text);
        }
        let mut joined = texts[0].clone();
        for text in &texts[1..] {
            joined = join_texts(&joined, text)?;
        }
        let heads = || copies.iter().map(|idx| &group.rows.heads()[*idx]);
        // The copy that alone has everything is where a person should look; of several, the first by path and line.
        let whole = heads().zip(&texts).filter(|(head, text)| head.is_whole && **text == joined);
        let whole = whole.map(|(head, _)| head.place).min_by_key(|place| sources.rank(*place));
        let place = match whole {
            Some(place) => place,
            None => heads()
                .map(|head| head.place)
                .min_by_key(|place| sources.rank(*place))
                .expect("there are copies"),
        };
        let timestamp = time_of(&joined)?;
        let timestamp = match timestamp {
            Some(timestamp) => timestamp,
            None => heads().map(|head| head.keys.timestamp).max().expect("there are copies"),
        };
        Ok(Self { text: joined, timestamp, place, is_whole: whole.is_some() })
    }

    fn push_to(&self, rows: &mut RowSet, maker: &mut RowMaker) -> Result<()> {
        let mut nodes = Vec::new();
        parse(&self.text, &mut nodes).map_err(|fault| Error::damaged("rows of a segment", fault))?;
        let object =
            Document::new(&self.text, &nodes).root().as_object().expect("a join of objects is an object");
        let (keys, cells, derived) = maker.make(&LogEntry::from_object(object), self.timestamp);
        rows.push(keys, &cells, derived, self.place, self.is_whole);
        Ok(())
    }
}

/// Reads the time that a joined entry states itself.
fn time_of(text: &str) -> Result<Option<Timestamp>> {
    let mut nodes = Vec::new();
    parse(text, &mut nodes).map_err(|fault| Error::damaged("rows of a segment", fault))?;
    let object = Document::new(text, &nodes).root().as_object().expect("entries are objects");
    Ok(LogEntry::from_object(object).timestamp().map(|(time, _)| time))
}

fn join_texts(a: &str, b: &str) -> Result<String> {
    let (mut nodes_a, mut nodes_b) = (Vec::new(), Vec::new());
    let damaged = |fault| Error::damaged("rows of a segment", fault);
    parse(a, &mut nodes_a).map_err(damaged)?;
    parse(b, &mut nodes_b).map_err(damaged)?;
    let a = Document::new(a, &nodes_a).root().as_object().expect("entries are objects");
    let b = Document::new(b, &nodes_b).root().as_object().expect("entries are objects");
    let mut out = String::new();
    join(a, b, &mut out);
    Ok(out)
}

/// Reads all rows of a segment.
pub(crate) fn load(plan: &MergePlan<'_>, record: &SegmentRecord) -> Result<RowSet> {
    let segment = Segment::new(plan.storage.clone(), record.clone());
    let numbers: BTreeMap<u64, u32> =
        plan.sources.keys.iter().enumerate().map(|(idx, key)| (*key, crate::rows::row_idx(idx))).collect();
    let mut rows = RowSet::default();
    let mut own = OwnExceptions::new(plan.rules.clone());
    let mut fault = None;
    let mut unknown = None;
    segment.for_all_rows(&Column::ALL, |row| {
        let Some(source) = numbers.get(&row.source) else {
            unknown = Some(row.source);
            return false;
        };
        fault = own.push(&mut rows, &row, *source).err();
        fault.is_none()
    })?;
    if let Some(detail) = fault {
        return Err(Error::damaged(segment.entries_path(), detail));
    }
    match unknown {
        None => Ok(rows),
        Some(key) => Err(Error::damaged(segment.entries_path(), format!("unknown source {key:016x}"))),
    }
}
