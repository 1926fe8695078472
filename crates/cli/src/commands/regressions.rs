//! `regressions`: which message changed where, over all revisions. Contract `timberline/regressions/1`.

use super::asking::{prepare, rests_on};
use super::comparing::{investigate, told};
use super::{counted, time_cell};
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::{Settings, Verbosity};
use std::collections::BTreeMap;
use std::time::Duration;
use timberline_analysis::{Deploy, InRevision, Regression, RegressionsAnswer, State, regressions_answer};
use timberline_report::units::{self, Precision};
use timberline_report::{
    Block, Cell, Column, Document, HeatStrip, Level, Mark, Sample, Scale, Span, StripRow, Table,
};

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

/// Strips of a chart, of one service.
const STRIPS: usize = 16;
/// Characters of a message that name its strip.
const STRIP_NAME: usize = 48;

fn document(answer: &RegressionsAnswer, settings: &Settings, said: &[String]) -> Document {
    let is_verbose = settings.verbosity == Verbosity::Verbose || settings.format == Format::Csv;
    let mut document = Document::new("regressions").in_zone(settings.zone.clone());
    document.paragraph(format!(
        "{} among {} patterns and values tested; {} more occur too rarely to be tested.",
        counted(answer.patterns.len() as u64, "change", "changes"),
        units::count(answer.tested),
        units::count(answer.not_tested)
    ));
    let is_leading = |found: &&Regression| is_verbose || found.group == found.id;
    let shown: Vec<&Regression> = answer.patterns.iter().filter(is_leading).collect();
    let mut table = Table::new(vec![
        Column::left("state"),
        Column::left("severity").priority(3),
        Column::left("since"),
        Column::right("sure").priority(2),
        Column::left("or one of").priority(5),
        Column::left("deployed").priority(3),
        Column::left("by").priority(6),
        Column::left("until").priority(1),
        Column::right("q").priority(4),
        Column::left("pattern").priority(4),
        Column::right("with").priority(1),
        Column::left("message"),
    ]);
    for found in &shown {
        table.row(row(answer, found));
    }
    if !shown.is_empty() {
        document.push(table);
    }
    if shown.len() < answer.patterns.len() {
        document.paragraph(
            "Messages that appear in the same minutes are one row, as they likely have one cause; -v lists all.",
        );
    }
    stopped(&mut document, &shown);
    if settings.format != Format::Csv {
        strips(&mut document, &shown, settings);
    }
    rests_on(&mut document, &answer.completeness, said);
    document
}

fn row(answer: &RegressionsAnswer, found: &Regression) -> Vec<Cell> {
    let onset = found.onset.as_ref();
    let others = onset.map(|onset| {
        let others: Vec<&str> =
            onset.candidates.iter().filter(|name| **name != onset.revision).map(String::as_str).collect();
        others.join(" ")
    });
    let deploy = onset.and_then(|onset| onset.deploy.as_ref());
    let is_same = |other: &&Regression| other.group == found.group && other.service == found.service;
    let n_together = answer.patterns.iter().filter(is_same).count() - 1;
    let until = match (&found.resolved, &found.stopped) {
        (Some(change), _) => Cell::id(&change.revision),
        (None, Some(stopped)) => Cell::id(&stopped.revision),
        (None, None) => Cell::Empty,
    };
    vec![
        Cell::text(state_name(found.state)),
        Cell::text(found.severity),
        onset.map_or(Cell::Empty, |onset| Cell::id(&onset.revision)),
        onset.map_or(Cell::Empty, |onset| Cell::text(format!("{:.0} %", onset.posterior * 100.0))),
        others.filter(|others| !others.is_empty()).map_or(Cell::Empty, |others| Cell::log(&others)),
        deploy.map_or(Cell::Empty, |deploy| time_cell(&deploy.time, Precision::Second)),
        deploy.and_then(|deploy| deploy.by.as_ref()).map_or(Cell::Empty, Cell::log),
        until,
        Cell::text(format!("{:.2e}", found.q)),
        Cell::id(&found.id),
        if n_together > 0 && found.group == found.id {
            Cell::text(format!("+{n_together}"))
        } else {
            Cell::Empty
        },
        Cell::log(told(&found.template, found.variant.as_ref())),
    ]
}

