//! The archive on disk: segments, rings, index, manifest, ingest and verification.

mod columns;
mod error;
mod fold;
pub mod layout;
pub mod shape;
pub mod storage;

pub use columns::{Cell, Cells, Column, ColumnKind, compose};
pub use error::{Error, Result};
