//! What stood in the holes of messages and exceptions, of all segments, ready to be asked hole by hole.
//!
//! ```text
//! segment 1   message…/2: "a" api-1 40, "a" api-2 3, "b" api-1 7     ─┐
//! segment 2   message…/2: "a" api-2 9, "c" api-2 1                   ─┴► hole of message…/2: values by service and revision
//! ```
//!
//! Values lie in one text per segment and streams are numbers, so that an archive with very many of both is read with few
//! allocations. A hole that has had more values than a closed one may have is open whatever else it holds, so its values go
//! as soon as that is known: they are most of all values, and grow with the archive.

use super::{Seen, Stream, Streams};
use crate::error::Result;
use crate::segment::{Segment, Subject};
use hashbrown::{HashMap, HashSet};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::ops::Range;
use timberline_pattern::variants::MAX_CLOSED_VALUES;

/// Segments that are read side by side before values of overfull holes go.
const SEGMENTS_AT_ONCE: usize = 8;

/// Values of all segments.
#[derive(Debug, Default)]
pub struct Values {
    segments: Vec<OfSegment>,
    /// Holes that have had more values than a closed one may have; none of them is kept.
    overfull: HashSet<HoleOf>,
}

/// A hole of a message or exception.
type HoleOf = (Subject, u32);

/// The values of one segment.
#[derive(Debug, Default)]
struct OfSegment {
    /// All values, one after another.
    text: String,
    values: Vec<Value>,
    /// Where the values of a hole are; they follow one another.
    by_hole: HashMap<HoleOf, Range<usize>>,
    /// Holes that had too many values in this segment alone.
    overfull: Vec<HoleOf>,
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Value {
    /// Its place in the text.
    text: Range<u32>,
    /// Number among the streams of the segment.
    stream: u32,
    seen: Seen,
}

/// One value of one stream in one segment.
pub(super) struct ValueOfStream<'v> {
    pub(super) text: &'v str,
    pub(super) stream: &'v Stream,
    pub(super) seen: Seen,
}

impl Values {
    /// Reads the values of some segments, side by side.
    ///
    /// # Errors
    /// [`Damaged`](crate::Error::Damaged) when an index cannot be read.
    pub fn read(segments: &[Segment]) -> Result<Self> {
        let mut all = Self::default();
        for segments in segments.chunks(SEGMENTS_AT_ONCE) {
            all.drop_overfull();
            let is_wanted = |hole: &HoleOf| !all.overfull.contains(hole);
            let read = |segment: &Segment| OfSegment::read(segment, is_wanted);
            let read: Vec<OfSegment> = segments.par_iter().map(read).collect::<Result<_>>()?;
            all.overfull.extend(read.iter().flat_map(|segment| &segment.overfull));
            all.segments.extend(read);
        }
        Ok(all)
    }

    /// Returns the values of a hole, by segment; of each by value and stream. `None` for a hole that had too many.
    pub(super) fn of(
        &self,
        subject: Subject,
        hole: usize,
    ) -> Option<impl Iterator<Item = ValueOfStream<'_>>> {
        let hole = (subject, u32::try_from(hole).expect("a message has few holes"));
        (!self.overfull.contains(&hole)).then(|| self.kept(hole))
    }

    fn kept(&self, hole: HoleOf) -> impl Iterator<Item = ValueOfStream<'_>> {
        self.segments.iter().flat_map(move |segment| segment.of(hole))
    }

    /// Finds the holes that have had too many values by now, and lets go of all of theirs.
    fn drop_overfull(&mut self) {
        // A value counts once for every stream and segment here, so most holes are known to have few.
        let mut at_most: HashMap<HoleOf, usize> = HashMap::new();
        for (hole, values) in self.segments.iter().flat_map(|segment| &segment.by_hole) {
            *at_most.entry(*hole).or_insert(0) += values.len();
        }
        let is_too_many = |n: usize| n as u64 > MAX_CLOSED_VALUES;
        let is_overfull = |hole: HoleOf| {
            let mut distinct = HashSet::new();
            self.kept(hole).any(|value| distinct.insert(value.text) && is_too_many(distinct.len()))
        };
        let suspects = at_most.into_iter().filter(|(_, n)| is_too_many(*n)).map(|(hole, _)| hole);
        let found: Vec<HoleOf> = suspects.filter(|hole| is_overfull(*hole)).collect();
        self.overfull.extend(found);
        for segment in &mut self.segments {
            segment.let_go(&self.overfull);
        }
    }
}

