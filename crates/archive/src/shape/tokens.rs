//! Words of a text as the index knows them.

use crate::rows::row_idx;
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

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

/// A set of tokens, in the order in which they came, as one text with a space behind each.
#[derive(Debug, Default)]
pub(crate) struct TokenSet {
    text: String,
    /// Start and end in the text.
    places: HashTable<(u32, u32)>,
}

impl TokenSet {
    /// Adds a token, cut if it is long; says whether it was new.
    pub(super) fn insert(&mut self, token: &str) -> bool {
        let Self { text, places } = self;
        let hash = |token: &str| xxh3_64(token.as_bytes());
        let get = |(start, end): (u32, u32)| &text[start as usize..end as usize];
        let token_hash = hash(token);
        if places.find(token_hash, |place| get(*place) == token).is_some() {
            return false;
        }
        let start = row_idx(text.len());
        let end = row_idx(text.len() + token.len());
        places.insert_unique(token_hash, (start, end), |place| {
            // Only those that are there already are hashed again when the table grows.
            hash(get(*place))
        });
        text.push_str(token);
        text.push(' ');
        true
    }

    /// Returns the tokens, separated by spaces.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.places.clear();
    }
}

/// Says whether a token is a word: more than hex digits. A token that has a word as a part is one.
pub fn is_word(token: &str) -> bool {
    token.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_ranges() {
        let found: Vec<_> = tokens("a-b_c  dé.").map(|(_, token)| token).collect();
        assert_eq!(found, ["a", "b_c", "dé"]);
    }

    #[test]
    fn words_are_more_than_hex() {
        assert!(is_word("cafes") && is_word("0x1f") && is_word("é") && is_word("a_b"));
        assert!(!is_word("00c7af") && !is_word("123") && !is_word("cafe"));
    }

    #[test]
    fn a_set_has_a_token_once() {
        let mut set = TokenSet::default();
        for n in (0..100).chain(0..100) {
            let n_before = set.text().split_ascii_whitespace().count();
            assert_eq!(set.insert(&n.to_string()), n_before == n, "{n}");
        }
        assert_eq!(set.text().split_ascii_whitespace().count(), 100);
        set.clear();
        assert!(set.insert("7") && set.text() == "7 ");
    }
}
