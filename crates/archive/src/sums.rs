//! Sums of numbers that files state.

/// Returns the sum of numbers that come from a file, the largest number where it does not fit: what a damaged file
/// states must not end the program that is to say so.
pub(crate) fn saturating_sum(numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_the_largest_number() {
        assert_eq!(saturating_sum([]), 0);
        assert_eq!(saturating_sum([2, 3]), 5);
        assert_eq!(saturating_sum([u64::MAX, 1]), u64::MAX);
    }
}
