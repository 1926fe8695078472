//! How a pattern is shown: `No module named '<*>'`.
//!
//! A shape has lost its white space, so a template is drawn on the text of an example, best the first occurrence of the
//! founding shape: constants stay as they were written, values become the mark of their kind, places found to vary by
//! comparison become `<*>`. Without an example the tokens are set with the spacing of ordinary prose.

use crate::mask::{Hole, HoleKind};
use crate::merge::Merged;
use crate::shape::{Shape, Token, each_piece};
use std::collections::BTreeMap;

/// Returns the text with its values replaced by the marks of their kinds.
#[must_use]
pub fn of_message(text: &str, holes: &[Hole]) -> String {
    let (mut shown, mut from) = (String::with_capacity(text.len()), 0);
    for hole in holes {
        shown.push_str(&text[from..hole.start_idx()]);
        shown.push_str(hole.kind.as_str());
        from = hole.end_idx();
    }
    shown.push_str(&text[from..]);
    shown
}

/// Returns the template a message belongs to, drawn on the text of that message.
///
/// `shape` is the message's own shape. When `merged` does not know it, the result is that of [`of_message`].
#[must_use]
pub fn of_merged(text: &str, holes: &[Hole], shape: &Shape, merged: &Merged) -> String {
    let fingerprint = shape.fingerprint();
    let (Some(template), Some(places)) = (merged.template_of(fingerprint), merged.places_of(fingerprint))
    else {
        return of_message(text, holes);
    };
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    let mut last_place = None;
    let mut token_idx = 0;
    each_piece(text, holes, |range, _| {
        let Some(&place) = places.get(token_idx) else { return };
        token_idx += 1;
        if last_place == Some(place) {
            from = range.end;
            return;
        }
        last_place = Some(place);
        shown.push_str(&text[from..range.start]);
        match template.tokens().get(place) {
            Some(Token::Value(kind)) => shown.push_str(kind.as_str()),
            _ => shown.push_str(&text[range.clone()]),
        }
        from = range.end;
    });
    if shape.is_cut() {
        shown.push_str(" …");
    } else {
        shown.push_str(&text[from..]);
    }
    shown
}

/// Returns a template with values filled in at some places, by the index of the token.
///
/// `template` must have been drawn from `tokens`; where the two no longer agree, the rest stays as it is.
#[must_use]
pub fn with_values(template: &str, tokens: &[Token], values: &BTreeMap<usize, String>) -> String {
    let mut shown = String::with_capacity(template.len());
    let (mut at, mut copied) = (0, 0);
    for (place, token) in tokens.iter().enumerate() {
        let mut symbol = [0; 4];
        let text: &str = match token {
            Token::Value(kind) => kind.as_str(),
            Token::Word(word) => word,
            Token::Symbol(c) => c.encode_utf8(&mut symbol),
        };
        let Some(gap) = template[at..].find(text) else { break };
        let between = &template[at..at + gap];
        if !between.contains('\u{1b}') && !between.trim().is_empty() {
            break;
        }
        at += gap;
        if let (Token::Value(_), Some(value)) = (token, values.get(&place)) {
            shown.push_str(&template[copied..at]);
            shown.push_str(value);
            copied = at + text.len();
        }
        at += text.len();
    }
    shown + &template[copied..]
}

/// Returns a readable line for tokens whose white space is not known.
#[must_use]
pub fn of_tokens(tokens: &[Token]) -> String {
    let mut shown = String::new();
    let mut glue = true;
    let mut open_quote: Option<char> = None;
    for token in tokens {
        let (closes, opens) = match token {
            Token::Symbol(quote @ ('"' | '\'' | '`')) => {
                let closes = open_quote == Some(*quote);
                open_quote = (!closes).then_some(*quote);
                (closes, !closes)
            }
            Token::Symbol(':' | ',' | ';' | '.' | '!' | '?' | ')' | ']' | '}' | '%') => (true, false),
            Token::Symbol('/' | '=' | '@' | '#' | '\\' | '-' | '+' | '_' | '&' | '~' | '^') => (true, true),
            Token::Symbol('(' | '[' | '{' | '<') => (false, true),
            _ => (false, false),
        };
        if !glue && !closes {
            shown.push(' ');
        }
        match token {
            Token::Value(kind) => shown.push_str(kind.as_str()),
            Token::Word(word) => shown.push_str(word),
            Token::Symbol(symbol) => shown.push(*symbol),
        }
        glue = opens;
    }
    shown
}

/// Returns the kinds of the values of a template, in the order they stand.
#[must_use]
pub fn kinds(tokens: &[Token]) -> Vec<HoleKind> {
    tokens
        .iter()
        .filter_map(|token| if let Token::Value(kind) = token { Some(*kind) } else { None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Masker;
    use crate::merge::merge;
    use crate::shape::shape;

    fn masked(text: &str) -> (Vec<Hole>, Shape) {
        let mut holes = Vec::new();
        Masker::standard().mask(text, &mut holes);
        let shape = shape(text, &holes);
        (holes, shape)
    }

    #[test]
    fn values_become_the_marks_of_their_kinds() {
        let text = "Connection  to 10.0.0.1:5432 failed after 12 ms.";
        assert_eq!(of_message(text, &masked(text).0), "Connection  to <ip> failed after <duration>.");
    }

    #[test]
    fn places_found_by_comparison_are_shown_in_the_example() {
        let texts = ["No module named 'auth_service'", "No module named 'app.services.monitoring'"];
        let shapes: Vec<Shape> = texts.iter().map(|text| masked(text).1).collect();
        let merged = merge(&shapes);
        for text in texts {
            let (holes, shape) = masked(text);
            assert_eq!(of_merged(text, &holes, &shape, &merged), "No module named '<*>'");
        }
        let other = "No such file";
        let (holes, shape) = masked(other);
        assert_eq!(of_merged(other, &holes, &shape, &merged), other);
    }

    #[test]
    fn values_that_are_known_are_filled_in() {
        let template = "No <b>  module '<name>' for <*>, <num>";
        let shape = Shape::from_line("No < b > module ' <name> ' for <*> , <num>");
        let values = |of: &[(usize, &str)]| {
            of.iter().map(|(place, value)| (*place, (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(
            with_values(template, shape.tokens(), &values(&[(6, "a.b.c"), (9, "x")])),
            "No <b>  module 'a.b.c' for x, <num>"
        );
        assert_eq!(with_values(template, shape.tokens(), &values(&[])), template);
        assert_eq!(with_values("other <name>", shape.tokens(), &values(&[(6, "a")])), "other <name>");
    }

    #[test]
    fn tokens_without_an_example_read_as_prose() {
        for (line, shown) in [
            ("No module named ' <*> '", "No module named '<*>'"),
            ("a = <num> , ( b ) : c / d .", "a=<num>, (b): c/d."),
            ("[ <time> ] [ INFO ] up", "[<time>] [INFO] up"),
        ] {
            assert_eq!(of_tokens(Shape::from_line(line).tokens()), shown);
        }
    }
}
