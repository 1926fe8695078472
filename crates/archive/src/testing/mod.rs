//! Storage that fails on purpose, and an archive's contents as plain rows: for the tests of this crate and of others.

mod contents;
mod full_disk;
mod recording;

pub use contents::{ContentRow, contents};
pub use full_disk::FullDisk;
pub use recording::{Image, RecordingStorage, Survival};
