//! The templates of a field as one lower-case text: which of them could hold a text at all.
//!
//! ```text
//! …{"textpayload":"retry ░░ of ░░"}{"textpayload":"cache lookup key=░░"}…       "lookup": found in the second, as it stands
//!                        ↑ neighbours of every hole                              "y 7": 'y', ' ' before a hole of digits
//! ```
//!
//! One pass over contiguous bytes finds what lies in stretches; a hole plays a part only where the text can get into it
//! from a neighbour, or begin in it. Only what is left is aligned, and only what is left then is parsed.

use crate::align::{Aligner, Allowed};
use std::ops::Range;
use timberline_archive::segment::{HoleClass, MARKS, Templates};

/// A run of templates of a field.
pub(crate) struct TemplateTexts<'t> {
    templates: &'t Templates,
    part: Range<usize>,
    /// Where their text begins in that of all.
    start: usize,
    /// Their text, lower-case in ASCII; keys and punctuation included, which can only make answers less sharp.
    lower: String,
}

/// What the holes of a field's templates are to some texts. Holes of one class play the same part, and classes are few.
pub(crate) struct HoleClasses<'n> {
    needles: &'n [Aligner],
    /// By text and class.
    classes: Vec<Vec<Class>>,
}

/// What holes of a class are to a text.
struct Class {
    /// They can play a part.
    touches: bool,
    allowed: Allowed,
}

impl<'n> HoleClasses<'n> {
    /// Looks at the holes of some templates. The texts are folded, printable ASCII, and need no escape in JSON.
    pub(crate) fn new(templates: &Templates, needles: &'n [Aligner]) -> Self {
        let of_needle = |needle: &Aligner| {
            let class = |class: &HoleClass| Class {
                touches: needle.may_touch(class.before, class.after, class.charset),
                allowed: needle.allowed(class.charset),
            };
            templates.classes().iter().map(class).collect()
        };
        Self { needles, classes: needles.iter().map(of_needle).collect() }
    }
}

/// Where a text may stand in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere.
    Nowhere,
    /// In no stretch, and in none that goes on in a hole but one whose words are in the index.
    InIndexedHoles,
    /// In no stretch, so not in all rows; in a row whose holes hold a part of it.
    OnlyThroughHoles,
    /// In a stretch, for all that is known.
    Anywhere,
}

impl<'t> TemplateTexts<'t> {
    pub(crate) fn new(templates: &'t Templates, part: Range<usize>) -> Self {
        let start = templates.range(part.start).start;
        let end = templates.range(part.end - 1).end;
        let lower = templates.text()[start..end].to_ascii_lowercase();
        Self { templates, part, start, lower }
    }

    /// Says of each template of the run where one of the texts may stand in it.
    pub(crate) fn places(&self, holes: &HoleClasses<'_>) -> Vec<Place> {
        let mut places = vec![Place::Nowhere; self.part.len()];
        for idx in self.templates.beyond_ascii().filter(|idx| self.part.contains(idx)) {
            places[idx - self.part.start] = Place::Anywhere;
        }
        for (needle, classes) in holes.needles.iter().zip(&holes.classes) {
            self.in_stretches(needle, &mut places);
            for (idx, place) in self.part.clone().zip(&mut places) {
                if *place == Place::Nowhere {
                    *place = self.through_hole(idx, needle, classes);
                }
            }
        }
        places
    }

    /// Says where a text may stand in a template that has it in no stretch.
    fn through_hole(&self, idx: usize, needle: &Aligner, classes: &[Class]) -> Place {
        let holes = self.templates.holes(idx);
        let touches = |class: &u32| classes[*class as usize].touches;
        let Some(first) = holes.iter().position(touches) else { return Place::Nowhere };
        let last = holes.iter().rposition(touches).expect("the first is one");
        let text = &self.lower.as_bytes()[self.range(idx)];
        let (mut n_marks, mut from, mut to) = (0, 0, 0);
        for at in marks(text) {
            if n_marks == first {
                from = at;
            }
            if n_marks == last {
                to = at;
            }
            n_marks += 1;
        }
        if n_marks != holes.len() {
            // Such a template is refused when it is asked.
            return Place::OnlyThroughHoles;
        }
        // An occurrence that has a part in these holes lies within its own length of them.
        let reach = needle.beginning().len();
        let start = from.saturating_sub(reach);
        let end = (to + 1 + reach).min(text.len());
        let inside = holes[marks(&text[..start]).count()..].iter();
        if !needle.may_be_in_marked(&text[start..end], inside.map(|class| classes[*class as usize].allowed)) {
            return Place::Nowhere;
        }
        let [indexed, ..] = MARKS;
        let is_indexed = marks(&text[from..=to]).all(|at| text[from + at] == indexed);
        if is_indexed { Place::InIndexedHoles } else { Place::OnlyThroughHoles }
    }

    /// Returns where a template stands in the text of the run.
    fn range(&self, idx: usize) -> Range<usize> {
        let whole = self.templates.range(idx);
        whole.start - self.start..whole.end - self.start
    }

    fn in_stretches(&self, needle: &Aligner, places: &mut [Place]) {
        let finder = memchr::memmem::Finder::new(needle.beginning());
        let text = self.lower.as_bytes();
        let mut at = 0;
        while let Some(found) = finder.find(&text[at..]) {
            let start = at + found;
            let idx = self.templates.at(self.start + start);
            let end = self.range(idx).end;
            if start + needle.beginning().len() <= end {
                places[idx - self.part.start] = Place::Anywhere;
                at = end;
            } else {
                at = start + 1;
            }
        }
    }
}

/// Returns where holes are in a text.
fn marks(text: &[u8]) -> impl Iterator<Item = usize> {
    let [a, b, c] = MARKS;
    memchr::memchr3_iter(a, b, c, text)
}
