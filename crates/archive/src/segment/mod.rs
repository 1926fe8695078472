//! A segment: the entries of one contiguous span of time inside a month, with their index.
//!
//! ```text
//! rows, in ring order            row 0 ─────────────── row 4095 │ row 4096 ──── …
//! rings                          └ service a, revision 7, INFO, shape 3 ┘└ … one document each in the index
//! entries/month=…/SEG.parquet    the rows
//! index/SEG/                     tokens and facts per ring, by Tantivy;
//!                                shapes.parquet, templates.parquet: what the entries of a ring look like;
//!                                words.parquet: tokens to look for parts in;
//!                                instances.parquet: what ran from when to when;
//!                                blocks.xxh3: checksums of all that
//! ```

mod checked;
mod entries;
mod facts;
mod ids;
mod index;
mod instances;
mod reader;
mod shapes;
mod words;
mod writer;

pub use facts::Rings;
pub use instances::InstanceRecord;
pub use reader::{Row, Segment};
pub use shapes::{ShapeParts, ShapeRecord, Templates};

pub(crate) use entries::with_entry;
pub(crate) use reader::read;
pub(crate) use writer::write;

/// A ring is cut after this many rows, so that looking into one stays cheap.
pub const MAX_RING_ROWS: usize = 4096;
