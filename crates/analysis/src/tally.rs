//! Matches counted by group, with the first and last row of each.

use crate::group::{Bucket, GroupBy};
use crate::occurrence::RowRef;
use crate::question::{Investigation, Question};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::segment::Segment;
use timberline_archive::{Result, pattern_name};
use timberline_entry::{Field, Severity, Timestamp};
use timberline_query::{FieldPath, Filter, Node, Test, roots_read};
use timberline_search::{Names, RowView, Sink, Wanted, scan};

/// A group's key: one text per grouping. Stretches of time are written as their start.
pub(crate) type Key = Vec<String>;

/// What is counted of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) count: u64,
    pub(crate) first: RowRef,
    pub(crate) last: RowRef,
}

/// All groups of an answer, and the whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) groups: BTreeMap<Key, Counted>,
    pub(crate) whole: Option<Counted>,
}

/// Counts the matches of a question.
pub(crate) fn tally(investigation: &Investigation<'_>, question: &Question) -> Result<Tally> {
    let archive = investigation.archive;
    let mut wanted = Wanted::default();
    for by in &question.by {
        if let GroupBy::Field(path) = by {
            wanted.fields.extend(fields_of(path));
        }
    }
    let by_id: BTreeMap<&str, usize> = archive
        .segments()
        .iter()
        .enumerate()
        .map(|(idx, segment)| (segment.record().id.as_str(), idx))
        .collect();
    let names = &investigation.names;
    let mut counter =
        Counter { by: &question.by, zone: &question.zone, names, by_id, tally: Tally::default() };
    scan(archive, &investigation.names, &question.filter, &wanted, &mut counter)?;
    Ok(counter.tally)
}

fn fields_of(path: &FieldPath) -> BTreeSet<Field> {
    match path {
        FieldPath::Entry(path) => BTreeSet::from([path.root]),
        // A computed field is read from what a filter on it would read.
        FieldPath::Derived(name) => {
            let text = format!("{}:*", name.name());
            let filter = timberline_query::compile(&text, &timberline_query::Options::default());
            filter.map(|compiled| roots_read(&compiled.filter)).unwrap_or_default()
        }
    }
}

struct Counter<'q> {
    by: &'q [GroupBy],
    zone: &'q TimeZone,
    names: &'q Names,
    by_id: BTreeMap<&'q str, usize>,
    tally: Tally,
}

impl Counter<'_> {
    fn segment(&self, segment: &Segment) -> usize {
        self.by_id[segment.record().id.as_str()]
    }

    fn add(&mut self, keys: Vec<Key>, counted: Counted) {
        merge(&mut self.tally.whole, counted);
        for key in keys {
            match self.tally.groups.get_mut(&key) {
                Some(group) => group.add(counted),
                None => {
                    self.tally.groups.insert(key, counted);
                }
            }
        }
    }
}

