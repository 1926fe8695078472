//! `patterns`: what is being said. Contract `timberline/patterns/1`.

use super::asking::{prepare, remark, rests_on};
use super::comparing::investigate;
use super::{counted, time_cell};
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_analysis::{
    Investigation, PatternKind, PatternOrder, PatternSummary, PatternsAnswer, PatternsQuestion, TrendAxis,
    patterns_answer,
};
use timberline_report::units::Precision;
use timberline_report::{Cell, Column, Document, Sample, Table};

const DEFAULT_LIMIT: usize = 50;
/// Variants listed under a pattern.
const VARIANTS_SHOWN: usize = 6;

pub(super) fn run(
    args: &args::Patterns,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    investigate(settings, |archive, investigation| {
        let prepared = prepare(&args.question, None, settings, archive, printer)?;
        let for_people = matches!(printer.format, Format::Text | Format::Markdown);
        let asking = PatternsQuestion {
            question: prepared.asking.clone(),
            kind: args.kind.map(|kind| match kind {
                args::PatternKind::Message => PatternKind::Message,
                args::PatternKind::Exception => PatternKind::Exception,
            }),
            new_since: args
                .new_since
                .as_deref()
                .map(|text| since(text, settings, investigation))
                .transpose()?,
            order: match args.sort {
                args::PatternOrder::Count => PatternOrder::Count,
                args::PatternOrder::First => PatternOrder::First,
                args::PatternOrder::Last => PatternOrder::Last,
                args::PatternOrder::Severity => PatternOrder::Severity,
            },
            limit: match args.limit {
                Some(0) => None,
                Some(limit) => Some(limit),
                None => for_people.then_some(DEFAULT_LIMIT),
            },
            periods: matches!(printer.format, Format::Json | Format::Ndjson),
        };
        let answer = patterns_answer(investigation, &asking, prepared.warnings.clone())
            .map_err(|error| Failure::archive(&error, &settings.archive))?;
        remark(printer, &answer.completeness, &prepared.warnings);
        printer.answer(&answer, || document(&answer, settings, &prepared.warnings, for_people))?;
        if answer.total == 0 {
            prepared.question.doubt(archive, printer);
        }
        Ok(Outcome::found(!answer.patterns.is_empty()))
    })
}

/// Reads `--new-since`: a revision of the archive, or a moment.
fn since(text: &str, settings: &Settings, investigation: &Investigation<'_>) -> Result<i64, Failure> {
    if let Some(born) = investigation.revisions.get(text) {
        return Ok(*born);
    }
    settings.moment(text).map_err(|failure| {
        failure
            .hint(format!("--new-since takes a moment or a revision; the archive has no revision '{text}'"))
    })
}

fn document(answer: &PatternsAnswer, settings: &Settings, said: &[String], for_people: bool) -> Document {
    let mut document = Document::new("patterns").in_zone(settings.zone.clone());
    if answer.patterns.is_empty() {
        document.paragraph("No pattern matches.");
        rests_on(&mut document, &answer.completeness, said);
        return document;
    }
    let listed = answer.patterns.len() as u64;
    let of = if listed < answer.matching {
        format!(" Shown are {listed}; --limit 0 shows all.")
    } else {
        String::new()
    };
    document.paragraph(format!(
        "{} in {}.{of}",
        counted(answer.matching, "pattern", "patterns"),
        counted(answer.total, "entry", "entries")
    ));
    let has_exceptions = answer.patterns.iter().any(|pattern| pattern.kind == PatternKind::Exception);
    let mut columns = vec![Column::left("pattern")];
    if has_exceptions || !for_people {
        columns.push(Column::left("kind").priority(4));
    }
    columns.extend([Column::right("count"), Column::right("share").priority(3)]);
    if for_people {
        columns.push(Column::left(trend_title(&answer.trend)).priority(2));
    }
    columns.extend([
        Column::left("severity").priority(1),
        Column::left("first").priority(2),
        Column::left("last").priority(3),
        Column::left("revisions").priority(5),
        Column::left("what is said"),
    ]);
    let mut table = Table::new(columns);
    for pattern in &answer.patterns {
        let mut row = vec![Cell::id(&pattern.id)];
        if has_exceptions || !for_people {
            row.push(Cell::text(kind_name(pattern.kind)));
        }
        row.extend([Cell::Count(pattern.count), Cell::Share { part: pattern.count, total: answer.total }]);
        if for_people {
            row.push(Cell::Sparkline(pattern.trend.iter().map(|n| Sample::count(Some(*n))).collect()));
        }
        row.extend([
            Cell::text(pattern.severity),
            time_cell(&pattern.first, Precision::Second),
            time_cell(&pattern.last, Precision::Second),
            revisions_cell(pattern),
            Cell::log(&pattern.text),
        ]);
        table.row(row);
        if pattern.variants_differ {
            add_variants(&mut table, pattern, answer.total, has_exceptions || !for_people, for_people);
        }
    }
    document.push(table);
    rests_on(&mut document, &answer.completeness, said);
    document
}

/// Variants follow their pattern: what is news, and the most frequent of the others.
fn add_variants(table: &mut Table, pattern: &PatternSummary, total: u64, has_kind: bool, for_people: bool) {
    let mut variants: Vec<_> = pattern.variants.iter().collect();
    variants.sort_by(|a, b| (b.is_news, b.count, &a.value).cmp(&(a.is_news, a.count, &b.value)));
    let n_shown = if for_people { VARIANTS_SHOWN.min(variants.len()) } else { variants.len() };
    let n_left = variants.len() - n_shown;
    variants.truncate(n_shown);
    // Told in the order in which it happened.
    variants.sort_by(|a, b| (&a.first, &a.value).cmp(&(&b.first, &b.value)));
    for variant in variants {
        let mut row = vec![Cell::id(&variant.id)];
        if has_kind {
            row.push(Cell::text("variant"));
        }
        row.extend([Cell::Count(variant.count), Cell::Share { part: variant.count, total }]);
        if for_people {
            row.push(Cell::Empty);
        }
        row.extend([
            Cell::Empty,
            time_cell(&variant.first, Precision::Second),
            time_cell(&variant.last, Precision::Second),
            Cell::text(variant.revisions.len().to_string()),
            Cell::log(format!("  └ {}{}", variant.value, if variant.is_news { "  (new)" } else { "" })),
        ]);
        table.row(row);
    }
    if for_people && n_left > 0 {
        let mut row = vec![Cell::Empty];
        if has_kind {
            row.push(Cell::text("variant"));
        }
        row.resize(table_width(has_kind) - 1, Cell::Empty);
        row.push(Cell::text(format!("  └ and {}", counted(n_left as u64, "other value", "other values"))));
        table.row(row);
    }
}

/// Columns of the table for people.
const fn table_width(has_kind: bool) -> usize {
    9 + has_kind as usize
}

fn revisions_cell(pattern: &PatternSummary) -> Cell {
    let named = pattern.revisions.iter().filter(|revision| !revision.revision.is_empty()).count();
    Cell::Count(named as u64)
}

/// Says what a mark of a course stands for.
pub(super) fn trend_title(axis: &TrendAxis) -> String {
    match axis.hours {
        1 => "per hour".to_owned(),
        24 => "per day".to_owned(),
        168 => "per week".to_owned(),
        hours if hours % 24 == 0 => format!("per {} days", hours / 24),
        hours => format!("per {hours} hours"),
    }
}

pub(super) const fn kind_name(kind: PatternKind) -> &'static str {
    match kind {
        PatternKind::Message => "message",
        PatternKind::Exception => "exception",
    }
}
