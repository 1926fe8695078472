//! The templates of fields in their file, and how formats 1 and 2 have them.

use super::{HoleClass, OfShapes, Templates, number};
use crate::error::{Error, Result};
use crate::segment::block::{self, BlockReader, BlockWriter, Narrow, pack, unpack};
use crate::segment::checked::CheckedFile;
use crate::segment::reader::get_or_try;
use crate::segment::table::read_columns;
use crate::shape::{CharSet, Template};
use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::sync::OnceLock;
use timberline_entry::Field;

/// The templates of all fields of a segment or of an archive, each field's unpacked when it is first asked for.
#[derive(Debug)]
pub(crate) struct TemplateFile {
    /// The fields that entries have, in the order of [`Field::ALL`].
    fields: Vec<Field>,
    /// Where the parts of each are.
    places: Vec<Places>,
    /// `None` when all were read at once.
    content: Option<CheckedFile>,
    templates: Vec<OnceLock<Templates>>,
    of_shapes: Vec<OnceLock<OfShapes>>,
    /// What a field has that no entry has.
    none: (Templates, OfShapes),
    n_shapes: usize,
}

/// Where the parts of a field are in the file.
#[derive(Clone, Debug, Default)]
struct Places {
    text: Range<usize>,
    lists: Range<usize>,
    shapes: Range<usize>,
    /// How many templates there are; before format 4 that is known only once they are unpacked.
    n_templates: Option<u32>,
}

impl TemplateFile {
    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Returns the number of shapes that the templates are of.
    pub(crate) const fn n_shapes(&self) -> usize {
        self.n_shapes
    }

    /// Returns the templates of a field. No shape has one that is not among them.
    pub(crate) fn of(&self, field: Field, path: &str) -> Result<&Templates> {
        let Ok(idx) = self.fields.binary_search(&field) else { return Ok(&self.none.0) };
        get_or_try(&self.templates[idx], || {
            let Places { text, lists: rest, .. } = &self.places[idx];
            let templates = lists(self.unpacked(text, path)?, &self.unpacked(rest, path)?);
            let templates = templates.filter(Templates::fits).ok_or_else(|| damaged(field, path))?;
            let fits = match self.places[idx].n_templates {
                Some(number) => number as usize == templates.len(),
                None => self.of_shapes(field, path)?.is_within(templates.len()),
            };
            if fits { Ok(templates) } else { Err(damaged(field, path)) }
        })
    }

    /// Returns which template of a field each shape has.
    pub(crate) fn of_shapes(&self, field: Field, path: &str) -> Result<&OfShapes> {
        let Ok(idx) = self.fields.binary_search(&field) else { return Ok(&self.none.1) };
        get_or_try(&self.of_shapes[idx], || {
            let block = self.unpacked(&self.places[idx].shapes, path)?;
            let mut lists = BlockReader::new(&block);
            let of_shapes = lists.narrow().map(|numbers| OfShapes { numbers });
            let fits = |of_shapes: &OfShapes| {
                lists.is_at_end()
                    && of_shapes.iter().len() == self.n_shapes
                    && self.places[idx].n_templates.is_none_or(|number| of_shapes.is_within(number as usize))
            };
            of_shapes.filter(fits).ok_or_else(|| damaged(field, path))
        })
    }

    fn unpacked(&self, range: &Range<usize>, path: &str) -> Result<Vec<u8>> {
        let content = self.content.as_ref().expect("what is not unpacked is in a file");
        let bytes = content.bytes(range.clone()).map_err(|error| Error::damaged(path, error))?;
        unpack(&bytes, path)
    }
}

fn damaged(field: Field, path: &str) -> Error {
    Error::damaged(path, format!("the templates of {} do not fit together", field.name()))
}

/// Parts templates by field. `shapes` has the numbers of the templates that make up each shape.
fn by_field(templates: &[Template], shapes: &[Vec<u32>]) -> BTreeMap<Field, (Templates, Vec<u32>)> {
    let mut fields: BTreeMap<Field, (Templates, Vec<u32>)> = BTreeMap::new();
    let mut classes: BTreeMap<Field, BTreeMap<(u8, u8, u128), u32>> = BTreeMap::new();
    let mut place = Vec::with_capacity(templates.len());
    for Template { field, json, charsets } in templates {
        let (own, _) = fields.entry(*field).or_default();
        own.push(json, charsets, classes.entry(*field).or_default());
        place.push(number(own.len()));
    }
    for (_, of_shapes) in fields.values_mut() {
        *of_shapes = vec![0; shapes.len()];
    }
    for (shape, parts) in shapes.iter().enumerate() {
        for part in parts {
            let field = templates[*part as usize].field;
            let (_, of_shapes) = fields.get_mut(&field).expect("its templates were pushed");
            of_shapes[shape] = place[*part as usize];
        }
    }
    fields
}

