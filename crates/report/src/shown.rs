//! A cell as text, before any escaping: the one place that says how each kind of value reads.

use jiff::tz::TimeZone;

use crate::document::Cell;
use crate::escape::Charset;
use crate::{glyphs, units};

/// What a place shows that the archive cannot speak for.
pub(crate) const NOT_COVERED: &str = "not covered";

/// How wide a [`Cell::Bar`] is where nothing limits it.
pub(crate) const BAR_WIDTH: usize = 20;

/// Returns the cell as text. Text from logs comes back as it is: the caller escapes the answer, whatever the kind.
pub(crate) fn text_of(cell: &Cell, zone: &TimeZone, charset: Charset) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::NotCovered => NOT_COVERED.to_owned(),
        Cell::Text(text) | Cell::Log(text) | Cell::Id(text) => text.clone(),
        Cell::Link(link) => link.text.clone(),
        Cell::Count(n) => units::count(*n),
        Cell::Measure(value) => units::measure(*value),
        Cell::Share { part, total } => units::share(*part, *total),
        Cell::Rate { value, interval, per } => units::rate(*value, *interval, per),
        Cell::Time(at, precision) => units::timestamp(*at, *precision, zone),
        Cell::Duration(duration) => units::duration(*duration),
        Cell::Bytes(n) => units::bytes(*n),
        Cell::Bar(fraction) => glyphs::bar(*fraction, BAR_WIDTH, charset),
        Cell::Sparkline(samples) => glyphs::sparkline(samples, charset),
    }
}
