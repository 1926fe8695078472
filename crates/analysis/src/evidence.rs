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

use serde::Serialize;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use timberline_archive::catalog::{
    Cut, GroupFacts, Hole, LimitCut, Missing, SourceRecord, WindowRecord, is_inside,
};
use timberline_entry::{Severity, Shard, Timestamp, sink_hour};

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

/// A set of severities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Severities(u16);

impl Severities {
    /// Every severity.
    pub const ALL: Self = Self(0x1ff);

    /// The severities from this one upwards.
    pub const fn at_least(severity: Severity) -> Self {
        Self(Self::ALL.0 & (Self::ALL.0 << severity.rank()))
    }

    /// This severity alone.
    pub const fn only(severity: Severity) -> Self {
        Self(1 << severity.rank())
    }

    /// Returns the set with a severity added.
    pub const fn with(self, severity: Severity) -> Self {
        Self(self.0 | 1 << severity.rank())
    }

    /// Returns what belongs to both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns what belongs to either set.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns what belongs to this set and not to the other.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Says whether a severity belongs to the set.
    pub const fn contains(self, severity: Severity) -> bool {
        self.0 >> severity.rank() & 1 == 1
    }
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
        for group in sources.iter().flat_map(|source| &source.groups) {
            if let Some(severity) = Severity::parse(&group.severity) {
                let logs = coverage.logs.entry(group.service.clone()).or_default();
                let written = logs.entry(log_id(&group.log)).or_default();
                *written = written.with(severity);
            }
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

/// An hour as a sink writes it: the folder of the day, and when it begins.
type Hour<'s> = (&'s str, i64);

fn hour_of(source: &SourceRecord) -> Option<(Hour<'_>, Shard)> {
    let hour = sink_hour(&source.path)?;
    let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(((folder, hour.from.as_nanos()), hour.shard))
}

/// Returns the hours whose shards are all there, from S0 without a number left out, and whole.
fn whole_hours(sources: &[SourceRecord]) -> BTreeSet<Hour<'_>> {
    let mut shards: BTreeMap<Hour<'_>, BTreeSet<u32>> = BTreeMap::new();
    let mut broken = BTreeSet::new();
    for source in sources {
        let Some((hour, shard)) = hour_of(source) else { continue };
        if let Shard::Main(number) = shard {
            shards.entry(hour).or_default().insert(number);
        }
        if source.cut == Cut::Broken {
            broken.insert(hour);
        }
    }
    let is_whole = |numbers: &BTreeSet<u32>| (0..).zip(numbers).all(|(expected, number)| expected == *number);
    shards.retain(|hour, numbers| is_whole(numbers) && !broken.contains(hour));
    shards.into_keys().collect()
}

