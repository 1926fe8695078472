//! What is learned about a source while its entries are read.

use crate::catalog::{Cut, GroupFacts, Order, SourceRecord, WindowRecord};
use std::collections::BTreeMap;
use timberline_entry::input::{CutHint, SourceFacts};
use timberline_entry::{Evidence, Field, LogEntry, Severity, Timestamp, Zone};

/// Key of a group: place in the source, service, log, severity.
type GroupKey = (u32, String, String, Severity);

/// Counts of entries by group, and their order; merged from the parts that workers read.
#[derive(Debug, Default)]
pub(super) struct Tally {
    groups: BTreeMap<GroupKey, Span>,
    pub(super) repaired: u64,
    pub(super) rejected: u64,
    last_key: Option<GroupKey>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    entries: u64,
    first: Timestamp,
    last: Timestamp,
    /// First and last entry of the part in the order of the source, and whether the times in between only rise or fall.
    start: Timestamp,
    end: Timestamp,
    rises: bool,
    falls: bool,
}

impl Span {
    const fn of(time: Timestamp) -> Self {
        Self { entries: 1, first: time, last: time, start: time, end: time, rises: true, falls: true }
    }

    /// Adds a span that follows this one in the source.
    fn then(&mut self, next: Self) {
        self.rises &= next.rises && self.end <= next.start;
        self.falls &= next.falls && self.end >= next.start;
        self.entries += next.entries;
        self.first = self.first.min(next.first);
        self.last = self.last.max(next.last);
        self.end = next.end;
    }
}

impl Tally {
    /// Counts an entry; entries come in the order of the source.
    pub(super) fn add(&mut self, context: u32, entry: &LogEntry<'_>, service: &str, time: Timestamp) {
        let severity = entry.severity();
        let log = entry.text(Field::LogName).map(|text| text.value()).unwrap_or_default();
        let same = self.last_key.as_ref().is_some_and(|(c, own_service, l, s)| {
            *c == context && own_service == service && *l == log && *s == severity
        });
        if !same {
            self.last_key = Some((context, service.to_owned(), log.into_owned(), severity));
        }
        let key = self.last_key.as_ref().expect("the key was just set");
        match self.groups.get_mut(key) {
            Some(span) => span.then(Span::of(time)),
            None => {
                self.groups.insert(key.clone(), Span::of(time));
            }
        }
    }

    /// Adds the tally of the part that follows.
    pub(super) fn then(&mut self, next: Self) {
        self.repaired += next.repaired;
        self.rejected += next.rejected;
        for (key, span) in next.groups {
            match self.groups.get_mut(&key) {
                Some(own) => own.then(span),
                None => {
                    self.groups.insert(key, span);
                }
            }
        }
    }

    fn read(&self) -> u64 {
        self.rejected + self.groups.values().map(|span| span.entries).sum::<u64>()
    }