impl OfSegment {
    fn read(segment: &Segment, is_wanted: impl Fn(&HoleOf) -> bool) -> Result<Self> {
        let mut all = Self::default();
        let mut streams = Streams::default();
        // The values of a hole follow one another, so it is asked about once.
        let mut asked: Option<(HoleOf, bool)> = None;
        segment.each_value(|value| {
            let hole = (value.subject, value.hole);
            let (_, is_wanted) = match asked {
                Some(known) if known.0 == hole => known,
                _ => *asked.insert((hole, is_wanted(&hole))),
            };
            if !is_wanted {
                return;
            }
            let Some(text) = value.value else {
                all.overfull.push(hole);
                return;
            };
            let stream = streams.number(value.service, value.revision);
            let seen = Seen { entries: value.rows, first_ns: value.first_ns, last_ns: value.last_ns };
            all.push(hole, text, stream, seen);
        })?;
        Ok(all.finish(streams.into_all()))
    }

    fn finish(mut self, streams: Vec<Stream>) -> Self {
        self.text.shrink_to_fit();
        self.values.shrink_to_fit();
        Self { streams, ..self }
    }

    /// Takes a value; those of one hole follow one another.
    fn push(&mut self, hole: HoleOf, text: &str, stream: u32, seen: Seen) {
        let place = |len: usize| u32::try_from(len).expect("a segment has less than 4 GiB of values");
        let start = place(self.text.len());
        self.text.push_str(text);
        let text = start..place(self.text.len());
        let at = self.values.len();
        self.by_hole.entry(hole).or_insert(at..at).end = at + 1;
        self.values.push(Value { text, stream, seen });
    }

    fn of(&self, hole: HoleOf) -> impl Iterator<Item = ValueOfStream<'_>> {
        let range = self.by_hole.get(&hole).cloned().unwrap_or(0..0);
        self.values[range].iter().map(|value| ValueOfStream {
            text: self.text_of(value),
            stream: &self.streams[value.stream as usize],
            seen: value.seen,
        })
    }

    fn text_of(&self, value: &Value) -> &str {
        &self.text[value.text.start as usize..value.text.end as usize]
    }

    /// Lets go of the values of some holes.
    fn let_go(&mut self, overfull: &HashSet<HoleOf>) {
        if !self.by_hole.keys().any(|hole| overfull.contains(hole)) {
            return;
        }
        let mut kept = Self::default();
        for (hole, range) in self.by_hole.iter().filter(|(hole, _)| !overfull.contains(*hole)) {
            for value in &self.values[range.clone()] {
                kept.push(*hole, self.text_of(value), value.stream, value.seen);
            }
        }
        *self = kept.finish(std::mem::take(&mut self.streams));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Segments of holes with values, each value in two streams.
    fn segment(holes: &[(u64, u32)], offset: u32) -> OfSegment {
        let mut all = OfSegment::default();
        let mut streams = Streams::default();
        for (subject, n_values) in holes {
            for value in 0..*n_values {
                for revision in ["r1", "r2"] {
                    let stream = streams.number("s", revision);
                    let seen = Seen { entries: 1, first_ns: value.into(), last_ns: offset.into() };
                    let hole = (Subject::Message(*subject), 0);
                    all.push(hole, &format!("v{}", offset + value), stream, seen);
                }
            }
        }
        all.finish(streams.into_all())
    }

    proptest! {
        #[test]
        fn only_holes_with_too_many_values_are_let_go(
            sizes in proptest::collection::vec((0u32..200, 0u32..120, 0u32..300), 1..6),
        ) {
            let segments = || sizes.iter().map(|(a, b, offset)| segment(&[(1, *a), (2, *b)], *offset));
            let before = Values { segments: segments().collect(), overfull: HashSet::new() };
            let mut after = Values { segments: segments().collect(), overfull: HashSet::new() };
            after.drop_overfull();
            for subject in [1, 2].map(Subject::Message) {
                let list = |values: &Values| -> Option<Vec<(String, Stream, Seen)>> {
                    let of_hole = values.of(subject, 0)?;
                    Some(of_hole.map(|v| (v.text.to_owned(), v.stream.clone(), v.seen)).collect())
                };
                let all = list(&before).unwrap();
                let n_distinct = all.iter().map(|(text, ..)| text).collect::<HashSet<_>>().len();
                let is_kept = n_distinct as u64 <= MAX_CLOSED_VALUES;
                prop_assert_eq!(list(&after), is_kept.then_some(all));
            }
        }
    }
}
