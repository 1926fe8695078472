//! Message templates: a few that are common, and a tail of hundreds for each service that are not.

use super::entry::Severity;
use super::rng::{LongTail, Rng, mix};
use super::service::Service;
use super::time::push_digits;
use super::vocabulary as words;

/// How many templates a service draws from.
pub const N_TEMPLATES: usize = 500;

/// A value that differs from entry to entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hole {
    /// A number up to six digits.
    Number,
    /// A number up to 20.
    Small,
    /// A duration in milliseconds.
    Millis,
    /// An HTTP status.
    Status,
    /// A TCP port.
    Port,
    /// An amount with two decimals.
    Money,
    /// A number with four decimals.
    Ratio,
    /// `true` or `false`.
    Bool,
    /// Eight hexadecimal digits.
    Hex8,
    /// Sixteen hexadecimal digits.
    Hex16,
    /// A UUID, version 4.
    Uuid,
    /// An IPv4 address.
    Ip,
    /// A user name.
    User,
    /// An e-mail address.
    Email,
    /// A path with two or three parts.
    Path,
    /// An order number.
    Order,
    /// An error code.
    Code,
    /// A calendar date.
    Date,
    /// One of a list of words.
    OneOf(&'static [&'static str]),
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(Hole),
}

/// How a template's entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a line of text.
    Text,
    /// As an object.
    Json,
}

/// A message with holes.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
    /// How bad the message is.
    pub severity: Severity,
    /// How it is written.
    pub form: Form,
    /// Which module says it, below the package of the service.
    pub module: &'static str,
    /// In which line of the module.
    pub line: u32,
}

impl Template {
    /// Returns a template from text with `{name}` holes.
    ///
    /// # Panics
    /// When a name is unknown; templates are part of this crate.
    #[must_use]
    pub fn new(severity: Severity, text: &str) -> Self {
        let key = text.bytes().fold(17, |key, byte| mix(key ^ u64::from(byte)));
        let module = words::COMPONENTS[usize::try_from(key % 24).unwrap_or(0)];
        Self {
            parts: parse(text),
            severity,
            form: if (key >> 20) % 100 < 57 { Form::Json } else { Form::Text },
            module,
            line: u32::try_from((key >> 32) % 900).unwrap_or(0) + 12,
        }
    }

    /// Fills the holes once and for all: much of what programs say never changes.
    fn freeze(&mut self, rng: &mut Rng) {
        let mut text = String::new();
        self.push(&mut text, rng);
        self.parts = vec![Part::Text(text)];
    }

    /// Appends one message.
    pub fn push(&self, out: &mut String, rng: &mut Rng) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(hole) => push_value(out, *hole, rng),
            }
        }
    }
}

/// The messages of one service, the common ones first.
#[derive(Clone, Debug)]
pub struct Messages {
    templates: Vec<Template>,
    tail: LongTail,
}

impl Messages {
    /// Returns the messages of a service; which are common differs between services, and so does the tail.
    #[must_use]
    pub fn new(service: &Service) -> Self {
        let label = service.name.bytes().fold(3, |label, byte| mix(label ^ u64::from(byte)));
        let mut rng = Rng::new(label);
        let mut templates: Vec<Template> =
            words::HAND_WRITTEN.iter().map(|(severity, text)| Template::new(*severity, text)).collect();
        // Neighbouring ranks change places, so that every service has favourites of its own.
        for rank in 0..templates.len() {
            let other = (rank + rng.below(12)).min(templates.len() - 1);
            templates.swap(rank, other);
        }
        while templates.len() < N_TEMPLATES {
            let (severity, outcome) = rng.pick(words::OUTCOMES);
            let text = format!(
                "{} {} {}{outcome}",
                rng.pick(words::COMPONENTS),
                rng.pick(words::ACTIONS),
                rng.pick(words::OBJECTS)
            );
            let mut template = Template::new(severity, &text);
            if rng.chance(0.45) {
                template.freeze(&mut rng);
            }
            templates.push(template);
        }
        Self { templates, tail: LongTail::new(N_TEMPLATES, 3.0) }
    }

    /// Returns the template of the next message.
    pub fn draw(&self, rng: &mut Rng) -> &Template {
        &self.templates[self.tail.draw(rng)]
    }
}

fn parse(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = open + rest[open..].find('}').expect("every hole is closed");
        if open > 0 {
            parts.push(Part::Text(rest[..open].to_owned()));
        }
        parts.push(Part::Hole(hole(&rest[open + 1..close])));
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}