/// Says what a source proves, per service.
fn intervals_of(source: &SourceRecord, whole_hours: &BTreeSet<Hour<'_>>) -> Vec<(String, Interval)> {
    let mut found = Vec::new();
    let lacks = source.lacking();
    let is_whole_hour = hour_of(source).is_some_and(|(hour, _)| whole_hours.contains(&hour));
    for window in source.windows.iter().filter(|window| is_whole_hour && window.proof == "sink-hour") {
        for service in services(&source.groups) {
            let interval = Interval {
                from_ns: window.from_ns,
                to_ns: window.to_ns - 1,
                proof: Proof::SinkHour,
                severities: Severities::ALL,
                log: Some(window.log.clone()).filter(|log| !log.is_empty()),
                cut_source: None,
            };
            let whole = without_holes(interval, lacks.holes.iter(), source);
            found.extend(whole.into_iter().map(|interval| (service.clone(), interval)));
        }
    }
    if !found.is_empty() {
        return found;
    }
    let let_through = source.filter.as_deref().map_or(Some(Severities::ALL), crate::asked_filter::severities);
    let Some(let_through) = let_through else { return found };
    let mut places: BTreeMap<&str, Vec<&GroupFacts>> = BTreeMap::new();
    for group in &source.groups {
        places.entry(&group.context).or_default().push(group);
    }
    for (place, groups) in places {
        let first = groups.iter().map(|group| group.first_ns).min().unwrap_or_default();
        let last = groups.iter().map(|group| group.last_ns).max().unwrap_or_default();
        let held = groups.iter().filter_map(|group| Severity::parse(&group.severity));
        let cuts: Vec<&LimitCut> = lacks.cuts.iter().filter(|cut| cut.context == place).collect();
        let cut_severities = cuts.iter().filter_map(|cut| Severity::parse(cut.severity.as_deref()?));
        let cut_severities = cut_severities.fold(Severities::default(), Severities::with);
        // A key path that ends in a severity's name holds that severity and no other.
        let only =
            place.rsplit('.').next().and_then(|key| Severity::ALL.into_iter().find(|s| s.name() == key));
        let severities = match only {
            Some(only) => Severities::only(only),
            // Somebody fetched each severity by itself, and may have left out those that are not there.
            None if cut_severities != Severities::default() => {
                held.fold(Severities::default(), Severities::with)
            }
            None => Severities::at_least(held.min().unwrap_or_default()),
        };
        let severities = severities.and(let_through);
        // Entries beyond the window that was asked for show that the window is not to be trusted.
        // Neither is that of a dump whose end is missing.
        let asked = asked_window(source, place)
            .filter(|window| window.from_ns <= first && last <= window.to_ns && source.cut != Cut::Broken);
        let (from_ns, to_ns, proof) = match asked {
            Some(window) => (window.from_ns, window.to_ns, Proof::AskedWindow),
            None => (first, last, Proof::DumpSpan),
        };
        let whole = Interval { from_ns, to_ns, proof, severities, log: None, cut_source: None };
        let alone = Severity::ALL.into_iter().filter(|severity| cut_severities.contains(*severity));
        let parts = std::iter::once((None, severities.without(cut_severities)))
            .chain(alone.map(|severity| (Some(severity.name()), Severities::only(severity).and(severities))))
            .filter(|(_, severities)| *severities != Severities::default())
            .map(|(severity, severities)| {
                let speaks = |cut: &&&LimitCut| {
                    cut.severity.is_none() || cut.severity.as_deref().is_some_and(|own| Some(own) == severity)
                };
                let cuts = cuts.iter().filter(speaks);
                cuts.fold(Interval { severities, ..whole.clone() }, |interval, cut| {
                    cut_off(interval, cut, source)
                })
            })
            .filter(|interval| interval.from_ns <= interval.to_ns);
        let holes = || lacks.holes.iter().filter(|hole| hole.context == place);
        let parts: Vec<Interval> =
            parts.flat_map(|interval| without_holes(interval, holes(), source)).collect();
        for service in groups.iter().map(|group| group.service.clone()).collect::<BTreeSet<_>>() {
            found.extend(parts.iter().map(|interval| (service.clone(), interval.clone())));
        }
    }
    found
}

/// Takes out where pieces of the source could not be kept. `holes` are in time order.
fn without_holes<'h>(
    interval: Interval,
    holes: impl Iterator<Item = &'h Hole>,
    source: &SourceRecord,
) -> Vec<Interval> {
    let (mut whole, mut rest) = (Vec::new(), interval);
    for hole in holes.filter(|hole| hole.from_ns <= hole.to_ns) {
        if hole.to_ns < rest.from_ns || rest.to_ns < hole.from_ns {
            continue;
        }
        if rest.from_ns < hole.from_ns {
            whole.push(Interval { to_ns: hole.from_ns - 1, ..rest.clone() });
        }
        if rest.to_ns <= hole.to_ns {
            return whole;
        }
        rest = Interval { from_ns: hole.to_ns + 1, cut_source: Some(source.path.clone()), ..rest };
    }
    whole.push(rest);
    whole
}

