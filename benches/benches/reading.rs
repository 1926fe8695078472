//! What reading exports costs, step by step: splitting, parsing, reading entries.

mod support;

use divan::counter::BytesCount;
use support::Exports;
use timberline_entry::json::parse;
use timberline_entry::split::Batch;
use timberline_entry::{Scratch, read};

fn main() {
    divan::main();
}

/// Where each entry begins and ends.
#[divan::bench(sample_count = 10)]
fn split(bencher: divan::Bencher<'_, '_>) {
    let exports = Exports::new();
    bencher.counter(BytesCount::new(exports.bytes)).bench_local(|| {
        let mut n_entries = 0;
        exports.each_batch(|batch| n_entries += batch.records.len());
        assert!(n_entries > 0);
        n_entries
    });
}

/// The JSON of every entry, as nodes over its text.
#[divan::bench(sample_count = 10)]
fn parse_json(bencher: divan::Bencher<'_, '_>) {
    let (exports, batches) = batches();
    bencher.counter(BytesCount::new(exports.bytes)).bench_local(|| {
        let mut nodes = Vec::new();
        let mut n_nodes = 0;
        for batch in &batches {
            for record in &batch.records {
                parse(batch.text_of(record), &mut nodes).expect("the exports are sound");
                n_nodes += nodes.len();
            }
        }
        n_nodes
    });
}

/// Every entry as a `LogEntry`: parsed, recognised, with its time.
#[divan::bench(sample_count = 10)]
fn read_entries(bencher: divan::Bencher<'_, '_>) {
    let (exports, batches) = batches();
    bencher.counter(BytesCount::new(exports.bytes)).bench_local(|| {
        let mut scratch = Scratch::new();
        let entries =
            batches.iter().flat_map(|batch| batch.records.iter().map(move |record| (batch, record)));
        entries.filter(|(batch, record)| read(batch, record, &mut scratch).is_ok()).count()
    });
}

fn batches() -> (Exports, Vec<Batch>) {
    let exports = Exports::new();
    let mut batches = Vec::new();
    exports.each_batch(|batch| batches.push(batch.clone()));
    (exports, batches)
}
