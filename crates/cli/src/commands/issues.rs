//! `issues`: drafts of issues against a ledger of what was filed before. Contract `timberline/issues/1`.

use super::reporting::{gather, read};
use super::storage;
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::Path;
use timberline_analysis::issues::{Draft, DraftKind, Ledger, drafts};
use timberline_analysis::worklog::{Priority, Worklog};
use timberline_archive::layout;
use timberline_report::escape::shell_word;
use timberline_report::{Anchor, Cell, Column, Document, Table, markdown, worklog};

/// A draft with the file it is in; one line of `drafts.ndjson`.
#[derive(Serialize)]
struct Filed {
    #[serde(flatten)]
    draft: Draft,
    /// The file beside `drafts.ndjson`.
    file: String,
}

#[derive(Serialize)]
struct IssuesAnswer {
    schema: &'static str,
    drafts: Vec<Filed>,
}

const LINES: &str = "drafts.ndjson";
const COMMANDS: &str = "gh.sh";

pub(super) fn run(
    args: &args::Issues,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let least =
        Priority::ALL.into_iter().find(|priority| priority.name() == args.least).ok_or_else(|| {
            Failure::new(format!("--least: there is no priority '{}'", args.least)).hint("P0, P1, P2, P3, P4")
        })?;
    let before = ledger_text(args.ledger.as_deref(), settings)?;
    let ledger = read_ledger(before.as_deref(), args.ledger.as_deref(), settings)?;
    let report = gather(&args.question, &args.reporting, settings, printer)?;
    let (found, after) = drafts(&report, &ledger, least);
    let drafts: Vec<Filed> =
        found.into_iter().map(|draft| Filed { file: file_name(&draft), draft }).collect();
    // Gathering takes a while, and people edit the ledger: what they wrote meanwhile is not written over.
    if ledger_text(args.ledger.as_deref(), settings)? != before {
        let name = ledger_name(args.ledger.as_deref(), settings);
        return Err(Failure::new(format!("the ledger {name} was changed while the drafts were made"))
            .hint("nothing was written; ask again"));
    }
    write_drafts(&args.output, &report, &drafts, settings)?;
    write_ledger(args.ledger.as_deref(), &after.write(), settings)?;
    let any = !drafts.is_empty();
    let answer = IssuesAnswer { schema: "timberline/issues/1", drafts };
    printer.answer(&answer, || document(&answer, args, settings))?;
    Ok(Outcome::found(any))
}

/// Returns the ledger's text: it is where it was told, else in the archive's folder. `None` when it is not there yet.
fn ledger_text(path: Option<&Path>, settings: &Settings) -> Result<Option<String>, Failure> {
    match path {
        Some(path) if path.try_exists().unwrap_or(true) => read(path).map(Some),
        Some(_) => Ok(None),
        None => match storage(settings).read(layout::ISSUES) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(Failure::new(format!("cannot read {}", ledger_name(path, settings))).cause(&error))
            }
        },
    }
}

fn ledger_name(path: Option<&Path>, settings: &Settings) -> String {
    path.map_or_else(|| settings.archive.join(layout::ISSUES), Path::to_owned).display().to_string()
}

/// A ledger that is not there yet is empty.
fn read_ledger(text: Option<&str>, path: Option<&Path>, settings: &Settings) -> Result<Ledger, Failure> {
    let Some(text) = text else { return Ok(Ledger::default()) };
    Ledger::read(text).map_err(|error| {
        Failure::new(format!("the ledger {} cannot be read", ledger_name(path, settings)))
            .cause(&error)
            .hint("mend it, or name another with --ledger")
    })
}

fn write_ledger(path: Option<&Path>, text: &str, settings: &Settings) -> Result<(), Failure> {
    match path {
        Some(path) => write(path, text),
        None => storage(settings).replace(layout::ISSUES, text.as_bytes()).map_err(|error| {
            Failure::new("cannot write the ledger").cause(&error).hint("say where it may be: --ledger FILE")
        }),
    }
}