/// Returns the window that was asked for at a place: that of the innermost wrapper around it which names one.
pub(crate) fn asked_window<'s>(source: &'s SourceRecord, place: &str) -> Option<&'s WindowRecord> {
    let asked = source.windows.iter().filter(|window| window.proof == "asked-window");
    let around: Vec<&WindowRecord> = asked.filter(|window| is_inside(place, &window.place)).collect();
    let innermost = around.iter().map(|window| window.place.len()).max()?;
    around.into_iter().find(|window| window.place.len() == innermost)
}

/// Takes off what a limit kept out.
fn cut_off(interval: Interval, cut: &LimitCut, source: &SourceRecord) -> Interval {
    match cut.missing {
        Missing::Older => Interval {
            from_ns: interval.from_ns.max(cut.at_ns),
            cut_source: Some(source.path.clone()),
            ..interval
        },
        Missing::Newer => Interval { to_ns: interval.to_ns.min(cut.at_ns), ..interval },
    }
}

fn services(groups: &[GroupFacts]) -> Vec<String> {
    let mut services: Vec<String> = groups.iter().map(|group| group.service.clone()).collect();
    services.sort();
    services.dedup();
    services
}

#[cfg(test)]
mod tests {
    use super::*;
    use timberline_archive::catalog::{Lacks, Order};

    fn source(path: &str, cut: Cut, groups: &[(&str, u64, i64, i64)]) -> SourceRecord {
        let facts = |(severity, entries, first_ns, last_ns): &(&str, u64, i64, i64)| GroupFacts {
            context: String::new(),
            service: "s".to_owned(),
            log: String::new(),
            severity: (*severity).to_owned(),
            entries: *entries,
            first_ns: *first_ns,
            last_ns: *last_ns,
        };
        SourceRecord {
            key: 1,
            path: path.to_owned(),
            bytes: 0,
            modified_ns: None,
            dialect: String::new(),
            dialect_reason: String::new(),
            compression: String::new(),
            encoding: String::new(),
            read: 0,
            rejected: 0,
            repaired: 0,
            first_ns: None,
            last_ns: None,
            cut,
            order: Order::NewestFirst,
            groups: groups.iter().map(facts).collect(),
            windows: Vec::new(),
            filter: None,
            lacks: None,
        }
    }

    fn first(sources: &[SourceRecord], severity: Severity, time: i64, born: Option<i64>) -> Status {
        Coverage::of(sources).judge_first("s", severity, "", time, born).status
    }

    #[test]
    fn a_first_is_observed_only_where_its_absence_could_have_been_seen() {
        let whole = [source("a", Cut::No, &[("INFO", 7, 100, 200)])];
        assert_eq!(first(&whole, Severity::Error, 150, Some(100)), Status::Observed);
        assert_eq!(first(&whole, Severity::Error, 100, Some(100)), Status::Censored);
        assert_eq!(first(&whole, Severity::Error, 250, None), Status::Unknown);
        assert_eq!(first(&whole, Severity::Debug, 150, None), Status::Unknown);
        assert_eq!(
            Coverage::of(&whole).judge_first("t", Severity::Error, "", 150, None).status,
            Status::Unknown
        );
        let single = [source("a", Cut::No, &[("INFO", 1, 100, 100)])];
        assert_eq!(first(&single, Severity::Info, 100, None), Status::Unknown);
    }

    #[test]
    fn a_limit_cuts_off_what_came_before() {
        let cut = [source("a", Cut::Limit, &[("INFO", 100, 100, 200)])];
        assert_eq!(first(&cut, Severity::Info, 150, Some(100)), Status::Censored);
        // A revision that was born inside is seen from its beginning.
        assert_eq!(first(&cut, Severity::Info, 150, Some(120)), Status::Observed);
        let both = [cut[0].clone(), source("b", Cut::No, &[("INFO", 3, 50, 120)])];
        assert_eq!(first(&both, Severity::Info, 150, Some(50)), Status::Observed);
    }

