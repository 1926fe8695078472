//! The first screen: what is wrong, since when, whether it still is, and how far that can be trusted.

use super::words::{counted, how_often, link_cell, link_to, optional_time, time};
use crate::document::{Block, Cell, Column, Document, Level, Link, Note, NoteKind, Span, Table};
use crate::units::Precision;
use jiff::tz::TimeZone;
use timberline_analysis::worklog::{Cluster, Priority, Worklog};

/// Clusters of the table on the first screen.
const MAX_WORST: usize = 8;

pub(super) fn write(report: &Worklog, document: &mut Document) {
    if report.entries == 0 {
        document.note(NoteKind::Warning, "No entry matches: there is nothing to report.");
        return;
    }
    document.push(Block::Paragraph(in_words(report)));
    document.push(Block::KeyValues(header(report, &document.zone.clone())));
    if let Some(first) = report.coverage.warnings.first() {
        let n = report.coverage.warnings.len() as u64;
        document.push(Note {
            kind: NoteKind::Warning,
            text: vec![
                Span::text(format!(
                    "{} on what the dumps do not say, such as: {first}; see ",
                    counted(n, "remark", "remarks")
                )),
                Span::link("coverage", crate::Anchor::new("coverage")),
                Span::text("."),
            ],
        });
    }
    document.anchored_heading(Level::Section, "Summary", crate::Anchor::new("summary"));
    document.push(table(report, MAX_WORST));
    let places = ["Course", "Clusters", "Requests", "Containers", "Deploys", "Changes", "Coverage", "Again"];
    let is_there = |name: &&str| match *name {
        "Requests" => !report.requests.is_empty(),
        "Containers" => !report.containers.is_empty() || !report.phases.is_empty(),
        "Deploys" => !report.deploys.is_empty(),
        "Changes" => !report.changes.is_empty(),
        _ => true,
    };
    let link = |name: &str| Link { text: name.to_lowercase(), anchor: crate::Anchor::new(name) };
    document.push(Block::Links(places.into_iter().filter(is_there).map(link).collect()));
}

/// One paragraph that can be read aloud.
fn in_words(report: &Worklog) -> Vec<Span> {
    let of =
        |priority: Priority| report.clusters.iter().filter(|cluster| cluster.priority == priority).count();
    let parts: Vec<String> = Priority::ALL
        .into_iter()
        .filter(|priority| of(*priority) > 0)
        .map(|priority| format!("{} {}", of(priority), priority.name()))
        .collect();
    let mut spans = vec![
        Span::Value(Cell::Count(report.entries)),
        Span::text(" entries, in them "),
        Span::strong(counted(report.clusters.len() as u64, "cluster", "clusters")),
        Span::text(if parts.is_empty() { ". ".to_owned() } else { format!(" ({}). ", parts.join(", ")) }),
    ];
    if let Some(worst) = report.clusters.first().filter(|worst| worst.priority <= Priority::P2) {
        spans.extend([
            Span::text("The most urgent: "),
            link_to(report, &worst.id, &worst.title),
            Span::text(format!(
                ", {} ({}), first ",
                counted(worst.count, "entry", "entries"),
                how_often(worst)
            )),
            Span::Value(time(&worst.first.timestamp, Precision::Second)),
            Span::text(" in "),
            Span::Value(super::words::or_none(&worst.first.revision)),
            Span::text(". "),
        ]);
    }
    if let Some(timeline) = &report.timeline {
        spans.extend([
            Span::text("At the end it is "),
            Span::strong(timeline.current.clone()),
            Span::text(format!(": {}", timeline.reason)),
        ]);
        if let Some(last) = &timeline.last {
            spans.extend([
                Span::text(" (the last at "),
                Span::Value(time(last, Precision::Second)),
                Span::text(")"),
            ]);
        }
        spans.push(Span::text("."));
    }
    spans
}

fn header(report: &Worklog, zone: &TimeZone) -> Vec<(String, Cell)> {
    let mut pairs = Vec::new();
    let mut pair = |name: &str, cell: Cell| pairs.push((name.to_owned(), cell));
    let ends = |precision| -> Vec<Cell> {
        [&report.first, &report.last].into_iter().flatten().map(|text| time(text, precision)).collect()
    };
    let shown = |zone: &TimeZone| {
        let texts: Vec<String> = ends(Precision::Second)
            .iter()
            .map(|cell| crate::shown::text_of(cell, zone, crate::escape::Charset::Unicode))
            .collect();
        Cell::text(texts.join(" to "))
    };
    pair("window, UTC", shown(&TimeZone::UTC));
    if *zone != TimeZone::UTC {
        let name = zone.iana_name().unwrap_or("local time");
        pair(&format!("window, {name}"), shown(zone));
    }
    let asked = &report.question;
    if !asked.filter.is_empty() {
        pair("filter", Cell::log(&asked.filter));
    }
    let services: Vec<String> = report
        .services
        .iter()
        .map(|facts| {
            let name = if facts.service.is_empty() { "(no service)" } else { &facts.service };
            let revisions = facts.revisions.iter().filter(|revision| !revision.revision.is_empty()).count();
            format!(
                "{name} ({}, {})",
                counted(facts.entries, "entry", "entries"),
                counted(revisions as u64, "revision", "revisions")
            )
        })
        .collect();
    pair("services", Cell::text(services.join(", ")));
    let latest: Vec<&str> = report
        .services
        .iter()
        .filter(|facts| !facts.service.is_empty())
        .filter_map(|facts| {
            facts.revisions.iter().rev().map(|facts| facts.revision.as_str()).find(|name| !name.is_empty())
        })
        .collect();
    pair("latest revisions", Cell::id(latest.join(", ")));
    pair(
        "entries",
        Cell::text(format!(
            "{} of {} in the archive; {} merged, {} rejected",
            crate::units::count(report.entries),
            crate::units::count(report.archive_entries),
            counted(report.duplicates, "copy", "copies"),
            crate::units::count(report.rejected)
        )),
    );
    pair("collected from", Cell::text(counted(report.sources.len() as u64, "dump", "dumps")));
    if report.coverage.from.is_some() {
        let gaps = report.coverage.gaps.len() as u64 + report.coverage.gaps_left_out;
        let gaps = if gaps == 0 { "no gaps".to_owned() } else { counted(gaps, "gap", "gaps") };
        pair("coverage", Cell::text(format!("{gaps} in the window")));
    }
    pairs
}

/// The most urgent clusters, each linked.
pub(super) fn table(report: &Worklog, max_rows: usize) -> Table {
    let mut table = Table::new(vec![
        Column::left("priority"),
        Column::left("state"),
        Column::left("what"),
        Column::right("entries"),
        Column::right("share").priority(3),
        Column::left("how often").priority(4),
        Column::left("first").priority(2),
        Column::left("first is").priority(5),
        Column::left("last").priority(1),
    ]);
    for cluster in report.clusters.iter().take(max_rows) {
        table.row(row(report, cluster));
    }
    table
}

fn row(report: &Worklog, cluster: &Cluster) -> Vec<Cell> {
    vec![
        Cell::text(cluster.priority.name()),
        Cell::text(cluster.state.name()),
        link_cell(report, &cluster.id, &cluster.title),
        Cell::Count(cluster.count),
        Cell::Share { part: cluster.count, total: report.entries },
        Cell::text(how_often(cluster)),
        optional_time(Some(&cluster.first.timestamp)),
        Cell::text(&cluster.first.status),
        optional_time(Some(&cluster.last.timestamp)),
    ]
}
