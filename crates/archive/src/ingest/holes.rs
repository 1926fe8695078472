//! Where pieces of a source were lost, as the entries before and after them tell.

use std::collections::{BTreeMap, BTreeSet};
use timberline_entry::Timestamp;

/// What stands before or after a piece: a place in the source, and a time.
type Neighbour = (u32, Timestamp);

/// Lost pieces by their neighbours; merged from the parts that workers read.
#[derive(Debug, Default)]
pub(super) struct Holes {
    between: BTreeMap<u32, Stretches>,
    first: Option<Neighbour>,
    last: Option<Neighbour>,
    /// Something was lost before the first entry, and after the last.
    before_first: bool,
    after_last: bool,
    /// Places at whose beginning or end something was lost, because what stands there belongs to another place.
    at_start: BTreeSet<u32>,
    at_end: BTreeSet<u32>,
}

impl Holes {
    /// An entry; entries and losses come in the order of the source.
    pub(super) fn entry(&mut self, context: u32, time: Timestamp) {
        let here = (context, time);
        if std::mem::take(&mut self.after_last) {
            match self.last {
                Some(last) => self.lost_between(last, here),
                None => self.before_first = true,
            }
        }
        self.first = self.first.or(Some(here));
        self.last = Some(here);
    }

    /// A piece that could not be kept.
    pub(super) const fn lost(&mut self) {
        self.after_last = true;
    }

    /// Adds those of the part that follows.
    pub(super) fn then(&mut self, next: Self) {
        let is_lost = self.after_last || next.before_first;
        match (self.last, next.first) {
            (Some(last), Some(first)) if is_lost => self.lost_between(last, first),
            (None, Some(_)) => self.before_first |= is_lost,
            _ => {}
        }
        self.first = self.first.or(next.first);
        self.after_last = next.after_last || next.last.is_none() && is_lost;
        self.last = next.last.or(self.last);
        for (context, stretches) in next.between {
            self.between.entry(context).or_default().add_all(stretches);
        }
        self.at_start.extend(next.at_start);
        self.at_end.extend(next.at_end);
    }

    fn lost_between(&mut self, (context, before): Neighbour, (next, after): Neighbour) {
        if context == next {
            let (from, to) = (before.min(after).as_nanos(), before.max(after).as_nanos());
            if to.saturating_sub(from) > 1 {
                self.between.entry(context).or_default().add(from + 1, to - 1);
            }
        } else {
            self.at_end.insert(context);
            self.at_start.insert(next);
        }
    }

    /// Returns the stretches of a place in which something was lost. `first` and `last` are the times of its oldest and
    /// newest entries, `is_falling` says that newer entries stand before older ones.
    pub(super) fn of(&self, context: u32, first: i64, last: i64, is_falling: bool) -> Vec<(i64, i64)> {
        let is_here = |neighbour: Option<Neighbour>| neighbour.is_some_and(|(own, _)| own == context);
        let at_start = self.before_first && is_here(self.first) || self.at_start.contains(&context);
        let at_end = self.after_last && is_here(self.last) || self.at_end.contains(&context);
        let (older, newer) = if is_falling { (at_end, at_start) } else { (at_start, at_end) };
        let mut stretches = self.between.get(&context).map(Stretches::joined).unwrap_or_default();
        if older && first > i64::MIN {
            stretches.insert(0, (i64::MIN, first - 1));
        }
        if newer && last < i64::MAX {
            stretches.push((last + 1, i64::MAX));
        }
        stretches
    }
}

/// Stretches of time, of which neighbours become one when there are too many.
///
/// Which ones do depends on all stretches and not on the order in which they were added: those that start in one cell of
/// a grid, the finest power of two with few enough cells.
#[derive(Debug, Default)]
struct Stretches {
    shift: u32,
    by_cell: BTreeMap<i64, (i64, i64)>,
}

/// So many stretches of one place are told apart.
const MAX_STRETCHES: usize = 256;

