//! Reads a grid from the rows of an archive.
//!
//! ```text
//! everything in scope        ──► cells             labels alone are read; where everything matches, together with the rest
//! what matches               ──► patterns and exceptions, and values that a shape always has
//! of it, shapes with a hole  ──► values in closed holes            only here messages are read, and patterns with them
//! ```

use super::changeover::Changeovers;
use super::values::{ClosedValues, ShapeValues};
use super::{CELL_NS, Cell, Grid, GridBuilder};
use crate::patterns::Vocabulary;
use crate::question::Investigation;
use crate::tally::scope;
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use timberline_archive::segment::{Beside, Row, Run, Segment};
use timberline_archive::{Column, Error, Result, compose};
use timberline_entry::json::{Document, parse};
use timberline_entry::{Field, LogEntry, MESSAGE_FIELDS, Severity};
use timberline_query::Filter;
use timberline_search::{Names, RowView, Sink, Wanted, scan_shared, sinks};

/// Says which row of the comparison an entry belongs to: by its service, revision and time.
pub(crate) trait Rows: Sync {
    /// Returns the row; `None` for entries that take no part.
    fn row_of(&self, service: &str, revision: &str, time_ns: i64) -> Option<u32>;

    /// Says whether any entry of this service and revision takes part.
    fn takes(&self, service: &str, revision: &str) -> bool;

    /// Says whether a row is a revision, rather than a stretch of time.
    fn is_revision(&self, row: u32) -> bool;
}

impl Grid {
    /// Reads the cells of a comparison: exposure from everything in the filter's scope, units from what matches. Units are the
    /// patterns, the exceptions, and the values of their closed holes.
    ///
    /// Cost: time and labels of every entry of the rows' revisions; of those whose shape has a closed hole, the message, and of
    /// those whose exception has one, the trace.
    pub(crate) fn read(
        investigation: &Investigation<'_>,
        vocabulary: &Vocabulary<'_>,
        filter: &Filter,
        within: &Filter,
        rows: &dyn Rows,
    ) -> Result<Self> {
        let scope = scope(filter);
        let is_all = scope == *filter;
        let (archive, names) = (investigation.archive, &investigation.names);
        let changeovers = Changeovers::of(archive)?;
        let reader = || Reader::new(names, rows, ClosedValues::of(vocabulary), &changeovers);
        let mut readers = sinks(reader);
        let mut read = |takes: Takes, filter: &Filter, wanted: &Wanted| {
            readers.iter_mut().for_each(|reader| reader.takes = takes);
            scan_shared(archive, names, filter, wanted, &mut readers)
        };
        // Labels as they are stored say which instance it is: they repeat, and nothing has to be put together for them.
        let labels = Wanted {
            columns: [Column::Labels, Column::Rest].into(),
            beside: Beside::SAID,
            ..Wanted::fields([])
        };
        if !is_all {
            let scope = Filter::and(scope, within.clone());
            read(Takes { of: Rings::All, cells: true, patterns: false, values: false }, &scope, &labels)?;
        }
        // Rows are asked once whether they match, and read once where all do: with their message where values vary, without
        // elsewhere.
        let matching = Filter::and(filter.clone(), within.clone());
        let takes = Takes { of: Rings::Plain, cells: is_all, patterns: true, values: false };
        read(takes, &matching, &labels)?;
        if !vocabulary.variants.all().is_empty() {
            let messages = Wanted { fields: MESSAGE_FIELDS.into_iter().collect(), ..labels };
            read(Takes { of: Rings::Varying, values: true, ..takes }, &matching, &messages)?;
        }
        Ok(Reader::join(readers))
    }
}

/// Rings by what their rows say of closed holes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Rings {
    #[default]
    All,
    /// All rows have the same values.
    Plain,
    /// Only messages say which values rows have.
    Varying,
}

