//! What an ingest spends its time in behind reading: sorting, writing Parquet, indexing, merging.

mod support;

use divan::counter::{BytesCount, ItemsCount};
use std::sync::Arc;
use support::Exports;
use timberline_archive::compact::reindex;
use timberline_archive::maintain::Options;
use timberline_archive::storage::DiskStorage;

fn main() {
    divan::main();
}

/// All of it, from the file to the manifest.
#[divan::bench(sample_count = 3)]
fn ingest_everything(bencher: divan::Bencher<'_, '_>) {
    let exports = Exports::new();
    bencher.counter(BytesCount::new(exports.bytes)).bench_local(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        exports.archive(folder.path()).manifest().entries()
    });
}

/// The same exports once more: every file is known by its size and time.
#[divan::bench(sample_count = 10)]
fn ingest_again(bencher: divan::Bencher<'_, '_>) {
    let (exports, folder) = (Exports::new(), tempfile::tempdir().expect("a temporary folder"));
    drop(exports.archive(folder.path()));
    bencher.bench_local(|| exports.archive(folder.path()).manifest().entries());
}

/// Rows from Parquet to rings, sorted, written and indexed: an ingest without reading JSON.
#[divan::bench(sample_count = 3)]
fn sort_write_and_index(bencher: divan::Bencher<'_, '_>) {
    let (exports, folder) = (Exports::new(), tempfile::tempdir().expect("a temporary folder"));
    let n_entries = exports.archive(folder.path()).manifest().entries();
    bencher.counter(ItemsCount::new(n_entries)).bench_local(|| {
        let storage = Arc::new(DiskStorage::new(folder.path()));
        let rewritten =
            reindex(storage, "benchmark", &Options::new("benchmark")).expect("the archive is sound");
        assert_eq!(rewritten.entries_rewritten, n_entries);
        rewritten
    });
}
