//! `regressions`: which message changed where, over all revisions. Contract `timberline/regressions/1`.

use super::asking::{prepare, rests_on};
use super::comparing::investigate;
use super::time_cell;
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_analysis::{RegressionsAnswer, State, regressions_answer};
use timberline_report::units::Precision;
use timberline_report::{Cell, Column, Document, Table};

pub(super) fn run(
    args: &args::Regressions,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    investigate(settings, |archive, investigation| {
        let prepared = prepare(&args.question, None, settings, archive, printer)?;
        let answer = regressions_answer(investigation, &prepared.asking, prepared.warnings.clone())
            .map_err(|error| Failure::archive(&error, &settings.archive))?;
        printer.answer(&answer, || document(&answer, settings, &prepared.warnings))?;
        Ok(Outcome::found(!answer.patterns.is_empty()))
    })
}

fn document(answer: &RegressionsAnswer, settings: &Settings, said: &[String]) -> Document {
    let mut document = Document::new("regressions").in_zone(settings.zone.clone());
    document.paragraph(format!(
        "{} changes among {} patterns tested; {} more occur too rarely to be tested.",
        answer.patterns.len(),
        answer.tested,
        answer.not_tested
    ));
    let mut table = Table::new(vec![
        Column::left("state"),
        Column::left("severity").priority(3),
        Column::left("since"),
        Column::right("sure").priority(2),
        Column::left("or one of").priority(4),
        Column::left("deployed").priority(3),
        Column::left("until").priority(1),
        Column::right("q").priority(2),
        Column::left("message"),
    ]);
    for found in &answer.patterns {
        let onset = found.onset.as_ref();
        let others = onset.map(|onset| {
            let others: Vec<&str> =
                onset.candidates.iter().filter(|name| **name != onset.revision).map(String::as_str).collect();
            others.join(" ")
        });
        let deploy = onset.and_then(|onset| onset.deploy.as_ref());
        table.row(vec![
            Cell::text(state_name(found.state)),
            Cell::text(found.severity),
            onset.map_or(Cell::Empty, |onset| Cell::id(&onset.revision)),
            onset.map_or(Cell::Empty, |onset| Cell::text(format!("{:.0} %", onset.posterior * 100.0))),
            others.filter(|others| !others.is_empty()).map_or(Cell::Empty, |others| Cell::log(&others)),
            deploy.map_or(Cell::Empty, |deploy| time_cell(&deploy.time, Precision::Second)),
            found.resolved.as_ref().map_or(Cell::Empty, |change| Cell::id(&change.revision)),
            Cell::text(format!("{:.2e}", found.q)),
            Cell::log(&found.template),
        ]);
    }
    document.push(table);
    rests_on(&mut document, &answer.completeness, said);
    document
}

fn state_name(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::CameBack => "came back",
        State::Ongoing => "ongoing",
        State::Flapping => "flapping",
        State::Spike => "spike",
        State::Resolved => "resolved",
    }
}
