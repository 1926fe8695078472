//! Snapshots: what each format makes of the worklog, as files a person can look at.
//!
//! `UPDATE_EXPECT=1 cargo test -p timberline-report` writes them anew; the difference is then read like code.

use std::path::Path;

use timberline_report::escape::Charset;
use timberline_report::terminal::{Color, Terminal, Width};
use timberline_report::{Document, csv, html, markdown, terminal};

use crate::fixture::worklog;

fn check(file: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/expected").join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, actual).expect("the folder of expected files can be written");
        return;
    }
    let expected =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (line_idx, (actual, expected)) in actual.lines().zip(expected.lines()).enumerate() {
        assert_eq!(actual, expected, "{file}, line {}", line_idx + 1);
    }
    assert_eq!(actual.len(), expected.len(), "{file} has another end");
}

fn on_terminal(document: &Document, width: Width, color: Color, charset: Charset) -> String {
    let mut out = Vec::new();
    terminal::write(document, Terminal { width, color, charset }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn terminal_of_usual_width() {
    check("terminal-100.txt", &on_terminal(&worklog(), Width::Columns(100), Color::Never, Charset::Unicode));
}

#[test]
fn narrow_terminal() {
    check("terminal-40.txt", &on_terminal(&worklog(), Width::Columns(40), Color::Never, Charset::Unicode));
}

#[test]
fn terminal_without_unicode() {
    let text = on_terminal(&worklog(), Width::Columns(80), Color::Never, Charset::Ascii);
    assert!(text.is_ascii());
    check("terminal-80-ascii.txt", &text);
}

#[test]
fn terminal_without_limit_shortens_nothing() {
    let text = on_terminal(&worklog(), Width::Unlimited, Color::Never, Charset::Unicode);
    assert!(!text.contains('…') && !text.contains("not shown"));
    check("terminal-unlimited.txt", &text);
}

#[test]
fn colour_only_adds() {
    let plain = on_terminal(&worklog(), Width::Columns(80), Color::Never, Charset::Unicode);
    let coloured = on_terminal(&worklog(), Width::Columns(80), Color::Always, Charset::Unicode);
    assert!(coloured.contains("\u{1B}["));
    let without_trailing_blanks = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(without_trailing_blanks(&without_styles(&coloured)), without_trailing_blanks(&plain));
}

#[test]
fn csv_file() {
    let mut out = Vec::new();
    csv::write(&worklog(), &mut out).unwrap();
    check("worklog.csv", &String::from_utf8(out).unwrap());
}

#[test]
fn markdown_file() {
    let mut out = Vec::new();
    markdown::write(&worklog(), &mut out).unwrap();
    check("worklog.md", &String::from_utf8(out).unwrap());
}

#[test]
fn html_page() {
    let mut out = Vec::new();
    html::write(&worklog(), html::Scripts::Sorting, &mut out).unwrap();
    check("worklog.html", &String::from_utf8(out).unwrap());
}

#[test]
fn a_write_error_is_passed_on() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let document = worklog();
    let errors = [
        terminal::write(&document, Terminal::default(), &mut Full),
        csv::write(&document, &mut Full),
        markdown::write(&document, &mut Full),
        html::write(&document, html::Scripts::None, &mut Full),
    ];
    assert!(
        errors.iter().all(|result| result
            .as_ref()
            .is_err_and(|error| error.kind() == std::io::ErrorKind::StorageFull))
    );
}

/// Removes what `anstyle` writes, and only that: `ESC [ digits and semicolons m`.
pub(crate) fn without_styles(text: &str) -> String {
    let mut parts = text.split("\u{1B}[");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').expect("a style ends");
        assert!(part[end..].starts_with('m'), "not a style: {part:?}");
        out.push_str(&part[end + 1..]);
    }
    out
}
