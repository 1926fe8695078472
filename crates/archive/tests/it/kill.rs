//! A process that is killed at any moment, and a disk that is full at any moment: the archive is as the last commit left it.

use crate::sample::{Dice, assert_sound, export, file, ingest};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use timberline_archive::Error;
use timberline_archive::ingest::Options;
use timberline_archive::manifest::Manifest;
use timberline_archive::storage::{DiskStorage, Storage};
use timberline_archive::testing::{FullDisk, Image, RecordingStorage, contents};

/// The test program starts itself with this set to the folder to work in.
const CHILD: &str = "TIMBERLINE_TEST_KILL_CHILD";
/// How often to kill; the default is quick.
const KILLS: &str = "TIMBERLINE_TEST_KILLS";
const N_EXPORTS: u64 = 4;

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
    for path in exports(&folder) {
        ingest(&archive(&folder), &[path], 8 << 20).unwrap();
    }
}

#[test]
fn killed_at_any_moment_the_archive_is_sound_and_the_work_can_be_finished() {
    let n_kills: u64 = std::env::var(KILLS).ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let folder = tempfile::tempdir().unwrap();
    for n in 0..N_EXPORTS {
        file(folder.path(), &format!("{n}.json"), &export(n * 500, n * 500 + 900, 200));
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
    let (mut killed, mut finished, mut between) = (0, 0, 0);
    let spawn = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--test-threads=1"])
            .env(CHILD, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    // How long the child takes tells where to kill it; the machine may be busy with other things.
    let start = std::time::Instant::now();
    assert!(spawn().wait().unwrap().success());
    let longest = u64::try_from(start.elapsed().as_millis()).unwrap() + 1;
    std::fs::remove_dir_all(folder.path().join("archive")).unwrap();
    while killed < n_kills {
        let mut child = spawn();
        std::thread::sleep(Duration::from_millis(dice.roll(longest)));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the child failed by itself");
            finished += 1;
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
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
        let prefix = prefixes.iter().position(|prefix| *prefix == rows);
        let prefix = prefix.expect("the archive is as one of the commits left it");
        if prefix == prefixes.len() - 1 {
            std::fs::remove_dir_all(folder.path().join("archive")).unwrap();
        } else if prefix > 0 {
            between += 1;
        }
    }
    for path in exports(folder.path()) {
        ingest(&archive(folder.path()), &[path], 8 << 20).unwrap();
    }
    assert!(contents(archive(folder.path())).unwrap() == prefixes[prefixes.len() - 1]);
    assert_sound(&archive(folder.path()));
    println!("{killed} kills, {finished} children finished first, {between} archives between two commits");
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
