//! Lists of what is told apart by a key, as short as they can be: what a map would hold in several times the memory.

use std::collections::BTreeMap;

/// Something of which there is one for every key.
pub(crate) trait Keyed {
    /// What tells it apart.
    type Key: Ord;

    /// Returns its key.
    fn key(&self) -> Self::Key;

    /// Takes in another of the same key. The order in which several are taken in must make no difference.
    fn join(&mut self, other: &Self);
}

/// A list whose items are joined by key before it grows.
///
/// Memory: at most twice what its items take once they are joined.
#[derive(Clone, Debug)]
pub(crate) struct Merged<T>(Vec<T>);

impl<T> Default for Merged<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Keyed> Merged<T> {
    /// Takes an item.
    pub(crate) fn push(&mut self, item: T) {
        if let Some(last) = self.0.last_mut().filter(|last| last.key() == item.key()) {
            last.join(&item);
            return;
        }
        if self.0.len() == self.0.capacity() {
            self.merge();
            // Half of the list came free, or it grows by a half.
            if self.0.len() > self.0.capacity() / 2 {
                self.0.reserve_exact(self.0.len().max(8) / 2);
            }
        }
        self.0.push(item);
    }

    fn merge(&mut self) {
        self.0.sort_unstable_by_key(T::key);
        self.0.dedup_by(|item, kept| {
            let is_same = item.key() == kept.key();
            if is_same {
                kept.join(item);
            }
            is_same
        });
    }

    /// Changes items before the list is finished, their keys as well.
    pub(crate) fn for_each_mut(&mut self, change: impl FnMut(&mut T)) {
        self.0.iter_mut().for_each(change);
    }

    /// Returns the items as they are, some keys perhaps more than once.
    pub(crate) fn into_items(self) -> Vec<T> {
        self.0
    }

    /// Says that nothing more comes.
    pub(crate) fn finish(&mut self) {
        self.merge();
        self.0.shrink_to_fit();
    }

    /// Returns one item for every key, in order, once the list is finished.
    pub(crate) fn sorted(&self) -> &[T] {
        debug_assert!(self.0.is_sorted_by_key(T::key), "the list was not finished");
        &self.0
    }
}

/// Adds counts to others by key.
pub(crate) fn add_counts<K: Ord>(counts: &mut BTreeMap<K, u64>, others: BTreeMap<K, u64>) {
    for (key, n) in others {
        *counts.entry(key).or_insert(0) += n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq)]
    struct Count(u8, u64);

    impl Keyed for Count {
        type Key = u8;

        fn key(&self) -> u8 {
            self.0
        }

        fn join(&mut self, other: &Self) {
            self.1 += other.1;
        }
    }

    proptest! {
        #[test]
        fn a_list_says_what_a_map_says(items: Vec<(u8, u32)>) {
            let (mut list, mut map) = (Merged::default(), BTreeMap::new());
            for (key, n) in items {
                list.push(Count(key % 40, n.into()));
                *map.entry(key % 40).or_insert(0) += u64::from(n);
                prop_assert!(list.0.capacity() <= 3 * map.len().max(8), "{} of {}", list.0.capacity(), map.len());
            }
            let expected: Vec<Count> = map.into_iter().map(|(key, n)| Count(key, n)).collect();
            list.finish();
            prop_assert_eq!(list.sorted(), expected);
        }
    }
}
