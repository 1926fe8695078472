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

use super::leaf::for_each_leaf_of;
use super::template::{Marked, Piece, for_each_hole, for_each_piece, string_value};
use super::tokens::{LONG_TOKEN, MAX_TOKEN, TokenSet, tokens};
use super::{CharSet, Form, Leaf};
use timberline_entry::json::Value;
use timberline_entry::{Field, fold};
use timberline_pattern::mask::{Hole, Masker};

/// Collects a ring. Keeps buffers; one per segment.
#[derive(Debug)]
pub(crate) struct RingContents {
    masker: Masker,
    holes: Vec<Hole>,
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
            variable: TokenSet::default(),
            words: hashbrown::HashSet::new(),
        }
    }
}

impl RingContents {
    /// Adds a field of a row. `charsets` are those of the field's holes.
    pub(crate) fn add(&mut self, field: Field, value: Value<'_>, charsets: &mut [CharSet]) {
        let mut hole = 0;
        for_each_leaf_of(field, value, &mut |leaf| self.add_leaf(&leaf, charsets, &mut hole));
        debug_assert_eq!(hole, charsets.len(), "entries of one shape have the same holes");
    }

    fn add_leaf(&mut self, leaf: &Leaf<'_, '_>, charsets: &mut [CharSet], hole: &mut usize) {
        let is_string = matches!(leaf.value, Value::String(_));
        let text = string_value(leaf.value);
        let form = leaf.form(&text, &self.masker, &mut self.holes);
        for_each_hole(form, &text, leaf.value, &self.holes, |piece| {
            if let Marked::Hole(_, content) = piece {
                if let Some(charset) = charsets.get_mut(*hole) {
                    charset.add(content);
                }
                *hole += 1;
            }
        });
        if !is_string {
            return;
        }
        match form {
            Form::Fixed | Form::Unindexed | Form::UnindexedTail | Form::Number => {}
            // Folding moves byte positions unless the text is ASCII; such text has all its tokens counted as variable.
            Form::Masked if text.is_ascii() => self.add_masked(&text),
            Form::Masked | Form::Whole => tokens(&fold(&text)).for_each(|(_, token)| self.insert(token)),
        }
    }

    fn add_masked(&mut self, text: &str) {
        let folded = fold(text);
        let holes = std::mem::take(&mut self.holes);
        let mut stretches = Vec::with_capacity(holes.len() + 1);
        for_each_piece(text, &holes, |piece| {
            if let Piece::Stretch(stretch) = piece {
                let start = stretch.as_ptr() as usize - text.as_ptr() as usize;
                stretches.push((start, start + stretch.len()));
            }
        });
        self.holes = holes;
        let mut stretches = stretches.into_iter().peekable();
        for (range, token) in tokens(&folded) {
            while stretches.next_if(|(_, end)| *end < range.end).is_some() {}
            // A token that ends where a hole begins would be longer if the hole began with a letter.
            let inside = stretches.peek().is_some_and(|(start, end)| {
                (*start < range.start || *start == 0 && range.start == 0)
                    && (range.end < *end || *end == folded.len() && range.end == *end)
            });
            if !inside {
                self.insert(token);
            }
        }
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
    use timberline_entry::LogEntry;
    use timberline_entry::json::{Document, parse};

    fn with_entry<T>(text: &str, then: impl FnOnce(&LogEntry<'_>) -> T) -> T {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        then(&LogEntry::from_object(Document::new(text, &nodes).root().as_object().unwrap()))
    }

    fn check(rows: &[&str], variable: &[&str]) {
        let mut contents = RingContents::default();
        for row in rows {
            with_entry(row, |entry| {
                for template in Shaper::default().templates(entry) {
                    let value = entry.exported(template.field).unwrap();
                    let mut charsets = vec![CharSet::default(); template.charsets.len()];
                    contents.add(template.field, value, &mut charsets);
                    assert_eq!(charsets, template.charsets, "{row}");
                }
            });
        }
        let mut tokens: Vec<&str> = contents.variable.text().split_ascii_whitespace().collect();
        tokens.sort_unstable();
        assert_eq!(tokens, variable);
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
                contents.add(Field::InsertId, value, &mut template.charsets.clone());
            });
            contents.clear();
        }
        assert_eq!(contents.into_words(), ["0x1f", "alpha", "zeta"]);
    }
}
