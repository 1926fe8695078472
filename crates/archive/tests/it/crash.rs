//! A power loss after every step of every writer: the archive is the old one or the new one, never between, and doing the
//! work again ends where it would have ended without the crash.

use crate::sample::{LITTLE_MEMORY, assert_sound, export, file, ingest, rewrite_options};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use timberline_archive::compact::{compact, reindex};
use timberline_archive::ingest::Options;
use timberline_archive::layout;
use timberline_archive::manifest::Manifest;
use timberline_archive::repair::repair;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{ContentRow, Image, RecordingStorage, Survival, contents};
use timberline_archive::verify::Silent;
use xxhash_rust::xxh3::xxh3_64;

/// What must be one of two: the live manifest, and every row.
type State = (Manifest, Vec<ContentRow>);

fn state(storage: &Arc<dyn Storage>) -> State {
    (Manifest::load(&**storage).unwrap(), contents(storage.clone()).unwrap())
}

fn storage(image: Image) -> Arc<dyn Storage> {
    Arc::new(RecordingStorage::new(image))
}

/// Commit, and names and sizes of segments; the files' own names contain a random part.
fn shape_of(manifest: &Manifest) -> (u64, Vec<(String, u64)>) {
    (manifest.sequence, manifest.segments.iter().map(|segment| (segment.id.clone(), segment.rows)).collect())
}

const SURVIVALS: [Survival; 6] = [
    Survival::Nothing,
    Survival::Everything,
    Survival::NamesOnly,
    Survival::Some(1),
    Survival::Some(2),
    Survival::Some(3),
];

/// Rows by what they depend on: `CURRENT`, the manifest and the files it names. Crashed images differ in their leftovers
/// mostly, and reading rows is what costs.
#[derive(Default)]
struct Reader {
    known: BTreeMap<Vec<Option<u64>>, Result<Vec<ContentRow>, String>>,
}

impl Reader {
    fn rows(&mut self, image: &Image) -> Result<&Vec<ContentRow>, &String> {
        let storage = storage(image.clone());
        let key = match Manifest::load(&*storage) {
            Err(_) => image.values().map(|content| Some(xxh3_64(content))).collect(),
            Ok(manifest) => {
                let manifest_path = layout::manifest(manifest.sequence);
                let paths =
                    manifest.files().map(|file| file.path.as_str()).chain([layout::CURRENT, &manifest_path]);
                paths.map(|path| image.get(path).map(|content| xxh3_64(content))).collect()
            }
        };
        let read = || contents(storage).map_err(|error| error.to_string());
        self.known.entry(key).or_insert_with(read).as_ref()
    }
}

/// What the trials came to; printed, and asserted to be many.
#[derive(Debug, Default)]
struct Trials {
    crashes: usize,
    old: usize,
    new: usize,
    finished: usize,
    second_crashes: usize,
}

/// Runs `work` on an archive, fails it after every step in every way, and checks what is left.
///
/// `finish_every` says how many crashed archives there are to one on which the work is done again, which costs most.
fn check(what: &str, before: &Image, work: &dyn Fn(&Arc<dyn Storage>), finish_every: usize) -> Trials {
    let recording = Arc::new(RecordingStorage::new(before.clone()));
    let live: Arc<dyn Storage> = recording.clone();
    let old = state(&live);
    work(&live);
    let new = state(&live);
    assert_ne!(shape_of(&old.0), shape_of(&new.0), "{what}: nothing was committed");
    let mut trials = Trials::default();
    // Images repeat: most steps of an ingest change nothing that is durable.
    let mut seen: BTreeSet<Vec<(String, u64)>> = BTreeSet::new();
    let mut reader = Reader::default();
    let n_steps = recording.n_steps();
    for step in 0..=n_steps {
        for survival in SURVIVALS {
            trials.crashes += 1;
            let image = recording.crashed(step, survival);
            let key = image.iter().map(|(path, content)| (path.clone(), xxh3_64(content))).collect();
            if !seen.insert(key) {
                continue;
            }
            let place = || {
                format!("{what}: {survival:?} after step {step} of {n_steps}, {}", recording.describe(step))
            };
            let crashed = storage(image.clone());
            let found = Manifest::load(&*crashed).unwrap_or_else(|error| panic!("{}: {error}", place()));
            let expected = if found.sequence == new.0.sequence { &new } else { &old };
            // An archive that was only just created is empty, as if it were not there.
            let is_old = found == expected.0 || (found.sequence == 0 && old.0.sequence == 0);
            assert!(is_old, "{}: the manifest is between", place());
            let rows = reader.rows(&image).unwrap_or_else(|error| panic!("{}: {error}", place()));
            assert!(*rows == expected.1, "{}: the rows are between", place());
            if step == n_steps && survival == Survival::Nothing {
                assert!(found == new.0, "{}: what was committed is not durable", place());
            }
            if found.sequence == new.0.sequence {
                trials.new += 1;
            } else {
                trials.old += 1;
            }
            if (trials.old + trials.new).is_multiple_of(finish_every) {
                work(&crashed);
                let (_, rows) = state(&crashed);
                assert!(rows == new.1, "{}: doing it again leads elsewhere", place());
                assert_sound(&crashed);
                trials.finished += 1;
            }
        }
    }
    second_crash(what, &recording, work, [&old, &new], &mut reader, &mut trials);
    println!("{what}: {n_steps} steps, {trials:?}");
    trials
}

