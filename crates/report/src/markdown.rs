//! A document as Markdown, for repositories, trackers and wikis.
//!
//! Log text stands in code spans and fences; words stand in escaped prose; see [`crate::escape`] for what that keeps
//! out. Anchors are empty `<a id>` elements, the only HTML beside `<code>` and `<strong>`, since heading anchors are
//! made differently by every renderer. Charts are drawn with characters, their values beside them.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use crate::document::{
    Align, Anchor, Bars, Block, Cell, Document, Heading, HeatStrip, Note, NoteKind, Scale, Span, Table,
    largest,
};
use crate::escape::{Charset, MarkdownPlace, embedded_json, markdown_code, markdown_fence, markdown_text};
use crate::shown::{BAR_WIDTH, NOT_COVERED, text_of};
use crate::{glyphs, units};

/// How many marks of a strip stand on one line, so that a page does not have to be scrolled sideways.
const MARKS_PER_LINE: usize = 72;

/// Writes a document.
///
/// # Errors
/// Only those of `out`.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    for (at, block) in document.blocks.iter().enumerate() {
        let separator = if at == 0 { "" } else { "\n" };
        out.write_all(separator.as_bytes())?;
        out.write_all(markdown_of(block, &document.zone).as_bytes())?;
    }
    if let Some(data) = &document.data {
        // A comment ends at the first `-->`; in the escaped JSON there is no `>` and no `--`.
        write!(out, "\n<!-- {}\n{}\n-->\n", data.name, embedded_json(&data.json))?;
    }
    Ok(())
}

fn markdown_of(block: &Block, zone: &TimeZone) -> String {
    match block {
        Block::Heading(heading) => heading_of(heading, zone),
        Block::Paragraph(spans) => format!("{}\n", line_of(spans, zone)),
        Block::List(points) => points.iter().map(|spans| format!("- {}\n", line_of(spans, zone))).collect(),
        Block::KeyValues(pairs) => pairs
            .iter()
            .map(|(name, value)| {
                let name = Span::Strong(name.clone());
                format!("- {}\n", line_of(&[name, Span::text(": "), Span::Value(value.clone())], zone))
            })
            .collect(),
        Block::Table(table) => table_of(table, zone),
        Block::Bars(bars) => bars_of(bars, zone),
        Block::HeatStrip(strip) => strip_of(strip),
        Block::Ranges(ranges) => table_of(&crate::ranges::as_table(ranges), zone),
        Block::Code(code) => markdown_fence(&code.text, code.language.word()),
        Block::Note(note) => note_of(note, zone),
        Block::Links(links) => {
            let links: Vec<_> =
                links.iter().map(|link| link_of(&link.text, &link.anchor, MarkdownPlace::Flow)).collect();
            format!("See {}\n", links.join(" · "))
        }
    }
}

fn heading_of(heading: &Heading, zone: &TimeZone) -> String {
    let anchor = heading
        .anchor
        .as_ref()
        .map_or_else(String::new, |anchor| format!("<a id=\"{}\"></a>\n\n", anchor.as_str()));
    format!("{anchor}{} {}\n", "#".repeat(heading.level.number()), line_of(&heading.text, zone))
}

fn note_of(note: &Note, zone: &TimeZone) -> String {
    let word = match note.kind {
        NoteKind::Info => "Note:",
        NoteKind::Warning => "Warning:",
    };
    format!("> **{word}** {}\n", line_of(&note.text, zone))
}

fn table_of(table: &Table, zone: &TimeZone) -> String {
    let mut out =
        row_of(table.columns.iter().map(|column| markdown_text(&column.title, MarkdownPlace::TableCell)));
    out.push_str(&row_of(table.columns.iter().map(|column| match column.align {
        Align::Left => ":--".to_owned(),
        Align::Right => "--:".to_owned(),
    })));
    for row in &table.rows {
        out.push_str(&row_of(row.iter().map(|cell| cell_of(cell, zone, MarkdownPlace::TableCell))));
    }
    out
}

