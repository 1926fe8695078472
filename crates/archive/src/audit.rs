//! What audit entries say of services and revisions: who changed what, and which revision is named where.
//!
//! ```text
//! response.status.latestCreatedRevisionName   the revision that the change made
//! request.service.status.…                    the revision that was there before: a request repeats the old status
//! resourceName  namespaces/P/revisions/R      the revision that a platform event is about
//! ```
//!
//! Here it is read; what follows from it is for those who ask. It is stored in the stream catalogue, and taken from there for
//! segments that stay: reading something else needs a file of another name.

use crate::columns::{Cells, Column};
use crate::shape::HOLE;
use timberline_entry::json::{Text, Value};
use timberline_entry::{AUDIT_LOG, Field, LogEntry, Timestamp};

/// What one audit entry says. Texts are empty where it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditRecord {
    /// When, nanoseconds since the Unix epoch.
    pub time_ns: i64,
    /// `insertId`.
    pub insert_id: String,
    /// Service of the entry's resource.
    pub service: String,
    /// Revision of the entry's resource.
    pub revision: String,
    /// The method that was called, its last part: `ReplaceService`.
    pub method: String,
    /// The resource that it was called on.
    pub resource: String,
    /// Who called it. What the platform reports has nobody.
    pub by: String,
    /// The program that called it.
    pub agent: String,
    /// The answer's revision that was created last.
    pub created: String,
    /// The answer's revision that was ready last.
    pub ready: String,
    /// The name that the request gives to a revision.
    pub template: String,
    /// The request's revision that was created last: the one that was there.
    pub created_before: String,
    /// The request's revision that was ready last.
    pub ready_before: String,
    /// The image of the first container: the answer's, or else the request's.
    pub image: String,
}

/// The fields that may hold such a payload: client libraries hand it over as JSON that still names its type.
pub(crate) const PAYLOADS: [Field; 2] = [Field::ProtoPayload, Field::JsonPayload];

/// Last parts of the methods that change what runs.
const DEPLOYS: [&str; 6] = [
    "ReplaceService",
    "CreateService",
    "UpdateService",
    "UpdateTraffic",
    "ReplaceConfiguration",
    "CreateRevision",
];

impl AuditRecord {
    /// Reads an entry; `None` for one that is no audit entry, or speaks neither of a revision nor of a change to what runs.
    /// Access to data is logged in the same form, by the million.
    pub(crate) fn of(entry: &LogEntry<'_>, cells: &Cells<'_>, time: Timestamp) -> Option<Self> {
        if !PAYLOADS
            .into_iter()
            .filter_map(|field| entry.get(field))
            .any(|payload| is_audit(payload, |_| false))
        {
            return None;
        }
        let payload = PAYLOADS.into_iter().find_map(|field| entry.get(field))?;
        let text = |path: &[&str]| {
            let found = payload.at(path).and_then(Value::as_text);
            found.map_or(String::new(), |found| found.value().into_owned())
        };
        let method = text(&["methodName"]);
        let record = Self {
            time_ns: time.as_nanos(),
            insert_id: cells.text(Column::InsertId).to_owned(),
            service: cells.text(Column::Service).to_owned(),
            revision: cells.text(Column::Revision).to_owned(),
            method: method.rsplit(['.', '/']).next().unwrap_or_default().to_owned(),
            resource: text(&["resourceName"]),
            by: text(&["authenticationInfo", "principalEmail"]),
            agent: text(&["requestMetadata", "callerSuppliedUserAgent"]),
            created: text(&["response", "status", "latestCreatedRevisionName"]),
            ready: text(&["response", "status", "latestReadyRevisionName"]),
            template: text(&["request", "service", "spec", "template", "metadata", "name"]),
            created_before: text(&["request", "service", "status", "latestCreatedRevisionName"]),
            ready_before: text(&["request", "service", "status", "latestReadyRevisionName"]),
            image: image(payload).unwrap_or_default(),
        };
        (record.is_deploy() || record.names_a_revision()).then_some(record)
    }

    /// Says whether somebody changed what runs.
    pub fn is_deploy(&self) -> bool {
        !self.by.is_empty() && DEPLOYS.contains(&self.method.as_str())
    }

    /// Returns the revision that the entry's resource is, by its name.
    pub fn named_by_resource(&self) -> Option<&str> {
        self.resource.rsplit_once("/revisions/").map(|(_, revision)| revision)
    }

    fn names_a_revision(&self) -> bool {
        let Self { created, ready, template, created_before, ready_before, .. } = self;
        self.named_by_resource().is_some()
            || [created, ready, template, created_before, ready_before]
                .into_iter()
                .any(|name| !name.is_empty())
    }

