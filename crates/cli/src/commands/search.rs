//! `search`: the entries themselves, streamed in the order of time.

mod fields;
mod line;

use super::open;
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::question::Question;
use crate::settings::{Settings, Verbosity};
use fields::{Columns, Member};
use line::Lines;
use std::collections::BTreeSet;
use timberline_archive::Archive;
use timberline_entry::{Field, message};
use timberline_report::{Cell, Column, Document, Table, units::Precision};
use timberline_search::{Direction, Names, Role, RowView, with_context};

/// Shown in text and Markdown when nobody says.
const DEFAULT_LIMIT: usize = 50;

pub(super) fn run(
    args: &args::Search,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let columns = args.fields.as_deref().map(Columns::parse).transpose()?;
    let archive = open(settings)?;
    let question = Question::read(&args.question, settings, Some(&*archive))?;
    question.warn(printer);
    if let Some(path) = &args.output {
        printer.redirect(path)?;
    }
    let for_people = matches!(printer.format, Format::Text | Format::Markdown);
    let limit = match (args.limit, for_people && args.output.is_none()) {
        (Some(0), _) | (None, false) => None,
        (Some(limit), _) => Some(limit),
        (None, true) => Some(DEFAULT_LIMIT),
    };
    let direction = if args.oldest { Direction::Oldest } else { Direction::Newest };
    let n_around = args.context;
    let hunt = Hunt { archive: &archive, settings, question: &question, direction, limit, n_around };
    let usual = || if n_around == 0 { Columns::usual() } else { Columns::usual_with_context() };
    let n_found = match (columns, printer.format) {
        (None, Format::Json | Format::Ndjson) => hunt.entries(printer)?,
        (Some(columns), Format::Json | Format::Ndjson) => hunt.objects(&columns, printer)?,
        (columns, Format::Csv) => hunt.csv(&columns.unwrap_or_else(usual), printer)?,
        (None, Format::Text) => hunt.text(printer)?,
        (Some(columns), Format::Text) => hunt.pairs(&columns, printer)?,
        (columns, Format::Markdown) => hunt.markdown(&columns.unwrap_or_else(usual), printer)?,
    };
    if n_found == 0 {
        printer.note("no entry matches");
        question.doubt(&archive, printer);
    } else if args.limit.is_none() && limit == Some(n_found) {
        let end = if args.oldest { "oldest" } else { "newest" };
        printer.finish()?;
        printer.note(&format!("the {n_found} {end} are shown; --limit 0 shows all"));
    }
    Ok(Outcome::found(n_found > 0))
}

/// One search, to be written in one of several ways.
struct Hunt<'h> {
    archive: &'h Archive,
    settings: &'h Settings,
    question: &'h Question,
    direction: Direction,
    limit: Option<usize>,
    /// How many neighbours of each match are shown on each side.
    n_around: usize,
}

