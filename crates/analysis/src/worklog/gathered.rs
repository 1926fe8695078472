//! Everything that was seen of one cluster, in a form that can be put together from parts.

use super::presence::{Instances, Presence};
use super::relations::Relation;
use super::rules::Priority;
use crate::merged::add_counts;
use crate::occurrence::RowRef;
use std::collections::{BTreeMap, BTreeSet};
use timberline_archive::pattern_name;
use timberline_archive::patterns::{Seen, Stream};
use timberline_entry::Severity;
use timberline_pattern::trace::Trace;

/// A label with more values than this in one cluster says nothing of it: it is an id.
const MAX_LABEL_VALUES: usize = 5_000;

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
    /// Times, in order.
    pub(super) times: Vec<i64>,
    pub(super) first: RowRef,
    pub(super) last: RowRef,
    pub(super) severities: BTreeMap<Severity, u64>,
    pub(super) revisions: BTreeMap<Stream, Seen>,
    /// Distinct instances.
    pub(super) instances: u64,
    pub(super) labels: BTreeMap<String, LabelValues>,
    pub(super) error_groups: BTreeSet<String>,
    /// Patterns of its messages.
    pub(super) patterns: BTreeMap<u64, u64>,
    /// The message of the root exception, while all entries have the same.
    pub(super) root_value: Option<String>,
    /// Minutes of an instance with any of them.
    pub(super) n_cells: u64,
    /// What it may share with others; let go once its relations are known.
    pub(super) presence: Presence,
    /// What it shares with others, the strongest first.
    pub(super) relations: Vec<Relation>,
}

/// The values that a label has in a cluster, with how many entries have each.
#[derive(Clone, Debug)]
pub(super) enum LabelValues {
    Few(BTreeMap<String, u64>),
    TooMany,
}

impl Default for LabelValues {
    fn default() -> Self {
        Self::Few(BTreeMap::new())
    }
}

impl LabelValues {
    pub(super) fn add(&mut self, value: &str, n: u64) {
        let Self::Few(values) = self else { return };
        if let Some(count) = values.get_mut(value) {
            *count += n;
        } else if values.len() < MAX_LABEL_VALUES {
            values.insert(value.to_owned(), n);
        } else {
            *self = Self::TooMany;
        }
    }

    fn join(&mut self, other: Self) {
        match other {
            Self::Few(values) => values.iter().for_each(|(value, n)| self.add(value, *n)),
            Self::TooMany => *self = Self::TooMany,
        }
    }

    /// Returns the values with their counts; none where there are too many.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        let few = match self {
            Self::Few(values) => Some(values),
            Self::TooMany => None,
        };
        few.into_iter().flatten().map(|(value, n)| (value.as_str(), *n))
    }
}

impl Gathered {
    /// Takes what another saw of the same cluster. Instances must have the same numbers in both.
    pub(super) fn join(&mut self, other: Self) {
        (self.priority, self.rule_idx) = (self.priority, self.rule_idx).min((other.priority, other.rule_idx));
        self.times.extend(other.times);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        add_counts(&mut self.severities, other.severities);
        for (stream, seen) in other.revisions {
            self.revisions.entry(stream).and_modify(|known| known.add(seen)).or_insert(seen);
        }
        for (name, values) in other.labels {
            self.labels.entry(name).or_default().join(values);
        }
        self.error_groups.extend(other.error_groups);
        add_counts(&mut self.patterns, other.patterns);
        if self.root_value != other.root_value {
            self.root_value = None;
        }
        self.presence.join(other.presence);
    }

    /// Puts everything in order, once all is taken.
    pub(super) fn finish(&mut self, instances: &Instances) {
        self.times.sort_unstable();
        self.times.shrink_to_fit();
        self.presence.finish();
        self.n_cells = self.presence.n_cells();
        let names = self.presence.instances().map(|number| instances.name(number));
        self.instances = names.filter(|name| !name.is_empty()).collect::<BTreeSet<_>>().len() as u64;
    }

    /// Returns the trace of the cluster's exception that a text holds.
    pub(super) fn trace_in(&self, text: &str) -> Option<Trace> {
        super::gather::trace_of(self.id, text)
    }

    /// Returns how many entries there are.
    pub(super) fn count(&self) -> u64 {
        self.times.len() as u64
    }

    /// Returns the services that wrote them.
    pub(super) fn services(&self) -> BTreeSet<&str> {
        self.revisions.keys().map(Stream::service).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever part comes first: too many are too many.
    #[test]
    fn labels_with_very_many_values_are_ids() {
        let values = |range: std::ops::Range<usize>| {
            let mut values = LabelValues::default();
            range.for_each(|value| values.add(&format!("v{value}"), 2));
            values
        };
        for (parts, n_values) in [
            (vec![0..0, 0..MAX_LABEL_VALUES], MAX_LABEL_VALUES),
            (vec![0..3, 2..MAX_LABEL_VALUES], MAX_LABEL_VALUES),
            (vec![0..3, 3..MAX_LABEL_VALUES + 1], 0),
            (vec![0..MAX_LABEL_VALUES + 1, 0..3], 0),
            (vec![0..3, 0..MAX_LABEL_VALUES + 1], 0),
        ] {
            let mut joined = LabelValues::default();
            parts.iter().for_each(|part| joined.join(values(part.clone())));
            assert_eq!(joined.counts().count(), n_values, "{parts:?}");
            let total: u64 = joined.counts().map(|(_, n)| n).sum();
            let n_taken: usize = parts.iter().map(ExactSizeIterator::len).sum();
            assert!(n_values == 0 || total == 2 * n_taken as u64, "{parts:?}");
        }
    }
}
