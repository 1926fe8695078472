//! Names patterns: which shape's fingerprint is the id of a merged group, and what became of older ids.
//!
//! The id of a pattern is the fingerprint of its *founding shape*: the one whose first occurrence in the data is earliest,
//! the smaller fingerprint at equal times. It depends on the data alone, never on the order in which they were ingested.
//! When older data founds a pattern anew, or two patterns merge, the former id redirects to the new one. Looking up any id
//! that ever was valid leads to the pattern of today.

use crate::shape::Fingerprint;
use std::collections::BTreeMap;

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

/// All shapes of an archive, grouped into patterns, each pattern under one id.
///
/// A union–find whose roots are the founding shapes. Equal contents give equal tables, whatever the order of calls.
#[derive(Debug, Clone, Default)]
pub struct Aliases {
    nodes: BTreeMap<Fingerprint, Node>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    first_seen_ns: i64,
    parent: Fingerprint,
}

impl Aliases {
    /// Adds a shape, or an earlier first occurrence of one that is known.
    pub fn see(&mut self, shape: Fingerprint, first_seen_ns: i64) {
        let node = self.nodes.entry(shape).or_insert(Node { first_seen_ns, parent: shape });
        if first_seen_ns >= node.first_seen_ns {
            return;
        }
        node.first_seen_ns = first_seen_ns;
        let root = self.shorten(shape);
        self.link(shape, root);
    }

    /// Puts the patterns of two shapes together; the older founding shape names the result.
    ///
    /// A shape that was never seen counts as first seen at the end of time, so it never names a pattern that has another.
    pub fn unite(&mut self, first: Fingerprint, second: Fingerprint) {
        for shape in [first, second] {
            self.nodes.entry(shape).or_insert(Node { first_seen_ns: i64::MAX, parent: shape });
        }
        let (first, second) = (self.shorten(first), self.shorten(second));
        self.link(first, second);
    }

    /// Returns the id of the pattern a shape or former id belongs to; a shape never seen is its own pattern.
    #[must_use]
    pub fn pattern_of(&self, shape: Fingerprint) -> Fingerprint {
        if self.nodes.contains_key(&shape) { self.root(shape) } else { shape }
    }

    /// Returns every shape that is not the id of its pattern, with that id, in ascending order.
    ///
    /// These are the redirects to store. Reading them back with [`Self::unite`] gives the same table.
    #[must_use]
    pub fn redirects(&self) -> Vec<(Fingerprint, Fingerprint)> {
        let redirect = |&shape: &Fingerprint| (shape, self.root(shape));
        self.nodes.keys().map(redirect).filter(|(shape, id)| shape != id).collect()
    }

    fn root(&self, mut shape: Fingerprint) -> Fingerprint {
        while self.nodes[&shape].parent != shape {
            shape = self.nodes[&shape].parent;
        }
        shape
    }

    /// Returns the root, and hangs all on the way directly below it, so that later look-ups are short.
    fn shorten(&mut self, shape: Fingerprint) -> Fingerprint {
        let root = self.root(shape);
        let mut next = shape;
        while next != root {
            let parent = self.nodes[&next].parent;
            self.set_parent(next, root);
            next = parent;
        }
        root
    }

    /// Hangs the younger of two shapes below the older one.
    ///
    /// When a member becomes older than its root, the root hangs below the member, and the member becomes a root.
    fn link(&mut self, first: Fingerprint, second: Fingerprint) {
        if first == second {
            return;
        }
        let founding = |shape: Fingerprint| (self.nodes[&shape].first_seen_ns, shape);
        let (older, younger) =
            if founding(first) < founding(second) { (first, second) } else { (second, first) };
        let is_root = self.nodes[&older].parent == older;
        if !is_root {
            self.set_parent(older, older);
        }
        if self.nodes[&younger].parent == younger {
            self.set_parent(younger, older);
        }
    }

    fn set_parent(&mut self, shape: Fingerprint, parent: Fingerprint) {
        self.nodes.get_mut(&shape).expect("both shapes of a link are known").parent = parent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_oldest_shape_names_the_pattern() {
        let mut aliases = Aliases::default();
        aliases.see(Fingerprint(5), 100);
        aliases.see(Fingerprint(3), 200);
        aliases.unite(Fingerprint(3), Fingerprint(5));
        assert_eq!(aliases.pattern_of(Fingerprint(3)), Fingerprint(5));
        aliases.see(Fingerprint(3), 50);
        assert_eq!(aliases.pattern_of(Fingerprint(5)), Fingerprint(3));
        assert_eq!(aliases.redirects(), [(Fingerprint(5), Fingerprint(3))]);
        assert_eq!(aliases.pattern_of(Fingerprint(9)), Fingerprint(9));
    }

    #[test]
    fn equal_times_go_to_the_smaller_fingerprint() {
        let founding = |shape| Founding { first_seen_ns: 7, shape: Fingerprint(shape) };
        assert_eq!(founding_shape([founding(4), founding(2), founding(3)]), Some(Fingerprint(2)));
        assert_eq!(founding_shape([]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() })]

        /// Sightings and merges in any order give the table that plain sets give.
        #[test]
        fn order_does_not_show(
            seen in prop::collection::vec((0..8u64, 0..20i64), 0..30),
            united in prop::collection::vec((0..8u64, 0..8u64), 0..8),
            seed in 0..6usize,
        ) {
            let mut aliases = Aliases::default();
            let (mut seen_left, mut united_left) = (seen.iter(), united.iter());
            for step in 0.. {
                let (sighting, union) = if step % 7 <= seed { (seen_left.next(), None) } else { (None, united_left.next()) };
                if let Some(&(shape, time)) = sighting { aliases.see(Fingerprint(shape), time); }
                if let Some(&(a, b)) = union { aliases.unite(Fingerprint(a), Fingerprint(b)); }
                if step > 700 { break; }
            }
            let mut group_of: Vec<u64> = (0..8).collect();
            for &(a, b) in &united {
                let (from, to) = (group_of[usize::try_from(a).unwrap()], group_of[usize::try_from(b).unwrap()]);
                for group in &mut group_of { if *group == from { *group = to; } }
            }
            let first = |shape: u64| seen.iter().filter(|s| s.0 == shape).map(|s| s.1).min().unwrap_or(i64::MAX);
            for shape in 0..8u64 {
                let mates = (0..8u64).filter(|&m| group_of[usize::try_from(m).unwrap()] == group_of[usize::try_from(shape).unwrap()]);
                let known = seen.iter().any(|s| s.0 == shape) || united.iter().any(|u| u.0 == shape || u.1 == shape);
                let expected = founding_shape(mates.map(|m| Founding { first_seen_ns: first(m), shape: Fingerprint(m) })).unwrap();
                if known {
                    prop_assert_eq!(aliases.pattern_of(Fingerprint(shape)), expected);
                }
            }
        }
    }
}
