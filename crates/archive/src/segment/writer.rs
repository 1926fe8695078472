//! Writes a segment: Parquet, index and what is said, side by side from the same sorted rows.

use super::checked::BlockHasher;
use super::facts::{Names, RingFacts, RingKey};
use super::fields::FieldReader;
use super::index::IndexWriter;
use super::listen::listen;
use super::shapes::ShapeRecord;
use super::templates::NumberedTemplates;
use super::{MAX_RING_ROWS, entries, rings, shapes, templates, words};
use crate::columns::Column;
use crate::error::{Error, Result};
use crate::layout;
use crate::manifest::{FileRecord, SegmentRecord, TraceEdges};
use crate::rows::{Derived, Head, RowSet, row_idx};
use crate::shape::{CharSet, RingContents, Shaper, Template};
use crate::storage::{FileWriter, Storage};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::Range;
use timberline_entry::Field;
use timberline_pattern::mask::Masker;

/// Writes the rows as segment `id`, syncs its files and folders, and returns its record.
///
/// `rows` must lie in one month and be free of duplicates; `sources` gives the key of each source that rows refer to, and
/// `masker` is the archive's.
/// The bytes depend on the set of rows alone, not on their order.
pub(crate) fn write(
    storage: &dyn Storage,
    id: &str,
    rows: &RowSet,
    sources: &[u64],
    masker: &Masker,
) -> Result<SegmentRecord> {
    let order = rows.by_ring();
    let times = || rows.heads().iter().map(|head| head.keys.timestamp);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        unreachable!("an empty segment is never written")
    };
    let month = layout::month(first);
    debug_assert_eq!(month, layout::month(last));

    let entries_path = layout::entries(&month, id);
    let (written, (indexed, said)) = rayon::join(
        || {
            write_file(storage, &entries_path, |out| {
                entries::write(rows, &order, sources, &entries_path, out)
            })
        },
        || rayon::join(|| index(rows, &order, id), || listen(rows, &order, id, masker)),
    );
    let (entries, mut blocks) = written?;
    let mut files = vec![entries];
    let index = indexed?;
    let mut add = |(file, sums): (FileRecord, Vec<u64>)| {
        files.push(file);
        blocks.extend(sums);
    };
    for (name, content) in &index.files {
        let path = format!("{}/{name}", layout::index_folder(id));
        add(write_file(storage, &path, |out| out.write_all(content).map_err(Error::io(&path)))?);
    }
    let rings_path = layout::rings(id);
    let rings = rings::encode(&index.rings, &index.names);
    add(write_file(storage, &rings_path, |out| out.write_all(&rings).map_err(Error::io(&rings_path)))?);
    let shapes_path = layout::shapes(id);
    add(write_file(storage, &shapes_path, |out| shapes::write(&index.shapes, &shapes_path, out))?);
    let templates_path = layout::templates(id);
    add(write_file(storage, &templates_path, |out| {
        templates::write(&index.templates, &index.parts, &templates_path, out)
    })?);
    let words_path = layout::words(id);
    add(write_file(storage, &words_path, |out| words::write(&index.words, &words_path, out))?);
    for (path, content) in &said? {
        add(write_file(storage, path, |out| out.write_all(content).map_err(Error::io(path)))?);
    }
    let blocks_path = layout::blocks(id);
    let blocks: Vec<u8> = blocks.iter().flat_map(|sum| sum.to_le_bytes()).collect();
    files.push(
        write_file(storage, &blocks_path, |out| out.write_all(&blocks).map_err(Error::io(&blocks_path)))?.0,
    );
    let folders: BTreeSet<&str> = files.iter().map(|file| layout::folder_of(&file.path)).collect();
    for folder in folders.into_iter().chain([layout::ENTRIES, layout::INDEX]) {
        storage.sync_folder(folder).map_err(Error::io(folder))?;
    }
    Ok(SegmentRecord {
        id: id.to_owned(),
        month,
        rows: rows.len() as u64,
        rings: index.rings.len() as u64,
        shapes: index.shapes.len() as u64,
        first_ns: first.as_nanos(),
        last_ns: last.as_nanos(),
        sources: rows_by_source(rows, sources),
        trace_edges: TraceEdges::default(),
        memory: Some(rows.memory() as u64),
        files,
    })
}

fn rows_by_source(rows: &RowSet, sources: &[u64]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for head in rows.heads() {
        *counts.entry(crate::manifest::source_name(sources[head.place.source as usize])).or_insert(0) += 1;
    }
    counts
}

/// Writes a file through `content`; returns its record and the checksums of its blocks.
fn write_file(
    storage: &dyn Storage,
    path: &str,
    content: impl FnOnce(&mut Hashing) -> Result<()>,
) -> Result<(FileRecord, Vec<u64>)> {
    let mut out =
        Hashing { file: storage.create(path).map_err(Error::io(path))?, hasher: BlockHasher::new() };
    content(&mut out)?;
    out.file.finish().map_err(Error::io(path))?;
    Ok(out.hasher.finish(path))
}

/// Counts and hashes what passes through.
struct Hashing {
    file: Box<dyn FileWriter>,
    hasher: BlockHasher,
}

