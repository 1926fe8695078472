//! How the worklog says things.

use crate::document::{Anchor, Cell, Span};
use crate::units::{self, Precision};
use jiff::Timestamp;
use std::time::Duration;
use timberline_analysis::worklog::{Cluster, Worklog};

/// What a report is called: of which services.
pub(super) fn title(report: &Worklog) -> String {
    let names: Vec<&str> =
        report.services.iter().map(|facts| facts.service.as_str()).filter(|name| !name.is_empty()).collect();
    match names.as_slice() {
        [] => "Worklog".to_owned(),
        [one] => format!("Worklog of {one}"),
        [one, other] => format!("Worklog of {one} and {other}"),
        [one, other, rest @ ..] => format!("Worklog of {one}, {other} and {} more", rest.len()),
    }
}

/// The place of a cluster on the page.
pub(super) fn anchor(id: &str) -> Anchor {
    Anchor::new(&format!("cluster {id}"))
}

/// A time of the facts, RFC 3339.
pub(super) fn time(rfc3339: &str, precision: Precision) -> Cell {
    rfc3339.parse::<Timestamp>().map_or_else(|_| Cell::text(rfc3339), |at| Cell::Time(at, precision))
}

/// A time that may be missing.
pub(super) fn optional_time(rfc3339: Option<&String>) -> Cell {
    rfc3339.map_or(Cell::Empty, |text| time(text, Precision::Second))
}

/// A length of time in seconds.
pub(super) fn seconds(seconds: f64) -> Cell {
    Duration::try_from_secs_f64(seconds).map_or(Cell::Empty, Cell::Duration)
}

/// The same as words.
pub(super) fn seconds_text(seconds: f64) -> String {
    Duration::try_from_secs_f64(seconds).map_or_else(|_| "n/a".to_owned(), units::duration)
}

/// `1 entry`, `2 entries`.
pub(super) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", units::count(n), if n == 1 { one } else { many })
}

/// How often, as people say it: `every 30 s`, `34 in 1 hour`.
pub(super) fn how_often(cluster: &Cluster) -> String {
    match (cluster.period_seconds, &cluster.busiest) {
        (Some(period), _) => format!("every {}", seconds_text(period)),
        (None, Some(busiest)) if cluster.count > 1 && busiest.seconds >= 3_600.0 => {
            format!("up to {} in 1 hour", units::count(busiest.count))
        }
        (None, Some(busiest)) if cluster.count > 1 => {
            format!("{} in {}", units::count(busiest.count), seconds_text(busiest.seconds))
        }
        _ => "once".to_owned(),
    }
}

/// A name, or what stands for none.
pub(super) fn or_none(name: &str) -> Cell {
    if name.is_empty() { Cell::text("(none)") } else { Cell::id(name) }
}

/// Clusters with a section of their own. The rest is in the JSON report with all its facts.
pub(super) const MAX_SECTIONS: usize = 50;

/// A way to a cluster's section, or its name where it has none.
pub(super) fn link_to(report: &Worklog, id: &str, title: &str) -> Span {
    let has_section = report.clusters.iter().take(MAX_SECTIONS).any(|cluster| cluster.id == id);
    if has_section { Span::link(title, anchor(id)) } else { Span::code(title) }
}

/// The same as a cell.
pub(super) fn link_cell(report: &Worklog, id: &str, title: &str) -> Cell {
    match link_to(report, id, title) {
        Span::Link(link) => Cell::Link(link),
        _ => Cell::log(title),
    }
}
