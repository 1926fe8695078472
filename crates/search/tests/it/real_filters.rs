//! Filters that people run in production, on real and on sample exports. Skipped, with a note, where they are not there.

use crate::fixture::Fixture;
use std::path::PathBuf;

fn filters() -> Option<Vec<String>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/lql/filters.txt");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(text.split("\n---\n").map(str::to_owned).collect())
}

fn check(place: &str, fixture: Option<Fixture>) {
    let (Some(filters), Some(fixture)) = (filters(), fixture) else { return };
    let tally = fixture.check(&filters);
    assert!(tally.asked >= 359 && tally.hits > 20, "{tally:?}");
    println!("{place}: {tally:?}");
}

#[test]
fn on_real_exports() {
    check("real exports", Fixture::of_shared("data/real"));
}

#[test]
fn on_sample_exports() {
    check("samples", Some(Fixture::of_samples()));
}
