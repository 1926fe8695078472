//! Tracebacks the way each language prints them.
//!
//! The frames of one failure are the same whenever it happens; line numbers of the service's own code move with the revision, as they do in
//! real code.

use super::rng::{Rng, mix, whole};
use super::service::{Language, Service};

/// A failure of a service: its type, its text and where it comes from.
#[derive(Clone, Debug)]
struct Failure {
    kind: &'static str,
    text: &'static str,
}

const PYTHON: &[Failure] = &[
    Failure { kind: "KeyError", text: "'customer_id'" },
    Failure { kind: "ValueError", text: "invalid literal for int() with base 10: '{w}'" },
    Failure {
        kind: "sqlalchemy.exc.OperationalError",
        text: "(psycopg2.OperationalError) server closed the connection unexpectedly",
    },
    Failure { kind: "AttributeError", text: "'NoneType' object has no attribute 'currency'" },
    Failure { kind: "httpx.ConnectTimeout", text: "" },
    Failure { kind: "payments.errors.LedgerError", text: "account {n} is frozen" },
    Failure { kind: "TypeError", text: "unsupported operand type(s) for +: 'int' and 'str'" },
    Failure { kind: "json.decoder.JSONDecodeError", text: "Expecting value: line 1 column 1 (char 0)" },
];
const NODE: &[Failure] = &[
    Failure { kind: "TypeError", text: "Cannot read properties of undefined (reading 'price')" },
    Failure { kind: "ReferenceError", text: "cartTotal is not defined" },
    Failure { kind: "Error", text: "connect ECONNREFUSED 10.20.0.{n}:6379" },
    Failure { kind: "RangeError", text: "Invalid array length" },
    Failure { kind: "SyntaxError", text: "Unexpected token < in JSON at position 0" },
    Failure { kind: "Error", text: "socket hang up" },
];
const JAVA: &[Failure] = &[
    Failure {
        kind: "java.lang.NullPointerException",
        text: "Cannot invoke \"String.length()\" because \"subject\" is null",
    },
    Failure { kind: "java.net.SocketTimeoutException", text: "Read timed out" },
    Failure { kind: "java.lang.IllegalStateException", text: "Template {w} is not published" },
    Failure {
        kind: "java.sql.SQLTransientConnectionException",
        text: "HikariPool-1 - Connection is not available, request timed out after 30000ms.",
    },
    Failure {
        kind: "com.fasterxml.jackson.core.JsonParseException",
        text: "Unexpected character ('<' (code 60))",
    },
];
const GO: &[Failure] = &[
    Failure { kind: "runtime error", text: "invalid memory address or nil pointer dereference" },
    Failure { kind: "runtime error", text: "index out of range [{n}] with length {n}" },
    Failure { kind: "runtime error", text: "slice bounds out of range [:{n}] with capacity 0" },
    Failure { kind: "", text: "assignment to entry in nil map" },
];

const FUNCTIONS: &[&str] =
    &["handle", "load", "resolve", "apply", "submit", "render", "persist", "validate", "dispatch", "collect"];
const FILES: &[&str] = &["handlers", "store", "pricing", "client", "worker", "mapper", "session", "outbox"];

/// A traceback and what the platform would call it.
#[derive(Clone, Debug)]
pub struct Traceback {
    /// The text, lines separated by line feeds, none at the end.
    pub text: String,
    /// The id of its error group: the same for the same failure of the same service.
    pub group: String,
}

/// Returns one of the failures of a service as a traceback, with the line numbers of revision `order`.
pub fn traceback(service: &Service, order: usize, rng: &mut Rng) -> Traceback {
    let failures = match service.language {
        Language::Python => PYTHON,
        Language::Node => NODE,
        Language::Java => JAVA,
        Language::Go => GO,
    };
    // Squaring favours the first failures, so that some are rare.
    let scaled = rng.unit();
    let which =
        usize::try_from(whole(scaled * scaled * failures.len() as f64)).unwrap_or(0).min(failures.len() - 1);
    let variant = which * 3 + rng.below(3).min(rng.below(3));
    let failure = &failures[which];
    let value = fill(failure.text, rng);
    let frames = Frames::new(service, variant, order);
    let text = match service.language {
        Language::Python => python(service, failure.kind, &value, &frames),
        Language::Node => node(failure.kind, &value, &frames),
        Language::Java => java(service, failure.kind, &value, &frames, variant),
        Language::Go => go(service, failure.kind, &value, &frames),
    };
    let group = Rng::new(frames.key ^ 0x51).base36(14);
    Traceback { text, group: format!("C{group}") }
}

/// The service's own frames of one failure, outermost first.
struct Frames {
    key: u64,
    own: Vec<(&'static str, &'static str, u64)>,
}

