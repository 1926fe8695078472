//! Where limits cut a source off, judged once, from all that is known while it is read.
//!
//! ```text
//! the answer says that there is another page          cut
//! it names the limit that was asked for               cut when it was met, by one place or by all inside the wrapper
//! nothing is said, and it was read by somebody        cut when the number of entries is one that people give
//! it counts its entries by severity                   the same, for each severity alone; or when it counts more than it has
//! ```
//!
//! What is missing lies on the far side: before the oldest entry when the newest stand first, after the newest when the oldest do, on both
//! sides when they stand in no order.

use super::facts::{Span, Tally};
use crate::catalog::{LimitCut, Missing, Order, is_inside, looks_like_a_limit};
use std::collections::BTreeMap;
use timberline_entry::input::{ContextFacts, SourceFacts};
use timberline_entry::{Said, Severity};

pub(super) fn cuts(tally: &Tally, facts: &SourceFacts) -> Vec<LimitCut> {
    // A sink writes all there is.
    if facts.evidence.sink_hour.is_some() {
        return Vec::new();
    }
    let said: Vec<(&ContextFacts, u64)> = facts
        .contexts
        .iter()
        .filter(|wrapper| wrapper.said != Said::default())
        .map(|wrapper| {
            let inside = facts.contexts.iter().filter(|context| is_inside(&context.path, &wrapper.path));
            (wrapper, inside.map(|context| context.records).sum())
        })
        .collect();
    let mut cuts = Vec::new();
    for (idx, context) in (0..).zip(&facts.contexts) {
        let Some(span) = tally.places.get(&idx) else { continue };
        let around = || said.iter().filter(|(wrapper, _)| is_inside(&context.path, &wrapper.path));
        let has_more = around().any(|(wrapper, _)| wrapper.said.has_more);
        let limits: Vec<(u64, u64)> =
            around().filter_map(|(wrapper, n)| Some((wrapper.said.limit?, *n))).collect();
        // A limit belongs to a read, which gives arrays; lines are a stream, unless they stand the other way round.
        let is_part = facts.documents > 1 && !facts.dialect.is_log_entry();
        let is_read = || !is_part && (!context.is_bare || tally.order_of_place(idx) == Order::NewestFirst);
        let is_met = match &limits[..] {
            [] => looks_like_a_limit(context.records) && is_read(),
            limits => limits.iter().any(|(limit, inside)| context.records == *limit || inside == limit),
        };
        if has_more || is_met {
            let limit = is_met.then_some(context.records);
            let cut = Place { context, severity: None, order: tally.order_of_place(idx), limit };
            cut.push(*span, &mut cuts);
            continue;
        }
        let spans = by_severity(tally, idx);
        let is_in_wrapper = context.path.contains(char::is_alphabetic);
        for (severity, span) in &spans {
            let count = around().find_map(|(wrapper, _)| {
                let count = *wrapper.said.counts.get(severity)?;
                Some((count, counted_inside(tally, facts, wrapper, *severity)))
            });
            let is_one = |n: u64| match &limits[..] {
                [] => looks_like_a_limit(n),
                limits => limits.iter().any(|(limit, _)| n == *limit),
            };
            // Two severities do not happen to have the same round number of entries; each was fetched up to a limit.
            let is_twin = || {
                let n_same = spans.values().filter(|other| other.entries == span.entries).count();
                is_one(span.entries) && n_same > 1 && is_in_wrapper && is_read()
            };
            let is_cut = match count {
                Some((count, found)) => is_one(count) || count > found + tally.rejected,
                None => is_twin(),
            };
            if is_cut {
                let limit = Some(count.map_or(span.entries, |(count, _)| count)).filter(|n| is_one(*n));
                let order = tally.order_of_place(idx);
                Place { context, severity: Some(*severity), order, limit }.push(*span, &mut cuts);
            }
        }
    }
    cuts.sort();
    cuts
}

/// A place that was cut off, or one severity of it.
struct Place<'c> {
    context: &'c ContextFacts,
    severity: Option<Severity>,
    order: Order,
    limit: Option<u64>,
}

impl Place<'_> {
    fn push(&self, span: Span, cuts: &mut Vec<LimitCut>) {
        let mut push = |missing: Missing, at_ns: i64| {
            cuts.push(LimitCut {
                context: self.context.path.clone(),
                severity: self.severity.map(|severity| severity.name().to_owned()),
                missing,
                at_ns,
                limit: self.limit,
            });
        };
        if self.order != Order::OldestFirst {
            push(Missing::Older, span.first.as_nanos());
        }
        if self.order != Order::NewestFirst {
            push(Missing::Newer, span.last.as_nanos());
        }
    }
}

fn by_severity(tally: &Tally, place: u32) -> BTreeMap<Severity, Span> {
    let mut spans: BTreeMap<Severity, Span> = BTreeMap::new();
    for ((_, _, _, severity), span) in tally.groups_of(place) {
        spans.entry(*severity).and_modify(|own| own.then(*span)).or_insert(*span);
    }
    spans
}

fn counted_inside(tally: &Tally, facts: &SourceFacts, wrapper: &ContextFacts, severity: Severity) -> u64 {
    let is_meant = |idx: u32| {
        facts.contexts.get(idx as usize).is_some_and(|context| is_inside(&context.path, &wrapper.path))
    };
    let groups = tally.groups.iter().filter(|((idx, _, _, own), _)| *own == severity && is_meant(*idx));
    groups.map(|(_, span)| span.entries).sum()
}