    /// A dump of the window from 0 to 1000 with entries from 100 to 200.
    fn asked(cuts: &[(Option<&str>, Missing, i64)]) -> SourceRecord {
        let cut = |(severity, missing, at_ns): &(Option<&str>, Missing, i64)| LimitCut {
            context: String::new(),
            severity: severity.map(str::to_owned),
            missing: *missing,
            at_ns: *at_ns,
            limit: Some(50),
        };
        let window = WindowRecord {
            proof: "asked-window".to_owned(),
            from_ns: 0,
            to_ns: 1000,
            log: String::new(),
            place: String::new(),
        };
        SourceRecord {
            windows: vec![window],
            lacks: Some(Lacks { cuts: cuts.iter().map(cut).collect(), holes: Vec::new() }),
            ..source("a", Cut::Limit, &[("NOTICE", 6, 100, 200), ("ERROR", 50, 150, 200)])
        }
    }

    #[test]
    fn a_limit_on_one_severity_cuts_that_severity() {
        let dump = [asked(&[(Some("ERROR"), Missing::Older, 150)])];
        assert_eq!(first(&dump, Severity::Error, 180, None), Status::Censored);
        assert_eq!(first(&dump, Severity::Notice, 180, None), Status::Observed);
        // Nobody knows whether warnings were asked for.
        assert_eq!(first(&dump, Severity::Warning, 180, None), Status::Unknown);
        let stretches = |severity| Coverage::of(&dump).merged("s", Some(severity));
        assert_eq!(stretches(Severity::Error), [(150, 1000, Some("a".to_owned()))]);
        assert_eq!(stretches(Severity::Notice), [(0, 1000, None)]);
    }

    #[test]
    fn a_limit_cuts_off_the_far_side() {
        let stretches = |cuts: &[(Option<&str>, Missing, i64)]| -> Vec<(i64, i64)> {
            let merged = Coverage::of(&[asked(cuts)]).merged("s", Some(Severity::Error));
            merged.into_iter().map(|(from, to, _)| (from, to)).collect()
        };
        assert_eq!(stretches(&[]), [(0, 1000)]);
        assert_eq!(stretches(&[(None, Missing::Older, 100)]), [(100, 1000)]);
        assert_eq!(stretches(&[(None, Missing::Newer, 200)]), [(0, 200)]);
        assert_eq!(stretches(&[(None, Missing::Older, 100), (None, Missing::Newer, 200)]), [(100, 200)]);
        let last =
            Coverage::of(&[asked(&[(None, Missing::Newer, 200)])]).judge_last("s", Severity::Error, "", 200);
        assert_eq!(last.status, Status::Censored);
    }

    #[test]
    fn what_a_limit_cut_is_derived_for_sources_that_do_not_store_it() {
        let mut dump = SourceRecord { lacks: None, ..asked(&[]) };
        let stretches =
            |dump: &SourceRecord| Coverage::of(std::slice::from_ref(dump)).merged("s", None)[0].clone();
        // A limit that the dump names does not show in the number of entries.
        assert_eq!(stretches(&dump), (100, 1000, Some("a".to_owned())));
        dump.order = Order::OldestFirst;
        assert_eq!(stretches(&dump), (0, 200, None));
        dump.cut = Cut::No;
        assert_eq!(stretches(&dump), (0, 1000, None));
        dump.groups[0].entries = 50;
        assert_eq!(stretches(&dump), (0, 200, None));
    }

    #[test]
    fn a_filter_is_no_witness_of_what_it_kept_out() {
        let judged = |filter: &str| {
            let mut dump = source("a", Cut::No, &[("WARNING", 7, 100, 200)]);
            dump.filter = Some(filter.to_owned());
            [Severity::Warning, Severity::Error].map(|severity| first(&[dump.clone()], severity, 150, None))
        };
        assert_eq!(judged("severity>=WARNING"), [Status::Observed; 2]);
        assert_eq!(judged("severity=WARNING"), [Status::Observed, Status::Unknown]);
        assert_eq!(judged("severity>=WARNING timeout"), [Status::Unknown; 2]);
    }

