//! The clusters of a report: what was gathered, with its name, its evidence, its history and what belongs to it.

use super::exception::{self, ExceptionFacts};
use super::gather::{Gathered, Kind};
use super::period::{Busiest, busiest, period_seconds};
use super::relations::{Related, related};
use super::requests::{endpoint, path_template};
use super::rules::{Priority, PriorityRules};
use super::text::{Templates, cut};
use super::timeline::{Course, course, usual_gap_ns};
use crate::evidence::Status;
use crate::exposure::covered_ns;
use crate::frequency::Rate;
use crate::occurrence::{End, Occurrence, read};
use crate::question::Investigation;
use crate::regressions::{Regression, State};
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use timberline_archive::{Column, Error, Result, compose, pattern_name};
use timberline_entry::json::{Document, parse};
use timberline_entry::{Field, LogEntry, message};
use timberline_pattern::mask::Masker;
use timberline_pattern::trace;

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
/// Entries expected in a silent time before the silence counts as an end: chance alone keeps silent as long once in 20.
const SILENT_EXPECTED: f64 = 3.0;

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
    let mut by_pattern: BTreeMap<&str, Vec<&Regression>> = BTreeMap::new();
    for regression in regressions {
        by_pattern.entry(&regression.id).or_default().push(regression);
    }
    let mut clusters = Vec::new();
    for found in gathered {
        let (first, last) = (&ends[&(found.first, End::First)], &ends[&(found.last, End::Last)]);
        let sample = whole_entry(investigation, found, templates)?;
        let changed: Vec<&Regression> = found
            .patterns
            .keys()
            .filter_map(|id| by_pattern.get(pattern_name(*id).as_str()))
            .flatten()
            .copied()
            .collect();
        let (state, state_reason) = state(investigation, found, first, last, &changed, window);
        let services: BTreeSet<String> = found.revisions.keys().map(|(service, _)| service.clone()).collect();
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
            instances: found.instances.len() as u64,
            labels: labels(found),
            error_groups: found.error_groups.keys().cloned().collect(),
            exception: sample.exception,
            sample: sample.entry,
            related: Vec::new(),
            course: course(investigation, found, window),
            onset: onset(&changed),
        });
    }
    let ids: Vec<String> = clusters.iter().map(|cluster| cluster.id.clone()).collect();
    let titles: Vec<String> = clusters.iter().map(|cluster| cluster.title.clone()).collect();
    for (cluster, related) in clusters.iter_mut().zip(related(gathered, &ids, &titles)) {
        cluster.related = related;
    }
    Ok(clusters)
}

struct Sample {
    title: String,
    template: String,
    exception: Option<ExceptionFacts>,
    entry: Json,
}

/// Reads the first entry of a cluster whole, and draws from it what the cluster is called.
fn whole_entry(
    investigation: &Investigation<'_>,
    cluster: &Gathered,
    templates: &mut Templates<'_>,
) -> Result<Sample> {
    let segment = &investigation.archive.segments()[cluster.first.segment];
    let mut columns: Vec<Column> =
        Field::ALL.iter().flat_map(|field| Column::of_field(*field)).copied().collect();
    columns.extend([Column::Service, Column::Revision, Column::Severity]);
    columns.sort();
    columns.dedup();
    let damaged = |detail: String| Error::Damaged { file: segment.entries_path(), detail };
    let (mut json, mut nodes) = (String::new(), Vec::new());
    let mut found = Err(damaged(format!("row {} is missing", cluster.first.row)));
    segment.for_each_row(
        std::slice::from_ref(&(cluster.first.row..cluster.first.row + 1)),
        &columns,
        |row| {
            json.clear();
            found = compose(&row.cells, row.timestamp, |_| true, &mut json)
                .map_err(|error| damaged(error.to_string()))
                .and_then(|()| parse(&json, &mut nodes).map_err(|fault| damaged(fault.to_string())))
                .and_then(|_| serde_json::from_str::<Json>(&json).map_err(|error| damaged(error.to_string())))
                .map(|entry| {
                    let object =
                        Document::new(&json, &nodes).root().as_object().expect("compose writes an object");
                    sample(
                        cluster,
                        row.cells.text(Column::Service),
                        &LogEntry::from_object(object),
                        entry,
                        templates,
                    )
                });
            false
        },
    )?;
    found
}

