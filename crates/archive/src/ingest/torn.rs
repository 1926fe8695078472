//! Traces whose lines were logged as entries of their own.
//!
//! ```text
//! 12:00:00.001  api-00012  i7   Traceback (most recent call last):        ◄─ gets the exception
//! 12:00:00.001  api-00012  i7     File "/app/a.py", line 3, in f
//! 12:00:00.002  api-00012  i3   GET /health 200                              another instance, another stream
//! 12:00:00.002  api-00012  i7   KeyError: 'k'
//! ```
//!
//! Merged rows pass in the order of time. While no trace is open, which is nearly always, a row costs a look at a flag.
//! The result must not show how rows came: a segment is not cut while a trace is open, and one whose first rows could
//! continue a trace, or whose last trace could go on, is read again by a later ingest that brings rows within a second
//! of it. Only the end of a month is an end for traces as well.

use crate::columns::{Cells, Column};
use crate::error::{Error, Result};
use crate::exception;
use crate::ingest::{RowMaker, RowRules};
use crate::layout;
use crate::rows::RowSet;
use crate::segment::{Row, Segment, with_entry};
use std::collections::BTreeMap;
use timberline_entry::json::Node;
use timberline_entry::{Timestamp, instance_of_labels, message};
use timberline_pattern::trace::{Joined, Joiner, MAX_GAP_NS, may_continue, may_hold_beginning};

/// Watches the rows of a set in the order of time.
///
/// Rows of one time wait for each other: their order among rows is that of hashes, and that of a trace's lines is the order
/// of their `insertId`, which is how a log orders them, then of their places in a source.
#[derive(Default)]
pub(crate) struct TornTraces {
    joiner: Joiner,
    /// Rows of the time seen last that are not taken in yet.
    waiting: Vec<usize>,
    waiting_time: Option<Timestamp>,
    /// One of them begins a trace.
    begins: bool,
    text: String,
    nodes: Vec<Node>,
}

impl TornTraces {
    /// Takes in the row that was added last, later than all before it, and completes what it ends.
    pub(crate) fn last_row(&mut self, rows: &mut RowSet) -> Result<()> {
        self.row(rows, rows.len() - 1)
    }

    /// Takes in the row `idx`, later than all before it, and completes what it ends.
    pub(crate) fn row(&mut self, rows: &mut RowSet, idx: usize) -> Result<()> {
        let head = &rows.heads()[idx];
        let (time, begins) = (head.keys.timestamp, head.derived.begins_trace);
        self.until(rows, time)?;
        self.waiting_time = Some(time);
        self.waiting.push(idx);
        self.begins |= begins;
        Ok(())
    }

    /// Takes in the rows that waited.
    fn take_in(&mut self, rows: &mut RowSet) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        if self.begins || !self.joiner.is_idle() {
            if waiting.len() > 1 {
                waiting.sort_by_cached_key(|idx| {
                    (rows.cells(*idx).text(Column::InsertId).to_owned(), rows.heads()[*idx].place)
                });
            }
            for idx in &waiting {
                self.take_in_one(rows, *idx)?;
            }
        }
        self.begins = false;
        waiting.clear();
        self.waiting = waiting;
        Ok(())
    }

    fn take_in_one(&mut self, rows: &mut RowSet, idx: usize) -> Result<()> {
        let head = rows.heads()[idx];
        if self.joiner.is_idle() && !head.derived.begins_trace {
            return Ok(());
        }
        let cells = rows.cells(idx);
        let stream = stream(&cells);
        if !head.derived.begins_trace && !self.joiner.is_open(&stream) {
            return Ok(());
        }
        let Self { joiner, text, nodes, .. } = self;
        let time = head.keys.timestamp;
        let mut feed = |message: &str| joiner.feed(&stream, time.as_nanos(), idx as u64, message);
        let done = match cells.text(Column::TextPayload) {
            "" => with_entry(&cells, time, text, nodes, |entry| feed(&message(entry)))
                .map_err(|detail| Error::damaged("rows of a segment", detail))?,
            text => feed(text),
        };
        done.iter().for_each(|joined| settle(rows, joined));
        Ok(())
    }

    /// Completes what a row at `time` or later cannot continue.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a row that waited cannot be read.
    pub(crate) fn until(&mut self, rows: &mut RowSet, time: Timestamp) -> Result<()> {
        if self.waiting_time.is_some_and(|waiting| waiting != time) {
            self.take_in(rows)?;
        }
        if !self.joiner.is_idle() {
            self.joiner.expire(time.as_nanos()).iter().for_each(|joined| settle(rows, joined));
        }
        Ok(())
    }

    /// Says whether a row could come that continues a trace.
    pub(crate) fn is_open(&self) -> bool {
        self.begins || !self.joiner.is_idle()
    }

    /// Says the same when all rows of the last time have come.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a row that waited cannot be read.
    pub(crate) fn ends_open(&mut self, rows: &mut RowSet) -> Result<bool> {
        self.take_in(rows)?;
        Ok(self.is_open())
    }

    /// Completes everything.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a row that waited cannot be read.
    pub(crate) fn finish(&mut self, rows: &mut RowSet) -> Result<()> {
        self.take_in(rows)?;
        self.waiting_time = None;
        std::mem::take(&mut self.joiner).finish().iter().for_each(|joined| settle(rows, joined));
        Ok(())
    }
}