    #[test]
    fn a_gap_may_hide_an_earlier_one() {
        let islands =
            [source("a", Cut::No, &[("INFO", 7, 0, 10)]), source("b", Cut::No, &[("INFO", 7, 100, 200)])];
        let evidence = Coverage::of(&islands).judge_first("s", Severity::Info, "", 150, Some(5));
        assert_eq!(evidence.status, Status::Censored);
        assert!(evidence.reason.contains("not covered between"), "{}", evidence.reason);
        assert_eq!(evidence.silent_since, Some(rfc3339(100)));
        assert_eq!(first(&islands, Severity::Info, 150, Some(110)), Status::Observed);
    }

    #[test]
    fn the_end_of_coverage_hides_what_came_after() {
        let coverage = Coverage::of(&[source("a", Cut::No, &[("INFO", 7, 100, 200)])]);
        assert_eq!(coverage.judge_last("s", Severity::Info, "", 200).status, Status::Censored);
        assert_eq!(coverage.judge_last("s", Severity::Info, "", 150).status, Status::Observed);
        assert_eq!(coverage.judge_last("s", Severity::Info, "", 500).status, Status::Unknown);
    }

    fn hour(shard: &str, cut: Cut) -> SourceRecord {
        let path = format!("bucket/run.googleapis.com/stderr/2025/09/16/01:00:00_01:59:59_{shard}.json");
        let from_ns = sink_hour(&path).expect("the path of a sink").from.as_nanos();
        let window = WindowRecord {
            proof: "sink-hour".to_owned(),
            from_ns,
            to_ns: from_ns + 3_600_000_000_000,
            log: String::new(),
            place: String::new(),
        };
        SourceRecord {
            windows: vec![window],
            ..source(&path, cut, &[("INFO", 9, from_ns + 100, from_ns + 900)])
        }
    }

    #[test]
    fn an_hour_of_a_sink_is_covered_when_all_its_shards_are_there() {
        let proofs = |sources: &[SourceRecord]| -> Vec<Proof> {
            Coverage::of(sources).services["s"].iter().map(|interval| interval.proof).collect()
        };
        assert_eq!(proofs(&[hour("S0", Cut::No)]), [Proof::SinkHour]);
        assert_eq!(proofs(&[hour("S0", Cut::No), hour("S1", Cut::No)]), [Proof::SinkHour; 2]);
        assert_eq!(proofs(&[hour("S0", Cut::No), hour("S2", Cut::No)]), [Proof::DumpSpan; 2]);
        assert_eq!(proofs(&[hour("S1", Cut::No)]), [Proof::DumpSpan]);
        assert_eq!(proofs(&[hour("A0:1461546000", Cut::No)]), [Proof::DumpSpan]);
        assert_eq!(proofs(&[hour("S0", Cut::Broken)]), [Proof::DumpSpan]);
    }

    #[test]
    fn what_was_lost_to_damage_is_covered_by_nothing() {
        let whole = Coverage::of(&[source("a", Cut::Limit, &[("INFO", 100, 100, 900)])]);
        let stretches = |coverage: &Coverage| -> Vec<(i64, i64)> {
            coverage.merged("s", None).into_iter().map(|(from, to, _)| (from, to)).collect()
        };
        assert_eq!(stretches(&whole.clone().without(&[])), [(100, 900)]);
        assert_eq!(stretches(&whole.clone().without(&[(300, 400)])), [(100, 299), (401, 900)]);
        assert_eq!(stretches(&whole.clone().without(&[(50, 400), (800, 999)])), [(401, 799)]);
        assert_eq!(stretches(&whole.clone().without(&[(950, 999)])), [(100, 900)]);
        let nothing = whole.clone().without(&[(0, 1000)]);
        assert_eq!((stretches(&nothing), nothing.extent("s")), (vec![], Some((100, 900))));
        let censored = whole.without(&[(300, 400)]).judge_first("s", Severity::Info, "", 500, None);
        assert_eq!(censored.status, Status::Censored);
        assert_eq!(nothing.judge_first("s", Severity::Info, "", 500, None).status, Status::Unknown);
    }

