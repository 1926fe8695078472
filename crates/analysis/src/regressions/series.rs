//! One unit along the revisions of a service: its runs, and what they say happened.

use super::order::Order;
use super::runs::{self, Level, Run, Seen};
use super::{Change, InRevision, RateSegment, Regression};
use crate::evidence::Coverage;
use crate::grid::{Events, Grid};
use crate::patterns::PatternKind;
use crate::revisions::Deploy;
use crate::stats::cells::FULL_SHARE;
use crate::stats::change::{Series, one_change};
use crate::stats::claims::RATIO_MARGIN;
use crate::stats::dispersion::CellMoments;
use crate::stats::shrink::{HALF_AN_EVENT, expected_events, shrunk_ratio};
use std::ops::Range;
use timberline_archive::pattern_name;
use timberline_entry::Severity;

/// Fewer cells with the unit than this show nothing, wherever they lie.
const MIN_CELLS: u64 = 3;

/// One unit along the covered revisions of one service.
pub(super) struct UnitSeries<'o> {
    order: &'o Order,
    unit: u64,
    service: String,
    pub(super) severity: Severity,
    /// Rows of the covered revisions.
    rows: Vec<u32>,
    uncovered: Vec<u32>,
    /// What was seen in each covered revision.
    seen: Vec<Seen>,
    /// Entries, cells and covered cells of each.
    counts: Vec<(u64, u64, u64)>,
    pub(super) runs: Vec<Run>,
    pub(super) p: f64,
}

impl<'o> UnitSeries<'o> {
    /// Returns the series of a unit; `None` if it is too rare or too few revisions are covered to show anything.
    pub(super) fn of(
        order: &'o Order,
        grid: &Grid,
        coverage: &Coverage,
        unit: u64,
        service_idx: u32,
    ) -> Option<Self> {
        let cells = &grid.units[&unit];
        let service = grid.services[service_idx as usize].clone();
        let severity = cells.severity();
        let (mut rows, mut uncovered, mut moments) = (Vec::new(), Vec::new(), Vec::new());
        for row in order.rows.get(&service)?.clone() {
            let seen = cells.cells(row, service_idx);
            let covered = grid.exposure(coverage, row, service_idx, severity).max(seen);
            if covered == 0 {
                uncovered.push(row);
            } else {
                rows.push(row);
                moments.push((cells.moments(row, service_idx, covered), seen));
            }
        }
        let places: Vec<(u32, u32)> = rows.iter().map(|row| (*row, service_idx)).collect();
        let events = grid.events(coverage, cells, severity, &places);
        let total: u64 = events.counts.iter().map(|(events, _)| events).sum();
        if total < MIN_CELLS || rows.len() < 2 {
            return None;
        }
        let seen = seen(&moments, &events, || {
            grid.dispersion(cells, &places, &moments.iter().map(|(moments, _)| *moments).collect::<Vec<_>>())
        });
        let series =
            Series::new(&seen.iter().map(|seen| (seen.events(), seen.exposure())).collect::<Vec<_>>())?;
        let runs = runs::runs(&series, &seen);
        let p = runs::p_of(&runs, &seen);
        let counts =
            moments.iter().map(|(moments, seen)| (moments.n_entries(), *seen, moments.n_cells())).collect();
        Some(Self { order, unit, service, severity, rows, uncovered, seen, counts, runs, p })
    }

    fn name(&self, idx: usize) -> &(String, Option<Deploy>) {
        &self.order.names[self.rows[idx] as usize]
    }

