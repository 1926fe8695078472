//! What an ingest cost: `--stats`.

use crate::progress::Stages;
use serde::Serialize;
use timberline_archive::ingest::Summary;
use timberline_report::units;

/// Time, memory and temporary data of an ingest; the member `stats` of `timberline/ingest/1`.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Stats {
    /// The most memory that the process had at one time, in bytes, if the system says.
    peak_resident_bytes: Option<u64>,
    /// The budget that was set.
    memory_budget_bytes: usize,
    /// Sorted runs that did not fit into the budget, and what they took on disk while the ingest ran.
    spilled_runs: usize,
    spilled_bytes: u64,
    /// From the first source's opening until all were read, until everything was committed, and both.
    seconds_reading: f64,
    seconds_writing: f64,
    seconds: f64,
    /// Text after decompression, and entries, per second of the whole.
    text_bytes_per_second: f64,
    entries_per_second: f64,
}

impl Stats {
    pub(super) fn of(summary: &Summary, stages: Stages, memory_budget_bytes: usize) -> Self {
        let seconds = stages.reading.as_secs_f64() + stages.writing.as_secs_f64();
        let per_second = |n: u64| if seconds > 0.0 { n as f64 / seconds } else { 0.0 };
        Self {
            peak_resident_bytes: peak_resident_bytes(),
            memory_budget_bytes,
            spilled_runs: summary.spilled_runs,
            spilled_bytes: summary.spilled_bytes,
            seconds_reading: stages.reading.as_secs_f64(),
            seconds_writing: stages.writing.as_secs_f64(),
            seconds,
            text_bytes_per_second: per_second(summary.text_bytes),
            entries_per_second: per_second(summary.sources.iter().map(|source| source.record.read).sum()),
        }
    }

    /// One line for people.
    pub(super) fn line(&self) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates of bytes and entries are far below"
        )]
        let whole = |rate: f64| rate as u64;
        format!(
            "{:.1} s reading, {:.1} s writing; {}/s, {} entries/s; at most {} of memory (budget {}); {} spilled in {} runs",
            self.seconds_reading,
            self.seconds_writing,
            units::bytes(whole(self.text_bytes_per_second)),
            units::count(whole(self.entries_per_second)),
            self.peak_resident_bytes.map_or_else(|| "an unknown amount".to_owned(), units::bytes),
            units::bytes(self.memory_budget_bytes as u64),
            units::bytes(self.spilled_bytes),
            units::count(self.spilled_runs as u64),
        )
    }
}

/// Reads the high-water mark of resident memory. Source: proc(5), `VmHWM` in `/proc/PID/status`, in KiB.
fn peak_resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
