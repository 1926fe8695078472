//! The indexed answer is what evaluation of every entry says: random archives, random filters.
//!
//! `TIMBERLINE_SOAK_ROUNDS=500 cargo test --release -p timberline-search soak` looks longer; `TIMBERLINE_SOAK_SEED` elsewhere.

use crate::fixture::{Fixture, Tally};
use crate::grammar;
use crate::vocabulary::{Rng, Vocabulary, random_filter};
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use timberline_query::{Filter, compile};
use timberline_testkit::random;

/// Entries of every kind that a seed makes, in two dumps that share some of them.
fn archive(seed: u64, n_entries: usize) -> Fixture {
    let mut lines = random::lines(&random::Config::new(seed, n_entries));
    let mut runner = runner(seed);
    for idx in 0..n_entries / 2 {
        lines.push(complete(&sample(&mut runner, grammar::entry()), idx));
    }
    let half = lines.len() / 2;
    Fixture::of_lines(&[lines[..half + 10].to_vec(), lines[half..].to_vec()])
}

/// Gives an entry a time and an id where it has none.
fn complete(entry: &str, idx: usize) -> String {
    let mut members = format!("\"insertId\":\"{idx}\"");
    if !entry.contains("\"timestamp\"") {
        members.push_str(&format!(",\"timestamp\":\"2025-01-31T1{}:00:00.{idx:06}Z\"", idx % 3));
    }
    let rest = &entry[1..];
    let comma = if rest == "}" { "" } else { "," };
    format!("{{{members}{comma}{rest}")
}

fn runner(seed: u64) -> TestRunner {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn sample<T: std::fmt::Debug>(runner: &mut TestRunner, strategy: impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).unwrap().current()
}

/// Filters about what is there, filters from the whole grammar, and both joined.
fn filters(fixture: &Fixture, seed: u64, n: usize) -> Vec<String> {
    let mut rng = Rng(seed);
    let vocabulary = Vocabulary::of(fixture, &mut rng);
    let mut runner = runner(seed);
    (0..n)
        .map(|idx| match idx % 3 {
            0 => random_filter(&mut rng, &vocabulary, 3),
            1 => sample(&mut runner, grammar::filter()),
            _ => {
                let (about, any) =
                    (random_filter(&mut rng, &vocabulary, 2), sample(&mut runner, grammar::filter()));
                let join = ["AND", "OR", "AND NOT"][rng.below(3)];
                format!("({about}) {join} ({any}\n)")
            }
        })
        .collect()
}

fn round(seed: u64) -> Tally {
    let fixture = archive(seed, 120);
    let texts = filters(&fixture, seed, 150);
    let mut tally = fixture.check(&texts);
    tally += splits(&fixture, &texts[..20], seed);
    tally
}

/// What matches before a moment and what matches from it on is everything that matches.
fn splits(fixture: &Fixture, texts: &[String], seed: u64) -> Tally {
    let mut rng = Rng(seed);
    let compiled = |text: &str| compile(text, &timberline_query::Options::default()).ok().map(|c| c.filter);
    let mut tally = Tally::default();
    for filter in texts.iter().filter_map(|text| compiled(text)) {
        // Moments of entries and moments between them.
        let segment = &fixture.archive.segments()[rng.below(fixture.archive.segments().len())];
        let rings = segment.rings().unwrap();
        let ns = rings.times().unwrap().first(rng.below(rings.len())) + [-1, 0, 1, 1_000_000][rng.below(4)];
        let time = timberline_entry::Timestamp::from_nanos(ns);
        let mut spelled = String::new();
        time.push_rfc3339(9, &mut spelled);
        let part = |op: &str| {
            let bound = compiled(&format!("timestamp{op}\"{spelled}\"")).unwrap();
            fixture.by_index(&Filter::and(filter.clone(), bound))
        };
        let (mut before, from, all) = (part("<"), part(">="), fixture.by_index(&filter));
        assert!(before.rows.is_disjoint(&from.rows), "{filter} at {spelled}");
        before.rows.extend(from.rows);
        assert_eq!(before.rows, all.rows, "{filter} at {spelled}");
        tally += Tally { asked: 1, hits: usize::from(!all.rows.is_empty()), certain: all.whole_rings };
    }
    tally
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}: {text}")))
}

#[test]
fn soak() {
    let (rounds, seed) = (number("TIMBERLINE_SOAK_ROUNDS", 12), number("TIMBERLINE_SOAK_SEED", 0));
    let mut tally = Tally::default();
    for round in 0..rounds {
        tally += self::round(seed + round);
        if round % 100 == 99 {
            println!("{} rounds: {tally:?}", round + 1);
        }
    }
    // The test means nothing if filters never match or nothing is ever certain.
    let enough = usize::try_from(rounds).unwrap() * 20;
    assert!(tally.asked > 4 * enough && tally.hits > enough && tally.certain > enough as u64, "{tally:?}");
}

#[test]
fn sample_exports_and_what_people_ask() {
    let fixture = Fixture::of_samples();
    let texts = [
        "",
        "timeout",
        "TIMED out",
        "imed ou",
        "No module named",
        "severity>=ERROR",
        "severity>=ERROR AND \"timed out\"",
        "httpRequest.status>=500",
        "httpRequest.status<500",
        "httpRequest.latency>\"100ms\"",
        "resource.labels.revision_name=~\"-0041[0-9]-\"",
        "timestamp>=\"2025-06-01\" timestamp<\"2025-06-05T12:00:00Z\"",
        "NOT timestamp>=\"2025-06-01\"",
        "jsonPayload:*",
        "NOT textPayload:*",
        "textPayload=~\"exit\\(\\d+\\)\"",
        "protoPayload.methodName:ReplaceService",
        "SEARCH(\"timed out\")",
        "SEARCH(\"`timed out`\")",
        "log_id(\"run.googleapis.com/requests\")",
        "service=payments severity>=WARNING",
        "-labels.instanceId:*",
        "503",
        "trace:\"projects\"",
    ];
    fixture.check(&texts.map(str::to_owned));
    let tally = fixture.check(&filters(&fixture, 7, 60));
    assert!(tally.hits > 10 && tally.certain > 10, "{tally:?}");
}
