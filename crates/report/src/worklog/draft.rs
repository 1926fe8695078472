//! An issue draft: what somebody needs who was not there, and nothing that only holds on the page of the report.

use super::{cluster, rests_on};
use crate::document::{Block, Code, Document, Language, Level, NoteKind, Span};
use jiff::tz::TimeZone;
use timberline_analysis::issues::{Draft, DraftKind};
use timberline_analysis::worklog::Worklog;

/// Warnings of the coverage that go into a draft.
const MAX_WARNINGS: usize = 3;

/// Returns the body of a draft; its title stands beside it.
#[must_use]
pub fn draft(report: &Worklog, draft: &Draft, zone: &TimeZone) -> Document {
    let mut document = Document::new(&draft.title).in_zone(zone.clone());
    document.heading(Level::Section, &draft.title);
    if !draft.news.is_empty() {
        document.push(Block::List(draft.news.iter().map(|news| vec![Span::text(news)]).collect()));
    }
    if let Some(found) = report.cluster(&draft.fingerprint) {
        cluster::what(report, found, &mut document);
        if draft.kind == DraftKind::New {
            cluster::details(found, &mut document);
        }
        if draft.kind != DraftKind::Resolved {
            cluster::sample(found, &mut document);
        }
    }
    if !draft.related.is_empty() {
        document.heading(Level::Subsection, "Related");
        let related = draft.related.iter().map(|other| {
            let mut spans = vec![Span::code(&other.title)];
            if let Some(number) = other.number {
                spans.extend([Span::text(", see "), Span::Issue(number)]);
            }
            spans
        });
        document.push(Block::List(related.collect()));
    }
    for warning in report.coverage.warnings.iter().take(MAX_WARNINGS) {
        document.note(NoteKind::Warning, warning);
    }
    document.heading(Level::Subsection, "How to see it again");
    document
        .push(Code { text: rests_on::command(&report.question, "worklog.html"), language: Language::Shell });
    document
}
