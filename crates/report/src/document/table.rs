//! Rows and columns.

use super::Cell;

/// A table: one heading per column, cells of any kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The columns, left to right.
    pub(crate) columns: Vec<Column>,
    /// The rows, top to bottom, each exactly as long as `columns`: only [`Table::row`] adds one.
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A column's heading and how it behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub title: String,
    /// The side to which values are set.
    pub align: Align,
    /// How easily the column is left out where space is short: 0 never, the largest number first.
    pub priority: u8,
}

/// The side to which a column's values are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers, so that digits of equal weight stand below each other.
    Right,
}

impl Table {
    /// Returns a table without rows.
    #[must_use]
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row. A row that is too short ends in empty cells; one that is too long is a mistake of the caller.
    pub fn row(&mut self, mut cells: Vec<Cell>) {
        debug_assert!(cells.len() <= self.columns.len(), "a row has at most one cell per column");
        cells.resize(self.columns.len(), Cell::Empty);
        self.rows.push(cells);
    }

    /// The number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }
}

impl Column {
    /// Returns a column for text that is never left out.
    #[must_use]
    pub fn left(title: impl Into<String>) -> Self {
        Self { title: title.into(), align: Align::Left, priority: 0 }
    }

    /// Returns a column for numbers that is never left out.
    #[must_use]
    pub fn right(title: impl Into<String>) -> Self {
        Self { title: title.into(), align: Align::Right, priority: 0 }
    }

    /// Returns the column with another priority: 0 never left out, the largest number first.
    #[must_use]
    pub fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }
}
