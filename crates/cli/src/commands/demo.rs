//! `demo`: the sample exports ingested, and the main questions answered, each after the command line that asks it.

use super::run as run_verb;
use crate::args::{self, Format, Verb};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use anstyle::Style;
use clap::Parser;
use std::path::PathBuf;
use tempfile::TempDir;

/// What is asked after the ingest: first what the archive holds, then the three things that went wrong in the samples.
const QUESTIONS: [(&str, &[&str]); 7] = [
    ("What is in the archive?", &["status"]),
    ("When did the new module break the workers, and in which revision?", &["first", "ledger_rounding"]),
    (
        "Since which revision does the upstream check time out more often?",
        &["freq", "\"upstream availability check timed out\"", "--by", "revision", "--service", "storefront"],
    ),
    (
        "Which revisions had the broken template bundle?",
        &["first", "\"template bundle checksum mismatch\"", "--by", "revision"],
    ),
    ("How did errors develop from day to day?", &["freq", "severity>=ERROR", "--by", "day"]),
    ("What do the latest errors say?", &["search", "severity>=ERROR", "--limit", "5"]),
    (
        "How is a filter read, and how much does it have to look at?",
        &[
            "explain",
            "severity>=ERROR textPayload:timeout OR textPayload:\"timed out\"",
            "--since",
            "2025-06-01",
        ],
    ),
];

pub(super) fn run(args: &args::Demo, settings: &Settings, printer: &mut Printer) -> Result<Outcome, Failure> {
    if printer.format != Format::Text {
        return Err(Failure::new("the demo speaks to people").hint("its single commands have every format"));
    }
    let data = match &args.data {
        Some(data) => data.clone(),
        None => find_data()?,
    };
    // Without a name, the archive is for this run alone: the demo must not end up among the entries of a real one.
    let temporary;
    let archive = match &settings.named_archive {
        Some(archive) => archive.clone(),
        None => {
            temporary = TempDir::with_prefix("timberline-demo-")
                .map_err(|error| Failure::new("cannot make a temporary folder").cause(&error))?;
            temporary.path().join("archive")
        }
    };
    let settings = settings.with_archive(&archive);
    let data = data.display().to_string();
    ask("Put the exports into an archive", &["ingest", &data], &settings, printer)?;
    for (title, words) in QUESTIONS {
        ask(title, words, &settings, printer)?;
    }
    if settings.named_archive.is_some() {
        printer.line(&format!("\nThe archive stays in {}.", printer.safe(&archive.display().to_string())))?;
    } else {
        printer.line(
            "\nThe archive was a temporary one; `timberline demo --archive DIR` keeps it, to ask on.",
        )?;
    }
    Ok(Outcome::Answered)
}

/// Shows a command line and does what it says. Its flags are read as if they had been typed.
fn ask(title: &str, words: &[&str], settings: &Settings, printer: &mut Printer) -> Result<(), Failure> {
    let line: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let title = printer.paint(&format!("# {title}"), Style::new().dimmed());
    let line = printer.paint(&format!("$ timberline {}", line.join(" ")), Style::new().bold());
    printer.line(&format!("\n{title}\n{line}\n"))?;
    let typed = std::iter::once("timberline").chain(words.iter().copied());
    let verb: Verb = args::Args::try_parse_from(typed)
        .map_err(|error| Failure::new("the demo's own command line is wrong").cause(&error))?
        .verb;
    // What a single command would say by its exit code, the demo has said in its text.
    run_verb(verb, settings, printer)?;
    printer.finish()
}

/// Looks for the samples of the project in this folder and those above it.
fn find_data() -> Result<PathBuf, Failure> {
    let start = std::env::current_dir()
        .map_err(|error| Failure::new("cannot find the current folder").cause(&error))?;
    // Relative where possible, so that the sources of the archive have short names.
    let here = PathBuf::from("data").join("exports");
    if here.is_dir() {
        return Ok(here);
    }
    start
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("data").join("exports"))
        .find(|folder| folder.is_dir())
        .ok_or_else(|| {
            Failure::new("there are no sample exports in data/exports, neither here nor above")
                .hint("run the demo inside a checkout of the project, or name the folder: --data DIR")
        })
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_can_be_typed() {
        for (_, words) in QUESTIONS {
            args::Args::try_parse_from(std::iter::once("timberline").chain(words.iter().copied())).unwrap();
        }
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("data/exports"), "data/exports");
        assert_eq!(quoted("severity>=ERROR"), "'severity>=ERROR'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
