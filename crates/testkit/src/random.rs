//! Entries that are valid JSON and otherwise as unkind as an export may be.
//!
//! For differential tests: whatever these entries are, two ways of answering a question about them have to agree. A few services,
//! revisions, hours and words are shared by all entries, so that questions have answers; everything else may be missing, null, of another
//! type, empty, enormous or unreadable.

mod text;
mod value;

use serde_json::Value;

use crate::generate::START_US;
use crate::generate::entry::insert_id;
use crate::generate::json::{push_key, push_member, push_string};
use crate::generate::rng::Rng;
use crate::generate::time::{HOUR_US, isoformat, push_nanos, rfc3339};

pub use text::{TEXTS, text};
pub use value::{push_object, push_value};

/// What entries to make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// Everything random follows from this number.
    pub seed: u64,
    /// How many entries to make.
    pub n_entries: usize,
    /// The share of entries that repeat the identity of an earlier one, some with the same content, some with less.
    pub repeated: f64,
    /// The share of entries whose parts are of the wrong type, null or absent; the rest is odd in its values only.
    pub malformed: f64,
    /// Whether objects may name a member twice; readers differ in which one they keep.
    pub twice_named: TwiceNamed,
}

/// Whether an object may have two members of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwiceNamed {
    /// Never.
    Never,
    /// Now and then.
    Sometimes,
}

impl Config {
    /// Returns the usual mixture.
    #[must_use]
    pub fn new(seed: u64, n_entries: usize) -> Self {
        Self { seed, n_entries, repeated: 0.1, malformed: 0.15, twice_named: TwiceNamed::Never }
    }
}

/// Returns entries as compact JSON texts; in no order of time.
///
/// Every text is valid JSON and can be read by `serde_json`. Numbers may be beyond 64 bits, which [`Value`] would round.
#[must_use]
pub fn lines(config: &Config) -> Vec<String> {
    let mut rng = Rng::labelled(config.seed, 77);
    let mut identities: Vec<Identity> = Vec::new();
    let mut lines: Vec<String> = Vec::with_capacity(config.n_entries);
    for _ in 0..config.n_entries {
        if !lines.is_empty() && rng.chance(config.repeated) {
            let earlier = rng.below(lines.len());
            let again = match rng.below(3) {
                0 => lines[earlier].clone(),
                1 => bare(&identities[earlier]),
                _ => entry(&identities[earlier], config, &mut rng),
            };
            identities.push(identities[earlier].clone());
            lines.push(again);
            continue;
        }
        let identity = Identity::new(&mut rng);
        lines.push(entry(&identity, config, &mut rng));
        identities.push(identity);
    }
    lines
}

/// Returns entries as JSON values; see [`lines`].
#[must_use]
pub fn entries(config: &Config) -> Vec<Value> {
    lines(config).iter().map(|line| serde_json::from_str(line).expect("the lines are valid JSON")).collect()
}

/// The services that entries name.
pub const SERVICES: &[&str] = &["alpha", "beta", "straße"];

/// What copies of an entry have in common.
#[derive(Clone, Debug)]
struct Identity {
    timestamp: Option<String>,
    insert_id: Option<String>,
    service: &'static str,
    revision: String,
    log: &'static str,
}

impl Identity {
    fn new(rng: &mut Rng) -> Self {
        let service = rng.pick(SERVICES);
        let order = rng.below(5);
        // Revisions follow each other, four hours each, with a few stragglers.
        let straggling = if rng.chance(0.1) { 3 * HOUR_US } else { 0 };
        let at_us = START_US + order as i64 * 4 * HOUR_US + straggling + rng.between(0, 4 * HOUR_US);
        let at_us = if rng.chance(0.2) { at_us - at_us.rem_euclid(60_000_000) } else { at_us };
        let insert_id = match rng.below(20) {
            0 => None,
            1 => Some(String::new()),
            2 => Some(text(rng)),
            3..6 => Some(rng.base36(12)),
            _ => Some(insert_id(at_us, rng)),
        };
        let log = rng.pick(&[
            "run.googleapis.com%2Fstdout",
            "run.googleapis.com%2Fstderr",
            "run.googleapis.com%2Frequests",
            "syslog",
        ]);
        Self {
            timestamp: timestamp(at_us, rng),
            insert_id,
            service,
            revision: format!("{service}-{:05}-abc", order + 1),
            log,
        }
    }
}

/// The same instant in the spellings that exports use; rarely something that is none.
fn timestamp(at_us: i64, rng: &mut Rng) -> Option<String> {
    match rng.below(40) {
        0 => None,
        1 => Some("yesterday".to_owned()),
        2 => Some("2025-02-30T25:61:00Z".to_owned()),
        3..6 => Some(isoformat(at_us, "+00:00")),
        6..8 => Some(isoformat(at_us, "")),
        8..10 => Some(isoformat(at_us + 2 * HOUR_US, "+02:00")),
        10..15 => {
            let mut out = String::new();
            push_nanos(&mut out, at_us, rng.between(0, 999));
            Some(out)
        }
        _ => Some(rfc3339(at_us)),
    }
}

/// A copy that has nothing but its identity.
fn bare(identity: &Identity) -> String {
    let mut out = String::from("{");
    push_identity(&mut out, identity);
    out.push('}');
    out
}

