//! One test against one shape: what the template says of all rows at once.
//!
//! The template is an entry in which marker characters stand for what varies. So `query::eval` itself answers
//! where nothing that varies plays a part, and where it does: a substring that is found although markers interrupt the
//! text is found in every row. What is left is whether the text could stand in a hole.

use crate::align::{Aligner, Piece};
use crate::verdict::Verdict;
use std::borrow::Cow;
use timberline_archive::segment::ShapeRecord;
use timberline_archive::shape::{CharSet, HOLE, NUMBER_HOLE, UNINDEXED_HOLE, for_each_leaf};
use timberline_entry::json::{canonical, Document, Node as JsonNode, Value, parse};
use timberline_entry::{Field, LogEntry, fold};
use timberline_query::{
    Candidates, Compare, DerivedField, FieldType, Filter, Function, Node, Op, Operand, Test, eval, leaf_type,
};

/// A test, prepared for being asked of many shapes.
pub(crate) struct Judge<'f> {
    test: &'f Test,
    filter: Filter,
    /// What a hole would have to hold for the test to be true there.
    asks: Asks,
}

/// What a test asks of text.
enum Asks {
    /// The substring, or the whole text.
    Text { aligner: Aligner, is_whole: bool, candidates: Option<Candidates> },
    /// Each of these is in some text.
    Each(Vec<Aligner>),
    /// One of these is in the text.
    OneOf(Vec<Aligner>),
    /// Whether something is there at all: the template knows.
    Presence,
    /// Something a template cannot answer.
    Unknown,
}

/// The folded texts that an index can be asked for when the verdict is [`Verdict::IfTokens`].
pub(crate) enum Needles {
    /// A row that matches has this text in one value; as the whole value if `is_whole`.
    One { folded: String, is_whole: bool },
    /// It has all of these.
    Each(Vec<String>),
    /// It has one of these.
    OneOf(Vec<String>),
}

impl<'f> Judge<'f> {
    pub(crate) fn new(test: &'f Test) -> Self {
        let asks = match needles(test) {
            Some(Needles::One { folded, is_whole }) => {
                let candidates = match test {
                    Test::Global(global) => Some(global.wanted.clone()),
                    Test::Compare(Compare { value: Operand::Any(candidates), .. }) => Some(candidates.clone()),
                    _ => None,
                };
                Asks::Text { aligner: Aligner::new(&folded), is_whole, candidates }
            }
            Some(Needles::Each(texts)) => Asks::Each(texts.iter().map(|text| Aligner::new(text)).collect()),
            Some(Needles::OneOf(texts)) => Asks::OneOf(texts.iter().map(|text| Aligner::new(text)).collect()),
            None => match test {
                Test::Compare(Compare { value: Operand::Present | Operand::Null, .. }) => Asks::Presence,
                _ => Asks::Unknown,
            },
        };
        Self { test, filter: Filter::new(Node::Test(test.clone())), asks }
    }

    /// Judges the test for all rows of a shape.
    pub(crate) fn judge(&self, shape: &ShapeView<'_>) -> Verdict {
        if let Test::Derived(_) = self.test {
            // Computed fields depend on the whole entry; those that rings know are judged by the plan.
            return Verdict::Some;
        }
        if matches!(self.asks, Asks::Presence) {
            return Verdict::certain(eval(&self.filter, &shape.entry));
        }
        let mut touched = shape.holes.iter().filter(|leaf| leaf.is_touched_by(self.test)).peekable();
        if touched.peek().is_none() {
            return Verdict::certain(eval(&self.filter, &shape.entry));
        }
        if matches!(self.asks, Asks::Unknown) {
            return Verdict::Some;
        }
        // A positive test for text is true as soon as one value makes it so, and markers only ever hide a match.
        if !matches!(self.asks, Asks::OneOf(_)) && eval(&self.filter, &shape.entry) {
            return Verdict::All;
        }
        match &self.asks {
            Asks::Text { aligner, is_whole, candidates } => {
                let verdicts = touched.map(|leaf| leaf.may_hold(aligner, *is_whole, candidates.as_ref()));
                verdicts.max().unwrap_or(Verdict::None)
            }
            // Values without a hole can supply a word as well, so they take part.
            Asks::Each(aligners) => {
                let each = aligners.iter().map(|aligner| shape.may_have(aligner, self.test));
                each.min().unwrap_or(Verdict::Some)
            }
            Asks::OneOf(aligners) => {
                let one_of = aligners.iter().map(|aligner| shape.may_have(aligner, self.test));
                one_of.max().unwrap_or(Verdict::Some)
            }
            Asks::Presence | Asks::Unknown => Verdict::Some,
        }
    }
}

