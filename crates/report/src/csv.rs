//! A document's data as comma-separated values, for spreadsheets and scripts.
//!
//! Only what is data is written: tables, lists of values, bars and strips, in reading order, an empty line between two
//! of them. A document with one table is plain RFC 4180 with a heading line. Headings, prose, notes and code are left
//! out; whoever needs the warnings of an answer reads them on stderr or in the JSON.
//!
//! Values are for programs: counts without separators, shares as fractions, durations in seconds, sizes in bytes,
//! times in RFC 3339 with nine digits in the document's zone. Zero is `0`, *not covered* is `not covered`, an empty
//! cell is empty; inside a sparkline `?` stands for not covered. Lines end in CR LF.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use crate::document::{Bars, Block, Cell, Document, HeatStrip, Sample, Table};
use crate::escape::{csv_field, csv_quote};
use crate::shown::NOT_COVERED;
use crate::units;

/// Writes the data of a document.
///
/// # Errors
/// Only those of `out`.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let mut first = true;
    for block in &document.blocks {
        let records = match block {
            Block::Table(table) => table_records(table, &document.zone),
            Block::KeyValues(pairs) => key_value_records(pairs, &document.zone),
            Block::Bars(bars) => bar_records(bars),
            Block::HeatStrip(strip) => strip_records(strip),
            Block::Ranges(ranges) => table_records(&crate::ranges::as_table(ranges), &document.zone),
            Block::Heading(_)
            | Block::Paragraph(_)
            | Block::List(_)
            | Block::Code(_)
            | Block::Note(_)
            | Block::Links(_) => continue,
        };
        if !first {
            out.write_all(b"\r\n")?;
        }
        first = false;
        for record in records {
            out.write_all(record.join(",").as_bytes())?;
            out.write_all(b"\r\n")?;
        }
    }
    Ok(())
}

type Record = Vec<String>;

fn table_records(table: &Table, zone: &TimeZone) -> Vec<Record> {
    let head = table.columns.iter().map(|column| csv_field(&column.title)).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(|cell| field(cell, zone)).collect());
    std::iter::once(head).chain(rows).collect()
}

fn key_value_records(pairs: &[(String, Cell)], zone: &TimeZone) -> Vec<Record> {
    let head = vec!["name".to_owned(), "value".to_owned()];
    let rows = pairs.iter().map(|(name, value)| vec![csv_field(name), field(value, zone)]);
    std::iter::once(head).chain(rows).collect()
}

fn bar_records(bars: &Bars) -> Vec<Record> {
    let head = vec!["name".to_owned(), "value".to_owned()];
    let rows = bars.bars.iter().map(|bar| vec![csv_field(&bar.label), sample(bar.length, NOT_COVERED)]);
    std::iter::once(head).chain(rows).collect()
}

/// One record per place and row, since that is what can be filtered and summed.
fn strip_records(strip: &HeatStrip) -> Vec<Record> {
    let mut records = vec![vec!["row".to_owned(), "column".to_owned(), "value".to_owned()]];
    for row in &strip.rows {
        for (column_idx, column) in strip.columns.iter().enumerate() {
            records.push(vec![
                csv_field(&row.label),
                csv_field(column),
                sample(row.at(column_idx), NOT_COVERED),
            ]);
        }
    }
    records
}

fn field(cell: &Cell, zone: &TimeZone) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::NotCovered => NOT_COVERED.to_owned(),
        Cell::Text(text) | Cell::Log(text) | Cell::Id(text) => csv_field(text),
        Cell::Link(link) => csv_field(&link.text),
        Cell::Count(n) | Cell::Bytes(n) => n.to_string(),
        Cell::Measure(value) => number(*value),
        Cell::Share { total: 0, .. } => String::new(),
        #[expect(clippy::cast_precision_loss, reason = "a fraction has no use for more than 53 bits")]
        Cell::Share { part, total } => number(*part as f64 / *total as f64),
        Cell::Rate { value, .. } => number(*value),
        Cell::Time(at, _) => units::rfc3339(*at, zone),
        Cell::Duration(duration) => format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos()),
        Cell::Bar(fraction) => number(*fraction),
        Cell::Sparkline(samples) => {
            csv_quote(&samples.iter().map(|&value| sample(value, "?")).collect::<Vec<_>>().join(" "))
        }
    }
}

fn sample(sample: Sample, not_covered: &str) -> String {
    sample.value().map_or_else(|| not_covered.to_owned(), number)
}

/// The shortest decimal that reads back as the same number; nothing for what is no number.
fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}
