//! Which clusters belong together: the same traces, the same minutes of the same instances, cause before effect.

use super::gathered::Gathered;
use super::presence::Presence;
use crate::merged::Keyed;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Another cluster and why it is related.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Related {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Traces that hold both.
    pub shared_traces: u64,
    /// Minutes of an instance that hold both.
    pub shared_cells: u64,
    /// Minutes of an instance that hold either.
    pub either_cells: u64,
    /// What comes first in what they share: `before` when the other one does, `after` when this one does, `mixed`.
    pub order: String,
    /// Median time from the one to the other where they share a trace or a minute, in seconds.
    pub median_seconds: f64,
}

/// Related clusters shown of one cluster.
const MAX_RELATED: usize = 5;
/// Part of either's cells that must be shared.
const MIN_SHARED: f64 = 0.3;
/// Part of what is shared in which the same one comes first.
const MIN_ORDERED: f64 = 0.8;
/// A trace or minute with more clusters than this tells nothing of any two of them.
const MAX_TOGETHER: usize = 30;
/// Parts in which traces and minutes are looked at.
const PARTS: u64 = 8;

/// What two clusters share, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Shared {
    traces: u64,
    cells: u64,
}

/// How much is shared with another, its id, and its place.
type Candidate = (Reverse<Shared>, u64, usize);

/// What a cluster shares with another.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    /// The other's place among all.
    pub(super) place: usize,
    shared: Shared,
    either_cells: u64,
    order: &'static str,
    median_seconds: f64,
}

impl Relation {
    /// Names the other one.
    pub(super) fn named(&self, id: String, title: String) -> Related {
        Related {
            id,
            title,
            shared_traces: self.shared.traces,
            shared_cells: self.shared.cells,
            either_cells: self.either_cells,
            order: self.order.to_owned(),
            median_seconds: self.median_seconds,
        }
    }
}

/// Finds what clusters share, and lets go of what it followed from.
///
/// Cost: the pairs that meet in a trace or a minute; for the few that are kept, all that the two share.
pub(super) fn relate(clusters: &mut [Gathered]) {
    let all: Vec<Presence> =
        clusters.iter_mut().map(|cluster| std::mem::take(&mut cluster.presence)).collect();
    let ids: Vec<u64> = clusters.iter().map(|cluster| cluster.id).collect();
    for (place, others) in strongest(&all, &ids).into_iter().enumerate() {
        clusters[place].relations = others.into_iter().map(|other| relation(&all, place, other)).collect();
    }
}

/// Returns the places of those that share most with each, strongest first.
fn strongest(all: &[Presence], ids: &[u64]) -> Vec<Vec<usize>> {
    // Half of a trace's hash is enough to find candidates; what they share is counted by the whole.
    let by_trace =
        Meetings::of(all.iter().map(|of| of.traces().iter().map(|trace| trace.key().0)), |hash| *hash);
    let by_cell = Meetings::of(all.iter().map(|of| of.cells().iter().map(Keyed::key)), |(instance, _)| {
        (*instance).into()
    });
    let mut strongest: Vec<Vec<Candidate>> = vec![Vec::new(); all.len()];
    let mut counts = vec![Shared::default(); all.len()];
    for one in 0..all.len() {
        let mut met: Vec<usize> = Vec::new();
        let mut meet = |other: usize, count: fn(&mut Shared)| {
            if counts[other] == Shared::default() {
                met.push(other);
            }
            count(&mut counts[other]);
        };
        by_trace.each_later(one, |other| meet(other, |shared| shared.traces += 1));
        by_cell.each_later(one, |other| meet(other, |shared| shared.cells += 1));
        for other in met {
            let shared = std::mem::take(&mut counts[other]);
            if shared.is_telling(&all[one], &all[other]) {
                keep_strongest(&mut strongest[one], (Reverse(shared), ids[other], other));
                keep_strongest(&mut strongest[other], (Reverse(shared), ids[one], one));
            }
        }
    }
    let places = |mut others: Vec<Candidate>| {
        others.sort_unstable();
        others.truncate(MAX_RELATED);
        others.into_iter().map(|(.., place)| place).collect()
    };
    strongest.into_iter().map(places).collect()
}

