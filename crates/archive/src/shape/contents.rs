//! What the rows of a ring hold where they vary: the characters and the tokens of their holes.
//!
//! ```text
//! row 1   labels {…"instanceId":"00c7"}   textPayload "retry 3 of 5"     00c7 3 5
//! row 2   labels {…"instanceId":"00c7"}   textPayload "retry 4 of 5"     the labels came before; of the message: 4
//! ```
//!
//! Tokens that lie wholly in a stretch are in every row of the shape: they are read from its templates.
//!
//! Fields are looked at one by one, because most of them hold what they held in an earlier row.

use super::leaf::{for_each_leaf_of, for_each_value};
use super::outline::{Outline, Outlines};
use super::template::{Marked, for_each_hole, string_value};
use super::tokens::{LONG_TOKEN, MAX_TOKEN, TokenSet, is_token_byte, tokens};
use super::{CharSet, Form, Masks};
use timberline_entry::json::Value;
use timberline_entry::{Field, fold};
use timberline_pattern::mask::{Hole, Masker};

/// Collects a ring. Keeps buffers; one per segment.
#[derive(Debug)]
pub(crate) struct RingContents {
    masker: Masker,
    holes: Vec<Hole>,
    outlines: Outlines,
    /// Tokens that some row has, and that lie in no stretch.
    pub(crate) variable: TokenSet,
    /// Tokens that are more than hex digits, of all rings.
    words: hashbrown::HashSet<String>,
}

impl Default for RingContents {
    fn default() -> Self {
        Self {
            masker: Masker::standard(),
            holes: Vec::new(),
            outlines: Outlines::default(),
            variable: TokenSet::default(),
            words: hashbrown::HashSet::new(),
        }
    }
}

impl RingContents {
    /// Adds a field of a row. `template` is the number of the field's template, if it is stored; `charsets` are those of the
    /// field's holes.
    pub(crate) fn add(
        &mut self,
        field: Field,
        template: Option<u32>,
        value: Value<'_>,
        charsets: &mut [CharSet],
    ) {
        let mut charsets = charsets.iter_mut();
        let mut outlines = std::mem::take(&mut self.outlines);
        if let Some(template) = template {
            let learn = || Outline::of(field, value, Masks::of(&self.masker));
            let mut leaves = outlines.get(template, learn).leaves();
            for_each_value(value, &mut |value| {
                // An entry of the shape has these leaves and no others.
                let Some(leaf) = leaves.next() else { return };
                if leaf.form() == Form::Fixed {
                    return;
                }
                let text = string_value(value);
                leaf.find_holes(&text, Masks::of(&self.masker), &mut self.holes);
                self.add_leaf(leaf.form(), value, &text, &mut charsets);
            });
        } else {
            for_each_leaf_of(field, value, &mut |leaf| {
                let text = string_value(leaf.value);
                let form = leaf.form(&text, Masks::of(&self.masker), &mut self.holes);
                self.add_leaf(form, leaf.value, &text, &mut charsets);
            });
        }
        debug_assert!(charsets.next().is_none(), "entries of one shape have the same holes");
        self.outlines = outlines;
    }

