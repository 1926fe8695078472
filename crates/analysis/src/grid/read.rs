//! Reads a grid from the rows of an archive.
//!
//! ```text
//! everything in scope        ──► cells             labels alone are read
//! what matches               ──► patterns, and values that a shape always has
//! of it, shapes with a hole  ──► values in closed holes            only here messages are read
//! ```

use super::values::ClosedValues;
use super::{CELL_NS, Cell, Grid, GridBuilder};
use crate::patterns::Vocabulary;
use crate::question::Investigation;
use crate::tally::scope;
use std::collections::BTreeMap;
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::json::Value;
use timberline_entry::{Field, MESSAGE_FIELDS, Severity};
use timberline_query::Filter;
use timberline_search::{Names, RowView, Sink, Wanted, scan};

/// Says which row of the comparison an entry belongs to: by its service, revision and time.
pub(crate) trait Rows {
    /// Returns the row; `None` for entries that take no part.
    fn row_of(&self, service: &str, revision: &str, time_ns: i64) -> Option<u32>;

    /// Says whether any entry of this service and revision takes part.
    fn takes(&self, service: &str, revision: &str) -> bool;
}

impl Grid {
    /// Reads the cells of a comparison: exposure from everything in the filter's scope, units from what matches. Units are the
    /// patterns, and the values of their closed holes.
    ///
    /// Cost: time and labels of every entry of the rows' revisions; of those whose shape has a closed hole, the message.
    pub(crate) fn read(
        investigation: &Investigation<'_>,
        vocabulary: &Vocabulary,
        filter: &Filter,
        within: &Filter,
        rows: &dyn Rows,
    ) -> Result<Self> {
        let scope = scope(filter);
        let is_all = scope == *filter;
        let (archive, names) = (investigation.archive, &investigation.names);
        let mut reader = Reader::new(names, rows, ClosedValues::of(vocabulary));
        let labels = Wanted { fields: [Field::Labels].into() };
        reader.takes = Takes { cells: true, patterns: is_all, values: false };
        scan(archive, names, &Filter::and(scope, within.clone()), &labels, &mut reader)?;
        let matching = Filter::and(filter.clone(), within.clone());
        if !is_all {
            reader.takes = Takes { cells: false, patterns: true, values: false };
            scan(archive, names, &matching, &labels, &mut reader)?;
        }
        if !reader.values.is_empty() {
            reader.takes = Takes { cells: false, patterns: false, values: true };
            let fields = MESSAGE_FIELDS.into_iter().chain([Field::Labels]).collect();
            scan(archive, names, &matching, &Wanted { fields }, &mut reader)?;
        }
        Ok(reader.builder.finish())
    }
}

/// What is taken of rows.
#[derive(Clone, Copy, Default)]
struct Takes {
    cells: bool,
    /// Patterns, and values that all entries of a shape have.
    patterns: bool,
    /// Values that only the message says.
    values: bool,
}

/// Takes rows while they are scanned.
struct Reader<'r> {
    names: &'r Names,
    rows: &'r dyn Rows,
    values: ClosedValues<'r>,
    takes: Takes,
    builder: GridBuilder,
    streams: BTreeMap<(u32, String, String), u32>,
    last_stream: Option<(u32, String, String, u32)>,
}

impl<'r> Reader<'r> {
    fn new(names: &'r Names, rows: &'r dyn Rows, values: ClosedValues<'r>) -> Self {
        let mut builder = GridBuilder::default();
        values.name(&mut builder);
        Self {
            names,
            rows,
            values,
            takes: Takes::default(),
            builder,
            streams: BTreeMap::new(),
            last_stream: None,
        }
    }

    /// Returns the number of a stream. Rows of a stream tend to follow one another.
    fn stream(&mut self, service: u32, revision: &str, instance: &str) -> u32 {
        if let Some((s, r, i, id)) = &self.last_stream
            && *s == service
            && r == revision
            && i == instance
        {
            return *id;
        }
        let next = u32::try_from(self.streams.len()).expect("there are fewer streams than that");
        let key = (service, revision.to_owned(), instance.to_owned());
        let id = *self.streams.entry(key).or_insert(next);
        self.last_stream = Some((service, revision.to_owned(), instance.to_owned(), id));
        id
    }
}

impl Sink for Reader<'_> {
    fn wants(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        let rings = segment.rings()?;
        let service = &segment.services()?[rings.service[ring] as usize];
        let revision = &segment.revisions()?[rings.revision[ring] as usize];
        if !self.rows.takes(service, revision) {
            return Ok(false);
        }
        if !self.takes.values {
            return Ok(true);
        }
        let shape = segment.shapes()?[rings.shape[ring] as usize].pattern;
        let values = self.values.of_shape(shape, self.names.pattern(shape));
        Ok(values.is_some_and(|values| values.varies()))
    }

    fn ring(&mut self, _segment: &Segment, _ring: usize) -> Result<bool> {
        // Cells are minutes of instances, and only rows know these.
        Ok(false)
    }

    fn row(&mut self, segment: &Segment, ring: usize, view: &RowView<'_>) -> Result<()> {
        let (service, revision) =
            (view.row.cells.text(Column::Service), view.row.cells.text(Column::Revision));
        let time_ns = view.row.timestamp.as_nanos();
        let Some(row) = self.rows.row_of(service, revision, time_ns) else { return Ok(()) };
        let instance = view
            .entry
            .get(Field::Labels)
            .and_then(|labels| labels.get("instanceId"))
            .and_then(Value::as_text);
        let instance = instance.map(|id| id.value()).unwrap_or_default();
        let service = self.builder.service(service);
        let stream = self.stream(service, revision, &instance);
        let cell = Cell { row, service, minute: time_ns.div_euclid(CELL_NS), stream };
        if self.takes.cells {
            self.builder.entry(cell);
        }
        if !self.takes.patterns && !self.takes.values {
            return Ok(());
        }
        let severity = Severity::ALL[usize::from(segment.rings()?.severity[ring])];
        let pattern = self.names.pattern(view.row.pattern);
        let values = self.values.of_shape(view.row.pattern, pattern);
        if self.takes.patterns {
            self.builder.hits(pattern, cell, severity, 1);
            for unit in values.iter().flat_map(|values| &values.constant) {
                self.builder.hits(*unit, cell, severity, 1);
            }
        }
        if let (true, Some(values)) = (self.takes.values, values) {
            for unit in self.values.in_message(pattern, &values, view.entry) {
                self.builder.hits(unit, cell, severity, 1);
            }
        }
        Ok(())
    }
}
