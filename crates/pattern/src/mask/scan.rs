//! The left-to-right pass: at every place that can begin a value, the most specific class that fits takes it.
//!
//! The first byte chooses a handler. Inside a word nothing can begin, so a word that is no value is left in one step; the
//! pass touches most bytes once and looks behind by at most one character.

use super::class::{self, ALNUM, ALPHA, CLASS, DIGIT, HIGH, SPACE, UNDERSCORE, is, word_before, word_len};
use super::word::{self, Ahead, Step};
use super::{Hole, HoleKind, join, net, number, pairs, path};

/// Appends the values of `text[from..to]`; runs of values are joined as they appear.
pub(super) fn scan(text: &str, from: usize, to: usize, holes: &mut Vec<Hole>) {
    // Text behind `to` belongs to a user rule and must not be looked at; text before `from` is context.
    let text = &text[..to];
    let bytes = text.as_bytes();
    let mut ahead = Ahead::default();
    let mut idx = from;
    while idx < to {
        let byte = bytes[idx];
        let class = CLASS[usize::from(byte)];
        let step = if class & (ALPHA | UNDERSCORE) != 0 {
            word::letter(text, idx, &mut ahead)
        } else if byte == b' ' {
            match bytes[..idx].last() {
                Some(b'T' | b'E' | b'D' | b'H')
                    if let Some((start, end)) = net::request_target(text, idx) =>
                {
                    join::push(text, holes, start, end, HoleKind::Path);
                    Step::Skip(end)
                }
                _ => Step::Skip(idx + 1),
            }
        } else if class & DIGIT != 0 {
            word::digit(text, idx, &mut ahead)
        } else if class & HIGH != 0 {
            high(text, idx, &mut ahead)
        } else {
            symbol(text, idx, byte, holes)
        };
        match step {
            Step::Value(end, kind) => {
                join::push(text, holes, idx, end, kind);
                idx = end;
            }
            Step::Skip(next) => idx = next,
        }
    }
}

fn high(text: &str, idx: usize, ahead: &mut Ahead) -> Step {
    if word_len(text, idx) > 0 {
        word::letter(text, idx, ahead)
    } else {
        Step::Skip(idx + class::char_at(text, idx).map_or(1, char::len_utf8))
    }
}

fn symbol(text: &str, idx: usize, byte: u8, holes: &mut Vec<Hole>) -> Step {
    let bytes = text.as_bytes();
    let skip = Step::Skip(idx + 1);
    match byte {
        b'/' | b'\\' => {
            if byte == b'/'
                && is(bytes, idx + 1, DIGIT)
                && let Some(end) = net::ipv4(text, idx + 1)
            {
                return Step::Value(end, HoleKind::Ip);
            }
            path::path(text, idx).map_or(skip, |end| Step::Value(end, HoleKind::Path))
        }
        b'-' | b'+' => {
            if !is(bytes, idx + 1, DIGIT) || (idx > 0 && is(bytes, idx - 1, ALNUM)) {
                return skip;
            }
            number::number(bytes, idx).map_or(skip, |(end, kind)| Step::Value(end, kind))
        }
        b':' if bytes.get(idx + 1) == Some(&b':') && !word_before(text, idx) => {
            net::ipv6(text, idx).map_or(skip, |end| Step::Value(end, HoleKind::Ip))
        }
        b'=' => match pairs::value_behind(text, idx) {
            Some((start, end)) => {
                let (end, kind) = named_value(text, start, end);
                join::push(text, holes, start, end, kind);
                Step::Skip(end)
            }
            None => skip,
        },
        b'<' => {
            if bytes[idx..].starts_with(b"<*>") {
                return Step::Value(idx + 3, HoleKind::Value);
            }
            number::less_than(bytes, idx).map_or(skip, |end| Step::Value(end, HoleKind::Duration))
        }
        b'(' => match empty_brackets(bytes, idx) {
            Some(close) => {
                holes.push(Hole::new(idx + 1, idx + 1, HoleKind::Value));
                Step::Skip(close + 1)
            }
            None => skip,
        },
        0x1b => Step::Skip(class::escape_end(bytes, idx).unwrap_or(idx + 1)),
        _ => skip,
    }
}

/// Gives the value behind an equals sign its class: that of the value it starts with, when that one covers all of it.
fn named_value(text: &str, start: usize, end: usize) -> (usize, HoleKind) {
    if is(text.as_bytes(), start, ALPHA | UNDERSCORE)
        && let Step::Value(found, kind) = word::letter(text, start, &mut Ahead::default())
        && found >= end
    {
        return (found, kind);
    }
    (end, HoleKind::Value)
}

/// Matches ` ( ) `: brackets with nothing inside hold an empty value, since other lines have one there.
fn empty_brackets(bytes: &[u8], idx: usize) -> Option<usize> {
    if idx == 0 || !is(bytes, idx - 1, SPACE) {
        return None;
    }
    let mut close = idx + 1;
    while is(bytes, close, SPACE) {
        close += 1;
    }
    (bytes.get(close) == Some(&b')') && is(bytes, close + 1, SPACE)).then_some(close)
}
