//! What is counted of a unit: its cells, or, where one cell causes the next, the beginnings of its episodes.
//!
//! ```text
//!   one instance, minute by minute    . . x x x x . . . . . . x . . . . . x x x . .
//!   cells                                 1 2 3 4             5           6 7 8          not independent: one storm, many cells
//!   episodes                              1                   2           3              independent again
//!   at risk                           * * *       * * * * * * * * * * * * *       *      no cell of the unit just before
//! ```
//!
//! Fisher's test needs cells that do not cause one another. A retry storm lasts minutes and an outage hits all instances in one
//! minute; counted as cells, one event would pass for many. So it is looked at whether cells of one minute occur together more
//! often than chance would have it (then a minute of the service is one cell, whatever the number of instances), and whether a
//! cell is followed by another more often than chance would have it (then only cells count that have none of the unit before
//! them, of all cells that have none). The look back grows until what is left is independent. None of this looks at which side
//! a cell lies on, so the test stays valid; simulation: `benches/SIMULATION.md`.

use super::{Cell, Grid, Hits, UnitCells};
use crate::evidence::Coverage;
use crate::stats::dispersion;
use crate::stats::special::gamma_tails;
use std::collections::BTreeMap;
use timberline_entry::Severity;

/// Minutes to look back for a cell of the unit; the first is not at all.
const LOOK_BACKS: [i64; 5] = [0, 1, 5, 15, 60];
/// Largest p at which cells are taken to cause one another.
const LINKED: f64 = 0.05;

/// What is counted of a unit in some rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Events {
    /// Minutes looked back: 0 where cells do not cause one another.
    pub(crate) look_back: i64,
    /// Whether all instances of a service count as one.
    pub(crate) is_shared: bool,
    /// Events, and cells in which one could have been, per row asked for.
    pub(crate) counts: Vec<(u64, u64)>,
}

/// One instance, or all of them as one, in one row.
struct Track<'g> {
    place: usize,
    /// Minutes with the unit.
    seen: Vec<i64>,
    /// Minutes with any entry.
    cells: &'g [i64],
}

impl Grid {
    /// Returns what is to be counted of a unit in some rows of services.
    ///
    /// Cost: a few look-ups per cell of the unit, and a walk over the cells of the rows where instances count as one.
    pub(crate) fn events(
        &self,
        coverage: &Coverage,
        unit: &UnitCells,
        severity: Severity,
        places: &[(u32, u32)],
    ) -> Events {
        let hits: Vec<&Hits> = places.iter().map(|place| self.hits_of(unit, *place)).collect();
        let n_cells: Vec<u64> = places
            .iter()
            .zip(&hits)
            .map(|((row, service), hits)| {
                self.exposure(coverage, *row, *service, severity).max(hits.len() as u64)
            })
            .collect();
        let is_shared = self.is_shared(places, &hits, &n_cells);
        let tracks = self.tracks(places, &hits, is_shared);
        let totals: Vec<u64> = if is_shared {
            let minutes = |place: &(u32, u32)| self.covered_minutes(coverage, place.0, place.1, severity);
            places.iter().map(minutes).collect()
        } else {
            n_cells
        };
        let mut look_back = LOOK_BACKS[0];
        loop {
            let counts = counts(&tracks, &totals, look_back);
            let mut further = LOOK_BACKS.into_iter().filter(|next| *next > look_back);
            match further.find(|next| self.is_linked(places, &tracks, &counts, is_shared, look_back, *next)) {
                Some(next) => look_back = next,
                None => return Events { look_back, is_shared, counts },
            }
        }
    }

    /// Returns how much more a unit's entries scatter than chance would make them, over blocks of minutes up to an hour.
    ///
    /// Load that goes up and down over minutes makes neighbouring cells alike; blocks show what cells alone hide.
    pub(crate) fn dispersion(
        &self,
        unit: &UnitCells,
        places: &[(u32, u32)],
        moments: &[dispersion::CellMoments],
    ) -> f64 {
        let mut factor = dispersion::factor_of(moments);
        for minutes in LOOK_BACKS.into_iter().filter(|minutes| *minutes > 1) {
            for by_stream in [true, false] {
                factor = factor.max(self.dispersion_of_blocks(unit, places, minutes, by_stream));
            }
        }
        factor
    }

