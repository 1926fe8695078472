//! The revisions of every service in order: when each ran, what it wrote, who deployed it and how it fared.
//!
//! ```text
//! stream catalogue ──► entries, errors, requests, first, last, instances, hours
//!                  └─► audit entries ──► who deployed what, and whose entries without a revision belong to which
//! system log ──► container starts and exits ──► restarts
//!                          └───────────────► order: first evidence, then deploy, then the number in the name
//! ```

mod audit;
mod containers;
mod given;
mod new_errors;
mod order;

use crate::evidence::rfc3339;
use crate::exposure::covered_ns;
use crate::memo::get_or_try;
use crate::question::Investigation;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::Result;
use timberline_archive::catalog::{StreamCatalog, StreamRecord};

pub use audit::{Deploy, Resolution};
pub use containers::{Containers, Readiness};
pub use given::{GivenOrder, GivenOrderError};
pub use new_errors::NewError;
pub use order::OrderRule;

use audit::AuditFacts;

/// The answer to *revisions*; serialised, the contract `timberline/revisions/1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RevisionsAnswer {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// By service, then in order.
    pub revisions: Vec<RevisionFacts>,
    /// Pairs of one service's revisions that ran at the same time, in order of their start.
    pub overlaps: Vec<Overlap>,
    /// Entries that name no revision and from whose payload none could be learnt, by service.
    pub unresolved: Vec<Unresolved>,
    /// Deploys whose resulting revision is not known, in time order.
    pub other_deploys: Vec<OtherDeploy>,
    /// Names of the order that was given which are no revisions here.
    pub unknown_in_order: Vec<String>,
}

/// What is known of one revision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RevisionFacts {
    /// The service.
    pub service: String,
    /// The revision.
    pub revision: String,
    /// Place among the service's revisions, from 1.
    pub order: u64,
    /// What decided the place.
    pub order_rule: OrderRule,
    /// How often the service had been made anew before: numbers in names began again.
    pub recreation: u64,
    /// Time of the first entry that names it, RFC 3339; `null` if it is known from audit entries alone.
    pub first: Option<String>,
    /// Time of the last entry that names it.
    pub last: Option<String>,
    /// Entries that name it.
    pub entries: u64,
    /// Those of severity ERROR and worse.
    pub errors: u64,
    /// Those that are requests.
    pub requests: u64,
    /// Distinct instances.
    pub instances: u64,
    /// Container starts beyond the first of each instance, told by starts or by exits.
    pub restarts: u64,
    /// What the platform said of its instances and containers.
    pub containers: Containers,
    /// What system events said of its readiness, oldest first.
    pub ready: Vec<Readiness>,
    /// Covered hours between first and last.
    pub hours: f64,
    /// The deploy that made it.
    pub deploy: Option<Deploy>,
    /// The first error of a pattern that its service had not written before.
    pub first_new_error: Option<NewError>,
    /// Entries without a revision that belong here by their payload, by what said so. Not part of `entries`.
    pub resolved: Vec<Resolved>,
}

/// Entries whose revision was learnt from their payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resolved {
    /// What said so.
    pub how: Resolution,
    /// How many entries.
    pub entries: u64,
}

/// Two revisions that ran at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// The service.
    pub service: String,
    /// The revision that comes first in order.
    pub earlier: String,
    /// The other.
    pub later: String,
    /// Start of the time in which both wrote, RFC 3339.
    pub from: String,
    /// Its end.
    pub to: String,
    /// The earlier revision goes on after the later one's last entry: rolled back to, or given part of the traffic.
    pub earlier_goes_on: bool,
}

/// Entries that belong to no known revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// The service.
    pub service: String,
    /// How many entries.
    pub entries: u64,
}

/// A deploy with the revision that it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deployed {
    /// The service.
    pub service: String,
    /// The revision.
    pub revision: String,
    /// The deploy.
    #[serde(flatten)]
    pub deploy: Deploy,
}

/// A deploy without a known result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherDeploy {
    /// The service.
    pub service: String,
    /// The deploy.
    #[serde(flatten)]
    pub deploy: Deploy,
}

