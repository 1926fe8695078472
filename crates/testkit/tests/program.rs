//! The program: its arguments arrive, its exit codes are right, and the same arguments give the same bytes.

use std::path::Path;
use std::process::{Command, Output};

fn generate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_generate")).args(arguments).output().expect("the program starts")
}

fn corpus(folder: &Path, seed: &str) -> (String, Vec<u8>) {
    let folder_text = folder.to_str().expect("temporary folders are UTF-8");
    let output = generate(&[
        "corpus",
        folder_text,
        "--entries",
        "700",
        "--days",
        "1",
        "--services",
        "2",
        "--revisions",
        "4",
        "--seed",
        seed,
        "--form",
        "array",
    ]);
    assert!(output.status.success(), "{output:?}");
    let array = folder.join("exports/cloud-run-2025-05-20-00000-limit5000.json");
    (
        String::from_utf8(output.stdout).expect("the report is text"),
        std::fs::read(array).expect("the only array"),
    )
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let (said, first) = corpus(folders[0].path(), "5");
    let (_, again) = corpus(folders[1].path(), "5");
    let (_, other) = corpus(folders[2].path(), "6");
    assert!(first == again);
    assert!(first != other);
    assert_eq!(said, format!("1 files, {} bytes, 700 entries read, 700 distinct\n", first.len()));
}

#[test]
fn samples_replace_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("exports")).unwrap();
    std::fs::write(folder.path().join("exports/stale.json"), "[]").unwrap();
    let output = generate(&["samples", folder.path().to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    assert!(!folder.path().join("exports/stale.json").try_exists().unwrap());
    assert!(folder.path().join("truth.json").try_exists().unwrap());
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = generate(&["corpus", file.to_str().unwrap(), "--entries", "1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: "));
    assert!(output.stdout.is_empty());
}
