//! Which hours of which service and severity the archive can speak for, what is missing, and how to get it.

use crate::command::Place;
use crate::evidence::{Coverage, Interval, Proof, Severities, asked_window, rfc3339};
use crate::question::Investigation;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::Result;
use timberline_archive::catalog::{Cut, Lacks, Missing, Order, SourceRecord};
use timberline_entry::json::Value;
use timberline_entry::{Field, Severity};
use timberline_query::{Options, compile};
use timberline_search::{Direction, in_time_order};

/// The answer to *coverage*; serialised, the contract `timberline/coverage/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageAnswer {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// The services by name.
    pub services: Vec<ServiceCoverage>,
    /// Dumps that end before their time span does, by path.
    pub cut_dumps: Vec<CutDump>,
}

/// What one service is covered for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceCoverage {
    /// The service; empty for entries that name none.
    pub service: String,
    /// Covered stretches in time order; they overlap where proofs do.
    pub intervals: Vec<CoveredInterval>,
    /// Stretches in between that are not covered for every severity the service is known to write, in time order.
    pub gaps: Vec<Gap>,
}

/// A covered stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoveredInterval {
    /// Start, RFC 3339.
    pub from: String,
    /// End, included.
    pub to: String,
    /// How it is known.
    pub proof: Proof,
    /// The severities it speaks for, mildest first.
    pub severities: Vec<&'static str>,
    /// The log it speaks for, if it speaks for one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The dump that has nothing before `from` because of a limit or of damage, if there is one.
    pub cut_source: Option<String>,
}

/// A stretch that is not covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Start: what is covered last before it.
    pub from: String,
    /// End: what is covered first after it.
    pub to: String,
    /// The severities that are not covered there, of those the service is known to write; mildest first.
    pub severities: Vec<&'static str>,
    /// Nothing of the service is covered there, of any severity.
    pub is_total: bool,
    /// The command that would fetch it.
    pub command: String,
}

/// A dump that is known to lack something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CutDump {
    /// The dump as it was named.
    pub path: String,
    /// `limit`: as many entries as a limit would leave, or another page is missing. `broken`: the file ends inside an entry.
    pub cut: &'static str,
    /// Entries that were read of it.
    pub entries: u64,
    /// The limit that was met; `null` if the file is broken, or only says that there are more entries.
    pub limit: Option<u64>,
    /// What it cannot speak for, by service.
    pub silent: Vec<Silent>,
}

/// The part of a service's time that a cut dump cannot speak for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silent {
    /// The service.
    pub service: String,
    /// Start; `null` if it reaches back without an end.
    pub from: Option<String>,
    /// End; `null` if it reaches forward without an end.
    pub to: Option<String>,
    /// Another source covers the moment at which this one was cut off.
    pub is_covered_elsewhere: bool,
    /// The command that would fetch it.
    pub command: String,
}

/// Answers which hours of which service and severity the archive can speak for.
///
/// Cost: the source catalogue, and one entry per service to learn its project.
///
/// # Errors
/// Damage in the archive.
pub fn coverage_answer(investigation: &Investigation<'_>) -> Result<CoverageAnswer> {
    let coverage = &investigation.coverage;
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    for (service, _) in coverage.services() {
        places.insert(service, place_of(investigation, service)?);
    }
    let written = written_severities(&investigation.sources);
    let services = coverage
        .services()
        .map(|(service, intervals)| ServiceCoverage {
            service: service.to_owned(),
            intervals: joined(intervals).iter().map(shown).collect(),
            gaps: gaps(
                coverage,
                service,
                written.get(service).copied().unwrap_or_default(),
                &places[service],
            ),
        })
        .collect();
    let cut_dumps =
        investigation.sources.iter().filter_map(|source| cut_dump(source, coverage, &places)).collect();
    Ok(CoverageAnswer { schema: "timberline/coverage/1", services, cut_dumps })
}

