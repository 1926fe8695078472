//! Matches counted by group, with the first and last row of each.

use crate::group::{Bucket, GroupBy};
use crate::occurrence::RowRef;
use crate::question::{Investigation, Question};
use hashbrown::HashMap;
use jiff::tz::TimeZone;
use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::segment::{Beside, RingPlace, Run, Segment, ShapeRecord};
use timberline_archive::{Result, pattern_name};
use timberline_entry::{Field, Severity, Timestamp};
use timberline_query::{FieldPath, Filter, Node, Test, roots_read};
use timberline_search::{Names, RowView, Sink, Wanted, scan_each};

/// A group's key: one text per grouping. Stretches of time are written as their start.
pub(crate) type Key = Vec<String>;

/// What is counted of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) count: u64,
    pub(crate) first: RowRef,
    pub(crate) last: RowRef,
}

/// All groups of an answer, and the whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) groups: BTreeMap<Key, Counted>,
    pub(crate) whole: Option<Counted>,
}

/// Counts the matches of a question. Segments are counted side by side, by number; numbers become names at the end.
pub(crate) fn tally(investigation: &Investigation<'_>, question: &Question) -> Result<Tally> {
    let mut wanted = Wanted::fields([]);
    for by in &question.by {
        match by {
            GroupBy::Field(path) => {
                wanted.fields.extend(fields_of(path));
                if matches!(path, FieldPath::Derived(_)) {
                    wanted.beside = Beside::TOLD;
                }
            }
            GroupBy::Pattern | GroupBy::Exception => wanted.beside = wanted.beside.union(Beside::SAID),
            _ => {}
        }
    }
    let (archive, names) = (investigation.archive, &investigation.names);
    let mut counters = scan_each(archive, names, &question.filter, &wanted, |segment_idx| Counter {
        by: &question.by,
        zone: &question.zone,
        names,
        segment_idx,
        place: RingPlace::default(),
        key_of: KeyOf::of(&question.by),
        groups: HashMap::new(),
        whole: None,
        key: Vec::new(),
        of_run: None,
        of_shapes: Vec::new(),
        patterns: Vec::new(),
        texts: Vec::new(),
        known_texts: HashMap::new(),
        buckets: BTreeMap::new(),
    })?;
    let close = |counter: &mut Counter<'_>| counter.close(&archive.segments()[counter.segment_idx]);
    let closed: Vec<Result<()>> = counters.par_iter_mut().map(close).collect();
    closed.into_iter().collect::<Result<()>>()?;
    let mut tally = Tally::default();
    counters.iter().filter_map(|counter| counter.whole).for_each(|counted| merge(&mut tally.whole, counted));
    // Numbers that mean the same in every segment become names once.
    if question.by.iter().all(is_alike_everywhere)
        && let Some((first, others)) = counters.split_first_mut()
    {
        for other in others {
            for (key, counted) in std::mem::take(&mut other.groups).into_iter().collect::<Vec<_>>() {
                first.add(&key, counted);
            }
        }
    }
    for counter in &counters {
        // Sums, first and last do not depend on the order in which groups come.
        for (numbers, counted) in counter.groups.iter().collect::<Vec<_>>() {
            let key: Key = question
                .by
                .iter()
                .zip(numbers.iter())
                .map(|(by, part)| counter.name(&archive.segments()[counter.segment_idx], by, *part))
                .collect::<Result<_>>()?;
            match tally.groups.get_mut(&key) {
                Some(group) => group.add(*counted),
                None => {
                    tally.groups.insert(key, *counted);
                }
            }
        }
    }
    Ok(tally)
}

/// Says whether the parts of keys are the same numbers in every segment.
const fn is_alike_everywhere(by: &GroupBy) -> bool {
    match by {
        GroupBy::Pattern | GroupBy::Exception => true,
        GroupBy::Hour | GroupBy::Day | GroupBy::Week | GroupBy::Month => true,
        GroupBy::Revision | GroupBy::Service | GroupBy::Severity | GroupBy::Field(_) => false,
    }
}

