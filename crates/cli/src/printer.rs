//! Everything the program writes: answers to stdout or a file, remarks to stderr.

use crate::args::Format;
use crate::outcome::Failure;
use crate::settings::{Settings, Stderr, Verbosity};
use anstyle::Style;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use timberline_report::escape::{self, Lines};
use timberline_report::terminal::{Color, Terminal, Width};
use timberline_report::{Document, csv, markdown, terminal};

/// Where answers and remarks go. Answers are buffered; [`Printer::finish`] says whether they arrived.
pub(crate) struct Printer {
    out: BufWriter<Box<dyn Write>>,
    pub(crate) format: Format,
    pub(crate) terminal: Terminal,
    stderr: Stderr,
    verbosity: Verbosity,
}

impl Printer {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 16, Box::new(io::stdout().lock())),
            format: settings.format,
            terminal: settings.terminal,
            stderr: settings.stderr,
            verbosity: settings.verbosity,
        }
    }

    /// Sends answers to a file from now on. There is no terminal behind it.
    pub(crate) fn redirect(&mut self, path: &Path) -> Result<(), Failure> {
        let failed =
            |error: io::Error| Failure::new(format!("cannot write {}", path.display())).cause(&error);
        self.finish()?;
        let file = File::create(path).map_err(failed)?;
        self.out = BufWriter::with_capacity(1 << 16, Box::new(file));
        self.terminal = Terminal { width: Width::Unlimited, color: Color::Never, ..self.terminal };
        Ok(())
    }

    /// Where to write an answer bit by bit.
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Writes an answer in the format that was asked for: the contract for programs, the document for people.
    pub(crate) fn answer(
        &mut self,
        contract: &impl Serialize,
        document: impl FnOnce() -> Document,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.json(contract),
            Format::Ndjson => self.json_line(contract),
            Format::Text | Format::Csv | Format::Markdown => self.document(&document()),
        }
    }

    /// Writes a document; in the JSON formats, whose contract the verb writes itself, this must not be called.
    pub(crate) fn document(&mut self, document: &Document) -> Result<(), Failure> {
        let out = &mut self.out;
        match self.format {
            Format::Csv => csv::write(document, out),
            Format::Markdown => markdown::write(document, out),
            Format::Text | Format::Json | Format::Ndjson => terminal::write(document, self.terminal, out),
        }
        .map_err(|error| Failure::output(&error))
    }

    fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.out, value).map_err(|error| Failure::output(&error.into()))?;
        self.line("")
    }

    /// Writes one JSON value on a line of its own.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.out, value).map_err(|error| Failure::output(&error.into()))?;
        self.line("")
    }

    /// Writes text that is safe already, and ends the line.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.out, "{text}").map_err(|error| Failure::output(&error))
    }

    /// Makes sure that everything arrived.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| Failure::output(&error))
    }

    /// Text in a style, where colour is used.
    pub(crate) fn paint(&self, text: &str, style: Style) -> String {
        match self.terminal.color {
            Color::Never => text.to_owned(),
            Color::Always => format!("{style}{text}{style:#}"),
        }
    }

    /// Text from a log, made safe for one line of the terminal.
    pub(crate) fn safe<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        escape::terminal(text, Lines::One, self.terminal.charset)
    }

    /// Says something that weakens the answer.
    pub(crate) fn warning(&self, text: &str) {
        self.remark("warning:", self.stderr.warning_style(), text);
    }

    /// Says something good to know.
    pub(crate) fn note(&self, text: &str) {
        self.remark("note:", Style::new().bold(), text);
    }

    fn remark(&self, word: &str, style: Style, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            let text = escape::terminal(text, Lines::Keep, self.stderr.charset);
            self.stderr.write(&format!("{} {}\n", self.stderr.paint(word, style), text.trim_end()));
        }
    }
}
