//! The first error that a revision brought: of a pattern that its service had never written before.

use crate::evidence::{Status, rfc3339};
use crate::occurrence::{End, RowRef, read};
use crate::question::{Asked, Investigation, Question};
use crate::tally::tally;
use serde::Serialize;
use std::collections::BTreeMap;
use timberline_archive::Result;
use timberline_entry::Timestamp;
use timberline_query::{Options, compile};

/// The first error of a pattern that the service had not written before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewError {
    /// When, RFC 3339.
    pub time: String,
    /// Its pattern.
    pub pattern: String,
    /// What it said.
    pub message: String,
    /// Seconds since the deploy that made the revision; `null` if that is not known.
    pub lag_seconds: Option<f64>,
    /// Whether the time before is covered, so that it can be called the first.
    pub evidence: Status,
    /// How many error patterns the revision wrote that its service had not written before.
    pub patterns: u64,
}

/// Returns the first new error of each revision, by service and revision. `deployed_ns` says when a revision was made.
///
/// Cost: ring facts of errors, and one row per revision.
pub(super) fn first_of_each(
    investigation: &Investigation<'_>,
    deployed_ns: impl Fn(&str, &str) -> Option<i64>,
) -> Result<BTreeMap<(String, String), NewError>> {
    let filter = compile("severity>=ERROR", &Options::default()).expect("a filter of the language").filter;
    let by = vec![crate::GroupBy::Service, crate::GroupBy::Pattern, crate::GroupBy::Revision];
    let question = Question { filter, by, zone: jiff::tz::TimeZone::UTC, asked: Asked::default() };
    let tally = tally(investigation, &question)?;
    // Of each service's pattern, the revision that wrote it first.
    let mut first: BTreeMap<(&str, &str), (RowRef, &str)> = BTreeMap::new();
    for (key, counted) in &tally.groups {
        let [service, pattern, revision] = &key[..] else { continue };
        let found = (counted.first, revision.as_str());
        let known = first.entry((service, pattern)).or_insert(found);
        *known = found.min(*known);
    }
    // Of each revision, the first of those patterns.
    let mut brought: BTreeMap<(&str, &str), (RowRef, &str, u64)> = BTreeMap::new();
    for ((service, pattern), (row, revision)) in first {
        if revision.is_empty() {
            continue;
        }
        let known = brought.entry((service, revision)).or_insert((row, pattern, 0));
        known.2 += 1;
        if row < known.0 {
            (known.0, known.1) = (row, pattern);
        }
    }
    let wanted: Vec<(RowRef, End)> = brought.values().map(|(row, ..)| (*row, End::First)).collect();
    let read = read(investigation, &wanted)?;
    let found = brought.into_iter().map(|((service, revision), (row, pattern, patterns))| {
        let occurrence = read.get(&(row, End::First)).expect("every first was read");
        let lag =
            deployed_ns(service, revision).filter(|deployed| *deployed <= row.time_ns).map(|deployed| {
                #[expect(clippy::cast_precision_loss, reason = "seconds are shown, not counted on")]
                let lag = row.time_ns.saturating_sub(deployed) as f64;
                lag / 1e9
            });
        let error = NewError {
            time: rfc3339(Timestamp::from_nanos(row.time_ns).as_nanos()),
            pattern: pattern.to_owned(),
            message: occurrence.message.clone(),
            lag_seconds: lag,
            evidence: occurrence.evidence.status,
            patterns,
        };
        ((service.to_owned(), revision.to_owned()), error)
    });
    Ok(found.collect())
}
