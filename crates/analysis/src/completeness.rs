//! What an answer rests on, and what it cannot say.

use crate::evidence::rfc3339;
use crate::question::Investigation;
use serde::Serialize;
use std::collections::BTreeMap;
use timberline_archive::catalog::{Cut, Missing, SourceRecord};
use timberline_archive::manifest::SetAside;

/// The part of every answer that says how far to trust it.
#[derive(Clone, Debug, Serialize)]
pub struct Completeness {
    /// Entries in the archive.
    pub entries: u64,
    /// Copies that were merged.
    pub duplicates: u64,
    /// What could not be kept.
    pub rejected: u64,
    /// From the first to the last moment that any source covers.
    pub covered: Option<Span>,
    /// Stretches in between that no source covers.
    pub gaps: Vec<Span>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// A stretch of time, RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Start.
    pub from: String,
    /// End.
    pub to: String,
}

impl Span {
    pub(crate) fn new(from_ns: i64, to_ns: i64) -> Self {
        Self { from: rfc3339(from_ns), to: rfc3339(to_ns) }
    }
}

impl Completeness {
    pub(crate) fn of(
        investigation: &Investigation<'_>,
        window: (Option<i64>, Option<i64>),
        mut warnings: Vec<String>,
    ) -> Self {
        let sources = &investigation.sources;
        let entries = investigation.archive.manifest().entries();
        let read: u64 = sources.iter().map(|source| source.read).sum();
        let rejected: u64 = sources.iter().map(|source| source.rejected).sum();
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        let mut all: Vec<(i64, i64)> = investigation
            .coverage
            .services()
            .flat_map(|(_, intervals)| intervals.iter().map(|interval| (interval.from_ns, interval.to_ns)))
            .collect();
        all.sort_unstable();
        for (from, to) in all {
            match stretches.last_mut() {
                Some((_, end)) if from <= end.saturating_add(1) => *end = (*end).max(to),
                _ => stretches.push((from, to)),
            }
        }
        let (asked_from, asked_to) = (window.0.unwrap_or(i64::MIN), window.1.unwrap_or(i64::MAX));
        let gaps = stretches
            .windows(2)
            .map(|pair| (pair[0].1.max(asked_from), pair[1].0.min(asked_to)))
            .filter(|(from, to)| from < to)
            .map(|(from, to)| Span::new(from, to))
            .collect();
        let covered = stretches.first().zip(stretches.last()).map(|(first, last)| Span::new(first.0, last.1));
        if let (Some(first), Some(last)) = (stretches.first(), stretches.last()) {
            if window.0.is_some_and(|from| from < first.0) {
                warnings.push(format!("nothing is covered before {}", rfc3339(first.0)));
            }
            if window.1.is_some_and(|to| to > last.1) {
                warnings.push(format!("nothing is covered after {}", rfc3339(last.1)));
            }
        }
        for source in sources {
            match source.cut {
                Cut::Limit => warnings.push(format!(
                    "{} looks cut off by a limit: it says nothing {}",
                    source.path,
                    silent_of(source).join(", and nothing ")
                )),
                Cut::Broken => {
                    warnings.push(format!("{} ends in the middle: its rest is missing", source.path));
                }
                Cut::No => {}
            }
        }
        for lost in &investigation.archive.manifest().set_aside {
            warnings.push(format!(
                "up to {} entries from {} to {} were lost to damage; `ingest` brings them back from the exports",
                lost.rows(),
                rfc3339(lost.first_ns),
                rfc3339(lost.last_ns)
            ));
        }
        if rejected > 0 {
            let pieces = if rejected == 1 { "1 piece".to_owned() } else { format!("{rejected} pieces") };
            warnings.push(format!("{pieces} of the sources could not be kept; `rejects` lists them"));
        }
        let lost: u64 = investigation.archive.manifest().set_aside.iter().map(SetAside::rows).sum();
        let duplicates = read.saturating_sub(rejected + entries + lost);
        Self { entries, duplicates, rejected, covered, gaps, warnings }
    }
}

/// Says what the limits on a source keep it from saying. Where its places end at different times, that of the last is named.
fn silent_of(source: &SourceRecord) -> Vec<String> {
    let lacks = source.lacking();
    let mut ends: BTreeMap<(Option<&str>, Missing), i64> = BTreeMap::new();
    for cut in &lacks.cuts {
        let end = ends.entry((cut.severity.as_deref(), cut.missing)).or_insert(cut.at_ns);
        *end = match cut.missing {
            Missing::Older => (*end).min(cut.at_ns),
            Missing::Newer => (*end).max(cut.at_ns),
        };
    }
    // The list of one severity may have been cut later than another reaches.
    let end = |((severity, missing), at_ns): ((Option<&str>, Missing), i64)| {
        let of = severity.map_or_else(String::new, |severity| format!("{severity} in "));
        match missing {
            Missing::Older if severity.is_none() => {
                format!("of {of}the time before {}", rfc3339(source.first_ns.unwrap_or(at_ns)))
            }
            Missing::Older => format!("of {of}the time before {}", rfc3339(at_ns)),
            Missing::Newer => format!("of {of}the time after {}", rfc3339(at_ns)),
        }
    };
    ends.into_iter().map(end).collect()
}
