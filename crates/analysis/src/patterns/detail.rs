//! Everything about one pattern, exception or variant.

use super::vocabulary::HeldValues;
use super::{
    Counts, PatternSummary, TrendAxis, VariantSummary, Vocabulary, exception_line, firsts_of, period_seconds,
    summary,
};
use crate::evidence::rfc3339;
use crate::occurrence::{End, RowRef, read};
use crate::question::Investigation;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use timberline_archive::patterns::{Part, Seen};
use timberline_archive::segment::{Segment, Subject};
use timberline_archive::{Column, Result, pattern_name};
use timberline_entry::{Field, MESSAGE_FIELDS, instance, message};
use timberline_pattern::mask::{Hole, HoleKind};
use timberline_pattern::shape::{Shape, Token};
use timberline_query::{Filter, Options, compile};
use timberline_search::{RowView, Sink, Wanted, scan};

/// Values of a hole that are listed.
const LISTED_VALUES: usize = 10;
/// Distinct values of a hole that are counted apart.
const MAX_DISTINCT: usize = 10_000;
/// Traces of the pattern that others are compared with.
const MAX_TRACES: usize = 1000;
/// Related patterns that are listed.
const MAX_RELATED: usize = 8;
/// Patterns are related by time if at least this part of the hours in which either was seen has both.
const MIN_SHARED_HOURS: f64 = 0.3;

/// Everything about a pattern; serialised, the contract `timberline/pattern/1`.
#[derive(Clone, Debug, Serialize)]
pub struct PatternDetail {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// The record, as lists have it.
    pub pattern: PatternSummary,
    /// What a mark of its course over time stands for.
    pub trend: TrendAxis,
    /// The variant that was asked for, if it was one; everything below is then about its entries alone.
    pub variant: Option<VariantSummary>,
    /// Shapes of messages that make up the pattern, by fingerprint: the witnesses of its merging.
    pub shapes: Vec<String>,
    /// Who wrote it: instances, the one with the most entries first.
    pub instances: Vec<InstanceCount>,
    /// What stood in its holes.
    pub holes: Vec<HoleSummary>,
    /// The first entry, one in the middle, and the last.
    pub samples: Vec<PatternSample>,
    /// Frames of the exception, from the failure outwards.
    pub frames: Vec<FrameLine>,
    /// What else is said in the same requests or the same hours.
    pub related: Vec<RelatedPattern>,
}

/// Entries of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstanceCount {
    /// Service.
    pub service: String,
    /// Revision.
    pub revision: String,
    /// Label `instanceId`; empty for entries that do not say.
    pub instance: String,
    /// Entries.
    pub count: u64,
    /// Time of the first.
    pub first: String,
    /// Time of the last.
    pub last: String,
}

/// What stood in a hole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HoleSummary {
    /// Which of the template's values it is, from 0.
    pub hole: usize,
    /// What kind of value it holds: `num`, `path`, …; `*` for any.
    pub kind: String,
    /// Distinct values; at most ten thousand are told apart.
    pub distinct: usize,
    /// The most frequent values.
    pub values: Vec<ValueCount>,
    /// Smallest, middle and largest, where all are numbers.
    pub range: Option<[f64; 3]>,
}

/// How often a value stood in a hole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value.
    pub value: String,
    /// Entries.
    pub count: u64,
}

/// An entry of the pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PatternSample {
    /// When, RFC 3339.
    pub timestamp: String,
    /// Service.
    pub service: String,
    /// Revision.
    pub revision: String,
    /// Severity.
    pub severity: String,
    /// The entry's id, if it has one.
    #[serde(rename = "insertId")]
    pub insert_id: Option<String>,
    /// What it says.
    pub message: String,
    /// Where it was exported: path and line.
    pub source: String,
}

/// A frame of the exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameLine {
    /// Module and function.
    pub name: String,
    /// File as printed, with the line of the first entry.
    pub place: String,
    /// Whether it is the program's own.
    pub in_app: bool,
    /// Whether the fingerprint depends on it.
    pub counts: bool,
}

/// A pattern that comes with this one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelatedPattern {
    /// Its id.
    pub id: String,
    /// It as it is shown.
    pub template: String,
    /// Requests of this pattern, by trace, that have the other as well.
    pub shared_traces: u64,
    /// Part of the hours with either, per revision, that have both.
    pub shared_hours: f64,
}

