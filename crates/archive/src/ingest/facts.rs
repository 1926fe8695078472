//! What is learned about a source while its entries are read.

use super::holes::Holes;
use super::limits::cuts;
use crate::catalog::{Cut, GroupFacts, Hole, Lacks, Order, SourceRecord, WindowRecord};
use std::collections::BTreeMap;
use timberline_entry::input::{CutHint, SourceFacts};
use timberline_entry::{Field, LogEntry, RejectReason, Severity, Timestamp, Zone};

/// Key of a group: place in the source, service, log, severity.
pub(super) type GroupKey = (u32, String, String, Severity);

/// Counts of entries by group, and their order; merged from the parts that workers read.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) groups: BTreeMap<GroupKey, Span>,
    /// All entries of a place together.
    pub(super) places: BTreeMap<u32, Span>,
    holes: Holes,
    pub(super) repaired: u64,
    pub(super) rejected: u64,
    last_key: Option<GroupKey>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) entries: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
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
    pub(super) fn then(&mut self, next: Self) {
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
        self.places.entry(context).and_modify(|span| span.then(Span::of(time))).or_insert(Span::of(time));
        self.holes.entry(context, time);
        let key = self.last_key.as_ref().expect("the key was just set");
        match self.groups.get_mut(key) {
            Some(span) => span.then(Span::of(time)),
            None => {
                self.groups.insert(key.clone(), Span::of(time));
            }
        }
    }

    /// Counts a piece that could not be kept, at its place in the order of the source.
    pub(super) fn reject(&mut self, reason: RejectReason) {
        self.rejected += 1;
        // What is sound JSON and no entry was no entry before either.
        if reason != RejectReason::NotAnEntry {
            self.holes.lost();
        }
    }

    /// Adds the tally of the part that follows.
    pub(super) fn then(&mut self, next: Self) {
        self.repaired += next.repaired;
        self.rejected += next.rejected;
        self.holes.then(next.holes);
        for (context, span) in next.places {
            self.places.entry(context).and_modify(|own| own.then(span)).or_insert(span);
        }
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
        let order = order_of(self.groups.values());
        let lacks = Lacks { cuts: cuts(self, facts), holes: self.holes_by_place(facts) };
        let cut = match (facts.cut, lacks.cuts.is_empty()) {
            (CutHint::Broken, _) => Cut::Broken,
            (CutHint::No, false) => Cut::Limit,
            (CutHint::No, true) => Cut::No,
        };
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
            cut,
            order,
            groups,
            windows: windows(facts),
            filter: facts.evidence.filter.clone(),
            lacks: Some(lacks),
        }
    }

    fn holes_by_place(&self, facts: &SourceFacts) -> Vec<Hole> {
        let mut holes = Vec::new();
        for ((idx, span), context) in self
            .places
            .iter()
            .filter_map(|(idx, span)| Some(((*idx, span), facts.contexts.get(*idx as usize)?)))
        {
            let (first, last) = (span.first.as_nanos(), span.last.as_nanos());
            for (from_ns, to_ns) in self.holes.of(idx, first, last, span.end < span.start) {
                holes.push(Hole { context: context.path.clone(), from_ns, to_ns });
            }
        }
        holes.sort();
        holes
    }

    /// Returns the order in which the entries of a place stand.
    ///
    /// Lists by severity or service that were put one behind the other are in order each.
    pub(super) fn order_of_place(&self, context: u32) -> Order {
        let whole = order_of(self.places.get(&context));
        let groups = self.groups_of(context).map(|(_, span)| span);
        if whole == Order::Mixed { order_of(groups) } else { whole }
    }

    pub(super) fn groups_of(&self, context: u32) -> impl Iterator<Item = (&GroupKey, &Span)> + Clone {
        let first = (context, String::new(), String::new(), Severity::Default);
        self.groups.range(first..).take_while(move |((own, ..), _)| *own == context)
    }
}

/// The order that all spans have in common, as far as any shows one.
fn order_of<'s>(spans: impl IntoIterator<Item = &'s Span> + Clone) -> Order {
    // Groups interleave, so each being in order is necessary for the source being in order, and what limits cut
    // is decided per place anyway.
    let all = |is_so: fn(&Span) -> bool| spans.clone().into_iter().all(is_so);
    if all(|span| span.entries < 2 || span.first == span.last) {
        Order::Mixed
    } else if all(|span| span.rises) {
        Order::OldestFirst
    } else if all(|span| span.falls) {
        Order::NewestFirst
    } else {
        Order::Mixed
    }
}

fn windows(facts: &SourceFacts) -> Vec<WindowRecord> {
    let evidence = &facts.evidence;
    let mut windows = Vec::new();
    for asked in &evidence.asked {
        // An end without a zone is the local time of whoever asked; it proves nothing.
        if asked.start.1 != Zone::Missing && asked.end.1 != Zone::Missing && asked.start.0 < asked.end.0 {
            windows.push(WindowRecord {
                proof: "asked-window".to_owned(),
                from_ns: asked.start.0.as_nanos(),
                to_ns: asked.end.0.as_nanos(),
                log: String::new(),
                place: facts
                    .contexts
                    .get(asked.context as usize)
                    .map_or_else(String::new, |c| c.path.clone()),
            });
        }
    }
    if let Some(hour) = &evidence.sink_hour {
        windows.push(WindowRecord {
            proof: "sink-hour".to_owned(),
            from_ns: hour.from.as_nanos(),
            to_ns: hour.to.as_nanos(),
            log: hour.log_id.clone(),
            place: String::new(),
        });
    }
    windows.sort();
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

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
            order_of(all.groups.values())
        };
        assert_eq!(order(&[&[5, 4], &[4, 1]]), Order::NewestFirst);
        assert_eq!(order(&[&[1, 2], &[2, 9]]), Order::OldestFirst);
        assert_eq!(order(&[&[5, 4], &[6, 1]]), Order::Mixed);
        assert_eq!(order(&[&[5]]), Order::Mixed);
    }
}
