//! What is being said: the patterns of messages and the exceptions, how often, by whom, and between when and when.
//!
//! ```text
//! no filter    ring facts, values and catalogue ──► counts; the cube ──► course over time      no row is read
//! a filter     certain rings from their facts, other rows one by one ──► the same               exact either way
//! ```
//!
//! An exception's entries have a message as well, so they count once under their message and once under their exception.

mod count;
mod detail;
mod period;
mod vocabulary;

pub use detail::{
    FrameLine, HoleSummary, InstanceCount, PatternDetail, PatternSample, RelatedPattern, ValueCount,
    pattern_detail,
};
pub use period::period_seconds;
pub use vocabulary::Vocabulary;

use crate::completeness::Completeness;
use crate::evidence::rfc3339;
use crate::question::{Asked, Investigation, Question};
use count::{Counts, Course, firsts_of};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::exception::ExceptionRecord;
use timberline_archive::patterns::{Seen, Stream};
use timberline_archive::segment::Subject;
use timberline_archive::{Result, pattern_name};
use timberline_entry::Severity;
use vocabulary::HeldValues;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PatternKind {
    /// Messages of one statement.
    Message,
    /// Entries that tell of one bug.
    Exception,
}

impl PatternKind {
    /// Returns the kind of a record about a subject.
    pub(crate) const fn of(subject: Subject) -> Self {
        match subject {
            Subject::Message(_) => Self::Message,
            Subject::Exception(_) => Self::Exception,
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct PatternsQuestion {
    /// Filter, zone, and the question as people asked it.
    pub question: Question,
    /// Only records of this kind; `None` for both.
    pub kind: Option<PatternKind>,
    /// Only records of which something was first seen at this time or later, in nanoseconds since the Unix epoch: the
    /// pattern in the whole archive, or a variant of it.
    pub new_since: Option<i64>,
    /// What comes first.
    pub order: PatternOrder,
    /// How many records at most.
    pub limit: Option<usize>,
    /// Whether to look for periods. Cost: reads the times of the records' entries.
    pub periods: bool,
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PatternOrder {
    /// The most frequent.
    #[default]
    Count,
    /// The one that began last.
    First,
    /// The one that was seen last.
    Last,
    /// The worst severity, then the most frequent.
    Severity,
}

/// The answer to *patterns*; serialised, the contract `timberline/patterns/1`.
#[derive(Clone, Debug, Serialize)]
pub struct PatternsAnswer {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// What was asked.
    pub question: Asked,
    /// Entries that match.
    pub total: u64,
    /// Patterns and exceptions that match; more than are listed where a limit was given.
    pub matching: u64,
    /// The records, in the order that was asked for.
    pub patterns: Vec<PatternSummary>,
    /// What a mark of every course over time stands for.
    pub trend: TrendAxis,
    /// What the answer rests on.
    pub completeness: Completeness,
}

/// The stretches of time that courses are counted in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrendAxis {
    /// Start of the first, RFC 3339; empty without entries.
    pub from: String,
    /// Length of each, in hours.
    pub hours: u64,
}

/// A pattern of messages, or an exception.
#[derive(Clone, Debug, Serialize)]
pub struct PatternSummary {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: PatternKind,
    /// The message with the values replaced by marks; of an exception, its type and value.
    pub template: String,
    /// The same for people: with the values in places that never held another, and of an exception with the frame of the
    /// program's own code nearest to the failure.
    pub text: String,
    /// The exception, of a record of that kind.
    pub exception: Option<ExceptionSummary>,
    /// Entries.
    pub count: u64,
    /// Part of all entries that match.
    pub share: f64,
    /// The severity that most of its entries have; of equals the worst.
    pub severity: &'static str,
    /// Entries by severity.
    pub severities: BTreeMap<&'static str, u64>,
    /// Time of the first entry that matches, RFC 3339.
    pub first: String,
    /// Time of the last.
    pub last: String,
    /// Time of the first in the whole archive.
    pub first_in_archive: String,
    /// Services that say it, by name.
    pub services: Vec<String>,
    /// Entries by revision, in the order of revisions.
    pub revisions: Vec<RevisionCount>,
    /// Values of its closed holes, the most frequent first.
    pub variants: Vec<VariantSummary>,
    /// Whether variants tell different stories: one of them is news.
    pub variants_differ: bool,
    /// Entries per stretch of the answer's axis.
    pub trend: Vec<u64>,
    /// The time between two entries, in seconds, where it is regular.
    pub period_seconds: Option<f64>,
    /// The message of the first entry.
    pub sample: String,
}

/// What an exception is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExceptionSummary {
    /// Type of the root cause.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Message of the root cause, of the first entry.
    pub value: String,
    /// Its frames, from the failure outwards: module and function.
    pub frames: Vec<String>,
    /// Its fingerprint, as in `exception="…"`.
    pub fingerprint: String,
    /// The loose fingerprint, the same for other ways to the same failure.
    pub loose: String,
    /// The language; empty where it cannot be told.
    pub language: String,
    /// Types from the outermost exception inwards.
    pub chain: Vec<String>,
}

/// Entries of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevisionCount {
    /// Its service.
    pub service: String,
    /// Its name; empty for entries that do not say.
    pub revision: String,
    /// Entries.
    pub count: u64,
    /// Time of the first.
    pub first: String,
    /// Time of the last.
    pub last: String,
}

/// A value in a closed hole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VariantSummary {
    /// Its id, which works wherever a pattern's does.
    pub id: String,
    /// Which of the template's values it is, from 0; of an exception always 0.
    pub hole: usize,
    /// The value.
    pub value: String,
    /// Entries.
    pub count: u64,
    /// Time of the first.
    pub first: String,
    /// Time of the last.
    pub last: String,
    /// Entries by revision, in the order of revisions.
    pub revisions: Vec<RevisionCount>,
    /// Whether it came with a later revision than its pattern, and would hardly have been missed before.
    pub is_news: bool,
}