    fn dispersion_of_blocks(
        &self,
        unit: &UnitCells,
        places: &[(u32, u32)],
        minutes: i64,
        by_stream: bool,
    ) -> f64 {
        let (mut sum, mut n_blocks, mut n_rows) = (0.0, 0u64, 0u64);
        for place in places {
            let mut blocks: BTreeMap<(u32, i64), (u64, u64)> = BTreeMap::new();
            let key =
                |cell: &Cell| (if by_stream { cell.stream } else { 0 }, cell.minute.div_euclid(minutes));
            for cell in self.cells_of(place.0, place.1) {
                blocks.entry(key(cell)).or_default().1 += 1;
            }
            for hit in self.hits_of(unit, *place) {
                blocks.entry(key(self.cell(hit))).or_default().0 += u64::from(hit.n_entries);
            }
            let (entries, cells) =
                blocks.values().fold((0, 0), |(entries, cells), block| (entries + block.0, cells + block.1));
            if entries == 0 || cells == 0 {
                continue;
            }
            n_blocks += blocks.len() as u64;
            n_rows += 1;
            let mean = as_f64(entries) / as_f64(cells);
            for (entries, cells) in blocks.into_values() {
                let expected = mean * as_f64(cells);
                sum += (as_f64(entries) - expected).powi(2) / expected;
            }
        }
        if n_blocks <= n_rows { 1.0 } else { sum / as_f64(n_blocks - n_rows) }
    }

    /// Says whether instances have the unit in the same minutes more often than chance would have it.
    fn is_shared(&self, places: &[(u32, u32)], hits: &[&Hits], n_cells: &[u64]) -> bool {
        let (mut observed, mut expected) = (0, 0.0);
        for ((place, hits), n_cells) in places.iter().zip(hits).zip(n_cells) {
            observed += hits
                .chunk_by(|a, b| self.cell(a).minute == self.cell(b).minute)
                .map(|minute| pairs(minute.len() as u64))
                .sum::<u64>();
            expected += expected_pairs(hits.len() as u64, self.pairs_of(*place), *n_cells);
        }
        is_more(observed, expected)
    }

    /// Says whether events lie in the same stretches of time more often than chance would have it.
    ///
    /// Pairs are counted, given how many events there are: a periodic unit has fewer of them than chance, and is not linked.
    fn is_linked(
        &self,
        places: &[(u32, u32)],
        tracks: &[Track<'_>],
        counts: &[(u64, u64)],
        is_shared: bool,
        look_back: i64,
        next: i64,
    ) -> bool {
        // Neighbouring minutes share a stretch of two.
        let minutes = next.max(2);
        let mut observed = 0;
        for track in tracks {
            let events = events(&track.seen, look_back);
            observed += events
                .chunk_by(|a, b| a.div_euclid(minutes) == b.div_euclid(minutes))
                .map(|stretch| pairs(stretch.len() as u64))
                .sum::<u64>();
        }
        let expected = places.iter().zip(counts).map(|(place, (events, _))| {
            let (n_pairs, n_cells) = self.pairs_in_stretches(*place, minutes, is_shared);
            expected_pairs(*events, n_pairs, n_cells)
        });
        is_more(observed, expected.sum())
    }

    fn tracks(&self, places: &[(u32, u32)], hits: &[&Hits], is_shared: bool) -> Vec<Track<'_>> {
        let mut tracks = Vec::new();
        for (place, hits) in hits.iter().enumerate() {
            let mut by_stream: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
            for cell in hits.iter().map(|hit| self.cell(hit)) {
                by_stream.entry(if is_shared { 0 } else { cell.stream }).or_default().push(cell.minute);
            }
            let (row, service) = places[place];
            for (stream, mut seen) in by_stream {
                seen.dedup();
                let cells = if is_shared {
                    self.minutes(row, service)
                } else {
                    self.stream_minutes(row, service, stream)
                };
                tracks.push(Track { place, seen, cells });
            }
        }
        tracks
    }
}

