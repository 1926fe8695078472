//! What the archive can speak for: which stretches of time of which service are covered, and by what proof.
//!
//! ```text
//! sink hour      a Cloud Storage sink wrote this hour of this log: all of that log, if all its shards are there and end well
//! asked window   the dump says which window was asked for: all of it, unless a limit cut it
//! dump span      from the first to the last entry of a dump: all between, of the severities it has
//! ```
//!
//! Where a piece of a source could not be kept, the source covers nothing between the entries before and after that piece.
//! What a repair gave up is covered by nothing, whatever the sources prove: its entries are not in the archive.
//! A dump that says which filter it was made with speaks for what that lets through, and for nothing when the filter asks for more than
//! service, time and severity. A dump cut by a limit speaks for nothing before its oldest entry when it is newest first, and for nothing after
//! its newest when it is oldest first, whatever window was asked for; when only some severities met the limit, so does each of them.

mod severities;
mod witness;

pub use severities::Severities;
pub(crate) use witness::asked_window;

use serde::Serialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use timberline_archive::catalog::SourceRecord;
use timberline_entry::{Severity, Timestamp};
use witness::{intervals_of, whole_hours};

/// How it is known that a stretch of time is covered. Ordered by how much it proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A dump has entries before and after.
    DumpSpan,
    /// A dump says that it was asked for.
    AskedWindow,
    /// A sink wrote it.
    SinkHour,
}

/// A covered stretch of time of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Start, nanoseconds since the Unix epoch.
    pub from_ns: i64,
    /// End, inclusive.
    pub to_ns: i64,
    /// How it is known.
    pub proof: Proof,
    /// The severities it speaks for.
    pub severities: Severities,
    /// The log it speaks for, as its id; `None` for all.
    pub log: Option<String>,
    /// The source that has nothing before `from_ns` because of a limit or of damage, if there is one.
    pub cut_source: Option<String>,
}

/// What each service is covered for.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    services: BTreeMap<String, Vec<Interval>>,
    /// The logs of each service, and the severities that it wrote there.
    logs: BTreeMap<String, BTreeMap<String, Severities>>,
    /// From the first to the last moment of each service that its sources prove, damage or not.
    extents: BTreeMap<String, (i64, i64)>,
    /// What was asked of services of which some logs are covered by themselves, by severity's rank.
    merged: OnceLock<BTreeMap<String, Vec<Vec<Stretch>>>>,
}

/// A covered stretch of time, ends included, and the source that has nothing before it because of a limit or of damage.
type Stretch = (i64, i64, Option<String>);

/// Whether an occurrence can be called the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The time before it is covered, and it did not occur there.
    Observed,
    /// What came before is not in the archive.
    Censored,
    /// No coverage can be established.
    Unknown,
}

/// What an occurrence's place in time rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The verdict.
    pub status: Status,
    /// Since when the archive could have shown it and did not, RFC 3339.
    pub silent_since: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
}

impl Coverage {
    /// Derives coverage from the source catalogue.
    pub fn of(sources: &[SourceRecord]) -> Self {
        let mut services: BTreeMap<String, Vec<Interval>> = BTreeMap::new();
        let whole_hours = whole_hours(sources);
        for source in sources {
            for (service, interval) in intervals_of(source, &whole_hours) {
                services.entry(service).or_default().push(interval);
            }
        }
        let mut coverage = Self::new(services);
        // Sources repeat what they hold day by day, and names are decoded once.
        let mut written: BTreeMap<(&str, &str), Severities> = BTreeMap::new();
        for group in sources.iter().flat_map(|source| &source.groups) {
            if let Some(severity) = Severity::parse(&group.severity) {
                let written = written.entry((&group.service, &group.log)).or_default();
                *written = written.with(severity);
            }
        }
        for ((service, log), severities) in written {
            let logs = coverage.logs.entry(service.to_owned()).or_default();
            let of_log = logs.entry(log_id(log)).or_default();
            *of_log = of_log.or(severities);
        }
        coverage
    }

    fn new(mut services: BTreeMap<String, Vec<Interval>>) -> Self {
        for intervals in services.values_mut() {
            intervals.sort_by_key(|interval| (interval.from_ns, interval.to_ns, interval.proof));
        }
        let extent = |intervals: &Vec<Interval>| {
            let from = intervals.iter().map(|interval| interval.from_ns).min()?;
            Some((from, intervals.iter().map(|interval| interval.to_ns).max()?))
        };
        let extents = services.iter().filter_map(|(name, all)| Some((name.clone(), extent(all)?))).collect();
        Self { services, extents, logs: BTreeMap::new(), merged: OnceLock::new() }
    }

