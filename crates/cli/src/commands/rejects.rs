//! `rejects`: what could not be kept. Contract `timberline/rejects/1`.

use super::{counted, open};
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use serde::Serialize;
use std::collections::BTreeMap;
use timberline_report::{Cell, Column, Document, Table};

/// Shown in text and Markdown when nobody says.
const DEFAULT_LIMIT: usize = 50;

#[derive(Serialize)]
struct Rejects {
    schema: &'static str,
    /// How many there are, those beyond the limit included.
    total: u64,
    rejects: Vec<Reject>,
}

/// A piece of a source. Places are in the decoded text: lines from 1, bytes from 0.
#[derive(Serialize)]
struct Reject {
    path: String,
    line: u64,
    offset: u64,
    len: u64,
    /// Stable name of the reason.
    reason: String,
    /// The reason as a sentence.
    detail: String,
    /// The first bytes, made printable.
    sample: String,
}

pub(super) fn run(
    args: &args::Rejects,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let archive = open(settings)?;
    let failed = |error| Failure::archive(&error, &settings.archive);
    let paths: BTreeMap<u64, String> =
        archive.sources().map_err(failed)?.into_iter().map(|source| (source.key, source.path)).collect();
    let records = archive.rejects().map_err(failed)?;
    let total = records.len();
    let default = if matches!(printer.format, Format::Text | Format::Markdown) { DEFAULT_LIMIT } else { 0 };
    let limit = match args.limit.unwrap_or(default) {
        0 => usize::MAX,
        limit => limit,
    };
    let rejects: Vec<Reject> = records
        .into_iter()
        .take(limit)
        .map(|record| Reject {
            path: paths.get(&record.source).cloned().unwrap_or_default(),
            line: record.line,
            offset: record.offset,
            len: record.len,
            reason: record.reason,
            detail: record.detail,
            sample: record.sample,
        })
        .collect();
    let outcome = Outcome::found(total > 0);
    if printer.format == Format::Ndjson {
        rejects.iter().try_for_each(|reject| printer.json_line(reject))?;
        return Ok(outcome);
    }
    let answer = Rejects { schema: "timberline/rejects/1", total: total as u64, rejects };
    printer.answer(&answer, || document(&answer, settings))?;
    Ok(outcome)
}

fn document(answer: &Rejects, settings: &Settings) -> Document {
    let mut document = Document::new("rejects").in_zone(settings.zone.clone());
    let shown = answer.rejects.len() as u64;
    let n = counted(answer.total, "piece was", "pieces were");
    document.paragraph(match (answer.total, shown) {
        (0, _) => "Nothing was rejected.".to_owned(),
        (total, shown) if shown < total => {
            format!("{n} rejected; the first {shown} are shown, all with --limit 0.")
        }
        _ => format!("{n} rejected."),
    });
    if shown > 0 {
        let mut table = Table::new(vec![
            Column::left("source"),
            Column::right("line"),
            Column::right("byte").priority(2),
            Column::right("length").priority(2),
            Column::left("reason"),
            Column::left("begins with").priority(1),
        ]);
        for reject in &answer.rejects {
            table.row(vec![
                Cell::log(&reject.path),
                Cell::Count(reject.line),
                Cell::Count(reject.offset),
                Cell::Bytes(reject.len),
                Cell::text(&reject.detail),
                Cell::log(&reject.sample),
            ]);
        }
        document.push(table);
    }
    document
}
