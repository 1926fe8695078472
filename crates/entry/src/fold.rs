//! The normalisation under which strings are compared: `NFKC_Casefold`.
//!
//! ```text
//! fold(x) = the fixed point of: drop default-ignorable characters, fold case fully, NFKC     (beginning with NFD)
//! ```
//!
//! `ß` becomes `ss`, full-width letters become ASCII, the ligature `ﬁ` becomes `fi`, soft hyphens vanish; accents stay.
//! Nearly all log text is ASCII, where all this is lower-casing.
//!
//! Source: The Unicode Standard, section 3.13, D147 and the derivation of `NFKC_Casefold` in UAX #44;
//! Logging query language, edition of 2024-05-15, "Comparisons".

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};
use std::borrow::Cow;

/// Returns the `NFKC_Casefold` form. Cost: borrows what is lower-case ASCII already.
pub fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(fold_unicode(text));
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

const CASE: CaseMapperBorrowed<'static> = CaseMapper::new();
const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();
const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfd();

fn fold_unicode(text: &str) -> String {
    // NFD first, because the ypogegrammeni folds to a letter that must not change places with other marks.
    let mut folded = fold_once(&NFD.normalize(text));
    loop {
        let again = fold_once(&folded);
        if again == folded {
            return folded;
        }
        folded = again;
    }
}

fn fold_once(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !is_default_ignorable(*c)).collect();
    NFKC.normalize(&CASE.fold_string(&kept)).into_owned()
}

/// Source: `Default_Ignorable_Code_Point` in `DerivedCoreProperties.txt`, Unicode 16; the set has not changed since 4.1
/// but for assignments inside its ranges.
const fn is_default_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(fold(text), expected, "{text}");
        assert_eq!(fold(expected), expected, "folding {text} twice");
    }

    #[test]
    fn nfkc_casefold() {
        check("Hello", "hello");
        check("already low 1", "already low 1");
        check("STRAẞE Straße", "strasse strasse");
        check("ＦＵＬＬ", "full");
        check("ﬁn ﬃ", "fin ffi");
        check("so\u{ad}ft\u{200b}", "soft");
        check("É e\u{301} E\u{301}", "é é é");
        check("K Å ſ", "k å s");
        check("Σ ς σ", "σ σ σ");
        check("İ", "i\u{307}");
        check("Ⅷ ① ㎏", "viii 1 kg");
        check("🔴 ERROR", "🔴 error");
        // The character the definition begins with NFD for: both orders of marks give the same.
        assert_eq!(fold("α\u{345}\u{301}"), fold("α\u{301}\u{345}"));
    }

    #[test]
    fn every_character_folds_to_something_that_stays() {
        for c in ('\0'..=char::MAX).filter(|c| !c.is_ascii()) {
            let once = fold(c.encode_utf8(&mut [0; 4])).into_owned();
            assert_eq!(fold(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn agrees_with_the_table_of_domain_names() {
        // UTS #46 is derived from the same property; these are the characters for which it departs from it.
        let departures = ['ß', 'ς', 'ẞ', '\u{200c}', '\u{200d}', '。', '｡'];
        let mapper = icu_normalizer::uts46::Uts46Mapper::new();
        let mut compared = 0;
        for c in ('\0'..=char::MAX).filter(|c| !departures.contains(c)) {
            let mapped: String = mapper.map_normalize(std::iter::once(c)).collect();
            // Characters that no domain name may have are not mapped.
            if !mapped.contains(char::REPLACEMENT_CHARACTER) {
                compared += 1;
                assert_eq!(fold(c.encode_utf8(&mut [0; 4])), mapped, "U+{:04X}", u32::from(c));
            }
        }
        assert!(compared > 140_000, "only {compared} characters");
    }
}