impl Write for Hashing {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        let n = self.file.write(buf)?;
        self.hasher.update(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

struct Indexed {
    files: Vec<(String, Vec<u8>)>,
    rings: RingFacts,
    shapes: Vec<ShapeRecord>,
    /// The numbers of the templates of each shape.
    parts: Vec<Vec<u32>>,
    templates: Vec<Template>,
    words: Vec<String>,
    names: Names,
}

/// Makes ring documents and shape templates of the rows.
fn index(rows: &RowSet, order: &[u32], segment_id: &str) -> Result<Indexed> {
    let writer = IndexWriter::new(segment_id)?;
    let mut rings = RingFacts::default();
    let mut numbering = Numbering::default();
    let mut shaper = Shaper::default();
    let mut contents = RingContents::default();
    let mut charsets = Vec::new();
    let mut fields = FieldReader::default();
    let (mut text, mut nodes) = (String::new(), Vec::new());
    let mut start = 0;
    while start < order.len() {
        let first = order[start] as usize;
        let len = order[start..]
            .iter()
            .take(MAX_RING_ROWS)
            .take_while(|idx| rows.same_ring(first, **idx as usize))
            .count();
        contents.clear();
        fields.clear();
        let Head { derived, keys, .. } = rows.heads()[first];
        let shape_idx = numbering.shape(&derived);
        let cells = rows.cells(first);
        let (service, revision) = (cells.text(Column::Service), cells.text(Column::Revision));
        let key = RingKey {
            shape: shape_idx,
            service: number(&mut numbering.names.services, &mut numbering.services, service),
            revision: number(&mut numbering.names.revisions, &mut numbering.revisions, revision),
            severity: keys.severity,
        };
        charsets.clear();
        for idx in &order[start..start + len] {
            let idx = *idx as usize;
            let timestamp = rows.heads()[idx].keys.timestamp;
            let shape = &mut numbering.shapes[shape_idx as usize];
            let templates = &mut numbering.templates;
            let cells = rows.cells(idx);
            let damaged = |detail| Error::damaged(layout::index_folder(segment_id), detail);
            if shape.parts.is_empty() {
                entries::with_entry(&cells, timestamp, &mut text, &mut nodes, |entry| {
                    shape.set_templates(shaper.templates(entry), templates);
                })
                .map_err(damaged)?;
            }
            charsets.resize(shape.n_holes, CharSet::default());
            fields
                .read(&cells, timestamp, |field, value| {
                    let (template, holes) = shape.part(field);
                    contents.add(field, template, value, &mut charsets[holes]);
                })
                .map_err(damaged)?;
        }
        let ring = &order[start..start + len];
        let shape = &mut numbering.shapes[shape_idx as usize];
        shape.record.rows += len as u64;
        shape.merge(&charsets, &mut numbering.templates);
        let time = |idx: usize| rows.heads()[ring[idx] as usize].keys.timestamp.as_nanos();
        rings.push(start as u64, len as u64, time(0), time(len - 1), key);
        writer.add(contents.variable.text());
        start += len;
    }
    let files = writer.finish()?;
    let (parts, shapes) =
        numbering.shapes.into_iter().map(|shape| (shape.stored_parts(), shape.record)).unzip();
    Ok(Indexed {
        files,
        rings,
        shapes,
        parts,
        templates: numbering.templates.into_all(),
        words: contents.into_words(),
        names: numbering.names,
    })
}

/// Numbers for what rings refer to, in the order in which ring order meets it.
#[derive(Default)]
struct Numbering {
    shapes: Vec<NumberedShape>,
    by_hash: BTreeMap<u64, u32>,
    templates: NumberedTemplates,
    names: Names,
    services: BTreeMap<String, u32>,
    revisions: BTreeMap<String, u32>,
}

struct NumberedShape {
    record: ShapeRecord,
    /// Each field, the number of its template, and where its holes are among those of the shape. Empty before the first row.
    parts: Vec<(Field, Option<u32>, Range<usize>)>,
    /// Holes of the whole shape.
    n_holes: usize,
}

impl Numbering {
    fn shape(&mut self, derived: &Derived) -> u32 {
        let Derived { shape, pattern, exception, .. } = *derived;
        if let Some(idx) = self.by_hash.get(&shape) {
            return *idx;
        }
        let idx = row_idx(self.shapes.len());
        self.by_hash.insert(shape, idx);
        let record = ShapeRecord { shape, pattern, exception, rows: 0 };
        self.shapes.push(NumberedShape { record, parts: Vec::new(), n_holes: 0 });
        idx
    }
}

impl NumberedShape {
    fn set_templates(&mut self, templates: Vec<Template>, numbered: &mut NumberedTemplates) {
        for template in templates {
            let field = template.field;
            let holes = self.n_holes..self.n_holes + template.charsets.len();
            self.n_holes = holes.end;
            // Rows are compared by the time of their column, whatever the export gave.
            let number = (template.field != Field::Timestamp).then(|| numbered.number(template));
            self.parts.push((field, number, holes));
        }
    }

    /// Returns the number of a field's template, and where its holes are among those of the shape.
    fn part(&self, field: Field) -> (Option<u32>, Range<usize>) {
        let part = self.parts.iter().find(|part| part.0 == field);
        part.map_or((None, 0..0), |(_, number, holes)| (*number, holes.clone()))
    }

    /// Adds what a ring of the shape has held to its templates.
    fn merge(&self, charsets: &[CharSet], numbered: &mut NumberedTemplates) {
        for (_, number, holes) in &self.parts {
            if let Some(number) = number {
                numbered.merge(*number, &charsets[holes.clone()]);
            }
        }
    }

    fn stored_parts(&self) -> Vec<u32> {
        self.parts.iter().filter_map(|(_, number, _)| *number).collect()
    }
}

fn number(names: &mut Vec<String>, numbers: &mut BTreeMap<String, u32>, name: &str) -> u32 {
    if let Some(idx) = numbers.get(name) {
        return *idx;
    }
    let idx = row_idx(names.len());
    names.push(name.to_owned());
    numbers.insert(name.to_owned(), idx);
    idx
}
