//! The templates that the shapes of a segment are made of, in the form in which they are searched.
//!
//! ```text
//! {"textPayload":"retry ░ of ░"}{"textPayload":"cache lookup key=░"}…   one text, and where each template ends
//!                       ↑    ↑                                 ↑        a class for each hole: its neighbours and what it held
//! ```
//!
//! A filter is put to every template of a segment, so reading them is a part of every answer: they are one block that is
//! unpacked once and then only looked at. A shape is the set of its fields' templates, and fields are few where shapes
//! multiply; so the question is put to each template once, and a shape has the answers of its parts.

use super::block::{BlockReader, BlockWriter, unpack};
use super::table::read_columns;
use crate::error::{Error, Result};
use crate::shape::{CharSet, HOLE, NUMBER_HOLE, Template, UNINDEXED_HOLE};
use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use timberline_entry::Field;

/// The templates of a segment.
#[derive(Debug, Default)]
pub struct Templates {
    fields: Vec<Field>,
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

/// Which templates make up each shape.
#[derive(Debug, Default)]
pub struct ShapeParts {
    /// Numbers of templates, shape by shape.
    parts: Vec<u32>,
    /// Where the parts of each shape end.
    ends: Vec<u32>,
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

impl ShapeParts {
    /// Returns the number of shapes.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the numbers of the templates of a shape, in the order of [`Field::ALL`]; a field comes once at most.
    pub fn of(&self, shape: usize) -> impl Iterator<Item = usize> {
        self.parts[range(&self.ends, shape)].iter().map(|part| *part as usize)
    }

    fn push(&mut self, parts: impl IntoIterator<Item = u32>) {
        self.parts.extend(parts);
        self.ends.push(number(self.parts.len()));
    }

    fn fits(&self, n_templates: usize) -> bool {
        let len = self.ends.last().map_or(0, |last| *last as usize);
        len == self.parts.len() && self.parts.iter().all(|part| (*part as usize) < n_templates)
    }
}

impl Templates {
    /// Returns the number of templates.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns the field of a template.
    pub fn field(&self, idx: usize) -> Field {
        self.fields[idx]
    }