fn hole(name: &str) -> Hole {
    match name {
        "n" => Hole::Number,
        "small" => Hole::Small,
        "ms" => Hole::Millis,
        "status" => Hole::Status,
        "port" => Hole::Port,
        "money" => Hole::Money,
        "ratio" => Hole::Ratio,
        "bool" => Hole::Bool,
        "hex8" => Hole::Hex8,
        "hex16" => Hole::Hex16,
        "uuid" => Hole::Uuid,
        "ip" => Hole::Ip,
        "user" => Hole::User,
        "email" => Hole::Email,
        "path" => Hole::Path,
        "order" => Hole::Order,
        "code" => Hole::Code,
        "date" => Hole::Date,
        "word" => Hole::OneOf(words::WORDS),
        "table" => Hole::OneOf(words::TABLES),
        "topic" => Hole::OneOf(words::TOPICS),
        "event" => Hole::OneOf(words::EVENTS),
        "host" => Hole::OneOf(words::HOSTS),
        "carrier" => Hole::OneOf(words::CARRIERS),
        "locale" => Hole::OneOf(words::LOCALES),
        "pool" => Hole::OneOf(words::POOLS),
        other => unreachable!("the vocabulary has no hole called {other}"),
    }
}

fn push_value(out: &mut String, hole: Hole, rng: &mut Rng) {
    match hole {
        Hole::Number => push_number(out, rng.between(0, 999) * rng.between(1, 400)),
        Hole::Small => push_number(out, rng.between(1, 20)),
        Hole::Millis => push_number(out, rng.between(1, 40) * rng.between(1, 60)),
        Hole::Status => {
            out.push_str(rng.pick(&["200", "200", "200", "201", "204", "304", "400", "404", "409", "500"]));
        }
        Hole::Port => out.push_str(rng.pick(&["443", "5432", "6379", "8080", "9092"])),
        Hole::Money => {
            push_number(out, rng.between(1, 900));
            out.push('.');
            push_digits(out, rng.between(0, 99), 2);
        }
        Hole::Ratio => {
            push_number(out, rng.between(0, 9));
            out.push('.');
            push_digits(out, rng.between(0, 9999), 4);
        }
        Hole::Bool => out.push_str(if rng.chance(0.7) { "true" } else { "false" }),
        Hole::Hex8 => rng.push_hex(out, 8),
        Hole::Hex16 => rng.push_hex(out, 16),
        Hole::Uuid => push_uuid(out, rng),
        Hole::Ip => {
            out.push_str("203.0.113.");
            push_number(out, rng.between(1, 254));
        }
        Hole::User => {
            out.push_str("user-");
            push_number(out, rng.between(1, 4000));
        }
        Hole::Email => {
            out.push_str(rng.pick(words::WORDS));
            out.push('.');
            push_number(out, rng.between(1, 400));
            out.push_str("@customer.example");
        }
        Hole::Path => {
            out.push_str("/api/v1/");
            out.push_str(rng.pick(words::TABLES));
            out.push('/');
            push_number(out, rng.between(1, 60_000));
        }
        Hole::Order => {
            out.push_str("TD-");
            push_digits(out, rng.between(10_000, 9_999_999), 7);
        }
        Hole::Code => out.push_str(rng.pick(&["51", "05", "54", "61", "65"])),
        Hole::Date => {
            out.push_str("2025-");
            push_digits(out, rng.between(1, 12), 2);
            out.push('-');
            push_digits(out, rng.between(1, 28), 2);
        }
        Hole::OneOf(values) => out.push_str(rng.pick(values)),
    }
}

fn push_uuid(out: &mut String, rng: &mut Rng) {
    rng.push_hex(out, 8);
    out.push('-');
    rng.push_hex(out, 4);
    out.push_str("-4");
    rng.push_hex(out, 3);
    out.push_str("-a");
    rng.push_hex(out, 3);
    out.push('-');
    rng.push_hex(out, 12);
}

/// Appends a number that is not negative.
pub(super) fn push_number(out: &mut String, number: i64) {
    let mut width = 1;
    let mut left = number / 10;
    while left > 0 {
        width += 1;
        left /= 10;
    }
    push_digits(out, number, width);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::service::catalogue;
    use std::collections::BTreeSet;

    #[test]
    fn every_service_has_its_own_long_tail() {
        let mut all = BTreeSet::new();
        for service in catalogue(3) {
            let messages = Messages::new(service);
            let distinct: BTreeSet<String> =
                messages.templates.iter().map(|t| format!("{:?}", t.parts)).collect();
            assert!(distinct.len() > 450, "{}: {}", service.name, distinct.len());
            all.extend(distinct);
        }
        assert!(all.len() > 1200, "{}", all.len());
    }

    #[test]
    fn every_hole_is_filled() {
        let mut rng = Rng::new(9);
        for (severity, text) in words::HAND_WRITTEN {
            let mut message = String::new();
            Template::new(*severity, text).push(&mut message, &mut rng);
            assert!(!message.contains(['{', '}']), "{message}");
        }
        let mut number = String::new();
        push_number(&mut number, 0);
        push_number(&mut number, 9070);
        assert_eq!(number, "09070");
    }
}
