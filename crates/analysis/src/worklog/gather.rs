//! One pass over the entries that some rule ranks, put together by what they say: the raw material of clusters.
//!
//! What counts as one thing is decided here and nowhere else: an exception by its fingerprint, a request without a payload
//! by what was asked and answered, anything else by the pattern of its message.

use super::requests::{endpoint, path_template};
use super::rules::{Priority, PriorityRules};
use crate::grid::CELL_NS;
use crate::occurrence::RowRef;
use crate::question::Investigation;
use std::collections::BTreeMap;
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result, pattern_name};
use timberline_entry::json::Value;
use timberline_entry::{Field, LogEntry, MESSAGE_FIELDS, Severity, message};
use timberline_pattern::fingerprint::exception_key;
use timberline_pattern::mask::Masker;
use timberline_pattern::shape;
use timberline_pattern::trace::{self, Trace};
use timberline_query::Filter;
use timberline_search::{Names, RowView, Sink, Wanted, scan};

/// What a cluster is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Exception,
    Message,
    Request,
}

/// Everything that was seen of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) priority: Priority,
    /// Position of the rule that made it so urgent.
    pub(super) rule_idx: usize,
    /// Times in order.
    pub(super) times: Vec<i64>,
    pub(super) first: RowRef,
    pub(super) last: RowRef,
    pub(super) severities: BTreeMap<Severity, u64>,
    /// Count, first and last by service and revision.
    pub(super) revisions: BTreeMap<(String, String), (u64, i64, i64)>,
    pub(super) instances: BTreeMap<String, u64>,
    pub(super) labels: BTreeMap<(String, String), u64>,
    pub(super) error_groups: BTreeMap<String, u64>,
    /// Patterns of its messages.
    pub(super) patterns: BTreeMap<u64, u64>,
    /// The message of the root exception, while all entries have the same.
    pub(super) root_value: Option<String>,
    /// First time by trace.
    pub(super) traces: BTreeMap<String, i64>,
    /// First time by stream and minute.
    pub(super) cells: BTreeMap<(u32, i64), i64>,
}

/// Traces, instances and values of labels remembered of one cluster; what comes beyond is counted, but not told apart.
const MAX_TOLD_APART: usize = 5_000;
/// Labels that only say which instance or build wrote.
const SILENT_LABELS: [&str; 2] = ["instanceId", "python_logger"];

/// Reads all clusters of a filter, the most urgent and most frequent first.
pub(super) fn gather(
    investigation: &Investigation<'_>,
    filter: &Filter,
    rules: &PriorityRules,
) -> Result<Vec<Gathered>> {
    let archive = investigation.archive;
    let others = [Field::Labels, Field::Trace, Field::ErrorGroups, Field::Severity];
    let fields = MESSAGE_FIELDS.into_iter().chain(others).collect();
    let mut sink = Gatherer {
        rules,
        names: &investigation.names,
        masker: Masker::standard(),
        by_id: archive
            .segments()
            .iter()
            .enumerate()
            .map(|(idx, segment)| (segment.record().id.as_str(), idx))
            .collect(),
        clusters: BTreeMap::new(),
        streams: BTreeMap::new(),
        holes: Vec::new(),
    };
    let filter = Filter::and(filter.clone(), rules.any());
    scan(archive, &investigation.names, &filter, &Wanted { fields, ..Wanted::default() }, &mut sink)?;
    let mut clusters: Vec<Gathered> = sink.clusters.into_values().collect();
    for cluster in &mut clusters {
        cluster.times.sort_unstable();
    }
    clusters.sort_by(|a, b| {
        (a.priority, b.times.len(), a.kind, a.id).cmp(&(b.priority, a.times.len(), b.kind, b.id))
    });
    Ok(clusters)
}

struct Gatherer<'r> {
    rules: &'r PriorityRules,
    names: &'r Names,
    masker: Masker,
    by_id: BTreeMap<&'r str, usize>,
    clusters: BTreeMap<(Kind, u64), Gathered>,
    streams: BTreeMap<(String, String, String), u32>,
    holes: Vec<timberline_pattern::mask::Hole>,
}

impl Gatherer<'_> {
    /// Returns what an entry belongs to, and the message of its root exception.
    fn key(&mut self, view: &RowView<'_>, entry: &LogEntry<'_>) -> (Kind, u64, Option<String>) {
        let text = message(entry);
        if let Some(key) = view.row.exception {
            let root = trace_of(key, &text).map(|found| found.root().message.clone());
            return (Kind::Exception, key, root);
        }
        let has_payload = [Field::TextPayload, Field::JsonPayload, Field::ProtoPayload]
            .into_iter()
            .any(|field| entry.get(field).is_some());
        if let Some(request) = entry.get(Field::HttpRequest)
            && !has_payload
        {
            let asked = endpoint(request);
            let service = view.row.cells.text(Column::Service);
            let text = format!(
                "{service} {} {} {}",
                asked.method,
                path_template(&self.masker, &asked.path),
                asked.status
            );
            // No holes: the status is part of what it is.
            self.holes.clear();
            return (Kind::Request, shape::fingerprint(&text, &self.holes).0, None);
        }
        (Kind::Message, self.names.pattern(view.row.pattern), None)
    }
}

