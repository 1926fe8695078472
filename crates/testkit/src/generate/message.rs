//! Message templates: a few that are common, and a tail of hundreds for each service that are not.

mod value;

use super::entry::Severity;
use super::rng::{LongTail, Rng, mix};
use super::service::Service;
use super::vocabulary as words;
use value::{hole, push_value};

pub use value::Hole;
pub(super) use value::push_number;

/// How many templates a service draws from.
pub const N_TEMPLATES: usize = 500;

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