impl Hunt<'_> {
    /// Hands every match, and what stands around it, to `write` and returns how many matches there were.
    fn each(
        &self,
        fields: &BTreeSet<Field>,
        mut write: impl FnMut(&RowView<'_>, Role, usize) -> Result<(), Failure>,
    ) -> Result<usize, Failure> {
        let failed = |error| Failure::archive(&error, &self.settings.archive);
        let names = Names::read(self.archive).map_err(failed)?;
        let (mut n_found, mut n_shown, mut failure) = (0, 0, None);
        with_context(
            self.archive,
            &names,
            &self.question.filter,
            self.direction,
            self.limit,
            self.n_around,
            fields,
            |view, role| {
                failure = write(view, role, n_shown).err();
                n_shown += 1;
                n_found += usize::from(role == Role::Match);
                Ok(failure.is_none())
            },
        )
        .map_err(failed)?;
        failure.map_or(Ok(n_found), Err)
    }

    /// The entries as they were exported.
    fn entries(&self, printer: &mut Printer) -> Result<usize, Failure> {
        self.array(&Field::ALL.into_iter().collect(), printer, |view, _, out| out.push_str(view.json))
    }

    /// Objects with the chosen members only.
    fn objects(&self, columns: &Columns, printer: &mut Printer) -> Result<usize, Failure> {
        self.array(&columns.roots(), printer, |view, role, out| columns.push_object(view, role, out))
    }

    /// JSON values: one a line, or as elements of an array.
    fn array(
        &self,
        fields: &BTreeSet<Field>,
        printer: &mut Printer,
        push: impl Fn(&RowView<'_>, Role, &mut String),
    ) -> Result<usize, Failure> {
        let is_array = printer.format == Format::Json;
        let mut text = String::new();
        let n_found = self.each(fields, |view, role, idx| {
            text.clear();
            if is_array {
                text.push_str(if idx == 0 { "[\n" } else { ",\n" });
            }
            push(view, role, &mut text);
            if !is_array {
                text.push('\n');
            }
            printer.out().write_all(text.as_bytes()).map_err(|error| Failure::output(&error))
        })?;
        if is_array {
            printer.line(if n_found == 0 { "[]" } else { "\n]" })?;
        }
        Ok(n_found)
    }

    fn csv(&self, columns: &Columns, printer: &mut Printer) -> Result<usize, Failure> {
        let failed = |error| Failure::output(&error);
        printer.out().write_all(columns.csv_heading().as_bytes()).map_err(failed)?;
        self.each(&columns.roots(), |view, role, _| {
            printer.out().write_all(columns.csv_record(view, role).as_bytes()).map_err(failed)
        })
    }

    /// One line per entry, for people.
    fn text(&self, printer: &mut Printer) -> Result<usize, Failure> {
        let marks = (self.n_around > 0).then_some(MARKS);
        let lines = Lines::new(self.settings, printer, marks.map_or(0, |(mark, _)| mark.len()));
        let fields = Member::MESSAGE_FIELDS.into_iter().collect();
        self.each(&fields, |view, role, _| {
            let line = lines.line(view, &message(view.entry), printer);
            printer.line(&format!("{}{line}", mark(marks, role)))
        })
    }

    /// `name=value` for the chosen members, for people.
    fn pairs(&self, columns: &Columns, printer: &mut Printer) -> Result<usize, Failure> {
        let marks = (self.n_around > 0).then_some(MARKS);
        self.each(&columns.roots(), |view, role, _| {
            let pairs = columns.texts(view, role);
            let shown: Vec<String> = pairs
                .iter()
                .map(|(name, text)| format!("{}={}", printer.safe(name), printer.safe(text)))
                .collect();
            printer.line(&format!("{}{}", mark(marks, role), shown.join("  ")))
        })
    }

    fn markdown(&self, columns: &Columns, printer: &mut Printer) -> Result<usize, Failure> {
        let mut document = Document::new("search").in_zone(self.settings.zone.clone());
        let mut table = Table::new(columns.names().map(Column::left).collect());
        let n_found = self.each(&columns.roots(), |view, role, _| {
            let cell = |(name, text): (String, String)| match name.as_str() {
                "timestamp" => Cell::time_ns(view.row.timestamp.as_nanos(), Precision::Microsecond),
                _ => Cell::log(text),
            };
            table.row(columns.texts(view, role).into_iter().map(cell).collect());
            Ok(())
        })?;
        if n_found > 0 {
            document.push(table);
            printer.document(&document)?;
        }
        Ok(n_found)
    }
}

/// What lines of matches begin with, and lines of what stands around them.
const MARKS: (&str, &str) = ("> ", "- ");

fn mark(marks: Option<(&'static str, &'static str)>, role: Role) -> &'static str {
    marks.map_or("", |(of_match, of_context)| match role {
        Role::Match => of_match,
        Role::Context => of_context,
    })
}

/// Says whether messages are shown with all their lines.
fn is_in_full(settings: &Settings) -> bool {
    settings.verbosity == Verbosity::Verbose
}
