//! `first`: when something happened for the first and the last time. Contract `timberline/first/1`.

use super::asking::{Prepared, key_cells, key_columns, prepare, remark, rests_on};
use super::comparing::investigate;
use super::{counted, time_cell};
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_analysis::{FirstAnswer, Occurrence, Status, first_seen};
use timberline_report::units::Precision;
use timberline_report::{Block, Cell, Column, Document, Level, Table};

pub(super) fn run(
    args: &args::First,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    investigate(settings, |archive, investigation| {
        let prepared = prepare(&args.question, args.by.as_deref(), settings, archive, printer)?;
        let answer = first_seen(investigation, &prepared.asking, prepared.warnings.clone())
            .map_err(|error| Failure::archive(&error, &settings.archive))?;
        remark(printer, &answer.completeness, &prepared.warnings);
        printer.answer(&answer, || document(&answer, &prepared, settings))?;
        if answer.matches == 0 {
            prepared.question.doubt(archive, printer);
        }
        Ok(Outcome::found(answer.matches > 0))
    })
}

fn document(answer: &FirstAnswer, prepared: &Prepared, settings: &Settings) -> Document {
    let mut document = Document::new("first").in_zone(settings.zone.clone());
    document.paragraph(match answer.matches {
        0 => "No entry matches.".to_owned(),
        1 => "1 entry matches.".to_owned(),
        n => format!("{} match.", counted(n, "entry", "entries")),
    });
    for (title, occurrence) in [("First", &answer.first), ("Last", &answer.last)] {
        if let Some(occurrence) = occurrence {
            document.heading(Level::Minor, title);
            document.push(Block::KeyValues(facts(occurrence)));
        }
    }
    if !answer.groups.is_empty() {
        let by = &prepared.asking.by;
        let mut columns: Vec<Column> = key_columns(by).collect();
        columns.extend([
            Column::right("matches"),
            Column::left("first"),
            Column::left("evidence"),
            Column::left("last"),
            Column::left("first message").priority(2),
        ]);
        let mut table = Table::new(columns);
        for group in &answer.groups {
            let mut row = key_cells(by, &group.key);
            row.extend([
                Cell::Count(group.matches),
                time_cell(&group.first.timestamp, Precision::Millisecond),
                Cell::text(word(group.first.evidence.status)),
                time_cell(&group.last.timestamp, Precision::Millisecond),
                Cell::log(&group.first.message),
            ]);
            table.row(row);
        }
        document.push(table);
    }
    rests_on(&mut document, &answer.completeness, &prepared.warnings);
    document
}

fn facts(occurrence: &Occurrence) -> Vec<(String, Cell)> {
    let pair = |name: &str, cell: Cell| (name.to_owned(), cell);
    let mut facts = vec![
        pair("time", time_cell(&occurrence.timestamp, Precision::Nanosecond)),
        pair("service", Cell::log(&occurrence.service)),
        pair("revision", Cell::id(&occurrence.revision)),
        pair("severity", Cell::text(&occurrence.severity)),
        pair("message", Cell::log(&occurrence.message)),
        pair("pattern", Cell::id(&occurrence.pattern)),
        pair("source", Cell::log(format!("{}:{}", occurrence.source.path, occurrence.source.line))),
        pair(
            "evidence",
            Cell::text(format!("{}: {}", word(occurrence.evidence.status), occurrence.evidence.reason)),
        ),
    ];
    if let Some(since) = &occurrence.evidence.silent_since {
        facts.push(pair("silent since", time_cell(since, Precision::Second)));
    }
    facts.retain(|(_, cell)| !matches!(cell, Cell::Log(text) | Cell::Id(text) if text.is_empty()));
    facts
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Observed => "observed",
        Status::Censored => "censored",
        Status::Unknown => "unknown",
    }
}
