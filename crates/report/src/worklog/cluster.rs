//! One cluster: what it says, what it rests on, when and where, the exception, a sample, what belongs to it.

use super::charts::course;
use super::words::{anchor, counted, how_often, link_to, optional_time, or_none, seconds_text, time};
use crate::document::{Block, Cell, Code, Column, Document, Language, Level, Span, Table};
use crate::units::{self, Precision};
use timberline_analysis::worklog::{ChainLink, Cluster, ExceptionFacts, OccurrenceFacts, Related, Worklog};

/// Revisions of the table.
const MAX_REVISIONS: usize = 12;
/// Characters of a template that are shown.
const MAX_TEMPLATE: usize = 700;

pub(super) fn write(report: &Worklog, cluster: &Cluster, document: &mut Document) {
    document.anchored_heading(Level::Subsection, cluster.issue_title(), anchor(&cluster.id));
    what(report, cluster, document);
    if cluster.course.counts.len() > 1 {
        document.push(course(report, cluster, &document.zone.clone()));
    }
    details(cluster, document);
    if !cluster.related.is_empty() {
        document.heading(Level::Minor, "Related");
        document.push(Block::List(cluster.related.iter().map(|other| related(report, other)).collect()));
    }
    sample(cluster, document);
}

/// The facts of a cluster, and what it says.
pub(super) fn what(report: &Worklog, cluster: &Cluster, document: &mut Document) {
    document.push(Block::KeyValues(facts(report, cluster)));
    if cluster.template != cluster.title {
        document.push(Code {
            text: super::charts::short(&cluster.template, MAX_TEMPLATE),
            language: Language::Plain,
        });
    }
}

/// The exception, and the revisions.
pub(super) fn details(cluster: &Cluster, document: &mut Document) {
    if let Some(exception) = &cluster.exception {
        document.heading(Level::Minor, "Exception");
        document.push(Code { text: chain(exception), language: Language::Plain });
    }
    if cluster.revisions.len() > 1 {
        document.push(revisions(cluster));
    }
}

/// The first entry as it was exported.
pub(super) fn sample(cluster: &Cluster, document: &mut Document) {
    document.heading(Level::Minor, "First entry");
    let sample = serde_json::to_string_pretty(&cluster.sample).expect("a JSON value can be written");
    document.push(Code { text: sample, language: Language::Json });
}

fn facts(report: &Worklog, cluster: &Cluster) -> Vec<(String, Cell)> {
    let mut pairs = Vec::new();
    let mut pair = |name: &str, cell: Cell| pairs.push((name.to_owned(), cell));
    pair("priority", Cell::text(format!("{}: {}", cluster.priority.name(), cluster.rule)));
    pair("state", Cell::text(format!("{}: {}", cluster.state.name(), cluster.state_reason)));
    pair(
        "entries",
        Cell::text(format!(
            "{} ({} of all), {}",
            units::count(cluster.count),
            units::share(cluster.count, report.entries),
            how_often(cluster)
        )),
    );
    if let Some(rate) = &cluster.rate {
        pair(
            "rate",
            Cell::Rate {
                value: rate.value,
                interval: Some((rate.low, rate.high)),
                per: "covered hour".to_owned(),
            },
        );
    }
    let severities: Vec<String> =
        cluster.severities.iter().map(|(name, n)| format!("{} {name}", units::count(*n))).collect();
    pair("severity", Cell::text(severities.join(", ")));
    pair("first", time(&cluster.first.timestamp, Precision::Millisecond));
    pair("first is", Cell::text(evidence(&cluster.first)));
    pair("last", time(&cluster.last.timestamp, Precision::Millisecond));
    pair("last is", Cell::text(evidence(&cluster.last)));
    if let [only] = cluster.revisions.as_slice() {
        pair("service", or_none(&only.service));
        pair("revision", or_none(&only.revision));
    }
    if let Some(onset) = &cluster.onset {
        let others = match onset.candidates.len() {
            0 | 1 => String::new(),
            n => format!(" or {} of its neighbours", n - 1),
        };
        pair(
            "more since",
            Cell::text(format!(
                "{}{others} ({:.0} % likely, q {:.1e})",
                onset.revision,
                onset.posterior * 100.0,
                onset.q
            )),
        );
        if onset.deployed.is_some() {
            pair("deployed", optional_time(onset.deployed.as_ref()));
        }
    }
    if cluster.instances > 0 {
        pair("instances", Cell::Count(cluster.instances));
    }
    if !cluster.labels.is_empty() {
        let labels: Vec<String> = cluster
            .labels
            .iter()
            .map(|label| format!("{}={} ({})", label.name, label.value, units::count(label.count)))
            .collect();
        pair("labels", Cell::log(labels.join("; ")));
    }
    if !cluster.error_groups.is_empty() {
        pair("error groups", Cell::id(cluster.error_groups.join(", ")));
    }
    pair("fingerprint", Cell::id(&cluster.id));
    pairs
}