    /// Says what happened; nothing if the rates differ too little to matter.
    pub(super) fn regression(&self, q: f64) -> Option<Regression> {
        let high = self.runs.iter().rposition(|run| run.level == Level::High)?;
        let low = if high > 0 { high - 1 } else { high + 1 };
        let (high_sum, low_sum) =
            (Seen::sum(&self.seen[self.runs[high].range()]), Seen::sum(&self.seen[self.runs[low].range()]));
        let interval = high_sum.ratio_interval(low_sum)?;
        if interval.lower <= RATIO_MARGIN {
            return None;
        }
        let (new, base) = (high_sum.observed()?, low_sum.observed()?);
        let score =
            shrunk_ratio(new.count(), expected_events(new.exposure(), base), HALF_AN_EVENT).rank_score();
        let onset = (high > 0)
            .then(|| self.change(self.runs[high - 1].start..self.runs[high].end, self.runs[high].start));
        let resolved =
            self.runs.get(high + 1).map(|fall| self.change(self.runs[high].start..fall.end, fall.start));
        let name = |row: &u32| self.order.names[*row as usize].0.clone();
        Some(Regression {
            id: pattern_name(self.unit),
            kind: PatternKind::Message,
            pattern: String::new(),
            template: String::new(),
            variant: None,
            service: self.service.clone(),
            severity: self.severity.name(),
            state: runs::state(&self.runs, &self.seen),
            onset,
            resolved,
            segments: self.runs.iter().map(|run| self.segment(run)).collect(),
            stopped: None,
            revisions: self.revisions(),
            group: String::new(),
            uncovered: self.uncovered.iter().map(name).collect(),
            rests_on_one_revision: self.runs[high].range().len() == 1,
            p: self.p,
            q,
            score,
        })
    }

    /// What was seen in each revision of the service, those without coverage included.
    fn revisions(&self) -> Vec<InRevision> {
        let all = self.order.rows[&self.service].clone();
        all.map(|row| {
            let name = self.order.names[row as usize].0.clone();
            match self.rows.binary_search(&row) {
                Ok(idx) => InRevision {
                    revision: name,
                    count: self.counts[idx].0,
                    cells: self.counts[idx].1,
                    exposure: self.counts[idx].2,
                },
                Err(_) => InRevision { revision: name, count: 0, cells: 0, exposure: 0 },
            }
        })
        .collect()
    }

    /// Places a single change within some neighbouring runs; `start` is where the runs say it is.
    fn change(&self, within: Range<usize>, start: usize) -> Change {
        let part: Vec<(f64, f64)> =
            within.clone().map(|idx| (self.seen[idx].events(), self.seen[idx].exposure())).collect();
        let found = Series::new(&part).map(|series| one_change(&series));
        let name = |idx: usize| self.name(idx).0.clone();
        let (revision, candidates, posterior) = match found {
            Some(found) => {
                let candidates = found.candidates.iter().map(|idx| name(within.start + idx)).collect();
                (within.start + found.first_after, candidates, found.posterior[found.first_after - 1])
            }
            None => (start, vec![name(start)], 1.0),
        };
        Change { revision: name(revision), candidates, posterior, deploy: self.name(revision).1.clone() }
    }

    fn segment(&self, run: &Run) -> RateSegment {
        let counts = &self.counts[run.range()];
        let sum = |part: fn(&(u64, u64, u64)) -> u64| counts.iter().map(part).sum::<u64>();
        let (count, cells, exposure) = (sum(|part| part.0), sum(|part| part.1), sum(|part| part.2));
        #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
        let rate = cells as f64 / exposure as f64 * 60.0;
        RateSegment {
            from: self.name(run.start).0.clone(),
            to: self.name(run.end - 1).0.clone(),
            rate,
            level: run.level,
            count,
            cells,
            exposure,
        }
    }
}

/// Decides between events and scaled counts for a whole series.
fn seen(moments: &[(CellMoments, u64)], events: &Events, factor: impl FnOnce() -> f64) -> Vec<Seen> {
    let (cells, covered) = moments
        .iter()
        .fold((0, 0), |(cells, covered), (moments, seen)| (cells + seen, covered + moments.n_cells()));
    #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
    let is_full = cells as f64 > FULL_SHARE * covered as f64;
    let factor = is_full.then(factor);
    let scaled = |moments: &CellMoments| {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let entries = moments.n_entries() as f64;
        factor.map(|factor| entries / factor)
    };
    let parts = moments.iter().zip(&events.counts).map(|((moments, seen), (events, at_risk))| {
        match scaled(moments) {
            Some(scaled) => Seen { cells: *seen, covered: moments.n_cells(), scaled: Some(scaled) },
            None => Seen { cells: *events, covered: *at_risk, scaled: None },
        }
    });
    parts.collect()
}
