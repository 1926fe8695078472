//! The templates that the shapes of a segment are made of, in the form in which they are searched.
//!
//! ```text
//! textPayload   {"textPayload":"retry ░ of ░"}{"textPayload":"cache lookup key=░"}…   one text, and where each template ends
//!                                     ↑    ↑                                 ↑        a class for each hole: its neighbours
//!               shape 0: –   shape 1: 0   shape 2: 1   …                              and what it held
//! ```
//!
//! A filter is put to every template of the fields that it asks, so reading them is a part of every answer: those of a field
//! are one block that is unpacked once and then only looked at. Shapes are many where fields multiply, and their fields are
//! few; so the question is put to each template once, and a shape has the answers of its fields.

mod file;
mod numbered;

pub(crate) use file::{TemplateFile, open, write};
pub(super) use file::{read_parquet, read_parquet_parts};
pub(crate) use numbered::NumberedTemplates;

use super::block::Narrow;
use crate::shape::{CharSet, HOLE, NUMBER_HOLE, UNINDEXED_HOLE};
use std::collections::BTreeMap;
use std::ops::Range;

/// The templates of one field.
#[derive(Debug, Default)]
pub struct Templates {
    /// All templates' JSON, one after another, with [`MARKS`] for markers.
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
    /// The class of each hole, template by template.
    holes: Vec<u32>,
    /// Where the holes of each template end.
    hole_ends: Vec<u32>,
    classes: Vec<HoleClass>,
    beyond_ascii: Vec<u32>,
}

/// Which template of one field each shape of the segment has.
#[derive(Debug)]
pub struct OfShapes {
    /// The number of its template, from 1; 0 for a shape without the field.
    numbers: Narrow,
}

/// What holes have in common that play the same part in a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoleClass {
    /// The byte before the hole in its template, lower-case in ASCII.
    pub before: u8,
    /// The byte behind it, as before.
    pub after: u8,
    /// What it has held.
    pub charset: CharSet,
}

impl Templates {
    /// Returns the number of templates.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns a template's JSON; see [`Template::json`](crate::shape::Template::json).
    pub fn json(&self, idx: usize) -> String {
        let text = &self.text[self.range(idx)];
        let mut json = String::with_capacity(text.len() + 2 * self.holes(idx).len());
        let [a, b, c] = MARKS;
        let mut start = 0;
        for at in memchr::memchr3_iter(a, b, c, text.as_bytes()) {
            json.push_str(&text[start..at]);
            let mark =
                MARKS.iter().position(|mark| *mark == text.as_bytes()[at]).expect("one of them was found");
            json.push(MARKERS[mark]);
            start = at + 1;
        }
        json.push_str(&text[start..]);
        json
    }

    /// Returns the JSON of all templates, one after another, with one of [`MARKS`] where a marker stands.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns where a template stands in the [text](Self::text) of all.
    pub fn range(&self, idx: usize) -> Range<usize> {
        range(&self.ends, idx)
    }

    /// Returns the template that has a place of the [text](Self::text) in it.
    pub fn at(&self, place: usize) -> usize {
        self.ends.partition_point(|end| *end as usize <= place)
    }

    /// Returns the classes that holes have.
    pub fn classes(&self) -> &[HoleClass] {
        &self.classes
    }

    /// Returns the class of each marker of a template, as a place in [`classes`](Self::classes).
    pub fn holes(&self, idx: usize) -> &[u32] {
        &self.holes[range(&self.hole_ends, idx)]
    }

    /// Returns what each marker of a template has held.
    pub fn charsets(&self, idx: usize) -> impl Iterator<Item = CharSet> {
        self.holes(idx).iter().map(|class| self.classes[*class as usize].charset)
    }

    /// Returns the templates with characters beyond ASCII, which may fold to anything.
    pub fn beyond_ascii(&self) -> impl Iterator<Item = usize> {
        self.beyond_ascii.iter().map(|idx| *idx as usize)
    }

    fn push(&mut self, json: &str, charsets: &[CharSet], numbers: &mut BTreeMap<(u8, u8, u128), u32>) {
        // A template that has more markers than sets, or fewer, is refused when it is asked.
        let mut places = markers(json);
        for charset in charsets {
            let (before, after) = places.next().map_or((0, 0), |(at, marker)| neighbours(json, at, marker));
            let next = number(self.classes.len());
            let class = *numbers.entry((before, after, charset.to_bits())).or_insert(next);
            if class == next {
                self.classes.push(HoleClass { before, after, charset: *charset });
            }
            self.holes.push(class);
        }
        if json.chars().any(|c| !c.is_ascii() && !MARKERS.contains(&c)) {
            self.beyond_ascii.push(number(self.ends.len()));
        }
        debug_assert!(!json.contains(|c: char| c < ' '), "JSON has control characters escaped");
        for c in json.chars() {
            let marker = MARKERS.iter().position(|marker| *marker == c);
            self.text.push(marker.map_or(c, |marker| char::from(MARKS[marker])));
        }
        self.ends.push(number(self.text.len()));
        self.hole_ends.push(number(self.holes.len()));
    }

    fn fits(&self) -> bool {
        let ends_at = |ends: &[u32], len: usize| ends.last().map_or(0, |last| *last as usize) == len;
        let n = self.ends.len();
        self.hole_ends.len() == n
            && ends_at(&self.ends, self.text.len())
            && ends_at(&self.hole_ends, self.holes.len())
            && self.ends.iter().all(|end| self.text.is_char_boundary(*end as usize))
            && self.holes.iter().all(|class| (*class as usize) < self.classes.len())
            && self.beyond_ascii.iter().all(|idx| (*idx as usize) < n)
    }
}

impl OfShapes {
    /// Returns the template of a shape; `None` for a shape without the field.
    pub fn of(&self, shape: usize) -> Option<usize> {
        (self.numbers.get(shape) as usize).checked_sub(1)
    }

    /// Returns the template of every shape, in the order of shapes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<usize>> {
        self.numbers.iter().map(|number| (number as usize).checked_sub(1))
    }

    /// Says that no shape has a template beyond so many.
    fn is_within(&self, n_templates: usize) -> bool {
        self.numbers.iter().all(|number| number as usize <= n_templates)
    }
}

fn range(ends: &[u32], idx: usize) -> Range<usize> {
    let start = idx.checked_sub(1).map_or(0, |before| ends[before] as usize);
    start..ends[idx] as usize
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("the templates of a segment are far smaller than four gigabytes")
}

fn neighbours(json: &str, at: usize, marker: char) -> (u8, u8) {
    let byte =
        |at: Option<usize>| at.and_then(|at| json.as_bytes().get(at)).map_or(0, u8::to_ascii_lowercase);
    (byte(at.checked_sub(1)), byte(Some(at + marker.len_utf8())))
}

const MARKERS: [char; 3] = [HOLE, UNINDEXED_HOLE, NUMBER_HOLE];

/// What stands for each kind of marker in the text of all templates: control characters, which JSON has escaped. So nearly
/// all of the text is ASCII.
pub const MARKS: [u8; 3] = [1, 2, 3];

fn markers(json: &str) -> impl Iterator<Item = (usize, char)> {
    json.match_indices(MARKERS)
        .map(|(at, marker)| (at, marker.chars().next().expect("a marker is a character")))
}
