//! What a revision says or raises that another did not, or more or less often, and how sure that is.
//!
//! ```text
//! BASE, TARGET ──► cells of both (grid) ──► per pattern: Fisher's test on cells, or on scaled counts in full cells (judge)
//!                                           ──► q over all patterns that can matter ──► status, shrunken rank
//! ```
//!
//! Index 1 of the statistics is the target, 0 the base. A side that is not covered for a pattern's severity makes the
//! pattern *not comparable*: never gone, and never a zero.

mod compare;
mod judge;
mod side;

use crate::completeness::Completeness;
use crate::evidence::rfc3339;
use crate::grid::{Grid, Variant};
use crate::patterns::{PatternKind, Vocabulary};
use crate::question::{Asked, Investigation};
use crate::samples::firsts;
use crate::stats::claims::Coverage as Exposures;
use crate::stats::power::{Detection, USUAL_DEMAND, min_detectable_ratio};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::{Result, pattern_name};
use timberline_query::{Filter, time_bounds};

pub use compare::{Compared, Layers, compare};
pub use side::{BASE, Side, TARGET};

use side::Sides;

/// What is compared.
#[derive(Clone, Debug)]
pub struct DiffQuestion {
    /// What it is compared with.
    pub base: Side,
    /// What is under suspicion.
    pub target: Side,
    /// Which entries count as a pattern's; exposure is counted on all of them within the filter's time and service.
    pub filter: Filter,
    /// The question as people asked it.
    pub asked: Asked,
}

/// The answer to *diff*; serialised, the contract `timberline/diff/1`.
///
/// Numbers are unrounded. An infinite ratio or bound is written as `null`, as is one that does not exist.
#[derive(Clone, Debug, Serialize)]
pub struct DiffAnswer {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// What was asked.
    pub question: Asked,
    /// The base.
    pub base: Side,
    /// The target.
    pub target: Side,
    /// What there was to see of both.
    pub exposure: DiffExposure,
    /// The patterns: new ones first, then more, gone, less, the rest; within each the strongest first.
    pub patterns: Vec<PatternDiff>,
    /// What the answer rests on.
    pub completeness: Completeness,
}

/// What there was to see of both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DiffExposure {
    /// Of the base.
    pub base: SideExposure,
    /// Of the target.
    pub target: SideExposure,
    /// For a pattern in one of a hundred base cells, the smallest ratio that would be noticed in four of five cases.
    pub detectable_ratio: Option<f64>,
}

/// What there was to see of one side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideExposure {
    /// Minutes of streams with at least one entry.
    pub cells: u64,
    /// Entries.
    pub entries: u64,
    /// Streams: services, revisions and instances told apart.
    pub streams: u64,
}

/// One pattern on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct PatternDiff {
    /// Its id; of a value that is the news, the value's own.
    pub id: String,
    /// What it is. An exception is told where it changed and no message that tells of it says so already.
    pub kind: PatternKind,
    /// The pattern or exception: itself, or whose value it is.
    pub pattern: String,
    /// Its message with the values replaced by marks; of an exception, its type and value.
    pub template: String,
    /// The value that is the news, where one is; `null` for a pattern or exception as a whole.
    pub variant: Option<Variant>,
    /// What became of it.
    pub status: PatternStatus,
    /// The severity that most of its entries have.
    pub severity: &'static str,
    /// On the base.
    pub base: PatternSide,
    /// On the target.
    pub target: PatternSide,
    /// Ratio of the tested rates, target to base.
    pub ratio: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Two-sided mid-p; of a pattern that one side lacks, the exact probability of that by chance. `null` without exposure.
    pub p: Option<f64>,
    /// False discovery rate; `null` for patterns too rare to show anything, which are not counted as tested.
    pub q: Option<f64>,
    /// The shrunken ratio to sort by, of the base to the target for patterns that became less.
    pub score: f64,
    /// The strongest change that it appears together with, in four of five cells of both: likely one cause. Its own id where it
    /// is that one; `null` where nothing changed.
    pub group: Option<String>,
    /// What was tested: `cells`; `minutes` where all instances have it at once; `episodes` where one cell causes the next;
    /// `counts` where nearly all cells of both sides have it.
    pub tested: &'static str,
    /// Minutes without the pattern before an episode counts as another one; 0 unless episodes were tested.
    pub look_back_minutes: i64,
    /// How much it prints, beside how often it happens: the ratio of entries, scaled for bursts.
    pub entries_ratio: Option<EntryRatio>,
    /// The smallest ratio that would have been noticed in four of five cases; of patterns that did not change.
    pub detectable_ratio: Option<f64>,
    /// When it was first seen anywhere in the archive, RFC 3339.
    pub first: String,
    /// In which revision that was.
    pub first_revision: String,
}

