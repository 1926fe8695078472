//! A filter against a segment: a verdict per ring.
//!
//! Every test is judged in the smallest domain that decides it (once per shape, per revision, per service, or by a ring's
//! span of time), then the Boolean structure is folded per ring over these tables.

use crate::ids::{Ids, RingsWithId};
use crate::judge::{Judge, Needles, Scope, TemplateView, needles, ring_knows, scope};
use crate::lookup::{NeedleTokens, RingSet, TokenBits, rings_with};
use crate::resolve::{Resolved, WantedVariants};
use crate::row::Names;
use crate::texts::{Place, TemplateTexts};
use crate::verdict::Verdict;
use timberline_archive::segment::{RingTimes, Rings, Run, Segment, ShapeRecord, Templates};
use timberline_archive::shape::CharSet;
use timberline_archive::{Error, Result};
use timberline_entry::Field;
use timberline_query::{
    Compare, DerivedCompare, DerivedField, Filter, Function, Node, Op, Operand, Search, Test, time_bounds,
};

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

/// Judges a filter for every ring of a segment. `None` when no row of the segment can match.
///
/// # Errors
/// [`Error::Damaged`] when the index cannot be read.
pub(crate) fn plan(segment: &Segment, names: &Names, filter: &Resolved) -> Result<Option<SegmentPlan>> {
    Ok(plan_of(segment, names, filter, false)?.map(|(plan, _)| plan))
}

/// A test as a text, what decides it, and its own verdicts.
type TestPlan = (String, Means, SegmentPlan);

/// As [`plan`]; with what is to be said of each test, if `explain`.
pub(crate) fn plan_of(
    segment: &Segment,
    names: &Names,
    resolved: &Resolved,
    explain: bool,
) -> Result<Option<(SegmentPlan, Vec<TestPlan>)>> {
    let filter = &resolved.filter;
    let (from, to) = time_bounds(filter);
    let record = segment.record();
    if from.is_some_and(|from| record.last_ns < from) || to.is_some_and(|to| to < record.first_ns) {
        return Ok(None);
    }
    let rings = segment.rings()?;
    let mut tables = Tables {
        segment,
        rings,
        patterns: names,
        variants: resolved.variants.as_ref(),
        tests: Vec::new(),
        names: Vec::new(),
        explain,
        ids: Ids::of(filter),
    };
    let root = tables.lower(filter.root())?;
    let verdicts_of = |node: &Lowered| {
        let mut verdicts = Vec::with_capacity(rings.len());
        for run in rings.runs() {
            verdicts.extend(run.rings.clone().map(|ring| node.verdict(ring, run, &tables)));
        }
        verdicts
    };
    let plan = SegmentPlan { verdicts: verdicts_of(&root) };
    let of_test = |(idx, text): (usize, &String)| {
        let verdicts = verdicts_of(&Lowered::Test(idx));
        (text.clone(), tables.tests[idx].means(), SegmentPlan { verdicts })
    };
    let tests = tables.names.iter().enumerate().map(of_test).collect();
    Ok(Some((plan, tests)))
}

/// The structure of a filter over numbered tests.
enum Lowered {
    All,
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Test(usize),
}

/// What is known of one test, by what.
enum Table<'s> {
    Shape {
        verdicts: Vec<Verdict>,
        tokens: Option<RingSet>,
        ids: Option<RingsWithId>,
    },
    Service(Vec<Verdict>),
    Revision(Vec<Verdict>),
    /// What the revision says, of shapes that leave it open.
    RevisionOfShape {
        of_shape: Vec<Verdict>,
        of_revision: Vec<Verdict>,
    },
    Time(Op, i64, RingTimes<'s>),
}

/// What templates say of a test, by shape.
struct ByShape {
    verdicts: Vec<Verdict>,
    /// Where the verdict is [`Verdict::IfTokens`]: which of the test's tokens all rows have.
    stretches: Vec<TokenBits>,
}

