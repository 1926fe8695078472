//! `man`: the manual, one page with every verb.

use crate::args::Args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use clap::CommandFactory;
use clap_mangen::Man;

pub(super) fn run(printer: &mut Printer) -> Result<Outcome, Failure> {
    let failed = |error: std::io::Error| Failure::output(&error);
    let mut command = Args::command();
    command.build();
    Man::new(command.clone()).render(printer.out()).map_err(failed)?;
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let man = Man::new(verb.clone());
        let title = verb.get_name().to_uppercase();
        printer.line(&format!(".SH {title}"))?;
        if let Some(about) = verb.get_long_about().or_else(|| verb.get_about()) {
            printer.line(&about.to_string().replace('\n', " "))?;
        }
        printer.line(".PP")?;
        man.render_synopsis_section(printer.out()).map_err(failed)?;
        man.render_options_section(printer.out()).map_err(failed)?;
    }
    Ok(Outcome::Answered)
}
