//! A filter against an archive: a verdict per ring.
//!
//! ```text
//! filter ──► for the archive   every test, put to the templates that all segments have in common      shapes
//!        ──► for a segment     its shapes, names, tokens and ids: what decides each test there        table
//!        ──► for a ring        the tests' verdicts, folded by the filter's structure
//! ```
//!
//! Every test is judged in the smallest domain that decides it: once per template, per revision, per service, or by a ring's
//! span of time.

mod in_ids;
mod shapes;
mod table;

use crate::ids::Ids;
use crate::judge::{Needles, needles, ring_knows};
use crate::lookup::NumberParts;
use crate::resolve::Resolved;
use crate::row::Names;
use crate::verdict::Verdict;
use shapes::{ByShape, judged};
use table::{SegmentTests, Table};
use timberline_archive::segment::Rings;
use timberline_archive::{Archive, Result};
use timberline_entry::Field;
use timberline_query::{
    Compare, DerivedCompare, Filter, Function, Node, Op, Operand, Search, Test, time_bounds,
};

/// A filter, put to what the segments of an archive have in common.
pub(crate) struct Plan<'a> {
    archive: &'a Archive,
    names: &'a Names,
    resolved: &'a Resolved,
    root: Lowered,
    tests: Vec<PlannedTest>,
}

/// The verdicts of a segment's rings.
#[derive(Debug)]
pub(crate) struct SegmentPlan {
    /// One verdict per ring; never [`Verdict::IfTokens`].
    pub(crate) verdicts: Vec<Verdict>,
}

/// How many rings, or how many rows in such rings, stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// All rows of the ring match.
    pub certain: u64,
    /// The ring has to be looked into.
    pub candidates: u64,
    /// No row of the ring matches.
    pub excluded: u64,
}

/// What decides a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// What is known of every ring: its time, service and revision.
    RingFacts,
    /// What the templates of entries say of all rows at once.
    Templates,
    /// Which rings have the words.
    Tokens,
    /// Which rings have the ids: Bloom filters, and the column of the id.
    Ids,
    /// Rows that are read.
    Rows,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.certain += other.certain;
        self.candidates += other.candidates;
        self.excluded += other.excluded;
    }
}

impl SegmentPlan {
    /// Counts the rings.
    pub(crate) fn counts(&self) -> Counts {
        self.counts_of(std::iter::repeat(1))
    }

    /// Counts the rows, given how many each ring has.
    pub(crate) fn counts_by(&self, rings: &Rings) -> Counts {
        self.counts_of(rings.each_rows(0..rings.len()))
    }

    fn counts_of(&self, weights: impl Iterator<Item = u64>) -> Counts {
        let mut counts = Counts::default();
        for (verdict, weight) in self.verdicts.iter().zip(weights) {
            match verdict {
                Verdict::All => counts.certain += weight,
                Verdict::None => counts.excluded += weight,
                Verdict::IfTokens | Verdict::Some => counts.candidates += weight,
            }
        }
        counts
    }
}

/// A test as a text, what decides it in a segment, and its own verdicts there.
pub(crate) type TestPlan = (String, Means, SegmentPlan);

/// The structure of a filter over numbered tests.
enum Lowered {
    All,
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Test(usize),
}

/// A test with what is known of it before a segment is looked at.
struct PlannedTest {
    test: Test,
    known: Known,
}

impl PlannedTest {
    fn needles(&self) -> Option<&Needles> {
        match &self.known {
            Known::Templates { needles, .. } => needles.as_ref(),
            Known::Time(..) | Known::Names(_) => None,
        }
    }
}

enum Known {
    /// Time decides it.
    Time(Op, i64),
    /// The names that rings and shapes have decide it.
    Names(DerivedCompare),
    /// Templates decide it, as far as they do.
    Templates { by_shape: ByShape, needles: Option<Needles> },
}

impl<'a> Plan<'a> {
    /// Puts a filter to the templates of an archive. Cost: unpacks the templates of the fields that are asked, once.
    ///
    /// # Errors
    /// [`Error::Damaged`](timberline_archive::Error::Damaged) when they cannot be read.
    pub(crate) fn new(archive: &'a Archive, names: &'a Names, resolved: &'a Resolved) -> Result<Self> {
        let mut plan = Self { archive, names, resolved, root: Lowered::All, tests: Vec::new() };
        if (0..archive.segments().len()).any(|segment_idx| plan.is_in_reach(segment_idx)) {
            plan.root = plan.lower(resolved.filter.root())?;
        }
        Ok(plan)
    }

    /// Judges the filter for every ring of a segment, by its place in the archive. `None` when no row of the segment can match.
    ///
    /// # Errors
    /// [`Error::Damaged`](timberline_archive::Error::Damaged) when the index cannot be read.
    pub(crate) fn of_segment(&self, segment_idx: usize) -> Result<Option<SegmentPlan>> {
        Ok(self.judged(segment_idx)?.map(|(_, plan)| plan))
    }

    /// As [`of_segment`](Self::of_segment), with what is to be said of each test.
    ///
    /// # Errors
    /// As [`of_segment`](Self::of_segment).
    pub(crate) fn explained(&self, segment_idx: usize) -> Result<Option<(SegmentPlan, Vec<TestPlan>)>> {
        let Some((tables, plan)) = self.judged(segment_idx)? else { return Ok(None) };
        let rings = self.archive.segments()[segment_idx].rings()?;
        let of_test = |(planned, table): (&PlannedTest, &Table<'_>)| {
            let text = Filter::new(Node::Test(planned.test.clone())).to_string();
            (text, table.means(), SegmentPlan { verdicts: table.verdicts(rings) })
        };
        Ok(Some((plan, self.tests.iter().zip(&tables).map(of_test).collect())))
    }

