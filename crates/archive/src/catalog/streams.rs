//! The stream catalogue: what each revision of each service wrote, which of its instances ran, and what audit entries say.
//!
//! ```text
//! facts of rings ─► entries by severity, requests, first, last ┐
//! instances      ─► which ran, from when to when               ├─► of each service and revision, over all segments
//! audit entries  ─► who changed what, which revision is meant  ┘
//! ```
//!
//! Nearly every question about revisions needs these beside its own matches: how much there was to see, and what was deployed
//! when. The catalogue is a function of the segments, as the shape catalogue is: where it is missing or damaged it is made of
//! them, and the answers are the same.

use crate::audit::{AuditRecord, N_TEXTS, PAYLOADS, may_be_audit};
use crate::columns::Column;
use crate::error::{Error, Result};
use crate::layout;
use crate::segment::{Beside, BlockReader, BlockWriter, InstanceRecord, Segment, read_block, with_entry};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::BTreeMap;
use std::ops::Range;
use timberline_entry::Field;
use timberline_entry::Severity;
use timberline_entry::json::{Document, Value, parse};

/// What there is of the services and revisions of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamCatalog {
    streams: Vec<StreamRecord>,
    instances: Vec<InstanceSpan>,
    /// Of each segment, in the order of the manifest; those of one in the order of its rows.
    audits: Vec<Vec<AuditRecord>>,
}

/// What one revision of one service wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRecord {
    /// The service; empty for entries that name none.
    pub service: String,
    /// The revision; empty for entries that name none.
    pub revision: String,
    /// Entries, by [`Severity::rank`].
    pub by_severity: [u64; Severity::ALL.len()],
    /// Entries that are requests.
    pub requests: u64,
    /// Time of the first entry, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last entry.
    pub last_ns: i64,
}

/// From when to when an instance wrote as one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstanceSpan {
    /// The stream, by its place in [`StreamCatalog::streams`].
    pub stream: u32,
    /// The instance: those with one label `instanceId` have one number.
    pub number: u32,
    /// Time of the first entry, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last entry.
    pub last_ns: i64,
}

impl StreamRecord {
    /// Returns the number of entries.
    pub fn entries(&self) -> u64 {
        self.by_severity.iter().sum()
    }

    /// Returns the number of entries of severity ERROR and worse.
    pub fn errors(&self) -> u64 {
        self.by_severity[usize::from(Severity::Error.rank())..].iter().sum()
    }

    /// Adds what another stream wrote.
    pub fn add(&mut self, other: &Self) {
        self.by_severity.iter_mut().zip(other.by_severity).for_each(|(sum, n)| *sum += n);
        self.requests += other.requests;
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
    }
}

impl StreamCatalog {
    /// Returns what each revision of each service wrote, by service, then by revision.
    pub fn streams(&self) -> &[StreamRecord] {
        &self.streams
    }

    /// Returns the instances of one stream, by its place among [`streams`](Self::streams); each is there once.
    pub fn instances_of(&self, stream: u32) -> &[InstanceSpan] {
        let before = |limit: u32| self.instances.partition_point(|instance| instance.stream < limit);
        &self.instances[before(stream)..before(stream + 1)]
    }

    /// Returns what audit entries say, in time order; those of one nanosecond in the order of their `insertId`.
    pub fn audits(&self) -> Vec<&AuditRecord> {
        let mut audits: Vec<&AuditRecord> = self.audits.iter().flatten().collect();
        audits.sort();
        audits
    }

    /// Takes what the audit entries of each segment say, in the order of the manifest.
    pub(crate) fn into_audits(self) -> Vec<Vec<AuditRecord>> {
        self.audits
    }
}

/// Makes the catalogue. `known` has what the audit entries of some segments say, by the segments' names.
///
/// Cost: the facts of all rings, and of rows the audit entries of segments that are not known.
pub(crate) fn of_segments(
    segments: &[Segment],
    known: &BTreeMap<String, Vec<AuditRecord>>,
) -> Result<StreamCatalog> {
    let parts: Vec<Part> = segments
        .par_iter()
        .map(|segment| {
            let audits = known.get(&segment.record().id).cloned();
            Part::of(segment, audits)
        })
        .collect::<Result<_>>()?;
    let mut streams: BTreeMap<(String, String), StreamRecord> = BTreeMap::new();
    let mut instances: BTreeMap<(String, String, String), (i64, i64)> = BTreeMap::new();
    let mut audits = Vec::with_capacity(parts.len());
    for part in parts {
        for stream in part.streams {
            let key = (stream.service.clone(), stream.revision.clone());
            streams.entry(key).and_modify(|known| known.add(&stream)).or_insert(stream);
        }
        for InstanceRecord { service, revision, id, first_ns, last_ns, .. } in part.instances {
            let span = instances.entry((service, revision, id)).or_insert((first_ns, last_ns));
            *span = (span.0.min(first_ns), span.1.max(last_ns));
        }
        audits.push(part.audits);
    }
    let mut numbers: BTreeMap<&str, u32> = instances.keys().map(|(_, _, id)| (id.as_str(), 0)).collect();
    numbers.values_mut().zip(0..).for_each(|(number, idx)| *number = idx);
    let places: BTreeMap<(&str, &str), u32> =
        streams.keys().map(|(service, revision)| (service.as_str(), revision.as_str())).zip(0..).collect();
    let span = |((service, revision, id), (first_ns, last_ns)): (&(String, String, String), &(i64, i64))| {
        let stream = places[&(service.as_str(), revision.as_str())];
        InstanceSpan { stream, number: numbers[id.as_str()], first_ns: *first_ns, last_ns: *last_ns }
    };
    let mut spans: Vec<InstanceSpan> = instances.iter().map(span).collect();
    spans.sort_unstable();
    Ok(StreamCatalog { streams: streams.into_values().collect(), instances: spans, audits })
}

