//! Issue drafts: the clusters of a report against a ledger of what was filed before.
//!
//! ```text
//! not in the ledger                              new       an issue to open
//! in it, and there is more since the last time   update    a comment
//! in it, and over; seen for long enough          resolved  a comment, and the issue can be closed
//! in it, and nothing is new                      no draft
//! ```
//!
//! The ledger remembers two reports: the last, and the one before it, with which the last was compared. So asking again on
//! the same archive gives the same drafts and the same ledger. Numbers of a tracker are written into it by hand or by a
//! script; they are kept.

mod ledger;

pub use ledger::{Issue, IssueState, Ledger, LedgerError, Reported};

use crate::worklog::{Cluster, ClusterState, Priority, Worklog};
use serde::Serialize;

/// What is to be done about one cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Draft {
    /// Which kind of draft.
    pub kind: DraftKind,
    /// The fingerprint of its cluster.
    pub fingerprint: String,
    /// `{regression|new|ongoing|resolved} | P0 | name`.
    pub title: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Number of its issue, if the ledger knows it.
    pub number: Option<u64>,
    /// Words to mark the issue with.
    pub labels: Vec<String>,
    /// Fingerprints of related clusters, with the numbers that are known.
    pub related: Vec<RelatedIssue>,
    /// Entries now, and those since the last report.
    pub entries: u64,
    /// Entries since the last report.
    pub new_entries: u64,
    /// Revisions that it was not seen in at the last report.
    pub new_revisions: Vec<String>,
    /// What is new, in sentences.
    pub news: Vec<String>,
}

/// Which kind of draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DraftKind {
    /// An issue to open.
    New,
    /// A comment on one that is there.
    Update,
    /// A comment on one that can be closed.
    Resolved,
}

/// A related cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelatedIssue {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its title.
    pub title: String,
    /// Number of its issue, if the ledger knows it.
    pub number: Option<u64>,
}

/// Entries that a cluster's rate must give in the covered time of a window before its absence counts.
const ABSENT_EXPECTED: f64 = 3.0;

/// Compares a report with a ledger; returns the drafts, the most urgent first, and the ledger after it.
///
/// `least` is the least urgent priority that gets drafts. Clusters of the ledger that the report does not hold are over only
/// if their services were covered for long enough; else they are left as they are.
pub fn drafts(report: &Worklog, ledger: &Ledger, least: Priority) -> (Vec<Draft>, Ledger) {
    let mut after = ledger.turned(&as_of(report));
    let mut drafts = Vec::new();
    for cluster in report.clusters.iter().filter(|cluster| cluster.priority <= least) {
        let before = after.issue(&cluster.id).and_then(|issue| issue.before.clone());
        let now = reported(report, cluster);
        let draft = match &before {
            None => Some(new_draft(cluster, &after)),
            Some(before) => changed_draft(cluster, before, &now, &after),
        };
        after.report(cluster, now, before.is_none().then(|| as_of(report)));
        drafts.extend(draft);
    }
    drafts.extend(absent(report, &mut after, least));
    // Numbers that the ledger learns are of use to the related ones.
    for draft in &mut drafts {
        for related in &mut draft.related {
            related.number = after.issue(&related.fingerprint).and_then(|issue| issue.number);
        }
    }
    drafts.sort_by(|a, b| {
        (a.priority, a.kind, std::cmp::Reverse(a.entries), &a.fingerprint).cmp(&(
            b.priority,
            b.kind,
            std::cmp::Reverse(b.entries),
            &b.fingerprint,
        ))
    });
    (drafts, after)
}

/// What a report was made of: the same archive and question, the same text.
fn as_of(report: &Worklog) -> String {
    let question = &report.question;
    let window = [&question.since, &question.until].map(|end| end.as_deref().unwrap_or("-")).join(" to ");
    format!(
        "{} | {} entries, {window} | {}",
        report.last.as_deref().unwrap_or("-"),
        report.entries,
        question.filter
    )
}

fn reported(report: &Worklog, cluster: &Cluster) -> Reported {
    let mut revisions: Vec<String> = cluster
        .revisions
        .iter()
        .map(|facts| facts.revision.clone())
        .filter(|name| !name.is_empty())
        .collect();
    revisions.sort();
    revisions.dedup();
    Reported {
        to: report.last.clone().unwrap_or_default(),
        entries: cluster.count,
        last: cluster.last.timestamp.clone(),
        state: if cluster.state == ClusterState::Resolved { IssueState::Resolved } else { IssueState::Open },
        per_hour: cluster.rate.map_or(0.0, |rate| rate.value),
        revisions,
    }
}

