//! How much there was to see: entries, requests, instances and covered hours of a group.
//!
//! A count means little without it: ten errors of a revision that served a day are not ten errors of one that served a month.

use crate::group::{Bucket, GroupBy};
use crate::question::{Investigation, Question};
use crate::tally::{Counted, Key, scope, tally};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::Result;
use timberline_archive::catalog::{StreamCatalog, StreamRecord};
use timberline_query::{Filter, Options, compile, time_bounds};

/// What a group could have been counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Exposure {
    /// Hours of the group's time that some source covers.
    pub hours: f64,
    /// Entries that are requests.
    pub requests: u64,
    /// Distinct instances (label `instanceId`) with an entry in the group's time, by their first and last entry.
    pub instances: u64,
    /// All entries.
    pub entries: u64,
}

/// Exposure of every group of a question.
pub(crate) struct Exposures {
    /// Which groupings tell exposures apart; the others share one.
    telling: Vec<bool>,
    by_key: BTreeMap<Key, Exposure>,
}

const NANOS_PER_HOUR: f64 = 3.6e12;

impl Exposures {
    /// Counts exposure within the question's time, service and revision.
    pub(crate) fn of(investigation: &Investigation<'_>, question: &Question) -> Result<Self> {
        let tells = |by: &GroupBy| matches!(by, GroupBy::Revision | GroupBy::Service) || by.is_time();
        let telling: Vec<bool> = question.by.iter().map(tells).collect();
        let by: Vec<GroupBy> = question.by.iter().filter(|by| tells(by)).cloned().collect();
        let scope = scope(&question.filter);
        let streams = investigation.archive.streams()?;
        let is_whole = scope == Filter::all() && !by.iter().any(GroupBy::is_time);
        let to_see =
            if is_whole { written(streams, &by) } else { counted(investigation, question, &scope, &by)? };
        let instances = Instances(streams);
        let bounds = time_bounds(&scope);
        let exposure = |(key, to_see): (Key, ToSee)| {
            let part =
                |by_wanted: &GroupBy| by.iter().position(|by| by == by_wanted).map(|idx| key[idx].as_str());
            let (revision, service) = (part(&GroupBy::Revision), part(&GroupBy::Service));
            let ToSee { entries, requests, first_ns, last_ns } = to_see;
            let (from, to) = match by.iter().position(GroupBy::is_time) {
                Some(idx) => bucket_of(&by[idx], &key[idx], question),
                None if revision.is_some() => (first_ns, last_ns),
                None => {
                    (bounds.0.unwrap_or(first_ns).max(first_ns), bounds.1.unwrap_or(last_ns).min(last_ns))
                }
            };
            let services = instances.services_of(revision, service);
            let exposure = Exposure {
                hours: covered_ns(investigation, services.as_ref(), from, to) / NANOS_PER_HOUR,
                requests,
                instances: instances.count(revision, service, from, to),
                entries,
            };
            (key, exposure)
        };
        Ok(Self { telling, by_key: to_see.into_iter().map(exposure).collect() })
    }

    /// Returns the exposure of a group.
    pub(crate) fn get(&self, key: &Key) -> Exposure {
        let key: Key = key
            .iter()
            .zip(&self.telling)
            .filter(|(_, tells)| **tells)
            .map(|(part, _)| part.clone())
            .collect();
        self.by_key.get(&key).copied().unwrap_or_default()
    }

    /// Returns the keys of all groups that had something to see. Only complete when every grouping tells exposures apart.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.by_key.keys()
    }

    /// Says whether every grouping tells exposures apart.
    pub(crate) fn tells_all(&self) -> bool {
        !self.telling.is_empty() && self.telling.iter().all(|tells| *tells)
    }
}

/// What there was to see of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ToSee {
    entries: u64,
    requests: u64,
    first_ns: i64,
    last_ns: i64,
}

/// Adds up what services and revisions wrote.
fn written(streams: &StreamCatalog, by: &[GroupBy]) -> BTreeMap<Key, ToSee> {
    let mut groups: BTreeMap<Key, StreamRecord> = BTreeMap::new();
    for stream in streams.streams() {
        let part = |by: &GroupBy| match by {
            GroupBy::Revision => stream.revision.clone(),
            _ => stream.service.clone(),
        };
        let group = groups.entry(by.iter().map(part).collect());
        group.and_modify(|all| all.add(stream)).or_insert_with(|| stream.clone());
    }
    let to_see = |(key, all): (Key, StreamRecord)| {
        let (entries, StreamRecord { requests, first_ns, last_ns, .. }) = (all.entries(), all);
        (key, ToSee { entries, requests, first_ns, last_ns })
    };
    groups.into_iter().map(to_see).collect()
}

