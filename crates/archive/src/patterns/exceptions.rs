//! The exceptions of an archive, and the values that their messages have had.

use super::{Held, Seen, Stream, Values, Variant};
use crate::archive::Archive;
use crate::error::Result;
use crate::exception::ExceptionRecord;
use crate::segment::Subject;
use std::collections::{BTreeMap, BTreeSet};
use timberline_pattern::mask::HoleKind;
use timberline_pattern::shape::{Fingerprint, Token};
use timberline_pattern::variants::{MAX_CLOSED_VALUES, Openness, variant_id};

/// The exceptions of an archive.
#[derive(Debug, Default)]
pub struct Exceptions {
    records: BTreeMap<u64, ExceptionRecord>,
    by_loose: BTreeMap<u64, BTreeSet<u64>>,
}

impl Exceptions {
    /// Reads the exceptions of all segments; what is said of one is what its first entry says.
    ///
    /// # Errors
    /// [`Damaged`](crate::Error::Damaged) when an index cannot be read.
    pub fn read(archive: &Archive) -> Result<Self> {
        let mut all = Self::default();
        for segment in archive.segments() {
            for record in segment.exceptions()? {
                all.by_loose.entry(record.loose).or_default().insert(record.key);
                match all.records.get_mut(&record.key) {
                    None => {
                        all.records.insert(record.key, record);
                    }
                    // Segments are in time order, so what is known is earlier.
                    Some(known) => {
                        known.rows += record.rows;
                        known.last_ns = known.last_ns.max(record.last_ns);
                    }
                }
            }
        }
        Ok(all)
    }

    /// Returns what is known of an exception.
    pub fn get(&self, key: u64) -> Option<&ExceptionRecord> {
        self.records.get(&key)
    }

    /// Returns all exceptions by key.
    pub fn all(&self) -> impl Iterator<Item = &ExceptionRecord> {
        self.records.values()
    }

    /// Returns the keys that an id means: itself, or those that have it as their loose key.
    pub fn keys_of(&self, id: u64) -> Vec<u64> {
        if self.records.contains_key(&id) {
            return vec![id];
        }
        self.by_loose.get(&id).into_iter().flatten().copied().collect()
    }

    /// Returns the variants of every exception whose message is one of a few. Messages of traces that go on in other
    /// entries are not told apart.
    pub fn variants(&self, values: &Values) -> BTreeMap<u64, Vec<Variant>> {
        let mut variants = BTreeMap::new();
        let tokens = [Token::Value(HoleKind::Value)];
        for key in self.records.keys() {
            let Some(of_exception) = values.of(Subject::Exception(*key), 0) else { continue };
            let mut held = Held::default();
            of_exception.for_each(|value| held.push(value.text, value.stream, value.seen));
            let (openness, found) = held.closed_values(&tokens, 0, false);
            if found.len() < 2 || openness == Openness::Open {
                continue;
            }
            debug_assert!(found.len() as u64 <= MAX_CLOSED_VALUES);
            let variant = |(value, seen): (String, BTreeMap<Stream, Seen>)| Variant {
                id: variant_id(Fingerprint(*key), 0, &value).0,
                subject: Subject::Exception(*key),
                place: 0,
                value,
                seen,
            };
            variants.insert(*key, found.into_iter().map(variant).collect());
        }
        variants
    }
}
