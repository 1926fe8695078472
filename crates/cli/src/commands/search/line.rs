//! An entry on one line of a terminal: `2025-06-10 20:27:38.849337 UTC  ERROR  storefront-00416-6gh  message`.

use super::is_in_full;
use crate::printer::Printer;
use crate::settings::Settings;
use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use timberline_archive::Column;
use timberline_entry::Severity;
use timberline_report::escape;
use timberline_report::terminal::Width;
use timberline_report::units::{self, Precision};
use timberline_search::RowView;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The longest name of a severity.
const SEVERITY_WIDTH: usize = "EMERGENCY".len();

/// How entries become lines.
pub(super) struct Lines {
    zone: TimeZone,
    /// Columns that a line may take; without a terminal, and where everything is shown, there is no limit.
    width: Option<usize>,
    is_in_full: bool,
}

impl Lines {
    /// Each line will stand behind a mark of so many columns.
    pub(super) fn new(settings: &Settings, printer: &Printer, mark: usize) -> Self {
        let is_in_full = is_in_full(settings);
        let width = match printer.terminal.width {
            Width::Columns(columns) if !is_in_full => Some(columns.saturating_sub(mark)),
            _ => None,
        };
        Self { zone: settings.zone.clone(), width, is_in_full }
    }

    /// Returns a line without its end; with all lines of the message below one another where that is asked for.
    pub(super) fn line(&self, view: &RowView<'_>, message: &str, printer: &Printer) -> String {
        let nanos = i128::from(view.row.timestamp.as_nanos());
        let time = Timestamp::from_nanosecond(nanos).expect("64 bits of nanoseconds reach from 1677 to 2262");
        let time = units::timestamp(time, Precision::Microsecond, &self.zone);
        let severity = Severity::parse(view.row.cells.text(Column::Severity)).unwrap_or_default();
        let origin = origin(view.row.cells.text(Column::Service), view.row.cells.text(Column::Revision));
        let origin = printer.safe(&origin).into_owned();
        let lead = time.len() + SEVERITY_WIDTH + origin.width() + 6;
        let message = self.message(message, lead, printer);
        let severity = printer.paint(&format!("{severity:SEVERITY_WIDTH$}"), style(severity));
        format!("{}  {severity}  {origin}  {message}", printer.paint(&time, Style::new().dimmed()))
    }

    fn message(&self, message: &str, lead: usize, printer: &Printer) -> String {
        if self.is_in_full {
            let text = escape::terminal(message, escape::Lines::Keep, printer.terminal.charset);
            return text.trim_end().replace('\n', "\n    ");
        }
        let safe = printer.safe(message);
        match self.width {
            // A narrow terminal wraps; cutting everything away would help nobody.
            Some(width) if width > lead + 20 => shorten(&safe, width - lead),
            _ => safe.into_owned(),
        }
    }
}

/// `service/revision`; the service alone is left out where the revision begins with it, as it does on Cloud Run.
fn origin(service: &str, revision: &str) -> String {
    match (service, revision) {
        ("", "") => "-".to_owned(),
        (service, "") => service.to_owned(),
        ("", revision) => revision.to_owned(),
        (service, revision) if revision.starts_with(service) => revision.to_owned(),
        (service, revision) => format!("{service}/{revision}"),
    }
}

fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used >= width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Default | Severity::Debug => Style::new().dimmed(),
        Severity::Info | Severity::Notice => Style::new(),
        Severity::Warning => AnsiColor::Yellow.on_default(),
        Severity::Error | Severity::Critical | Severity::Alert | Severity::Emergency => {
            AnsiColor::Red.on_default().bold()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        assert_eq!(origin("payments", "payments-00089-zen"), "payments-00089-zen");
        assert_eq!(origin("payments", "v7"), "payments/v7");
        assert_eq!(origin("payments", ""), "payments");
        assert_eq!(origin("", ""), "-");
    }

    #[test]
    fn lines_are_cut_by_columns_not_by_letters() {
        assert_eq!(shorten("abcdef", 6), "abcdef");
        assert_eq!(shorten("abcdefg", 6), "abcde…");
        assert_eq!(shorten("漢字漢字", 5), "漢字…");
        assert_eq!(shorten("漢字漢字", 4), "漢…");
    }
}
