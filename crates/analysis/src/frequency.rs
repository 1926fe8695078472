//! How often something happened per group, and how often that is for what there was to see.

use crate::completeness::Completeness;
use crate::exposure::{Exposure, Exposures, bucket_of, covered_ns};
use crate::first_seen::{named, sort};
use crate::group::{Bucket, GroupBy};
use crate::question::{Asked, Investigation, Question};
use crate::revisions::{Deployed, deploys_in_order};
use crate::stats::special::gamma_quantile;
use crate::tally::{Counted, Key, bucket_key, scope, tally};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use timberline_archive::Result;
use timberline_entry::Timestamp;
use timberline_query::{Filter, Node, Op, Test, time_bounds};

/// The answer to *freq*; serialised, the contract `timberline/freq/1`.
#[derive(Clone, Debug, Serialize)]
pub struct FrequencyAnswer {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// What was asked.
    pub question: Asked,
    /// Number of matches.
    pub total: u64,
    /// The groups, in the order in which they are shown.
    pub groups: Vec<FrequencyGroup>,
    /// The deploys of the services in question, in time order; of an answer by time, those within it. Empty for answers by
    /// neither time nor revision.
    pub deploys: Vec<Deployed>,
    /// What the answer rests on.
    pub completeness: Completeness,
}

/// Counts of one group.
#[derive(Clone, Debug, Serialize)]
pub struct FrequencyGroup {
    /// The group: a value per grouping; stretches of time by their start.
    pub key: BTreeMap<String, String>,
    /// Number of matches; none where nothing is covered.
    pub count: Option<u64>,
    /// Part of all matches.
    pub share: f64,
    /// Time of the first match.
    pub first: Option<String>,
    /// Time of the last match.
    pub last: Option<String>,
    /// What there was to see.
    pub exposure: Exposure,
    /// Matches per covered hour.
    pub rate: Option<Rate>,
    /// Whether the group's time is covered.
    pub coverage: BucketCoverage,
}

/// Whether a count can be trusted to be all there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BucketCoverage {
    /// All of the group's time is covered; a zero is a zero.
    Full,
    /// Some of it.
    Partial,
    /// None of it: nothing is known.
    None,
}

/// A rate with its exact Poisson interval, 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// The unit of time.
    pub per: &'static str,
    /// Matches per unit.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Rate {
    /// Returns the rate of `count` events in `hours`; `None` without exposure.
    ///
    /// Source: F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936).
    pub fn of(count: u64, hours: f64) -> Option<Self> {
        Self::within(count, hours, limits(count))
    }

    fn within(count: u64, hours: f64, (low, high): (f64, f64)) -> Option<Self> {
        let of_hour =
            || Self { per: "hour", value: as_f64(count) / hours, low: low / hours, high: high / hours };
        (hours > 0.0).then(of_hour)
    }
}

/// Returns the limits between which the expected number of events lies when `count` were seen.
fn limits(count: u64) -> (f64, f64) {
    let events = as_f64(count);
    (if count == 0 { 0.0 } else { gamma_quantile(events, 0.025) }, gamma_quantile(events + 1.0, 0.975))
}

#[expect(clippy::cast_precision_loss, reason = "counts lie far below 2^53")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}

/// More stretches of time than this are shown only where something matched.
const MAX_STRETCHES: usize = 20_000;

