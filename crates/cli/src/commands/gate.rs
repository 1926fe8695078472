//! `gate`: whether a revision may go on. Contract `timberline/gate/1`.

use super::comparing::{investigate, side, told};
use super::counted;
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_analysis::{
    Asked, DEFAULT_MAX_Q, DiffQuestion, GateAnswer, Verdict, diff_answer, gate_answer,
};
use timberline_query::Filter;
use timberline_report::{Cell, Column, Document, Level, Table};

pub(super) fn run(args: &args::Gate, settings: &Settings, printer: &mut Printer) -> Result<Outcome, Failure> {
    let max_q = args.max_q.unwrap_or(DEFAULT_MAX_Q);
    if !(0.0..=1.0).contains(&max_q) {
        return Err(Failure::new(format!("--max-q: {max_q} is no rate")).hint("write a number from 0 to 1"));
    }
    investigate(settings, |_, investigation| {
        let asking = DiffQuestion {
            base: side(&args.baseline, settings, investigation)?,
            target: side(&args.target, settings, investigation)?,
            filter: Filter::all(),
            asked: Asked::default(),
        };
        let diff = diff_answer(investigation, &asking, Vec::new())
            .map_err(|error| Failure::archive(&error, &settings.archive))?;
        let answer = gate_answer(&diff, max_q);
        if printer.format == Format::Markdown {
            // The line is Markdown already, with log text made safe.
            printer.line(&answer.markdown)?;
        } else {
            printer.answer(&answer, || document(&answer, settings))?;
        }
        Ok(match answer.verdict {
            Verdict::Pass => Outcome::Answered,
            Verdict::Fail => Outcome::Nothing,
            Verdict::Unknown => Outcome::Incomplete,
        })
    })
}

fn document(answer: &GateAnswer, settings: &Settings) -> Document {
    let mut document = Document::new("gate").in_zone(settings.zone.clone());
    let n_not_comparable = answer.not_comparable.len() as u64;
    document.paragraph(match answer.verdict {
        Verdict::Pass => "Pass: no error is new or worse.".to_owned(),
        Verdict::Fail => "Fail: errors are new or worse.".to_owned(),
        Verdict::Unknown if n_not_comparable > 0 => format!(
            "Undecided: {} of the target cannot be compared.",
            counted(n_not_comparable, "error", "errors")
        ),
        Verdict::Unknown => "Undecided: one of the sides has no entries.".to_owned(),
    });
    if !answer.failing.is_empty() {
        let mut table = Table::new(vec![
            Column::left("status"),
            Column::left("severity"),
            Column::right("entries"),
            Column::right("q"),
            Column::left("message"),
        ]);
        for failing in &answer.failing {
            table.row(vec![
                Cell::text(if failing.ratio.is_none() { "new" } else { "more" }),
                Cell::text(failing.severity),
                Cell::Count(failing.count),
                Cell::text(format!("{:.2e}", failing.q)),
                Cell::log(told(&failing.template, failing.variant.as_ref())),
            ]);
        }
        document.push(table);
    }
    if !answer.not_comparable.is_empty() {
        document.heading(Level::Minor, "Cannot be compared");
        let mut table = Table::new(vec![
            Column::left("severity"),
            Column::right("entries"),
            Column::left("message"),
            Column::left("why"),
        ]);
        for error in &answer.not_comparable {
            table.row(vec![
                Cell::text(error.severity),
                Cell::Count(error.count),
                Cell::log(told(&error.template, error.variant.as_ref())),
                Cell::text(&error.reason),
            ]);
        }
        document.push(table);
    }
    if answer.first_seen > 0 {
        document.paragraph(format!(
            "{} more error patterns were first seen here, too rarely to decide on.",
            answer.first_seen
        ));
    }
    document
}
