//! Tokens to tree, by recursive descent.
//!
//! ```text
//! expression = factor { [ "AND" ] factor }              loosest; standing side by side means AND
//! factor     = term { "OR" term }                       OR binds tighter than AND
//! term       = [ "NOT" | "-" ] ( "(" expression ")" | leaf )
//! ```
//!
//! The same three rules read a filter, whose leaves are comparisons, functions and search terms, and a list of values.
//! Depth is bounded by [`MAX_NESTING`], so no text can exhaust the stack.
//!
//! Source: Logging query language, edition of 2024-05-15, "Boolean operators" and "Comparisons"; AIP-160.

mod call;
mod value;

use crate::ast::{Ast, Comparable, Comparison, Literal, Member, Op, Term, Tree};
use crate::error::{Error, ErrorKind};
use crate::lex::{Token, TokenKind, lex};
use crate::span::Span;
use crate::warning::{Warning, WarningKind};

/// A filter has at most this many characters, comments included. Source: quotas page.
pub const MAX_CHARACTERS: usize = 20_000;

/// At most this many parentheses inside one another, those of function calls included.
pub const MAX_NESTING: usize = 100;

/// Reads a text into a tree and says what looks unintended.
///
/// # Errors
/// The first place that cannot be read. Whether fields and values exist is [`check`](crate::check)'s business.
pub(crate) fn parse(text: &str, lenient: bool, warnings: &mut Vec<Warning>) -> Result<Ast, Error> {
    let characters = text.chars().count();
    if characters > MAX_CHARACTERS {
        return Err(Error::new(ErrorKind::TooLong { characters }, Span::new(0, 0)));
    }
    let tokens = lex(text)?;
    let mut parser = Parser { text, tokens, at: 0, depth: 0, lenient, warnings };
    parser.query()
}

/// Reads a text that is a path and nothing else.
pub(crate) fn parse_member(text: &str) -> Result<Member, Error> {
    let tokens = lex(text)?;
    let mut warnings = Vec::new();
    let mut parser = Parser { text, tokens, at: 0, depth: 0, lenient: false, warnings: &mut warnings };
    let member = parser.member("a field")?;
    match parser.peek() {
        None => Ok(member),
        Some(_) => Err(parser.unexpected("the end of the field")),
    }
}

pub(crate) struct Parser<'t, 'w> {
    pub(crate) text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    lenient: bool,
    pub(crate) warnings: &'w mut Vec<Warning>,
}

/// Which of the two languages of the grammar is being read.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Terms,
    Values,
}

/// The leaves of the two languages.
trait Leaf: Sized {
    const MODE: Mode;
    fn read(parser: &mut Parser<'_, '_>) -> Result<Self, Error>;
    /// Looks at the alternatives of a factor that stood without parentheses.
    fn review(_alternatives: &[Tree<Self>], _parser: &mut Parser<'_, '_>) {}
}

impl Leaf for Term {
    const MODE: Mode = Mode::Terms;

    fn read(parser: &mut Parser<'_, '_>) -> Result<Self, Error> {
        parser.restriction()
    }

    fn review(alternatives: &[Tree<Self>], parser: &mut Parser<'_, '_>) {
        crate::traps::value_outside_list(alternatives, parser);
    }
}

impl Leaf for Literal {
    const MODE: Mode = Mode::Values;

    fn read(parser: &mut Parser<'_, '_>) -> Result<Self, Error> {
        let value = parser.value("a value")?;
        match parser.peek() {
            Some(Token { kind: TokenKind::Op(_), span }) => {
                Err(Error::new(ErrorKind::ComparisonInList, value.span.to(span)))
            }
            _ => Ok(value),
        }
    }
}

impl Parser<'_, '_> {
    fn query(&mut self) -> Result<Ast, Error> {
        if self.tokens.is_empty() {
            return Ok(None);
        }
        let tree = self.expression::<Term>()?;
        match self.peek() {
            None => Ok(Some(tree)),
            Some(Token { kind: TokenKind::Close, span }) => {
                Err(Error::new(ErrorKind::StrayParenthesis, span))
            }
            Some(_) => Err(self.unexpected("the end of the filter")),
        }
    }

    fn expression<L: Leaf>(&mut self) -> Result<Tree<L>, Error> {
        let start = self.at;
        let mut terms = vec![self.factor()?];
        let (mut has_and, mut has_or) = (false, matches!(terms[0], Tree::Or(_)) && !self.is_group(start));
        loop {
            if self.keyword() == Some("AND") {
                has_and = true;
                self.at += 1;
            } else if !self.begins_term(L::MODE) {
                break;
            }
            let start = self.at;
            let factor = self.factor()?;
            has_or |= matches!(factor, Tree::Or(_)) && !self.is_group(start);
            terms.push(factor);
        }
        if has_and && has_or {
            let span = Span::new(self.tokens[start].span.start, self.tokens[self.at - 1].span.end);
            let warning = Warning::new(WarningKind::Precedence, span);
            self.warnings.push(warning.hint("OR binds more tightly than AND; write parentheses to be sure"));
        }
        Ok(one_or(terms, Tree::And))
    }

