//! Many patterns at once: false discovery rate of Benjamini and Hochberg.
//!
//! ```text
//!   p_(1) ≤ … ≤ p_(m)        q_(i) = min_{j ≥ i} m · p_(j) / j
//! ```
//!
//! Of the patterns reported at q ≤ 0.05, at most 5 % are expected to be chance. Patterns that fire together (shares
//! of a cascade) are positively dependent, and the bound still holds. Patterns that cannot become significant must
//! be left out beforehand ([`can_matter`]): a long tail of singletons would otherwise only raise m.
//!
//! Source: Y. Benjamini and Y. Hochberg, J. R. Stat. Soc. B 57 (1995); dependence: Benjamini and Yekutieli (2001);
//! leaving out by the margin: R. Tarone, Biometrics 46 (1990).

/// Minimum attainable p above which a pattern is not worth testing.
pub const ATTAINABLE_LIMIT: f64 = 0.05;

/// Returns whether a pattern with this minimum attainable p can become significant at all.
pub fn can_matter(min_attainable: f64) -> bool {
    min_attainable <= ATTAINABLE_LIMIT
}

/// Returns the q value of each p, in the order given.
///
/// Shape: as many q's as p's, each from its p to 1. Ties: equal p's get equal q's whatever their order, because the
/// minimum over `j ≥ i` runs through the last of them; so q depends on the set of p's only. A p that is not a
/// number counts as 1.
///
/// Cost: one sort.
pub fn q_values(p_values: &[f64]) -> Vec<f64> {
    let m = p_values.len() as f64;
    let p = |i: usize| if p_values[i].is_nan() { 1.0 } else { p_values[i] };
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p(i).total_cmp(&p(j)));
    let mut q_values = vec![1.0; p_values.len()];
    let mut smallest = 1f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        // The factor is exactly 1 for the last rank, so no q falls below its p by rounding.
        smallest = smallest.min(p(i) * (m / (rank + 1) as f64));
        q_values[i] = smallest;
    }
    q_values
}

/// Returns the q value of each p where some of them are one test made twice: a test counts once, with its largest p.
///
/// Shape: `tests[i]` is the number of the test that `p_values[i]` belongs to; numbers from 0 without holes.
pub fn q_values_counting_once(p_values: &[f64], tests: &[usize]) -> Vec<f64> {
    debug_assert_eq!(p_values.len(), tests.len(), "every p belongs to a test");
    let mut largest = vec![0.0; tests.iter().max().map_or(0, |last| last + 1)];
    for (p, test) in p_values.iter().zip(tests) {
        largest[*test] = if p.is_nan() { 1.0 } else { p.max(largest[*test]) };
    }
    let q_values = q_values(&largest);
    tests.iter().map(|test| q_values[*test]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::generator::sweep;
    use super::*;

    #[test]
    fn q_values_have_their_reference_values() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719,
            0.6528, 0.759, 1.0,
        ];
        let expected = [
            0.0015,
            0.003,
            0.0095,
            0.035625,
            0.0603,
            0.06385714285714286,
            0.06385714285714286,
            0.0645,
            0.0765,
            0.486,
            0.581_181_818_181_818_2,
            0.714875,
            0.753_230_769_230_769_4,
            0.8132142857142857,
            1.0,
        ];
        let q = q_values(&p);
        for (actual, expected) in q.iter().zip(expected) {
            assert!((actual - expected).abs() <= 1e-12, "{actual} is not {expected}");
        }
        assert_eq!(q.iter().filter(|&&q| q <= 0.05).count(), 4);
    }

    #[test]
    fn ties_and_odd_values_are_settled() {
        assert_eq!(q_values(&[]), Vec::<f64>::new());
        assert_eq!(q_values(&[0.02]), [0.02]);
        let tied = 0.01 * (4.0 / 3.0);
        assert_eq!(q_values(&[0.5, 0.01, 0.01, 0.01]), [0.5, tied, tied, tied]);
        assert_eq!(q_values(&[f64::NAN, 0.01]), [1.0, 0.02]);
        assert!(can_matter(0.05) && !can_matter(0.051));
    }

    #[test]
    fn a_test_made_twice_counts_once() {
        let once = q_values(&[0.01, 0.02, 0.9]);
        let twice = q_values_counting_once(&[0.01, 0.9, 0.01, 0.02, 0.01], &[0, 2, 0, 1, 0]);
        assert_eq!(twice, [once[0], once[2], once[0], once[1], once[0]]);
        assert_eq!(q_values_counting_once(&[], &[]), Vec::<f64>::new());
    }

    #[test]
    fn order_of_the_patterns_does_not_matter() {
        sweep(300, |draw| {
            // Few distinct values, so that there are ties.
            let p: Vec<f64> =
                (0..1 + draw.next_bits() % 30).map(|_| (draw.unit() * 12.0).floor() / 12.0).collect();
            let q = q_values(&p);
            let reversed: Vec<f64> = p.iter().rev().copied().collect();
            let mut q_reversed = q_values(&reversed);
            q_reversed.reverse();
            assert_eq!(q, q_reversed);
            for i in 0..p.len() {
                assert!(q[i] >= p[i] && q[i] <= 1.0);
                for j in 0..p.len() {
                    assert!(p[i] > p[j] || q[i] <= q[j], "{p:?} {q:?}");
                }
            }
        });
    }
}
