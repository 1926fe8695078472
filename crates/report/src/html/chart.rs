//! Bars and sparklines as SVG, and the parts all charts are made of. All positions are whole numbers, so the same document gives the same bytes.
//!
//! ```text
//! value          filled, in eight shades where the length does not say it
//! zero           an empty frame, or a line on the ground
//! not covered    hatched
//! ```

use jiff::tz::TimeZone;

use super::markup::Markup;
use super::write_value;
use crate::document::{Bars, Cell, Sample, largest};
use crate::shown::NOT_COVERED;
use crate::units;

/// The hatching that marks what is not covered. No anchor can have this name: anchors have no underscore.
pub(super) const PATTERNS: &str = "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\
<pattern id=\"_not-covered\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"5\" stroke-width=\"2\"></line></pattern></defs></svg>\n";

pub(super) const HATCHED: (&str, &str) = ("fill", "url(#_not-covered)");
const BAR: (u32, u32) = (200, 12);
const SPARK: (u32, u32) = (4, 18);

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

pub(super) fn figure(title: &str, page: &mut Markup, content: impl FnOnce(&mut Markup)) {
    page.element("figure", &[], |page| {
        if !title.is_empty() {
            page.leaf("figcaption", &[], title);
        }
        page.element("div", &[("class", "wide"), ("tabindex", "0")], content);
    });
}

pub(super) fn svg(
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

pub(super) fn rect(
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

pub(super) fn says(sample: Sample) -> String {
    sample.value().map_or_else(|| NOT_COVERED.to_owned(), units::amount)
}

/// Positions on a page; a chart with more places than `u32` holds is cut, which no reader would see.
pub(super) fn whole(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX / 1024).min(u32::MAX / 1024)
}

/// `fraction` of `full` pixels, at least one for what is not zero.
pub(super) fn scaled(fraction: f64, full: u32) -> u32 {
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `full`")]
    let pixels = (fraction * f64::from(full)).round() as u32;
    if fraction > 0.0 { pixels.max(1) } else { 0 }
}
