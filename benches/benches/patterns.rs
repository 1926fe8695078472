//! What finding out what is being said costs: masks, fingerprints, traces, merging shapes.

mod support;

use divan::counter::ItemsCount;
use std::collections::BTreeMap;
use support::Exports;
use timberline_entry::{Scratch, message, read};
use timberline_pattern::mask::Masker;
use timberline_pattern::merge::merge;
use timberline_pattern::shape::{fingerprint, shape};
use timberline_pattern::trace;

fn main() {
    divan::main();
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

/// What the entries say.
fn messages() -> Vec<String> {
    let (mut messages, mut scratch) = (Vec::new(), Scratch::new());
    Exports::new().each_batch(|batch| {
        for record in &batch.records {
            if let Ok(normalised) = read(batch, record, &mut scratch) {
                messages.push(message(&normalised.entry).into_owned());
            }
        }
    });
    messages
}
