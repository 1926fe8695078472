//! The variant catalogue: the values of closed holes that have ids of their own, and where each was first there.
//!
//! ```text
//! pattern "No module named '<*>'"   place 3   "auth_service"   its id   first at 08:12 in api-00042
//!                                             "billing"        its id   first at 09:30 in api-00043
//! ```
//!
//! Whether a hole is closed is a function of all values that it has held, which are read from all segments. Whoever compares
//! revisions, or asks for a variant, needs what came of it and not the values. The catalogue is a function of the segments, as
//! those of shapes and streams are: where it is missing or damaged it is made of them, and the answers are the same.

use crate::error::Result;
use crate::segment::{BlockReader, BlockWriter, Subject, read_block};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The variants of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariantCatalog {
    /// By subject, place and value.
    variants: Vec<VariantRecord>,
}

/// One value of a closed hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantRecord {
    /// Its id, which works wherever an id of a pattern does.
    pub id: u64,
    /// Whose hole it is: the pattern or the exception.
    pub subject: Subject,
    /// Which hole: index of its token in the pattern's template; 0 for an exception.
    pub place: usize,
    /// The value.
    pub value: String,
    /// Time of its first entry, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Revision of its first entry; empty for entries that do not say.
    pub first_revision: Arc<str>,
}

impl VariantCatalog {
    pub(crate) fn new(mut variants: Vec<VariantRecord>) -> Self {
        variants.sort_by(|a, b| (a.subject, a.place, &a.value).cmp(&(b.subject, b.place, &b.value)));
        Self { variants }
    }

    /// Returns all variants, by subject, place and value.
    pub fn all(&self) -> &[VariantRecord] {
        &self.variants
    }

    /// Returns the variants of a pattern or exception, by place and value.
    pub fn of(&self, subject: Subject) -> &[VariantRecord] {
        let start = self.variants.partition_point(|variant| variant.subject < subject);
        let own = self.variants[start..].partition_point(|variant| variant.subject == subject);
        &self.variants[start..start + own]
    }
}

/// Writes the content of the catalogue.
pub(crate) fn write(catalog: &VariantCatalog) -> Vec<u8> {
    let VariantCatalog { variants } = catalog;
    let of_subjects: Vec<&[VariantRecord]> = variants.chunk_by(|a, b| a.subject == b.subject).collect();
    let n_messages = of_subjects.partition_point(|own| matches!(own[0].subject, Subject::Message(_)));
    let mut revisions: BTreeMap<&str, u64> =
        variants.iter().map(|variant| (&*variant.first_revision, 0)).collect();
    revisions.values_mut().zip(0..).for_each(|(number, idx)| *number = idx);
    let mut block = BlockWriter::default();
    block.numbers([n_messages as u64].into_iter());
    block.numbers(of_subjects.iter().map(|own| match own[0].subject {
        Subject::Message(id) | Subject::Exception(id) => id,
    }));
    block.numbers(of_subjects.iter().map(|own| own.len() as u64));
    block.numbers(variants.iter().map(|variant| variant.place as u64));
    block.texts(variants.iter().map(|variant| variant.value.as_str()));
    block.numbers(variants.iter().map(|variant| variant.id));
    block.numbers(variants.iter().map(|variant| variant.first_ns.cast_unsigned()));
    block.texts(revisions.keys().copied().collect::<Vec<_>>().into_iter());
    block.numbers(variants.iter().map(|variant| revisions[&*variant.first_revision]));
    block.pack()
}

/// Reads a catalogue.
pub(crate) fn read(content: &[u8], path: &str) -> Result<VariantCatalog> {
    read_block(content, path, "the lists of variants do not fit together", catalog)
}

fn catalog(lists: &mut BlockReader<'_>) -> Option<VariantCatalog> {
    let [n_messages] = lists.numbers()?[..] else { return None };
    let (subjects, lens) = (lists.numbers()?, lists.small()?);
    let (places, values) = (lists.small()?, lists.texts()?);
    let (ids, firsts) = (lists.numbers()?, lists.times()?);
    let revisions: Vec<Arc<str>> = lists.texts()?.into_iter().map(Arc::from).collect();
    let of_revisions = lists.small()?;
    let n: u64 = lens.iter().map(|len| u64::from(*len)).sum();
    let lists_of_all = [places.len(), values.len(), ids.len(), firsts.len(), of_revisions.len()];
    if lens.len() != subjects.len() || lists_of_all.iter().any(|len| *len as u64 != n) {
        return None;
    }
    let mut variants = Vec::with_capacity(values.len());
    for (number, (subject, len)) in (0..).zip(subjects.into_iter().zip(lens)) {
        let subject =
            if number < n_messages { Subject::Message(subject) } else { Subject::Exception(subject) };
        for idx in variants.len()..variants.len() + len as usize {
            variants.push(VariantRecord {
                id: ids[idx],
                subject,
                place: places[idx] as usize,
                value: values[idx].to_owned(),
                first_ns: firsts[idx],
                first_revision: revisions.get(of_revisions[idx] as usize)?.clone(),
            });
        }
    }
    let is_sorted = variants.is_sorted_by_key(|variant| variant.subject);
    is_sorted.then_some(VariantCatalog { variants })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn variant() -> impl Strategy<Value = VariantRecord> {
        let subject = (any::<bool>(), 0u64..6).prop_map(|(is_message, id)| {
            if is_message { Subject::Message(id) } else { Subject::Exception(id) }
        });
        (any::<u64>(), subject, 0usize..300, ".{0,8}", any::<i64>(), "r?[0-9]?").prop_map(
            |(id, subject, place, value, first_ns, revision)| VariantRecord {
                id,
                subject,
                place,
                value,
                first_ns,
                first_revision: revision.into(),
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(variants in proptest::collection::vec(variant(), 0..40)) {
            let catalog = VariantCatalog::new(variants.clone());
            let content = write(&catalog);
            prop_assert_eq!(&read(&content, "x").unwrap(), &catalog);
            for subject in (0..6).flat_map(|id| [Subject::Message(id), Subject::Exception(id)]) {
                let n = variants.iter().filter(|variant| variant.subject == subject).count();
                prop_assert_eq!(catalog.of(subject).len(), n);
                prop_assert!(catalog.of(subject).iter().all(|variant| variant.subject == subject));
            }
        }

        #[test]
        fn damage_is_an_error_or_harmless(variants in proptest::collection::vec(variant(), 1..20), at: usize, byte: u8) {
            let mut block = write(&VariantCatalog::new(variants));
            let at = at % block.len();
            block[at] = byte;
            // Whatever comes of it, nothing panics.
            if let Ok(catalog) = read(&block, "x") {
                prop_assert!(catalog.all().is_sorted_by_key(|variant| variant.subject));
            }
        }
    }
}
