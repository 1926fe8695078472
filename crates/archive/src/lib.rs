//! The archive on disk: segments, rings, index, manifest, ingest and verification.

mod archive;
mod audit;
pub mod catalog;
mod column_chunks;
mod columns;
pub mod compact;
mod error;
pub mod exception;
mod frame;
pub mod ingest;
pub mod layout;
pub mod maintain;
pub mod manifest;
pub mod patterns;
pub mod repair;
mod rows;
pub mod segment;
pub mod shape;
pub mod storage;
mod sums;
#[doc(hidden)]
pub mod testing;
pub mod verify;

pub use archive::Archive;
pub use audit::AuditRecord;
pub use columns::{Cell, Cells, Column, ColumnKind, ComposeError, compose};
pub use error::{Error, Result};

use segment::read as segment_read;

/// Returns the name of a message pattern, or of an exception, as answers show it.
pub fn pattern_name(fingerprint: u64) -> String {
    timberline_pattern::shape::Fingerprint(fingerprint).to_string()
}
