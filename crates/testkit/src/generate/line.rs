//! What a message looks like once the service's logging library has written it.

use super::entry::{Payload, Severity};
use super::json::{push_key, push_member};
use super::message::push_number;
use super::rng::Rng;
use super::service::{Language, Service};
use super::time::{civil, push_digits, push_rfc3339, push_seconds};

/// Where a message is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'a> {
    /// The module, below the package of the service; may contain blanks.
    pub(super) module: &'a str,
    /// The line in it.
    pub(super) line: u32,
}

/// Returns the message as a line of text, with the prefix its library prints.
pub(super) fn text(service: &Service, severity: Severity, site: Site, message: &str, at_us: i64) -> Payload {
    let mut out = String::with_capacity(message.len() + 80);
    match service.language {
        Language::Python => {
            push_seconds(&mut out, at_us, ' ');
            out.push('.');
            push_digits(&mut out, at_us.rem_euclid(1_000_000) / 1000, 3);
            out.push_str(" | ");
            out.push_str(level(severity));
            for _ in level(severity).len()..8 {
                out.push(' ');
            }
            out.push_str(" | ");
            out.push_str(service.package);
            out.push('.');
            push_identifier(&mut out, site.module);
            out.push_str(":run:");
            push_number(&mut out, i64::from(site.line));
            out.push_str(" - ");
        }
        Language::Node => {
            out.push('[');
            push_identifier(&mut out, site.module);
            out.push_str("] ");
        }
        Language::Java => {
            push_seconds(&mut out, at_us, ' ');
            out.push(',');
            push_digits(&mut out, at_us.rem_euclid(1_000_000) / 1000, 3);
            out.push(' ');
            out.push_str(level(severity));
            out.push_str(" [http-nio-8080-exec-");
            push_number(&mut out, i64::from(site.line % 20 + 1));
            out.push_str("] ");
            out.push_str(service.package);
            out.push('.');
            push_identifier(&mut out, site.module);
            out.push_str(" : ");
        }
        Language::Go => {
            let at = civil(at_us);
            out.push_str(&level(severity)[..1]);
            push_digits(&mut out, at.month, 2);
            push_digits(&mut out, at.day, 2);
            out.push(' ');
            for (number, mark) in [(at.hour, ':'), (at.minute, ':'), (at.second, '.')] {
                push_digits(&mut out, number, 2);
                out.push(mark);
            }
            push_digits(&mut out, at.micro, 6);
            out.push_str("       1 ");
            push_identifier(&mut out, site.module);
            out.push_str(".go:");
            push_number(&mut out, i64::from(site.line));
            out.push_str("] ");
        }
    }
    out.push_str(message);
    Payload::Text(out)
}

/// Returns the message as an object, with the members its library adds.
pub(super) fn object(
    service: &Service,
    severity: Severity,
    site: Site,
    message: String,
    at_us: i64,
    rng: &mut Rng,
) -> Payload {
    let mut out = String::with_capacity(message.len() + 220);
    out.push('{');
    match service.language {
        Language::Python => {
            push_key(&mut out, "labels");
            out.push('{');
            push_member(&mut out, "function", "run");
            push_key(&mut out, "line");
            out.push('"');
            push_number(&mut out, i64::from(site.line));
            out.push('"');
            push_key(&mut out, "module");
            out.push('"');
            push_identifier(&mut out, site.module);
            out.push_str("\"}");
            push_member(&mut out, "message", &message);
            push_key(&mut out, "timestamp");
            push_quoted_time(&mut out, at_us - 150);
        }
        Language::Node => {
            push_member(&mut out, "hostname", "localhost");
            push_key(&mut out, "level");
            push_number(&mut out, pino_level(severity));
            push_member(&mut out, "message", &message);
            push_key(&mut out, "name");
            out.push('"');
            push_identifier(&mut out, site.module);
            out.push_str("\",\"pid\":1");
        }
        Language::Java => {
            push_member(&mut out, "level", level(severity));
            push_key(&mut out, "logger");
            out.push('"');
            out.push_str(service.package);
            out.push('.');
            push_identifier(&mut out, site.module);
            out.push_str("\",\"mdc\":{\"tenant\":\"t-");
            push_number(&mut out, rng.between(1, 40));
            out.push_str("\"}");
            push_member(&mut out, "message", &message);
            push_key(&mut out, "thread");
            out.push_str("\"http-nio-8080-exec-");
            push_number(&mut out, rng.between(1, 20));
            out.push('"');
        }
        Language::Go => {
            push_key(&mut out, "caller");
            out.push('"');
            push_identifier(&mut out, site.module);
            out.push_str(".go:");
            push_number(&mut out, i64::from(site.line));
            out.push_str("\",\"goroutine\":");
            push_number(&mut out, rng.between(1, 3000));
            push_member(&mut out, "message", &message);
            push_key(&mut out, "time");
            push_quoted_time(&mut out, at_us - 40);
        }
    }
    out.push('}');
    Payload::Json { message, object: out }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Default | Severity::Info | Severity::Notice => "INFO",
        other => other.name(),
    }
}

fn pino_level(severity: Severity) -> i64 {
    match severity {
        Severity::Debug => 20,
        Severity::Default | Severity::Info | Severity::Notice => 30,
        Severity::Warning => 40,
        Severity::Error => 50,
        Severity::Critical => 60,
    }
}

fn push_identifier(out: &mut String, words: &str) {
    for letter in words.chars() {
        out.push(if letter == ' ' { '_' } else { letter });
    }
}

fn push_quoted_time(out: &mut String, at_us: i64) {
    out.push('"');
    push_rfc3339(out, at_us);
    out.push('"');
}