fn fields_of(path: &FieldPath) -> BTreeSet<Field> {
    match path {
        FieldPath::Entry(path) => BTreeSet::from([path.root]),
        // A computed field is read from what a filter on it would read.
        FieldPath::Derived(name) => {
            let text = format!("{}:*", name.name());
            let filter = timberline_query::compile(&text, &timberline_query::Options::default());
            filter.map(|compiled| roots_read(&compiled.filter)).unwrap_or_default()
        }
    }
}

/// One part of a group's key, within one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// The entry has no such thing.
    Nothing,
    /// A number of the segment's, a fingerprint, or the start of a stretch of time.
    Number(u64),
    /// A text by its number among those that were met.
    Text(usize),
}

/// What of a ring decides its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyOf {
    /// Its run: service, revision and severity.
    Run,
    /// Its shape: pattern and exception.
    Shape,
    /// More than one of these, its time, or its rows.
    Ring,
}

impl KeyOf {
    fn of(by: &[GroupBy]) -> Self {
        let is_of_run = |by: &GroupBy| matches!(by, GroupBy::Revision | GroupBy::Service | GroupBy::Severity);
        let is_of_shape = |by: &GroupBy| matches!(by, GroupBy::Pattern | GroupBy::Exception);
        if by.iter().all(is_of_run) {
            Self::Run
        } else if by.iter().all(is_of_shape) {
            Self::Shape
        } else {
            Self::Ring
        }
    }
}

/// Counts the matches of one segment.
struct Counter<'q> {
    by: &'q [GroupBy],
    zone: &'q TimeZone,
    names: &'q Names,
    segment_idx: usize,
    /// The ring that was counted last.
    place: RingPlace,
    key_of: KeyOf,
    groups: HashMap<Box<[Part]>, Counted>,
    whole: Option<Counted>,
    /// The key of the run or ring that is being counted.
    key: Vec<Part>,
    /// What was counted of the run, where that decides the group.
    of_run: Option<Counted>,
    /// What was counted of each shape, where that decides the group.
    of_shapes: Vec<Option<Counted>>,
    /// The pattern of each shape, once it was asked for.
    patterns: Vec<u64>,
    texts: Vec<String>,
    known_texts: HashMap<String, usize>,
    /// Stretches of time that were met, by their start.
    buckets: BTreeMap<i64, Bucket>,
}

