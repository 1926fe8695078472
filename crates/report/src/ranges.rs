//! Spreads as a table, for the formats that do not draw them.

use crate::document::{Cell, Column, Ranges, Table};
use std::time::Duration;

/// Returns a row per range with its four values.
pub(crate) fn as_table(ranges: &Ranges) -> Table {
    let mut columns = vec![Column::left(ranges.title.as_str())];
    columns.extend(["min", "median", "p95", "max"].map(Column::right));
    let mut table = Table::new(columns);
    for range in &ranges.ranges {
        let mut row = vec![Cell::log(range.label.as_str())];
        row.extend(
            range
                .named()
                .map(|(_, seconds)| Duration::try_from_secs_f64(seconds).map_or(Cell::Empty, Cell::Duration)),
        );
        table.row(row);
    }
    table
}
