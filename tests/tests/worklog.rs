//! Worklogs end to end: hostile text in every field, read back with the parsers of others; the same bytes every time.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking and say why they are skipped"
)]

mod common;
#[path = "common/hostile.rs"]
mod hostile;

use common::{archive_of, real};
use html5ever::tendril::TendrilSink;
use jiff::tz::TimeZone;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use std::collections::BTreeSet;
use std::path::Path;
use timberline_analysis::Investigation;
use timberline_analysis::issues::{Ledger, drafts};
use timberline_analysis::redact::{Redaction, RedactionRules, Redactor};
use timberline_analysis::worklog::{
    Claims, Cluster, ClusterState, Priority, PriorityRules, Worklog, WorklogAsked, WorklogQuestion, worklog,
};
use timberline_query::Filter;
use timberline_report::terminal::{Color, Terminal, Width};
use timberline_report::{Document, csv, html, markdown, terminal};

fn report(archive: &timberline_archive::Archive) -> Worklog {
    let investigation = Investigation::new(archive).unwrap();
    let question = WorklogQuestion {
        filter: Filter::all(),
        asked: WorklogAsked { filter: "a \"quoted\" <b> $(x)".to_owned(), ..WorklogAsked::default() },
        rules: PriorityRules::default(),
        warnings: Vec::new(),
    };
    worklog(&investigation, &question, &mut Redactor::new(RedactionRules::default(), Redaction::Secrets))
        .unwrap()
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Signs that a screen or a browser acts on instead of showing them.
fn acts(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// What a page is made of, as the HTML specification reads it.
#[derive(Default)]
struct Page {
    elements: BTreeSet<String>,
    attributes: BTreeSet<(String, String)>,
    links: Vec<String>,
    scripts: Vec<(String, String)>,
    text: String,
}

impl Page {
    fn read(html: &str) -> Self {
        let dom = html5ever::parse_document(RcDom::default(), html5ever::ParseOpts::default()).one(html);
        let mut page = Self::default();
        page.visit(&dom.document, false);
        page
    }

    fn visit(&mut self, node: &Handle, is_in_main: bool) {
        let mut is_in_main = is_in_main;
        match &node.data {
            NodeData::Element { name, attrs, .. } => {
                let tag = name.local.to_string();
                let mut kind = String::new();
                for attribute in attrs.borrow().iter() {
                    let key = attribute.name.local.to_string();
                    if key == "href" {
                        self.links.push(attribute.value.to_string());
                    }
                    if key == "type" {
                        kind = attribute.value.to_string();
                    }
                    self.attributes.insert((tag.clone(), key));
                }
                if tag == "script" {
                    let text: String = node
                        .children
                        .borrow()
                        .iter()
                        .filter_map(|child| match &child.data {
                            NodeData::Text { contents } => Some(contents.borrow().to_string()),
                            _ => None,
                        })
                        .collect();
                    self.scripts.push((kind, text));
                }
                is_in_main |= tag == "main";
                self.elements.insert(tag);
            }
            NodeData::Text { contents } if is_in_main => self.text.push_str(&contents.borrow()),
            NodeData::Comment { .. } => panic!("a comment on the page"),
            _ => {}
        }
        for child in node.children.borrow().iter() {
            self.visit(child, is_in_main);
        }
    }
}

fn check_page(kind: &str, document: &Document, harmless: &Page) {
    let page = Page::read(&written(|out| html::write(document, html::Scripts::Sorting, out)));
    assert!(
        page.elements.is_subset(&harmless.elements),
        "{kind}: {:?}",
        page.elements.difference(&harmless.elements)
    );
    let new: Vec<_> = page.attributes.difference(&harmless.attributes).collect();
    assert!(new.is_empty(), "{kind}: {new:?}");
    assert!(page.links.iter().all(|link| link.starts_with('#')), "{kind}: {:?}", page.links);
    assert_eq!(page.scripts.len(), 2, "{kind}: our data and our script, nothing else");
    assert_eq!(page.scripts[1], harmless.scripts[1], "{kind}");
    assert_eq!(page.scripts[0].0, "application/json");
    let claims: Claims = serde_json::from_str(&page.scripts[0].1).unwrap();
    assert!(claims.claims.len() > 10 && claims.schema == "timberline/claims/1");
    assert!(!page.text.contains(acts), "{kind}");
}

fn check_markdown(kind: &str, text: &str) {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let mut n_comments = 0;
    let mut html = String::new();
    for event in Parser::new_ext(
        text,
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS,
    ) {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => panic!("{kind}: an image {dest_url}"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with('#'), "{kind}: a link to {dest_url}");
            }
            Event::Start(Tag::BlockQuote(_)) => {}
            Event::Html(part) | Event::InlineHtml(part) => {
                html.push_str(&part);
                n_comments += part.matches("<!-- timberline-claims").count();
            }
            _ => {}
        }
    }
    assert!(n_comments <= 1, "{kind}");
    // What stands as HTML in it is ours: anchors, emphasis, code, and the comment with the claims.
    let without_comments: String =
        html.split("<!--").map(|part| part.split_once("-->").map_or(part, |(_, rest)| rest)).collect();
    for tag in without_comments.split('<').skip(1) {
        let is_ours = ["a id=\"", "/a>", "code>", "/code>", "strong>", "/strong>", "br"]
            .iter()
            .any(|ours| tag.starts_with(ours));
        assert!(is_ours, "{kind}: <{tag}");
    }
    assert!(!text.contains(acts), "{kind}");
}

