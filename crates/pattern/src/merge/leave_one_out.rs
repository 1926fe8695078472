//! Stage one: places where shapes differ that agree everywhere else.
//!
//! A place is one token, or several that belong together: what stands in quotes or brackets, or a list with commas. So
//! `labels [a, b]` and `labels [c]` differ in one place.

use super::spans::{self, Kind};
use super::{MIN_CONSTANT_WORDS, MIN_WORDS_AT_PLACE, MIN_WORDS_BESIDE_MANY, MIN_WORDS_BESIDE_TWO};
use super::{Rank, Vocabulary, Work};
use std::collections::BTreeSet;
use std::ops::Range;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// More rounds than any set has been seen to need; a bound in case of an unlucky one.
const MAX_ROUNDS: usize = 8;

/// From how many remaining words on [`MIN_WORDS_BESIDE_MANY`] words are enough.
const MANY: usize = 5;

/// A shape without one of its places.
struct Left {
    /// Hash of the tokens around the place. 128 bits: a collision would merge strangers.
    rest: u128,
    /// What was left out: a rank, or a hash with the highest bit set.
    content: u64,
    kind: Kind,
    /// How many words remain.
    n_words: usize,
    shape_idx: usize,
    start: usize,
    end: usize,
}

/// Repeats until no place changes.
pub(super) fn run(work: &mut Work, vocabulary: &Vocabulary) {
    for _ in 0..MAX_ROUNDS {
        if !round(work, vocabulary) {
            return;
        }
    }
}

fn round(work: &mut Work, vocabulary: &Vocabulary) -> bool {
    let distinct: Vec<Vec<Rank>> = work.tokens.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    let mut lefts = leave_each_out(&distinct, vocabulary);
    lefts.sort_unstable_by_key(|left| (left.rest, left.content, left.kind, left.shape_idx, left.start));

    let mut values: Vec<Vec<Range<usize>>> = vec![Vec::new(); distinct.len()];
    for bucket in lefts.chunk_by(|a, b| a.rest == b.rest).filter(|bucket| bucket.len() > 1) {
        for left in varying(bucket, vocabulary) {
            values[left.shape_idx].push(left.start..left.end);
        }
    }

    let to: Vec<Option<Replaced>> = distinct
        .iter()
        .zip(values)
        .map(|(shape, values)| (!values.is_empty()).then(|| replace(shape, values, vocabulary)).flatten())
        .collect();
    let mut changed = false;
    for (shape, places) in work.tokens.iter_mut().zip(&mut work.places) {
        let idx = distinct.binary_search(shape).expect("every shape is among the distinct ones");
        if let Some(replaced) = &to[idx] {
            shape.clone_from(&replaced.tokens);
            places.iter_mut().for_each(|place| *place = replaced.new_idx[*place]);
            changed = true;
        }
    }
    changed
}

/// Returns the members of a bucket whose place is a value, by the evidence of all of them.
fn varying<'l>(bucket: &'l [Left], vocabulary: &Vocabulary) -> impl Iterator<Item = &'l Left> {
    // `x+`, `y+` and `z+` are parts of a machine, and three of them prove nothing.
    let has_letter =
        bucket.iter().any(|left| left.kind == Kind::Token && !vocabulary.is_long_word[left.rank()]);
    let needed = match bucket[0].n_words {
        MIN_CONSTANT_WORDS => MIN_WORDS_BESIDE_TWO,
        MANY.. if !has_letter => MIN_WORDS_BESIDE_MANY,
        _ => MIN_WORDS_AT_PLACE,
    };
    let (mut n_tight, mut n_lists, mut n_dotted, mut n_asides) = (0, 0, 0, 0);
    let (mut has_value, mut all_inflected) = (false, true);
    for left in bucket.chunk_by(|a, b| a.content == b.content).map(|same| &same[0]) {
        match left.kind {
            Kind::Value => has_value = true,
            Kind::Token => n_tight += usize::from(vocabulary.is_alphanumeric[left.rank()]),
            Kind::Delimited => n_tight += 1,
            Kind::List => n_lists += 1,
            Kind::Dotted => n_dotted += 1,
            Kind::Aside => n_asides += 1,
        }
        all_inflected &= left.kind == Kind::Token && vocabulary.is_inflected[left.rank()];
    }
    // What has commas in it is a list when its length varies; else it is a phrase such as `on sda, internal`.
    let lengths = || {
        bucket
            .iter()
            .filter(|left| !matches!(left.kind, Kind::Delimited | Kind::Dotted | Kind::Aside))
            .map(|left| left.end - left.start)
    };
    if lengths().min() == lengths().max() {
        n_lists = 0;
    }
    let enough = |n_contents: usize, needed: usize| n_contents >= needed && !all_inflected;
    let n_names = n_tight + n_lists + n_dotted;
    let n_values = usize::from(has_value);
    let lists = n_lists > 0 && enough(n_names + n_values, needed);
    let dotted = n_dotted > 0 && (has_value && n_tight + n_dotted >= 2 || enough(n_names + n_values, needed));
    let asides = n_asides > 0 && enough(n_names + n_asides + n_values, MIN_WORDS_BESIDE_TWO);
    let tight = has_value && n_tight >= 1 || lists || dotted || asides || enough(n_names, needed);
    let is_alphanumeric: Vec<bool> = bucket
        .iter()
        .map(|left| left.kind != Kind::Token || vocabulary.is_alphanumeric[left.rank()])
        .collect();
    bucket.iter().zip(is_alphanumeric).filter_map(move |(left, is_alphanumeric)| {
        let varies = match left.kind {
            Kind::Value | Kind::Token | Kind::Delimited => tight,
            Kind::List => lists || asides,
            Kind::Dotted => dotted || asides,
            Kind::Aside => asides,
        };
        (varies && is_alphanumeric).then_some(left)
    })
}

