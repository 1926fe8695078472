//! The worklog as a document: the facts of `analysis::worklog`, in the order in which people need them.
//!
//! ```text
//! at night      what is wrong, since when, is it still: summary
//! postmortem    course, clusters with evidence, requests, containers, starts, deploys, what changed
//! a manager     the first screen; below it everything says what it means
//! a year later  what it rests on, by which rules, and how to make it again
//! ```
//!
//! Nothing is counted here. Texts come redacted; they are escaped by the formats.

mod charts;
mod cluster;
mod clusters;
mod course;
mod draft;
mod operations;
mod rests_on;
mod summary;
mod words;

pub use draft::draft;

use crate::document::{Data, Document, Level};
use jiff::tz::TimeZone;
use timberline_analysis::worklog::{Worklog, claims};

/// What the embedded claims are called, in a page and in a Markdown file.
pub const CLAIMS: &str = "timberline-claims";

/// Returns the document of a report, its times in `zone` with those of the window in UTC beside them.
#[must_use]
pub fn document(report: &Worklog, zone: &TimeZone) -> Document {
    let title = words::title(report);
    let mut document = Document::new(&title).in_zone(zone.clone());
    document.heading(Level::Title, &title);
    summary::write(report, &mut document);
    course::write(report, &mut document);
    clusters::write(report, &mut document);
    operations::write(report, &mut document);
    rests_on::write(report, &mut document);
    let json = serde_json::to_string(&claims(report)).expect("claims are plain values");
    document.data = Some(Data { name: CLAIMS, json });
    document
}

/// Returns the JSON that [`document`] left in a page or a Markdown file; `None` if there is none.
#[must_use]
pub fn embedded(text: &str) -> Option<&str> {
    let comment = format!("<!-- {CLAIMS}\n");
    if let Some((_, rest)) = text.split_once(&comment) {
        return rest.split_once("\n-->").map(|(json, _)| json);
    }
    let script = format!("<script type=\"application/json\" id=\"{CLAIMS}\">");
    text.split_once(&script)?.1.split_once("</script>").map(|(json, _)| json)
}
