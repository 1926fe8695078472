//! `sources`: where the entries came from. Contract `timberline/sources/1`.

use super::{open, optional_time, rfc3339};
use crate::args::Format;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use serde::Serialize;
use std::collections::BTreeMap;
use timberline_archive::catalog::{Cut, SourceRecord};
use timberline_archive::manifest::{Manifest, source_name};
use timberline_report::{Cell, Column, Document, Table};

/// The sources of an archive, by path.
#[derive(Serialize)]
struct Sources {
    schema: &'static str,
    sources: Vec<Source>,
}

/// One source; counts are of all the time since it was read.
#[derive(Serialize)]
struct Source {
    path: String,
    /// Hash of the stored bytes, 16 hex digits.
    content: String,
    dialect: String,
    dialect_reason: String,
    compression: String,
    encoding: String,
    bytes: u64,
    read: u64,
    /// Entries that are attributed to this source today: of copies, the source whose copy says most has the entry.
    kept: u64,
    duplicates: u64,
    rejected: u64,
    repaired: u64,
    first: Option<String>,
    last: Option<String>,
    cut: &'static str,
    order: &'static str,
    /// Windows that the source proves to hold completely, by what.
    windows: Vec<Window>,
}

#[derive(Serialize)]
struct Window {
    proof: String,
    from: String,
    to: String,
    log: String,
}

pub(super) fn run(settings: &Settings, printer: &mut Printer) -> Result<Outcome, Failure> {
    let archive = open(settings)?;
    let records = archive.sources().map_err(|error| Failure::archive(&error, &settings.archive))?;
    let kept = kept_by_source(archive.manifest());
    let source =
        |record: &SourceRecord| source(record, kept.get(&source_name(record.key)).copied().unwrap_or(0));
    let sources: Vec<Source> = records.iter().map(source).collect();
    let outcome = Outcome::found(!sources.is_empty());
    if printer.format == Format::Ndjson {
        sources.iter().try_for_each(|source| printer.json_line(source))?;
        return Ok(outcome);
    }
    let answer = Sources { schema: "timberline/sources/1", sources };
    printer.answer(&answer, || document(&answer.sources, &records, settings))?;
    Ok(outcome)
}

fn kept_by_source(manifest: &Manifest) -> BTreeMap<String, u64> {
    let mut kept = BTreeMap::new();
    for (name, entries) in manifest.segments.iter().flat_map(|segment| &segment.sources) {
        *kept.entry(name.clone()).or_insert(0) += entries;
    }
    kept
}

fn source(record: &SourceRecord, kept: u64) -> Source {
    Source {
        path: record.path.clone(),
        content: source_name(record.key),
        dialect: record.dialect.clone(),
        dialect_reason: record.dialect_reason.clone(),
        compression: record.compression.clone(),
        encoding: record.encoding.clone(),
        bytes: record.bytes,
        read: record.read,
        kept,
        duplicates: record.read.saturating_sub(record.rejected + kept),
        rejected: record.rejected,
        repaired: record.repaired,
        first: record.first_ns.map(rfc3339),
        last: record.last_ns.map(rfc3339),
        cut: record.cut.name(),
        order: record.order.name(),
        windows: record
            .windows
            .iter()
            .map(|window| Window {
                proof: window.proof.clone(),
                from: rfc3339(window.from_ns),
                to: rfc3339(window.to_ns),
                log: window.log.clone(),
            })
            .collect(),
    }
}

fn document(sources: &[Source], records: &[SourceRecord], settings: &Settings) -> Document {
    let mut document = Document::new("sources").in_zone(settings.zone.clone());
    let mut table = Table::new(vec![
        Column::left("source"),
        Column::left("dialect").priority(2),
        Column::left("compression").priority(5),
        Column::right("bytes").priority(5),
        Column::right("read"),
        Column::right("kept"),
        Column::right("duplicates").priority(1),
        Column::right("rejected").priority(1),
        Column::left("first").priority(3),
        Column::left("last").priority(3),
        Column::left("cut"),
        Column::left("proves").priority(4),
    ]);
    for (source, record) in sources.iter().zip(records) {
        table.row(vec![
            Cell::log(&source.path),
            Cell::text(&source.dialect),
            Cell::text(&source.compression),
            Cell::Bytes(source.bytes),
            Cell::Count(source.read),
            Cell::Count(source.kept),
            Cell::Count(source.duplicates),
            Cell::Count(source.rejected),
            optional_time(record.first_ns),
            optional_time(record.last_ns),
            Cell::text(if record.cut == Cut::No { "" } else { source.cut }),
            Cell::text(source.windows.first().map_or("", |window| &window.proof)),
        ]);
    }
    document.push(table);
    document
}
