//! What a cluster is called, and its first entry as it was exported.

use super::exception::{self, ExceptionFacts};
use super::gathered::{Gathered, Kind};
use super::requests::{endpoint, path_template};
use super::text::Templates;
use crate::question::Investigation;
use regex::Regex;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use timberline_archive::patterns::Exceptions;
use timberline_archive::{Column, Error, Result, compose};
use timberline_entry::json::{Document, parse};
use timberline_entry::{Field, LogEntry, message};
use timberline_pattern::mask::Masker;

/// What a cluster is called and shows of its first entry.
pub(super) struct Sample {
    pub(super) title: String,
    pub(super) template: String,
    pub(super) exception: Option<ExceptionFacts>,
    pub(super) entry: Json,
}

/// Reads the first entry of each cluster whole, and draws from it what the cluster is called. Each segment is visited once.
pub(super) fn samples(
    investigation: &Investigation<'_>,
    gathered: &[Gathered],
    templates: &mut Templates<'_>,
) -> Result<Vec<Sample>> {
    let mut by_segment: BTreeMap<usize, BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
    for (idx, cluster) in gathered.iter().enumerate() {
        let rows = by_segment.entry(cluster.first.segment).or_default();
        rows.entry(cluster.first.row).or_default().push(idx);
    }
    let exceptions = Exceptions::read(investigation.archive)?;
    let mut columns: Vec<Column> =
        Field::ALL.iter().flat_map(|field| Column::of_field(*field)).copied().collect();
    columns.extend([Column::Service, Column::Revision, Column::Severity]);
    columns.sort();
    columns.dedup();
    let mut found: BTreeMap<usize, Sample> = BTreeMap::new();
    for (segment_idx, rows) in by_segment {
        let segment = &investigation.archive.segments()[segment_idx];
        let ranges: Vec<std::ops::Range<u64>> = rows.keys().map(|row| *row..*row + 1).collect();
        let (mut json, mut nodes) = (String::new(), Vec::new());
        let mut failure = None;
        segment.for_each_row(&ranges, &columns, |row| {
            json.clear();
            let composed = compose(&row.cells, row.timestamp, |_| true, &mut json)
                .map_err(|error| error.to_string())
                .and_then(|()| parse(&json, &mut nodes).map_err(|fault| fault.to_string()))
                .and_then(|_| serde_json::from_str::<Json>(&json).map_err(|error| error.to_string()));
            match composed {
                Ok(entry) => {
                    let object =
                        Document::new(&json, &nodes).root().as_object().expect("compose writes an object");
                    let log_entry = LogEntry::from_object(object);
                    for idx in &rows[&row.idx] {
                        let service = row.cells.text(Column::Service);
                        let sample = sample(
                            &gathered[*idx],
                            &exceptions,
                            service,
                            &log_entry,
                            entry.clone(),
                            templates,
                        );
                        found.insert(*idx, sample);
                    }
                    true
                }
                Err(detail) => {
                    failure = Some(Error::Damaged { file: segment.entries_path(), detail });
                    false
                }
            }
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
    }
    Ok(found.into_values().collect())
}

fn sample(
    cluster: &Gathered,
    exceptions: &Exceptions,
    service: &str,
    entry: &LogEntry<'_>,
    json: Json,
    templates: &mut Templates<'_>,
) -> Sample {
    let said = message(entry);
    let plain = match templates.of_pattern(cluster.pattern()) {
        Some(template) if cluster.kind == Kind::Message => template,
        _ => templates.draw(&said),
    };
    let template = templates.of_text(&said, &plain);
    let exception = (cluster.kind == Kind::Exception)
        .then(|| match cluster.trace_in(&said) {
            Some(trace) => Some(exception::facts(&trace)),
            None => exceptions.get(cluster.id).map(exception::facts_of_record),
        })
        .flatten();
    let title = match (&exception, cluster.kind, entry.get(Field::HttpRequest)) {
        (Some(exception), ..) => {
            let root = &exception.chain[exception.root.min(exception.chain.len() - 1)];
            let drawn = templates.draw(&root.value);
            // Where all say the same, that is the news; else only the form of it is common to all.
            let value = match &cluster.root_value {
                Some(value) => templates.redactor().text(value).into_owned(),
                None => templates.of_text(&root.value, &drawn),
            };
            if value.is_empty() { root.type_name.clone() } else { format!("{}: {value}", root.type_name) }
        }
        (None, Kind::Request, Some(request)) => {
            let asked = endpoint(request);
            let path = path_template(&Masker::standard(), &asked.path);
            format!("{} on {} {path} of {service}", asked.status, asked.method)
        }
        _ if said.trim().is_empty() => "an entry without a message".to_owned(),
        _ => template.clone(),
    };
    let title = templates.redactor().text(&title).into_owned();
    Sample { title: one_line(&title), template, exception, entry: json }
}

/// Marks of colour that logging libraries leave at the end of a line.
const COLOURS: [&str; 4] = ["</red>", "</yellow>", "</white>", "</bold>"];
/// Characters of a title.
const MAX_TITLE: usize = 110;

/// What stands before the message on lines that programs write: time, process, severity, where in the program, colours.
fn without_prefix(line: &str) -> &str {
    static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
        let part = concat!(
            r"\s|\||-|\[<[a-z]+>\]|<(?:time|date|num|ip|ts)>|\[?\b(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b *\]?:?|",
            r"[\w.<>*]+:[\w<>*]+:<num>|</?(?:red|yellow|white|green|blue|cyan|magenta|bold|level)>"
        );
        Regex::new(&format!("^(?:{part})+")).expect("the form is well-formed")
    });
    let rest = PREFIX.find(line).map_or(line, |found| &line[found.end()..]);
    if rest.chars().filter(|c| c.is_alphabetic()).count() >= 4 { rest } else { line }
}

/// Returns the first line with something in it, blanks put together, colour codes taken out, cut where it is too long.
fn one_line(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if chars.next() == Some('[') {
            // A control sequence ends with its letter; a template may have a mark instead of its numbers.
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        }
    }
    let line = plain.lines().map(str::trim).find(|line| line.chars().any(char::is_alphanumeric));
    let line = without_prefix(line.unwrap_or_else(|| plain.trim()));
    let line = COLOURS.iter().fold(line, |line, end| line.strip_suffix(end).unwrap_or(line));
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_TITLE) {
        None => line,
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_line() {
        assert_eq!(one_line("\n  \n a\t b \nc"), "a b");
        assert_eq!(one_line("\u{1b}[31mred\u{1b}[0m | x"), "red | x");
        assert_eq!(one_line(&"é".repeat(200)).chars().count(), MAX_TITLE + 1);
        assert_eq!(one_line("===="), "====");
        assert_eq!(
            one_line("[<time>] [<num>] [ERROR] Reason: Worker failed to boot."),
            "Reason: Worker failed to boot."
        );
        assert_eq!(
            one_line("<time> | ERROR | <name>:_emit_log:<num> | <red>Redis is gone</red>"),
            "Redis is gone"
        );
        assert_eq!(one_line("ERROR <num>"), "ERROR <num>");
        assert_eq!(one_line("worker boot failed: x"), "worker boot failed: x");
    }
}
