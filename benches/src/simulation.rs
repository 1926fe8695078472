//! Services with known changes, put to the program's own tests: what is found, and what is called a change and is none.
//!
//! ```text
//! Service (revisions, minutes of instances) ──► Course per pattern (bursts per minute in each revision)
//!                                                     │ drawn from a fixed seed
//!                                                     ▼
//!                                      Drawn ──► grid ──► diff, regressions          entries ──► a real archive
//! ```

#![expect(clippy::cast_possible_truncation, reason = "simulated numbers are small by construction")]

mod course;
mod draw;
mod drawn;
mod experiments;

pub use course::{Course, Noise, Planted, SIZES, Service};
pub use draw::Draw;
pub use drawn::{Drawn, OLD_UNIT, PLANTED_UNIT};
pub use experiments::{Alarms, Found, draw_planted, false_alarms, planted};
