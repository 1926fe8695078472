//! When the value is the news: which holes of a pattern are closed, and the ids of their values.
//!
//! A hole is *open* when its values have no end (ids, times, sizes, users) and *closed* when a few values keep coming back
//! (module names, error codes, endpoints). A new value in a closed hole is a finding; in an open one it is noise. The
//! decision is made over the whole archive, from the values and their counts, never per ingest.

use crate::mask::HoleKind;
use crate::shape::{Fingerprint, Token};
use xxhash_rust::xxh3::Xxh3;

/// A closed hole may have this many distinct values however rare they are.
pub const MIN_CLOSED_VALUES: u64 = 16;
/// A closed hole never has more distinct values than this.
pub const MAX_CLOSED_VALUES: u64 = 256;
/// Beyond [`MIN_CLOSED_VALUES`], one distinct value is allowed for every so many occurrences: 5 %.
pub const OCCURRENCES_PER_VALUE: u64 = 20;
/// A number behind a word such as `status` is a code when it has at most this many digits.
const MAX_CODE_DIGITS: usize = 4;

/// Whether a new value in a hole is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Openness {
    /// Few values that come back: each makes a variant.
    Closed,
    /// Values without end.
    Open,
}

/// Tells whether a hole is closed, from the values it has held in the whole archive.
///
/// `tokens` and `place` are the pattern's template and the hole's place in it; `values` has each distinct value once, with
/// its count, in any order. `was_open` is what was recorded before: a hole that outgrew the bounds stays open for good.
pub fn openness<'v>(
    tokens: &[Token],
    place: usize,
    values: impl IntoIterator<Item = (&'v str, u64)>,
    was_open: bool,
) -> Openness {
    let Some(Token::Value(kind)) = tokens.get(place) else { return Openness::Open };
    if was_open {
        return Openness::Open;
    }
    let (mut n_distinct, mut n_occurrences) = (0u64, 0u64);
    let mut all_codes = true;
    for (value, count) in values {
        n_distinct += 1;
        n_occurrences = n_occurrences.saturating_add(count);
        all_codes &= is_code(value);
    }
    if has_endless_values(*kind)
        && !(*kind == HoleKind::Num && all_codes && is_behind_code_word(tokens, place))
    {
        return Openness::Open;
    }
    let allowed = MIN_CLOSED_VALUES.max(n_occurrences / OCCURRENCES_PER_VALUE).min(MAX_CLOSED_VALUES);
    if n_distinct <= allowed { Openness::Closed } else { Openness::Open }
}

/// Tells whether a value is worth keeping: whether it can be one of a closed hole.
///
/// `tokens` and `place` are the shape of its message and the hole's place in it. A value that is not kept still counts: where
/// there was one, the hole held a number that is no code, a time, or something else without end.
#[must_use]
pub fn is_telling(tokens: &[Token], place: usize, kind: HoleKind, value: &str) -> bool {
    !has_endless_values(kind)
        || (kind == HoleKind::Num && is_code(value) && is_behind_code_word(tokens, place))
}

fn is_code(value: &str) -> bool {
    value.len() <= MAX_CODE_DIGITS && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Tells whether values of this kind have no end by nature.
#[must_use]
pub fn has_endless_values(kind: HoleKind) -> bool {
    match kind {
        HoleKind::Num
        | HoleKind::Time
        | HoleKind::Duration
        | HoleKind::Size
        | HoleKind::Uuid
        | HoleKind::Hex
        | HoleKind::Ip
        | HoleKind::Mac
        | HoleKind::Email => true,
        HoleKind::Path
        | HoleKind::Url
        | HoleKind::Host
        | HoleKind::Word
        | HoleKind::Bool
        | HoleKind::Name
        | HoleKind::Version
        | HoleKind::Value => false,
    }
}

/// Tells whether the word before a place announces a code: `status: 503`, `exited with code 3`, `[Errno 2]`.
fn is_behind_code_word(tokens: &[Token], place: usize) -> bool {
    const WORDS: [&str; 12] = [
        "status",
        "statuscode",
        "status_code",
        "code",
        "errno",
        "error",
        "exit",
        "signal",
        "rc",
        "errorcode",
        "http",
        "returned",
    ];
    for token in tokens[..place].iter().rev() {
        match token {
            Token::Symbol(':' | '=' | '"' | '\'' | '(' | '[' | '/') => {}
            Token::Word(word) => return WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)),
            Token::Symbol(_) | Token::Value(_) => return false,
        }
    }
    false
}

/// Returns the id of a variant: a pattern with one value in one of its closed holes.
///
/// `pattern` is the pattern's id, `place` the index of the hole's token in the founding shape, `value` the raw value.
#[must_use]
pub fn variant_id(pattern: Fingerprint, place: usize, value: &str) -> Fingerprint {
    let mut hasher = Xxh3::new();
    hasher.update(b"variant");
    hasher.update(&pattern.0.to_le_bytes());
    hasher.update(&(place as u64).to_le_bytes());
    hasher.update(value.as_bytes());
    Fingerprint(hasher.digest())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    fn check(line: &str, values: &[(&str, u64)], expected: Openness) {
        let shape = Shape::from_line(line);
        let place = shape.tokens().iter().rposition(|token| matches!(token, Token::Value(_))).unwrap();
        assert_eq!(openness(shape.tokens(), place, values.iter().copied(), false), expected, "{line}");
    }

    #[test]
    fn names_that_come_back_are_closed_and_measures_are_open() {
        check(
            "No module named ' <*> '",
            &[("auth_service", 40), ("app.services.monitoring", 75)],
            Openness::Closed,
        );
        check("loaded <word>", &[("mod_7cbbc409", 3)], Openness::Closed);
        check("took <duration>", &[("5ms", 3)], Openness::Open);
        check("retry <num> now", &[("1", 3), ("2", 3)], Openness::Open);
        check("exited with code <num>", &[("3", 15)], Openness::Closed);
        check("[ Errno <num> ]", &[("2", 15), ("13", 2)], Openness::Closed);
        check("status : <num>", &[("20012345", 15)], Openness::Open);
    }

    #[test]
    fn many_values_need_many_occurrences() {
        let names: Vec<String> = (0..300).map(|idx| format!("name{idx}")).collect();
        let hole = |n_values: usize, count: u64| {
            let shape = Shape::from_line("user <word> left");
            openness(shape.tokens(), 1, names[..n_values].iter().map(|name| (name.as_str(), count)), false)
        };
        assert_eq!(hole(16, 1), Openness::Closed);
        assert_eq!(hole(17, 1), Openness::Open);
        assert_eq!(hole(17, 20), Openness::Closed);
        assert_eq!(hole(256, 20), Openness::Closed);
        assert_eq!(hole(257, 1000), Openness::Open);
    }

    #[test]
    fn what_was_open_stays_open() {
        let shape = Shape::from_line("user <word> left");
        assert_eq!(openness(shape.tokens(), 1, [("ann", 5)], true), Openness::Open);
        assert_eq!(openness(shape.tokens(), 0, [("ann", 5)], false), Openness::Open);
    }

    #[test]
    fn ids_depend_on_all_three_parts() {
        let id = variant_id(Fingerprint(1), 2, "x");
        assert_ne!(id, variant_id(Fingerprint(2), 2, "x"));
        assert_ne!(id, variant_id(Fingerprint(1), 3, "x"));
        assert_ne!(id, variant_id(Fingerprint(1), 2, "y"));
        assert_eq!(id, variant_id(Fingerprint(1), 2, "x"));
    }
}
