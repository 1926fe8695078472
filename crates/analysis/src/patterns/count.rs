//! Entries counted by pattern and exception: from ring facts where rings are certain, else row by row.

use super::Vocabulary;
use super::vocabulary::HeldValues;
use crate::occurrence::RowRef;
use crate::question::Investigation;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use timberline_archive::Result;
use timberline_archive::catalog::VariantRecord;
use timberline_archive::exception::value_of;
use timberline_archive::patterns::{Part, Seen, Stream, Streams};
use timberline_archive::segment::{HOUR_NS, Run, Segment, ShapeRecord, Subject};
use timberline_entry::{MESSAGE_FIELDS, Severity, message};
use timberline_pattern::mask::{Hole, Masker};
use timberline_query::{Filter, time_bounds};
use timberline_search::{Names, RowView, Sink, Wanted, scan};

/// A course has at most so many stretches.
const MAX_STRETCHES: i64 = 24;
/// Lengths of a stretch, in hours.
const STRETCHES: [i64; 9] = [1, 2, 3, 6, 12, 24, 48, 168, 336];

/// What was counted.
pub(super) struct Counts {
    /// Entries that match.
    pub(super) total: u64,
    pub(super) subjects: BTreeMap<Subject, Counted>,
    /// By id of the variant.
    pub(super) variants: BTreeMap<u64, BTreeMap<Stream, Seen>>,
    pub(super) course: Course,
}

/// What was counted of one pattern or exception.
pub(super) struct Counted {
    pub(super) seen: Seen,
    pub(super) first: RowRef,
    pub(super) streams: BTreeMap<Stream, Seen>,
    pub(super) severities: BTreeMap<Severity, u64>,
}

/// Entries over time.
pub(super) struct Course {
    /// Start of the first stretch and length of each, in hours; no start without entries.
    from: Option<i64>,
    hours: i64,
    n: usize,
    counts: BTreeMap<(Subject, i64), u64>,
}

impl Course {
    /// Cuts a span of time into stretches that begin at full hours, days or weeks.
    fn over(span: Option<(i64, i64)>) -> Self {
        let Some((first, last)) = span else {
            return Self { from: None, hours: 1, n: 0, counts: BTreeMap::new() };
        };
        let (first, last) = (first.div_euclid(HOUR_NS), last.div_euclid(HOUR_NS));
        let fits = |hours: &&i64| last.div_euclid(**hours) - first.div_euclid(**hours) < MAX_STRETCHES;
        let longest = (last - first) / MAX_STRETCHES + 1;
        let hours = STRETCHES.iter().find(fits).copied().unwrap_or((longest / 168 + 1) * 168);
        let start = first.div_euclid(hours);
        let n = usize::try_from(last.div_euclid(hours) - start + 1).expect("a course has few stretches");
        Self { from: Some(start * hours), hours, n, counts: BTreeMap::new() }
    }

    fn stretch(&self, hour: i64) -> i64 {
        (hour - self.from.unwrap_or_default()).div_euclid(self.hours)
    }

    fn add(&mut self, subject: Subject, hour: i64, entries: u64) {
        *self.counts.entry((subject, self.stretch(hour))).or_insert(0) += entries;
    }

    /// Returns the counts of one pattern or exception, in order.
    pub(super) fn of(&self, subject: Subject) -> Vec<u64> {
        let count = |stretch| self.counts.get(&(subject, stretch)).copied().unwrap_or(0);
        (0..self.n)
            .map(|stretch| count(i64::try_from(stretch).expect("a course has few stretches")))
            .collect()
    }

    /// Returns its start in nanoseconds, and the length of a stretch in hours.
    pub(super) fn span(&self) -> (Option<i64>, u64) {
        (self.from.map(|hours| hours * HOUR_NS), self.hours.unsigned_abs())
    }
}

