//! All units of a grid compared: the strata, one multiplicity control, and what appears together.

use super::PatternStatus;
use super::judge::{Judged, Tests, judge};
use super::side::{BASE, TARGET};
use crate::evidence::Coverage;
use crate::grid::{Grid, Hits, UnitCells};
use crate::stats::multiplicity::q_values_counting_once;
use crate::together::leaders;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::{BTreeMap, BTreeSet};
use timberline_entry::Severity;

/// How the services of both sides are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layers {
    /// The only service of each side against that of the other: two revisions.
    Joined,
    /// Each service with itself, summed over services (Mantel and Haenszel).
    ByService,
}

/// One unit of a grid, compared.
#[derive(Debug)]
pub struct Compared {
    /// The unit.
    pub unit: u64,
    /// What became of it.
    pub status: PatternStatus,
    /// Two-sided mid-p; `None` without exposure.
    pub p: Option<f64>,
    /// False discovery rate; `None` for what was too rare to be tested.
    pub q: Option<f64>,
    /// The strongest change that it appears together with, itself if it leads; `None` for what did not change.
    pub leader: Option<u64>,
    pub(super) judged: Judged,
}

/// Compares all units of a grid that has a base and a target.
///
/// Shape: by unit. Units with the same entries in the same cells are one test, and so are an exception and the message that it
/// always comes with: none can count twice. Warnings say which services are left out.
pub fn compare(
    grid: &Grid,
    coverage: &Coverage,
    layers: Layers,
    warnings: &mut Vec<String>,
) -> Vec<Compared> {
    let strata = strata(grid, layers, warnings);
    let tests = Tests::default();
    let judge = |(unit, cells): (&u64, &UnitCells)| (*unit, judge(grid, coverage, cells, &strata, &tests));
    let judged: Vec<(u64, Judged)> = grid.units.par_iter().map(judge).collect();
    let twins = grid.twins(&(BASE..TARGET + 1));
    let mut p_values = Vec::new();
    let mut tests = Vec::new();
    let mut known: BTreeMap<(Severity, &Hits), usize> = BTreeMap::new();
    for (unit, judged) in judged.iter().filter(|(_, judged)| judged.can_matter) {
        let next = known.len();
        let hits = grid.hits(&grid.units[twins.get(unit).unwrap_or(unit)], BASE..TARGET + 1);
        tests.push(*known.entry((judged.severity, hits)).or_insert(next));
        p_values.push(judged.p.expect("what can matter was tested"));
    }
    let mut q_values = q_values_counting_once(&p_values, &tests).into_iter();
    let mut compared: Vec<Compared> = judged
        .into_iter()
        .map(|(unit, judged)| {
            let q = if judged.can_matter { q_values.next() } else { None };
            Compared { unit, status: judged.status(q), p: judged.p, q, leader: None, judged }
        })
        .collect();
    keep_news(grid, &twins, &mut compared);
    group(grid, &mut compared);
    compared
}

/// Leaves out what is no news beside the patterns, which are all told: values and exceptions that became what their pattern or
/// message became, and those that did not change. An error seen for the first time is news even where it is rare, and so is one
/// that cannot be compared.
fn keep_news(grid: &Grid, twins: &BTreeMap<u64, u64>, compared: &mut Vec<Compared>) {
    let statuses: BTreeMap<u64, PatternStatus> =
        compared.iter().map(|compared| (compared.unit, compared.status)).collect();
    compared.retain(|compared| {
        let became = |unit: &u64, status: PatternStatus| statuses.get(unit) == Some(&status);
        let value_of = grid.values.get(&compared.unit).map(|value| value.pattern);
        let messages = grid.exceptions.get(&compared.unit);
        if value_of.is_none() && messages.is_none() {
            return true;
        }
        let status = compared.status;
        let is_told = value_of.iter().chain(twins.get(&compared.unit)).any(|unit| became(unit, status));
        if is_told || status.is_change() {
            return !is_told;
        }
        // What a message says of all its entries need not be said of an exception among them.
        let mut whose = value_of.iter().chain(messages.into_iter().flatten());
        let judged = &compared.judged;
        let is_worth_a_word = match status {
            PatternStatus::FirstSeenButRare => true,
            PatternStatus::NotComparable => judged.target.count > 0,
            _ => false,
        };
        judged.severity >= Severity::Error
            && is_worth_a_word
            && !whose.any(|unit| became(unit, status) || became(unit, PatternStatus::New))
    });
}

/// Gives every change its leader: within one status the strongest it shares its cells with.
fn group(grid: &Grid, compared: &mut [Compared]) {
    let mut changed: Vec<usize> =
        (0..compared.len()).filter(|idx| compared[*idx].status.is_change()).collect();
    changed.sort_by(|a, b| {
        let (a, b) = (&compared[*a], &compared[*b]);
        let score = |of: &Compared| of.judged.score(of.status);
        a.status
            .cmp(&b.status)
            .then_with(|| b.judged.severity.cmp(&a.judged.severity))
            .then_with(|| score(b).total_cmp(&score(a)))
            .then_with(|| a.unit.cmp(&b.unit))
    });
    let sets: Vec<&Hits> =
        changed.iter().map(|idx| grid.hits(&grid.units[&compared[*idx].unit], BASE..TARGET + 1)).collect();
    let found = leaders(&sets, |a, b| compared[changed[a]].status == compared[changed[b]].status);
    let units: Vec<u64> = found.into_iter().map(|leader| compared[changed[leader]].unit).collect();
    for (idx, leader) in changed.into_iter().zip(units) {
        compared[idx].leader = Some(leader);
    }
}

/// Pairs of services: of windows each with itself, because two windows may cover services unequally; of revisions not,
/// because they are what differs.
pub(crate) struct Strata {
    /// Pairs of a service on the base and one on the target.
    pub(super) pairs: Vec<(u32, u32)>,
    /// Services that one side has and the other has not.
    pub(super) alone: BTreeSet<u32>,
}

fn strata(grid: &Grid, layers: Layers, warnings: &mut Vec<String>) -> Strata {
    let (base, target) = (grid.services_of(BASE), grid.services_of(TARGET));
    let name = |id: &u32| grid.services[*id as usize].as_str();
    if layers == Layers::Joined
        && let ([of_base], [of_target]) = (&Vec::from_iter(&base)[..], &Vec::from_iter(&target)[..])
    {
        if of_base != of_target {
            warnings.push(format!(
                "the base is a revision of {}, the target one of {}",
                name(of_base),
                name(of_target)
            ));
        }
        return Strata { pairs: vec![(**of_base, **of_target)], alone: BTreeSet::new() };
    }
    let alone: BTreeSet<u32> = base.symmetric_difference(&target).copied().collect();
    for service in &alone {
        let (has, lacks) = if base.contains(service) { ("base", "target") } else { ("target", "base") };
        warnings.push(format!(
            "{:?} is covered on the {has} and not on the {lacks}: it is left out",
            name(service)
        ));
    }
    Strata { pairs: base.intersection(&target).map(|service| (*service, *service)).collect(), alone }
}
