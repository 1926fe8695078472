//! Spreads of values side by side.

/// Ranges of one quantity on a shared logarithmic axis: from the least to the largest, with the middle and a high mark.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranges {
    /// What is measured, for the text alternative.
    pub title: String,
    /// The ranges, top to bottom.
    pub ranges: Vec<Range>,
}

/// One range, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Its name.
    pub label: String,
    /// The least.
    pub low: f64,
    /// The middle.
    pub middle: f64,
    /// A mark below which nearly all lies.
    pub high: f64,
    /// The largest.
    pub top: f64,
}

/// The shortest time that the axis tells apart: a tenth of a millisecond.
const LEAST: f64 = 1e-4;

impl Ranges {
    /// The ends of the axis, powers of ten around all ranges, in seconds.
    #[must_use]
    pub fn axis(&self) -> (f64, f64) {
        let all =
            || self.ranges.iter().flat_map(|range| [range.low, range.top]).filter(|value| value.is_finite());
        let low = all().fold(f64::INFINITY, f64::min).clamp(LEAST, 1e9);
        let high = all().fold(0.0, f64::max).clamp(LEAST, 1e9);
        let (low, high) = (10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil()));
        (low, if high > low { high } else { low * 10.0 })
    }

    /// The place of a value on the axis, from 0 to 1.
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        let (low, high) = self.axis();
        let value = if value.is_finite() { value.clamp(low, high) } else { low };
        (value.log10() - low.log10()) / (high.log10() - low.log10())
    }
}

impl Range {
    /// The four values by name.
    #[must_use]
    pub fn named(&self) -> [(&'static str, f64); 4] {
        [("min", self.low), ("median", self.middle), ("p95", self.high), ("max", self.top)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_holds_all_and_is_logarithmic() {
        let range = |low, top| Range { label: String::new(), low, middle: low, high: top, top };
        let ranges = Ranges { title: String::new(), ranges: vec![range(0.002, 0.5), range(0.03, 4.0)] };
        assert_eq!(ranges.axis(), (0.001, 10.0));
        assert!((ranges.place(0.1) - 0.5).abs() < 1e-9);
        assert_eq!((ranges.place(0.0), ranges.place(1e9)), (0.0, 1.0));
        let (low, high) = Ranges::default().axis();
        assert!(low < high);
    }
}
