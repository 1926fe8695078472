//! A text to look for in many others, ignoring case and compatibility forms.

use std::cmp::Ordering;
use timberline_entry::fold;

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
        if self.ascii {
            let found = self.find_ascii(text.as_bytes());
            if let Some(at) = found
                && text.as_bytes().get(at + self.folded.len()).is_none_or(u8::is_ascii)
            {
                // Between ASCII neighbours nothing composes with the last letter, so the match holds after folding.
                return true;
            }
            if yields_no_ascii(text) {
                return found.is_some();
            }
        }
        memchr::memmem::find(fold(text).as_bytes(), self.folded.as_bytes()).is_some()
    }

    /// Says whether the folded `text` is the needle. Cost: no allocation when `text` is ASCII.
    pub fn is(&self, text: &str) -> bool {
        if text.is_ascii() {
            return self.folded.eq_ignore_ascii_case(text);
        }
        // A character that stays outside ASCII is in no needle of ASCII.
        !(self.ascii && yields_no_ascii(text)) && fold(text) == self.folded
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

/// Says whether every character outside ASCII stays outside and apart when folded, so that an ASCII text that does not
/// occur in the raw text does not occur in the folded one, and one that does, does unless its last letter is followed by
/// such a character, which these do not join either.
///
/// One-sided: `false` promises nothing. Covers what logs are full of: letters with accents, CJK, arrows, boxes, emoji; and the
/// noncharacters by which a template says where something varies.
fn yields_no_ascii(text: &str) -> bool {
    let mut previous_stays = false;
    for c in text.chars() {
        let stays = match c {
            '\0'..='\u{7f}' => false,
            // Dropped, but between characters that stay they bring no ASCII letters together.
            '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' if previous_stays => true,
            c if stays_apart(c) => true,
            _ => return false,
        };
        previous_stays = stays;
    }
    true
}

/// The tests fold every one of these beside every ASCII letter.
const fn stays_apart(c: char) -> bool {
    matches!(
        c,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{de}' | '\u{e0}'..='\u{f6}' | '\u{f8}'..='\u{ff}'
            | '\u{391}'..='\u{3c9}' | '\u{400}'..='\u{45f}' | '\u{2013}'..='\u{2014}' | '\u{2018}'..='\u{201f}'
            | '\u{2022}' | '\u{2190}'..='\u{21ff}' | '\u{2500}'..='\u{27bf}' | '\u{3041}'..='\u{3096}'
            | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{1f300}'..='\u{1f6ff}' | '\u{1f900}'..='\u{1f9ff}'
    )
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

    #[test]
    fn is_found_inside_of_words_and_of_nothing_else() {
        let is_in = |haystack: &str, needle: &str| Needle::new(needle).is_in(haystack);
        assert!(is_in("Hauptstraße 5", "strasse"));
        assert!(is_in("Hello Kitty", "lo ki"));
        assert!(is_in("x", ""));
        assert!(!is_in("", "x"));
        assert!(!is_in("café", "cafe"));
        assert!(!is_in("cafe\u{301}", "cafe"));
    }

    #[test]
    fn characters_that_stay_apart_do() {
        for c in ('\u{80}'..=char::MAX).filter(|c| stays_apart(*c)) {
            let alone = fold(c.encode_utf8(&mut [0; 4])).into_owned();
            assert!(!alone.is_empty() && alone.chars().all(|c| !c.is_ascii()), "U+{:04X}", u32::from(c));
            for letter in ('a'..='z').chain(['<', '=', '>']) {
                assert_eq!(fold(&format!("{letter}{c}{letter}")), format!("{letter}{alone}{letter}"));
            }
        }
        assert!(yields_no_ascii("⚠\u{fe0f} 👩\u{200d}💻 höher? \u{fdd0} nein"));
        assert!(!yields_no_ascii("ß") && !yields_no_ascii("a\u{fe0f}b") && !yields_no_ascii("…"));
    }

    proptest! {
        #[test]
        fn search_is_substring_of_the_folded_text(text in "[aAbBsSßéE\u{301}kKK ﬁ\u{ad}🔴\u{fe0f}Ж\u{fdd0}]{0,12}", at in 0_usize..12, len in 0_usize..4) {
            let folded = fold(&text);
            let part: String = folded.chars().skip(at).take(len).collect();
            prop_assert!(Needle::from_folded(part.clone()).is_in(&text), "{text:?} {part:?}");
        }

        #[test]
        fn search_finds_nothing_else(text in "[aAbBsSßéE\u{301}kKK ﬁ\u{ad}🔴\u{fe0f}Ж\u{fdd0}]{0,12}", other in "[abskef i\u{301}]{0,3}") {
            let needle = Needle::new(&other);
            prop_assert_eq!(needle.is_in(&text), fold(&text).contains(needle.folded()));
            prop_assert_eq!(needle.is(&text), fold(&text) == needle.folded());
            prop_assert_eq!(needle.order(&text), fold(&text).as_ref().cmp(needle.folded()));
        }
    }
}