/// Says what is being said.
///
/// # Errors
/// Damage in the archive.
pub fn patterns_answer(
    investigation: &Investigation<'_>,
    asked: &PatternsQuestion,
    warnings: Vec<String>,
) -> Result<PatternsAnswer> {
    let vocabulary = Vocabulary::read(investigation.archive)?;
    let held = HeldValues::read(investigation.archive, &vocabulary)?;
    let counts = Counts::of(investigation, &vocabulary, &held, &asked.question.filter)?;
    let firsts = count::firsts(investigation)?;
    let summary = |subject: &Subject, counted: &count::Counted| {
        summary(investigation, &vocabulary, &held, &counts, firsts[subject], *subject, counted)
    };
    let mut records: Vec<(Subject, PatternSummary)> =
        counts.subjects.iter().map(|(subject, counted)| (*subject, summary(subject, counted))).collect();
    records.retain(|(subject, record)| {
        asked.kind.is_none_or(|kind| kind == record.kind)
            && asked.new_since.is_none_or(|since| {
                firsts[subject] >= since
                    || vocabulary.variants_of(*subject).iter().any(|variant| {
                        record.variants.iter().any(|shown| shown.id == pattern_name(variant.id))
                            && variant.first_ns >= since
                    })
            })
    });
    sort(&mut records, asked.order);
    let matching = records.len() as u64;
    records.truncate(asked.limit.unwrap_or(usize::MAX));
    add_samples(investigation, &counts, &mut records)?;
    if asked.periods {
        period::add(investigation, &asked.question.filter, &mut records)?;
    }
    Ok(PatternsAnswer {
        schema: "timberline/patterns/1",
        question: asked.question.asked.clone(),
        total: counts.total,
        matching,
        patterns: records.into_iter().map(|(_, record)| record).collect(),
        trend: counts.course.axis(),
        completeness: investigation.completeness(&asked.question, warnings),
    })
}

fn sort(records: &mut [(Subject, PatternSummary)], order: PatternOrder) {
    let rank = |record: &PatternSummary| Severity::parse(record.severity).unwrap_or_default();
    records.sort_by(|(_, a), (_, b)| {
        let by_count = || b.count.cmp(&a.count);
        let by_order = match order {
            PatternOrder::Count => by_count(),
            PatternOrder::First => b.first.cmp(&a.first),
            PatternOrder::Last => b.last.cmp(&a.last),
            PatternOrder::Severity => rank(b).cmp(&rank(a)).then_with(by_count),
        };
        by_order.then_with(|| (a.kind, &a.id).cmp(&(b.kind, &b.id)))
    });
}

fn summary(
    investigation: &Investigation<'_>,
    vocabulary: &Vocabulary<'_>,
    held: &HeldValues,
    counts: &Counts,
    first_in_archive: i64,
    subject: Subject,
    counted: &count::Counted,
) -> PatternSummary {
    let (Subject::Message(id) | Subject::Exception(id)) = subject;
    let kind = PatternKind::of(subject);
    let record = match subject {
        Subject::Message(_) => None,
        Subject::Exception(key) => vocabulary.exceptions.get(key),
    };
    let severity = counted.severities.iter().max_by_key(|(severity, n)| (**n, **severity));
    let of_pattern = in_order(investigation, &counted.streams);
    let mut variants: Vec<VariantSummary> = vocabulary
        .variants_of(subject)
        .iter()
        .filter_map(|variant| {
            let seen = counts.variants.get(&variant.id)?;
            let total = total(seen)?;
            Some(VariantSummary {
                id: pattern_name(variant.id),
                hole: vocabulary.hole_number(subject, variant.place),
                value: variant.value.clone(),
                count: total.entries,
                first: rfc3339(total.first_ns),
                last: rfc3339(total.last_ns),
                revisions: in_order(investigation, seen),
                is_news: is_news(&of_pattern, total, &in_order(investigation, seen)),
            })
        })
        .collect();
    variants.sort_by(|a, b| (a.hole, b.count, &a.value).cmp(&(b.hole, a.count, &b.value)));
    let variants_differ = variants.iter().any(|variant| variant.is_news);
    let services: BTreeSet<&str> = counted.streams.keys().map(Stream::service).collect();
    PatternSummary {
        id: pattern_name(id),
        kind,
        template: vocabulary.template(subject),
        text: held.text(vocabulary, subject),
        exception: record.map(exception_summary),
        count: counted.seen.entries,
        share: share(counted.seen.entries, counts.total),
        severity: severity.map_or("DEFAULT", |(severity, _)| severity.name()),
        severities: counted.severities.iter().map(|(severity, n)| (severity.name(), *n)).collect(),
        first: rfc3339(counted.seen.first_ns),
        last: rfc3339(counted.seen.last_ns),
        first_in_archive: rfc3339(first_in_archive),
        services: services.into_iter().map(str::to_owned).collect(),
        revisions: of_pattern,
        variants_differ,
        variants,
        trend: counts.course.of(subject),
        period_seconds: None,
        sample: String::new(),
    }
}

