//! Hostile text in every place of a document does nothing in any format.
//!
//! The measure is the same document with a harmless word in the same places: the structure of the output (lines of a
//! table, fields of a record, tags of a page) must not change with the text.

use proptest::prelude::*;
use timberline_report::escape::{Charset, is_hazard};
use timberline_report::terminal::{Color, Terminal, Width};
use timberline_report::{Document, csv, html, markdown, terminal};
use unicode_width::UnicodeWidthStr;

use crate::fixture::everywhere;
use crate::formats::without_styles;

const HOSTILE: &[&str] = &[
    "\u{1B}[2J\u{1B}[1;1Howned\u{1B}]0;title\u{7}\u{1B}]8;;http://evil\u{1B}\\link",
    "\u{9B}31mred\u{85}next\u{90}dcs\u{9C}",
    "safe\rover\u{8}\u{8}\u{7F}",
    "user\u{202E}gnp.exe\u{2066}isolated\u{2069}\u{200F}",
    "pass\u{200B}word\u{FEFF}\u{2060}\u{E0041}\u{FE0F}\u{FE0F}",
    "line\u{2028}separator\u{2029}and\nreal\r\nones\n",
    "=cmd|' /C calc'!A0",
    "+1,-2;@SUM(A1)\t\"quoted\"",
    "-2+3",
    "\t=1+1",
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"><svg onload=alert(3)>' autofocus onfocus='alert(4)",
    "</style></script></title></code></pre><!-- --><![CDATA[",
    "&lt;b&gt; &#60;i&#62; &amp;",
    "javascript:alert(5) data:text/html,x",
    "a | b \\| c \\\\| d",
    "`code` ``more`` ```fence",
    "```\n# heading\n```\n~~~",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "---",
    "===",
    "| a | b |\n|---|---|\n| c | d |",
    "[link](http://evil) ![image](http://evil/x.png) [ref]: http://evil",
    "http://evil.example www.evil.example a@evil.example @team #12 owner/repo#3",
    "**bold** __bold__ ~~gone~~ $math$ \\",
    "    indented code",
    "<!-- comment",
    "",
    " ",
    "\0",
    "é漢🔴⚠\u{FE0F}",
];

fn on_terminal(document: &Document, terminal: Terminal) -> String {
    let mut out = Vec::new();
    terminal::write(document, terminal, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn check_terminal(text: &str) {
    let document = everywhere(text);
    for width in [Width::Columns(20), Width::Columns(47), Width::Columns(120), Width::Unlimited] {
        let plain = Terminal { width, color: Color::Never, charset: Charset::Unicode };
        let shown = on_terminal(&document, plain);
        let passes = |c: char| c == '\n' || !is_hazard(c) || matches!(c, '\u{FE0E}' | '\u{FE0F}');
        assert!(shown.chars().all(passes), "{shown:?}");
        let coloured = on_terminal(&document, Terminal { color: Color::Always, ..plain });
        assert!(without_styles(&coloured).chars().all(passes), "{coloured:?}");
        let ascii = on_terminal(&document, Terminal { charset: Charset::Ascii, ..plain });
        assert!(ascii.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')), "{ascii:?}");

        let mut without_code = document.clone();
        without_code.blocks.pop();
        if let Width::Columns(columns) = width {
            for line in on_terminal(&without_code, plain).lines() {
                assert!(line.width() <= columns, "{} columns in {columns}: {line:?}", line.width());
            }
        }
    }
}

/// The reader's side of RFC 4180.
fn parse_csv(file: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = file.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'), "a line ends in CR LF");
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            '\n' if !quoted => panic!("a bare line feed outside of quotes"),
            _ => field.push(c),
        }
    }
    assert!(!quoted && record.is_empty() && field.is_empty(), "the file ends with a line");
    records
}

fn check_csv(text: &str) {
    let file = |text: &str| {
        let mut out = Vec::new();
        csv::write(&everywhere(text), &mut out).unwrap();
        parse_csv(&String::from_utf8(out).unwrap())
    };
    let shape = |records: &[Vec<String>]| records.iter().map(Vec::len).collect::<Vec<_>>();
    let records = file(text);
    assert_eq!(shape(&records), shape(&file("word")));
    for field in records.iter().flatten() {
        assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{field:?} could be calculated");
        assert!(field.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()), "{field:?}");
    }
}

