//! What a report claims, one statement at a time, so that a later archive can be asked whether each still holds.

use super::{Worklog, WorklogAsked};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The claims of a report, with the question that they answer. Embedded in every format of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Name and version of the contract: `timberline/claims/1`.
    pub schema: String,
    /// What was asked.
    pub question: WorklogAsked,
    /// The first entry of the report, RFC 3339.
    pub first: Option<String>,
    /// The last entry of the report.
    pub last: Option<String>,
    /// The claims.
    pub claims: Vec<Claim>,
}

/// One claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// What it is about; the same in every report.
    pub key: String,
    /// What is claimed, for people.
    pub statement: String,
    /// The value that is claimed.
    pub value: Json,
}

/// Whether a claim holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The archive says something else now.
    Changed,
    /// The archive says nothing of it any more.
    Gone,
    /// The archive says the same.
    Holds,
}

/// A claim that was looked at again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// The claim.
    #[serde(flatten)]
    pub claim: Claim,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What the archive says now; `null` if nothing.
    pub now: Json,
}

/// Clusters of which claims are made; those beyond are in the JSON report as facts.
const MAX_CLUSTERS: usize = 200;
/// Endpoints of which claims are made.
const MAX_ENDPOINTS: usize = 100;

/// Lists what a report claims.
pub fn claims(report: &Worklog) -> Claims {
    let mut list = List(Vec::new());
    list.add("entries", "entries in the report", json!(report.entries));
    list.add("first", "time of the first entry", json!(report.first));
    for (severity, count) in &report.severities {
        list.add(&format!("severity/{severity}"), &format!("entries of severity {severity}"), json!(count));
    }
    for cluster in report.clusters.iter().take(MAX_CLUSTERS) {
        let id = &cluster.id;
        let mut add = |what: &str, says: &str, value: Json| {
            list.add(&format!("cluster/{id}/{what}"), &format!("{}: {says}", cluster.title), value);
        };
        add("count", "entries", json!(cluster.count));
        add("priority", "priority", json!(cluster.priority));
        add("state", "state", json!(cluster.state));
        add("first", "time of the first entry", json!(cluster.first.timestamp));
        add("first-revision", "revision of the first entry", json!(cluster.first.revision));
        add("first-evidence", "what its first rests on", json!(cluster.first.status));
        add("last", "time of the last entry", json!(cluster.last.timestamp));
        add(
            "onset",
            "revision since which it is more frequent",
            json!(cluster.onset.as_ref().map(|onset| &onset.revision)),
        );
    }
    for deploy in &report.deploys {
        let revision = deploy.revision.as_deref().unwrap_or("a revision that is not known");
        list.add(
            &format!("deploy/{}/{}", deploy.service, deploy.time),
            &format!("deploy of {revision} at {}", deploy.time),
            json!({"by": deploy.by, "revision": deploy.revision}),
        );
    }
    for endpoint in report.requests.iter().take(MAX_ENDPOINTS) {
        let name = format!("{} {} {} {}", endpoint.service, endpoint.method, endpoint.path, endpoint.status);
        list.add(&format!("requests/{name}"), &format!("requests {name}"), json!(endpoint.count));
    }
    if let Some(timeline) = &report.timeline {
        list.add("onset", "first entry of P0 to P2", json!(timeline.onset));
    }
    Claims {
        schema: "timberline/claims/1".to_owned(),
        question: report.question.clone(),
        first: report.first.clone(),
        last: report.last.clone(),
        claims: list.0,
    }
}

/// Compares the claims of an earlier report with those of one made now; what changed comes first.
pub fn check(earlier: &Claims, now: &Claims) -> Vec<Checked> {
    let by_key: BTreeMap<&str, &Json> =
        now.claims.iter().map(|claim| (claim.key.as_str(), &claim.value)).collect();
    let mut checked: Vec<Checked> = earlier
        .claims
        .iter()
        .map(|claim| {
            let value = by_key.get(claim.key.as_str());
            let verdict = match value {
                None => Verdict::Gone,
                Some(value) if **value == claim.value => Verdict::Holds,
                Some(_) => Verdict::Changed,
            };
            Checked { claim: claim.clone(), verdict, now: value.map_or(Json::Null, |value| (*value).clone()) }
        })
        .collect();
    checked.sort_by_key(|checked| checked.verdict);
    checked
}

struct List(Vec<Claim>);

impl List {
    fn add(&mut self, key: &str, statement: &str, value: Json) {
        self.0.push(Claim { key: key.to_owned(), statement: statement.to_owned(), value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(values: &[(&str, Json)]) -> Claims {
        let mut list = List(Vec::new());
        values.iter().for_each(|(key, value)| list.add(key, key, value.clone()));
        Claims {
            schema: String::new(),
            question: WorklogAsked::default(),
            first: None,
            last: None,
            claims: list.0,
        }
    }

    #[test]
    fn each_claim_is_looked_at_again() {
        let earlier = made(&[("a", json!(1)), ("b", json!("x")), ("c", json!(null))]);
        let now = made(&[("a", json!(1)), ("b", json!("y")), ("d", json!(4))]);
        let verdicts: Vec<(String, Verdict)> =
            check(&earlier, &now).into_iter().map(|checked| (checked.claim.key, checked.verdict)).collect();
        let expected = [("b", Verdict::Changed), ("c", Verdict::Gone), ("a", Verdict::Holds)];
        assert_eq!(verdicts, expected.map(|(key, verdict)| (key.to_owned(), verdict)));
    }
}
