//! The course of the window: severities over time with the deploys, severities in all, clusters by revision.

use super::charts::{heat_map, severity_timeline};
use super::words::{link_to, optional_time};
use crate::document::{Anchor, Bar, Bars, Block, Cell, Document, Level, Sample, Span};
use timberline_analysis::worklog::Worklog;

pub(super) fn write(report: &Worklog, document: &mut Document) {
    document.anchored_heading(Level::Section, "Course", Anchor::new("course"));
    if let Some(timeline) = &report.timeline {
        let mut pairs = Vec::new();
        if timeline.onset.is_some() {
            pairs.push(("first of P0 to P2".to_owned(), optional_time(timeline.onset.as_ref())));
            pairs.push(("peak".to_owned(), optional_time(timeline.peak.as_ref())));
            pairs.push(("entries at the peak".to_owned(), Cell::Count(timeline.peak_count)));
        }
        pairs.push(("at the end".to_owned(), Cell::text(&timeline.current)));
        document.push(Block::KeyValues(pairs));
        let onset = timeline.onset_cluster.as_ref().and_then(|id| report.cluster(id));
        if let Some(cluster) = onset {
            document.push(Block::Paragraph(vec![
                Span::text("It began with "),
                link_to(report, &cluster.id, &cluster.title),
                Span::text("."),
            ]));
        }
        document.push(severity_timeline(report, timeline, &document.zone.clone()));
    }
    document.push(severities(report));
    if let Some(map) = heat_map(report) {
        document.push(map);
    }
}

/// How many entries of which severity, the worst first.
fn severities(report: &Worklog) -> Bars {
    const WORST_FIRST: [&str; 9] =
        ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "DEFAULT"];
    let bar = |name: &&str| {
        let count = *report.severities.get(*name)?;
        let value =
            format!("{} ({})", crate::units::count(count), crate::units::share(count, report.entries));
        Some(Bar { label: (*name).to_owned(), length: Sample::count(Some(count)), value: Cell::text(value) })
    };
    Bars {
        title: "entries by severity, and their share".to_owned(),
        bars: WORST_FIRST.iter().filter_map(bar).collect(),
    }
}
