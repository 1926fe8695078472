//! The sample exports that are committed with the project: a folder somebody might have collected during an incident.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::dump::sink::Separator;
use super::dump::wrapper::Keep;
use super::dump::{array, sink, wrapper};
use super::entry::{Entry, Severity};
use super::time::{DAY_US, HOUR_US};
use super::truth::{Tally, planted};
use super::{Config, START_US, Timeline};

/// The project of the samples: three services, thirteen revisions, 2025-05-20 to 2025-06-10.
#[must_use]
pub fn config() -> Config {
    Config {
        seed: 20_250_520,
        start_us: START_US,
        n_days: 22,
        n_entries: 3200,
        n_services: 3,
        n_revisions: 13,
    }
}

/// One file and what is true about it.
#[derive(Clone, Debug)]
pub struct SampleFile {
    /// Path below the folder of the exports, `/` between the parts.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What shape it has, in words.
    pub shape: &'static str,
    /// How many entries it has, a broken one included.
    pub n_read: u64,
    /// How many of them are broken.
    pub n_rejected: u64,
    /// `no`, `limit` or `broken`.
    pub cut: &'static str,
}

/// All files and the truth about them together.
#[derive(Clone, Debug)]
pub struct Samples {
    /// The exports, in the order of their paths.
    pub files: Vec<SampleFile>,
    /// The truth as JSON.
    pub truth: Value,
}

/// Makes the samples. The same bytes every time.
#[must_use]
pub fn samples() -> Samples {
    let timeline = Timeline::new(&config());
    let plants = timeline.plants().to_vec();
    let all: Vec<Entry> = timeline.collect();
    let mut collected = Collected::default();

    let sink_end_us = day(19) + 8 * HOUR_US;
    let damaged_day = (day(7), day(8));
    let in_sink = |entry: &&Entry| {
        let damaged = entry.revision.service == "storefront" && within(entry, damaged_day);
        entry.time_us < sink_end_us && !entry.is_audit() && !damaged
    };
    let lines: Vec<&Entry> = all.iter().filter(in_sink).collect();
    collected.add(
        "sink-2025-05-20-to-2025-06-08.ndjson.gz",
        "NDJSON, gzip",
        gzip(&sink::ndjson(lines.iter().copied())),
        &lines,
    );

    let storefront = newest_first(&all, "storefront", (START_US, i64::MAX));
    let newest = &storefront[..200];
    let by_limit = "gcloud array, newest first, cut by --limit";
    collected.add_cut(
        "gcloud/storefront-2025-06-10-limit200.json",
        by_limit,
        array::array(newest.iter().copied()),
        newest,
    );
    let earlier = &storefront[150..200 + 50];
    collected.add_cut(
        "gcloud/storefront-2025-06-09-limit100.json",
        by_limit,
        array::array(earlier.iter().copied()),
        earlier,
    );

    let broken = newest_first(&all, "storefront", damaged_day);
    collected.add_broken("gcloud/storefront-2025-05-27-damaged.json", &broken);

    let shards_from_to = (sink_end_us, day(21));
    for (path, shard) in shards(&all, "payments", shards_from_to) {
        let bytes = sink::ndjson(shard.iter().copied()).into_bytes();
        collected.add(&format!("payments-sink/{path}"), "NDJSON, sink shard", bytes, &shard);
    }

    let asked = (day(12) + 20 * HOUR_US, day(15) + 20 * HOUR_US);
    let listed = at_most_of_each_severity(&newest_first(&all, "payments", asked), 50);
    let text = wrapper::by_severity(listed.iter().copied(), asked.0, asked.1, Keep::Identity);
    collected.add(
        "fetcher/payments-by-severity-2025-06-04.json",
        "wrapper by severity, snake_case, without payloads",
        text.into_bytes(),
        &listed,
    );

    let fetched_us = day(21) + 15 * HOUR_US;
    let raw: Vec<&Entry> =
        newest_first(&all, "notifications", (sink_end_us, fetched_us)).into_iter().take(60).collect();
    let text = wrapper::raw_logs(raw.iter().copied(), fetched_us + 3_000_000);
    collected.add(
        "fetcher/notifications-raw-logs-2025-06-10.json",
        "wrapper with nulls, half of the timestamps without a zone",
        text.into_bytes(),
        &raw,
    );

    let in_raw = |entry: &Entry| raw.iter().any(|other| other.insert_id == entry.insert_id);
    let deploys: Vec<&Entry> = all.iter().filter(|entry| entry.is_audit() && !in_raw(entry)).collect();
    let text = array::answer(deploys.iter().copied(), "EAA4suKu3qnLwbtrSg8iDSIDKgEAKgYIgL");
    // Its token says that there is another page: what is newer is missing.
    collected.add_cut("entries-list/deploys-page-1.json", "entries.list answer", text, &deploys);

    collected.finish(&plants)
}

