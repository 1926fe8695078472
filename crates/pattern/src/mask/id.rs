//! Identifiers: UUID and hexadecimal numbers.

use super::class::{ALNUM, boundary, is};

/// Matches a UUID in its usual form of 8-4-4-4-12 digits.
pub(super) fn uuid(text: &str, idx: usize) -> Option<usize> {
    let found = text.as_bytes().get(idx..idx + 36)?;
    let shaped = found.iter().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    (shaped && boundary(text, idx + 36)).then_some(idx + 36)
}

/// Matches `0x1f`.
pub(super) fn prefixed_hex(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.get(idx) != Some(&b'0') || !matches!(bytes.get(idx + 1), Some(b'x' | b'X')) {
        return None;
    }
    let mut end = idx + 2;
    while bytes.get(end).is_some_and(u8::is_ascii_hexdigit) {
        end += 1;
    }
    (end > idx + 2 && boundary(text, end)).then_some(end)
}

/// Tells whether a whole word is a bare hexadecimal number.
///
/// Six digits or more, one case, at least one letter and one figure: `7cbbc409`, but neither `facade` nor `20250825`.
pub(super) fn is_bare_hex(word: &[u8]) -> bool {
    if word.len() < 6 {
        return false;
    }
    let (mut lower, mut upper, mut figures) = (false, false, false);
    for byte in word {
        match byte {
            b'0'..=b'9' => figures = true,
            b'a'..=b'f' => lower = true,
            b'A'..=b'F' => upper = true,
            _ => return false,
        }
    }
    figures && (lower != upper)
}

/// The least length of an encoded text: 16 bytes make 22 characters.
const MIN_ENCODED: usize = 22;

/// Matches text in base 64 that has `+` or `/` in it; `idx` is its first character.
///
/// Capital and small letters and figures must all be there, so a list such as `read/write/execute` is none.
pub(super) fn base64(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    // Only the first character of a run is asked, which keeps long runs linear.
    if idx > 0 && (inside(bytes[idx - 1]) || matches!(bytes[idx - 1], b'.' | b'-' | b'_')) {
        return None;
    }
    let (mut upper, mut lower, mut figures) = (false, false, false);
    let mut end = idx;
    while let Some(&byte) = bytes.get(end).filter(|byte| inside(**byte)) {
        upper |= byte.is_ascii_uppercase();
        lower |= byte.is_ascii_lowercase();
        figures |= byte.is_ascii_digit();
        end += 1;
    }
    let is_encoded = end - idx >= MIN_ENCODED && upper && lower && figures;
    while bytes.get(end) == Some(&b'=') && is_encoded {
        end += 1;
    }
    (is_encoded
        && boundary(text, end)
        && !matches!(bytes.get(end), Some(b'.' | b'-'))
        && !is(bytes, end, ALNUM))
    .then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_texts_have_all_kinds_of_characters() {
        for (text, end) in [
            ("abcDEF/ghi+JKL0123456789mno= x", Some(28)),
            ("read/write/execute/append/list", None),
            ("Abc1/de", None),
            ("lib/Python/site1/packages/x.py", None),
        ] {
            assert_eq!(base64(text, 0), end, "{text}");
        }
        assert_eq!(base64("/abcDEF/ghi+JKL0123456789mno", 1), None);
    }

    #[test]
    fn identifiers_need_their_full_form() {
        assert_eq!(uuid("0a1b2c3d-0000-4fff-8000-0123456789ab.", 0), Some(36));
        assert_eq!(uuid("0a1b2c3d-0000-4fff-8000-0123456789abc", 0), None);
        assert_eq!(prefixed_hex("0x7fccd6643250>", 0), Some(14));
        assert_eq!(prefixed_hex("0xg", 0), None);
        for (word, hex) in [
            ("7cbbc409", true),
            ("7CBBC409", true),
            ("7cBBC409", false),
            ("facade", false),
            ("202508", false),
        ] {
            assert_eq!(is_bare_hex(word.as_bytes()), hex, "{word}");
        }
    }
}
