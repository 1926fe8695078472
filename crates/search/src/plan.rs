//! A filter against a segment: a verdict per ring.
//!
//! Every test is judged in the smallest domain that decides it (once per shape, per revision, per service, or by a ring's
//! span of time), then the Boolean structure is folded per ring over these tables.

use crate::judge::{Judge, Needles, ShapeView, needles, ring_knows};
use crate::lookup::{RingSet, rings_with};
use crate::verdict::Verdict;
use timberline_archive::segment::{Rings, Segment};
use timberline_archive::{Error, Result};
use timberline_entry::Field;
use timberline_query::{Compare, DerivedField, Filter, Node, Op, Operand, Test, time_bounds};

/// The verdicts of a segment's rings.
#[derive(Debug)]
pub struct SegmentPlan {
    /// One verdict per ring; never [`Verdict::IfTokens`].
    pub verdicts: Vec<Verdict>,
}

/// How many rings stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rings all of whose rows match.
    pub certain: u64,
    /// Rings that have to be looked into.
    pub candidates: u64,
    /// Rings none of whose rows match.
    pub excluded: u64,
}

impl SegmentPlan {
    /// Counts the verdicts.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for verdict in &self.verdicts {
            match verdict {
                Verdict::All => counts.certain += 1,
                Verdict::None => counts.excluded += 1,
                Verdict::IfTokens | Verdict::Some => counts.candidates += 1,
            }
        }
        counts
    }
}

/// Judges a filter for every ring of a segment. `None` when no row of the segment can match.
///
/// # Errors
/// [`Error::Damaged`] when the index cannot be read.
pub fn plan(segment: &Segment, filter: &Filter) -> Result<Option<SegmentPlan>> {
    let (from, to) = time_bounds(filter);
    let record = segment.record();
    if from.is_some_and(|from| record.last_ns < from) || to.is_some_and(|to| to < record.first_ns) {
        return Ok(None);
    }
    let rings = segment.rings()?;
    let mut tables = Tables { segment, rings, tests: Vec::new() };
    let root = tables.lower(filter.root())?;
    let verdicts = (0..rings.len()).map(|ring| root.verdict(ring, &tables)).collect();
    Ok(Some(SegmentPlan { verdicts }))
}

/// The structure of a filter over numbered tests.
enum Lowered {
    All,
    And(Vec<Lowered>),
    Or(Vec<Lowered>),
    Not(Box<Lowered>),
    Test(usize),
}

/// What is known of one test.
enum Table {
    ByShape { verdicts: Vec<Verdict>, tokens: Option<RingSet> },
    ByService(Vec<Verdict>),
    ByRevision(Vec<Verdict>),
    ByTime(Op, i64),
}

struct Tables<'s> {
    segment: &'s Segment,
    rings: &'s Rings,
    tests: Vec<Table>,
}

impl Tables<'_> {
    fn lower(&mut self, node: &Node) -> Result<Lowered> {
        let mut all = |nodes: &[Node]| nodes.iter().map(|node| self.lower(node)).collect::<Result<Vec<_>>>();
        Ok(match node {
            Node::All => Lowered::All,
            Node::And(nodes) => Lowered::And(all(nodes)?),
            Node::Or(nodes) => Lowered::Or(all(nodes)?),
            Node::Not(node) => Lowered::Not(Box::new(self.lower(node)?)),
            Node::Test(test) => {
                let table = self.table(test)?;
                self.tests.push(table);
                Lowered::Test(self.tests.len() - 1)
            }
        })
    }

    fn table(&self, test: &Test) -> Result<Table> {
        match test {
            Test::Compare(Compare { path, op, value: Operand::Timestamp(ns), .. })
                if path.root == Field::Timestamp && *op != Op::Has =>
            {
                return Ok(Table::ByTime(*op, *ns));
            }
            Test::Derived(compare) if ring_knows(compare.name) => {
                let certain = |text: &String| Verdict::certain(compare.accepts(text));
                return Ok(match compare.name {
                    DerivedField::Service => Table::ByService(self.segment.services()?.iter().map(certain).collect()),
                    DerivedField::Revision => {
                        Table::ByRevision(self.segment.revisions()?.iter().map(certain).collect())
                    }
                    _ => {
                        let of_shape = |shape: &timberline_archive::segment::ShapeRecord| {
                            certain(&timberline_archive::pattern_name(shape.pattern))
                        };
                        let verdicts = self.segment.shapes()?.iter().map(of_shape).collect();
                        Table::ByShape { verdicts, tokens: None }
                    }
                });
            }
            _ => {}
        }
        let judge = Judge::new(test);
        let mut verdicts = Vec::with_capacity(self.segment.shapes()?.len());
        let mut nodes = Vec::new();
        for shape in self.segment.shapes()? {
            nodes.clear();
            let view = ShapeView::new(shape, &mut nodes).map_err(|detail| Error::Damaged {
                file: timberline_archive::layout::shapes(&self.segment.record().id),
                detail,
            })?;
            verdicts.push(judge.judge(&view));
        }
        if let Test::Compare(compare) = test
            && is_revision_label(compare)
        {
            return self.refine_by_revision(compare, verdicts);
        }
        let tokens = match needles(test) {
            Some(needles) if verdicts.contains(&Verdict::IfTokens) => self.tokens(&needles)?,
            _ => None,
        };
        Ok(Table::ByShape { verdicts, tokens })
    }

    fn tokens(&self, needles: &Needles) -> Result<Option<RingSet>> {
        rings_with(self.segment, needles)
    }

    /// A comparison of the label that names the revision: rings know its value, shapes whether it is there.
    ///
    /// Only when every shape leaves it open: then all have the label, and it is what the ring says.
    fn refine_by_revision(&self, compare: &Compare, verdicts: Vec<Verdict>) -> Result<Table> {
        let is_open = |verdict: &Verdict| matches!(verdict, Verdict::Some | Verdict::IfTokens);
        if !verdicts.iter().all(is_open) || !self.is_all_cloud_run()? {
            let tokens = match needles(&Test::Compare(compare.clone())) {
                Some(needles) => self.tokens(&needles)?,
                None => None,
            };
            return Ok(Table::ByShape { verdicts, tokens });
        }
        let accepts = |name: &String| Verdict::certain(compare.accepts(timberline_entry::json::Value::plain(name)));
        Ok(Table::ByRevision(self.segment.revisions()?.iter().map(accepts).collect()))
    }

    /// Says whether the revision of every row is its label `revision_name`: other types of resource name it otherwise.
    fn is_all_cloud_run(&self) -> Result<bool> {
        let is_one = |shape: &timberline_archive::segment::ShapeRecord| {
            shape.template.json.contains("\"type\":\"cloud_run_revision\"")
        };
        Ok(self.segment.shapes()?.iter().all(is_one))
    }
}

