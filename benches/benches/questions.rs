//! What a question spends its time in: opening an archive, finding out which rings can match, judging entries.

mod support;

use divan::counter::ItemsCount;
use jiff::tz::TimeZone;
use support::{Exports, open};
use timberline_analysis::{Asked, GroupBy, Investigation, Question, first_seen, frequency};
use timberline_entry::{Scratch, read};
use timberline_query::{Options, compile, eval};
use timberline_search::{Direction, Names, explain, in_time_order};

/// A phrase that lies in templates, one through a hole, part of a word, a field, a regular expression with a literal.
const FILTERS: [&str; 5] = [
    "\"timed out\"",
    "imed",
    "severity>=ERROR",
    "httpRequest.status>=500",
    "jsonPayload.message=~\"took [0-9]+ms\"",
];

fn main() {
    divan::main();
}

/// Everything that any answer reads first: manifest, catalogue, rings and names of all segments.
#[divan::bench(sample_count = 20)]
fn open_archive(bencher: divan::Bencher<'_, '_>) {
    let (exports, folder) = (Exports::new(), tempfile::tempdir().expect("a temporary folder"));
    drop(exports.archive(folder.path()));
    bencher.bench_local(|| {
        let archive = open(folder.path());
        let revisions = Investigation::new(&archive).expect("the archive is sound").revisions.len();
        assert!(revisions > 0);
        revisions
    });
}

/// Which rings match for certain, perhaps, or not at all, on an archive that is open.
#[divan::bench(args = FILTERS, sample_count = 20)]
fn prune(bencher: divan::Bencher<'_, '_>, filter: &str) {
    let (exports, folder) = (Exports::new(), tempfile::tempdir().expect("a temporary folder"));
    let archive = exports.archive(folder.path());
    let filter = compile(filter, &Options::default()).expect("a filter of the language").filter;
    bencher.bench_local(|| explain(&archive, &filter).expect("the archive is sound").rows);
}

/// The definition itself, on every entry: what pruning saves.
#[divan::bench(args = FILTERS, sample_count = 5)]
fn eval_every_entry(bencher: divan::Bencher<'_, '_>, filter: &str) {
    let exports = Exports::new();
    let filter = compile(filter, &Options::default()).expect("a filter of the language").filter;
    let (mut batches, mut n_entries) = (Vec::new(), 0);
    exports.each_batch(|batch| {
        n_entries += batch.records.len();
        batches.push(batch.clone());
    });
    bencher.counter(ItemsCount::new(n_entries)).bench_local(|| {
        let mut scratch = Scratch::new();
        let mut n_matches = 0;
        for batch in &batches {
            for record in &batch.records {
                let entry = read(batch, record, &mut scratch).expect("the exports are sound");
                n_matches += usize::from(eval(&filter, &entry.entry));
            }
        }
        n_matches
    });
}

/// The newest hundred errors, put together from their columns.
#[divan::bench(sample_count = 20)]
fn newest_hundred(bencher: divan::Bencher<'_, '_>) {
    let (exports, folder) = (Exports::new(), tempfile::tempdir().expect("a temporary folder"));
    let archive = exports.archive(folder.path());
    let names = Names::read(&archive).expect("the archive is sound");
    let filter = compile("severity>=ERROR", &Options::default()).expect("a filter of the language").filter;
    let fields = timberline_entry::Field::ALL.into_iter().collect();
    bencher.bench_local(|| {
        let mut bytes = 0;
        in_time_order(&archive, &names, &filter, Direction::Newest, Some(100), &fields, |view| {
            bytes += view.json.len();
            Ok(true)
        })
        .expect("the archive is sound");
        assert!(bytes > 0);
        bytes
    });
}

/// A whole question, from the folder to the answer.
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
        filter: compile(&quoted, &Options::default()).expect("a filter of the language").filter,
        by: vec![GroupBy::Revision],
        zone: TimeZone::UTC,
        asked: Asked::default(),
    };
    bencher.bench_local(|| {
        let archive = open(folder.path());
        let investigation = Investigation::new(&archive).expect("the archive is sound");
        let first = first_seen(&investigation, &question, Vec::new()).expect("the archive is sound");
        let frequency =
            frequency(&investigation, &question, false, Vec::new()).expect("the archive is sound");
        assert_eq!(first.matches, frequency.total);
        first.matches
    });
}