/// Chance by which a value may be missing before it came, for its coming to be no news.
const CHANCE: f64 = 0.01;

/// Says whether a value came with a later revision than its pattern, and is so frequent since that it would hardly have been
/// missed before.
fn is_news(pattern: &[RevisionCount], variant: Seen, of_variant: &[RevisionCount]) -> bool {
    let Some(born) = of_variant.first() else { return false };
    let n_revisions = pattern
        .iter()
        .position(|revision| (&revision.service, &revision.revision) == (&born.service, &born.revision));
    let before: u64 = pattern.iter().take(n_revisions.unwrap_or(0)).map(|revision| revision.count).sum();
    let all: u64 = pattern.iter().map(|revision| revision.count).sum();
    let rate = share(variant.entries, all.saturating_sub(before));
    #[expect(clippy::cast_precision_loss, reason = "counts lie far below 2^53")]
    let missed_by_chance = (1.0 - rate.min(1.0)).powf(before as f64);
    before > 0 && missed_by_chance < CHANCE
}

/// Adds the message of each record's first entry.
fn add_samples(
    investigation: &Investigation<'_>,
    counts: &Counts,
    records: &mut [(Subject, PatternSummary)],
) -> Result<()> {
    use crate::occurrence::{End, read};
    let wanted: Vec<_> =
        records.iter().map(|(subject, _)| (counts.subjects[subject].first, End::First)).collect();
    let read = read(investigation, &wanted)?;
    for ((_, record), wanted) in records.iter_mut().zip(&wanted) {
        record.sample.clone_from(&read[wanted].message);
    }
    Ok(())
}

/// Returns an exception as one line.
pub(crate) fn exception_line(record: &ExceptionRecord) -> String {
    let value = record.value.lines().next().unwrap_or_default();
    match (record.type_name.is_empty(), value.is_empty()) {
        (false, false) => format!("{}: {value}", record.type_name),
        (false, true) => record.type_name.clone(),
        (true, _) => value.to_owned(),
    }
}

fn exception_summary(record: &ExceptionRecord) -> ExceptionSummary {
    ExceptionSummary {
        type_name: record.type_name.clone(),
        value: record.value.clone(),
        frames: record.frames.iter().map(|frame| frame.name.clone()).collect(),
        fingerprint: pattern_name(record.key),
        loose: pattern_name(record.loose),
        language: record.language.clone(),
        chain: record.chain.clone(),
    }
}

fn total(streams: &BTreeMap<Stream, Seen>) -> Option<Seen> {
    let mut all = streams.values().copied();
    let first = all.next()?;
    Some(all.fold(first, |mut sum, seen| {
        sum.add(seen);
        sum
    }))
}

/// Returns counts by revision, in the order in which these came; entries of none stand where the first of them does.
fn in_order(investigation: &Investigation<'_>, streams: &BTreeMap<Stream, Seen>) -> Vec<RevisionCount> {
    let born = |stream: &Stream, seen: &Seen| {
        let known = investigation.revisions.get(stream.revision()).filter(|_| !stream.revision().is_empty());
        known.copied().unwrap_or(seen.first_ns)
    };
    let mut all: Vec<(&Stream, &Seen)> = streams.iter().collect();
    all.sort_by_key(|(stream, seen)| (born(stream, seen), *stream));
    let count = |(stream, seen): (&Stream, &Seen)| RevisionCount {
        service: stream.service().to_owned(),
        revision: stream.revision().to_owned(),
        count: seen.entries,
        first: rfc3339(seen.first_ns),
        last: rfc3339(seen.last_ns),
    };
    all.into_iter().map(count).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts lie far below 2^53")]
fn share(count: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { count as f64 / total as f64 }
}

impl Course {
    fn axis(&self) -> TrendAxis {
        let (from, hours) = self.span();
        TrendAxis { from: from.map(rfc3339).unwrap_or_default(), hours }
    }
}
