//! A believable Cloud Run project, made up from a seed.
//!
//! Reading order: [`rng`] and [`time`] (what everything rests on), [`json`], then the things of the project ([`service`],
//! [`revision`], [`message`], [`traceback`], [`request`], [`audit`], [`entry`]), then how they come together over time
//! ([`plant`], [`timeline`]), how entries become files ([`dump`]), what is known about them ([`truth`]), and the two products
//! ([`samples`], [`corpus`]).

pub mod rng;
pub mod time;

pub mod json;

pub mod audit;
pub mod entry;
pub mod message;
pub mod request;
pub mod revision;
pub mod service;
pub mod traceback;
mod vocabulary;

mod line;
pub mod plant;
pub mod timeline;

pub mod dump;
pub mod truth;

pub mod corpus;
pub mod samples;

use serde_json::Value;

pub use entry::Entry;
pub use timeline::Timeline;

/// What kind of project to invent.
///
/// The same configuration gives the same entries, byte for byte, on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Everything random follows from this number.
    pub seed: u64,
    /// When the first service is deployed, microseconds since the Unix epoch, UTC.
    pub start_us: i64,
    /// How long the project is observed, days.
    pub n_days: u32,
    /// Exactly how many entries are made.
    pub n_entries: u64,
    /// How many services share the entries; at least one.
    pub n_services: usize,
    /// How many revisions all services have together; every service has at least one.
    pub n_revisions: usize,
}

/// 2025-05-20T00:00:00Z, the day every generated project begins.
pub const START_US: i64 = 1_747_699_200_000_000;

impl Config {
    /// Returns a small archive: three services and nine revisions in two days.
    #[must_use]
    pub fn small(seed: u64, n_entries: u64) -> Self {
        Self { seed, start_us: START_US, n_days: 2, n_entries, n_services: 3, n_revisions: 9 }
    }

    /// Returns the dense benchmark: 14 days, five services, 90 revisions.
    #[must_use]
    pub fn dense(seed: u64, n_entries: u64) -> Self {
        Self { seed, start_us: START_US, n_days: 14, n_entries, n_services: 5, n_revisions: 90 }
    }

    /// Returns the sparse benchmark: 180 days, five services, 940 revisions.
    #[must_use]
    pub fn sparse(seed: u64, n_entries: u64) -> Self {
        Self { seed, start_us: START_US, n_days: 180, n_entries, n_services: 5, n_revisions: 940 }
    }
}

/// Returns the entries of a project as compact JSON texts, oldest first.
#[must_use]
pub fn lines(config: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in Timeline::new(config) {
        lines.push(entry.to_json());
    }
    lines
}

/// Returns the entries of a project as JSON values, oldest first.
#[must_use]
pub fn entries(config: &Config) -> Vec<Value> {
    Timeline::new(config).map(|entry| entry.to_value()).collect()
}

#[cfg(test)]
mod tests;