impl Counter<'_> {
    /// Adds what was counted of the run to its group.
    fn close_run(&mut self) {
        if let Some(counted) = self.of_run.take() {
            merge(&mut self.whole, counted);
            if !self.by.is_empty() {
                let key = std::mem::take(&mut self.key);
                self.add(&key, counted);
                self.key = key;
            }
        }
    }

    /// Adds what was counted apart to its groups, at the end.
    fn close(&mut self, segment: &Segment) -> Result<()> {
        self.close_run();
        for (shape, counted) in std::mem::take(&mut self.of_shapes).into_iter().enumerate() {
            let Some(counted) = counted else { continue };
            merge(&mut self.whole, counted);
            let key: Vec<Part> =
                self.by.iter().map(|by| self.part_of_shape(by, segment, shape)).collect::<Result<_>>()?;
            self.add(&key, counted);
        }
        Ok(())
    }

    fn add(&mut self, key: &[Part], counted: Counted) {
        match self.groups.get_mut(key) {
            Some(group) => group.add(counted),
            None => {
                self.groups.insert(key.into(), counted);
            }
        }
    }

    /// Returns the stretch of time that a point lies in.
    fn bucket(&mut self, by: &GroupBy, time_ns: i64) -> Bucket {
        let known = self.buckets.range(..=time_ns).next_back().map(|(_, bucket)| *bucket);
        if let Some(bucket) = known.filter(|bucket| time_ns < bucket.to_ns) {
            return bucket;
        }
        let bucket = Bucket::of(by, Timestamp::from_nanos(time_ns), self.zone);
        self.buckets.insert(bucket.from_ns, bucket);
        bucket
    }

    fn text(&mut self, text: &str) -> Part {
        if let Some(number) = self.known_texts.get(text) {
            return Part::Text(*number);
        }
        self.known_texts.insert(text.to_owned(), self.texts.len());
        self.texts.push(text.to_owned());
        Part::Text(self.texts.len() - 1)
    }

    /// Returns a part of a key as answers have it.
    fn name(&self, segment: &Segment, by: &GroupBy, part: Part) -> Result<String> {
        let number = match part {
            Part::Nothing => return Ok(String::new()),
            Part::Text(number) => return Ok(self.texts[number].clone()),
            Part::Number(number) => number,
        };
        let idx = || usize::try_from(number).expect("numbers of a segment are indices");
        Ok(match by {
            GroupBy::Revision => segment.revisions()?[idx()].clone(),
            GroupBy::Service => segment.services()?[idx()].clone(),
            GroupBy::Severity => Severity::ALL[idx()].name().to_owned(),
            GroupBy::Pattern | GroupBy::Exception => pattern_name(number),
            GroupBy::Hour | GroupBy::Day | GroupBy::Week | GroupBy::Month => start_key(number.cast_signed()),
            GroupBy::Field(_) => unreachable!("values of fields are texts"),
        })
    }

    /// Returns the part of a key that a shape has: its pattern or exception.
    fn part_of_shape(&mut self, by: &GroupBy, segment: &Segment, shape: usize) -> Result<Part> {
        if matches!(by, GroupBy::Exception) {
            return Ok(exception(segment.shapes()?[shape].exception));
        }
        if self.patterns.is_empty() {
            let pattern = |shape: &ShapeRecord| self.names.pattern(shape.pattern);
            self.patterns = segment.shapes()?.iter().map(pattern).collect();
        }
        Ok(Part::Number(self.patterns[shape]))
    }

    /// Returns the part of a key that a ring has, the same for all its rows; `None` where they may differ.
    fn part_of_ring(&mut self, by: &GroupBy, segment: &Segment, ring: usize) -> Result<Option<Part>> {
        let rings = segment.rings()?;
        Ok(Some(match by {
            GroupBy::Revision | GroupBy::Service | GroupBy::Severity => part_of_run(by, rings.run_of(ring)),
            GroupBy::Pattern | GroupBy::Exception => self.part_of_shape(by, segment, rings.shape(ring))?,
            GroupBy::Hour | GroupBy::Day | GroupBy::Week | GroupBy::Month => {
                let times = rings.times()?;
                let first = self.bucket(by, times.first(ring));
                if times.last(ring) >= first.to_ns {
                    return Ok(None);
                }
                Part::Number(first.from_ns.cast_unsigned())
            }
            GroupBy::Field(_) => return Ok(None),
        }))
    }
}

/// Returns the part of a key that a run has.
fn part_of_run(by: &GroupBy, run: &Run) -> Part {
    Part::Number(match by {
        GroupBy::Revision => run.revision as u64,
        GroupBy::Service => run.service as u64,
        GroupBy::Severity => run.severity.rank().into(),
        _ => unreachable!("only these are the same for a run"),
    })
}

/// Returns the part of a key that stands for an exception, or for none.
fn exception(key: Option<u64>) -> Part {
    key.map_or(Part::Nothing, Part::Number)
}

