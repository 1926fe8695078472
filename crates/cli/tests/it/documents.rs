//! The pages that tell people what to type: every command runs, and shows what the page says it shows.

use crate::{ask, root, run};
use std::fmt::Write as _;
use tempfile::TempDir;

/// A command of a page and the lines below it; a line `…` stands for any number of lines, `…` at the end
/// of a line for its rest.
struct Example {
    command: String,
    shown: Vec<String>,
}

/// Reads the blocks of a page that are marked `console`.
fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example { command: command.to_owned(), shown: Vec::new() });
        } else if inside && let Some(example) = examples.last_mut() {
            example.shown.push(line.trim_end().to_owned());
        }
    }
    examples
}

/// Splits a command line as a shell does, as far as the pages need it: single quotes only.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

fn is_shown(expected: &[String], got: &[&str]) -> bool {
    match expected.split_first() {
        None => got.is_empty(),
        Some((line, rest)) if line == "…" => (0..=got.len()).any(|skipped| is_shown(rest, &got[skipped..])),
        Some((line, rest)) => {
            let is_this = |got: &&str| match line.strip_suffix('…') {
                Some(beginning) => got.starts_with(beginning),
                None => got == line,
            };
            got.first().is_some_and(is_this) && is_shown(rest, &got[1..])
        }
    }
}

#[test]
fn the_readme_shows_what_happens() {
    let page = std::fs::read_to_string(root().join("README.md")).unwrap();
    let examples = examples(&page);
    assert!(examples.len() >= 5, "the page has a tour");
    let empty = TempDir::new().unwrap();
    let mut wrong = String::new();
    for example in examples {
        let words = words(&example.command);
        let args: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(args[0], "timberline", "{}", example.command);
        let answer = if args[1] == "ingest" { run(empty.path(), &args[1..]) } else { ask(&args[1..]) };
        let got: Vec<&str> = answer.stdout.lines().map(str::trim_end).collect();
        if answer.code == 2 || !is_shown(&example.shown, &got) {
            writeln!(wrong, "$ {}\n{}{}", example.command, answer.stdout, answer.stderr).unwrap();
        }
    }
    assert!(wrong.is_empty(), "the page should show:\n{wrong}");
}

#[test]
fn other_commands_of_the_readme_can_be_typed() {
    let page = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut n_checked = 0;
    for line in page.lines().filter(|line| line.starts_with("timberline ")) {
        let words = words(line.split(['|', '>', '#']).next().unwrap_or_default().trim_end());
        // With the help flag at the end, arguments are read and nothing is done.
        let mut args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        args.push("--help");
        assert_eq!(ask(&args).code, 0, "{line}");
        n_checked += 1;
    }
    assert!(n_checked > 0);
}