/// What is taken of rows.
#[derive(Clone, Copy, Default)]
struct Takes {
    of: Rings,
    cells: bool,
    /// Patterns and exceptions, and values that all entries of a shape have.
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
    /// Numbers of streams, by number of the service, revision and instance.
    streams: HashMap<(u32, String, String), u32>,
    changeovers: &'r Changeovers,
    /// Of each stream, the minutes in which it goes from or to another revision.
    changing: Vec<Vec<i64>>,
    /// The service and revision of the row before, and the streams of the labels that its rows had.
    last_service: Option<u32>,
    last_revision: String,
    by_labels: HashMap<String, u32>,
    /// Whether rows of the run of rings take part, and what rows of the shape before say. Both hold for many that follow.
    takes_run: bool,
    last_shape: Option<ShapeSays>,
    last_severity: Severity,
}

/// What is known of rows of a shape.
struct ShapeSays {
    shape: u64,
    pattern: u64,
    values: Option<Arc<ShapeValues>>,
}

impl<'r> Reader<'r> {
    fn new(
        names: &'r Names,
        rows: &'r dyn Rows,
        values: ClosedValues<'r>,
        changeovers: &'r Changeovers,
    ) -> Self {
        let mut builder = GridBuilder::default();
        values.name(&mut builder);
        Self {
            names,
            rows,
            values,
            takes: Takes::default(),
            builder,
            streams: HashMap::new(),
            changeovers,
            changing: Vec::new(),
            last_service: None,
            last_revision: String::new(),
            by_labels: HashMap::new(),
            takes_run: false,
            last_shape: None,
            last_severity: Severity::Default,
        }
    }

    /// Returns the pattern of a shape, and what the shape says of its values.
    fn says(&mut self, shape: u64) -> (u64, Option<Arc<ShapeValues>>) {
        if let Some(last) = self.last_shape.as_ref().filter(|last| last.shape == shape) {
            return (last.pattern, last.values.clone());
        }
        let pattern = self.names.pattern(shape);
        let values = self.values.of_shape(shape, pattern);
        self.last_shape = Some(ShapeSays { shape, pattern, values: values.clone() });
        (pattern, values)
    }

    /// Returns a row's severity, which is the name of one.
    fn severity(&mut self, row: &Row<'_>) -> Severity {
        let name = row.cells.text(Column::Severity);
        if name != self.last_severity.name() {
            self.last_severity = Severity::parse(name).unwrap_or_default();
        }
        self.last_severity
    }

    /// Returns the number of a row's stream. Rows of one stream tend to follow one another.
    fn stream(&mut self, service: u32, revision: &str, row: &Row<'_>) -> Result<u32> {
        let labels = row.cells.text(Column::Labels);
        if self.last_service != Some(service) || self.last_revision != revision {
            self.last_service = Some(service);
            revision.clone_into(&mut self.last_revision);
            self.by_labels.clear();
        }
        // What could not be stored as labels stands in the rest.
        let is_plain = row.cells.get(Column::Rest).text().is_none();
        if let (true, Some(id)) = (is_plain, self.by_labels.get(labels)) {
            return Ok(*id);
        }
        let instance = instance(row)?;
        let next = u32::try_from(self.streams.len()).expect("there are fewer streams than that");
        let stream = (service, revision.to_owned(), instance);
        let id = match self.streams.get(&stream) {
            Some(id) => *id,
            None => {
                let name = row.cells.text(Column::Service);
                self.changing.push(self.changeovers.of_stream(name, &stream.2));
                self.streams.insert(stream, next);
                next
            }
        };
        if is_plain {
            self.by_labels.insert(labels.to_owned(), id);
        }
        Ok(id)
    }
}

impl Reader<'_> {
    /// Puts together what several readers took. Services and streams get numbers in the order of their names, because a sum over
    /// them must not depend on which reader came upon which first.
    fn join(readers: Vec<Self>) -> Grid {
        let names: BTreeSet<String> =
            readers.iter().flat_map(|reader| reader.builder.services()).map(str::to_owned).collect();
        let services: BTreeMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
        let streams_of = |reader: &Self| -> Vec<(u32, String, String)> {
            let of_builder = reader.builder.services();
            let mut streams = vec![(0, String::new(), String::new()); reader.streams.len()];
            for ((service, revision, instance), id) in &reader.streams {
                let service = services[of_builder[*service as usize]];
                streams[*id as usize] = (service, revision.clone(), instance.clone());
            }
            streams
        };
        let own: Vec<Vec<(u32, String, String)>> = readers.iter().map(streams_of).collect();
        let all: BTreeSet<&(u32, String, String)> = own.iter().flatten().collect();
        let streams: HashMap<&(u32, String, String), u32> = all.into_iter().zip(0..).collect();
        let renumbered = |(reader, own): (Self, &Vec<(u32, String, String)>)| {
            let mut builder = reader.builder;
            let services: Vec<u32> = builder.services().into_iter().map(|name| services[name]).collect();
            let streams: Vec<u32> = own.iter().map(|stream| streams[stream]).collect();
            builder.renumber(&services, &streams);
            builder
        };
        let joined = readers.into_iter().zip(&own).map(renumbered).reduce(|mut joined, other| {
            joined.absorb(other);
            joined
        });
        joined.unwrap_or_default().finish()
    }
}

