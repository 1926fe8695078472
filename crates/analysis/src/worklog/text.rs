//! Templates that hold no secret.
//!
//! A template is drawn on a message whose values are taken out, and a secret may survive that in pieces which no rule knows
//! any more. So where a message holds a secret and its template words that are gone with it, the template is drawn on the
//! message without it.

use crate::occurrence::{End, RowRef, read};
use crate::question::Investigation;
use crate::redact::Redactor;
use std::borrow::Cow;
use std::collections::BTreeMap;
use timberline_archive::{Result, pattern_name};
use timberline_pattern::mask::Masker;
use timberline_pattern::template::of_message;

/// Longer texts are cut; what is left out is said.
const MAX_CHARS: usize = 4_000;

/// Draws templates that hold no secret.
pub(super) struct Templates<'a> {
    redactor: &'a mut Redactor,
    masker: Masker,
    /// First messages by name of the pattern.
    firsts: BTreeMap<String, RowRef>,
    /// Templates of the catalogue, by pattern.
    catalogue: BTreeMap<u64, String>,
    investigation: &'a Investigation<'a>,
}

impl<'a> Templates<'a> {
    /// Finds the first message of each pattern. Cost: ring facts of all segments.
    pub(super) fn new(investigation: &'a Investigation<'a>, redactor: &'a mut Redactor) -> Result<Self> {
        let mut firsts: BTreeMap<String, RowRef> = BTreeMap::new();
        let mut by_pattern: BTreeMap<u64, RowRef> = BTreeMap::new();
        for (segment_idx, segment) in investigation.archive.segments().iter().enumerate() {
            let (rings, shapes) = (segment.rings()?, segment.shapes()?);
            let times = rings.times()?;
            for (ring, shape) in rings.each_shape(0..rings.len()).enumerate() {
                let pattern = investigation.names.pattern(shapes[shape].pattern);
                let row =
                    RowRef { time_ns: times.first(ring), segment: segment_idx, row: rings.row_start(ring) };
                let first = by_pattern.entry(pattern).or_insert(row);
                *first = row.min(*first);
            }
        }
        firsts.extend(by_pattern.into_iter().map(|(pattern, row)| (pattern_name(pattern), row)));
        let records = investigation.archive.patterns()?;
        let catalogue = records.into_iter().map(|record| (record.pattern, record.template)).collect();
        Ok(Self { redactor, masker: Masker::standard(), firsts, catalogue, investigation })
    }

    /// Returns a template as it can be shown: as it is, or drawn anew without the secrets of its first message.
    pub(super) fn of(&mut self, pattern: &str, template: &str) -> String {
        let row = self.firsts.get(pattern).copied();
        let message = row.and_then(|row| {
            let read = read(self.investigation, &[(row, End::First)]).ok()?;
            read.into_values().next().map(|occurrence| occurrence.message)
        });
        match message {
            Some(message) => self.of_text(&message, template),
            None => cut(template),
        }
    }

    /// Returns a value of a message without secrets.
    pub(super) fn of_value(&mut self, value: &str) -> String {
        cut(&self.redactor.text(value))
    }

    /// The same for a message that is at hand.
    pub(super) fn of_text(&mut self, message: &str, template: &str) -> String {
        match self.redactor.text(message) {
            Cow::Borrowed(_) => cut(template),
            Cow::Owned(redacted) if has_words_beside(template, &redacted) => cut(&self.draw(&redacted)),
            Cow::Owned(_) => cut(&self.redactor.text(template)),
        }
    }

    /// Returns the template of a pattern as the catalogue has it: of all its messages, not of one.
    pub(super) fn of_pattern(&self, pattern: u64) -> Option<String> {
        self.catalogue.get(&pattern).filter(|template| !template.is_empty()).cloned()
    }

    /// Draws the template of a message.
    pub(super) fn draw(&self, message: &str) -> String {
        let mut holes = Vec::new();
        self.masker.mask(message, &mut holes);
        of_message(message, &holes)
    }

    pub(super) fn redactor(&mut self) -> &mut Redactor {
        self.redactor
    }
}

/// Shorter words stand in any text.
const MIN_WORD_BYTES: usize = 3;

/// Says whether a template has words that a text has not: parts of a secret that was taken out of the text.
fn has_words_beside(template: &str, text: &str) -> bool {
    let is_hole =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || "*|-".contains(c));
    // Between angle brackets stands what a hole has held.
    let stretches = template.split('<').enumerate().map(|(idx, part)| match part.split_once('>') {
        Some((hole, rest)) if idx > 0 && is_hole(hole) => rest,
        _ => part,
    });
    let mut words = stretches.flat_map(|stretch| stretch.split(|c: char| !c.is_alphanumeric()));
    words.any(|word| word.len() >= MIN_WORD_BYTES && !text.contains(word))
}

/// Cuts a text that is too long to be read, and says so.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        None => text.to_owned(),
        Some((at, _)) => format!("{} … ({} more characters)", &text[..at], text[at..].chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_template_that_a_redacted_text_has_not_are_a_secret() {
        let redacted = "failure kind a: [redacted:connection-string]@db:5432/x after 3 tries";
        assert!(!has_words_beside("failure kind <*> after <num> tries", redacted));
        assert!(has_words_beside("failure kind <word>: hunter<num>xyz after <num> tries", redacted));
        assert!(has_words_beside("a < b, secretive", redacted), "what is no hole is text");
    }
}
