//! Several changes: the series cut into segments of constant rate, at the best price.
//!
//! A segment with x events in exposure E costs `C = −(x ln(x/E) − x)`; every cut costs β = 2 ln R besides. The cheapest
//! cuts come from dynamic programming over the last segment's start:
//!
//! ```text
//!   F(t) = min_s  F(s) + C(s, t) + β            a start s is dropped for good once F(s) + C(s, t) > F(t):
//!                                               cutting at t instead can then never be worse (PELT)
//! ```
//!
//! Appears, fixed, back (`0 0 0 | 7 9 8 7 | 0 0 1 0 | 9 8 10`) is three cuts: a regression.
//!
//! Source: B. Jackson et al., IEEE Signal Proc. Letters 12 (2005), optimal partitioning; R. Killick, P. Fearnhead,
//! I. Eckley, J. Am. Stat. Assoc. 107 (2012), the pruning.

use std::ops::Range;

use serde::Serialize;

use super::Series;

/// The cheapest segmentation of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segmentation {
    /// Revisions (from 0) at which a new segment starts, ascending; empty if the rate never changed.
    pub cuts: Vec<usize>,
    /// Σ C + β · cuts.
    pub total_cost: f64,
    /// Number of revisions.
    pub n_revisions: usize,
}

impl Segmentation {
    /// Returns the segments as ranges of revisions, oldest first; at least one.
    pub fn segments(&self) -> Vec<Range<usize>> {
        let starts = std::iter::once(0).chain(self.cuts.iter().copied());
        let ends = self.cuts.iter().copied().chain(std::iter::once(self.n_revisions));
        starts.zip(ends).map(|(start, end)| start..end).collect()
    }
}

/// Returns whether a segment is a single revision: a spike (or a dip), which needs a second revision to be a change.
pub fn is_spike(segment: &Range<usize>) -> bool {
    segment.len() == 1
}

/// Returns the usual price of a cut, β = 2 ln R.
pub fn usual_penalty(series: &Series) -> f64 {
    2.0 * (series.n_revisions() as f64).ln()
}

/// Returns the segmentation of least total cost, each cut costing `penalty`.
///
/// Shape: `penalty` at least 0. Of equally cheap segmentations, the one whose last segment starts earliest wins.
/// Cost: at most the square of the number of revisions, in practice little more than linear when there are changes.
pub fn segment(series: &Series, penalty: f64) -> Segmentation {
    let n_revisions = series.n_revisions();
    // Worked in gains over the pooled rate, Σ C = const − Σ gain: larger is better, and nothing cancels.
    // best[t] is the net gain of revisions ..t, each segment having paid; the first segment's price is returned below.
    let mut best = vec![0.0; n_revisions + 1];
    let mut start_of_last = vec![0; n_revisions + 1];
    let mut starts: Vec<usize> = Vec::new();
    for end in 1..=n_revisions {
        starts.push(end - 1);
        let net_gains: Vec<f64> = starts.iter().map(|&start| best[start] + series.gain(start..end)).collect();
        let mut winner = 0;
        for (i, net_gain) in net_gains.iter().enumerate() {
            if *net_gain > net_gains[winner] {
                winner = i;
            }
        }
        best[end] = net_gains[winner] - penalty;
        start_of_last[end] = starts[winner];
        let worth_keeping = best[end];
        let mut net_gain = net_gains.iter();
        starts.retain(|_| net_gain.next().is_some_and(|&gain| gain >= worth_keeping));
    }

    let mut cuts = Vec::new();
    let mut end = n_revisions;
    while start_of_last[end] > 0 {
        end = start_of_last[end];
        cuts.push(end);
    }
    cuts.reverse();
    Segmentation { cuts, total_cost: cost_of_one_segment(series) - best[n_revisions] - penalty, n_revisions }
}

/// C of the whole series under its pooled rate.
fn cost_of_one_segment(series: &Series) -> f64 {
    let count = series.count(0..series.n_revisions());
    count - count * series.pooled_rate().ln()
}

#[cfg(test)]
mod tests {
    use super::super::super::generator::sweep;
    use super::*;

    fn series(counts: &[f64], exposures: &[f64]) -> Series {
        let revisions: Vec<(f64, f64)> = counts.iter().copied().zip(exposures.iter().copied()).collect();
        Series::new(&revisions).unwrap()
    }

    fn check(counts: &[f64], exposures: &[f64], cuts: &[usize], total_cost: f64) {
        let series = series(counts, exposures);
        let found = segment(&series, usual_penalty(&series));
        assert_eq!(found.cuts, cuts, "{counts:?}");
        assert!((found.total_cost - total_cost).abs() <= 1e-9 * total_cost.abs(), "{}", found.total_cost);
    }

    #[test]
    fn segmentations_have_their_reference_values() {
        check(&[2.0, 1.0, 3.0, 0.0, 2.0, 9.0, 11.0, 8.0, 10.0], &[1.0; 9], &[5], -38.91466823);
        check(
            &[0.0, 0.0, 0.0, 7.0, 9.0, 8.0, 7.0, 0.0, 0.0, 1.0, 0.0, 9.0, 8.0, 10.0],
            &[1.0; 14],
            &[3, 7, 11],
            -46.58290339,
        );
        check(
            &[4.0, 6.0, 5.0, 5.0, 40.0, 7.0, 3.0, 50.0, 60.0],
            &[100.0, 100.0, 100.0, 100.0, 800.0, 100.0, 100.0, 1000.0, 1000.0],
            &[],
            708.94329475,
        );
    }

    #[test]
    fn a_segment_of_one_revision_is_a_spike() {
        let series = series(&[1.0, 0.0, 2.0, 90.0, 1.0, 1.0, 0.0], &[1.0; 7]);
        let segments = segment(&series, usual_penalty(&series)).segments();
        assert_eq!(segments, [0..3, 3..4, 4..7]);
        assert_eq!(segments.iter().filter(|segment| is_spike(segment)).count(), 1);
    }

    #[test]
    fn no_other_choice_of_cuts_is_cheaper() {
        sweep(200, |draw| {
            let revisions: Vec<(f64, f64)> = (0..2 + draw.next_bits() % 8)
                .map(|_| ((draw.between(0.0, 3.0).exp() - 1.0).floor(), draw.across(0.5, 4.0)))
                .chain([(1.0, 1.0)])
                .collect();
            let series = Series::new(&revisions).unwrap();
            let penalty = draw.between(0.0, 6.0);
            let cost = |range: Range<usize>| {
                let (x, e) =
                    revisions[range].iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
                if x == 0.0 { 0.0 } else { x - x * (x / e).ln() }
            };
            let n_gaps = revisions.len() - 1;
            let cheapest = (0u32..1 << n_gaps)
                .map(|chosen| {
                    let cuts: Vec<usize> = (1..=n_gaps).filter(|cut| chosen >> (cut - 1) & 1 == 1).collect();
                    let choice = Segmentation { cuts, total_cost: 0.0, n_revisions: revisions.len() };
                    choice.segments().into_iter().map(cost).sum::<f64>()
                        + penalty * f64::from(chosen.count_ones())
                })
                .fold(f64::INFINITY, f64::min);
            let found = segment(&series, penalty);
            assert!((found.total_cost - cheapest).abs() <= 1e-9 * cheapest.abs().max(1.0), "{revisions:?}");
        });
    }
}
