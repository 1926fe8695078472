//! `status`: what is in the archive. Contract `timberline/status/1`.

use super::comparing::investigate;
use super::time_cell;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_analysis::{Overview, overview};
use timberline_entry::Severity;
use timberline_report::units::{self, Precision};
use timberline_report::{Block, Cell, Column, Document, Table};

pub(super) fn run(settings: &Settings, printer: &mut Printer) -> Result<Outcome, Failure> {
    investigate(settings, |_, investigation| {
        let answer = overview(investigation).map_err(|error| Failure::archive(&error, &settings.archive))?;
        printer.answer(&answer, || document(&answer, settings))?;
        Ok(Outcome::found(answer.entries > 0))
    })
}

fn document(answer: &Overview, settings: &Settings) -> Document {
    let mut document = Document::new("status").in_zone(settings.zone.clone());
    let time = |time: &Option<String>| {
        time.as_deref().map_or(Cell::text("none"), |time| time_cell(time, Precision::Microsecond))
    };
    let bytes = &answer.archive_bytes;
    let sizes = format!(
        "{} ({} entries, {} index, {} other), made of {}",
        units::bytes(bytes.total),
        units::bytes(bytes.entries),
        units::bytes(bytes.index),
        units::bytes(bytes.other),
        units::bytes(answer.bytes_read)
    );
    let pair = |name: &str, cell: Cell| (name.to_owned(), cell);
    document.push(Block::KeyValues(vec![
        pair("archive", Cell::text(settings.archive.display().to_string())),
        pair("entries", Cell::Count(answer.entries)),
        pair("duplicates", Cell::Count(answer.duplicates)),
        pair("rejected", Cell::Count(answer.rejected)),
        pair("sources", Cell::Count(answer.sources)),
        pair("patterns", Cell::Count(answer.patterns)),
        pair("segments", Cell::Count(answer.segments)),
        pair("rings", Cell::Count(answer.rings)),
        pair("first", time(&answer.first)),
        pair("last", time(&answer.last)),
        pair("size", Cell::text(sizes)),
    ]));
    if answer.entries > 0 {
        document.push(severities(answer));
        document.push(services(answer));
    }
    document
}

/// The worst first.
fn severities(answer: &Overview) -> Table {
    let mut table = Table::new(vec![
        Column::left("severity"),
        Column::right("entries"),
        Column::right("share"),
        Column::left(""),
    ]);
    for severity in Severity::ALL.into_iter().rev() {
        if let Some(&part) = answer.severities.get(severity.name()) {
            let total = answer.entries;
            let bar = fraction(part, answer.severities.values().copied().max().unwrap_or(0));
            table.row(vec![
                Cell::text(severity.name()),
                Cell::Count(part),
                Cell::Share { part, total },
                Cell::Bar(bar),
            ]);
        }
    }
    table
}

fn services(answer: &Overview) -> Table {
    let mut table = Table::new(vec![
        Column::left("service"),
        Column::right("entries"),
        Column::right("revisions"),
        Column::left("first").priority(1),
        Column::left("last").priority(1),
    ]);
    for service in &answer.services {
        let name =
            if service.service.is_empty() { Cell::text("(none)") } else { Cell::log(&service.service) };
        table.row(vec![
            name,
            Cell::Count(service.entries),
            Cell::Count(service.revisions),
            time_cell(&service.first, Precision::Second),
            time_cell(&service.last, Precision::Second),
        ]);
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "drawn with at most some hundred steps")]
fn fraction(part: u64, largest: u64) -> f64 {
    if largest == 0 { 0.0 } else { part as f64 / largest as f64 }
}
