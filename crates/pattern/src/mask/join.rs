//! Joins values that stand side by side.
//!
//! `10.0.0.1, 10.0.0.2` is a list whose length varies from line to line, and `2025-08-25 16:20:09` one time written in two
//! words. Values with nothing but white space and light punctuation between become one hole from the first to the last.

use super::class::{CLASS, LIGHT, SPACE, char_at, escape_end};
use super::{Hole, HoleKind};

/// Appends a value, joining it with the one before where only light punctuation lies between.
#[inline]
pub(super) fn push(text: &str, holes: &mut Vec<Hole>, start: usize, end: usize, kind: HoleKind) {
    if let Some(last) = holes.last_mut()
        && last.start < last.end
        && is_light(text, last.end_idx(), start)
    {
        *last = Hole::new(last.start_idx(), end, joined_kind(last.kind, kind));
        return;
    }
    holes.push(Hole::new(start, end, kind));
}

/// Widens every `#value#` to take in its marks.
pub(super) fn take_marks(text: &str, holes: &mut [Hole]) {
    let bytes = text.as_bytes();
    for hole in holes {
        let (start, end) = (hole.start_idx(), hole.end_idx());
        if start > 0 && bytes[start - 1] == b'#' && bytes.get(end) == Some(&b'#') {
            *hole = Hole::new(start - 1, end + 1, hole.kind);
        }
    }
}

/// Tells whether only white space and light punctuation stand between two places.
///
/// Hexadecimal digits that happen to be letters belong to an address when punctuation glues them to values on both sides:
/// `0000:00:fe.0` is one, as `0000:00:1e.0` is.
fn is_light(text: &str, from: usize, to: usize) -> bool {
    let bytes = text.as_bytes();
    let (mut idx, mut has_space, mut has_letters) = (from, false, false);
    while idx < to {
        let byte = bytes[idx];
        let class = CLASS[usize::from(byte)];
        if class & LIGHT != 0 {
            has_space |= class & SPACE != 0;
            idx += 1;
        } else if matches!(byte, b'a'..=b'f' | b'A'..=b'F') && idx > from {
            has_letters = true;
            idx += 1;
        } else if byte == 0x1b
            && let Some(end) = escape_end(bytes, idx)
        {
            idx = end;
            has_space = true;
        } else if byte >= 0x80
            && let Some(space) = char_at(text, idx).filter(|c| c.is_whitespace())
        {
            idx += space.len_utf8();
            has_space = true;
        } else {
            return false;
        }
    }
    !has_letters || !has_space && CLASS[usize::from(bytes[to - 1])] & LIGHT != 0
}

fn joined_kind(first: HoleKind, second: HoleKind) -> HoleKind {
    match (first, second) {
        (a, b) if a == b => a,
        // The zone or fraction of a time is often written apart from it.
        (HoleKind::Time, HoleKind::Num) => HoleKind::Time,
        _ => HoleKind::Value,
    }
}
