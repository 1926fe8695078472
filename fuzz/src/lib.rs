//! What must hold whatever the bytes: one property per target, as a function that panics when it does not.
//!
//! The targets in `fuzz_targets/` look for bytes under which one does; what they found is kept in `regressions/` and tried
//! again by `tests/tests/fuzz_regressions.rs`, with every `cargo test`.

#[cfg(feature = "archive")]
mod archive;
mod dialects;
mod json;
mod query;
mod reading;

/// A property: panics when it does not hold for these bytes.
pub type Property = fn(&[u8]);

/// All properties by the name of their target.
pub const PROPERTIES: &[(&str, Property)] = &[
    ("log-entry", dialects::log_entry),
    ("client-library", dialects::client_library),
    ("otlp", dialects::otlp),
    ("kubernetes", dialects::kubernetes),
    ("docker", dialects::docker),
    ("journald", dialects::journald),
    ("cloudwatch", dialects::cloud_watch),
    ("ecs", dialects::ecs),
    ("generic", dialects::generic),
    ("reader", reading::detected_and_packed),
    ("splitter", reading::in_any_batches),
    ("json", json::as_serde_json_reads_it),
    ("query", query::printed_and_read_again),
    #[cfg(feature = "archive")]
    ("manifest", archive::manifest),
    #[cfg(feature = "archive")]
    ("entries", archive::entries),
    #[cfg(feature = "archive")]
    ("index", archive::index),
    #[cfg(feature = "archive")]
    ("tables", archive::tables),
];

/// Checks the property of a target.
///
/// # Panics
/// When it does not hold, or there is no such target.
pub fn check(target: &str, data: &[u8]) {
    let property = PROPERTIES.iter().find(|(name, _)| *name == target);
    let (_, property) = property.unwrap_or_else(|| panic!("there is no target {target}"));
    property(data);
}