/// Returns the texts without which the test cannot be true; `None` where there are none.
pub(crate) fn needles(test: &Test) -> Option<Needles> {
    let one = |needle: &timberline_query::Needle, is_whole| {
        let folded = needle.folded().to_owned();
        (!folded.is_empty() && !folded.contains([HOLE, UNINDEXED_HOLE, NUMBER_HOLE]))
            .then_some(Needles::One { folded, is_whole })
    };
    match test {
        Test::Global(global) if !global.keys => one(&global.wanted.needle, false),
        Test::Compare(compare) => match (&compare.value, compare.op) {
            (Operand::Text(needle), Op::Has) => one(needle, false),
            (Operand::Text(needle), Op::Eq) => one(needle, true),
            (Operand::Any(candidates), Op::Has) => one(&candidates.needle, false),
            (Operand::Any(candidates), Op::Eq) => one(&candidates.needle, true),
            (Operand::Regex(regex), Op::Match) => {
                let literals = regex.required_literals()?;
                literals.iter().map(|literal| safe_part(literal)).collect::<Option<_>>().map(Needles::OneOf)
            }
            _ => None,
        },
        Test::Function(Function::Search(search)) => {
            let words = search.query.words().iter().chain(search.query.phrases());
            Some(Needles::Each(words.map(|word| fold(word.folded()).into_owned()).collect()))
        }
        _ => None,
    }
}

/// Returns the part of a raw literal that is in the folded text wherever the literal is in the raw one.
///
/// Its last character may melt into a mark that follows, the others cannot; beyond ASCII more may happen.
fn safe_part(literal: &str) -> Option<String> {
    let safe = literal.get(..literal.len().checked_sub(1)?)?;
    (literal.is_ascii() && !safe.is_empty()).then(|| safe.to_ascii_lowercase())
}

/// A shape, parsed for being asked.
pub(crate) struct ShapeView<'s> {
    entry: LogEntry<'s>,
    holes: Vec<HoleLeaf<'s>>,
    /// Values without a hole, as folded text.
    fixed: Vec<FixedLeaf<'s>>,
}

struct FixedLeaf<'s> {
    field: Field,
    path: Vec<Cow<'s, str>>,
    folded: String,
}

const TIME_THAT_VARIES: &str = "\u{fdd1}";
static ANYTHING: [CharSet; 1] = [CharSet::ANY];

/// A leaf of which something varies.
struct HoleLeaf<'s> {
    field: Field,
    path: Vec<Cow<'s, str>>,
    kind: HoleKind,
    stretches: Vec<String>,
    charsets: &'s [CharSet],
}

#[derive(Clone, Copy, PartialEq)]
enum HoleKind {
    Text,
    Unindexed,
    Number,
}

