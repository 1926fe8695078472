//! Lines of containers: Docker's `json-file` driver, and the records that collectors on Kubernetes make of them.
//!
//! ```text
//! {"log":"line\n","stream":"stderr","time":"2025-09-16T01:42:58.995733123Z"}                         Docker
//! {"log":"line","stream":"stderr","time":"…","kubernetes":{"pod_name":…,"container_image":…,…}}    Fluent Bit, Fluentd
//! ```

use super::draft::{Draft, Payload, at, image_tag, plain};
use crate::json::{Object, Value};
use crate::reject::RejectReason;

const TIME_KEYS: [&str; 4] = ["time", "@timestamp", "timestamp", "ts"];
const LINE_KEYS: [&str; 3] = ["log", "message", "msg"];

/// Says whether an object is a line of Docker's own log file.
pub(super) fn is_docker(object: Object<'_>) -> bool {
    let is_text = |key| matches!(object.get(key), Some(Value::String(_)));
    is_text("log") && is_text("time") && (is_text("stream") || object.get("attrs").is_some())
}

/// Says whether an object is a line with the pod it came from.
pub(super) fn is_kubernetes(object: Object<'_>) -> bool {
    let pod = object.get("kubernetes");
    pod.is_some_and(|pod| {
        ["pod_name", "container_name", "pod", "container"].iter().any(|key| pod.get(key).is_some())
    })
}

/// Makes an entry of a container's line. Without a severity of its own the line has none, whichever stream it came from.
pub(super) fn draft(object: Object<'_>) -> Result<Draft<'_>, RejectReason> {
    let mut draft = Draft { resource_type: "k8s_container", ..Draft::default() };
    draft.need_time(TIME_KEYS.iter().find_map(|key| object.get(key)))?;
    draft.log_name = plain(object.get("stream"));
    draft.take_severity(["severity", "level"].iter().find_map(|key| object.get(key)));
    let line = LINE_KEYS.iter().find_map(|key| Some((*key, object.get(key)?.as_text()?)));
    if let Some((_, line)) = line {
        // Docker keeps the line feed.
        draft.take_line(line.without_line_feed());
    }
    let known = ["kubernetes", "stream", "severity", "level", "_p", "logtag"];
    let others = object.iter().filter(|(key, _)| {
        let key = key.value();
        !TIME_KEYS.contains(&&*key)
            && !known.contains(&&*key)
            && line.is_none_or(|(line_key, _)| line_key != key)
    });
    let others: Vec<_> = others.map(|(key, value)| (key.value(), value)).collect();
    if line.is_none() {
        draft.payload = Payload::Json(others);
    } else {
        for (key, value) in others {
            draft.label(&key, plain(Some(value)));
        }
    }
    let pod = |paths: &[&str]| {
        let pod = object.get("kubernetes")?.as_object()?;
        paths.iter().find_map(|path| plain(at(pod, path)))
    };
    draft.resource_label("pod_name", pod(&["pod_name", "pod.name"]));
    draft.resource_label("namespace_name", pod(&["namespace_name", "namespace"]));
    let container = pod(&["container_name", "container.name"]);
    draft.resource_label("container_name", container.clone());
    let app = pod(&["labels.app.kubernetes.io/name", "labels.app_kubernetes_io/name", "labels.app"]);
    draft.resource_label("service_name", app.or(container));
    let version = pod(&["labels.app.kubernetes.io/version", "labels.app_kubernetes_io/version"]);
    let image = pod(&["container_image", "container.image"]);
    draft.resource_label("revision_name", version.or_else(|| image_tag(&image?)));
    draft.label("compute.googleapis.com/resource_name", pod(&["host", "node_name", "node.name"]));
    Ok(draft)
}
