//! The timberline program: arguments in, answers out, one exit code.
//!
//! ```text
//! args (what was typed) ──► settings (what is needed) ──► commands/<verb> ──► printer ──► outcome (exit code)
//! ```
//!
//! The files in `commands` are the table of contents of the program. This is the only crate that prints, reads the
//! environment or the clock, or exits.

mod args;
mod commands;
mod interrupt;
mod memory;
mod outcome;
mod printer;
mod progress;
mod question;
mod settings;
mod threads;

use crate::outcome::Code;
use crate::printer::Printer;
use crate::settings::{Environment, Settings};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    memory::set_up();
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are answers and go to stdout; a reader who closed the pipe has seen enough.
            error.print().ok();
            return if error.use_stderr() { Code::Failed.into() } else { Code::Done.into() };
        }
    };
    let settings = match Settings::new(&args.global, &Environment::read()) {
        Ok(settings) => settings,
        Err(failure) => return outcome::report(&failure, settings::Stderr::plain()).into(),
    };
    let stderr = settings.stderr;
    if let Err(failure) = threads::set_up(settings.threads, args.verb.main_thread()) {
        return outcome::report(&failure, stderr).into();
    }
    let mut printer = Printer::new(&settings);
    let result = commands::run(args.verb, &settings, &mut printer);
    let result = result.and_then(|outcome| printer.finish().map(|()| outcome));
    match result {
        Ok(outcome) => outcome.code().into(),
        Err(failure) => {
            // What was answered before the failure is still worth reading.
            printer.finish().ok();
            outcome::report(&failure, stderr).into()
        }
    }
}
