//! What `first` and `freq` share: from arguments to a question of the analysis, and what an answer rests on, for people.

use super::{rfc3339, time_cell};
use crate::args::{self, Format};
use crate::outcome::Failure;
use crate::printer::Printer;
use crate::question::Question;
use crate::settings::Settings;
use std::collections::BTreeMap;
use timberline_analysis::{Asked, Completeness, GroupBy, Question as Asking};
use timberline_archive::Archive;
use timberline_report::units::Precision;
use timberline_report::{Block, Cell, Column, Document, Span};

/// A question with what is odd about its filter.
pub(super) struct Prepared {
    pub(super) question: Question,
    pub(super) asking: Asking,
    pub(super) warnings: Vec<String>,
}

/// Reads filter, flags and `--by`, and says what is odd about them.
pub(super) fn prepare(
    args: &args::Question,
    by: Option<&str>,
    settings: &Settings,
    archive: &Archive,
    printer: &Printer,
) -> Result<Prepared, Failure> {
    let question = Question::read(args, settings, Some(archive))?;
    let names = by.map(|by| by.split(',').map(str::trim).collect::<Vec<_>>()).unwrap_or_default();
    let by = names.into_iter().map(|name| {
        GroupBy::parse(name).map_err(|error| {
            Failure::new(format!("--by: {error}"))
                .hint("for example revision, day, or jsonPayload.error.type")
        })
    });
    let by: Vec<GroupBy> = by.collect::<Result<_, _>>()?;
    question.warn(printer);
    let asked = Asked {
        filter: question.asked.clone(),
        since: question.since.map(rfc3339),
        until: question.until.map(rfc3339),
        by: by.iter().map(GroupBy::name).collect(),
    };
    let warnings = question.warnings.iter().map(ToString::to_string).collect();
    let asking = Asking { filter: question.filter.clone(), by, zone: settings.zone.clone(), asked };
    Ok(Prepared { question, asking, warnings })
}

/// Adds what the answer rests on and cannot say; what is odd about the filter was said already.
pub(super) fn rests_on(document: &mut Document, completeness: &Completeness, said: &[String]) {
    if let Some(covered) = &completeness.covered {
        let time = |time: &str| Span::Value(time_cell(time, Precision::Second));
        let mut spans = vec![
            Span::text("Rests on "),
            Span::Value(Cell::Count(completeness.entries)),
            Span::text(" entries from "),
            time(&covered.from),
            Span::text(" to "),
            time(&covered.to),
        ];
        for (idx, gap) in completeness.gaps.iter().enumerate() {
            spans.push(Span::text(if idx == 0 { "; nothing covers " } else { ", " }));
            spans.extend([time(&gap.from), Span::text(" to "), time(&gap.to)]);
        }
        spans.push(Span::text("."));
        document.push(Block::Paragraph(spans));
    }
    let warnings = completeness.warnings.iter().filter(|warning| !said.contains(warning));
    let warnings: Vec<Vec<Span>> = warnings.map(|warning| vec![Span::text(warning)]).collect();
    if !warnings.is_empty() {
        document.push(Block::Paragraph(vec![Span::strong("Mind that")]));
        document.push(Block::List(warnings));
    }
}

/// Says on stderr what a table of values has no place for.
pub(super) fn remark(printer: &Printer, completeness: &Completeness, said: &[String]) {
    if printer.format == Format::Csv {
        for warning in completeness.warnings.iter().filter(|warning| !said.contains(warning)) {
            printer.warning(warning);
        }
    }
}

/// One column per grouping.
pub(super) fn key_columns(by: &[GroupBy]) -> impl Iterator<Item = Column> {
    by.iter().map(|by| Column::left(by.name()))
}

/// The cells of a group's key.
pub(super) fn key_cells(by: &[GroupBy], key: &BTreeMap<String, String>) -> Vec<Cell> {
    let cell = |by: &GroupBy| {
        let value = key.get(&by.name()).map_or("", String::as_str);
        match by {
            _ if value.is_empty() => Cell::text("(none)"),
            GroupBy::Hour => time_cell(value, Precision::Minute),
            by if by.is_time() => time_cell(value, Precision::Day),
            GroupBy::Revision | GroupBy::Pattern | GroupBy::Exception => Cell::id(value),
            _ => Cell::log(value),
        }
    };
    by.iter().map(cell).collect()
}
