//! Which tokens of a shape belong together as one place: what is quoted or bracketed, and lists.

use super::{Rank, Vocabulary};
use crate::shape::Token;
use std::ops::Range;

/// How strongly the tokens of a place belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// One token that is a value already.
    Value,
    /// One token.
    Token,
    /// Several tokens in quotes or square brackets.
    Delimited,
    /// Single tokens with commas between.
    List,
    /// Words with dots between: `orders.created`. White space is not known here, so the end of a sentence looks the same.
    Dotted,
    /// Several tokens in round brackets: often an aside that says what happened, such as the reason of an error.
    Aside,
}

/// What is longer is no value but a text of its own.
const MAX_SPAN: usize = 20;

/// Appends every place of a shape.
pub(super) fn find(shape: &[Rank], vocabulary: &Vocabulary, places: &mut Vec<(Range<usize>, Kind)>) {
    for (idx, &token) in shape.iter().enumerate() {
        places.push((idx..idx + 1, if token == vocabulary.value { Kind::Value } else { Kind::Token }));
    }
    let mut idx = 0;
    while idx < shape.len() {
        let end = closing(&shape[idx..], vocabulary).map(|(len, kind)| (idx + len, kind));
        if let Some((end, kind)) = end {
            if end > idx + 2 {
                places.push((idx + 1..end, kind));
            }
            // What quotes enclose is done; brackets may hold lists and quotes.
            if vocabulary.is_quote[shape[idx] as usize] {
                idx = end + 1;
                continue;
            }
        }
        idx += 1;
    }
    joined(shape, vocabulary, vocabulary.comma, Kind::List, places);
    joined(shape, vocabulary, vocabulary.dot, Kind::Dotted, places);
}

/// Returns how far behind the first token its partner stands.
fn closing(rest: &[Rank], vocabulary: &Vocabulary) -> Option<(usize, Kind)> {
    let open = rest[0];
    let (close, kind) = match &vocabulary.tokens[open as usize] {
        Token::Symbol('[') => (']', Kind::Delimited),
        Token::Symbol('(') => (')', Kind::Aside),
        Token::Symbol(quote @ ('"' | '\'' | '`')) => (*quote, Kind::Delimited),
        _ => return None,
    };
    for (len, &token) in rest.iter().enumerate().skip(1).take(MAX_SPAN + 1) {
        match vocabulary.tokens[token as usize] {
            Token::Symbol(symbol) if symbol == close => return Some((len, kind)),
            _ if token == open => return None,
            _ => {}
        }
    }
    None
}

/// Appends the longest runs of words and values with one symbol between.
fn joined(
    shape: &[Rank],
    vocabulary: &Vocabulary,
    symbol: Option<Rank>,
    kind: Kind,
    places: &mut Vec<(Range<usize>, Kind)>,
) {
    let is_item = |idx: usize| {
        shape.get(idx).is_some_and(|&token| token == vocabulary.value || vocabulary.is_word[token as usize])
    };
    let mut start = 0;
    while start < shape.len() {
        let mut end = start + 1;
        while is_item(end - 1) && symbol.is_some() && shape.get(end).copied() == symbol && is_item(end + 1) {
            end += 2;
        }
        if end > start + 1 {
            places.push((start..end, kind));
        }
        start = end;
    }
}
