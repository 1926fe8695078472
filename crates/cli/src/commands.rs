//! The verbs, one file each.

mod asking;
mod comparing;
mod completions;
mod coverage;
mod demo;
mod diff;
mod explain;
mod first;
mod freq;
mod gate;
mod ingest;
mod inspect;
mod issues;
mod maintain;
mod man;
mod pattern;
mod patterns;
mod regressions;
mod rejects;
mod report;
mod reporting;
mod revisions;
mod search;
mod sources;
mod status;
mod verify;

use crate::args::Verb;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use jiff::Timestamp;
use serde::Serialize;
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use timberline_archive::storage::{DiskStorage, Storage};
use timberline_archive::{Archive, layout};
use timberline_entry::dialect::{DialectKind, FieldMap};
use timberline_entry::input::{Discovery, OpenOptions, discover_outside};
use timberline_report::Cell;
use timberline_report::units::Precision;

/// Does what was asked.
pub(crate) fn run(verb: Verb, settings: &Settings, printer: &mut Printer) -> Result<Outcome, Failure> {
    match verb {
        Verb::Ingest(args) => ingest::run(&args, settings, printer),
        Verb::Status => status::run(settings, printer),
        Verb::Sources => sources::run(settings, printer),
        Verb::Rejects(args) => rejects::run(&args, settings, printer),
        Verb::Inspect(args) => inspect::run(&args, settings, printer),
        Verb::Search(args) => search::run(&args, settings, printer),
        Verb::First(args) => first::run(&args, settings, printer),
        Verb::Freq(args) => freq::run(&args, settings, printer),
        Verb::Patterns(args) => patterns::run(&args, settings, printer),
        Verb::Pattern(args) => pattern::run(&args, settings, printer),
        Verb::Revisions(args) => revisions::run(&args, settings, printer),
        Verb::Diff(args) => diff::run(&args, settings, printer),
        Verb::Regressions(args) => regressions::run(&args, settings, printer),
        Verb::Gate(args) => gate::run(&args, settings, printer),
        Verb::Report(args) => report::run(&args, settings, printer),
        Verb::Issues(args) => issues::run(&args, settings, printer),
        Verb::Coverage => coverage::run(settings, printer),
        Verb::Explain(args) => explain::run(&args, settings, printer),
        Verb::Verify(args) => verify::run(&args, settings, printer),
        Verb::Compact => maintain::compact(settings, printer),
        Verb::Reindex(args) => maintain::reindex(&args, settings, printer),
        Verb::Demo(args) => demo::run(&args, settings, printer),
        Verb::Completions(args) => completions::run(&args, printer),
        Verb::Man => man::run(printer),
    }
}

fn storage(settings: &Settings) -> Arc<dyn Storage> {
    Arc::new(DiskStorage::new(&settings.archive))
}

/// Opens the archive that is asked. It is not closed: the program ends with its answer, and the kernel takes back at once what
/// closing would give back file by file, which is a tenth of the time of a short answer.
fn open(settings: &Settings) -> Result<ManuallyDrop<Archive>, Failure> {
    Archive::open(storage(settings), &settings.archive.display().to_string())
        .map(ManuallyDrop::new)
        .map_err(|error| Failure::archive(&error, &settings.archive))
}

/// An answer that a library drew up, with the name of its contract in front.
#[derive(Serialize)]
struct Named<'a, T> {
    schema: &'static str,
    #[serde(flatten)]
    answer: &'a T,
}

impl<'a, T> Named<'a, T> {
    const fn new(schema: &'static str, answer: &'a T) -> Self {
        Self { schema, answer }
    }
}

/// Finds what `paths` lead to, outside of the archive in use and of every other.
fn discover_exports(paths: &[OsString], settings: &Settings) -> Discovery {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let own = real(&settings.archive);
    let is_archive = |folder: &Path| layout::is_archive(folder) || own.is_some() && real(folder) == own;
    discover_outside(paths, &is_archive)
}

