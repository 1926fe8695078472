//! The clusters of a report: what was gathered, with its name, its evidence, its history and what belongs to it.

use super::exception::ExceptionFacts;
use super::gathered::{Gathered, Kind, LabelValues};
use super::period::{Busiest, busiest};
use super::relations::{Related, Relation};
use super::rules::{Priority, PriorityRules};
use super::sample::samples;
use super::state::state;
use super::text::{Templates, cut};
use super::timeline::{Course, course};
use crate::evidence::Status;
use crate::exposure::covered_ns;
use crate::frequency::Rate;
use crate::occurrence::{End, Occurrence, read};
use crate::patterns::period_seconds;
use crate::question::Investigation;
use crate::regressions::Regression;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use timberline_archive::{Result, pattern_name};

/// Entries that say the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its fingerprint: the same on every machine and in every archive.
    pub id: String,
    /// `exception`, `message` or `request`.
    pub kind: String,
    /// What it says, short.
    pub title: String,
    /// `regression`, `new`, `ongoing` or `resolved`.
    pub state: ClusterState,
    /// Why it is called so.
    pub state_reason: String,
    /// How urgent it is.
    pub priority: Priority,
    /// The rule that says so.
    pub rule: String,
    /// Its message with the values replaced by marks.
    pub template: String,
    /// The pattern that most of its messages have.
    pub pattern: String,
    /// How many patterns its messages have.
    pub patterns: u64,
    /// How many entries.
    pub count: u64,
    /// The severity that most of them have.
    pub severity: String,
    /// Entries by severity.
    pub severities: BTreeMap<String, u64>,
    /// The first of them.
    pub first: OccurrenceFacts,
    /// The last of them.
    pub last: OccurrenceFacts,
    /// How often per covered hour of its services; `null` without covered time.
    pub rate: Option<RateFacts>,
    /// At what intervals, in seconds, if they are regular.
    pub period_seconds: Option<f64>,
    /// When it came thickest.
    pub busiest: Option<Busiest>,
    /// By service and revision, most first.
    pub revisions: Vec<RevisionCount>,
    /// Distinct instances.
    pub instances: u64,
    /// Labels that all or many of its entries have, most first.
    pub labels: Vec<LabelCount>,
    /// Ids that Error Reporting gave it.
    pub error_groups: Vec<String>,
    /// The exception, if its message holds one.
    pub exception: Option<ExceptionFacts>,
    /// Its first entry as it was exported, secrets taken out.
    pub sample: Json,
    /// What belongs to it.
    pub related: Vec<Related>,
    /// Its course over time.
    pub course: Course,
    /// The revision since which it is more frequent, if the counts say so.
    pub onset: Option<Onset>,
}

/// What became of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClusterState {
    /// More frequent since a revision, and still so.
    Regression,
    /// Its first entry was observed: the archive could have shown an earlier one, and did not.
    New,
    /// Going on; whether it is new is not known.
    Ongoing,
    /// It was there, and is not any more, for long enough that it would have been seen.
    Resolved,
}

/// An entry that marks an end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OccurrenceFacts {
    /// When, RFC 3339.
    pub timestamp: String,
    /// Who.
    pub service: String,
    /// In which revision.
    pub revision: String,
    /// The dump it is in.
    pub source: String,
    /// The line there.
    pub line: u64,
    /// The entry's id, if it has one.
    pub insert_id: Option<String>,
    /// `observed`, `censored` or `unknown`.
    pub status: String,
    /// Why.
    pub reason: String,
    /// Since when the archive could have shown it and did not.
    pub silent_since: Option<String>,
}

/// A rate with its interval, 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateFacts {
    /// Entries per covered hour.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Covered hours.
    pub hours: f64,
}

/// Entries of one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionCount {
    /// The service.
    pub service: String,
    /// The revision; empty if the entries do not say.
    pub revision: String,
    /// How many.
    pub count: u64,
    /// The first of them, RFC 3339.
    pub first: String,
    /// The last.
    pub last: String,
}

