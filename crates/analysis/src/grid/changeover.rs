//! Minutes in which a stream goes from one revision to another: they count for neither.
//!
//! ```text
//!   revision a    x x x x x x .                  one process after another, and no label that tells them apart
//!   revision b                . x x x x x
//!                             └ half a minute of each: no pattern had its whole chance in either
//! ```
//!
//! A stream is a service and an instance. On platforms whose instances run one revision each it never changes. Where entries
//! name no instance, or a machine's, a revision that begins or ends while another one of the stream runs changes it; two that
//! run side by side for longer change it where the later begins and the earlier ends, and in between each has its whole minutes.

use super::CELL_NS;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::{Archive, Result};

/// The minutes in which streams change, of the whole archive, whatever the question was.
#[derive(Debug, Default)]
pub(super) struct Changeovers {
    /// By service and instance.
    of_streams: BTreeMap<(String, String), BTreeSet<i64>>,
}

/// Of each stream, the first and last minute of its revisions.
type Spans = BTreeMap<(String, String), BTreeMap<String, (i64, i64)>>;

impl Changeovers {
    /// Finds them. Cost: the stream catalogue; the instances of all segments only where one of them ran several revisions.
    ///
    /// Entries of revisions that never name an instance are one stream of their service. Where a revision has instances, what
    /// names none is the platform's word on it and runs nothing.
    pub(super) fn of(archive: &Archive) -> Result<Self> {
        let catalog = archive.streams()?;
        let mut spans = Spans::new();
        let mut ran: BTreeMap<(&str, u32), u32> = BTreeMap::new();
        for (stream, idx) in catalog.streams().iter().zip(0..) {
            if stream.revision.is_empty() {
                continue;
            }
            let instances = catalog.instances_of(idx);
            if instances.is_empty() {
                let minutes = (minute(stream.first_ns), minute(stream.last_ns));
                let of_service = spans.entry((stream.service.clone(), String::new())).or_default();
                of_service.insert(stream.revision.clone(), minutes);
            }
            for instance in instances {
                *ran.entry((&stream.service, instance.number)).or_insert(0) += 1;
            }
        }
        if ran.values().any(|n_revisions| *n_revisions > 1) {
            for segment in archive.segments() {
                for record in segment.instances()?.into_iter().filter(|record| !record.revision.is_empty()) {
                    let (first, last) = (minute(record.first_ns), minute(record.last_ns));
                    let of_stream = spans.entry((record.service, record.id)).or_default();
                    let span = of_stream.entry(record.revision).or_insert((first, last));
                    *span = (span.0.min(first), span.1.max(last));
                }
            }
        }
        let changing = spans.into_iter().map(|(stream, spans)| (stream, changing(spans.into_values())));
        Ok(Self { of_streams: changing.filter(|(_, minutes)| !minutes.is_empty()).collect() })
    }

    /// Returns the minutes in which a stream changes, ascending.
    pub(super) fn of_stream(&self, service: &str, instance: &str) -> Vec<i64> {
        if self.of_streams.is_empty() {
            return Vec::new();
        }
        let stream = (service.to_owned(), instance.to_owned());
        self.of_streams.get(&stream).into_iter().flatten().copied().collect()
    }
}

const fn minute(ns: i64) -> i64 {
    ns.div_euclid(CELL_NS)
}

/// Returns the minutes in which one of some spans begins or ends while another one lasts.
fn changing(spans: impl Iterator<Item = (i64, i64)>) -> BTreeSet<i64> {
    let spans: Vec<(i64, i64)> = spans.collect();
    let mut minutes = BTreeSet::new();
    for (idx, (first, last)) in spans.iter().enumerate() {
        let is_other = |minute: i64| {
            spans.iter().enumerate().any(|(of, (from, to))| of != idx && *from <= minute && minute <= *to)
        };
        minutes.extend([*first, *last].into_iter().filter(|minute| is_other(*minute)));
    }
    minutes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spans: &[(i64, i64)], expected: &[i64]) {
        let found = changing(spans.iter().copied());
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{spans:?}");
    }

    #[test]
    fn a_revision_that_begins_or_ends_beside_another_changes_the_stream() {
        check(&[(0, 10), (10, 20)], &[10]);
        check(&[(0, 9), (10, 20)], &[]);
        // A change that takes a while, side by side for long, and back again.
        check(&[(0, 12), (10, 20)], &[10, 12]);
        check(&[(0, 500), (10, 500)], &[10, 500]);
        check(&[(0, 30), (10, 20), (40, 50)], &[10, 20]);
        check(&[(0, 10)], &[]);
    }
}
