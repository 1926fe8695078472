//! Charts as SVG. All positions are whole numbers, so the same document gives the same bytes.
//!
//! ```text
//! value          filled, in eight shades where the length does not say it
//! zero           an empty frame, or a line on the ground
//! not covered    hatched
//! ```

use jiff::tz::TimeZone;

use super::markup::Markup;
use super::write_value;
use crate::document::{Bars, Cell, Drawing, HeatStrip, Sample, Scale, largest};
use crate::glyphs::{Step, step};
use crate::shown::NOT_COVERED;
use crate::units;

/// The hatching that marks what is not covered. No anchor can have this name: anchors have no underscore.
pub(super) const PATTERNS: &str = "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\
<pattern id=\"_not-covered\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"5\" stroke-width=\"2\"></line></pattern></defs></svg>\n";

const HATCHED: (&str, &str) = ("fill", "url(#_not-covered)");
const BAR: (u32, u32) = (200, 12);
const SPARK: (u32, u32) = (4, 18);
const STACK_HEIGHT: u32 = 140;
const N_COLOURS: usize = 8;

/// Bars as a table: name, drawing, value. The value is the drawing's text alternative.
pub(super) fn bars(bars: &Bars, zone: &TimeZone, page: &mut Markup) {
    let full = largest(&bars.bars.iter().map(|bar| bar.length).collect::<Vec<_>>());
    figure(&bars.title, page, |page| {
        page.element("table", &[], |page| {
            for bar in &bars.bars {
                page.element("tr", &[], |page| {
                    page.leaf("th", &[("scope", "row")], &bar.label);
                    let length =
                        bar.length.value().map(|length| if full > 0.0 { length / full } else { 0.0 });
                    page.element("td", &[], |page| {
                        bar_drawing(length, &[("aria-hidden", "true")], page, |_| {});
                    });
                    let value = if length.is_some() { &bar.value } else { &Cell::NotCovered };
                    page.element("td", &[("class", "right")], |page| write_value(value, zone, page));
                });
            }
        });
    });
}

/// A bar in a cell; what it says is its title.
pub(super) fn bar(fraction: f64, page: &mut Markup) {
    let says = if fraction.is_finite() {
        format!("{}%", units::measure(fraction * 100.0))
    } else {
        "n/a".to_owned()
    };
    bar_drawing(Some(fraction), &[("role", "img")], page, |page| page.leaf("title", &[], &says));
}

fn bar_drawing(
    fraction: Option<f64>,
    attributes: &[(&'static str, &str)],
    page: &mut Markup,
    alternative: impl FnOnce(&mut Markup),
) {
    let (width, height) = BAR;
    svg(width, height, attributes, page, |page| {
        alternative(page);
        match fraction {
            None => rect([0, 0, width, height], &[HATCHED], page, None),
            Some(fraction) => {
                rect([0, 0, width, height], &[("class", "track")], page, None);
                let filled = scaled(fraction, width);
                if filled > 0 {
                    rect([0, 0, filled, height], &[("class", "value")], page, None);
                }
            }
        }
    });
}

/// A sparkline in a cell; its values are its title.
pub(super) fn sparkline(samples: &[Sample], page: &mut Markup) {
    let full = largest(samples);
    let (step_width, height) = SPARK;
    let says = samples.iter().map(|&sample| says(sample)).collect::<Vec<_>>().join(", ");
    svg(step_width * whole(samples.len()), height, &[("role", "img")], page, |page| {
        page.leaf("title", &[], &says);
        for (at, &sample) in samples.iter().enumerate() {
            let x = step_width * whole(at);
            match sample.value() {
                None => rect([x, 0, step_width, height], &[HATCHED], page, None),
                Some(value) if value > 0.0 => {
                    let tall = scaled(value / full, height);
                    rect([x, height - tall, step_width - 1, tall], &[("class", "value")], page, None);
                }
                Some(_) => rect([x, height - 1, step_width - 1, 1], &[("class", "hatch zero")], page, None),
            }
        }
    });
}

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
    page.element("ul", &[], |page| {
        for (row_idx, row) in strip.rows.iter().enumerate() {
            legend(("class", colour(row_idx)), &row.label, page);
        }
        legend(HATCHED, NOT_COVERED, page);
        page.leaf("li", &[], &format!("full height: {}", units::amount(full)));
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

fn figure(title: &str, page: &mut Markup, content: impl FnOnce(&mut Markup)) {
    page.element("figure", &[], |page| {
        if !title.is_empty() {
            page.leaf("figcaption", &[], title);
        }
        page.element("div", &[("class", "wide")], content);
    });
}

fn legend(paint: (&'static str, &str), text: &str, page: &mut Markup) {
    page.element("li", &[], |page| {
        svg(12, 12, &[("aria-hidden", "true")], page, |page| rect([0, 0, 12, 12], &[paint], page, None));
        page.text(text);
    });
}

fn svg(
    width: u32,
    height: u32,
    attributes: &[(&'static str, &str)],
    page: &mut Markup,
    content: impl FnOnce(&mut Markup),
) {
    let (width, height) = (width.max(1).to_string(), height.to_string());
    let view = format!("0 0 {width} {height}");
    let mut all = vec![("width", width.as_str()), ("height", height.as_str()), ("viewBox", view.as_str())];
    all.extend(attributes);
    page.element("svg", &all, content);
}

fn rect(
    [x, y, width, height]: [u32; 4],
    paint: &[(&'static str, &str)],
    page: &mut Markup,
    tip: Option<&str>,
) {
    let [x, y, width, height] = [x, y, width, height].map(|number| number.to_string());
    let mut all =
        vec![("x", x.as_str()), ("y", y.as_str()), ("width", width.as_str()), ("height", height.as_str())];
    all.extend(paint);
    page.element("rect", &all, |page| {
        if let Some(tip) = tip {
            page.leaf("title", &[], tip);
        }
    });
}

/// How wide one place of the axis is, so that a chart of any length stays near the width of a page.
fn place_width(strip: &HeatStrip) -> u32 {
    (720 / whole(strip.columns.len()).max(1)).clamp(3, 24)
}

fn says(sample: Sample) -> String {
    sample.value().map_or_else(|| NOT_COVERED.to_owned(), units::amount)
}

fn shade(level: u8) -> &'static str {
    ["value s1", "value s2", "value s3", "value s4", "value s5", "value s6", "value s7", "value s8"]
        [usize::from(level.clamp(1, 8)) - 1]
}

fn colour(row_idx: usize) -> &'static str {
    ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"][row_idx % N_COLOURS]
}

/// Positions on a page; a chart with more places than `u32` holds is cut, which no reader would see.
fn whole(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX / 1024).min(u32::MAX / 1024)
}

/// `fraction` of `full` pixels, at least one for what is not zero.
fn scaled(fraction: f64, full: u32) -> u32 {
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `full`")]
    let pixels = (fraction * f64::from(full)).round() as u32;
    if fraction > 0.0 { pixels.max(1) } else { 0 }
}
