//! Values to be drawn.

use super::Cell;

/// One place on a chart's axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// A value, zero included: the archive covers this place and found that much. Finite and not negative.
    Value(f64),
    /// The archive cannot speak for this place.
    NotCovered,
}

/// One bar per name, all to the same scale.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bars {
    /// What is measured, for the text alternative.
    pub title: String,
    /// The bars, top to bottom.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Its length.
    pub length: Sample,
    /// The value beside it, as the caller wants it read.
    pub value: Cell,
}

/// Rows of samples along one axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatStrip {
    /// What is measured, for the text alternative.
    pub title: String,
    /// The names of the places on the axis, left to right: hours, days, revisions.
    pub columns: Vec<String>,
    /// The strips, top to bottom.
    pub rows: Vec<StripRow>,
    /// Events on the axis, such as deploys.
    pub marks: Vec<Mark>,
    /// What a full mark stands for.
    pub scale: Scale,
    /// How a page draws it; a terminal draws strips either way.
    pub drawing: Drawing,
}

/// One strip: a sample per column.
#[derive(Debug, Clone, PartialEq)]
pub struct StripRow {
    /// Its name.
    pub label: String,
    /// As many samples as the strip has columns; missing ones count as not covered.
    pub samples: Vec<Sample>,
}

/// An event at a place on the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The position in [`HeatStrip::columns`].
    pub column_idx: usize,
    /// What happened.
    pub label: String,
}

/// What a full mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// The largest value of all rows: rows can be compared.
    #[default]
    Shared,
    /// The largest value of its own row: a quiet row still shows its course.
    PerRow,
}

/// How a page draws a [`HeatStrip`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Drawing {
    /// A grid of shades.
    #[default]
    Heat,
    /// A column per place, the rows stacked in it; always to the shared scale.
    Stacked,
}

impl Sample {
    /// Returns a count, or "not covered" where nothing is known.
    #[must_use]
    pub fn count(n: Option<u64>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "drawn with at most some hundred steps")]
        n.map_or(Self::NotCovered, |n| Self::Value(n as f64))
    }

    /// The value, if there is one that can be drawn: finite and not negative.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) if value.is_finite() && value >= 0.0 => Some(value),
            _ => None,
        }
    }
}

impl StripRow {
    /// The sample at a column; not covered beyond the last one.
    #[must_use]
    pub fn at(&self, column_idx: usize) -> Sample {
        self.samples.get(column_idx).copied().unwrap_or(Sample::NotCovered)
    }
}

impl HeatStrip {
    /// The value that a full mark of a row stands for; zero if nothing was found anywhere.
    #[must_use]
    pub fn full_scale(&self, row: &StripRow) -> f64 {
        match self.scale {
            Scale::PerRow => largest(&row.samples),
            Scale::Shared => self.rows.iter().map(|row| largest(&row.samples)).fold(0.0, f64::max),
        }
    }
}

/// The largest value among samples; zero if there is none.
#[must_use]
pub fn largest(samples: &[Sample]) -> f64 {
    samples.iter().filter_map(|sample| sample.value()).fold(0.0, f64::max)
}
