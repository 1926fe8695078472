//! One test against one template: what it says of all rows at once.
//!
//! The template is an entry in which marker characters stand for what varies. So `query::eval` itself answers
//! where nothing that varies plays a part, and where it does: a substring that is found although markers interrupt the
//! text is found in every row. What is left is whether the text could stand in a hole.

use crate::align::{Aligner, Piece};
use crate::texts::Place;
use crate::verdict::Verdict;
use std::borrow::Cow;
use timberline_archive::shape::{
    CharSet, HOLE, NUMBER_HOLE, UNINDEXED_HOLE, for_each_leaf, is_token_byte, tokens,
};
use timberline_entry::json::{Document, Node as JsonNode, Value, canonical, parse};
use timberline_entry::{Field, LogEntry, fold};
use timberline_query::{
    ByteSet, Candidates, Compare, DerivedField, FieldPath, FieldType, Filter, Function, Node, Op, Operand,
    Regex, Test, TextPart, eval, leaf_type, root_type,
};

/// A test, prepared for being asked of many templates.
pub(crate) struct Judge<'f> {
    test: &'f Test,
    filter: Filter,
    /// What a hole would have to hold for the test to be true there.
    asks: Asks<'f>,
    /// Texts of which one must stand in a template's JSON for the test to be true; `None` when there is more to it.
    quick: Option<Vec<Aligner>>,
}

/// Which part of an entry decides a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// This field and no other.
    Root(Field),
    /// Each field for itself; the test is true where it is true of one.
    AnyField,
    /// Something that templates do not tell.
    Beyond,
}

/// Returns which part of an entry decides a test. Of a search everywhere only single words and phrases have a scope.
pub(crate) fn scope(test: &Test) -> Scope {
    match test {
        Test::Compare(compare) => Scope::Root(compare.path.root),
        Test::Global(_) => Scope::AnyField,
        // Computed fields depend on the whole entry, on the order of its keys as well.
        Test::Derived(_) => Scope::Beyond,
        Test::Function(function) => match (function.field(), function) {
            (Some(FieldPath::Entry(path)), _) => Scope::Root(path.root),
            (Some(FieldPath::Derived(_)), _) => Scope::Beyond,
            (None, Function::Search(_)) => Scope::AnyField,
            (None, _) => Scope::Root(Field::LogName),
        },
    }
}

/// What a test asks of text.
enum Asks<'f> {
    /// The substring, or the whole text.
    Text { aligner: Aligner, is_whole: bool, candidates: Option<Candidates> },
    /// Each of these is in some text.
    Each(Vec<Aligner>),
    /// The pattern matches the text; one of these is in it, if some such texts are known.
    Pattern { regex: &'f Regex, compare: &'f Compare, one_of: Option<Vec<Aligner>> },
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

impl Needles {
    /// Returns texts of which one is a part of the value wherever the test is true of it; none where there are no such texts.
    pub(crate) fn parts(&self) -> Vec<String> {
        let texts = match self {
            Self::One { is_whole: true, .. } => return Vec::new(),
            Self::One { folded, is_whole: false } => std::slice::from_ref(folded),
            // One of them is enough to look for.
            Self::Each(texts) => &texts[..texts.len().min(1)],
            Self::OneOf(texts) => texts,
        };
        // The empty text is a part of all.
        if texts.iter().any(String::is_empty) { Vec::new() } else { texts.to_vec() }
    }
}

impl<'f> Judge<'f> {
    pub(crate) fn new(test: &'f Test) -> Self {
        let asks = match needles(test) {
            Some(Needles::One { folded, is_whole }) => {
                let candidates = match test {
                    Test::Global(global) => Some(global.wanted.clone()),
                    Test::Compare(Compare { value: Operand::Any(candidates), .. }) => {
                        Some(candidates.clone())
                    }
                    _ => None,
                };
                Asks::Text { aligner: Aligner::new(&folded), is_whole, candidates }
            }
            Some(Needles::Each(texts)) => Asks::Each(texts.iter().map(|text| Aligner::new(text)).collect()),
            needles => match test {
                Test::Compare(compare @ Compare { value: Operand::Regex(regex), .. }) => {
                    let one_of = match needles {
                        Some(Needles::OneOf(texts)) => {
                            Some(texts.iter().map(|text| Aligner::new(text)).collect())
                        }
                        _ => None,
                    };
                    Asks::Pattern { regex, compare, one_of }
                }
                Test::Compare(Compare { value: Operand::Present | Operand::Null, .. }) => Asks::Presence,
                _ => Asks::Unknown,
            },
        };
        Self { test, filter: Filter::new(Node::Test(test.clone())), asks, quick: quick(test) }
    }

