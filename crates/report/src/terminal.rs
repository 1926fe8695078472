//! A document on a terminal, fitted to its width.
//!
//! The caller decides about width, colour and characters; this module asks no environment. Colour only repeats what
//! the words say. Where a table is too wide, text is shortened first, then the columns that matter least are left out
//! (a line below says which), and in the end each row becomes a list of names and values. Numbers are never shortened.

mod charts;
mod layout;
mod lines;
mod paint;
mod table;

use std::io::{self, Write};

use anstyle::Style;
use jiff::tz::TimeZone;

use crate::document::{Block, Cell, Document, Level, Note, NoteKind, Span};
use crate::escape::{self, Charset, Lines};
use crate::shown::text_of;
use lines::{Run, pad, width_of, wrap};
use paint::{ACCENT, FAINT, HEADING, NAME, PLAIN, WARNING, painted};

/// How a terminal is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terminal {
    /// How much fits on a line.
    pub width: Width,
    /// Whether colour is used.
    pub color: Color,
    /// What the screen can draw.
    pub charset: Charset,
}

/// How much fits on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Width {
    /// This many columns; fewer than [`MIN_WIDTH`] count as that many.
    Columns(usize),
    /// No limit: output goes to a file or a pipe, nothing is shortened.
    #[default]
    Unlimited,
}

/// Whether colour is used. Libraries do not guess; the program looks at the terminal and at `NO_COLOR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// Not a single escape sequence is written.
    #[default]
    Never,
    /// ANSI styles around text, never inside of what it says.
    Always,
}

/// The least width that is laid out for; a narrower terminal wraps by itself.
pub const MIN_WIDTH: usize = 20;