/// Joins stretches of one proof and one set of severities where they touch; what a limit cut off stays visible.
fn joined(intervals: &[Interval]) -> Vec<Interval> {
    let mut joined: Vec<Interval> = Vec::new();
    for interval in intervals {
        let touching = joined.iter_mut().rev().find(|last| {
            last.proof == interval.proof
                && last.severities == interval.severities
                && last.log == interval.log
                && interval.from_ns <= last.to_ns.saturating_add(1)
        });
        match touching {
            Some(last) => last.to_ns = last.to_ns.max(interval.to_ns),
            None => joined.push(interval.clone()),
        }
    }
    joined
}

fn shown(interval: &Interval) -> CoveredInterval {
    CoveredInterval {
        from: rfc3339(interval.from_ns),
        to: rfc3339(interval.to_ns),
        proof: interval.proof,
        severities: names(interval.severities),
        log: interval.log.clone(),
        cut_source: interval.cut_source.clone(),
    }
}

fn names(severities: Severities) -> Vec<&'static str> {
    Severity::ALL.into_iter().filter(|severity| severities.contains(*severity)).map(Severity::name).collect()
}

/// Returns which severities each service has written anywhere.
fn written_severities(sources: &[SourceRecord]) -> BTreeMap<&str, Severities> {
    let mut written: BTreeMap<&str, Severities> = BTreeMap::new();
    for group in sources.iter().flat_map(|source| &source.groups) {
        if let Some(severity) = Severity::parse(&group.severity) {
            let known = written.entry(&group.service).or_default();
            *known = known.with(severity);
        }
    }
    written
}

/// Sweeps over the starts and ends of all covered stretches and keeps where a written severity is missing.
fn gaps(coverage: &Coverage, service: &str, written: Severities, place: &Place) -> Vec<Gap> {
    let Some((first, last)) = coverage.extent(service) else { return Vec::new() };
    let all = coverage.merged(service, None);
    let wanted: Vec<Severity> =
        Severity::ALL.into_iter().filter(|severity| written.contains(*severity)).collect();
    let covered: Vec<(Severity, Vec<(i64, i64)>)> = wanted
        .into_iter()
        .map(|severity| {
            let stretches = coverage.merged(service, Some(severity));
            (severity, stretches.into_iter().map(|(from, to, _)| (from, to)).collect())
        })
        .collect();
    let mut edges = BTreeSet::from([first, last]);
    edges.extend(covered.iter().flat_map(|(_, stretches)| stretches).flat_map(|(from, to)| [*from, *to]));
    let edges: Vec<i64> = edges.into_iter().collect();
    let mut found: Vec<(i64, i64, Severities, bool)> = Vec::new();
    for pair in edges.windows(2) {
        // A stretch that ends just before the next begins leaves nothing out.
        if pair[1].saturating_sub(pair[0]) <= 1 {
            continue;
        }
        let holds =
            |stretches: &[(i64, i64)]| stretches.iter().any(|(from, to)| *from <= pair[0] && pair[1] <= *to);
        let mut missing = Severities::default();
        for (severity, stretches) in &covered {
            if !holds(stretches) {
                missing = missing.with(*severity);
            }
        }
        if missing == Severities::default() {
            continue;
        }
        let is_total = !all.iter().any(|(from, to, _)| *from <= pair[0] && pair[1] <= *to);
        match found.last_mut() {
            Some(last) if last.1 == pair[0] && last.2 == missing && last.3 == is_total => last.1 = pair[1],
            _ => found.push((pair[0], pair[1], missing, is_total)),
        }
    }
    found
        .into_iter()
        .map(|(from, to, missing, is_total)| Gap {
            from: rfc3339(from),
            to: rfc3339(to),
            severities: names(missing),
            is_total,
            command: place.command(
                Some(from),
                Some(to),
                if missing == written { Severities::ALL } else { missing },
            ),
        })
        .collect()
}

