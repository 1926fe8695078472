//! The one model of an answer that is shown to people. Each output format is one file that knows all of it.
//!
//! A document holds values, not text about values: a count is a [`Cell::Count`], and the format decides how a count
//! looks. Every string in it may come from a log; none is trusted, none is escaped here. Formats escape all of them.
//!
//! Three states run through every chart: a value, a zero, and *not covered*, where the archive cannot speak. They look
//! different in every format.

mod cell;
mod chart;
mod ranges;
mod span;
mod table;

use jiff::tz::TimeZone;

pub use cell::Cell;
pub use chart::{Bar, Bars, Drawing, HeatStrip, Mark, Sample, Scale, StripRow, largest};
pub use ranges::{Range, Ranges};
pub use span::{Anchor, Link, Span};
pub use table::{Align, Column, Table};

/// An answer, ready to be written in any format.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What the page is called; only the HTML page has a place for it beside the blocks.
    pub title: String,
    /// The zone in which all times of this document are shown.
    pub zone: TimeZone,
    /// The content, in reading order.
    pub blocks: Vec<Block>,
    /// What the document says, for programs that are given the page or the file; a part that people do not see.
    pub data: Option<Data>,
}

/// A JSON value that goes with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// What it is called: letters and `-`.
    pub name: &'static str,
    /// The value's JSON, as it is; formats escape it.
    pub json: String,
}

/// One piece of a document that starts on a line of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading.
    Heading(Heading),
    /// Running text.
    Paragraph(Vec<Span>),
    /// Points of equal standing.
    List(Vec<Vec<Span>>),
    /// Names and their values, one pair a line.
    KeyValues(Vec<(String, Cell)>),
    /// Rows and columns.
    Table(Table),
    /// One bar per name.
    Bars(Bars),
    /// Values along a shared axis, one strip per row: a heat map, or a stacked timeline.
    HeatStrip(HeatStrip),
    /// Spreads of times on a shared axis.
    Ranges(Ranges),
    /// Text whose lines and blanks matter.
    Code(Code),
    /// Something the reader must not miss.
    Note(Note),
    /// Ways to other places in the same document.
    Links(Vec<Link>),
}

/// A heading, and the name other places link to it by.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading {
    /// How deep: sections of the same depth are siblings.
    pub level: Level,
    /// What it says.
    pub text: Vec<Span>,
    /// Where links to this section point.
    pub anchor: Option<Anchor>,
}

/// The depth of a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The document's own title.
    Title,
    /// A chapter.
    Section,
    /// A part of a chapter.
    Subsection,
    /// A part of that.
    Minor,
}

/// Preformatted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The text, line breaks included.
    pub text: String,
    /// What it is, for highlighting.
    pub language: Language,
}

/// What a code block holds. A closed list, since the word is written beside the fence as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// No highlighting: log text, stack traces.
    #[default]
    Plain,
    /// One JSON value.
    Json,
    /// A command line.
    Shell,
    /// A filter.
    Filter,
}

/// A remark set apart from the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// How much it matters.
    pub kind: NoteKind,
    /// What it says.
    pub text: Vec<Span>,
}

/// How much a [`Note`] matters. Formats write the word, colour only repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// Good to know.
    Info,
    /// The answer is weaker than it looks unless this is known.
    Warning,
}

impl Document {
    /// Returns an empty document whose times are shown in UTC.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), zone: TimeZone::UTC, blocks: Vec::new(), data: None }
    }

    /// Returns the document with its times shown in `zone`.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Adds a block at the end.
    pub fn push(&mut self, block: impl Into<Block>) {
        self.blocks.push(block.into());
    }

    /// Adds a heading without an anchor.
    pub fn heading(&mut self, level: Level, text: impl Into<String>) {
        self.push(Heading { level, text: vec![Span::text(text)], anchor: None });
    }

    /// Adds a heading that can be linked to.
    pub fn anchored_heading(&mut self, level: Level, text: impl Into<String>, anchor: Anchor) {
        self.push(Heading { level, text: vec![Span::text(text)], anchor: Some(anchor) });
    }

    /// Adds a paragraph of plain text.
    pub fn paragraph(&mut self, text: impl Into<String>) {
        self.push(Block::Paragraph(vec![Span::text(text)]));
    }

    /// Adds a remark of plain text.
    pub fn note(&mut self, kind: NoteKind, text: impl Into<String>) {
        self.push(Note { kind, text: vec![Span::text(text)] });
    }

    /// Adds a code block.
    pub fn code(&mut self, language: Language, text: impl Into<String>) {
        self.push(Code { text: text.into(), language });
    }
}

impl Level {
    /// The number of signs or the tag number of this depth, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        match self {
            Self::Title => 1,
            Self::Section => 2,
            Self::Subsection => 3,
            Self::Minor => 4,
        }
    }
}

impl Language {
    /// The word renderers know this language by; empty for plain text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Json => "json",
            Self::Shell => "sh",
            Self::Filter => "text",
        }
    }
}

impl NoteKind {
    /// The word in front of the remark.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "note",
            Self::Warning => "warning",
        }
    }
}

macro_rules! block_from {
    ($($part:ident),*) => {$(
        impl From<$part> for Block {
            fn from(part: $part) -> Self {
                Self::$part(part)
            }
        }
    )*};
}
block_from!(Heading, Table, Bars, HeatStrip, Ranges, Code, Note);