impl Counts {
    /// Counts what matches. Cost: for no filter ring facts and cubes alone.
    pub(super) fn of(
        investigation: &Investigation<'_>,
        vocabulary: &Vocabulary<'_>,
        held: &HeldValues,
        filter: &Filter,
    ) -> Result<Self> {
        let archive = investigation.archive;
        let is_all = *filter == Filter::all();
        let spans =
            archive.segments().iter().map(|segment| (segment.record().first_ns, segment.record().last_ns));
        let (since, until) = time_bounds(filter);
        let of_archive = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let span = of_archive
            .map(|(first, last)| {
                let first = since.map_or(first, |since| since.clamp(first, last));
                (first, until.map_or(last, |until| until.min(last)))
            })
            // A filter may end before it begins, or before the archive does.
            .filter(|(first, last)| first <= last);
        let mut counter = Counter::new(investigation, vocabulary, is_all, Course::over(span));
        let mut wanted = Wanted::default();
        if !counter.by_row.is_empty() {
            wanted.fields = MESSAGE_FIELDS.into();
        }
        scan(archive, &investigation.names, filter, &wanted, &mut counter)?;
        let mut counts = counter.counts;
        if is_all {
            for segment in archive.segments() {
                for cell in segment.cube()? {
                    let pattern = investigation.names.pattern(cell.pattern);
                    counts.course.add(Subject::Message(pattern), i64::from(cell.hour), cell.entries);
                    if let Some(key) = cell.exception {
                        counts.course.add(Subject::Exception(key), i64::from(cell.hour), cell.entries);
                    }
                }
            }
            counts.variants.clone_from(&held.variants);
        }
        Ok(counts)
    }
}

/// Returns when each pattern and exception was first seen in the whole archive.
pub(super) fn firsts(investigation: &Investigation<'_>) -> Result<BTreeMap<Subject, i64>> {
    let mut firsts: BTreeMap<Subject, i64> = BTreeMap::new();
    for segment in investigation.archive.segments() {
        let (rings, shapes) = (segment.rings()?, segment.shapes()?);
        let times = rings.times()?;
        for (ring, shape) in rings.each_shape(0..rings.len()).enumerate() {
            let here = times.first(ring);
            for subject in subjects(&investigation.names, &shapes[shape]) {
                let first = firsts.entry(subject).or_insert(here);
                *first = (*first).min(here);
            }
        }
    }
    Ok(firsts)
}

/// Returns when one of them was first seen.
pub(super) fn firsts_of(investigation: &Investigation<'_>, subject: Subject) -> Result<i64> {
    Ok(firsts(investigation)?.get(&subject).copied().unwrap_or(i64::MAX))
}

/// Returns what the entries of a shape are of.
fn subjects(names: &Names, shape: &ShapeRecord) -> impl Iterator<Item = Subject> + use<> {
    let message = Subject::Message(names.pattern(shape.pattern));
    std::iter::once(message).chain(shape.exception.map(Subject::Exception))
}

struct Counter<'i> {
    investigation: &'i Investigation<'i>,
    masker: &'i Masker,
    vocabulary: &'i Vocabulary<'i>,
    /// Patterns and exceptions whose variants only rows can tell apart.
    by_row: BTreeSet<Subject>,
    is_all: bool,
    counts: Counts,
    holes: Vec<Hole>,
    /// What shapes have at places, as far as it was asked.
    parts: HashMap<(u64, usize), Option<Part>>,
    /// Number of each segment by its name.
    segments: BTreeMap<&'i str, usize>,
    streams: Streams,
}

impl<'i> Counter<'i> {
    fn new(
        investigation: &'i Investigation<'i>,
        vocabulary: &'i Vocabulary<'i>,
        is_all: bool,
        course: Course,
    ) -> Self {
        let segments = investigation.archive.segments().iter().enumerate();
        let mut by_row = BTreeSet::new();
        // Without a filter variants are counted already.
        if !is_all {
            by_row.extend(vocabulary.variants.all().iter().map(|variant| variant.subject));
        }
        Self {
            investigation,
            masker: vocabulary.patterns.masker(),
            vocabulary,
            by_row,
            is_all,
            counts: Counts { total: 0, subjects: BTreeMap::new(), variants: BTreeMap::new(), course },
            holes: Vec::new(),
            parts: HashMap::new(),
            segments: segments.map(|(idx, segment)| (segment.record().id.as_str(), idx)).collect(),
            streams: Streams::default(),
        }
    }

    /// Returns the service and revision of a run of rings.
    fn stream(&mut self, segment: &Segment, run: &Run) -> Result<Stream> {
        let (services, revisions) = (segment.services()?, segment.revisions()?);
        Ok(self.streams.get(&services[run.service], &revisions[run.revision]).clone())
    }

    fn add(&mut self, subject: Subject, stream: &Stream, severity: Severity, seen: Seen, first: RowRef) {
        let counted = self.counts.subjects.entry(subject).or_insert_with(|| Counted {
            seen: Seen { entries: 0, ..seen },
            first,
            streams: BTreeMap::new(),
            severities: BTreeMap::new(),
        });
        counted.seen.add(seen);
        counted.first = counted.first.min(first);
        *counted.severities.entry(severity).or_insert(0) += seen.entries;
        match counted.streams.get_mut(stream) {
            Some(known) => known.add(seen),
            None => {
                counted.streams.insert(stream.clone(), seen);
            }
        }
    }

