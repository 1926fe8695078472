//! The statistics behind every comparison of revisions: pure functions of numbers, no I/O, no clock.
//!
//! The question is always the same. A pattern was seen `x1` times under the coverage `E1` of one side and `x0`
//! times under the coverage `E0` of the other: is that more than chance, by how much, and since when?
//!
//! ```text
//!   cells (k of n)      counts / time (x in E)     many patterns        many revisions
//!   ──────────────      ──────────────────────     ─────────────        ──────────────
//!   cells               conditional                multiplicity         change
//!   strata              dispersion (φ̂ → x/φ̂)       shrink (ranking)     change::segments
//!                       claims, power                                   change::simulate
//!                 └────────────── special: ln Γ, incomplete beta and gamma ──────────────┘
//! ```
//!
//! Index 1 is the revision under suspicion ("new"), index 0 what it is compared with ("base"). Exposures may be in
//! any unit (hours, cells, requests) as long as both sides use the same one. Counts are real numbers, because
//! over-dispersed counts are divided by φ̂ before they are tested.
//!
//! Everything is a closed formula or a loop of fixed order, so the same numbers in give the same bits out. The one
//! simulation ([`change::simulate`]) uses a generator written here, started from a fixed seed.

pub mod special;

pub mod observed;

pub mod conditional;

pub mod cells;

pub mod strata;

pub mod dispersion;

pub mod claims;

pub mod power;

pub mod multiplicity;

pub mod shrink;

pub mod change;

pub mod generator;
