//! Over all revisions of a service: which pattern or exception changed where, which revision likely brought it, and what became of it.
//!
//! ```text
//! revisions in order ──► cells per revision (grid) ──► series of each pattern ──► runs of high and low rate (runs)
//!                                                                                  │
//!              q over all series that were tested ◄── p, corrected for the search ◄┤
//!              onset with the revisions it may have been ◄── posterior of one change┤
//!              new, ongoing, resolved, came back, flapping, spike ◄── the runs ─────┘
//! ```

mod absence;
mod changes;
mod order;
mod runs;
mod series;

use crate::completeness::Completeness;
use crate::grid::{Grid, Variant};
use crate::patterns::{PatternKind, Vocabulary};
use crate::question::{Asked, Investigation, Question};
use crate::revisions::{Deploy, revisions_in_order};
use serde::Serialize;
use timberline_archive::Result;
use timberline_query::{Filter, time_bounds};

pub use absence::Stopped;
pub use changes::{Changes, changes};
pub use order::Order;
pub use runs::{Level, State};

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
    /// Its id; of a value that is the news, the value's own.
    pub id: String,
    /// What it is. An exception is told where no message that tells of it says the same already.
    pub kind: PatternKind,
    /// The pattern or exception: itself, or whose value it is.
    pub pattern: String,
    /// Its message with the values replaced by marks; of an exception, its type and value.
    pub template: String,
    /// The value that is the news, where one is; `null` for a pattern as a whole.
    pub variant: Option<Variant>,
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
    /// How its silence compares with its habits; `null` unless the state is *stopped*.
    pub stopped: Option<Stopped>,
    /// What was seen in each revision of the service, in order.
    pub revisions: Vec<InRevision>,
    /// The strongest change that it appears together with, in four of five cells of both: likely one cause. Its own id where it
    /// is that one.
    pub group: String,
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

/// What was seen of a pattern in one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InRevision {
    /// The revision.
    pub revision: String,
    /// Entries.
    pub count: u64,
    /// Cells with the pattern.
    pub cells: u64,
    /// Cells covered for its severity; 0 is not covered, and then nothing is known.
    pub exposure: u64,
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

/// Looks for patterns whose rate changed between revisions, and for regular ones that stopped.
///
/// The filter decides which entries count as a pattern's; exposure is counted on all entries within its time, service and
/// revision. Cost: time and labels of every entry in scope, once or twice; of patterns with closed holes, the message as well.
///
/// # Errors
/// Damage in the archive.
pub fn regressions_answer(
    investigation: &Investigation<'_>,
    question: &Question,
    mut warnings: Vec<String>,
) -> Result<RegressionsAnswer> {
    let placed = revisions_in_order(investigation)?;
    let order = Order::of(placed.into_iter().map(|(service, places)| {
        (service, places.into_iter().map(|place| (place.revision, place.deploy)).collect())
    }));
    let vocabulary = Vocabulary::read(investigation.archive)?;
    let grid = Grid::read(investigation, &vocabulary, &question.filter, &Filter::all(), &order)?;
    warnings.extend(grid.left_out());
    let Changes { mut found, tested, not_tested } = changes(&grid, &investigation.coverage, &order);
    for (unit, regression) in &mut found {
        regression.template = vocabulary.template(grid.subject_of(*unit));
    }
    Ok(RegressionsAnswer {
        schema: "timberline/regressions/1",
        question: question.asked.clone(),
        patterns: found.into_iter().map(|(_, regression)| regression).collect(),
        tested,
        not_tested,
        completeness: Completeness::of(investigation, time_bounds(&question.filter), warnings),
    })
}