/// What one segment has.
struct Part {
    streams: Vec<StreamRecord>,
    instances: Vec<InstanceRecord>,
    audits: Vec<AuditRecord>,
}

impl Part {
    fn of(segment: &Segment, known: Option<Vec<AuditRecord>>) -> Result<Self> {
        let (streams, instances) = (streams(segment)?, segment.instances()?);
        let wrote = |instance: &InstanceRecord| {
            streams
                .iter()
                .any(|stream| (&stream.service, &stream.revision) == (&instance.service, &instance.revision))
        };
        if !instances.iter().all(wrote) {
            let path = layout::instances(&segment.record().id);
            return Err(Error::damaged(path, "an instance of a revision that wrote nothing"));
        }
        Ok(Self { streams, instances, audits: known.map_or_else(|| audits(segment), Ok)? })
    }
}

fn streams(segment: &Segment) -> Result<Vec<StreamRecord>> {
    let (rings, services, revisions) = (segment.rings()?, segment.services()?, segment.revisions()?);
    let (times, is_request) = (rings.times()?, is_request(segment)?);
    let mut streams: BTreeMap<(usize, usize), StreamRecord> = BTreeMap::new();
    for run in rings.runs() {
        let stream = streams.entry((run.service, run.revision)).or_insert_with(|| StreamRecord {
            service: services[run.service].clone(),
            revision: revisions[run.revision].clone(),
            by_severity: [0; Severity::ALL.len()],
            requests: 0,
            first_ns: i64::MAX,
            last_ns: i64::MIN,
        });
        for ring in run.rings.clone() {
            let rows = rings.rows(ring);
            stream.by_severity[usize::from(run.severity.rank())] += rows;
            stream.requests += if is_request[rings.shape(ring)] { rows } else { 0 };
            stream.first_ns = stream.first_ns.min(times.first(ring));
            stream.last_ns = stream.last_ns.max(times.last(ring));
        }
    }
    Ok(streams.into_values().collect())
}

/// Says of every shape of a segment whether its entries are requests.
fn is_request(segment: &Segment) -> Result<Vec<bool>> {
    of_shapes(segment, Field::HttpRequest, |value| !value.is_null())
}