/// Says everything about a pattern, an exception or a variant; `None` for what is no id.
///
/// Cost: reads all its entries, and the traces of those between its first and its last.
///
/// # Errors
/// Damage in the archive.
pub fn pattern_detail(investigation: &Investigation<'_>, id: &str) -> Result<Option<PatternDetail>> {
    let vocabulary = Vocabulary::read(investigation.archive)?;
    let Some((subject, variant_id)) = find(investigation, &vocabulary, id) else { return Ok(None) };
    let Ok(compiled) = compile(&format!("pattern=\"{id}\""), &Options::default()) else { return Ok(None) };
    let held = HeldValues::read(investigation.archive, &vocabulary)?;
    let counts = Counts::of(investigation, &vocabulary, &held, &Filter::all())?;
    let Some(counted) = counts.subjects.get(&subject) else { return Ok(None) };
    let first = firsts_of(investigation, subject)?;
    let mut record = summary(investigation, &vocabulary, &held, &counts, first, subject, counted);
    let mut reader = Reader::new(investigation, &vocabulary, subject);
    let fields = MESSAGE_FIELDS.into_iter().chain([Field::Labels, Field::Trace]).collect();
    let wanted = Wanted { fields, ..Wanted::default() };
    scan(investigation.archive, &investigation.names, &compiled.filter, &wanted, &mut reader)?;
    let variant = variant_id
        .map(pattern_name)
        .and_then(|id| record.variants.iter().find(|variant| variant.id == id).cloned());
    reader.places.sort_unstable();
    let times: Vec<i64> = reader.places.iter().map(|place| place.time_ns).collect();
    record.period_seconds = period_seconds(&times);
    let samples = reader.samples(investigation)?;
    if let Some(first) = samples.first() {
        record.sample.clone_from(&first.message);
    }
    let exception = match subject {
        Subject::Exception(key) => vocabulary.exceptions.get(key),
        Subject::Message(_) => vocabulary.exceptions.get(reader.exception.unwrap_or_default()),
    };
    let frames = exception.into_iter().flat_map(|exception| &exception.frames).map(|frame| FrameLine {
        name: frame.name.clone(),
        place: match frame.line {
            Some(line) => format!("{}:{line}", frame.file),
            None => frame.file.clone(),
        },
        in_app: frame.in_app,
        counts: frame.counts,
    });
    let shapes = match subject {
        Subject::Message(pattern) => {
            vocabulary.patterns.shapes_of(pattern).map(|shape| pattern_name(shape.shape)).collect()
        }
        Subject::Exception(_) => Vec::new(),
    };
    Ok(Some(PatternDetail {
        schema: "timberline/pattern/1",
        frames: frames.collect(),
        related: related(investigation, &vocabulary, subject, &reader)?,
        instances: reader.instances(),
        holes: reader.holes(),
        samples,
        shapes,
        variant,
        trend: counts.course.axis(),
        pattern: record,
    }))
}

/// Finds what an id names; with the id of today of a variant.
fn find(
    investigation: &Investigation<'_>,
    vocabulary: &Vocabulary<'_>,
    id: &str,
) -> Option<(Subject, Option<u64>)> {
    let id = u64::from_str_radix(id, 16).ok()?;
    if let Some(pattern) = investigation.names.known_pattern(id) {
        return Some((Subject::Message(pattern), None));
    }
    if let Some(key) = vocabulary.exceptions.keys_of(id).first() {
        return Some((Subject::Exception(*key), None));
    }
    let variant = vocabulary.variants.all().iter().find(|variant| variant.id == id)?;
    Some((variant.subject, Some(variant.id)))
}

/// What entries of the pattern hold.
struct Reader<'v> {
    vocabulary: &'v Vocabulary<'v>,
    subject: Subject,
    segments: BTreeMap<String, usize>,
    places: Vec<RowRef>,
    instances: BTreeMap<(String, String, String), Seen>,
    /// The template's holes: place and kind.
    template: Vec<(usize, HoleKind)>,
    values: Vec<BTreeMap<String, u64>>,
    parts: HashMap<(u64, usize), Option<Part>>,
    traces: BTreeSet<String>,
    exception: Option<u64>,
    holes: Vec<Hole>,
}

impl<'v> Reader<'v> {
    fn new(investigation: &Investigation<'_>, vocabulary: &'v Vocabulary<'v>, subject: Subject) -> Self {
        let template: Vec<(usize, HoleKind)> = match subject {
            Subject::Message(pattern) => {
                let line =
                    vocabulary.patterns.shapes_of(pattern).next().map_or("", |shape| &shape.template_line);
                let kind = |(place, token): (usize, &Token)| match token {
                    Token::Value(kind) => Some((place, *kind)),
                    _ => None,
                };
                Shape::from_line(line).tokens().iter().enumerate().filter_map(kind).collect()
            }
            Subject::Exception(_) => Vec::new(),
        };
        let segments = investigation.archive.segments().iter().enumerate();
        Self {
            vocabulary,
            subject,
            segments: segments.map(|(idx, segment)| (segment.record().id.clone(), idx)).collect(),
            places: Vec::new(),
            instances: BTreeMap::new(),
            values: vec![BTreeMap::new(); template.len()],
            template,
            parts: HashMap::new(),
            traces: BTreeSet::new(),
            exception: None,
            holes: Vec::new(),
        }
    }

