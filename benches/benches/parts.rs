//! Throughput of the parts, over generated exports: `cargo bench -p timberline-benches`.

use divan::counter::{BytesCount, ItemsCount};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_analysis::{Asked, GroupBy, Investigation, Question, first_seen, frequency};
use timberline_archive::Archive;
use timberline_archive::ingest::{Options, Silent, ingest};
use timberline_archive::storage::DiskStorage;
use timberline_entry::input::{OpenOptions, Reader, SourceSpec, discover};
use timberline_entry::{Scratch, message, read};
use timberline_pattern::mask::Masker;
use timberline_pattern::merge::merge;
use timberline_pattern::shape::{fingerprint, shape};
use timberline_pattern::trace;
use timberline_query::compile;
use timberline_testkit::generate::{Config, lines};

const N_ENTRIES: u64 = 50_000;
const SEED: u64 = 1;

fn main() {
    divan::main();
}

/// Exports as one file of lines.
struct Exports {
    folder: tempfile::TempDir,
    bytes: usize,
}

impl Exports {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = lines(&Config::small(SEED, N_ENTRIES)).join("\n");
        std::fs::write(folder.path().join("exports.ndjson"), &text).expect("space for the exports");
        Self { folder, bytes: text.len() }
    }

    fn path(&self) -> String {
        self.folder.path().join("exports.ndjson").to_string_lossy().into_owned()
    }

    fn archive(&self, to: &Path) -> Archive {
        let storage = Arc::new(DiskStorage::new(to));
        let options = Options { threads: 2, ..Options::new("benchmark") };
        let specs = discover(&[self.path()]).0;
        ingest(storage.clone(), specs, &options, &Silent, &AtomicBool::new(false))
            .expect("the exports are sound");
        Archive::open(storage, "benchmark").expect("an archive was just written")
    }
}

#[divan::bench(sample_count = 5)]
fn split_and_read(bencher: divan::Bencher<'_, '_>) {
    let exports = Exports::new();
    bencher.counter(BytesCount::new(exports.bytes)).bench_local(|| {
        let mut reader = Reader::open(&SourceSpec::file(Path::new(&exports.path())), &OpenOptions::default())
            .expect("the exports are sound");
        let mut scratch = Scratch::new();
        let mut n_entries = 0;
        while let Some(batch) = reader.next_batch(1 << 20).expect("the file can be read") {
            for record in &batch.records {
                n_entries += usize::from(read(&batch, record, &mut scratch).is_ok());
            }
        }
        assert!(n_entries > 0);
        n_entries
    });
}

/// What the entries say.
fn messages() -> Vec<String> {
    let exports = Exports::new();
    let mut messages = Vec::new();
    let mut reader = Reader::open(&SourceSpec::file(Path::new(&exports.path())), &OpenOptions::default())
        .expect("the exports are sound");
    let mut scratch = Scratch::new();
    while let Some(batch) = reader.next_batch(1 << 20).expect("the file can be read") {
        for record in &batch.records {
            if let Ok(normalised) = read(&batch, record, &mut scratch) {
                messages.push(message(&normalised.entry).into_owned());
            }
        }
    }
    messages
}

#[divan::bench(sample_count = 5)]
fn mask_and_fingerprint(bencher: divan::Bencher<'_, '_>) {
    let messages = messages();
    let masker = Masker::standard();
    bencher.counter(ItemsCount::new(messages.len())).bench_local(|| {
        let mut holes = Vec::new();
        let mut sum = 0u64;
        for message in &messages {
            masker.mask(message, &mut holes);
            sum ^= fingerprint(message, &holes).0;
        }
        sum
    });
}

#[divan::bench(sample_count = 5)]
fn search_messages_without_traces(bencher: divan::Bencher<'_, '_>) {
    let mut messages = messages();
    messages.retain(|message| trace::find(message).is_empty());
    bencher
        .counter(ItemsCount::new(messages.len()))
        .bench_local(|| messages.iter().filter(|message| !trace::find(message).is_empty()).count());
}

#[divan::bench(sample_count = 5)]
fn read_traces(bencher: divan::Bencher<'_, '_>) {
    let mut messages = messages();
    messages.retain(|message| !trace::find(message).is_empty());
    bencher
        .counter(ItemsCount::new(messages.len()))
        .bench_local(|| messages.iter().filter(|message| !trace::find(message).is_empty()).count());
}

#[divan::bench(sample_count = 5)]
fn merge_shapes(bencher: divan::Bencher<'_, '_>) {
    let (masker, mut holes) = (Masker::standard(), Vec::new());
    let mut shapes = BTreeMap::new();
    for message in messages() {
        masker.mask(&message, &mut holes);
        shapes.entry(fingerprint(&message, &holes)).or_insert_with(|| shape(&message, &holes));
    }
    bencher.counter(ItemsCount::new(shapes.len())).bench_local(|| merge(shapes.values()).templates().len());
}

#[divan::bench(sample_count = 3)]
fn ingest_everything(bencher: divan::Bencher<'_, '_>) {
    let exports = Exports::new();
    bencher.counter(BytesCount::new(exports.bytes)).bench_local(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        exports.archive(folder.path()).manifest().entries()
    });
}

#[divan::bench(args = ["", "timed out", "imed ou", "severity>=ERROR", "httpRequest.status>=500"], sample_count = 20)]
fn open_and_count_per_revision(bencher: divan::Bencher<'_, '_>, filter: &str) {
    let exports = Exports::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    exports.archive(folder.path());
    let quoted = if filter.contains(['=', '>']) || filter.is_empty() {
        filter.to_owned()
    } else {
        format!("{filter:?}")
    };
    let question = Question {
        filter: compile(&quoted, &timberline_query::Options::default())
            .expect("a filter of the language")
            .filter,
        by: vec![GroupBy::Revision],
        zone: TimeZone::UTC,
        asked: Asked::default(),
    };
    bencher.bench_local(|| {
        let storage = Arc::new(DiskStorage::new(folder.path()));
        let archive = Archive::open(storage, "benchmark").expect("the archive is there");
        let investigation = Investigation::new(&archive).expect("the archive is sound");
        let first = first_seen(&investigation, &question, Vec::new()).expect("the archive is sound");
        let frequency =
            frequency(&investigation, &question, false, Vec::new()).expect("the archive is sound");
        assert_eq!(first.matches, frequency.total);
        first.matches
    });
}
