//! Byte classes and character look-ups shared by the scanners.
//!
//! One table look-up answers most questions. Bytes above ASCII are decoded on the slow path, so that a word in any
//! script is a word and a typographic dash is not.

/// ASCII letter.
pub(crate) const ALPHA: u8 = 1;
/// ASCII digit.
pub(crate) const DIGIT: u8 = 2;
/// The underscore.
pub(crate) const UNDERSCORE: u8 = 4;
/// Part of a character outside ASCII.
pub(crate) const HIGH: u8 = 8;
/// ASCII white space and the control characters that act as such.
pub(crate) const SPACE: u8 = 16;
/// May stand between two values that are then shown as one.
pub(crate) const LIGHT: u8 = 32;
/// May stand inside one component of a path, besides word characters.
pub(crate) const PATH: u8 = 64;
/// Letter, digit or underscore.
pub(crate) const WORD: u8 = ALPHA | DIGIT | UNDERSCORE;
/// Letter or digit.
pub(crate) const ALNUM: u8 = ALPHA | DIGIT;

/// The classes of every byte.
pub(crate) const CLASS: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut byte = 0usize;
    while byte < 256 {
        table[byte] = match byte {
            0x30..=0x39 => DIGIT,
            0x41..=0x5a | 0x61..=0x7a => ALPHA,
            0x09..=0x0d | 0x1c..=0x20 => SPACE | LIGHT,
            0x80..=0xff => HIGH,
            _ => 0,
        };
        byte += 1;
    }
    table[b'_' as usize] = UNDERSCORE | LIGHT;
    mark(&mut table, b",;:.#/@%&?+*-", LIGHT);
    mark(&mut table, b".$@%+~=*#-", PATH);
    table
}

const fn mark(table: &mut [u8; 256], bytes: &[u8], class: u8) {
    let mut idx = 0;
    while idx < bytes.len() {
        table[bytes[idx] as usize] |= class;
        idx += 1;
    }
}

/// Tells whether the byte at `idx` exists and has one of `classes`.
#[inline]
pub(crate) fn is(bytes: &[u8], idx: usize, classes: u8) -> bool {
    bytes.get(idx).is_some_and(|&byte| CLASS[usize::from(byte)] & classes != 0)
}

/// Tells whether a byte may stand between two values that are then shown as one.
pub(crate) fn is_light(byte: u8) -> bool {
    CLASS[usize::from(byte)] & LIGHT != 0
}

/// Returns the length in bytes of the word character at `idx`, or 0 when there is none.
#[inline]
pub(crate) fn word_len(text: &str, idx: usize) -> usize {
    match text.as_bytes().get(idx) {
        Some(&byte) if CLASS[usize::from(byte)] & WORD != 0 => 1,
        Some(&byte) if byte >= 0x80 => high_word_len(text, idx),
        _ => 0,
    }
}

#[cold]
fn high_word_len(text: &str, idx: usize) -> usize {
    char_at(text, idx).filter(|c| c.is_alphanumeric()).map_or(0, char::len_utf8)
}

/// Returns the character that starts at `idx`, or nothing inside a character and at the end.
#[inline]
pub(crate) fn char_at(text: &str, idx: usize) -> Option<char> {
    text.get(idx..)?.chars().next()
}

/// Tells whether the character before `idx` is a word character.
#[inline]
pub(crate) fn word_before(text: &str, idx: usize) -> bool {
    match idx.checked_sub(1).map(|before| text.as_bytes()[before]) {
        None => false,
        Some(byte) if byte < 0x80 => CLASS[usize::from(byte)] & WORD != 0,
        Some(_) => text[..idx].chars().next_back().is_some_and(char::is_alphanumeric),
    }
}

/// Returns the end of the digits that start at `idx`; `idx` itself when there are none.
#[inline]
pub(crate) fn digits_end(bytes: &[u8], mut idx: usize) -> usize {
    while is(bytes, idx, DIGIT) {
        idx += 1;
    }
    idx
}

/// Tells whether a word ends at `idx`, as `\b` does after a word character.
#[inline]
pub(crate) fn boundary(text: &str, idx: usize) -> bool {
    word_len(text, idx) == 0
}

/// Returns the end of the terminal colour code that starts at `idx`, or nothing when none starts there.
///
/// Colour codes count as white space everywhere: the same statement is printed with and without them.
pub(crate) fn escape_end(bytes: &[u8], idx: usize) -> Option<usize> {
    if bytes.get(idx) != Some(&0x1b) || bytes.get(idx + 1) != Some(&b'[') {
        return None;
    }
    let mut end = idx + 2;
    while is(bytes, end, DIGIT) || matches!(bytes.get(end), Some(b';' | b'?')) {
        end += 1;
    }
    is(bytes, end, ALPHA).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_script_are_words_and_dashes_are_not() {
        assert_eq!(word_len("é", 0), 2);
        assert_eq!(word_len("—", 0), 0);
        assert!(word_before("é", 2));
        assert!(!word_before("—", 3));
    }

    #[test]
    fn colour_codes_end_at_their_letter() {
        assert_eq!(escape_end(b"\x1b[1;32mok", 0), Some(7));
        assert_eq!(escape_end(b"\x1b[1;32", 0), None);
        assert_eq!(escape_end(b"[1m", 0), None);
    }
}