/// Says of every shape of a segment whether its template of a field is such.
fn of_shapes(segment: &Segment, field: Field, is_such: impl Fn(Value<'_>) -> bool) -> Result<Vec<bool>> {
    if !segment.fields()?.contains(&field) {
        return Ok(vec![false; segment.n_shapes()]);
    }
    let templates = segment.templates(field)?;
    let mut nodes = Vec::new();
    let mut is_such = |idx: usize| {
        let json = templates.json(idx);
        let value =
            parse(&json, &mut nodes).ok().and_then(|_| Document::new(&json, &nodes).root().get(field.name()));
        value.is_some_and(&is_such)
    };
    let such: Vec<bool> = (0..templates.len()).map(&mut is_such).collect();
    Ok(segment.of_shapes(field)?.iter().map(|template| template.is_some_and(|idx| such[idx])).collect())
}

/// Reads the audit entries of a segment.
fn audits(segment: &Segment) -> Result<Vec<AuditRecord>> {
    let [proto, json] = PAYLOADS.map(|field| of_shapes(segment, field, may_be_audit));
    let (proto, json) = (proto?, json?);
    let rings = segment.rings()?;
    let ranges: Vec<Range<u64>> = (0..rings.len())
        .filter(|ring| proto[rings.shape(*ring)] || json[rings.shape(*ring)])
        .map(|ring| rings.range(ring))
        .collect();
    let columns =
        [Column::InsertId, Column::Service, Column::Revision, Column::ProtoPayload, Column::JsonPayload];
    let (mut text, mut nodes) = (String::new(), Vec::new());
    let (mut found, mut failure) = (Vec::new(), None);
    if !ranges.is_empty() {
        segment.for_each_row_with(&ranges, &columns, Beside::NONE, |row| {
            let time = row.timestamp;
            let read = with_entry(&row.cells, time, &mut text, &mut nodes, |entry| {
                AuditRecord::of(entry, &row.cells, time)
            });
            match read {
                Ok(record) => found.extend(record),
                Err(detail) => failure = Some(detail),
            }
            failure.is_none()
        })?;
    }
    match failure {
        Some(detail) => Err(Error::damaged(segment.entries_path(), detail)),
        None => Ok(found),
    }
}

/// Writes the content of the catalogue.
pub(crate) fn write(catalog: &StreamCatalog) -> Vec<u8> {
    let StreamCatalog { streams, instances, audits } = catalog;
    let lasted = |first: i64, last: i64| last.wrapping_sub(first).cast_unsigned();
    let mut block = BlockWriter::default();
    block.texts(streams.iter().map(|stream| stream.service.as_str()));
    block.texts(streams.iter().map(|stream| stream.revision.as_str()));
    for rank in 0..Severity::ALL.len() {
        block.numbers(streams.iter().map(|stream| stream.by_severity[rank]));
    }
    block.numbers(streams.iter().map(|stream| stream.requests));
    block.numbers(streams.iter().map(|stream| stream.first_ns.cast_unsigned()));
    block.numbers(streams.iter().map(|stream| lasted(stream.first_ns, stream.last_ns)));
    block.numbers(instances.iter().map(|span| span.stream.into()));
    block.numbers(instances.iter().map(|span| span.number.into()));
    block.numbers(instances.iter().map(|span| span.first_ns.cast_unsigned()));
    block.numbers(instances.iter().map(|span| lasted(span.first_ns, span.last_ns)));
    block.numbers(audits.iter().map(|of_segment| of_segment.len() as u64));
    let audits: Vec<&AuditRecord> = audits.iter().flatten().collect();
    block.numbers(audits.iter().map(|audit| audit.time_ns.cast_unsigned()));
    for idx in 0..N_TEXTS {
        block.texts(audits.iter().map(|audit| audit.texts()[idx]));
    }
    block.pack()
}

/// Reads a catalogue of so many segments.
pub(crate) fn read(content: &[u8], path: &str, n_segments: usize) -> Result<StreamCatalog> {
    read_block(content, path, "the lists of streams do not fit together", |lists| {
        let catalog = catalog(lists)?;
        (catalog.audits.len() == n_segments).then_some(catalog)
    })
}

fn catalog(lists: &mut BlockReader<'_>) -> Option<StreamCatalog> {
    let (services, revisions) = (lists.texts()?, lists.texts()?);
    let n = services.len();
    let mut by_severity = Vec::with_capacity(Severity::ALL.len());
    for _ in Severity::ALL {
        by_severity.push(lists.numbers().filter(|counts| counts.len() == n)?);
    }
    let (requests, firsts, lasted) = (lists.numbers()?, lists.times()?, lists.times()?);
    if [revisions.len(), requests.len(), firsts.len(), lasted.len()] != [n; 4] {
        return None;
    }
    let stream = |idx: usize| StreamRecord {
        service: services[idx].to_owned(),
        revision: revisions[idx].to_owned(),
        by_severity: std::array::from_fn(|rank| by_severity[rank][idx]),
        requests: requests[idx],
        first_ns: firsts[idx],
        last_ns: firsts[idx].wrapping_add(lasted[idx]),
    };
    let streams: Vec<StreamRecord> = (0..n).map(stream).collect();
    let (of, numbers, firsts, lasted) = (lists.small()?, lists.small()?, lists.times()?, lists.times()?);
    let is_sorted = of.is_sorted() && of.last().is_none_or(|last| (*last as usize) < n);
    if [numbers.len(), firsts.len(), lasted.len()] != [of.len(); 3] || !is_sorted {
        return None;
    }
    let span = |idx: usize| InstanceSpan {
        stream: of[idx],
        number: numbers[idx],
        first_ns: firsts[idx],
        last_ns: firsts[idx].wrapping_add(lasted[idx]),
    };
    let instances = (0..of.len()).map(span).collect();
    Some(StreamCatalog { streams, instances, audits: audits_by_segment(lists)? })
}

fn audits_by_segment(lists: &mut BlockReader<'_>) -> Option<Vec<Vec<AuditRecord>>> {
    let (lens, times) = (lists.small()?, lists.times()?);
    let mut texts = Vec::with_capacity(N_TEXTS);
    for _ in 0..N_TEXTS {
        texts.push(lists.texts().filter(|texts| texts.len() == times.len())?);
    }
    if lens.iter().map(|len| u64::from(*len)).sum::<u64>() != times.len() as u64 {
        return None;
    }
    let mut records = times
        .iter()
        .enumerate()
        .map(|(idx, time_ns)| AuditRecord::of_texts(*time_ns, std::array::from_fn(|text| texts[text][idx])));
    Some(lens.iter().map(|len| records.by_ref().take(*len as usize).collect()).collect())
}