/// Counts what there was to see within a time, a service or a revision.
fn counted(
    investigation: &Investigation<'_>,
    question: &Question,
    scope: &Filter,
    by: &[GroupBy],
) -> Result<BTreeMap<Key, ToSee>> {
    let requests = compile("httpRequest:*", &Options::default()).expect("a filter of the language").filter;
    let ask = |filter: Filter| -> Result<BTreeMap<Key, Counted>> {
        let tally = tally(investigation, &Question { filter, by: by.to_vec(), ..question.clone() })?;
        Ok(if by.is_empty() {
            tally.whole.into_iter().map(|whole| (Vec::new(), whole)).collect()
        } else {
            tally.groups
        })
    };
    let (all, requests) = (ask(scope.clone())?, ask(Filter::and(scope.clone(), requests))?);
    let to_see = |(key, counted): (Key, Counted)| {
        let requests = requests.get(&key).map_or(0, |requests| requests.count);
        let (first_ns, last_ns) = (counted.first.time_ns, counted.last.time_ns);
        (key, ToSee { entries: counted.count, requests, first_ns, last_ns })
    };
    Ok(all.into_iter().map(to_see).collect())
}

/// Returns the stretch of time that a key written by `bucket_key` stands for.
pub(crate) fn bucket_of(by: &GroupBy, key: &str, question: &Question) -> (i64, i64) {
    let bucket = Bucket::starting(by, key, &question.zone);
    (bucket.from_ns, bucket.to_ns)
}

/// Returns how much of a stretch of time is covered for some of the services, in nanoseconds; of all if `None`.
///
/// Cost: what the services are covered for is put together once per set of services; then a search.
pub(crate) fn covered_ns(
    investigation: &Investigation<'_>,
    services: Option<&BTreeSet<String>>,
    from: i64,
    to: i64,
) -> f64 {
    let mut known = investigation.covered.borrow_mut();
    let services = services.cloned();
    let covered = known.entry(services).or_insert_with_key(|services| {
        let is_meant = |service: &str| services.as_ref().is_none_or(|services| services.contains(service));
        let of_service = investigation.coverage.services().filter(|(service, _)| is_meant(service));
        let intervals = of_service.flat_map(|(_, intervals)| intervals.iter());
        Covered::of(intervals.map(|interval| (interval.from_ns, interval.to_ns)).collect())
    });
    #[expect(clippy::cast_precision_loss, reason = "hours are shown, not counted on")]
    let covered = covered.within(from, to) as f64;
    covered
}

/// Stretches of time that do not overlap, in order.
#[derive(Debug)]
pub(crate) struct Covered {
    stretches: Vec<(i64, i64)>,
    /// Nanoseconds before each stretch, and in all.
    before: Vec<i128>,
}

impl Covered {
    fn of(mut intervals: Vec<(i64, i64)>) -> Self {
        intervals.sort_unstable();
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        for (from, to) in intervals {
            match stretches.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ if from < to => stretches.push((from, to)),
                _ => {}
            }
        }
        let mut before = vec![0];
        for (from, to) in &stretches {
            before.push(before[before.len() - 1] + i128::from(*to) - i128::from(*from));
        }
        Self { stretches, before }
    }

    /// Returns how much of the time before a point is covered.
    fn until(&self, at: i64) -> i128 {
        let n_begun = self.stretches.partition_point(|(from, _)| *from < at);
        let Some(last) = n_begun.checked_sub(1) else { return 0 };
        let (from, to) = self.stretches[last];
        self.before[last] + i128::from(to.min(at)) - i128::from(from)
    }

    fn within(&self, from: i64, to: i64) -> i128 {
        if from < to { self.until(to) - self.until(from) } else { 0 }
    }
}

/// Services, revisions and instances of the whole archive.
struct Instances<'c>(&'c StreamCatalog);

impl Instances<'_> {
    /// Counts instances that wrote at some time between two points, by their first and last entry.
    fn count(&self, revision: Option<&str>, service: Option<&str>, from: i64, to: i64) -> u64 {
        let is_meant = |of: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| wanted == of);
        let mut numbers = Vec::new();
        for (stream, idx) in self.0.streams().iter().zip(0_u32..) {
            if is_meant(&stream.service, service) && is_meant(&stream.revision, revision) {
                let own = self.0.instances_of(idx).iter();
                let ran = own.filter(|instance| instance.first_ns <= to && from <= instance.last_ns);
                numbers.extend(ran.map(|instance| instance.number));
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len() as u64
    }

    /// Returns the services to which a group belongs; `None` for all.
    fn services_of(&self, revision: Option<&str>, service: Option<&str>) -> Option<BTreeSet<String>> {
        if let Some(service) = service {
            return Some(BTreeSet::from([service.to_owned()]));
        }
        let revision = revision.filter(|revision| !revision.is_empty())?;
        let streams = self.0.streams().iter().filter(|stream| stream.revision == revision);
        let services: BTreeSet<String> = streams.map(|stream| stream.service.clone()).collect();
        (!services.is_empty()).then_some(services)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_covered_is_counted_once(
            intervals in proptest::collection::vec((-20i64..20, -20i64..20), 0..6),
            from in -25i64..25,
            to in -25i64..25,
        ) {
            let is_covered = |at: i64| intervals.iter().any(|(from, to)| *from <= at && at < *to);
            let expected = (from..to).filter(|at| is_covered(*at)).count();
            prop_assert_eq!(Covered::of(intervals.clone()).within(from, to), expected as i128);
        }
    }
}
