//! One value of a table, a list of values or a sentence.

use std::time::Duration;

use jiff::Timestamp;

use super::{Link, Sample};
use crate::units::Precision;

/// A value with its kind; the format decides how the kind looks.
///
/// Only [`Cell::Text`] and [`Cell::Log`] are shortened where space is short. A shortened number would be another
/// number, and a shortened id finds nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing to say.
    Empty,
    /// The archive cannot speak for this; not the same as a zero.
    NotCovered,
    /// Words: labels, states, reasons.
    Text(String),
    /// Log text: messages, templates, field values.
    Log(String),
    /// A name to search for: revision, pattern id, insert id.
    Id(String),
    /// A way to another place in this document.
    Link(Link),
    /// How many.
    Count(u64),
    /// A measured number without a unit of its own.
    Measure(f64),
    /// How many of how many.
    Share {
        /// The part, at most `total`.
        part: u64,
        /// The whole.
        total: u64,
    },
    /// How many per something, with the interval that the evidence allows.
    Rate {
        /// The estimate.
        value: f64,
        /// The lower and upper end, if there is an interval.
        interval: Option<(f64, f64)>,
        /// The singular that "per" takes: `hour`, `1,000 requests`.
        per: String,
    },
    /// A point in time, shown in the document's zone.
    Time(Timestamp, Precision),
    /// A length of time.
    Duration(Duration),
    /// A size.
    Bytes(u64),
    /// A part of one, drawn; outside 0 to 1 it is drawn as the nearer end.
    Bar(f64),
    /// Values over time, drawn, scaled to their own largest.
    Sparkline(Vec<Sample>),
}

impl Cell {
    /// Returns words.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Returns log text.
    #[must_use]
    pub fn log(text: impl Into<String>) -> Self {
        Self::Log(text.into())
    }

    /// Returns a name to search for.
    #[must_use]
    pub fn id(text: impl Into<String>) -> Self {
        Self::Id(text.into())
    }

    /// Returns a point in time, to the second.
    #[must_use]
    pub fn time(at: Timestamp) -> Self {
        Self::Time(at, Precision::Second)
    }

    /// Returns a point in time from nanoseconds since the Unix epoch, UTC.
    #[must_use]
    pub fn time_ns(at_ns: i64, precision: Precision) -> Self {
        let at =
            Timestamp::from_nanosecond(at_ns.into()).expect("64 bits of nanoseconds reach from 1677 to 2262");
        Self::Time(at, precision)
    }

    /// Returns how many, or "not covered" where nothing is known.
    #[must_use]
    pub fn count_or_not_covered(n: Option<u64>) -> Self {
        n.map_or(Self::NotCovered, Self::Count)
    }
}
