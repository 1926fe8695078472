//! Request log entries: who asked for what, and how it went.

use super::entry::{Payload, Severity};
use super::json::{push_key, push_member};
use super::rng::{Rng, whole};
use super::service::{Service, host};
use super::time::push_digits;

/// One request before it is an entry.
#[derive(Clone, Debug)]
pub struct Request {
    /// `httpRequest` as compact JSON with sorted keys.
    pub http: String,
    /// How bad the status is.
    pub severity: Severity,
    /// The platform's explanation when it failed the request itself.
    pub payload: Payload,
    /// How long it took, microseconds.
    pub latency_us: i64,
}

/// How a request is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Mostly well, now and then not.
    Usual,
    /// The program failed while answering.
    Failed,
}

const AGENTS: &[&str] = &[
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "python-httpx/0.28.1",
    "okhttp/4.12.0",
    "Go-http-client/2.0",
    "GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)",
    "curl/8.7.1",
];

const NO_INSTANCE: &str = "The request was aborted because there was no available instance. Additional troubleshooting documentation can be found at: https://cloud.google.com/run/docs/troubleshooting#abort-request";
const MALFORMED: &str = "The request failed because either the HTTP response was malformed or connection to the instance had an error. Additional troubleshooting documentation can be found at: https://cloud.google.com/run/docs/troubleshooting#malformed-response-or-connection-error";
const TOO_LONG: &str = "The request has been terminated because it has reached the maximum request timeout. To change this limit, see https://cloud.google.com/run/docs/configuring/request-timeout";

/// Returns a request to a service.
pub fn request(service: &Service, ending: Ending, rng: &mut Rng) -> Request {
    let method = rng.pick(&["GET", "GET", "GET", "GET", "POST", "POST", "PUT", "DELETE"]);
    let (status, explanation) = status(ending, rng);
    let mut latency_us = whole(900.0 + 38_000.0 * rng.waiting() * rng.waiting());
    if status == 504 {
        latency_us = 60_000_000 + rng.between(0, 9_000);
    }
    let mut http = String::with_capacity(420);
    http.push('{');
    push_key(&mut http, "latency");
    http.push('"');
    http.push_str(&(latency_us / 1_000_000).to_string());
    http.push('.');
    push_digits(&mut http, latency_us % 1_000_000, 6);
    push_digits(&mut http, rng.between(0, 999), 3);
    http.push_str("s\"");
    push_member(&mut http, "protocol", if rng.chance(0.7) { "HTTP/1.1" } else { "HTTP/2" });
    push_member(&mut http, "remoteIp", &address(rng));
    push_member(&mut http, "requestMethod", method);
    push_member(&mut http, "requestSize", &rng.between(180, 2900).to_string());
    push_member(&mut http, "requestUrl", &url(service, rng));
    if status != 504 {
        push_member(&mut http, "responseSize", &rng.between(60, 48_000).to_string());
    }
    push_member(&mut http, "serverIp", "198.51.100.53");
    push_key(&mut http, "status");
    http.push_str(&status.to_string());
    push_member(&mut http, "userAgent", rng.pick(AGENTS));
    http.push('}');
    let severity = match status {
        ..400 => Severity::Info,
        400..500 => Severity::Warning,
        500.. => Severity::Error,
    };
    let payload = explanation.map_or(Payload::None, |text| Payload::Text(text.to_owned()));
    Request { http, severity, payload, latency_us }
}

fn status(ending: Ending, rng: &mut Rng) -> (u16, Option<&'static str>) {
    if ending == Ending::Failed {
        return (500, None);
    }
    match rng.below(1000) {
        0..880 => (200, None),
        880..915 => (rng.pick(&[201, 204, 206]), None),
        915..935 => (rng.pick(&[301, 302, 304, 304]), None),
        935..962 => (404, None),
        962..985 => (rng.pick(&[400, 401, 401, 403, 409, 422, 429]), None),
        985..993 => (rng.pick(&[500, 502]), None),
        993..997 => (503, Some(MALFORMED)),
        997..999 => (503, Some(NO_INSTANCE)),
        _ => (504, Some(TOO_LONG)),
    }
}

fn url(service: &Service, rng: &mut Rng) -> String {
    let route = rng.pick(service.routes);
    let host = host(service);
    if route == "healthz" {
        return format!("https://{host}/healthz");
    }
    match rng.below(5) {
        0 => format!("https://{host}/api/v1/{route}"),
        1 => format!("https://{host}/api/v1/{route}?page={}&size=50", rng.between(1, 40)),
        2 => format!("https://{host}/api/v1/{route}/{}", rng.hex(8)),
        3 => format!("https://{host}/api/v2/{route}/{}/details", rng.between(1000, 99_999)),
        _ => format!("https://{host}/api/v1/{route}/{}?expand=true", rng.between(1000, 99_999)),
    }
}

/// Addresses come from the ranges reserved for documentation.
fn address(rng: &mut Rng) -> String {
    match rng.below(12) {
        0 => format!("2001:db8:{:x}::{:x}", rng.between(1, 0xffff), rng.between(1, 0xffff)),
        1..7 => format!("203.0.113.{}", rng.between(1, 254)),
        _ => format!("192.0.2.{}", rng.between(1, 254)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::service::catalogue;
    use serde_json::Value;

    #[test]
    fn requests_are_sorted_json_with_a_severity_that_follows_the_status() {
        let mut rng = Rng::new(5);
        for _ in 0..2000 {
            let request = request(&catalogue(1)[0], Ending::Usual, &mut rng);
            let http: Value = serde_json::from_str(&request.http).unwrap();
            let keys: Vec<&String> = http.as_object().unwrap().keys().collect();
            assert!(keys.is_sorted(), "{keys:?}");
            let expected = match http["status"].as_u64().unwrap() {
                500.. => Severity::Error,
                400.. => Severity::Warning,
                _ => Severity::Info,
            };
            assert_eq!(request.severity, expected);
            assert!(http["latency"].as_str().unwrap().ends_with('s'));
        }
    }
}
