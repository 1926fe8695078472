//! The course of the window: entries by severity and stretch of time, when it began, when it was worst, how it stands.

use super::gathered::Gathered;
use super::rules::Priority;
use crate::evidence::rfc3339;
use crate::exposure::covered_ns;
use crate::question::Investigation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::Result;
use timberline_archive::segment::Segment;
use timberline_entry::Severity;
use timberline_query::Filter;
use timberline_search::{RowView, Sink, Wanted, scan};

/// The course of the window in stretches of equal length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineFacts {
    /// Length of a stretch in seconds.
    pub step_seconds: u64,
    /// The stretches, oldest first, without holes.
    pub steps: Vec<Step>,
    /// The first entry of a cluster of P0 to P2, RFC 3339; `null` without any.
    pub onset: Option<String>,
    /// The id of its cluster.
    pub onset_cluster: Option<String>,
    /// Start of the stretch with the most entries in clusters of P0 to P2.
    pub peak: Option<String>,
    /// How many those were.
    pub peak_count: u64,
    /// How it stands at the end: `ongoing`, `quiet`, or `not known` where the end is not covered.
    pub current: String,
    /// Why.
    pub reason: String,
    /// The last entry of a cluster of P0 to P2, RFC 3339; `null` without any.
    #[serde(default)]
    pub last: Option<String>,
}

/// One stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its start, RFC 3339.
    pub from: String,
    /// Entries by severity; none where nothing is covered.
    pub counts: Option<BTreeMap<String, u64>>,
    /// Part of the stretch that some source covers.
    pub covered: f64,
}

/// The course of one cluster, in the stretches of the timeline or finer ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Start of the first stretch, RFC 3339.
    pub from: String,
    /// Length of a stretch in seconds.
    pub step_seconds: u64,
    /// Entries per stretch; `null` where nothing is covered for its services and severity.
    pub counts: Vec<Option<u64>>,
}

/// Lengths of stretches, in seconds.
const STEPS: [u64; 17] = [
    1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    2_592_000,
];
/// More stretches than this are not told apart by eye.
const MAX_STEPS: i64 = 72;
const NANOS: i64 = 1_000_000_000;

/// Returns the length of stretches, in nanoseconds, that cut a window into few enough.
pub(super) fn step_ns(from_ns: i64, to_ns: i64, max_steps: i64) -> i64 {
    let length = to_ns.saturating_sub(from_ns);
    let fits = |step: &u64| length / (step_of(*step)) < max_steps;
    STEPS.iter().find(|step| fits(step)).map_or_else(|| (length / max_steps).max(1), |step| step_of(*step))
}

fn step_of(seconds: u64) -> i64 {
    i64::try_from(seconds).expect("the lengths are few seconds") * NANOS
}

/// Returns start and end of a stretch by its number since the Unix epoch; cut off where times end.
const fn stretch(number: i64, step_ns: i64) -> (i64, i64) {
    (number.saturating_mul(step_ns), number.saturating_add(1).saturating_mul(step_ns))
}

/// Reads the course of a window.
pub(super) fn timeline(
    investigation: &Investigation<'_>,
    filter: &Filter,
    (from_ns, to_ns): (i64, i64),
    clusters: &[Gathered],
) -> Result<TimelineFacts> {
    let step_ns = step_ns(from_ns, to_ns, MAX_STEPS);
    let mut counter = Counter { step_ns, counts: BTreeMap::new(), services: BTreeSet::new() };
    scan(investigation.archive, &investigation.names, filter, &Wanted::default(), &mut counter)?;
    let mut steps = Vec::new();
    for step in from_ns.div_euclid(step_ns)..=to_ns.div_euclid(step_ns) {
        let (start, end) = stretch(step, step_ns);
        let covered = covered_ns(investigation, Some(&counter.services), start, end - 1);
        let counts = counter.counts.remove(&step);
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = ((covered / step_ns as f64 * 1e4).round() / 1e4).min(1.0);
        steps.push(Step {
            from: rfc3339(start),
            counts: match counts {
                None if covered <= 0.0 => None,
                counts => Some(
                    counts
                        .unwrap_or_default()
                        .into_iter()
                        .map(|(severity, n)| (severity.name().to_owned(), n))
                        .collect(),
                ),
            },
            covered: share,
        });
    }
    let bad = || clusters.iter().filter(|cluster| cluster.priority <= Priority::P2);
    let onset = bad().min_by_key(|cluster| (cluster.first, cluster.id));
    let mut by_step: BTreeMap<i64, u64> = BTreeMap::new();
    for time in bad().flat_map(|cluster| &cluster.times) {
        *by_step.entry(time.div_euclid(step_ns)).or_insert(0) += 1;
    }
    let peak = by_step.iter().max_by_key(|(step, n)| (**n, std::cmp::Reverse(**step)));
    let (current, reason) = state_at_end(investigation, bad(), to_ns);
    Ok(TimelineFacts {
        #[expect(clippy::cast_sign_loss, reason = "lengths are positive")]
        step_seconds: (step_ns / NANOS).max(1) as u64,
        steps,
        onset: onset.map(|cluster| rfc3339(cluster.first.time_ns)),
        onset_cluster: onset.map(Gathered::name),
        peak: peak.map(|(step, _)| rfc3339(stretch(*step, step_ns).0)),
        peak_count: peak.map_or(0, |(_, n)| *n),
        current: current.to_owned(),
        reason,
        last: bad().map(|cluster| cluster.last.time_ns).max().map(rfc3339),
    })
}

