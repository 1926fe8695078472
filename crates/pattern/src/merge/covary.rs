//! Stage two: shapes of one length that differ in several words at once.

use super::{MIN_CONSTANT_WORDS, MIN_SHAPES, Rank, Vocabulary};
use std::collections::{BTreeMap, BTreeSet};

/// At most this share of the words may vary: two in five.
const MAX_VARYING: (usize, usize) = (2, 5);

/// How many clusters a shape is compared with, the latest in sorted order. Ordinary archives have a few dozen of one length
/// and first word; the bound keeps a set without any statement in it linear.
const MAX_CLUSTERS: usize = 2000;

struct Cluster {
    /// The common tokens; nothing where they vary.
    template: Vec<Option<Rank>>,
    members: Vec<Vec<Rank>>,
}

/// Clusters greedily in sorted order, so that the outcome depends on the set alone.
pub(super) fn run(shapes: &mut [Vec<Rank>], vocabulary: &Vocabulary) {
    let distinct: BTreeSet<Vec<Rank>> = shapes.iter().cloned().collect();
    let mut groups: BTreeMap<(usize, Option<Rank>), Vec<Vec<Rank>>> = BTreeMap::new();
    for shape in distinct {
        let first_word = shape.iter().copied().find(|&rank| vocabulary.is_word[rank as usize]);
        groups.entry((shape.len(), first_word)).or_default().push(shape);
    }
    let mut to: BTreeMap<Vec<Rank>, Vec<Rank>> = BTreeMap::new();
    for members in groups.into_values().filter(|members| members.len() >= MIN_SHAPES) {
        for cluster in clusters(members, vocabulary).into_iter().filter(|c| c.members.len() >= MIN_SHAPES) {
            let varies = varying(&cluster, vocabulary);
            for member in cluster.members {
                let token =
                    |(place, rank): (usize, &Rank)| if varies[place] { vocabulary.value } else { *rank };
                let template = member.iter().enumerate().map(token).collect();
                to.insert(member, template);
            }
        }
    }
    for shape in shapes {
        if let Some(template) = to.get(shape) {
            shape.clone_from(template);
        }
    }
}

/// Tells which places of a cluster are values: those with three words or more, or with a value already. Two words, such as
/// `view` and `modify`, are two statements however much the rest varies.
fn varying(cluster: &Cluster, vocabulary: &Vocabulary) -> Vec<bool> {
    let varies = |(place, common): (usize, &Option<Rank>)| {
        let contents = || cluster.members.iter().map(|member| member[place]);
        common.is_none()
            && (contents().any(|rank| rank == vocabulary.value)
                || contents().collect::<BTreeSet<_>>().len() >= MIN_SHAPES)
    };
    cluster.template.iter().enumerate().map(varies).collect()
}

fn clusters(members: Vec<Vec<Rank>>, vocabulary: &Vocabulary) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for shape in members {
        let mut best: Option<(usize, usize)> = None;
        let oldest = clusters.len().saturating_sub(MAX_CLUSTERS);
        for (idx, cluster) in clusters.iter().enumerate().skip(oldest) {
            if let Some(n_constant) = agreement(&cluster.template, &shape, vocabulary)
                && best.is_none_or(|(_, most)| n_constant > most)
            {
                best = Some((idx, n_constant));
            }
        }
        let Some((idx, _)) = best else {
            clusters
                .push(Cluster { template: shape.iter().copied().map(Some).collect(), members: vec![shape] });
            continue;
        };
        let cluster = &mut clusters[idx];
        for (common, &token) in cluster.template.iter_mut().zip(&shape) {
            if *common != Some(token) {
                *common = None;
            }
        }
        cluster.members.push(shape);
    }
    clusters
}

/// More adjacent words than this are another phrase, such as the reason of an error, and not a value.
const MAX_ADJACENT: usize = 2;

/// Counts the words a shape has in common with a template, or nothing when the two cannot be one statement.
///
/// They cannot when they differ in a symbol, in a single letter (`x+` against `y+`), in what happened (`started` against
/// `stopped`), in a name inside a path of code (`Driver::start`), in a whole phrase, or in too many words.
fn agreement(template: &[Option<Rank>], shape: &[Rank], vocabulary: &Vocabulary) -> Option<usize> {
    let may_vary = |rank: Rank| vocabulary.is_long_word[rank as usize] || rank == vocabulary.value;
    let is_inflected = |rank: Rank| vocabulary.is_inflected[rank as usize];
    let (mut n_constant, mut n_different, mut n_adjacent) = (0, 0, 0);
    for (place, (common, &token)) in template.iter().zip(shape).enumerate() {
        if *common == Some(token) {
            n_constant += usize::from(vocabulary.is_word[token as usize]);
            n_adjacent = 0;
            continue;
        }
        let both_tell = common.is_some_and(is_inflected) && is_inflected(token);
        if !common.is_none_or(may_vary)
            || !may_vary(token)
            || both_tell
            || is_in_code_path(shape, place, vocabulary)
        {
            return None;
        }
        n_different += 1;
        n_adjacent += 1;
        if n_adjacent > MAX_ADJACENT {
            return None;
        }
    }
    let few = n_different * MAX_VARYING.1 <= MAX_VARYING.0 * (n_constant + n_different);
    (n_constant >= MIN_CONSTANT_WORDS && few).then_some(n_constant)
}

/// Tells whether `::` stands directly before or behind a place, or it is a part of a dotted name or key.
fn is_in_code_path(shape: &[Rank], place: usize, vocabulary: &Vocabulary) -> bool {
    let is = |idx: usize, symbol: Option<Rank>| symbol.is_some() && shape.get(idx).copied() == symbol;
    let is_colon = |idx: usize| is(idx, vocabulary.colon);
    let is_dot = |idx: usize| is(idx, vocabulary.dot);
    (is_colon(place + 1) && is_colon(place + 2))
        || (place >= 2 && is_colon(place - 1) && is_colon(place - 2))
        || (place >= 1 && is_dot(place - 1) && (is_dot(place + 1) || is(place + 1, vocabulary.equals)))
}
