//! Reads a segment: facts of rings, shapes, postings of tokens, and rows.

use super::batch::{BatchView, Beside, Row};
use super::checked::{CheckedFile, SegmentFiles};
use super::facts::Names;
use super::index::IndexReader;
use super::rings::Span;
use super::templates::TemplateFile;
use super::{
    CubeCell, InstanceRecord, MessageRecord, OfShapes, Parts, Rings, ShapeRecord, Templates, ValueRecord,
    ValueRow, cube, entries, exceptions, facts, instances, messages, packed, rings, shapes, templates,
    values, words,
};
use crate::column_chunks::{self, Asked};
use crate::columns::Column;
use crate::error::{Error, Result};
use crate::exception::ExceptionRecord;
use crate::layout;
use crate::manifest::{FORMAT, SegmentRecord};
use crate::storage::Storage;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelector};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use tantivy::TERMINATED;
use tantivy::postings::Postings;
use tantivy::schema::IndexRecordOption;
use timberline_entry::Field;

/// A segment that can be asked. Parts are opened when first needed; each is read once.
#[derive(Debug)]
pub struct Segment {
    record: SegmentRecord,
    files: Arc<SegmentFiles>,
    index: OnceLock<IndexReader>,
    rings: OnceLock<Rings>,
    shapes: OnceLock<Vec<ShapeRecord>>,
    templates: OnceLock<TemplateFile>,
    words: OnceLock<words::Words>,
    parquet: OnceLock<(CheckedFile, ArrowReaderMetadata)>,
}

impl Segment {
    pub(crate) fn new(storage: Arc<dyn Storage>, record: SegmentRecord) -> Self {
        Self {
            files: Arc::new(SegmentFiles::new(storage, &record)),
            record,
            index: OnceLock::new(),
            rings: OnceLock::new(),
            shapes: OnceLock::new(),
            templates: OnceLock::new(),
            words: OnceLock::new(),
            parquet: OnceLock::new(),
        }
    }

    /// Returns the segments of some records, in their order. Cost: opens nothing yet.
    pub(crate) fn all(storage: &Arc<dyn Storage>, records: &[SegmentRecord]) -> Vec<Self> {
        records.iter().map(|record| Self::new(storage.clone(), record.clone())).collect()
    }

    /// Returns what the manifest says of the segment.
    pub const fn record(&self) -> &SegmentRecord {
        &self.record
    }

    /// Returns the facts of all rings.
    ///
    /// # Errors
    /// [`Error::Damaged`] when they cannot be read.
    pub fn rings(&self) -> Result<&Rings> {
        get_or_try(&self.rings, || {
            let SegmentRecord { rows, shapes, first_ns, last_ns, .. } = self.record;
            let path = layout::rings(&self.record.id);
            let is_of_today = self.files.contains(&path);
            let file = if is_of_today { self.files.open(&path)? } else { self.rings_of_earlier_formats()? };
            Rings::open(file, Span { rows, shapes, first_ns, last_ns })
        })
    }

    /// Returns the number of shapes.
    pub fn n_shapes(&self) -> usize {
        usize::try_from(self.record.shapes).expect("a segment has fewer shapes than rows in memory")
    }

