//! Containers of a revision: how often they started, how they ended, and how often they had to start again.

use crate::platform::PlatformEvent;
use crate::question::Investigation;
use crate::revisions::RevisionsAnswer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::Field;
use timberline_query::{Filter, Options, compile};
use timberline_search::{RowView, Sink, Wanted, scan};

/// The containers of one revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerFacts {
    /// The service.
    pub service: String,
    /// The revision.
    pub revision: String,
    /// Distinct instances.
    pub instances: u64,
    /// Probes of a start that succeeded.
    pub starts: u64,
    /// How containers ended, and how often.
    pub exits: Vec<Exit>,
    /// Starts beyond the first of each instance, as `revisions` counts them.
    pub restarts: u64,
    /// Covered hours of the revision.
    pub hours: f64,
    /// Restarts per covered hour; `null` without any.
    pub restarts_per_hour: Option<f64>,
    /// Why the platform started instances, and how often.
    pub reasons: Vec<Exit>,
}

/// A way in which something happened, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// What the platform said: `exit(3)`, `signal 9`, `AUTOSCALING`.
    pub how: String,
    /// How often.
    pub count: u64,
}

/// Counts what the platform says of containers within a filter. Revisions of which it says nothing are left out.
pub(super) fn containers(
    investigation: &Investigation<'_>,
    filter: &Filter,
    revisions: &RevisionsAnswer,
) -> Result<Vec<ContainerFacts>> {
    let said =
        compile("textPayload:\"container\" OR textPayload:\"Starting new instance\"", &Options::default());
    let said = said.expect("a filter of the language").filter;
    let mut counter = Counter::default();
    scan(
        investigation.archive,
        &investigation.names,
        &Filter::and(filter.clone(), said),
        &Wanted::fields([Field::TextPayload, Field::LogName]),
        &mut counter,
    )?;
    let mut facts = Vec::new();
    for revision in &revisions.revisions {
        let Some(found) = counter.0.remove(&(revision.service.clone(), revision.revision.clone())) else {
            continue;
        };
        let restarts = revision.restarts;
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = (revision.hours > 0.0).then(|| restarts as f64 / revision.hours);
        let list = |counts: BTreeMap<String, u64>| {
            let mut list: Vec<Exit> = counts.into_iter().map(|(how, count)| Exit { how, count }).collect();
            list.sort_by(|a, b| (b.count, &a.how).cmp(&(a.count, &b.how)));
            list
        };
        facts.push(ContainerFacts {
            service: revision.service.clone(),
            revision: revision.revision.clone(),
            instances: revision.instances,
            starts: found.starts,
            exits: list(found.exits),
            restarts,
            hours: revision.hours,
            restarts_per_hour: rate,
            reasons: list(found.reasons),
        });
    }
    Ok(facts)
}

#[derive(Default)]
struct Found {
    starts: u64,
    exits: BTreeMap<String, u64>,
    reasons: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Counter(BTreeMap<(String, String), Found>);

impl Sink for Counter {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, _: &Segment, _: usize, view: &RowView<'_>) -> Result<()> {
        let Some(event) = PlatformEvent::of(view.entry) else { return Ok(()) };
        let cells = &view.row.cells;
        let key = (cells.text(Column::Service).to_owned(), cells.text(Column::Revision).to_owned());
        let found = || self.0.entry(key).or_default();
        match event {
            PlatformEvent::Start => found().starts += 1,
            PlatformEvent::Exit(how) => *found().exits.entry(how).or_insert(0) += 1,
            PlatformEvent::InstanceStart(why) => *found().reasons.entry(why).or_insert(0) += 1,
            // `revisions` tells of these.
            PlatformEvent::FailedStart | PlatformEvent::OutOfMemory | PlatformEvent::Shutdown => {}
        }
        Ok(())
    }
}
