//! `report`: the worklog of an investigation. Contract `timberline/report/1`.

mod check;

use super::reporting::gather;
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use timberline_analysis::redact::RedactionRules;
use timberline_analysis::worklog::{PriorityRules, Worklog};
use timberline_report::{html, markdown, worklog};

pub(super) fn run(
    args: &args::Report,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    if args.print_rules {
        printer.line(PriorityRules::default_text().trim_end())?;
        return Ok(Outcome::Answered);
    }
    if args.print_redaction_rules {
        printer.line(RedactionRules::default_text().trim_end())?;
        return Ok(Outcome::Answered);
    }
    if let Some(path) = &args.check {
        return check::run(path, &args.reporting, settings, printer);
    }
    let forms: Vec<Form> = args.output.iter().map(|path| Form::of(path)).collect::<Result<_, _>>()?;
    let report = gather(&args.question, &args.reporting, settings, printer)?;
    if args.output.is_empty() {
        if printer.format == Format::Ndjson {
            printer.json_line(&report)?;
        } else {
            printer.answer(&report, || worklog::document(&report, &settings.zone))?;
        }
    }
    for (path, form) in args.output.iter().zip(forms) {
        let failed =
            |error: io::Error| Failure::new(format!("cannot write {}", path.display())).cause(&error);
        let mut out = BufWriter::new(File::create(path).map_err(failed)?);
        form.write(&report, settings, &mut out).and_then(|()| out.flush()).map_err(failed)?;
        printer.note(&format!("wrote {}", path.display()));
    }
    Ok(Outcome::found(report.entries > 0))
}

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Html,
    Markdown,
    Json,
}

impl Form {
    fn of(path: &Path) -> Result<Self, Failure> {
        let ending =
            path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        match ending.as_str() {
            "html" | "htm" => Ok(Self::Html),
            "md" | "markdown" => Ok(Self::Markdown),
            "json" => Ok(Self::Json),
            _ => Err(Failure::new(format!("{} does not say what to write", path.display()))
                .hint("let its name end in .html, .md or .json")),
        }
    }

    fn write(self, report: &Worklog, settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
        let document = || worklog::document(report, &settings.zone);
        match self {
            Self::Html => html::write(&document(), html::Scripts::Sorting, out),
            Self::Markdown => markdown::write(&document(), out),
            Self::Json => {
                serde_json::to_writer_pretty(&mut *out, report)?;
                out.write_all(b"\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_the_form() {
        assert_eq!(Form::of(Path::new("a/b.HTML")).unwrap(), Form::Html);
        assert_eq!(Form::of(Path::new("w.md")).unwrap(), Form::Markdown);
        assert_eq!(Form::of(Path::new("w.json")).unwrap(), Form::Json);
        assert!(Form::of(Path::new("w.pdf")).is_err() && Form::of(Path::new("html")).is_err());
    }
}
