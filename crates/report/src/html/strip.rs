//! Heat maps and stacked timelines as SVG, each with all its values as a table below.

use super::chart::{HATCHED, figure, rect, says, scaled, svg, whole};
use super::markup::Markup;
use crate::document::{Drawing, HeatStrip, Scale};
use crate::glyphs::{Step, step};
use crate::shown::NOT_COVERED;
use crate::units;

const STACK_HEIGHT: u32 = 140;
/// Places narrower than this have no room for a name.
const MIN_NAMED: u32 = 14;
const NAMES_HEIGHT: u32 = 84;
const MAX_NAME_CHARS: usize = 11;

/// A heat map or a stacked timeline, with its marks, its legend and all its values as a table.
pub(super) fn heat_strip(strip: &HeatStrip, page: &mut Markup) {
    figure(&strip.title, page, |page| {
        match strip.drawing {
            Drawing::Heat => heat(strip, page),
            Drawing::Stacked => stacked(strip, page),
        }
        if !strip.marks.is_empty() {
            page.element("ul", &[], |page| {
                for mark in &strip.marks {
                    let place = strip.columns.get(mark.column_idx).map_or("", String::as_str);
                    page.leaf("li", &[], &format!("▾ {place}: {}", mark.label));
                }
            });
        }
        values(strip, page);
    });
}

fn heat(strip: &HeatStrip, page: &mut Markup) {
    let (width, height) = (place_width(strip), 18);
    let chart_width = width * whole(strip.columns.len());
    page.element("table", &[], |page| {
        if width >= MIN_NAMED {
            page.element("tr", &[], |page| {
                page.leaf("td", &[], "");
                page.element("td", &[], |page| names(strip, width, chart_width, page));
            });
        }
        if !strip.marks.is_empty() {
            page.element("tr", &[], |page| {
                page.leaf("td", &[], "");
                page.element("td", &[], |page| {
                    svg(chart_width, 8, &[("aria-hidden", "true")], page, |page| {
                        marks(strip, width, 8, page);
                    });
                });
            });
        }
        for row in &strip.rows {
            let full = strip.full_scale(row);
            page.element("tr", &[], |page| {
                page.leaf("th", &[("scope", "row")], &row.label);
                page.element("td", &[], |page| {
                    let label = format!("{}: values in the table below", row.label);
                    svg(chart_width, height, &[("role", "img"), ("aria-label", &label)], page, |page| {
                        for (at, column) in strip.columns.iter().enumerate() {
                            let sample = row.at(at);
                            let class = match step(sample, full) {
                                Step::Zero => ("class", "zero"),
                                Step::NotCovered => HATCHED,
                                Step::Level(level) => ("class", shade(level)),
                            };
                            let tip = format!("{column}: {}", says(sample));
                            rect([width * whole(at), 0, width - 1, height], &[class], page, Some(&tip));
                        }
                    });
                });
            });
        }
    });
    let full = strip.rows.iter().map(|row| strip.full_scale(row)).fold(0.0, f64::max);
    let full =
        if strip.scale == Scale::Shared { units::amount(full) } else { "the most in its row".to_owned() };
    page.element("ul", &[], |page| {
        legend(("class", "zero"), "zero", page);
        legend(("class", shade(1)), "least", page);
        legend(("class", shade(8)), &full, page);
        legend(HATCHED, NOT_COVERED, page);
    });
}