/// Says of what stopped how long it has been silent, against its habits.
fn stopped(document: &mut Document, shown: &[&Regression]) {
    let items: Vec<Vec<Span>> = shown
        .iter()
        .filter_map(|found| {
            let stopped = found.stopped.as_ref()?;
            let minutes = |minutes: f64| Span::Value(Cell::Duration(Duration::from_secs_f64(minutes * 60.0)));
            Some(vec![
                Span::Value(Cell::log(told(&found.template, found.variant.as_ref()))),
                Span::text(" came every "),
                minutes(stopped.usual_gap_minutes),
                Span::text(" (at most "),
                minutes(stopped.longest_gap_minutes),
                Span::text("), last at "),
                Span::Value(time_cell(&stopped.last, Precision::Minute)),
                Span::text(", and not in the "),
                minutes(stopped.silent_minutes),
                Span::text(format!(
                    " covered since, in {} minutes of which the service wrote.",
                    stopped.active_minutes
                )),
            ])
        })
        .collect();
    if !items.is_empty() {
        document.heading(Level::Minor, "Stopped while the service went on");
        document.push(Block::List(items));
    }
}

/// The name of a strip: the message's beginning, after the value if that is the news; of a trace, its end, which says what went wrong.
fn strip_name(found: &Regression) -> String {
    let template = &found.template;
    let lines = || template.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = if template.starts_with("Traceback") { lines().next_back() } else { lines().next() };
    told(line.unwrap_or("(no message)"), found.variant.as_ref()).chars().take(STRIP_NAME).collect()
}

/// Draws the rate of each change along the revisions of its service.
fn strips(document: &mut Document, shown: &[&Regression], settings: &Settings) {
    let mut by_service: BTreeMap<&str, Vec<&Regression>> = BTreeMap::new();
    for found in shown {
        by_service.entry(&found.service).or_default().push(found);
    }
    for (service, found) in by_service {
        let revisions = &found[0].revisions;
        if revisions.len() < 3 {
            continue;
        }
        let row = |found: &&Regression| StripRow {
            label: strip_name(found),
            samples: found.revisions.iter().map(sample).collect(),
        };
        let mut marks: BTreeMap<usize, &Deploy> = BTreeMap::new();
        for deploy_of in found.iter().take(STRIPS) {
            for change in deploy_of.onset.iter().chain(&deploy_of.resolved) {
                let at = revisions.iter().position(|revision| revision.revision == change.revision);
                marks.extend(at.zip(change.deploy.as_ref()));
            }
        }
        let mark = |(at, deploy): (usize, &Deploy)| {
            let time = deploy.time.parse().map_or_else(
                |_| deploy.time.clone(),
                |time| units::timestamp(time, Precision::Second, &settings.zone),
            );
            let by = deploy.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
            Mark { column_idx: at, label: format!("deploy {time}{by}") }
        };
        document.push(HeatStrip {
            title: format!("{service}: minutes with the message per hour, revision by revision"),
            columns: revisions.iter().map(|revision| revision.revision.clone()).collect(),
            rows: found.iter().take(STRIPS).map(row).collect(),
            marks: marks.into_iter().map(mark).collect(),
            scale: Scale::PerRow,
            ..HeatStrip::default()
        });
    }
}

#[expect(clippy::cast_precision_loss, reason = "drawn with at most some hundred steps")]
fn sample(revision: &InRevision) -> Sample {
    match revision.exposure {
        0 => Sample::NotCovered,
        exposure => Sample::Value(revision.cells as f64 / exposure as f64 * 60.0),
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::CameBack => "came back",
        State::Ongoing => "ongoing",
        State::Flapping => "flapping",
        State::Spike => "spike",
        State::Stopped => "stopped",
        State::Resolved => "resolved",
    }
}
