//! From a stream of text to the places of the entries in it, in constant memory and without building a tree.
//!
//! ```text
//! document     = entry | wrapper | array            any number, one after another, with or without separators
//! array        = [ element, … ]                     element = document
//! wrapper      = { member, … }                      an object that is no entry but has arrays of entries somewhere inside
//! ```
//!
//! An entry's end is found by counting brackets outside strings ([`scan`], 64 bytes at a time); whether its JSON is right is
//! the reader's business. What valid JSON cannot have stops the scan, and [`salvage`] decides what is lost. It is asked as well about
//! every entry with an object in an array: damage can make the next entry such an element with all brackets matching.
//!
//! ```text
//!            entry S           damage: the scan stops somewhere behind it
//!              │                 │
//!   …},{"insertId":…},{"insertId:"a",…},{"insertId":…},{"insertId":…},…
//!                     └────── reject ──┘└─ p: the next place that is an entry by itself
//!
//! 1. Is S..end a value after all (a line feed inside a string is tolerated)? Then it is a record like any other.
//! 2. Otherwise p is the first `{"` behind S that is not a member's value on the same line (`"key": {`), parses as JSON to its own
//!    end, and has the fields of an entry. Everything from S up to p is one reject. Reading goes on at p, in the array that was open,
//!    or in the array `"KEY": [` when that is what stands before p.
//! 3. No such place: the rest of the source is one reject.
//! ```
//!
//! The rule uses nothing but the text, so the same bytes always give the same entries, whatever the batch size. Every byte that is
//! no white space, punctuation or member of a wrapper belongs to a record or a reject.

mod batch;
mod block;
mod buffer;
mod frame;
mod salvage;
mod scan;
mod splitter;
mod wrapper;

pub use batch::{Batch, Record};
pub(crate) use splitter::{Hints, Splitter};

/// Larger entries are rejected. The service takes 256 KiB; 64 times that leaves room for everybody else and still bounds memory.
pub const MAX_ENTRY_BYTES: usize = 16 << 20;