/// A pattern on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PatternSide {
    /// Entries.
    pub count: u64,
    /// Cells with the pattern.
    pub cells: u64,
    /// Cells in which it would have been seen; 0 is not comparable.
    pub exposure: u64,
    /// What was tested of them: the cells, or the beginnings of episodes where cells cause one another.
    pub events: u64,
    /// In how many cells an event could have been.
    pub at_risk: u64,
}

/// A ratio of entries under equal exposure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EntryRatio {
    /// Target to base; infinite if the base has none.
    pub ratio: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How much more the counts scatter than chance alone would make them.
    pub dispersion: f64,
}

/// What became of a pattern. Ordered as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatternStatus {
    /// Not on the base, on the target, and too often for chance.
    New,
    /// On both, significantly more often on the target.
    More,
    /// On the base, not on the target, and its silence is too long for chance.
    Gone,
    /// On both, significantly less often on the target.
    Less,
    /// Not on the base, on the target, and not distinguishable from a rare one.
    FirstSeenButRare,
    /// On the base, not on the target, which has too little coverage to call it gone.
    NotSeen,
    /// No difference that is sure and large enough to matter.
    Unchanged,
    /// One of the sides is not covered for it.
    NotComparable,
}

impl PatternStatus {
    /// Says whether something changed for sure.
    pub const fn is_change(self) -> bool {
        matches!(self, Self::New | Self::More | Self::Gone | Self::Less)
    }
}

/// Compares two revisions or two windows of time.
///
/// Cost: time and labels of every entry of both sides within the filter's time and service; of patterns with closed holes, the
/// message as well.
///
/// # Errors
/// Damage in the archive.
pub fn diff_answer(
    investigation: &Investigation<'_>,
    question: &DiffQuestion,
    mut warnings: Vec<String>,
) -> Result<DiffAnswer> {
    let sides = Sides { base: &question.base, target: &question.target };
    let archive = investigation.archive;
    let vocabulary = Vocabulary::read(archive)?;
    let grid = Grid::read(investigation, &vocabulary, &question.filter, &sides.filter(), &sides)?;
    let layers = if sides.are_revisions() { Layers::Joined } else { Layers::ByService };
    let compared = compare(&grid, &investigation.coverage, layers, &mut warnings);
    let units = compared.iter().map(|compared| compared.unit).collect();
    let firsts = firsts(investigation, &vocabulary, &grid, &units)?;
    let is_silent =
        |status: PatternStatus| matches!(status, PatternStatus::Unchanged | PatternStatus::NotSeen);
    let silent = compared.iter().filter(|compared| is_silent(compared.status));
    let detectable = Detectable::of(silent.map(|compared| (compared.judged.base, compared.judged.target)));
    let mut patterns = Vec::with_capacity(compared.len());
    for Compared { unit, status, p, q, leader, judged } in compared {
        let (first, subject) = (&firsts[&unit], grid.subject_of(unit));
        patterns.push(PatternDiff {
            id: pattern_name(unit),
            kind: PatternKind::of(subject),
            pattern: pattern_name(grid.pattern_of(unit)),
            template: vocabulary.template(subject),
            variant: grid.values.get(&unit).map(|value| value.variant.clone()),
            status,
            severity: judged.severity.name(),
            base: judged.base,
            target: judged.target,
            ratio: judged.ratio,
            low: judged.interval.map(|interval| interval.lower),
            high: judged.interval.map(|interval| interval.upper),
            p,
            q,
            score: judged.score(status),
            group: leader.map(pattern_name),
            tested: judged.tested,
            look_back_minutes: judged.look_back,
            entries_ratio: judged.entries,
            detectable_ratio: if is_silent(status) {
                detectable.get(judged.base, judged.target)
            } else {
                None
            },
            first: rfc3339(first.time_ns),
            first_revision: first.revision.clone(),
        });
    }
    patterns.sort_by(|a, b| {
        let by_score = || b.score.total_cmp(&a.score).then_with(|| b.target.count.cmp(&a.target.count));
        a.status.cmp(&b.status).then_with(by_score).then_with(|| a.id.cmp(&b.id))
    });
    let exposure = exposure(&grid);
    warn(&exposure, &mut warnings);
    warnings.extend(sides.overlap(archive.streams()?));
    warnings.extend(grid.left_out());
    Ok(DiffAnswer {
        schema: "timberline/diff/1",
        question: question.asked.clone(),
        base: question.base.clone(),
        target: question.target.clone(),
        exposure,
        patterns,
        completeness: Completeness::of(investigation, time_bounds(&question.filter), warnings),
    })
}

