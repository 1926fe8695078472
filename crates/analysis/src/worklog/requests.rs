//! Requests by endpoint and status: how many, how fast, who asked.

use crate::merged::add_counts;
use crate::question::Investigation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::Field;
use timberline_entry::json::Value;
use timberline_pattern::mask::Masker;
use timberline_pattern::template::of_message;
use timberline_query::{Filter, Options, compile};
use timberline_search::{RowView, Sink, Wanted, scan_shared, sinks};

/// Requests to one endpoint that were answered alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointFacts {
    /// The service.
    pub service: String,
    /// The method.
    pub method: String,
    /// The path with its values replaced by marks, without host and query.
    pub path: String,
    /// The status; 0 if the entry does not say.
    pub status: u64,
    /// How many.
    pub count: u64,
    /// How many say how long they took.
    pub timed: u64,
    /// How long they took, in seconds; `null` if no entry says.
    pub latency: Option<Latency>,
    /// Who asked: the most frequent user agents.
    pub user_agents: Vec<UserAgent>,
    /// User agents beyond those.
    pub other_user_agents: u64,
}

/// How long requests took, in seconds, by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The fastest.
    pub min: f64,
    /// Half were at least as fast.
    pub median: f64,
    /// 95 of 100 were at least as fast.
    pub p95: f64,
    /// The slowest.
    pub max: f64,
}

/// A user agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAgent {
    /// As it named itself; empty if it did not.
    pub name: String,
    /// How many requests.
    pub count: u64,
}

/// What a request asked for and got.
pub(super) struct Endpoint {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: u64,
}

/// User agents shown of one endpoint.
const MAX_AGENTS: usize = 3;

/// Counts requests, most frequent endpoints first, the statuses of an endpoint together.
pub(super) fn requests(investigation: &Investigation<'_>, filter: &Filter) -> Result<Vec<EndpointFacts>> {
    let requests = compile("httpRequest:*", &Options::default()).expect("a filter of the language").filter;
    let new = || Counter { masker: Masker::standard(), found: BTreeMap::new() };
    let mut counters = sinks(new);
    scan_shared(
        investigation.archive,
        &investigation.names,
        &Filter::and(filter.clone(), requests),
        &Wanted::fields([Field::HttpRequest]),
        &mut counters,
    )?;
    let mut all: BTreeMap<EndpointKey, Found> = BTreeMap::new();
    for (key, found) in counters.into_iter().flat_map(|counter| counter.found) {
        all.entry(key).or_default().join(found);
    }
    let mut totals: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    let mut facts: Vec<EndpointFacts> = all.into_iter().map(|(key, found)| found.facts(key)).collect();
    let key = |facts: &EndpointFacts| (facts.service.clone(), facts.method.clone(), facts.path.clone());
    for found in &facts {
        *totals.entry(key(found)).or_insert(0) += found.count;
    }
    facts.sort_by_cached_key(|found| {
        let key = key(found);
        (std::cmp::Reverse(totals[&key]), key, found.status)
    });
    Ok(facts)
}

/// Returns what a request asked for and got.
pub(super) fn endpoint(request: Value<'_>) -> Endpoint {
    let text = |key: &str| request.get(key).and_then(Value::as_text).map(|text| text.value().into_owned());
    // Dumps of client libraries leave the prefix out.
    let url = text("requestUrl").or_else(|| text("url")).unwrap_or_default();
    Endpoint {
        method: text("requestMethod").or_else(|| text("method")).unwrap_or_default(),
        path: path_of(&url).to_owned(),
        status: number(request.get("status")).and_then(|text| text.parse().ok()).unwrap_or(0),
    }
}

/// Returns a URL without its scheme, host, query and fragment. Another URL may stand in a query.
fn path_of(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]))
}

