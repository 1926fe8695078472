//! Whether something recurs at regular intervals, and when it came thickest.

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
/// Fewer intervals than this are no habit.
const MIN_INTERVALS: usize = 6;
/// Part of the intervals that have to agree with the period.
const MIN_AGREEING: f64 = 0.8;
/// How far an interval may be off, as a part of the period.
const TOLERANCE: f64 = 0.1;

/// Returns the period in seconds of times in order, if they are regular.
///
/// Entries within a second count as one. The period is the median interval, if four fifths of all intervals are it or, where
/// one was missed, twice or three times it, each within a tenth.
pub(super) fn period_seconds(times: &[i64]) -> Option<f64> {
    let mut starts: Vec<i64> = Vec::new();
    for time in times {
        if starts.last().is_none_or(|last| time - last >= 1_000_000_000) {
            starts.push(*time);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "intervals are shown to a second")]
    let mut intervals: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e9).collect();
    if intervals.len() < MIN_INTERVALS {
        return None;
    }
    intervals.sort_by(f64::total_cmp);
    let median = intervals[intervals.len() / 2];
    let agrees = |interval: &&f64| {
        let times = (**interval / median).round();
        (1.0..=3.0).contains(&times) && (**interval - times * median).abs() <= TOLERANCE * median
    };
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = intervals.iter().filter(agrees).count() as f64 / intervals.len() as f64;
    (share >= MIN_AGREEING)
        .then(|| if median >= 10.0 { median.round() } else { (median * 10.0).round() / 10.0 })
}

/// Returns the hour with the most of some times in order; the time they span if that is shorter.
pub(super) fn busiest(times: &[i64]) -> Option<Busiest> {
    let mut best: Option<(usize, usize)> = None;
    let mut end = 0;
    for start in 0..times.len() {
        while end < times.len() && times[end] - times[start] < HOUR_NS {
            end += 1;
        }
        if best.is_none_or(|(from, to)| end - start > to - from) {
            best = Some((start, end));
        }
    }
    let (from, to) = best?;
    #[expect(clippy::cast_precision_loss, reason = "shown to a second")]
    let seconds = (times[to - 1] - times[from]) as f64 / 1e9;
    let is_whole_hour = times[times.len() - 1] - times[0] >= HOUR_NS;
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
    fn regular_times_have_a_period() {
        let every_30: Vec<i64> = (0..20).map(|n| n * 30 * SECOND + n % 3 * 400_000_000).collect();
        assert_eq!(period_seconds(&every_30), Some(30.0));
        let mut missed = every_30.clone();
        missed.remove(7);
        assert_eq!(period_seconds(&missed), Some(30.0));
        let doubled: Vec<i64> = every_30.iter().flat_map(|time| [*time, time + 1_000]).collect();
        assert_eq!(period_seconds(&doubled), Some(30.0));
    }

    #[test]
    fn others_have_none() {
        assert_eq!(period_seconds(&[0, 30 * SECOND, 60 * SECOND]), None);
        let growing: Vec<i64> = (0..20).map(|n| n * n * 7 * SECOND).collect();
        assert_eq!(period_seconds(&growing), None);
    }

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
