//! What the report rests on: coverage and dumps, rules, what was taken out, and how to make it again.

use super::words::{counted, optional_time};
use crate::document::{Anchor, Block, Cell, Code, Column, Document, Language, Level, Span, Table};
use timberline_analysis::worklog::{SourceFacts, Worklog, WorklogAsked};

/// Dumps that are listed.
const MAX_SOURCES: usize = 100;

pub(super) fn write(report: &Worklog, document: &mut Document) {
    document.anchored_heading(Level::Section, "Coverage", Anchor::new("coverage"));
    coverage(report, document);
    document.anchored_heading(Level::Section, "Rules", Anchor::new("rules"));
    document.paragraph("The first rule that an entry meets says how urgent it is; a cluster is as urgent as its most urgent entry.");
    document.push(rules(report));
    document.paragraph(
        "Regression: more frequent since a revision, and still so. New: its first entry was observed, that is, the archive \
         could have shown an earlier one and did not. Resolved: silent for longer than chance would keep it silent, in time \
         that is covered. Ongoing: anything else.",
    );
    document.anchored_heading(Level::Section, "Redaction", Anchor::new("redaction"));
    document.paragraph(redaction(report));
    document.anchored_heading(Level::Section, "How to make it again", Anchor::new("again"));
    document.paragraph("The same archive gives the same report, byte for byte.");
    document.push(Code { text: command(&report.question, "worklog.html"), language: Language::Shell });
    document.paragraph("After more dumps came in, what still holds of this report:");
    document
        .push(Code { text: "timberline report --check worklog.html".to_owned(), language: Language::Shell });
}

fn coverage(report: &Worklog, document: &mut Document) {
    let coverage = &report.coverage;
    if coverage.from.is_some() {
        document.push(Block::KeyValues(vec![
            ("covered from".to_owned(), optional_time(coverage.from.as_ref())),
            ("to".to_owned(), optional_time(coverage.to.as_ref())),
        ]));
    }
    if !coverage.warnings.is_empty() {
        let warnings = coverage.warnings.iter().map(|warning| vec![Span::text(warning)]);
        document.push(Block::List(warnings.collect()));
    }
    if !coverage.gaps.is_empty() {
        document.heading(Level::Subsection, "Not covered");
        let mut table = Table::new(vec![
            Column::left("service"),
            Column::left("from"),
            Column::left("to"),
            Column::left("severities").priority(1),
        ]);
        for gap in &coverage.gaps {
            let severities = if gap.is_total { "all".to_owned() } else { gap.severities.join(", ") };
            table.row(vec![
                Cell::log(&gap.service),
                optional_time(Some(&gap.from)),
                optional_time(Some(&gap.to)),
                Cell::text(severities),
            ]);
        }
        document.push(table);
        if coverage.gaps_left_out > 0 {
            document.paragraph(format!(
                "{} more; `timberline coverage` lists them.",
                counted(coverage.gaps_left_out, "gap", "gaps")
            ));
        }
        document.paragraph("The longest would be fetched by:");
        document.push(Code { text: coverage.gaps[0].command.clone(), language: Language::Shell });
    }
    document.heading(Level::Subsection, "Dumps");
    document.push(sources(&report.sources));
    let left_out = report.sources.len().saturating_sub(MAX_SOURCES);
    if left_out > 0 {
        document.paragraph(format!(
            "{} more; `timberline sources` lists them.",
            counted(left_out as u64, "dump", "dumps")
        ));
    }
}

fn sources(sources: &[SourceFacts]) -> Table {
    let mut table = Table::new(vec![
        Column::left("dump"),
        Column::right("entries"),
        Column::left("first").priority(1),
        Column::left("last").priority(2),
        Column::left("cut"),
    ]);
    for source in sources.iter().take(MAX_SOURCES) {
        table.row(vec![
            Cell::log(&source.path),
            Cell::Count(source.read),
            optional_time(source.first.as_ref()),
            optional_time(source.last.as_ref()),
            Cell::text(match source.cut.as_str() {
                "limit" => "by a limit",
                "broken" => "ends in the middle",
                _ => "",
            }),
        ]);
    }
    table
}

fn rules(report: &Worklog) -> Table {
    let mut table =
        Table::new(vec![Column::left("priority"), Column::left("rule"), Column::left("entries that match")]);
    for rule in &report.rules {
        table.row(vec![Cell::text(&rule.priority), Cell::text(&rule.name), Cell::log(&rule.filter)]);
    }
    table
}

fn redaction(report: &Worklog) -> String {
    if report.question.arguments.iter().any(|argument| argument == "--no-redact") {
        return "Nothing was taken out of this report: it was made with --no-redact.".to_owned();
    }
    if report.redactions.is_empty() {
        return "No secret was found in what this report shows. Tokens, keys, passwords, cookies and credentials would be \
                replaced by [redacted:…]."
            .to_owned();
    }
    let kinds: Vec<String> =
        report.redactions.iter().map(|(name, n)| format!("{} × {name}", crate::units::count(*n))).collect();
    format!("Replaced by [redacted:…]: {}.", kinds.join(", "))
}

/// The command that makes a report again, safe to paste into a shell.
pub(super) fn command(asked: &WorklogAsked, output: &str) -> String {
    let mut words = vec!["timberline".to_owned(), "report".to_owned()];
    if !asked.filter.is_empty() {
        words.push(asked.filter.clone());
    }
    for (flag, value) in [("--since", &asked.since), ("--until", &asked.until)] {
        if let Some(value) = value {
            words.extend([flag.to_owned(), value.clone()]);
        }
    }
    if asked.zone != "UTC" && !asked.zone.is_empty() {
        words.extend(["--tz".to_owned(), asked.zone.clone()]);
    }
    words.extend(asked.arguments.iter().cloned());
    words.extend(["-o".to_owned(), output.to_owned()]);
    words.iter().map(|word| crate::escape::shell_word(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted() {
        let asked = WorklogAsked {
            filter: "a=\"it's\" $(x)".to_owned(),
            since: Some("2025-06-01T00:00:00Z".to_owned()),
            until: None,
            zone: "Europe/Berlin".to_owned(),
            arguments: vec!["--redact-pii".to_owned()],
        };
        assert_eq!(
            command(&asked, "w.html"),
            "timberline report 'a=\"it'\\''s\" $(x)' --since 2025-06-01T00:00:00Z --tz Europe/Berlin --redact-pii -o w.html"
        );
    }
}