/// Returns a path with the parts that are values replaced by marks.
pub(super) fn path_template(masker: &Masker, path: &str) -> String {
    let mut holes = Vec::new();
    let parts = path.split('/').map(|part| {
        masker.mask(part, &mut holes);
        of_message(part, &holes)
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Returns the text of a number, or of a text that holds one.
fn number(value: Option<Value<'_>>) -> Option<String> {
    match value? {
        Value::Number(text) => Some(text.to_owned()),
        Value::String(text) => Some(text.value().into_owned()),
        _ => None,
    }
}

/// Returns a latency in seconds: `0.123s`, or what dumps of client libraries make of it.
fn latency(request: Value<'_>) -> Option<f64> {
    let seconds = match request.get("latency")? {
        Value::Object(parts) => {
            let part = |key: &str| number(parts.get(key)).and_then(|text| text.parse::<f64>().ok());
            part("seconds").unwrap_or(0.0) + part("nanos").unwrap_or(0.0) / 1e9
        }
        value => number(Some(value))?.trim_end_matches('s').parse().ok()?,
    };
    Some(seconds).filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
}

#[derive(Default)]
struct Found {
    count: u64,
    latencies: Vec<f64>,
    agents: BTreeMap<String, u64>,
}

/// Service, method, path, status.
type EndpointKey = (String, String, String, u64);

struct Counter {
    masker: Masker,
    found: BTreeMap<EndpointKey, Found>,
}

impl Sink for Counter {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, _: &Segment, _: usize, view: &RowView<'_>) -> Result<()> {
        let Some(request) = view.entry.get(Field::HttpRequest) else { return Ok(()) };
        let asked = endpoint(request);
        let service = view.row.cells.text(Column::Service).to_owned();
        let key = (service, asked.method, path_template(&self.masker, &asked.path), asked.status);
        let found = self.found.entry(key).or_default();
        found.count += 1;
        found.latencies.extend(latency(request));
        let agent = request.get("userAgent").and_then(Value::as_text).map(|text| text.value().into_owned());
        *found.agents.entry(agent.unwrap_or_default()).or_insert(0) += 1;
        Ok(())
    }
}

impl Found {
    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.latencies.extend(other.latencies);
        add_counts(&mut self.agents, other.agents);
    }

    fn facts(mut self, (service, method, path, status): EndpointKey) -> EndpointFacts {
        self.latencies.sort_by(f64::total_cmp);
        let mut agents: Vec<UserAgent> =
            self.agents.into_iter().map(|(name, count)| UserAgent { name, count }).collect();
        agents.sort_by(|a, b| (b.count, &a.name).cmp(&(a.count, &b.name)));
        let other_user_agents = agents.len().saturating_sub(MAX_AGENTS) as u64;
        agents.truncate(MAX_AGENTS);
        EndpointFacts {
            service,
            method,
            path,
            status,
            count: self.count,
            timed: self.latencies.len() as u64,
            latency: Latency::of(&self.latencies),
            user_agents: agents,
            other_user_agents,
        }
    }
}

impl Latency {
    /// Returns the quantiles of sorted values.
    fn of(sorted: &[f64]) -> Option<Self> {
        let n = sorted.len();
        let rank = |percent: usize| sorted[(n * percent).div_ceil(100).clamp(1, n) - 1];
        Some(Self { min: *sorted.first()?, median: rank(50), p95: rank(95), max: sorted[n - 1] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        assert_eq!(Latency::of(&[]), None);
        let one = Latency::of(&[0.5]).unwrap();
        assert_eq!((one.min, one.median, one.p95, one.max), (0.5, 0.5, 0.5, 0.5));
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        let found = Latency::of(&hundred).unwrap();
        assert_eq!((found.min, found.median, found.p95, found.max), (1.0, 50.0, 95.0, 100.0));
    }

    #[test]
    fn a_query_may_hold_another_url() {
        for (url, path) in [
            ("/login?next=https://app.example.com/home", "/login"),
            ("https://host.example?x=/a/b", "/"),
            ("https://host.example/a?x=/b", "/a"),
            ("/plain", "/plain"),
            ("", ""),
        ] {
            assert_eq!(path_of(url), path);
        }
    }

    #[test]
    fn paths_lose_host_query_and_values() {
        let json = r#"{"requestMethod":"GET","requestUrl":"https://a.example/orders/7781/items?x=1#y","status":503}"#;
        let mut nodes = Vec::new();
        timberline_entry::json::parse(json, &mut nodes).unwrap();
        let found = endpoint(timberline_entry::json::Document::new(json, &nodes).root());
        assert_eq!(
            (found.method.as_str(), found.path.as_str(), found.status),
            ("GET", "/orders/7781/items", 503)
        );
        let template = path_template(&Masker::standard(), &found.path);
        assert!(template.starts_with("/orders/<") && template.ends_with(">/items"), "{template}");
    }
}
