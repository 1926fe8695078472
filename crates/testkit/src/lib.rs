//! Generated exports and archives for tests, samples and benchmarks.
//!
//! Two generators, both pure functions of a seed: no clock, no locale, no hash order, no platform arithmetic.
//! - [`generate`] invents a believable Cloud Run project (services, revisions, deploys, requests, messages, tracebacks, planted
//!   regressions) and knows the truth about it. The sample exports in `data/` and the benchmark corpora come from it.
//! - [`random`] invents entries that are valid JSON and otherwise as unkind as an export may be, for differential tests.

pub mod generate;
pub mod random;
