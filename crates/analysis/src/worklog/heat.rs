//! Clusters by revision: a count, a zero, or not covered.

use super::gathered::Gathered;
use crate::question::Investigation;
use crate::revisions::RevisionsAnswer;
use serde::{Deserialize, Serialize};
use timberline_archive::patterns::Stream;
use timberline_entry::Timestamp;

/// Counts of clusters in revisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeatFacts {
    /// The revisions, services by name, in the order of revisions.
    pub revisions: Vec<HeatColumn>,
    /// One row per cluster.
    pub rows: Vec<HeatRow>,
    /// Revisions before these, left out.
    pub revisions_left_out: u64,
}

/// A revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeatColumn {
    /// The service.
    pub service: String,
    /// The revision.
    pub revision: String,
}

/// A cluster's counts, one per revision; `null` where the revision is not covered for its severity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeatRow {
    /// The cluster.
    pub id: String,
    /// The counts.
    pub counts: Vec<Option<u64>>,
}

/// More revisions than this do not fit beside each other.
const MAX_REVISIONS: usize = 40;
/// More clusters than this do not fit below each other.
const MAX_ROWS: usize = 40;

/// Puts clusters against revisions that have entries in the window.
pub(super) fn heat(
    investigation: &Investigation<'_>,
    revisions: &RevisionsAnswer,
    window: (i64, i64),
    clusters: &[Gathered],
) -> HeatFacts {
    let nanos = |text: &Option<String>| {
        text.as_ref().and_then(|text| Timestamp::parse(text)).map(|(time, _)| time.as_nanos())
    };
    let mut columns: Vec<(&str, &str, i64, i64)> = revisions
        .revisions
        .iter()
        .filter_map(|facts| {
            let (from, to) = (nanos(&facts.first)?, nanos(&facts.last)?);
            (from <= window.1 && window.0 <= to).then_some((
                facts.service.as_str(),
                facts.revision.as_str(),
                from.max(window.0),
                to.min(window.1),
            ))
        })
        .collect();
    let left_out = columns.len().saturating_sub(MAX_REVISIONS);
    columns.drain(..left_out);
    let rows = clusters
        .iter()
        .take(MAX_ROWS)
        .map(|cluster| {
            let counts = columns.iter().map(|(service, revision, from, to)| {
                let stream = Stream::new(service, revision);
                let is_covered = || {
                    let merged = investigation.coverage.merged(service, Some(cluster.severity()));
                    merged.iter().any(|stretch| stretch.0 <= *to && *from <= stretch.1)
                };
                match cluster.revisions.get(&stream) {
                    Some(seen) => Some(seen.entries),
                    None => is_covered().then_some(0),
                }
            });
            HeatRow { id: cluster.name(), counts: counts.collect() }
        })
        .collect();
    HeatFacts {
        revisions: columns
            .iter()
            .map(|(service, revision, ..)| HeatColumn {
                service: (*service).to_owned(),
                revision: (*revision).to_owned(),
            })
            .collect(),
        rows,
        revisions_left_out: left_out as u64,
    }
}
