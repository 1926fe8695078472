//! A message without its values: the shape, and its fingerprint.
//!
//! A shape is a sequence of words, single symbols and values; white space and colour codes are not part of it, so `a=b`,
//! `a = b` and `a= b` agree. The fingerprint hashes the first [`MAX_TOKENS`] tokens with every value as one symbol. It is
//! computed from the text in one pass, without building the shape.

mod hash;

use crate::mask::{ALPHA, CLASS, HIGH, Hole, HoleKind, SPACE, UNDERSCORE, WORD, escape_end, word_len};
use hash::TokenHasher;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// How many tokens a shape and its fingerprint cover; what follows is ignored.
pub const MAX_TOKENS: usize = 100;

/// The name of a shape: equal on every machine and in every year for the same mask version.
///
/// Shown as sixteen lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// One part of a shape.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    /// A value, with its kind for display.
    Value(HoleKind),
    /// A word.
    Word(Box<str>),
    /// A single character that is neither a word nor white space.
    Symbol(char),
}

/// A message without its values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    tokens: Vec<Token>,
    is_cut: bool,
}

impl Shape {
    /// Returns the shape of these tokens, of which only the first [`MAX_TOKENS`] are kept.
    #[must_use]
    pub fn of_tokens(mut tokens: Vec<Token>) -> Self {
        let is_cut = tokens.len() > MAX_TOKENS;
        tokens.truncate(MAX_TOKENS);
        Self { tokens, is_cut }
    }

    /// Returns the tokens, at most [`MAX_TOKENS`].
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Tells whether the message had more tokens than the shape holds.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the name of this shape; equal to [`fingerprint`] of the message it was made from.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = TokenHasher::new();
        for token in &self.tokens {
            match token {
                Token::Value(_) => hasher.value(),
                Token::Word(word) => hasher.token(word),
                Token::Symbol(symbol) => hasher.token(symbol.encode_utf8(&mut [0; 4])),
            }
        }
        hasher.finish()
    }

    /// Merges the kinds of values with those of another message of the same shape.
    ///
    /// The result does not depend on the order in which messages are taken in.
    pub fn absorb_kinds(&mut self, other: &Self) {
        for (mine, theirs) in self.tokens.iter_mut().zip(&other.tokens) {
            if let (Token::Value(kind), Token::Value(more)) = (mine, theirs) {
                *kind = kind.or(*more);
            }
        }
        self.is_cut |= other.is_cut;
    }

    /// Writes the shape as one line: tokens with one space between, values as their marks, ` …` behind a cut shape.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = String::new();
        for token in &self.tokens {
            if !line.is_empty() {
                line.push(' ');
            }
            match token {
                Token::Value(kind) => line.push_str(kind.as_str()),
                Token::Word(word) => line.push_str(word),
                Token::Symbol(symbol) => line.push(*symbol),
            }
        }
        if self.is_cut {
            line.push_str(CUT);
        }
        line
    }

    /// Reads a shape from its line, the reverse of [`Self::to_line`].
    #[must_use]
    pub fn from_line(line: &str) -> Self {
        let (line, is_cut) = match line.strip_suffix(CUT) {
            Some(before) => (before, true),
            None => (line, false),
        };
        let tokens = line.split(' ').filter(|part| !part.is_empty()).map(read_token).collect();
        Self { tokens, is_cut }
    }
}

/// Stands behind a cut shape. Two dots in one part cannot be a token, since symbols are single characters.
const CUT: &str = " ..";

fn read_token(part: &str) -> Token {
    let mut characters = part.chars();
    match (characters.next(), characters.next()) {
        (Some('<'), Some(_)) => {
            Token::Value(HoleKind::from_name(part.trim_matches(['<', '>'])).unwrap_or(HoleKind::Value))
        }
        (Some(first), None)
            if !(first.is_alphanumeric() && !first.is_ascii_digit() || matches!(first, '_' | '$')) =>
        {
            Token::Symbol(first)
        }
        _ => Token::Word(part.into()),
    }
}

/// Returns the shape of a message whose values are `holes`.
///
/// `holes` must come from [`Masker::mask`](crate::mask::Masker::mask) of the same text.
#[must_use]
pub fn shape(text: &str, holes: &[Hole]) -> Shape {
    let mut tokens = Vec::new();
    let is_cut = each_token(text, holes, |piece| {
        tokens.push(match piece {
            Piece::Value(kind) => Token::Value(kind),
            Piece::Word(word) => Token::Word(word.into()),
            Piece::Symbol(symbol) => Token::Symbol(symbol.chars().next().unwrap_or(' ')),
        });
    });
    Shape { tokens, is_cut }
}

/// Returns the fingerprint of the shape of a message whose values are `holes`.
///
/// Cost: one pass over the text, no allocation.
#[must_use]
pub fn fingerprint(text: &str, holes: &[Hole]) -> Fingerprint {
    let mut hasher = TokenHasher::new();
    each_token(text, holes, |piece| match piece {
        Piece::Value(_) => hasher.value(),
        Piece::Word(token) | Piece::Symbol(token) => hasher.token(token),
    });
    hasher.finish()
}

