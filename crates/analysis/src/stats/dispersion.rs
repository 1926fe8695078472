//! Over-dispersion: how much more the counts scatter from cell to cell than a Poisson variable would.
//!
//! ```text
//!   φ̂ = max(1, Σ_cells (x_c − x̄_r)² / x̄_r  ÷  (n1 + n0 − 2))      x̄_r the mean of the cell's own revision
//! ```
//!
//! Counts divided by φ̂ go into the conditional test as real numbers ([`scaled`]). Cells remain the first choice: φ̂ is
//! well determined only when the pattern is in nearly all of them.
//!
//! Source: quasi-Poisson estimate, P. McCullagh and J. Nelder, "Generalized Linear Models" (1989), section 4.5.

use super::observed::{Observed, as_f64};

/// Running sums of the entries per cell of one revision; exact, so the order of cells does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellMoments {
    n_cells: u64,
    n_entries: u64,
    sum_of_squares: u128,
}

impl CellMoments {
    /// Adds one cell with this many entries of the pattern.
    pub fn add(&mut self, n_entries: u64) {
        self.n_cells += 1;
        self.n_entries += n_entries;
        self.sum_of_squares += u128::from(n_entries) * u128::from(n_entries);
    }

    /// Adds covered cells in which the pattern did not appear.
    pub fn add_empty(&mut self, n_cells: u64) {
        self.n_cells += n_cells;
    }

    /// Adds all cells of another part of the same revision.
    pub fn merge(&mut self, other: Self) {
        self.n_cells += other.n_cells;
        self.n_entries += other.n_entries;
        self.sum_of_squares += other.sum_of_squares;
    }

    /// Returns the number of cells, with or without the pattern.
    pub fn n_cells(&self) -> u64 {
        self.n_cells
    }

    /// Returns the entries of the pattern over all cells.
    pub fn n_entries(&self) -> u64 {
        self.n_entries
    }

    /// Returns Pearson's Σ (x_c − x̄)² / x̄; 0 without entries.
    fn pearson(&self) -> f64 {
        if self.n_entries == 0 {
            return 0.0;
        }
        // Σ (x − x̄)² / x̄ = n Σ x² / Σ x − Σ x. In whole numbers nothing cancels before the division.
        let total = u128::from(self.n_entries);
        let numerator = (u128::from(self.n_cells) * self.sum_of_squares).saturating_sub(total * total);
        numerator as f64 / as_f64(self.n_entries)
    }
}

/// Returns φ̂ of a pattern over two revisions; at least 1, and 1 with fewer than three cells.
pub fn factor(new: &CellMoments, base: &CellMoments) -> f64 {
    factor_of([new, base])
}

/// Returns φ̂ of a pattern over any revisions, each around its own mean; at least 1, and 1 with too few cells to tell.
pub fn factor_of<'m>(revisions: impl IntoIterator<Item = &'m CellMoments>) -> f64 {
    let (mut n_revisions, mut n_cells, mut pearson) = (0, 0, 0.0);
    for revision in revisions {
        n_revisions += 1;
        n_cells += revision.n_cells;
        pearson += revision.pearson();
    }
    if n_cells <= n_revisions {
        return 1.0;
    }
    (pearson / as_f64(n_cells - n_revisions)).max(1.0)
}

/// Returns the entries of a revision divided by φ̂, under its number of cells; `None` without cells.
pub fn scaled(moments: &CellMoments, factor: f64) -> Option<Observed> {
    Observed::new(as_f64(moments.n_entries) / factor, as_f64(moments.n_cells))
}

#[cfg(test)]
mod tests {
    use super::super::generator::sweep;
    use super::*;

    fn moments(cells: &[u64]) -> CellMoments {
        let mut moments = CellMoments::default();
        for &n_entries in cells {
            moments.add(n_entries);
        }
        moments
    }

    #[test]
    fn bursts_are_over_dispersed_and_even_counts_are_not() {
        // New: mean 2, Σ(x−x̄)²/x̄ = (4+4+0+0)/2 = 4. Base: mean 3, (9+9+9+81−…): 0 0 0 12 → (9·3+81)/3 = 36.
        assert_eq!(factor(&moments(&[0, 4, 2, 2]), &moments(&[0, 0, 0, 12])), 40.0 / 6.0);
        assert_eq!(factor(&moments(&[5, 5, 5]), &moments(&[7, 7])), 1.0);
    }

    #[test]
    fn too_little_data_is_taken_as_poisson() {
        assert_eq!(factor(&moments(&[100]), &moments(&[0])), 1.0);
        assert_eq!(factor(&moments(&[]), &moments(&[0, 0, 0])), 1.0);
        assert!(scaled(&moments(&[]), 1.0).is_none());
        assert_eq!(scaled(&moments(&[4, 6]), 2.5).unwrap(), Observed::new(4.0, 2.0).unwrap());
    }

    #[test]
    fn sums_are_the_definition_in_any_order() {
        sweep(300, |draw| {
            let cells: Vec<u64> = (0..3 + draw.next_bits() % 20).map(|_| draw.next_bits() % 1000).collect();
            let mean = as_f64(cells.iter().sum()) / cells.len() as f64;
            let expected: f64 = cells.iter().map(|&x| (as_f64(x) - mean).powi(2) / mean).sum();
            let (left, right) = cells.split_at(cells.len() / 2);
            let mut merged = moments(right);
            merged.merge(moments(left));
            merged.add_empty(0);
            assert_eq!(merged, moments(&cells));
            assert!(mean == 0.0 || (merged.pearson() - expected).abs() <= 1e-10 * expected);
        });
    }
}
