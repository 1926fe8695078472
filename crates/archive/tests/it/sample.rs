//! Small exports, the same on every machine, and the calls that the tests have in common.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_archive::Result;
use timberline_archive::ingest::{Options, Silent, Summary};
use timberline_archive::storage::Storage;
use timberline_archive::testing::RecordingStorage;
use timberline_archive::{maintain, verify};
use timberline_entry::input::discover;

/// SplitMix64: one seed, one sequence.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// Returns entries `from..to` of an endless log of a service, a minute apart, across the end of a month. What a number
/// stands for depends on the number alone, so exports that overlap hold copies.
pub(crate) fn export(from: u64, to: u64, filler: usize) -> String {
    let mut out = String::new();
    for n in from..to {
        let mut dice = Dice(n);
        let minutes = 30 * 24 * 60 - 60 + n;
        let (day, hour, minute) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        let (month, day) = if day < 30 { (9, day + 1) } else { (10, day - 29) };
        let severity = ["INFO", "INFO", "WARNING", "ERROR"][usize::try_from(dice.roll(4)).unwrap()];
        let mut message = match dice.roll(3) {
            0 => format!("retry {} of 5 for order {:x}", dice.roll(5), dice.roll(1 << 40)),
            1 => format!("GET /item/{} took {} ms", dice.roll(1000), dice.roll(90)),
            _ => "cache warmed".to_owned(),
        };
        for _ in 0..filler / 16 {
            write!(message, " {:015x}", dice.roll(1 << 60)).unwrap();
        }
        writeln!(
            out,
            r#"{{"insertId":"{n:08x}","timestamp":"2025-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{:06}Z","severity":"{severity}","resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop","revision_name":"shop-{:05}-abc"}}}},"textPayload":"{message}"}}"#,
            dice.roll(60),
            dice.roll(1_000_000),
            n / 100,
        )
        .unwrap();
    }
    out
}

/// Writes an export into a folder.
pub(crate) fn file(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

pub(crate) fn ingest(storage: &Arc<dyn Storage>, paths: &[PathBuf], memory: usize) -> Result<Summary> {
    let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let (specs, refused) = discover(&paths);
    assert!(refused.is_empty(), "{refused:?}");
    let options = Options { memory, ..Options::new("test") };
    timberline_archive::ingest::ingest(storage.clone(), specs, &options, &Silent, &AtomicBool::new(false))
}

pub(crate) fn rewrite_options() -> maintain::Options {
    maintain::Options::new("test")
}

pub(crate) fn verify(storage: &Arc<dyn Storage>) -> verify::VerifyReport {
    verify::verify(storage.clone(), "test", verify::Depth::Rows, &verify::Silent).unwrap()
}

pub(crate) fn assert_sound(storage: &Arc<dyn Storage>) {
    let report = verify(storage);
    assert!(report.is_sound(), "{:#?}", report.problems);
    assert_eq!(report.entries_read, report.entries);
}

/// Returns an archive in which a file is missing, and two in which a byte of it is another.
pub(crate) fn without(recording: &RecordingStorage, path: &str) -> Vec<Arc<dyn Storage>> {
    let image = recording.live();
    let damaged = |damage: Option<usize>| -> Arc<dyn Storage> {
        let mut image = image.clone();
        match damage {
            None => drop(image.remove(path)),
            Some(at) => {
                let mut content = image[path].to_vec();
                content[at] ^= 4;
                image.insert(path.to_owned(), content.into());
            }
        }
        Arc::new(RecordingStorage::new(image))
    };
    [None, Some(0), Some(image[path].len() / 2)].map(damaged).into()
}

/// Memory so small that segments are cut at a mebibyte of rows.
pub(crate) const LITTLE_MEMORY: usize = 1 << 20;
