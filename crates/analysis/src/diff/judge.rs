//! One pattern's numbers on both sides, the test that fits them, and what they amount to.

use super::compare::Strata;
use super::side::{BASE, TARGET};
use super::{EntryRatio, PatternSide, PatternStatus};
use crate::evidence::Coverage;
use crate::grid::{Grid, UnitCells};
use crate::memo::Memo;
use crate::stats::cells::{self, CellTest, are_full};
use crate::stats::claims::{CHANGED_LIMIT, GONE_LIMIT, NEW_LIMIT, RATIO_MARGIN};
use crate::stats::conditional::{self, EQUAL_RATES, RatioInterval};
use crate::stats::dispersion::{self, CellMoments};
use crate::stats::multiplicity::can_matter;
use crate::stats::observed::{Cells, Observed};
use crate::stats::shrink::{HALF_AN_EVENT, expected_events, shrunk_ratio};
use crate::stats::strata::{Stratum, compare_within};
use timberline_entry::Severity;

/// A pattern compared.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(super) severity: Severity,
    pub(super) base: PatternSide,
    pub(super) target: PatternSide,
    pub(super) ratio: Option<f64>,
    pub(super) interval: Option<RatioInterval>,
    pub(super) p: Option<f64>,
    /// Its total alone does not keep it from becoming significant.
    pub(super) can_matter: bool,
    pub(super) tested: &'static str,
    pub(super) entries: Option<EntryRatio>,
    /// Minutes looked back for the beginning of an episode; 0 where cells do not cause one another.
    pub(super) look_back: i64,
    /// Instances count as one, because they have the unit in the same minutes.
    is_shared: bool,
    /// What the rank is made of: events on the target and the base under their exposures.
    rank: Option<(Observed, Observed)>,
}

/// Tests of the tables of patterns. Most are rare, and many have the same.
pub(super) type Tests = Memo<Vec<Stratum>, CellTest>;

