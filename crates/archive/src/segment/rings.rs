//! What is known of every ring without looking at a row.
//!
//! ```text
//! runs    rings 0..310 service 0 revision 3 ERROR │ 310..322 service 0 revision 3 CRITICAL │ …     few: rings are sorted by these
//! rings   rows   120     1  …                       shape   0     7  …                             many
//! times   first  12:00  12:07                       last  12:05  12:07                             asked for by themselves
//! ```
//!
//! Nothing is unpacked: facts are read where the mapped file has them, so a question touches those it asks for.

mod file;
#[cfg(test)]
mod tests;

pub(super) use file::{Span, encode};

use super::checked::CheckedFile;
use super::facts::Names;
use super::reader::get_or_try;
use crate::error::Result;
use bytes::Bytes;
use file::{BLOCK_RINGS, Layout};
use std::ops::Range;
use std::sync::OnceLock;
use timberline_entry::Severity;

/// The rings of a segment, numbered in row order.
///
/// What takes the number of a ring panics where there is no such ring.
#[derive(Debug)]
pub struct Rings {
    file: CheckedFile,
    layout: Layout,
    names: Names,
    /// What the segment has.
    span: Span,
    runs: Vec<Run>,
    /// Of every revision, when its first entry came.
    firsts: Vec<i64>,
    /// Before every block of rings: the rows, and the rings of more than one row.
    sums: Bytes,
    rows: Bytes,
    shapes: Bytes,
    times: OnceLock<Times>,
}

/// Consecutive rings that agree in service, revision and severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Numbers of the rings.
    pub rings: Range<usize>,
    /// Index into the segment's services.
    pub service: usize,
    /// Index into the segment's revisions.
    pub revision: usize,
    /// Severity of all rows.
    pub severity: Severity,
}

/// The spans of time of all rings. Rows of a ring are in time order.
#[derive(Clone, Copy, Debug)]
pub struct RingTimes<'r> {
    rings: &'r Rings,
    times: &'r Times,
}

/// A ring, and what came before it: who goes from ring to ring need not add that up every time.
#[derive(Clone, Copy, Debug, Default)]
pub struct RingPlace {
    ring: usize,
    /// Its first row.
    row: u64,
    /// The rings of more than one row before it.
    longer: usize,
}

impl RingPlace {
    /// Goes to another ring of the segment. Cost: nothing to the next one, otherwise that of [`Rings::row_start`].
    pub fn go_to(&mut self, rings: &Rings, ring: usize) {
        if ring == self.ring + 1 {
            let rows = rings.rows(self.ring);
            self.row += rows;
            self.longer += usize::from(rows > 1);
        } else if ring != self.ring {
            (self.row, self.longer) = (rings.row_start(ring), rings.longer_before(ring));
        }
        self.ring = ring;
    }
}

/// Where the times are: each goes on to the end of the file.
#[derive(Debug)]
struct Times {
    first: Bytes,
    lasted: Bytes,
}

impl Rings {
    /// Returns the number of rings.
    pub fn len(&self) -> usize {
        self.layout.n_rings
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the runs, in order; together they are all rings. Cost: nothing; there are a few hundred for tens of thousands of
    /// rings, so what depends on service, revision or severity is found out run by run.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns the run that a ring belongs to. Cost: a binary search.
    pub fn run_of(&self, ring: usize) -> &Run {
        &self.runs[self.runs.partition_point(|run| run.rings.end <= ring)]
    }

    /// Returns how many rows a ring has.
    pub fn rows(&self, ring: usize) -> u64 {
        file::u16_at(&self.rows, ring).into()
    }

    /// Returns how many rows some rings have, one after another.
    pub fn each_rows(&self, rings: Range<usize>) -> impl ExactSizeIterator<Item = u64> + Clone {
        file::each_u16(&self.rows, rings).map(u64::from)
    }

    /// Returns the first row of a ring. Cost: that of adding up a few numbers.
    pub fn row_start(&self, ring: usize) -> u64 {
        let (before, _) = self.sums(ring / BLOCK_RINGS);
        before + self.rows_in_block(ring)
    }

    /// Returns the rows of a ring. Cost: as [`row_start`](Self::row_start).
    pub fn range(&self, ring: usize) -> Range<u64> {
        let start = self.row_start(ring);
        start..start + self.rows(ring)
    }

    /// Returns the rows of a ring at its place. Cost: nothing.
    pub fn range_at(&self, place: RingPlace) -> Range<u64> {
        place.row..place.row + self.rows(place.ring)
    }

    /// Returns the ring that a row is in, for a row beyond the last the last ring. Cost: a binary search.
    pub fn ring_of(&self, row: u64) -> usize {
        let (mut low, mut high) = (0, self.len().div_ceil(BLOCK_RINGS));
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            if self.sums(middle).0 <= row { low = middle } else { high = middle }
        }
        let block = low * BLOCK_RINGS..self.len().min((low + 1) * BLOCK_RINGS);
        let mut end = self.sums(low).0;
        let is_before = |rows: &u64| {
            end += rows;
            end <= row
        };
        let within = self.each_rows(block.clone()).take_while(is_before).count();
        (block.start + within).min(block.end.saturating_sub(1))
    }

