//! `report --check`: what of an earlier report still holds. Contract `timberline/report-check/1`.

use crate::args::{self, Reporting};
use crate::commands::reporting::{gather, read, reporting_of};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use timberline_analysis::worklog::{Checked, Claims, Verdict, Worklog, check, claims};
use timberline_entry::Timestamp;
use timberline_report::{Cell, Column, Document, Table, worklog};

#[derive(Serialize)]
struct CheckAnswer {
    schema: &'static str,
    /// The end up to which the archive was asked: that of the earlier report.
    until: Option<String>,
    holds: u64,
    changed: u64,
    gone: u64,
    claims: Vec<Checked>,
}

/// Asks the archive the question of an earlier report again, up to the end of that report, and compares.
pub(super) fn run(
    path: &Path,
    reporting: &Reporting,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let earlier = claims_of(path)?;
    let mut again = reporting_of(&earlier.question.arguments);
    if reporting.rules.is_some() {
        again.rules.clone_from(&reporting.rules);
    }
    if reporting.redaction_rules.is_some() {
        again.redaction_rules.clone_from(&reporting.redaction_rules);
    }
    // What came after the report's last entry was not its subject; what came before and was not known then, was.
    let until = earlier.question.until.clone().or_else(|| {
        let (last, _) = Timestamp::parse(earlier.last.as_ref()?)?;
        Some(Timestamp::from_nanos(last.as_nanos().saturating_add(1)).to_string())
    });
    let question = args::Question {
        filter: earlier.question.filter.clone(),
        since: earlier.question.since.clone(),
        until: until.clone(),
        ..args::Question::default()
    };
    let now = claims(&gather(&question, &again, settings, printer)?);
    let checked = check(&earlier, &now);
    let count = |verdict: Verdict| checked.iter().filter(|checked| checked.verdict == verdict).count() as u64;
    let answer = CheckAnswer {
        schema: "timberline/report-check/1",
        until,
        holds: count(Verdict::Holds),
        changed: count(Verdict::Changed),
        gone: count(Verdict::Gone),
        claims: checked,
    };
    printer.answer(&answer, || document(&answer, settings))?;
    Ok(Outcome::found(answer.changed + answer.gone == 0))
}

/// Reads the claims of a report, whatever it was written as.
fn claims_of(path: &Path) -> Result<Claims, Failure> {
    let text = read(path)?;
    let wrong = |error: &serde_json::Error| {
        Failure::new(format!("{} is no report of timberline", path.display())).cause(error)
    };
    if let Some(json) = worklog::embedded(&text) {
        return serde_json::from_str(json).map_err(|error| wrong(&error));
    }
    let report: Worklog = serde_json::from_str(&text).map_err(|error| {
        wrong(&error).hint("a page, a Markdown file or a JSON file that `timberline report -o` has written")
    })?;
    Ok(claims(&report))
}

fn document(answer: &CheckAnswer, settings: &Settings) -> Document {
    let mut document = Document::new("report check").in_zone(settings.zone.clone());
    document.paragraph(format!(
        "{} claims hold, {} have changed, {} have nothing left that says them.",
        answer.holds, answer.changed, answer.gone
    ));
    if answer.changed + answer.gone == 0 {
        return document;
    }
    let mut table = Table::new(vec![
        Column::left("verdict"),
        Column::left("claim"),
        Column::left("then"),
        Column::left("now"),
    ]);
    for checked in answer.claims.iter().filter(|checked| checked.verdict != Verdict::Holds) {
        table.row(vec![
            Cell::text(if checked.verdict == Verdict::Changed { "changed" } else { "gone" }),
            Cell::log(&checked.claim.statement),
            value(&checked.claim.value),
            value(&checked.now),
        ]);
    }
    document.push(table);
    document
}

fn value(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::text("nothing"),
        Value::Number(number) => number.as_u64().map_or_else(|| Cell::log(number.to_string()), Cell::Count),
        Value::String(text) => Cell::log(text),
        other => Cell::log(other.to_string()),
    }
}