/// Answers which revisions there are, of one service or of all.
///
/// Cost: the stream catalogue; ring facts of errors; of rows, what the platform says of containers.
///
/// # Errors
/// Damage in the archive.
pub fn revisions_answer(investigation: &Investigation<'_>, service: Option<&str>) -> Result<RevisionsAnswer> {
    let mut known = Known::of(investigation)?.clone();
    if let Some(service) = service {
        known.found.retain(|(of, _), _| of == service);
        known.unnamed.retain(|of, _| of == service);
        known.audits.retain(|audit| audit.service == service);
    }
    let placed = known.placed(&investigation.given_order);
    let containers = containers::count(investigation)?;
    let mut ready = containers::readiness(investigation)?;
    let mut new_errors = new_errors::first_of_each(investigation, |service, revision| {
        Some(known.found.get(&(service.to_owned(), revision.to_owned()))?.deploy.as_ref()?.0)
    })?;
    let mut answer = RevisionsAnswer {
        schema: "timberline/revisions/1",
        revisions: Vec::new(),
        overlaps: Vec::new(),
        unresolved: known.unresolved(),
        other_deploys: known.other_deploys(),
        // Of one service alone, the names of the others would look unknown.
        unknown_in_order: if service.is_none() {
            investigation.given_order.unknown(&placed)
        } else {
            Vec::new()
        },
    };
    for (service, places) in &placed {
        for (idx, place) in places.iter().enumerate() {
            let key = (service.clone(), place.revision.clone());
            let facts = &known.found[&key];
            let services = BTreeSet::from([service.clone()]);
            let hours = match (facts.first_ns, facts.last_ns) {
                (Some(from), Some(to)) => covered_ns(investigation, Some(&services), from, to) / 3.6e12,
                _ => 0.0,
            };
            answer.revisions.push(RevisionFacts {
                service: service.clone(),
                revision: place.revision.clone(),
                order: idx as u64 + 1,
                order_rule: place.rule,
                recreation: place.recreation,
                first: facts.first_ns.map(rfc3339),
                last: facts.last_ns.map(rfc3339),
                entries: facts.entries,
                errors: facts.errors,
                requests: facts.requests,
                instances: facts.instances,
                restarts: containers.get(&key).map_or(0, |counted| counted.1),
                containers: containers.get(&key).map(|counted| counted.0).unwrap_or_default(),
                ready: ready.remove(&place.revision).unwrap_or_default(),
                hours,
                deploy: facts.deploy.as_ref().map(|deploy| deploy.1.clone()),
                first_new_error: new_errors.remove(&key),
                resolved: facts.resolved.iter().map(|(how, n)| Resolved { how: *how, entries: *n }).collect(),
            });
        }
        answer.overlaps.extend(known.overlaps(service, places));
    }
    Ok(answer)
}

/// A service's revisions in order, with the deploy that made each.
pub(crate) type Placed = BTreeMap<String, Vec<order::Place>>;

/// Returns the order of every service's revisions, for other answers.
pub(crate) fn revisions_in_order(investigation: &Investigation<'_>) -> Result<Placed> {
    Ok(Known::of(investigation)?.placed(&investigation.given_order))
}

/// Returns all deploys that made a revision, in time order.
///
/// # Errors
/// Damage in the archive.
pub fn deploys_in_order(investigation: &Investigation<'_>) -> Result<Vec<Deployed>> {
    let mut deploys = Vec::new();
    for (service, places) in revisions_in_order(investigation)? {
        deploys.extend(places.into_iter().filter_map(|place| {
            Some(Deployed { service: service.clone(), revision: place.revision, deploy: place.deploy? })
        }));
    }
    deploys.sort_by(|a, b| (&a.deploy.time, &a.service).cmp(&(&b.deploy.time, &b.service)));
    Ok(deploys)
}

/// Returns for each service and revision a moment at which the revision is known not to have been there yet; revisions
/// of which there is none are left out.
///
/// That is when it was deployed, or when an earlier revision wrote before it did, unless a later one wrote before it did as well: then
/// it was there, and silent. That nothing of a revision is covered before its first entry alone says nothing: it may have been
/// idle.
///
/// Cost: what the catalogue says of revisions.
///
/// # Errors
/// Damage in the archive.
pub(crate) fn unborn_moments(investigation: &Investigation<'_>) -> Result<BTreeMap<(String, String), i64>> {
    let known = Known::of(investigation)?;
    let mut moments = BTreeMap::new();
    for (service, places) in known.placed(&investigation.given_order) {
        let found: Vec<Option<&Found>> =
            places.iter().map(|place| known.found.get(&(service.clone(), place.revision.clone()))).collect();
        let spans: Vec<Option<(i64, i64)>> = found
            .iter()
            .map(|found| found.and_then(|found| Some((found.first_ns?, found.last_ns?))))
            .collect();
        for (idx, place) in places.iter().enumerate() {
            let deployed = found[idx].and_then(|found| found.deploy.as_ref()).map(|(time, _)| *time);
            // Smaller numbers after larger ones: a service that was made anew, or traffic that went back to what was there before.
            let is_older = |at: &usize| places[*at].recreation == place.recreation;
            let earlier: Vec<_> = (0..idx).filter(is_older).map(|at| spans[at]).collect();
            let moment =
                spans[idx].and_then(|span| unborn_before(span.0, deployed, &earlier, &spans[idx + 1..]));
            if let Some(moment) = moment {
                moments.insert((service.clone(), place.revision.clone()), moment);
            }
        }
    }
    Ok(moments)
}