    /// Returns the place of a ring's shape in the segment's shapes.
    pub fn shape(&self, ring: usize) -> usize {
        let width = self.layout.shape_width;
        file::shape_of(&self.shapes[ring * width..(ring + 1) * width])
    }

    /// Returns the [shapes](Self::shape) of some rings, one after another.
    pub fn each_shape(&self, rings: Range<usize>) -> impl ExactSizeIterator<Item = usize> + Clone {
        let width = self.layout.shape_width;
        self.shapes[rings.start * width..rings.end * width].chunks_exact(width).map(file::shape_of)
    }

    /// Returns when the first entry of every revision came, in the order of the segment's revisions. Cost: nothing.
    pub fn firsts_of_revisions(&self) -> &[i64] {
        &self.firsts
    }

    /// Returns when the rows of rings came. Cost: a look at all of them when it is asked first.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged) when the times cannot be read, or are not those of the segment.
    pub fn times(&self) -> Result<RingTimes<'_>> {
        let times = get_or_try(&self.times, || {
            let times = self.open_times()?;
            self.check_times(&times)?;
            Ok(times)
        })?;
        Ok(RingTimes { rings: self, times })
    }

    /// Returns the names that rings refer to.
    pub(super) const fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the rows and the rings of more than one row before a block.
    fn sums(&self, block: usize) -> (u64, usize) {
        let [rows, longer] = [0, 1].map(|at| file::u32_at(&self.sums, block * 2 + at));
        (rows.into(), longer as usize)
    }

    /// Adds up the rows of the rings before one in its block.
    fn rows_in_block(&self, ring: usize) -> u64 {
        let rows = file::each_u16(&self.rows, ring - ring % BLOCK_RINGS..ring);
        u64::from(rows.map(u32::from).sum::<u32>())
    }

    /// Counts the rings of more than one row before one.
    fn longer_before(&self, ring: usize) -> usize {
        let rows = file::each_u16(&self.rows, ring - ring % BLOCK_RINGS..ring);
        self.sums(ring / BLOCK_RINGS).1 + usize::from(rows.map(|rows| u16::from(rows > 1)).sum::<u16>())
    }
}

impl RingTimes<'_> {
    /// Returns the time of a ring's first row, in nanoseconds since the Unix epoch.
    pub fn first(&self, ring: usize) -> i64 {
        let layout = &self.rings.layout;
        layout.base.wrapping_add_unsigned(layout.first(&self.times.first, ring))
    }

    /// Returns the time of a ring's last row.
    pub fn last(&self, ring: usize) -> i64 {
        let first = self.first(ring);
        if self.rings.rows(ring) <= 1 {
            return first;
        }
        self.last_of_longer(first, self.rings.longer_before(ring))
    }

    /// As [`first`](Self::first) and [`last`](Self::last), of the ring at a place. Cost: nothing.
    pub fn span_at(&self, place: RingPlace) -> (i64, i64) {
        let first = self.first(place.ring);
        let last =
            if self.rings.rows(place.ring) <= 1 { first } else { self.last_of_longer(first, place.longer) };
        (first, last)
    }

    fn last_of_longer(&self, first: i64, longer: usize) -> i64 {
        first.wrapping_add_unsigned(self.rings.layout.lasted(&self.times.lasted, longer))
    }
}