/// Takes a candidate; of very many only the strongest are kept.
fn keep_strongest<T: Ord>(list: &mut Vec<T>, candidate: T) {
    list.push(candidate);
    if list.len() > 10 * MAX_RELATED {
        list.sort_unstable();
        list.truncate(MAX_RELATED);
    }
}

impl Shared {
    fn is_telling(self, one: &Presence, other: &Presence) -> bool {
        self.traces > 0 || self.cells >= 3 && self.share_of_cells(one, other) >= MIN_SHARED
    }

    /// Minutes of an instance that hold either.
    fn either_cells(self, one: &Presence, other: &Presence) -> u64 {
        one.n_cells() + other.n_cells() - self.cells
    }

    #[expect(clippy::cast_precision_loss, reason = "a share")]
    fn share_of_cells(self, one: &Presence, other: &Presence) -> f64 {
        self.cells as f64 / self.either_cells(one, other).max(1) as f64
    }
}

/// Says what a cluster shares with another.
fn relation(all: &[Presence], place: usize, other_place: usize) -> Relation {
    let (one, other) = (&all[place], &all[other_place]);
    let mut lags = Vec::new();
    let traces = meet(one.traces(), other.traces(), |one, other| {
        lags.push(other.first_ns.saturating_sub(one.first_ns));
    });
    let cells =
        meet(one.cells(), other.cells(), |one, other| lags.push(other.first_ns.saturating_sub(one.first_ns)));
    lags.sort_unstable();
    let part = |n: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let part = n as f64 / lags.len() as f64;
        part
    };
    let later = part(lags.iter().filter(|lag| **lag > 0).count());
    let earlier = part(lags.iter().filter(|lag| **lag < 0).count());
    let order = match (later >= MIN_ORDERED, earlier >= MIN_ORDERED) {
        (true, _) => "after",
        (_, true) => "before",
        _ => "mixed",
    };
    // Of an even number the same one of the two in the middle, whichever of the pair is asked.
    let middle = if place < other_place { lags.len() / 2 } else { (lags.len() - 1) / 2 };
    #[expect(clippy::cast_precision_loss, reason = "shown to a millisecond")]
    let median_seconds = (lags[middle] as f64 / 1e9).abs();
    let shared = Shared { traces, cells };
    Relation {
        place: other_place,
        shared,
        either_cells: shared.either_cells(one, other),
        order,
        median_seconds,
    }
}

/// Calls `visit` with what two lists have of one key, and returns how often. Cost: a search in the longer for each of the shorter.
fn meet<T: Keyed>(one: &[T], other: &[T], mut visit: impl FnMut(&T, &T)) -> u64 {
    let find = |of: &[T], key: &T::Key| of.binary_search_by(|item| item.key().cmp(key)).ok();
    let mut n = 0;
    if one.len() <= other.len() {
        for item in one {
            if let Some(at) = find(other, &item.key()) {
                n += 1;
                visit(item, &other[at]);
            }
        }
    } else {
        for item in other {
            if let Some(at) = find(one, &item.key()) {
                n += 1;
                visit(&one[at], item);
            }
        }
    }
    n
}

/// Which clusters meet in which traces, or minutes.
struct Meetings {
    /// The clusters of one meeting after another, ascending in each.
    members: Vec<u32>,
    /// Where meetings begin, and the end of the last.
    starts: Vec<usize>,
    /// The meetings of each cluster.
    of_cluster: Vec<Vec<u32>>,
}

impl Meetings {
    /// Takes the keys of each cluster. `part_of` says to which of [`PARTS`] parts a key belongs, whichever cluster has it: they are
    /// looked at one after the other, because all keys of all clusters at a time are many.
    fn of<K: Ord>(
        clusters: impl ExactSizeIterator<Item = impl Iterator<Item = K>> + Clone,
        part_of: impl Fn(&K) -> u64,
    ) -> Self {
        let of_cluster = vec![Vec::new(); clusters.len()];
        let mut found = Self { members: Vec::new(), starts: vec![0], of_cluster };
        for part in 0..PARTS {
            let mut keys: Vec<(K, u32)> = Vec::new();
            for (cluster, own) in (0..).zip(clusters.clone()) {
                keys.extend(own.filter(|key| part_of(key) % PARTS == part).map(|key| (key, cluster)));
            }
            keys.sort_unstable();
            let met = keys.chunk_by(|a, b| a.0 == b.0);
            met.filter(|met| (2..=MAX_TOGETHER).contains(&met.len())).for_each(|met| found.add(met));
        }
        found
    }

