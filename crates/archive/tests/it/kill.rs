//! A process that is killed at any moment, and a disk that is full at any moment: the archive is as the last commit left it.

use crate::sample::{Dice, assert_sound, export, file, ingest};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use timberline_archive::Error;
use timberline_archive::ingest::Options;
use timberline_archive::manifest::Manifest;
use timberline_archive::storage::{DiskStorage, Storage};
use timberline_archive::testing::{FullDisk, Image, RecordingStorage, contents};

/// The test program starts itself with this set to the folder to work in.
const CHILD: &str = "TIMBERLINE_TEST_KILL_CHILD";
/// How often to kill, where that is to be more than [`N_KILLS`].
const KILLS: &str = "TIMBERLINE_TEST_KILLS";
const N_KILLS: u64 = 200;
const N_EXPORTS: u64 = 4;
/// After so many kills without a commit in between the work begins anew, so that every commit has its share of them.
const MAX_STUCK: u64 = 4;
/// What the child says when its work begins; starting a process takes longer than some commits.
const BEGINS: &str = "the work begins";

fn exports(folder: &Path) -> Vec<PathBuf> {
    (0..N_EXPORTS).map(|n| folder.join(format!("{n}.json"))).collect()
}

fn archive(folder: &Path) -> Arc<dyn Storage> {
    Arc::new(DiskStorage::new(folder.join("archive")))
}

/// What the child does: one commit per export, each overlapping the one before. In the parent there is nothing to do, and
/// that nothing is asserted: no other test depends on the variable.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(CHILD).map(PathBuf::from) else {
        assert!(std::env::var_os(CHILD).is_none());
        return;
    };
    println!("{BEGINS}");
    for path in exports(&folder) {
        ingest(&archive(&folder), &[path], 8 << 20).unwrap();
    }
}

/// Starts the child and waits until its work begins. What it says after that is not read; it is little.
fn start(folder: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::child", "--exact", "--test-threads=1", "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(BEGINS)), "the child ended before it began");
    child
}

#[test]
fn killed_at_any_moment_the_archive_is_sound_and_the_work_can_be_finished() {
    let n_kills: u64 = std::env::var(KILLS).ok().and_then(|n| n.parse().ok()).unwrap_or(N_KILLS);
    let folder = tempfile::tempdir().unwrap();
    // Small exports: what takes time, and what a kill can tear apart, is files and their syncs.
    for n in 0..N_EXPORTS {
        file(folder.path(), &format!("{n}.json"), &export(n * 40, n * 40 + 70, 60));
    }
    // What every prefix of the exports leads to.
    let clean = tempfile::tempdir().unwrap();
    let clean = archive(clean.path());
    let mut prefixes = vec![Vec::new()];
    for path in exports(folder.path()) {
        ingest(&clean, &[path], 8 << 20).unwrap();
        prefixes.push(contents(clean.clone()).unwrap());
    }
    let mut dice = Dice(7);
    let (mut killed, mut finished) = (0, 0);
    let mut after = vec![0_u64; prefixes.len()];
    // How long the work takes tells where to kill it. The machine may be busy with other things, so that is measured again
    // whenever a child was not killed in time.
    let begin = Instant::now();
    assert!(start(folder.path()).wait().unwrap().success());
    let mut whole = begin.elapsed();
    let (mut prefix, mut n_stuck) = (prefixes.len() - 1, 0);
    while killed < n_kills {
        if prefix == prefixes.len() - 1 || n_stuck == MAX_STUCK {
            std::fs::remove_dir_all(folder.path().join("archive")).unwrap();
            (prefix, n_stuck) = (0, 0);
        }
        let n_left = u32::try_from(prefixes.len() - 1 - prefix).unwrap();
        let left = whole * n_left / u32::try_from(N_EXPORTS).unwrap();
        let begin = Instant::now();
        let mut child = start(folder.path());
        // What was done before has to be looked at again, so the rest takes longer than its share.
        std::thread::sleep(left * u32::try_from(dice.roll(1300)).unwrap() / 1000);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the child failed by itself");
            finished += 1;
            if n_left == u32::try_from(N_EXPORTS).unwrap() {
                whole = whole.min(begin.elapsed());
            }
        } else {
            child.kill().unwrap();
            let status = child.wait().unwrap();
            if status.success() {
                finished += 1;
            } else {
                killed += 1;
            }
        }
        let storage = archive(folder.path());
        let rows = if folder.path().join("archive").join("CURRENT").try_exists().unwrap() {
            if Manifest::load(&*storage).unwrap().sequence > 0 {
                assert_sound(&storage);
            }
            contents(storage).unwrap()
        } else {
            Vec::new()
        };
        let found = prefixes.iter().position(|prefix| *prefix == rows);
        let found = found.expect("the archive is as one of the commits left it");
        assert!(found >= prefix, "a commit was lost");
        n_stuck = if found == prefix { n_stuck + 1 } else { 0 };
        prefix = found;
        after[prefix] += 1;
    }
    for path in exports(folder.path()) {
        ingest(&archive(folder.path()), &[path], 8 << 20).unwrap();
    }
    assert!(contents(archive(folder.path())).unwrap() == prefixes[prefixes.len() - 1]);
    assert_sound(&archive(folder.path()));
    println!("{killed} kills, {finished} children finished first; archives after 0, 1, … commits: {after:?}");
}

#[test]
fn a_full_disk_is_said_so_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let a = file(folder.path(), "a.json", &export(0, 90, 0));
    let b = file(folder.path(), "b.json", &export(40, 140, 1000));
    let first = Arc::new(RecordingStorage::new(Image::new()));
    let live: Arc<dyn Storage> = first.clone();
    ingest(&live, &[a], Options::DEFAULT_MEMORY).unwrap();
    let before = first.live();
    let old = contents(live).unwrap();

    let run = |room: u64| {
        let disk: Arc<dyn Storage> = Arc::new(RecordingStorage::new(before.clone()));
        let limited = FullDisk::new(disk.clone(), room);
        let outcome =
            ingest(&(Arc::new(limited.clone()) as Arc<dyn Storage>), std::slice::from_ref(&b), 1 << 20);
        (disk, outcome, limited.left())
    };
    let plenty = 1 << 40;
    let (disk, outcome, left) = run(plenty);
    outcome.unwrap();
    let (new, needed) = (contents(disk).unwrap(), plenty - left);
    let n_tried = 120;
    for n in 0..n_tried {
        let room = needed * n / n_tried;
        let (disk, outcome, _) = run(room);
        let error = outcome.expect_err("there is less room than needed");
        assert!(matches!(error, Error::Io { .. }), "{room}: {error:?}");
        let message = error.to_string();
        assert!(message.contains("no storage space"), "{room} of {needed}: {message}");
        assert!(contents(disk.clone()).unwrap() == old, "{room}: the archive changed");
        assert_sound(&disk);
        if n % 10 == 0 {
            ingest(&disk, std::slice::from_ref(&b), Options::DEFAULT_MEMORY).unwrap();
            assert!(contents(disk).unwrap() == new, "{room}: with room it should work");
        }
    }
    println!("{n_tried} full disks over {needed} bytes");
}
