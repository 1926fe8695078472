//! What a report is about and what it rests on: services, revisions, window, dumps, coverage.

use crate::completeness::Completeness;
use crate::coverage::{CoverageAnswer, Gap};
use crate::exposure::covered_ns;
use crate::question::Investigation;
use crate::revisions::RevisionsAnswer;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::catalog::Cut;

/// One service of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceFacts {
    /// Its name; empty for entries that name none.
    pub service: String,
    /// Its entries in the window.
    pub entries: u64,
    /// Hours of the window that are covered for it.
    pub hours: f64,
    /// Its revisions with entries in the window, in order.
    pub revisions: Vec<RevisionEntries>,
}

/// Entries of one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionEntries {
    /// The revision; empty for entries that name none.
    pub revision: String,
    /// How many entries.
    pub entries: u64,
}

/// A dump the entries came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// Its path as it was named.
    pub path: String,
    /// Entries that were read of it.
    pub read: u64,
    /// The first of them, RFC 3339.
    pub first: Option<String>,
    /// The last.
    pub last: Option<String>,
    /// `no`, `limit` or `broken`.
    pub cut: String,
}

/// A stretch of time that is not covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapFacts {
    /// The service.
    pub service: String,
    /// Start, RFC 3339.
    pub from: String,
    /// End.
    pub to: String,
    /// The severities that are missing.
    pub severities: Vec<String>,
    /// Nothing at all is covered there.
    pub is_total: bool,
    /// The command that would fetch it.
    pub command: String,
}

/// What the archive can speak for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageFacts {
    /// From the first moment that any source covers, RFC 3339.
    pub from: Option<String>,
    /// To the last.
    pub to: Option<String>,
    /// What is missing in the window, longest first.
    pub gaps: Vec<GapFacts>,
    /// Gaps beyond those.
    pub gaps_left_out: u64,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Gaps shown.
const MAX_GAPS: usize = 20;

/// Lists services with their revisions, from counts by service and revision.
pub(super) fn services(
    investigation: &Investigation<'_>,
    counts: &BTreeMap<(String, String), u64>,
    revisions: &RevisionsAnswer,
    window: (i64, i64),
) -> Vec<ServiceFacts> {
    let order: BTreeMap<(&str, &str), u64> = revisions
        .revisions
        .iter()
        .map(|facts| ((facts.service.as_str(), facts.revision.as_str()), facts.order))
        .collect();
    let mut by_service: BTreeMap<&str, Vec<(u64, RevisionEntries)>> = BTreeMap::new();
    for ((service, revision), entries) in counts {
        let place = order.get(&(service.as_str(), revision.as_str())).copied().unwrap_or(u64::MAX);
        by_service
            .entry(service)
            .or_default()
            .push((place, RevisionEntries { revision: revision.clone(), entries: *entries }));
    }
    let mut services: Vec<ServiceFacts> = by_service
        .into_iter()
        .map(|(service, mut revisions)| {
            revisions.sort_by(|a, b| (a.0, &a.1.revision).cmp(&(b.0, &b.1.revision)));
            ServiceFacts {
                service: service.to_owned(),
                hours: covered_ns(
                    investigation,
                    Some(&BTreeSet::from([service.to_owned()])),
                    window.0,
                    window.1,
                ) / 3.6e12,
                entries: revisions.iter().map(|(_, facts)| facts.entries).sum(),
                revisions: revisions.into_iter().map(|(_, facts)| facts).collect(),
            }
        })
        .collect();
    services.sort_by(|a, b| (b.entries, &a.service).cmp(&(a.entries, &b.service)));
    services
}

/// Lists the dumps that touch a window, by path.
pub(super) fn sources(investigation: &Investigation<'_>, window: (i64, i64)) -> Vec<SourceFacts> {
    let time = |ns: Option<i64>| ns.map(crate::evidence::rfc3339);
    let mut sources: Vec<SourceFacts> = investigation
        .sources
        .iter()
        .filter(|source| match (source.first_ns, source.last_ns) {
            (Some(first), Some(last)) => first <= window.1 && window.0 <= last,
            _ => source.rejected > 0,
        })
        .map(|source| SourceFacts {
            path: source.path.clone(),
            read: source.read,
            first: time(source.first_ns),
            last: time(source.last_ns),
            cut: match source.cut {
                Cut::No => "no",
                Cut::Limit => "limit",
                Cut::Broken => "broken",
            }
            .to_owned(),
        })
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Keeps of what is missing what lies in the window and concerns the services of the report.
pub(super) fn coverage(
    answer: &CoverageAnswer,
    completeness: &Completeness,
    services: &[ServiceFacts],
    window: (i64, i64),
) -> CoverageFacts {
    let (from, to) = (crate::evidence::rfc3339(window.0), crate::evidence::rfc3339(window.1));
    let is_meant = |service: &str| services.iter().any(|facts| facts.service == service);
    // Times of one form compare as texts.
    let touches = |gap: &&Gap| gap.from < to && from < gap.to;
    let mut gaps: Vec<(i64, GapFacts)> = answer
        .services
        .iter()
        .filter(|service| is_meant(&service.service))
        .flat_map(|service| {
            service.gaps.iter().filter(touches).map(|gap| {
                let nanos =
                    |text: &str| timberline_entry::Timestamp::parse(text).map_or(0, |time| time.0.as_nanos());
                let facts = GapFacts {
                    service: service.service.clone(),
                    from: gap.from.clone(),
                    to: gap.to.clone(),
                    severities: gap.severities.iter().map(|name| (*name).to_owned()).collect(),
                    is_total: gap.is_total,
                    command: gap.command.clone(),
                };
                (nanos(&gap.to).saturating_sub(nanos(&gap.from)), facts)
            })
        })
        .collect();
    gaps.sort_by(|a, b| (b.0, &a.1.service, &a.1.from).cmp(&(a.0, &b.1.service, &b.1.from)));
    let gaps_left_out = gaps.len().saturating_sub(MAX_GAPS) as u64;
    CoverageFacts {
        from: completeness.covered.as_ref().map(|covered| covered.from.clone()),
        to: completeness.covered.as_ref().map(|covered| covered.to.clone()),
        gaps: gaps.into_iter().take(MAX_GAPS).map(|(_, facts)| facts).collect(),
        gaps_left_out,
        warnings: completeness.warnings.clone(),
    }
}