    /// Returns the coverage that is left when the entries of these spans, ends included, were lost.
    pub fn without(mut self, lost: &[(i64, i64)]) -> Self {
        self.merged = OnceLock::new();
        for intervals in self.services.values_mut() {
            for (lost_from, lost_to) in lost {
                let left = std::mem::take(intervals).into_iter().flat_map(|interval| {
                    let is_apart = interval.to_ns < *lost_from || *lost_to < interval.from_ns;
                    let before = (is_apart || interval.from_ns < *lost_from).then(|| Interval {
                        to_ns: if is_apart { interval.to_ns } else { lost_from - 1 },
                        ..interval.clone()
                    });
                    let after = (!is_apart && *lost_to < interval.to_ns).then(|| Interval {
                        from_ns: lost_to + 1,
                        cut_source: None,
                        ..interval.clone()
                    });
                    before.into_iter().chain(after)
                });
                *intervals = left.collect();
            }
            intervals.sort_by_key(|interval| (interval.from_ns, interval.to_ns, interval.proof));
        }
        self
    }

    /// Returns the first and the last moment of a service that its sources prove, whether or not all between is left.
    pub fn extent(&self, service: &str) -> Option<(i64, i64)> {
        self.extents.get(service).copied()
    }

    /// Returns the coverage that some intervals make, each of a service.
    pub fn of_intervals<'s>(intervals: impl IntoIterator<Item = (&'s str, Interval)>) -> Self {
        let mut services: BTreeMap<String, Vec<Interval>> = BTreeMap::new();
        for (service, interval) in intervals {
            services.entry(service.to_owned()).or_default().push(interval);
        }
        Self::new(services)
    }

    /// Returns the services that anything is known of, with their intervals by start.
    pub fn services(&self) -> impl Iterator<Item = (&str, &[Interval])> {
        self.services.iter().map(|(service, intervals)| (service.as_str(), intervals.as_slice()))
    }

    /// Returns the stretches in which a service is covered for a severity, merged where they touch, in time order: all logs in
    /// which it writes that severity, as far as they are known. Without a severity, where anything of it is covered.
    ///
    /// With each stretch comes the source that has nothing before it because of a limit or of damage.
    pub fn merged(&self, service: &str, severity: Option<Severity>) -> Vec<(i64, i64, Option<String>)> {
        let Some(severity) = severity else { return self.merged_of_log(service, None, None) };
        let by_log = self.merged.get_or_init(|| {
            let has_log = |intervals: &Vec<Interval>| intervals.iter().any(|interval| interval.log.is_some());
            let apart = self.services.iter().filter(|(_, intervals)| has_log(intervals));
            let of_all =
                |service: &str| Severity::ALL.map(|severity| self.in_all_logs(service, severity)).to_vec();
            apart.map(|(service, _)| (service.clone(), of_all(service))).collect()
        });
        match by_log.get(service) {
            Some(merged) => merged[usize::from(severity.rank())].clone(),
            None => self.merged_of_log(service, Some(severity), None),
        }
    }

    /// Returns the stretches in which all logs are covered in which a service writes a severity; all its logs when it never did.
    fn in_all_logs(&self, service: &str, severity: Severity) -> Vec<Stretch> {
        let known = || self.logs.get(service).into_iter().flatten();
        let is_written = known().any(|(_, written)| written.contains(severity));
        let logs = known().filter(|(_, written)| !is_written || written.contains(severity));
        let stretches = logs.map(|(log, _)| self.merged_of_log(service, Some(severity), Some(log)));
        let in_all = stretches.reduce(|a, b| common(&a, &b));
        in_all.unwrap_or_else(|| self.merged_of_log(service, Some(severity), None))
    }

    /// Returns the stretches in which a service is covered for a severity and for a log; an empty log is not known.
    fn merged_of_log(&self, service: &str, severity: Option<Severity>, log: Option<&str>) -> Vec<Stretch> {
        let log = log.filter(|log| !log.is_empty());
        let speaks = |interval: &&Interval| {
            severity.is_none_or(|severity| interval.severities.contains(severity))
                && (log.is_none() || interval.log.is_none() || interval.log.as_deref() == log)
        };
        let mut merged: Vec<Stretch> = Vec::new();
        for interval in self.services.get(service).into_iter().flatten().filter(speaks) {
            match merged.last_mut() {
                Some((from, to, cut)) if interval.from_ns <= to.saturating_add(1) => {
                    *to = (*to).max(interval.to_ns);
                    // Another source that covers the same start says that nothing was cut off there.
                    if interval.from_ns == *from && interval.cut_source.is_none() {
                        *cut = None;
                    }
                }
                _ => merged.push((interval.from_ns, interval.to_ns, interval.cut_source.clone())),
            }
        }
        merged
    }

    /// Judges a first occurrence in a log, by its id. `unborn_ns` is a moment at which its revision is known not to have been
    /// there yet, if there is one.
    pub fn judge_first(
        &self,
        service: &str,
        severity: Severity,
        log: &str,
        time_ns: i64,
        unborn_ns: Option<i64>,
    ) -> Evidence {
        let merged = self.merged_of_log(service, Some(severity), Some(log));
        let Some(at) = merged.iter().position(|(from, to, _)| *from <= time_ns && time_ns <= *to) else {
            return Evidence::unknown("no source covers this service and severity at that time");
        };
        let (from, to, cut) = &merged[at];
        if from == to {
            return Evidence::unknown("the source has no other entry that would show what it covers");
        }
        let silent_since = Some(rfc3339(*from));
        let seen_birth = unborn_ns.is_some_and(|unborn| *from < unborn);
        let is_known_before = self.extent(service).is_some_and(|(known, _)| known < *from);
        let (status, reason) = if time_ns == *from {
            let reason = match cut {
                Some(path) => format!("it is the oldest entry of {path} before a limit or damage cut it off"),
                None => {
                    "it is the first entry that is covered; nothing is known of the time before".to_owned()
                }
            };
            return Evidence { status: Status::Censored, silent_since: None, reason };
        } else if seen_birth {
            (Status::Observed, "covered without a gap since before the revision's first entry".to_owned())
        } else if let Some(path) = cut {
            let reason = format!("{path} was cut off by a limit or damage before {}", rfc3339(*from));
            (Status::Censored, format!("{reason}; older entries are not in the archive"))
        } else if at > 0 {
            let gap_from = merged[at - 1].1;
            (
                Status::Censored,
                format!(
                    "not covered between {} and {}; it may have occurred there",
                    rfc3339(gap_from),
                    rfc3339(*from)
                ),
            )
        } else if is_known_before {
            (
                Status::Censored,
                format!("not covered before {}, when the service was there already", rfc3339(*from)),
            )
        } else {
            (Status::Observed, "covered without a gap since the service's first known entry".to_owned())
        };
        Evidence { status, silent_since, reason }
    }

    /// Judges a last occurrence in a log: whether its absence afterwards was seen.
    pub fn judge_last(&self, service: &str, severity: Severity, log: &str, time_ns: i64) -> Evidence {
        let merged = self.merged_of_log(service, Some(severity), Some(log));
        match merged.iter().find(|(from, to, _)| *from <= time_ns && time_ns <= *to) {
            None => Evidence::unknown("no source covers this service and severity at that time"),
            Some((_, to, _)) if *to == time_ns => Evidence {
                status: Status::Censored,
                silent_since: None,
                reason: "it is the last entry that is covered; nothing is known of the time after".to_owned(),
            },
            Some((_, to, _)) => Evidence {
                status: Status::Observed,
                silent_since: Some(rfc3339(time_ns)),
                reason: format!("covered without a gap until {}, and not seen again", rfc3339(*to)),
            },
        }
    }
}

