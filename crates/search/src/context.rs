//! What stood around matches: the entries before and after them in the same stream.
//!
//! The stream of a match is its instance (label `instanceId` of one revision of one service); where it has none, its trace.
//! Neighbours of an instance are entries of that instance, neighbours of a trace all entries of that trace.
//!
//! ```text
//! segments      0      1      2      3      4        matches in 2 and 3
//!               ◄──────┘      └─────────────►
//!        what is missing      forward, as long as some match lacks
//!        before the first     entries after it
//! ```

use crate::order::{Match, order_ties};
use crate::present::present;
use crate::row::{FieldSet, RingCells};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use timberline_archive::segment::{Beside, Row};
use timberline_archive::{Archive, Column, Result};
use timberline_entry::json::Node;
use timberline_entry::{Field, instance_of_labels};

/// More traces than this are not looked up one by one.
const MAX_TRACES_LOOKED_UP: usize = 64;

/// Finds up to `n` entries before and after each match in its stream, matches themselves excepted.
///
/// Shape: as `matches`, by segment, each oldest first.
/// Cost: reads labels and trace of the matches; then, in the segments from the first match to the last and on as far as
/// neighbours are missing, of the entries of their revisions, or of all rings that may have their traces. Memory: about a hundred
/// bytes for each entry of the streams in one segment.
pub(crate) fn around(archive: &Archive, matches: &[Vec<Match>], n: usize) -> Result<Vec<Vec<Match>>> {
    let mut around = Around::of(archive, matches)?;
    let mut found: Vec<BTreeSet<Match>> = vec![BTreeSet::new(); matches.len()];
    let with_matches = |found: &&usize| !matches[**found].is_empty();
    let all: Vec<usize> = (0..matches.len()).collect();
    let (Some(first), Some(last)) = (all.iter().find(with_matches), all.iter().rfind(with_matches)) else {
        return Ok(vec![Vec::new(); matches.len()]);
    };
    for segment_idx in *first..matches.len() {
        if segment_idx > *last && around.states.iter().all(|state| state.after == 0) {
            break;
        }
        for (entry, streams) in around.entries(segment_idx)? {
            for stream in streams.into_iter().flatten() {
                let state = &mut around.states[stream];
                if around.stream_of.get(&(segment_idx, entry.row)) == Some(&stream) {
                    if !state.is_met {
                        state.is_met = true;
                        state.missing = n - state.before.len();
                    }
                    for (segment_idx, entry) in state.before.drain(..) {
                        found[segment_idx].insert(entry);
                    }
                    state.after = n;
                } else if state.after > 0 {
                    state.after -= 1;
                    found[segment_idx].insert(entry);
                } else {
                    state.before.push_back((segment_idx, entry));
                    if state.before.len() > n {
                        state.before.pop_front();
                    }
                }
            }
        }
    }
    for segment_idx in (0..*first).rev() {
        if around.states.iter().all(|state| state.missing == 0) {
            break;
        }
        for (entry, streams) in around.entries(segment_idx)?.into_iter().rev() {
            for stream in streams.into_iter().flatten() {
                let state = &mut around.states[stream];
                if state.missing > 0 {
                    state.missing -= 1;
                    found[segment_idx].insert(entry);
                }
            }
        }
    }
    let without_matches = |(found, matches): (BTreeSet<Match>, &Vec<Match>)| {
        let rows: BTreeSet<u64> = matches.iter().map(|found| found.row).collect();
        found.into_iter().filter(|entry| !rows.contains(&entry.row)).collect()
    };
    Ok(found.into_iter().zip(matches).map(without_matches).collect())
}

/// An entry, and the streams that it is of: its instance's and its trace's.
type InStreams = (Match, [Option<usize>; 2]);

/// The streams of the matches, and how far each was followed.
struct Around<'a> {
    archive: &'a Archive,
    /// Numbers of streams by their keys.
    streams: BTreeMap<String, usize>,
    states: Vec<State>,
    /// The stream of each match, by segment and row.
    stream_of: BTreeMap<(usize, u64), usize>,
    /// Service and revision of matches with an instance.
    revisions: BTreeSet<(String, String)>,
    traces: BTreeSet<String>,
}

#[derive(Default)]
struct State {
    /// The entries that came last and are no neighbours of a match before them.
    before: VecDeque<(usize, Match)>,
    /// So many more entries are neighbours of the match before them.
    after: usize,
    /// The first match was seen.
    is_met: bool,
    /// So many entries before the first match are still to be found in earlier segments.
    missing: usize,
}