/// Writes all drafts into their folder, and takes away those of the run before that are not drafts any more.
fn write_drafts(
    folder: &Path,
    report: &Worklog,
    drafts: &[Filed],
    settings: &Settings,
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::new(format!("cannot make the folder {}", folder.display())).cause(&error)
    })?;
    for old in files_before(folder) {
        if drafts.iter().all(|filed| filed.file != old) {
            let path = folder.join(old);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    let failure = Failure::new(format!("cannot remove {}", path.display())).cause(&error);
                    return Err(failure.hint("it is a draft of the run before, and no draft any more"));
                }
                _ => (),
            }
        }
    }
    let mut lines = String::new();
    for filed in drafts {
        let mut body = Vec::new();
        markdown::write(&worklog::draft(report, &filed.draft, &settings.zone), &mut body)
            .map_err(|error| Failure::output(&error))?;
        write(&folder.join(&filed.file), &String::from_utf8_lossy(&body))?;
        let line = serde_json::to_string(filed).expect("a draft is plain values");
        lines.push_str(&line);
        lines.push('\n');
    }
    write(&folder.join(LINES), &lines)?;
    write(&folder.join(COMMANDS), &commands(drafts))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::new(format!("cannot write {}", path.display())).cause(&error))
}

/// Returns the drafts that the run before left here. Only names that a run can have given count, never a path.
fn files_before(folder: &Path) -> Vec<String> {
    #[derive(Deserialize)]
    struct Line {
        file: String,
    }
    let Ok(text) = std::fs::read_to_string(folder.join(LINES)) else { return Vec::new() };
    let is_ours = |name: &String| {
        name.ends_with(".md")
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
            && !name.contains("..")
    };
    text.lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .map(|line| line.file)
        .filter(is_ours)
        .collect()
}

/// Characters of a file's name that come from the cluster's title.
const MAX_SLUG: usize = 40;

fn file_name(draft: &Draft) -> String {
    let name = draft.title.rsplit(" | ").next().unwrap_or_default();
    let slug: String = Anchor::new(name).as_str().chars().take(MAX_SLUG).collect();
    let priority = draft.priority.name().to_ascii_lowercase();
    format!("{priority}-{}-{}-{}.md", kind(draft.kind), slug.trim_matches('-'), draft.fingerprint)
}

const fn kind(kind: DraftKind) -> &'static str {
    match kind {
        DraftKind::New => "new",
        DraftKind::Update => "update",
        DraftKind::Resolved => "resolved",
    }
}

/// The commands that would file the drafts, for GitHub's `gh`; every text is one word of the shell.
fn commands(drafts: &[Filed]) -> String {
    let mut script = String::from(
        "#!/bin/sh\n# Files the drafts beside this script with GitHub's gh. Read them first; nothing has been sent.\nset -eu\ncd \"$(dirname \"$0\")\"\n",
    );
    for filed in drafts {
        let (draft, file) = (&filed.draft, shell_word(&filed.file));
        let labels: String =
            draft.labels.iter().map(|label| format!(" --label {}", shell_word(label))).collect();
        let line = match (draft.kind, draft.number) {
            (DraftKind::New, None) => {
                format!("gh issue create --title {}{labels} --body-file {file}", shell_word(&draft.title))
            }
            (DraftKind::New | DraftKind::Update, Some(number)) => {
                format!("gh issue comment {number} --body-file {file}")
            }
            (DraftKind::Resolved, Some(number)) => {
                format!("gh issue comment {number} --body-file {file}\ngh issue close {number}")
            }
            (DraftKind::Update | DraftKind::Resolved, None) => {
                format!("# {file}: the ledger does not know its number")
            }
        };
        writeln!(script, "{line}").expect("a string takes everything");
    }
    script
}

fn document(answer: &IssuesAnswer, args: &args::Issues, settings: &Settings) -> Document {
    let mut document = Document::new("issues").in_zone(settings.zone.clone());
    let of = |kind: DraftKind| answer.drafts.iter().filter(|filed| filed.draft.kind == kind).count();
    document.paragraph(format!(
        "{} new, {} updates, {} resolved; written to {}. Nothing was sent.",
        of(DraftKind::New),
        of(DraftKind::Update),
        of(DraftKind::Resolved),
        args.output.display()
    ));
    let mut table = Table::new(vec![
        Column::left("draft"),
        Column::right("issue").priority(2),
        Column::right("entries"),
        Column::right("since last").priority(1),
        Column::left("title"),
    ]);
    for filed in &answer.drafts {
        let draft = &filed.draft;
        table.row(vec![
            Cell::text(kind(draft.kind)),
            draft.number.map_or(Cell::Empty, |number| Cell::id(format!("#{number}"))),
            Cell::Count(draft.entries),
            Cell::Count(draft.new_entries),
            Cell::log(&draft.title),
        ]);
    }
    document.push(table);
    document
}
