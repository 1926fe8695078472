//! `ingest`: puts exports into the archive and says what became of every entry.

mod account;
mod show;

pub(super) use account::Account;

use super::{mask_rules, open_options, storage};
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::progress::Progress;
use crate::settings::Settings;
use std::sync::atomic::{AtomicBool, Ordering};
use timberline_archive::Archive;
use timberline_archive::ingest::{Options, Summary, ingest};
use timberline_entry::input::{OpenOptions, discover};

/// Set when the person wants to stop.
static STOP: AtomicBool = AtomicBool::new(false);

pub(super) fn run(
    args: &args::Ingest,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let rules = mask_rules(args.mask_rules.as_deref())?;
    let account = take_in(&args.paths, open_options(&args.reading)?, args.check_content, rules, settings)?;
    printer.answer(&account, || show::document(&account, settings))?;
    Ok(account.outcome())
}

/// Ingests and draws up the account.
pub(super) fn take_in(
    paths: &[String],
    open: OpenOptions,
    check_content: bool,
    mask_rules: Option<String>,
    settings: &Settings,
) -> Result<Account, Failure> {
    let (specs, refused) = discover(paths);
    let mut summary = Summary::default();
    if !specs.is_empty() {
        let failed = |error| Failure::archive(&error, &settings.archive);
        let storage = storage(settings);
        let before = Archive::open_or_empty(storage.clone()).map_err(failed)?;
        let options = Options {
            memory: settings.memory,
            threads: settings.threads,
            open,
            holder: format!("timberline ingest, process {}", std::process::id()),
            check_content,
            mask_rules,
        };
        listen_for_interrupts()?;
        let progress = Progress::new(settings);
        let result = ingest(storage.clone(), specs, &options, &progress, &STOP);
        progress.clear();
        summary = result.map_err(failed)?;
        let after = Archive::open_or_empty(storage).map_err(failed)?;
        account::check(&summary, &before, &after)?;
    }
    summary.refused.extend(refused);
    summary.refused.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Account::of(summary))
}

/// The first interrupt asks the ingest to stop at a good place; the second does not wait for one, which is safe as well.
fn listen_for_interrupts() -> Result<(), Failure> {
    static LISTENING: AtomicBool = AtomicBool::new(false);
    if LISTENING.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            #[expect(
                clippy::exit,
                reason = "the person insists; what is not committed is as if it never was"
            )]
            std::process::exit(crate::outcome::Code::Interrupted as i32);
        }
    })
    .map_err(|error| Failure::new("cannot listen for interrupts").cause(&error))
}
