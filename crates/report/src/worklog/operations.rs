//! Requests, containers, starts, deploys, what changed, and the issues that could be filed.

use super::charts::latencies;
use super::words::{counted, link_cell, optional_time, or_none, seconds};
use crate::document::{Anchor, Block, Cell, Column, Document, Level, NoteKind, Span, Table};
use crate::units;
use timberline_analysis::worklog::{
    ChangeFacts, ContainerFacts, DeployFacts, EndpointFacts, ErrorAfter, Exit, PhaseFacts, Worklog,
};

/// Endpoints of the table.
const MAX_ENDPOINTS: usize = 120;
/// Titles of drafts that are listed.
const MAX_DRAFTS: usize = 30;

pub(super) fn write(report: &Worklog, document: &mut Document) {
    if !report.requests.is_empty() {
        document.anchored_heading(Level::Section, "Requests", Anchor::new("requests"));
        document.push(requests(&report.requests));
        let left_out = report.requests.len().saturating_sub(MAX_ENDPOINTS);
        if left_out > 0 {
            document.paragraph(format!("{left_out} more endpoints and statuses are in the JSON report."));
        }
        if let Some(latencies) = latencies(report) {
            document.push(latencies);
        }
    }
    if !report.containers.is_empty() || !report.phases.is_empty() {
        document.anchored_heading(Level::Section, "Containers and starts", Anchor::new("containers"));
        if !report.containers.is_empty() {
            document.push(containers(&report.containers));
        }
        if !report.phases.is_empty() {
            document.heading(Level::Subsection, "Phases of starts that the log states");
            document.push(phases(&report.phases));
        }
    }
    if !report.deploys.is_empty() {
        document.anchored_heading(Level::Section, "Deploys", Anchor::new("deploys"));
        document.push(deploys(report));
    }
    if !report.changes.is_empty() {
        document.anchored_heading(
            Level::Section,
            "What changed against the previous revision",
            Anchor::new("changes"),
        );
        for change in &report.changes {
            changes(report, change, document);
        }
    }
    if !report.clusters.is_empty() {
        document.anchored_heading(Level::Section, "Issue drafts", Anchor::new("drafts"));
        document.push(Block::Paragraph(vec![
            Span::text("Written by "),
            Span::code("timberline issues -o DIR"),
            Span::text(", which compares them with what was filed before and sends nothing."),
        ]));
        let titles =
            report.clusters.iter().take(MAX_DRAFTS).map(|cluster| vec![Span::code(cluster.issue_title())]);
        document.push(Block::List(titles.collect()));
        let left_out = report.clusters.len().saturating_sub(MAX_DRAFTS);
        if left_out > 0 {
            document.paragraph(format!("… and {left_out} more."));
        }
    }
}

fn requests(endpoints: &[EndpointFacts]) -> Table {
    let mut table = Table::new(vec![
        Column::left("service").priority(3),
        Column::left("method"),
        Column::left("endpoint"),
        Column::right("status"),
        Column::right("count"),
        Column::right("min").priority(5),
        Column::right("median").priority(2),
        Column::right("p95").priority(1),
        Column::right("max").priority(4),
        Column::left("user agents").priority(6),
    ]);
    for facts in endpoints.iter().take(MAX_ENDPOINTS) {
        let latency = |pick: fn(&timberline_analysis::worklog::Latency) -> f64| {
            facts.latency.as_ref().map_or(Cell::Empty, |latency| seconds(pick(latency)))
        };
        let mut agents: Vec<String> = facts
            .user_agents
            .iter()
            .map(|agent| {
                let name = if agent.name.is_empty() { "(none)" } else { &agent.name };
                format!("{name} ({})", units::count(agent.count))
            })
            .collect();
        if facts.other_user_agents > 0 {
            agents.push(format!("{} more", units::count(facts.other_user_agents)));
        }
        table.row(vec![
            Cell::log(&facts.service),
            Cell::log(&facts.method),
            Cell::log(&facts.path),
            if facts.status == 0 { Cell::text("(none)") } else { Cell::id(facts.status.to_string()) },
            Cell::Count(facts.count),
            latency(|latency| latency.min),
            latency(|latency| latency.median),
            latency(|latency| latency.p95),
            latency(|latency| latency.max),
            Cell::log(agents.join("; ")),
        ]);
    }
    table
}

fn ways(ways: &[Exit]) -> Cell {
    let parts: Vec<String> =
        ways.iter().map(|way| format!("{} × {}", units::count(way.count), way.how)).collect();
    if parts.is_empty() { Cell::Empty } else { Cell::log(parts.join(", ")) }
}

