//! An entry made into a row.

use crate::columns::{Cells, Keys, Splitter};
use crate::rows::Derived;
use crate::shape::Shaper;
use timberline_entry::{LogEntry, Timestamp, message};
use timberline_pattern::mask::{Hole, Masker};
use timberline_pattern::shape::fingerprint;

/// Makes rows. Keeps buffers; one per thread.
pub(crate) struct RowMaker {
    splitter: Splitter,
    shaper: Shaper,
    masker: Masker,
    holes: Vec<Hole>,
}

impl RowMaker {
    pub(crate) fn new() -> Self {
        Self {
            splitter: Splitter::default(),
            shaper: Shaper::default(),
            masker: Masker::standard(),
            holes: Vec::new(),
        }
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
        let derived = Derived { shape: shaper.hash(entry), pattern };
        let (keys, cells) = splitter.split(entry, timestamp);
        (keys, cells, derived)
    }
}
