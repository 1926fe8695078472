//! `revisions`: the revisions in order, and who deployed them. Contract `timberline/revisions/1`.

use super::comparing::investigate;
use super::{counted, time_cell};
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use std::time::Duration;
use timberline_analysis::{OrderRule, Resolution, RevisionFacts, RevisionsAnswer, revisions_answer};
use timberline_report::units::Precision;
use timberline_report::{Cell, Column, Document, Level, NoteKind, Table};

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
        Column::right("starts").priority(6),
        Column::right("exits").priority(6),
        Column::right("restarts").priority(4),
        Column::right("1st new error").priority(3),
        Column::left("place by").priority(5),
        Column::left("deployed").priority(3),
        Column::left("by").priority(3),
        Column::left("image").priority(7),
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
            Cell::Count(revision.containers.starts),
            Cell::Count(revision.containers.exits),
            Cell::Count(revision.restarts),
            lag(revision),
            Cell::text(rule(revision.order_rule)),
            time(deploy.map(|deploy| deploy.time.as_str())),
            text(deploy.and_then(|deploy| deploy.by.as_ref())),
            text(deploy.and_then(|deploy| deploy.image.as_ref())),
        ]);
    }
    document.push(table);
    made_anew(&mut document, answer);
    overlaps(&mut document, answer);
    learnt(&mut document, answer);
    other_deploys(&mut document, answer);
    if !answer.unknown_in_order.is_empty() {
        document.note(
            NoteKind::Warning,
            format!(
                "the given order names no revisions of this archive: {}",
                answer.unknown_in_order.join(", ")
            ),
        );
    }
    document
}

/// Says where numbers in names begin again.
fn made_anew(document: &mut Document, answer: &RevisionsAnswer) {
    for pair in answer.revisions.windows(2) {
        if pair[0].service == pair[1].service && pair[0].recreation < pair[1].recreation {
            document.paragraph(format!(
                "{} was made anew between {} and {}: the numbers in names begin again, so only times put these in order.",
                pair[1].service, pair[0].revision, pair[1].revision
            ));
        }
    }
}

fn overlaps(document: &mut Document, answer: &RevisionsAnswer) {
    if answer.overlaps.is_empty() {
        return;
    }
    document.heading(Level::Minor, "At the same time");
    let mut table = Table::new(vec![
        Column::left("earlier"),
        Column::left("later"),
        Column::left("both from"),
        Column::left("to"),
        Column::left("then").priority(1),
    ]);
    for overlap in &answer.overlaps {
        let then = if overlap.earlier_goes_on {
            "the earlier one goes on: split traffic, a rollback, or still draining"
        } else {
            "the later one goes on"
        };
        table.row(vec![
            Cell::id(&overlap.earlier),
            Cell::id(&overlap.later),
            time_cell(&overlap.from, Precision::Second),
            time_cell(&overlap.to, Precision::Second),
            Cell::text(then),
        ]);
    }
    document.push(table);
}

/// Says of the entries without a revision which belong where, and how that is known.
fn learnt(document: &mut Document, answer: &RevisionsAnswer) {
    let resolved =
        || answer.revisions.iter().flat_map(|revision| revision.resolved.iter().map(move |r| (revision, r)));
    let n_resolved: u64 = resolved().map(|(_, resolved)| resolved.entries).sum();
    let n_unresolved: u64 = answer.unresolved.iter().map(|unresolved| unresolved.entries).sum();
    if n_resolved + n_unresolved == 0 {
        return;
    }
    document.heading(Level::Minor, "Entries without a revision");
    document.paragraph(format!(
        "{} of {} belong to a revision by their payload; they are not counted above.",
        counted(n_resolved, "entry", "entries"),
        n_resolved + n_unresolved
    ));
    let mut table = Table::new(vec![
        Column::left("service").priority(1),
        Column::left("revision"),
        Column::right("entries"),
        Column::left("known by"),
    ]);
    for (revision, resolved) in resolved() {
        table.row(vec![
            Cell::log(&revision.service),
            Cell::id(&revision.revision),
            Cell::Count(resolved.entries),
            Cell::text(how(resolved.how)),
        ]);
    }
    for unresolved in &answer.unresolved {
        table.row(vec![
            Cell::log(&unresolved.service),
            Cell::text("(none)"),
            Cell::Count(unresolved.entries),
            Cell::text("nothing: the payload names none"),
        ]);
    }
    document.push(table);
}

fn other_deploys(document: &mut Document, answer: &RevisionsAnswer) {
    if answer.other_deploys.is_empty() {
        return;
    }
    document.heading(Level::Minor, "Deploys whose revision is not known");
    document.paragraph(
        "Traffic that was moved, settings that made no new revision, or an answer that no dump holds.",
    );
    let mut table = Table::new(vec![
        Column::left("time"),
        Column::left("service"),
        Column::left("method"),
        Column::left("by"),
        Column::left("image").priority(2),
    ]);
    for other in &answer.other_deploys {
        let text = |text: Option<&String>| text.map_or(Cell::Empty, Cell::log);
        table.row(vec![
            time_cell(&other.deploy.time, Precision::Second),
            Cell::log(&other.service),
            Cell::log(&other.deploy.method),
            text(other.deploy.by.as_ref()),
            text(other.deploy.image.as_ref()),
        ]);
    }
    document.push(table);
}

/// What put a revision in its place.
const fn rule(rule: OrderRule) -> &'static str {
    match rule {
        OrderRule::FirstEntry => "first entry",
        OrderRule::Deploy => "deploy",
        OrderRule::Number => "number in the name",
        OrderRule::Given => "given order",
    }
}

/// How the revision of an entry is known.
const fn how(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::ResourceName => "its resource is the revision",
        Resolution::ResponseLatestCreated => "the answer names it as created last",
        Resolution::ResponseLatestReady => "the answer names it as ready last",
        Resolution::RequestTemplate => "the request gives it this name",
        Resolution::RequestLatestCreated => {
            "the request names it as created last: it ran when the request was made"
        }
        Resolution::RequestLatestReady => {
            "the request names it as ready last: it ran when the request was made"
        }
        Resolution::NextRequest => "the next request found it there",
        Resolution::NextSeen => "it wrote first after the request",
    }
}

/// The time from the deploy to the first new error, as people see it.
fn lag(revision: &RevisionFacts) -> Cell {
    match &revision.first_new_error {
        None => Cell::Empty,
        Some(error) => match error.lag_seconds {
            Some(seconds) => Cell::Duration(Duration::from_secs_f64(seconds)),
            None => time_cell(&error.time, Precision::Second),
        },
    }
}