    /// Returns the shapes that rings refer to.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn shapes(&self) -> Result<&[ShapeRecord]> {
        Ok(get_or_try(&self.shapes, || {
            let mut path = layout::shapes(&self.record.id);
            let shapes = if self.files.contains(&path) {
                shapes::read(&self.content(&path)?, &path)?
            } else {
                path = layout::shapes_of_format_3(&self.record.id);
                shapes::read_parquet(self.content(&path)?, &path)?
            };
            self.check_number(shapes.len(), &path)?;
            Ok(shapes)
        })?)
    }

    /// Returns the fields that entries of the segment have, the time of an entry aside.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn fields(&self) -> Result<&[Field]> {
        Ok(self.template_file()?.fields())
    }

    /// Returns the templates of a field.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn templates(&self, field: Field) -> Result<&Templates> {
        self.template_file()?.of(field, &layout::templates(&self.record.id))
    }

    /// Returns which [template](Self::templates) of a field each shape has. Cost: no template is unpacked.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn of_shapes(&self, field: Field) -> Result<&OfShapes> {
        self.template_file()?.of_shapes(field, &layout::templates(&self.record.id))
    }

    /// Returns the services that rings refer to.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn services(&self) -> Result<&[String]> {
        Ok(&self.rings()?.names().services)
    }

    /// Returns the revisions that rings refer to.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn revisions(&self) -> Result<&[String]> {
        Ok(&self.rings()?.names().revisions)
    }

    /// Calls `visit` with every ring that has the token where its rows vary, in order of the rings. What all rows of a shape
    /// have is known from its templates.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the index cannot be read.
    pub fn rings_with_token(&self, token: &str, mut visit: impl FnMut(u32)) -> Result<()> {
        let index = self.index()?;
        let field = index.variable;
        let inverted = index.reader.inverted_index(field).map_err(|error| self.index_damaged(error))?;
        let term = tantivy::Term::from_field_text(field, token);
        let postings = inverted
            .read_postings(&term, IndexRecordOption::Basic)
            .map_err(|error| self.index_damaged(tantivy::TantivyError::from(error)))?;
        if let Some(postings) = postings {
            visit_all(postings, &mut visit);
        }
        Ok(())
    }

    /// Calls `visit` with every ring that has, where its rows vary, a token with a [word](crate::shape::is_word) in it, or a part
    /// of one, which `accepts` says yes to; a ring may come more than once.
    ///
    /// Cost: one pass over the words of the segment, and a look-up for each that is accepted.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the index cannot be read.
    pub fn rings_with_word_part(
        &self,
        part: &str,
        accepts: impl Fn(&[u8]) -> bool,
        mut visit: impl FnMut(u32),
    ) -> Result<()> {
        debug_assert!(crate::shape::is_word(part), "a number may stand in any token");
        let words = get_or_try(&self.words, || {
            let path = layout::words(&self.record.id);
            words::read(self.content(&path)?, &path)
        })?;
        words.with_part(part, |word| {
            if accepts(word.as_bytes()) { self.rings_with_token(word, &mut visit) } else { Ok(()) }
        })
    }

    /// Calls `visit` with the number of a part and every ring that has, where its rows vary, a token with that part in it which
    /// `accepts` says yes to; a ring may come more than once.
    ///
    /// Cost: a walk through all tokens of the segment, however many parts there are.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the index cannot be read.
    pub fn rings_with_token_parts(
        &self,
        parts: &Parts,
        accepts: impl Fn(usize, &[u8]) -> bool,
        mut visit: impl FnMut(usize, u32),
    ) -> Result<()> {
        let index = self.index()?;
        let inverted =
            index.reader.inverted_index(index.variable).map_err(|error| self.index_damaged(error))?;
        let io = |error: std::io::Error| self.index_damaged(tantivy::TantivyError::from(error));
        let mut terms = inverted.terms().stream().map_err(io)?;
        let mut found = Vec::new();
        while terms.advance() {
            parts.in_text(terms.key(), &mut found);
            found.retain(|part| accepts(*part, terms.key()));
            if found.is_empty() {
                continue;
            }
            let info = terms.value().clone();
            let postings =
                inverted.read_postings_from_terminfo(&info, IndexRecordOption::Basic).map_err(io)?;
            visit_all(postings, &mut |ring| found.iter().for_each(|part| visit(*part, ring)));
        }
        Ok(())
    }

    /// Calls `visit` with every row in the ranges, which must be ascending and disjoint; stops when it returns `false`.
    ///
    /// Cost: decodes the pages that hold the rows, of the columns asked for.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the Parquet file cannot be read.
    pub fn for_each_row(
        &self,
        ranges: &[Range<u64>],
        columns: &[Column],
        visit: impl FnMut(Row<'_>) -> bool,
    ) -> Result<()> {
        self.for_each_row_with(ranges, columns, Beside::ALL, visit)
    }

    /// As [`for_each_row`](Self::for_each_row); of what stands beside the entry only what is asked for is read.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the Parquet file cannot be read.
    pub fn for_each_row_with(
        &self,
        ranges: &[Range<u64>],
        columns: &[Column],
        beside: Beside,
        mut visit: impl FnMut(Row<'_>) -> bool,
    ) -> Result<()> {
        let path = self.entries_path();
        let damaged = |detail: String| Error::damaged(&path, detail);
        let (_, metadata) = self.parquet()?;
        let content = self.entries_mapping()?;
        let names: Vec<&str> = columns
            .iter()
            .flat_map(|column| std::iter::once(column.name()).chain(packed::beside(*column).iter().copied()))
            .chain([packed::TIMESTAMP, packed::TIMESTAMP_NANOS])
            .chain(beside.columns())
            .collect();
        let mask = ProjectionMask::columns(metadata.parquet_schema(), names.iter().copied());
        let asked = Asked { rows: Some(selection(ranges)), ..Asked::of(mask) };
        let failed = |error: ParquetError| damaged(error.to_string());
        let n_rows: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        let batches: Box<dyn Iterator<Item = _>> = if n_rows <= Asked::BATCH_ROWS as u64 {
            let batches = column_chunks::read_side_by_side(&content, metadata, &asked).map_err(failed)?;
            Box::new(batches.into_iter().map(Ok))
        } else {
            Box::new(column_chunks::read(content, metadata, asked).map_err(failed)?)
        };
        let mut idxs = ranges.iter().flat_map(Clone::clone);
        for batch in batches {
            let batch = batch.map_err(|error| damaged(error.to_string()))?;
            let view = BatchView::new(&batch, columns, beside).map_err(&damaged)?;
            for row in 0..batch.num_rows() {
                let idx = idxs.next().ok_or_else(|| damaged("more rows than were asked for".to_owned()))?;
                if !visit(view.row(row, idx)) {
                    return Ok(());
                }
            }
        }
        match idxs.next() {
            None => Ok(()),
            Some(missing) => Err(damaged(format!("row {missing} is not there"))),
        }
    }

    /// Calls `visit` with every row; stops when it returns `false`. Otherwise as [`for_each_row`](Self::for_each_row).
    ///
    /// # Errors
    /// [`Error::Damaged`] when the Parquet file cannot be read.
    pub fn for_all_rows(&self, columns: &[Column], visit: impl FnMut(Row<'_>) -> bool) -> Result<()> {
        self.for_each_row(std::slice::from_ref(&(0..self.record.rows)), columns, visit)
    }

    /// Returns the number of rows that the Parquet file says it has.
    pub(crate) fn stored_rows(&self) -> Result<u64> {
        let rows = self.parquet_of_any_length()?.1.metadata().file_metadata().num_rows();
        u64::try_from(rows).map_err(|_| Error::damaged(self.entries_path(), format!("{rows} rows")))
    }

    /// Returns the path of the entries, for messages.
    pub fn entries_path(&self) -> String {
        layout::entries(&self.record.month, &self.record.id)
    }

    /// Returns a mapping of the entries for one pass. What was read of a mapping stays in memory as long as the mapping, so who
    /// reads many rows does it through one of its own and does not hold the archive in the end.
    pub(super) fn entries_mapping(&self) -> Result<CheckedFile> {
        self.files.open(&self.entries_path())
    }

    fn index(&self) -> Result<&IndexReader> {
        get_or_try(&self.index, || IndexReader::open(self.files.clone(), &self.record.id))
    }

    /// Reads the facts of rings as format 3 or earlier ones have them, as a file of today.
    fn rings_of_earlier_formats(&self) -> Result<CheckedFile> {
        let id = &self.record.id;
        let mut path = layout::rings_of_format_3(id);
        let (facts, names) = if self.files.contains(&path) {
            facts::read(&self.content(&path)?, &path)?
        } else {
            path = layout::templates_of_format_2(id);
            let (_, names) = templates::read_parquet(self.content(&path)?, &path)?;
            (self.index()?.rings()?, Names::parse(names.as_deref(), &path)?)
        };
        if !facts.fit(&names) {
            return Err(Error::damaged(&path, "the facts of the rings do not fit together"));
        }
        Ok(CheckedFile::trusted(rings::encode(&facts, &names).into(), &path))
    }

    fn template_file(&self) -> Result<&TemplateFile> {
        get_or_try(&self.templates, || {
            let path = layout::templates(&self.record.id);
            let file = if self.files.contains(&path) {
                templates::open(self.files.open(&path)?, self.record.shapes, &path)?
            } else {
                let path = layout::templates_of_format_2(&self.record.id);
                let (templates, _) = templates::read_parquet(self.content(&path)?, &path)?;
                let path = layout::shapes_of_format_3(&self.record.id);
                templates::read_parquet_parts(self.content(&path)?, &path, &templates)?
            };
            self.check_number(file.n_shapes(), &path)?;
            Ok(file)
        })
    }

    fn check_number(&self, n_shapes: usize, path: &str) -> Result<()> {
        if n_shapes as u64 == self.record.shapes {
            return Ok(());
        }
        Err(Error::damaged(path, format!("{n_shapes} shapes instead of {}", self.record.shapes)))
    }

    /// Returns a file of the segment, compared with its checksums.
    fn content(&self, path: &str) -> Result<bytes::Bytes> {
        self.files.open(path)?.all().map_err(|error| Error::damaged(path, error))
    }

    /// Returns the instances that wrote the segment's entries, by service, revision and id.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn instances(&self) -> Result<Vec<InstanceRecord>> {
        let path = layout::instances(&self.record.id);
        if self.files.contains(&path) {
            return instances::read(&self.content(&path)?, &path);
        }
        let path = layout::instances_of_format_3(&self.record.id);
        instances::read_parquet(self.content(&path)?, &path)
    }

    /// Returns what the segment's messages look like, by fingerprint.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn messages(&self) -> Result<Vec<MessageRecord>> {
        let path = layout::messages(&self.record.id);
        messages::read(self.content(&path)?, &path)
    }

    /// Returns the exceptions that the segment's entries tell of, by key.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn exceptions(&self) -> Result<Vec<ExceptionRecord>> {
        let path = layout::exceptions(&self.record.id);
        exceptions::read(self.content(&path)?, &path)
    }

    /// Returns the values of holes that may be closed, by message or exception, hole, value and revision.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn values(&self) -> Result<Vec<ValueRecord>> {
        let path = layout::values(&self.record.id);
        values::read(self.content(&path)?, &path)
    }

    /// Calls `visit` with every one of the [`values`](Self::values), in order.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn each_value(&self, visit: impl FnMut(ValueRow<'_>)) -> Result<()> {
        let path = layout::values(&self.record.id);
        values::for_each(self.content(&path)?, &path, visit)
    }

    /// Returns the entries by pattern, exception, service, revision, severity and hour, sorted by these.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file cannot be read.
    pub fn cube(&self) -> Result<Vec<CubeCell>> {
        let path = layout::cube(&self.record.id);
        cube::read(self.content(&path)?, &path)
    }

    fn parquet_of_any_length(&self) -> Result<&(CheckedFile, ArrowReaderMetadata)> {
        get_or_try(&self.parquet, || {
            let path = self.entries_path();
            let content = self.files.open(&path)?;
            // Rows are found by number; what statistics of pages could say, rings know.
            let options = ArrowReaderOptions::new()
                .with_column_index_policy(PageIndexPolicy::Skip)
                .with_offset_index_policy(PageIndexPolicy::Required);
            let metadata =
                ArrowReaderMetadata::load(&content, options).map_err(|error| Error::damaged(&path, error))?;
            if !(1..=FORMAT).any(|format| metadata.schema().fields() == entries::schema(format).fields()) {
                return Err(Error::damaged(&path, "the file has another schema"));
            }
            Ok((content, metadata))
        })
    }

    /// Opens the entries for reading by rings.
    ///
    /// # Errors
    /// [`Error::Damaged`] also when there are more or fewer rows than the manifest says: rings are of those, and a row that no ring has
    /// would be looked for in vain.
    pub(super) fn parquet(&self) -> Result<&(CheckedFile, ArrowReaderMetadata)> {
        let stored = self.stored_rows()?;
        if stored == self.record.rows {
            return self.parquet_of_any_length();
        }
        let detail = format!("{stored} rows instead of {}", self.record.rows);
        Err(Error::damaged(self.entries_path(), detail))
    }

    fn index_damaged(&self, error: tantivy::TantivyError) -> Error {
        Error::damaged(layout::index_folder(&self.record.id), error)
    }
}