impl<'s> ShapeView<'s> {
    /// Parses a shape's template. `nodes` must be empty and live as long as the view.
    ///
    /// # Errors
    /// A description of what is wrong with the template.
    pub(crate) fn new(record: &'s ShapeRecord, nodes: &'s mut Vec<JsonNode>) -> Result<Self, String> {
        let text = &record.template.json;
        parse(text, nodes).map_err(|fault| fault.to_string())?;
        let object = Document::new(text, nodes).root().as_object().ok_or("a template is not an object")?;
        let mut entry = LogEntry::from_object(object);
        let mut rest = record.template.charsets.as_slice();
        let (mut holes, mut fixed, mut too_few) = (Vec::new(), Vec::new(), false);
        for_each_leaf(&entry, |leaf| {
            let field = Field::from_name(&leaf.path[0]).expect("leaves stand under fields");
            let path = leaf.path[1..].to_vec();
            let text = match leaf.value {
                Value::String(text) => text.value(),
                // Labels count as strings whatever their JSON type.
                other => {
                    fixed.push(FixedLeaf { field, path, folded: fold(&canonical(other)).into_owned() });
                    return;
                }
            };
            let n_holes = text.matches([HOLE, UNINDEXED_HOLE, NUMBER_HOLE]).count();
            if n_holes == 0 {
                fixed.push(FixedLeaf { field, path, folded: fold(&text).into_owned() });
                return;
            }
            let Some((charsets, more)) = rest.split_at_checked(n_holes) else {
                too_few = true;
                return;
            };
            rest = more;
            let kind = match text.chars().find(|c| matches!(*c, HOLE | UNINDEXED_HOLE | NUMBER_HOLE)) {
                Some(UNINDEXED_HOLE) => HoleKind::Unindexed,
                Some(NUMBER_HOLE) => HoleKind::Number,
                _ => HoleKind::Text,
            };
            let stretches = text.split([HOLE, UNINDEXED_HOLE, NUMBER_HOLE]);
            let stretches = stretches.map(|stretch| fold(stretch).into_owned()).collect();
            holes.push(HoleLeaf { field, path, kind, stretches, charsets });
        });
        if too_few || !rest.is_empty() {
            return Err("a template has not as many holes as character sets".to_owned());
        }
        // Rows are compared by the time the archive holds, whatever the export gave; see `Composer::with`.
        let field = Field::Timestamp;
        entry.set(field, Value::plain(TIME_THAT_VARIES));
        holes.retain(|leaf: &HoleLeaf<'_>| leaf.field != field);
        fixed.retain(|leaf: &FixedLeaf<'_>| leaf.field != field);
        let stretches = vec![String::new(), String::new()];
        holes.push(HoleLeaf { field, path: Vec::new(), kind: HoleKind::Unindexed, stretches, charsets: &ANYTHING });
        Ok(Self { entry, holes, fixed })
    }

    /// Says whether some value that the test looks at may have the text.
    fn may_have(&self, aligner: &Aligner, test: &Test) -> Verdict {
        let is_fixed = self.fixed.iter().any(|leaf| {
            touches(test, leaf.field, &leaf.path) && aligner.may_be_in(std::iter::once(Piece::Stretch(&leaf.folded)))
        });
        if is_fixed {
            return Verdict::Some;
        }
        let touched = self.holes.iter().filter(|leaf| leaf.is_touched_by(test));
        touched.map(|leaf| leaf.may_hold(aligner, false, None)).max().unwrap_or(Verdict::None)
    }
}

fn touches(test: &Test, field: Field, path: &[Cow<'_, str>]) -> bool {
    let keys: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    test.touches(field, &keys)
}

impl HoleLeaf<'_> {
    fn is_touched_by(&self, test: &Test) -> bool {
        touches(test, self.field, &self.path)
    }

    /// Says whether a row may have the text here. `candidates` are the other types that the text can be read as.
    fn may_hold(&self, aligner: &Aligner, is_whole: bool, candidates: Option<&Candidates>) -> Verdict {
        let keys: Vec<&str> = self.path.iter().map(AsRef::as_ref).collect();
        let kind = leaf_type(self.field, &keys);
        if self.kind == HoleKind::Number {
            // Such a number is compared by value: with a text that cannot be read as a number it is not equal. Where the
            // service defines a string or a time, more can happen.
            let by_value = matches!(
                kind,
                Some(FieldType::Int32 | FieldType::Int64 | FieldType::Struct | FieldType::Proto)
            );
            let cannot_equal = candidates.is_some_and(|candidates| candidates.number.is_none());
            return if by_value && cannot_equal { Verdict::None } else { Verdict::Some };
        }
        match kind {
            Some(FieldType::Text | FieldType::Labels | FieldType::Struct | FieldType::Proto) => {}
            // Times, durations and numbers written as strings are compared by value.
            Some(_) => return Verdict::Some,
            None => return Verdict::None,
        }
        let pieces = self.stretches.iter().enumerate().flat_map(|(idx, stretch)| {
            let hole = self.charsets.get(idx).map(|charset| Piece::Hole(*charset));
            std::iter::once(Piece::Stretch(stretch)).chain(hole)
        });
        let may = if is_whole { aligner.may_be(pieces) } else { aligner.may_be_in(pieces) };
        match (may, self.kind) {
            (false, _) => Verdict::None,
            (true, HoleKind::Text) => Verdict::IfTokens,
            (true, _) => Verdict::Some,
        }
    }
}

/// Says whether a derived field is one that rings know.
pub(crate) const fn ring_knows(field: DerivedField) -> bool {
    matches!(field, DerivedField::Service | DerivedField::Revision | DerivedField::Pattern)
}
