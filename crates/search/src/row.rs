//! A row as an entry: put together from the columns that were read.

use crate::resolve::WantedVariants;
use std::borrow::Cow;
use std::cell::Cell as StdCell;
use std::collections::BTreeMap;
use timberline_archive::catalog::{PatternIds, SourceRecord};
use timberline_archive::segment::{Beside, Rings, Row, Run, Segment};
use timberline_archive::{Archive, Cell, Column, Error, Result, compose, pattern_name};
use timberline_entry::json::{Document, Node, Value, parse};
use timberline_entry::{Field, LogEntry, Timestamp};
use timberline_query::{Derived, Filter, eval_with};

/// Names of what rows refer to by key.
#[derive(Clone, Debug, Default)]
pub struct Names {
    sources: BTreeMap<u64, String>,
    /// The pattern that each shape of message belongs to, and each former id leads to.
    patterns: PatternIds,
    /// Other fields than the monitored resource may name the revision.
    has_revision_field: bool,
}

impl Names {
    /// Reads the names from an archive's catalogue.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the catalogue cannot be read.
    pub fn read(archive: &Archive) -> Result<Self> {
        let (sources, patterns) = rayon::join(|| archive.source_paths(), || archive.pattern_ids());
        Ok(Self::new(archive, sources?, patterns?))
    }

    /// The same for a caller who has read the catalogue.
    pub fn of(archive: &Archive, sources: &[SourceRecord], patterns: PatternIds) -> Self {
        let sources = sources.iter().map(|source| (source.key, source.path.clone())).collect();
        Self::new(archive, sources, patterns)
    }

    fn new(archive: &Archive, sources: BTreeMap<u64, String>, patterns: PatternIds) -> Self {
        let has_revision_field = !archive.manifest().revision_field.is_empty();
        Self { sources, patterns, has_revision_field }
    }

    /// Returns the pattern of a message, given the fingerprint of its shape.
    pub fn pattern(&self, shape: u64) -> u64 {
        self.known_pattern(shape).unwrap_or(shape)
    }

    /// Returns the pattern that a shape's fingerprint, or a former id, leads to; `None` for what is neither.
    pub fn known_pattern(&self, id: u64) -> Option<u64> {
        self.patterns.get(id)
    }

    /// Returns the name of a message's pattern, given the fingerprint of its shape.
    pub fn pattern_name(&self, shape: u64) -> String {
        pattern_name(self.pattern(shape))
    }

    /// Says whether the revision of a row may be another than its monitored resource says.
    pub(crate) const fn has_revision_field(&self) -> bool {
        self.has_revision_field
    }

    /// Returns the path of a source.
    pub fn source(&self, key: u64) -> &str {
        self.sources.get(&key).map_or("", String::as_str)
    }
}

/// A row of a segment, as an entry.
#[derive(Debug)]
pub struct RowView<'r> {
    /// The row: time, provenance, and the columns that were read; service and revision in any case.
    pub row: &'r Row<'r>,
    /// The fields that were asked for.
    pub entry: &'r LogEntry<'r>,
    /// The entry's JSON, with the fields that were asked for.
    pub json: &'r str,
    /// What is known beyond the entry's own fields.
    pub derived: &'r Derived<'r>,
}

/// What rows of a segment are known to have from their rings, and what is therefore not read.
pub(crate) struct RingCells<'s> {
    rings: &'s Rings,
    services: &'s [String],
    revisions: &'s [String],
    /// The run of the ring that was asked last: rows come ring by ring.
    run: StdCell<Option<&'s Run>>,
}

impl<'s> RingCells<'s> {
    pub(crate) fn of(segment: &'s Segment) -> Result<Self> {
        let rings = segment.rings()?;
        let (services, revisions) = (segment.services()?, segment.revisions()?);
        Ok(Self { rings, services, revisions, run: StdCell::default() })
    }

