//! The facts of a worklog: what a person on call would otherwise write by hand after a night of searching.
//!
//! ```text
//! entries that a rule ranks ─► gather ─► clusters ─► relations        requests, containers, phases
//! revisions, regressions, diff ─► state, onset, changes, deploys      timeline, heat, coverage
//!                                        └──────────────┬──────────────┘
//!                       every text through redact, long ones cut ──► Worklog ──► claims
//! ```
//!
//! Nothing here is counted in a way of its own: what a part says is what `freq`, `first`, `revisions`, `regressions`, `diff`
//! and `coverage` say of the same entries. There is no clock: now is the end of the window.

mod changes;
mod claims;
mod clusters;
mod containers;
mod deploys;
mod exception;
mod gather;
mod gathered;
mod header;
mod heat;
mod period;
mod phases;
mod presence;
mod relations;
mod requests;
mod rules;
mod sample;
mod state;
mod text;
mod timeline;

pub use changes::{ChangeFacts, ChangedPattern};
pub use claims::{Checked, Claim, Claims, Verdict, check, claims};
pub use clusters::{Cluster, ClusterState, LabelCount, OccurrenceFacts, Onset, RateFacts, RevisionCount};
pub use containers::{ContainerFacts, Exit};
pub use deploys::{DeployFacts, ErrorAfter};
pub use exception::{ChainLink, ExceptionFacts, FrameFacts};
pub use header::{CoverageFacts, GapFacts, RevisionEntries, ServiceFacts, SourceFacts};
pub use heat::{HeatColumn, HeatFacts, HeatRow};
pub use period::Busiest;
pub use phases::PhaseFacts;
pub use relations::Related;
pub use requests::{EndpointFacts, Latency, UserAgent};
pub use rules::{Priority, PriorityRule, PriorityRules, PriorityRulesError};
pub use timeline::{Course, Step, TimelineFacts};

use crate::coverage::coverage_answer;
use crate::group::GroupBy;
use crate::question::{Asked, Investigation, Question};
use crate::redact::Redactor;
use crate::regressions::regressions_answer;
use crate::revisions::revisions_answer;
use crate::tally::{Counted, Tally, tally};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use text::{Templates, cut};
use timberline_archive::{Error, Result};
use timberline_query::{Filter, time_bounds};

/// What a report is asked for.
#[derive(Clone, Debug)]
pub struct WorklogQuestion {
    /// Which entries it is about, all restrictions included.
    pub filter: Filter,
    /// The question as people asked it.
    pub asked: WorklogAsked,
    /// How urgent things are.
    pub rules: PriorityRules,
    /// What is odd about the filter.
    pub warnings: Vec<String>,
}

/// The question as it was asked, so that the report can be made again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorklogAsked {
    /// The filter's text, with restrictions given otherwise, times excepted.
    pub filter: String,
    /// Start of the window, if one was given, RFC 3339.
    pub since: Option<String>,
    /// End of the window, excluded, if one was given.
    pub until: Option<String>,
    /// The zone in which times are shown beside UTC.
    pub zone: String,
    /// Arguments beyond these that change what the report says: files of rules, what is redacted.
    pub arguments: Vec<String>,
}

/// The facts of a report; serialised, the contract `timberline/report/1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worklog {
    /// Name and version of the contract.
    pub schema: String,
    /// What was asked.
    pub question: WorklogAsked,
    /// The first entry, RFC 3339; `null` if there is none.
    pub first: Option<String>,
    /// The last entry, to which *now* and *still* refer.
    pub last: Option<String>,
    /// Entries in the report.
    pub entries: u64,
    /// Entries in the archive.
    pub archive_entries: u64,
    /// Copies that were merged in the archive.
    pub duplicates: u64,
    /// What could not be kept of the sources.
    pub rejected: u64,
    /// The services, most entries first.
    pub services: Vec<ServiceFacts>,
    /// Entries by severity.
    pub severities: BTreeMap<String, u64>,
    /// The dumps that the entries came from.
    pub sources: Vec<SourceFacts>,
    /// What the archive can speak for.
    pub coverage: CoverageFacts,
    /// The course of the window.
    pub timeline: Option<TimelineFacts>,
    /// The clusters, the most urgent and most frequent first.
    pub clusters: Vec<Cluster>,
    /// Entries that make no cluster.
    pub unranked: u64,
    /// The rules that say how urgent a cluster is.
    pub rules: Vec<RuleFacts>,
    /// Clusters by revision.
    pub heat: HeatFacts,
    /// Requests by endpoint and status.
    pub requests: Vec<EndpointFacts>,
    /// Containers by revision.
    pub containers: Vec<ContainerFacts>,
    /// Phases of starts.
    pub phases: Vec<PhaseFacts>,
    /// Deploys in the window.
    pub deploys: Vec<DeployFacts>,
    /// The last revision of each service against the one before.
    pub changes: Vec<ChangeFacts>,
    /// Secrets that were taken out, by kind.
    pub redactions: BTreeMap<String, u64>,
}