/// Counts matches per group.
///
/// Groups by time are given without holes from the first match to the last, or over the window that was asked for: each is a
/// count, a zero, or not covered. `zeros` adds revisions and services that had entries and no match.
///
/// # Errors
/// Damage in the archive.
pub fn frequency(
    investigation: &Investigation<'_>,
    question: &Question,
    zeros: bool,
    warnings: Vec<String>,
) -> Result<FrequencyAnswer> {
    let tally = tally(investigation, question)?;
    let exposures = Exposures::of(investigation, question)?;
    let total = tally.whole.map_or(0, |whole| whole.count);
    let mut counted: BTreeMap<Key, Option<Counted>> =
        tally.groups.into_iter().map(|(key, counted)| (key, Some(counted))).collect();
    if let [by] = &question.by[..]
        && by.is_time()
    {
        for key in stretches(by, question, tally.whole.as_ref()) {
            counted.entry(vec![key]).or_insert(None);
        }
    } else if zeros && exposures.tells_all() {
        for key in exposures.keys() {
            counted.entry(key.clone()).or_insert(None);
        }
    }
    if question.by.is_empty() {
        counted.insert(Vec::new(), tally.whole);
    }
    let services = services_of(&question.filter);
    let mut groups: Vec<(&Key, &Option<Counted>)> = counted.iter().collect();
    sort(&mut groups, &question.by, investigation, |counted| count_of(counted))?;
    // Most groups of many have one of a few counts.
    let counts: BTreeSet<u64> = groups.iter().map(|(_, counted)| count_of(counted)).collect();
    let counts: Vec<u64> = counts.into_iter().collect();
    let limits: Vec<(u64, (f64, f64))> = counts.into_par_iter().map(|count| (count, limits(count))).collect();
    let limits: HashMap<u64, (f64, f64)> = limits.into_iter().collect();
    let groups = groups
        .into_iter()
        .map(|(key, counted)| {
            let mut exposure = exposures.get(key);
            let coverage = match question.by.iter().position(GroupBy::is_time) {
                Some(idx) => {
                    let (from, to) = bucket_of(&question.by[idx], &key[idx], question);
                    let covered = covered_ns(investigation, services.as_ref(), from, to);
                    exposure.hours = covered / 3.6e12;
                    bucket_coverage(covered, from, to)
                }
                None => group_coverage(investigation, counted.as_ref()),
            };
            let count = count_of(counted);
            let is_known = count > 0 || coverage != BucketCoverage::None;
            FrequencyGroup {
                key: named(&question.by, key),
                count: is_known.then_some(count),
                share: share(count, total),
                first: counted.map(|counted| Timestamp::from_nanos(counted.first.time_ns).to_string()),
                last: counted.map(|counted| Timestamp::from_nanos(counted.last.time_ns).to_string()),
                rate: Rate::within(count, exposure.hours, limits[&count]).filter(|_| is_known),
                exposure,
                coverage,
            }
        })
        .collect();
    let deploys = deploys(investigation, question, services.as_ref(), tally.whole.as_ref(), &counted)?;
    Ok(FrequencyAnswer {
        schema: "timberline/freq/1",
        question: question.asked.clone(),
        total,
        groups,
        deploys,
        completeness: investigation.completeness(question, warnings),
    })
}

fn count_of(counted: &Option<Counted>) -> u64 {
    counted.map_or(0, |counted| counted.count)
}

/// Returns the deploys that explain a frequency by time or revision.
fn deploys(
    investigation: &Investigation<'_>,
    question: &Question,
    services: Option<&BTreeSet<String>>,
    whole: Option<&Counted>,
    counted: &BTreeMap<Key, Option<Counted>>,
) -> Result<Vec<Deployed>> {
    let time = question.by.iter().position(GroupBy::is_time);
    if time.is_none() && !question.by.iter().any(|by| matches!(by, GroupBy::Revision)) {
        return Ok(Vec::new());
    }
    let span = match time {
        Some(idx) => {
            let buckets = counted.keys().map(|key| bucket_of(&question.by[idx], &key[idx], question));
            buckets.reduce(|sum, bucket| (sum.0.min(bucket.0), sum.1.max(bucket.1)))
        }
        None => whole.map(|_| (i64::MIN, i64::MAX)),
    };
    let Some((from, to)) = span else { return Ok(Vec::new()) };
    let all = deploys_in_order(investigation)?.into_iter();
    let is_meant = |deployed: &Deployed| {
        let at = Timestamp::parse(&deployed.deploy.time).map_or(i64::MIN, |(time, _)| time.as_nanos());
        services.is_none_or(|services| services.contains(&deployed.service)) && from <= at && at < to
    };
    Ok(all.filter(is_meant).collect())
}