    /// Returns what decides each test in a segment, and the verdicts of its rings.
    fn judged(&self, segment_idx: usize) -> Result<Option<(Vec<Table<'_>>, SegmentPlan)>> {
        let Some((mut tables, rings)) = self.tables(segment_idx)? else { return Ok(None) };
        let mut verdicts = self.root.verdicts(&tables, rings);
        if in_ids::look_up(&self.archive.segments()[segment_idx], rings, &mut tables, &verdicts)? {
            verdicts = self.root.verdicts(&tables, rings);
        }
        Ok(Some((tables, SegmentPlan { verdicts })))
    }

    /// Says whether the filter's bounds of time leave anything of a segment.
    fn is_in_reach(&self, segment_idx: usize) -> bool {
        let (from, to) = time_bounds(&self.resolved.filter);
        let record = self.archive.segments()[segment_idx].record();
        from.is_none_or(|from| from <= record.last_ns) && to.is_none_or(|to| record.first_ns <= to)
    }

    /// Returns what decides each test in a segment, and the segment's rings; `None` where time excludes the segment.
    fn tables(&self, segment_idx: usize) -> Result<Option<(Vec<Table<'_>>, &Rings)>> {
        if !self.is_in_reach(segment_idx) {
            return Ok(None);
        }
        let segment = &self.archive.segments()[segment_idx];
        let tests = SegmentTests {
            segment,
            shapes: self.archive.shapes_of(segment_idx)?,
            names: self.names,
            variants: self.resolved.variants.as_ref(),
            ids: Ids::of(&self.resolved.filter),
            numbers: NumberParts::of(self.tests.iter().filter_map(PlannedTest::needles)),
        };
        let tables = self.tests.iter().map(|planned| tests.table(planned)).collect::<Result<_>>()?;
        Ok(Some((tables, segment.rings()?)))
    }

    fn lower(&mut self, node: &Node) -> Result<Lowered> {
        let mut all = |nodes: &[Node]| nodes.iter().map(|node| self.lower(node)).collect::<Result<Vec<_>>>();
        Ok(match node {
            Node::All => Lowered::All,
            Node::And(nodes) => Lowered::And(all(nodes)?),
            Node::Or(nodes) => Lowered::Or(all(nodes)?),
            Node::Not(node) => Lowered::Not(Box::new(self.lower(node)?)),
            // Words of a search everywhere may stand in different fields: each is a test of its own.
            Node::Test(Test::Function(Function::Search(search))) if search.field.is_none() => {
                let mut words = Vec::new();
                for query in search.query.each() {
                    let word = Test::Function(Function::Search(Search { field: None, query }));
                    words.push(self.add(word)?);
                }
                Lowered::And(words)
            }
            Node::Test(test) => self.add(test.clone())?,
        })
    }

    fn add(&mut self, test: Test) -> Result<Lowered> {
        // The same test twice is asked once.
        if let Some(idx) = self.tests.iter().position(|planned| planned.test == test) {
            return Ok(Lowered::Test(idx));
        }
        let known = match &test {
            Test::Compare(Compare { path, op, value: Operand::Timestamp(ns), .. })
                if path.root == Field::Timestamp && *op != Op::Has =>
            {
                Known::Time(*op, *ns)
            }
            Test::Derived(compare) if ring_knows(compare.name) => Known::Names(compare.clone()),
            test => {
                let needles = needles(test);
                let by_shape = judged(self.archive.shapes()?, test, needles.as_ref())?;
                Known::Templates { by_shape, needles }
            }
        };
        self.tests.push(PlannedTest { test, known });
        Ok(Lowered::Test(self.tests.len() - 1))
    }
}

impl Lowered {
    /// Folds the verdicts of tests for every ring.
    fn verdicts(&self, tables: &[Table<'_>], rings: &Rings) -> Vec<Verdict> {
        match self {
            Self::All => vec![Verdict::All; rings.len()],
            Self::And(nodes) => {
                let as_time = |node: &Self| match node {
                    Self::Test(idx) => tables[*idx].as_time(),
                    _ => None,
                };
                let mut all = vec![Verdict::All; rings.len()];
                for node in nodes.iter().filter(|node| as_time(node).is_none()) {
                    let own = node.verdicts(tables, rings);
                    all.iter_mut().zip(own).for_each(|(all, own)| *all = (*all).min(own));
                }
                // Times are looked up ring by ring, so only of rings that nothing else excludes.
                nodes.iter().filter_map(as_time).for_each(|test| test.narrow(&mut all, rings));
                all
            }
            Self::Or(nodes) => {
                let mut all = vec![Verdict::None; rings.len()];
                for node in nodes {
                    let own = node.verdicts(tables, rings);
                    all.iter_mut().zip(own).for_each(|(all, own)| *all = (*all).max(own));
                }
                all
            }
            Self::Not(node) => node.verdicts(tables, rings).into_iter().map(Verdict::not).collect(),
            Self::Test(idx) => tables[*idx].verdicts(rings),
        }
    }
}