/// A label and how many entries have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCount {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// How many entries.
    pub count: u64,
}

/// The revision since which something is more frequent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Onset {
    /// The service.
    pub service: String,
    /// The likeliest revision.
    pub revision: String,
    /// How likely it is, given that there was one change.
    pub posterior: f64,
    /// All that are likely.
    pub candidates: Vec<String>,
    /// When it was deployed, if that is known.
    pub deployed: Option<String>,
    /// False discovery rate.
    pub q: f64,
    /// Where it fell again.
    pub resolved: Option<String>,
}

/// Labels shown of one cluster.
const MAX_LABELS: usize = 12;
/// Makes clusters of what was gathered, in the same order.
pub(super) fn clusters(
    investigation: &Investigation<'_>,
    gathered: &[Gathered],
    rules: &PriorityRules,
    regressions: &[Regression],
    window: (i64, i64),
    templates: &mut Templates<'_>,
) -> Result<Vec<Cluster>> {
    let wanted: Vec<_> = gathered
        .iter()
        .flat_map(|cluster| [(cluster.first, End::First), (cluster.last, End::Last)])
        .collect();
    let ends = read(investigation, &wanted)?;
    let changes = Changes::new(gathered, regressions);
    let mut clusters = Vec::new();
    for (found, sample) in gathered.iter().zip(samples(investigation, gathered, templates)?) {
        let (first, last) = (&ends[&(found.first, End::First)], &ends[&(found.last, End::Last)]);
        let changed = changes.of(found);
        let (state, state_reason) = state(investigation, found, first, last, &changed, window);
        let services = found.services().into_iter().map(str::to_owned).collect();
        let hours = covered_ns(investigation, Some(&services), window.0, window.1) / 3.6e12;
        clusters.push(Cluster {
            id: found.name(),
            kind: match found.kind {
                Kind::Exception => "exception",
                Kind::Message => "message",
                Kind::Request => "request",
            }
            .to_owned(),
            title: sample.title,
            state,
            state_reason,
            priority: found.priority,
            rule: rules.rules()[found.rule_idx].name.clone(),
            template: sample.template,
            pattern: pattern_name(found.pattern()),
            patterns: found.patterns.len() as u64,
            count: found.count(),
            severity: found.severity().name().to_owned(),
            severities: found
                .severities
                .iter()
                .map(|(severity, n)| (severity.name().to_owned(), *n))
                .collect(),
            first: occurrence(first),
            last: occurrence(last),
            rate: Rate::of(found.count(), hours).map(|rate| RateFacts {
                value: rate.value,
                low: rate.low,
                high: rate.high,
                hours,
            }),
            period_seconds: period_seconds(&found.times),
            busiest: busiest(&found.times),
            revisions: revisions(found),
            instances: found.instances,
            labels: labels(found),
            error_groups: found.error_groups.iter().cloned().collect(),
            exception: sample.exception,
            sample: sample.entry,
            related: Vec::new(),
            course: course(investigation, found, window),
            onset: onset(&changed),
        });
    }
    for (place, found) in gathered.iter().enumerate() {
        let named = |relation: &Relation| {
            let Cluster { id, title, .. } = &clusters[relation.place];
            relation.named(id.clone(), title.clone())
        };
        clusters[place].related = found.relations.iter().map(named).collect();
    }
    Ok(clusters)
}

/// Share of a pattern's entries that a cluster has to have for the pattern's history to be its own.
const OWN_PERCENT: u64 = 95;

/// What changed in which revision, for the clusters that it changed for.
struct Changes<'r> {
    by_id: BTreeMap<&'r str, Vec<&'r Regression>>,
    /// Entries of each pattern in all clusters together.
    of_patterns: BTreeMap<u64, u64>,
}

impl<'r> Changes<'r> {
    fn new(gathered: &[Gathered], regressions: &'r [Regression]) -> Self {
        let mut by_id: BTreeMap<&str, Vec<&Regression>> = BTreeMap::new();
        for regression in regressions {
            by_id.entry(&regression.id).or_default().push(regression);
        }
        let mut of_patterns = BTreeMap::new();
        for (pattern, n) in gathered.iter().flat_map(|cluster| &cluster.patterns) {
            *of_patterns.entry(*pattern).or_insert(0) += n;
        }
        Self { by_id, of_patterns }
    }