    fn add_variants(&mut self, row: &RowView<'_>, shape: &ShapeRecord, stream: &Stream, seen: Seen) {
        for subject in subjects(&self.investigation.names, shape) {
            if !self.by_row.contains(&subject) {
                continue;
            }
            let variants = self.vocabulary.variants_of(subject);
            let text = message(row.entry);
            self.masker.mask(&text, &mut self.holes);
            let (patterns, holes) = (&self.vocabulary.patterns, &self.holes);
            let parts = &mut self.parts;
            let own: Vec<u64> = match subject {
                Subject::Message(_) => {
                    let places: BTreeSet<usize> = variants.iter().map(|variant| variant.place).collect();
                    let mut own = Vec::new();
                    for place in places {
                        let part = parts
                            .entry((shape.pattern, place))
                            .or_insert_with(|| patterns.part(shape.pattern, place));
                        let value = part.as_ref().and_then(|part| part.value(&text, holes));
                        own.extend(value.and_then(|value| find(variants, place, value)));
                    }
                    own
                }
                Subject::Exception(key) => {
                    let value = value_of(row.entry, key, self.masker);
                    value.and_then(|value| find(variants, 0, &value)).into_iter().collect()
                }
            };
            for id in own {
                let streams = self.counts.variants.entry(id).or_default();
                match streams.get_mut(stream) {
                    Some(known) => known.add(seen),
                    None => {
                        streams.insert(stream.clone(), seen);
                    }
                }
            }
        }
    }
}

fn find(variants: &[VariantRecord], place: usize, value: &str) -> Option<u64> {
    variants.iter().find(|variant| variant.place == place && variant.value == value).map(|variant| variant.id)
}

impl Sink for Counter<'_> {
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        let rings = segment.rings()?;
        let shape = &segment.shapes()?[rings.shape(ring)];
        let course = &self.counts.course;
        let stretch = |ns: i64| course.stretch(ns.div_euclid(HOUR_NS));
        let subjects: Vec<Subject> = subjects(&self.investigation.names, shape).collect();
        let (range, times) = (rings.range(ring), rings.times()?);
        let (min, max, entries) = (times.first(ring), times.last(ring), range.end - range.start);
        let needs_rows =
            stretch(min) != stretch(max) || subjects.iter().any(|subject| self.by_row.contains(subject));
        if !self.is_all && needs_rows {
            return Ok(false);
        }
        let run = rings.run_of(ring);
        let stream = self.stream(segment, run)?;
        let segment_idx = self.segments[segment.record().id.as_str()];
        let first = RowRef { time_ns: min, segment: segment_idx, row: range.start };
        let seen = Seen { entries, first_ns: min, last_ns: max };
        self.counts.total += entries;
        for subject in subjects {
            self.add(subject, &stream, run.severity, seen, first);
            if !self.is_all {
                self.counts.course.add(subject, min.div_euclid(HOUR_NS), entries);
            }
        }
        Ok(true)
    }

    fn row(&mut self, segment: &Segment, ring: usize, view: &RowView<'_>) -> Result<()> {
        let rings = segment.rings()?;
        let shape = &segment.shapes()?[rings.shape(ring)];
        let run = rings.run_of(ring);
        let stream = self.stream(segment, run)?;
        let time = view.row.timestamp.as_nanos();
        let segment_idx = self.segments[segment.record().id.as_str()];
        let first = RowRef { time_ns: time, segment: segment_idx, row: view.row.idx };
        let seen = Seen { entries: 1, first_ns: time, last_ns: time };
        self.counts.total += 1;
        for subject in subjects(&self.investigation.names, shape) {
            self.add(subject, &stream, run.severity, seen, first);
            self.counts.course.add(subject, time.div_euclid(HOUR_NS), 1);
        }
        self.add_variants(view, shape, &stream, seen);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courses_have_few_stretches_of_a_plain_length() {
        for (hours, expected, n) in
            [(0, 1, 1), (23, 1, 24), (24, 2, 13), (24 * 30, 48, 16), (24 * 365, 504, 18)]
        {
            let course = Course::over(Some((0, hours * HOUR_NS)));
            assert_eq!((course.hours, course.n), (expected, n), "{hours} hours");
        }
        let mut course = Course::over(Some((-HOUR_NS, HOUR_NS)));
        course.add(Subject::Message(1), -1, 5);
        course.add(Subject::Message(1), 1, 2);
        assert_eq!(course.of(Subject::Message(1)), [5, 0, 2]);
        assert!(Course::over(None).of(Subject::Message(1)).is_empty());
    }
}