fn exposure(grid: &Grid) -> DiffExposure {
    let side = |row: u32| SideExposure {
        cells: grid.n_cells(row),
        entries: grid.entries.get(&row).copied().unwrap_or(0),
        streams: grid.n_streams(row),
    };
    let (base, target) = (side(BASE), side(TARGET));
    #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
    let exposures = Exposures::new(target.cells as f64, base.cells as f64);
    let detectable_ratio =
        exposures.and_then(|exposures| min_detectable_ratio(0.01, exposures, USUAL_DEMAND));
    DiffExposure { base, target, detectable_ratio }
}

fn warn(exposure: &DiffExposure, warnings: &mut Vec<String>) {
    for (name, side) in [("base", &exposure.base), ("target", &exposure.target)] {
        match side.cells {
            0 => warnings.push(format!("the {name} has no entries here: nothing can be compared with it")),
            1..3 => warnings.push(format!("the {name} was seen in {} minutes only", side.cells)),
            _ => {}
        }
    }
}

/// Smallest noticeable ratios; they depend on few numbers, and each takes up to milliseconds.
struct Detectable(BTreeMap<(u64, u64, u64), Option<f64>>);

impl Detectable {
    fn of(sides: impl Iterator<Item = (PatternSide, PatternSide)>) -> Self {
        let mut by_coverage: BTreeMap<(u64, u64), BTreeSet<u64>> = BTreeMap::new();
        for (events, base, target) in sides.filter_map(|(base, target)| key(base, target)) {
            by_coverage.entry((base, target)).or_default().insert(events);
        }
        let of_coverage = |((base, target), events): ((u64, u64), BTreeSet<u64>)| {
            #[expect(clippy::cast_precision_loss, reason = "cells stay far below 2^53")]
            let as_f64 = |number: u64| number as f64;
            let coverage = Exposures::new(as_f64(target), as_f64(base)).expect("both have cells");
            let rate = |events: &u64| as_f64(*events) / as_f64(base);
            let detection = Detection::of(events.iter().map(rate), coverage, USUAL_DEMAND);
            let ratio = |events: &u64| ((*events, base, target), detection.min_ratio(rate(events)));
            events.par_iter().map(ratio).collect::<Vec<_>>()
        };
        let by_coverage: Vec<_> = by_coverage.into_iter().collect();
        let found: Vec<Vec<_>> = by_coverage.into_par_iter().map(of_coverage).collect();
        Self(found.into_iter().flatten().collect())
    }

    fn get(&self, base: PatternSide, target: PatternSide) -> Option<f64> {
        *self.0.get(&key(base, target)?)?
    }
}

/// Events of the base, and cells of both sides in which one could have been.
fn key(base: PatternSide, target: PatternSide) -> Option<(u64, u64, u64)> {
    (base.at_risk > 0 && target.at_risk > 0).then_some((base.events, base.at_risk, target.at_risk))
}