/// The end of a service in a cut dump.
#[derive(Clone, Copy, Debug)]
struct Edge {
    at_ns: i64,
    severities: Severities,
    asked: Option<(i64, i64)>,
}

fn cut_dump(source: &SourceRecord, coverage: &Coverage, places: &BTreeMap<&str, Place>) -> Option<CutDump> {
    if source.cut == Cut::No {
        return None;
    }
    let lacks = source.lacking();
    let limit = lacks.cuts.iter().filter_map(|cut| cut.limit).max().filter(|_| source.cut == Cut::Limit);
    let silent = edges(source, &lacks).into_iter().map(|((service, missing), edge)| {
        let (from, to, behind) = match missing {
            Missing::Newer => (Some(edge.at_ns), edge.asked.map(|(_, to)| to), edge.at_ns.saturating_add(1)),
            Missing::Older => (
                edge.asked.map(|(from, _)| from).filter(|from| *from < edge.at_ns),
                Some(edge.at_ns),
                edge.at_ns.saturating_sub(1),
            ),
        };
        let is_covered = |severity: Option<Severity>| {
            coverage.merged(service, severity).iter().any(|(from, to, _)| *from <= behind && behind <= *to)
        };
        let is_covered_elsewhere = if edge.severities == Severities::ALL {
            is_covered(None)
        } else {
            let mut severities = Severity::ALL.into_iter().filter(|own| edge.severities.contains(*own));
            severities.all(|severity| is_covered(Some(severity)))
        };
        let command = |place: &Place| place.command(from, to, edge.severities);
        Silent {
            service: service.to_owned(),
            from: from.map(rfc3339),
            to: to.map(rfc3339),
            is_covered_elsewhere,
            command: places.get(service).map_or_else(String::new, command),
        }
    });
    Some(CutDump {
        path: source.path.clone(),
        cut: source.cut.name(),
        entries: source.read - source.rejected,
        limit,
        silent: silent.collect(),
    })
}

/// Returns where each service ends in a cut dump. Where its places end at different times, the end is the one that says least.
fn edges<'s>(source: &'s SourceRecord, lacks: &Lacks) -> BTreeMap<(&'s str, Missing), Edge> {
    let mut edges: BTreeMap<(&str, Missing), Edge> = BTreeMap::new();
    let mut add = |service: &'s str, missing: Missing, new: Edge| {
        let edge = edges.entry((service, missing)).or_insert(new);
        edge.at_ns = match missing {
            Missing::Older => edge.at_ns.max(new.at_ns),
            Missing::Newer => edge.at_ns.min(new.at_ns),
        };
        edge.severities = edge.severities.or(new.severities);
        edge.asked = edge.asked.or(new.asked);
    };
    let asked = |place: &str| asked_window(source, place).map(|window| (window.from_ns, window.to_ns));
    for group in &source.groups {
        let of_place = || source.groups.iter().filter(|other| other.context == group.context);
        if source.cut == Cut::Broken {
            // Oldest first, the newest part is what is missing; in any other order nothing before the oldest is sure.
            let (missing, at_ns) = if source.order == Order::OldestFirst {
                (Missing::Newer, of_place().map(|other| other.last_ns).max())
            } else {
                (Missing::Older, of_place().map(|other| other.first_ns).min())
            };
            let at_ns = at_ns.unwrap_or_default();
            add(
                &group.service,
                missing,
                Edge { at_ns, severities: Severities::ALL, asked: asked(&group.context) },
            );
        }
        for cut in lacks.cuts.iter().filter(|cut| source.cut == Cut::Limit && cut.context == group.context) {
            let severities = match &cut.severity {
                Some(severity) if *severity != group.severity => continue,
                Some(severity) => Severity::parse(severity).map_or(Severities::ALL, Severities::only),
                None => Severities::ALL,
            };
            add(
                &group.service,
                cut.missing,
                Edge { at_ns: cut.at_ns, severities, asked: asked(&cut.context) },
            );
        }
    }
    edges
}