struct Tables<'s> {
    segment: &'s Segment,
    rings: &'s Rings,
    patterns: &'s Names,
    variants: Option<&'s WantedVariants>,
    tests: Vec<Table<'s>>,
    /// The tests as texts, if somebody wants to know.
    names: Vec<String>,
    explain: bool,
    ids: Ids,
}

impl<'s> Tables<'s> {
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
                    words.push(self.add(&word)?);
                }
                Lowered::And(words)
            }
            Node::Test(test) => self.add(test)?,
        })
    }

    fn add(&mut self, test: &Test) -> Result<Lowered> {
        let table = self.table(test)?;
        self.tests.push(table);
        if self.explain {
            self.names.push(Filter::new(Node::Test(test.clone())).to_string());
        }
        Ok(Lowered::Test(self.tests.len() - 1))
    }

    fn table(&self, test: &Test) -> Result<Table<'s>> {
        match test {
            Test::Compare(Compare { path, op, value: Operand::Timestamp(ns), .. })
                if path.root == Field::Timestamp && *op != Op::Has =>
            {
                return Ok(Table::Time(*op, *ns, self.rings.times()?));
            }
            Test::Derived(compare) if ring_knows(compare.name) => {
                let certain = |text: &String| Verdict::certain(compare.accepts(text));
                return Ok(match compare.name {
                    DerivedField::Service => {
                        Table::Service(self.segment.services()?.iter().map(certain).collect())
                    }
                    DerivedField::Revision => {
                        Table::Revision(self.segment.revisions()?.iter().map(certain).collect())
                    }
                    name => {
                        let of_shape = |shape: &ShapeRecord| match name {
                            DerivedField::Exception => match shape.exception {
                                Some(key) => certain(&timberline_archive::pattern_name(key)),
                                None => Verdict::None,
                            },
                            _ => self.of_pattern(compare, shape),
                        };
                        let verdicts = self.segment.shapes()?.iter().map(of_shape).collect();
                        Table::Shape { verdicts, tokens: None, ids: None }
                    }
                });
            }
            _ => {}
        }
        let needles = needles(test);
        let ByShape { verdicts, stretches } = self.by_shape(test, needles.as_ref())?;
        if let Test::Compare(compare) = test
            && is_revision_label(compare)
            && !self.patterns.has_revision_field()
        {
            return self.refine_by_revision(compare, ByShape { verdicts, stretches }, needles.as_ref());
        }
        let tokens = match needles {
            Some(needles) if verdicts.contains(&Verdict::IfTokens) => {
                self.tokens(&needles, &verdicts, &stretches)?
            }
            _ => None,
        };
        let ids = match test {
            Test::Compare(compare) if verdicts.contains(&Verdict::Some) => {
                self.ids.rings_with(self.segment, compare)?
            }
            _ => None,
        };
        Ok(Table::Shape { verdicts, tokens, ids })
    }

    /// Judges a comparison of the pattern for a shape: certain, unless it asks for a variant.
    fn of_pattern(&self, compare: &DerivedCompare, shape: &ShapeRecord) -> Verdict {
        let pattern = self.patterns.pattern(shape.pattern);
        let by_pattern = Verdict::certain(compare.accepts(&timberline_archive::pattern_name(pattern)));
        match self.variants {
            Some(variants) if variants.has(&compare.text) => {
                let is_open = variants.may_be(&compare.text, pattern, shape.exception);
                if is_open { Verdict::Some } else { by_pattern }
            }
            _ => by_pattern,
        }
    }

    /// Judges a test for every shape of the segment: each template of a field that is asked once, then every shape by its
    /// fields.
    fn by_shape(&self, test: &Test, needles: Option<&Needles>) -> Result<ByShape> {
        let n_shapes = self.segment.n_shapes();
        let (judge, scope) = (Judge::new(test), scope(test));
        let same = |verdict| ByShape { verdicts: vec![verdict; n_shapes], stretches: vec![0; n_shapes] };
        if scope == Scope::Beyond {
            return Ok(same(Verdict::Some));
        }
        if scope == Scope::Root(Field::Timestamp) {
            return Ok(same(judge.judge(&TemplateView::time(), Place::Anywhere)));
        }
        let tokens = needles.map(NeedleTokens::of).unwrap_or_default();
        // `None` for shapes that have none of the fields that are asked.
        let mut own: Vec<Option<Verdict>> = vec![None; n_shapes];
        let mut stretches: Vec<TokenBits> = vec![0; n_shapes];
        let is_asked = |field: &&Field| !matches!(scope, Scope::Root(root) if root != **field);
        for field in self.segment.fields()?.iter().filter(is_asked) {
            let (templates, of_shapes) = (self.segment.templates(*field)?, self.segment.of_shapes(*field)?);
            let of_template = self.by_template(templates, &judge, &tokens, *field)?;
            let verdicts = own.iter_mut().zip(&mut stretches).zip(of_shapes.iter());
            for ((own, stretches), template) in verdicts {
                let Some((verdict, bits)) = template.map(|idx| of_template[idx]) else { continue };
                *own = (*own).max(Some(verdict));
                // Where tokens decide, a match lies in one of the fields of which they decide.
                if verdict == Verdict::IfTokens {
                    *stretches |= bits;
                }
            }
        }
        let missing = match scope {
            Scope::Root(_) => judge.absent(),
            _ if test.touches(Field::Timestamp, &[]) => judge.judge(&TemplateView::time(), Place::Anywhere),
            _ => Verdict::None,
        };
        let verdict = |own: Option<Verdict>| match scope {
            Scope::Root(_) => own.unwrap_or(missing),
            _ => own.map_or(missing, |own| own.max(missing)),
        };
        Ok(ByShape { verdicts: own.into_iter().map(verdict).collect(), stretches })
    }

    /// Judges a test for the templates of a field. Beside the verdict: which tokens all rows have, where these decide.
    fn by_template(
        &self,
        templates: &Templates,
        judge: &Judge<'_>,
        tokens: &NeedleTokens,
        field: Field,
    ) -> Result<Vec<(Verdict, TokenBits)>> {
        let damaged = |detail| Error::Damaged {
            file: timberline_archive::layout::templates(&self.segment.record().id),
            detail: format!("{}: {detail}", field.name()),
        };
        let places = judge.quick().map(|needles| TemplateTexts::new(templates).places(needles));
        let mut nodes = Vec::new();
        let of_template = |idx: usize| {
            let place = places.as_ref().map_or(Place::Anywhere, |places| places[idx]);
            if place == Place::Nowhere {
                return Ok((Verdict::None, 0));
            }
            nodes.clear();
            let charsets: Vec<CharSet> = templates.charsets(idx).collect();
            let json = templates.json(idx);
            let view = TemplateView::new(&json, &charsets, &mut nodes).map_err(damaged)?;
            let verdict = judge.judge(&view, place);
            let bits = if verdict == Verdict::IfTokens { tokens.in_stretches(&view) } else { 0 };
            Ok((verdict, bits))
        };
        (0..templates.len()).map(of_template).collect()
    }

    fn tokens(
        &self,
        needles: &Needles,
        verdicts: &[Verdict],
        stretches: &[TokenBits],
    ) -> Result<Option<RingSet>> {
        rings_with(self.segment, needles, stretches, &|shape| verdicts[shape] == Verdict::IfTokens)
    }

    /// A comparison of the label that names the revision: rings know its value, shapes whether it is there. Where a shape
    /// leaves the comparison open, the label is there and varies, and it is what the ring says.
    fn refine_by_revision(
        &self,
        compare: &Compare,
        by_shape: ByShape,
        needles: Option<&Needles>,
    ) -> Result<Table<'s>> {
        let ByShape { verdicts, stretches } = by_shape;
        let is_open = |verdict: &Verdict| matches!(verdict, Verdict::Some | Verdict::IfTokens);
        if !verdicts.iter().any(is_open) || !self.is_all_cloud_run()? {
            let tokens = match needles {
                Some(needles) => self.tokens(needles, &verdicts, &stretches)?,
                None => None,
            };
            return Ok(Table::Shape { verdicts, tokens, ids: None });
        }
        let accepts =
            |name: &String| Verdict::certain(compare.accepts(timberline_entry::json::Value::plain(name)));
        let of_revision = self.segment.revisions()?.iter().map(accepts).collect();
        Ok(Table::RevisionOfShape { of_shape: verdicts, of_revision })
    }

    /// Says whether the revision of every row is its label `revision_name`: other types of resource name it otherwise.
    fn is_all_cloud_run(&self) -> Result<bool> {
        let templates = self.segment.templates(Field::Resource)?;
        let of_shapes = self.segment.of_shapes(Field::Resource)?;
        let is_one = |template: usize| templates.json(template).contains("\"type\":\"cloud_run_revision\"");
        let of_template: Vec<bool> = (0..templates.len()).map(is_one).collect();
        Ok(of_shapes.iter().all(|template| template.is_some_and(|idx| of_template[idx])))
    }
}

