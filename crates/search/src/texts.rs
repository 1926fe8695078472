//! The templates of a segment as one lower-case text: which of them could hold a text at all.
//!
//! ```text
//! …{"textpayload":"retry ░░ of ░░"}{"textpayload":"cache lookup key=░░"}…       "lookup": found in the second, as it stands
//!                        ↑ neighbours of every hole                              "y 7": 'y', ' ' before a hole of digits
//! ```
//!
//! One pass over contiguous bytes finds what lies in stretches; a hole plays a part only where the text can get into it
//! from a neighbour, or begin in it. Only what is left is aligned, and only what is left then is parsed.

use crate::align::{Aligner, Piece};
use timberline_archive::segment::Templates;
use timberline_archive::shape::{CharSet, HOLE, NUMBER_HOLE, UNINDEXED_HOLE};

pub(crate) struct TemplateTexts<'t> {
    templates: &'t Templates,
    /// All templates, lower-case in ASCII; keys and punctuation included, which can only make answers less sharp.
    lower: String,
    /// Where each begins, and the end of the last.
    starts: Vec<usize>,
    /// Template by template.
    holes: Vec<HolePlace>,
    /// Where the holes of each template begin, and the end of the last.
    hole_starts: Vec<usize>,
    /// Those with characters beyond ASCII, which may fold to anything.
    beyond_ascii: Vec<usize>,
}

/// Where a text may stand in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere.
    Nowhere,
    /// In no stretch, so not in all rows; in a row whose holes hold a part of it.
    OnlyThroughHoles,
    /// In a stretch, for all that is known.
    Anywhere,
}

#[derive(Clone, Copy)]
struct HolePlace {
    /// Where its marker stands in the text of all templates.
    at: usize,
    before: u8,
    after: u8,
    charset: CharSet,
}

impl<'t> TemplateTexts<'t> {
    pub(crate) fn new(templates: &'t Templates) -> Self {
        let mut texts = Self {
            templates,
            lower: String::new(),
            starts: vec![0],
            holes: Vec::new(),
            hole_starts: vec![0],
            beyond_ascii: Vec::new(),
        };
        for idx in 0..templates.len() {
            let text = templates.json(idx);
            let start = texts.lower.len();
            texts.lower.push_str(text);
            texts.starts.push(texts.lower.len());
            let (mut charsets, mut n_marker_bytes) = (templates.charsets(idx), 0);
            for (at, marker) in markers(text) {
                n_marker_bytes += marker.len_utf8();
                let neighbour = |at: Option<usize>| {
                    at.and_then(|at| text.as_bytes().get(at)).map_or(0, u8::to_ascii_lowercase)
                };
                let before = neighbour(at.checked_sub(1));
                let after = neighbour(Some(at + marker.len_utf8()));
                // A template that has too few of them is refused when it is parsed.
                let charset = charsets.next().unwrap_or(CharSet::ANY);
                texts.holes.push(HolePlace { at: start + at, before, after, charset });
            }
            texts.hole_starts.push(texts.holes.len());
            if text.bytes().filter(|byte| !byte.is_ascii()).count() != n_marker_bytes {
                texts.beyond_ascii.push(idx);
            }
        }
        texts.lower.make_ascii_lowercase();
        texts
    }

    /// Says of each template that is asked about where one of the texts may stand in it. The texts are folded, printable
    /// ASCII, and need no escape in JSON.
    pub(crate) fn places(&self, needles: &[Aligner], is_asked: impl Fn(usize) -> bool) -> Vec<Place> {
        let mut places = vec![Place::Nowhere; self.templates.len()];
        for idx in &self.beyond_ascii {
            places[*idx] = Place::Anywhere;
        }
        for needle in needles {
            self.in_stretches(needle, &mut places);
            for (idx, place) in places.iter_mut().enumerate() {
                if *place == Place::Nowhere && is_asked(idx) && self.through_hole(idx, needle) {
                    *place = Place::OnlyThroughHoles;
                }
            }
        }
        places
    }

    fn through_hole(&self, idx: usize, needle: &Aligner) -> bool {
        let holes = &self.holes[self.hole_starts[idx]..self.hole_starts[idx + 1]];
        let touches = |hole: &HolePlace| needle.may_touch(hole.before, hole.after, hole.charset);
        let Some(first) = holes.iter().position(touches) else { return false };
        let last = holes.iter().rposition(touches).expect("the first is one");
        // An occurrence that has a part in these holes lies within its own length of them.
        let reach = needle.beginning().len();
        let mut start = holes[first].at.saturating_sub(reach).max(self.starts[idx]);
        let mut end = (holes[last].at + HOLE.len_utf8() + reach).min(self.starts[idx + 1]);
        while !self.lower.is_char_boundary(start) {
            start -= 1;
        }
        while !self.lower.is_char_boundary(end) {
            end += 1;
        }
        let inside = holes.iter().filter(|hole| (start..end).contains(&hole.at)).map(|hole| hole.charset);
        let mut inside = inside.map(Piece::Hole);
        let stretches = self.lower[start..end].split([HOLE, UNINDEXED_HOLE, NUMBER_HOLE]);
        needle.may_be_in(
            stretches.flat_map(|stretch| std::iter::once(Piece::Stretch(stretch)).chain(inside.next())),
        )
    }

    fn in_stretches(&self, needle: &Aligner, places: &mut [Place]) {
        let finder = memchr::memmem::Finder::new(needle.beginning());
        let text = self.lower.as_bytes();
        let mut at = 0;
        while let Some(found) = finder.find(&text[at..]) {
            let start = at + found;
            let idx = self.starts.partition_point(|other| *other <= start) - 1;
            if start + needle.beginning().len() <= self.starts[idx + 1] {
                places[idx] = Place::Anywhere;
                at = self.starts[idx + 1];
            } else {
                at = start + 1;
            }
        }
    }
}

/// Returns the markers of a template with their places. All begin with the same byte, which little else does.
fn markers(text: &str) -> impl Iterator<Item = (usize, char)> {
    const FIRST_BYTE: u8 = 0xef;
    memchr::memchr_iter(FIRST_BYTE, text.as_bytes()).filter_map(|at| {
        let marker = text[at..].chars().next()?;
        matches!(marker, HOLE | UNINDEXED_HOLE | NUMBER_HOLE).then_some((at, marker))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_where_they_stand() {
        let text = format!("a{HOLE}\u{fdcf}é{UNINDEXED_HOLE}{NUMBER_HOLE}\u{ff01}z{HOLE}");
        let expected: Vec<(usize, char)> = text
            .match_indices([HOLE, UNINDEXED_HOLE, NUMBER_HOLE])
            .map(|(at, marker)| (at, marker.chars().next().unwrap()))
            .collect();
        assert_eq!(expected.len(), 4);
        assert_eq!(markers(&text).collect::<Vec<_>>(), expected);
    }
}