fn check(kind: &str, folder: &Path, harmless: &Page) {
    let exports = folder.join("exports");
    std::fs::create_dir_all(&exports).unwrap();
    hostile::export(&exports, &hostile::text(kind));
    let archive = archive_of(&folder.join("archive"), &exports);
    let report = report(&archive);
    assert!(report.clusters.len() >= 3, "{kind}: {} clusters", report.clusters.len());
    let document = timberline_report::worklog::document(&report, &TimeZone::UTC);
    check_page(kind, &document, harmless);
    check_markdown(kind, &written(|out| markdown::write(&document, out)));
    let plain = Terminal { width: Width::Columns(100), color: Color::Never, ..Terminal::default() };
    let shown = written(|out| terminal::write(&document, plain, out));
    assert!(!shown.contains(acts), "{kind}");
    let fields = written(|out| csv::write(&document, out));
    let starts = |line: &str| line.trim_start_matches('"').starts_with(['=', '+', '@']);
    assert!(!fields.lines().any(starts), "{kind}");
    let size = written(|out| html::write(&document, html::Scripts::Sorting, out)).len();
    assert!(size < 2_000_000, "{kind}: {size} bytes");
    let (found, _) = drafts(&report, &Ledger::default(), Priority::P4);
    assert!(!found.is_empty());
    for draft in &found {
        let body = timberline_report::worklog::draft(&report, draft, &TimeZone::UTC);
        check_markdown(kind, &written(|out| markdown::write(&body, out)));
    }
}

#[test]
fn hostile_text_is_inert_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let exports = folder.path().join("exports");
    std::fs::create_dir_all(&exports).unwrap();
    hostile::export(&exports, "a harmless text");
    let archive = archive_of(&folder.path().join("archive"), &exports);
    let document = timberline_report::worklog::document(&report(&archive), &TimeZone::UTC);
    let harmless = Page::read(&written(|out| html::write(&document, html::Scripts::Sorting, out)));
    for (kind, _) in hostile::KINDS {
        check(kind, &folder.path().join(kind), &harmless);
    }
}

#[test]
fn the_same_exports_give_the_same_bytes() {
    check_bytes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/exports"));
    if let Some(exports) = real() {
        check_bytes(&exports);
    }
}

fn check_bytes(data: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let pages: Vec<[String; 3]> = ["one", "two"]
        .map(|name| {
            let archive = archive_of(&folder.path().join(name), data);
            let report = report(&archive);
            let document = timberline_report::worklog::document(&report, &TimeZone::UTC);
            [
                written(|out| html::write(&document, html::Scripts::Sorting, out)),
                written(|out| markdown::write(&document, out)),
                serde_json::to_string(&report).unwrap(),
            ]
        })
        .into();
    assert!(pages[0] == pages[1], "two archives of the same exports, one report");
    let read: Worklog = serde_json::from_str(&pages[0][2]).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), pages[0][2], "a report reads back");
    for text in &pages[0][..2] {
        let claims: Claims =
            serde_json::from_str(timberline_report::worklog::embedded(text).unwrap()).unwrap();
        assert_eq!(claims, timberline_analysis::worklog::claims(&read));
    }
}

#[test]
fn issues_follow_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/exports");
    let archive = archive_of(&folder.path().join("archive"), &data);
    let report = report(&archive);
    let (first, ledger) = drafts(&report, &Ledger::default(), Priority::P3);
    assert!(first.iter().all(|draft| draft.news.is_empty() && draft.title.split(" | ").count() >= 3));
    let (again, ledger_again) = drafts(&report, &ledger, Priority::P3);
    assert_eq!((&again, &ledger_again), (&first, &ledger), "the same archive, the same drafts and ledger");
    assert_eq!(Ledger::read(&ledger.write()).unwrap(), ledger);

    // More came in: an update for what has more, nothing for what has not.
    let mut later = report.clone();
    later.entries += 5;
    let is_open =
        |cluster: &Cluster| cluster.state != ClusterState::Resolved && cluster.priority <= Priority::P3;
    let at = later.clusters.iter().position(is_open).unwrap();
    let id = later.clusters[at].id.clone();
    later.clusters[at].count += 5;
    later.clusters[at].revisions[0].revision = "another-one".to_owned();
    let mut numbered = ledger.clone();
    numbered.issue.iter_mut().find(|issue| issue.fingerprint == id).unwrap().number = Some(12);
    let (more, after) = drafts(&later, &numbered, Priority::P3);
    assert_eq!(more.len(), 1, "{more:?}");
    assert_eq!((more[0].number, more[0].new_entries, more[0].new_revisions.len()), (Some(12), 5, 1));
    assert_eq!(drafts(&later, &after, Priority::P3), (more, after.clone()));

    // One is gone from a window that is covered for long enough, and one is over while it is still in it.
    let mut over = later.clone();
    over.entries += 7;
    over.last = Some("2026-01-01T00:00:00.000000000Z".to_owned());
    let gone = over.clusters.remove(at);
    let ended = over.clusters.iter().position(is_open).unwrap();
    over.clusters[ended].state = ClusterState::Resolved;
    over.services.iter_mut().for_each(|service| service.hours = 1e6);
    let (resolved, _) = drafts(&over, &after, Priority::P3);
    let kinds: Vec<&str> = resolved.iter().map(|draft| draft.title.split(" | ").next().unwrap()).collect();
    assert!(resolved.iter().any(|draft| draft.fingerprint == gone.id && draft.number == Some(12)));
    assert!(kinds.iter().all(|kind| *kind == "resolved"), "{kinds:?}");
    // Without coverage its absence says nothing.
    over.services.iter_mut().for_each(|service| service.hours = 0.0);
    let (unsure, _) = drafts(&over, &after, Priority::P3);
    assert!(unsure.iter().all(|draft| draft.fingerprint != gone.id));
}