    /// Returns the test.
    pub(crate) const fn test(&self) -> &Test {
        self.test
    }

    /// Returns texts of which one must stand in a template's JSON, taken as one text, for the test to be true there;
    /// `None` when there is more to it.
    pub(crate) fn quick(&self) -> Option<&[Aligner]> {
        self.quick.as_deref()
    }

    /// Says whether the test looks for one word, or part of one, in every value of a field, all of which can hold it. Where such
    /// a word is in no stretch of a template, [the words of its holes](Place::InIndexedHoles) decide.
    pub(crate) fn is_one_word_anywhere_in(&self, field: Field) -> bool {
        let is_one = match &self.asks {
            Asks::Text { is_whole, .. } => !is_whole,
            Asks::Each(words) => words.len() == 1,
            Asks::Pattern { .. } | Asks::Presence | Asks::Unknown => false,
        };
        let is_word =
            |text: &Aligner| text.is_whole() && text.beginning().iter().all(|byte| is_token_byte(*byte));
        let holds_text = matches!(
            root_type(field),
            FieldType::Text | FieldType::Labels | FieldType::Struct | FieldType::Proto
        );
        scope(self.test) == Scope::AnyField
            && is_one
            && matches!(self.quick(), Some([text]) if is_word(text))
            && holds_text
            && self.test.touches(field, &[])
    }

    /// Returns the verdict where an entry does not have the field that decides the test.
    pub(crate) fn absent(&self) -> Verdict {
        Verdict::certain(eval(&self.filter, &LogEntry::empty()))
    }

    /// Judges the test for all rows of a template, as far as the template's field decides it. `place` says where the text
    /// that the test needs may stand.
    pub(crate) fn judge(&self, shape: &TemplateView<'_>, place: Place) -> Verdict {
        if matches!(self.asks, Asks::Presence) {
            return Verdict::certain(eval(&self.filter, &shape.entry));
        }
        let mut touched = shape.holes.iter().filter(|leaf| leaf.is_touched).peekable();
        if touched.peek().is_none() {
            return Verdict::certain(eval(&self.filter, &shape.entry));
        }
        if matches!(self.asks, Asks::Unknown) {
            return Verdict::Some;
        }
        if let Asks::Pattern { regex, compare, one_of } = &self.asks {
            let by_parts = shape.matches_pattern(regex, compare);
            return match one_of {
                Some(aligners) if by_parts == Verdict::Some => {
                    let may_have = |aligner: &Aligner| shape.may_have(aligner, Question::Pattern);
                    aligners.iter().map(may_have).max().unwrap_or(Verdict::Some)
                }
                _ => by_parts,
            };
        }
        // A positive test for text is true as soon as one value makes it so, and markers only ever hide a match.
        if place == Place::Anywhere && eval(&self.filter, &shape.entry) {
            return Verdict::All;
        }
        match &self.asks {
            Asks::Text { aligner, is_whole, candidates } => {
                let candidates = candidates.as_ref();
                let question = if *is_whole { Question::Is(candidates) } else { Question::Has(candidates) };
                let verdicts = touched.map(|leaf| leaf.may_hold(aligner, question));
                verdicts.max().unwrap_or(Verdict::None)
            }
            // Values without a hole can supply a word as well, so they take part.
            Asks::Each(aligners) => {
                let each = aligners.iter().map(|aligner| shape.may_have(aligner, Question::Word));
                each.min().unwrap_or(Verdict::Some)
            }
            Asks::Pattern { .. } | Asks::Presence | Asks::Unknown => Verdict::Some,
        }
    }
}

