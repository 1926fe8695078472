//! What is true about a set of entries, counted while they are made.
//!
//! Nothing here reads a file or uses any other part of the product: answers are to be compared with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memmem::Finder;
use serde_json::{Value, json};

use super::audit::image;
use super::entry::{Entry, Severity};
use super::plant::Plant;
use super::revision::Revision;
use super::time::push_nanos;

/// Phrases whose occurrences are counted besides those of the planted regressions.
pub const PHRASES: &[&str] = &[
    "Container called exit",
    "timed out",
    "ModuleNotFoundError",
    "Traceback (most recent call last)",
    "stock reserved",
    "no available instance",
    "ledger out of balance",
    "STARTUP TCP probe succeeded",
    "HikariPool-1",
    "größere Bestellung",
];

/// Counts over distinct entries.
#[derive(Debug)]
pub struct Tally {
    n_entries: u64,
    span: Option<Span>,
    severities: BTreeMap<Severity, u64>,
    revisions: BTreeMap<(usize, usize), RevisionTally>,
    phrases: Vec<PhraseTally>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    first_us: i64,
    last_us: i64,
}

#[derive(Debug)]
struct RevisionTally {
    revision: Arc<Revision>,
    n_entries: u64,
    n_errors: u64,
    n_requests: u64,
    span: Option<Span>,
}

#[derive(Debug)]
struct PhraseTally {
    phrase: &'static str,
    finder: Finder<'static>,
    count: u64,
    span: Option<Span>,
    first_revision: Option<Arc<Revision>>,
    revisions: BTreeMap<(usize, usize), (Arc<Revision>, u64)>,
}

impl Tally {
    /// Returns a tally of nothing, for entries with these regressions.
    #[must_use]
    pub fn new(plants: &[Plant]) -> Self {
        let planted = plants.iter().map(|plant| plant.phrase);
        let mut phrases = Vec::new();
        for phrase in planted.chain(PHRASES.iter().copied()) {
            phrases.push(PhraseTally {
                phrase,
                finder: Finder::new(phrase),
                count: 0,
                span: None,
                first_revision: None,
                revisions: BTreeMap::new(),
            });
        }
        Self { n_entries: 0, span: None, severities: BTreeMap::new(), revisions: BTreeMap::new(), phrases }
    }

    /// Returns how many entries were added.
    #[must_use]
    pub fn n_entries(&self) -> u64 {
        self.n_entries
    }

    /// Adds one entry that has not been added before. Entries come in any order.
    pub fn add(&mut self, entry: &Entry) {
        self.n_entries += 1;
        extend(&mut self.span, entry.time_us);
        *self.severities.entry(entry.severity).or_default() += 1;
        let key = (entry.revision.service_idx, entry.revision.order);
        if !entry.revision_label().is_empty() {
            let tally = self.revisions.entry(key).or_insert_with(|| RevisionTally {
                revision: Arc::clone(&entry.revision),
                n_entries: 0,
                n_errors: 0,
                n_requests: 0,
                span: None,
            });
            tally.n_entries += 1;
            tally.n_errors += u64::from(entry.severity >= Severity::Error);
            tally.n_requests += u64::from(entry.http.is_some());
            extend(&mut tally.span, entry.time_us);
        }
        let message = entry.message().as_bytes();
        for tally in &mut self.phrases {
            if tally.finder.find(message).is_none() {
                continue;
            }
            tally.count += 1;
            if tally.span.is_none_or(|span| entry.time_us < span.first_us) {
                tally.first_revision = Some(Arc::clone(&entry.revision));
            }
            extend(&mut tally.span, entry.time_us);
            let (_, count) = tally.revisions.entry(key).or_insert_with(|| (Arc::clone(&entry.revision), 0));
            *count += 1;
        }
    }

    /// Returns the counts as JSON: `entries`, `first`, `last`, `severities`, `revisions`, `phrases`.
    ///
    /// Shape: revisions in the order of services, then of deploys; times RFC 3339 UTC with nine fraction digits. A phrase occurs in an entry
    /// when one of its string values contains it, whatever the case.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut severities = serde_json::Map::new();
        for (severity, count) in &self.severities {
            severities.insert(severity.name().to_owned(), json!(count));
        }
        let mut revisions = Vec::new();
        for tally in self.revisions.values() {
            revisions.push(json!({
                "service": tally.revision.service,
                "revision": tally.revision.name,
                "deployed": nanos(Some(tally.revision.deployed_us)),
                "by": tally.revision.principal,
                "image": image(&tally.revision),
                "entries": tally.n_entries,
                "errors": tally.n_errors,
                "requests": tally.n_requests,
                "first": nanos(tally.span.map(|span| span.first_us)),
                "last": nanos(tally.span.map(|span| span.last_us)),
            }));
        }
        json!({
            "entries": self.n_entries,
            "first": nanos(self.span.map(|span| span.first_us)),
            "last": nanos(self.span.map(|span| span.last_us)),
            "severities": severities,
            "revisions": revisions,
            "phrases": self.phrases.iter().map(phrase).collect::<Vec<Value>>(),
        })
    }
}

/// Returns the planted regressions as JSON.
#[must_use]
pub fn planted(plants: &[Plant]) -> Value {
    let mut list = Vec::new();
    for plant in plants {
        list.push(json!({
            "kind": plant.kind.name(),
            "phrase": plant.phrase,
            "service": plant.from.service,
            "onset": plant.from.name,
            "gone_in": plant.until.as_ref().map(|revision| &revision.name),
        }));
    }
    Value::Array(list)
}

fn phrase(tally: &PhraseTally) -> Value {
    let mut revisions = Vec::new();
    for (revision, count) in tally.revisions.values() {
        revisions.push(json!({"service": revision.service, "revision": revision.name, "count": count}));
    }
    json!({
        "phrase": tally.phrase,
        "count": tally.count,
        "first": nanos(tally.span.map(|span| span.first_us)),
        "last": nanos(tally.span.map(|span| span.last_us)),
        "first_revision": tally.first_revision.as_ref().map(|revision| &revision.name),
        "per_revision": revisions,
    })
}

fn extend(span: &mut Option<Span>, at_us: i64) {
    *span = Some(match *span {
        None => Span { first_us: at_us, last_us: at_us },
        Some(old) => Span { first_us: old.first_us.min(at_us), last_us: old.last_us.max(at_us) },
    });
}

fn nanos(at_us: Option<i64>) -> Value {
    let Some(at_us) = at_us else { return Value::Null };
    let mut out = String::with_capacity(30);
    push_nanos(&mut out, at_us, 0);
    Value::String(out)
}
