//! Exceptions that are the entries of a message: what would be told and tested twice.
//!
//! ```text
//!   "Traceback … KeyError: <value>"   x x   x x x x     the pattern of the message
//!   KeyError at shop.cart             x x   x x x x     the exception that it tells of: the same entries
//!   "Unhandled error in request"      x x x x x x x x x
//!   TypeError at shop.pay                 x     x   x   some of them, which the message does not tell from the others
//! ```

use super::{Grid, Hits};
use crate::together::is_together;
use std::collections::BTreeMap;
use std::ops::Range;
use timberline_archive::segment::Subject;

impl Grid {
    /// Returns which exceptions, and values of exceptions, are nearly the same entries of some rows as a message that told of
    /// them or a value of it, with that message or value.
    ///
    /// Shape: only a unit of the same severity is a twin, as another one may be covered otherwise. Cost: per exception, the
    /// cells of its messages that are about as many.
    pub(crate) fn twins(&self, rows: &Range<u32>) -> BTreeMap<u64, u64> {
        if self.exceptions.is_empty() {
            return BTreeMap::new();
        }
        let mut values: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (unit, value) in self.values.iter().filter(|(unit, _)| self.units.contains_key(unit)) {
            values.entry(value.pattern).or_default().push(*unit);
        }
        let seen = |unit: &u64| -> Option<(_, &Hits)> {
            let cells = self.units.get(unit)?;
            Some((cells.severity(), self.hits(cells, rows.clone())))
        };
        let mut twins = BTreeMap::new();
        for unit in self.units.keys() {
            let Subject::Exception(exception) = self.subject_of(*unit) else { continue };
            let Some((severity, hits)) = seen(unit) else { continue };
            let is_twin = |other: &u64| {
                seen(other)
                    .is_some_and(|(of_other, others)| of_other == severity && is_together(hits, others))
            };
            let messages = &self.exceptions[&exception];
            let mut candidates =
                messages.iter().chain(messages.iter().filter_map(|message| values.get(message)).flatten());
            twins.extend(candidates.find(|other| is_twin(other)).map(|other| (*unit, *other)));
        }
        twins
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, GridBuilder};
    use std::collections::BTreeMap;
    use timberline_entry::Severity;

    #[test]
    fn an_exception_is_the_twin_of_the_message_that_is_always_it() {
        let mut builder = GridBuilder::default();
        let service = builder.service("s");
        for minute in 0..20 {
            let cell = Cell { row: u32::from(minute >= 10), service, minute, stream: 0 };
            let mut seen = |unit, severity| builder.hits(unit, cell, severity, 1);
            // Message 1 always tells of exception 2; message 3 of the exceptions 4 and 5.
            [1, 2, 3].into_iter().for_each(|unit| seen(unit, Severity::Error));
            seen(if minute < 10 { 4 } else { 5 }, Severity::Error);
            // The same cells as message 1, and no message of its own that has them.
            seen(6, Severity::Error);
        }
        for (exception, message) in [(2, 1), (4, 3), (5, 3), (6, 9)] {
            builder.exception(exception, message);
        }
        let grid = builder.finish();
        assert_eq!(grid.twins(&(0..2)), BTreeMap::from([(2, 1)]));
        // Where no other exception was raised, the message is the one that was.
        assert_eq!(grid.twins(&(0..1)), BTreeMap::from([(2, 1), (4, 3)]));
    }
}