fn containers(containers: &[ContainerFacts]) -> Table {
    let mut table = Table::new(vec![
        Column::left("service").priority(3),
        Column::left("revision"),
        Column::right("instances").priority(2),
        Column::right("starts"),
        Column::left("exits"),
        Column::right("restarts"),
        Column::left("restart rate").priority(1),
        Column::left("instances started for").priority(4),
    ]);
    for facts in containers {
        table.row(vec![
            Cell::log(&facts.service),
            or_none(&facts.revision),
            Cell::Count(facts.instances),
            Cell::Count(facts.starts),
            ways(&facts.exits),
            Cell::Count(facts.restarts),
            facts.restarts_per_hour.map_or(Cell::Empty, |value| Cell::Rate {
                value,
                interval: None,
                per: "covered hour".to_owned(),
            }),
            ways(&facts.reasons),
        ]);
    }
    table
}

fn phases(phases: &[PhaseFacts]) -> Table {
    let mut table = Table::new(vec![
        Column::left("service").priority(3),
        Column::left("phase"),
        Column::left("outcome"),
        Column::right("count"),
        Column::right("takes (median)").priority(4),
        Column::left("first").priority(1),
        Column::left("last").priority(2),
    ]);
    for facts in phases {
        table.row(vec![
            Cell::log(&facts.service),
            Cell::log(&facts.phase),
            Cell::text(&facts.outcome),
            Cell::Count(facts.count),
            facts.seconds.map_or(Cell::Empty, seconds),
            optional_time(Some(&facts.first)),
            optional_time(Some(&facts.last)),
        ]);
    }
    table
}

fn deploys(report: &Worklog) -> Table {
    let mut table = Table::new(vec![
        Column::left("deployed"),
        Column::left("service").priority(4),
        Column::left("revision"),
        Column::left("by").priority(2),
        Column::right("first error after").priority(3),
        Column::right("first new error after"),
        Column::left("which is").priority(1),
        Column::left("image").priority(5),
    ]);
    for facts in &report.deploys {
        table.row(deploy(report, facts));
    }
    table
}

fn deploy(report: &Worklog, facts: &DeployFacts) -> Vec<Cell> {
    let lag = |error: Option<&ErrorAfter>| error.map_or(Cell::text("none"), |error| seconds(error.seconds));
    let new = facts.first_new_error.as_ref();
    vec![
        optional_time(Some(&facts.time)),
        Cell::log(&facts.service),
        or_none(facts.revision.as_deref().unwrap_or_default()),
        facts.by.as_ref().map_or(Cell::Empty, Cell::log),
        lag(facts.first_error.as_ref()),
        lag(new),
        new.and_then(|error| report.cluster(&error.id))
            .map_or(Cell::Empty, |cluster| link_cell(report, &cluster.id, &cluster.title)),
        facts.image.as_ref().map_or(Cell::Empty, Cell::log),
    ]
}

fn changes(report: &Worklog, change: &ChangeFacts, document: &mut Document) {
    document.push(Block::Paragraph(vec![
        Span::code(&change.target),
        Span::text(" against "),
        Span::code(&change.base),
        Span::text(format!(
            ": {} and {} of instances compared; {} did not change for sure.",
            counted(change.cells.1, "minute", "minutes"),
            counted(change.cells.0, "minute", "minutes"),
            counted(change.unchanged, "pattern", "patterns")
        )),
    ]));
    for warning in &change.warnings {
        document.note(NoteKind::Warning, warning);
    }
    if change.patterns.is_empty() {
        return;
    }
    let mut table = Table::new(vec![
        Column::left("change"),
        Column::left("severity").priority(2),
        Column::right("before"),
        Column::right("now"),
        Column::right("ratio of rates").priority(1),
        Column::right("q").priority(3),
        Column::left("message"),
    ]);
    for pattern in &change.patterns {
        table.row(vec![
            Cell::text(pattern.status.replace('-', " ")),
            Cell::text(&pattern.severity),
            Cell::Count(pattern.counts.0),
            Cell::Count(pattern.counts.1),
            pattern.ratio.map_or(Cell::Empty, Cell::Measure),
            pattern.q.map_or(Cell::Empty, Cell::Measure),
            link_cell(report, &pattern.id, &super::charts::short(&pattern.template, 200)),
        ]);
    }
    document.push(table);
    if change.left_out > 0 {
        document.paragraph(format!("{} more changed.", counted(change.left_out, "pattern", "patterns")));
    }
}
