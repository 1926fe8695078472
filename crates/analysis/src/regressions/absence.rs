//! Absence: a unit that came regularly and stopped while the service ran.
//!
//! ```text
//!   minutes in which the service wrote     . . . . . . . . . . . . . . . . . . . . . . . .
//!   minutes with the unit                  x     x     x     x     x
//!                                          └ gap ┘ … nearly equal  └ silence, far longer ┘
//! ```
//!
//! Two clocks count, because a service may be idle: minutes in which it wrote, and minutes that are covered. A gap in the data
//! stops both. A unit is regular if its gaps are nearly equal on one of them; its silence must be long on both.

use super::order::Order;
use super::runs::State;
use super::{InRevision, RateSegment, Regression};
use crate::evidence::{Coverage, rfc3339};
use crate::grid::{CELL_NS, Grid};
use crate::memo::Memo;
use crate::patterns::PatternKind;
use crate::regressions::Level;
use crate::stats::observed::Observed;
use crate::stats::shrink::{HALF_AN_EVENT, expected_events, shrunk_ratio};
use serde::Serialize;
use std::ops::Range;
use std::sync::Arc;
use timberline_archive::pattern_name;
use timberline_entry::Severity;

/// A unit with fewer gaps than this has no habits.
const MIN_GAPS: usize = 8;
/// Largest coefficient of variation of gaps that are nearly equal.
const MAX_VARIATION: f64 = 0.5;
/// A silence is long if it is this many times the longest gap before.
const LONG: f64 = 3.0;

/// How a regular pattern's silence compares with its habits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stopped {
    /// The last minute in which it was seen, RFC 3339.
    pub last: String,
    /// The revision that ran then.
    pub revision: String,
    /// Its usual gap, in covered minutes.
    pub usual_gap_minutes: f64,
    /// Its longest gap before.
    pub longest_gap_minutes: f64,
    /// Covered minutes of silence since, up to the service's last minute.
    pub silent_minutes: f64,
    /// Minutes of the silence in which the service wrote.
    pub active_minutes: u64,
}

/// A regular unit and its silence.
pub(super) struct Absence {
    unit: u64,
    service: String,
    pub(super) severity: Severity,
    /// Probability of a silence as long as this one, if it went on as before.
    pub(super) p: f64,
    last_minute: i64,
    last_revision: String,
    covered: Clock,
    active: Clock,
    n_minutes: u64,
    count: u64,
    cells: u64,
    revisions: Vec<InRevision>,
}

/// When a service ran and was covered, by service and severity: the same for all of its units.
#[derive(Default)]
pub(super) struct Calendars(Memo<(u32, Severity), Arc<Calendar>>);

/// When a service ran and was covered for a severity.
struct Calendar {
    covered: Covered,
    /// Covered minutes in which it wrote, ascending.
    active: Vec<i64>,
}

impl Calendars {
    fn of(
        &self,
        grid: &Grid,
        coverage: &Coverage,
        service: u32,
        severity: Severity,
        rows: Range<u32>,
    ) -> Arc<Calendar> {
        self.0.get_or((service, severity), || {
            let covered = Covered::of(&coverage.merged(&grid.services[service as usize], Some(severity)));
            let minutes = rows.flat_map(|row| grid.cells_of(row, service)).map(|cell| cell.minute);
            let mut active: Vec<i64> = minutes.filter(|minute| covered.has(*minute)).collect();
            active.sort_unstable();
            active.dedup();
            Arc::new(Calendar { covered, active })
        })
    }
}

/// Gaps on one clock, in minutes.
#[derive(Clone, Copy, Debug)]
struct Clock {
    mean: f64,
    longest: f64,
    variation: f64,
    silence: f64,
}

