//! `explain`: how a filter is read, and how much of the archive it has to look at. Contract `timberline/explain/1`.

use super::{counted, open, rfc3339};
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::question::Question;
use crate::settings::Settings;
use serde::Serialize;
use timberline_query::{roots_read, time_bounds};
use timberline_report::units::Precision;
use timberline_report::{Block, Cell, Column, Document, Language, Level, NoteKind, Table, units};
use timberline_search::{Counts, Means, TestExplanation, explain};

#[derive(Serialize)]
struct Explanation {
    schema: &'static str,
    /// The filter as it was typed.
    filter: String,
    /// An equivalent filter in which nothing depends on precedence, flags included; empty for everything.
    means: String,
    warnings: Vec<String>,
    /// Fields of the entry that deciding may need.
    reads: Vec<&'static str>,
    /// First and last moment at which an entry can match.
    from: Option<String>,
    to: Option<String>,
    segments: Segments,
    rings: Counts,
    /// Entries in these rings: those of candidates are read.
    entries: Counts,
    /// What decides each test of the filter.
    tests: Vec<TestExplanation>,
}

#[derive(Default, Serialize)]
struct Segments {
    total: u64,
    /// Segments that lie outside of the time asked for.
    skipped: u64,
}

pub(super) fn run(
    args: &args::Explain,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let archive = open(settings)?;
    let question = Question::read(&args.question, settings, Some(&*archive))?;
    let found =
        explain(&archive, &question.filter).map_err(|error| Failure::archive(&error, &settings.archive))?;
    // Rings of segments that are not even opened are excluded as well.
    let all: u64 = archive.manifest().segments.iter().map(|segment| segment.rings).sum();
    let rings = Counts { excluded: all - found.rings.certain - found.rings.candidates, ..found.rings };
    let entries = Counts { excluded: found.rows.excluded + found.rows_skipped, ..found.rows };
    let bounds = time_bounds(&question.filter);
    let explanation = Explanation {
        schema: "timberline/explain/1",
        filter: question.text.clone(),
        means: question.filter.to_string(),
        warnings: question.warnings.iter().map(ToString::to_string).collect(),
        reads: roots_read(&question.filter).into_iter().map(timberline_entry::Field::name).collect(),
        from: bounds.0.map(rfc3339),
        to: bounds.1.map(rfc3339),
        segments: Segments { total: found.segments, skipped: found.segments_skipped },
        rings,
        entries,
        tests: found.tests,
    };
    printer.answer(&explanation, || document(&explanation, bounds, &question, settings))?;
    Ok(Outcome::Answered)
}

fn document(
    explanation: &Explanation,
    (from, to): (Option<i64>, Option<i64>),
    question: &Question,
    settings: &Settings,
) -> Document {
    let mut document = Document::new("explain").in_zone(settings.zone.clone());
    document.heading(Level::Minor, "Read as");
    match explanation.means.as_str() {
        "" => document.paragraph("everything"),
        means => document.code(Language::Filter, means),
    }
    for warning in &question.warnings {
        document.note(NoteKind::Warning, warning.to_string());
    }
    document.heading(Level::Minor, "Looked at");
    let bound = |ns: Option<i64>, open: &str| {
        ns.map_or_else(|| Cell::text(open), |ns| Cell::time_ns(ns, Precision::Nanosecond))
    };
    let rings = |n: u64, what: &str| Cell::text(format!("{}: {what}", counted(n, "ring", "rings")));
    let read =
        format!("their {} are read and asked", counted(explanation.entries.candidates, "entry", "entries"));
    let none = Cell::text("none");
    document.push(Block::KeyValues(vec![
        ("from".to_owned(), bound(from, "the first entry")),
        ("to".to_owned(), bound(to, "the last entry")),
        (
            "fields".to_owned(),
            if explanation.reads.is_empty() { none } else { Cell::text(explanation.reads.join(", ")) },
        ),
        (
            "segments".to_owned(),
            Cell::text(format!(
                "{} of {}",
                units::count(explanation.segments.total - explanation.segments.skipped),
                units::count(explanation.segments.total)
            )),
        ),
        ("certain".to_owned(), rings(explanation.rings.certain, "every entry matches, none is read")),
        ("candidates".to_owned(), rings(explanation.rings.candidates, &read)),
        ("excluded".to_owned(), rings(explanation.rings.excluded, "no entry can match")),
    ]));
    if !explanation.tests.is_empty() {
        document.push(tests(&explanation.tests));
    }
    document
}

/// What decides each test, and how the rings stand to it alone.
fn tests(tests: &[TestExplanation]) -> Table {
    let mut table = Table::new(vec![
        Column::left("test"),
        Column::left("decided by"),
        Column::right("certain"),
        Column::right("candidates"),
        Column::right("excluded"),
    ]);
    for test in tests {
        table.row(vec![
            Cell::log(&test.test),
            Cell::text(match test.means {
                Means::RingFacts => "facts of rings",
                Means::Templates => "templates",
                Means::Tokens => "tokens",
                Means::Ids => "ids",
                Means::Rows => "reading entries",
            }),
            Cell::Count(test.rings.certain),
            Cell::Count(test.rings.candidates),
            Cell::Count(test.rings.excluded),
        ]);
    }
    table
}
