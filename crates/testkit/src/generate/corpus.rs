//! Benchmark corpora: as many entries as wanted, written as they are made.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::dump::array::array;
use super::dump::sink::{self, Separator};
use super::entry::{Entry, Log};
use super::time::{DAY_US, HOUR_US, date};
use super::truth::{Tally, planted};
use super::{Config, Timeline};

/// What files the corpus consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Pretty-printed arrays of [`LIMIT`] entries, newest first; neighbours overlap, some windows are cut.
    Array,
    /// One file a day, one entry a line.
    Ndjson,
    /// The same, compressed with zstd level 3.
    Zstd,
    /// The folders of a Cloud Storage sink: one file for each log and hour.
    Sink,
}

/// How many entries an array has at most, as if asked for with `--limit`.
pub const LIMIT: usize = 5000;
/// How many entries of an array are in the next one again.
pub const OVERLAP: usize = 250;
/// Every how many arrays the window held more than [`LIMIT`] entries.
const CUT_EVERY: u64 = 8;
/// How many entries such a window had too many; they are in no file.
const TOO_MANY: usize = 400;

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// How many files.
    pub n_files: u64,
    /// How many entries they have together, repeated ones included.
    pub n_read: u64,
    /// How many bytes, after compression.
    pub n_bytes: u64,
    /// The truth as JSON.
    pub truth: Value,
}

/// Writes a corpus to `folder/exports` and its truth to `folder/truth.json`.
///
/// Cost: memory for a few thousand entries, whatever [`Config::n_entries`] is.
///
/// # Errors
/// What the file system says.
pub fn write(folder: &Path, config: &Config, form: Form) -> io::Result<Written> {
    let timeline = Timeline::new(config);
    let plants = timeline.plants().to_vec();
    let mut counts = Counts { tally: Tally::new(&plants), n_files: 0, n_read: 0, n_bytes: 0 };
    let exports = folder.join("exports");
    std::fs::create_dir_all(&exports)?;
    match form {
        Form::Array => write_arrays(&exports, timeline, &mut counts)?,
        Form::Ndjson => write_days(&exports, timeline, &mut counts, None)?,
        Form::Zstd => write_days(&exports, timeline, &mut counts, Some(3))?,
        Form::Sink => write_shards(&exports, timeline, &mut counts)?,
    }
    let mut truth = json!({
        "identity": "timestamp to the microsecond and insertId",
        "read": counts.n_read,
        "duplicates": counts.n_read - counts.tally.n_entries(),
        "rejected": 0,
    });
    if let (Value::Object(truth), Value::Object(tally)) = (&mut truth, counts.tally.to_value()) {
        truth.extend(tally);
        truth.insert("planted".to_owned(), planted(&plants));
    }
    std::fs::write(folder.join("truth.json"), super::samples::truth_text(&truth))?;
    Ok(Written { n_files: counts.n_files, n_read: counts.n_read, n_bytes: counts.n_bytes, truth })
}

struct Counts {
    tally: Tally,
    n_files: u64,
    n_read: u64,
    n_bytes: u64,
}

fn write_days(exports: &Path, timeline: Timeline, counts: &mut Counts, level: Option<i32>) -> io::Result<()> {
    let mut file: Option<(i64, Sheet)> = None;
    let mut line = String::with_capacity(4096);
    for entry in timeline {
        counts.tally.add(&entry);
        counts.n_read += 1;
        let day = entry.time_us.div_euclid(DAY_US);
        if file.as_ref().is_none_or(|(open, _)| *open != day) {
            if let Some((_, sheet)) = file.take() {
                counts.n_bytes += sheet.finish()?;
            }
            let name = format!("{}.ndjson{}", date(entry.time_us), if level.is_some() { ".zst" } else { "" });
            file = Some((day, Sheet::create(&exports.join(name), level)?));
            counts.n_files += 1;
        }
        line.clear();
        entry.push_json(&mut line);
        line.push('\n');
        if let Some((_, sheet)) = &mut file {
            sheet.write_all(line.as_bytes())?;
        }
    }
    if let Some((_, sheet)) = file {
        counts.n_bytes += sheet.finish()?;
    }
    Ok(())
}