/// Reads `--mask-rules`.
fn mask_rules(path: Option<&Path>) -> Result<Option<String>, Failure> {
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("--mask-rules: {}: {error}", path.display())))
    };
    path.map(read).transpose()
}

/// Reads `--dialect` and `--map`.
fn open_options(reading: &crate::args::Reading) -> Result<OpenOptions, Failure> {
    let dialect = match &reading.dialect {
        None => None,
        Some(name) => {
            let known = DialectKind::ALL.into_iter().filter(|kind| *kind != DialectKind::Unknown);
            let names: Vec<&str> = known.clone().map(DialectKind::name).collect();
            let found = known.into_iter().find(|kind| kind.name() == name);
            Some(found.ok_or_else(|| {
                Failure::new(format!("--dialect: there is no dialect '{name}'")).hint(names.join(", "))
            })?)
        }
    };
    Ok(OpenOptions { dialect, field_map: reading.map.as_deref().map(field_map).transpose()? })
}

/// Reads `member=path` pairs, separated by commas; of `@FILE`, those in a file, one per line, `#` for remarks.
fn field_map(text: &str) -> Result<FieldMap, Failure> {
    let file = match text.strip_prefix('@') {
        None => None,
        Some(path) => Some(
            std::fs::read_to_string(path)
                .map_err(|error| Failure::new(format!("--map: cannot read {path}")).cause(&error))?,
        ),
    };
    let mut map = FieldMap::default();
    let parts: Vec<&str> = match &file {
        None => text.split(',').collect(),
        Some(file) => {
            file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
        }
    };
    for part in parts {
        let wrong = || {
            Failure::new(format!("--map: '{part}' names no member"))
                .hint("write timestamp=PATH,severity=PATH,message=PATH,service=PATH,revision=PATH,id=PATH; any of them")
        };
        let (name, path) = part.split_once('=').ok_or_else(wrong)?;
        let slot = match name.trim() {
            "timestamp" => &mut map.timestamp,
            "severity" => &mut map.severity,
            "message" => &mut map.message,
            "service" => &mut map.service,
            "revision" => &mut map.revision,
            "id" => &mut map.id,
            _ => return Err(wrong()),
        };
        let path = path.trim();
        if path.is_empty() {
            return Err(Failure::new(format!("--map: '{part}' names no path"))
                .hint("leave it out, or say where it stands"));
        }
        *slot = Some(path.to_owned());
    }
    Ok(map)
}

/// A time of an answer, RFC 3339 with nine digits, as people see it.
fn time_cell(rfc3339: &str, precision: Precision) -> Cell {
    rfc3339.parse::<Timestamp>().map_or_else(|_| Cell::text(rfc3339), |time| Cell::Time(time, precision))
}

/// A time that may be missing, from nanoseconds since the Unix epoch.
fn optional_time(ns: Option<i64>) -> Cell {
    ns.map_or(Cell::Empty, |ns| Cell::time_ns(ns, Precision::Second))
}

/// Nanoseconds since the Unix epoch as the contracts have it.
fn rfc3339(ns: i64) -> String {
    timberline_entry::Timestamp::from_nanos(ns).to_string()
}

/// `1 entry`, `2 entries`.
fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", timberline_report::units::count(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_name_members() {
        let map = field_map("timestamp=when,service = app.name").unwrap();
        assert_eq!((map.timestamp.as_deref(), map.service.as_deref()), (Some("when"), Some("app.name")));
        assert!(field_map("timestamp=").is_err() && field_map("timestamp=when,service= ").is_err());
        assert!(field_map("when").is_err() && field_map("colour=red").is_err());
    }

    #[test]
    fn every_dialect_but_the_unknown_can_be_named() {
        let reading = |name: &str| crate::args::Reading { dialect: Some(name.to_owned()), map: None };
        assert_eq!(open_options(&reading("otlp")).unwrap().dialect, Some(DialectKind::Otlp));
        assert!(open_options(&reading("unknown")).is_err() && open_options(&reading("yaml")).is_err());
    }
}
