//! An entry made into a row.

use crate::columns::{Cells, Keys, Splitter};
use crate::exception;
use crate::rows::Derived;
use crate::shape::Shaper;
use timberline_entry::{LogEntry, OriginRules, Timestamp, message};
use timberline_pattern::mask::{Hole, Masker};
use timberline_pattern::shape::fingerprint;
use timberline_pattern::trace::may_begin;
use xxhash_rust::xxh3::xxh3_64;

/// What an archive has decided about its rows; the manifest records it.
#[derive(Clone)]
pub(crate) struct RowRules {
    /// Finds the values in messages.
    pub(crate) masker: Masker,
    /// Finds service and revision.
    pub(crate) origins: OriginRules,
}

/// Makes rows. Keeps buffers; one per thread.
pub(crate) struct RowMaker {
    splitter: Splitter,
    shaper: Shaper,
    masker: Masker,
    holes: Vec<Hole>,
}

impl RowMaker {
    /// Returns a maker that goes by the archive's rules.
    pub(crate) fn new(rules: RowRules) -> Self {
        let RowRules { masker, origins } = rules;
        Self { splitter: Splitter::new(origins), shaper: Shaper::default(), masker, holes: Vec::new() }
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
        let known = masker.is_standard().then_some((&*message, &**holes));
        let shape = shaper.hash(entry, known) ^ xxh3_64(&pattern.to_le_bytes()).rotate_left(1);
        let begins_trace = may_begin(&message);
        let exception = exception::of_entry(entry, &message).map(|found| found.key());
        let mut derived = Derived { shape, pattern, exception: None, begins_trace };
        derived.set_exception(exception);
        let (keys, cells) = splitter.split(entry, timestamp);
        (keys, cells, derived)
    }
}