impl Counted {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

fn merge(whole: &mut Option<Counted>, counted: Counted) {
    match whole {
        Some(whole) => whole.add(counted),
        None => *whole = Some(counted),
    }
}

impl Sink for Counter<'_> {
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        let rings = segment.rings()?;
        let mut key = Vec::with_capacity(self.by.len());
        for by in self.by {
            key.push(match by {
                GroupBy::Revision => segment.revisions()?[rings.revision[ring] as usize].clone(),
                GroupBy::Service => segment.services()?[rings.service[ring] as usize].clone(),
                GroupBy::Severity => Severity::ALL[usize::from(rings.severity[ring])].name().to_owned(),
                GroupBy::Pattern => {
                    self.names.pattern_name(segment.shapes()?[rings.shape[ring] as usize].pattern)
                }
                GroupBy::Exception => exception_name(segment.shapes()?[rings.shape[ring] as usize].exception),
                GroupBy::Hour | GroupBy::Day | GroupBy::Week | GroupBy::Month => {
                    let bucket = |ns| Bucket::of(by, Timestamp::from_nanos(ns), self.zone);
                    let first = bucket(rings.min_ts[ring]);
                    if rings.max_ts[ring] >= first.to_ns {
                        return Ok(false);
                    }
                    bucket_key(first)
                }
                GroupBy::Field(_) => return Ok(false),
            });
        }
        let segment_idx = self.segment(segment);
        let (start, rows) = (rings.row_start[ring], rings.rows[ring]);
        let first = RowRef { time_ns: rings.min_ts[ring], segment: segment_idx, row: start };
        let last = RowRef { time_ns: rings.max_ts[ring], segment: segment_idx, row: start + rows - 1 };
        let keys = if self.by.is_empty() { Vec::new() } else { vec![key] };
        self.add(keys, Counted { count: rows, first, last });
        Ok(true)
    }

    fn row(&mut self, segment: &Segment, ring: usize, row: &RowView<'_>) -> Result<()> {
        let rings = segment.rings()?;
        let mut keys: Vec<Key> = if self.by.is_empty() { Vec::new() } else { vec![Vec::new()] };
        for by in self.by {
            let values: Vec<String> = match by {
                GroupBy::Revision => vec![segment.revisions()?[rings.revision[ring] as usize].clone()],
                GroupBy::Service => vec![segment.services()?[rings.service[ring] as usize].clone()],
                GroupBy::Severity => vec![Severity::ALL[usize::from(rings.severity[ring])].name().to_owned()],
                GroupBy::Pattern => vec![self.names.pattern_name(row.row.pattern)],
                GroupBy::Exception => vec![exception_name(row.row.exception)],
                GroupBy::Hour | GroupBy::Day | GroupBy::Week | GroupBy::Month => {
                    vec![bucket_key(Bucket::of(by, row.row.timestamp, self.zone))]
                }
                GroupBy::Field(path) => {
                    let mut values: Vec<String> = path
                        .texts(row.entry, row.derived)
                        .into_iter()
                        .map(std::borrow::Cow::into_owned)
                        .collect();
                    values.sort();
                    values.dedup();
                    if values.is_empty() { vec![String::new()] } else { values }
                }
            };
            keys = keys
                .into_iter()
                .flat_map(|key| {
                    values.iter().map(move |value| [key.as_slice(), std::slice::from_ref(value)].concat())
                })
                .collect();
        }
        let place = RowRef {
            time_ns: row.row.timestamp.as_nanos(),
            segment: self.segment(segment),
            row: row.row.idx,
        };
        self.add(keys, Counted { count: 1, first: place, last: place });
        Ok(())
    }
}

/// Returns the name of an exception; empty for none.
fn exception_name(key: Option<u64>) -> String {
    key.map_or_else(String::new, pattern_name)
}

/// Writes a stretch of time as its start, so that keys sort in time order.
pub(crate) fn bucket_key(bucket: Bucket) -> String {
    Timestamp::from_nanos(bucket.from_ns).to_string()
}

/// Returns the part of a filter that says when and where, not what: comparisons of time, service and revision that are
/// ANDed on the outermost level. Exposure is counted within it.
pub(crate) fn scope(filter: &Filter) -> Filter {
    let is_scope = |node: &Node| match node {
        Node::Test(Test::Compare(compare)) => {
            let keys: Vec<&str> = compare.path.segments.iter().map(|segment| segment.key.as_str()).collect();
            compare.path.root == Field::Timestamp
                || compare.path.root == Field::Resource
                    && (keys == ["labels", "service_name"] || keys == ["labels", "revision_name"])
        }
        Node::Test(Test::Derived(compare)) => {
            matches!(
                compare.name,
                timberline_query::DerivedField::Service | timberline_query::DerivedField::Revision
            )
        }
        _ => false,
    };
    match filter.root() {
        Node::And(nodes) => {
            Filter::new(Node::and(nodes.iter().filter(|node| is_scope(node)).cloned().collect()))
        }
        node if is_scope(node) => filter.clone(),
        _ => Filter::all(),
    }
}