/// One token, borrowed from the text.
pub(crate) enum Piece<'t> {
    Value(HoleKind),
    Word(&'t str),
    Symbol(&'t str),
}

/// Calls `found` for each of the first [`MAX_TOKENS`] tokens; tells whether there were more.
#[inline]
fn each_token<'t>(text: &'t str, holes: &[Hole], mut found: impl FnMut(Piece<'t>)) -> bool {
    each_piece(text, holes, |_, piece| found(piece))
}

/// Calls `found` with the place in the text and the content of each token; tells whether there were more.
#[inline]
pub(crate) fn each_piece<'t>(
    text: &'t str,
    holes: &[Hole],
    mut found: impl FnMut(Range<usize>, Piece<'t>),
) -> bool {
    let mut n_tokens = 0;
    let mut holes = holes.iter();
    let mut next = holes.next();
    let mut idx = 0;
    loop {
        let stop = next.map_or(text.len(), |hole| hole.start_idx());
        while idx < stop {
            let start = idx;
            let (end, piece) = token_at(text, idx, stop);
            idx = end;
            let Some(piece) = piece else { continue };
            if n_tokens == MAX_TOKENS {
                return true;
            }
            n_tokens += 1;
            found(start..end, piece);
        }
        let Some(hole) = next else { return false };
        if n_tokens == MAX_TOKENS {
            return true;
        }
        n_tokens += 1;
        found(hole.start_idx()..hole.end_idx(), Piece::Value(hole.kind));
        idx = hole.end_idx();
        next = holes.next();
    }
}

/// Returns the token that starts at `idx`, if it is not white space, and where the next one may start.
#[inline]
fn token_at(text: &str, idx: usize, stop: usize) -> (usize, Option<Piece<'_>>) {
    let bytes = text.as_bytes();
    let byte = bytes[idx];
    let class = CLASS[usize::from(byte)];
    if class & (ALPHA | UNDERSCORE) != 0 || byte == b'$' {
        let end = word_token_end(text, idx + 1, stop);
        return (end, Some(Piece::Word(&text[idx..end])));
    }
    if class & SPACE != 0 {
        return (idx + 1, None);
    }
    if class & HIGH != 0 {
        return high_token(text, idx, stop);
    }
    if byte == 0x1b
        && let Some(end) = escape_end(bytes, idx)
    {
        return (end.min(stop), None);
    }
    (idx + 1, Some(Piece::Symbol(&text[idx..=idx])))
}

#[inline]
fn word_token_end(text: &str, mut end: usize, stop: usize) -> usize {
    let bytes = text.as_bytes();
    while end < stop {
        let byte = bytes[end];
        if CLASS[usize::from(byte)] & WORD != 0 || matches!(byte, b'-' | b'$') {
            end += 1;
        } else if byte >= 0x80 && word_len(text, end) > 0 {
            end += word_len(text, end);
        } else {
            break;
        }
    }
    end
}

#[cold]
fn high_token(text: &str, idx: usize, stop: usize) -> (usize, Option<Piece<'_>>) {
    let len = word_len(text, idx);
    if len > 0 {
        let end = word_token_end(text, idx + len, stop);
        return (end, Some(Piece::Word(&text[idx..end])));
    }
    let symbol = text[idx..].chars().next().unwrap_or(' ');
    let end = idx + symbol.len_utf8();
    (end, (!symbol.is_whitespace()).then(|| Piece::Symbol(&text[idx..end])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Masker;

    fn line_of(text: &str) -> String {
        let mut holes = Vec::new();
        Masker::standard().mask(text, &mut holes);
        let shape = shape(text, &holes);
        assert_eq!(shape.fingerprint(), fingerprint(text, &holes), "{text}");
        assert_eq!(Shape::from_line(&shape.to_line()), shape, "{text}");
        shape.to_line()
    }

    #[test]
    fn shapes_are_words_symbols_and_values() {
        for (text, line) in [
            ("No module named 'auth_service'", "No module named ' auth_service '"),
            ("took 12 ms", "took <duration>"),
            ("a=b, c = d", "a = <*> , c = <*>"),
            ("\x1b[32mok\x1b[0m done", "ok done"),
            ("größe: 5", "größe : <num>"),
            ("", ""),
        ] {
            assert_eq!(line_of(text), line);
        }
    }

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(line_of("a : b"), line_of("a:b"));
        assert_eq!(line_of("a  b\n"), line_of(" a b"));
    }

    #[test]
    fn long_messages_are_cut_after_the_same_token() {
        let long = "word ".repeat(MAX_TOKENS) + "more";
        let longer = long.clone() + " and more";
        let mut holes = Vec::new();
        Masker::standard().mask(&long, &mut holes);
        let cut = shape(&long, &holes);
        assert_eq!(cut.tokens().len(), MAX_TOKENS);
        assert!(cut.is_cut());
        assert_eq!(fingerprint(&long, &holes), fingerprint(&longer, &holes));
        assert_eq!(line_of(&long), line_of(&longer));
    }

    /// These numbers are a promise to archives already written. A change here needs a new mask version.
    #[test]
    fn fingerprints_stay_what_they_are() {
        for (text, name) in [
            ("", "70f5911d66a20bc9"),
            ("No module named 'auth_service'", "1fe2303f7d3fd09b"),
            ("Connection to 10.0.0.1:5432 failed after 12 ms", "be22fdc0a85d0cbe"),
        ] {
            let mut holes = Vec::new();
            Masker::standard().mask(text, &mut holes);
            assert_eq!(fingerprint(text, &holes).to_string(), name, "{text}");
        }
    }
}