/// Every tag of a page with the names of its attributes; text and values are left out.
fn skeleton(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "a stray > before {:?}", &rest[start..]);
        let end = start + rest[start..].find('>').expect("tags end");
        let tag = &rest[start + 1..end];
        let names = tag.split('"').step_by(2).collect::<Vec<_>>().join("");
        rest = &rest[end + 1..];
        // Our own style and script hold signs of their own; what matters is where they end.
        if let Some(name) = ["style", "script"].into_iter().find(|name| *name == tag) {
            let close = format!("</{name}>");
            rest = &rest[rest.find(&close).expect("our own parts end")..];
        }
        tags.push(names);
    }
    tags
}

fn check_html(text: &str) {
    let page = |text: &str| {
        let mut out = Vec::new();
        html::write(&everywhere(text), html::Scripts::Sorting, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let hostile = page(text);
    // A chart without a title has no caption; that much of the structure may depend on the text.
    let (actual, expected) = (skeleton(&hostile), skeleton(&page("word")));
    let actual = actual.iter().filter(|tag| !tag.ends_with("figcaption"));
    let expected = expected.iter().filter(|tag| !tag.ends_with("figcaption"));
    for (actual, expected) in actual.clone().zip(expected.clone()) {
        assert_eq!(actual, expected, "tags change with {text:?}");
    }
    assert_eq!(actual.count(), expected.count(), "tags change with {text:?}");
    assert!(hostile.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
    assert!(hostile.chars().all(|c| matches!(c, '\n' | '\t' | '\u{FE0E}' | '\u{FE0F}') || !is_hazard(c)));
    for address in hostile.split("href=\"").skip(1) {
        assert!(address.starts_with('#'), "a link leads out: {address:.40}");
    }
}

/// The first signs of each line outside of fences, and the number of cells where it is a row: what Markdown builds on.
fn outline(file: &str) -> Vec<(String, usize)> {
    let mut lines = Vec::new();
    let mut fence: Option<String> = None;
    for line in file.lines() {
        if let Some(open) = &fence {
            if line == open {
                fence = None;
            }
            continue;
        }
        if line.starts_with("```") && !line.trim_start_matches('`').contains('`') {
            fence = Some(line.trim_end_matches(|c| c != '`').to_owned());
            lines.push(("fence".to_owned(), 0));
            continue;
        }
        let is_row = line.starts_with('|');
        let n_cells = if is_row { line.replace("\\|", "").matches('|').count() } else { 0 };
        let opening =
            line.split(' ').next().filter(|word| matches!(*word, "#" | "##" | "-" | ">" | "|" | ""));
        lines.push((opening.unwrap_or("text").to_owned(), n_cells));
    }
    assert_eq!(fence, None, "a fence stays open");
    lines
}

fn check_markdown(text: &str) {
    let file = |text: &str| {
        let mut out = Vec::new();
        markdown::write(&everywhere(text), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let hostile = file(text);
    let (actual, expected) = (outline(&hostile), outline(&file("word")));
    for (actual, expected) in actual.iter().zip(&expected) {
        assert_eq!(actual, expected, "lines change with {text:?}");
    }
    assert_eq!(actual.len(), expected.len(), "lines change with {text:?}");
    assert!(hostile.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn known_attacks_do_nothing() {
    for text in HOSTILE {
        check_terminal(text);
        check_csv(text);
        check_html(text);
        check_markdown(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_does_nothing(text in any::<String>()) {
        check_terminal(&text);
        check_csv(&text);
        check_html(&text);
        check_markdown(&text);
    }

    #[test]
    fn signs_in_any_order_do_nothing(text in "[-=+@#>|`\\\\*_~<!\\[\\]()&:;,.\"' \t\r\n0-9a/\u{1B}\u{202E}\u{FE0F}漢]{0,16}") {
        check_terminal(&text);
        check_csv(&text);
        check_html(&text);
        check_markdown(&text);
    }
}
