//! What is known of every ring without looking at a row.
//!
//! ```text
//! runs    rings 0..310 service 0 revision 3 ERROR │ 310..322 service 0 revision 3 CRITICAL │ …     few: rings are sorted by these
//! rings   rows   120     1  …                       shape   0     7  …                             many
//! times   first  12:00  12:07                       last  12:05  12:07                             asked for by themselves
//! ```

use super::facts::RingFacts;
use crate::error::Result;
use std::ops::Range;
use timberline_entry::Severity;

/// The rings of a segment, numbered in row order.
///
/// What takes the number of a ring panics where there is no such ring.
#[derive(Debug)]
pub struct Rings {
    facts: RingFacts,
    runs: Vec<Run>,
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
    facts: &'r RingFacts,
}

impl Rings {
    /// Takes the facts of rings that were found to fit together.
    pub(super) fn new(facts: RingFacts) -> Self {
        let runs = facts.runs();
        Self { facts, runs }
    }

    /// Returns the number of rings.
    pub fn len(&self) -> usize {
        self.facts.len()
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
        self.facts.rows[ring]
    }

    /// Returns how many rows some rings have, one after another.
    pub fn each_rows(&self, rings: Range<usize>) -> impl ExactSizeIterator<Item = u64> + Clone {
        self.facts.rows[rings].iter().copied()
    }

    /// Returns the first row of a ring.
    pub fn row_start(&self, ring: usize) -> u64 {
        self.facts.row_start[ring]
    }

    /// Returns the rows of a ring.
    pub fn range(&self, ring: usize) -> Range<u64> {
        let start = self.row_start(ring);
        start..start + self.rows(ring)
    }

    /// Returns the ring that a row is in, for a row beyond the last the last ring. Cost: a binary search.
    pub fn ring_of(&self, row: u64) -> usize {
        self.facts.row_start.partition_point(|start| *start <= row).saturating_sub(1)
    }

    /// Returns the place of a ring's shape in the segment's shapes.
    pub fn shape(&self, ring: usize) -> usize {
        self.facts.shape[ring] as usize
    }

    /// Returns the [shapes](Self::shape) of some rings, one after another.
    pub fn each_shape(&self, rings: Range<usize>) -> impl ExactSizeIterator<Item = usize> + Clone {
        self.facts.shape[rings].iter().map(|shape| *shape as usize)
    }

    /// Returns when the rows of rings came.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged) when the times cannot be read, or are not those of the segment.
    pub fn times(&self) -> Result<RingTimes<'_>> {
        Ok(RingTimes { facts: &self.facts })
    }
}

impl RingTimes<'_> {
    /// Returns the time of a ring's first row, in nanoseconds since the Unix epoch.
    pub fn first(&self, ring: usize) -> i64 {
        self.facts.min_ts[ring]
    }

    /// Returns the time of a ring's last row.
    pub fn last(&self, ring: usize) -> i64 {
        self.facts.max_ts[ring]
    }
}