fn write_shards(exports: &Path, timeline: Timeline, counts: &mut Counts) -> io::Result<()> {
    let mut open: BTreeMap<Log, (i64, Sheet)> = BTreeMap::new();
    let mut line = String::with_capacity(4096);
    for entry in timeline {
        counts.tally.add(&entry);
        counts.n_read += 1;
        let hour = entry.time_us.div_euclid(HOUR_US);
        if open.get(&entry.log).is_none_or(|(of, _)| *of != hour) {
            let path = exports.join(sink::path(entry.log, entry.time_us, Separator::Colon));
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            if let Some((_, sheet)) = open.insert(entry.log, (hour, Sheet::create(&path, None)?)) {
                counts.n_bytes += sheet.finish()?;
            }
            counts.n_files += 1;
        }
        line.clear();
        entry.push_json(&mut line);
        line.push('\n');
        if let Some((_, sheet)) = open.get_mut(&entry.log) {
            sheet.write_all(line.as_bytes())?;
        }
    }
    for (_, sheet) in open.into_values() {
        counts.n_bytes += sheet.finish()?;
    }
    Ok(())
}

fn write_arrays(exports: &Path, mut timeline: Timeline, counts: &mut Counts) -> io::Result<()> {
    let mut window: VecDeque<Entry> = VecDeque::new();
    let mut n_again = 0;
    loop {
        let is_cut = counts.n_files % CUT_EVERY == CUT_EVERY - 1;
        let wanted = if is_cut { LIMIT + TOO_MANY } else { LIMIT };
        while window.len() < wanted {
            let Some(entry) = timeline.next() else { break };
            window.push_back(entry);
        }
        if window.len() <= n_again {
            return Ok(());
        }
        let n_lost = window.len().saturating_sub(LIMIT);
        // The oldest of the window are the ones the array before had already.
        for entry in window.iter().skip(n_lost.max(n_again)) {
            counts.tally.add(entry);
        }
        let path = exports.join(array_name(counts.n_files, window.back()));
        let text = array(window.iter().skip(n_lost).rev());
        std::fs::write(path, &text)?;
        counts.n_files += 1;
        counts.n_read += (window.len() - n_lost) as u64;
        counts.n_bytes += text.len() as u64;
        let n_done = window.len().saturating_sub(OVERLAP);
        window.drain(..n_done);
        n_again = window.len();
    }
}

fn array_name(number: u64, newest: Option<&Entry>) -> PathBuf {
    let day = newest.map(|entry| date(entry.time_us)).unwrap_or_default();
    PathBuf::from(format!("cloud-run-{day}-{number:05}-limit{LIMIT}.json"))
}

/// A file that is being written, compressed or not.
enum Sheet {
    Plain { out: BufWriter<File>, n_bytes: u64 },
    Zstd { out: zstd::Encoder<'static, BufWriter<File>>, path: PathBuf },
}

impl Sheet {
    fn create(path: &Path, level: Option<i32>) -> io::Result<Self> {
        let out = BufWriter::with_capacity(1 << 18, File::create(path)?);
        Ok(match level {
            None => Self::Plain { out, n_bytes: 0 },
            Some(level) => Self::Zstd { out: zstd::Encoder::new(out, level)?, path: path.to_owned() },
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain { out, n_bytes } => {
                *n_bytes += bytes.len() as u64;
                out.write_all(bytes)
            }
            Self::Zstd { out, .. } => out.write_all(bytes),
        }
    }

    /// Ends the file and returns its size in bytes.
    fn finish(self) -> io::Result<u64> {
        match self {
            Self::Plain { mut out, n_bytes } => {
                out.flush()?;
                Ok(n_bytes)
            }
            Self::Zstd { out, path } => {
                out.finish()?.flush()?;
                Ok(std::fs::metadata(path)?.len())
            }
        }
    }
}
