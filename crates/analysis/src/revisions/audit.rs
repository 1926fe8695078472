//! What audit entries say: who deployed what and when, and which revision an entry without one speaks of.
//!
//! ```text
//! response.status.latestCreatedRevisionName   the revision that the deploy made
//! request.service.status.…                    the revision that was there *before*: a request repeats the old status
//! resourceName  namespaces/P/revisions/R      the revision that a platform event is about
//! ```

use crate::evidence::rfc3339;
use serde::Serialize;
use timberline_archive::AuditRecord;
use timberline_archive::catalog::StreamCatalog;

/// A change of a service that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deploy {
    /// When, RFC 3339.
    pub time: String,
    /// Who; `null` if the entry does not say.
    pub by: Option<String>,
    /// How: the method's last part, such as `ReplaceService`.
    pub method: String,
    /// The image of the first container, if the entry says.
    pub image: Option<String>,
    /// How it is known which revision it made.
    pub revision_by: Option<Resolution>,
}

/// Where a revision's name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// The entry's resource is the revision.
    ResourceName,
    /// The answer's status names it as created last.
    ResponseLatestCreated,
    /// The answer's status names it as ready last.
    ResponseLatestReady,
    /// The request gives the revision its name.
    RequestTemplate,
    /// The request's status names it as created last: the revision that was there when the request was made.
    RequestLatestCreated,
    /// The request's status names it as ready last.
    RequestLatestReady,
    /// The next request found it as created last, and this one had not.
    NextRequest,
    /// It is the first revision that wrote after the request.
    NextSeen,
}

/// What one audit entry says.
#[derive(Clone, Debug)]
pub(super) struct AuditFacts {
    pub(super) time_ns: i64,
    pub(super) service: String,
    /// The entry itself names no revision.
    pub(super) is_unnamed: bool,
    /// The revision its payload speaks of.
    pub(super) names: Option<(Resolution, String)>,
    /// The deploy, if it is one.
    pub(super) deploy: Option<Deploy>,
    /// The revision that the deploy made.
    pub(super) result: Option<(Resolution, String)>,
    /// The revision that was there before.
    pub(super) before: Option<String>,
    /// The request can have made a new revision; moving traffic does not.
    pub(super) makes_revision: bool,
    /// The deploy is shown with its revision.
    pub(super) is_used: bool,
}

/// Returns what audit entries say, oldest first; entries of one nanosecond in the order of their `insertId`.
pub(super) fn facts_of_all(streams: &StreamCatalog) -> Vec<AuditFacts> {
    streams.audits().into_iter().map(facts).collect()
}

fn facts(record: &AuditRecord) -> AuditFacts {
    let named = |name: &String| (!name.is_empty()).then(|| name.clone());
    let resource = record.named_by_resource().map(str::to_owned);
    let AuditRecord { created, ready, template, created_before, ready_before, .. } = record;
    let [created, ready, template] = [created, ready, template].map(named);
    let [before, ready_before] = [created_before, ready_before].map(named);
    let first_of = |candidates: &[(Resolution, &Option<String>)]| {
        candidates.iter().find_map(|(how, name)| Some((*how, (*name).clone()?)))
    };
    let service = match record.service.as_str() {
        "" => record.resource.rsplit_once("/services/").map_or("", |(_, service)| service),
        service => service,
    };
    AuditFacts {
        time_ns: record.time_ns,
        service: service.to_owned(),
        is_unnamed: record.revision.is_empty(),
        names: first_of(&[
            (Resolution::ResourceName, &resource),
            (Resolution::ResponseLatestCreated, &created),
            (Resolution::ResponseLatestReady, &ready),
            (Resolution::RequestTemplate, &template),
            (Resolution::RequestLatestCreated, &before),
            (Resolution::RequestLatestReady, &ready_before),
        ]),
        result: first_of(&[
            (Resolution::ResponseLatestCreated, &created),
            (Resolution::RequestTemplate, &template),
            (Resolution::ResponseLatestReady, &ready),
        ]),
        deploy: record.is_deploy().then(|| Deploy {
            time: rfc3339(record.time_ns),
            by: named(&record.by),
            method: record.method.clone(),
            image: named(&record.image),
            revision_by: None,
        }),
        makes_revision: record.method != "UpdateTraffic" && !record.agent.contains("update-traffic"),
        before,
        is_used: false,
    }
}