    /// Returns a row of a ring with the cells of its service, revision and severity.
    pub(crate) fn complete<'r>(&'r self, mut row: Row<'r>, ring: usize) -> Row<'r> {
        let last = self.run.get().filter(|run| run.rings.contains(&ring));
        let run = last.unwrap_or_else(|| self.rings.run_of(ring));
        self.run.set(Some(run));
        row.cells.set(Column::Service, Cell::Text(&self.services[run.service]));
        row.cells.set(Column::Revision, Cell::Text(&self.revisions[run.revision]));
        row.cells.set(Column::Severity, Cell::Text(run.severity.name()));
        row
    }
}

/// Buffers for putting rows together; one per thread.
#[derive(Debug)]
pub(crate) struct Composer {
    beside: Beside,
    json: String,
    nodes: Vec<Node>,
    time: String,
}

impl Composer {
    /// Returns a composer of rows of which `beside` was read.
    pub(crate) fn new(beside: Beside) -> Self {
        Self { beside, json: String::new(), nodes: Vec::new(), time: String::new() }
    }

    /// Puts a row together and hands it on.
    ///
    /// For comparisons the entry's `timestamp` is the time the archive holds: it is the same instant, and there also
    /// where the export spelled it unusually or gave only the time of reception. `json` is as exported.
    pub(crate) fn with<T>(
        &mut self,
        row: &Row<'_>,
        fields: FieldSet,
        file: &str,
        names: &Names,
        variants: Option<&WantedVariants>,
        then: impl FnOnce(&RowView<'_>) -> T,
    ) -> Result<T> {
        let damaged = |detail: String| Error::Damaged { file: file.to_owned(), detail };
        let Self { beside, json, nodes, time } = self;
        json.clear();
        compose(&row.cells, row.timestamp, |field| fields.contains(field), json)
            .map_err(|error| damaged(format!("row {}: {error}", row.idx)))?;
        parse(json, nodes).map_err(|fault| damaged(format!("row {}: {fault}", row.idx)))?;
        let object = Document::new(json, nodes).root().as_object().expect("compose writes an object");
        let mut entry = LogEntry::from_object(object);
        spell(row.timestamp, time);
        entry.set(Field::Timestamp, Value::plain(time));
        let pattern = if beside.pattern { names.pattern(row.pattern) } else { row.pattern };
        let variants = variants
            .map_or_else(Vec::new, |wanted| wanted.of_entry(&entry, pattern, row.pattern, row.exception));
        let derived = Derived {
            pattern: beside.pattern.then(|| pattern_name(pattern).into()),
            variants: variants.into_iter().map(Cow::Owned).collect(),
            exception: row.exception.map(|key| pattern_name(key).into()),
            service: Some(row.cells.text(Column::Service).into()),
            revision: Some(row.cells.text(Column::Revision).into()),
            message: None,
            source: beside.source.then(|| names.source(row.source).into()),
        };
        Ok(then(&RowView { row, entry: &entry, json, derived: &derived }))
    }
}

impl RowView<'_> {
    /// Says whether the row matches: the one definition, on this row.
    pub fn matches(&self, filter: &Filter) -> bool {
        eval_with(filter, self.entry, self.derived)
    }
}

fn spell(time: Timestamp, out: &mut String) {
    out.clear();
    time.push_rfc3339(time.shortest_digits(), out);
}

/// A set of fields of the entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet(u32);

impl FieldSet {
    pub(crate) fn of(fields: impl IntoIterator<Item = Field>) -> Self {
        Self(fields.into_iter().fold(0, |bits, field| bits | 1 << field as u8))
    }

    pub(crate) const fn contains(self, field: Field) -> bool {
        self.0 >> field as u8 & 1 == 1
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the columns to read. Service, revision and severity are known from rings.
    pub(crate) fn columns(self) -> Vec<Column> {
        let mut columns = Vec::new();
        for field in Field::ALL {
            if self.contains(field) {
                columns.extend_from_slice(Column::of_field(field));
            }
        }
        columns.sort();
        columns.dedup();
        columns.retain(|column| !matches!(column, Column::Service | Column::Revision | Column::Severity));
        columns
    }
}
