//! Which values of its pattern's closed holes an entry has: known from its shape, or from its message; and which value its
//! exception has.

use super::{GridBuilder, UnitValue, Variant};
use crate::patterns::Vocabulary;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use timberline_archive::catalog::VariantRecord;
use timberline_archive::exception::value_of;
use timberline_archive::patterns::Part;
use timberline_archive::segment::Subject;
use timberline_entry::{LogEntry, message};
use timberline_pattern::mask::Hole;

/// The values of an archive's closed holes, ready to be found in entries.
pub(super) struct ClosedValues<'v> {
    vocabulary: &'v Vocabulary<'v>,
    /// Units by the pattern and the place of its hole, then by value; of patterns that have a closed hole.
    units: BTreeMap<u64, BTreeMap<usize, BTreeMap<&'v str, u64>>>,
    /// Units by exception and value; of exceptions whose message is one of a few.
    of_exceptions: BTreeMap<u64, BTreeMap<&'v str, u64>>,
    /// What is known of shapes, as far as it was asked.
    shapes: HashMap<u64, Option<Arc<ShapeValues>>>,
    holes: Vec<Hole>,
}

/// What a shape says of its pattern's closed holes.
#[derive(Default)]
pub(super) struct ShapeValues {
    /// Units of values that all its entries have.
    pub(super) constant: Vec<u64>,
    /// Places of the template whose values stand in a hole of the shape, with that hole.
    varying: Vec<(usize, Part)>,
}

impl ShapeValues {
    /// Says whether messages have to be read to know all values.
    pub(super) const fn varies(&self) -> bool {
        !self.varying.is_empty()
    }
}

impl<'v> ClosedValues<'v> {
    /// Cost: the variants of the archive.
    pub(super) fn of(vocabulary: &'v Vocabulary<'v>) -> Self {
        let mut units: BTreeMap<u64, BTreeMap<usize, BTreeMap<&str, u64>>> = BTreeMap::new();
        let mut of_exceptions: BTreeMap<u64, BTreeMap<&str, u64>> = BTreeMap::new();
        for VariantRecord { id, subject, place, value, .. } in vocabulary.variants.all() {
            let by_value = match subject {
                Subject::Message(pattern) => units.entry(*pattern).or_default().entry(*place).or_default(),
                Subject::Exception(key) => of_exceptions.entry(*key).or_default(),
            };
            by_value.insert(value, *id);
        }
        Self { vocabulary, units, of_exceptions, shapes: HashMap::new(), holes: Vec::new() }
    }

    /// Tells a grid which units are values, and of what.
    pub(super) fn name(&self, builder: &mut GridBuilder) {
        for (pattern, places) in &self.units {
            for (place, values) in places {
                let hole = self.vocabulary.hole_number(Subject::Message(*pattern), *place);
                let hole = u32::try_from(hole).expect("a message has few holes");
                for (value, unit) in values {
                    let variant = Variant { hole, value: (*value).to_owned() };
                    builder.value(*unit, UnitValue { pattern: *pattern, variant });
                }
            }
        }
        for (exception, values) in &self.of_exceptions {
            for (value, unit) in values {
                let variant = Variant { hole: 0, value: (*value).to_owned() };
                builder.value(*unit, UnitValue { pattern: *exception, variant });
            }
        }
    }

    /// Says whether entries have to be read to know which value of the exception each tells of.
    pub(super) fn varies(&self, exception: u64) -> bool {
        self.of_exceptions.contains_key(&exception)
    }

    /// Returns the unit of the value of the exception that an entry tells of.
    pub(super) fn in_exception(&self, exception: u64, entry: &LogEntry<'_>) -> Option<u64> {
        let units = self.of_exceptions.get(&exception)?;
        let value = value_of(entry, exception, self.vocabulary.patterns.masker())?;
        units.get(value.as_str()).copied()
    }

    /// Returns what a shape of a pattern says; `None` where the pattern has no closed hole.
    pub(super) fn of_shape(&mut self, shape: u64, pattern: u64) -> Option<Arc<ShapeValues>> {
        let places = self.units.get(&pattern)?;
        let patterns = &self.vocabulary.patterns;
        let known = self.shapes.entry(shape).or_insert_with(|| {
            let mut found = ShapeValues::default();
            for (place, units) in places {
                match patterns.part(shape, *place) {
                    Some(Part::Constant(value)) => found.constant.extend(units.get(value.as_str())),
                    Some(hole @ Part::Hole(_)) => found.varying.push((*place, hole)),
                    None => {}
                }
            }
            (found.varies() || !found.constant.is_empty()).then(|| Arc::new(found))
        });
        known.clone()
    }

    /// Returns the units of the values that an entry of a shape has in its holes.
    pub(super) fn in_message(
        &mut self,
        pattern: u64,
        shape: &ShapeValues,
        entry: &LogEntry<'_>,
    ) -> impl Iterator<Item = u64> {
        let text = message(entry);
        self.vocabulary.patterns.masker().mask(&text, &mut self.holes);
        let places = self.units.get(&pattern);
        let unit =
            |(place, part): &(usize, Part)| places?.get(place)?.get(part.value(&text, &self.holes)?).copied();
        shape.varying.iter().filter_map(unit).collect::<Vec<_>>().into_iter()
    }
}
