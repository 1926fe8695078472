//! Worked examples of the language, each entry in an archive: the index answers as the example says.
//!
//! An archived entry has a time and an id. Where an example's entry has none it gets a time of its own in a minute of 2019,
//! and an id of signs that occur in no example. That this changes nothing is not taken for granted: the completed entry is
//! evaluated, and examples for which it does change something, because they are about an absent time or id, are counted.

use crate::fixture::Fixture;
use std::collections::BTreeSet;
use std::path::PathBuf;
use timberline_entry::LogEntry;
use timberline_entry::json::{Document, parse};
use timberline_query::{DerivedField, Filter, Options, Test, compile, eval};

struct Example {
    filter: String,
    entry: String,
    matches: bool,
}

fn matches(filter: &Filter, entry: &str) -> bool {
    let mut nodes = Vec::new();
    parse(entry, &mut nodes).unwrap_or_else(|fault| panic!("{fault} in {entry}"));
    eval(filter, &LogEntry::from_object(Document::new(entry, &nodes).root().as_object().unwrap()))
}

fn complete(entry: &str, idx: usize) -> String {
    let mut members = Vec::new();
    if !entry.contains("\"timestamp\"") {
        members.push(format!("\"timestamp\":\"2019-01-31T12:00:{:02}.{:03}Z\"", idx / 1000, idx % 1000));
    }
    if !entry.contains("\"insertId\"") {
        let sign =
            |digit: char| ['!', '#', '^', '~', '|', ';', '<', '>', '{', '}'][digit as usize - '0' as usize];
        members.push(format!("\"insertId\":\"{}\"", idx.to_string().chars().map(sign).collect::<String>()));
    }
    let inner = entry.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
    members.extend((!inner.trim().is_empty()).then(|| inner.to_owned()));
    format!("{{{}}}", members.join(","))
}

/// An archive knows pattern and source of every entry; an entry alone has neither.
fn knows_more(filter: &Filter) -> bool {
    let mut knows = false;
    filter.root().each_test(&mut |test| {
        if let Test::Derived(compare) = test {
            knows |= matches!(compare.name, DerivedField::Pattern | DerivedField::Source);
        }
    });
    knows
}

/// Runs the examples through one archive and returns how many said what they should.
fn check(examples: &[Example]) -> usize {
    let entries: Vec<String> = examples.iter().enumerate().map(|(idx, e)| complete(&e.entry, idx)).collect();
    let fixture = Fixture::of_lines(std::slice::from_ref(&entries));
    let texts: BTreeSet<String> = examples.iter().map(|example| example.filter.clone()).collect();
    // Every filter on every entry, not only on its own.
    fixture.check(&texts.into_iter().collect::<Vec<_>>());
    let mut as_said = 0;
    for (idx, example) in examples.iter().enumerate() {
        let filter = compile(&example.filter, &Options::default()).unwrap().filter;
        if matches(&filter, &entries[idx]) != example.matches {
            println!("another question with a time and an id: {} on {}", example.filter, example.entry);
            continue;
        }
        if knows_more(&filter) {
            println!("an archive knows more: {} on {}", example.filter, example.entry);
            continue;
        }
        let line = idx as u64 + 1;
        let found = fixture.by_index(&filter).rows.iter().any(|id| fixture.rows[id].0 == line);
        assert_eq!(found, example.matches, "{} on {}", example.filter, entries[idx]);
        as_said += 1;
    }
    as_said
}

#[test]
fn of_the_specification() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/lql/spec.md");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let blocks = text.split("```lqltest\n").skip(1).map(|block| block.split("```").next().unwrap());
    let mut examples = Vec::new();
    for line in blocks.flat_map(str::lines) {
        let parts: Vec<&str> = line.splitn(4, ";;").collect();
        let matches = match parts[0].split_whitespace().last() {
            Some("MATCH") => true,
            Some("NO") => false,
            _ => continue,
        };
        let filter = parts[1].trim().replace('⏎', "\n");
        examples.push(Example { filter, entry: parts[2].trim().to_owned(), matches });
    }
    let as_said = check(&examples);
    assert!(as_said >= 115 && as_said + 3 >= examples.len(), "{as_said} of {}", examples.len());
}

#[test]
fn of_the_language() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../query/tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut examples = Vec::new();
    for file in files {
        let mut filter = String::new();
        for line in std::fs::read_to_string(file).unwrap().lines() {
            if let Some(more) = line.strip_prefix('|') {
                filter.push('\n');
                filter.push_str(more.strip_prefix(' ').unwrap_or(more));
            } else if let Some(text) = line.strip_prefix("filter:") {
                text.strip_prefix(' ').unwrap_or(text).clone_into(&mut filter);
            } else if let Some((key @ ("match" | "miss"), entry)) = line.split_once(':') {
                let entry = entry.trim().to_owned();
                examples.push(Example { filter: filter.clone(), entry, matches: key == "match" });
            }
        }
    }
    let as_said = check(&examples);
    assert!(as_said > 300 && as_said + 20 >= examples.len(), "{as_said} of {}", examples.len());
}
