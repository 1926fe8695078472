//! Audit entries: who deployed what, and what the platform made of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::entry::{Entry, Log, Payload, Severity};
use super::json::sorted;
use super::revision::Revision;
use super::rng::Rng;
use super::service::{LOCATION, PROJECT, PROJECT_NUMBER};
use super::time::rfc3339;

const AUDIT_LOG: &str = "type.googleapis.com/google.cloud.audit.AuditLog";

/// Returns the entry of a deploy: its resource names no revision, the answer inside names the one that was created.
pub fn deploy(revision: &Arc<Revision>, rng: &mut Rng) -> Entry {
    let name = format!("namespaces/{PROJECT}/services/{}", revision.service);
    let image = image(revision);
    let created = rfc3339(revision.deployed_us - 9_000_000);
    let payload = json!({
        "@type": AUDIT_LOG,
        "authenticationInfo": {"principalEmail": revision.principal},
        "authorizationInfo": [{"granted": true, "permission": "run.services.update", "permissionType": "ADMIN_WRITE", "resource": name, "resourceAttributes": {}}],
        "methodName": "google.cloud.run.v1.Services.ReplaceService",
        "request": {
            "@type": "type.googleapis.com/google.cloud.run.v1.ReplaceServiceRequest",
            "name": name,
            "service": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": revision.service, "namespace": PROJECT_NUMBER},
                "spec": {"template": {"metadata": {"labels": {"commit-sha": revision.commit}}, "spec": {"containerConcurrency": 80, "containers": [{"image": image}], "timeoutSeconds": 60}}}},
        },
        "requestMetadata": {"callerIp": "203.0.113.20", "callerSuppliedUserAgent": "google-cloud-sdk gcloud/524.0.0 command/gcloud.run.deploy", "requestAttributes": {"auth": {}, "time": created}},
        "resourceLocation": {"currentLocations": [LOCATION]},
        "resourceName": name,
        "response": {
            "@type": "type.googleapis.com/google.cloud.run.v1.Service",
            "metadata": {"annotations": {"serving.knative.dev/lastModifier": revision.principal}, "generation": revision.order + 2, "name": revision.service},
            "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
            "status": {"latestCreatedRevisionName": revision.name, "observedGeneration": revision.order + 2},
        },
        "serviceName": "run.googleapis.com",
        "status": {},
    });
    entry(revision.deployed_us, Log::Activity, Severity::Notice, revision, payload, rng)
}

/// Returns the entry that says the new revision is ready to serve.
pub fn ready(revision: &Arc<Revision>, at_us: i64, rng: &mut Rng) -> Entry {
    let seconds = (at_us - revision.deployed_us) as f64 / 1_000_000.0;
    let payload = json!({
        "@type": AUDIT_LOG,
        "methodName": "/Services.ReplaceService",
        "resourceName": format!("namespaces/{PROJECT}/revisions/{}", revision.name),
        "response": {"@type": "type.googleapis.com/google.cloud.run.v1.Revision", "metadata": {"labels": {"commit-sha": revision.commit}, "name": revision.name},
            "status": {"conditions": [{"message": format!("Deploying revision succeeded in {seconds:.2}s."), "status": "True", "type": "Ready"}], "imageDigest": image(revision)}},
        "serviceName": "run.googleapis.com",
        "status": {"message": format!("Ready condition status changed to True for Revision {} with message: Deploying revision succeeded in {seconds:.2}s.", revision.name)},
    });
    entry(at_us, Log::SystemEvent, Severity::Info, revision, payload, rng)
}

/// Returns the image of a revision, by digest.
#[must_use]
pub fn image(revision: &Revision) -> String {
    format!("{LOCATION}-docker.pkg.dev/{PROJECT}/apps/{}@sha256:{}", revision.service, revision.digest)
}

fn entry(
    at_us: i64,
    log: Log,
    severity: Severity,
    revision: &Arc<Revision>,
    payload: Value,
    rng: &mut Rng,
) -> Entry {
    let mut entry = Entry::new(at_us, log, revision, &Arc::from(""), rng);
    // Audit entries carry short ids of letters and digits, some with a leading dash.
    let dash = if rng.chance(0.3) { "-" } else { "" };
    entry.insert_id = format!("{dash}{}", rng.base36(12));
    entry.severity = severity;
    entry.payload = Payload::Proto(sorted(payload).to_string());
    entry
}