impl Evidence {
    fn unknown(reason: &str) -> Self {
        Self { status: Status::Unknown, silent_since: None, reason: reason.to_owned() }
    }
}

/// Returns where both are covered; both are in time order.
fn common(a: &[Stretch], b: &[Stretch]) -> Vec<Stretch> {
    let (mut at_a, mut at_b, mut found) = (0, 0, Vec::new());
    while let (Some(one), Some(other)) = (a.get(at_a), b.get(at_b)) {
        let (from, to) = (one.0.max(other.0), one.1.min(other.1));
        if from <= to {
            let cut = match one.0.cmp(&other.0) {
                Ordering::Greater => one.2.clone(),
                Ordering::Less => other.2.clone(),
                Ordering::Equal => one.2.clone().or_else(|| other.2.clone()),
            };
            found.push((from, to, cut));
        }
        if one.1 < other.1 {
            at_a += 1;
        } else {
            at_b += 1;
        }
    }
    found
}

/// Returns the id of a log: what stands behind `/logs/` in its name, decoded.
pub(crate) fn log_id(name: &str) -> String {
    let id = name.split_once("/logs/").map_or(name, |(_, id)| id);
    id.replace("%2F", "/").replace("%2f", "/")
}

pub(crate) fn rfc3339(ns: i64) -> String {
    Timestamp::from_nanos(ns).to_string()
}

#[cfg(test)]
mod tests;
