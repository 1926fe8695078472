//! What decides each test in one segment.

use super::in_ids::InIds;
use super::shapes::ByShape;
use super::{Known, Means, PlannedTest};
use crate::ids::{Ids, RingsWithId};
use crate::judge::Needles;
use crate::lookup::{NumberParts, RingSet, TokenBits, rings_with};
use crate::resolve::WantedVariants;
use crate::row::Names;
use crate::verdict::Verdict;
use timberline_archive::Result;
use timberline_archive::catalog::SegmentShapes;
use timberline_archive::segment::{RingPlace, RingTimes, Rings, Segment, ShapeRecord};
use timberline_archive::shape::NUMBER_HOLE;
use timberline_entry::Field;
use timberline_query::{Compare, DerivedCompare, DerivedField, Op, Test};

/// What is known of one test in a segment, by what.
pub(super) enum Table<'s> {
    Shape {
        verdicts: Vec<Verdict>,
        tokens: Option<RingSet>,
        ids: Option<RingsWithId>,
        /// What ids add to the verdicts.
        in_ids: Option<InIds<'s>>,
    },
    Service(Vec<Verdict>),
    Revision(Vec<Verdict>),
    /// What the revision says, of shapes that leave it open.
    RevisionOfShape {
        of_shape: Vec<Verdict>,
        of_revision: Vec<Verdict>,
    },
    Time(TimeTest<'s>),
}

/// A comparison with a point in time.
pub(super) struct TimeTest<'s> {
    op: Op,
    ns: i64,
    times: RingTimes<'s>,
}

/// A segment that the tests of a filter are put to.
pub(super) struct SegmentTests<'s> {
    pub(super) segment: &'s Segment,
    pub(super) shapes: SegmentShapes<'s>,
    pub(super) names: &'s Names,
    pub(super) variants: Option<&'s WantedVariants>,
    pub(super) ids: Ids,
    pub(super) numbers: NumberParts,
}

