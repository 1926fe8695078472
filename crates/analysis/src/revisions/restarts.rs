//! Restarts of containers, from what the platform writes of them into the system log.

use crate::question::Investigation;
use std::collections::BTreeMap;
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::Field;
use timberline_entry::json::Value;
use timberline_query::{Options, compile};
use timberline_search::{RowView, Sink, Wanted, scan};

/// How the platform's message of a container that has come up begins and goes on.
const START: (&str, &str) = ("Default STARTUP ", "probe succeeded");
/// How its messages begin when a container has ended. What it says of the reason (a memory limit, an uncaught signal) comes
/// beside one of these and would count twice.
const EXITS: [&str; 2] = ["Container called exit(", "Container terminated on signal"];

/// Counts restarts by service and revision.
///
/// An instance's container is started once without being restarted, so starts beyond the first count; where exits were
/// seen and starts were not, exits count. Exports of other tools leave the log's name out, so its lack is no reason to
/// ignore an entry: the message alone must say it.
pub(super) fn count(investigation: &Investigation<'_>) -> Result<BTreeMap<(String, String), u64>> {
    // One word that all of them have: every further test of a filter costs a look at all templates.
    let filter =
        compile("textPayload:\"container\"", &Options::default()).expect("a filter of the language").filter;
    let wanted = Wanted { fields: [Field::TextPayload, Field::Labels, Field::LogName].into() };
    let mut counter = Counter::default();
    scan(investigation.archive, &investigation.names, &filter, &wanted, &mut counter)?;
    let mut restarts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for ((service, revision, instance), (starts, exits)) in counter.0 {
        let again = if instance.is_empty() { exits } else { exits.max(starts.saturating_sub(1)) };
        *restarts.entry((service, revision)).or_insert(0) += again;
    }
    Ok(restarts)
}

/// Starts and exits by service, revision and instance.
#[derive(Default)]
struct Counter(BTreeMap<(String, String, String), (u64, u64)>);

impl Sink for Counter {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, _: &Segment, _: usize, row: &RowView<'_>) -> Result<()> {
        let Some(text) = row.entry.text(Field::TextPayload) else { return Ok(()) };
        let text = text.value();
        let is_start = text.starts_with(START.0) && text.contains(START.1);
        let is_exit = EXITS.iter().any(|exit| text.starts_with(exit));
        let is_platform = row.entry.text(Field::LogName).is_none_or(|log| log.value().contains("varlog"));
        if !is_platform || !is_start && !is_exit {
            return Ok(());
        }
        let instance =
            row.entry.get(Field::Labels).and_then(|labels| labels.get("instanceId")).and_then(Value::as_text);
        let key = (
            row.row.cells.text(Column::Service).to_owned(),
            row.row.cells.text(Column::Revision).to_owned(),
            instance.map(|id| id.value().into_owned()).unwrap_or_default(),
        );
        let (starts, exits) = self.0.entry(key).or_insert((0, 0));
        *starts += u64::from(is_start);
        *exits += u64::from(is_exit);
        Ok(())
    }
}
