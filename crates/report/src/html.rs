//! A document as one self-contained HTML page: no request leaves it, no log text acts in it.
//!
//! Three things keep log text inert, each enough by itself: everything goes through `markup`, which can only write
//! escaped text; the page's content security policy allows nothing but the style and the script that we wrote, named by
//! their hashes; no address is ever made of log text. Charts are SVG, and their values stand beside them as text or as a
//! table. Without scripts the page reads the same; only sorting by a click is gone.

mod chart;
mod digest;
mod markup;
mod ranges;
mod strip;

use std::io::{self, Write};

use jiff::tz::TimeZone;

use crate::document::{Align, Block, Cell, Document, Language, Link, NoteKind, Span, Table};
use crate::escape::Charset;
use crate::shown::{NOT_COVERED, text_of};
use crate::units;
use digest::csp_source;
use markup::Markup;

const STYLE: &str = include_str!("html/page.css");
const SORTING: &str = include_str!("html/sort.js");

/// Whether the page carries the few lines that sort a table when its heading is clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scripts {
    /// The sorting script, allowed by its hash; nothing else runs.
    #[default]
    Sorting,
    /// No script at all, and the page forbids any.
    None,
}

/// Writes a document as a page.
///
/// # Errors
/// Only those of `out`.
pub fn write(document: &Document, scripts: Scripts, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Markup::default();
    page.verbatim("<!doctype html>\n");
    page.element("html", &[("lang", "en")], |page| {
        head(document, scripts, page);
        page.element("body", &[], |page| {
            page.verbatim(chart::PATTERNS);
            page.element("main", &[], |page| {
                for block in &document.blocks {
                    write_block(block, &document.zone, page);
                    page.verbatim("\n");
                }
            });
            if let Some(data) = &document.data {
                page.json(data.name, &data.json);
            }
            if scripts == Scripts::Sorting {
                page.element("script", &[], |page| page.verbatim(SORTING));
            }
        });
    });
    page.verbatim("\n");
    out.write_all(page.finish().as_bytes())
}

fn head(document: &Document, scripts: Scripts, page: &mut Markup) {
    let script_source = match scripts {
        Scripts::Sorting => csp_source(SORTING),
        Scripts::None => "'none'".to_owned(),
    };
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {script_source}; base-uri 'none'; form-action 'none'",
        csp_source(STYLE)
    );
    page.element("head", &[], |page| {
        page.void("meta", &[("charset", "utf-8")]);
        page.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
        page.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
        page.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
        page.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
        page.leaf("title", &[], &document.title);
        page.element("style", &[], |page| page.verbatim(STYLE));
    });
    page.verbatim("\n");
}

fn write_block(block: &Block, zone: &TimeZone, page: &mut Markup) {
    match block {
        Block::Heading(heading) => {
            let tag = ["h1", "h2", "h3", "h4"][heading.level.number() - 1];
            let id = heading.anchor.as_ref().map(|anchor| ("id", anchor.as_str()));
            page.element(tag, id.as_slice(), |page| write_spans(&heading.text, zone, page));
        }
        Block::Paragraph(spans) => page.element("p", &[], |page| write_spans(spans, zone, page)),
        Block::List(points) => page.element("ul", &[], |page| {
            for spans in points {
                page.element("li", &[], |page| write_spans(spans, zone, page));
            }
        }),
        Block::KeyValues(pairs) => page.element("dl", &[], |page| {
            for (name, value) in pairs {
                page.leaf("dt", &[], name);
                page.element("dd", &[], |page| write_value(value, zone, page));
            }
        }),
        Block::Table(table) => write_table(table, zone, page),
        Block::Bars(bars) => chart::bars(bars, zone, page),
        Block::HeatStrip(strip) => strip::heat_strip(strip, page),
        Block::Ranges(ranges) => ranges::ranges(ranges, page),
        Block::Code(code) => {
            let class = if code.language == Language::Plain { "plain" } else { code.language.word() };
            // A line break right after <pre> is dropped by parsers; one of ours keeps the text's own.
            page.element("pre", &[("tabindex", "0")], |page| {
                page.verbatim("\n");
                page.leaf("code", &[("class", class)], &code.text);
            });
        }
        Block::Note(note) => {
            let class = match note.kind {
                NoteKind::Info => "note",
                NoteKind::Warning => "note warning",
            };
            page.element("p", &[("class", class), ("role", "note")], |page| {
                page.leaf("strong", &[], &format!("{}:", note.kind.word()));
                page.text(" ");
                write_spans(&note.text, zone, page);
            });
        }
        Block::Links(links) => page.element("nav", &[("aria-label", &names_of(links))], |page| {
            page.text("See ");
            for (at, link) in links.iter().enumerate() {
                page.text(if at > 0 { " · " } else { "" });
                page.link(&link.text, &link.anchor);
            }
        }),
    }
}