    /// Says whether the tokens from `start` to here are one group in parentheses (possibly negated).
    fn is_group(&self, start: usize) -> bool {
        let opens = self.tokens[start..].first().is_some_and(|token| token.kind == TokenKind::Open);
        let mut depth = 0_usize;
        for (idx, token) in self.tokens[start..self.at].iter().enumerate() {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return opens && start + idx + 1 == self.at;
            }
        }
        false
    }

    fn factor<L: Leaf>(&mut self) -> Result<Tree<L>, Error> {
        let mut alternatives = vec![self.term()?];
        while self.keyword() == Some("OR") {
            self.at += 1;
            alternatives.push(self.term()?);
        }
        L::review(&alternatives, self);
        Ok(one_or(alternatives, Tree::Or))
    }

    fn term<L: Leaf>(&mut self) -> Result<Tree<L>, Error> {
        let Some(token) = self.peek() else { return Err(self.unexpected(L::MODE.expected())) };
        let minus = token.kind == TokenKind::Minus && !(L::MODE == Mode::Values && self.is_negative_number());
        if !minus && self.keyword() != Some("NOT") {
            return self.simple();
        }
        self.at += 1;
        if minus && self.peek().is_some_and(|next| next.span.start != token.span.end) {
            if !self.lenient {
                return Err(
                    Error::new(ErrorKind::LooseMinus, token.span).hint("write NOT, or no space after -")
                );
            }
            self.warnings.push(Warning::new(WarningKind::LooseMinus, token.span));
        }
        let again = self.peek().is_some_and(|next| next.kind == TokenKind::Minus) && L::MODE == Mode::Terms;
        if again || self.keyword() == Some("NOT") {
            return Err(Error::new(ErrorKind::RepeatedNot, token.span.to(self.tokens[self.at].span)));
        }
        Ok(Tree::Not(Box::new(self.simple()?)))
    }

    fn simple<L: Leaf>(&mut self) -> Result<Tree<L>, Error> {
        match self.peek() {
            Some(Token { kind: TokenKind::Open, span }) => self.group(span),
            Some(_) if self.keyword().is_none() => Ok(Tree::Leaf(L::read(self)?)),
            _ => Err(self.unexpected(L::MODE.expected())),
        }
    }

    fn group<L: Leaf>(&mut self, open: Span) -> Result<Tree<L>, Error> {
        self.enter(open)?;
        self.at += 1;
        if self.peek().is_none() {
            return Err(Error::new(ErrorKind::OpenParenthesis, open));
        }
        let tree = self.expression()?;
        match self.peek() {
            Some(Token { kind: TokenKind::Close, .. }) => {
                self.at += 1;
                self.depth -= 1;
                Ok(tree)
            }
            None => Err(Error::new(ErrorKind::OpenParenthesis, open)),
            Some(_) => Err(self.unexpected("AND, OR or a closing parenthesis")),
        }
    }

    fn restriction(&mut self) -> Result<Term, Error> {
        let left = if self.at_call() {
            Comparable::Call(self.call()?)
        } else {
            Comparable::Member(self.member(Mode::Terms.expected())?)
        };
        match (self.peek(), left) {
            (Some(Token { kind: TokenKind::Op(op), span }), left) => {
                self.at += 1;
                let start = self.at;
                let right = self.right_hand_side(op)?;
                let right_span = self.tokens[start].span.to(self.tokens[self.at - 1].span);
                Ok(Term::Comparison(Comparison { left, op, op_span: span, right, right_span }))
            }
            (_, Comparable::Call(call)) => Ok(Term::Call(call)),
            (_, Comparable::Member(member)) => {
                let literal = self.literal(member)?;
                crate::traps::operator_lookalike(&literal, self.warnings);
                Ok(Term::Global(literal))
            }
        }
    }

    fn right_hand_side(&mut self, op: Op) -> Result<Tree<Literal>, Error> {
        match self.peek() {
            Some(Token { kind: TokenKind::Open, span }) => self.group(span),
            Some(Token { kind: TokenKind::Op(second), span }) => {
                let error = self.unexpected("a value");
                Err(match (op, second) {
                    (Op::Eq, Op::Eq) => error.hint("write one ="),
                    (Op::Lt, Op::Gt) => error.hint("write != for \"differs from\""),
                    _ => Error { span, ..error },
                })
            }
            _ if self.at_call() && self.keyword().is_none() => {
                Err(self.unexpected("a value").hint("functions stand on the left of a comparison"))
            }
            _ => Ok(Tree::Leaf(self.value("a value")?)),
        }
    }

    const fn enter(&mut self, open: Span) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_NESTING { Err(Error::new(ErrorKind::TooDeep, open)) } else { Ok(()) }
    }

    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn keyword(&self) -> Option<&'static str> {
        let token = self.peek().filter(|token| token.kind == TokenKind::Word)?;
        let word = token.span.of(self.text);
        ["AND", "OR", "NOT"].into_iter().find(|keyword| *keyword == word)
    }

    fn begins_term(&self, mode: Mode) -> bool {
        let Some(token) = self.peek() else { return false };
        match token.kind {
            TokenKind::Word => self.keyword() != Some("OR"),
            TokenKind::String { .. } | TokenKind::Open | TokenKind::Minus => true,
            // Reading on gives the better message: "a list of values holds no comparisons".
            TokenKind::Op(_) => mode == Mode::Terms,
            TokenKind::Close | TokenKind::Comma | TokenKind::Dot => false,
        }
    }

    fn unexpected(&self, expected: &'static str) -> Error {
        let (found, span) = match self.peek() {
            Some(token) => (format!("'{}'", token.span.of(self.text)), token.span),
            None => ("the end of the filter".to_owned(), Span::new(self.text.len(), self.text.len())),
        };
        Error::new(ErrorKind::Unexpected { expected, found }, span)
    }
}

impl Mode {
    const fn expected(self) -> &'static str {
        match self {
            Self::Terms => "a comparison or a search term",
            Self::Values => "a value",
        }
    }
}

fn one_or<L>(mut items: Vec<Tree<L>>, join: fn(Vec<Tree<L>>) -> Tree<L>) -> Tree<L> {
    if items.len() == 1 { items.remove(0) } else { join(items) }
}

#[cfg(test)]
mod tests;