    fn add<K>(&mut self, met: &[(K, u32)]) {
        let meeting =
            u32::try_from(self.starts.len() - 1).expect("there are fewer minutes and traces than that");
        for (_, cluster) in met {
            self.members.push(*cluster);
            self.of_cluster[*cluster as usize].push(meeting);
        }
        self.starts.push(self.members.len());
    }

    /// Calls `visit` with every cluster behind `one` that it meets, as often as it does.
    fn each_later(&self, one: usize, mut visit: impl FnMut(usize)) {
        for meeting in &self.of_cluster[one] {
            let meeting = *meeting as usize;
            let members = &self.members[self.starts[meeting]..self.starts[meeting + 1]];
            let later = members.iter().map(|member| *member as usize).filter(|member| *member > one);
            later.for_each(&mut visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Entries of a cluster: seconds, instances and traces, all of few.
    type Entries = Vec<(u16, u8, u8)>;

    fn presence(entries: &Entries) -> Presence {
        let mut presence = Presence::default();
        for (second, instance, trace) in entries {
            let trace = format!("trace {}", trace % 40);
            let time_ns = i64::from(*second) * 1_000_000_000;
            presence.add(time_ns, u32::from(instance % 4), (second % 3 > 0).then_some(&*trace));
        }
        presence.finish();
        presence
    }

    /// What two clusters share, by comparing each with each.
    fn shared(one: &Presence, other: &Presence) -> Shared {
        fn n_same<T: Keyed>(one: &[T], other: &[T]) -> u64 {
            let is_shared = |item: &&T| other.iter().any(|other| other.key() == item.key());
            one.iter().filter(is_shared).count() as u64
        }
        Shared { traces: n_same(one.traces(), other.traces()), cells: n_same(one.cells(), other.cells()) }
    }

    proptest! {
        #[test]
        fn the_strongest_are_those_that_share_most(
            clusters in proptest::collection::vec(proptest::collection::vec((0u16..2_000, any::<u8>(), any::<u8>()), 1..40), 2..9),
        ) {
            let all: Vec<Presence> = clusters.iter().map(presence).collect();
            let ids: Vec<u64> = (0..all.len() as u64).map(|place| place * 7 % 11).collect();
            for (place, found) in strongest(&all, &ids).into_iter().enumerate() {
                let mut expected: Vec<Candidate> = (0..all.len())
                    .filter(|other| *other != place)
                    .map(|other| (Reverse(shared(&all[place], &all[other])), ids[other], other))
                    .filter(|(Reverse(shared), _, other)| shared.is_telling(&all[place], &all[*other]))
                    .collect();
                expected.sort_unstable();
                expected.truncate(MAX_RELATED);
                prop_assert_eq!(&found, &expected.iter().map(|candidate| candidate.2).collect::<Vec<_>>());
                for (other, (Reverse(shared), ..)) in found.into_iter().zip(expected) {
                    let (there, back) = (relation(&all, place, other), relation(&all, other, place));
                    prop_assert_eq!((there.shared, back.shared), (shared, shared));
                    prop_assert_eq!(there.median_seconds.to_bits(), back.median_seconds.to_bits());
                    let opposite = match there.order {
                        "before" => "after",
                        "after" => "before",
                        same => same,
                    };
                    prop_assert_eq!(back.order, opposite);
                }
            }
        }
    }

    #[test]
    fn a_crowd_relates_nobody() {
        let crowd: Vec<Presence> = (0..=MAX_TOGETHER).map(|_| presence(&vec![(61, 0, 0); 3])).collect();
        let ids: Vec<u64> = (0..).take(crowd.len()).collect();
        assert!(strongest(&crowd, &ids).iter().all(Vec::is_empty));
        assert!(strongest(&crowd[1..], &ids).iter().all(|others| others.len() == MAX_RELATED));
    }
}
