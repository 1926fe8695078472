//! For measuring: ingests exports, or asks an archive a filter and counts matches per revision.
//!
//! ```text
//! ask ingest ARCHIVE PATH...     ask count ARCHIVE FILTER     ask explain ARCHIVE FILTER
//! ```
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use timberline_archive::ingest::{Options, Silent, ingest};
use timberline_archive::segment::Segment;
use timberline_archive::storage::DiskStorage;
use timberline_archive::{Archive, Result};
use timberline_entry::input::discover;
use timberline_search::{Names, RowView, Sink, Wanted, scan};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args[..] {
        [verb, archive, paths @ ..] if verb == "ingest" => {
            let options = Options { threads: 2, ..Options::new("ask") };
            let storage = Arc::new(DiskStorage::new(archive));
            ingest(storage, discover(paths).0, &options, &Silent, &AtomicBool::new(false))?;
            println!("ingested in {:?}", start.elapsed());
        }
        [verb, archive, text] if verb == "count" => {
            let compiled = timberline_query::compile(text, &timberline_query::Options::default())?;
            let archive = Archive::open(Arc::new(DiskStorage::new(archive)), archive)?;
            let names = Names::read(&archive)?;
            let mut tally = Tally::default();
            scan(&archive, &names, &compiled.filter, &Wanted::default(), &mut tally)?;
            let total: u64 = tally.revisions.values().map(|(n, ..)| n).sum();
            let first = tally.revisions.values().map(|(_, first, _)| first).min();
            println!(
                "{total} matches in {} revisions, first {first:?}; {} rows looked at and found; {:?}",
                tally.revisions.len(),
                tally.rows,
                start.elapsed()
            );
        }
        [verb, archive, text] if verb == "explain" => {
            let compiled = timberline_query::compile(text, &timberline_query::Options::default())?;
            let archive = Archive::open(Arc::new(DiskStorage::new(archive)), archive)?;
            let explanation = timberline_search::explain(&archive, &compiled.filter)?;
            println!("{}", serde_json::to_string(&explanation)?);
        }
        _ => return Err("ask ingest ARCHIVE PATH... | ask count|explain ARCHIVE FILTER".into()),
    }
    Ok(())
}

/// Number, first and last by revision.
#[derive(Default)]
struct Tally {
    revisions: BTreeMap<String, (u64, i64, i64)>,
    rows: u64,
}

impl Tally {
    fn add(&mut self, revision: &str, n: u64, first: i64, last: i64) {
        let entry = self.revisions.entry(revision.to_owned()).or_insert((0, first, last));
        *entry = (entry.0 + n, entry.1.min(first), entry.2.max(last));
    }
}

impl Sink for Tally {
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        let rings = segment.rings()?;
        let revision = &segment.revisions()?[rings.run_of(ring).revision];
        let times = rings.times()?;
        self.add(revision, rings.rows(ring), times.first(ring), times.last(ring));
        Ok(true)
    }

    fn row(&mut self, segment: &Segment, ring: usize, row: &RowView<'_>) -> Result<()> {
        self.rows += 1;
        let revision = &segment.revisions()?[segment.rings()?.run_of(ring).revision];
        let time = row.row.timestamp.as_nanos();
        self.add(revision, 1, time, time);
        Ok(())
    }
}
