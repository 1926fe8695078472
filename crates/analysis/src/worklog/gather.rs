//! One pass over the entries that some rule ranks, put together by what they say: the raw material of clusters.
//!
//! What counts as one thing is decided here and nowhere else: an exception by its fingerprint, a request without a payload
//! by what was asked and answered, anything else by the pattern of its message.

use super::gathered::{Gathered, Kind};
use super::presence::{Instances, Presence};
use super::relations::relate;
use super::requests::{endpoint, path_template};
use super::rules::PriorityRules;
use crate::occurrence::RowRef;
use crate::question::Investigation;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::patterns::{Seen, Streams};
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::json::Value;
use timberline_entry::{Field, INSTANCE_LABEL, LogEntry, MESSAGE_FIELDS, message};
use timberline_pattern::fingerprint::exception_key;
use timberline_pattern::mask::Masker;
use timberline_pattern::shape;
use timberline_pattern::trace::{self, Trace};
use timberline_query::Filter;
use timberline_search::{Names, RowView, Sink, Wanted, scan_shared, sinks};

/// Labels that only say which instance or build wrote.
const SILENT_LABELS: [&str; 2] = [INSTANCE_LABEL, "python_logger"];

/// Reads all clusters of a filter and what they share, the most urgent and most frequent first.
pub(super) fn gather(
    investigation: &Investigation<'_>,
    filter: &Filter,
    rules: &PriorityRules,
) -> Result<Vec<Gathered>> {
    let (archive, names) = (investigation.archive, &investigation.names);
    let others = [Field::Labels, Field::Trace, Field::ErrorGroups, Field::Severity];
    let fields = MESSAGE_FIELDS.into_iter().chain(others).collect();
    let by_id: BTreeMap<&str, usize> = archive
        .segments()
        .iter()
        .enumerate()
        .map(|(idx, segment)| (segment.record().id.as_str(), idx))
        .collect();
    let new = || Gatherer {
        rules,
        names,
        masker: Masker::standard(),
        by_id: &by_id,
        clusters: BTreeMap::new(),
        instances: Instances::default(),
        streams: Streams::default(),
        holes: Vec::new(),
    };
    let mut gatherers = sinks(new);
    let filter = Filter::and(filter.clone(), rules.any());
    let wanted = Wanted { fields, ..Wanted::default() };
    scan_shared(archive, names, &filter, &wanted, &mut gatherers)?;
    let all = gatherers.into_iter().reduce(Gatherer::join).expect("there is a sink");
    let mut clusters: Vec<Gathered> = all.clusters.into_values().collect();
    for cluster in &mut clusters {
        cluster.finish(&all.instances);
    }
    clusters.sort_by(|a, b| {
        (a.priority, b.times.len(), a.kind, a.id).cmp(&(b.priority, a.times.len(), b.kind, b.id))
    });
    relate(&mut clusters);
    Ok(clusters)
}

struct Gatherer<'r> {
    rules: &'r PriorityRules,
    names: &'r Names,
    masker: Masker,
    by_id: &'r BTreeMap<&'r str, usize>,
    clusters: BTreeMap<(Kind, u64), Gathered>,
    instances: Instances,
    streams: Streams,
    holes: Vec<timberline_pattern::mask::Hole>,
}

impl Gatherer<'_> {
    /// Takes what another one saw.
    fn join(mut self, other: Self) -> Self {
        let numbers = self.instances.absorb(&other.instances);
        for (key, mut cluster) in other.clusters {
            cluster.presence.renumber(&numbers);
            match self.clusters.get_mut(&key) {
                Some(known) => known.join(cluster),
                None => {
                    self.clusters.insert(key, cluster);
                }
            }
        }
        self
    }

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
            instances: 0,
            labels: BTreeMap::new(),
            error_groups: BTreeSet::new(),
            patterns: BTreeMap::new(),
            root_value: root_value.clone(),
            n_cells: 0,
            presence: Presence::default(),
            relations: Vec::new(),
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
        let stream = self.streams.get(service, revision).clone();
        let seen = Seen { entries: 1, first_ns: time_ns, last_ns: time_ns };
        cluster.revisions.entry(stream.clone()).and_modify(|known| known.add(seen)).or_insert(seen);
        let mut instance = Cow::Borrowed("");
        if let Some(Value::Object(labels)) = entry.get(Field::Labels) {
            for (name, value) in labels.iter() {
                let Some(value) = value.as_text() else { continue };
                let (name, value) = (name.value(), value.value());
                if name == INSTANCE_LABEL {
                    instance = value;
                } else if !SILENT_LABELS.contains(&name.as_ref()) {
                    match cluster.labels.get_mut(name.as_ref()) {
                        Some(values) => values.add(&value, 1),
                        None => cluster.labels.entry(name.into_owned()).or_default().add(&value, 1),
                    }
                }
            }
        }
        if let Some(Value::Array(groups)) = entry.get(Field::ErrorGroups) {
            let ids = groups.iter().filter_map(|group| group.get("id")?.as_text());
            cluster.error_groups.extend(ids.map(|id| id.value().into_owned()));
        }
        let instance = self.instances.number(&stream, &instance);
        let trace = entry.text(Field::Trace).map(|trace| trace.value()).filter(|trace| !trace.is_empty());
        cluster.presence.add(time_ns, instance, trace.as_deref());
        Ok(())
    }
}

/// Finds the trace of the exception `key` in an entry's own text; a text may hold others as well, or only a part of it.
pub(super) fn trace_of(key: u64, text: &str) -> Option<Trace> {
    trace::find(text).into_iter().find(|found| exception_key(found).0 == key)
}