impl<'s> SegmentTests<'s> {
    pub(super) fn table<'p>(&self, planned: &'p PlannedTest) -> Result<Table<'p>>
    where
        's: 'p,
    {
        match &planned.known {
            Known::Time(op, ns) => {
                Ok(Table::Time(TimeTest { op: *op, ns: *ns, times: self.segment.rings()?.times()? }))
            }
            Known::Names(compare) => self.by_name(compare),
            Known::Templates { by_shape, needles } => {
                self.by_shape(&planned.test, by_shape, needles.as_ref())
            }
        }
    }

    fn by_name(&self, compare: &DerivedCompare) -> Result<Table<'s>> {
        let certain = |text: &String| Verdict::certain(compare.accepts(text));
        Ok(match compare.name {
            DerivedField::Service => Table::Service(self.segment.services()?.iter().map(certain).collect()),
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
                Table::Shape { verdicts, tokens: None, ids: None, in_ids: None }
            }
        })
    }

    /// Judges a comparison of the pattern for a shape: certain, unless it asks for a variant.
    fn of_pattern(&self, compare: &DerivedCompare, shape: &ShapeRecord) -> Verdict {
        let pattern = self.names.pattern(shape.pattern);
        let by_pattern = Verdict::certain(compare.accepts(&timberline_archive::pattern_name(pattern)));
        match self.variants {
            Some(variants) if variants.has(&compare.text) => {
                let is_open = variants.may_be(&compare.text, pattern, shape.exception);
                if is_open { Verdict::Some } else { by_pattern }
            }
            _ => by_pattern,
        }
    }

    fn by_shape<'p>(&self, test: &Test, by_shape: &'p ByShape, needles: Option<&Needles>) -> Result<Table<'p>>
    where
        's: 'p,
    {
        let verdicts: Vec<Verdict> = self.shapes.numbers().map(|number| by_shape.verdicts[number]).collect();
        if let Test::Compare(compare) = test
            && is_revision_label(compare)
            && !self.names.has_revision_field()
            && verdicts.iter().any(|verdict| matches!(verdict, Verdict::Some | Verdict::IfTokens))
            && self.is_all_cloud_run()?
        {
            // Rings know the value of the label that names the revision, shapes whether it is there. Where a shape leaves
            // the comparison open, the label is there and varies, and it is what the ring says.
            let accepts =
                |name: &String| Verdict::certain(compare.accepts(timberline_entry::json::Value::plain(name)));
            let of_revision = self.segment.revisions()?.iter().map(accepts).collect();
            return Ok(Table::RevisionOfShape { of_shape: verdicts, of_revision });
        }
        let tokens = match needles {
            Some(needles) if verdicts.contains(&Verdict::IfTokens) => {
                let stretches: Vec<TokenBits> =
                    self.shapes.numbers().map(|number| by_shape.stretches[number]).collect();
                let is_asked = |shape: usize| verdicts[shape] == Verdict::IfTokens;
                let has_all = |shape: usize| stretches[shape] == by_shape.tokens;
                // Where stretches have all tokens, the index has nothing to add.
                if (0..verdicts.len()).all(|shape| has_all(shape) || !is_asked(shape)) {
                    None
                } else {
                    rings_with(self.segment, needles, &stretches, &is_asked, &self.numbers)?
                }
            }
            _ => None,
        };
        let ids = match test {
            Test::Compare(compare) if verdicts.contains(&Verdict::Some) => {
                self.ids.rings_with(self.segment, self.shapes, compare)?
            }
            _ => None,
        };
        let fields = self.shapes.numbers().map(|number| by_shape.in_ids[number]).collect();
        let in_ids = InIds::new(&by_shape.parts, fields);
        Ok(Table::Shape { verdicts, tokens, ids, in_ids })
    }

    /// Says whether the revision of every row is its label `revision_name`: other types of resource name it otherwise.
    fn is_all_cloud_run(&self) -> Result<bool> {
        let templates = self.shapes.catalog().templates(Field::Resource)?;
        let of_shapes = self.shapes.catalog().of_shapes(Field::Resource)?;
        let is_one = |template: usize| {
            let json = templates.json(template);
            json.contains("\"type\":\"cloud_run_revision\"") && has_text_as_revision(&json)
        };
        let of_template: Vec<bool> = (0..templates.len()).map(is_one).collect();
        let mut of_shapes = self.shapes.numbers().map(|number| of_shapes.of(number));
        Ok(of_shapes.all(|template| template.is_some_and(|idx| of_template[idx])))
    }
}

/// Says whether the label that names the revision is a text in a template, if it is there at all. Of anything else rings do not
/// know what it says.
fn has_text_as_revision(json: &str) -> bool {
    let number = format!("\"{NUMBER_HOLE}");
    let value = json.split_once("\"revision_name\":").map(|(_, value)| value);
    value.is_none_or(|value| value.starts_with('"') && !value.starts_with(&number))
}

fn is_revision_label(compare: &Compare) -> bool {
    let keys: Vec<&str> = compare.path.segments.iter().map(|segment| segment.key.as_str()).collect();
    compare.path.root == Field::Resource && keys == ["labels", "revision_name"]
}

impl<'s> Table<'s> {
    /// Returns what decides the test.
    pub(super) fn means(&self) -> Means {
        match self {
            Self::Service(_) | Self::Revision(_) | Self::RevisionOfShape { .. } | Self::Time(..) => {
                Means::RingFacts
            }
            Self::Shape { verdicts, tokens, ids, in_ids } => {
                let of_shape = |(shape, verdict): (usize, &Verdict)| match verdict {
                    Verdict::All => Means::Templates,
                    Verdict::None => by_ids(in_ids, shape),
                    Verdict::IfTokens if tokens.is_some() => Means::Tokens.max(by_ids(in_ids, shape)),
                    Verdict::Some if ids.as_ref().is_some_and(|ids| ids.covers(shape)) => Means::Ids,
                    Verdict::IfTokens | Verdict::Some => Means::Rows,
                };
                verdicts.iter().enumerate().map(of_shape).max().unwrap_or(Means::Templates)
            }
        }
    }