fn is_revision_label(compare: &Compare) -> bool {
    let keys: Vec<&str> = compare.path.segments.iter().map(|segment| segment.key.as_str()).collect();
    compare.path.root == Field::Resource && keys == ["labels", "revision_name"]
}

impl Lowered {
    fn verdict(&self, ring: usize, tables: &Tables<'_>) -> Verdict {
        match self {
            Self::All => Verdict::All,
            Self::And(nodes) => {
                let mut verdict = Verdict::All;
                for node in nodes {
                    verdict = verdict.min(node.verdict(ring, tables));
                    if verdict == Verdict::None {
                        break;
                    }
                }
                verdict
            }
            Self::Or(nodes) => {
                let mut verdict = Verdict::None;
                for node in nodes {
                    verdict = verdict.max(node.verdict(ring, tables));
                    if verdict == Verdict::All {
                        break;
                    }
                }
                verdict
            }
            Self::Not(node) => node.verdict(ring, tables).not(),
            Self::Test(idx) => tables.tests[*idx].verdict(ring, tables.rings),
        }
    }
}

impl Table {
    fn verdict(&self, ring: usize, rings: &Rings) -> Verdict {
        match self {
            Self::ByService(verdicts) => verdicts[rings.service[ring] as usize],
            Self::ByRevision(verdicts) => verdicts[rings.revision[ring] as usize],
            Self::ByShape { verdicts, tokens } => match (verdicts[rings.shape[ring] as usize], tokens) {
                (Verdict::IfTokens, Some(tokens)) => {
                    let number = u32::try_from(ring).expect("rings are numbered with 32 bits");
                    if tokens.contains(number) { Verdict::Some } else { Verdict::None }
                }
                (Verdict::IfTokens, None) => Verdict::Some,
                (verdict, _) => verdict,
            },
            Self::ByTime(op, ns) => by_time(*op, *ns, rings.min_ts[ring], rings.max_ts[ring]),
        }
    }
}

/// Compares the span of a ring with a point in time. Both ends of the span are times of rows.
fn by_time(op: Op, ns: i64, min: i64, max: i64) -> Verdict {
    let (all, none) = match op {
        Op::Lt => (max < ns, min >= ns),
        Op::Le => (max <= ns, min > ns),
        Op::Gt => (min > ns, max <= ns),
        Op::Ge => (min >= ns, max < ns),
        Op::Eq => (min == ns && max == ns, ns < min || max < ns),
        Op::Ne => (ns < min || max < ns, min == ns && max == ns),
        Op::Has | Op::Match | Op::NotMatch => (false, false),
    };
    match (all, none) {
        (true, _) => Verdict::All,
        (_, true) => Verdict::None,
        _ => Verdict::Some,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        for (op, below, inside, above) in [
            (Op::Lt, Verdict::None, Verdict::Some, Verdict::All),
            (Op::Ge, Verdict::All, Verdict::Some, Verdict::None),
            (Op::Eq, Verdict::None, Verdict::Some, Verdict::None),
            (Op::Ne, Verdict::All, Verdict::Some, Verdict::All),
        ] {
            assert_eq!(by_time(op, 5, 10, 20), below, "{op:?} below");
            assert_eq!(by_time(op, 15, 10, 20), inside, "{op:?} inside");
            assert_eq!(by_time(op, 25, 10, 20), above, "{op:?} above");
        }
        assert_eq!(by_time(Op::Le, 20, 10, 20), Verdict::All);
        assert_eq!(by_time(Op::Gt, 20, 10, 20), Verdict::None);
        assert_eq!(by_time(Op::Gt, 10, 10, 20), Verdict::Some);
        assert_eq!(by_time(Op::Eq, 7, 7, 7), Verdict::All);
    }
}