fn stacked(strip: &HeatStrip, page: &mut Markup) {
    let width = place_width(strip);
    let chart_width = width * whole(strip.columns.len());
    let sum_at = |at: usize| strip.rows.iter().filter_map(|row| row.at(at).value()).sum::<f64>();
    let full = (0..strip.columns.len()).map(sum_at).fold(0.0, f64::max);
    let label = format!("{}: values in the table below", strip.title);
    svg(chart_width, STACK_HEIGHT, &[("role", "img"), ("aria-label", &label)], page, |page| {
        for (at, column) in strip.columns.iter().enumerate() {
            let x = width * whole(at);
            // Hatched whether nothing or only a part is known: the column is not the whole truth.
            if strip.rows.iter().any(|row| row.at(at).value().is_none()) {
                rect(
                    [x, 0, width, STACK_HEIGHT],
                    &[HATCHED],
                    page,
                    Some(&format!("{column}: {NOT_COVERED}")),
                );
            }
            // The edges are rounded, not the parts, so that a stack is as tall as its sum.
            let (mut below, mut ground) = (0.0, 0);
            for (row_idx, row) in strip.rows.iter().enumerate() {
                let Some(value) = row.at(at).value().filter(|&value| value > 0.0) else { continue };
                below += value;
                let top = scaled(below / full, STACK_HEIGHT).max(ground + 1).min(STACK_HEIGHT);
                let tip = format!("{column}, {}: {}", row.label, units::amount(value));
                let class = ("class", colour(row_idx));
                rect([x, STACK_HEIGHT - top, width.max(2) - 1, top - ground], &[class], page, Some(&tip));
                ground = top;
            }
            if ground == 0 {
                rect([x, STACK_HEIGHT - 1, width, 1], &[("class", "zero")], page, None);
            }
        }
        marks(strip, width, STACK_HEIGHT, page);
    });
    if let [first, .., last] = strip.columns.as_slice() {
        page.leaf("p", &[("class", "legend")], &format!("{first} to {last}"));
    }
    page.element("ul", &[], |page| {
        for (row_idx, row) in strip.rows.iter().enumerate() {
            legend(("class", colour(row_idx)), &row.label, page);
        }
        legend(HATCHED, NOT_COVERED, page);
        page.leaf("li", &[], &format!("full height: {}", units::amount(full)));
    });
}

/// The names of the places, upright: only their ends, where they differ most. All of them stand in the table of values.
fn names(strip: &HeatStrip, width: u32, chart_width: u32, page: &mut Markup) {
    svg(chart_width, NAMES_HEIGHT, &[("aria-hidden", "true")], page, |page| {
        for (at, column) in strip.columns.iter().enumerate() {
            let n_chars = column.chars().count();
            let end: String = column.chars().skip(n_chars.saturating_sub(MAX_NAME_CHARS)).collect();
            let shown = if n_chars > MAX_NAME_CHARS { format!("…{end}") } else { end };
            let x = width * whole(at) + width / 2 + 4;
            let place = format!("translate({x} {}) rotate(-90)", NAMES_HEIGHT - 2);
            page.leaf("text", &[("class", "axis"), ("transform", &place)], &shown);
        }
    });
}

/// Every value of a strip, one place a row: the text alternative, and what can be copied.
fn values(strip: &HeatStrip, page: &mut Markup) {
    page.element("details", &[], |page| {
        page.leaf("summary", &[], "values");
        page.element("div", &[("class", "wide")], |page| {
            page.element("table", &[], |page| {
                page.element("tr", &[], |page| {
                    page.leaf("td", &[], "");
                    for row in &strip.rows {
                        page.leaf("th", &[("scope", "col")], &row.label);
                    }
                });
                for (at, column) in strip.columns.iter().enumerate() {
                    page.element("tr", &[], |page| {
                        page.leaf("th", &[("scope", "row")], column);
                        for row in &strip.rows {
                            page.leaf("td", &[("class", "right")], &says(row.at(at)));
                        }
                    });
                }
            });
        });
    });
}

fn marks(strip: &HeatStrip, width: u32, height: u32, page: &mut Markup) {
    for mark in &strip.marks {
        let x = (width * whole(mark.column_idx) + width / 2).to_string();
        page.element(
            "line",
            &[("class", "mark"), ("x1", &x), ("x2", &x), ("y1", "0"), ("y2", &height.to_string())],
            |page| page.leaf("title", &[], &mark.label),
        );
    }
}

fn legend(paint: (&'static str, &str), text: &str, page: &mut Markup) {
    page.element("li", &[], |page| {
        svg(12, 12, &[("aria-hidden", "true")], page, |page| rect([0, 0, 12, 12], &[paint], page, None));
        page.text(text);
    });
}

/// How wide one place of the axis is, so that a chart of any length stays near the width of a page.
fn place_width(strip: &HeatStrip) -> u32 {
    (720 / whole(strip.columns.len()).max(1)).clamp(3, 24)
}

fn shade(level: u8) -> &'static str {
    ["value s1", "value s2", "value s3", "value s4", "value s5", "value s6", "value s7", "value s8"]
        [usize::from(level.clamp(1, 8)) - 1]
}

fn colour(row_idx: usize) -> &'static str {
    ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"][row_idx % 8]
}
