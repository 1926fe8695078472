//! What is known of every ring without looking at a row.

/// The rings of a segment, a column per fact, in row order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rings {
    /// First row of the ring.
    pub row_start: Vec<u64>,
    /// Number of rows.
    pub rows: Vec<u64>,
    /// Time of the first row, nanoseconds since the Unix epoch; rows of a ring are in time order.
    pub min_ts: Vec<i64>,
    /// Time of the last row.
    pub max_ts: Vec<i64>,
    /// Index into the segment's shapes.
    pub shape: Vec<u32>,
    /// Index into the segment's services.
    pub service: Vec<u32>,
    /// Index into the segment's revisions.
    pub revision: Vec<u32>,
    /// Position in [`timberline_entry::Severity::ALL`].
    pub severity: Vec<u8>,
}

impl Rings {
    /// Returns the number of rings.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn push(&mut self, start: u64, rows: u64, min_ts: i64, max_ts: i64, key: RingKey) {
        self.row_start.push(start);
        self.rows.push(rows);
        self.min_ts.push(min_ts);
        self.max_ts.push(max_ts);
        self.shape.push(key.shape);
        self.service.push(key.service);
        self.revision.push(key.revision);
        self.severity.push(key.severity);
    }
}

/// What the rows of a ring agree in.
#[derive(Clone, Copy, Debug)]
pub(super) struct RingKey {
    pub(super) shape: u32,
    pub(super) service: u32,
    pub(super) revision: u32,
    pub(super) severity: u8,
}