    /// Returns the comparison with a point in time, if the test is one.
    pub(super) const fn as_time(&self) -> Option<&TimeTest<'_>> {
        match self {
            Self::Time(test) => Some(test),
            _ => None,
        }
    }

    /// Returns what ids add to the test, if they do.
    pub(super) const fn in_ids_mut(&mut self) -> Option<&mut InIds<'s>> {
        match self {
            Self::Shape { in_ids, .. } => in_ids.as_mut(),
            _ => None,
        }
    }

    /// Returns the test's verdict for every ring.
    pub(super) fn verdicts(&self, rings: &Rings) -> Vec<Verdict> {
        if let Self::Time(test) = self {
            let mut verdicts = vec![Verdict::All; rings.len()];
            test.narrow(&mut verdicts, rings);
            return verdicts;
        }
        let mut verdicts = Vec::with_capacity(rings.len());
        for run in rings.runs() {
            let shapes = || rings.each_shape(run.rings.clone());
            match self {
                Self::Service(of_service) => verdicts.resize(run.rings.end, of_service[run.service]),
                Self::Revision(of_revision) => verdicts.resize(run.rings.end, of_revision[run.revision]),
                Self::RevisionOfShape { of_shape, of_revision } => {
                    verdicts.extend(shapes().map(|shape| match of_shape[shape] {
                        certain @ (Verdict::All | Verdict::None) => certain,
                        Verdict::IfTokens | Verdict::Some => of_revision[run.revision],
                    }));
                }
                Self::Shape { verdicts: of_shape, tokens: None, ids: None, in_ids: None } => {
                    verdicts.extend(shapes().map(|shape| of_shape[shape].without_tokens()));
                }
                Self::Shape { verdicts: of_shape, tokens, ids, in_ids } => {
                    let of_ring = |(ring, shape)| {
                        let verdict = by_lookup(ring, shape, of_shape, tokens, ids);
                        in_ids.as_ref().map_or(verdict, |in_ids| verdict.max(in_ids.verdict(ring, shape)))
                    };
                    verdicts.extend(run.rings.clone().zip(shapes()).map(of_ring));
                }
                Self::Time(_) => unreachable!("times are compared above"),
            }
        }
        verdicts
    }
}

impl TimeTest<'_> {
    /// Takes the test's verdict into those of a conjunction. Cost: a look at the times of rings that are not excluded yet.
    pub(super) fn narrow(&self, verdicts: &mut [Verdict], rings: &Rings) {
        let mut place = RingPlace::default();
        for (ring, verdict) in verdicts.iter_mut().enumerate() {
            if *verdict != Verdict::None {
                place.go_to(rings, ring);
                let (first_ns, last_ns) = self.times.span_at(place);
                *verdict = (*verdict).min(by_time(self.op, self.ns, first_ns, last_ns));
            }
        }
    }
}

/// Returns what decides whether ids of a shape have what is looked for; templates, where they cannot.
fn by_ids(in_ids: &Option<InIds<'_>>, shape: usize) -> Means {
    match in_ids {
        Some(in_ids) if in_ids.is_open(shape) && in_ids.is_looked_up() => Means::Ids,
        Some(in_ids) if in_ids.is_open(shape) => Means::Rows,
        _ => Means::Templates,
    }
}

/// Returns what a ring's shape says, and where that leaves it open, what was looked up.
fn by_lookup(
    ring: usize,
    shape: usize,
    of_shape: &[Verdict],
    tokens: &Option<RingSet>,
    ids: &Option<RingsWithId>,
) -> Verdict {
    let verdict = of_shape[shape];
    let with_needle = match (verdict, tokens, ids) {
        (Verdict::IfTokens, Some(tokens), _) => tokens,
        (Verdict::Some, _, Some(ids)) if ids.covers(shape) => &ids.rings,
        _ => return verdict.without_tokens(),
    };
    let number = u32::try_from(ring).expect("rings are numbered with 32 bits");
    if with_needle.contains(number) { Verdict::Some } else { Verdict::None }
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
