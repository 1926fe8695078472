//! `revisions`: the revisions in order, and who deployed them. Contract `timberline/revisions/1`.

use super::comparing::investigate;
use super::{counted, time_cell};
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_analysis::{RevisionsAnswer, revisions_answer};
use timberline_report::units::Precision;
use timberline_report::{Cell, Column, Document, Table};

pub(super) fn run(
    args: &args::Revisions,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    investigate(settings, |_, investigation| {
        let answer = revisions_answer(investigation, args.service.as_deref())
            .map_err(|error| Failure::archive(&error, &settings.archive))?;
        printer.answer(&answer, || document(&answer, settings))?;
        Ok(Outcome::found(!answer.revisions.is_empty()))
    })
}

fn document(answer: &RevisionsAnswer, settings: &Settings) -> Document {
    let mut document = Document::new("revisions").in_zone(settings.zone.clone());
    let time = |time: Option<&str>| time.map_or(Cell::Empty, |time| time_cell(time, Precision::Second));
    let mut table = Table::new(vec![
        Column::left("service").priority(3),
        Column::right("no."),
        Column::left("revision"),
        Column::left("first").priority(1),
        Column::left("last").priority(2),
        Column::right("entries"),
        Column::right("errors"),
        Column::right("requests").priority(4),
        Column::right("instances").priority(4),
        Column::right("restarts").priority(4),
        Column::left("deployed").priority(3),
        Column::left("by").priority(3),
        Column::left("image").priority(5),
    ]);
    for revision in &answer.revisions {
        let deploy = revision.deploy.as_ref();
        let text = |text: Option<&String>| text.map_or(Cell::Empty, Cell::log);
        table.row(vec![
            Cell::log(&revision.service),
            Cell::Count(revision.order),
            Cell::id(&revision.revision),
            time(revision.first.as_deref()),
            time(revision.last.as_deref()),
            Cell::Count(revision.entries),
            Cell::Count(revision.errors),
            Cell::Count(revision.requests),
            Cell::Count(revision.instances),
            Cell::Count(revision.restarts),
            time(deploy.map(|deploy| deploy.time.as_str())),
            text(deploy.and_then(|deploy| deploy.by.as_ref())),
            text(deploy.and_then(|deploy| deploy.image.as_ref())),
        ]);
    }
    document.push(table);
    let resolved: u64 = answer
        .revisions
        .iter()
        .flat_map(|revision| &revision.resolved)
        .map(|resolved| resolved.entries)
        .sum();
    if resolved > 0 {
        document.paragraph(format!(
            "{} without a revision belong to one by their payload; they are not counted above.",
            counted(resolved, "entry", "entries")
        ));
    }
    for unresolved in &answer.unresolved {
        document.paragraph(format!(
            "{} of {} name no revision.",
            counted(unresolved.entries, "entry", "entries"),
            if unresolved.service.is_empty() { "no service" } else { &unresolved.service }
        ));
    }
    document
}