/// Labels of monitored resources that name what was deployed, the usual one first.
const SERVICE_LABELS: [&str; 8] = [
    "service_name",
    "job_name",
    "function_name",
    "module_id",
    "container_name",
    "pod_name",
    "backend_service_name",
    "database_id",
];

/// Learns from the newest entry of a service where it runs.
fn place_of(investigation: &Investigation<'_>, service: &str) -> Result<Place> {
    let mut place = Place { service: service.to_owned(), ..Place::default() };
    let text =
        if service.is_empty() { "NOT service:*".to_owned() } else { format!("service={}", quoted(service)) };
    let Ok(compiled) = compile(&text, &Options::default()) else { return Ok(place) };
    let fields = BTreeSet::from([Field::Resource, Field::LogName]);
    let (archive, names) = (investigation.archive, &investigation.names);
    in_time_order(archive, names, &compiled.filter, Direction::Newest, Some(1), &fields, |view| {
        let text = |value: Value<'_>| value.as_text().map(|text| text.value().into_owned());
        let resource = view.entry.get(Field::Resource);
        place.resource_type = resource.and_then(|resource| resource.get("type")).and_then(text);
        if let Some(labels) = resource.and_then(|resource| resource.get("labels")).and_then(Value::as_object)
        {
            place.project = labels.get("project_id").and_then(text);
            let names = |label: &&str| labels.get(label).and_then(text).as_deref() == Some(service);
            let label = SERVICE_LABELS.iter().find(|label| !service.is_empty() && names(label));
            place.service_label = label.map(|label| (*label).to_owned());
        }
        if place.project.is_none() {
            let log =
                view.entry.text(Field::LogName).map(|text| text.value().into_owned()).unwrap_or_default();
            let project = log.strip_prefix("projects/").and_then(|rest| rest.split('/').next());
            place.project = project.map(str::to_owned);
        }
        Ok(false)
    })?;
    Ok(place)
}

/// Quotes a text as a value of a filter.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(from_ns: i64, to_ns: i64, severities: Severities) -> Interval {
        Interval { from_ns, to_ns, proof: Proof::DumpSpan, severities, log: None, cut_source: None }
    }

    #[test]
    fn gaps_are_told_by_severity() {
        let errors = Severities::at_least(Severity::Error);
        let coverage = Coverage::of_intervals([
            ("s", interval(0, 100, Severities::ALL)),
            ("s", interval(101, 200, Severities::ALL)),
            ("s", interval(150, 500, errors)),
            ("s", interval(600, 700, Severities::ALL)),
        ]);
        let written = Severities::only(Severity::Info).with(Severity::Error);
        let found = gaps(&coverage, "s", written, &Place::default());
        let spans: Vec<_> =
            found.iter().map(|gap| (gap.from.as_str(), gap.severities.as_slice(), gap.is_total)).collect();
        assert_eq!(
            spans,
            [
                (rfc3339(200).as_str(), ["INFO"].as_slice(), false),
                (rfc3339(500).as_str(), ["INFO", "ERROR"].as_slice(), true),
            ]
        );
        assert!(found[0].command.contains("severity=(INFO)"), "{}", found[0].command);
        assert!(!found[1].command.contains("severity"), "{}", found[1].command);
        assert!(gaps(&coverage, "other", written, &Place::default()).is_empty());
    }

    #[test]
    fn touching_stretches_of_one_kind_are_one() {
        let parts = [
            interval(0, 9, Severities::ALL),
            interval(10, 20, Severities::ALL),
            interval(30, 40, Severities::ALL),
        ];
        let spans: Vec<_> =
            joined(&parts).iter().map(|interval| (interval.from_ns, interval.to_ns)).collect();
        assert_eq!(spans, [(0, 20), (30, 40)]);
    }
}
