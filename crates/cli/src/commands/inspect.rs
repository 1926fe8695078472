//! `inspect`: what a file is, without putting it anywhere. Contract `timberline/inspect/1`.

use super::{counted, discover_exports, open_options, rfc3339, time_cell};
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use serde::Serialize;
use std::collections::BTreeMap;
use timberline_entry::input::{CutHint, Discovery, OpenOptions, Reader, SourceFacts, SourceSpec};
use timberline_entry::{Refusal, RejectReason, Repairs, Scratch, Severity, Timestamp, origin, read};
use timberline_report::units::{self, Precision};
use timberline_report::{Block, Cell, Document, Level, NoteKind};

/// Text read at a time.
const BATCH_BYTES: usize = 1 << 20;

#[derive(Serialize)]
struct Inspection {
    schema: &'static str,
    files: Vec<Findings>,
    refused: Vec<Refused>,
}

#[derive(Serialize)]
struct Refused {
    path: String,
    reason: &'static str,
    detail: String,
}

/// What one file is.
#[derive(Serialize)]
struct Findings {
    path: String,
    dialect: String,
    dialect_reason: String,
    compression: String,
    encoding: String,
    bytes: u64,
    text_bytes: u64,
    /// JSON documents at the outermost level.
    documents: u64,
    /// Where entries stand in the document, with how many: the empty path is the document itself.
    places: BTreeMap<String, u64>,
    entries: u64,
    rejected: BTreeMap<&'static str, u64>,
    repaired: BTreeMap<&'static str, u64>,
    first: Option<String>,
    last: Option<String>,
    severities: BTreeMap<&'static str, u64>,
    services: BTreeMap<String, u64>,
    ends_early: bool,
    /// What it looks like, when not a single entry was found.
    found_instead: Option<&'static str>,
    /// Windows that the file says it holds.
    asked: Vec<(String, String)>,
}

pub(super) fn run(
    args: &args::Inspect,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let options = open_options(&args.reading)?;
    let Discovery { sources: specs, mut refused, left_out } = discover_exports(&args.paths, settings);
    if !left_out.is_empty() {
        printer.note(&format!("left out, as an archive of Timberline: {}", left_out.join(", ")));
    }
    let mut files = Vec::new();
    for spec in &specs {
        match inspect(spec, &options)? {
            Ok(findings) => files.push(findings),
            Err(refusal) => refused.push(refusal),
        }
    }
    let any_entry = files.iter().any(|file| file.entries > 0);
    let is_whole = refused.is_empty() && files.iter().all(|file| file.rejected.is_empty());
    let refused = refused.into_iter().map(|refusal| Refused {
        detail: format!("{}: {}", refusal.reason, refusal.detail).trim_end_matches(": ").to_owned(),
        path: refusal.path,
        reason: refusal.reason.name(),
    });
    let inspection = Inspection { schema: "timberline/inspect/1", files, refused: refused.collect() };
    if printer.format == Format::Ndjson {
        inspection.files.iter().try_for_each(|file| printer.json_line(file))?;
    } else {
        printer.answer(&inspection, || document(&inspection, settings))?;
    }
    if printer.format != Format::Text {
        for refused in &inspection.refused {
            printer.warning(&format!("{}: {}", refused.path, refused.detail));
        }
    }
    Ok(match (is_whole, any_entry) {
        (true, _) => Outcome::Answered,
        (false, true) => Outcome::Incomplete,
        (false, false) => Outcome::CouldNot,
    })
}