/// Returns the texts without which the test cannot be true; `None` where there are none.
pub(crate) fn needles(test: &Test) -> Option<Needles> {
    // A mark in a template would be taken for what is looked for.
    let has_mark = |text: &str| text.contains(MARKS);
    let one = |needle: &timberline_query::Needle, is_whole| {
        let folded = needle.folded().to_owned();
        (!folded.is_empty() && !has_mark(&folded)).then_some(Needles::One { folded, is_whole })
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
            let words: Vec<String> = words.map(|word| fold(word.folded()).into_owned()).collect();
            (!words.iter().any(|word| has_mark(word))).then_some(Needles::Each(words))
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

/// A template, parsed for being asked one test.
pub(crate) struct TemplateView<'s> {
    entry: LogEntry<'s>,
    holes: Vec<HoleLeaf<'s>>,
    /// Values without a hole.
    fixed: Vec<FixedLeaf<'s>>,
}

/// What stands for what varies.
const MARKS: [char; 3] = [HOLE, UNINDEXED_HOLE, NUMBER_HOLE];

/// Returns the texts of which one must stand somewhere in a template's JSON for the test to be true.
fn quick(test: &Test) -> Option<Vec<Aligner>> {
    let readings = match test {
        // Severities are compared by name, however they are written.
        Test::Compare(compare) if compare.path.kind == FieldType::Severity => return None,
        Test::Global(global) => Some(&global.wanted),
        Test::Compare(Compare { value: Operand::Any(candidates), .. }) => Some(candidates),
        _ => None,
    };
    let is_text = |candidates: &Candidates| {
        let Candidates { needle: _, number, boolean, severity, duration, timestamp } = candidates;
        number.is_none()
            && boolean.is_none()
            && severity.is_none()
            && duration.is_none()
            && timestamp.is_none()
    };
    if !readings.is_none_or(is_text) {
        return None;
    }
    let texts = match needles(test)? {
        Needles::One { folded, .. } => vec![folded],
        // One of them is enough to exclude by.
        Needles::Each(mut texts) => {
            texts.truncate(1);
            texts
        }
        Needles::OneOf(texts) => texts,
    };
    let is_plain = |text: &String| {
        !text.is_empty()
            && text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && !matches!(byte, b'"' | b'\\'))
    };
    (!texts.is_empty() && texts.iter().all(is_plain))
        .then(|| texts.iter().map(|text| Aligner::new(text)).collect())
}

struct FixedLeaf<'s> {
    text: Cow<'s, str>,
    /// The test looks at it.
    is_touched: bool,
}

const TIME_THAT_VARIES: &str = "\u{fdd1}";
static ANYTHING: [CharSet; 1] = [CharSet::ANY];

/// A leaf of which something varies.
struct HoleLeaf<'s> {
    field: Field,
    /// What the schema has there; `None` where it has nothing.
    field_type: Option<FieldType>,
    /// The test looks at it.
    is_touched: bool,
    kind: HoleKind,
    /// The text as it was written, markers included.
    text: Cow<'s, str>,
    /// The same with what is between the markers folded, if that makes a difference.
    folded: Option<String>,
    charsets: &'s [CharSet],
}

