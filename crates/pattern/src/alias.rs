//! Names patterns: which shape's fingerprint is the id of a merged group.
//!
//! The id of a pattern is the fingerprint of its *founding shape*: the one whose first occurrence in the data is earliest,
//! the smaller fingerprint at equal times. It depends on the data alone, never on the order in which they were ingested.
//! Older data can found a pattern anew, and two patterns can merge; the archive's catalogue remembers what a pattern was
//! called before.

use crate::shape::Fingerprint;

/// A shape and when it was first seen, in nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Founding {
    /// First occurrence in the data. First in order, so that the smallest founding is the oldest.
    pub first_seen_ns: i64,
    /// The shape.
    pub shape: Fingerprint,
}

/// Returns the founding shape of a group, or nothing for an empty one.
#[must_use]
pub fn founding_shape(shapes: impl IntoIterator<Item = Founding>) -> Option<Fingerprint> {
    shapes.into_iter().min().map(|founding| founding.shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_shape_founds_and_of_equal_times_the_smaller_fingerprint() {
        let at = |first_seen_ns, shape| Founding { first_seen_ns, shape: Fingerprint(shape) };
        assert_eq!(founding_shape([at(200, 3), at(100, 5)]), Some(Fingerprint(5)));
        assert_eq!(founding_shape([at(50, 3), at(100, 5)]), Some(Fingerprint(3)));
        let founding = |shape| at(7, shape);
        assert_eq!(founding_shape([founding(4), founding(2), founding(3)]), Some(Fingerprint(2)));
        assert_eq!(founding_shape([]), None);
    }
}