impl Stretches {
    fn add(&mut self, from: i64, to: i64) {
        let cell = self.by_cell.entry(from >> self.shift).or_insert((from, to));
        *cell = (cell.0.min(from), cell.1.max(to));
        while self.by_cell.len() > MAX_STRETCHES {
            self.shift += 1;
            let finer = std::mem::take(&mut self.by_cell);
            for (from, to) in finer.into_values() {
                let cell = self.by_cell.entry(from >> self.shift).or_insert((from, to));
                *cell = (cell.0.min(from), cell.1.max(to));
            }
        }
    }

    fn add_all(&mut self, other: Self) {
        // A coarser grid has merged what a finer one would keep apart; the cells of the coarser hold those of the finer.
        if other.shift > self.shift {
            let own = std::mem::replace(self, other);
            self.add_all(own);
        } else {
            for (from, to) in other.by_cell.into_values() {
                self.add(from, to);
            }
        }
    }

    /// Returns the stretches by start, joined where they overlap.
    fn joined(&self) -> Vec<(i64, i64)> {
        let mut joined: Vec<(i64, i64)> = Vec::new();
        for (from, to) in self.by_cell.values() {
            match joined.last_mut() {
                Some((_, end)) if *from <= end.saturating_add(1) => *end = (*end).max(*to),
                _ => joined.push((*from, *to)),
            }
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads parts, in each of which a number is the time of an entry and `None` a loss, all in place 0.
    fn holes(parts: &[&[Option<i64>]], is_falling: bool) -> Vec<(i64, i64)> {
        let mut all = Holes::default();
        for part in parts {
            let mut holes = Holes::default();
            for item in *part {
                match item {
                    Some(time) => holes.entry(0, Timestamp::from_nanos(*time)),
                    None => holes.lost(),
                }
            }
            all.then(holes);
        }
        all.of(0, 10, 90, is_falling)
    }

    #[test]
    fn what_was_lost_lies_between_its_neighbours() {
        let whole: &[Option<i64>] = &[Some(10), Some(40), None, None, Some(60), Some(90)];
        assert_eq!(holes(&[whole], false), [(41, 59)]);
        for at in 0..=whole.len() {
            assert_eq!(holes(&[&whole[..at], &[], &whole[at..]], false), [(41, 59)], "{at}");
        }
        assert_eq!(holes(&[&[Some(10), Some(40)], &[None], &[Some(60)]], false), [(41, 59)]);
        assert_eq!(holes(&[&[Some(40), None, Some(40), None, Some(41)]], false), []);
    }

    #[test]
    fn what_was_lost_at_an_end_has_no_end() {
        assert_eq!(holes(&[&[None], &[Some(10), Some(90)]], false), [(i64::MIN, 9)]);
        assert_eq!(holes(&[&[Some(10), Some(90)], &[None]], false), [(91, i64::MAX)]);
        assert_eq!(holes(&[&[None, Some(90), Some(10)]], true), [(91, i64::MAX)]);
        assert_eq!(holes(&[&[Some(90), Some(10)], &[None], &[]], true), [(i64::MIN, 9)]);
    }

    #[test]
    fn what_was_lost_between_places_is_missing_in_both() {
        let mut holes = Holes::default();
        holes.entry(0, Timestamp::from_nanos(10));
        holes.lost();
        holes.entry(1, Timestamp::from_nanos(70));
        assert_eq!(holes.of(0, 10, 10, false), [(11, i64::MAX)]);
        assert_eq!(holes.of(1, 70, 70, false), [(i64::MIN, 69)]);
    }

    #[test]
    fn very_many_become_few_whatever_the_parts() {
        let items: Vec<Option<i64>> =
            (0..5000_i64).flat_map(|n| [Some(n * n * 10), None]).chain([Some(i64::MAX / 2)]).collect();
        let one = holes(&[&items], false);
        assert!(one.len() <= MAX_STRETCHES, "{}", one.len());
        let parts: Vec<&[Option<i64>]> = items.chunks(77).collect();
        assert_eq!(holes(&parts, false), one);
    }
}
