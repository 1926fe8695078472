//! All units of a grid along the revisions: one multiplicity control, and what appears together.

use super::absence::{Absence, Calendars};
use super::order::Order;
use super::series::UnitSeries;
use super::{Regression, State};
use crate::evidence::Coverage;
use crate::grid::{Grid, Hits};
use crate::patterns::PatternKind;
use crate::stats::claims::CHANGED_LIMIT;
use crate::stats::multiplicity::q_values_counting_once;
use crate::together::leaders;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use timberline_archive::pattern_name;
use timberline_entry::Severity;

/// What changed along the revisions.
#[derive(Debug)]
pub struct Changes {
    /// Units whose rate changed, by state, then the worst severity, then the strongest change; templates are left empty.
    pub found: Vec<(u64, Regression)>,
    /// Units of services that were tested.
    pub tested: u64,
    /// Units of services that are too rare, or have too few covered revisions, to show anything.
    pub not_tested: u64,
}

/// A unit in a service, with the tests that it is fit for.
struct Tested<'o> {
    unit: u64,
    rows: Range<u32>,
    series: Option<UnitSeries<'o>>,
    absence: Option<Absence>,
}

/// Finds the changes of all units of a grid whose rows are the revisions of `order`.
///
/// Both kinds of test, of rates and of silence, are one family: q is over all of them. Units with the same entries in the same
/// cells are one test, and so are an exception and the message that it always comes with.
pub fn changes(grid: &Grid, coverage: &Coverage, order: &Order) -> Changes {
    let calendars = Calendars::default();
    let test = |(unit, service): &(u64, u32)| {
        let rows = order.rows.get(&grid.services[*service as usize])?.clone();
        let series = UnitSeries::of(order, grid, coverage, *unit, *service);
        let absence = Absence::of(order, grid, coverage, *unit, *service, &calendars);
        Some(Tested { unit: *unit, rows, series, absence })
    };
    let in_services = grid.units.iter().flat_map(|(unit, cells)| {
        let services: BTreeSet<u32> = cells.seen.keys().map(|(_, service)| *service).collect();
        services.into_iter().map(|service| (*unit, service))
    });
    let in_services: Vec<(u64, u32)> = in_services.collect();
    let all: Vec<Tested<'_>> = in_services.par_iter().filter_map(test).collect();
    let is_fit = |tested: &Tested<'_>| tested.series.is_some() || tested.absence.is_some();
    let (all, unfit): (Vec<_>, Vec<_>) = all.into_iter().partition(is_fit);
    let twins = twins(grid, &all);
    let q_values = q_values(grid, &all, &twins);
    let mut changed: Vec<(&Tested<'_>, Severity, Regression)> = Vec::new();
    for (tested, (q_series, q_absence)) in all.iter().zip(q_values) {
        let is_sure = |q: Option<f64>| q.filter(|q| *q <= CHANGED_LIMIT);
        let by_rate = tested
            .series
            .as_ref()
            .zip(is_sure(q_series))
            .filter(|(series, _)| series.runs.len() > 1)
            .and_then(|(series, q)| Some((series.severity, series.regression(q)?)));
        let stopped =
            tested.absence.as_ref().zip(is_sure(q_absence)).filter(|(absence, _)| absence.is_long());
        // A rate that changed and came to an end is told with both; the silence names the state.
        let found = match (by_rate, stopped) {
            (Some((severity, mut regression)), Some((absence, q))) => {
                regression.state = State::Stopped;
                regression.stopped = Some(absence.stopped());
                regression.q = regression.q.min(q);
                Some((severity, regression))
            }
            (None, Some((absence, q))) => Some((absence.severity, absence.regression(q))),
            (by_rate, None) => by_rate,
        };
        changed.extend(found.map(|(severity, regression)| (tested, severity, regression)));
    }
    keep_news(grid, &mut changed, &twins);
    changed.sort_by(|(_, severity_a, a), (_, severity_b, b)| {
        let strength = || severity_b.cmp(severity_a).then_with(|| b.score.total_cmp(&a.score));
        a.state.cmp(&b.state).then_with(strength).then_with(|| (&a.service, &a.id).cmp(&(&b.service, &b.id)))
    });
    let sets: Vec<&Hits> = changed
        .iter()
        .map(|(tested, ..)| grid.hits(&grid.units[&tested.unit], tested.rows.clone()))
        .collect();
    let groups: Vec<String> = leaders(&sets, |a, b| changed[a].2.state == changed[b].2.state)
        .into_iter()
        .map(|leader| pattern_name(changed[leader].0.unit))
        .collect();
    let found = changed
        .into_iter()
        .zip(groups)
        .map(|((tested, _, regression), group)| {
            let pattern = pattern_name(grid.pattern_of(tested.unit));
            let kind = PatternKind::of(grid.subject_of(tested.unit));
            let variant = grid.values.get(&tested.unit).map(|value| value.variant.clone());
            (tested.unit, Regression { group, variant, kind, pattern, ..regression })
        })
        .collect();
    let n_once =
        |units: &[Tested<'_>]| units.iter().filter(|of| twin_of(&twins, of).is_none()).count() as u64;
    Changes { found, tested: n_once(&all), not_tested: n_once(&unfit) }
}

/// By the first row of a service, exceptions that are the entries of a message, with that message.
type Twins = BTreeMap<u32, BTreeMap<u64, u64>>;

fn twins(grid: &Grid, all: &[Tested<'_>]) -> Twins {
    let mut twins = Twins::new();
    for tested in all {
        twins.entry(tested.rows.start).or_insert_with(|| grid.twins(&tested.rows));
    }
    twins
}

fn twin_of(twins: &Twins, tested: &Tested<'_>) -> Option<u64> {
    twins.get(&tested.rows.start)?.get(&tested.unit).copied()
}

/// Leaves out values of a pattern that changed as the pattern itself did, and exceptions that are the entries of a message and
/// changed as it did: it is said already.
fn keep_news(grid: &Grid, changed: &mut Vec<(&Tested<'_>, Severity, Regression)>, twins: &Twins) {
    type Said<'r> = (u64, &'r str, State, Option<&'r str>, Option<&'r str>);
    fn said(unit: u64, regression: &Regression) -> Said<'_> {
        (
            unit,
            &regression.service,
            regression.state,
            regression.onset.as_ref().map(|change| change.revision.as_str()),
            regression.resolved.as_ref().map(|change| change.revision.as_str()),
        )
    }
    let of_patterns: BTreeSet<Said<'_>> =
        changed.iter().map(|(tested, _, regression)| said(tested.unit, regression)).collect();
    let is_news: Vec<bool> = changed
        .iter()
        .map(|(tested, _, regression)| {
            let pattern = grid.values.get(&tested.unit).map(|value| value.pattern);
            let mut told_by = pattern.into_iter().chain(twin_of(twins, tested));
            !told_by.any(|unit| of_patterns.contains(&said(unit, regression)))
        })
        .collect();
    let mut is_news = is_news.into_iter();
    changed.retain(|_| is_news.next().unwrap_or(true));
}

/// Returns q of the rates and of the silence of each.
fn q_values(grid: &Grid, all: &[Tested<'_>], twins: &Twins) -> Vec<(Option<f64>, Option<f64>)> {
    let mut known: BTreeMap<(bool, Severity, &Hits), usize> = BTreeMap::new();
    let (mut p_values, mut tests) = (Vec::new(), Vec::new());
    for tested in all {
        let unit = twin_of(twins, tested).unwrap_or(tested.unit);
        let hits = grid.hits(&grid.units[&unit], tested.rows.clone());
        let of_series = tested.series.as_ref().map(|series| (false, series.severity, series.p));
        let of_absence = tested.absence.as_ref().map(|absence| (true, absence.severity, absence.p));
        for (is_silence, severity, p) in of_series.into_iter().chain(of_absence) {
            let next = known.len();
            tests.push(*known.entry((is_silence, severity, hits)).or_insert(next));
            p_values.push(p);
        }
    }
    let mut q_values = q_values_counting_once(&p_values, &tests).into_iter();
    all.iter()
        .map(|tested| {
            let of_series = tested.series.as_ref().and_then(|_| q_values.next());
            (of_series, tested.absence.as_ref().and_then(|_| q_values.next()))
        })
        .collect()
}
