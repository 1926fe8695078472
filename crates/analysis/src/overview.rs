//! What is in an archive.

use crate::question::Investigation;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::{Result, layout};
use timberline_entry::Timestamp;

/// The answer to *status*; serialised, the contract `timberline/status/1`.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// Entries.
    pub entries: u64,
    /// Copies that were merged.
    pub duplicates: u64,
    /// What could not be kept.
    pub rejected: u64,
    /// Sources.
    pub sources: u64,
    /// Segments.
    pub segments: u64,
    /// Distinct message patterns.
    pub patterns: u64,
    /// Rings.
    pub rings: u64,
    /// Stored bytes of all sources.
    pub bytes_read: u64,
    /// Bytes on disk.
    pub archive_bytes: ArchiveBytes,
    /// Time of the first entry.
    pub first: Option<String>,
    /// Time of the last entry.
    pub last: Option<String>,
    /// Entries per severity.
    pub severities: BTreeMap<String, u64>,
    /// Services, by name.
    pub services: Vec<ServiceOverview>,
}

/// Bytes of an archive on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ArchiveBytes {
    /// Everything.
    pub total: u64,
    /// The entries' Parquet files.
    pub entries: u64,
    /// The indexes.
    pub index: u64,
    /// Catalogue and manifest.
    pub other: u64,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceOverview {
    /// Its name; empty for entries that name none.
    pub service: String,
    /// Its entries.
    pub entries: u64,
    /// Its revisions, entries without one not counted.
    pub revisions: u64,
    /// Time of its first entry.
    pub first: String,
    /// Time of its last entry.
    pub last: String,
}

/// Describes an archive. Cost: ring facts, no rows.
///
/// # Errors
/// Damage in an index.
pub fn overview(investigation: &Investigation<'_>) -> Result<Overview> {
    let archive = investigation.archive;
    let manifest = archive.manifest();
    let mut severities: BTreeMap<String, u64> = BTreeMap::new();
    let mut services: BTreeMap<String, (u64, BTreeSet<String>, i64, i64)> = BTreeMap::new();
    let mut patterns: BTreeSet<u64> = BTreeSet::new();
    for segment in archive.segments() {
        let (rings, names, revisions) = (segment.rings()?, segment.services()?, segment.revisions()?);
        patterns.extend(segment.shapes()?.iter().map(|shape| investigation.names.pattern(shape.pattern)));
        let times = rings.times()?;
        for run in rings.runs() {
            let rows: u64 = rings.each_rows(run.rings.clone()).sum();
            *severities.entry(run.severity.name().to_owned()).or_insert(0) += rows;
            let name = names[run.service].clone();
            let service = services.entry(name).or_insert((0, BTreeSet::new(), i64::MAX, i64::MIN));
            service.0 += rows;
            let revision = &revisions[run.revision];
            if !revision.is_empty() && !service.1.contains(revision) {
                service.1.insert(revision.clone());
            }
            service.2 = run.rings.clone().map(|ring| times.first(ring)).fold(service.2, i64::min);
            service.3 = run.rings.clone().map(|ring| times.last(ring)).fold(service.3, i64::max);
        }
    }
    let bytes = |folder: &str| {
        let files = manifest.files().filter(|file| layout::inside(&file.path, folder).is_some());
        files.map(|file| file.bytes).sum::<u64>()
    };
    let (entries_bytes, index) = (bytes(layout::ENTRIES), bytes(layout::INDEX));
    let other = bytes(layout::CATALOG) + archive.manifest_bytes()?;
    let show = |ns: i64| Timestamp::from_nanos(ns).to_string();
    let read: u64 = investigation.sources.iter().map(|source| source.read).sum();
    let rejected: u64 = investigation.sources.iter().map(|source| source.rejected).sum();
    let lost: u64 = manifest.set_aside.iter().map(timberline_archive::manifest::SetAside::rows).sum();
    Ok(Overview {
        schema: "timberline/status/1",
        entries: manifest.entries(),
        duplicates: read.saturating_sub(rejected + manifest.entries() + lost),
        rejected,
        sources: investigation.sources.len() as u64,
        segments: manifest.segments.len() as u64,
        patterns: patterns.len() as u64,
        rings: manifest.segments.iter().map(|segment| segment.rings).sum(),
        bytes_read: investigation.sources.iter().map(|source| source.bytes).sum(),
        archive_bytes: ArchiveBytes {
            total: entries_bytes + index + other,
            entries: entries_bytes,
            index,
            other,
        },
        first: manifest.segments.iter().map(|segment| segment.first_ns).min().map(show),
        last: manifest.segments.iter().map(|segment| segment.last_ns).max().map(show),
        severities,
        services: services
            .into_iter()
            .map(|(service, (entries, revisions, first, last))| ServiceOverview {
                service,
                entries,
                revisions: revisions.len() as u64,
                first: show(first),
                last: show(last),
            })
            .collect(),
    })
}
