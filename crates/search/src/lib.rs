//! Runs a checked filter over an archive: prune, candidates, confirm.
//!
//! ```text
//! Filter ──► per template: what do its stretches and holes say of each test?  judge (align)
//!        ──► per ring:  combined, with time, revision, tokens and ids         plan  (lookup, ids)
//!              all rows ─► counted from the ring's facts, no row is read
//!              no row   ─► nothing
//!              some     ─► rows are read, and `query::eval` decides            scan
//!        ──► rows in time order, with what stood around them                  order  (context)
//! ```
//!
//! Everything before `eval` may only exclude or be certain; both are tested against `eval` over every entry.

mod align;
mod context;
mod explain;
mod ids;
mod judge;
mod lookup;
mod order;
mod plan;
mod present;
mod resolve;
mod row;
mod scan;
mod texts;
mod verdict;

pub use explain::{Explanation, TestExplanation, explain};
pub use order::{Direction, Role, in_time_order, with_context};
pub use plan::{Counts, Means};
pub use present::columns_of_rows;
pub use row::{Names, RowView};
pub use scan::{Sink, Wanted, scan, scan_each, scan_shared, sinks};
pub use verdict::Verdict;
