//! A segment: the entries of one contiguous span of time inside a month, with their index.
//!
//! ```text
//! rows, in ring order            row 0 ─────────────── row 4095 │ row 4096 ──── …
//! rings                          └ service a, revision 7, INFO, shape 3 ┘└ … one document each in the index
//! entries/month=…/SEG.parquet    the rows
//! index/SEG/                     tokens per ring, by Tantivy; rings.bin: facts per ring;
//!                                shapes.zst, templates.zst: what the entries of a ring look like;
//!                                words.parquet: tokens to look for parts in;
//!                                instances.zst: what ran from when to when;
//!                                messages, exceptions, values, cube: what is said, how often, by whom and when;
//!                                blocks.xxh3: checksums of all that
//! ```

mod batch;
mod block;
mod checked;
mod cube;
mod entries;
mod exceptions;
mod facts;
mod fields;
mod id_parts;
mod ids;
mod index;
mod instances;
mod listen;
mod messages;
mod observer;
mod packed;
mod parts;
mod reader;
mod rings;
mod shapes;
mod table;
mod templates;
mod values;
mod words;
mod writer;

pub use batch::{Beside, Row};
pub use cube::{CubeCell, HOUR_NS};
pub use instances::InstanceRecord;
pub use messages::MessageRecord;
pub use parts::Parts;
pub use reader::Segment;
pub use rings::{RingPlace, RingTimes, Rings, Run};
pub use shapes::ShapeRecord;
pub use templates::{HoleClass, MARKS, OfShapes, Templates};
pub use values::{Subject, ValueRecord, ValueRow};

pub(crate) use block::{BlockReader, BlockWriter, read as read_block};
pub(crate) use checked::CheckedFile;
pub(crate) use entries::with_entry;
pub(crate) use observer::{Observer, RowFacts};
pub(crate) use reader::{get_or_try, read};
pub(crate) use templates::{
    NumberedTemplates, TemplateFile, open as open_templates, write as write_templates,
};
pub(crate) use writer::write;

/// A ring is cut after this many rows, so that looking into one stays cheap.
pub const MAX_RING_ROWS: usize = 4096;
