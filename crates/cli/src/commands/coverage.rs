//! `coverage`: which hours of which service the archive can speak for. Contract `timberline/coverage/1`.

use super::comparing::investigate;
use super::time_cell;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_analysis::{CoverageAnswer, coverage_answer};
use timberline_report::units::Precision;
use timberline_report::{Block, Cell, Column, Document, Span, Table};

pub(super) fn run(settings: &Settings, printer: &mut Printer) -> Result<Outcome, Failure> {
    investigate(settings, |_, investigation| {
        let answer =
            coverage_answer(investigation).map_err(|error| Failure::archive(&error, &settings.archive))?;
        printer.answer(&answer, || document(&answer, settings))?;
        Ok(Outcome::found(!answer.services.is_empty()))
    })
}

fn document(answer: &CoverageAnswer, settings: &Settings) -> Document {
    let mut document = Document::new("coverage").in_zone(settings.zone.clone());
    let time = |time: &str| time_cell(time, Precision::Second);
    let mut covered = Table::new(vec![
        Column::left("service"),
        Column::left("from"),
        Column::left("to"),
        Column::left("proof"),
        Column::left("severities").priority(1),
        Column::left("cut off in").priority(2),
    ]);
    let mut gaps = Table::new(vec![
        Column::left("service"),
        Column::left("not covered from"),
        Column::left("to"),
        Column::left("severities").priority(1),
    ]);
    let (mut n_gaps, mut commands) = (0, Vec::new());
    for service in &answer.services {
        let name = || {
            if service.service.is_empty() { Cell::text("(none)") } else { Cell::log(&service.service) }
        };
        for interval in &service.intervals {
            let proof = serde_json::to_value(interval.proof).ok();
            covered.row(vec![
                name(),
                time(&interval.from),
                time(&interval.to),
                Cell::text(proof.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default()),
                Cell::text(severities(&interval.severities)),
                interval.cut_source.as_ref().map_or(Cell::Empty, Cell::log),
            ]);
        }
        for gap in &service.gaps {
            n_gaps += 1;
            gaps.row(vec![name(), time(&gap.from), time(&gap.to), Cell::text(severities(&gap.severities))]);
            commands.push(gap.command.clone());
        }
    }
    document.push(covered);
    if n_gaps > 0 {
        document.push(gaps);
    }
    for dump in &answer.cut_dumps {
        let what = match dump.limit {
            Some(limit) => format!(" was cut off by a limit of {limit}"),
            None if dump.cut == "limit" => " says that it is not all".to_owned(),
            None => " ends in the middle".to_owned(),
        };
        document.push(Block::List(vec![vec![Span::Value(Cell::log(&dump.path)), Span::text(what)]]));
        commands.extend(
            dump.silent
                .iter()
                .filter(|silent| !silent.is_covered_elsewhere)
                .map(|silent| silent.command.clone()),
        );
    }
    commands.dedup();
    if !commands.is_empty() {
        document.paragraph("What would fill the gaps:");
        document.code(timberline_report::Language::Shell, commands.join("\n"));
    }
    document
}

fn severities(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, .., "EMERGENCY"] => format!("{first} and worse"),
        names => names.join(" "),
    }
}