impl Counted {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

fn merge(known: &mut Option<Counted>, counted: Counted) {
    match known {
        Some(known) => known.add(counted),
        None => *known = Some(counted),
    }
}

impl Sink for Counter<'_> {
    fn run(&mut self, _: &Segment, run: &Run) -> Result<()> {
        self.close_run();
        if self.key_of == KeyOf::Run {
            self.key = self.by.iter().map(|by| part_of_run(by, run)).collect();
        }
        Ok(())
    }

    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        let mut key = std::mem::take(&mut self.key);
        if self.key_of == KeyOf::Ring {
            key.clear();
            for by in self.by {
                match self.part_of_ring(by, segment, ring)? {
                    Some(part) => key.push(part),
                    None => return Ok(false),
                }
            }
        }
        let rings = segment.rings()?;
        self.place.go_to(rings, ring);
        let (range, (first_ns, last_ns)) = (rings.range_at(self.place), rings.times()?.span_at(self.place));
        let row = |time_ns, row| RowRef { time_ns, segment: self.segment_idx, row };
        let (first, last) = (row(first_ns, range.start), row(last_ns, range.end - 1));
        let counted = Counted { count: range.end - range.start, first, last };
        match self.key_of {
            KeyOf::Run => merge(&mut self.of_run, counted),
            KeyOf::Shape => {
                self.of_shapes.resize(segment.n_shapes(), None);
                merge(&mut self.of_shapes[rings.shape(ring)], counted);
            }
            KeyOf::Ring => {
                merge(&mut self.whole, counted);
                self.add(&key, counted);
            }
        }
        self.key = key;
        Ok(true)
    }

    fn row(&mut self, segment: &Segment, ring: usize, row: &RowView<'_>) -> Result<()> {
        let time_ns = row.row.timestamp.as_nanos();
        let place = RowRef { time_ns, segment: self.segment_idx, row: row.row.idx };
        let counted = Counted { count: 1, first: place, last: place };
        merge(&mut self.whole, counted);
        let mut keys: Vec<Vec<Part>> = if self.by.is_empty() { Vec::new() } else { vec![Vec::new()] };
        for by in self.by {
            let parts: Vec<Part> = match by {
                GroupBy::Pattern => vec![Part::Number(self.names.pattern(row.row.pattern))],
                GroupBy::Exception => vec![exception(row.row.exception)],
                GroupBy::Hour | GroupBy::Day | GroupBy::Week | GroupBy::Month => {
                    vec![Part::Number(self.bucket(by, time_ns).from_ns.cast_unsigned())]
                }
                GroupBy::Field(path) => {
                    let mut values = path.texts(row.entry, row.derived);
                    values.sort();
                    values.dedup();
                    if values.is_empty() {
                        vec![Part::Nothing]
                    } else {
                        values.iter().map(|value| self.text(value)).collect()
                    }
                }
                GroupBy::Revision | GroupBy::Service | GroupBy::Severity => {
                    self.part_of_ring(by, segment, ring)?.into_iter().collect()
                }
            };
            keys = keys
                .into_iter()
                .flat_map(|key| {
                    parts.iter().map(move |part| [key.as_slice(), std::slice::from_ref(part)].concat())
                })
                .collect();
        }
        for key in keys {
            self.add(&key, counted);
        }
        Ok(())
    }
}

/// Writes a stretch of time as its start, so that keys sort in time order.
pub(crate) fn bucket_key(bucket: Bucket) -> String {
    start_key(bucket.from_ns)
}

fn start_key(from_ns: i64) -> String {
    Timestamp::from_nanos(from_ns).to_string()
}

/// Returns the part of a filter that says when and where, not what: comparisons of time, service and revision that are
/// ANDed on the outermost level. Exposure is counted within it.
pub(crate) fn scope(filter: &Filter) -> Filter {
    let is_scope = |node: &Node| match node {
        Node::Test(Test::Compare(compare)) => {
            let keys: Vec<&str> = compare.path.segments.iter().map(|segment| segment.key.as_str()).collect();
            compare.path.root == Field::Timestamp
                || compare.path.root == Field::Resource
                    && (keys == ["labels", "service_name"] || keys == ["labels", "revision_name"])
        }
        Node::Test(Test::Derived(compare)) => {
            matches!(
                compare.name,
                timberline_query::DerivedField::Service | timberline_query::DerivedField::Revision
            )
        }
        _ => false,
    };
    match filter.root() {
        Node::And(nodes) => {
            Filter::new(Node::and(nodes.iter().filter(|node| is_scope(node)).cloned().collect()))
        }
        node if is_scope(node) => filter.clone(),
        _ => Filter::all(),
    }
}
