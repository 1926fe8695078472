//! What audit entries say: who deployed what and when, and which revision an entry without one speaks of.
//!
//! ```text
//! response.status.latestCreatedRevisionName   the revision that the deploy made
//! request.service.status.…                    the revision that was there *before*: a request repeats the old status
//! resourceName  namespaces/P/revisions/R      the revision that a platform event is about
//! ```

use crate::evidence::rfc3339;
use crate::question::Investigation;
use serde::Serialize;
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::Field;
use timberline_entry::json::Value;
use timberline_query::{Options, compile};
use timberline_search::{RowView, Sink, Wanted, scan_each};

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

const AUDIT_LOG: &str = "type.googleapis.com/google.cloud.audit.AuditLog";
/// Last parts of the methods that change what runs.
const DEPLOYS: [&str; 6] = [
    "ReplaceService",
    "CreateService",
    "UpdateService",
    "UpdateTraffic",
    "ReplaceConfiguration",
    "CreateRevision",
];

/// Reads all audit entries, oldest first; entries of one nanosecond in the order of their `insertId`.
pub(super) fn read(investigation: &Investigation<'_>) -> Result<Vec<AuditFacts>> {
    let text = format!("protoPayload.\"@type\"=\"{AUDIT_LOG}\" OR jsonPayload.\"@type\"=\"{AUDIT_LOG}\"");
    let filter = compile(&text, &Options::default()).expect("a filter of the language").filter;
    let (archive, names) = (investigation.archive, &investigation.names);
    let wanted = Wanted::fields([Field::ProtoPayload, Field::JsonPayload]);
    let audits = scan_each(archive, names, &filter, &wanted, |_| Audits::default())?;
    let mut found: Vec<AuditFacts> = audits.into_iter().flat_map(|audits| audits.found).collect();
    found.sort_by_key(|facts| facts.time_ns);
    if !found.windows(2).any(|pair| pair[0].time_ns == pair[1].time_ns) {
        return Ok(found);
    }
    // Ids are read only where times do not tell.
    let wanted = Wanted::fields([Field::ProtoPayload, Field::JsonPayload, Field::InsertId]);
    let audits = scan_each(archive, names, &filter, &wanted, |_| Audits::default())?;
    let mut found: Vec<(String, AuditFacts)> =
        audits.into_iter().flat_map(|audits| audits.insert_ids.into_iter().zip(audits.found)).collect();
    found.sort_by(|a, b| (a.1.time_ns, &a.0).cmp(&(b.1.time_ns, &b.0)));
    Ok(found.into_iter().map(|(_, facts)| facts).collect())
}

/// Collects audit entries with their `insertId`. There are few: a deploy has a handful.
#[derive(Default)]
struct Audits {
    found: Vec<AuditFacts>,
    insert_ids: Vec<String>,
}

impl Sink for Audits {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, _: &Segment, _: usize, view: &RowView<'_>) -> Result<()> {
        if let Some(facts) = facts(view) {
            self.found.push(facts);
            self.insert_ids.push(view.row.cells.text(Column::InsertId).to_owned());
        }
        Ok(())
    }
}

fn facts(view: &RowView<'_>) -> Option<AuditFacts> {
    let payload = view.entry.get(Field::ProtoPayload).or_else(|| view.entry.get(Field::JsonPayload))?;
    let text = |path: &[&str]| -> Option<String> {
        let found = payload.at(path).and_then(Value::as_text)?.value().into_owned();
        (!found.is_empty()).then_some(found)
    };
    let method = text(&["methodName"]).unwrap_or_default();
    let method = method.rsplit(['.', '/']).next().unwrap_or_default().to_owned();
    let resource = text(&["resourceName"]).unwrap_or_default();
    let revision = resource.rsplit_once("/revisions/").map(|(_, revision)| revision.to_owned());
    let created = text(&["response", "status", "latestCreatedRevisionName"]);
    let ready = text(&["response", "status", "latestReadyRevisionName"]);
    let template = text(&["request", "service", "spec", "template", "metadata", "name"]);
    let before = text(&["request", "service", "status", "latestCreatedRevisionName"]);
    let before_ready = text(&["request", "service", "status", "latestReadyRevisionName"]);
    let service = match view.row.cells.text(Column::Service) {
        "" => resource.rsplit_once("/services/").map_or(String::new(), |(_, service)| service.to_owned()),
        service => service.to_owned(),
    };
    // What the platform reports has nobody who did it.
    let by = text(&["authenticationInfo", "principalEmail"]);
    let time_ns = view.row.timestamp.as_nanos();
    let is_deploy = by.is_some() && DEPLOYS.contains(&method.as_str());
    let image = ["response", "request"].into_iter().find_map(|side| {
        let service = if side == "request" { payload.at(&[side, "service"]) } else { payload.get(side) };
        let containers = service?.at(&["spec", "template", "spec", "containers"])?.as_array()?;
        Some(containers.iter().next()?.get("image")?.as_text()?.value().into_owned())
    });
    let first_of = |candidates: [(Resolution, &Option<String>); 6]| {
        candidates.into_iter().find_map(|(how, name)| Some((how, name.clone()?)))
    };
    let none = None;
    let agent = text(&["requestMetadata", "callerSuppliedUserAgent"]).unwrap_or_default();
    Some(AuditFacts {
        time_ns,
        is_unnamed: view.row.cells.text(Column::Revision).is_empty(),
        names: first_of([
            (Resolution::ResourceName, &revision),
            (Resolution::ResponseLatestCreated, &created),
            (Resolution::ResponseLatestReady, &ready),
            (Resolution::RequestTemplate, &template),
            (Resolution::RequestLatestCreated, &before),
            (Resolution::RequestLatestReady, &before_ready),
        ]),
        result: first_of([
            (Resolution::ResponseLatestCreated, &created),
            (Resolution::RequestTemplate, &template),
            (Resolution::ResponseLatestReady, &ready),
            (Resolution::NextSeen, &none),
            (Resolution::NextSeen, &none),
            (Resolution::NextSeen, &none),
        ]),
        deploy: is_deploy.then(|| Deploy {
            time: rfc3339(time_ns),
            by,
            method: method.clone(),
            image,
            revision_by: None,
        }),
        before,
        makes_revision: method != "UpdateTraffic" && !agent.contains("update-traffic"),
        is_used: false,
        service,
    })
}
