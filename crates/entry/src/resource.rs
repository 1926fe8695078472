//! Which service wrote an entry, and in which revision of it.

use crate::json::Value;
use crate::log_entry::{Field, LogEntry};
use std::borrow::Cow;

/// The service and revision of an entry; empty where the entry does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// What was deployed: a Cloud Run service or job, a function, an App Engine module, a Kubernetes container.
    pub service: Cow<'a, str>,
    /// Which deployment of it.
    pub revision: Cow<'a, str>,
}

/// Resource types and the labels that name service and revision.
///
/// Source: monitored resource types, <https://docs.cloud.google.com/logging/docs/api/v2/resource-list>.
const BY_TYPE: [(&str, &str, &str); 8] = [
    ("cloud_run_revision", "service_name", "revision_name"),
    ("cloud_run_job", "job_name", ""),
    ("cloud_function", "function_name", ""),
    ("gae_app", "module_id", "version_id"),
    ("k8s_container", "container_name", ""),
    ("k8s_pod", "pod_name", ""),
    ("http_load_balancer", "backend_service_name", ""),
    ("cloudsql_database", "database_id", ""),
];

/// Reads service and revision off an entry's monitored resource.
///
/// An empty or missing label gives an empty name: an audit entry of a deploy belongs to no revision.
/// Labels named `service_name` and `revision_name` count on a resource of any type.
pub fn origin<'a>(entry: &LogEntry<'a>) -> Origin<'a> {
    let Some(resource) = entry.get(Field::Resource) else { return Origin::default() };
    let Some(labels) = resource.get("labels") else { return Origin::default() };
    let kind = resource.get("type").and_then(Value::as_text).map(|text| text.value()).unwrap_or_default();
    let by_type = BY_TYPE.iter().find(|(name, _, _)| *name == kind);
    let label =
        |name: &str| labels.get(name).and_then(Value::as_text).map(|text| text.value()).unwrap_or_default();
    let pick = |usual: &str, of_type: &str| match (label(usual), of_type) {
        (found, "") => found,
        (found, _) if !found.is_empty() => found,
        (_, name) => label(name),
    };
    Origin {
        service: pick("service_name", by_type.map_or("", |row| row.1)),
        revision: pick("revision_name", by_type.map_or("", |row| row.2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, parse};

    fn check(text: &str, service: &str, revision: &str) {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        let entry = LogEntry::from_object(Document::new(text, &nodes).root().as_object().unwrap());
        assert_eq!(origin(&entry), Origin { service: service.into(), revision: revision.into() });
    }

    #[test]
    fn by_resource_type() {
        check("{}", "", "");
        check(r#"{"resource":{"type":"x"}}"#, "", "");
        check(
            r#"{"resource":{"type":"cloud_run_revision","labels":{"service_name":"s","revision_name":"s-00001-abc"}}}"#,
            "s",
            "s-00001-abc",
        );
        check(
            r#"{"resource":{"type":"cloud_run_revision","labels":{"service_name":"s","revision_name":""}}}"#,
            "s",
            "",
        );
        check(r#"{"resource":{"type":"gae_app","labels":{"module_id":"m","version_id":"v"}}}"#, "m", "v");
        check(r#"{"resource":{"type":"cloud_run_job","labels":{"job_name":"j"}}}"#, "j", "");
        check(r#"{"resource":{"labels":{"service_name":3}}}"#, "", "");
    }
}