/// How a test looks for a text. Candidates are the other types that the text can be read as.
#[derive(Clone, Copy)]
enum Question<'c> {
    /// Strings contain it.
    Has(Option<&'c Candidates>),
    /// Strings are it.
    Is(Option<&'c Candidates>),
    /// It is a word of a string.
    Word,
    /// A pattern that requires it matches a string.
    Pattern,
}

#[derive(Clone, Copy, PartialEq)]
enum HoleKind {
    Text,
    Unindexed,
    Number,
}

impl<'s> TemplateView<'s> {
    /// Parses a template for a test. `nodes` must be empty and live as long as the view, as must the character sets of its holes.
    ///
    /// # Errors
    /// A description of what is wrong with the template.
    pub(crate) fn new(
        text: &'s str,
        charsets: &'s [CharSet],
        nodes: &'s mut Vec<JsonNode>,
        test: &Test,
    ) -> Result<Self, String> {
        parse(text, nodes).map_err(|fault| fault.to_string())?;
        let object = Document::new(text, nodes).root().as_object().ok_or("a template is not an object")?;
        let entry = LogEntry::from_object(object);
        let mut rest = charsets;
        let (mut holes, mut fixed, mut too_few) = (Vec::new(), Vec::new(), false);
        for_each_leaf(&entry, |leaf| {
            let field = leaf.field;
            let keys: Vec<&str> = leaf.path[1..].iter().map(AsRef::as_ref).collect();
            let is_touched = test.touches(field, &keys);
            let text = match leaf.value {
                Value::String(text) => text.value(),
                // Labels count as strings whatever their JSON type.
                other => Cow::Owned(canonical(other)),
            };
            // Most texts are ASCII, which no mark is.
            let first = if text.is_ascii() { None } else { text.chars().find(|c| MARKS.contains(c)) };
            let Some(first) = first else {
                fixed.push(FixedLeaf { text, is_touched });
                return;
            };
            let Some((charsets, more)) = rest.split_at_checked(text.matches(MARKS).count()) else {
                too_few = true;
                return;
            };
            rest = more;
            let kind = match first {
                UNINDEXED_HOLE => HoleKind::Unindexed,
                NUMBER_HOLE => HoleKind::Number,
                _ => HoleKind::Text,
            };
            let (field_type, folded) = (leaf_type(field, &keys), folded(&text));
            holes.push(HoleLeaf { field, field_type, is_touched, kind, text, folded, charsets });
        });
        if too_few || !rest.is_empty() {
            return Err("a template has not as many holes as character sets".to_owned());
        }
        Ok(Self { entry, holes, fixed })
    }

    /// The field `timestamp`: rows are compared by the time the archive holds, whatever the export gave.
    pub(crate) fn time(test: &Test) -> Self {
        let mut entry = LogEntry::empty();
        entry.set(Field::Timestamp, Value::plain(TIME_THAT_VARIES));
        let hole = HoleLeaf {
            field: Field::Timestamp,
            field_type: leaf_type(Field::Timestamp, &[]),
            is_touched: test.touches(Field::Timestamp, &[]),
            kind: HoleKind::Unindexed,
            text: TIME_THAT_VARIES.into(),
            folded: None,
            charsets: &ANYTHING,
        };
        Self { entry, holes: vec![hole], fixed: Vec::new() }
    }

    /// Calls `visit` with every token that lies wholly in a stretch: the index does not have these, because every row has them.
    pub(crate) fn each_constant_token(&self, mut visit: impl FnMut(&str)) {
        for leaf in &self.fixed {
            tokens(&fold(&leaf.text)).for_each(|(_, token)| visit(token));
        }
        for leaf in self.holes.iter().filter(|leaf| leaf.kind == HoleKind::Text) {
            let last = leaf.charsets.len();
            for (idx, stretch) in leaf.stretches().enumerate() {
                for (range, token) in tokens(stretch) {
                    // Beside a hole it may go on in there.
                    let is_open = idx > 0 && range.start == 0 || idx < last && range.end == stretch.len();
                    if !is_open {
                        visit(token);
                    }
                }
            }
        }
    }

    /// Says whether a comparison with a pattern is true of rows: of all, of none, or of some for all that is known.
    fn matches_pattern(&self, regex: &Regex, compare: &Compare) -> Verdict {
        let mut verdict = Verdict::None;
        let has_value = compare.each_value(&self.entry, &mut |value| {
            let of_value = match value {
                Value::String(text) if text.value().contains(MARKS) => {
                    self.pattern_in_hole(regex, compare, &text.value())
                }
                value => Verdict::certain(compare.accepts(value)),
            };
            verdict = verdict.max(of_value);
        });
        if has_value { verdict } else { Verdict::certain(compare.accepts_absence()) }
    }

    /// Follows a pattern through a text of which something varies.
    fn pattern_in_hole(&self, regex: &Regex, compare: &Compare, text: &str) -> Verdict {
        let is_text = matches!(
            compare.path.kind,
            FieldType::Text | FieldType::Labels | FieldType::Struct | FieldType::Proto
        );
        if !is_text || text.contains(NUMBER_HOLE) {
            return Verdict::Some;
        }
        let of_text = |leaf: &&HoleLeaf<'_>| leaf.field == compare.path.root && leaf.text == text;
        // Two values of one text may have held different characters.
        let verdict_of = |leaf: &HoleLeaf<'_>| match regex.matches_all_of(leaf.parts()) {
            Some(matches) => Verdict::certain(matches == (compare.op == Op::Match)),
            None => Verdict::Some,
        };
        let mut verdicts = self.holes.iter().filter(of_text).map(verdict_of);
        let first = verdicts.next().unwrap_or(Verdict::Some);
        if verdicts.all(|other| other == first) { first } else { Verdict::Some }
    }

    /// Says whether some value that the test looks at may have the text.
    fn may_have(&self, aligner: &Aligner, question: Question<'_>) -> Verdict {
        let has = |leaf: &FixedLeaf<'_>| {
            leaf.is_touched && aligner.may_be_in(std::iter::once(Piece::Stretch(&fold(&leaf.text))))
        };
        if self.fixed.iter().any(has) {
            return Verdict::Some;
        }
        let touched = self.holes.iter().filter(|leaf| leaf.is_touched);
        touched.map(|leaf| leaf.may_hold(aligner, question)).max().unwrap_or(Verdict::None)
    }
}

