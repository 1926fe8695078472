//! The indexed answer is what evaluation over every entry says: random archives, random filters.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_archive::ingest::{Options, Silent, ingest};
use timberline_archive::segment::Segment;
use timberline_archive::storage::DiskStorage;
use timberline_archive::{Archive, Result};
use timberline_entry::Field;
use timberline_entry::input::discover;
use timberline_query::{Filter, compile};
use timberline_search::{Direction, Names, RowView, Sink, Wanted, in_time_order, scan};
use timberline_testkit::random;

struct Fixture {
    _folder: tempfile::TempDir,
    archive: Archive,
    names: Names,
    /// Every row: segment, row, and the entry as exported.
    rows: Vec<(String, u64, String)>,
}

fn build(dumps: &[Vec<String>]) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (idx, lines) in dumps.iter().enumerate() {
        let path = folder.path().join(format!("dump-{idx}.json"));
        std::fs::write(&path, lines.join("\n")).unwrap();
        paths.push(path.to_string_lossy().into_owned());
    }
    open(folder, &paths)
}

fn open(folder: tempfile::TempDir, paths: &[String]) -> Fixture {
    let storage = Arc::new(DiskStorage::new(folder.path().join("archive")));
    let options = Options {
        memory: 64 << 20,
        threads: 2,
        open: timberline_entry::input::OpenOptions::default(),
        holder: "test".to_owned(),
        check_content: false,
    };
    ingest(storage.clone(), discover(paths).0, &options, &Silent, &AtomicBool::new(false)).unwrap();
    let archive = Archive::open(storage, "test").unwrap();
    let names = Names::read(&archive).unwrap();
    let mut collect = Collect::default();
    let all = Wanted { fields: Field::ALL.into_iter().collect() };
    collect.take_whole_rings = false;
    scan(&archive, &names, &Filter::all(), &all, &mut collect).unwrap();
    assert_eq!(collect.rows.len() as u64, archive.manifest().entries());
    let rows = collect.rows.into_iter().map(|((segment, row), json)| (segment, row, json)).collect();
    Fixture { _folder: folder, archive, names, rows }
}

#[derive(Default)]
struct Collect {
    rows: BTreeMap<(String, u64), String>,
    take_whole_rings: bool,
    whole_rings: u64,
}

impl Sink for Collect {
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        if !self.take_whole_rings {
            return Ok(false);
        }
        let rings = segment.rings()?;
        for row in rings.row_start[ring]..rings.row_start[ring] + rings.rows[ring] {
            self.rows.insert((segment.record().id.clone(), row), String::new());
        }
        self.whole_rings += 1;
        Ok(true)
    }

    fn row(&mut self, segment: &Segment, _: usize, row: &RowView<'_>) -> Result<()> {
        let twice = self.rows.insert((segment.record().id.clone(), row.row.idx), row.json.to_owned());
        assert!(twice.is_none(), "a row came twice");
        Ok(())
    }
}

/// The rows that evaluation finds, one by one.
fn by_evaluation(fixture: &Fixture, filter: &Filter) -> BTreeSet<(String, u64)> {
    struct Confirm<'f> {
        filter: &'f Filter,
        found: BTreeSet<(String, u64)>,
    }
    impl Sink for Confirm<'_> {
        fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
            Ok(false)
        }
        fn row(&mut self, segment: &Segment, _: usize, row: &RowView<'_>) -> Result<()> {
            if row.matches(self.filter) {
                self.found.insert((segment.record().id.clone(), row.row.idx));
            }
            Ok(())
        }
    }
    let mut confirm = Confirm { filter, found: BTreeSet::new() };
    let all = Wanted { fields: Field::ALL.into_iter().collect() };
    scan(&fixture.archive, &fixture.names, &Filter::all(), &all, &mut confirm).unwrap();
    confirm.found
}

/// Asks a filter both ways and returns how many rows matched, and how many rings were certain.
fn check(fixture: &Fixture, text: &str) -> (usize, u64) {
    let Ok(compiled) = compile(text, &timberline_query::Options::default()) else { return (0, 0) };
    let filter = compiled.filter;
    let expected = by_evaluation(fixture, &filter);
    let mut collect = Collect { take_whole_rings: true, ..Collect::default() };
    scan(&fixture.archive, &fixture.names, &filter, &Wanted::default(), &mut collect).unwrap();
    let found: BTreeSet<(String, u64)> = collect.rows.into_keys().collect();
    if found != expected {
        let wrong = found.symmetric_difference(&expected).next().unwrap();
        let entry = fixture.rows.iter().find(|(segment, row, _)| (segment, row) == (&wrong.0, &wrong.1));
        panic!("{text}\nfound {} expected {}\nfirst difference (found: {}): {entry:?}", found.len(), expected.len(), found.contains(wrong));
    }
    (found.len(), collect.whole_rings)
}

/// Words, pieces and values that occur in the archive: what people search for.
struct Vocabulary {
    pieces: Vec<String>,
    paths: Vec<(String, String)>,
}

impl Vocabulary {
    fn of(fixture: &Fixture, rng: &mut Rng) -> Self {
        let (mut pieces, mut paths) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            let (_, _, json) = &fixture.rows[rng.below(fixture.rows.len())];
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            leaves(&value, &mut String::new(), &mut |path, text| {
                paths.push((path.to_owned(), text.to_owned()));
                let chars: Vec<char> = text.chars().collect();
                if !chars.is_empty() {
                    let start = rng.below(chars.len());
                    let end = (start + 1 + rng.below(12)).min(chars.len());
                    pieces.push(chars[start..end].iter().collect());
                }
            });
        }
        Self { pieces, paths }
    }
}

