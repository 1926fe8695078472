//! Containers of a revision: how often they started, how they ended, and how often they had to start again.

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
        &Wanted::fields([Field::TextPayload]),
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
        let Some(text) = view.entry.text(Field::TextPayload) else { return Ok(()) };
        let Some(event) = Event::of(&text.value()) else { return Ok(()) };
        let cells = &view.row.cells;
        let key = (cells.text(Column::Service).to_owned(), cells.text(Column::Revision).to_owned());
        let found = self.0.entry(key).or_default();
        match event {
            Event::Start => found.starts += 1,
            Event::Exit(how) => *found.exits.entry(how).or_insert(0) += 1,
            Event::Instance(why) => *found.reasons.entry(why).or_insert(0) += 1,
        }
        Ok(())
    }
}

/// Something the platform says of a container.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Start,
    Exit(String),
    Instance(String),
}

impl Event {
    fn of(text: &str) -> Option<Self> {
        if text.starts_with("Default STARTUP ") && text.contains("probe succeeded") {
            return Some(Self::Start);
        }
        if let Some(rest) = text.strip_prefix("Container called exit(") {
            return Some(Self::Exit(format!("exit({})", rest.split(')').next().unwrap_or_default())));
        }
        if let Some(rest) = text.strip_prefix("Container terminated on signal") {
            let signal: String =
                rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
            return Some(Self::Exit(format!("signal {signal}")));
        }
        let rest = text.strip_prefix("Starting new instance. Reason: ")?;
        Some(Self::Instance(rest.split([' ', '.']).next().unwrap_or_default().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_platform_says() {
        let check = |text: &str, expected: Option<Event>| assert_eq!(Event::of(text), expected, "{text}");
        check("Container called exit(3).", Some(Event::Exit("exit(3)".to_owned())));
        check("Container terminated on signal 9.", Some(Event::Exit("signal 9".to_owned())));
        check(
            "Default STARTUP TCP probe succeeded after 1 attempt for container \"a-1\" on port 8000.",
            Some(Event::Start),
        );
        check(
            "Starting new instance. Reason: AUTOSCALING - Instance started due to",
            Some(Event::Instance("AUTOSCALING".to_owned())),
        );
        check("our container is fine", None);
    }
}