    fn instances(&self) -> Vec<InstanceCount> {
        let count =
            |((service, revision, instance), seen): (&(String, String, String), &Seen)| InstanceCount {
                service: service.clone(),
                revision: revision.clone(),
                instance: instance.clone(),
                count: seen.entries,
                first: rfc3339(seen.first_ns),
                last: rfc3339(seen.last_ns),
            };
        let mut all: Vec<InstanceCount> = self.instances.iter().map(count).collect();
        all.sort_by_key(|instance| std::cmp::Reverse(instance.count));
        all
    }

    fn holes(&self) -> Vec<HoleSummary> {
        let hole = |((place, kind), values): (&(usize, HoleKind), &BTreeMap<String, u64>)| {
            let mut listed: Vec<ValueCount> = values
                .iter()
                .map(|(value, count)| ValueCount { value: value.clone(), count: *count })
                .collect();
            listed.sort_by(|a, b| (b.count, &a.value).cmp(&(a.count, &b.value)));
            listed.truncate(LISTED_VALUES);
            HoleSummary {
                hole: self.vocabulary.hole_number(self.subject, *place),
                kind: kind.as_str().trim_matches(['<', '>']).to_owned(),
                distinct: values.len(),
                values: listed,
                range: range(values),
            }
        };
        self.template.iter().zip(&self.values).map(hole).collect()
    }

    /// Reads the first entry, one in the middle and the last.
    fn samples(&self, investigation: &Investigation<'_>) -> Result<Vec<PatternSample>> {
        let mut wanted: Vec<(RowRef, End)> = Vec::new();
        for idx in [0, self.places.len() / 2, self.places.len().saturating_sub(1)] {
            if let Some(place) = self.places.get(idx).filter(|place| !wanted.iter().any(|(w, _)| w == *place))
            {
                wanted.push((*place, End::First));
            }
        }
        let read = read(investigation, &wanted)?;
        let sample = |key: &(RowRef, End)| {
            let entry = &read[key];
            PatternSample {
                timestamp: entry.timestamp.clone(),
                service: entry.service.clone(),
                revision: entry.revision.clone(),
                severity: entry.severity.clone(),
                insert_id: entry.insert_id.clone(),
                message: entry.message.clone(),
                source: format!("{}:{}", entry.source.path, entry.source.line),
            }
        };
        Ok(wanted.iter().map(sample).collect())
    }
}

impl Sink for Reader<'_> {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, segment: &Segment, _: usize, view: &RowView<'_>) -> Result<()> {
        let row = view.row;
        let time = row.timestamp.as_nanos();
        let segment = self.segments[&segment.record().id];
        self.places.push(RowRef { time_ns: time, segment, row: row.idx });
        self.exception = self.exception.or(row.exception);
        let instance = instance(view.entry).unwrap_or_default().into_owned();
        let text = |column| row.cells.text(column).to_owned();
        let seen = Seen { entries: 1, first_ns: time, last_ns: time };
        self.instances
            .entry((text(Column::Service), text(Column::Revision), instance))
            .and_modify(|known| known.add(seen))
            .or_insert(seen);
        if self.traces.len() < MAX_TRACES
            && let Some(trace) = view.entry.text(Field::Trace).filter(|trace| !trace.is_empty())
        {
            self.traces.insert(trace.value().into_owned());
        }
        if self.template.is_empty() {
            return Ok(());
        }
        let said = message(view.entry);
        let patterns = &self.vocabulary.patterns;
        patterns.masker().mask(&said, &mut self.holes);
        for ((place, _), values) in self.template.iter().zip(&mut self.values) {
            let key = (row.pattern, *place);
            let part = self.parts.entry(key).or_insert_with(|| patterns.part(row.pattern, *place));
            let Some(value) = part.as_ref().and_then(|part| part.value(&said, &self.holes)) else { continue };
            if let Some(count) = values.get_mut(value) {
                *count += 1;
            } else if values.len() < MAX_DISTINCT {
                values.insert(value.to_owned(), 1);
            }
        }
        Ok(())
    }
}

/// Returns smallest, middle and largest value, where all are numbers, with or without a unit that is the same for all.
fn range(values: &BTreeMap<String, u64>) -> Option<[f64; 3]> {
    let mut numbers: Vec<(f64, u64)> = Vec::with_capacity(values.len());
    let mut unit: Option<&str> = None;
    for (value, count) in values {
        let end = value
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))
            .unwrap_or(value.len());
        let (number, rest) = value.split_at(end);
        if *unit.get_or_insert(rest) != rest {
            return None;
        }
        numbers.push((number.parse().ok()?, *count));
    }
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = numbers.iter().map(|(_, count)| count).sum();
    let mut before = 0;
    let middle = numbers.iter().find(|(_, count)| {
        before += count;
        before * 2 >= total
    })?;
    Some([numbers.first()?.0, middle.0, numbers.last()?.0])
}

