//! A small archive in which one file has other bytes: errors are allowed, wrong answers and panics are not.
//!
//! ```text
//! byte 0      which file of the target's kind
//! byte 1      bits: 1 the checksums are made to fit, 2 the rest is the whole content, 4 the file ends at the first edit,
//!             8 the archive is repaired and asked again
//! bytes 2..   edits of three bytes: place (high, low, modulo the length) and value
//! ```
//!
//! As they are, checksums stand between damage and every decoder, so a panic is ours whoever panics. Where they are made to
//! fit, as only a forger does, Tantivy and Parquet may panic on what nobody wrote; our own code still may not.

mod forge;
mod tolerate;

use bytes::Bytes;
use forge::forge;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use timberline_analysis::{
    Asked, GroupBy, Investigation, Question, coverage_answer, first_seen, frequency, overview,
    revisions_answer,
};
use timberline_archive::ingest::{Options, Silent, ingest};
use timberline_archive::segment::Parts;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{ContentRow, Image, RecordingStorage, contents};
use timberline_archive::{Archive, Column, Error, maintain, repair, verify};
use timberline_entry::input::SourceSpec;
use timberline_search::{Direction, Names, explain, in_time_order};
use tolerate::{Outcome, tolerating_decoders};

/// `CURRENT` and the manifest that it names.
pub(crate) fn manifest(data: &[u8]) {
    damaged(data, |path| path == "CURRENT" || path.starts_with("manifest/"));
}

/// The entries' Parquet files.
pub(crate) fn entries(data: &[u8]) {
    damaged(data, |path| path.starts_with("entries/"));
}

/// Tantivy's files.
pub(crate) fn index(data: &[u8]) {
    damaged(data, |path| path.starts_with("index/") && !is_own(path));
}

/// The small Parquet files beside an index and of the catalogue, and the checksums of blocks.
pub(crate) fn tables(data: &[u8]) {
    damaged(data, |path| path.starts_with("catalog/") || (path.starts_with("index/") && is_own(path)));
}

fn is_own(path: &str) -> bool {
    path.ends_with(".parquet") || path.ends_with(".xxh3")
}

struct Base {
    image: Image,
    rows: Vec<ContentRow>,
}

fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let storage = Arc::new(RecordingStorage::new(Image::new()));
        let specs = ["a", "b"].map(|name| {
            let text = export(name);
            SourceSpec::memory(&format!("{name}.json"), Arc::from(text.as_bytes()))
        });
        let options = Options::new("fuzz");
        ingest(storage.clone(), specs.to_vec(), &options, &Silent, &AtomicBool::new(false))
            .expect("the exports can be ingested");
        let rows = contents(storage.clone()).expect("the archive is sound");
        let image = storage.live();
        assert!(ask(image.clone()).expect("the archive is sound") == rows);
        Base { image, rows }
    })
}

