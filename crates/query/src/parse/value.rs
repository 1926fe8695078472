//! Values and paths: words, strings, and runs of them joined by dots.

use super::Parser;
use crate::ast::{Literal, Member, Op, Piece};
use crate::error::{Error, ErrorKind};
use crate::lex::{Token, TokenKind};
use crate::span::Span;
use crate::unescape::{requote, unescape};
use crate::warning::{Warning, WarningKind};

impl Parser<'_, '_> {
    /// Reads a value: words joined by dots, a string, or a negative number. After a comparator AND, OR, NOT are words.
    pub(super) fn value(&mut self, expected: &'static str) -> Result<Literal, Error> {
        let minus = self.is_negative_number().then(|| self.tokens[self.at].span);
        if minus.is_some() {
            self.at += 1;
        }
        let mut member = self.member(expected)?;
        if let Some(minus) = minus {
            member.pieces[0].text.insert(0, '-');
            member.span = minus.to(member.span);
        }
        let literal = self.literal(member)?;
        if let Some(Token { kind: TokenKind::Op(Op::Has), span }) = self.peek()
            && !literal.quoted
            && span.start == literal.span.end
        {
            return Err(self
                .unexpected("AND, OR or the end of the value")
                .hint("a value with a colon stands in quotes"));
        }
        Ok(literal)
    }

    /// Reads words and strings joined by dots that touch them.
    pub(super) fn member(&mut self, expected: &'static str) -> Result<Member, Error> {
        let first = self.piece(expected)?;
        let mut span = first.span;
        let mut pieces = vec![first];
        while let Some(dot) = self.peek()
            && dot.kind == TokenKind::Dot
            && dot.span.start == span.end
        {
            match self.tokens.get(self.at + 1) {
                Some(Token { kind: TokenKind::Word | TokenKind::String { .. }, span: next })
                    if next.start == dot.span.end => {}
                _ => break,
            }
            self.at += 1;
            let piece = self.piece("a field name")?;
            span = span.to(piece.span);
            pieces.push(piece);
        }
        Ok(Member { pieces, span })
    }

    fn piece(&mut self, expected: &'static str) -> Result<Piece, Error> {
        let Some(Token { kind, span }) = self.peek() else { return Err(self.unexpected(expected)) };
        let written = span.of(self.text);
        match kind {
            TokenKind::Word => {
                self.at += 1;
                if written.contains(['\u{201c}', '\u{201d}', '\u{201e}']) {
                    let warning = Warning::new(WarningKind::TypographicQuotes, span);
                    self.warnings.push(warning.hint("write \" instead"));
                }
                Ok(Piece { text: written.to_owned(), raw: String::new(), quoted: false, span })
            }
            TokenKind::String { quote } => {
                self.at += 1;
                self.string(&written[1..written.len() - 1], quote, span)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    fn string(&mut self, raw: &str, quote: char, span: Span) -> Result<Piece, Error> {
        let mut raw = raw.to_owned();
        if quote == '\'' {
            if !self.lenient {
                return Err(Error::new(ErrorKind::SingleQuotes, span));
            }
            self.warnings.push(Warning::new(WarningKind::SingleQuotes, span));
            raw = requote(&raw);
        }
        let text = unescape(&raw, &mut Vec::new());
        Ok(Piece { text, raw, quoted: true, span })
    }

    /// Turns what could have been a path into a value.
    pub(super) fn literal(&self, mut member: Member) -> Result<Literal, Error> {
        let span = member.span;
        if member.pieces.len() == 1 {
            let piece = member.pieces.remove(0);
            return Ok(Literal { text: piece.text, raw: piece.raw, quoted: piece.quoted, span });
        }
        if let Some(piece) = member.pieces.iter().find(|piece| piece.quoted) {
            let kind = ErrorKind::Unexpected {
                expected: "a value without dots around strings",
                found: piece.span.of(self.text).to_owned(),
            };
            return Err(Error::new(kind, piece.span).hint("put the whole value in one pair of quotes"));
        }
        let text = member.pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(".");
        Ok(Literal { text, raw: String::new(), quoted: false, span })
    }

    /// In the place of a value, a minus sign that touches a digit is part of the number.
    pub(super) fn is_negative_number(&self) -> bool {
        let [minus, word, ..] = self.tokens[self.at.min(self.tokens.len())..] else { return false };
        minus.kind == TokenKind::Minus
            && word.kind == TokenKind::Word
            && word.span.start == minus.span.end
            && word.span.of(self.text).starts_with(|c: char| c.is_ascii_digit())
    }
}
