//! The shape catalogue: what the entries of all segments look like, once for the archive.
//!
//! ```text
//! templates.zst of segment 0 ─┐
//! templates.zst of segment 1 ─┼─► distinct templates of each field ─► distinct sets of them: the shapes of the archive
//! …                          ─┘
//! segment 1   its shape 0: 7   1: 0   2: 31 …                        which shape of the archive each of a segment is
//! ```
//!
//! Segments that lie beside each other in time were written by the same statements, so nearly all of their templates are the
//! same, and a question that is put to templates is put to them once. The catalogue is a function of the segments and stands
//! for nothing that they do not say themselves: where it is missing or damaged it is made of them, and the answers are the same.

use crate::error::{Error, Result};
use crate::rows::row_idx;
use crate::segment::{
    BlockWriter, CheckedFile, NumberedTemplates, OfShapes, Segment, TemplateFile, Templates, open_templates,
    read_block, write_templates,
};
use crate::shape::Template;
use crate::sums::saturating_sum;
use bytes::Bytes;
use hashbrown::HashMap;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use timberline_entry::Field;

/// The shapes of an archive, and which of them the shapes of each segment are.
#[derive(Debug)]
pub struct ShapeCatalog {
    path: String,
    templates: TemplateFile,
    /// The numbers of the shapes of all segments, segment after segment in the order of the manifest.
    numbers: Vec<u32>,
    /// Where those of each segment end.
    ends: Vec<usize>,
}

/// The shapes of one segment, as the catalogue has them.
#[derive(Clone, Copy, Debug)]
pub struct SegmentShapes<'c> {
    catalog: &'c ShapeCatalog,
    own: &'c [u32],
}

impl ShapeCatalog {
    /// Returns the number of shapes.
    pub const fn len(&self) -> usize {
        self.templates.n_shapes()
    }

    /// Says whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the fields that entries have, the time of an entry aside.
    pub fn fields(&self) -> &[Field] {
        self.templates.fields()
    }

    /// Returns the templates of a field. What a hole has held is what it has held in any segment.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn templates(&self, field: Field) -> Result<&Templates> {
        self.templates.of(field, &self.path)
    }

    /// Returns which [template](Self::templates) of a field each shape has. Cost: no template is unpacked.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn of_shapes(&self, field: Field) -> Result<&OfShapes> {
        self.templates.of_shapes(field, &self.path)
    }

    /// Returns the shapes of a segment, by the segment's place in the archive.
    pub fn of_segment(&self, segment_idx: usize) -> SegmentShapes<'_> {
        let start = segment_idx.checked_sub(1).map_or(0, |before| self.ends[before]);
        SegmentShapes { catalog: self, own: &self.numbers[start..self.ends[segment_idx]] }
    }

    /// Returns the file that the catalogue is of, for messages.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl<'c> SegmentShapes<'c> {
    /// Returns the catalogue.
    pub const fn catalog(self) -> &'c ShapeCatalog {
        self.catalog
    }

    /// Returns the number in the catalogue of one of the segment's shapes.
    pub const fn number(self, shape: usize) -> usize {
        self.own[shape] as usize
    }

    /// Returns the numbers in the catalogue of the segment's shapes, in the order of the segment.
    pub fn numbers(self) -> impl ExactSizeIterator<Item = usize> + Clone + 'c {
        self.own.iter().map(|number| *number as usize)
    }
}

/// Makes the content of the catalogue. Cost: unpacks the templates of all segments, a few segments at a time.
pub(crate) fn of_segments(segments: &[Segment]) -> Result<Vec<u8>> {
    let mut collected = Collected::default();
    for some in segments.chunks(SEGMENTS_AT_ONCE) {
        let looks: Vec<Looks> = some.par_iter().map(Looks::of).collect::<Result<_>>()?;
        looks.into_iter().for_each(|looks| collected.add(looks));
    }
    let (templates, shapes, numbers) = collected.in_order();
    let mut block = BlockWriter::default();
    block.numbers(numbers.iter().map(|numbers| numbers.len() as u64));
    let all: Vec<u64> = numbers.iter().flatten().map(|number| u64::from(*number)).collect();
    block.numbers(all.into_iter());
    let block = block.pack();
    let mut content = (block.len() as u64).to_le_bytes().to_vec();
    content.extend_from_slice(&block);
    write_templates(&templates, &shapes, "", &mut content)?;
    Ok(content)
}

/// Segments whose templates are in memory at a time.
const SEGMENTS_AT_ONCE: usize = 8;

/// What segments look like, put together; numbered in the order in which it was met.
#[derive(Default)]
struct Collected {
    templates: NumberedTemplates,
    shapes: HashMap<Box<[u32]>, u32>,
    /// By segment, then by the segment's number of the shape.
    of_segments: Vec<Vec<u32>>,
}

