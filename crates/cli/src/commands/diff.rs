//! `diff`: the messages of two revisions or windows compared. Contract `timberline/diff/1`.

use super::asking::rests_on;
use super::comparing::{investigate, side};
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::question::Question;
use crate::settings::Settings;
use timberline_analysis::{Asked, DiffAnswer, DiffQuestion, PatternStatus, diff_answer};
use timberline_report::{Cell, Column, Document, Table};

/// Patterns without a difference are counted, not listed.
const LISTED: usize = 100;

pub(super) fn run(args: &args::Diff, settings: &Settings, printer: &mut Printer) -> Result<Outcome, Failure> {
    investigate(settings, |archive, investigation| {
        let question = Question::read(&args.question, settings, Some(archive))?;
        question.warn(printer);
        let warnings: Vec<String> = question.warnings.iter().map(ToString::to_string).collect();
        let asking = DiffQuestion {
            base: side(&args.base, settings, investigation)?,
            target: side(&args.target, settings, investigation)?,
            filter: question.filter.clone(),
            asked: Asked {
                filter: question.asked.clone(),
                since: question.since.map(super::rfc3339),
                until: question.until.map(super::rfc3339),
                by: Vec::new(),
            },
        };
        let answer = diff_answer(investigation, &asking, warnings.clone())
            .map_err(|error| Failure::archive(&error, &settings.archive))?;
        printer.answer(&answer, || document(&answer, settings, &warnings))?;
        Ok(Outcome::found(!answer.patterns.is_empty()))
    })
}

fn document(answer: &DiffAnswer, settings: &Settings, said: &[String]) -> Document {
    let mut document = Document::new("diff").in_zone(settings.zone.clone());
    let exposure = &answer.exposure;
    document.paragraph(format!(
        "{} ({} entries in {} minutes of instances) compared with {} ({} entries in {}).",
        answer.target,
        exposure.target.entries,
        exposure.target.cells,
        answer.base,
        exposure.base.entries,
        exposure.base.cells
    ));
    if let Some(ratio) = exposure.detectable_ratio {
        document.paragraph(format!(
            "Of a message in 1 % of minutes, {ratio:.1} times the rate would have been noticed; smaller changes may hide."
        ));
    }
    let is_shown = |status: PatternStatus| status != PatternStatus::Unchanged;
    let mut table = Table::new(vec![
        Column::left("status"),
        Column::left("severity").priority(2),
        Column::right("before"),
        Column::right("now"),
        Column::right("ratio"),
        Column::left("95 %").priority(1),
        Column::right("q").priority(1),
        Column::left("pattern").priority(2),
        Column::left("message"),
    ]);
    for pattern in answer.patterns.iter().filter(|pattern| is_shown(pattern.status)).take(LISTED) {
        table.row(vec![
            Cell::text(status_name(pattern.status)),
            Cell::text(pattern.severity),
            Cell::Count(pattern.base.count),
            Cell::Count(pattern.target.count),
            number(pattern.ratio),
            interval(pattern.low, pattern.high),
            pattern.q.map_or(Cell::Empty, |q| Cell::text(format!("{q:.2e}"))),
            Cell::id(&pattern.id),
            Cell::log(&pattern.template),
        ]);
    }
    document.push(table);
    let unchanged = answer.patterns.iter().filter(|pattern| !is_shown(pattern.status)).count();
    document.paragraph(format!("{unchanged} more patterns are unchanged."));
    rests_on(&mut document, &answer.completeness, said);
    document
}

fn status_name(status: PatternStatus) -> &'static str {
    match status {
        PatternStatus::New => "new",
        PatternStatus::More => "more",
        PatternStatus::Gone => "gone",
        PatternStatus::Less => "less",
        PatternStatus::FirstSeenButRare => "first seen, rare",
        PatternStatus::NotSeen => "not seen",
        PatternStatus::Unchanged => "unchanged",
        PatternStatus::NotComparable => "not comparable",
    }
}

fn number(value: Option<f64>) -> Cell {
    match value {
        None => Cell::Empty,
        Some(value) if value.is_infinite() => Cell::text("∞"),
        Some(value) => Cell::text(format!("{value:.3}")),
    }
}

fn interval(low: Option<f64>, high: Option<f64>) -> Cell {
    let (Some(low), Some(high)) = (low, high) else { return Cell::Empty };
    let high = if high.is_infinite() { "∞".to_owned() } else { format!("{high:.2}") };
    Cell::text(format!("{low:.2} to {high}"))
}
