//! `completions`: a script that makes a shell complete verbs and flags.

use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use clap::CommandFactory;

pub(super) fn run(args: &args::Completions, printer: &mut Printer) -> Result<Outcome, Failure> {
    // The generator panics when it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::Args::command(), "timberline", &mut script);
    printer.out().write_all(&script).map_err(|error| Failure::output(&error))?;
    Ok(Outcome::Answered)
}
