//! Every format, over one document that has every kind of block and cell.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;
mod formats;
mod hostile;
