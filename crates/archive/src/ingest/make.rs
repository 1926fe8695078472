//! An entry made into a row.

use crate::columns::{Cells, Keys, Splitter};
use crate::exception;
use crate::rows::Derived;
use crate::shape::Shaper;
use timberline_entry::{LogEntry, Timestamp, message};
use timberline_pattern::mask::{Hole, Masker};
use timberline_pattern::shape::fingerprint;
use timberline_pattern::trace::may_begin;
use xxhash_rust::xxh3::xxh3_64;

/// Makes rows. Keeps buffers; one per thread.
pub(crate) struct RowMaker {
    splitter: Splitter,
    shaper: Shaper,
    masker: Masker,
    holes: Vec<Hole>,
}

impl RowMaker {
    /// Returns a maker; `masker` is the archive's.
    pub(crate) fn new(masker: Masker) -> Self {
        Self { splitter: Splitter::default(), shaper: Shaper::default(), masker, holes: Vec::new() }
    }

    /// Takes an entry apart and computes what is derived from it.
    pub(crate) fn make<'s>(
        &'s mut self,
        entry: &LogEntry<'s>,
        timestamp: Timestamp,
    ) -> (Keys, Cells<'s>, Derived) {
        let Self { splitter, shaper, masker, holes } = self;
        let message = message(entry);
        masker.mask(&message, holes);
        let pattern = fingerprint(&message, holes).0;
        // A message that varies as a whole has one shape and many patterns, so the shape alone does not tell the pattern.
        let shape = shaper.hash(entry) ^ xxh3_64(&pattern.to_le_bytes()).rotate_left(1);
        let begins_trace = may_begin(&message);
        let exception = exception::of_entry(entry, &message).map(|found| found.key());
        let mut derived = Derived { shape, pattern, exception: None, begins_trace };
        derived.set_exception(exception);
        let (keys, cells) = splitter.split(entry, timestamp);
        (keys, cells, derived)
    }
}