    /// Returns the texts, in the order in which they are stored.
    pub(crate) fn texts(&self) -> [&str; N_TEXTS] {
        [
            &self.insert_id,
            &self.service,
            &self.revision,
            &self.method,
            &self.resource,
            &self.by,
            &self.agent,
            &self.created,
            &self.ready,
            &self.template,
            &self.created_before,
            &self.ready_before,
            &self.image,
        ]
    }

    /// Makes a record of its [texts](Self::texts).
    pub(crate) fn of_texts(time_ns: i64, texts: [&str; N_TEXTS]) -> Self {
        let mut texts = texts.into_iter().map(str::to_owned);
        let mut next = || texts.next().expect("the record has as many fields");
        // Fields of a literal are evaluated in the order in which they stand.
        Self {
            time_ns,
            insert_id: next(),
            service: next(),
            revision: next(),
            method: next(),
            resource: next(),
            by: next(),
            agent: next(),
            created: next(),
            ready: next(),
            template: next(),
            created_before: next(),
            ready_before: next(),
            image: next(),
        }
    }
}

/// Number of texts in a record.
pub(crate) const N_TEXTS: usize = 13;

/// Says whether a payload is of an audit entry by its type, or its type is such that it `may_be`.
fn is_audit(payload: Value<'_>, may_be: impl Fn(&str) -> bool) -> bool {
    let kind = payload.get("@type").and_then(Value::as_text).map(Text::value);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(AUDIT_LOG) || may_be(&kind))
}

/// Says whether a payload of this template can be of an audit entry; `false` means that none is.
pub(crate) fn may_be_audit(template: Value<'_>) -> bool {
    is_audit(template, |kind| kind.contains(HOLE))
}

fn image(payload: Value<'_>) -> Option<String> {
    [&["response"][..], &["request", "service"]].into_iter().find_map(|side| {
        let containers = payload.at(side)?.at(&["spec", "template", "spec", "containers"])?.as_array()?;
        Some(containers.iter().next()?.get("image")?.as_text()?.value().into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Splitter;
    use timberline_entry::json::{Document, parse};

    fn read(payload: &str, field: &str) -> Option<AuditRecord> {
        let text = format!(
            r#"{{"insertId":"i","{field}":{payload},"resource":{{"type":"cloud_run_revision","labels":{{"service_name":"s"}}}}}}"#
        );
        let mut nodes = Vec::new();
        parse(&text, &mut nodes).unwrap();
        let entry = LogEntry::from_object(Document::new(&text, &nodes).root().as_object().unwrap());
        let (mut splitter, time) = (Splitter::default(), Timestamp::from_nanos(7));
        let (_, cells) = splitter.split(&entry, time);
        AuditRecord::of(&entry, &cells, time)
    }

    #[test]
    fn what_speaks_of_a_revision_is_kept() {
        let deploy = format!(
            r#"{{"@type":"{AUDIT_LOG}","methodName":"google.cloud.run.v1.Services.ReplaceService",
                "authenticationInfo":{{"principalEmail":"a@b"}},
                "request":{{"service":{{"spec":{{"template":{{"spec":{{"containers":[{{"image":"x:1"}},{{}}]}}}}}},
                    "status":{{"latestReadyRevisionName":"r-1"}}}}}},
                "response":{{"status":{{"latestCreatedRevisionName":"r-2"}}}}}}"#
        );
        for field in ["protoPayload", "jsonPayload"] {
            let record = read(&deploy, field).unwrap();
            assert!(record.is_deploy());
            assert_eq!((record.time_ns, record.insert_id.as_str(), record.service.as_str()), (7, "i", "s"));
            assert_eq!((record.method.as_str(), record.by.as_str()), ("ReplaceService", "a@b"));
            assert_eq!([&record.created, &record.ready_before, &record.image], ["r-2", "r-1", "x:1"]);
            assert_eq!(AuditRecord::of_texts(7, record.texts()), record);
        }
        let event = format!(r#"{{"@type":"{AUDIT_LOG}","resourceName":"namespaces/p/revisions/r-3"}}"#);
        assert_eq!(read(&event, "protoPayload").unwrap().named_by_resource(), Some("r-3"));
    }

    #[test]
    fn what_does_not_is_passed_over() {
        let access =
            format!(r#"{{"@type":"{AUDIT_LOG}","methodName":"storage.objects.get","resourceName":"b/o"}}"#);
        assert_eq!(read(&access, "protoPayload"), None);
        assert_eq!(read(r#"{"@type":"x","resourceName":"namespaces/p/revisions/r"}"#, "protoPayload"), None);
        assert_eq!(read(&format!(r#"{{"@type":"{AUDIT_LOG}"}}"#), "labels"), None);
    }
}
