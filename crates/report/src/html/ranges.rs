//! Spreads of times on a logarithmic axis, as SVG; the values stand beside each.

use super::chart::{figure, rect, svg, whole};
use super::markup::Markup;
use crate::document::Ranges;
use crate::units;
use std::time::Duration;

const SIZE: (u32, u32) = (320, 16);

/// A strip per range: a line from the least to the largest, a block from the middle to the high mark.
pub(super) fn ranges(ranges: &Ranges, page: &mut Markup) {
    let (width, height) = SIZE;
    let (low, high) = ranges.axis();
    let x = |value: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "places are between 0 and 1"
        )]
        let x = (ranges.place(value) * f64::from(width - 4)).round() as u32;
        x
    };
    figure(&ranges.title, page, |page| {
        page.element("table", &[], |page| {
            page.element("tr", &[], |page| {
                page.leaf("td", &[], "");
                let axis = format!("{} to {}, logarithmic", seconds(low), seconds(high));
                page.leaf("th", &[("scope", "col")], &axis);
                for name in ["min", "median", "p95", "max"] {
                    page.leaf("th", &[("scope", "col"), ("class", "right")], name);
                }
            });
            for range in &ranges.ranges {
                page.element("tr", &[], |page| {
                    page.leaf("th", &[("scope", "row")], &range.label);
                    page.element("td", &[], |page| {
                        svg(width, height, &[("aria-hidden", "true")], page, |page| {
                            decades(low, high, &x, page);
                            let (from, to) = (x(range.low), x(range.top));
                            rect(
                                [from, height / 2, (to - from).max(2), 2],
                                &[("class", "value s4")],
                                page,
                                None,
                            );
                            let (middle, mark) = (x(range.middle), x(range.high));
                            let block = [middle, 4, mark.saturating_sub(middle).max(2), height - 6];
                            rect(block, &[("class", "value s5")], page, None);
                            rect([middle, 2, 3, height - 2], &[("class", "value")], page, None);
                        });
                    });
                    for (_, value) in range.named() {
                        page.leaf("td", &[("class", "right")], &seconds(value));
                    }
                });
            }
        });
        page.leaf("p", &[("class", "legend")], "line: fastest to slowest · block: median to p95");
    });
}

/// A faint line per power of ten.
fn decades(low: f64, high: f64, x: &dyn Fn(f64) -> u32, page: &mut Markup) {
    let mut at = low;
    for _ in 0..whole(32) {
        if at > high * 1.001 {
            break;
        }
        rect([x(at), 0, 1, SIZE.1], &[("class", "zero")], page, None);
        at *= 10.0;
    }
}

fn seconds(value: f64) -> String {
    Duration::try_from_secs_f64(value).map_or_else(|_| "n/a".to_owned(), units::duration)
}
