//! Calls of functions and their arguments.

use super::Parser;
use crate::ast::{Argument, Call, Literal, Member};
use crate::error::{Error, ErrorKind};
use crate::lex::{Token, TokenKind};

impl Parser<'_, '_> {
    pub(super) fn at_call(&self) -> bool {
        let Some(name) = self.tokens.get(self.at) else { return false };
        let Some(open) = self.tokens.get(self.at + 1) else { return false };
        name.kind == TokenKind::Word
            && open.kind == TokenKind::Open
            && open.span.start == name.span.end
            && self.keyword().is_none()
    }

    pub(super) fn call(&mut self) -> Result<Call, Error> {
        let (name, open) = (self.tokens[self.at].span, self.tokens[self.at + 1].span);
        self.enter(open)?;
        self.at += 2;
        let mut args = Vec::new();
        loop {
            match self.peek() {
                None => return Err(Error::new(ErrorKind::OpenParenthesis, open)),
                Some(Token { kind: TokenKind::Close, .. }) if args.is_empty() => {}
                Some(Token { kind: TokenKind::Open, span }) => {
                    self.group::<Literal>(span)?;
                    args.push(Argument::List(span.to(self.tokens[self.at - 1].span)));
                }
                Some(_) if self.at_call() => args.push(Argument::Call(self.call()?)),
                Some(_) => args.push(Argument::Member(self.argument()?)),
            }
            let end = self.peek();
            match end {
                Some(Token { kind: TokenKind::Comma, .. }) if !args.is_empty() => self.at += 1,
                Some(Token { kind: TokenKind::Close, span }) => {
                    self.at += 1;
                    self.depth -= 1;
                    let name_text = name.of(self.text).to_owned();
                    return Ok(Call { name: name_text, name_span: name, args, span: name.to(span) });
                }
                None => return Err(Error::new(ErrorKind::OpenParenthesis, open)),
                Some(_) => return Err(self.unexpected("a comma or a closing parenthesis")),
            }
        }
    }

    fn argument(&mut self) -> Result<Member, Error> {
        let minus = self.is_negative_number();
        if minus {
            self.at += 1;
        }
        let mut member = self.member("an argument")?;
        if minus {
            member.pieces[0].text.insert(0, '-');
        }
        Ok(member)
    }
}