/// Reads a file that the manifest names; one that is not there is damage.
pub(crate) fn read(storage: &dyn Storage, path: &str) -> Result<bytes::Bytes> {
    let is_missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    let read = match storage.read(path) {
        // A commit since this manifest was read may have moved it.
        Err(error) if is_missing(&error) => storage.read(&layout::superseded(path)),
        read => read,
    };
    read.map_err(|error| {
        if is_missing(&error) { Error::damaged(path, "the file is missing") } else { Error::io(path)(error) }
    })
}

/// Returns what a cell holds, after making it if there is nothing yet.
pub(crate) fn get_or_try<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value))
}

fn visit_all(mut postings: impl Postings, visit: &mut impl FnMut(u32)) {
    let mut doc = postings.doc();
    while doc != TERMINATED {
        visit(doc);
        doc = postings.advance();
    }
}

pub(super) fn selection(ranges: &[Range<u64>]) -> RowSelection {
    let length = |n: u64| usize::try_from(n).expect("a segment has fewer rows than fit in memory");
    let mut selectors = Vec::with_capacity(ranges.len() * 2);
    let mut at = 0;
    for range in ranges {
        debug_assert!(range.start >= at, "ranges are ascending");
        if range.start > at {
            selectors.push(RowSelector::skip(length(range.start - at)));
        }
        selectors.push(RowSelector::select(length(range.end - range.start)));
        at = range.end;
    }
    RowSelection::from(selectors)
}