fn share(count: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { as_f64(count) / as_f64(total) }
}

/// Lists the stretches between the first and the last match, or of the window that was asked for.
fn stretches(by: &GroupBy, question: &Question, whole: Option<&Counted>) -> Vec<String> {
    let (since, until) = time_bounds(&question.filter);
    let first = since.or_else(|| whole.map(|whole| whole.first.time_ns));
    let last = until.or_else(|| whole.map(|whole| whole.last.time_ns));
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let mut keys = Vec::new();
    let mut bucket = Bucket::of(by, Timestamp::from_nanos(first), &question.zone);
    while bucket.from_ns <= last {
        if keys.len() == MAX_STRETCHES {
            return Vec::new();
        }
        keys.push(bucket_key(bucket));
        bucket = bucket.next(by, &question.zone);
    }
    keys
}

fn bucket_coverage(covered: f64, from: i64, to: i64) -> BucketCoverage {
    #[expect(clippy::cast_precision_loss, reason = "compared with a tolerance of a second")]
    let length = to.saturating_sub(from) as f64;
    if covered <= 0.0 {
        BucketCoverage::None
    } else if covered >= length - 1e9 {
        BucketCoverage::Full
    } else {
        BucketCoverage::Partial
    }
}

/// Groups that are no stretches of time have matches, so something is covered; all of it only if the archive has no gap.
fn group_coverage(investigation: &Investigation<'_>, counted: Option<&Counted>) -> BucketCoverage {
    let Some(counted) = counted else { return BucketCoverage::Partial };
    let (from, to) = (counted.first.time_ns, counted.last.time_ns);
    #[expect(clippy::cast_precision_loss, reason = "compared with a tolerance of a second")]
    let length = to.saturating_sub(from) as f64;
    if covered_ns(investigation, None, from, to) >= length - 1e9 {
        BucketCoverage::Full
    } else {
        BucketCoverage::Partial
    }
}

/// Returns the services that the filter restricts the question to; `None` for all.
fn services_of(filter: &Filter) -> Option<BTreeSet<String>> {
    let mut services = None;
    let scope = scope(filter);
    let nodes = match scope.root() {
        Node::And(nodes) => nodes.clone(),
        node => vec![node.clone()],
    };
    for node in nodes {
        let named = match &node {
            Node::Test(Test::Derived(compare))
                if compare.op == Op::Eq && compare.name == timberline_query::DerivedField::Service =>
            {
                Some(compare.text.clone())
            }
            Node::Test(Test::Compare(compare))
                if compare.op == Op::Eq
                    && compare.path.segments.last().is_some_and(|segment| segment.key == "service_name") =>
            {
                Some(compare.text.clone())
            }
            _ => None,
        };
        if let Some(name) = named {
            services = Some(BTreeSet::from([name]));
        }
    }
    services
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_exact_intervals() {
        assert_eq!(Rate::of(3, 0.0), None);
        let rate = Rate::of(10, 5.0).unwrap();
        // Garwood's limits for ten events: 4.79539 and 18.39036.
        assert!((rate.low * 5.0 - 4.795_389).abs() < 1e-5 && (rate.high * 5.0 - 18.390_357).abs() < 1e-5);
        let none = Rate::of(0, 2.0).unwrap();
        assert!(none.low == 0.0 && (none.high * 2.0 - 3.688_879).abs() < 1e-5);
    }

    #[test]
    fn coverage_of_a_stretch() {
        let hour = 3_600_000_000_000;
        assert_eq!(bucket_coverage(0.0, 0, hour), BucketCoverage::None);
        assert_eq!(bucket_coverage(1.8e12, 0, hour), BucketCoverage::Partial);
        assert_eq!(bucket_coverage(3.6e12, 0, hour), BucketCoverage::Full);
    }
}
