//! Answers that are worked out once and asked for often.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Returns what a cell holds, after working it out if there is nothing yet.
pub(crate) fn get_or_try<T, E>(cell: &OnceCell<T>, work: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let found = work()?;
    Ok(cell.get_or_init(|| found))
}

/// What was worked out before, by what was asked. What is worked out must be the same whoever asks first.
#[derive(Debug)]
pub(crate) struct Memo<K, V>(Mutex<BTreeMap<K, V>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V: Clone> Memo<K, V> {
    /// Returns what is known, or works it out; two who ask at once may both do so.
    pub(crate) fn get_or(&self, key: K, work: impl FnOnce() -> V) -> V {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(&key) {
            return found.clone();
        }
        let found = work();
        known().insert(key, found.clone());
        found
    }
}
