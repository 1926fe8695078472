//! What fuzzing found stays found: every input under `fuzz/regressions/` once broke the property of its target.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

use std::path::{Path, PathBuf};
use timberline_fuzz::{PROPERTIES, check};

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn what_was_found_holds_now() {
    let mut n_inputs = 0;
    for target in files(&folder("fuzz/regressions")) {
        let name = target.file_name().unwrap().to_str().unwrap();
        assert!(PROPERTIES.iter().any(|(target, _)| *target == name), "there is no target {name}");
        for input in files(&target) {
            println!("{}", input.display());
            check(name, &std::fs::read(&input).unwrap());
            n_inputs += 1;
        }
    }
    assert!(n_inputs > 0);
}

#[test]
fn every_property_holds_for_the_samples_of_every_dialect() {
    for dialect in files(&folder("crates/entry/tests/samples")) {
        let sample = std::fs::read(dialect.join("input.json")).unwrap();
        for (target, property) in PROPERTIES {
            println!("{target} on {}", dialect.display());
            property(&sample);
        }
    }
}

#[test]
fn every_target_has_a_binary_that_checks_it() {
    let manifest = std::fs::read_to_string(folder("fuzz/Cargo.toml")).unwrap();
    for (target, _) in PROPERTIES {
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
        let main = std::fs::read_to_string(folder(&format!("fuzz/fuzz_targets/{target}.rs"))).unwrap();
        assert!(main.contains(&format!("check(\"{target}\", data)")), "{target}");
    }
}
