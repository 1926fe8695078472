//! What the leaves of a field are made of, learnt from one row of a shape.
//!
//! ```text
//! first row    "retry 3 of 5"         masked: "retry ", a hole, " of ", a hole
//! other rows   "retry 4 of 5"         " of " can stand in one place only, so the holes are 4 and 5
//!              "retry 4 of  of 5"     " of " could stand in two places: the masker is asked again
//! ```
//!
//! Rows of one shape agree in every stretch. Where the stretches can stand in one way only, the holes are what lies between
//! them, and finding that takes a fraction of masking.

use super::Masks;
use super::leaf::{Form, for_each_leaf_of};
use super::template::{Piece, for_each_piece, string_value};
use crate::rows::row_idx;
use memchr::memmem;
use timberline_entry::Field;
use timberline_entry::json::Value;
use timberline_pattern::mask::{Hole, HoleKind};

/// Outlines by the number of the template of which they are, as far as rows of it came.
#[derive(Debug, Default)]
pub(super) struct Outlines(Vec<Option<Outline>>);

impl Outlines {
    /// Returns the outline of a template, which is learnt the first time.
    pub(super) fn get(&mut self, template: u32, learn: impl FnOnce() -> Outline) -> &Outline {
        let idx = template as usize;
        if self.0.len() <= idx {
            self.0.resize_with(idx + 1, || None);
        }
        self.0[idx].get_or_insert_with(learn)
    }
}

/// The leaves of a field, in their order.
#[derive(Debug)]
pub(super) struct Outline(Box<[LeafOutline]>);

/// What a leaf is in every row of a shape.
#[derive(Debug)]
pub(super) struct LeafOutline {
    form: Form,
    /// Of a masked leaf: what is before the first hole, between holes, and behind the last.
    stretches: Box<[Box<str>]>,
}

impl Outline {
    /// Learns from the field of one row.
    pub(super) fn of(field: Field, value: Value<'_>, masks: Masks<'_>) -> Self {
        let (mut leaves, mut holes) = (Vec::new(), Vec::new());
        for_each_leaf_of(field, value, &mut |leaf| {
            let text = string_value(leaf.value);
            let form = leaf.form(&text, masks, &mut holes);
            let mut stretches: Vec<Box<str>> = Vec::new();
            if form == Form::Masked {
                for_each_piece(&text, &holes, |piece| {
                    if let Piece::Stretch(stretch) = piece {
                        stretches.push(stretch.into());
                    }
                });
            }
            leaves.push(LeafOutline { form, stretches: stretches.into() });
        });
        Self(leaves.into())
    }

    /// Returns the leaves, in their order.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &LeafOutline> {
        self.0.iter()
    }
}

impl LeafOutline {
    /// Returns how the leaf takes part in the shape.
    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// Replaces the content of `holes` with those of a masked leaf's text in another row; their kinds are not told.
    pub(super) fn find_holes(&self, text: &str, masks: Masks<'_>, holes: &mut Vec<Hole>) {
        if self.form == Form::Masked && !place(&self.stretches, text, holes) {
            masks.find(text, holes);
        }
    }
}

/// Finds the holes of a text between its stretches; `false` where these cannot stand in it, or in more than one way.
///
/// Every way has each stretch between its leftmost and its rightmost place, so there is one way where these are the same.
fn place(stretches: &[Box<str>], text: &str, holes: &mut Vec<Hole>) -> bool {
    holes.clear();
    let [first, between @ .., last] = stretches else { return false };
    let Some(inner) = text.strip_prefix(&**first).and_then(|text| text.strip_suffix(&**last)) else {
        return false;
    };
    let (start, end) = (first.len(), first.len() + inner.len());
    let hole = |start, end| Hole { start: row_idx(start), end: row_idx(end), kind: HoleKind::Value };
    let mut at = start;
    for stretch in between {
        let Some(found) = memmem::find(&text.as_bytes()[at..end], stretch.as_bytes()) else { return false };
        holes.push(hole(at, at + found));
        at += found + stretch.len();
    }
    holes.push(hole(at, end));
    let mut end = end;
    between.iter().zip(&*holes).rev().all(|(stretch, before)| {
        let leftmost = before.end as usize;
        let room = &text.as_bytes()[leftmost..end];
        end = leftmost + memmem::rfind(room, stretch.as_bytes()).unwrap_or(0);
        end == leftmost
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use timberline_pattern::mask::Masker;

    /// What the masker finds in a text, as stretches and as bytes.
    fn masked(text: &str) -> (Vec<Box<str>>, Vec<(u32, u32)>) {
        let mut holes = Vec::new();
        Masker::standard().mask(text, &mut holes);
        let mut stretches: Vec<Box<str>> = Vec::new();
        for_each_piece(text, &holes, |piece| {
            if let Piece::Stretch(stretch) = piece {
                stretches.push(stretch.into());
            }
        });
        (stretches, holes.iter().map(|hole| (hole.start, hole.end)).collect())
    }

    fn placed(stretches: &[Box<str>], text: &str) -> Option<Vec<(u32, u32)>> {
        let mut holes = Vec::new();
        place(stretches, text, &mut holes).then(|| holes.iter().map(|hole| (hole.start, hole.end)).collect())
    }

    #[test]
    fn stretches_that_can_stand_in_one_way_only() {
        let check = |stretches: &[&str], text: &str, expected: Option<&[(u32, u32)]>| {
            let stretches: Vec<Box<str>> = stretches.iter().map(|stretch| (*stretch).into()).collect();
            assert_eq!(placed(&stretches, text).as_deref(), expected, "{text}");
        };
        check(&["retry ", " of ", ""], "retry 31 of 5", Some(&[(6, 8), (12, 13)]));
        check(&["retry ", " of ", ""], "retry 3 of 4 of 5", None);
        check(&["", ""], "7", Some(&[(0, 1)]));
        check(&["", ""], "", Some(&[(0, 0)]));
        check(&["a ", " a"], "a a", None);
        check(&["", "", ""], "77", None);
        check(&["é ", " ü ", "."], "é 1 ü 2.", Some(&[(3, 4), (8, 9)]));
        check(&["", "aa", ""], "1aaa2", None);
        check(&["no hole"], "no hole", None);
    }

    proptest! {
        #[test]
        fn holes_that_are_placed_are_those_of_the_masker(
            words in proptest::collection::vec("[a-z]{0,3}|[0-9]{1,3}|[0-9a-f]{8}|/x/[0-9]|é|\\(\\)|of|-", 1..9),
            others in proptest::collection::vec("[0-9]{1,4}", 9),
        ) {
            let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty();
            let text = words.join(" ");
            let other: Vec<&str> = words
                .iter()
                .zip(&others)
                .map(|(word, other)| if is_number(word) { other.as_str() } else { word.as_str() })
                .collect();
            let other = other.join(" ");
            let ((stretches, _), (same, expected)) = (masked(&text), masked(&other));
            // Rows of a shape agree in their stretches; nothing is promised for others.
            if stretches == same && let Some(placed) = placed(&stretches, &other) {
                prop_assert_eq!(placed, expected, "{} {}", text, other);
            }
        }
    }
}