/// Writes the exports to `folder/exports` and the truth to `folder/truth.json`.
///
/// # Errors
/// What the file system says.
pub fn write(folder: &Path) -> io::Result<Samples> {
    let samples = samples();
    for file in &samples.files {
        let path = folder.join("exports").join(&file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, &file.bytes)?;
    }
    std::fs::write(folder.join("truth.json"), truth_text(&samples.truth))?;
    Ok(samples)
}

/// Returns the text of a truth file.
#[must_use]
pub fn truth_text(truth: &Value) -> String {
    let mut text = serde_json::to_string_pretty(truth).expect("a value without odd keys");
    text.push('\n');
    text
}

/// The files so far, and the distinct entries in them.
#[derive(Default)]
struct Collected<'a> {
    files: Vec<SampleFile>,
    distinct: BTreeMap<(i64, &'a str), &'a Entry>,
}

impl<'a> Collected<'a> {
    fn add(&mut self, path: &str, shape: &'static str, bytes: Vec<u8>, entries: &[&'a Entry]) {
        for entry in entries {
            self.distinct.insert((entry.time_us, &entry.insert_id), entry);
        }
        let n_read = entries.len() as u64;
        self.files.push(SampleFile { path: path.to_owned(), bytes, shape, n_read, n_rejected: 0, cut: "no" });
    }

    fn add_cut(&mut self, path: &str, shape: &'static str, text: String, entries: &[&'a Entry]) {
        self.add(path, shape, text.into_bytes(), entries);
        if let Some(file) = self.files.last_mut() {
            file.cut = "limit";
        }
    }

    /// An array that ends in the middle of its last entry, as when the disk was full.
    fn add_broken(&mut self, path: &str, entries: &[&'a Entry]) {
        let (last, whole) = entries.split_last().expect("the day has entries");
        let mut text = array::array(whole.iter().copied());
        let end = text.trim_end_matches("\n]\n").len();
        text.truncate(end);
        let mut tail = array::array([*last]);
        let middle = tail.find("\"resource\"").expect("every entry has a resource") + 40;
        tail.truncate(middle);
        text.push(',');
        text.push_str(&tail[1..]);
        self.add(path, "gcloud array, cut off in the middle of an entry", text.into_bytes(), whole);
        if let Some(file) = self.files.last_mut() {
            file.n_read += 1;
            file.n_rejected = 1;
            file.cut = "broken";
        }
    }

    fn finish(mut self, plants: &[super::plant::Plant]) -> Samples {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut tally = Tally::new(plants);
        for entry in self.distinct.values() {
            tally.add(entry);
        }
        let n_read: u64 = self.files.iter().map(|file| file.n_read).sum();
        let n_rejected: u64 = self.files.iter().map(|file| file.n_rejected).sum();
        let mut sources = Vec::new();
        for file in &self.files {
            sources.push(json!({
                "path": file.path, "shape": file.shape, "read": file.n_read, "rejected": file.n_rejected, "cut": file.cut,
            }));
        }
        let mut truth = json!({
            "identity": "timestamp to the microsecond and insertId",
            "read": n_read,
            "duplicates": n_read - n_rejected - tally.n_entries(),
            "rejected": n_rejected,
        });
        let counts = tally.to_value();
        if let (Value::Object(truth), Value::Object(counts)) = (&mut truth, counts) {
            truth.extend(counts);
            truth.insert("planted".to_owned(), planted(plants));
            truth.insert("sources".to_owned(), Value::Array(sources));
        }
        Samples { files: self.files, truth }
    }
}

fn day(number: i64) -> i64 {
    START_US + number * DAY_US
}

fn within(entry: &Entry, from_to: (i64, i64)) -> bool {
    (from_to.0..from_to.1).contains(&entry.time_us)
}

fn newest_first<'a>(all: &'a [Entry], service: &str, from_to: (i64, i64)) -> Vec<&'a Entry> {
    all.iter().rev().filter(|entry| entry.revision.service == service && within(entry, from_to)).collect()
}

fn shards<'a>(all: &'a [Entry], service: &str, from_to: (i64, i64)) -> BTreeMap<String, Vec<&'a Entry>> {
    let mut shards: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in all {
        if entry.revision.service == service && within(entry, from_to) && !entry.is_audit() {
            shards
                .entry(sink::path(entry.log, entry.time_us, Separator::Underscore))
                .or_default()
                .push(entry);
        }
    }
    shards
}

/// Scripts ask once for each severity, so they never see entries without one, and each list has its own limit.
///
/// Audit entries are left out: the script asks for the logs of the program.
fn at_most_of_each_severity<'a>(entries: &[&'a Entry], limit: usize) -> Vec<&'a Entry> {
    let mut listed = Vec::new();
    for severity in Severity::ALL {
        let of_severity = |entry: &&&Entry| entry.severity == severity && !entry.is_audit();
        if severity != Severity::Default {
            listed.extend(entries.iter().filter(of_severity).take(limit).copied());
        }
    }
    listed
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}