/// The process is killed, the power stays on, the work is done again, and then the power fails: what the kill left
/// unsynced must not be built upon.
fn second_crash(
    what: &str,
    first: &RecordingStorage,
    work: &dyn Fn(&Arc<dyn Storage>),
    [old, new]: [&State; 2],
    reader: &mut Reader,
    trials: &mut Trials,
) {
    let n_first = first.n_steps();
    // The last steps are the commit. Killed earlier, nothing that the next writer builds upon was named.
    for killed_at in n_first.saturating_sub(4)..n_first {
        let recording = Arc::new(RecordingStorage::resumed(first, killed_at));
        let live: Arc<dyn Storage> = recording.clone();
        work(&live);
        let after = state(&live);
        assert!(after.1 == new.1, "{what}: killed at {killed_at}, doing it again leads elsewhere");
        let n_steps = recording.n_steps();
        for step in killed_at..=n_steps {
            for survival in [Survival::Nothing, Survival::Some(7), Survival::Some(8)] {
                let image = recording.crashed(step, survival);
                trials.second_crashes += 1;
                let place = || {
                    format!(
                        "{what}: killed at {killed_at}, {survival:?} after {step}, {}",
                        recording.describe(step)
                    )
                };
                let rows = reader.rows(&image).unwrap_or_else(|error| panic!("{}: {error}", place()));
                assert!(*rows == new.1 || *rows == old.1, "{}: the rows are between", place());
            }
        }
    }
}

#[test]
fn an_ingest_that_crashes_has_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let a = file(folder.path(), "a.json", &export(0, 90, 0));
    let b = file(folder.path(), "b.json", &format!("{}not an entry\n", export(40, 140, 0)));
    let memory = Options::DEFAULT_MEMORY;
    let first = |storage: &Arc<dyn Storage>| drop(ingest(storage, std::slice::from_ref(&a), memory).unwrap());
    let trials = check("first ingest", &Image::new(), &first, 4);
    assert!(trials.old > 20 && trials.new > 0 && trials.finished > 20, "{trials:?}");

    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let live: Arc<dyn Storage> = recording.clone();
    first(&live);
    let second =
        |storage: &Arc<dyn Storage>| drop(ingest(storage, std::slice::from_ref(&b), memory).unwrap());
    let trials = check("second ingest", &recording.live(), &second, 6);
    assert!(trials.old > 20 && trials.new > 0 && trials.finished > 10, "{trials:?}");
}

/// An archive of several segments in one month.
fn in_pieces(folder: &std::path::Path) -> Image {
    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let live: Arc<dyn Storage> = recording.clone();
    let path = file(folder, "pieces.json", &export(0, 420, 3500));
    ingest(&live, &[path], LITTLE_MEMORY).unwrap();
    assert!(Manifest::load(&*live).unwrap().segments.len() > 2, "the export should need several segments");
    recording.live()
}

#[test]
fn a_compaction_that_crashes_has_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let work = |storage: &Arc<dyn Storage>| {
        assert!(compact(storage.clone(), "test", &rewrite_options()).unwrap().segments_after > 0);
    };
    let trials = check("compact", &in_pieces(folder.path()), &work, 12);
    assert!(trials.old > 20 && trials.new > 0, "{trials:?}");
}

#[test]
fn a_reindex_that_crashes_has_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let live: Arc<dyn Storage> = recording.clone();
    ingest(&live, &[file(folder.path(), "a.json", &export(0, 90, 0))], Options::DEFAULT_MEMORY).unwrap();
    let work = |storage: &Arc<dyn Storage>| {
        assert!(reindex(storage.clone(), "test", &rewrite_options()).unwrap().segments_after > 0);
    };
    let trials = check("reindex", &recording.live(), &work, 6);
    assert!(trials.old > 10 && trials.new > 0, "{trials:?}");
}

#[test]
fn a_repair_that_crashes_has_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let recording = Arc::new(RecordingStorage::new(Image::new()));
    let live: Arc<dyn Storage> = recording.clone();
    ingest(&live, &[file(folder.path(), "a.json", &export(0, 90, 0))], Options::DEFAULT_MEMORY).unwrap();
    let manifest = Manifest::load(&*live).unwrap();
    assert_eq!(manifest.segments.len(), 2);
    let mut image = recording.live();
    // The index of one segment is damaged: the rows are the same before and after, so the state can be compared.
    let index = &manifest.segments[1].files[1].path;
    let mut content = image[index].to_vec();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    image.insert(index.clone(), content.into());
    let repaired = |storage: &Arc<dyn Storage>| {
        assert!(repair(storage.clone(), "test", &rewrite_options(), &Silent).unwrap().rescued == 0);
    };
    let recording = Arc::new(RecordingStorage::new(image.clone()));
    let live: Arc<dyn Storage> = recording.clone();
    repaired(&live);
    assert_sound(&live);
    let new = state(&live);
    let mut n_tried = 0;
    for step in 0..=recording.n_steps() {
        for survival in SURVIVALS {
            let crashed = storage(recording.crashed(step, survival));
            let found = Manifest::load(&*crashed).unwrap();
            assert!(found == manifest || found == new.0, "{survival:?} after step {step}");
            if step % 4 == 0 {
                repaired(&crashed);
                assert!(contents(crashed.clone()).unwrap() == new.1);
                assert_sound(&crashed);
            }
            n_tried += 1;
        }
    }
    println!("repair: {n_tried} crashes");
    assert!(n_tried > 100);
}
