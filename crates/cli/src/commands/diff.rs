//! `diff`: the messages of two revisions or windows compared. Contract `timberline/diff/1`.

use super::asking::rests_on;
use super::comparing::{investigate, side, told};
use super::counted;
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::question::Question;
use crate::settings::{Settings, Verbosity};
use std::cmp::Reverse;
use timberline_analysis::{Asked, DiffAnswer, DiffQuestion, PatternDiff, PatternStatus, diff_answer};
use timberline_entry::Severity;
use timberline_report::{Cell, Column, Document, Level, Table};

/// Patterns without a difference are counted, not listed; of the others, so many.
const LISTED: usize = 100;
/// Of rare ones, so many.
const RARE_LISTED: usize = 10;

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
    let is_verbose = settings.verbosity == Verbosity::Verbose || settings.format == Format::Csv;
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
    let changes = answer.patterns.iter().filter(|pattern| pattern.status.is_change());
    let n_changes = changes.clone().count();
    let empty: Vec<&str> = [("base", exposure.base.cells), ("target", exposure.target.cells)]
        .into_iter()
        .filter_map(|(name, cells)| (cells == 0).then_some(name))
        .collect();
    if !empty.is_empty() {
        document.paragraph(match empty[..] {
            [side] => format!("The {side} has no entries here, so nothing can be compared."),
            _ => "Neither side has entries here, so nothing can be compared.".to_owned(),
        });
    } else if n_changes == 0 {
        document.paragraph("No message changed for sure.");
    } else {
        let is_leading = |pattern: &&PatternDiff| is_verbose || pattern.group.as_ref() == Some(&pattern.id);
        let shown: Vec<&PatternDiff> = changes.filter(is_leading).collect();
        document.push(table(answer, &shown));
        if shown.len() < n_changes {
            document.paragraph(
                "Messages that appear in the same minutes are one row, as they likely have one cause; -v lists all.",
            );
        }
    }
    if empty.is_empty() {
        rare(&mut document, answer, is_verbose);
        silent(&mut document, answer);
    }
    rests_on(&mut document, &answer.completeness, said);
    document
}

fn table(answer: &DiffAnswer, shown: &[&PatternDiff]) -> Table {
    let has_groups = shown.iter().any(|pattern| n_together(answer, pattern) > 0);
    let mut columns = vec![
        Column::left("status"),
        Column::left("severity").priority(2),
        Column::right("before"),
        Column::right("now"),
        Column::right("ratio"),
        Column::left("95 %").priority(1),
        Column::right("q").priority(1),
        Column::left("pattern").priority(2),
    ];
    if has_groups {
        columns.push(Column::right("with"));
    }
    columns.push(Column::left("message"));
    let mut table = Table::new(columns);
    for pattern in shown.iter().take(LISTED) {
        let mut row = vec![
            Cell::text(status_name(pattern.status)),
            Cell::text(pattern.severity),
            Cell::Count(pattern.base.count),
            Cell::Count(pattern.target.count),
            number(pattern.ratio),
            interval(pattern.low, pattern.high),
            pattern.q.map_or(Cell::Empty, |q| Cell::text(format!("{q:.2e}"))),
            Cell::id(&pattern.id),
        ];
        if has_groups {
            row.push(match n_together(answer, pattern) {
                0 => Cell::Empty,
                n => Cell::text(format!("+{n}")),
            });
        }
        row.push(Cell::log(told(&pattern.template, pattern.variant.as_ref())));
        table.row(row);
    }
    table
}

/// How many other changes appear together with this one, if it is the one that stands for them.
fn n_together(answer: &DiffAnswer, pattern: &PatternDiff) -> usize {
    if pattern.group.as_ref() != Some(&pattern.id) {
        return 0;
    }
    answer.patterns.iter().filter(|other| other.group == pattern.group).count() - 1
}

/// Lists what was seen for the first time, too rarely to tell it from a rare message; the worst first.
fn rare(document: &mut Document, answer: &DiffAnswer, is_verbose: bool) {
    let of = |status: PatternStatus| answer.patterns.iter().filter(move |pattern| pattern.status == status);
    let mut first_seen: Vec<&PatternDiff> = of(PatternStatus::FirstSeenButRare).collect();
    if first_seen.is_empty() {
        return;
    }
    let severity = |pattern: &PatternDiff| Severity::parse(pattern.severity).unwrap_or_default();
    first_seen.sort_by_key(|pattern| (Reverse(severity(pattern)), Reverse(pattern.target.count)));
    document.heading(Level::Minor, "First seen, but rare");
    document.paragraph(format!(
        "{} occur in the target alone, too seldom to tell them from rare ones that happened to fall there.",
        counted(first_seen.len() as u64, "message", "messages")
    ));
    let n_shown = if is_verbose { first_seen.len() } else { RARE_LISTED };
    document.push(table(answer, &first_seen[..first_seen.len().min(n_shown)]));
    if n_shown < first_seen.len() {
        document.paragraph(format!("{} more; -v lists them.", first_seen.len() - n_shown));
    }
}

/// Says of what did not change how much of a change would have been noticed.
fn silent(document: &mut Document, answer: &DiffAnswer) {
    let of = |status: PatternStatus| answer.patterns.iter().filter(move |pattern| pattern.status == status);
    let n = |status| of(status).count() as u64;
    let would_show = |ratio: f64| {
        let is_noticed =
            |pattern: &&PatternDiff| pattern.detectable_ratio.is_some_and(|least| least <= ratio);
        of(PatternStatus::Unchanged).filter(is_noticed).count() as u64
    };
    document.paragraph(format!(
        "{} unchanged: of {} twice the rate would have been noticed, of {} five times, of {} twenty times. The rest is too rare \
         to say.",
        counted(n(PatternStatus::Unchanged), "message is", "messages are"),
        would_show(2.0),
        would_show(5.0),
        would_show(20.0)
    ));
    if n(PatternStatus::NotSeen) > 0 {
        document.paragraph(format!(
            "{} not seen in the target, which is too short to call them gone.",
            counted(n(PatternStatus::NotSeen), "message was", "messages were")
        ));
    }
    if n(PatternStatus::NotComparable) > 0 {
        document.paragraph(format!(
            "{} compared: one of the sides is not covered for their severity.",
            counted(n(PatternStatus::NotComparable), "message cannot be", "messages cannot be")
        ));
    }
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
