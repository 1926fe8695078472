//! The worked examples and real filters that are kept beside the checkout. Skipped, with a note, where they are not.

use crate::common::{Outcome, matches, outcome, shared};
use timberline_query::{ErrorKind, Options, compile};

/// Filters that name what does not exist, hold placeholders, or severities that are none; positions count from 1.
const REFUSED: [usize; 14] = [7, 8, 20, 21, 121, 125, 136, 137, 138, 139, 144, 222, 298, 302];

#[test]
fn worked_examples() {
    let Some(text) = shared("lql/spec.md") else { return };
    let mut failures = Vec::new();
    let mut count = 0;
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```lqltest";
            continue;
        }
        if !inside || line.is_empty() {
            continue;
        }
        count += 1;
        let parts: Vec<&str> = line.splitn(4, ";;").collect();
        let [head, filter, entry, reason] = parts[..] else { panic!("{line}") };
        let expected = match head.split_whitespace().last() {
            Some("MATCH") => Outcome::Match,
            Some("NO") => Outcome::No,
            Some("ERR") => Outcome::Refused,
            _ => panic!("{line}"),
        };
        let filter = filter.trim().replace('⏎', "\n");
        let got = outcome(&filter, entry.trim());
        if got != expected {
            failures.push(format!("{filter}\n  on {entry}\n  {got:?} instead of {expected:?}:{reason}"));
        }
    }
    assert!(failures.is_empty(), "{} of {count}\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 137, "only {count} examples were found");
}

#[test]
fn real_filters() {
    let Some(text) = shared("lql/filters.txt") else { return };
    let filters: Vec<&str> = text.split("\n---\n").collect();
    assert_eq!(filters.len(), 373);
    for (idx, filter) in filters.iter().enumerate() {
        let position = idx + 1;
        match compile(filter, &Options::default()) {
            Ok(compiled) => {
                assert!(!REFUSED.contains(&position), "{position} was accepted: {filter}");
                let printed = compiled.filter.to_string();
                let again = compile(&printed, &Options::default())
                    .unwrap_or_else(|error| panic!("{position}: {}", error.render(&printed)));
                assert_eq!(again.filter, compiled.filter, "{position}: {printed}");
            }
            Err(error) => {
                assert!(REFUSED.contains(&position), "{position}: {}", error.render(filter));
                let expected = match position {
                    7 | 8 | 20 | 21 => matches!(error.kind, ErrorKind::UndefinedField(_)),
                    298 | 302 => matches!(error.kind, ErrorKind::Subnet(_)),
                    _ => matches!(error.kind, ErrorKind::WrongType { .. }),
                };
                assert!(expected, "{position}: {error}");
            }
        }
    }
}

#[test]
fn filters_on_the_example_entries() {
    let Some(text) = shared("design/logentry-format.md") else { return };
    let entries: Vec<&str> =
        text.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    assert_eq!(entries.len(), 10);
    let table = text.split("### 10.12").nth(1).unwrap().split("## 11").next().unwrap();
    let mut count = 0;
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        count += 1;
        let (filter, expected) = line[3..].split_once("` |").unwrap();
        let compiled = compile(filter, &Options::default()).unwrap().filter;
        let matched: Vec<usize> =
            (1..=entries.len()).filter(|position| matches(&compiled, entries[position - 1])).collect();
        assert_eq!(matched, positions(expected), "{filter}");
    }
    assert!(count >= 22, "only {count} rows were found");
}

/// Reads `1, 3, 6` and `2-10 (why)`.
fn positions(cell: &str) -> Vec<usize> {
    let list = cell.split('(').next().unwrap().trim_end_matches('|').trim();
    list.split(", ")
        .flat_map(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            from.trim().parse::<usize>().unwrap()..=to.trim().parse::<usize>().unwrap()
        })
        .collect()
}
