//! A text to look for in many others, ignoring case and compatibility forms.

use crate::fold::fold;
use std::cmp::Ordering;

/// A folded text, ready to be compared with and looked for in raw ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    folded: String,
    ascii: bool,
    /// The position of the byte that is rarest in log text: the search jumps from one of its occurrences to the next.
    anchor: usize,
}

impl Needle {
    /// Folds a text and prepares the search.
    pub fn new(text: &str) -> Self {
        Self::from_folded(fold(text).into_owned())
    }

    /// Prepares the search for a text that is folded already.
    pub fn from_folded(folded: String) -> Self {
        let anchor = (0..folded.len()).min_by_key(|at| commonness(folded.as_bytes()[*at])).unwrap_or(0);
        Self { ascii: folded.is_ascii(), folded, anchor }
    }

    /// Returns the folded text.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Says whether the folded `text` contains the needle. Cost: no allocation when `text` is ASCII.
    pub fn is_in(&self, text: &str) -> bool {
        if self.folded.is_empty() {
            return true;
        }
        if text.is_ascii() {
            return self.ascii && self.find_ascii(text.as_bytes()).is_some();
        }
        if self.ascii
            && let Some(at) = self.find_ascii(text.as_bytes())
            && text.as_bytes().get(at + self.folded.len()).is_none_or(u8::is_ascii)
        {
            // Between ASCII neighbours nothing composes with the last letter, so the raw match is one after folding.
            return true;
        }
        memchr::memmem::find(fold(text).as_bytes(), self.folded.as_bytes()).is_some()
    }

    /// Says whether the folded `text` is the needle. Cost: no allocation when `text` is ASCII.
    pub fn is(&self, text: &str) -> bool {
        if text.is_ascii() { self.folded.eq_ignore_ascii_case(text) } else { fold(text) == self.folded }
    }

    /// Orders the folded `text` against the needle, by code point. Cost: no allocation when `text` is ASCII.
    pub fn order(&self, text: &str) -> Ordering {
        if text.is_ascii() {
            text.bytes().map(|b| b.to_ascii_lowercase()).cmp(self.folded.bytes())
        } else {
            fold(text).as_ref().cmp(&self.folded)
        }
    }

    fn find_ascii(&self, text: &[u8]) -> Option<usize> {
        self.find_raw(text, 0)
    }

    /// Finds the needle in raw bytes from a position on, ignoring the case of ASCII letters and nothing else.
    pub(crate) fn find_raw(&self, text: &[u8], from: usize) -> Option<usize> {
        let needle = self.folded.as_bytes();
        if needle.is_empty() {
            return (from <= text.len()).then_some(from);
        }
        let last_start = text.len().checked_sub(needle.len())?;
        let low = needle[self.anchor];
        let high = low.to_ascii_uppercase();
        let mut from = from;
        while from <= last_start {
            let window = &text[from + self.anchor..=last_start + self.anchor];
            let hop =
                if low == high { memchr::memchr(low, window) } else { memchr::memchr2(low, high, window) }?;
            let start = from + hop;
            if text[start..start + needle.len()].eq_ignore_ascii_case(needle) {
                return Some(start);
            }
            from = start + 1;
        }
        None
    }
}

/// Ranks bytes by how often they occur in log text, ignoring case: the higher, the more common.
const fn commonness(byte: u8) -> u8 {
    match byte {
        b' ' | b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 9,
        b'0'..=b'9' | b'l' | b'c' | b'd' | b'u' | b'p' | b'm' => 8,
        b'/' | b'.' | b'-' | b'g' | b'h' | b'f' | b'b' | b'"' | b':' | b'_' => 7,
        b'y' | b'v' | b'w' | b'k' | b',' | b'=' => 5,
        b'x' | b'(' | b')' | b'{' | b'}' | b'[' | b']' => 3,
        b'j' | b'q' | b'z' => 2,
        // Continuation bytes repeat inside one script, so letters of ASCII make the better anchor.
        0x80.. => 6,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn compares_and_orders_folded() {
        let needle = Needle::new("Straße");
        assert!(needle.is("STRASSE") && needle.is("straße") && !needle.is("strase"));
        assert!(needle.is_in("die Strasse!") && needle.is_in("die straße é"));
        assert_eq!(Needle::new("b").order("A"), Ordering::Less);
        assert_eq!(Needle::new("B").order("b"), Ordering::Equal);
        assert_eq!(Needle::new("10").order("9"), Ordering::Greater);
        assert_eq!(Needle::new("e").order("É"), Ordering::Greater);
        assert!(Needle::new("").is_in("") && Needle::new("").is(""));
    }

    proptest! {
        #[test]
        fn search_is_substring_of_the_folded_text(text in "[aAbBsSßéE\u{301}kKK ﬁ\u{ad}]{0,12}", at in 0_usize..12, len in 0_usize..4) {
            let folded = fold(&text);
            let part: String = folded.chars().skip(at).take(len).collect();
            prop_assert!(Needle::from_folded(part.clone()).is_in(&text), "{text:?} {part:?}");
        }

        #[test]
        fn search_finds_nothing_else(text in "[aAbBsSßéE\u{301}kKK ﬁ\u{ad}]{0,12}", other in "[abskef i\u{301}]{0,3}") {
            let needle = Needle::new(&other);
            prop_assert_eq!(needle.is_in(&text), fold(&text).contains(needle.folded()));
            prop_assert_eq!(needle.is(&text), fold(&text) == needle.folded());
            prop_assert_eq!(needle.order(&text), fold(&text).as_ref().cmp(needle.folded()));
        }
    }
}
