//! Words of a text as the index knows them.

use super::template::{Piece, Shaper, for_each_piece, string_value};
use super::{Form, for_each_leaf};
use std::collections::BTreeSet;
use timberline_entry::json::Value;
use timberline_entry::{LogEntry, fold};

/// Tokens are cut at this many bytes.
pub const MAX_TOKEN: usize = 200;
/// The token that a ring has when one of its tokens was cut; such a ring cannot be excluded by its tokens.
pub const LONG_TOKEN: &str = "\u{fdd3}long";

/// Says whether a byte of case-folded text belongs to a token: ASCII letters and digits, `_`, and all of UTF-8's
/// multi-byte characters.
pub const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Returns the tokens of case-folded text, with their byte ranges.
pub fn tokens(folded: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str)> {
    let bytes = folded.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && !is_token_byte(bytes[at]) {
            at += 1;
        }
        let start = at;
        while at < bytes.len() && is_token_byte(bytes[at]) {
            at += 1;
        }
        (start < at).then(|| (start..at, &folded[start..at]))
    })
}

/// The tokens of a ring while it is being collected.
#[derive(Debug, Default)]
pub(crate) struct RowTokens {
    /// Tokens that every row of the ring has: they lie wholly in stretches.
    pub(crate) constant: BTreeSet<String>,
    /// Tokens that some row has.
    pub(crate) variable: BTreeSet<String>,
}

impl RowTokens {
    /// Adds the tokens of a row. The constant ones are taken from the first row only.
    pub(crate) fn add(&mut self, entry: &LogEntry<'_>, shaper: &mut Shaper, is_first: bool) {
        for_each_leaf(entry, |leaf| {
            let Value::String(_) = leaf.value else { return };
            let text = string_value(leaf.value);
            let (form, holes) = shaper.form_of(&leaf, &text);
            match form {
                Form::Unindexed | Form::UnindexedTail | Form::Number => {}
                Form::Fixed => {
                    if is_first {
                        let folded = fold(&text);
                        tokens(&folded).for_each(|(_, token)| self.insert(token, true));
                    }
                }
                // Folding moves byte positions unless the text is ASCII; such text has its tokens counted as variable.
                Form::Masked if text.is_ascii() => {
                    let folded = fold(&text);
                    let mut stretches = Vec::new();
                    for_each_piece(&text, holes, |piece| {
                        if let Piece::Stretch(stretch) = piece {
                            let start = stretch.as_ptr() as usize - text.as_ptr() as usize;
                            stretches.push((start, start + stretch.len()));
                        }
                    });
                    let mut stretches = stretches.into_iter().peekable();
                    for (range, token) in tokens(&folded) {
                        while stretches.next_if(|(_, end)| *end < range.end).is_some() {}
                        // A token that ends where a hole begins would be longer if the hole began with a letter.
                        let inside = stretches.peek().is_some_and(|(start, end)| {
                            (*start < range.start || *start == 0 && range.start == 0)
                                && (range.end < *end || *end == folded.len() && range.end == *end)
                        });
                        if !inside || is_first {
                            self.insert(token, inside);
                        }
                    }
                }
                Form::Masked | Form::Whole => {
                    let folded = fold(&text);
                    tokens(&folded).for_each(|(_, token)| self.insert(token, false));
                }
            }
        });
    }

    /// Empties the collection for the next ring.
    pub(crate) fn clear(&mut self) {
        self.constant.clear();
        self.variable.clear();
    }

    fn insert(&mut self, token: &str, is_constant: bool) {
        let token = if token.len() > MAX_TOKEN {
            self.variable.insert(LONG_TOKEN.to_owned());
            &token[..token.floor_char_boundary(MAX_TOKEN)]
        } else {
            token
        };
        let set = if is_constant { &mut self.constant } else { &mut self.variable };
        if !set.contains(token) {
            set.insert(token.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timberline_entry::json::{Document, parse};

    fn check(rows: &[&str], constant: &[&str], variable: &[&str]) {
        let mut collected = RowTokens::default();
        let mut shaper = Shaper::default();
        for (idx, row) in rows.iter().enumerate() {
            let mut nodes = Vec::new();
            parse(row, &mut nodes).unwrap();
            let entry = LogEntry::from_object(Document::new(row, &nodes).root().as_object().unwrap());
            collected.add(&entry, &mut shaper, idx == 0);
        }
        assert_eq!(collected.constant.iter().collect::<Vec<_>>(), constant);
        assert_eq!(collected.variable.iter().collect::<Vec<_>>(), variable);
    }

    #[test]
    fn tokens_are_certain_only_inside_a_stretch() {
        check(
            &[r#"{"textPayload":"Retry 3 of 5, then stop"}"#, r#"{"textPayload":"Retry 4 of 5, then stop"}"#],
            &["of", "retry", "stop", "then"],
            &["3", "4", "5"],
        );
        check(
            &[
                r#"{"severity":"ERROR","insertId":"abc","trace":"projects/p/traces/0a","jsonPayload":{"n":5,"k":"v"}}"#,
            ],
            &["error", "v"],
            &[],
        );
        check(
            &[r#"{"insertId":"3yy210vcm3pk","trace":"Root=1-5759"}"#],
            &[],
            &["1", "3yy210vcm3pk", "5759", "root"],
        );
        let long = "x".repeat(300);
        check(&[&format!(r#"{{"textPayload":"{long}"}}"#)], &[&long[..MAX_TOKEN]], &[LONG_TOKEN]);
    }

    #[test]
    fn token_ranges() {
        let found: Vec<_> = tokens("a-b_c  dé.").map(|(_, token)| token).collect();
        assert_eq!(found, ["a", "b_c", "dé"]);
    }
}
