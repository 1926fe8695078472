//! The facts of rings as they are collected, and as format 3 has them.
//!
//! ```text
//! rings.zst   rings  service  revision  severity     a run: rings that agree in these     rows  shape  first_ns  lasted_ns
//!               310        0         3         3                                           120      0    17477…        5 s
//!                12        0         3         4                                             1      7    17477…        0
//! ```

use super::MAX_RING_ROWS;
use super::block::{self, BlockReader};
use super::rings::Run;
use crate::error::{Error, Result};
use timberline_entry::Severity;

/// What is known of rings, a column per fact, in row order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RingFacts {
    /// First row of the ring.
    pub(super) row_start: Vec<u64>,
    /// Number of rows.
    pub(super) rows: Vec<u64>,
    /// Time of the first row, nanoseconds since the Unix epoch; rows of a ring are in time order.
    pub(super) min_ts: Vec<i64>,
    /// Time of the last row.
    pub(super) max_ts: Vec<i64>,
    /// Index into the segment's shapes.
    pub(super) shape: Vec<u32>,
    /// Index into the segment's services.
    pub(super) service: Vec<u32>,
    /// Index into the segment's revisions.
    pub(super) revision: Vec<u32>,
    /// Position in [`Severity::ALL`].
    pub(super) severity: Vec<u8>,
}

impl RingFacts {
    /// Returns the number of rings.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn push(&mut self, start: u64, rows: u64, min_ts: i64, max_ts: i64, key: RingKey) {
        self.row_start.push(start);
        self.rows.push(rows);
        self.min_ts.push(min_ts);
        self.max_ts.push(max_ts);
        self.shape.push(key.shape);
        self.service.push(key.service);
        self.revision.push(key.revision);
        self.severity.push(key.severity);
    }

    /// Says whether the rings follow one another, none of them too long, and their names are there.
    pub(super) fn fit(&self, names: &Names) -> bool {
        let is_named =
            |numbers: &[u32], names: &[String]| numbers.iter().all(|number| (*number as usize) < names.len());
        let mut next = 0_u64;
        let mut follow = self.row_start.iter().zip(&self.rows).map(|(start, rows)| {
            let follows = *start == next && *rows <= MAX_RING_ROWS as u64;
            next = next.saturating_add(*rows);
            follows && next <= u32::MAX.into()
        });
        follow.all(|follows| follows)
            && is_named(&self.service, &names.services)
            && is_named(&self.revision, &names.revisions)
    }

    /// Returns the runs of rings that agree in service, revision and severity. Rings are sorted by these, so they are few.
    pub(super) fn runs(&self) -> Vec<Run> {
        let key = |ring: usize| (self.service[ring], self.revision[ring], self.severity[ring]);
        let mut runs: Vec<Run> = Vec::new();
        for ring in 0..self.len() {
            match runs.last_mut() {
                Some(run) if key(run.rings.start) == key(ring) => run.rings.end = ring + 1,
                _ => runs.push(Run {
                    rings: ring..ring + 1,
                    service: self.service[ring] as usize,
                    revision: self.revision[ring] as usize,
                    severity: Severity::ALL[usize::from(self.severity[ring])],
                }),
            }
        }
        runs
    }
}

/// What the rows of a ring agree in.
#[derive(Clone, Copy, Debug)]
pub(super) struct RingKey {
    pub(super) shape: u32,
    pub(super) service: u32,
    pub(super) revision: u32,
    pub(super) severity: u8,
}

/// The names that rings refer to by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Names {
    pub(super) services: Vec<String>,
    pub(super) revisions: Vec<String>,
}

impl Names {
    pub(super) fn parse(json: Option<&str>, path: &str) -> Result<Self> {
        let json = json.ok_or_else(|| Error::damaged(path, "no names in the footer"))?;
        serde_json::from_str(json).map_err(|error| Error::damaged(path, error))
    }
}

/// Reads the facts of all rings, and the names, as format 3 has them.
pub(super) fn read(content: &[u8], path: &str) -> Result<(RingFacts, Names)> {
    let (json, rings) = block::read(content, path, "the facts of the rings do not fit together", facts)?;
    Ok((rings, Names::parse(Some(&json), path)?))
}

fn facts(lists: &mut BlockReader<'_>) -> Option<(String, RingFacts)> {
    let json = std::str::from_utf8(lists.bytes()?).ok()?.to_owned();
    let runs = lists.small()?;
    let (services, revisions, severities) = (lists.small()?, lists.small()?, lists.bytes()?);
    let (rows, shape) = (lists.numbers()?, lists.small()?);
    let start = *lists.numbers()?.first()? as i64;
    let (mut min_ts, mut max_ts) = (lists.times()?, lists.times()?);
    let n = rows.len();
    let fits = [services.len(), revisions.len(), severities.len()] == [runs.len(); 3]
        && [shape.len(), min_ts.len(), max_ts.len()] == [n; 3]
        && runs.iter().map(|n_rings| u64::from(*n_rings)).sum::<u64>() == n as u64
        && severities.iter().all(|rank| usize::from(*rank) < Severity::ALL.len());
    if !fits {
        return None;
    }
    for (min, max) in min_ts.iter_mut().zip(&mut max_ts) {
        *min = min.wrapping_add(start);
        *max = max.wrapping_add(*min);
    }
    let mut next = 0_u64;
    let mut row_start = Vec::with_capacity(n);
    for rows in &rows {
        row_start.push(next);
        next = next.checked_add(*rows)?;
    }
    let mut rings = RingFacts { row_start, rows, min_ts, max_ts, shape, ..RingFacts::default() };
    for (run, n_rings) in runs.iter().enumerate() {
        let len = rings.service.len() + *n_rings as usize;
        rings.service.resize(len, services[run]);
        rings.revision.resize(len, revisions[run]);
        rings.severity.resize(len, severities[run]);
    }
    Some((json, rings))
}

#[cfg(test)]
mod tests {
    use super::super::block::BlockWriter;
    use super::*;

    /// A file of format 3 with three rings, of `runs`.
    fn file(runs: [u64; 2]) -> Vec<u8> {
        let mut block = BlockWriter::default();
        block.bytes(br#"{"services":["s"],"revisions":["","r"]}"#);
        for list in
            [&runs[..], &[0, 0], &[0, 1], &[3, 8], &[3, 1, 4096], &[0, 7, 2], &[5000], &[0, 9, 1], &[4, 0, 3]]
        {
            block.numbers(list.iter().copied());
        }
        block.pack()
    }

    #[test]
    fn facts_of_format_3_are_read() {
        let (facts, names) = read(&file([1, 2]), "x").unwrap();
        assert_eq!(
            names,
            Names { services: vec!["s".to_owned()], revisions: vec![String::new(), "r".to_owned()] }
        );
        let expected = RingFacts {
            row_start: vec![0, 3, 4],
            rows: vec![3, 1, 4096],
            min_ts: vec![5000, 5009, 5001],
            max_ts: vec![5004, 5009, 5004],
            shape: vec![0, 7, 2],
            service: vec![0, 0, 0],
            revision: vec![0, 1, 1],
            severity: vec![3, 8, 8],
        };
        assert_eq!(facts, expected);
        assert!(facts.fit(&names));
        assert!(!facts.fit(&Names { revisions: vec![String::new()], ..names }));
        let (whole, wrong) = (file([1, 2]), file([1, 1]));
        for file in [&whole[..whole.len() / 2], &wrong[..]] {
            assert!(matches!(read(file, "x"), Err(Error::Damaged { .. })));
        }
    }
}
