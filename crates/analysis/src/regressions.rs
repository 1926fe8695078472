//! Over all revisions of a service: which pattern changed where, which revision likely brought it, and what became of it.
//!
//! ```text
//! revisions in order ──► cells per revision (grid) ──► series of each pattern ──► runs of high and low rate (runs)
//!                                                                                  │
//!              q over all series that were tested ◄── p, corrected for the search ◄┤
//!              onset with the revisions it may have been ◄── posterior of one change┤
//!              new, ongoing, resolved, came back, flapping, spike ◄── the runs ─────┘
//! ```

mod runs;

use crate::completeness::Completeness;
use crate::grid::{Grid, PatternCells, Rows};
use crate::question::{Asked, Investigation, Question};
use crate::revisions::{Deploy, revisions_in_order};
use crate::samples::samples;
use crate::stats::cells::FULL_SHARE;
use crate::stats::change::{Series, one_change};
use crate::stats::claims::{CHANGED_LIMIT, RATIO_MARGIN};
use crate::stats::dispersion::{self, CellMoments};
use crate::stats::multiplicity::q_values;
use crate::stats::shrink::{HALF_AN_EVENT, expected_events, shrunk_ratio};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use timberline_archive::{Result, pattern_name};
use timberline_entry::Severity;
use timberline_query::Filter;

pub use runs::{Level, State};

use runs::{Run, Seen};

/// The answer to *regressions*; serialised, the contract `timberline/regressions/1`.
#[derive(Clone, Debug, Serialize)]
pub struct RegressionsAnswer {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// What was asked.
    pub question: Asked,
    /// Patterns whose rate changed, by state, then the worst severity, then the strongest change.
    pub patterns: Vec<Regression>,
    /// Patterns of services that were tested; what is not listed of them did not change for sure.
    pub tested: u64,
    /// Patterns of services that are too rare, or have too few covered revisions, to show anything.
    pub not_tested: u64,
    /// What the answer rests on.
    pub completeness: Completeness,
}

/// A pattern whose rate changed between revisions of a service.
#[derive(Clone, Debug, Serialize)]
pub struct Regression {
    /// Name of the pattern.
    pub id: String,
    /// Its message with the values replaced by marks.
    pub template: String,
    /// The value that is the news, where one is; not told apart yet.
    pub variant: Option<()>,
    /// The service.
    pub service: String,
    /// The severity that most of its entries have.
    pub severity: &'static str,
    /// What became of it.
    pub state: State,
    /// Where it last rose; `null` if it was high from the first covered revision on.
    pub onset: Option<Change>,
    /// Where it fell after that.
    pub resolved: Option<Change>,
    /// Runs of revisions with one rate each, oldest first.
    pub segments: Vec<RateSegment>,
    /// Revisions that were not covered for its severity: they are no zeros.
    pub uncovered: Vec<String>,
    /// The run of high rate is one revision: another one would make it surer.
    pub rests_on_one_revision: bool,
    /// Probability of runs this different anywhere along the revisions, if nothing had changed.
    pub p: f64,
    /// False discovery rate.
    pub q: f64,
    /// The shrunken ratio of high to low to sort by.
    pub score: f64,
}

/// A change and the revisions it may have come with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The likeliest revision.
    pub revision: String,
    /// The fewest revisions that hold nine tenths of the probability, in order.
    pub candidates: Vec<String>,
    /// Probability of the likeliest one, given that there was one change.
    pub posterior: f64,
    /// The deploy that made it.
    pub deploy: Option<Deploy>,
}

/// A run of revisions with one rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RateSegment {
    /// Its first revision.
    pub from: String,
    /// Its last.
    pub to: String,
    /// Minutes with the pattern per hour of covered minutes.
    pub rate: f64,
    /// High or low, compared with its neighbours.
    pub level: Level,
    /// Entries.
    pub count: u64,
    /// Cells with the pattern.
    pub cells: u64,
    /// Cells covered.
    pub exposure: u64,
}

/// Fewer cells with the pattern than this show nothing, wherever they lie.
const MIN_CELLS: u64 = 3;