impl Frames {
    fn new(service: &Service, variant: usize, order: usize) -> Self {
        let key = service.name.bytes().fold(variant as u64, |key, byte| mix(key ^ u64::from(byte)));
        let mut rng = Rng::new(key);
        let n_frames = 2 + rng.below(4);
        let mut own = Vec::with_capacity(n_frames);
        for _ in 0..n_frames {
            let line = 20 + rng.below(400) as u64;
            // Code above a function grows now and then, and pushes it down.
            let moved = line + mix(key ^ (order as u64 / 3)) % 9;
            own.push((rng.pick(FILES), rng.pick(FUNCTIONS), moved));
        }
        Self { key, own }
    }
}

fn fill(text: &str, rng: &mut Rng) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        if rest[at..].starts_with("{n}") {
            out.push_str(&rng.between(1, 240).to_string());
        } else {
            out.push_str(rng.pick(super::vocabulary::WORDS));
        }
        rest = &rest[at + 3..];
    }
    out.push_str(rest);
    out
}

fn python(service: &Service, kind: &str, value: &str, frames: &Frames) -> String {
    let mut out = String::from("Traceback (most recent call last):\n");
    out.push_str("  File \"/usr/local/lib/python3.12/site-packages/starlette/routing.py\", line 73, in app\n    response = await f(request)\n");
    for (file, function, line) in &frames.own {
        out.push_str(&format!(
            "  File \"/app/{}/{file}.py\", line {line}, in {function}\n    return await self.{function}_next(item)\n",
            service.package
        ));
    }
    out.push_str(kind);
    if !value.is_empty() {
        out.push_str(": ");
        out.push_str(value);
    }
    out
}

fn node(kind: &str, value: &str, frames: &Frames) -> String {
    let mut out = format!("{kind}: {value}");
    for (file, function, line) in frames.own.iter().rev() {
        let column = 5 + line % 40;
        out.push_str(&format!("\n    at {function} (/workspace/src/{file}.js:{line}:{column})"));
    }
    out.push_str("\n    at Layer.handle [as handle_request] (/workspace/node_modules/express/lib/router/layer.js:95:5)");
    out.push_str("\n    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)");
    out
}

fn java(service: &Service, kind: &str, value: &str, frames: &Frames, variant: usize) -> String {
    let mut own = String::new();
    for (file, function, line) in frames.own.iter().rev() {
        let class = capitalised(file);
        own.push_str(&format!("\n\tat {}.{class}.{function}({class}.java:{line})", service.package));
    }
    let platform = "\n\tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)";
    if variant.is_multiple_of(2) {
        return format!("{kind}: {value}{own}{platform}");
    }
    format!(
        "{}.DeliveryException: delivery failed\n\tat {}.Delivery.run(Delivery.java:61){platform}\nCaused by: {kind}: {value}{own}\n\t... 27 more",
        service.package, service.package
    )
}

fn go(service: &Service, kind: &str, value: &str, frames: &Frames) -> String {
    let prefix = if kind.is_empty() { String::new() } else { format!("{kind}: ") };
    let mut out = format!("panic: {prefix}{value}\n\ngoroutine {} [running]:", 30 + frames.key % 900);
    for (file, function, line) in frames.own.iter().rev() {
        out.push_str(&format!(
            "\nexample.com/{0}/internal/{file}.{1}(0xc000{2:06x}, 0x{3:x})\n\t/src/{0}/internal/{file}/{file}.go:{line} +0x{4:x}",
            service.package,
            capitalised(function),
            frames.key % 0x00ff_ffff,
            line % 64,
            line * 7 % 0xfff
        ));
    }
    out.push_str("\nnet/http.(*conn).serve(0xc0001a2000, {0x9d1f40, 0xc00011c360})\n\t/usr/local/go/src/net/http/server.go:2102 +0x625");
    out
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::service::catalogue;
    use std::collections::BTreeSet;

    #[test]
    fn each_language_prints_its_own_kind() {
        for service in catalogue(4) {
            let mut rng = Rng::new(2);
            let mut groups = BTreeSet::new();
            for _ in 0..300 {
                let traceback = traceback(service, 4, &mut rng);
                let mark = match service.language {
                    Language::Python => "Traceback (most recent call last):\n  File \"",
                    Language::Node => "\n    at ",
                    Language::Java => "\n\tat com.timberdemo.",
                    Language::Go => "\n\ngoroutine ",
                };
                assert!(traceback.text.contains(mark), "{}", traceback.text);
                assert!(!traceback.text.contains("{w}") && !traceback.text.contains("{n}"));
                groups.insert(traceback.group);
            }
            assert!((6..=24).contains(&groups.len()), "{}: {}", service.name, groups.len());
        }
    }
}
