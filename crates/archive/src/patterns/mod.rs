//! The patterns of an archive: which shapes of messages belong together, and what stood in their holes.
//!
//! ```text
//! pattern "No module named '<*>'"
//!   shape  No module named ' auth_service '        the word itself is the value, for all its rows
//!   shape  No module named ' <name> '              the values that its hole has held
//! ```
//!
//! A hole whose values are few and come back is closed, and each value of it is a *variant* with an id of its own. The same
//! goes for the message of an exception. Whether a hole is closed is a function of all its values in the archive.

mod counts;
mod exceptions;
mod held;
mod stream;
mod values;

use crate::archive::Archive;
use crate::catalog::{PatternRecord, VariantCatalog, VariantRecord};
use crate::error::Result;
use crate::segment::Subject;
use hashbrown::HashMap;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::BTreeMap;
use timberline_pattern::mask::{Hole, HoleKind, Masker};
use timberline_pattern::shape::{Fingerprint, Shape, Token};
use timberline_pattern::template;
use timberline_pattern::variants::{Openness, variant_id};

pub use exceptions::Exceptions;
pub use stream::{Stream, Streams};
pub use values::Values;

use counts::{ShapeCounts, shape_counts};
use held::Held;

/// The pattern catalogue, ready to be asked.
#[derive(Debug)]
pub struct Patterns {
    records: Vec<PatternRecord>,
    by_shape: HashMap<u64, usize>,
    /// Shapes of each pattern, the founding one among them.
    members: BTreeMap<u64, Vec<usize>>,
    masker: Masker,
}

/// How often something was there, and between when and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Entries.
    pub entries: u64,
    /// Time of the first, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last.
    pub last_ns: i64,
}

/// A place of a pattern that varies.
#[derive(Clone, Debug)]
pub struct HoleValues {
    /// Index of its token in the template.
    pub place: usize,
    /// Its kind.
    pub kind: HoleKind,
    /// Whether a new value is worth telling.
    pub openness: Openness,
    /// Of a closed one what is known of its values, by service and revision. Values without end (times, sizes, numbers that are
    /// no codes) are not among them.
    pub values: BTreeMap<String, BTreeMap<Stream, Seen>>,
    /// Entries whose value is not among them.
    pub others: u64,
}

/// One value of a closed hole.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its id, which works wherever an id of a pattern does.
    pub id: u64,
    /// Whose hole it is.
    pub subject: Subject,
    /// Which hole: index of its token in the template; 0 for an exception.
    pub place: usize,
    /// The value.
    pub value: String,
    /// By service and revision.
    pub seen: BTreeMap<Stream, Seen>,
}

impl Seen {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
    }
}

impl Variant {
    fn record(&self) -> VariantRecord {
        let first = self.seen.iter().map(|(stream, seen)| (seen.first_ns, stream.revision())).min();
        let (first_ns, revision) = first.unwrap_or((i64::MAX, ""));
        VariantRecord {
            id: self.id,
            subject: self.subject,
            place: self.place,
            value: self.value.clone(),
            first_ns,
            first_revision: revision.into(),
        }
    }
}

/// Makes the variant catalogue. Cost: the pattern catalogue, and the values and ring facts of all segments.
pub(crate) fn variants_of(archive: &Archive) -> Result<VariantCatalog> {
    let (patterns, exceptions) = rayon::join(|| Patterns::read(archive), || Exceptions::read(archive));
    let (patterns, values) = (patterns?, Values::read(archive.segments())?);
    let of_patterns = patterns.variants(&patterns.holes(archive, &values)?);
    let of_exceptions = exceptions?.variants(&values);
    let all = of_patterns.values().chain(of_exceptions.values()).flatten();
    Ok(VariantCatalog::new(all.map(Variant::record).collect()))
}

impl Patterns {
    /// Reads the catalogue.
    ///
    /// # Errors
    /// [`Damaged`](crate::Error::Damaged) when it cannot be read.
    pub fn read(archive: &Archive) -> Result<Self> {
        let records = archive.patterns()?;
        let masker = archive.manifest().masker()?;
        let mut members: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        let mut by_shape = HashMap::with_capacity(records.len());
        for (idx, record) in records.iter().enumerate() {
            by_shape.insert(record.shape, idx);
            if record.entries > 0 {
                members.entry(record.pattern).or_default().push(idx);
            }
        }
        Ok(Self { records, by_shape, members, masker })
    }