impl Sink for Gatherer<'_> {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, segment: &Segment, ring: usize, view: &RowView<'_>) -> Result<()> {
        let Some(rule_idx) = self.rules.rules().iter().position(|rule| view.matches(&rule.filter)) else {
            return Ok(());
        };
        let Some(priority) = self.rules.rules()[rule_idx].priority else { return Ok(()) };
        let entry = view.entry;
        let (kind, id, root_value) = self.key(view, entry);
        let time_ns = view.row.timestamp.as_nanos();
        let place = RowRef { time_ns, segment: self.by_id[segment.record().id.as_str()], row: view.row.idx };
        let cluster = self.clusters.entry((kind, id)).or_insert_with(|| Gathered {
            id,
            kind,
            priority,
            rule_idx,
            times: Vec::new(),
            first: place,
            last: place,
            severities: BTreeMap::new(),
            revisions: BTreeMap::new(),
            instances: BTreeMap::new(),
            labels: BTreeMap::new(),
            error_groups: BTreeMap::new(),
            patterns: BTreeMap::new(),
            root_value: root_value.clone(),
            traces: BTreeMap::new(),
            cells: BTreeMap::new(),
        });
        if (priority, rule_idx) < (cluster.priority, cluster.rule_idx) {
            (cluster.priority, cluster.rule_idx) = (priority, rule_idx);
        }
        cluster.times.push(time_ns);
        if cluster.root_value != root_value {
            cluster.root_value = None;
        }
        cluster.first = cluster.first.min(place);
        cluster.last = cluster.last.max(place);
        let severity = segment.rings()?.run_of(ring).severity;
        *cluster.severities.entry(severity).or_insert(0) += 1;
        *cluster.patterns.entry(self.names.pattern(view.row.pattern)).or_insert(0) += 1;
        let cells = &view.row.cells;
        let (service, revision) = (cells.text(Column::Service), cells.text(Column::Revision));
        let of_revision = cluster
            .revisions
            .entry((service.to_owned(), revision.to_owned()))
            .or_insert((0, time_ns, time_ns));
        of_revision.0 += 1;
        of_revision.1 = of_revision.1.min(time_ns);
        of_revision.2 = of_revision.2.max(time_ns);
        let mut instance = String::new();
        if let Some(Value::Object(labels)) = entry.get(Field::Labels) {
            for (name, value) in labels.iter() {
                let Some(value) = value.as_text() else { continue };
                let (name, value) = (name.value(), value.value());
                if name == "instanceId" {
                    instance = value.into_owned();
                } else if !SILENT_LABELS.contains(&name.as_ref()) {
                    bump(&mut cluster.labels, (name.into_owned(), value.into_owned()));
                }
            }
        }
        if !instance.is_empty() {
            bump(&mut cluster.instances, instance.clone());
        }
        if let Some(Value::Array(groups)) = entry.get(Field::ErrorGroups) {
            for id in groups.iter().filter_map(|group| group.get("id")?.as_text()) {
                bump(&mut cluster.error_groups, id.value().into_owned());
            }
        }
        if let Some(trace) = entry.text(Field::Trace).filter(|trace| !trace.is_empty()) {
            first_of(&mut cluster.traces, trace.value().into_owned(), time_ns);
        }
        let next = u32::try_from(self.streams.len()).expect("there are fewer streams than that");
        let stream = (service.to_owned(), revision.to_owned(), instance);
        let stream = *self.streams.entry(stream).or_insert(next);
        let cell = (stream, time_ns.div_euclid(CELL_NS));
        let first = cluster.cells.entry(cell).or_insert(time_ns);
        *first = (*first).min(time_ns);
        Ok(())
    }
}

fn bump<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    if counts.len() < MAX_TOLD_APART || counts.contains_key(&key) {
        *counts.entry(key).or_insert(0) += 1;
    }
}

fn first_of(firsts: &mut BTreeMap<String, i64>, key: String, time_ns: i64) {
    if firsts.len() < MAX_TOLD_APART || firsts.contains_key(&key) {
        let first = firsts.entry(key).or_insert(time_ns);
        *first = (*first).min(time_ns);
    }
}

/// Finds the trace of the exception `key` in an entry's own text; a text may hold others as well, or only a part of it.
fn trace_of(key: u64, text: &str) -> Option<Trace> {
    trace::find(text).into_iter().find(|found| exception_key(found).0 == key)
}

impl Gathered {
    /// Returns the trace of the cluster's exception that a text holds.
    pub(super) fn trace_in(&self, text: &str) -> Option<Trace> {
        trace_of(self.id, text)
    }

    /// Returns how many entries there are.
    pub(super) fn count(&self) -> u64 {
        self.times.len() as u64
    }

    /// Returns the severity that most entries have; of equals the worst.
    pub(super) fn severity(&self) -> Severity {
        let most = self.severities.iter().max_by_key(|(severity, n)| (**n, **severity));
        most.map(|(severity, _)| *severity).unwrap_or_default()
    }

    /// Returns the pattern that most messages have.
    pub(super) fn pattern(&self) -> u64 {
        let most = self.patterns.iter().max_by_key(|(pattern, n)| (**n, std::cmp::Reverse(**pattern)));
        most.map_or(0, |(pattern, _)| *pattern)
    }

    /// Returns the name people and filters know it by.
    pub(super) fn name(&self) -> String {
        pattern_name(self.id)
    }
}
