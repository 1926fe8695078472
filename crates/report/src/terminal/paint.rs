//! The few styles, and how text is put into one.

use anstyle::{AnsiColor, Style};

use super::Color;

pub(super) const PLAIN: Style = Style::new();
pub(super) const HEADING: Style = Style::new().bold();
pub(super) const NAME: Style = AnsiColor::Cyan.on_default();
pub(super) const ACCENT: Style = AnsiColor::Green.on_default();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Returns safe text in a style; without colour, or in no style, the text alone.
pub(super) fn painted(color: Color, style: Style, text: &str) -> String {
    if color == Color::Never || style == PLAIN || text.is_empty() {
        text.to_owned()
    } else {
        format!("{style}{text}{style:#}")
    }
}
