//! What a source is known to lack: where a limit cut it off, and where damage took pieces out of it.
//!
//! Both are decided once, while the source is read: only then is it known how many entries each place held before any were
//! rejected, what the wrappers around them say, and in which order they stand.

use super::sources::{Cut, Order, SourceRecord};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a source is known to lack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lacks {
    /// Where limits cut, by place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<LimitCut>,
    /// Where pieces could not be kept, by place and time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<Hole>,
}

/// An end at which a limit cut off entries of one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LimitCut {
    /// Place inside the source, as in [`super::GroupFacts::context`].
    pub context: String,
    /// The only severity that was cut; `None` for all that the place holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What is missing.
    pub missing: Missing,
    /// The last entry before the cut, nanoseconds since the Unix epoch.
    pub at_ns: i64,
    /// The limit that was met; `None` where it is not known, because the dump only says that there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The part of time of which a limit kept nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// All before the oldest entry: the dump is newest first.
    Older,
    /// All after the newest entry: the dump is oldest first.
    Newer,
}

/// A stretch of time in which a piece stood that could not be kept; ends included, those of `i64` where it has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hole {
    /// Place inside the source, as in [`super::GroupFacts::context`].
    pub context: String,
    /// Start, nanoseconds since the Unix epoch.
    pub from_ns: i64,
    /// End.
    pub to_ns: i64,
}

impl SourceRecord {
    /// Returns what the source is known to lack; of a source that was read before that was stored, what its counts tell.
    pub fn lacking(&self) -> Cow<'_, Lacks> {
        match &self.lacks {
            Some(lacks) => Cow::Borrowed(lacks),
            None => Cow::Owned(Lacks { cuts: derived_cuts(self), holes: Vec::new() }),
        }
    }
}

fn derived_cuts(source: &SourceRecord) -> Vec<LimitCut> {
    let is_asked = source.windows.iter().any(|window| window.proof == "asked-window");
    // A dump that is oldest first was never called cut; what it lacks matters where a window goes beyond its entries.
    let missing = match (source.cut, source.order) {
        (Cut::Limit, Order::Mixed | Order::NewestFirst) => Missing::Older,
        (Cut::Limit | Cut::No, Order::OldestFirst) if is_asked => Missing::Newer,
        _ => return Vec::new(),
    };
    let mut places: BTreeMap<&str, (u64, i64, i64)> = BTreeMap::new();
    for group in &source.groups {
        let place = places.entry(&group.context).or_insert((0, i64::MAX, i64::MIN));
        *place = (place.0 + group.entries, place.1.min(group.first_ns), place.2.max(group.last_ns));
    }
    // A limit that the dump names, or met before entries were rejected, does not show in the counts.
    let shows = places.values().any(|(entries, ..)| looks_like_a_limit(*entries));
    let is_cut = |entries: u64| looks_like_a_limit(entries) || source.cut == Cut::Limit && !shows;
    let cuts = places.into_iter().filter(|(_, (entries, ..))| is_cut(*entries));
    cuts.map(|(context, (entries, first, last))| LimitCut {
        context: context.to_owned(),
        severity: None,
        missing,
        at_ns: if missing == Missing::Older { first } else { last },
        limit: Some(entries),
    })
    .collect()
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

/// Says whether a place is, or lies inside, that of a wrapper: `logs.ERROR` inside `logs`, and both inside the document.
///
/// Places of documents after the first stand behind their number: `#2.logs`.
pub fn is_inside(place: &str, wrapper: &str) -> bool {
    let ((document, path), (of_document, around)) = (document_of(place), document_of(wrapper));
    let is_below = || path.strip_prefix(around).is_some_and(|rest| rest.starts_with('.'));
    document == of_document && (around.is_empty() || path == around || is_below())
}

fn document_of(place: &str) -> (&str, &str) {
    let (document, path) = place.split_once('.').unwrap_or((place, ""));
    let is_number =
        document.strip_prefix('#').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if is_number { (document, path) } else { ("", place) }
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
    fn places_inside_wrappers() {
        for (place, wrapper) in
            [("", ""), ("a", ""), ("a.b", "a"), ("#2", "#2"), ("#2.a", "#2"), ("#2.a.b", "#2.a")]
        {
            assert!(is_inside(place, wrapper), "{place} in {wrapper}");
        }
        for (place, wrapper) in
            [("#2", ""), ("#2.a", "a"), ("ab", "a"), ("a", "a.b"), ("#3", "#2"), ("", "#2")]
        {
            assert!(!is_inside(place, wrapper), "{place} in {wrapper}");
        }
    }
}