/// Gives the first row of a trace its exception.
fn settle(rows: &mut RowSet, joined: &Joined) {
    let Some(found) = exception::of_text(&joined.text) else { return };
    let first = usize::try_from(joined.entries[0]).expect("it was a row's number");
    let key = found.key();
    // What the row says by itself already needs no other text.
    if rows.heads()[first].derived.exception != Some(key) {
        rows.set_joined(first, key, &joined.text);
    }
}

/// Completes the traces of rows in any order.
pub(crate) fn join_all(rows: &mut RowSet) -> Result<()> {
    if !rows.heads().iter().any(|head| head.derived.begins_trace) {
        return Ok(());
    }
    let mut torn = TornTraces::default();
    for idx in rows.by_identity() {
        torn.row(rows, idx as usize)?;
    }
    torn.finish(rows)
}

/// Says whether the rows of the first second, the longest pause inside a trace, look like a continuation.
pub(crate) fn may_continue_earlier(rows: &RowSet) -> Result<bool> {
    let times = || rows.heads().iter().map(|head| head.keys.timestamp.as_nanos());
    let Some(first) = times().min() else { return Ok(false) };
    let (mut text, mut nodes) = (String::new(), Vec::new());
    for (idx, time) in times().enumerate().filter(|(_, time)| time - first <= MAX_GAP_NS) {
        let time = Timestamp::from_nanos(time);
        let continues =
            with_entry(&rows.cells(idx), time, &mut text, &mut nodes, |entry| may_continue(&message(entry)));
        if continues.map_err(|detail| Error::damaged("rows of a segment", detail))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Finds out what rows that were read from a segment say by themselves.
pub(crate) struct OwnExceptions {
    maker: RowMaker,
    text: String,
    nodes: Vec<Node>,
}

impl OwnExceptions {
    pub(crate) fn new(rules: RowRules) -> Self {
        Self { maker: RowMaker::new(rules), text: String::new(), nodes: Vec::new() }
    }

    /// Adds a row of a segment, with the exception that its own text tells of.
    pub(crate) fn push(
        &mut self,
        rows: &mut RowSet,
        row: &Row<'_>,
        source: u32,
    ) -> std::result::Result<(), String> {
        rows.push_read(row, source)?;
        let payloads = [Column::TextPayload, Column::JsonPayload, Column::ProtoPayload, Column::Rest];
        let may_begin = || payloads.iter().any(|column| may_hold_beginning(row.cells.text(*column)));
        if row.exception.is_none() && !may_begin() {
            return Ok(());
        }
        let Self { maker, text, nodes } = self;
        let made =
            with_entry(&row.cells, row.timestamp, text, nodes, |entry| maker.make(entry, row.timestamp).2)?;
        rows.set_own(rows.len() - 1, made.exception, made.begins_trace);
        Ok(())
    }
}

/// Returns the rows of a segment whose exception is that of a trace which goes on in other rows, and the texts of such.
pub(crate) fn joined_of(
    segment: &Segment,
    rules: &RowRules,
) -> Result<(BTreeMap<u64, u64>, BTreeMap<u64, String>)> {
    let mut rows = RowSet::default();
    let mut own = OwnExceptions::new(rules.clone());
    let mut fault = None;
    segment.for_all_rows(&Column::ALL, |row| {
        fault = own.push(&mut rows, &row, 0).err();
        fault.is_none()
    })?;
    if let Some(detail) = fault {
        return Err(Error::damaged(layout::entries(&segment.record().month, &segment.record().id), detail));
    }
    let before: Vec<Option<u64>> = rows.heads().iter().map(|head| head.derived.exception).collect();
    join_all(&mut rows)?;
    let after = rows.heads().iter().map(|head| head.derived.exception);
    let changed = (0..).zip(before.iter().zip(after)).filter(|(_, (before, after))| *before != after);
    let changed = changed.filter_map(|(idx, (_, after))| Some((idx, after?))).collect();
    Ok((changed, rows.joined().clone()))
}

/// Returns what tells the streams of one moment apart: who wrote, as which instance, into which log.
fn stream(cells: &Cells<'_>) -> String {
    let mut nodes = Vec::new();
    let instance = instance_of_labels(cells.text(Column::Labels), &mut nodes);
    let parts = [Column::Service, Column::Revision, Column::LogName, Column::Resource];
    let mut stream = parts.map(|column| cells.text(column)).join("\u{1f}");
    stream.push('\u{1f}');
    stream.push_str(&instance.unwrap_or_default());
    stream
}