/// Says how it stands: going on if the last entry of some bad cluster lies within its own usual distance from the end.
fn state_at_end<'c>(
    investigation: &Investigation<'_>,
    bad: impl Iterator<Item = &'c Gathered>,
    to_ns: i64,
) -> (&'static str, String) {
    let bad: Vec<&Gathered> = bad.collect();
    let Some(last) = bad.iter().max_by_key(|cluster| (cluster.last, cluster.id)) else {
        return ("quiet", "no cluster of P0 to P2".to_owned());
    };
    let since = |cluster: &Gathered| to_ns.saturating_sub(cluster.last.time_ns);
    let silent = since(last);
    if bad.iter().any(|cluster| since(cluster) <= usual_gap_ns(&cluster.times)) {
        return ("ongoing", "entries of P0 to P2 go on up to the end".to_owned());
    }
    let covered = covered_ns(investigation, None, last.last.time_ns, to_ns);
    #[expect(clippy::cast_precision_loss, reason = "compared with a share")]
    if covered >= 0.9 * silent as f64 {
        ("quiet", "the time since the last entry of P0 to P2 is covered".to_owned())
    } else {
        ("not known", "the time since the last entry of P0 to P2 is not covered".to_owned())
    }
}

/// Returns the distance below which nine tenths of the distances between times lie, at least a minute.
pub(super) fn usual_gap_ns(times: &[i64]) -> i64 {
    let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() * 9 / 10).copied().unwrap_or(0).max(60 * NANOS)
}

/// Counts the times of a cluster per stretch, over its own time and a margin before, so that its onset shows.
pub(super) fn course(investigation: &Investigation<'_>, cluster: &Gathered, window: (i64, i64)) -> Course {
    const MAX_COURSE: i64 = 40;
    let (first, last) = (cluster.first.time_ns, cluster.last.time_ns);
    let margin = (last.saturating_sub(first) / 5).max(60 * NANOS);
    let (from, to) = (first.saturating_sub(margin).max(window.0), last.saturating_add(margin).min(window.1));
    let step_ns = step_ns(from, to, MAX_COURSE);
    let stretches: Vec<(i64, i64)> = cluster
        .services()
        .iter()
        .flat_map(|service| investigation.coverage.merged(service, Some(cluster.severity())))
        .map(|(from, to, _)| (from, to))
        .collect();
    let mut by_step: BTreeMap<i64, u64> = BTreeMap::new();
    for time in &cluster.times {
        *by_step.entry(time.div_euclid(step_ns)).or_insert(0) += 1;
    }
    let start = from.div_euclid(step_ns);
    let counts = (start..=to.div_euclid(step_ns))
        .map(|step| {
            let (begins, ends) = stretch(step, step_ns);
            let is_covered = stretches.iter().any(|(from, to)| *from < ends && begins <= *to);
            by_step.get(&step).copied().or(is_covered.then_some(0))
        })
        .collect();
    Course {
        from: rfc3339(stretch(start, step_ns).0),
        #[expect(clippy::cast_sign_loss, reason = "lengths are positive")]
        step_seconds: (step_ns / NANOS).max(1) as u64,
        counts,
    }
}

struct Counter {
    step_ns: i64,
    /// By the number of the stretch.
    counts: BTreeMap<i64, BTreeMap<Severity, u64>>,
    services: BTreeSet<String>,
}

impl Counter {
    fn add(&mut self, time_ns: i64, severity: Severity, n: u64) {
        *self.counts.entry(time_ns.div_euclid(self.step_ns)).or_default().entry(severity).or_insert(0) += n;
    }
}

impl Sink for Counter {
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        let rings = segment.rings()?;
        let run = rings.run_of(ring);
        let service = &segment.services()?[run.service];
        if !self.services.contains(service) {
            self.services.insert(service.clone());
        }
        let times = rings.times()?;
        let (first, last) = (times.first(ring), times.last(ring));
        if first.div_euclid(self.step_ns) != last.div_euclid(self.step_ns) {
            return Ok(false);
        }
        self.add(first, run.severity, rings.rows(ring));
        Ok(true)
    }

    fn row(&mut self, segment: &Segment, ring: usize, view: &RowView<'_>) -> Result<()> {
        let rings = segment.rings()?;
        let run = rings.run_of(ring);
        let service = &segment.services()?[run.service];
        if !self.services.contains(service) {
            self.services.insert(service.clone());
        }
        self.add(view.row.timestamp.as_nanos(), run.severity, 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_round_and_few() {
        let check = |seconds: i64, expected: i64| {
            assert_eq!(step_ns(0, seconds * NANOS, 72) / NANOS, expected, "{seconds} s");
        };
        check(60, 1);
        check(124, 5);
        check(3_600, 60);
        check(86_400, 1_800);
        check(86_400 * 21, 43_200);
        check(86_400 * 365 * 100, 86_400 * 365 * 100 / 72);
    }

    #[test]
    fn stretches_end_where_times_end() {
        assert_eq!(stretch(-2, 100), (-200, -100));
        let step = step_ns(i64::MIN, i64::MAX, 72);
        assert_eq!(stretch(i64::MIN.div_euclid(step), step).0, i64::MIN);
        assert_eq!(stretch(i64::MAX.div_euclid(step), step).1, i64::MAX);
    }

    #[test]
    fn the_usual_gap_is_no_outlier() {
        let times: Vec<i64> = (0..20).map(|n| n * 100 * NANOS).chain([90_000 * NANOS]).collect();
        assert_eq!(usual_gap_ns(&times), 100 * NANOS);
        assert_eq!(usual_gap_ns(&[5]), 60 * NANOS);
    }
}
