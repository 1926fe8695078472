//! Which clusters belong together: the same traces, the same minutes of the same instances, cause before effect.

use super::gather::Gathered;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
/// A cell with more clusters than this tells nothing of any two of them.
const MAX_IN_CELL: usize = 30;

#[derive(Default)]
struct Pair {
    traces: u64,
    cells: u64,
    /// Nanoseconds from the first of the pair to the second, one per shared trace or cell.
    lags: Vec<i64>,
}

/// Returns the related clusters of each, strongest first. Positions are those of `gathered`.
pub(super) fn related(gathered: &[Gathered], ids: &[String], titles: &[String]) -> Vec<Vec<Related>> {
    let mut pairs: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
    let mut by_trace: BTreeMap<&str, Vec<(usize, i64)>> = BTreeMap::new();
    let mut by_cell: BTreeMap<(u32, i64), Vec<(usize, i64)>> = BTreeMap::new();
    for (idx, cluster) in gathered.iter().enumerate() {
        for (trace, first) in &cluster.traces {
            by_trace.entry(trace).or_default().push((idx, *first));
        }
        for (cell, first) in &cluster.cells {
            by_cell.entry(*cell).or_default().push((idx, *first));
        }
    }
    let mut each = |members: &[(usize, i64)], count: &dyn Fn(&mut Pair)| {
        for (at, (one, one_ns)) in members.iter().enumerate().take(MAX_IN_CELL) {
            for (other, other_ns) in members.iter().skip(at + 1).take(MAX_IN_CELL) {
                let pair = pairs.entry((*one, *other)).or_default();
                count(pair);
                pair.lags.push(other_ns - one_ns);
            }
        }
    };
    by_trace.values().for_each(|members| each(members, &|pair| pair.traces += 1));
    by_cell.values().for_each(|members| each(members, &|pair| pair.cells += 1));
    let mut related: Vec<Vec<Related>> = vec![Vec::new(); gathered.len()];
    for ((one, other), mut pair) in pairs {
        let either = (gathered[one].cells.len() + gathered[other].cells.len()) as u64 - pair.cells;
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = pair.cells as f64 / either.max(1) as f64;
        let is_telling = pair.traces > 0 || pair.cells >= 3 && share >= MIN_SHARED;
        if !is_telling {
            continue;
        }
        pair.lags.sort_unstable();
        let median = pair.lags[pair.lags.len() / 2];
        let part = |n: usize| {
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let part = n as f64 / pair.lags.len() as f64;
            part
        };
        let later = part(pair.lags.iter().filter(|lag| **lag > 0).count());
        let earlier = part(pair.lags.iter().filter(|lag| **lag < 0).count());
        let order = |is_before: bool| if is_before { "before" } else { "after" };
        let (of_one, of_other) = match (later >= MIN_ORDERED, earlier >= MIN_ORDERED) {
            (true, _) => (order(false), order(true)),
            (_, true) => (order(true), order(false)),
            _ => ("mixed", "mixed"),
        };
        #[expect(clippy::cast_precision_loss, reason = "shown to a millisecond")]
        let seconds = (median as f64 / 1e9).abs();
        let mut add = |to: usize, of: usize, order: &str| {
            related[to].push(Related {
                id: ids[of].clone(),
                title: titles[of].clone(),
                shared_traces: pair.traces,
                shared_cells: pair.cells,
                either_cells: either,
                order: order.to_owned(),
                median_seconds: seconds,
            });
        };
        add(one, other, of_one);
        add(other, one, of_other);
    }
    for list in &mut related {
        list.sort_by(|a, b| {
            (b.shared_traces, b.shared_cells, &a.id).cmp(&(a.shared_traces, a.shared_cells, &b.id))
        });
        list.truncate(MAX_RELATED);
    }
    related
}
