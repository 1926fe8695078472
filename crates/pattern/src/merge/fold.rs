//! Between the stages: shapes that a template found so far describes.
//!
//! Leaving one place out makes values of places one at a time, and shapes that would have been evidence for each other may
//! part on the way: `from <*> to <*>` no longer agrees with `from A to B` in all places but one. What agrees with a merged
//! template in everything but its values belongs to it.

use super::{Rank, Vocabulary, Work};
use std::collections::{BTreeMap, BTreeSet};

/// How many different sets of places are tried for one length. A bound for sets without any statement in them; ordinary
/// ones have a few dozen.
const MAX_PLACE_SETS: usize = 500;

/// Puts values where the template has them; returns whether any shape changed.
pub(super) fn run(work: &mut Work, vocabulary: &Vocabulary) -> bool {
    let distinct: BTreeSet<Vec<Rank>> = work.tokens.iter().cloned().collect();
    // By length: the places of values of each template that has some, with the number of templates that have them there.
    let mut place_sets: BTreeMap<usize, BTreeMap<Vec<usize>, usize>> = BTreeMap::new();
    for shape in &distinct {
        let places: Vec<usize> = (0..shape.len()).filter(|idx| shape[*idx] == vocabulary.value).collect();
        if !places.is_empty() {
            *place_sets.entry(shape.len()).or_default().entry(places).or_default() += 1;
        }
    }
    let mut to: BTreeMap<&Vec<Rank>, Vec<Rank>> = BTreeMap::new();
    for (len, sets) in &place_sets {
        let mut sets: Vec<(&Vec<usize>, &usize)> = sets.iter().collect();
        sets.sort_by_key(|(places, n_templates)| (std::cmp::Reverse(**n_templates), *places));
        sets.truncate(MAX_PLACE_SETS);
        // More values first, so that a chain of templates ends in the most general.
        sets.sort_by_key(|(places, _)| (std::cmp::Reverse(places.len()), *places));
        for shape in distinct.iter().filter(|shape| shape.len() == *len) {
            let described =
                sets.iter().find_map(|(places, _)| describe(shape, places, &distinct, vocabulary));
            if let Some(template) = described {
                to.insert(shape, template);
            }
        }
    }
    let mut changed = false;
    for shape in &mut work.tokens {
        if let Some(template) = to.get(&*shape) {
            shape.clone_from(template);
            changed = true;
        }
    }
    changed
}

/// Returns the template with values at these places, when there is one that describes the shape.
///
/// At least two places must differ, all of them words: one is what leaving one out decides.
fn describe(
    shape: &[Rank],
    places: &[usize],
    distinct: &BTreeSet<Vec<Rank>>,
    vocabulary: &Vocabulary,
) -> Option<Vec<Rank>> {
    let mut n_different = 0;
    for &place in places {
        if shape[place] != vocabulary.value {
            if !vocabulary.is_long_word[shape[place] as usize] {
                return None;
            }
            n_different += 1;
        }
    }
    if n_different < 2 {
        return None;
    }
    let mut template = shape.to_vec();
    places.iter().for_each(|place| template[*place] = vocabulary.value);
    distinct.contains(&template).then_some(template)
}
