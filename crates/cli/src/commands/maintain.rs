//! `compact` and `reindex`: the archive written anew, without a change in what it holds. Contracts `timberline/compact/1` and
//! `timberline/reindex/1`.

use super::{Named, mask_rules, storage};
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_archive::compact::{self, Rewritten};
use timberline_archive::maintain::Options;
use timberline_report::Document;
use timberline_report::units;

/// How writers other than ingest work.
pub(super) fn options(settings: &Settings) -> Options {
    let holder = format!("timberline, process {}", std::process::id());
    Options { memory: settings.memory, ..Options::new(holder) }
}

pub(super) fn compact(settings: &Settings, printer: &mut Printer) -> Result<Outcome, Failure> {
    let name = settings.archive.display().to_string();
    show(
        compact::compact(storage(settings), &name, &options(settings)),
        "compact",
        "timberline/compact/1",
        settings,
        printer,
    )
}

pub(super) fn reindex(
    args: &args::Reindex,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let name = settings.archive.display().to_string();
    let options = Options {
        mask_rules: mask_rules(args.mask_rules.as_deref())?,
        revision_field: args.revision_field.clone(),
        ..options(settings)
    };
    show(
        compact::reindex(storage(settings), &name, &options),
        "reindex",
        "timberline/reindex/1",
        settings,
        printer,
    )
}

fn show(
    result: timberline_archive::Result<Rewritten>,
    verb: &str,
    schema: &'static str,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let result = result.map_err(|error| Failure::archive(&error, &settings.archive))?;
    printer.answer(&Named::new(schema, &result), || {
        let mut document = Document::new(verb);
        document.paragraph(format!(
            "{} segments before, {} now; {} entries written anew.",
            result.segments_before,
            result.segments_after,
            units::count(result.entries_rewritten)
        ));
        document
    })?;
    Ok(Outcome::Answered)
}
