//! Equality of an id: which rings have it is looked up, all ids of a filter at once.
//!
//! ```text
//! insertId=("6832a" OR "6832b")   template {"insertId":"░"}   → "6832a", "6832b" as they are stored
//! trace="Projects/P/traces/0af7"  template {"trace":"projects/p/traces/░"} → "projects/p/traces/0af7"
//! ```
//!
//! A template says that the id's varying end is lower-case hex, so that only one spelling of the text can be stored, and that
//! the column has it. Where a template says something else, rows are read.

use crate::lookup::RingSet;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use timberline_archive::catalog::SegmentShapes;
use timberline_archive::segment::Segment;
use timberline_archive::shape::UNINDEXED_HOLE;
use timberline_archive::{Column, Error, Result};
use timberline_entry::json::{Document, parse};
use timberline_entry::{Field, fold};
use timberline_query::{Compare, Filter, Op, Operand, Test};

/// The ids that a filter asks for, and what was found of them in one segment.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// Folded texts by field.
    wanted: BTreeMap<Field, BTreeSet<String>>,
    found: RefCell<BTreeMap<Field, Found>>,
}

/// The rings of a segment that have an id.
#[derive(Debug)]
pub(crate) struct RingsWithId {
    is_known: Rc<[bool]>,
    /// Complete for rings of shapes that are [covered](Self::covers), and empty of others.
    pub(crate) rings: RingSet,
}

impl RingsWithId {
    /// Says whether ids of the shape were looked up: no ring of it that is not in the set has the id.
    pub(crate) fn covers(&self, shape: usize) -> bool {
        self.is_known[shape]
    }
}

/// What a segment has of the ids of one field.
#[derive(Debug)]
struct Found {
    /// Shapes whose ids were looked up.
    is_known: Rc<[bool]>,
    rings: BTreeMap<String, RingSet>,
}

impl Ids {
    /// Collects the ids of a filter.
    pub(crate) fn of(filter: &Filter) -> Self {
        let mut wanted: BTreeMap<Field, BTreeSet<String>> = BTreeMap::new();
        filter.root().each_test(&mut |test| {
            if let Test::Compare(compare) = test
                && let Some((field, _, folded)) = asked(compare)
            {
                wanted.entry(field).or_default().insert(folded.to_owned());
            }
        });
        Self { wanted, found: RefCell::default() }
    }

    /// Returns which rings have the id that a test asks for; `None` when it asks for none.
    pub(crate) fn rings_with(
        &self,
        segment: &Segment,
        shapes: SegmentShapes<'_>,
        compare: &Compare,
    ) -> Result<Option<RingsWithId>> {
        let Some((field, column, folded)) = asked(compare) else { return Ok(None) };
        if !self.found.borrow().contains_key(&field) {
            let found = self.look_up(segment, shapes, field, column)?;
            self.found.borrow_mut().insert(field, found);
        }
        let found = self.found.borrow();
        let Found { is_known, rings } = &found[&field];
        Ok(Some(RingsWithId { is_known: is_known.clone(), rings: rings[folded].clone() }))
    }

    fn look_up(
        &self,
        segment: &Segment,
        shapes: SegmentShapes<'_>,
        field: Field,
        column: Column,
    ) -> Result<Found> {
        let catalog = shapes.catalog();
        let (templates, of_shapes) = (catalog.templates(field)?, catalog.of_shapes(field)?);
        let mut is_plain = vec![false; templates.len()];
        let mut prefixes: BTreeSet<String> = BTreeSet::new();
        for (idx, is_plain) in is_plain.iter_mut().enumerate() {
            if let Some(prefix) = before_hex(&templates.json(idx), field)
                .map_err(|detail| Error::Damaged { file: catalog.path().to_owned(), detail })?
            {
                *is_plain = true;
                prefixes.insert(prefix);
            }
        }
        let is_known = |number: usize| of_shapes.of(number).is_some_and(|idx| is_plain[idx]);
        let is_known: Rc<[bool]> = shapes.numbers().map(is_known).collect();
        let wanted = &self.wanted[&field];
        // The one spelling under which each may be stored, behind each prefix.
        let mut spelled: BTreeMap<String, &str> = BTreeMap::new();
        for folded in wanted {
            for prefix in &prefixes {
                if let Some(tail) = folded.strip_prefix(fold(prefix).as_ref()) {
                    spelled.insert(format!("{prefix}{tail}"), folded);
                }
            }
        }
        let facts = segment.rings()?;
        let mut rings: BTreeMap<String, RingSet> =
            wanted.iter().map(|folded| (folded.clone(), RingSet::empty(facts.len()))).collect();
        let texts: Vec<&str> = spelled.keys().map(String::as_str).collect();
        let known: &[bool] = &is_known;
        let is_asked = |ring: usize| known[facts.shape(ring)];
        for (ring, text) in segment.rings_that_may_have(column, &texts, is_asked)? {
            rings.get_mut(spelled[texts[text]]).expect("only what is wanted is looked up").insert(ring);
        }
        Ok(Found { is_known, rings })
    }
}

/// Fields that are ids, and the columns that have them.
pub(crate) const ID_COLUMNS: [(Field, Column); 3] =
    [(Field::InsertId, Column::InsertId), (Field::Trace, Column::Trace), (Field::SpanId, Column::SpanId)];

/// Returns the field, its column and the folded text, if the test asks whether an id is equal to a text.
fn asked(compare: &Compare) -> Option<(Field, Column, &str)> {
    let (field, column) = *ID_COLUMNS.iter().find(|(field, _)| *field == compare.path.root)?;
    match (&compare.value, compare.op) {
        (Operand::Text(needle), Op::Eq) if compare.path.segments.is_empty() => {
            Some((field, column, needle.folded()))
        }
        _ => None,
    }
}

/// Returns what stands before the hole of a template whose field is one string that ends in lower-case hex.
pub(crate) fn before_hex(template: &str, field: Field) -> std::result::Result<Option<String>, String> {
    let mut nodes = Vec::new();
    parse(template, &mut nodes).map_err(|fault| fault.to_string())?;
    let object = Document::new(template, &nodes).root().as_object().ok_or("a template is not an object")?;
    let value = timberline_entry::LogEntry::from_object(object).get(field).and_then(|value| value.as_text());
    let Some(text) = value.map(|text| text.value()) else { return Ok(None) };
    let prefix = text.strip_suffix(UNINDEXED_HOLE).filter(|prefix| prefix.is_ascii());
    Ok(prefix.map(str::to_owned))
}
