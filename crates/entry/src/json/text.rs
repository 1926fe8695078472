//! A JSON string, unescaped only when somebody needs it.

use std::borrow::Cow;

/// The content of a JSON string: the text between the quotes, and whether a backslash occurs in it.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// Wraps text that is meant literally, backslashes included.
    pub const fn plain(text: &'a str) -> Self {
        Self { raw: text, escaped: false }
    }

    pub(super) const fn from_json(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// Returns the string value. A lone surrogate, which no Rust string can hold, reads as U+FFFD.
    ///
    /// Cost: borrows unless the string has an escape.
    pub fn value(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }

    /// Returns the value without allocating, when no escape has to be resolved.
    pub const fn as_plain(self) -> Option<&'a str> {
        if self.escaped { None } else { Some(self.raw) }
    }

    /// Returns the string without the line feed at its end, if it has one.
    pub(crate) fn without_line_feed(self) -> Self {
        let raw = self.raw.strip_suffix('\n').or_else(|| {
            let rest = self.raw.strip_suffix("\\n").filter(|_| self.escaped)?;
            // An odd number of backslashes before it means that this one is escaped itself.
            let n_before = rest.bytes().rev().take_while(|byte| *byte == b'\\').count();
            n_before.is_multiple_of(2).then_some(rest)
        });
        Self { raw: raw.unwrap_or(self.raw), escaped: self.escaped }
    }

    /// Compares with plain text.
    pub fn is(self, other: &str) -> bool {
        if self.escaped { unescape(self.raw) == other } else { self.raw == other }
    }

    /// Says whether the string is empty.
    pub const fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// Appends the canonical JSON form without the quotes: shortest escapes, lone surrogates kept as `\uxxxx`.
    pub(super) fn push_canonical(self, out: &mut String) {
        if !self.escaped {
            push_escaped(self.raw, out);
            return;
        }
        for piece in Pieces::new(self.raw) {
            match piece {
                Piece::Literal(text) => push_escaped(text, out),
                Piece::Char(c) => push_escaped(c.encode_utf8(&mut [0; 4]), out),
                Piece::LoneSurrogate(unit) => push_unicode_escape(unit, out),
            }
        }
    }
}

/// Appends `text` with the escapes JSON requires and no others.
pub(super) fn push_escaped(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            other => push_unicode_escape(u16::from(other), out),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

fn push_unicode_escape(unit: u16, out: &mut String) {
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        let digit = u32::from(unit >> shift & 0xf);
        out.push(char::from_digit(digit, 16).expect("four bits are one hex digit"));
    }
}

fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for piece in Pieces::new(raw) {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Char(c) => out.push(c),
            Piece::LoneSurrogate(_) => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    out
}

enum Piece<'a> {
    Literal(&'a str),
    Char(char),
    LoneSurrogate(u16),
}

/// Walks an escaped string. The parser has checked the escapes, so what cannot be read here stays literal.
struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Pieces<'a> {
    const fn new(raw: &'a str) -> Self {
        Self { rest: raw }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let at = memchr::memchr(b'\\', self.rest.as_bytes());
        if at != Some(0) {
            let (literal, rest) = self.rest.split_at(at.unwrap_or(self.rest.len()));
            self.rest = rest;
            return Some(Piece::Literal(literal));
        }
        let simple = match self.rest.as_bytes().get(1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'u') => return Some(self.unicode_escape()),
            _ => {
                let (literal, rest) = self.rest.split_at(1);
                self.rest = rest;
                return Some(Piece::Literal(literal));
            }
        };
        self.rest = &self.rest[2..];
        Some(Piece::Char(simple))
    }
}

impl<'a> Pieces<'a> {
    fn unicode_escape(&mut self) -> Piece<'a> {
        let Some(first) = code_unit(self.rest) else {
            let (literal, rest) = self.rest.split_at(1);
            self.rest = rest;
            return Piece::Literal(literal);
        };
        self.rest = &self.rest[6..];
        if let Some(c) = char::from_u32(u32::from(first)) {
            return Piece::Char(c);
        }
        if first < 0xdc00
            && let Some(second @ 0xdc00..=0xdfff) = code_unit(self.rest)
        {
            self.rest = &self.rest[6..];
            let scalar = 0x10000 + (u32::from(first - 0xd800) << 10) + u32::from(second - 0xdc00);
            return Piece::Char(char::from_u32(scalar).expect("a surrogate pair is a scalar value"));
        }
        Piece::LoneSurrogate(first)
    }
}

fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, value: &str, canonical: &str) {
        let text = Text::from_json(raw, raw.contains('\\'));
        assert_eq!(text.value(), value, "value of {raw}");
        let mut out = String::new();
        text.push_canonical(&mut out);
        assert_eq!(out, canonical, "canonical form of {raw}");
    }

    #[test]
    fn escapes_are_resolved_and_written_back_shortest() {
        check("plain", "plain", "plain");
        check(r"a\/b", "a/b", "a/b");
        check(r"tab\there", "tab\there", r"tab\there");
        check(r"\u0041\u00e9", "Aé", "Aé");
        check(r"\ud83d\ude00", "😀", "😀");
        check(r"\u0000x", "\0x", r"\u0000x");
        check(r#"\"\\"#, "\"\\", r#"\"\\"#);
    }

    #[test]
    fn line_feeds_at_the_end() {
        let without = |raw: &'static str| Text::from_json(raw, true).without_line_feed().raw;
        assert_eq!(without(r"a\n"), "a");
        assert_eq!(without(r"a\\\n"), r"a\\");
        assert_eq!(without(r"a\\n"), r"a\\n");
        assert_eq!(Text::plain("a\\n").without_line_feed().raw, "a\\n");
        assert_eq!(Text::plain("a\n").without_line_feed().raw, "a");
    }

    #[test]
    fn a_lone_surrogate_survives_in_canonical_form() {
        check(r"\uD800!", "\u{fffd}!", r"\ud800!");
        check(r"\ude00\ud83d", "\u{fffd}\u{fffd}", r"\ude00\ud83d");
        check(r"\ud83dA", "\u{fffd}A", r"\ud83dA");
    }
}