/// A rule as the report states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFacts {
    /// `P0` to `P4`, or `none`.
    pub priority: String,
    /// Its name.
    pub name: String,
    /// Its filter.
    pub filter: String,
}

/// Name and version of the contract.
pub const SCHEMA: &str = "timberline/report/1";

/// Gathers the facts of a report.
///
/// Shape: parts about which there is nothing to say are empty. Every text that comes from an entry has gone through
/// `redactor` and is cut where nobody would read on. Cost: several passes over the entries that match, each with the columns
/// it needs; entries of which no rule and no part wants to know more are counted from facts.
///
/// # Errors
/// Damage in the archive.
pub fn worklog(
    investigation: &Investigation<'_>,
    question: &WorklogQuestion,
    redactor: &mut Redactor,
) -> Result<Worklog> {
    let counts =
        count(investigation, &question.filter, &[GroupBy::Service, GroupBy::Revision, GroupBy::Severity])?;
    let window = window(&question.filter, counts.whole.as_ref());
    let by_revision = counts.groups.iter().fold(BTreeMap::new(), |mut sums, (key, counted)| {
        *sums.entry((key[0].clone(), key[1].clone())).or_insert(0) += counted.count;
        sums
    });
    let severities = counts.groups.iter().fold(BTreeMap::new(), |mut sums, (key, counted)| {
        *sums.entry(key[2].clone()).or_insert(0) += counted.count;
        sums
    });
    let entries = counts.whole.map_or(0, |whole| whole.count);
    let revisions = revisions_answer(investigation, None)?;
    let services = header::services(investigation, &by_revision, &revisions, window);
    let mut of_services = revisions.clone();
    of_services.revisions.retain(|facts| services.iter().any(|service| service.service == facts.service));
    of_services.other_deploys.retain(|other| services.iter().any(|service| service.service == other.service));
    let asked = Question {
        filter: Filter::and(question.filter.clone(), question.rules.any()),
        by: Vec::new(),
        zone: jiff::tz::TimeZone::UTC,
        asked: Asked::default(),
    };
    let regressions = regressions_answer(investigation, &asked, Vec::new())?;
    let completeness = investigation.completeness(
        &Question { filter: question.filter.clone(), ..asked.clone() },
        question.warnings.clone(),
    );
    let gathered = gather::gather(investigation, &question.filter, &question.rules)?;
    let mut templates = Templates::new(investigation, redactor)?;
    let clusters = clusters::clusters(
        investigation,
        &gathered,
        &question.rules,
        &regressions.patterns,
        window,
        &mut templates,
    )?;
    let changes = changes::changes(investigation, &question.filter, &of_services, &mut templates)?;
    let ranked: u64 = gathered.iter().map(gathered::Gathered::count).sum();
    let time = |counted: Option<Counted>, pick: fn(&Counted) -> i64| {
        counted.as_ref().map(pick).map(crate::evidence::rfc3339)
    };
    let report = Worklog {
        schema: SCHEMA.to_owned(),
        question: question.asked.clone(),
        first: time(counts.whole, |whole| whole.first.time_ns),
        last: time(counts.whole, |whole| whole.last.time_ns),
        entries,
        archive_entries: completeness.entries,
        duplicates: completeness.duplicates,
        rejected: completeness.rejected,
        severities,
        sources: header::sources(investigation, window),
        coverage: header::coverage(&coverage_answer(investigation)?, &completeness, &services, window),
        timeline: match counts.whole {
            Some(_) => Some(timeline::timeline(investigation, &question.filter, window, &gathered)?),
            None => None,
        },
        unranked: entries - ranked,
        rules: question.rules.rules().iter().map(RuleFacts::of).collect(),
        heat: heat::heat(investigation, &of_services, window, &gathered),
        requests: requests::requests(investigation, &question.filter)?,
        containers: containers::containers(investigation, &question.filter, &of_services)?,
        phases: phases::phases(investigation, &question.filter)?,
        deploys: deploys::deploys(&of_services, window, &gathered),
        changes,
        services,
        clusters,
        redactions: BTreeMap::new(),
    };
    redacted(report, redactor)
}

