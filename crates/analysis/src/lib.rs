//! Answers of an investigation: first seen, frequency, revisions, coverage, differences.

pub mod stats;
