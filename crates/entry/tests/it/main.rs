//! Whole sources, from bytes to entries.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests, too")]

mod damage;
mod dialects;
mod discovery;
mod extremes;
mod forms;
mod real;
mod source;
