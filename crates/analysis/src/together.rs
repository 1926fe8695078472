//! What appears together: changes that share most of their cells likely have one cause and are shown as one.

use crate::grid::Hits;
use std::cmp::Ordering;

/// Two sets of cells belong together when this share of all their cells is in both (Jaccard).
pub(crate) const TOGETHER: f64 = 0.8;

/// Returns for each set the first set that it belongs to, itself if there is none before it.
///
/// Shape: sets come strongest first, each sorted by cell; a leader leads itself. `may_join` says whether two of them can be
/// one row at all. Joining leaders only, rather than any member, keeps a chain of half-alike sets from becoming one group.
/// Cost: per set, a walk through the leaders whose size allows it.
pub(crate) fn leaders(sets: &[&Hits], may_join: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut leading: Vec<usize> = Vec::new();
    let mut found = Vec::with_capacity(sets.len());
    for (idx, set) in sets.iter().enumerate() {
        let leader =
            leading.iter().copied().find(|leader| may_join(*leader, idx) && is_together(sets[*leader], set));
        if leader.is_none() {
            leading.push(idx);
        }
        found.push(leader.unwrap_or(idx));
    }
    found
}

/// Says whether two sets of cells have four of five of all their cells in common.
#[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
pub(crate) fn is_together(a: &Hits, b: &Hits) -> bool {
    let (shorter, longer) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    // Even if the shorter one lay in the longer one.
    if shorter.is_empty() || (shorter.len() as f64) < TOGETHER * longer.len() as f64 {
        return false;
    }
    let (mut at_a, mut at_b, mut n_both) = (0, 0, 0usize);
    while at_a < a.len() && at_b < b.len() {
        match a[at_a].cell.cmp(&b[at_b].cell) {
            Ordering::Less => at_a += 1,
            Ordering::Greater => at_b += 1,
            Ordering::Equal => {
                n_both += 1;
                at_a += 1;
                at_b += 1;
            }
        }
    }
    n_both as f64 >= TOGETHER * (a.len() + b.len() - n_both) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Hit;

    fn check(sets: &[&[u32]], expected: &[usize]) {
        let hit = |cell: &u32| Hit::new(*cell, 1);
        let sets: Vec<Vec<Hit>> = sets.iter().map(|cells| cells.iter().map(hit).collect()).collect();
        let sets: Vec<&Hits> = sets.iter().map(Vec::as_slice).collect();
        assert_eq!(leaders(&sets, |_, _| true), expected);
        assert_eq!(leaders(&sets, |_, _| false), (0..sets.len()).collect::<Vec<_>>());
    }

    #[test]
    fn what_shares_four_of_five_cells_is_one() {
        check(&[&[1, 2, 3, 4], &[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5, 6]], &[0, 0, 2]);
        check(&[&[1, 2, 3, 4, 5], &[2, 3, 4, 5, 6], &[7], &[7]], &[0, 1, 2, 2]);
        check(&[&[], &[]], &[0, 1]);
        check(&[], &[]);
    }
}