fn sample(
    cluster: &Gathered,
    service: &str,
    entry: &LogEntry<'_>,
    json: Json,
    templates: &mut Templates<'_>,
) -> Sample {
    let said = message(entry);
    let plain = templates.draw(&said);
    let template = templates.of_text(&said, &plain);
    let exception =
        trace::find(&said).first().map(exception::facts).filter(|_| cluster.kind == Kind::Exception);
    let title = match (&exception, cluster.kind, entry.get(Field::HttpRequest)) {
        (Some(exception), ..) => {
            let root = &exception.chain[exception.root.min(exception.chain.len() - 1)];
            let drawn = templates.draw(&root.value);
            // Where all say the same, that is the news; else only the form of it is common to all.
            let value = match &cluster.root_value {
                Some(value) => templates.redactor().text(value).into_owned(),
                None => templates.of_text(&root.value, &drawn),
            };
            if value.is_empty() { root.type_name.clone() } else { format!("{}: {value}", root.type_name) }
        }
        (None, Kind::Request, Some(request)) => {
            let asked = endpoint(request);
            let path = path_template(&Masker::standard(), &asked.path);
            format!("{} on {} {path} of {service}", asked.status, asked.method)
        }
        _ if said.trim().is_empty() => "an entry without a message".to_owned(),
        _ => template.clone(),
    };
    let title = templates.redactor().text(&title).into_owned();
    Sample { title: one_line(&title), template, exception, entry: json }
}

/// Marks of colour that logging libraries leave at the end of a line.
const COLOURS: [&str; 4] = ["</red>", "</yellow>", "</white>", "</bold>"];
/// Characters of a title.
const MAX_TITLE: usize = 110;

/// What stands before the message on lines that programs write: time, process, severity, where in the program, colours.
fn without_prefix(line: &str) -> &str {
    static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
        let part = concat!(
            r"\s|\||-|\[<[a-z]+>\]|<(?:time|date|num|ip|ts)>|\[?\b(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b *\]?:?|",
            r"[\w.<>*]+:[\w<>*]+:<num>|</?(?:red|yellow|white|green|blue|cyan|magenta|bold|level)>"
        );
        Regex::new(&format!("^(?:{part})+")).expect("the form is well-formed")
    });
    let rest = PREFIX.find(line).map_or(line, |found| &line[found.end()..]);
    if rest.chars().filter(|c| c.is_alphabetic()).count() >= 4 { rest } else { line }
}

/// Returns the first line with something in it, blanks put together, colour codes taken out, cut where it is too long.
fn one_line(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if chars.next() == Some('[') {
            // A control sequence ends with its letter; a template may have a mark instead of its numbers.
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        }
    }
    let line = plain.lines().map(str::trim).find(|line| line.chars().any(char::is_alphanumeric));
    let line = without_prefix(line.unwrap_or_else(|| plain.trim()));
    let line = COLOURS.iter().fold(line, |line, end| line.strip_suffix(end).unwrap_or(line));
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_TITLE) {
        None => line,
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
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
        .map(|((service, revision), (count, first, last))| RevisionCount {
            service: service.clone(),
            revision: revision.clone(),
            count: *count,
            first: time(*first),
            last: time(*last),
        })
        .collect();
    list.sort_by(|a, b| (b.count, &a.service, &a.revision).cmp(&(a.count, &b.service, &b.revision)));
    list
}