/// Two services, two revisions, two months, something of every column, and something to reject.
fn export(name: &str) -> String {
    let mut out = String::from("{\"insertId\":\"x\",\"severity\":\"INFO\"}\n");
    for n in 0..60 {
        let (month, day) = if n < 30 { (9, 30) } else { (10, 1) };
        let severity = ["INFO", "WARNING", "ERROR"][n % 3];
        let payload = match n % 4 {
            0 => format!(r#""textPayload":"retry {n} of 5 for order {:x}""#, n * 7919),
            1 => format!(r#""jsonPayload":{{"message":"cache warmed in {n} ms","n":{n}}}"#),
            2 => format!(r#""httpRequest":{{"requestMethod":"GET","requestUrl":"/item/{n}","status":50{},"latency":"0.{n:03}s"}}"#, n % 4),
            _ => r#""textPayload":"Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nValueError: no""#.to_owned(),
        };
        writeln!(
            out,
            r#"{{"insertId":"{name}{n:04x}","timestamp":"2025-{month:02}-{day:02}T{:02}:{:02}:00.{n:06}Z","severity":"{severity}","logName":"projects/p/logs/run.googleapis.com%2Fstderr","resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop-{name}","revision_name":"shop-{name}-0000{}-abc"}}}},"labels":{{"instanceId":"{:08x}"}},"trace":"projects/p/traces/{n:032x}",{payload}}}"#,
            n % 24,
            n % 60,
            n / 20,
            n / 10,
        )
        .expect("writing to memory works");
    }
    out
}

fn damaged(data: &[u8], is_of_kind: impl Fn(&str) -> bool) {
    let [which, flags, rest @ ..] = data else { return };
    let base = base();
    let paths: Vec<&String> = base.image.keys().filter(|path| is_of_kind(path)).collect();
    let path = paths[usize::from(*which) % paths.len()];
    let (is_forged, is_content, is_cut, is_repaired) =
        (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0, flags & 8 != 0);
    let content = if is_content { rest.to_vec() } else { edited(&base.image[path], rest, is_cut) };
    let is_same = content == base.image[path];
    let mut image = base.image.clone();
    image.insert(path.clone(), Bytes::from(content));
    if !is_forged {
        match ask(image.clone()) {
            Ok(rows) => assert!(rows == base.rows, "{path}: damage was believed"),
            Err(Error::Damaged { .. }) => assert!(!is_same),
            Err(error) => panic!("{path}: {error:?}"),
        }
        if is_repaired {
            assert_sound_after_repair(image);
        }
        return;
    }
    forge(&mut image, path);
    let work = || {
        // Whatever is found, it is found without a panic of ours.
        let answer = ask(image.clone());
        if is_same {
            answer.expect("nothing was changed");
        }
        if is_repaired {
            // What somebody made up may contradict itself; a repair cannot know what was meant.
            repaired(image.clone());
        }
    };
    if tolerating_decoders(work) == Outcome::DecoderPanicked {
        assert!(!is_same, "{path}: a decoder panicked on what was written");
    }
}

fn edited(content: &[u8], edits: &[u8], is_cut: bool) -> Vec<u8> {
    let mut content = content.to_vec();
    let place = |edit: &[u8], len: usize| (usize::from(edit[0]) * 256 + usize::from(edit[1])) % len.max(1);
    if is_cut && edits.len() >= 2 {
        content.truncate(place(edits, content.len()));
        return content;
    }
    for edit in edits.chunks_exact(3) {
        let len = content.len();
        if let Some(byte) = content.get_mut(place(edit, len)) {
            *byte = edit[2];
        }
    }
    content
}

/// Asks everything, and returns every entry.
fn ask(image: Image) -> Result<Vec<ContentRow>, Error> {
    let storage: Arc<dyn Storage> = Arc::new(RecordingStorage::new(image));
    let report = verify::verify(storage.clone(), "fuzz", verify::Depth::Rows, &verify::Silent)?;
    let archive = Archive::open(storage.clone(), "fuzz")?;
    archive.rejects()?;
    for segment in archive.segments() {
        segment.instances()?;
        for field in segment.fields()? {
            segment.templates(*field)?;
            segment.of_shapes(*field)?;
        }
        segment.rings_with_token("retry", |_| ())?;
        segment.rings_with_word_part("etr", |_| true, |_| ())?;
        let part = Parts::new(vec!["4".to_owned()]);
        segment.rings_with_token_parts(&part, |_, _| true, |_, _| ())?;
        segment.rings_with_part_of_id(Column::Trace, &part, |_| true)?;
    }
    let names = Names::read(&archive)?;
    let investigation = Investigation::new(&archive)?;
    overview(&investigation)?;
    coverage_answer(&investigation)?;
    revisions_answer(&investigation, None)?;
    for text in ["\"retry 4\"", "severity>=WARNING httpRequest.status>=500", "textPayload=~\"or.er\" OR etr"]
    {
        let filter = timberline_query::compile(text, &timberline_query::Options::default())
            .expect("the filters are right")
            .filter;
        explain(&archive, &filter)?;
        in_time_order(&archive, &names, &filter, Direction::Newest, Some(5), &BTreeSet::new(), |_| Ok(true))?;
        let question = Question {
            filter,
            by: vec![GroupBy::Revision],
            zone: jiff::tz::TimeZone::UTC,
            asked: Asked::default(),
        };
        first_seen(&investigation, &question, Vec::new())?;
        frequency(&investigation, &question, true, Vec::new())?;
    }
    let rows = contents(storage)?;
    // What verification calls sound can be read, and it was.
    if !report.is_sound() && rows.is_empty() {
        return Err(Error::Damaged { file: "all".to_owned(), detail: "nothing is left".to_owned() });
    }
    Ok(rows)
}

/// Repairs an archive; `None` when that cannot be done.
fn repaired(image: Image) -> Option<Arc<dyn Storage>> {
    let storage: Arc<dyn Storage> = Arc::new(RecordingStorage::new(image));
    let options = maintain::Options::new("fuzz");
    repair::repair(storage.clone(), "fuzz", &options, &verify::Silent).ok()?;
    Some(storage)
}

/// What a repair of mere damage calls repaired is sound.
fn assert_sound_after_repair(image: Image) {
    let Some(storage) = repaired(image) else { return };
    let report =
        verify::verify(storage, "fuzz", verify::Depth::Rows, &verify::Silent).expect("there is an archive");
    assert!(report.is_sound(), "after a repair: {:#?}", report.problems);
}