    /// Returns the ids of all patterns, ascending.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.members.keys().copied()
    }

    /// Returns the shapes of a pattern, by fingerprint; none for what is no id of today.
    pub fn shapes_of(&self, pattern: u64) -> impl Iterator<Item = &PatternRecord> {
        self.members.get(&pattern).into_iter().flatten().map(|idx| &self.records[*idx])
    }

    /// Returns a pattern as it is shown; empty for what is no id of today.
    pub fn template(&self, pattern: u64) -> &str {
        self.shapes_of(pattern).next().map_or("", |record| &record.template)
    }

    /// Returns what finds the values in messages.
    pub const fn masker(&self) -> &Masker {
        &self.masker
    }

    /// Returns the value that a message has at a place of its pattern's template; `None` where it has several in one or
    /// the message is not of a known shape.
    ///
    /// `shape` is the fingerprint of the message's shape, and `holes` are its values.
    pub fn value_at(&self, shape: u64, place: usize, text: &str, holes: &[Hole]) -> Option<String> {
        Some(self.part(shape, place)?.value(text, holes)?.to_owned())
    }

    /// Returns what a shape has at a place of its pattern's template; `None` where several values, or values and words,
    /// became one place.
    pub fn part(&self, shape: u64, place: usize) -> Option<Part> {
        let record = &self.records[*self.by_shape.get(&shape)?];
        Part::of(&Shape::from_line(&record.line), &record.places, place)
    }

    /// Returns what stood in each hole of each pattern. Cost: ring facts of all segments.
    ///
    /// # Errors
    /// [`Damaged`](crate::Error::Damaged) when an index cannot be read.
    pub fn holes(&self, archive: &Archive, values: &Values) -> Result<BTreeMap<u64, Vec<HoleValues>>> {
        // A shape that is its pattern's template has no word of its own where the template has a value.
        let is_counted = |shape: u64| {
            self.by_shape.get(&shape).map(|idx| &self.records[*idx]).is_some_and(|record| {
                let is_template = record.line == record.template_line
                    && record.places.iter().enumerate().all(|(token, place)| token == usize::from(*place));
                !is_template
            })
        };
        let counts = shape_counts(archive.segments(), is_counted)?;
        let members: Vec<(&u64, &Vec<usize>)> = self.members.iter().collect();
        let of_pattern =
            |(pattern, members): &(&u64, &Vec<usize>)| (**pattern, self.holes_of(members, &counts, values));
        let holes: Vec<(u64, Vec<HoleValues>)> = members.par_iter().map(of_pattern).collect();
        Ok(holes.into_iter().collect())
    }

    fn holes_of(&self, members: &[usize], counts: &ShapeCounts, values: &Values) -> Vec<HoleValues> {
        let template = Shape::from_line(&self.records[members[0]].template_line);
        let members: Vec<(&PatternRecord, Shape)> = members
            .iter()
            .map(|idx| (&self.records[*idx], Shape::from_line(&self.records[*idx].line)))
            .collect();
        let mut holes = Vec::new();
        for (place, token) in template.tokens().iter().enumerate() {
            let Token::Value(kind) = token else { continue };
            let parts: Vec<Option<Part>> =
                members.iter().map(|(record, shape)| Part::of(shape, &record.places, place)).collect();
            let mut held = Held::default();
            let (mut others, mut is_endless) = (0, false);
            for ((record, _), part) in members.iter().zip(&parts) {
                match part {
                    Some(Part::Constant(value)) => {
                        let of_shape = counts.get(&record.shape).into_iter().flatten();
                        of_shape.for_each(|(stream, seen)| held.push(value, stream, *seen));
                    }
                    Some(Part::Hole(idx)) => {
                        others += record.entries;
                        let Some(values) = values.of(Subject::Message(record.shape), *idx) else {
                            is_endless = true;
                            continue;
                        };
                        for value in values {
                            others -= value.seen.entries;
                            held.push(value.text, value.stream, value.seen);
                        }
                    }
                    None => others += record.entries,
                }
            }
            let is_endless = is_endless || (*kind == HoleKind::Num && others > 0) || held.is_empty();
            let (openness, values) = held.closed_values(template.tokens(), place, is_endless);
            holes.push(HoleValues { place, kind: *kind, openness, values, others });
        }
        holes
    }

    /// Returns the variants of every pattern, by pattern, hole and value. A hole that held one value only has none.
    pub fn variants(&self, holes: &BTreeMap<u64, Vec<HoleValues>>) -> BTreeMap<u64, Vec<Variant>> {
        let of_hole = |pattern: u64, hole: &HoleValues| {
            let place = self.founding_place(pattern, hole.place).unwrap_or(hole.place);
            let variant = |(value, seen): (&String, &BTreeMap<Stream, Seen>)| Variant {
                id: variant_id(Fingerprint(pattern), place, value).0,
                subject: Subject::Message(pattern),
                place: hole.place,
                value: value.clone(),
                seen: seen.clone(),
            };
            hole.values.iter().map(variant).collect::<Vec<_>>()
        };
        let tells = |hole: &&HoleValues| {
            hole.openness == Openness::Closed && hole.values.len() + usize::from(hole.others > 0) > 1
        };
        let of_pattern = |(pattern, holes): (&u64, &Vec<HoleValues>)| {
            (*pattern, holes.iter().filter(tells).flat_map(|hole| of_hole(*pattern, hole)).collect())
        };
        holes.iter().map(of_pattern).collect()
    }

    /// Returns the index, among the tokens of a shape, of the first that became part of a place of the template.
    fn founding_place(&self, shape: u64, place: usize) -> Option<usize> {
        let record = &self.records[*self.by_shape.get(&shape)?];
        record.places.iter().position(|of| usize::from(*of) == place)
    }

    /// Finds the variant that has an id, or had it when another shape was its pattern's founding one.
    pub fn find_variant<'v>(&self, variants: &'v VariantCatalog, id: u64) -> Option<&'v VariantRecord> {
        if let Some(found) = variants.all().iter().find(|variant| variant.id == id) {
            return Some(found);
        }
        // Rarely asked: an id from before older messages founded the pattern anew.
        variants.all().iter().find(|variant| {
            let Subject::Message(pattern) = variant.subject else { return false };
            self.shapes_of(pattern).any(|shape| {
                let place = self.founding_place(shape.shape, variant.place);
                place.is_some_and(|place| variant_id(Fingerprint(shape.shape), place, &variant.value).0 == id)
            })
        })
    }
}

