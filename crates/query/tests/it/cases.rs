//! The cases in `tests/cases`, and the reader of their format.
//!
//! ```text
//! # Why the case is there; lines beginning with # are for people.
//! filter: severity>=ERROR
//! | textPayload:x                    a further line of the filter
//! match: {"severity":"ERROR"}        an entry that matches; any number of them
//! miss: {}                           an entry that does not
//! error: incorrect type              a part of the error's message; the filter is refused
//! warn: search term                  a part of a warning's message
//! print: severity>="ERROR"           the equivalent text
//! ```
//!
//! A blank line ends a case.

use crate::common::matches;
use std::fs;
use std::path::Path;
use timberline_query::{Options, compile};

/// One filter and what is expected of it.
#[derive(Debug, Default)]
pub(crate) struct Case {
    filter: String,
    expected: Vec<(String, String)>,
}

/// Reads the cases of a text.
pub(crate) fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if let Some(more) = line.strip_prefix('|') {
            let case = cases.last_mut().expect("a filter comes before its further lines");
            case.filter.push('\n');
            case.filter.push_str(more.strip_prefix(' ').unwrap_or(more));
            continue;
        }
        let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("no key in {line}"));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match key {
            "filter" => cases.push(Case { filter: value, expected: Vec::new() }),
            "match" | "miss" | "error" | "warn" | "print" => {
                cases.last_mut().expect("a filter comes first").expected.push((key.to_owned(), value));
            }
            _ => panic!("unknown key in {line}"),
        }
    }
    cases
}

/// Runs one case; returns what went wrong.
pub(crate) fn run(case: &Case) -> Vec<String> {
    let Case { filter, expected } = case;
    let compiled = compile(filter, &Options::default());
    let mut wrong = Vec::new();
    let expects_error = expected.iter().any(|(key, _)| key == "error");
    if let (Err(error), false) = (&compiled, expects_error) {
        wrong.push(format!("{filter}: {}", error.render(filter)));
    }
    if expected.is_empty() {
        wrong.push(format!("{filter}: nothing is expected of it"));
    }
    for (key, value) in expected {
        let right = match (key.as_str(), &compiled) {
            ("error", Err(error)) => error.to_string().contains(value),
            ("error", Ok(_)) => false,
            (_, Err(_)) => true,
            ("match", Ok(compiled)) => matches(&compiled.filter, value),
            ("miss", Ok(compiled)) => !matches(&compiled.filter, value),
            ("warn", Ok(compiled)) => compiled.warnings.iter().any(|w| w.to_string().contains(value)),
            (_, Ok(compiled)) => compiled.filter.to_string() == *value,
        };
        if !right {
            wrong.push(format!(
                "{filter}\n  {key}: {value}\n  {:?}",
                compiled.as_ref().map(|c| c.filter.to_string())
            ));
        }
    }
    wrong
}

#[test]
fn all_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let (mut n_cases, mut wrong) = (0, Vec::new());
    for file in &files {
        let cases = read(&fs::read_to_string(file).unwrap());
        n_cases += cases.len();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        wrong.extend(cases.iter().flat_map(run).map(|text| format!("{name}: {text}")));
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(n_cases > 150, "only {n_cases} cases in {} files", files.len());
}

#[test]
fn the_reader_sees_what_is_wrong() {
    let cases = read(
        "filter: severity=ERROR\nmatch: {}\nmiss: {\"severity\":\"ERROR\"}\nerror: x\nprint: y\nwarn: z\n",
    );
    assert_eq!(run(&cases[0]).len(), 5);
    assert_eq!(run(&read("filter: thud=1\nerror: 'thud'\n")[0]), Vec::<String>::new());
    assert_eq!(run(&read("filter: (\nmatch: {}\n")[0]).len(), 1);
}
