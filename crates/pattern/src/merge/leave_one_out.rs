//! Stage one: places where shapes differ that agree everywhere else.

use super::{MIN_CONSTANT_WORDS, MIN_WORDS_AT_PLACE, MIN_WORDS_BESIDE_TWO, Rank, Vocabulary};
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_128;

/// More rounds than any set has been seen to need; a bound in case of an unlucky one.
const MAX_ROUNDS: usize = 8;

/// A shape without one of its places.
struct Left {
    /// Hash of the place and of the tokens around it. 128 bits: a collision would merge strangers.
    rest: u128,
    /// The token that was left out.
    token: Rank,
    /// How many words remain.
    n_words: usize,
    shape_idx: usize,
    place: usize,
}

/// Repeats until no place changes.
pub(super) fn run(shapes: &mut [Vec<Rank>], vocabulary: &Vocabulary) {
    for _ in 0..MAX_ROUNDS {
        if !round(shapes, vocabulary) {
            return;
        }
    }
}

fn round(shapes: &mut [Vec<Rank>], vocabulary: &Vocabulary) -> bool {
    let distinct: Vec<Vec<Rank>> = shapes.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    let mut lefts = leave_each_out(&distinct, vocabulary);
    lefts.sort_unstable_by_key(|left| (left.rest, left.token, left.shape_idx));

    let mut values: Vec<(usize, usize)> = Vec::new();
    for bucket in lefts.chunk_by(|a, b| a.rest == b.rest) {
        let needed =
            if bucket[0].n_words == MIN_CONSTANT_WORDS { MIN_WORDS_BESIDE_TWO } else { MIN_WORDS_AT_PLACE };
        let (mut n_words, mut has_value, mut all_inflected) = (0, false, true);
        for token in bucket.chunk_by(|a, b| a.token == b.token).map(|same| same[0].token) {
            n_words += usize::from(vocabulary.is_alphanumeric[token as usize]);
            has_value |= token == vocabulary.value;
            all_inflected &= vocabulary.is_inflected[token as usize];
        }
        if has_value && n_words >= 1 || n_words >= needed && !all_inflected {
            let varies = |left: &&Left| {
                vocabulary.is_alphanumeric[left.token as usize] || left.token == vocabulary.value
            };
            values.extend(bucket.iter().filter(varies).map(|left| (left.shape_idx, left.place)));
        }
    }
    values.sort_unstable();

    let mut to = distinct.clone();
    for (shape_idx, place) in values {
        to[shape_idx][place] = vocabulary.value;
    }
    let mut changed = false;
    for shape in shapes {
        let idx = distinct.binary_search(shape).expect("every shape is among the distinct ones");
        if to[idx] != *shape && vocabulary.n_words(&to[idx]) >= MIN_CONSTANT_WORDS {
            shape.clone_from(&to[idx]);
            changed = true;
        }
    }
    changed
}

fn leave_each_out(distinct: &[Vec<Rank>], vocabulary: &Vocabulary) -> Vec<Left> {
    let mut lefts = Vec::new();
    let mut bytes: Vec<u8> = Vec::new();
    for (shape_idx, shape) in distinct.iter().enumerate() {
        let n_words = vocabulary.n_words(shape);
        bytes.clear();
        bytes.extend(shape.iter().flat_map(|rank| rank.to_le_bytes()));
        for (place, &token) in shape.iter().enumerate() {
            let n_words = n_words - usize::from(vocabulary.is_word[token as usize]);
            if n_words < MIN_CONSTANT_WORDS {
                continue;
            }
            // No rank reaches the largest number, so it marks the place left out.
            bytes[place * 4..place * 4 + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            lefts.push(Left { rest: xxh3_128(&bytes), token, n_words, shape_idx, place });
            bytes[place * 4..place * 4 + 4].copy_from_slice(&token.to_le_bytes());
        }
    }
    lefts
}
