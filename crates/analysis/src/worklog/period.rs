//! When something came thickest.

use serde::{Deserialize, Serialize};

/// The hour, or the shorter time, in which most of a cluster lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Busiest {
    /// Start, RFC 3339.
    pub from: String,
    /// Entries from then on.
    pub count: u64,
    /// Within so many seconds; at most an hour.
    pub seconds: f64,
}

const HOUR_NS: i64 = 3_600_000_000_000;
/// Returns the hour with the most of some times in order; the time they span if that is shorter.
pub(super) fn busiest(times: &[i64]) -> Option<Busiest> {
    let mut best: Option<(usize, usize)> = None;
    let mut end = 0;
    for start in 0..times.len() {
        while end < times.len() && times[end].saturating_sub(times[start]) < HOUR_NS {
            end += 1;
        }
        if best.is_none_or(|(from, to)| end - start > to - from) {
            best = Some((start, end));
        }
    }
    let (from, to) = best?;
    #[expect(clippy::cast_precision_loss, reason = "shown to a second")]
    let seconds = times[to - 1].saturating_sub(times[from]) as f64 / 1e9;
    let is_whole_hour = times[times.len() - 1].saturating_sub(times[0]) >= HOUR_NS;
    Some(Busiest {
        from: crate::evidence::rfc3339(times[from]),
        count: (to - from) as u64,
        seconds: if is_whole_hour { 3_600.0 } else { seconds },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn the_busiest_hour() {
        let times: Vec<i64> = [0, 10, 4_000, 5_000, 7_500, 20_000].iter().map(|s| s * SECOND).collect();
        let found = busiest(&times).unwrap();
        assert_eq!((found.count, found.seconds), (3, 3_600.0));
        assert!(found.from.starts_with("1970-01-01T01:06:40"));
        let short = busiest(&[0, 90 * SECOND]).unwrap();
        assert_eq!((short.count, short.seconds), (2, 90.0));
        assert_eq!(busiest(&[]), None);
    }
}
