//! How often messages of each shape were there, by service and revision.

use super::{Seen, Stream};
use crate::error::Result;
use crate::segment::{RingPlace, Segment, ShapeRecord};
use hashbrown::HashMap;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

/// Rows of shapes of messages, by service and revision; a stream once for every segment.
pub(super) type ShapeCounts = HashMap<u64, Vec<(Stream, Seen)>>;

/// Counts rows by shape of message, service and revision, from ring facts, of the shapes that `is_counted` says yes to.
pub(super) fn shape_counts(
    segments: &[Segment],
    is_counted: impl Fn(u64) -> bool + Sync,
) -> Result<ShapeCounts> {
    let of_segment = |segment: &Segment| -> Result<Vec<(u64, (Stream, Seen))>> {
        let (rings, shapes) = (segment.rings()?, segment.shapes()?);
        let (services, revisions) = (segment.services()?, segment.revisions()?);
        // Rings are many more than messages, so those of one are added up by its number.
        let mut numbers: HashMap<u64, Option<usize>> = HashMap::new();
        let mut messages = Vec::new();
        let mut number = |shape: &ShapeRecord| {
            *numbers.entry(shape.pattern).or_insert_with(|| {
                is_counted(shape.pattern).then(|| {
                    messages.push(shape.pattern);
                    messages.len() - 1
                })
            })
        };
        let message_of: Vec<Option<usize>> = shapes.iter().map(&mut number).collect();
        let times = rings.times()?;
        let mut place = RingPlace::default();
        let mut of_message: Vec<Option<Seen>> = vec![None; messages.len()];
        let mut counts = Vec::new();
        // Runs of one revision follow one another.
        for runs in rings.runs().chunk_by(|a, b| (a.service, a.revision) == (b.service, b.revision)) {
            let (own, mut found) = (runs[0].rings.start..runs[runs.len() - 1].rings.end, Vec::new());
            for (ring, shape) in own.clone().zip(rings.each_shape(own)) {
                let Some(message) = message_of[shape] else { continue };
                place.go_to(rings, ring);
                let (first_ns, last_ns) = times.span_at(place);
                let seen = Seen { entries: rings.rows(ring), first_ns, last_ns };
                match &mut of_message[message] {
                    Some(known) => known.add(seen),
                    none => {
                        found.push(message);
                        *none = Some(seen);
                    }
                }
            }
            let stream = Stream::new(&services[runs[0].service], &revisions[runs[0].revision]);
            counts.extend(found.into_iter().filter_map(|message| {
                of_message[message].take().map(|seen| (messages[message], (stream.clone(), seen)))
            }));
        }
        Ok(counts)
    };
    let counted: Vec<Vec<(u64, (Stream, Seen))>> =
        segments.par_iter().map(of_segment).collect::<Result<_>>()?;
    let mut counts = ShapeCounts::new();
    for (shape, count) in counted.into_iter().flatten() {
        counts.entry(shape).or_default().push(count);
    }
    Ok(counts)
}