/// What a shape has at a place of its pattern's template.
#[derive(Clone, Debug)]
pub enum Part {
    /// The same in all its messages.
    Constant(String),
    /// The value of its hole of this number.
    Hole(usize),
}

impl Part {
    /// Returns the value of a message of the shape, whose values are `holes`.
    pub fn value<'v>(&'v self, text: &'v str, holes: &[Hole]) -> Option<&'v str> {
        match self {
            Self::Constant(value) => Some(value),
            Self::Hole(idx) => Some(holes.get(*idx)?.value(text)),
        }
    }

    /// `None` where several values, or values and words, became one place.
    fn of(shape: &Shape, places: &[u16], place: usize) -> Option<Self> {
        let at = |token: &usize| places.get(*token).is_some_and(|of| usize::from(*of) == place);
        let own: Vec<usize> = (0..shape.tokens().len()).filter(at).collect();
        let is_value = |token: &usize| matches!(shape.tokens()[*token], Token::Value(_));
        match own.as_slice() {
            [] => None,
            [only] if is_value(only) => Some(Self::Hole((0..*only).filter(is_value).count())),
            [first, .., last] if !own.iter().any(is_value) => {
                Some(Self::Constant(template::of_tokens(&shape.tokens()[*first..=*last])))
            }
            [only] => Some(Self::Constant(template::of_tokens(&shape.tokens()[*only..=*only]))),
            _ => None,
        }
    }
}
