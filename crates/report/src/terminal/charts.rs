//! Bars and strips on a terminal.

use super::Screen;
use super::lines::{Run, pad, pad_left, shorten, width_of};
use super::paint::{ACCENT, FAINT, NAME, painted};
use crate::document::{Bars, Cell, HeatStrip, Sample, Scale, StripRow, largest};
use crate::shown::{BAR_WIDTH, NOT_COVERED};
use crate::{glyphs, units};

/// The longest bar where the screen sets no limit.
const LONGEST_BAR: usize = 40;

impl Screen<'_> {
    /// One line per bar: name, drawing, value.
    pub(super) fn bars(&self, bars: &Bars) -> Vec<String> {
        let full = largest(&bars.bars.iter().map(|bar| bar.length).collect::<Vec<_>>());
        let labels: Vec<_> = bars.bars.iter().map(|bar| self.safe(&bar.label)).collect();
        let values: Vec<_> = bars.bars.iter().map(|bar| self.bar_value(bar.length, &bar.value)).collect();
        let value_width = values.iter().map(|value| width_of(value)).max().unwrap_or(0).min(self.width / 3);
        let label_width = labels.iter().map(|label| width_of(label)).max().unwrap_or(0).min(self.width / 3);
        let bar_width = self.width.saturating_sub(label_width + value_width + 4).min(LONGEST_BAR);

        let mut lines = self.chart_title(&bars.title);
        for ((bar, label), value) in bars.bars.iter().zip(&labels).zip(&values) {
            let drawing = match bar.length.value() {
                Some(length) if full > 0.0 => glyphs::bar(length / full, bar_width, self.charset),
                Some(_) => String::new(),
                None => {
                    glyphs::mark(glyphs::Step::NotCovered, self.charset).to_string().repeat(bar_width.min(3))
                }
            };
            lines.push(format!(
                "{}  {}  {}",
                painted(self.color, NAME, &pad(&shorten(label, label_width, self.charset), label_width)),
                painted(self.color, ACCENT, &pad(&drawing, bar_width)),
                pad_left(&shorten(value, value_width, self.charset), value_width)
            ));
        }
        lines
    }

    /// One line of marks per row, broken where the screen ends; the first and last name of each part above it.
    pub(super) fn heat_strip(&self, strip: &HeatStrip) -> Vec<String> {
        let labels: Vec<_> = strip.rows.iter().map(|row| self.safe(&row.label)).collect();
        let label_width = labels.iter().map(|label| width_of(label)).max().unwrap_or(0).min(self.width / 3);
        let room = self.width.saturating_sub(label_width + 2).max(1);
        let n_columns = strip.columns.len();

        let mut lines = self.chart_title(&strip.title);
        let mut from = 0;
        while from < n_columns {
            let to = from.saturating_add(room).min(n_columns);
            let ends = [&strip.columns[from], &strip.columns[to - 1]].map(|name| self.safe(name));
            let span = if to - from > 1 { ends.join(" to ") } else { ends[0].clone() };
            lines.push(painted(self.color, FAINT, &shorten(&span, self.width, self.charset)));
            for (row, label) in strip.rows.iter().zip(&labels) {
                let label = pad(&shorten(label, label_width, self.charset), label_width);
                let marks = self.marks(strip, row, from..to);
                lines.push(format!(
                    "{}  {}",
                    painted(self.color, NAME, &label),
                    painted(self.color, ACCENT, &marks)
                ));
            }
            if let Some(pointers) = pointers(strip, from..to) {
                lines.push(format!("{}  {pointers}", " ".repeat(label_width)));
            }
            from = to;
        }
        for mark in &strip.marks {
            let place = strip.columns.get(mark.column_idx).map_or_else(String::new, |name| self.safe(name));
            let remark = format!("^ {place}: {}", self.safe(&mark.label));
            lines.extend(self.wrapped(&[Run::new(FAINT, &remark)], "", 2));
        }
        let full = strip.rows.iter().map(|row| strip.full_scale(row)).fold(0.0, f64::max);
        let full = (strip.scale == Scale::Shared).then(|| units::amount(full));
        let legend = glyphs::legend(full.as_deref(), self.charset);
        lines.extend(self.wrapped(&[Run::new(FAINT, &legend)], "", 0));
        lines
    }

    fn marks(&self, strip: &HeatStrip, row: &StripRow, columns: std::ops::Range<usize>) -> String {
        let full = strip.full_scale(row);
        columns.map(|at| glyphs::mark(glyphs::step(row.at(at), full), self.charset)).collect()
    }

    fn bar_value(&self, length: Sample, value: &Cell) -> String {
        if length.value().is_none() { NOT_COVERED.to_owned() } else { self.cell(value) }
    }

    fn chart_title(&self, title: &str) -> Vec<String> {
        if title.is_empty() {
            return Vec::new();
        }
        self.wrapped(&[Run::new(FAINT, &self.safe(title))], "", 0)
    }
}

/// A line with `^` under every column that has a mark, if there is one among these columns.
fn pointers(strip: &HeatStrip, columns: std::ops::Range<usize>) -> Option<String> {
    let is_marked = |at: usize| strip.marks.iter().any(|mark| mark.column_idx == at);
    let line: String = columns.map(|at| if is_marked(at) { '^' } else { ' ' }).collect();
    line.contains('^').then(|| line.trim_end().to_owned())
}

const _: () = assert!(BAR_WIDTH <= LONGEST_BAR, "a bar in a table is not longer than one on its own");