/// Writes a document.
///
/// Shape: lines of at most the given width, except in code blocks, which keep their lines so that they can be copied. An
/// empty line between blocks.
///
/// # Errors
/// Only those of `out`.
pub fn write(document: &Document, terminal: Terminal, out: &mut dyn Write) -> io::Result<()> {
    let screen = Screen::new(terminal, &document.zone);
    for (at, block) in document.blocks.iter().enumerate() {
        if at > 0 {
            out.write_all(b"\n")?;
        }
        for line in screen.block(block) {
            out.write_all(line.trim_end().as_bytes())?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

/// Everything a block needs to know about where it is written.
struct Screen<'a> {
    width: usize,
    color: Color,
    charset: Charset,
    zone: &'a TimeZone,
}

impl<'a> Screen<'a> {
    fn new(terminal: Terminal, zone: &'a TimeZone) -> Self {
        let width = match terminal.width {
            Width::Columns(columns) => columns.max(MIN_WIDTH),
            Width::Unlimited => usize::MAX,
        };
        Self { width, color: terminal.color, charset: terminal.charset, zone }
    }

    fn block(&self, block: &Block) -> Vec<String> {
        match block {
            Block::Heading(heading) => self.heading(heading.level, &heading.text),
            Block::Paragraph(spans) => self.wrapped(&self.runs(spans), "", 0),
            Block::List(points) => {
                let bullet = if self.charset == Charset::Unicode { "• " } else { "- " };
                points.iter().flat_map(|spans| self.wrapped(&self.runs(spans), bullet, 2)).collect()
            }
            Block::KeyValues(pairs) => self.key_values(pairs),
            Block::Table(table) => self.table(table),
            Block::Bars(bars) => self.bars(bars),
            Block::HeatStrip(strip) => self.heat_strip(strip),
            Block::Ranges(ranges) => self.table(&crate::ranges::as_table(ranges)),
            Block::Code(code) => {
                let text = escape::terminal(&code.text, Lines::Keep, self.charset);
                text.lines().map(|line| format!("  {line}")).collect()
            }
            Block::Note(note) => self.note(note),
            Block::Links(links) => {
                let words: Vec<_> = links.iter().map(|link| self.safe(&link.text)).collect();
                self.wrapped(&[Run::new(FAINT, "see "), Run::new(PLAIN, &words.join(", "))], "", 4)
            }
        }
    }

    fn heading(&self, level: Level, text: &[Span]) -> Vec<String> {
        let runs: Vec<_> = self.runs(text).into_iter().map(|run| Run { style: HEADING, ..run }).collect();
        let mut lines = self.wrapped(&runs, "", 0);
        let rule = match (level, self.charset) {
            (Level::Title, Charset::Unicode) => "═",
            (Level::Title, Charset::Ascii) => "=",
            (Level::Section, Charset::Unicode) => "─",
            (Level::Section, Charset::Ascii) => "-",
            _ => return lines,
        };
        let widest = runs.iter().map(|run| width_of(&run.text)).sum::<usize>().min(self.width);
        lines.push(painted(self.color, FAINT, &rule.repeat(widest)));
        lines
    }

    fn note(&self, note: &Note) -> Vec<String> {
        let style = if note.kind == NoteKind::Warning { WARNING } else { NAME };
        let mut runs = vec![Run::new(style, &format!("{}: ", note.kind.word()))];
        runs.extend(self.runs(&note.text));
        self.wrapped(&runs, "", 2)
    }

    /// Names on the left, values on the right, wrapped below themselves; used for tables on very narrow screens too.
    fn key_values(&self, pairs: &[(String, Cell)]) -> Vec<String> {
        let names: Vec<_> = pairs.iter().map(|(name, _)| self.safe(name)).collect();
        let widest = names.iter().map(|name| width_of(name)).max().unwrap_or(0).min(self.width / 3);
        let mut lines = Vec::new();
        for (name, (_, value)) in names.iter().zip(pairs) {
            let name = lines::shorten(name, widest, self.charset);
            let lead = format!("{}  ", pad(&name, widest));
            let run = Run::new(style_of(value), &self.cell(value));
            let mut wrapped = self.wrapped(&[run], &" ".repeat(widest + 2), widest + 2);
            if let Some(first) = wrapped.first_mut() {
                let rest = first.get(widest + 2..).unwrap_or("").to_owned();
                *first = format!("{}{rest}", painted(self.color, NAME, &lead));
            }
            lines.extend(wrapped);
        }
        lines
    }

    fn runs(&self, spans: &[Span]) -> Vec<Run> {
        spans
            .iter()
            .map(|span| match span {
                Span::Text(text) => Run::new(PLAIN, &self.safe(text)),
                Span::Strong(text) => Run::new(HEADING, &self.safe(text)),
                Span::Code(text) => Run::new(ACCENT, &self.safe(text)),
                Span::Value(cell) => Run::new(style_of(cell), &self.cell(cell)),
                Span::Link(link) => Run::new(PLAIN, &self.safe(&link.text)),
                Span::Issue(number) => Run::new(PLAIN, &format!("#{number}")),
            })
            .collect()
    }

    /// A cell as safe text on one line.
    fn cell(&self, cell: &Cell) -> String {
        self.drawn_or_safe(cell, &text_of(cell, self.zone, self.charset))
    }

    /// Drawings are ours and already fit the screen; everything else is escaped, our own words included.
    fn drawn_or_safe(&self, cell: &Cell, text: &str) -> String {
        match cell {
            Cell::Bar(_) | Cell::Sparkline(_) => text.to_owned(),
            Cell::Duration(_) if self.charset == Charset::Ascii => text.replace('µ', "u"),
            _ => self.safe(text),
        }
    }

    fn safe(&self, text: &str) -> String {
        escape::terminal(text, Lines::One, self.charset).into_owned()
    }

    fn wrapped(&self, runs: &[Run], lead: &str, indent: usize) -> Vec<String> {
        wrap(runs, self.width, lead, indent, self.color)
    }
}

fn style_of(cell: &Cell) -> Style {
    match cell {
        Cell::NotCovered | Cell::Time(..) => FAINT,
        Cell::Id(_) => ACCENT,
        _ => PLAIN,
    }
}
