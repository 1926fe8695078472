//! A small version of the simulation, held to limits; and the same services through ingested archives.

#![expect(clippy::cast_possible_truncation, reason = "numbers are small")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_analysis::{Asked, Investigation, Question, changes, regressions_answer};
use timberline_archive::Archive;
use timberline_archive::ingest::{Options, Silent, ingest};
use timberline_archive::storage::DiskStorage;
use timberline_benches::simulation::{Draw, Noise, Planted, SIZES, draw_planted, false_alarms, planted};
use timberline_entry::input::discover;

const SEED: u64 = 7;

#[test]
fn noise_makes_few_alarms() {
    for noise in [Noise::Single, Noise::Bursts(50.0), Noise::Mixed(1.0), Noise::Storms(5.0)] {
        let alarms = false_alarms(30, noise, SEED);
        // At the stated rate of 5 % five alarms of 30 have a probability of 2 %; with storms counted as cells all 30 alarm.
        assert!(alarms.in_regressions <= 4 && alarms.in_diff <= 4, "{noise:?}: {alarms:?}");
        assert!(alarms.n_tests > 100 && alarms.n_small * 10 <= alarms.n_tests, "{noise:?}: {alarms:?}");
    }
}

#[test]
fn planted_changes_are_found_where_they_are() {
    let kinds = [
        Planted::New,
        Planted::NewValue,
        Planted::Times(5.0),
        Planted::Times(20.0),
        Planted::Resolved,
        Planted::CameBack,
    ];
    for kind in kinds {
        // One minute in ten.
        let found = planted(8, kind, SIZES[2].1, SEED);
        assert!(found.found >= 7 && found.in_state + 1 >= found.found, "{kind:?}: {found:?}");
        assert!(found.in_candidates + 1 >= found.found, "{kind:?}: {found:?}");
        assert!(found.n_candidates <= 3 * found.found && found.false_changes <= 2, "{kind:?}: {found:?}");
    }
}

#[test]
fn ingested_archives_give_the_same_answers() {
    for (seed, kind) in (SEED..).zip([Planted::New, Planted::Times(5.0), Planted::CameBack]) {
        let (drawn, _) = draw_planted(8, 4, kind, SIZES[2].1, &mut Draw::from_seed(seed));
        let expected =
            changes(&drawn.grid(|revision| Some(revision as u32)), &drawn.coverage(), &drawn.order());
        let folder = tempfile::tempdir().unwrap();
        let export = folder.path().join("export.ndjson");
        std::fs::write(&export, drawn.entries().join("\n")).unwrap();
        let storage = Arc::new(DiskStorage::new(folder.path().join("archive")));
        let options = Options { memory: 64 << 20, threads: 2, ..Options::new("test") };
        let sources = discover(&[export.to_string_lossy().into_owned()]).0;
        ingest(storage.clone(), sources, &options, &Silent, &AtomicBool::new(false)).unwrap();
        let archive = Archive::open(storage, "test").unwrap();
        let filter = timberline_query::compile("severity>=WARNING", &timberline_query::Options::default());
        let question = Question {
            filter: filter.unwrap().filter,
            by: Vec::new(),
            zone: jiff::tz::TimeZone::UTC,
            asked: Asked::default(),
        };
        let answer =
            regressions_answer(&Investigation::new(&archive).unwrap(), &question, Vec::new()).unwrap();
        // Names of patterns differ, everything else is the same to the last bit. A revision that no entry shows has no row.
        let shown = |of: &timberline_analysis::Regression| {
            let seen = of.revisions.iter().filter(|revision| revision.exposure > 0).cloned();
            format!(
                "{:?} {:?} {:?} {:?} {:?}",
                of.state,
                of.onset,
                of.segments,
                of.p.to_bits(),
                seen.collect::<Vec<_>>()
            )
        };
        let mut of_grid: Vec<String> = expected.found.iter().map(|(_, found)| shown(found)).collect();
        let mut of_archive: Vec<String> = answer.patterns.iter().map(shown).collect();
        of_grid.sort();
        of_archive.sort();
        assert_eq!(of_archive, of_grid, "{kind:?}");
        assert!(!of_grid.is_empty() && answer.tested == expected.tested, "{kind:?}");
    }
}
