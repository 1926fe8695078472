//! Reads a grid from the rows of an archive.

use super::{CELL_NS, Cell, Grid, GridBuilder};
use crate::question::Investigation;
use crate::tally::scope;
use std::collections::BTreeMap;
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::json::Value;
use timberline_entry::{Field, Severity};
use timberline_query::Filter;
use timberline_search::{RowView, Sink, Wanted, scan};

/// Says which row of the comparison an entry belongs to: by its service, revision and time.
pub(crate) trait Rows {
    /// Returns the row; `None` for entries that take no part.
    fn row_of(&self, service: &str, revision: &str, time_ns: i64) -> Option<u32>;

    /// Says whether any entry of this service and revision takes part.
    fn takes(&self, service: &str, revision: &str) -> bool;
}

impl Grid {
    /// Reads the cells of a comparison: exposure from everything in the filter's scope, units from what matches.
    ///
    /// Cost: time and labels of every entry of the rows' revisions.
    pub(crate) fn read(
        investigation: &Investigation<'_>,
        filter: &Filter,
        within: &Filter,
        rows: &dyn Rows,
    ) -> Result<Self> {
        let scope = scope(filter);
        let is_all = scope == *filter;
        let mut reader = Reader::new(rows, true, is_all);
        let wanted = Wanted { fields: [Field::Labels].into() };
        let (archive, names) = (investigation.archive, &investigation.names);
        scan(archive, names, &Filter::and(scope, within.clone()), &wanted, &mut reader)?;
        if !is_all {
            reader.takes_cells = false;
            reader.takes_hits = true;
            scan(archive, names, &Filter::and(filter.clone(), within.clone()), &wanted, &mut reader)?;
        }
        Ok(reader.builder.finish())
    }
}

/// Takes rows while they are scanned.
struct Reader<'r> {
    rows: &'r dyn Rows,
    takes_cells: bool,
    takes_hits: bool,
    builder: GridBuilder,
    streams: BTreeMap<(u32, String, String), u32>,
    last_stream: Option<(u32, String, String, u32)>,
}

impl<'r> Reader<'r> {
    fn new(rows: &'r dyn Rows, takes_cells: bool, takes_hits: bool) -> Self {
        Self {
            rows,
            takes_cells,
            takes_hits,
            builder: GridBuilder::default(),
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
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        let rings = segment.rings()?;
        let service = &segment.services()?[rings.service[ring] as usize];
        let revision = &segment.revisions()?[rings.revision[ring] as usize];
        // What takes no part needs no rows.
        Ok(!self.rows.takes(service, revision))
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
        if self.takes_cells {
            self.builder.entry(cell);
        }
        if self.takes_hits {
            let severity = Severity::ALL[usize::from(segment.rings()?.severity[ring])];
            self.builder.hits(view.row.pattern, cell, severity, 1);
        }
        Ok(())
    }
}