/// Looks for patterns whose rate changed between revisions.
///
/// The filter decides which entries count as a pattern's; exposure is counted on all entries within its time, service and
/// revision. Cost: time and labels of every entry in scope, once or twice.
///
/// # Errors
/// Damage in the archive.
pub fn regressions_answer(
    investigation: &Investigation<'_>,
    question: &Question,
    warnings: Vec<String>,
) -> Result<RegressionsAnswer> {
    let order = Order::read(investigation)?;
    let grid = Grid::read(investigation, &question.filter, &Filter::all(), &order)?;
    let mut series = Vec::new();
    let mut not_tested = 0;
    for (pattern, cells) in &grid.patterns {
        let services: BTreeSet<u32> = cells.seen.keys().map(|(_, service)| *service).collect();
        for service in services {
            match PatternSeries::of(&order, &grid, investigation, *pattern, cells, service) {
                Some(found) => series.push(found),
                None => not_tested += 1,
            }
        }
    }
    let p_values: Vec<f64> = series.iter().map(|series| series.p).collect();
    let tested = series.len() as u64;
    let changed: Vec<(PatternSeries<'_>, f64)> = series
        .into_iter()
        .zip(q_values(&p_values))
        .filter(|(series, q)| *q <= CHANGED_LIMIT && series.runs.len() > 1)
        .collect();
    let samples = samples(investigation, &changed.iter().map(|(series, _)| series.pattern).collect())?;
    let mut patterns: Vec<(Severity, Regression)> = changed
        .into_iter()
        .filter_map(|(series, q)| {
            let template = samples[&series.pattern].template.clone();
            Some((series.severity, series.regression(template, q)?))
        })
        .collect();
    patterns.sort_by(|(severity_a, a), (severity_b, b)| {
        let strength = || severity_b.cmp(severity_a).then_with(|| b.score.total_cmp(&a.score));
        a.state.cmp(&b.state).then_with(strength).then_with(|| (&a.service, &a.id).cmp(&(&b.service, &b.id)))
    });
    Ok(RegressionsAnswer {
        schema: "timberline/regressions/1",
        question: question.asked.clone(),
        patterns: patterns.into_iter().map(|(_, regression)| regression).collect(),
        tested,
        not_tested,
        completeness: Completeness::of(
            investigation,
            timberline_query::time_bounds(&question.filter),
            warnings,
        ),
    })
}

/// The revisions of all services in order; the rows of the grid.
struct Order {
    /// Service to its rows.
    rows: BTreeMap<String, Range<u32>>,
    /// Service and revision to its row.
    by_name: BTreeMap<String, BTreeMap<String, u32>>,
    /// Revision and deploy of each row.
    names: Vec<(String, Option<Deploy>)>,
}

impl Order {
    fn read(investigation: &Investigation<'_>) -> Result<Self> {
        let mut order = Self { rows: BTreeMap::new(), by_name: BTreeMap::new(), names: Vec::new() };
        let next =
            |order: &Self| u32::try_from(order.names.len()).expect("there are fewer revisions than that");
        for (service, places) in revisions_in_order(investigation)? {
            let start = next(&order);
            for place in places {
                let row = next(&order);
                order.by_name.entry(service.clone()).or_default().insert(place.revision.clone(), row);
                order.names.push((place.revision, place.deploy));
            }
            let end = next(&order);
            order.rows.insert(service, start..end);
        }
        Ok(order)
    }
}

impl Rows for Order {
    fn row_of(&self, service: &str, revision: &str, _: i64) -> Option<u32> {
        self.by_name.get(service)?.get(revision).copied()
    }

    fn takes(&self, service: &str, revision: &str) -> bool {
        self.row_of(service, revision, 0).is_some()
    }
}

/// One pattern along the covered revisions of one service.
struct PatternSeries<'o> {
    order: &'o Order,
    pattern: u64,
    service: String,
    severity: Severity,
    /// Rows of the covered revisions.
    rows: Vec<u32>,
    uncovered: Vec<u32>,
    /// What was seen in each covered revision.
    seen: Vec<Seen>,
    entries: Vec<u64>,
    runs: Vec<Run>,
    p: f64,
}

impl<'o> PatternSeries<'o> {
    fn of(
        order: &'o Order,
        grid: &Grid,
        investigation: &Investigation<'_>,
        pattern: u64,
        cells: &PatternCells,
        service_idx: u32,
    ) -> Option<Self> {
        let service = grid.services[service_idx as usize].clone();
        let severity = cells.severity();
        let (mut rows, mut uncovered, mut moments) = (Vec::new(), Vec::new(), Vec::new());
        for row in order.rows.get(&service)?.clone() {
            let seen = cells.cells(row, service_idx);
            let covered = grid.exposure(&investigation.coverage, row, service_idx, severity).max(seen);
            if covered == 0 {
                uncovered.push(row);
            } else {
                rows.push(row);
                moments.push((cells.moments(row, service_idx, covered), seen));
            }
        }
        let total: u64 = moments.iter().map(|(_, seen)| seen).sum();
        if total < MIN_CELLS || rows.len() < 2 {
            return None;
        }
        let seen = seen(&moments);
        let series =
            Series::new(&seen.iter().map(|seen| (seen.events(), seen.exposure())).collect::<Vec<_>>())?;
        let runs = runs::runs(&series, &seen);
        let p = runs::p_of(&runs, &seen);
        let entries = moments.iter().map(|(moments, _)| moments.n_entries()).collect();
        Some(Self { order, pattern, service, severity, rows, uncovered, seen, entries, runs, p })
    }

    fn name(&self, idx: usize) -> &(String, Option<Deploy>) {
        &self.order.names[self.rows[idx] as usize]
    }

    /// Says what happened; nothing if the rates differ too little to matter.
    fn regression(&self, template: String, q: f64) -> Option<Regression> {
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
            id: pattern_name(self.pattern),
            template,
            variant: None,
            service: self.service.clone(),
            severity: self.severity.name(),
            state: runs::state(&self.runs, &self.seen),
            onset,
            resolved,
            segments: self.runs.iter().map(|run| self.segment(run)).collect(),
            uncovered: self.uncovered.iter().map(name).collect(),
            rests_on_one_revision: self.runs[high].range().len() == 1,
            p: self.p,
            q,
            score,
        })
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
        let sum = Seen::sum(&self.seen[run.range()]);
        #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
        let rate = sum.cells as f64 / sum.covered as f64 * 60.0;
        RateSegment {
            from: self.name(run.start).0.clone(),
            to: self.name(run.end - 1).0.clone(),
            rate,
            level: run.level,
            count: self.entries[run.range()].iter().sum(),
            cells: sum.cells,
            exposure: sum.covered,
        }
    }
}

/// Decides between cells and scaled counts for a whole series.
fn seen(moments: &[(CellMoments, u64)]) -> Vec<Seen> {
    let (cells, covered) = moments
        .iter()
        .fold((0, 0), |(cells, covered), (moments, seen)| (cells + seen, covered + moments.n_cells()));
    #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
    let is_full = cells as f64 > FULL_SHARE * covered as f64;
    let factor = dispersion::factor_of(moments.iter().map(|(moments, _)| moments));
    moments
        .iter()
        .map(|(moments, seen)| {
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
            let scaled = moments.n_entries() as f64 / factor;
            Seen { cells: *seen, covered: moments.n_cells(), scaled: is_full.then_some(scaled) }
        })
        .collect()
}