/// Finds patterns that share requests, or hours of a revision, with this one.
fn related(
    investigation: &Investigation<'_>,
    vocabulary: &Vocabulary<'_>,
    subject: Subject,
    reader: &Reader<'_>,
) -> Result<Vec<RelatedPattern>> {
    let names = &investigation.names;
    let mut hours: BTreeMap<Subject, BTreeSet<(String, String, i32)>> = BTreeMap::new();
    for segment in investigation.archive.segments() {
        for cell in segment.cube()? {
            let key = (cell.service.to_string(), cell.revision.to_string(), cell.hour);
            hours.entry(Subject::Message(names.pattern(cell.pattern))).or_default().insert(key.clone());
            if let Some(exception) = cell.exception {
                hours.entry(Subject::Exception(exception)).or_default().insert(key);
            }
        }
    }
    let mut shared = SharedTraces { names, wanted: &reader.traces, found: BTreeMap::new() };
    if let (Some(first), Some(last), false) =
        (reader.places.first(), reader.places.last(), reader.traces.is_empty())
    {
        let hour = timberline_archive::segment::HOUR_NS;
        let (from, to) =
            (rfc3339(first.time_ns.saturating_sub(hour)), rfc3339(last.time_ns.saturating_add(hour)));
        let text = format!("trace:* AND timestamp>=\"{from}\" AND timestamp<=\"{to}\"");
        if let Ok(compiled) = compile(&text, &Options::default()) {
            let wanted = Wanted { fields: BTreeSet::from([Field::Trace]), ..Wanted::default() };
            scan(investigation.archive, names, &compiled.filter, &wanted, &mut shared)?;
        }
    }
    let empty = BTreeSet::new();
    let own = hours.get(&subject).unwrap_or(&empty);
    let mut all: Vec<RelatedPattern> = Vec::new();
    for (other, theirs) in hours.iter().filter(|(other, _)| **other != subject) {
        let both = own.intersection(theirs).count();
        #[expect(clippy::cast_precision_loss, reason = "hours of an archive are few")]
        let shared_hours = both as f64 / (own.len() + theirs.len() - both) as f64;
        let shared_traces = shared.found.get(other).map_or(0, |traces| traces.len() as u64);
        if shared_traces == 0 && (shared_hours < MIN_SHARED_HOURS || both < 2) {
            continue;
        }
        let (id, template) = match other {
            Subject::Message(pattern) => (*pattern, vocabulary.patterns.template(*pattern).to_owned()),
            Subject::Exception(key) => {
                (*key, vocabulary.exceptions.get(*key).map(exception_line).unwrap_or_default())
            }
        };
        all.push(RelatedPattern { id: pattern_name(id), template, shared_traces, shared_hours });
    }
    all.sort_by(|a, b| {
        let key = |related: &RelatedPattern| related.shared_traces;
        key(b).cmp(&key(a)).then(b.shared_hours.total_cmp(&a.shared_hours)).then_with(|| a.id.cmp(&b.id))
    });
    all.truncate(MAX_RELATED);
    Ok(all)
}

struct SharedTraces<'r> {
    names: &'r timberline_search::Names,
    wanted: &'r BTreeSet<String>,
    found: BTreeMap<Subject, BTreeSet<String>>,
}

impl Sink for SharedTraces<'_> {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, _: &Segment, _: usize, view: &RowView<'_>) -> Result<()> {
        let Some(trace) = view.entry.text(Field::Trace) else { return Ok(()) };
        let trace = trace.value();
        if self.wanted.contains(&*trace) {
            let message = Subject::Message(self.names.pattern(view.row.pattern));
            for subject in std::iter::once(message).chain(view.row.exception.map(Subject::Exception)) {
                self.found.entry(subject).or_default().insert(trace.clone().into_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_of_numbers_with_one_unit() {
        let values =
            |of: &[(&str, u64)]| of.iter().map(|(v, n)| ((*v).to_owned(), *n)).collect::<BTreeMap<_, _>>();
        assert_eq!(range(&values(&[("5ms", 1), ("12ms", 9), ("90ms", 1)])), Some([5.0, 12.0, 90.0]));
        assert_eq!(range(&values(&[("5", 1)])), Some([5.0, 5.0, 5.0]));
        assert_eq!(range(&values(&[("5ms", 1), ("1s", 1)])), None);
        assert_eq!(range(&values(&[("ann", 1)])), None);
        assert_eq!(range(&BTreeMap::new()), None);
    }
}
