//! The ledger of issues, `issues.toml`: what was reported, and under which number it was filed.

use crate::worklog::{Cluster, Priority};
use serde::{Deserialize, Serialize};

/// What was reported before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// What the last report was made of.
    #[serde(default)]
    pub as_of: String,
    /// The issues by fingerprint.
    #[serde(default)]
    pub issue: Vec<Issue>,
}

/// One issue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// Fingerprint of its cluster.
    pub fingerprint: String,
    /// Its number in a tracker; written by hand or by a script, and kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// What it says, short.
    pub name: String,
    /// How urgent it was last.
    pub priority: Priority,
    /// The services it was seen in.
    pub services: Vec<String>,
    /// What the report was made of in which it came first.
    pub first_reported: String,
    /// As it was in the last report.
    pub reported: Reported,
    /// As it was in the report before: what the last one is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Reported>,
}

/// A cluster as it was in a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// The last entry of the report, RFC 3339.
    pub to: String,
    /// Entries of the cluster.
    pub entries: u64,
    /// The last of them.
    pub last: String,
    /// Whether it was over.
    pub state: IssueState,
    /// Entries per covered hour.
    pub per_hour: f64,
    /// Revisions it was seen in.
    pub revisions: Vec<String>,
}

/// Whether something is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueState {
    /// It is not.
    Open,
    /// It is.
    Resolved,
}

/// A ledger cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LedgerError(pub String);

/// What stands above a ledger that people open.
const HEAD: &str = "\
# What timberline has reported, by fingerprint. Kept by `timberline issues`; the one thing to write here by hand is
#     number = 123
# under an issue's fingerprint, once it was filed: updates then name it.

";

impl Ledger {
    /// Reads a ledger.
    ///
    /// # Errors
    /// [`LedgerError`] with the place that is wrong.
    pub fn read(text: &str) -> Result<Self, LedgerError> {
        toml::from_str(text).map_err(|error| LedgerError(error.to_string()))
    }

    /// Writes the ledger: the same content, the same bytes.
    pub fn write(&self) -> String {
        let text = toml::to_string(self).expect("a ledger is plain values");
        format!("{HEAD}{text}")
    }

    /// Returns an issue by its fingerprint.
    pub fn issue(&self, fingerprint: &str) -> Option<&Issue> {
        self.issue.iter().find(|issue| issue.fingerprint == fingerprint)
    }

    /// Returns the ledger as it is before a report: if that is a new one, what was last is now what it is compared with.
    pub(super) fn turned(&self, as_of: &str) -> Self {
        let mut turned = self.clone();
        if turned.as_of != as_of {
            as_of.clone_into(&mut turned.as_of);
            for issue in &mut turned.issue {
                issue.before = Some(issue.reported.clone());
            }
        }
        turned
    }

    /// Notes what a cluster is now.
    pub(super) fn report(&mut self, cluster: &Cluster, now: Reported, first_reported: Option<String>) {
        let mut services: Vec<String> = cluster.revisions.iter().map(|facts| facts.service.clone()).collect();
        services.sort();
        services.dedup();
        match self.issue.iter_mut().find(|issue| issue.fingerprint == cluster.id) {
            Some(issue) => {
                issue.name.clone_from(&cluster.title);
                issue.priority = cluster.priority;
                issue.services = services;
                issue.reported = now;
            }
            None => self.issue.push(Issue {
                fingerprint: cluster.id.clone(),
                number: None,
                name: cluster.title.clone(),
                priority: cluster.priority,
                services,
                first_reported: first_reported.unwrap_or_default(),
                reported: now,
                before: None,
            }),
        }
        self.issue.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
    }
}