    #[test]
    fn a_piece_that_could_not_be_kept_is_covered_by_nothing() {
        let hole = |from_ns, to_ns| Hole { context: String::new(), from_ns, to_ns };
        let stretches = |holes: Vec<Hole>| -> Vec<(i64, i64)> {
            let dump = SourceRecord { lacks: Some(Lacks { cuts: Vec::new(), holes }), ..asked(&[]) };
            Coverage::of(&[dump]).merged("s", None).into_iter().map(|(from, to, _)| (from, to)).collect()
        };
        assert_eq!(stretches(vec![hole(141, 149)]), [(0, 140), (150, 1000)]);
        assert_eq!(
            stretches(vec![hole(i64::MIN, 99), hole(141, 149), hole(201, i64::MAX)]),
            [(100, 140), (150, 200)]
        );
        let holes = vec![hole(i64::MIN, 99)];
        let dump = SourceRecord { lacks: Some(Lacks { cuts: Vec::new(), holes }), ..asked(&[]) };
        assert_eq!(first(&[dump], Severity::Error, 180, None), Status::Censored);

        let mut shard = hour("S0", Cut::No);
        let from = shard.windows[0].from_ns;
        shard.lacks = Some(Lacks { cuts: Vec::new(), holes: vec![hole(from + 201, from + 299)] });
        let merged = Coverage::of(&[shard.clone()]).merged("s", None);
        assert_eq!(merged.iter().map(|(from, ..)| *from).collect::<Vec<_>>(), [from, from + 300]);
        assert_eq!(first(&[shard], Severity::Error, from + 500, None), Status::Censored);
    }

    #[test]
    fn an_hour_of_one_log_says_nothing_of_another() {
        let of_log = |log: &str, n: i64| {
            let path = format!("bucket/{log}/2025/09/16/0{n}:00:00_0{n}:59:59_S0.json");
            let window = sink_hour(&path).expect("the path of a sink");
            let (from_ns, to_ns) = (window.from.as_nanos(), window.to.as_nanos());
            let mut record = source(&path, Cut::No, &[("INFO", 9, from_ns + 100, from_ns + 900)]);
            record.groups[0].log = format!("projects/p/logs/{}", log.replace('/', "%2F"));
            let proof = "sink-hour".to_owned();
            record.windows =
                vec![WindowRecord { proof, from_ns, to_ns, log: log.to_owned(), place: String::new() }];
            record
        };
        let (out, err) = ("run.googleapis.com/stdout", "run.googleapis.com/stderr");
        let hours = [of_log(out, 1), of_log(out, 2), of_log(err, 2)];
        let at = hours[2].first_ns.unwrap_or(hours[2].groups[0].first_ns);
        let coverage = Coverage::of(&hours);
        let status = |log: &str| coverage.judge_first("s", Severity::Info, log, at, None).status;
        assert_eq!([status(out), status(err)], [Status::Observed, Status::Censored]);
        // A question that is put to no log in particular is put to all in which the service writes.
        let starts = |severity| coverage.merged("s", severity)[0].0;
        assert_eq!(starts(Some(Severity::Info)), hours[2].windows[0].from_ns);
        assert_eq!(starts(None), hours[0].windows[0].from_ns);
    }

    #[test]
    fn sets_of_severities() {
        let set = Severities::at_least(Severity::Warning);
        assert!(set.contains(Severity::Warning) && set.contains(Severity::Emergency));
        assert!(!set.contains(Severity::Notice));
        assert_eq!(Severities::at_least(Severity::Default), Severities::ALL);
    }
}
