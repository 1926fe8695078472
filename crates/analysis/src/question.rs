//! What is asked, and of what.

use crate::completeness::Completeness;
use crate::evidence::Coverage;
use crate::exposure::Covered;
use crate::group::GroupBy;
use crate::memo::get_or_try;
use crate::revisions::{GivenOrder, Known, revisions_in_order, unborn_moments};
use jiff::tz::TimeZone;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::catalog::SourceRecord;
use timberline_archive::segment::Segment;
use timberline_archive::{Archive, Result};
use timberline_query::{Filter, time_bounds};
use timberline_search::Names;

/// An archive with what every answer needs of it.
#[derive(Debug)]
pub struct Investigation<'a> {
    /// The archive.
    pub archive: &'a Archive,
    /// Names of sources.
    pub names: Names,
    /// The source catalogue.
    pub sources: Vec<SourceRecord>,
    /// What each service is covered for.
    pub coverage: Coverage,
    /// Revisions with the time of their first entry in nanoseconds.
    pub revisions: BTreeMap<String, i64>,
    /// The order of revisions that somebody gave; empty for that of the archive's own evidence.
    pub given_order: GivenOrder,
    /// What was learnt of revisions, once somebody asked.
    pub(crate) known: OnceCell<Known>,
    ranks: OnceCell<BTreeMap<String, u64>>,
    unborn: OnceCell<Unborn>,
    /// What sets of services are covered for, as far as it was asked.
    pub(crate) covered: RefCell<BTreeMap<Option<BTreeSet<String>>, Covered>>,
}

/// Until when revisions are known not to have been there, by service and revision.
type Unborn = BTreeMap<(String, String), i64>;

/// A filter and how its matches are grouped.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is looked for, all restrictions included.
    pub filter: Filter,
    /// How matches are grouped; nothing for no groups.
    pub by: Vec<GroupBy>,
    /// The zone in which days, weeks and months begin.
    pub zone: TimeZone,
    /// The question as people asked it.
    pub asked: Asked,
}

/// The question as it was asked, repeated in every answer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Asked {
    /// The filter's text, with restrictions given otherwise.
    pub filter: String,
    /// Start of the window, if one was given.
    pub since: Option<String>,
    /// End of the window, if one was given.
    pub until: Option<String>,
    /// Names of the groupings.
    pub by: Vec<String>,
}

impl<'a> Investigation<'a> {
    /// Reads what answers need from an archive. Cost: the catalogue, and the ring facts of all segments.
    ///
    /// # Errors
    /// Damage in the catalogue or an index.
    pub fn new(archive: &'a Archive) -> Result<Self> {
        // Every answer needs the catalogue, and the rings and names of all segments; they are read side by side.
        let evidence = || -> Result<_> {
            let sources = archive.sources()?;
            let lost: Vec<(i64, i64)> =
                archive.manifest().set_aside.iter().map(|lost| (lost.first_ns, lost.last_ns)).collect();
            let coverage = Coverage::of(&sources).without(&lost);
            Ok((sources, coverage))
        };
        let firsts = || -> Vec<Result<BTreeMap<&str, i64>>> {
            archive.segments().par_iter().map(first_of_revisions).collect()
        };
        let (evidence, (patterns, ((), firsts))) = rayon::join(evidence, || {
            rayon::join(|| archive.pattern_ids(), || rayon::join(|| archive.read_ahead(), firsts))
        });
        let (sources, coverage) = evidence?;
        let names = Names::of(archive, &sources, patterns?);
        let firsts: Vec<BTreeMap<&str, i64>> = firsts.into_iter().collect::<Result<_>>()?;
        let mut revisions: BTreeMap<String, i64> = BTreeMap::new();
        for (name, first_ns) in firsts.into_iter().flatten() {
            let first = revisions.entry(name.to_owned()).or_insert(first_ns);
            *first = (*first).min(first_ns);
        }
        Ok(Self {
            archive,
            names,
            sources,
            coverage,
            revisions,
            given_order: GivenOrder::default(),
            known: OnceCell::new(),
            ranks: OnceCell::new(),
            unborn: OnceCell::new(),
            covered: RefCell::default(),
        })
    }

    /// Returns until when each revision of a service is known not to have been there, where that is known.
    ///
    /// Cost: that of putting the revisions in order, once.
    ///
    /// # Errors
    /// Damage in the archive.
    pub(crate) fn unborn(&self) -> Result<&Unborn> {
        get_or_try(&self.unborn, || unborn_moments(self))
    }

    /// Returns the place of every revision among all: each service's in its order, services mixed by time.
    ///
    /// Cost: that of putting the revisions in order, once.
    ///
    /// # Errors
    /// Damage in the archive.
    pub(crate) fn ranks(&self) -> Result<&BTreeMap<String, u64>> {
        get_or_try(&self.ranks, || self.ranks_of_all())
    }

    fn ranks_of_all(&self) -> Result<BTreeMap<String, u64>> {
        let mut all: Vec<(i64, u64, String)> = Vec::new();
        for places in revisions_in_order(self)?.into_values() {
            // A revision stands no earlier than those before it, whatever its first entry says.
            let mut latest = i64::MIN;
            for (place, idx) in places.into_iter().zip(0..) {
                latest = latest.max(self.revisions.get(&place.revision).copied().unwrap_or(latest));
                all.push((latest, idx, place.revision));
            }
        }
        all.sort();
        let mut ranks = BTreeMap::new();
        for ((.., revision), rank) in all.into_iter().zip(0..) {
            ranks.entry(revision).or_insert(rank);
        }
        Ok(ranks)
    }

    /// Says what an answer to the question rests on. `warnings` are those of the filter.
    pub fn completeness(&self, question: &Question, warnings: Vec<String>) -> Completeness {
        Completeness::of(self, time_bounds(&question.filter), warnings)
    }
}

/// Returns the time of the first entry of each revision in a segment.
fn first_of_revisions(segment: &Segment) -> Result<BTreeMap<&str, i64>> {
    let (names, firsts) = (segment.revisions()?, segment.rings()?.firsts_of_revisions());
    Ok(names.iter().map(String::as_str).zip(firsts.iter().copied()).collect())
}