    /// Makes the catalogue's record of a source.
    pub(super) fn record(&self, facts: &SourceFacts) -> SourceRecord {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the lower half of a 128-bit hash is a 64-bit hash"
        )]
        let key = facts.content_hash as u64;
        let context_name = |idx: u32| facts.contexts.get(idx as usize).map_or("", |context| &context.path);
        let groups: Vec<GroupFacts> = self
            .groups
            .iter()
            .map(|((context, service, log, severity), span)| GroupFacts {
                context: context_name(*context).to_owned(),
                service: service.clone(),
                log: log.clone(),
                severity: severity.name().to_owned(),
                entries: span.entries,
                first_ns: span.first.as_nanos(),
                last_ns: span.last.as_nanos(),
            })
            .collect();
        let order = self.order();
        SourceRecord {
            key,
            path: facts.path.clone(),
            bytes: facts.bytes,
            modified_ns: facts.modified,
            dialect: facts.dialect.name().to_owned(),
            dialect_reason: facts.dialect_reason.clone(),
            compression: facts.compression.name().to_owned(),
            encoding: facts.encoding.name().to_owned(),
            read: self.read(),
            rejected: self.rejected,
            repaired: self.repaired,
            first_ns: self.groups.values().map(|span| span.first.as_nanos()).min(),
            last_ns: self.groups.values().map(|span| span.last.as_nanos()).max(),
            cut: self.cut(facts, order),
            order,
            groups,
            windows: windows(&facts.evidence),
            filter: facts.evidence.filter.clone(),
        }
    }

    fn order(&self) -> Order {
        // Groups interleave, so each being in order is necessary for the source being in order, and what limits cut
        // is decided per group anyway.
        if self.groups.values().all(|span| span.entries < 2 || span.first == span.last) {
            Order::Mixed
        } else if self.groups.values().all(|span| span.rises) {
            Order::OldestFirst
        } else if self.groups.values().all(|span| span.falls) {
            Order::NewestFirst
        } else {
            Order::Mixed
        }
    }

    fn cut(&self, facts: &SourceFacts, order: Order) -> Cut {
        if facts.cut == CutHint::Broken {
            return Cut::Broken;
        }
        let limited = facts.evidence.limit;
        let is_limit = |n: u64| limited.map_or(looks_like_a_limit(n), |limit| n == limit);
        // A sink writes all there is; a limit belongs to a read, which gives arrays, newest first unless asked otherwise.
        let is_read =
            facts.evidence.sink_hour.is_none() && facts.documents <= 1 && order != Order::OldestFirst;
        if is_read && facts.contexts.iter().any(|context| is_limit(context.records)) {
            Cut::Limit
        } else {
            Cut::No
        }
    }
}

/// Says whether people would give this number as a limit: 10, 20, 50, 100, …, and whole thousands.
pub fn looks_like_a_limit(n: u64) -> bool {
    if n < 10 {
        return false;
    }
    let mut leading = n;
    while leading.is_multiple_of(10) {
        leading /= 10;
    }
    matches!(leading, 1 | 2 | 5) || n.is_multiple_of(1000) || matches!(n, 25 | 30 | 40 | 75 | 150 | 250 | 300)
}

fn windows(evidence: &Evidence) -> Vec<WindowRecord> {
    let mut windows = Vec::new();
    for asked in &evidence.asked {
        // An end without a zone is the local time of whoever asked; it proves nothing.
        if asked.start.1 != Zone::Missing && asked.end.1 != Zone::Missing && asked.start.0 < asked.end.0 {
            windows.push(WindowRecord {
                proof: "asked-window".to_owned(),
                from_ns: asked.start.0.as_nanos(),
                to_ns: asked.end.0.as_nanos(),
                log: String::new(),
            });
        }
    }
    if let Some(hour) = &evidence.sink_hour {
        windows.push(WindowRecord {
            proof: "sink-hour".to_owned(),
            from_ns: hour.from.as_nanos(),
            to_ns: hour.to.as_nanos(),
            log: hour.log_id.clone(),
        });
    }
    windows.sort();
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_people_give() {
        for limit in [10, 20, 25, 50, 100, 200, 500, 1000, 2000, 3000, 5000, 10_000, 100_000] {
            assert!(looks_like_a_limit(limit), "{limit}");
        }
        for other in [0, 1, 5, 9, 11, 106, 162, 163, 999, 1001, 4999, 60, 130] {
            assert!(!looks_like_a_limit(other), "{other}");
        }
    }

    #[test]
    fn order_survives_being_read_in_parts() {
        let entry = LogEntry::empty();
        let part = |times: &[i64]| {
            let mut tally = Tally::default();
            for time in times {
                tally.add(0, &entry, "", Timestamp::from_nanos(*time));
            }
            tally
        };
        let order = |parts: &[&[i64]]| {
            let mut all = Tally::default();
            parts.iter().for_each(|times| all.then(part(times)));
            all.order()
        };
        assert_eq!(order(&[&[5, 4], &[4, 1]]), Order::NewestFirst);
        assert_eq!(order(&[&[1, 2], &[2, 9]]), Order::OldestFirst);
        assert_eq!(order(&[&[5, 4], &[6, 1]]), Order::Mixed);
        assert_eq!(order(&[&[5]]), Order::Mixed);
    }
}
