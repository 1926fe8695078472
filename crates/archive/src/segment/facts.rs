//! The facts of rings as they are collected and as they are stored.
//!
//! ```text
//! rings.zst   rings  service  revision  severity     a run: rings that agree in these     rows  shape  first_ns  lasted_ns
//!               310        0         3         3                                           120      0    17477…        5 s
//!                12        0         3         4                                             1      7    17477…        0
//! ```

use super::block::{BlockReader, BlockWriter, unpack};
use super::rings::Run;
use crate::error::{Error, Result};
use std::io::Write;
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

    /// Returns the runs of rings that agree in service, revision and severity. RingFacts are sorted by these, so they are few.
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

/// Writes the facts of all rings, with the names that they refer to.
pub(super) fn write(rings: &RingFacts, names: &Names, path: &str, mut out: impl Write) -> Result<()> {
    let runs = rings.runs();
    let start = rings.min_ts.iter().copied().min().unwrap_or_default();
    let lasted = rings.max_ts.iter().zip(&rings.min_ts).map(|(max, min)| max.wrapping_sub(*min) as u64);
    let json = serde_json::to_string(names).expect("names are plain text");
    let mut block = BlockWriter::default();
    block.bytes(json.as_bytes());
    block.numbers(runs.iter().map(|run| run.rings.len() as u64));
    block.numbers(runs.iter().map(|run| run.service as u64));
    block.numbers(runs.iter().map(|run| run.revision as u64));
    block.numbers(runs.iter().map(|run| run.severity.rank().into()));
    block.numbers(rings.rows.iter().copied());
    block.numbers(rings.shape.iter().map(|shape| u64::from(*shape)));
    block.numbers([start as u64].into_iter());
    block.numbers(rings.min_ts.iter().map(|min| min.wrapping_sub(start) as u64));
    block.numbers(lasted);
    out.write_all(&block.pack()).map_err(Error::io(path))
}

/// Reads the facts of all rings, and the names.
pub(super) fn read(content: &[u8], path: &str) -> Result<(RingFacts, Names)> {
    let block = unpack(content, path)?;
    let (json, rings) =
        lists(&block).ok_or_else(|| Error::damaged(path, "the facts of the rings do not fit together"))?;
    Ok((rings, Names::parse(Some(json), path)?))
}

fn lists(block: &[u8]) -> Option<(&str, RingFacts)> {
    let mut lists = BlockReader::new(block);
    let json = std::str::from_utf8(lists.bytes()?).ok()?;
    let runs = lists.small()?;
    let (services, revisions, severities) = (lists.small()?, lists.small()?, lists.bytes()?);
    let (rows, shape) = (lists.numbers()?, lists.small()?);
    let start = *lists.numbers()?.first()? as i64;
    let (mut min_ts, mut max_ts) = (lists.times()?, lists.times()?);
    let n = rows.len();
    let fits = lists.is_at_end()
        && [services.len(), revisions.len(), severities.len()] == [runs.len(); 3]
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
    use super::*;

    #[test]
    fn written_facts_are_read() {
        let mut rings = RingFacts::default();
        for (shape, rows) in [(0, 3), (7, 1), (2, 4096)] {
            let start = rings.row_start.last().map_or(0, |start| start + rings.rows.last().unwrap());
            let time = 1_748_000_000_000_000_000 + i64::from(shape);
            let key = RingKey { shape, service: 1, revision: 2, severity: 8 };
            rings.push(start, rows, time, time + 5, key);
        }
        let names = Names { services: vec!["s".to_owned()], revisions: vec![String::new(), "r".to_owned()] };
        let mut file = Vec::new();
        write(&rings, &names, "x", &mut file).unwrap();
        assert_eq!(read(&file, "x").unwrap(), (rings.clone(), names.clone()));
        rings.shape.pop();
        let mut wrong = Vec::new();
        write(&rings, &names, "x", &mut wrong).unwrap();
        file.truncate(file.len() / 2);
        for file in [wrong, file] {
            assert!(matches!(read(&file, "x"), Err(Error::Damaged { .. })));
        }
    }
}