impl Absence {
    /// Returns a unit's silence; `None` if the unit is not regular, or bad enough to be glad that it is gone.
    pub(super) fn of(
        order: &Order,
        grid: &Grid,
        coverage: &Coverage,
        unit: u64,
        service: u32,
        calendars: &Calendars,
    ) -> Option<Self> {
        let rows = order.rows.get(&grid.services[service as usize])?.clone();
        let cells = &grid.units[&unit];
        let severity = cells.severity();
        let hits = grid.hits(cells, rows.clone());
        if severity >= Severity::Warning || hits.len() <= MIN_GAPS {
            return None;
        }
        let calendar = calendars.of(grid, coverage, service, severity, rows.clone());
        let Calendar { covered, active } = &*calendar;
        // A minute that no source covers for the severity is on neither clock.
        let mut seen: Vec<i64> =
            hits.iter().map(|hit| grid.cell(hit).minute).filter(|minute| covered.has(*minute)).collect();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() <= MIN_GAPS {
            return None;
        }
        let end = *active.last()?;
        #[expect(clippy::cast_precision_loss, reason = "there are fewer minutes than 2^53")]
        let active_clock =
            Clock::of(&seen, end, |minute| active.partition_point(|active| *active < minute) as f64)?;
        let covered_clock = Clock::of(&seen, end, |minute| covered.before(minute))?;
        if active_clock.variation.min(covered_clock.variation) > MAX_VARIATION {
            return None;
        }
        let last_minute = *seen.last()?;
        let in_last_minute = hits.iter().map(|hit| grid.cell(hit)).filter(|cell| cell.minute == last_minute);
        let last_row = in_last_minute.map(|cell| cell.row).max()?;
        let name = |row: u32| order.names[row as usize].0.clone();
        let revisions = rows
            .map(|row| InRevision {
                revision: name(row),
                count: cells.seen.get(&(row, service)).map_or(0, |seen| seen.n_entries()),
                cells: cells.cells(row, service),
                exposure: grid.exposure(coverage, row, service, severity).max(cells.cells(row, service)),
            })
            .collect();
        Some(Self {
            unit,
            service: grid.services[service as usize].clone(),
            severity,
            // Regular on one clock only, it may still have every reason to be late on that one: the milder of both counts.
            p: active_clock.p().max(covered_clock.p()),
            last_minute,
            last_revision: name(last_row),
            covered: covered_clock,
            active: active_clock,
            n_minutes: active.len() as u64,
            count: hits.iter().map(|hit| u64::from(hit.n_entries)).sum(),
            cells: hits.len() as u64,
            revisions,
        })
    }

    /// Says whether the silence is far longer than any gap before, on both clocks.
    pub(super) fn is_long(&self) -> bool {
        [self.covered, self.active].iter().all(|clock| clock.silence >= LONG * clock.longest)
    }

    pub(super) fn stopped(&self) -> Stopped {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of minutes")]
        let active_minutes = self.active.silence as u64;
        Stopped {
            last: rfc3339(self.last_minute * CELL_NS),
            revision: self.last_revision.clone(),
            usual_gap_minutes: self.covered.mean,
            longest_gap_minutes: self.covered.longest,
            silent_minutes: self.covered.silence,
            active_minutes,
        }
    }

    /// The pattern as a regression of its own, where its rate did not change between revisions.
    pub(super) fn regression(&self, q: f64) -> Regression {
        #[expect(clippy::cast_precision_loss, reason = "there are fewer minutes than 2^53")]
        let n_minutes = self.n_minutes as f64;
        let before = n_minutes - self.active.silence;
        #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
        let cells = self.cells as f64;
        let after = Observed::new(0.0, self.active.silence.max(1.0)).expect("a silence is at least a minute");
        let expected = expected_events(before.max(1.0), after);
        let first = self.revisions.iter().find(|r| r.exposure > 0).map(|r| r.revision.clone());
        let last = self.revisions.iter().rfind(|r| r.exposure > 0).map(|r| r.revision.clone());
        let exposure: u64 = self.revisions.iter().map(|r| r.exposure).sum();
        #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
        let rate = cells / exposure.max(1) as f64 * 60.0;
        Regression {
            id: pattern_name(self.unit),
            kind: PatternKind::Message,
            pattern: String::new(),
            template: String::new(),
            variant: None,
            service: self.service.clone(),
            severity: self.severity.name(),
            state: State::Stopped,
            onset: None,
            resolved: None,
            segments: vec![RateSegment {
                from: first.unwrap_or_default(),
                to: last.unwrap_or_default(),
                rate,
                level: Level::Low,
                count: self.count,
                cells: self.cells,
                exposure,
            }],
            stopped: Some(self.stopped()),
            revisions: self.revisions.clone(),
            group: String::new(),
            uncovered: self
                .revisions
                .iter()
                .filter(|r| r.exposure == 0)
                .map(|r| r.revision.clone())
                .collect(),
            rests_on_one_revision: false,
            p: self.p,
            q,
            score: shrunk_ratio(cells, expected, HALF_AN_EVENT).rank_score(),
        }
    }
}