/// Returns the instance that wrote a row; empty where its labels do not say.
fn instance(row: &Row<'_>) -> Result<String> {
    let damaged = |detail: String| Error::Damaged { file: format!("row {} of the entries", row.idx), detail };
    let (mut json, mut nodes) = (String::new(), Vec::new());
    compose(&row.cells, row.timestamp, |field| field == Field::Labels, &mut json)
        .map_err(|error| damaged(error.to_string()))?;
    parse(&json, &mut nodes).map_err(|fault| damaged(fault.to_string()))?;
    let object = Document::new(&json, &nodes).root().as_object().expect("compose writes an object");
    let entry = LogEntry::from_object(object);
    Ok(timberline_entry::instance(&entry).unwrap_or_default().into_owned())
}

impl Sink for Reader<'_> {
    fn run(&mut self, segment: &Segment, run: &Run) -> Result<()> {
        let (service, revision) = (&segment.services()?[run.service], &segment.revisions()?[run.revision]);
        self.takes_run = self.rows.takes(service, revision);
        Ok(())
    }

    fn wants(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        if !self.takes_run || self.takes.of == Rings::All {
            return Ok(self.takes_run);
        }
        let shape = &segment.shapes()?[segment.rings()?.shape(ring)];
        let (_, values) = self.says(shape.pattern);
        let varies = values.is_some_and(|values| values.varies())
            || shape.exception.is_some_and(|exception| self.values.varies(exception));
        Ok(varies == (self.takes.of == Rings::Varying))
    }

    fn ring(&mut self, _segment: &Segment, _ring: usize) -> Result<bool> {
        // Cells are minutes of instances, and only rows know these.
        Ok(false)
    }

    fn row(&mut self, _segment: &Segment, _ring: usize, view: &RowView<'_>) -> Result<()> {
        let (service, revision) =
            (view.row.cells.text(Column::Service), view.row.cells.text(Column::Revision));
        let time_ns = view.row.timestamp.as_nanos();
        let Some(row) = self.rows.row_of(service, revision, time_ns) else { return Ok(()) };
        let service = self.builder.service(service);
        let stream = self.stream(service, revision, view.row)?;
        let cell = Cell { row, service, minute: time_ns.div_euclid(CELL_NS), stream };
        if self.rows.is_revision(row) && self.changing[stream as usize].binary_search(&cell.minute).is_ok() {
            if self.takes.cells {
                self.builder.changing();
            }
            return Ok(());
        }
        if self.takes.cells {
            self.builder.entry(cell);
        }
        if !self.takes.patterns && !self.takes.values {
            return Ok(());
        }
        let severity = self.severity(view.row);
        let (pattern, values) = self.says(view.row.pattern);
        if self.takes.patterns {
            self.builder.hits(pattern, cell, severity, 1);
            for unit in values.iter().flat_map(|values| &values.constant) {
                self.builder.hits(*unit, cell, severity, 1);
            }
            if let Some(exception) = view.row.exception {
                self.builder.exception(exception, pattern);
                self.builder.hits(exception, cell, severity, 1);
            }
        }
        if !self.takes.values {
            return Ok(());
        }
        if let Some(values) = values {
            for unit in self.values.in_message(pattern, &values, view.entry) {
                self.builder.hits(unit, cell, severity, 1);
            }
        }
        let exception = view.row.exception;
        if let Some(unit) = exception.and_then(|exception| self.values.in_exception(exception, view.entry)) {
            self.builder.hits(unit, cell, severity, 1);
        }
        Ok(())
    }
}
