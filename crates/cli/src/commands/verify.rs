//! `verify`: whether the archive is what was written, contract `timberline/verify/1`, and `--repair`, contract
//! `timberline/repair/1`.

use super::{Named, counted, storage};
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::progress::Progress;
use crate::settings::Settings;
use timberline_archive::repair::{RepairReport, repair};
use timberline_archive::verify::{Affected, Depth, VerifyReport, verify};
use timberline_report::units::{self, Precision};
use timberline_report::{Block, Cell, Document, Span};

pub(super) fn run(
    args: &args::Verify,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let name = settings.archive.display().to_string();
    let failed = |error| Failure::archive(&error, &settings.archive);
    if args.repair {
        let progress = Progress::new(settings);
        let report = repair(storage(settings), &name, &super::maintain::options(settings), &progress);
        progress.clear();
        let report = report.map_err(failed)?;
        printer.answer(&Named::new("timberline/repair/1", &report), || repaired(&report, settings))?;
        return Ok(if report.set_aside.is_empty() { Outcome::Answered } else { Outcome::Incomplete });
    }
    let depth = if args.files { Depth::Files } else { Depth::Rows };
    let progress = Progress::new(settings);
    let report = verify(storage(settings), &name, depth, &progress);
    progress.clear();
    let report = report.map_err(failed)?;
    printer.answer(&Named::new("timberline/verify/1", &report), || verified(&report, settings))?;
    Ok(if report.is_sound() { Outcome::Answered } else { Outcome::Incomplete })
}

fn verified(report: &VerifyReport, settings: &Settings) -> Document {
    let mut document = Document::new("verify").in_zone(settings.zone.clone());
    problems(&mut document, report);
    document
}

fn problems(document: &mut Document, report: &VerifyReport) {
    document.paragraph(format!(
        "{} files with {} compared, {} of {} entries read: {}.",
        units::count(report.files),
        units::bytes(report.bytes),
        units::count(report.entries_read),
        units::count(report.entries),
        match report.problems.len() {
            0 => "all is as it was written".to_owned(),
            1 => "1 problem".to_owned(),
            n => format!("{n} problems"),
        }
    ));
    for problem in &report.problems {
        document.push(Block::Paragraph(vec![
            Span::strong("Damaged: "),
            Span::Value(Cell::log(&problem.file)),
            Span::text(": "),
            Span::Value(Cell::log(&problem.detail)),
        ]));
        let mut lines = vec![vec![Span::text(&problem.answerable)], vec![Span::text(&problem.remedy)]];
        if let Some(segment) = &problem.segment {
            lines.insert(0, affected("concerns", segment));
        }
        document.push(Block::List(lines));
    }
    for gap in &report.set_aside {
        document.push(Block::List(vec![affected("given up by a repair", gap)]));
    }
    if !report.leftovers.is_empty() {
        let files = counted(report.leftovers.len() as u64, "file belongs", "files belong");
        document.paragraph(format!("{files} to no commit; what was left over goes with the next ingest."));
    }
}

fn affected(word: &str, of: &Affected) -> Vec<Span> {
    vec![
        Span::text(format!("{word}: {} entries from ", units::count(of.entries))),
        Span::Value(super::time_cell(&of.first, Precision::Second)),
        Span::text(" to "),
        Span::Value(super::time_cell(&of.last, Precision::Second)),
    ]
}

fn repaired(report: &RepairReport, settings: &Settings) -> Document {
    let mut document = Document::new("repair").in_zone(settings.zone.clone());
    problems(&mut document, &report.found);
    if !report.changed() {
        document.paragraph("There was nothing to repair.");
        return document;
    }
    let mut done = Vec::new();
    if let Some(manifest) = &report.manifest {
        done.push(vec![Span::text("the manifest was restored: "), Span::Value(Cell::log(manifest))]);
    }
    done.extend(report.rebuilt.iter().map(|segment| affected("index made anew", segment)));
    done.extend(report.set_aside.iter().map(|segment| affected("set aside, now a gap", segment)));
    if report.rescued > 0 {
        done.push(vec![Span::text(format!(
            "{} entries of damaged files were kept",
            units::count(report.rescued)
        ))]);
    }
    done.extend(
        report
            .catalog
            .iter()
            .map(|part| vec![Span::text("catalogue made anew: "), Span::Value(Cell::log(part))]),
    );
    document.push(Block::Paragraph(vec![Span::strong("Done")]));
    document.push(Block::List(done));
    document
}
