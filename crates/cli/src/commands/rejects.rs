//! `rejects`: what could not be kept. Contract `timberline/rejects/1`.

use super::{counted, open};
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use serde::Serialize;
use timberline_report::{Cell, Column, Document, Table, units};

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
    /// How many pieces this stands for: 1, or all behind those that are listed singly. Then place and sample are those of the first,
    /// and the length is that of all together.
    count: u64,
    /// Byte at which the last of them ends.
    until: u64,
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
    let paths = archive.source_paths().map_err(failed)?;
    let records = archive.rejects().map_err(failed)?;
    let total: u64 = records.iter().fold(0, |sum, record| sum.saturating_add(record.count));
    let n_records = records.len();
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
            count: record.count,
            until: record.until,
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
    let answer = Rejects { schema: "timberline/rejects/1", total, rejects };
    printer.answer(&answer, || document(&answer, n_records, settings))?;
    Ok(outcome)
}

fn document(answer: &Rejects, n_records: usize, settings: &Settings) -> Document {
    let mut document = Document::new("rejects").in_zone(settings.zone.clone());
    let shown = answer.rejects.len();
    let n_counted = answer.rejects.iter().filter(|reject| reject.count > 1).count();
    let n = counted(answer.total, "piece was", "pieces were");
    document.paragraph(match (answer.total, shown) {
        (0, _) => "Nothing was rejected.".to_owned(),
        (_, shown) if shown < n_records => {
            format!("{n} rejected; the first {shown} are shown, all with --limit 0.")
        }
        _ if n_counted > 0 => {
            format!("{n} rejected. Of very many in one source the first are listed and the rest is counted.")
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
                Cell::text(reason(reject)),
                Cell::log(&reject.sample),
            ]);
        }
        document.push(table);
    }
    document
}

/// The reason as a sentence, and what else a record stands for.
fn reason(reject: &Reject) -> String {
    match reject.count {
        0 | 1 => reject.detail.clone(),
        n => {
            let (more, until) = (units::count(n - 1), units::count(reject.until));
            format!("{}, and {more} more like it up to byte {until}", reject.detail)
        }
    }
}
