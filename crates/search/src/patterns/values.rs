//! What stood in the holes of messages and exceptions, of all segments, ready to be asked hole by hole.
//!
//! ```text
//! segment 1   message…/2: "a" api-1 40, "a" api-2 3, "b" api-1 7     ─┐
//! segment 2   message…/2: "a" api-2 9, "c" api-2 1                   ─┴► hole of message…/2: values by service and revision
//! ```
//!
//! Values lie in one text per segment and streams are numbers, so that an archive with very many of both is read with few
//! allocations.

use super::{Seen, Stream, StreamNumbers};
use hashbrown::HashMap;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::ops::Range;
use timberline_archive::segment::{Segment, Subject};
use timberline_archive::{Archive, Result};

/// Values of all segments.
#[derive(Debug)]
pub struct Values(Vec<OfSegment>);

/// The values of one segment.
#[derive(Debug, Default)]
struct OfSegment {
    /// All values, one after another.
    text: String,
    values: Vec<Value>,
    /// Where the values of a hole are; they follow one another.
    by_hole: HashMap<(Subject, u32), Range<usize>>,
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Value {
    /// Its place in the text; `None` for a hole with too many.
    text: Option<Range<usize>>,
    /// Number among the streams of the segment.
    stream: usize,
    seen: Seen,
}

/// One value of one stream in one segment.
pub(super) struct ValueOfStream<'v> {
    /// `None` for a hole with too many.
    pub(super) text: Option<&'v str>,
    pub(super) stream: &'v Stream,
    pub(super) seen: Seen,
}

impl Values {
    /// Reads the values of all segments, side by side.
    ///
    /// # Errors
    /// [`Damaged`](timberline_archive::Error::Damaged) when an index cannot be read.
    pub fn read(archive: &Archive) -> Result<Self> {
        Self::read_of(archive, |_| true)
    }

    /// As [`read`](Self::read); only what `is_wanted` says yes to is kept.
    ///
    /// # Errors
    /// [`Damaged`](timberline_archive::Error::Damaged) when an index cannot be read.
    pub fn read_of(archive: &Archive, is_wanted: impl Fn(Subject) -> bool + Sync) -> Result<Self> {
        let read = |segment: &Segment| OfSegment::read(segment, &is_wanted);
        Ok(Self(archive.segments().par_iter().map(read).collect::<Result<_>>()?))
    }

    /// Returns the values of a hole, by segment; of each by value and stream.
    pub(super) fn of(&self, subject: Subject, hole: usize) -> impl Iterator<Item = ValueOfStream<'_>> {
        let hole = u32::try_from(hole).expect("a message has few holes");
        self.0.iter().flat_map(move |segment| {
            let range = segment.by_hole.get(&(subject, hole)).cloned().unwrap_or(0..0);
            segment.values[range].iter().map(|value| ValueOfStream {
                text: value.text.clone().map(|range| &segment.text[range]),
                stream: &segment.streams[value.stream],
                seen: value.seen,
            })
        })
    }
}

impl OfSegment {
    fn read(segment: &Segment, is_wanted: &impl Fn(Subject) -> bool) -> Result<Self> {
        let mut all = Self::default();
        let mut streams = StreamNumbers::default();
        segment.each_value(|value| {
            if !is_wanted(value.subject) {
                return;
            }
            let text = value.value.map(|value| {
                let start = all.text.len();
                all.text.push_str(value);
                start..all.text.len()
            });
            let at = all.values.len();
            all.by_hole.entry((value.subject, value.hole)).or_insert(at..at).end = at + 1;
            let seen = Seen { entries: value.rows, first_ns: value.first_ns, last_ns: value.last_ns };
            all.values.push(Value { text, stream: streams.number(value.service, value.revision), seen });
        })?;
        all.streams = streams.into_streams();
        Ok(all)
    }
}