/// Folds what is between the markers of a text; `None` where it is folded already.
fn folded(text: &str) -> Option<String> {
    if text.split(MARKS).all(|stretch| matches!(fold(stretch), Cow::Borrowed(_))) {
        return None;
    }
    let mut folded = String::with_capacity(text.len());
    for piece in text.split_inclusive(MARKS) {
        let stretch = piece.trim_end_matches(MARKS);
        folded.push_str(&fold(stretch));
        folded.push_str(&piece[stretch.len()..]);
    }
    Some(folded)
}

impl HoleLeaf<'_> {
    /// Returns what is between the markers, folded.
    fn stretches(&self) -> impl Iterator<Item = &str> {
        self.folded.as_deref().unwrap_or(&self.text).split(MARKS)
    }

    /// Returns the raw text in parts: what all rows have, and what varies, with the bytes that it has held.
    fn parts(&self) -> impl Iterator<Item = TextPart<'_>> {
        // Beside other text a value is empty only between brackets; one that varies as a whole may be.
        let is_masked = self.kind == HoleKind::Text && self.text.chars().nth(1).is_some();
        let stretches = || self.text.split([HOLE, UNINDEXED_HOLE]);
        let holes = stretches().zip(self.charsets).map(move |(before, charset)| {
            let bytes = ByteSet::of(|byte| charset.may_contain(byte.to_ascii_lowercase()));
            if is_masked && !before.ends_with('(') { TextPart::SomeOf(bytes) } else { TextPart::AnyOf(bytes) }
        });
        let mut holes = holes;
        stretches().flat_map(move |stretch| [Some(TextPart::Known(stretch)), holes.next()]).flatten()
    }

    /// Says whether a row may have the text here, as far as the test looks for it in values of this type.
    fn may_hold(&self, aligner: &Aligner, question: Question<'_>) -> Verdict {
        let Some(kind) = self.field_type else { return Verdict::None };
        let is_free = matches!(kind, FieldType::Struct | FieldType::Proto);
        let is_text = is_free || matches!(kind, FieldType::Text | FieldType::Labels);
        let can_be = match question {
            // Numbers of a free field are compared by value, as times, durations and integers of the service are.
            Question::Has(Some(candidates)) | Question::Is(Some(candidates))
                if self.kind == HoleKind::Number =>
            {
                let by_value = is_free || matches!(kind, FieldType::Int32 | FieldType::Int64);
                !by_value || candidates.number.is_some()
            }
            Question::Has(Some(candidates)) => is_text || can_be_read_as(candidates, kind),
            // Only strings have words, and patterns.
            Question::Word => is_text && self.kind != HoleKind::Number,
            Question::Pattern => {
                kind == FieldType::Severity || is_text && !(is_free && self.kind == HoleKind::Number)
            }
            Question::Has(None) | Question::Is(_) => true,
        };
        if !can_be {
            return Verdict::None;
        }
        if !is_text || self.kind == HoleKind::Number {
            return Verdict::Some;
        }
        let pieces = self.stretches().enumerate().flat_map(|(idx, stretch)| {
            let hole = self.charsets.get(idx).map(|charset| Piece::Hole(*charset));
            std::iter::once(Piece::Stretch(stretch)).chain(hole)
        });
        let may = match question {
            Question::Is(_) => aligner.may_be(pieces),
            _ => aligner.may_be_in(pieces),
        };
        match (may, self.kind) {
            (false, _) => Verdict::None,
            (true, HoleKind::Text) => Verdict::IfTokens,
            (true, _) => Verdict::Some,
        }
    }
}

/// Says whether a text has a reading of the given type; without one, no value of that type is equal to it.
const fn can_be_read_as(candidates: &Candidates, kind: FieldType) -> bool {
    match kind {
        FieldType::Int32 | FieldType::Int64 => candidates.number.is_some(),
        FieldType::Bool => candidates.boolean.is_some(),
        FieldType::Duration => candidates.duration.is_some(),
        FieldType::Timestamp => candidates.timestamp.is_some(),
        FieldType::Severity => candidates.severity.is_some(),
        _ => true,
    }
}

/// Says whether a derived field is one that rings know.
pub(crate) const fn ring_knows(field: DerivedField) -> bool {
    matches!(
        field,
        DerivedField::Service | DerivedField::Revision | DerivedField::Pattern | DerivedField::Exception
    )
}