fn push_identity(out: &mut String, identity: &Identity) {
    if let Some(id) = &identity.insert_id {
        push_member(out, "insertId", id);
    }
    push_member(out, "logName", &format!("projects/random-demo/logs/{}", identity.log));
    push_key(out, "resource");
    out.push_str("{\"type\":\"cloud_run_revision\",\"labels\":{");
    push_member(out, "service_name", identity.service);
    push_member(out, "revision_name", &identity.revision);
    push_member(out, "project_id", "random-demo");
    out.push_str("}}");
    if let Some(timestamp) = &identity.timestamp {
        push_member(out, "timestamp", timestamp);
    }
}

fn entry(identity: &Identity, config: &Config, rng: &mut Rng) -> String {
    let mut out = String::from("{");
    push_identity(&mut out, identity);
    if rng.chance(0.75) {
        push_key(&mut out, "severity");
        push_severity(&mut out, rng);
    }
    match rng.below(10) {
        0 => {}
        1..5 => push_member(&mut out, "textPayload", &text(rng)),
        5..9 => {
            push_key(&mut out, "jsonPayload");
            push_json_payload(&mut out, config, rng);
        }
        _ => {
            push_key(&mut out, "protoPayload");
            out.push_str("{\"@type\":\"type.googleapis.com/google.cloud.audit.AuditLog\",\"methodName\":");
            push_string(&mut out, &text(rng));
            out.push_str(",\"status\":");
            push_object(&mut out, 2, config.twice_named, rng);
            out.push('}');
        }
    }
    if rng.chance(0.3) {
        push_key(&mut out, "httpRequest");
        push_request(&mut out, rng);
    }
    if rng.chance(0.6) {
        push_key(&mut out, "labels");
        push_labels(&mut out, rng);
    }
    if rng.chance(0.3) {
        push_member(&mut out, "trace", &format!("projects/random-demo/traces/{}", rng.hex(32)));
        push_member(&mut out, "spanId", &rng.hex(16));
    }
    if rng.chance(config.malformed) {
        push_oddity(&mut out, config, rng);
    }
    out.push('}');
    out
}

fn push_severity(out: &mut String, rng: &mut Rng) {
    out.push_str(match rng.below(16) {
        0 => "\"error\"",
        1 => "500",
        2 => "\"\"",
        3 => "null",
        4 => "\"VERY BAD\"",
        5 => "\"DEFAULT\"",
        6 => "\"EMERGENCY\"",
        7 => "\"ALERT\"",
        8 => "\"CRITICAL\"",
        9 | 10 => "\"ERROR\"",
        11 => "\"WARNING\"",
        12 => "\"NOTICE\"",
        13 => "\"DEBUG\"",
        _ => "\"INFO\"",
    });
}

fn push_json_payload(out: &mut String, config: &Config, rng: &mut Rng) {
    if rng.chance(0.2) {
        return push_object(out, 4, config.twice_named, rng);
    }
    out.push('{');
    let name = rng.pick(&["message", "message", "message", "msg"]);
    push_member(out, name, &text(rng));
    for key in ["count", "user.name", "tags", "a/b", "größe"] {
        if rng.chance(0.4) {
            push_string_key(out, key);
            push_value(out, 3, config.twice_named, rng);
        }
    }
    out.push('}');
}

fn push_request(out: &mut String, rng: &mut Rng) {
    out.push('{');
    push_member(out, "requestMethod", rng.pick(&["GET", "POST", "get", ""]));
    push_member(
        out,
        "requestUrl",
        &format!("https://{}.example/ä/{}?q=%F0%9F%AA%B5", "host", rng.between(0, 9)),
    );
    push_key(out, "status");
    out.push_str(rng.pick(&["200", "404", "500", "503", "\"200\"", "0", "null"]));
    push_key(out, "latency");
    out.push_str(rng.pick(&["\"0.012s\"", "\"3s\"", "\"0.000000001s\"", "\"-1s\"", "\"soon\"", "0.5"]));
    push_key(out, "responseSize");
    out.push_str(rng.pick(&["\"512\"", "512", "\"18446744073709551616\"", "\"\""]));
    out.push('}');
}

fn push_labels(out: &mut String, rng: &mut Rng) {
    out.push('{');
    push_member(out, "instanceId", rng.pick(&["0069c7a9aa", "0069c7a9bb", ""]));
    for key in ["k8s-pod/app", "run.googleapis.com/execution_name", "ключ", "with space", "with\\\"quote"]
    {
        if rng.chance(0.3) {
            push_string_key(out, &key.replace("\\\"", "\""));
            push_string(out, &text(rng));
        }
    }
    out.push('}');
}

/// Something no `LogEntry` should have: an unknown member, or a known one that is of the wrong type.
fn push_oddity(out: &mut String, config: &Config, rng: &mut Rng) {
    let unused = |out: &String, key: &str| !out.contains(&format!("\"{key}\":"));
    let key = rng.pick(&[
        "labels",
        "httpRequest",
        "trace",
        "operation",
        "sourceLocation",
        "split",
        "errorGroups",
        "unknown.member",
        "",
    ]);
    if key.is_empty() || unused(out, key) {
        push_string_key(out, key);
        push_value(out, 3, config.twice_named, rng);
    }
}

/// Appends a key that may need escapes.
fn push_string_key(out: &mut String, key: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    push_string(out, key);
    out.push(':');
}

#[cfg(test)]
mod tests;
