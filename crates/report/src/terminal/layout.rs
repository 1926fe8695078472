//! Which columns of a table are shown, and how wide.
//!
//! 1. Everything at its natural width, if that fits.
//! 2. Columns of text give way, the widest first, down to [`MIN_TEXT`].
//! 3. Columns are left out, the highest priority number first, the rightmost of equals.
//! 4. If what is never left out does not fit, there is no table: the caller writes rows as lists.

/// What the layout has to know about a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    /// The width of its widest cell or heading.
    pub(super) natural: usize,
    /// The width below which it is of no use; the natural width for numbers.
    pub(super) least: usize,
    /// 0 is never left out.
    pub(super) priority: u8,
}

/// The least width of a column of text that has to give way.
pub(super) const MIN_TEXT: usize = 24;

/// The blanks between two columns.
pub(super) const GAP: usize = 2;

/// Returns the width of each column, `None` for those left out; or `None` if the table cannot be shown at this width.
pub(super) fn fit(wishes: &[Wish], width: usize) -> Option<Vec<Option<usize>>> {
    let mut kept: Vec<bool> = vec![true; wishes.len()];
    while total(wishes, &kept, |wish| wish.least) > width {
        let droppable = (0..wishes.len()).filter(|&at| kept[at] && wishes[at].priority > 0);
        let worst = droppable.max_by_key(|&at| (wishes[at].priority, at))?;
        kept[worst] = false;
    }
    let mut widths: Vec<_> = wishes.iter().map(|wish| wish.natural).collect();
    let mut sum = total(wishes, &kept, |wish| wish.natural);
    while sum > width {
        let givable = (0..wishes.len()).filter(|&at| kept[at] && widths[at] > wishes[at].least);
        let widest = givable.max_by_key(|&at| widths[at])?;
        // Down to the second widest at once would be faster; columns are few and the difference is at most a screen.
        let step = widths[widest].saturating_sub(width).max(1).min(widths[widest] - wishes[widest].least);
        widths[widest] -= step;
        sum -= step;
    }
    Some(widths.into_iter().zip(kept).map(|(width, kept)| kept.then_some(width)).collect())
}

fn total(wishes: &[Wish], kept: &[bool], part: impl Fn(&Wish) -> usize) -> usize {
    let parts = wishes.iter().zip(kept).filter(|(_, kept)| **kept);
    let (n, sum) = parts.fold((0, 0_usize), |(n, sum), (wish, _)| (n + 1, sum + part(wish)));
    sum + GAP * usize::saturating_sub(n, 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn wish(natural: usize, least: usize, priority: u8) -> Wish {
        Wish { natural, least, priority }
    }

    #[test]
    fn text_gives_way_then_columns_go_then_the_table() {
        let wishes = [wish(10, 10, 0), wish(40, 12, 0), wish(8, 8, 2), wish(8, 8, 1)];
        fn check(wishes: &[Wish], width: usize, expected: Option<Vec<Option<usize>>>) {
            assert_eq!(fit(wishes, width), expected, "at {width}");
        }
        check(&wishes, 72, Some(vec![Some(10), Some(40), Some(8), Some(8)]));
        check(&wishes, 60, Some(vec![Some(10), Some(28), Some(8), Some(8)]));
        check(&wishes, 43, Some(vec![Some(10), Some(21), None, Some(8)]));
        check(&wishes, 33, Some(vec![Some(10), Some(21), None, None]));
        check(&wishes, 23, None);
    }

    proptest! {
        #[test]
        fn what_is_returned_fits(
            columns in prop::collection::vec((1..60_usize, 1..20_usize, 0..4_u8), 1..8),
            width in 1..150_usize,
        ) {
            let wishes: Vec<_> = columns.iter().map(|&(natural, least, priority)| wish(natural, least.min(natural), priority)).collect();
            match fit(&wishes, width) {
                Some(widths) => {
                    let shown: Vec<_> = widths.iter().flatten().collect();
                    let sum = shown.iter().copied().sum::<usize>() + GAP * shown.len().saturating_sub(1);
                    prop_assert!(sum <= width);
                    for (wish, shown) in wishes.iter().zip(&widths) {
                        prop_assert!(shown.is_none_or(|shown| shown >= wish.least && shown <= wish.natural));
                        prop_assert!(shown.is_some() || wish.priority > 0);
                    }
                }
                None => {
                    let essential: Vec<_> = wishes.iter().filter(|wish| wish.priority == 0).collect();
                    let sum = essential.iter().map(|wish| wish.least).sum::<usize>() + GAP * essential.len().saturating_sub(1);
                    prop_assert!(sum > width);
                }
            }
        }
    }
}