fn new_draft(cluster: &Cluster, ledger: &Ledger) -> Draft {
    Draft {
        kind: DraftKind::New,
        fingerprint: cluster.id.clone(),
        title: cluster.issue_title(),
        priority: cluster.priority,
        number: ledger.issue(&cluster.id).and_then(|issue| issue.number),
        labels: labels(cluster),
        related: related(cluster),
        entries: cluster.count,
        new_entries: cluster.count,
        new_revisions: Vec::new(),
        news: Vec::new(),
    }
}

fn changed_draft(cluster: &Cluster, before: &Reported, now: &Reported, ledger: &Ledger) -> Option<Draft> {
    let is_over = now.state == IssueState::Resolved && before.state == IssueState::Open;
    let is_back = now.state == IssueState::Open && before.state == IssueState::Resolved;
    let new_entries = now.entries.saturating_sub(before.entries);
    let new_revisions: Vec<String> =
        now.revisions.iter().filter(|name| !before.revisions.contains(name)).cloned().collect();
    if !is_over && !is_back && new_entries == 0 && now.last == before.last {
        return None;
    }
    let mut news = Vec::new();
    if is_back {
        news.push("It is back: it was reported as resolved.".to_owned());
    }
    if is_over {
        news.push(format!("It is over: {}.", cluster.state_reason));
    }
    if new_entries > 0 {
        news.push(format!(
            "{new_entries} more entries since the report up to {}; {} in all, the last at {}.",
            before.to, now.entries, now.last
        ));
    }
    if !new_revisions.is_empty() {
        news.push(format!("New in {}.", new_revisions.join(", ")));
    }
    Some(Draft {
        kind: if is_over { DraftKind::Resolved } else { DraftKind::Update },
        new_entries,
        new_revisions,
        news,
        ..new_draft(cluster, ledger)
    })
}

/// Finds what the ledger holds open, the report does not hold, and would hold if it still happened.
fn absent(report: &Worklog, ledger: &mut Ledger, least: Priority) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for issue in &mut ledger.issue {
        let is_here = report.clusters.iter().any(|cluster| cluster.id == issue.fingerprint);
        let Some(before) = issue.before.clone() else { continue };
        if is_here || issue.priority > least || before.state != IssueState::Open {
            continue;
        }
        let hours = |service: &String| {
            report.services.iter().find(|facts| facts.service == *service).map_or(0.0, |facts| facts.hours)
        };
        let covered = issue.services.iter().map(hours).fold(f64::INFINITY, f64::min);
        let expected = if covered.is_finite() { before.per_hour * covered } else { 0.0 };
        let is_later = report.last.as_deref().is_some_and(|last| last > before.last.as_str());
        if expected < ABSENT_EXPECTED || !is_later {
            continue;
        }
        let reason = format!(
            "It is over: no entry in {covered:.1} covered hours, in which its rate before would have given {expected:.0}."
        );
        issue.reported = Reported {
            to: report.last.clone().unwrap_or_default(),
            state: IssueState::Resolved,
            ..before.clone()
        };
        drafts.push(Draft {
            kind: DraftKind::Resolved,
            fingerprint: issue.fingerprint.clone(),
            title: format!("resolved | {} | {}", issue.priority.name(), issue.name),
            priority: issue.priority,
            number: issue.number,
            labels: vec![issue.priority.name().to_owned(), "resolved".to_owned()],
            related: Vec::new(),
            entries: before.entries,
            new_entries: 0,
            new_revisions: Vec::new(),
            news: vec![reason],
        });
    }
    drafts
}

fn related(cluster: &Cluster) -> Vec<RelatedIssue> {
    let related = cluster.related.iter().map(|other| RelatedIssue {
        fingerprint: other.id.clone(),
        title: other.title.clone(),
        number: None,
    });
    related.collect()
}

fn labels(cluster: &Cluster) -> Vec<String> {
    let mut labels = vec![cluster.priority.name().to_owned(), cluster.state.name().to_owned()];
    let mut services: Vec<String> =
        cluster.revisions.iter().map(|facts| facts.service.clone()).filter(|name| !name.is_empty()).collect();
    services.sort();
    services.dedup();
    labels.extend(services);
    labels
}

#[cfg(test)]
mod tests;