/// The latest moment before a revision's first entry at which it is known not to have been there.
fn unborn_before(
    first_ns: i64,
    deployed_ns: Option<i64>,
    earlier: &[Option<(i64, i64)>],
    later: &[Option<(i64, i64)>],
) -> Option<i64> {
    let is_overtaken = later.iter().flatten().any(|(first, _)| *first < first_ns);
    // Of an earlier revision that goes on, only its first entry is known to be before.
    let wrote = |(first, last): &(i64, i64)| if *last < first_ns { *last } else { *first };
    let handed_over = earlier.iter().flatten().filter(|(first, _)| *first < first_ns).map(wrote).max();
    let deployed = deployed_ns.filter(|deployed| *deployed <= first_ns);
    handed_over.filter(|_| !is_overtaken).max(deployed)
}

/// What was learnt of one revision.
#[derive(Clone, Debug, Default)]
struct Found {
    entries: u64,
    errors: u64,
    requests: u64,
    instances: u64,
    first_ns: Option<i64>,
    last_ns: Option<i64>,
    resolved: BTreeMap<Resolution, u64>,
    deploy: Option<(i64, Deploy)>,
}

/// What was learnt of all revisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// By service and revision.
    found: BTreeMap<(String, String), Found>,
    /// Entries without a revision, by service.
    unnamed: BTreeMap<String, u64>,
    audits: Vec<AuditFacts>,
}

impl Known {
    /// Returns what an investigation learnt, the first time it is asked.
    fn of<'i>(investigation: &'i Investigation<'_>) -> Result<&'i Self> {
        get_or_try(&investigation.known, || Ok(Self::of_streams(investigation.archive.streams()?)))
    }

    fn of_streams(streams: &StreamCatalog) -> Self {
        let mut known = Self { audits: audit::facts_of_all(streams), ..Self::default() };
        for (stream, idx) in streams.streams().iter().zip(0..) {
            let StreamRecord { service, revision, first_ns, last_ns, .. } = stream;
            if revision.is_empty() {
                known.unnamed.insert(service.clone(), stream.entries());
                continue;
            }
            let found = Found {
                entries: stream.entries(),
                errors: stream.errors(),
                requests: stream.requests,
                instances: streams.instances_of(idx).len() as u64,
                first_ns: Some(*first_ns),
                last_ns: Some(*last_ns),
                ..Found::default()
            };
            known.found.insert((service.clone(), revision.clone()), found);
        }
        known.attribute();
        known
    }

    /// Gives audit entries and deploys to the revisions they speak of.
    fn attribute(&mut self) {
        for audit in &self.audits {
            if let (true, Some((how, revision))) = (audit.is_unnamed, &audit.names) {
                let found = self.found.entry((audit.service.clone(), revision.clone())).or_default();
                *found.resolved.entry(*how).or_insert(0) += 1;
            }
        }
        // A revision can be named by several deploys; the first one made it.
        let mut made: BTreeSet<(String, String)> = BTreeSet::new();
        for audit in self.audits.iter_mut().filter(|audit| audit.deploy.is_some()) {
            let Some((how, revision)) = audit.result.clone() else { continue };
            let key = (audit.service.clone(), revision);
            if made.insert(key.clone())
                && let Some(deploy) = &mut audit.deploy
            {
                deploy.revision_by = Some(how);
                self.found.entry(key).or_default().deploy = Some((audit.time_ns, deploy.clone()));
                audit.is_used = true;
            }
        }
        self.infer();
    }

