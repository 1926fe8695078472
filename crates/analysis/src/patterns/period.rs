//! Whether something happens at regular intervals.

use super::PatternSummary;
use crate::question::Investigation;
use std::collections::BTreeMap;
use timberline_archive::Result;
use timberline_archive::segment::{Segment, Subject};
use timberline_query::Filter;
use timberline_search::{RowView, Sink, Wanted, scan};

/// Fewer gaps between entries show nothing.
const MIN_GAPS: usize = 5;
/// Of how many entries times are looked at; more say no more.
const MAX_TIMES: u64 = 5000;
/// The middle half of the gaps may differ from their median by this part of it.
const TOLERANCE: f64 = 0.1;

/// Returns the time between two occurrences, in seconds, if it is regular. `times` are in nanoseconds, in any order.
///
/// Occurrences within a tenth of the typical gap count as one: a job that runs every hour may say something twice.
/// Regular means that the middle half of the gaps lies within a tenth of their median, and that the median is not less
/// than a second, below which regularity is traffic.
pub fn period_seconds(times: &[i64]) -> Option<f64> {
    let mut times = times.to_vec();
    times.sort_unstable();
    let gaps = |times: &[i64]| {
        let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        gaps.sort_unstable();
        gaps
    };
    let all = gaps(&times);
    // The gaps that make up most of the time are those between bursts.
    let total: i128 = all.iter().copied().map(i128::from).sum();
    let mut covered = 0;
    let typical = all.iter().rev().find(|gap| {
        covered += i128::from(**gap);
        covered >= total / 2
    })?;
    let mut bursts: Vec<i64> = Vec::new();
    for time in times {
        if bursts.last().is_none_or(|last| time.saturating_sub(*last) > typical / 10) {
            bursts.push(time);
        }
    }
    let gaps = gaps(&bursts);
    if gaps.len() < MIN_GAPS {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "the answer has a few digits")]
    let at = |part: usize| gaps[(gaps.len() - 1) * part / 4] as f64 / 1e9;
    let median = at(2);
    let is_regular = median >= 1.0 && at(3) - at(1) <= 2.0 * TOLERANCE * median;
    is_regular.then_some(median)
}

/// Adds the periods of records. Cost: the times of their entries, unless there are very many.
pub(super) fn add(
    investigation: &Investigation<'_>,
    filter: &Filter,
    records: &mut [(Subject, PatternSummary)],
) -> Result<()> {
    let rare = |(_, record): &&(Subject, PatternSummary)| {
        record.count > MIN_GAPS as u64 && record.count <= MAX_TIMES
    };
    let times: BTreeMap<Subject, Vec<i64>> =
        records.iter().filter(rare).map(|(subject, _)| (*subject, Vec::new())).collect();
    let mut collector = Times { investigation, times };
    scan(investigation.archive, &investigation.names, filter, &Wanted::default(), &mut collector)?;
    for (subject, record) in records {
        record.period_seconds = collector.times.get(subject).and_then(|times| period_seconds(times));
    }
    Ok(())
}

struct Times<'i> {
    investigation: &'i Investigation<'i>,
    times: BTreeMap<Subject, Vec<i64>>,
}

impl Times<'_> {
    fn subjects(&self, segment: &Segment, ring: usize) -> Result<Vec<Subject>> {
        let shape = &segment.shapes()?[segment.rings()?.shape(ring)];
        let message = Subject::Message(self.investigation.names.pattern(shape.pattern));
        let all = [Some(message), shape.exception.map(Subject::Exception)];
        Ok(all.into_iter().flatten().filter(|subject| self.times.contains_key(subject)).collect())
    }
}

impl Sink for Times<'_> {
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        Ok(self.subjects(segment, ring)?.is_empty())
    }

    fn row(&mut self, segment: &Segment, ring: usize, row: &RowView<'_>) -> Result<()> {
        for subject in self.subjects(segment, ring)? {
            self.times.get_mut(&subject).expect("it was just found").push(row.row.timestamp.as_nanos());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn what_comes_every_hour_is_regular() {
        let hourly = |n: i64, jitter: i64| {
            (0..n).map(|hour| hour * 3600 * SECOND + hour % 7 * jitter).collect::<Vec<_>>()
        };
        assert_eq!(period_seconds(&hourly(24, 0)), Some(3600.0));
        assert!((period_seconds(&hourly(24, 5 * SECOND)).unwrap() - 3605.0).abs() < 10.0);
        let twice: Vec<i64> = hourly(24, 0).into_iter().flat_map(|time| [time, time + 2 * SECOND]).collect();
        assert_eq!(period_seconds(&twice), Some(3600.0));
        let mut with_a_gap = hourly(24, 0);
        with_a_gap.drain(5..8);
        assert_eq!(period_seconds(&with_a_gap), Some(3600.0));
    }

    #[test]
    fn what_comes_by_chance_or_too_rarely_is_not() {
        let mut state = 7_u64;
        let mut times = Vec::new();
        let mut time = 0;
        for _ in 0..200 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            time += i64::try_from(state >> 34).unwrap() * 1000;
            times.push(time);
        }
        assert_eq!(period_seconds(&times), None);
        assert_eq!(period_seconds(&[0, 10 * SECOND, 20 * SECOND]), None);
        assert_eq!(period_seconds(&[]), None);
        assert_eq!(period_seconds(&[5; 50]), None);
    }
}