impl Collected {
    fn add(&mut self, looks: Looks) {
        let mut parts: Vec<Vec<u32>> = vec![Vec::new(); looks.n_shapes];
        for (templates, of_shapes) in looks.templates.into_iter().zip(looks.of_shapes) {
            let numbers: Vec<u32> =
                templates.into_iter().map(|template| self.templates.number(template)).collect();
            for (parts, template) in parts.iter_mut().zip(of_shapes) {
                parts.extend(template.map(|idx| numbers[idx as usize]));
            }
        }
        let shape = |parts: Vec<u32>| {
            let next = row_idx(self.shapes.len());
            *self.shapes.entry(parts.into()).or_insert(next)
        };
        self.of_segments.push(parts.into_iter().map(shape).collect());
    }

    /// Returns templates by field and JSON, shapes by their templates, and the shapes of each segment, in numbers that do not
    /// depend on which was met first.
    fn in_order(self) -> (Vec<Template>, Vec<Vec<u32>>, Vec<Vec<u32>>) {
        let Self { templates, shapes, of_segments } = self;
        let mut templates: Vec<(Template, usize)> = templates.into_all().into_iter().zip(0..).collect();
        templates.sort_by(|(a, _), (b, _)| (a.field, &a.json).cmp(&(b.field, &b.json)));
        let mut place = vec![0; templates.len()];
        for ((_, met), idx) in templates.iter().zip(0..) {
            place[*met] = idx;
        }
        let mut shapes: Vec<(Vec<u32>, u32)> = shapes
            .into_iter()
            .map(|(parts, met)| (parts.iter().map(|part| place[*part as usize]).collect(), met))
            .collect();
        shapes.sort_unstable();
        let mut number = vec![0; shapes.len()];
        for ((_, met), idx) in shapes.iter().zip(0..) {
            number[*met as usize] = idx;
        }
        let in_order = |own: Vec<u32>| own.into_iter().map(|met| number[met as usize]).collect();
        let of_segments = of_segments.into_iter().map(in_order).collect();
        let templates = templates.into_iter().map(|(template, _)| template).collect();
        (templates, shapes.into_iter().map(|(parts, _)| parts).collect(), of_segments)
    }
}

/// Reads a catalogue; `n_shapes` is the number of shapes of each segment.
pub(crate) fn read(content: Bytes, path: &str, n_shapes: &[u64]) -> Result<ShapeCatalog> {
    const DETAIL: &str = "the shapes do not fit the segments";
    let damaged = || Error::damaged(path, DETAIL);
    let (len, _) = content.split_first_chunk::<8>().ok_or_else(damaged)?;
    let len = usize::try_from(u64::from_le_bytes(*len)).ok();
    let end = len.and_then(|len| len.checked_add(8)).filter(|end| *end <= content.len());
    let end = end.ok_or_else(damaged)?;
    let (lens, numbers) =
        read_block(&content[8..end], path, DETAIL, |lists| lists.small().zip(lists.small()))?;
    let n_all = saturating_sum(n_shapes.iter().copied());
    // Each shape of the archive is one of a segment's.
    let fits = lens.iter().map(|len| u64::from(*len)).eq(n_shapes.iter().copied())
        && n_all == numbers.len() as u64
        && numbers.iter().all(|number| u64::from(*number) < n_all);
    if !fits {
        return Err(damaged());
    }
    let n_own = numbers.iter().max().map_or(0, |last| u64::from(*last) + 1);
    let templates = open_templates(CheckedFile::trusted(content.slice(end..), path), n_own, path)?;
    let mut end = 0;
    let ends = lens.iter().map(|len| {
        end += *len as usize;
        end
    });
    Ok(ShapeCatalog { path: path.to_owned(), templates, ends: ends.collect(), numbers })
}

/// What the entries of one segment look like.
struct Looks {
    /// By field.
    templates: Vec<Vec<Template>>,
    /// By field, then by shape.
    of_shapes: Vec<Vec<Option<u32>>>,
    n_shapes: usize,
}

impl Looks {
    fn of(segment: &Segment) -> Result<Self> {
        let mut looks = Self { templates: Vec::new(), of_shapes: Vec::new(), n_shapes: segment.n_shapes() };
        for field in segment.fields()? {
            let templates = segment.templates(*field)?;
            let template = |idx: usize| Template {
                field: *field,
                json: templates.json(idx),
                charsets: templates.charsets(idx).collect(),
            };
            looks.templates.push((0..templates.len()).map(template).collect());
            let of_shapes = segment.of_shapes(*field)?.iter();
            looks.of_shapes.push(of_shapes.map(|template| template.map(row_idx)).collect());
        }
        Ok(looks)
    }
}