fn row_of(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = cells.map(|cell| cell.trim_end().to_owned()).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn bars_of(bars: &Bars, zone: &TimeZone) -> String {
    let full = largest(&bars.bars.iter().map(|bar| bar.length).collect::<Vec<_>>());
    let title = markdown_text(&bars.title, MarkdownPlace::TableCell);
    let mut out = row_of([title, String::new(), String::new()].into_iter());
    out.push_str("| :-- | :-- | --: |\n");
    for bar in &bars.bars {
        let (drawing, value) = match bar.length.value() {
            None => (Cell::Text("░░░".to_owned()), Cell::NotCovered),
            Some(length) if full > 0.0 => (Cell::Bar(length / full), bar.value.clone()),
            Some(_) => (Cell::Bar(0.0), bar.value.clone()),
        };
        let label = Cell::Log(bar.label.clone());
        out.push_str(&row_of(
            [label, drawing, value].iter().map(|cell| cell_of(cell, zone, MarkdownPlace::TableCell)),
        ));
    }
    out
}

/// A strip as a fenced block: names, marks, pointers and legend as on a terminal.
fn strip_of(strip: &HeatStrip) -> String {
    let name_of =
        |text: &str| crate::escape::terminal(text, crate::escape::Lines::One, Charset::Unicode).into_owned();
    let mut lines = Vec::new();
    if !strip.title.is_empty() {
        lines.push(name_of(&strip.title));
    }
    for from in (0..strip.columns.len()).step_by(MARKS_PER_LINE) {
        let to = (from + MARKS_PER_LINE).min(strip.columns.len());
        let ends = [from, to - 1].map(|at| name_of(&strip.columns[at]));
        lines.push(if to - from > 1 { ends.join(" to ") } else { ends[0].clone() });
        for row in &strip.rows {
            let full = strip.full_scale(row);
            let marks: String =
                (from..to).map(|at| glyphs::mark(glyphs::step(row.at(at), full), Charset::Unicode)).collect();
            // Marks first: names differ in width, and a fence has no columns to line them up.
            lines.push(format!("{marks}  {}", name_of(&row.label)));
        }
        let is_marked = |at: usize| strip.marks.iter().any(|mark| mark.column_idx == at);
        let pointers: String = (from..to).map(|at| if is_marked(at) { '^' } else { ' ' }).collect();
        if !pointers.trim().is_empty() {
            lines.push(pointers.trim_end().to_owned());
        }
    }
    for mark in &strip.marks {
        let place = strip.columns.get(mark.column_idx).map_or_else(String::new, |column| name_of(column));
        lines.push(format!("^ {place}: {}", name_of(&mark.label)));
    }
    let full = strip.rows.iter().map(|row| strip.full_scale(row)).fold(0.0, f64::max);
    let full = (strip.scale == Scale::Shared).then(|| units::amount(full));
    lines.push(glyphs::legend(full.as_deref(), Charset::Unicode));
    markdown_fence(&lines.join("\n"), "")
}

fn line_of(spans: &[Span], zone: &TimeZone) -> String {
    let mut out = String::new();
    for span in spans {
        // Digits alone do not open a block yet, but with a dot from the next span they would.
        let is_start = out.bytes().all(|byte| byte.is_ascii_digit());
        let place = if is_start { MarkdownPlace::LineStart } else { MarkdownPlace::Flow };
        let (piece, raw) = match span {
            Span::Text(text) => (markdown_text(text, place), text.as_str()),
            Span::Strong(text) => (strong_of(text, place), text.as_str()),
            Span::Code(text) | Span::Value(Cell::Log(text) | Cell::Id(text)) => {
                (markdown_code(text, place), "")
            }
            Span::Value(cell) => (cell_of(cell, zone, place), ""),
            Span::Link(link) => (link_of(&link.text, &link.anchor, place), ""),
            Span::Issue(number) => (format!("#{number}"), ""),
        };
        // A blank at the edge of a span is a blank between words; at the edge of the line it is nothing.
        if raw.starts_with(char::is_whitespace) && !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        // Two code spans side by side would be read as one with a longer fence.
        if out.ends_with('`') && piece.starts_with('`') {
            out.push_str("<!-- -->");
        }
        out.push_str(&piece);
    }
    out.trim_end().to_owned()
}

fn cell_of(cell: &Cell, zone: &TimeZone, place: MarkdownPlace) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Log(text) | Cell::Id(text) => markdown_code(text, place),
        Cell::Link(link) => link_of(&link.text, &link.anchor, place),
        Cell::NotCovered => format!("*{NOT_COVERED}*"),
        _ => markdown_text(&text_of(cell, zone, Charset::Unicode), place),
    }
}

fn link_of(text: &str, anchor: &Anchor, place: MarkdownPlace) -> String {
    format!("[{}](#{})", markdown_text(text, place).trim_end(), anchor.as_str())
}

/// Stars only work beside letters; beside signs and blanks it takes an element.
fn strong_of(text: &str, place: MarkdownPlace) -> String {
    let plain = |c: char| c.is_alphanumeric();
    let inner = markdown_text(text, place);
    let bold = inner.trim_end();
    let after = &inner[bold.len()..];
    if bold.is_empty() {
        return inner;
    }
    if bold.starts_with(plain) && bold.ends_with(plain) {
        format!("**{bold}**{after}")
    } else {
        format!("<strong>{bold}</strong>{after}")
    }
}

const _: () = assert!(BAR_WIDTH < MARKS_PER_LINE, "bars in tables are the narrower drawing");

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spans: &[Span], expected: &str) {
        assert_eq!(line_of(spans, &TimeZone::UTC), expected);
    }

    #[test]
    fn spans_keep_to_themselves() {
        check(&[Span::text("seen in "), Span::code("a|b"), Span::text(" only")], "seen in `a|b` only");
        check(&[Span::code("a"), Span::code("b")], "`a`<!-- -->`b`");
        check(&[Span::strong("worst"), Span::text(": x")], "**worst**: x");
        check(&[Span::strong("*x*"), Span::text("y")], "<strong>\\*x\\*</strong>y");
        check(&[Span::text("\n# no heading")], "⏎# no heading");
        check(&[Span::text("1"), Span::text(". x")], "1\\. x");
        check(&[Span::code("x"), Span::text(". y")], "`x`. y");
        check(&[Span::link("a](http://evil)", Anchor::new("x"))], "[`a](http://evil)`](#x)");
        check(&[Span::text("a "), Span::text(" b")], "a b");
    }
}
