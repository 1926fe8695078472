//! When something happened for the first and the last time, overall and per group.

use crate::completeness::Completeness;
use crate::group::GroupBy;
use crate::occurrence::{End, Occurrence, RowRef, read};
use crate::question::{Asked, Investigation, Question};
use crate::tally::{Counted, Key, tally};
use serde::Serialize;
use std::collections::BTreeMap;
use timberline_archive::Result;

/// The answer to *first*; serialised, the contract `timberline/first/1`.
#[derive(Clone, Debug, Serialize)]
pub struct FirstAnswer {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// What was asked.
    pub question: Asked,
    /// Number of matches.
    pub matches: u64,
    /// The first of them.
    pub first: Option<Occurrence>,
    /// The last of them.
    pub last: Option<Occurrence>,
    /// The same per group; empty when nothing was to be grouped.
    pub groups: Vec<FirstGroup>,
    /// What the answer rests on.
    pub completeness: Completeness,
}

/// First and last of one group.
#[derive(Clone, Debug, Serialize)]
pub struct FirstGroup {
    /// The group: a value per grouping.
    pub key: BTreeMap<String, String>,
    /// Number of matches.
    pub matches: u64,
    /// The first of them.
    pub first: Occurrence,
    /// The last of them.
    pub last: Occurrence,
}

/// Finds first and last occurrence.
///
/// Of several entries at one nanosecond, the first in the archive's own order is taken, which depends on the entries alone.
/// Cost: rings that are certain are answered from their facts; one row is read per end of each group.
///
/// # Errors
/// Damage in the archive.
pub fn first_seen(
    investigation: &Investigation<'_>,
    question: &Question,
    warnings: Vec<String>,
) -> Result<FirstAnswer> {
    let tally = tally(investigation, question)?;
    let ends = |counted: &Counted| [(counted.first, End::First), (counted.last, End::Last)];
    let wanted: Vec<(RowRef, End)> = tally.whole.iter().chain(tally.groups.values()).flat_map(ends).collect();
    let mut read = read(investigation, &wanted)?;
    let mut take = |row: RowRef, end: End, is_last_use: bool| {
        let found = if is_last_use { read.remove(&(row, end)) } else { None };
        found.or_else(|| read.get(&(row, end)).cloned()).expect("every end was read")
    };
    let mut groups: Vec<(&Key, &Counted)> = tally.groups.iter().collect();
    sort(&mut groups, &question.by, investigation, |counted| counted.count)?;
    let groups = groups
        .into_iter()
        .map(|(key, counted)| FirstGroup {
            key: named(&question.by, key),
            matches: counted.count,
            first: take(counted.first, End::First, false),
            last: take(counted.last, End::Last, false),
        })
        .collect();
    Ok(FirstAnswer {
        schema: "timberline/first/1",
        question: question.asked.clone(),
        matches: tally.whole.map_or(0, |whole| whole.count),
        first: tally.whole.map(|whole| take(whole.first, End::First, true)),
        last: tally.whole.map(|whole| take(whole.last, End::Last, true)),
        groups,
        completeness: investigation.completeness(question, warnings),
    })
}

/// Returns a group's key with the names of the groupings.
pub(crate) fn named(by: &[GroupBy], key: &Key) -> BTreeMap<String, String> {
    by.iter().map(GroupBy::name).zip(key.iter().cloned()).collect()
}

/// Puts groups into the order in which they are shown: revisions in theirs, time by time, severities by how bad they are,
/// anything else by count. With several groupings the first counts most.
pub(crate) fn sort<T>(
    groups: &mut [(&Key, T)],
    by: &[GroupBy],
    investigation: &Investigation<'_>,
    count: impl Fn(&T) -> u64,
) -> Result<()> {
    let unordered = BTreeMap::new();
    let has_revisions = by.iter().any(|by| matches!(by, GroupBy::Revision));
    let ranks = if has_revisions { investigation.ranks()? } else { &unordered };
    let is_counted = |by: &GroupBy| !matches!(by, GroupBy::Revision) && !by.is_time();
    let mut totals: Vec<BTreeMap<&str, u64>> = vec![BTreeMap::new(); by.len()];
    for (key, group) in groups.iter() {
        for (dimension, value) in key.iter().enumerate() {
            *totals[dimension].entry(value).or_insert(0) += count(group);
        }
    }
    let rank = |dimension: usize, value: &str| -> u64 {
        match &by[dimension] {
            // Entries of no revision stand before those of any.
            GroupBy::Revision if value.is_empty() => 0,
            GroupBy::Revision => ranks.get(value).map_or(u64::MAX, |rank| rank + 1),
            by if is_counted(by) => u64::MAX - totals[dimension].get(value).copied().unwrap_or(0),
            _ => 0,
        }
    };
    let place = |key: &Key| -> Vec<(u64, String)> {
        key.iter().enumerate().map(|(dimension, value)| (rank(dimension, value), value.clone())).collect()
    };
    groups.sort_by_cached_key(|(key, _)| place(key));
    Ok(())
}