impl Left {
    /// The rank of a single token.
    fn rank(&self) -> usize {
        usize::try_from(self.content).expect("a rank has 32 bits")
    }
}

/// A shape with values in place of some of its tokens.
struct Replaced {
    tokens: Vec<Rank>,
    /// For each token of the shape before, its index in `tokens`.
    new_idx: Vec<usize>,
}

/// Puts one value in each place; of places that overlap the first and longest counts. Nothing when too few words would stay.
fn replace(shape: &[Rank], mut values: Vec<Range<usize>>, vocabulary: &Vocabulary) -> Option<Replaced> {
    values.sort_unstable_by_key(|value| (value.start, std::cmp::Reverse(value.end)));
    let mut replaced =
        Replaced { tokens: Vec::with_capacity(shape.len()), new_idx: Vec::with_capacity(shape.len()) };
    let mut values = values.into_iter().peekable();
    let mut idx = 0;
    while idx < shape.len() {
        while values.next_if(|value| value.start < idx).is_some() {}
        let end = match values.next_if(|value| value.start == idx) {
            Some(value) => {
                replaced.tokens.push(vocabulary.value);
                value.end
            }
            None => {
                replaced.tokens.push(shape[idx]);
                idx + 1
            }
        };
        replaced.new_idx.resize(end, replaced.tokens.len() - 1);
        idx = end;
    }
    (replaced.tokens != shape && vocabulary.n_words(&replaced.tokens) >= MIN_CONSTANT_WORDS)
        .then_some(replaced)
}

fn leave_each_out(distinct: &[Vec<Rank>], vocabulary: &Vocabulary) -> Vec<Left> {
    let mut lefts = Vec::new();
    let mut rest: Vec<u8> = Vec::new();
    let mut places: Vec<(Range<usize>, Kind)> = Vec::new();
    for (shape_idx, shape) in distinct.iter().enumerate() {
        let n_words = vocabulary.n_words(shape);
        let bytes: Vec<u8> = shape.iter().flat_map(|rank| rank.to_le_bytes()).collect();
        places.clear();
        spans::find(shape, vocabulary, &mut places);
        for (place, kind) in &places {
            let n_words = n_words - vocabulary.n_words(&shape[place.clone()]);
            if n_words < MIN_CONSTANT_WORDS {
                continue;
            }
            rest.clear();
            rest.extend_from_slice(&bytes[..place.start * 4]);
            // No rank reaches the largest number, so it marks the place left out.
            rest.extend_from_slice(&u32::MAX.to_le_bytes());
            rest.extend_from_slice(&bytes[place.end * 4..]);
            let content = match place.len() {
                1 => u64::from(shape[place.start]),
                _ => xxh3_64(&bytes[place.start * 4..place.end * 4]) | 1 << 63,
            };
            let (start, end) = (place.start, place.end);
            lefts.push(Left { rest: xxh3_128(&rest), content, kind: *kind, n_words, shape_idx, start, end });
        }
    }
    lefts
}