/// Writes templates, and the numbers of those that make up each shape; FORMAT.md says how.
pub(crate) fn write(
    templates: &[Template],
    shapes: &[Vec<u32>],
    path: &str,
    mut out: impl Write,
) -> Result<()> {
    let fields = by_field(templates, shapes);
    let mut parts: Vec<[Vec<u8>; 3]> = Vec::new();
    for (templates, of_shapes) in fields.values() {
        let mut block = BlockWriter::default();
        block.numbers(lens(&templates.ends));
        block.numbers(lens(&templates.hole_ends));
        block.numbers(wide(&templates.holes));
        for half in 0..2 {
            let halves = |class: &HoleClass| {
                let bits = class.charset.to_bits().to_le_bytes();
                u64::from_le_bytes(bits.as_chunks::<8>().0[half])
            };
            block.numbers(templates.classes.iter().map(halves));
        }
        block.numbers(templates.classes.iter().map(|class| u64::from(class.before)));
        block.numbers(templates.classes.iter().map(|class| u64::from(class.after)));
        block.numbers(wide(&templates.beyond_ascii));
        let mut numbers = BlockWriter::default();
        numbers.numbers(wide(of_shapes));
        parts.push([pack(templates.text.as_bytes()), block.pack(), numbers.pack()]);
    }
    // Fields by name, so that the order in which this program lists them is no part of the format.
    let names = fields.keys().map(|field| field.name()).collect::<Vec<_>>().join(" ");
    let mut directory = BlockWriter::default();
    directory.bytes(names.as_bytes());
    for part in 0..3 {
        directory.numbers(parts.iter().map(|parts| parts[part].len() as u64));
    }
    directory.numbers([shapes.len() as u64].into_iter());
    directory.numbers(fields.values().map(|(templates, _)| templates.len() as u64));
    let directory = directory.pack();
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(Error::io(path));
    write(&number(directory.len()).to_le_bytes())?;
    write(&directory)?;
    parts.iter().flatten().try_for_each(|part| write(part))
}

fn wide(numbers: &[u32]) -> impl ExactSizeIterator<Item = u64> + Clone {
    numbers.iter().map(|number| u64::from(*number))
}

fn lens(ends: &[u32]) -> impl ExactSizeIterator<Item = u64> + Clone {
    ends.iter()
        .enumerate()
        .map(|(idx, end)| u64::from(end - idx.checked_sub(1).map_or(0, |before| ends[before])))
}

const WRONG_DIRECTORY: &str = "the list of fields does not fit the file";

/// Reads what fields there are, and where the templates of each stand. `n_shapes` is how many shapes there have to be: a number that only
/// the file says is nothing to make room for.
pub(crate) fn open(content: CheckedFile, n_shapes: u64, path: &str) -> Result<TemplateFile> {
    let damaged = || Error::damaged(path, WRONG_DIRECTORY);
    let bytes = |range: Range<usize>| content.bytes(range).map_err(|error| Error::damaged(path, error));
    let head = bytes(0..4)?;
    let len = u32::from_le_bytes(head[..].try_into().expect("four bytes were read")) as usize;
    let mut at = len.checked_add(4).ok_or_else(damaged)?;
    let read = |lists: &mut BlockReader<'_>| {
        let names = std::str::from_utf8(lists.bytes()?).ok()?;
        let fields = names.split_ascii_whitespace().map(Field::from_name).collect::<Option<Vec<_>>>()?;
        let lens = [lists.small()?, lists.small()?, lists.small()?];
        let n_shapes = usize::try_from(*lists.numbers()?.first()?).ok()?;
        let n_templates = if lists.is_at_end() { None } else { Some(lists.small()?) };
        let is_whole = lens.iter().chain(&n_templates).all(|list| list.len() == fields.len());
        is_whole.then_some((fields, lens, n_shapes, n_templates))
    };
    let directory = block::read(&bytes(4..at)?, path, WRONG_DIRECTORY, read)?;
    let (names, [texts, rests, shapes], n_found, n_templates) = directory;
    if n_found as u64 != n_shapes {
        return Err(Error::damaged(path, format!("{n_found} shapes instead of {n_shapes}")));
    }
    let n_shapes = n_found;
    let mut next = |len: u32| {
        let start = at;
        at = at.checked_add(len as usize).filter(|end| *end <= content.len()).ok_or_else(damaged)?;
        Ok(start..at)
    };
    let mut fields: Vec<(Field, Places)> = Vec::new();
    for (idx, (((name, text), rest), of_shapes)) in
        names.into_iter().zip(texts).zip(rests).zip(shapes).enumerate()
    {
        let n_templates = n_templates.as_ref().map(|numbers| numbers[idx]);
        let (text, lists, shapes) = (next(text)?, next(rest)?, next(of_shapes)?);
        fields.push((name, Places { text, lists, shapes, n_templates }));
    }
    if at != content.len() {
        return Err(damaged());
    }
    fields.sort_by_key(|(field, _)| *field);
    let (fields, places): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    Ok(TemplateFile {
        templates: fields.iter().map(|_| OnceLock::new()).collect(),
        of_shapes: fields.iter().map(|_| OnceLock::new()).collect(),
        fields,
        places,
        content: Some(content),
        none: without_field(n_shapes),
        n_shapes,
    })
}

