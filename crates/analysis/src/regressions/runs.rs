//! Runs of high and low rate along the revisions, what they say of a pattern's life, and how likely chance is.

use crate::stats::cells;
use crate::stats::change::Series;
use crate::stats::change::segments::{segment, usual_penalty};
use crate::stats::claims::{GONE_LIMIT, p_gone_in_cells};
use crate::stats::conditional::{CONFIDENCE, EQUAL_RATES, RatioInterval, compare, ratio_interval};
use crate::stats::observed::{Cells, Observed};
use serde::Serialize;
use std::ops::Range;

/// What became of a pattern. Ordered as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Never seen before its onset, and still there.
    New,
    /// It was there, then significantly gone, and is there again.
    CameBack,
    /// There before at a lower rate, risen, and still high.
    Ongoing,
    /// It rose and fell more than once.
    Flapping,
    /// High in one revision alone, between others.
    Spike,
    /// It came regularly, and no longer does, while the service goes on.
    Stopped,
    /// It was high, and no longer is.
    Resolved,
}

/// The rate of a run compared with its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Lower.
    Low,
    /// Higher.
    High,
}

/// Revisions (by their place in the series) of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) level: Level,
}

impl Run {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// What was seen of a pattern in a revision or several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) cells: u64,
    pub(super) covered: u64,
    /// Entries over φ̂, where these are tested instead of cells.
    pub(super) scaled: Option<f64>,
}

