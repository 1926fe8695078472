//! The archive on disk: segments, rings, index, manifest, ingest and verification.

mod archive;
pub mod catalog;
mod columns;
mod error;
mod fold;
pub mod ingest;
pub mod layout;
pub mod manifest;
mod rows;
pub mod shape;
pub mod segment;
pub mod storage;

pub use archive::Archive;
pub use columns::{Cell, Cells, Column, ColumnKind, compose};
pub use error::{Error, Result};

use segment::read as segment_read;
