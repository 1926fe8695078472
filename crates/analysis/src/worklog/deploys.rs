//! Deploys of the window: who, what, and how long until the first error that was new.

use super::gathered::Gathered;
use super::rules::Priority;
use crate::revisions::{Deploy, RevisionsAnswer};
use serde::{Deserialize, Serialize};
use timberline_archive::patterns::Stream;
use timberline_entry::Timestamp;

/// A deploy and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeployFacts {
    /// When, RFC 3339.
    pub time: String,
    /// The service.
    pub service: String,
    /// The revision that it made; `null` if that is not known.
    pub revision: Option<String>,
    /// Who; `null` if the entry does not say.
    pub by: Option<String>,
    /// How.
    pub method: String,
    /// The image of the first container, if the entry says.
    pub image: Option<String>,
    /// The first entry of P0 to P2 in its revision.
    pub first_error: Option<ErrorAfter>,
    /// The first entry of P0 to P2 that no earlier entry of the archive's window was like.
    pub first_new_error: Option<ErrorAfter>,
}

/// An error after a deploy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorAfter {
    /// Its cluster.
    pub id: String,
    /// When, RFC 3339.
    pub time: String,
    /// Seconds after the deploy.
    pub seconds: f64,
}

/// Lists the deploys of a window, oldest first.
pub(super) fn deploys(
    revisions: &RevisionsAnswer,
    window: (i64, i64),
    clusters: &[Gathered],
) -> Vec<DeployFacts> {
    let made = revisions.revisions.iter().filter_map(|facts| {
        Some((facts.service.as_str(), Some(facts.revision.as_str()), facts.deploy.as_ref()?))
    });
    let others = revisions.other_deploys.iter().map(|other| (other.service.as_str(), None, &other.deploy));
    let mut found: Vec<DeployFacts> = made
        .chain(others)
        .filter_map(|(service, revision, deploy)| {
            let time_ns = Timestamp::parse(&deploy.time)?.0.as_nanos();
            (window.0 <= time_ns && time_ns <= window.1)
                .then(|| facts(service, revision, deploy, time_ns, clusters))
        })
        .collect();
    found.sort_by(|a, b| (&a.time, &a.service, &a.revision).cmp(&(&b.time, &b.service, &b.revision)));
    found
}

fn facts(
    service: &str,
    revision: Option<&str>,
    deploy: &Deploy,
    time_ns: i64,
    clusters: &[Gathered],
) -> DeployFacts {
    // When each bad cluster came first in the revision that the deploy made.
    let in_revision = || {
        clusters.iter().filter(|cluster| cluster.priority <= Priority::P2).filter_map(|cluster| {
            let first_ns = cluster.revisions.get(&Stream::new(service, revision?))?.first_ns;
            (first_ns >= time_ns).then_some((first_ns, cluster))
        })
    };
    let after = |(first_ns, cluster): (i64, &Gathered)| {
        #[expect(clippy::cast_precision_loss, reason = "shown to a millisecond")]
        let seconds = first_ns.saturating_sub(time_ns) as f64 / 1e9;
        ErrorAfter { id: cluster.name(), time: crate::evidence::rfc3339(first_ns), seconds }
    };
    let earliest = |(first_ns, cluster): &(i64, &Gathered)| (*first_ns, cluster.id);
    DeployFacts {
        time: deploy.time.clone(),
        service: service.to_owned(),
        revision: revision.map(str::to_owned),
        by: deploy.by.clone(),
        method: deploy.method.clone(),
        image: deploy.image.clone(),
        first_error: in_revision().min_by_key(earliest).map(after),
        first_new_error: in_revision()
            .filter(|(first_ns, cluster)| *first_ns == cluster.first.time_ns)
            .min_by_key(earliest)
            .map(after),
    }
}
