//! What one source proves to be covered.

use super::{Interval, Proof, Severities};
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::catalog::{
    Cut, GroupFacts, Hole, LimitCut, Missing, SourceRecord, WindowRecord, is_inside,
};
use timberline_entry::{Severity, Shard, sink_hour};

/// An hour as a sink writes it: the folder of the day, and when it begins.
pub(super) type Hour<'s> = (&'s str, i64);

fn hour_of(source: &SourceRecord) -> Option<(Hour<'_>, Shard)> {
    let hour = sink_hour(&source.path)?;
    let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(((folder, hour.from.as_nanos()), hour.shard))
}

/// Returns the hours whose shards are all there, from S0 without a number left out, and whole.
pub(super) fn whole_hours(sources: &[SourceRecord]) -> BTreeSet<Hour<'_>> {
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
pub(super) fn intervals_of(
    source: &SourceRecord,
    whole_hours: &BTreeSet<Hour<'_>>,
) -> Vec<(String, Interval)> {
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
        for service in groups.iter().map(|group| group.service.as_str()).collect::<BTreeSet<_>>() {
            found.extend(parts.iter().map(|interval| (service.to_owned(), interval.clone())));
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