fn leaves(value: &serde_json::Value, path: &mut String, visit: &mut impl FnMut(&str, &str)) {
    match value {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                let before = path.len();
                if path.is_empty() {
                    path.push_str(key);
                } else {
                    path.push_str(&format!(".{}", serde_json::to_string(key).unwrap()));
                }
                leaves(value, path, visit);
                path.truncate(before);
            }
        }
        serde_json::Value::Array(elements) => elements.iter().for_each(|value| leaves(value, path, visit)),
        serde_json::Value::String(text) => visit(path, text),
        other => visit(path, &other.to_string()),
    }
}

struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % n as u64).unwrap()
    }

    fn pick<'t>(&mut self, of: &'t [impl AsRef<str>]) -> &'t str {
        of[self.below(of.len())].as_ref()
    }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn random_filter(rng: &mut Rng, vocabulary: &Vocabulary, depth: usize) -> String {
    if depth > 0 && rng.below(3) == 0 {
        let (a, b) = (random_filter(rng, vocabulary, depth - 1), random_filter(rng, vocabulary, depth - 1));
        return match rng.below(3) {
            0 => format!("({a} AND {b})"),
            1 => format!("({a} OR {b})"),
            _ => format!("(NOT {a})"),
        };
    }
    let piece = quote(rng.pick(&vocabulary.pieces));
    let (path, value) = &vocabulary.paths[rng.below(vocabulary.paths.len())];
    let operators = ["=", "!=", ":", "<", "<=", ">", ">="];
    match rng.below(12) {
        0..3 => piece,
        3..6 => format!("{path}{}{}", rng.pick(&operators), quote(value)),
        6 => format!("{path}:{piece}"),
        7 => format!("{path}=~{}", quote(&regex_literal(rng.pick(&vocabulary.pieces)))),
        8 => format!("{path}:*"),
        9 => format!("SEARCH({piece})"),
        10 => format!("severity>={}", rng.pick(&["DEFAULT", "INFO", "WARNING", "ERROR", "CRITICAL"])),
        _ => match rng.below(4) {
            0 => format!("service:{piece}"),
            1 => format!("resource.labels.revision_name:{piece}"),
            2 => format!("message:{piece}"),
            _ => format!("-{path}=~{}", quote(&regex_literal(rng.pick(&vocabulary.pieces)))),
        },
    }
}

/// A pattern that contains a literal; raw, so that quoting must not double backslashes.
fn regex_literal(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect()
}

fn run(fixture: &Fixture, seed: u64, n: usize) -> (usize, u64) {
    let mut rng = Rng(seed);
    let vocabulary = Vocabulary::of(fixture, &mut rng);
    let (mut hits, mut certain) = (0, 0);
    for _ in 0..n {
        let (matched, rings) = check(fixture, &random_filter(&mut rng, &vocabulary, 3));
        hits += usize::from(matched > 0);
        certain += rings;
    }
    (hits, certain)
}

#[test]
fn random_archives_and_random_filters() {
    let (mut hits, mut certain) = (0, 0);
    for seed in 0..12 {
        let lines = random::lines(&random::Config::new(seed, 150));
        let half = lines.len() / 2;
        let fixture = build(&[lines[..half + 10].to_vec(), lines[half..].to_vec()]);
        let (h, c) = run(&fixture, seed, 120);
        hits += h;
        certain += c;
    }
    // The test means nothing if filters never match or nothing is ever certain.
    assert!(hits > 400, "{hits}");
    assert!(certain > 400, "{certain}");
}

#[test]
fn sample_exports_and_what_people_ask() {
    let folder = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/exports");
    let fixture = open(folder, &[data.to_string_lossy().into_owned()]);
    for text in [
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
    ] {
        check(&fixture, text);
    }
    let (hits, certain) = run(&fixture, 7, 60);
    assert!(hits > 10 && certain > 10, "{hits} {certain}");
}

#[test]
fn time_order_gives_the_same_matches_newest_or_oldest_first() {
    let lines = random::lines(&random::Config::new(99, 300));
    let fixture = build(&[lines]);
    for text in ["", "severity>=WARNING", "a", "NOT e"] {
        let filter = compile(text, &timberline_query::Options::default()).unwrap().filter;
        let order = |direction, limit| {
            let mut found = Vec::new();
            let fields = Field::ALL.into_iter().collect();
            in_time_order(&fixture.archive, &fixture.names, &filter, direction, limit, &fields, |row| {
                found.push((row.row.timestamp.as_nanos(), row.row.idx));
                Ok(true)
            })
            .unwrap();
            found
        };
        let oldest = order(Direction::Oldest, None);
        assert!(oldest.is_sorted_by_key(|(time, _)| *time));
        assert_eq!(oldest.len(), by_evaluation(&fixture, &filter).len());
        let mut newest = order(Direction::Newest, None);
        newest.reverse();
        assert_eq!(newest, oldest);
        for limit in [0, 1, 7, 100, 1000] {
            assert_eq!(order(Direction::Oldest, Some(limit)), oldest[..limit.min(oldest.len())]);
            let expected: Vec<_> = oldest.iter().rev().take(limit).copied().collect();
            assert_eq!(order(Direction::Newest, Some(limit)), expected);
        }
    }
}
