//! JSON as exports contain it: every number kept as its text, every key in its place, repeated keys included.
//!
//! A log entry has to come back as the value it was exported with, so this reader keeps what general-purpose readers
//! normalise away: digits beyond 64 bits, `1.0` apart from `1`, a key written twice, an escaped lone surrogate.
//!
//! ```text
//! text ──parse──► nodes (a flat list, one per value, 16 bytes each) ──Document::root──► Value (a cursor, `Copy`)
//!                                                                                          │
//!                                              canonical text ◄──write_canonical───────────┘
//! ```

mod canonical;
mod parse;
mod text;
mod value;

pub use canonical::{canonical, push_quoted, write_canonical};
pub use parse::{Fault, FaultKind, MAX_DEPTH, Repairs, parse, parse_prefix};
pub use text::Text;
pub use value::{Array, Document, Node, Object, Value};