fn is_revision_label(compare: &Compare) -> bool {
    let keys: Vec<&str> = compare.path.segments.iter().map(|segment| segment.key.as_str()).collect();
    compare.path.root == Field::Resource && keys == ["labels", "revision_name"]
}

impl Lowered {
    fn verdict(&self, ring: usize, run: &Run, tables: &Tables<'_>) -> Verdict {
        match self {
            Self::All => Verdict::All,
            Self::And(nodes) => {
                let mut verdict = Verdict::All;
                for node in nodes {
                    verdict = verdict.min(node.verdict(ring, run, tables));
                    if verdict == Verdict::None {
                        break;
                    }
                }
                verdict
            }
            Self::Or(nodes) => {
                let mut verdict = Verdict::None;
                for node in nodes {
                    verdict = verdict.max(node.verdict(ring, run, tables));
                    if verdict == Verdict::All {
                        break;
                    }
                }
                verdict
            }
            Self::Not(node) => node.verdict(ring, run, tables).not(),
            Self::Test(idx) => tables.tests[*idx].verdict(ring, run, tables.rings),
        }
    }
}

impl Table<'_> {
    fn means(&self) -> Means {
        match self {
            Self::Service(_) | Self::Revision(_) | Self::RevisionOfShape { .. } | Self::Time(..) => {
                Means::RingFacts
            }
            Self::Shape { verdicts, tokens, ids } => {
                let of_shape = |(shape, verdict): (usize, &Verdict)| match verdict {
                    Verdict::All | Verdict::None => Means::Templates,
                    Verdict::IfTokens if tokens.is_some() => Means::Tokens,
                    Verdict::Some if ids.as_ref().is_some_and(|ids| ids.covers(shape)) => Means::Ids,
                    Verdict::IfTokens | Verdict::Some => Means::Rows,
                };
                verdicts.iter().enumerate().map(of_shape).max().unwrap_or(Means::Templates)
            }
        }
    }

    fn verdict(&self, ring: usize, run: &Run, rings: &Rings) -> Verdict {
        match self {
            Self::Service(verdicts) => verdicts[run.service],
            Self::Revision(verdicts) => verdicts[run.revision],
            Self::RevisionOfShape { of_shape, of_revision } => match of_shape[rings.shape(ring)] {
                certain @ (Verdict::All | Verdict::None) => certain,
                Verdict::IfTokens | Verdict::Some => of_revision[run.revision],
            },
            Self::Shape { verdicts, tokens, ids } => {
                let shape = rings.shape(ring);
                let verdict = verdicts[shape];
                let with_needle = match (verdict, tokens, ids) {
                    (Verdict::IfTokens, Some(tokens), _) => tokens,
                    (Verdict::Some, _, Some(ids)) if ids.covers(shape) => &ids.rings,
                    (Verdict::IfTokens | Verdict::Some, ..) => return Verdict::Some,
                    _ => return verdict,
                };
                let number = u32::try_from(ring).expect("rings are numbered with 32 bits");
                if with_needle.contains(number) { Verdict::Some } else { Verdict::None }
            }
            Self::Time(op, ns, times) => by_time(*op, *ns, times.first(ring), times.last(ring)),
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
