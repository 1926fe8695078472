//! `ingest`: puts exports into the archive and says what became of every entry.

mod account;
mod show;
mod stats;

pub(super) use account::Account;
use stats::Stats;

use super::{discover_exports, mask_rules, open_options, storage};
use crate::args;
use crate::interrupt;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::progress::{Progress, Stages};
use crate::settings::Settings;
use timberline_archive::Archive;
use timberline_archive::ingest::{Options, Summary, ingest};
use timberline_entry::input::Discovery;

pub(super) fn run(
    args: &args::Ingest,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let mut account = take_in(args, settings)?;
    if !args.stats {
        account.stats = None;
    }
    printer.answer(&account, || show::document(&account, settings))?;
    if let Some(stats) = &account.stats {
        printer.note(&stats.line());
    }
    Ok(account.outcome())
}

/// Ingests and draws up the account.
fn take_in(args: &args::Ingest, settings: &Settings) -> Result<Account, Failure> {
    let (open, mask_rules) = (open_options(&args.reading)?, mask_rules(args.mask_rules.as_deref())?);
    let Discovery { sources: specs, refused, left_out } = discover_exports(&args.paths, settings);
    let mut summary = Summary::default();
    let mut stages = Stages::default();
    if !specs.is_empty() {
        let failed = |error| Failure::archive(&error, &settings.archive);
        let storage = storage(settings);
        let before = Archive::open_or_empty(storage.clone()).map_err(failed)?;
        let options = Options {
            memory: settings.memory,
            threads: settings.threads,
            open,
            holder: format!("timberline ingest, process {}", std::process::id()),
            check_content: args.check_content,
            mask_rules,
            revision_field: args.revision_field.clone(),
        };
        let progress = Progress::new(settings);
        interrupt::listen(settings, progress.bar())?;
        let result = ingest(storage.clone(), specs, &options, &progress, &interrupt::STOP);
        progress.clear();
        summary = result.map_err(failed)?;
        stages = progress.stages();
        let after = Archive::open_or_empty(storage).map_err(failed)?;
        account::check(&summary, &before, &after)?;
    }
    summary.refused.extend(refused);
    summary.refused.sort_by(|a, b| a.path.cmp(&b.path));
    let stats = Stats::of(&summary, stages, settings.memory);
    let mut account = Account::of(summary);
    account.left_out = left_out;
    account.stats = Some(stats);
    Ok(account)
}