impl Seen {
    pub(super) fn sum(parts: &[Self]) -> Self {
        parts.iter().fold(Self { cells: 0, covered: 0, scaled: None }, |sum, part| Self {
            cells: sum.cells + part.cells,
            covered: sum.covered + part.covered,
            scaled: part.scaled.map(|scaled| sum.scaled.unwrap_or(0.0) + scaled).or(sum.scaled),
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
    pub(super) fn events(self) -> f64 {
        self.scaled.unwrap_or(self.cells as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
    pub(super) fn exposure(self) -> f64 {
        self.covered as f64
    }

    pub(super) fn observed(self) -> Option<Observed> {
        Observed::new(self.events(), self.exposure())
    }

    pub(super) fn ratio_interval(self, base: Self) -> Option<RatioInterval> {
        Some(ratio_interval(self.observed()?, base.observed()?, CONFIDENCE))
    }

    /// Two-sided mid-p of equal rates.
    fn p_equal(self, other: Self) -> f64 {
        let in_counts = || Some(compare(self.observed()?, other.observed()?, EQUAL_RATES).two_sided_mid_p());
        let in_cells = || {
            let (new, base) =
                (Cells::new(self.cells, self.covered)?, Cells::new(other.cells, other.covered)?);
            Some(cells::compare(new, base).two_sided_mid_p())
        };
        let p = if self.scaled.is_some() { in_counts() } else { in_cells() };
        p.unwrap_or(1.0)
    }
}

/// Largest p at which two neighbouring runs stay two.
const KEPT_LIMIT: f64 = 0.01;

/// Returns the runs of a series: its cheapest segments, those of neighbours joined that chance may tell apart.
///
/// Shape: at least one run; levels alternate. A single run has no neighbours and is low.
pub(super) fn runs(series: &Series, seen: &[Seen]) -> Vec<Run> {
    let mut ranges = segment(series, usual_penalty(series)).segments();
    // The segments' price is made for counts that scatter like chance; bursts make too many of them.
    while let Some((at, p)) = (1..ranges.len())
        .map(|at| {
            (at, Seen::sum(&seen[ranges[at - 1].clone()]).p_equal(Seen::sum(&seen[ranges[at].clone()])))
        })
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
    {
        if p <= KEPT_LIMIT {
            break;
        }
        let right = ranges.remove(at);
        ranges[at - 1].end = right.end;
    }
    levels(&ranges, seen)
}

/// Gives segments their level: high after a rise, low after a fall; equal neighbours become one run.
fn levels(ranges: &[Range<usize>], seen: &[Seen]) -> Vec<Run> {
    let rate = |range: &Range<usize>| {
        let sum = Seen::sum(&seen[range.clone()]);
        sum.events() / sum.exposure()
    };
    let rises = |at: usize| rate(&ranges[at]) > rate(&ranges[at - 1]);
    let mut runs: Vec<Run> = Vec::new();
    for (at, range) in ranges.iter().enumerate() {
        let level = match at {
            0 if ranges.len() > 1 && !rises(1) => Level::High,
            0 => Level::Low,
            _ if rises(at) => Level::High,
            _ => Level::Low,
        };
        match runs.last_mut() {
            Some(last) if last.level == level => last.end = range.end,
            _ => runs.push(Run { start: range.start, end: range.end, level }),
        }
    }
    runs
}

/// Returns the probability of high and low runs this different, if all revisions had one rate.
///
/// The test of high against low is exact, but the runs were chosen for it: with c changes among R revisions there were
/// C(R−1, c) choices, and c itself was chosen, which costs 2^c (the shares 2^−c add up to 1). Bonferroni over both.
pub(super) fn p_of(runs: &[Run], seen: &[Seen]) -> f64 {
    let n_changes = runs.len() - 1;
    if n_changes == 0 {
        return 1.0;
    }
    let of = |level: Level| {
        let parts: Vec<Seen> = runs
            .iter()
            .filter(|run| run.level == level)
            .flat_map(|run| seen[run.range()].iter().copied())
            .collect();
        Seen::sum(&parts)
    };
    let mut choices = 1.0;
    for change in 0..n_changes {
        #[expect(clippy::cast_precision_loss, reason = "there are few revisions")]
        let (left, place) = ((seen.len() - 1 - change) as f64, (change + 1) as f64);
        choices *= 2.0 * left / place;
    }
    (of(Level::High).p_equal(of(Level::Low)) * choices).min(1.0)
}

/// Says what became of a pattern with these runs, of which there are at least two.
pub(super) fn state(runs: &[Run], seen: &[Seen]) -> State {
    let sum = |run: &Run| Seen::sum(&seen[run.range()]);
    let n_high = runs.iter().filter(|run| run.level == Level::High).count();
    let ends_high = runs.last().is_some_and(|run| run.level == Level::High);
    match (n_high, ends_high) {
        (1, true) if sum(&runs[0]).cells == 0 => State::New,
        (1, true) => State::Ongoing,
        (1, false) if runs[0].level == Level::Low && runs[1].range().len() == 1 => State::Spike,
        (1, false) => State::Resolved,
        (2, true) => {
            let low = &runs[runs.len() - 2];
            let was_gone = Cells::new(sum(&runs[runs.len() - 3]).cells, sum(&runs[runs.len() - 3]).covered)
                .and_then(|before| p_gone_in_cells(before, sum(low).covered))
                .is_some_and(|p| p <= GONE_LIMIT);
            if sum(low).cells == 0 && was_gone { State::CameBack } else { State::Ongoing }
        }
        _ => State::Flapping,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &[u64], covered: u64, expected: &[(usize, usize)], state_expected: Option<State>) -> f64 {
        let seen: Vec<Seen> =
            cells.iter().map(|cells| Seen { cells: *cells, covered, scaled: None }).collect();
        let series =
            Series::new(&seen.iter().map(|seen| (seen.events(), seen.exposure())).collect::<Vec<_>>())
                .unwrap();
        let runs = runs(&series, &seen);
        let spans: Vec<_> = runs.iter().map(|run| (run.start, run.end)).collect();
        assert_eq!(spans, expected, "{cells:?}");
        assert!(runs.windows(2).all(|pair| pair[0].level != pair[1].level));
        if let Some(expected) = state_expected {
            assert_eq!(state(&runs, &seen), expected, "{cells:?}");
        }
        p_of(&runs, &seen)
    }

    #[test]
    fn runs_tell_what_became_of_a_pattern() {
        assert!(check(&[0, 0, 0, 9, 8, 11], 100, &[(0, 3), (3, 6)], Some(State::New)) < 1e-5);
        assert!(check(&[2, 1, 3, 19, 18, 21], 100, &[(0, 3), (3, 6)], Some(State::Ongoing)) < 1e-5);
        check(&[0, 0, 13, 17, 0, 0], 100, &[(0, 2), (2, 4), (4, 6)], Some(State::Resolved));
        check(&[15, 17, 0, 0], 100, &[(0, 2), (2, 4)], Some(State::Resolved));
        check(&[0, 0, 20, 0, 0], 100, &[(0, 2), (2, 3), (3, 5)], Some(State::Spike));
        check(
            &[0, 0, 0, 17, 19, 18, 17, 0, 0, 0, 0, 19, 18, 10],
            100,
            &[(0, 3), (3, 7), (7, 11), (11, 14)],
            Some(State::CameBack),
        );
        check(
            &[20, 0, 20, 0, 20, 0],
            100,
            &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)],
            Some(State::Flapping),
        );
        // The newest revision alone can bring something new.
        check(&[0, 0, 0, 0, 20], 100, &[(0, 4), (4, 5)], Some(State::New));
    }

    #[test]
    fn chance_makes_no_runs() {
        assert!((check(&[4, 6, 5, 5, 4, 7, 3, 5, 6], 100, &[(0, 9)], None) - 1.0).abs() < 1e-15);
        // A single burst of three is not enough when there were many places for it.
        assert!(check(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 3], 20, &[(0, 9), (9, 10)], None) > 0.01);
    }

    #[test]
    fn searching_costs_as_much_as_there_were_choices() {
        let seen: Vec<Seen> = [0, 8, 8].map(|cells| Seen { cells, covered: 20, scaled: None }).to_vec();
        let runs =
            [Run { start: 0, end: 1, level: Level::Low }, Run { start: 1, end: 3, level: Level::High }];
        let plain = Seen::sum(&seen[1..]).p_equal(seen[0]);
        assert!((p_of(&runs, &seen) - plain * 4.0).abs() < 1e-15);
    }
}
