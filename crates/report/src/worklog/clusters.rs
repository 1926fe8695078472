//! All clusters: a table of them, then one section each for those that matter most.

use super::words::{MAX_SECTIONS, counted};
use super::{cluster, summary};
use crate::document::{Anchor, Document, Level, NoteKind};
use timberline_analysis::worklog::Worklog;

/// Clusters in the table.
const MAX_ROWS: usize = 200;

pub(super) fn write(report: &Worklog, document: &mut Document) {
    document.anchored_heading(Level::Section, "Clusters", Anchor::new("clusters"));
    document.paragraph(format!(
        "Entries that say the same are one cluster. {} are in none: no rule ranks them.",
        counted(report.unranked, "entry", "entries")
    ));
    if report.clusters.len() > 1 {
        document.push(summary::table(report, MAX_ROWS));
    }
    let left_out = report.clusters.len().saturating_sub(MAX_SECTIONS);
    if left_out > 0 {
        document.note(
            NoteKind::Info,
            format!(
                "The {MAX_SECTIONS} most urgent clusters are described one by one; {left_out} more are in the JSON report."
            ),
        );
    }
    for found in report.clusters.iter().take(MAX_SECTIONS) {
        cluster::write(report, found, document);
    }
}
