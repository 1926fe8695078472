//! What can be said in an archive: its patterns, its exceptions, and the values of closed holes that have ids of their own; and
//! for answers that show them all, what each value was and who had it.

use super::exception_line;
use std::collections::BTreeMap;
use timberline_archive::catalog::{VariantCatalog, VariantRecord};
use timberline_archive::patterns::{Exceptions, HoleValues, Patterns, Seen, Stream, Values};
use timberline_archive::segment::Subject;
use timberline_archive::{Archive, Result};
use timberline_pattern::shape::{Shape, Token};
use timberline_pattern::template::with_values;
use timberline_pattern::variants::Openness;

/// The patterns, exceptions and variants of an archive.
#[derive(Debug)]
pub struct Vocabulary<'a> {
    /// The patterns of messages.
    pub patterns: Patterns,
    /// The exceptions.
    pub exceptions: Exceptions,
    /// The values of closed holes that have ids of their own.
    pub variants: &'a VariantCatalog,
}

impl<'a> Vocabulary<'a> {
    /// Reads what the archive says. Cost: catalogues, and the exceptions of all segments; no row.
    ///
    /// # Errors
    /// Damage in the catalogue or an index.
    pub fn read(archive: &'a Archive) -> Result<Self> {
        let beside = || rayon::join(|| Exceptions::read(archive), || archive.variants());
        let (patterns, (exceptions, variants)) = rayon::join(|| Patterns::read(archive), beside);
        Ok(Self { patterns: patterns?, exceptions: exceptions?, variants: variants? })
    }

    /// Returns the template of a pattern; of an exception its type and value.
    pub(crate) fn template(&self, subject: Subject) -> String {
        match subject {
            Subject::Message(pattern) => self.patterns.template(pattern).to_owned(),
            Subject::Exception(key) => self.exceptions.get(key).map_or_else(String::new, exception_line),
        }
    }

    /// Returns which of a template's values stands at a place, from 0; of an exception always 0.
    pub(crate) fn hole_number(&self, subject: Subject, place: usize) -> usize {
        let Subject::Message(pattern) = subject else { return 0 };
        let shape = Shape::from_line(self.template_line(pattern));
        let is_value = |token: &&Token| matches!(token, Token::Value(_));
        shape.tokens().iter().take(place).filter(is_value).count()
    }

    /// Returns the variants of a pattern or exception, by hole and value.
    pub fn variants_of(&self, subject: Subject) -> &'a [VariantRecord] {
        self.variants.of(subject)
    }

    fn template_line(&self, pattern: u64) -> &str {
        self.patterns.shapes_of(pattern).next().map_or("", |record| &record.template_line)
    }
}

/// What holes have held, as far as it is shown.
#[derive(Debug)]
pub(super) struct HeldValues {
    /// Values by pattern and place, where a closed hole never held another.
    constants: BTreeMap<u64, BTreeMap<usize, String>>,
    /// Who had each variant how often and when, by the variant's id.
    pub(super) variants: BTreeMap<u64, BTreeMap<Stream, Seen>>,
}

impl HeldValues {
    /// Reads what holes have held. Cost: values and ring facts of all segments, no row.
    pub(super) fn read(archive: &Archive, vocabulary: &Vocabulary<'_>) -> Result<Self> {
        let values = Values::read(archive.segments())?;
        let holes = vocabulary.patterns.holes(archive, &values)?;
        let of_patterns = vocabulary.patterns.variants(&holes);
        let of_exceptions = vocabulary.exceptions.variants(&values);
        let all = of_patterns.into_values().chain(of_exceptions.into_values()).flatten();
        Ok(Self {
            constants: holes.iter().map(|(pattern, holes)| (*pattern, constants(holes))).collect(),
            variants: all.map(|variant| (variant.id, variant.seen)).collect(),
        })
    }

    /// Returns a pattern or exception as people read it.
    pub(super) fn text(&self, vocabulary: &Vocabulary<'_>, subject: Subject) -> String {
        match subject {
            Subject::Message(pattern) => {
                let template = vocabulary.patterns.template(pattern);
                let text = match self.constants.get(&pattern) {
                    Some(values) => {
                        let shape = Shape::from_line(vocabulary.template_line(pattern));
                        with_values(template, shape.tokens(), values)
                    }
                    None => template.to_owned(),
                };
                if text.trim().is_empty() { "(no message)".to_owned() } else { text }
            }
            Subject::Exception(key) => {
                let Some(record) = vocabulary.exceptions.get(key) else { return String::new() };
                match record.frames.iter().find(|frame| frame.in_app) {
                    Some(frame) => format!("{}  at {}", exception_line(record), frame.name),
                    None => exception_line(record),
                }
            }
        }
    }
}

/// A longer value is shown as the mark of its kind.
const MAX_CONSTANT: usize = 80;

/// Returns the values of holes that never held another, by place.
fn constants(holes: &[HoleValues]) -> BTreeMap<usize, String> {
    let constant = |hole: &HoleValues| match hole.values.first_key_value() {
        Some((value, _))
            if hole.openness == Openness::Closed
                && hole.values.len() == 1
                && hole.others == 0
                && !value.is_empty()
                && value.len() <= MAX_CONSTANT
                && !value.contains('\n') =>
        {
            Some((hole.place, value.clone()))
        }
        _ => None,
    };
    holes.iter().filter_map(constant).collect()
}
