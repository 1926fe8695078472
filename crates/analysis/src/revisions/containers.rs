//! What the platform writes of a revision's instances and containers: starts, failed starts, exits, readiness.

use crate::evidence::rfc3339;
use crate::platform::PlatformEvent;
use crate::question::Investigation;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::{Field, instance};
use timberline_query::{Options, compile};
use timberline_search::{Direction, RowView, Sink, Wanted, in_time_order, scan};

/// What the platform said of a revision's containers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Containers {
    /// Instances that were started.
    pub instance_starts: u64,
    /// Containers that came up.
    pub starts: u64,
    /// Probes of starting containers that failed, and instances that did not come up.
    pub failed_starts: u64,
    /// Containers that ended: by themselves, or by a signal.
    pub exits: u64,
    /// Times that a memory limit was exceeded.
    pub out_of_memory: u64,
    /// Instances that were shut down.
    pub shutdowns: u64,
}

/// What a system event said of a revision's readiness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// When, RFC 3339.
    pub time: String,
    /// Whether it can serve.
    pub is_ready: bool,
    /// The platform's words.
    pub message: String,
}

/// Containers and restarts by service and revision.
pub(super) type ByRevision = BTreeMap<(String, String), (Containers, u64)>;

/// Counts what happened to containers, and restarts, by service and revision.
///
/// An instance's container is started once without being restarted, so starts beyond the first count; where exits were
/// seen and starts were not, exits count.
pub(super) fn count(investigation: &Investigation<'_>) -> Result<ByRevision> {
    // Words that all of them have: every further test of a filter costs a look at all templates.
    let text = "textPayload:\"container\" OR textPayload:\"instance\" OR textPayload:\"memory limit\"";
    let filter = compile(text, &Options::default()).expect("a filter of the language").filter;
    let wanted = Wanted::fields([Field::TextPayload, Field::Labels, Field::LogName]);
    let mut counter = Counter::default();
    scan(investigation.archive, &investigation.names, &filter, &wanted, &mut counter)?;
    let mut all = ByRevision::new();
    for ((service, revision, instance), containers) in counter.0 {
        let again = containers.exits.max(containers.starts.saturating_sub(1));
        let (sum, restarts) = all.entry((service, revision)).or_default();
        *restarts += if instance.is_empty() { containers.exits } else { again };
        sum.add(containers);
    }
    Ok(all)
}

/// Reads what system events say of the readiness of revisions, by revision, oldest first.
pub(super) fn readiness(investigation: &Investigation<'_>) -> Result<BTreeMap<String, Vec<Readiness>>> {
    let condition = "\"Ready condition status changed to\"";
    let text = format!("protoPayload.status.message:{condition} OR jsonPayload.status.message:{condition}");
    let filter = compile(&text, &Options::default()).expect("a filter of the language").filter;
    let fields = BTreeSet::from([Field::ProtoPayload, Field::JsonPayload]);
    let mut found: BTreeMap<String, Vec<Readiness>> = BTreeMap::new();
    let (archive, names) = (investigation.archive, &investigation.names);
    in_time_order(archive, names, &filter, Direction::Oldest, None, &fields, |view| {
        if let Some((revision, readiness)) = ready(view) {
            found.entry(revision).or_default().push(readiness);
        }
        Ok(true)
    })?;
    Ok(found)
}

fn ready(view: &RowView<'_>) -> Option<(String, Readiness)> {
    let payload = view.entry.get(Field::ProtoPayload).or_else(|| view.entry.get(Field::JsonPayload))?;
    let text = |path: &[&str]| Some(payload.at(path)?.as_text()?.value().into_owned());
    let (_, revision) =
        text(&["resourceName"])?.rsplit_once("/revisions/").map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    let message = text(&["status", "message"])?;
    let is_ready = message.starts_with("Ready condition status changed to True");
    Some((revision, Readiness { time: rfc3339(view.row.timestamp.as_nanos()), is_ready, message }))
}

impl Containers {
    fn add(&mut self, other: Self) {
        self.instance_starts += other.instance_starts;
        self.starts += other.starts;
        self.failed_starts += other.failed_starts;
        self.exits += other.exits;
        self.out_of_memory += other.out_of_memory;
        self.shutdowns += other.shutdowns;
    }

    fn count(&mut self, event: &PlatformEvent) {
        *match event {
            PlatformEvent::InstanceStart(_) => &mut self.instance_starts,
            PlatformEvent::Start => &mut self.starts,
            PlatformEvent::FailedStart => &mut self.failed_starts,
            PlatformEvent::Exit(_) => &mut self.exits,
            PlatformEvent::OutOfMemory => &mut self.out_of_memory,
            PlatformEvent::Shutdown => &mut self.shutdowns,
        } += 1;
    }
}

/// What was counted by service, revision and instance.
#[derive(Default)]
struct Counter(BTreeMap<(String, String, String), Containers>);

impl Sink for Counter {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, _: &Segment, _: usize, row: &RowView<'_>) -> Result<()> {
        let Some(event) = PlatformEvent::of(row.entry) else { return Ok(()) };
        let key = (
            row.row.cells.text(Column::Service).to_owned(),
            row.row.cells.text(Column::Revision).to_owned(),
            instance(row.entry).unwrap_or_default().into_owned(),
        );
        self.0.entry(key).or_default().count(&event);
        Ok(())
    }
}