impl RuleFacts {
    fn of(rule: &PriorityRule) -> Self {
        Self {
            priority: rule.priority.map_or("none", Priority::name).to_owned(),
            name: rule.name.clone(),
            filter: rule.text.clone(),
        }
    }
}

impl Worklog {
    /// Returns the cluster of a name.
    pub fn cluster(&self, id: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.id == id)
    }
}

fn count(investigation: &Investigation<'_>, filter: &Filter, by: &[GroupBy]) -> Result<Tally> {
    let question = Question {
        filter: filter.clone(),
        by: by.to_vec(),
        zone: jiff::tz::TimeZone::UTC,
        asked: Asked::default(),
    };
    tally(investigation, &question)
}

/// From the start that was asked for, or the first entry, to the end that was asked for, or the last entry; inclusive.
fn window(filter: &Filter, whole: Option<&Counted>) -> (i64, i64) {
    let (since, until) = time_bounds(filter);
    let Some(whole) = whole else { return (since.unwrap_or(0), until.unwrap_or(0)) };
    (since.unwrap_or(whole.first.time_ns), until.unwrap_or(whole.last.time_ns).max(whole.last.time_ns))
}

/// Takes secrets out of every text and cuts the long ones. Texts are redacted before they are cut: half a secret looks like none.
fn redacted(mut report: Worklog, redactor: &mut Redactor) -> Result<Worklog> {
    let broken =
        |error: serde_json::Error| Error::Damaged { file: "report".to_owned(), detail: error.to_string() };
    // As values of JSON, reports take several times their text, and most of that are clusters: they go through one by one,
    // and wait as text until all secrets are known.
    let clusters = std::mem::take(&mut report.clusters);
    let mut json = serde_json::to_value(report).map_err(broken)?;
    // What the report says of itself holds no log text: rules name secrets by what they look like.
    let parts = |json: &mut Json, apply: &mut dyn FnMut(&mut Json)| {
        if let Json::Object(members) = json {
            for (key, value) in members.iter_mut() {
                if key != "rules" && key != "schema" {
                    apply(value);
                }
            }
        }
    };
    parts(&mut json, &mut |value| redactor.json(value));
    let mut texts = Vec::with_capacity(clusters.len());
    for cluster in clusters {
        let mut json = serde_json::to_value(cluster).map_err(broken)?;
        redactor.json(&mut json);
        texts.push(json.to_string());
    }
    let mut look_again = |json: &mut Json| {
        redactor.json_again(json);
        cut_all(json);
    };
    parts(&mut json, &mut look_again);
    let mut report: Worklog = serde_json::from_value(json).map_err(broken)?;
    for text in texts {
        let mut json = serde_json::from_str(&text).map_err(broken)?;
        look_again(&mut json);
        report.clusters.push(serde_json::from_value(json).map_err(broken)?);
    }
    report.redactions = redactor.counts().clone();
    Ok(report)
}

fn cut_all(value: &mut Json) {
    match value {
        Json::String(text) => {
            if let shown @ String { .. } = cut(text)
                && shown.len() != text.len()
            {
                *text = shown;
            }
        }
        Json::Array(values) => values.iter_mut().for_each(cut_all),
        Json::Object(members) => members.values_mut().for_each(cut_all),
        _ => {}
    }
}