    /// Learns what requests made that were logged without their answers.
    ///
    /// A request repeats the service's old status, so the next one tells what this one made. Of the last one only the
    /// revision that wrote first afterwards is left as a witness.
    fn infer(&mut self) {
        for idx in 0..self.audits.len() {
            let audit = &self.audits[idx];
            if audit.deploy.is_none() || audit.result.is_some() || !audit.makes_revision {
                continue;
            }
            let later = self.audits[idx + 1..].iter().filter(|next| next.service == audit.service);
            let next = later.clone().find(|next| next.before.is_some());
            let made = match next.and_then(|next| next.before.as_ref().map(|made| (next.time_ns, made))) {
                Some((_, made)) if audit.before.as_ref() == Some(made) => None,
                Some((next_ns, made)) => {
                    let known = self
                        .found
                        .get(&(audit.service.clone(), made.clone()))
                        .and_then(|found| found.first_ns);
                    let made_ns = known.unwrap_or(next_ns);
                    is_rollout(audit.time_ns, made_ns).then(|| (Resolution::NextRequest, made.clone()))
                }
                None => self.next_seen(audit).map(|made| (Resolution::NextSeen, made)),
            };
            let Some((how, revision)) = made else { continue };
            let (key, time_ns) = ((audit.service.clone(), revision), audit.time_ns);
            let mut deploy = audit.deploy.clone().expect("only deploys are looked at");
            deploy.revision_by = Some(how);
            let found = self.found.entry(key).or_default();
            if found.deploy.is_none() {
                found.deploy = Some((time_ns, deploy));
                self.audits[idx].is_used = true;
            }
        }
    }

    /// Returns the revision that wrote first after a request, if it did so soon.
    fn next_seen(&self, audit: &AuditFacts) -> Option<String> {
        let born = self.found.iter().filter_map(|((service, revision), found)| {
            let first = found.first_ns.filter(|first| is_rollout(audit.time_ns, *first))?;
            (*service == audit.service && audit.before.as_ref() != Some(revision) && found.deploy.is_none())
                .then_some((first, revision))
        });
        born.min().map(|(_, revision)| revision.clone())
    }

    fn placed(&self, given: &GivenOrder) -> Placed {
        let mut by_service: BTreeMap<String, Vec<order::Candidate<'_>>> = BTreeMap::new();
        for ((service, revision), found) in &self.found {
            by_service.entry(service.clone()).or_default().push(order::Candidate {
                revision,
                first_ns: found.first_ns,
                last_ns: found.last_ns,
                deploy: found.deploy.as_ref(),
            });
        }
        let placed = by_service.into_iter().map(|(service, candidates)| {
            let mut places = order::place(candidates);
            given.apply(&service, &mut places);
            (service, places)
        });
        placed.collect()
    }

    fn unresolved(&self) -> Vec<Unresolved> {
        let mut resolved: BTreeMap<&str, u64> = BTreeMap::new();
        for ((service, _), found) in &self.found {
            *resolved.entry(service).or_insert(0) += found.resolved.values().sum::<u64>();
        }
        let left =
            |service: &String, n: &u64| n - resolved.get(service.as_str()).copied().unwrap_or(0).min(*n);
        self.unnamed
            .iter()
            .map(|(service, n)| Unresolved { service: service.clone(), entries: left(service, n) })
            .filter(|unresolved| unresolved.entries > 0)
            .collect()
    }

    fn other_deploys(&self) -> Vec<OtherDeploy> {
        let unused = self.audits.iter().filter(|audit| !audit.is_used);
        unused
            .filter_map(|audit| {
                Some(OtherDeploy { service: audit.service.clone(), deploy: audit.deploy.clone()? })
            })
            .collect()
    }

    fn overlaps(&self, service: &str, places: &[order::Place]) -> Vec<Overlap> {
        let span = |place: &order::Place| {
            let found = &self.found[&(service.to_owned(), place.revision.clone())];
            found.first_ns.zip(found.last_ns)
        };
        let mut overlaps = Vec::new();
        for (idx, earlier) in places.iter().enumerate() {
            let Some((_, earlier_last)) = span(earlier) else { continue };
            let earlier_first = span(earlier).map_or(i64::MIN, |span| span.0);
            for later in &places[idx + 1..] {
                let Some((first, last)) = span(later) else { continue };
                let (from, to) = (first.max(earlier_first), last.min(earlier_last));
                if from <= to {
                    overlaps.push(Overlap {
                        service: service.to_owned(),
                        earlier: earlier.revision.clone(),
                        later: later.revision.clone(),
                        from: rfc3339(from),
                        to: rfc3339(to),
                        earlier_goes_on: earlier_last > last,
                    });
                }
            }
        }
        overlaps
    }
}

/// A revision that first writes this long after a request to deploy was not made by it: an hour.
const MAX_ROLLOUT_NS: i64 = 3_600_000_000_000;

fn is_rollout(asked_ns: i64, made_ns: i64) -> bool {
    (asked_ns..=asked_ns.saturating_add(MAX_ROLLOUT_NS)).contains(&made_ns)
}