/// What tells one list of links from another to whom it is read aloud.
fn names_of(links: &[Link]) -> String {
    links.iter().map(|link| link.text.as_str()).collect::<Vec<_>>().join(", ")
}

fn write_table(table: &Table, zone: &TimeZone, page: &mut Markup) {
    page.element("div", &[("class", "wide"), ("tabindex", "0")], |page| {
        page.element("table", &[("class", "sortable")], |page| {
            page.element("thead", &[], |page| {
                page.element("tr", &[], |page| {
                    for column in &table.columns {
                        page.leaf(
                            "th",
                            &[("scope", "col"), ("class", class_of(column.align))],
                            &column.title,
                        );
                    }
                });
            });
            page.verbatim("\n");
            page.element("tbody", &[], |page| {
                for row in &table.rows {
                    page.element("tr", &[], |page| {
                        for (cell, column) in row.iter().zip(&table.columns) {
                            let key = sort_key(cell);
                            let mut attributes = vec![("class", class_of(column.align))];
                            attributes.extend(key.as_ref().map(|key| ("data-key", key.as_str())));
                            page.element("td", &attributes, |page| write_value(cell, zone, page));
                        }
                    });
                    page.verbatim("\n");
                }
            });
        });
    });
}

fn class_of(align: Align) -> &'static str {
    match align {
        Align::Left => "left",
        Align::Right => "right",
    }
}

fn write_spans(spans: &[Span], zone: &TimeZone, page: &mut Markup) {
    for span in spans {
        match span {
            Span::Text(text) => page.text(text),
            Span::Strong(text) => page.leaf("strong", &[], text),
            Span::Code(text) => page.leaf("code", &[], text),
            Span::Value(cell) => write_value(cell, zone, page),
            Span::Link(link) => page.link(&link.text, &link.anchor),
            Span::Issue(number) => page.text(&format!("#{number}")),
        }
    }
}

fn write_value(cell: &Cell, zone: &TimeZone, page: &mut Markup) {
    match cell {
        Cell::Log(text) => page.leaf("code", &[], text),
        Cell::Id(text) => page.leaf("code", &[("class", "id")], text),
        Cell::Link(link) => page.link(&link.text, &link.anchor),
        Cell::NotCovered => page.leaf("span", &[("class", "not-covered")], NOT_COVERED),
        Cell::Bar(fraction) => chart::bar(*fraction, page),
        Cell::Sparkline(samples) => chart::sparkline(samples, page),
        Cell::Time(at, _) => {
            let exact = units::rfc3339(*at, &TimeZone::UTC);
            page.leaf("time", &[("datetime", &exact)], &text_of(cell, zone, Charset::Unicode));
        }
        _ => page.text(&text_of(cell, zone, Charset::Unicode)),
    }
}

/// What a cell is sorted by where that is not the text it shows. UTC with nine digits sorts as text.
fn sort_key(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Count(n) | Cell::Bytes(n) => Some(n.to_string()),
        Cell::Measure(value) | Cell::Rate { value, .. } | Cell::Bar(value) => {
            Some(if value.is_finite() { value.to_string() } else { String::new() })
        }
        Cell::Share { total: 0, .. } | Cell::NotCovered | Cell::Sparkline(_) => Some(String::new()),
        #[expect(clippy::cast_precision_loss, reason = "an order to sort by")]
        Cell::Share { part, total } => Some((*part as f64 / *total as f64).to_string()),
        Cell::Time(at, _) => Some(units::rfc3339(*at, &TimeZone::UTC)),
        Cell::Duration(duration) => Some(format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos())),
        Cell::Empty | Cell::Text(_) | Cell::Log(_) | Cell::Id(_) | Cell::Link(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_parts_survive_the_parser_unchanged() {
        // A browser hashes what it parsed: carriage returns would have become line feeds, "</" would have ended it.
        for part in [STYLE, SORTING] {
            assert!(!part.contains('\r') && !part.contains("</") && !part.contains("<!--"));
        }
    }

    #[test]
    fn scripts_can_be_left_out() {
        let mut out = Vec::new();
        write(&Document::new("t"), Scripts::None, &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert!(page.contains("script-src &#39;none&#39;") && !page.contains("<script"));
    }
}