impl<'a> Around<'a> {
    fn of(archive: &'a Archive, matches: &[Vec<Match>]) -> Result<Self> {
        let mut around = Self {
            archive,
            streams: BTreeMap::new(),
            states: Vec::new(),
            stream_of: BTreeMap::new(),
            revisions: BTreeSet::new(),
            traces: BTreeSet::new(),
        };
        for (segment_idx, matches) in matches.iter().enumerate() {
            let mut rows: Vec<u64> = matches.iter().map(|found| found.row).collect();
            rows.sort_unstable();
            let ranges: Vec<Range<u64>> = rows.into_iter().map(|row| row..row + 1).collect();
            let mut instances = Instances::default();
            each_row(archive, segment_idx, &ranges, |row| {
                let [service, revision, trace] =
                    [Column::Service, Column::Revision, Column::Trace].map(|column| row.cells.text(column));
                let key = match (instances.of(row), trace) {
                    ("", "") => return,
                    ("", trace) => {
                        around.traces.insert(trace.to_owned());
                        of_trace(trace)
                    }
                    (instance, _) => {
                        around.revisions.insert((service.to_owned(), revision.to_owned()));
                        of_instance(service, revision, instance)
                    }
                };
                let next = around.streams.len();
                let stream = *around.streams.entry(key).or_insert(next);
                around.stream_of.insert((segment_idx, row.idx), stream);
            })?;
        }
        around.states.resize_with(around.streams.len(), State::default);
        Ok(around)
    }

    /// Reads the entries of a segment that are of one of the streams, in order.
    fn entries(&self, segment_idx: usize) -> Result<Vec<InStreams>> {
        let ranges = self.ranges(segment_idx)?;
        let mut entries: Vec<Match> = Vec::new();
        let mut streams: BTreeMap<u64, [Option<usize>; 2]> = BTreeMap::new();
        let mut instances = Instances::default();
        each_row(self.archive, segment_idx, &ranges, |row| {
            let [service, revision, trace] =
                [Column::Service, Column::Revision, Column::Trace].map(|column| row.cells.text(column));
            let number = |key: String| self.streams.get(&key).copied();
            let instance = instances.of(row);
            let own = [
                if instance.is_empty() { None } else { number(of_instance(service, revision, instance)) },
                if trace.is_empty() { None } else { number(of_trace(trace)) },
            ];
            if own != [None, None] {
                entries.push(Match { time: row.timestamp.as_nanos(), row: row.idx });
                streams.insert(row.idx, own);
            }
        })?;
        entries.sort_unstable();
        order_ties(&self.archive.segments()[segment_idx], &mut entries)?;
        Ok(entries.into_iter().map(|entry| (entry, streams[&entry.row])).collect())
    }

    /// Returns the rows of a segment that may be of one of the streams.
    fn ranges(&self, segment_idx: usize) -> Result<Vec<Range<u64>>> {
        let segment = &self.archive.segments()[segment_idx];
        let rings = segment.rings()?;
        let (services, revisions) = (segment.services()?, segment.revisions()?);
        let mut wanted = vec![self.traces.len() > MAX_TRACES_LOOKED_UP; rings.len()];
        for run in rings.runs() {
            let revision = (services[run.service].clone(), revisions[run.revision].clone());
            if self.revisions.contains(&revision) {
                wanted[run.rings.clone()].fill(true);
            }
        }
        if (1..=MAX_TRACES_LOOKED_UP).contains(&self.traces.len()) {
            let traces: Vec<&str> = self.traces.iter().map(String::as_str).collect();
            for (ring, _) in segment.rings_that_may_have(Column::Trace, &traces, |ring| !wanted[ring])? {
                wanted[ring as usize] = true;
            }
        }
        Ok((0..rings.len()).filter(|ring| wanted[*ring]).map(|ring| rings.range(ring)).collect())
    }
}

/// Reads labels and trace of rows. Service and revision are known from their rings.
fn each_row(
    archive: &Archive,
    segment_idx: usize,
    ranges: &[Range<u64>],
    mut visit: impl FnMut(&Row<'_>),
) -> Result<()> {
    if ranges.is_empty() {
        return Ok(());
    }
    let segment = &archive.segments()[segment_idx];
    let rings = segment.rings()?;
    let fields = FieldSet::of([Field::Labels, Field::Trace]);
    let fields = present(archive, segment_idx, ranges.iter().map(|rows| rings.ring_of(rows.start)), fields)?;
    let known = RingCells::of(segment)?;
    segment.for_each_row_with(ranges, &fields.columns(), Beside::NONE, |row| {
        let ring = rings.ring_of(row.idx);
        visit(&known.complete(row, ring));
        true
    })
}

/// Reads the instance from labels; many rows in a row have the same.
#[derive(Default)]
struct Instances {
    labels: String,
    instance: String,
    nodes: Vec<Node>,
}

impl Instances {
    /// Returns the label `instanceId`, empty where there is none.
    fn of(&mut self, row: &Row<'_>) -> &str {
        let Self { labels, instance, nodes } = self;
        let own = row.cells.text(Column::Labels);
        if labels != own {
            own.clone_into(labels);
            instance.clear();
            instance.push_str(&instance_of_labels(own, nodes).unwrap_or_default());
        }
        instance
    }
}

/// The key of an instance's stream. Lengths keep what one name ends with apart from what the next begins with.
fn of_instance(service: &str, revision: &str, instance: &str) -> String {
    format!("instance {} {} {service}{revision}{instance}", service.len(), revision.len())
}

fn of_trace(trace: &str) -> String {
    format!("trace {trace}")
}