    /// Returns what changed of a cluster. Requests of all paths and exceptions of all kinds may have one pattern, whose counts
    /// say nothing of one of them.
    fn of(&self, cluster: &Gathered) -> Vec<&'r Regression> {
        let is_own = |(pattern, n): &(&u64, &u64)| **n * 100 >= self.of_patterns[pattern] * OWN_PERCENT;
        let patterns = cluster.patterns.iter().filter(is_own).map(|(pattern, _)| pattern_name(*pattern));
        let ids = patterns.chain([cluster.name()]);
        let mut found: Vec<&Regression> =
            ids.filter_map(|id| self.by_id.get(id.as_str())).flatten().copied().collect();
        found.dedup_by_key(|regression| std::ptr::from_ref(*regression));
        found
    }
}

fn occurrence(found: &Occurrence) -> OccurrenceFacts {
    OccurrenceFacts {
        timestamp: found.timestamp.clone(),
        service: found.service.clone(),
        revision: found.revision.clone(),
        source: found.source.path.clone(),
        line: found.source.line,
        insert_id: found.insert_id.clone(),
        status: match found.evidence.status {
            Status::Observed => "observed",
            Status::Censored => "censored",
            Status::Unknown => "unknown",
        }
        .to_owned(),
        reason: found.evidence.reason.clone(),
        silent_since: found.evidence.silent_since.clone(),
    }
}

fn revisions(found: &Gathered) -> Vec<RevisionCount> {
    let time = crate::evidence::rfc3339;
    let mut list: Vec<RevisionCount> = found
        .revisions
        .iter()
        .map(|(stream, seen)| RevisionCount {
            service: stream.service().to_owned(),
            revision: stream.revision().to_owned(),
            count: seen.entries,
            first: time(seen.first_ns),
            last: time(seen.last_ns),
        })
        .collect();
    list.sort_by(|a, b| (b.count, &a.service, &a.revision).cmp(&(a.count, &b.service, &b.revision)));
    list
}

fn labels(found: &Gathered) -> Vec<LabelCount> {
    let of_label = |(name, values): (&String, &LabelValues)| {
        let often = values.counts().filter(|(_, count)| count * 10 >= found.count());
        let label = |(value, count): (&str, u64)| LabelCount { name: name.clone(), value: cut(value), count };
        often.map(label).collect::<Vec<_>>()
    };
    let mut list: Vec<LabelCount> = found.labels.iter().flat_map(of_label).collect();
    list.sort_by(|a, b| (b.count, &a.name, &a.value).cmp(&(a.count, &b.name, &b.value)));
    list.truncate(MAX_LABELS);
    list
}

/// Takes the change that is surest, of those that say since which revision.
fn onset(changed: &[&Regression]) -> Option<Onset> {
    let with = changed.iter().filter_map(|regression| Some((regression, regression.onset.as_ref()?)));
    let (regression, change) =
        with.min_by(|(a, _), (b, _)| a.q.total_cmp(&b.q).then_with(|| a.service.cmp(&b.service)))?;
    Some(Onset {
        service: regression.service.clone(),
        revision: change.revision.clone(),
        posterior: change.posterior,
        candidates: change.candidates.clone(),
        deployed: change.deploy.as_ref().map(|deploy| deploy.time.clone()),
        q: regression.q,
        resolved: regression.resolved.as_ref().map(|resolved| resolved.revision.clone()),
    })
}

impl ClusterState {
    /// Returns the word that titles begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::New => "new",
            Self::Ongoing => "ongoing",
            Self::Resolved => "resolved",
        }
    }
}

impl Cluster {
    /// Returns the title of its issue: `regression | P0 | name`.
    pub fn issue_title(&self) -> String {
        format!("{} | {} | {}", self.state.name(), self.priority.name(), self.title)
    }
}
