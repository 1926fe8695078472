//! Text to tokens.
//!
//! What a character means depends only on whether a token could start there: `-` negates before a term and is part of
//! a word inside one, `--` begins a comment only where a token could start, `!` ends a word before `=` or `~`.
//!
//! Source: Logging query language, edition of 2024-05-15, "Syntax notation"; word characters as in the Ops Agent's
//! `filter.bnf` and the Grafeas grammar.

use crate::ast::Op;
use crate::error::{Error, ErrorKind};
use crate::span::Span;

/// What a token is; its text is the span's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A word without quotes.
    Word,
    /// A string, quotes included in the span. The quote is `"` or, leniently, `'`.
    String {
        /// Which character quotes it.
        quote: char,
    },
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `-` in front of something.
    Minus,
    /// A comparator.
    Op(Op),
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// Splits a text into tokens; white space and comments are dropped.
pub(crate) fn lex(text: &str) -> Result<Vec<Token>, Error> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    while lexer.at < text.len() {
        lexer.next()?;
    }
    Ok(lexer.tokens)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<(), Error> {
        let rest = &self.text[self.at..];
        let c = rest.chars().next().expect("the caller checked that something is left");
        match c {
            ' ' | '\t' | '\r' | '\n' | '\u{c}' | '\u{a0}' => self.at += c.len_utf8(),
            // A byte order mark comes with text that was copied out of a file.
            '\u{feff}' if self.at == 0 => self.at += c.len_utf8(),
            '-' if rest.starts_with("--") => self.at += rest.find('\n').unwrap_or(rest.len()),
            '-' => self.push(TokenKind::Minus, 1),
            '(' => self.push(TokenKind::Open, 1),
            ')' => self.push(TokenKind::Close, 1),
            ',' => self.push(TokenKind::Comma, 1),
            '.' => self.push(TokenKind::Dot, 1),
            '"' => match closing_quote(rest, '"') {
                Some(len) => self.push(TokenKind::String { quote: '"' }, len),
                None => return Err(self.error(ErrorKind::OpenString, rest.len())),
            },
            '\'' if closing_quote(rest, '\'').is_some() => {
                let len = closing_quote(rest, '\'').expect("the guard found it");
                self.push(TokenKind::String { quote: '\'' }, len);
            }
            _ => match Op::ALL.into_iter().find(|op| rest.starts_with(op.text())) {
                Some(op) => self.push(TokenKind::Op(op), op.text().len()),
                None => match word_len(rest) {
                    0 => return Err(self.unexpected(c)),
                    len => self.push(TokenKind::Word, len),
                },
            },
        }
        Ok(())
    }

    fn push(&mut self, kind: TokenKind, len: usize) {
        self.tokens.push(Token { kind, span: Span::new(self.at, self.at + len) });
        self.at += len;
    }

    const fn error(&self, kind: ErrorKind, len: usize) -> Error {
        Error::new(kind, Span::new(self.at, self.at + len))
    }

    fn unexpected(&self, c: char) -> Error {
        let error = self.error(ErrorKind::Character(c), c.len_utf8());
        match c {
            '+' | '\\' => error.hint("put the text in double quotes"),
            '~' => error.hint("regular expressions are compared with =~ and !~"),
            '!' => error.hint("write NOT field:value, or field!=value"),
            _ => error,
        }
    }
}

/// Returns the length of the string at the start of `rest`, both quotes included.
fn closing_quote(rest: &str, quote: char) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

/// Returns the length of the word at the start of `rest`; 0 when none starts there.
fn word_len(rest: &str) -> usize {
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let belongs = match c {
            '!' => !matches!(next, Some('=' | '~' | ':')),
            '+' | '-' => at > 0,
            // A backslash takes the next character with it, and both stay as they are written.
            '\\' => {
                let escapes = next.is_some_and(|next| !next.is_whitespace());
                if escapes {
                    chars.next();
                }
                escapes
            }
            _ => starts_word(c),
        };
        if !belongs {
            return at;
        }
    }
    rest.len()
}

/// Says whether a text is one word that is no keyword, so that it needs no quotes as part of a path.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !matches!(text, "AND" | "OR" | "NOT")
        && !text.contains('\'')
        && word_len(text) == text.len()
        // Followed by a comparator, a last `!` would join it.
        && !text.ends_with('!')
}

/// Says whether a word may begin with this character.
pub(crate) const fn starts_word(c: char) -> bool {
    matches!(
        c,
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '/' | ';' | '?' | '@'
            | '[' | ']' | '^' | '`' | '{' | '|' | '}' | '\u{a1}'..
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let tokens = lex(text).unwrap();
        let got: Vec<&str> = tokens.iter().map(|token| token.span.of(text)).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn words_strings_and_signs() {
        check("a=1 AND b!=2", &["a", "=", "1", "AND", "b", "!=", "2"]);
        check("labels.k8s-pod/app=foo", &["labels", ".", "k8s-pod/app", "=", "foo"]);
        check("a=~\"x\\\"y\" !~", &["a", "=~", "\"x\\\"y\"", "!~"]);
        check("a>=b<=c", &["a", ">=", "b", "<=", "c"]);
        check("wal\\\"rus", &["wal\\\"rus"]);
        check("foo!bar a!=b", &["foo!bar", "a", "!=", "b"]);
        check("-a -(b) c-d", &["-", "a", "-", "(", "b", ")", "c-d"]);
        check("\u{a0}été\u{c}x", &["été", "x"]);
        check("log_id('x y')", &["log_id", "(", "'x y'", ")"]);
        check("'tis", &["'tis"]);
        check("\u{feff}a", &["a"]);
    }

    #[test]
    fn comments_begin_only_where_a_token_could() {
        check("a -- b\nc", &["a", "c"]);
        check("foo--bar", &["foo--bar"]);
        check("\"b\"--c", &["\"b\""]);
        check("\"--\"", &["\"--\""]);
        check("--", &[]);
    }

    #[test]
    fn what_begins_nothing_is_refused() {
        for text in ["+1", "a=\"x", "a ~ b", "a!:b", "\\", "\u{7}", "\u{80}"] {
            assert!(lex(text).is_err(), "{text}");
        }
    }
}
