//! What a hole has held: whether it is closed, and which values it has then.

use super::{Seen, Stream};
use std::collections::BTreeMap;
use std::ops::Range;
use timberline_pattern::shape::Token;
use timberline_pattern::variants::{Openness, openness};

/// What stood in a hole: values that follow one another, each with where and when it did.
#[derive(Default)]
pub(super) struct Held<'v> {
    /// Values, with their places among `seen`. One may come several times: of shapes and of segments.
    values: Vec<(&'v str, Range<usize>)>,
    seen: Vec<(&'v Stream, Seen)>,
}

impl<'v> Held<'v> {
    pub(super) fn push(&mut self, value: &'v str, stream: &'v Stream, seen: Seen) {
        let at = self.seen.len();
        match self.values.last_mut() {
            Some((last, places)) if *last == value => places.end = at + 1,
            _ => self.values.push((value, at..at + 1)),
        }
        self.seen.push((stream, seen));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Says whether a hole is closed, and of a closed one puts its values together.
    pub(super) fn closed_values(
        mut self,
        tokens: &[Token],
        place: usize,
        is_endless: bool,
    ) -> (Openness, BTreeMap<String, BTreeMap<Stream, Seen>>) {
        self.values.sort_unstable_by(|a, b| a.0.cmp(b.0));
        let by_value = || self.values.chunk_by(|a, b| a.0 == b.0);
        let seen = |(_, places): &(&str, Range<usize>)| &self.seen[places.clone()];
        let entries = |same: &[_]| same.iter().flat_map(seen).map(|(_, seen)| seen.entries).sum();
        let openness = openness(tokens, place, by_value().map(|same| (same[0].0, entries(same))), is_endless);
        let mut values = BTreeMap::new();
        if openness == Openness::Closed {
            for same in by_value() {
                let mut streams = BTreeMap::new();
                same.iter().flat_map(seen).for_each(|(stream, seen)| add(&mut streams, stream, *seen));
                values.insert(same[0].0.to_owned(), streams);
            }
        }
        (openness, values)
    }
}

fn add(streams: &mut BTreeMap<Stream, Seen>, stream: &Stream, seen: Seen) {
    match streams.get_mut(stream) {
        Some(known) => known.add(seen),
        None => {
            streams.insert(stream.clone(), seen);
        }
    }
}