    /// Returns a template's JSON; see [`Template::json`].
    pub fn json(&self, idx: usize) -> String {
        let text = &self.text[self.range(idx)];
        let mut json = String::with_capacity(text.len() + 2 * self.holes(idx).len());
        for c in text.chars() {
            let mark = MARKS.iter().position(|mark| u32::from(*mark) == u32::from(c));
            json.push(mark.map_or(c, |mark| MARKERS[mark]));
        }
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

    /// Puts templates together.
    pub(super) fn of(templates: &[Template]) -> Self {
        let mut all = Self::default();
        let mut numbers = BTreeMap::new();
        for template in templates {
            all.push(template.field, &template.json, &template.charsets, &mut numbers);
        }
        all
    }

    fn push(
        &mut self,
        field: Field,
        json: &str,
        charsets: &[CharSet],
        numbers: &mut BTreeMap<(u8, u8, u128), u32>,
    ) {
        let mut n_bytes = 0;
        // A template that has more markers than sets, or fewer, is refused when it is asked.
        for (idx, charset) in charsets.iter().enumerate() {
            let (before, after) = match markers(json).nth(idx) {
                Some((at, marker)) => neighbours(json, at, marker),
                None => (0, 0),
            };
            let next = number(self.classes.len());
            let class = *numbers.entry((before, after, charset.to_bits())).or_insert(next);
            if class == next {
                self.classes.push(HoleClass { before, after, charset: *charset });
            }
            self.holes.push(class);
        }
        for (_, marker) in markers(json) {
            n_bytes += marker.len_utf8();
        }
        if json.bytes().filter(|byte| !byte.is_ascii()).count() != n_bytes {
            self.beyond_ascii.push(number(self.fields.len()));
        }
        self.fields.push(field);
        debug_assert!(!json.contains(|c: char| c < ' '), "JSON has control characters escaped");
        for c in json.chars() {
            let marker = MARKERS.iter().position(|marker| *marker == c);
            self.text.push(marker.map_or(c, |marker| char::from(MARKS[marker])));
        }
        self.ends.push(number(self.text.len()));
        self.hole_ends.push(number(self.holes.len()));
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

/// Writes templates, and the numbers of those that make up each shape; FORMAT.md says how.
pub(super) fn write(templates: &[Template], shapes: &[Vec<u32>], path: &str, out: impl Write) -> Result<()> {
    let all = Templates::of(templates);
    let mut parts = ShapeParts::default();
    shapes.iter().for_each(|shape| parts.push(shape.iter().copied()));
    // Fields by name, so that the order in which this program lists them is no part of the format.
    let mut fields = all.fields.clone();
    fields.sort_unstable();
    fields.dedup();
    let names = fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(" ");
    let place = |field: &Field| fields.partition_point(|other| other < field) as u64;

    let mut block = BlockWriter::default();
    block.bytes(all.text.as_bytes());
    block.numbers(lens(&all.ends));
    block.bytes(names.as_bytes());
    block.numbers(all.fields.iter().map(place));
    block.numbers(lens(&all.hole_ends));
    block.numbers(wide(&all.holes));
    for half in 0..2 {
        let halves = |class: &HoleClass| {
            let bits = class.charset.to_bits().to_le_bytes();
            u64::from_le_bytes(bits.as_chunks::<8>().0[half])
        };
        block.numbers(all.classes.iter().map(halves));
    }
    block.numbers(all.classes.iter().map(|class| u64::from(class.before)));
    block.numbers(all.classes.iter().map(|class| u64::from(class.after)));
    block.numbers(wide(&all.beyond_ascii));
    block.numbers(lens(&parts.ends));
    block.numbers(wide(&parts.parts));
    block.finish(path, out)
}

fn wide(numbers: &[u32]) -> impl ExactSizeIterator<Item = u64> + Clone {
    numbers.iter().map(|number| u64::from(*number))
}

fn lens(ends: &[u32]) -> impl ExactSizeIterator<Item = u64> + Clone {
    ends.iter()
        .enumerate()
        .map(|(idx, end)| u64::from(end - idx.checked_sub(1).map_or(0, |before| ends[before])))
}

/// Reads templates, and which make up each shape.
pub(super) fn read(content: &[u8], path: &str) -> Result<(Templates, ShapeParts)> {
    let block = unpack(content, path)?;
    lists(&block).ok_or_else(|| Error::damaged(path, "the templates do not fit together"))
}

fn lists(block: &[u8]) -> Option<(Templates, ShapeParts)> {
    let mut lists = BlockReader::new(block);
    let text = std::str::from_utf8(lists.bytes()?).ok()?.to_owned();
    let ends = ends(lists.small()?)?;
    let names = std::str::from_utf8(lists.bytes()?).ok()?;
    let names: Vec<Field> = names.split_ascii_whitespace().map(Field::from_name).collect::<Option<_>>()?;
    let field = |place: &u8| names.get(usize::from(*place)).copied();
    let fields: Vec<Field> = lists.bytes()?.iter().map(field).collect::<Option<_>>()?;
    let hole_ends = self::ends(lists.small()?)?;
    let holes = lists.small()?;
    let (lower, upper) = (lists.numbers()?, lists.numbers()?);
    let (before, after) = (lists.bytes()?, lists.bytes()?);
    let n_classes = lower.len();
    if [upper.len(), before.len(), after.len()] != [n_classes; 3] {
        return None;
    }
    let class = |idx: usize| HoleClass {
        charset: CharSet::from_bits(u128::from(upper[idx]) << 64 | u128::from(lower[idx])),
        before: before[idx],
        after: after[idx],
    };
    let classes: Vec<HoleClass> = (0..n_classes).map(class).collect();
    let beyond_ascii = lists.small()?;
    let shape_ends = self::ends(lists.small()?)?;
    let parts = ShapeParts { parts: lists.small()?, ends: shape_ends };
    let n = fields.len();
    let ends_at = |ends: &[u32], len: usize| ends.last().map_or(0, |last| *last as usize) == len;
    let fits = lists.is_at_end()
        && [ends.len(), hole_ends.len()] == [n; 2]
        && ends_at(&ends, text.len())
        && ends_at(&hole_ends, holes.len())
        && ends.iter().all(|end| text.is_char_boundary(*end as usize))
        && holes.iter().all(|class| (*class as usize) < n_classes)
        && beyond_ascii.iter().all(|idx| (*idx as usize) < n)
        && parts.fits(n);
    let templates = Templates { fields, text, ends, holes, hole_ends, classes, beyond_ascii };
    fits.then_some((templates, parts))
}

/// Makes ends of lengths.
fn ends(mut lens: Vec<u32>) -> Option<Vec<u32>> {
    let mut end = 0_u32;
    for len in &mut lens {
        end = end.checked_add(*len)?;
        *len = end;
    }
    Some(lens)
}

/// Reads templates as formats 1 and 2 have them: a Parquet file, with the names that rings refer to in its footer.
pub(super) fn read_parquet(content: Bytes, path: &str) -> Result<(Templates, Option<String>)> {
    let damaged = |detail: String| Error::damaged(path, detail);
    let (columns, names) = read_columns(
        content,
        path,
        [("field", DataType::Utf8), ("template", DataType::Utf8), ("charsets", DataType::Binary)],
    )?;
    let [field, json, charsets] = columns;
    let (field, json, charsets) =
        (field.as_string::<i32>(), json.as_string::<i32>(), charsets.as_binary::<i32>());
    let bits = |bytes: &[u8]| u128::from_le_bytes(bytes.try_into().expect("a chunk of sixteen bytes"));
    let (mut templates, mut numbers) = (Templates::default(), BTreeMap::new());
    for idx in 0..field.len() {
        let name = field.value(idx);
        let field =
            Field::from_name(name).ok_or_else(|| damaged(format!("a template of the field {name:?}")))?;
        let sets = charsets.value(idx).chunks_exact(16).map(|bytes| CharSet::from_bits(bits(bytes)));
        templates.push(field, json.value(idx), &sets.collect::<Vec<_>>(), &mut numbers);
    }
    Ok((templates, names))
}

/// Reads which templates, of which there are `n_templates`, make up each shape, as formats 1 and 2 have it: in a column of the
/// shapes.
pub(super) fn read_parquet_parts(content: Bytes, path: &str, n_templates: usize) -> Result<ShapeParts> {
    let ([column], _) = read_columns(content, path, [("parts", DataType::Binary)])?;
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("a chunk of four bytes"));
    let mut parts = ShapeParts::default();
    column
        .as_binary::<i32>()
        .iter()
        .for_each(|bytes| parts.push(bytes.unwrap_or_default().chunks_exact(4).map(number)));
    if parts.fits(n_templates) {
        return Ok(parts);
    }
    Err(Error::damaged(path, "a shape has a template that is not there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(field: Field, json: &str, charsets: &[CharSet]) -> Template {
        Template { field, json: json.to_owned(), charsets: charsets.to_vec() }
    }

    #[test]
    fn written_templates_are_read() {
        let mut digits = CharSet::default();
        digits.add("x7");
        let retry = format!(r#"{{"textPayload":"Retry{HOLE} of {HOLE}"}}"#);
        let all = [
            template(Field::TextPayload, &retry, &[digits, digits]),
            template(Field::Labels, r#"{"labels":{"é":0}}"#, &[]),
            template(Field::Trace, &format!(r#"{{"trace":"{UNINDEXED_HOLE}"}}"#), &[CharSet::ANY]),
        ];
        let mut file = Vec::new();
        write(&all, &[vec![1, 2], vec![], vec![0]], "x", &mut file).unwrap();
        let (read_back, parts) = read(&file, "x").unwrap();
        let parts: Vec<Vec<usize>> = (0..parts.len()).map(|shape| parts.of(shape).collect()).collect();
        assert_eq!(parts, [vec![1, 2], vec![], vec![0]]);
        assert_eq!(read_back.len(), 3);
        for (idx, template) in all.iter().enumerate() {
            assert_eq!((read_back.field(idx), read_back.json(idx)), (template.field, template.json.clone()));
            assert_eq!(read_back.charsets(idx).collect::<Vec<_>>(), template.charsets);
            assert_eq!(read_back.at(read_back.range(idx).start), idx);
            assert_eq!(read_back.at(read_back.range(idx).end - 1), idx);
        }
        assert_eq!(read_back.beyond_ascii().collect::<Vec<_>>(), [1]);
        let class = |hole: usize| read_back.classes()[read_back.holes(0)[hole] as usize];
        assert_eq!([class(0).before, class(0).after, class(1).before, class(1).after], *b"y  \"");
        for len in [0, 7, 8, file.len() / 2, file.len() - 1] {
            assert!(matches!(read(&file[..len], "x"), Err(Error::Damaged { .. })), "{len}");
        }
    }

    #[test]
    fn blocks_that_do_not_fit_together_are_refused() {
        let mut file = Vec::new();
        write(&[template(Field::Trace, "{\"trace\":\"t\"}", &[])], &[vec![0]], "x", &mut file).unwrap();
        let block = unpack(&file, "x").unwrap();
        assert!(lists(&block).is_some());
        for at in 0..block.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut other = block.clone();
                other[at] = value;
                // Whatever is accepted can be asked.
                if let Some((templates, parts)) = lists(&other) {
                    let lens = (0..templates.len())
                        .map(|idx| templates.json(idx).len() + templates.charsets(idx).count());
                    let parts = (0..parts.len()).flat_map(|shape| parts.of(shape));
                    assert!(
                        lens.sum::<usize>() < 1000 && parts.max().is_none_or(|part| part < templates.len())
                    );
                }
            }
        }
    }
}