/// Compares one pattern within the strata that both sides cover for its severity.
pub(super) fn judge(
    grid: &Grid,
    coverage: &Coverage,
    cells: &UnitCells,
    strata: &Strata,
    tests: &Tests,
) -> Judged {
    let severity = cells.severity();
    let exposure = |row, service| grid.exposure(coverage, row, service, severity);
    let mut judged = Judged {
        severity,
        base: PatternSide { count: cells.entries(BASE), ..PatternSide::default() },
        target: PatternSide { count: cells.entries(TARGET), ..PatternSide::default() },
        ratio: None,
        interval: None,
        p: None,
        can_matter: false,
        tested: "cells",
        entries: None,
        look_back: 0,
        is_shared: false,
        rank: None,
    };
    let (mut tables, mut compared): (Vec<Stratum>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
    let (mut moments_base, mut moments_target) = (CellMoments::default(), CellMoments::default());
    for (of_base, of_target) in &strata.pairs {
        let (k0, k1) = (cells.cells(BASE, *of_base), cells.cells(TARGET, *of_target));
        // A cell of the pattern is covered whatever else is known of that minute.
        let (n0, n1) = (exposure(BASE, *of_base).max(k0), exposure(TARGET, *of_target).max(k1));
        add(&mut judged.base, k0, n0);
        add(&mut judged.target, k1, n1);
        if n0 > 0 && n1 > 0 {
            let places = [(BASE, *of_base), (TARGET, *of_target)];
            let events = grid.events(coverage, cells, severity, &places);
            judged.look_back = judged.look_back.max(events.look_back);
            judged.is_shared |= events.is_shared;
            let [(events_base, at_risk_base), (events_target, at_risk_target)] = events.counts[..] else {
                continue;
            };
            let tested = Cells::new(events_base, at_risk_base).zip(Cells::new(events_target, at_risk_target));
            judged.base.add_events(events_base, at_risk_base);
            judged.target.add_events(events_target, at_risk_target);
            tables.extend(tested.map(|(base, new)| Stratum { new, base }));
            moments_base.merge(cells.moments(BASE, *of_base, n0));
            moments_target.merge(cells.moments(TARGET, *of_target, n1));
            compared.extend(places);
        }
    }
    for service in &strata.alone {
        for (row, side) in [(BASE, &mut judged.base), (TARGET, &mut judged.target)] {
            side.cells += cells.cells(row, *service);
        }
    }
    let sum = |row: u32| {
        compared.iter().filter(|place| place.0 == row).map(|place| cells.cells(row, place.1)).sum::<u64>()
    };
    let (k0, k1) = (sum(BASE), sum(TARGET));
    let (n0, n1): (u64, u64) = (moments_base.n_cells(), moments_target.n_cells());
    let (Some(base), Some(new)) = (Cells::new(k0, n0), Cells::new(k1, n1)) else { return judged };
    if k0 + k1 == 0 {
        return judged;
    }
    let is_full = are_full(new, base);
    let moments = [moments_target, moments_base];
    let factor =
        if is_full { grid.dispersion(cells, &compared, &moments) } else { dispersion::factor_of(&moments) };
    let scaled = dispersion::scaled(&moments_target, factor).zip(dispersion::scaled(&moments_base, factor));
    if let Some((new, base)) = scaled {
        let test = conditional::compare(new, base, EQUAL_RATES);
        judged.entries = test.ratio.map(|ratio| EntryRatio {
            ratio,
            low: test.interval.lower,
            high: test.interval.upper,
            dispersion: factor,
        });
    }
    if let (true, Some((new, base))) = (is_full, scaled) {
        let test = conditional::compare(new, base, EQUAL_RATES);
        judged.tested = "counts";
        judged.ratio = test.ratio;
        judged.interval = Some(test.interval);
        judged.p = Some(test.two_sided_mid_p());
        judged.can_matter = true;
        judged.rank = Some((new, base));
        return judged;
    }
    let test = tests.get_or(tables.clone(), || compare_within(&tables));
    let swapped: Vec<Stratum> = tables.iter().map(|t| Stratum { new: t.base, base: t.new }).collect();
    let smallest: f64 = swapped
        .iter()
        .map(|t| {
            cells::min_attainable(t.new.n_seen() + t.base.n_seen(), t.new.n_covered(), t.base.n_covered())
        })
        .product();
    judged.ratio = test.ratio;
    judged.interval = Some(test.interval);
    judged.p = Some(test.two_sided_mid_p());
    judged.can_matter = can_matter(test.min_attainable.min(smallest));
    if judged.look_back > 0 {
        judged.tested = "episodes";
    } else if judged.is_shared {
        judged.tested = "minutes";
    }
    let events = |side: &PatternSide| Cells::new(side.events, side.at_risk).map(Cells::as_observed);
    judged.rank = events(&judged.target).zip(events(&judged.base));
    judged
}

fn add(side: &mut PatternSide, cells: u64, exposure: u64) {
    side.cells += cells;
    side.exposure += exposure;
}

impl PatternSide {
    fn add_events(&mut self, events: u64, at_risk: u64) {
        self.events += events;
        self.at_risk += at_risk;
    }
}

impl Judged {
    /// Says what became of the pattern, given its false discovery rate.
    pub(super) fn status(&self, q: Option<f64>) -> PatternStatus {
        let Some(p) = self.p else { return PatternStatus::NotComparable };
        let is_sure = q.is_some_and(|q| q <= CHANGED_LIMIT);
        match (self.base.cells, self.target.cells) {
            (0, _) if is_sure && p <= NEW_LIMIT => PatternStatus::New,
            (0, _) => PatternStatus::FirstSeenButRare,
            (_, 0) if is_sure && p <= GONE_LIMIT => PatternStatus::Gone,
            (_, 0) => PatternStatus::NotSeen,
            _ => match self.interval {
                Some(interval) if is_sure && interval.lower > RATIO_MARGIN => PatternStatus::More,
                Some(interval) if is_sure && interval.upper < RATIO_MARGIN.recip() => PatternStatus::Less,
                _ => PatternStatus::Unchanged,
            },
        }
    }

    /// Returns the number to sort by: the lower 5 % of the shrunken ratio, in the direction of the change.
    pub(super) fn score(&self, status: PatternStatus) -> f64 {
        let Some((new, base)) = self.rank else { return 0.0 };
        let (of, against) = match status {
            PatternStatus::Gone | PatternStatus::Less | PatternStatus::NotSeen => (base, new),
            _ => (new, base),
        };
        shrunk_ratio(of.count(), expected_events(of.exposure(), against), HALF_AN_EVENT).rank_score()
    }
}