impl Clock {
    /// Reads gaps from a clock that says how far it has gone at a minute. `seen` are the minutes with the unit, ascending.
    fn of(seen: &[i64], end: i64, at: impl Fn(i64) -> f64) -> Option<Self> {
        let gaps: Vec<f64> = seen.windows(2).map(|pair| at(pair[1]) - at(pair[0])).collect();
        #[expect(clippy::cast_precision_loss, reason = "there are fewer minutes than 2^53")]
        let n = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / n;
        if mean <= 0.0 {
            return None;
        }
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / n;
        Some(Self {
            mean,
            longest: gaps.iter().copied().fold(0.0, f64::max),
            variation: variance.sqrt() / mean,
            silence: at(end) - at(*seen.last()?),
        })
    }

    /// Returns the probability of a gap at least as long as the silence.
    ///
    /// A regular unit is taken to vary as much as one may that is still called regular: gaps of a Gamma distribution with
    /// coefficient of variation ½, shape 4, whose tail is a closed sum.
    fn p(&self) -> f64 {
        let x = 4.0 * self.silence / self.mean;
        (-x).exp() * (1.0 + x + x * x / 2.0 + x * x * x / 6.0)
    }
}

/// Covered stretches in whole minutes, ascending and apart, with how much is covered before each.
struct Covered(Vec<(i64, i64, f64)>);

impl Covered {
    fn of(stretches: &[(i64, i64, Option<String>)]) -> Self {
        let mut covered: Vec<(i64, i64, f64)> = Vec::new();
        let mut sum = 0.0;
        for (from, to, _) in stretches {
            let from = from.div_euclid(CELL_NS).max(covered.last().map_or(i64::MIN, |last| last.1));
            let to = to.div_euclid(CELL_NS) + 1;
            if from < to {
                covered.push((from, to, sum));
                #[expect(clippy::cast_precision_loss, reason = "there are fewer minutes than 2^53")]
                let minutes = (to - from) as f64;
                sum += minutes;
            }
        }
        Self(covered)
    }

    fn has(&self, minute: i64) -> bool {
        let at = self.0.partition_point(|(from, ..)| *from <= minute);
        at > 0 && minute < self.0[at - 1].1
    }

    /// Returns how many minutes are covered before this one.
    fn before(&self, minute: i64) -> f64 {
        let at = self.0.partition_point(|(from, ..)| *from <= minute);
        let Some((from, to, sum)) = at.checked_sub(1).map(|at| self.0[at]) else { return 0.0 };
        #[expect(clippy::cast_precision_loss, reason = "there are fewer minutes than 2^53")]
        let minutes = (minute.min(to) - from) as f64;
        sum + minutes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covered_minutes_leave_gaps_out() {
        let minute = CELL_NS;
        let covered = Covered::of(&[(0, 10 * minute - 1, None), (20 * minute, 30 * minute - 1, None)]);
        assert!(covered.has(0) && covered.has(9) && !covered.has(10) && covered.has(20) && !covered.has(30));
        let before: Vec<f64> = [-1, 0, 5, 10, 15, 20, 25, 99].map(|minute| covered.before(minute)).into();
        assert_eq!(before, [0.0, 0.0, 5.0, 10.0, 10.0, 10.0, 15.0, 20.0]);
    }

    #[test]
    fn a_silence_is_judged_by_the_gaps_before() {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let clock = |seen: &[i64], end| Clock::of(seen, end, |minute| minute as f64).unwrap();
        let regular = clock(&[0, 10, 20, 30, 41, 50], 100);
        assert!(regular.variation < 0.1 && (regular.mean - 10.0).abs() < 1e-12 && regular.longest == 11.0);
        assert!(regular.p() < 1e-5);
        // A silence of one usual gap is nothing: P(Gamma(4) > 4) = 0.4335.
        assert!((clock(&[0, 10, 20], 30).p() - 0.433_470_120_366_709_1).abs() < 1e-12);
        assert!(clock(&[0, 1, 2, 90], 91).variation > MAX_VARIATION);
    }
}