fn without_field(n_shapes: usize) -> (Templates, OfShapes) {
    (Templates::default(), OfShapes { numbers: Narrow::One(vec![0; n_shapes]) })
}

fn lists(text: Vec<u8>, block: &[u8]) -> Option<Templates> {
    let text = String::from_utf8(text).ok()?;
    let mut lists = BlockReader::new(block);
    let (ends, hole_ends) = (ends(lists.small()?)?, ends(lists.small()?)?);
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
    let templates = Templates { text, ends, holes, hole_ends, classes, beyond_ascii };
    lists.is_at_end().then_some(templates)
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
pub(in crate::segment) fn read_parquet(
    content: Bytes,
    path: &str,
) -> Result<(Vec<Template>, Option<String>)> {
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
    let template = |idx: usize| {
        let name = field.value(idx);
        let field =
            Field::from_name(name).ok_or_else(|| damaged(format!("a template of the field {name:?}")))?;
        let sets = charsets.value(idx).chunks_exact(16).map(|bytes| CharSet::from_bits(bits(bytes)));
        Ok(Template { field, json: json.value(idx).to_owned(), charsets: sets.collect() })
    };
    Ok(((0..field.len()).map(template).collect::<Result<_>>()?, names))
}

/// Reads which templates make up each shape, as formats 1 and 2 have it: in a column of the shapes.
pub(in crate::segment) fn read_parquet_parts(
    content: Bytes,
    path: &str,
    templates: &[Template],
) -> Result<TemplateFile> {
    let ([column], _) = read_columns(content, path, [("parts", DataType::Binary)])?;
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("a chunk of four bytes"));
    let numbers = |bytes: Option<&[u8]>| bytes.unwrap_or_default().chunks_exact(4).map(number).collect();
    let shapes: Vec<Vec<u32>> = column.as_binary::<i32>().iter().map(numbers).collect();
    if shapes.iter().flatten().any(|part| *part as usize >= templates.len()) {
        return Err(Error::damaged(path, "a shape has a template that is not there"));
    }
    let n_shapes = shapes.len();
    let mut file = TemplateFile {
        fields: Vec::new(),
        places: Vec::new(),
        content: None,
        templates: Vec::new(),
        of_shapes: Vec::new(),
        none: without_field(n_shapes),
        n_shapes,
    };
    for (field, (templates, of_shapes)) in by_field(templates, &shapes) {
        file.fields.push(field);
        file.templates.push(OnceLock::from(templates));
        file.of_shapes.push(OnceLock::from(OfShapes { numbers: Narrow::Four(of_shapes) }));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{HOLE, UNINDEXED_HOLE};

    fn template(field: Field, json: &str, charsets: &[CharSet]) -> Template {
        Template { field, json: json.to_owned(), charsets: charsets.to_vec() }
    }

    fn opened(file: &[u8]) -> Result<TemplateFile> {
        opened_with(file, 3)
    }

    fn opened_with(file: &[u8], n_shapes: u64) -> Result<TemplateFile> {
        open(CheckedFile::trusted(Bytes::copy_from_slice(file), "x"), n_shapes, "x")
    }

    #[test]
    fn no_room_is_made_for_shapes_that_only_the_file_knows_of() {
        let mut file = Vec::new();
        write(&[], &[vec![], vec![], vec![]], "x", &mut file).unwrap();
        assert_eq!(opened(&file).unwrap().n_shapes(), 3);
        for n_shapes in [0, 2, 4, u64::MAX] {
            assert!(matches!(opened_with(&file, n_shapes), Err(Error::Damaged { .. })), "{n_shapes}");
        }
        let mut directory = BlockWriter::default();
        directory.bytes(b"");
        (0..3).for_each(|_| directory.numbers([].into_iter()));
        directory.numbers([u64::MAX >> 1].into_iter());
        let directory = directory.pack();
        let file = [&number(directory.len()).to_le_bytes()[..], &directory].concat();
        assert!(matches!(opened(&file), Err(Error::Damaged { .. })));
    }

    #[test]
    fn written_templates_are_read() {
        let mut digits = CharSet::default();
        digits.add("x7");
        let retry = format!(r#"{{"textPayload":"Retry{HOLE} of {HOLE}"}}"#);
        let all = [
            template(Field::TextPayload, &retry, &[digits, digits]),
            template(Field::Labels, r#"{"labels":{"é":0}}"#, &[]),
            template(Field::TextPayload, r#"{"textPayload":"up"}"#, &[]),
            template(Field::Trace, &format!(r#"{{"trace":"{UNINDEXED_HOLE}"}}"#), &[CharSet::ANY]),
        ];
        let shapes = [vec![1, 2], vec![], vec![0, 3]];
        let mut file = Vec::new();
        write(&all, &shapes, "x", &mut file).unwrap();
        let read = opened(&file).unwrap();
        assert_eq!(read.fields(), [Field::Labels, Field::Trace, Field::TextPayload]);
        for (field, of_shapes) in [
            (Field::TextPayload, [Some(1), None, Some(0)]),
            (Field::Labels, [Some(0), None, None]),
            (Field::Trace, [None, None, Some(0)]),
            (Field::Resource, [None; 3]),
        ] {
            let templates = read.of(field, "x").unwrap();
            assert_eq!(
                read.of_shapes(field, "x").unwrap().iter().collect::<Vec<_>>(),
                of_shapes,
                "{field:?}"
            );
            let own: Vec<&Template> = all.iter().filter(|template| template.field == field).collect();
            assert_eq!(templates.len(), own.len());
            for (idx, template) in own.into_iter().enumerate() {
                assert_eq!(templates.json(idx), template.json);
                assert_eq!(templates.charsets(idx).collect::<Vec<_>>(), template.charsets);
                assert_eq!(templates.at(templates.range(idx).start), idx);
                assert_eq!(templates.at(templates.range(idx).end - 1), idx);
            }
        }
        assert_eq!(read.of(Field::Labels, "x").unwrap().beyond_ascii().collect::<Vec<_>>(), [0]);
        let text = read.of(Field::TextPayload, "x").unwrap();
        let class = |hole: usize| text.classes()[text.holes(0)[hole] as usize];
        assert_eq!([class(0).before, class(0).after, class(1).before, class(1).after], *b"y  \"");
        for len in [0, 3, 4, 12, file.len() / 2, file.len() - 1] {
            assert!(matches!(opened(&file[..len]), Err(Error::Damaged { .. })), "{len}");
        }
    }

    #[test]
    fn lists_that_do_not_fit_together_are_refused() {
        let trace = format!("{{\"trace\":\"{UNINDEXED_HOLE}\"}}");
        let mut file = Vec::new();
        write(&[template(Field::Trace, &trace, &[CharSet::ANY])], &[vec![0]], "x", &mut file).unwrap();
        let read = opened_with(&file, 1).unwrap();
        let Places { text, lists: rest, .. } = &read.places[0];
        let [text, block] = [text, rest].map(|range| unpack(&file[range.clone()], "x").unwrap());
        assert!(lists(text.clone(), &block).is_some_and(|templates| templates.fits()));
        for at in 0..block.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut other = block.clone();
                other[at] = value;
                // Whatever is accepted can be asked.
                if let Some(templates) = lists(text.clone(), &other).filter(Templates::fits) {
                    let lens = (0..templates.len())
                        .map(|idx| templates.json(idx).len() + templates.charsets(idx).count());
                    assert!(lens.sum::<usize>() < 1000);
                }
            }
        }
    }
}
