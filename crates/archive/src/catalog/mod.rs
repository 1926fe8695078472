//! The catalogue: where entries came from, and what could not be kept. Small Parquet files that anyone can read.

mod rejects;
mod sources;
mod table;

pub use rejects::RejectRecord;
pub use sources::{Cut, GroupFacts, Order, SourceRecord, WindowRecord};

pub(crate) use rejects::{read as read_rejects, write as write_rejects};
pub(crate) use sources::{read as read_sources, write as write_sources};