    /// Adds a leaf of some form; of a masked one, the holes are known.
    fn add_leaf<'c>(
        &mut self,
        form: Form,
        value: Value<'_>,
        text: &str,
        charsets: &mut impl Iterator<Item = &'c mut CharSet>,
    ) {
        for_each_hole(form, text, value, &self.holes, |piece| {
            if let Marked::Hole(_, content) = piece
                && let Some(charset) = charsets.next()
            {
                charset.add(content);
            }
        });
        match form {
            Form::Fixed | Form::Unindexed | Form::UnindexedTail | Form::Number => {}
            // Folding moves byte positions unless the text is ASCII; such text has all its tokens counted as variable.
            Form::Masked if text.is_ascii() => {
                let holes = std::mem::take(&mut self.holes);
                holes.iter().for_each(|hole| self.insert_around(text, *hole));
                self.holes = holes;
            }
            Form::Masked | Form::Whole => self.insert_all(text),
        }
    }

    /// Adds the tokens that lie in a hole of ASCII text, or touch it: a token that ends where a hole begins would be longer if
    /// the hole began with a letter.
    fn insert_around(&mut self, text: &str, hole: Hole) {
        let (before, behind) =
            (&text.as_bytes()[..hole.start as usize], &text.as_bytes()[hole.end as usize..]);
        let is_end = |byte: &u8| !is_token_byte(*byte);
        let start = before.iter().rposition(is_end).map_or(0, |at| at + 1);
        let end = text.len() - behind.len() + behind.iter().position(is_end).unwrap_or(behind.len());
        self.insert_all(&text[start..end]);
    }

    fn insert_all(&mut self, text: &str) {
        tokens(&fold(text)).for_each(|(_, token)| self.insert(token));
    }

    fn insert(&mut self, token: &str) {
        let token = if token.len() > MAX_TOKEN {
            self.insert_cut(LONG_TOKEN);
            &token[..token.floor_char_boundary(MAX_TOKEN)]
        } else {
            token
        };
        self.insert_cut(token);
    }

    fn insert_cut(&mut self, token: &str) {
        if self.variable.insert(token) && super::is_word(token) && !self.words.contains(token) {
            self.words.insert(token.to_owned());
        }
    }

    /// Empties the collection for the next ring; words stay.
    pub(crate) fn clear(&mut self) {
        self.variable.clear();
    }

    /// Returns the words of all rings, in byte order.
    pub(crate) fn into_words(self) -> Vec<String> {
        let mut words: Vec<String> = self.words.into_iter().collect();
        words.sort_unstable();
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shaper;
    use std::collections::HashMap;
    use timberline_entry::LogEntry;
    use timberline_entry::json::{Document, parse};

    fn with_entry<T>(text: &str, then: impl FnOnce(&LogEntry<'_>) -> T) -> T {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        then(&LogEntry::from_object(Document::new(text, &nodes).root().as_object().unwrap()))
    }

    /// Adds rows, with what was learnt of templates before if `learns`, and returns the tokens.
    fn collected(rows: &[&str], learns: bool) -> Vec<String> {
        let (mut contents, mut numbers) = (RingContents::default(), HashMap::new());
        for row in rows {
            with_entry(row, |entry| {
                for template in Shaper::default().templates(entry) {
                    let value = entry.exported(template.field).unwrap();
                    let next = u32::try_from(numbers.len()).unwrap();
                    let number = *numbers.entry(template.json).or_insert(next);
                    let mut charsets = vec![CharSet::default(); template.charsets.len()];
                    contents.add(template.field, learns.then_some(number), value, &mut charsets);
                    assert_eq!(charsets, template.charsets, "{row}");
                }
            });
        }
        let mut tokens: Vec<String> =
            contents.variable.text().split_ascii_whitespace().map(str::to_owned).collect();
        tokens.sort_unstable();
        tokens
    }

    fn check(rows: &[&str], variable: &[&str]) {
        for learns in [false, true] {
            assert_eq!(collected(rows, learns), variable, "{rows:?}");
        }
    }

    #[test]
    fn tokens_inside_a_stretch_are_left_to_the_template() {
        check(
            &[r#"{"textPayload":"Retry 3 of 5, then stop"}"#, r#"{"textPayload":"Retry 4 of 5, then stop"}"#],
            &["3", "4", "5"],
        );
        check(
            &[
                r#"{"severity":"ERROR","insertId":"abc","trace":"projects/p/traces/0a","jsonPayload":{"n":5,"k":"v"}}"#,
            ],
            &[],
        );
        check(&[r#"{"textPayload":"in 3ms, id=x77 done"}"#], &["3ms", "x77"]);
        // Where stretches could stand in several places, the masker is asked for every row.
        check(
            &[
                r#"{"textPayload":"at 3 at 4"}"#,
                r#"{"textPayload":"at 5 at 6"}"#,
                r#"{"textPayload":"AT 7 at 8"}"#,
            ],
            &["3", "4", "5", "6", "7", "8"],
        );
        check(&[r#"{"spanId":"00c7"}"#, r#"{"spanId":"00c8"}"#, r#"{"spanId":"X-1"}"#], &["1", "x"]);
        check(
            &[r#"{"labels":{"b":"1.5s","a":["x","y 2"]}}"#, r#"{"labels":{"a":["x","y 3"],"b":"2s"}}"#],
            &["2", "3"],
        );
        check(
            &[r#"{"insertId":"3yy210vcm3pk","trace":"Root=1-5759"}"#],
            &["1", "3yy210vcm3pk", "5759", "root"],
        );
        let long = "x".repeat(300);
        check(&[&format!(r#"{{"textPayload":"{long}"}}"#)], &[]);
        check(&[&format!(r#"{{"insertId":"{long}"}}"#)], &[&long[..MAX_TOKEN], LONG_TOKEN]);
    }

    #[test]
    fn words_of_all_rings_are_kept() {
        let mut contents = RingContents::default();
        for text in ["Zeta-77-ab", "alpha.zeta.0x1f"] {
            with_entry(&format!("{{\"insertId\":\"{text}\"}}"), |entry| {
                let template = Shaper::default().templates(entry).remove(0);
                let value = entry.exported(Field::InsertId).unwrap();
                contents.add(Field::InsertId, None, value, &mut template.charsets.clone());
            });
            contents.clear();
        }
        assert_eq!(contents.into_words(), ["0x1f", "alpha", "zeta"]);
    }
}