/// Returns events and cells at risk per place: of `totals`, those without a cell of the unit shortly before.
fn counts(tracks: &[Track<'_>], totals: &[u64], look_back: i64) -> Vec<(u64, u64)> {
    let mut counts: Vec<(u64, u64)> = totals.iter().map(|total| (0, *total)).collect();
    for track in tracks {
        let (n_events, at_risk) = &mut counts[track.place];
        *n_events += events(&track.seen, look_back).len() as u64;
        let mut covered_to = i64::MIN;
        for minute in &track.seen {
            // Cells up to `look_back` minutes after this one are not at risk, each left out once.
            let after = minute + 1;
            *at_risk = at_risk.saturating_sub(n_between(
                track.cells,
                after.max(covered_to.saturating_add(1)),
                minute + look_back,
            ));
            covered_to = minute + look_back;
        }
    }
    for (events, at_risk) in &mut counts {
        *at_risk = (*at_risk).max(*events);
    }
    counts
}

/// Returns those of some ascending minutes that have none of the others shortly before them.
fn events(seen: &[i64], look_back: i64) -> Vec<i64> {
    let is_first = |idx: usize| idx == 0 || seen[idx] - seen[idx - 1] > look_back;
    (0..seen.len()).filter(|idx| is_first(*idx)).map(|idx| seen[idx]).collect()
}

/// Returns the number of pairs among so many.
pub(super) fn pairs(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

/// Returns how many pairs of events fall together by chance, if of all pairs of cells so many lie together.
fn expected_pairs(n_events: u64, n_together: u64, n_cells: u64) -> f64 {
    if n_cells < 2 {
        return 0.0;
    }
    as_f64(pairs(n_events)) * as_f64(n_together) / as_f64(pairs(n_cells))
}

/// Says whether there are more pairs than chance would have it.
///
/// Given the number of events, pairs are uncorrelated, so their number scatters like a Poisson number or less.
fn is_more(observed: u64, expected: f64) -> bool {
    observed > 0 && gamma_tails(as_f64(observed), expected).lower() <= LINKED
}

/// Returns how many of some ascending minutes lie from one to another, both included.
fn n_between(minutes: &[i64], from: i64, to: i64) -> u64 {
    let before = |minute: i64| minutes.partition_point(|at| *at < minute);
    if from > to { 0 } else { (before(to + 1) - before(from)) as u64 }
}

#[expect(clippy::cast_precision_loss, reason = "cells and entries stay far below 2^53")]
fn as_f64(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::super::GridBuilder;
    use super::*;
    use crate::evidence::{Interval, Proof, Severities};

    /// A grid of one row: which minutes of 0..600 each instance has the unit in.
    fn check(seen: &[&[i64]], expected: (i64, bool, (u64, u64))) {
        let mut builder = GridBuilder::default();
        let service = builder.service("s");
        for (stream, seen) in (0..).zip(seen) {
            for minute in 0..600 {
                let cell = Cell { row: 0, service, minute, stream };
                builder.entry(cell);
                if seen.contains(&minute) {
                    builder.hits(1, cell, Severity::Info, 1);
                }
            }
        }
        let grid = builder.finish();
        let interval = Interval {
            from_ns: 0,
            to_ns: 600 * 60_000_000_000,
            proof: Proof::DumpSpan,
            severities: Severities::ALL,
            log: None,
            cut_source: None,
        };
        let coverage = Coverage::of_intervals([("s", interval)]);
        let events = grid.events(&coverage, &grid.units[&1], Severity::Info, &[(0, 0)]);
        assert_eq!((events.look_back, events.is_shared, events.counts[0]), expected, "{seen:?}");
    }

    #[test]
    fn lone_cells_are_counted_as_they_are() {
        check(&[&[3, 120, 250, 333, 480]], (0, false, (5, 600)));
        check(&[&[3, 120], &[250, 333, 480]], (0, false, (5, 1200)));
    }

    #[test]
    fn a_storm_is_one_episode() {
        // Three storms of four minutes: three beginnings, and nine minutes and the one after each storm not at risk.
        check(&[&[10, 11, 12, 13, 200, 201, 202, 203, 400, 401, 402, 403]], (1, false, (3, 588)));
        // Every third minute for a while: looking back one minute is not enough.
        check(&[&[10, 13, 16, 19, 22, 25, 300, 303, 306, 309, 312, 315]], (5, false, (2, 560)));
    }

    #[test]
    fn an_outage_of_all_instances_is_one_event() {
        check(&[&[10, 200, 350], &[10, 200, 350], &[10, 200, 350]], (0, true, (3, 600)));
    }
}