fn labels(found: &Gathered) -> Vec<LabelCount> {
    let mut list: Vec<LabelCount> = found
        .labels
        .iter()
        .filter(|(_, count)| **count * 10 >= found.count())
        .map(|((name, value), count)| LabelCount { name: name.clone(), value: cut(value), count: *count })
        .collect();
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

/// Says what became of a cluster, and why.
fn state(
    investigation: &Investigation<'_>,
    found: &Gathered,
    first: &Occurrence,
    last: &Occurrence,
    changed: &[&Regression],
    window: (i64, i64),
) -> (ClusterState, String) {
    let is_over = |regression: &&&Regression| matches!(regression.state, State::Resolved | State::Spike);
    if let Some(over) = changed.iter().find(is_over)
        && changed.iter().all(|regression| is_over(&regression))
    {
        let place =
            over.resolved.as_ref().map_or(String::new(), |change| format!(" since {}", change.revision));
        return (ClusterState::Resolved, format!("significantly rarer{place} (q {:.1e})", over.q));
    }
    if let Some(silence) = silence(investigation, found, window) {
        return (ClusterState::Resolved, silence);
    }
    let risen = |regression: &&&Regression| {
        regression.onset.is_some()
            && matches!(regression.state, State::New | State::CameBack | State::Ongoing)
    };
    if let Some(risen) = changed.iter().find(risen) {
        let onset = risen.onset.as_ref().map_or("", |onset| onset.revision.as_str());
        let word = match risen.state {
            State::New => "new",
            State::CameBack => "back",
            _ => "more frequent",
        };
        return (ClusterState::Regression, format!("{word} since {onset} (q {:.1e})", risen.q));
    }
    if first.evidence.status == Status::Observed {
        return (ClusterState::New, format!("its first entry was observed: {}", first.evidence.reason));
    }
    (
        ClusterState::Ongoing,
        format!("whether it is new is not known: {}; {}", first.evidence.reason, last.evidence.reason),
    )
}

/// Says that a cluster has ended, if its silence up to the end of the window is too long for chance.
///
/// The silence must be covered for all of its services and its severity, longer than its usual distance ten times over, and
/// long enough that its rate before would have given [`SILENT_EXPECTED`] entries.
fn silence(investigation: &Investigation<'_>, found: &Gathered, window: (i64, i64)) -> Option<String> {
    let (first, last) = (found.first.time_ns, found.last.time_ns);
    let silent = window.1 - last;
    // Minutes, not entries: a burst is one event, and two events are no rate.
    let n_cells = found.cells.len();
    if n_cells < 3 || silent <= usual_gap_ns(&found.times).saturating_mul(10) {
        return None;
    }
    let covered = |service: &str, from: i64, to: i64| -> i64 {
        let stretches = investigation.coverage.merged(service, Some(found.severity()));
        stretches.iter().map(|(a, b, _)| ((*b).min(to) - (*a).max(from)).max(0)).sum()
    };
    let services: BTreeSet<&str> = found.revisions.keys().map(|(service, _)| service.as_str()).collect();
    let seen = services.iter().map(|service| covered(service, last, window.1)).min()?;
    let before = services.iter().map(|service| covered(service, first, last)).max()?;
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let expected = {
        let rate = (n_cells as f64 - 1.0) / (before as f64).max(60e9);
        rate * seen as f64
    };
    (expected >= SILENT_EXPECTED).then(|| {
        format!(
            "silent for {:.1} covered hours up to the end, in which its rate before would have filled {expected:.0} minutes with it",
            seconds(seen) / 3600.0
        )
    })
}

#[expect(clippy::cast_precision_loss, reason = "shown to a tenth of an hour")]
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_line() {
        assert_eq!(one_line("\n  \n a\t b \nc"), "a b");
        assert_eq!(one_line("\u{1b}[31mred\u{1b}[0m | x"), "red | x");
        assert_eq!(one_line(&"é".repeat(200)).chars().count(), MAX_TITLE + 1);
        assert_eq!(one_line("===="), "====");
        assert_eq!(
            one_line("[<time>] [<num>] [ERROR] Reason: Worker failed to boot."),
            "Reason: Worker failed to boot."
        );
        assert_eq!(
            one_line("<time> | ERROR | <name>:_emit_log:<num> | <red>Redis is gone</red>"),
            "Redis is gone"
        );
        assert_eq!(one_line("ERROR <num>"), "ERROR <num>");
        assert_eq!(one_line("worker boot failed: x"), "worker boot failed: x");
    }
}