/// Reads a file from end to end.
fn inspect(spec: &SourceSpec, options: &OpenOptions) -> Result<Result<Findings, Refusal>, Failure> {
    let mut reader = match Reader::open(spec, options) {
        Ok(reader) => reader,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let failed = |error: timberline_entry::input::Error| Failure::new("cannot read on").cause(&error);
    let mut tally = Tally::default();
    let mut scratch = Scratch::new();
    while let Some(batch) = reader.next_batch(BATCH_BYTES).map_err(failed)? {
        batch.rejects.iter().for_each(|reject| tally.reject(reject.reason));
        batch.repairs.iter().for_each(|repair| tally.repairs.add(repair.kind, 1));
        for record in &batch.records {
            match read(&batch, record, &mut scratch) {
                Ok(read) => {
                    tally.repairs.merge(&read.repairs);
                    tally.span =
                        Some(tally.span.map_or((read.timestamp, read.timestamp), |(first, last)| {
                            (first.min(read.timestamp), last.max(read.timestamp))
                        }));
                    tally.entries += 1;
                    *tally.severities.entry(read.entry.severity().name()).or_insert(0) += 1;
                    let service = origin(&read.entry).service.into_owned();
                    *tally.services.entry(service).or_insert(0) += 1;
                }
                Err(reject) => tally.reject(reject.reason),
            }
        }
    }
    Ok(Ok(tally.findings(reader.finish().map_err(failed)?)))
}

#[derive(Default)]
struct Tally {
    entries: u64,
    rejected: BTreeMap<&'static str, u64>,
    repairs: Repairs,
    span: Option<(Timestamp, Timestamp)>,
    severities: BTreeMap<&'static str, u64>,
    services: BTreeMap<String, u64>,
}

impl Tally {
    fn reject(&mut self, reason: RejectReason) {
        *self.rejected.entry(reason.name()).or_insert(0) += 1;
    }

    fn findings(self, facts: SourceFacts) -> Findings {
        let time = |time: Timestamp| rfc3339(time.as_nanos());
        Findings {
            path: facts.path,
            dialect: facts.dialect.to_string(),
            dialect_reason: facts.dialect_reason,
            compression: facts.compression.name().to_owned(),
            encoding: facts.encoding.name().to_owned(),
            bytes: facts.bytes,
            text_bytes: facts.text_bytes,
            documents: facts.documents,
            places: facts
                .contexts
                .into_iter()
                .filter(|place| place.records > 0)
                .map(|place| (place.path, place.records))
                .collect(),
            entries: self.entries,
            rejected: self.rejected,
            repaired: self.repairs.iter().map(|(kind, count)| (kind.name(), count.into())).collect(),
            first: self.span.map(|(first, _)| time(first)),
            last: self.span.map(|(_, last)| time(last)),
            severities: self.severities,
            services: self.services,
            ends_early: facts.cut == CutHint::Broken,
            found_instead: facts.found_instead,
            asked: facts
                .evidence
                .asked
                .iter()
                .map(|asked| (time(asked.start.0), time(asked.end.0)))
                .collect(),
        }
    }
}

fn document(inspection: &Inspection, settings: &Settings) -> Document {
    let mut document = Document::new("inspect").in_zone(settings.zone.clone());
    for file in &inspection.files {
        document.heading(Level::Section, &file.path);
        document.push(Block::KeyValues(facts(file)));
        if file.ends_early {
            document.note(NoteKind::Warning, "it ends in the middle; what comes after is missing");
        }
        if let Some(found) = file.found_instead {
            document.note(NoteKind::Warning, format!("not a single entry was found; it looks like {found}"));
        }
    }
    for refused in &inspection.refused {
        document.note(NoteKind::Warning, format!("{}: {}", refused.path, refused.detail));
    }
    document
}

fn facts(file: &Findings) -> Vec<(String, Cell)> {
    let mut facts = vec![
        ("dialect".to_owned(), Cell::text(format!("{}: {}", file.dialect, file.dialect_reason))),
        ("stored as".to_owned(), {
            let sizes = match file.compression.as_str() {
                "none" => units::bytes(file.bytes),
                other => format!(
                    "{} of {other}, {} of text",
                    units::bytes(file.bytes),
                    units::bytes(file.text_bytes)
                ),
            };
            Cell::text(format!(
                "{sizes}, {}, {}",
                file.encoding,
                counted(file.documents, "JSON document", "JSON documents")
            ))
        }),
        ("entries".to_owned(), Cell::Count(file.entries)),
    ];
    let counts = |counts: Vec<(String, u64)>| {
        let shown: Vec<String> =
            counts.iter().map(|(name, n)| format!("{} {name}", units::count(*n))).collect();
        Cell::log(shown.join(", "))
    };
    let mut add = |name: &str, counted: Vec<(String, u64)>| {
        if !counted.is_empty() {
            facts.push((name.to_owned(), counts(counted)));
        }
    };
    let named = |name: &String| if name.is_empty() { "without a name".to_owned() } else { name.clone() };
    if file.places.keys().any(|place| !place.is_empty()) {
        add("places", file.places.iter().map(|(place, n)| (named(place), *n)).collect());
    }
    let by_severity = Severity::ALL
        .into_iter()
        .filter_map(|severity| file.severities.get(severity.name()).map(|n| (severity.to_string(), *n)));
    add("severities", by_severity.collect());
    add("services", file.services.iter().map(|(service, n)| (named(service), *n)).collect());
    add("rejected", file.rejected.iter().map(|(reason, n)| ((*reason).to_owned(), *n)).collect());
    add("repaired", file.repaired.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect());
    for (name, time) in [("first", &file.first), ("last", &file.last)] {
        if let Some(time) = time {
            facts.push((name.to_owned(), time_cell(time, Precision::Microsecond)));
        }
    }
    for (from, to) in &file.asked {
        facts.push(("asked for".to_owned(), Cell::text(format!("{from} to {to}"))));
    }
    facts
}