fn evidence(found: &OccurrenceFacts) -> String {
    format!("{}: {}; {} line {}", found.status, found.reason, found.source, units::count(found.line))
}

/// The chain of exceptions as text: each with the frames that matter, from the failure outwards.
fn chain(exception: &ExceptionFacts) -> String {
    let mut lines = Vec::new();
    for (idx, link) in exception.chain.iter().enumerate() {
        let intro = match link.relation.as_str() {
            "cause" => "caused by ",
            "context" => "while handling ",
            _ => "",
        };
        let root = if idx == exception.root && exception.chain.len() > 1 { "   ← root" } else { "" };
        let value = if link.value.is_empty() { String::new() } else { format!(": {}", link.value) };
        lines.push(format!("{intro}{}{value}{root}", link.type_name));
        lines.extend(frames(link));
    }
    lines.join("\n")
}

fn frames(link: &ChainLink) -> Vec<String> {
    let mut lines: Vec<String> = link
        .frames
        .iter()
        .map(|frame| {
            let line = frame.line.map_or(String::new(), |line| format!(":{line}"));
            let place =
                if frame.file.is_empty() { String::new() } else { format!("  ({}{line})", frame.file) };
            let own = if frame.in_app { "" } else { "  [library]" };
            format!("    at {}{place}{own}", frame.name)
        })
        .collect();
    if link.frames_left_out > 0 {
        lines.push(format!(
            "    … {} of libraries and the runtime",
            counted(link.frames_left_out as u64, "frame", "frames")
        ));
    }
    lines
}

fn revisions(cluster: &Cluster) -> Table {
    let mut table = Table::new(vec![
        Column::left("service"),
        Column::left("revision"),
        Column::right("entries"),
        Column::right("share").priority(3),
        Column::left("first").priority(1),
        Column::left("last").priority(2),
    ]);
    for facts in cluster.revisions.iter().take(MAX_REVISIONS) {
        table.row(vec![
            or_none(&facts.service),
            or_none(&facts.revision),
            Cell::Count(facts.count),
            Cell::Share { part: facts.count, total: cluster.count },
            optional_time(Some(&facts.first)),
            optional_time(Some(&facts.last)),
        ]);
    }
    let left_out = cluster.revisions.len().saturating_sub(MAX_REVISIONS);
    if left_out > 0 {
        table.row(vec![Cell::Empty, Cell::text(format!("{left_out} more"))]);
    }
    table
}

fn related(report: &Worklog, other: &Related) -> Vec<Span> {
    let mut reasons = Vec::new();
    if other.shared_traces > 0 {
        reasons.push(format!("in {}", counted(other.shared_traces, "same trace", "same traces")));
    }
    if other.shared_cells > 0 {
        reasons.push(format!("in {} of {} minutes of an instance", other.shared_cells, other.either_cells));
    }
    let lag = seconds_text(other.median_seconds);
    match other.order.as_str() {
        "before" => reasons.push(format!("comes first, {lag} before this: may be its cause")),
        "after" => reasons.push(format!("follows {lag} after this")),
        _ => {}
    }
    vec![link_to(report, &other.id, &other.title), Span::text(format!(": {}", reasons.join("; ")))]
}
