//! One document model, many formats; untrusted text made safe.
//!
//! An answer becomes a [`Document`] once; [`terminal`], [`csv`], [`markdown`] and [`html`] write the same document. This
//! crate opens no archive and computes no numbers of its own: what is shown is what the document holds.
//!
//! ```
//! use timberline_report::{Cell, Column, Document, Level, Table, markdown};
//!
//! let mut document = Document::new("frequency");
//! document.heading(Level::Section, "By revision");
//! let mut table = Table::new(vec![Column::left("revision"), Column::right("count")]);
//! table.row(vec![Cell::id("checkout-00583-dwf"), Cell::Count(12_345)]);
//! document.push(table);
//!
//! let mut out = Vec::new();
//! markdown::write(&document, &mut out)?;
//! assert!(String::from_utf8(out).expect("formats write UTF-8").contains("| `checkout-00583-dwf` | 12,345 |"));
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod document;
pub mod escape;
pub mod units;

mod glyphs;
mod ranges;
mod shown;

pub mod csv;

pub mod html;
pub mod markdown;
pub mod terminal;
pub mod worklog;

pub use document::{
    Align, Anchor, Bar, Bars, Block, Cell, Code, Column, Data, Document, Drawing, Heading, HeatStrip,
    Language, Level, Link, Mark, Note, NoteKind, Range, Ranges, Sample, Scale, Span, StripRow, Table,
};
