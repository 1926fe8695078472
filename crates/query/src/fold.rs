//! Substrings under the normalisation by which strings are compared.
//!
//! [`fold`] itself is the entry's, since an archive folds the words it indexes with the same.

pub use timberline_entry::fold;

/// Says whether the folded `haystack` contains `needle`, which is folded already.
///
/// Cost: no allocation for ASCII. Who asks often keeps a [`Needle`](crate::Needle), which knows where to look first.
pub fn contains_folded(haystack: &str, folded_needle: &str) -> bool {
    crate::Needle::from_folded(folded_needle.to_owned()).is_in(haystack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substrings() {
        assert!(contains_folded("Hauptstraße 5", "strasse"));
        assert!(contains_folded("Hello Kitty", "lo ki"));
        assert!(contains_folded("x", ""));
        assert!(!contains_folded("", "x"));
        assert!(!contains_folded("café", "cafe"));
        assert!(!contains_folded("cafe\u{301}", "cafe"));
    }
}
