//! The account of an ingest: contract `timberline/ingest/1`.

use super::stats::Stats;
use crate::commands::rfc3339;
use crate::outcome::{Failure, Outcome};
use serde::Serialize;
use std::collections::BTreeMap;
use timberline_archive::Archive;
use timberline_archive::catalog::{Cut, LimitCut};
use timberline_archive::ingest::{SourceSummary, Summary};

/// What became of everything that was read. Always `read = kept + duplicates + rejected`, in total and per source.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Account {
    schema: &'static str,
    /// Entries found in the sources.
    pub(in crate::commands) read: u64,
    /// Entries that the archive did not have.
    pub(in crate::commands) kept: u64,
    /// Copies of entries that it had, or that came twice.
    pub(in crate::commands) duplicates: u64,
    /// What is no entry, or does not say when it happened.
    pub(in crate::commands) rejected: u64,
    /// Entries in which something had to be repaired or guessed, which count as kept or duplicate as well, and commas too many
    /// behind the last entry.
    pub(in crate::commands) repaired: u64,
    /// Stored bytes of the sources.
    pub(in crate::commands) bytes_read: u64,
    /// The same after decompression.
    pub(in crate::commands) text_bytes: u64,
    pub(in crate::commands) sources: Vec<Source>,
    /// Sources that were in the archive already and were not read again.
    pub(in crate::commands) unchanged: Vec<String>,
    /// Sources that could not be read at all.
    pub(in crate::commands) refused: Vec<Refused>,
    /// Folders that are archives of Timberline and were not looked into.
    pub(in crate::commands) left_out: Vec<String>,
    /// What was broken, by source and reason: what was rejected, then what was repaired and kept.
    pub(in crate::commands) damage: Vec<Damage>,
    /// What it cost, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::commands) stats: Option<Stats>,
}

#[derive(Debug, Serialize)]
pub(in crate::commands) struct Source {
    pub(in crate::commands) path: String,
    pub(in crate::commands) dialect: String,
    pub(in crate::commands) compression: String,
    pub(in crate::commands) bytes: u64,
    pub(in crate::commands) read: u64,
    pub(in crate::commands) kept: u64,
    pub(in crate::commands) duplicates: u64,
    pub(in crate::commands) rejected: u64,
    pub(in crate::commands) repaired: u64,
    pub(in crate::commands) first: Option<String>,
    pub(in crate::commands) last: Option<String>,
    /// `no`, `limit` or `broken`.
    pub(in crate::commands) cut: &'static str,
    /// Where limits cut it, for people.
    #[serde(skip)]
    pub(in crate::commands) cuts: Vec<LimitCut>,
}

#[derive(Debug, Serialize)]
pub(in crate::commands) struct Refused {
    pub(in crate::commands) path: String,
    /// Stable name of the reason.
    pub(in crate::commands) reason: &'static str,
    /// The reason as a sentence, and what was found instead.
    pub(in crate::commands) detail: String,
}

/// All damage of one source for one reason.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Damage {
    pub(in crate::commands) path: String,
    pub(in crate::commands) reason: String,
    pub(in crate::commands) detail: String,
    pub(in crate::commands) count: u64,
    /// Byte range of the first, in the decoded text: from, to (exclusive).
    pub(in crate::commands) first_bytes: (u64, u64),
    pub(in crate::commands) first_line: u64,
    /// It was repaired, and nothing was lost to it.
    pub(in crate::commands) repaired: bool,
}

impl Account {
    pub(super) fn of(summary: Summary) -> Self {
        let paths: BTreeMap<u64, &str> =
            summary.sources.iter().map(|source| (source.record.key, source.record.path.as_str())).collect();
        let mut damage: BTreeMap<(&str, &str), Damage> = BTreeMap::new();
        for reject in &summary.rejects {
            let path = paths.get(&reject.source).copied().unwrap_or("");
            let damage = damage.entry((path, &reject.reason)).or_insert_with(|| Damage {
                path: path.to_owned(),
                reason: reject.reason.clone(),
                detail: reject.detail.clone(),
                count: 0,
                first_bytes: (reject.offset, reject.offset + reject.len),
                first_line: reject.line,
                repaired: false,
            });
            damage.count += reject.count;
        }
        let mut damage: Vec<Damage> = damage.into_values().collect();
        damage.extend(summary.sources.iter().flat_map(mended));
        let sources: Vec<Source> = summary.sources.iter().map(Source::of).collect();
        let total = |get: fn(&Source) -> u64| sources.iter().map(get).sum();
        Self {
            schema: "timberline/ingest/1",
            read: total(|source| source.read),
            kept: total(|source| source.kept),
            duplicates: total(|source| source.duplicates),
            rejected: total(|source| source.rejected),
            repaired: total(|source| source.repaired),
            bytes_read: total(|source| source.bytes),
            text_bytes: summary.text_bytes,
            sources,
            unchanged: summary.unchanged,
            refused: summary
                .refused
                .into_iter()
                .map(|refusal| {
                    let detail = if refusal.detail.is_empty() {
                        refusal.reason.to_string()
                    } else {
                        format!("{}: {}", refusal.reason, refusal.detail)
                    };
                    Refused { path: refusal.path, reason: refusal.reason.name(), detail }
                })
                .collect(),
            left_out: Vec::new(),
            damage,
            stats: None,
        }
    }

    /// Nothing left out is an answer; something is incomplete; nothing but refusals and rejects is a failure.
    pub(in crate::commands) fn outcome(&self) -> Outcome {
        let left_out = self.rejected > 0 || !self.refused.is_empty() || !self.damage.is_empty();
        let got_something = self.read > self.rejected || !self.unchanged.is_empty();
        match (left_out, got_something) {
            (false, _) => Outcome::Answered,
            (true, true) => Outcome::Incomplete,
            (true, false) => Outcome::CouldNot,
        }
    }
}

/// What was repaired in a source, by kind.
fn mended(source: &SourceSummary) -> impl Iterator<Item = Damage> + '_ {
    source.mended.iter().map(|(kind, spot)| Damage {
        path: source.record.path.clone(),
        reason: kind.name().to_owned(),
        detail: kind.sentence().to_owned(),
        count: spot.count,
        first_bytes: spot.first_bytes,
        first_line: spot.first_line,
        repaired: true,
    })
}

impl Source {
    fn of(summary: &SourceSummary) -> Self {
        let record = &summary.record;
        Self {
            path: record.path.clone(),
            dialect: record.dialect.clone(),
            compression: record.compression.clone(),
            bytes: record.bytes,
            read: record.read,
            kept: summary.kept,
            duplicates: summary.duplicates(),
            rejected: record.rejected,
            repaired: record.repaired,
            first: record.first_ns.map(rfc3339),
            last: record.last_ns.map(rfc3339),
            cut: match record.cut {
                Cut::No => "no",
                Cut::Limit => "limit",
                Cut::Broken => "broken",
            },
            cuts: record.lacking().into_owned().cuts,
        }
    }
}

/// Holds the account against itself and against the archive: an entry that nobody can account for is the worst that an
/// ingest can do, so it is looked for every time.
pub(super) fn check(summary: &Summary, before: &Archive, after: &Archive) -> Result<(), Failure> {
    let off = |what: String| {
        Err(Failure::new(format!("the account of this ingest does not balance: {what}"))
            .hint("this is a mistake in timberline; please report it with the file concerned"))
    };
    for source in &summary.sources {
        let (record, kept) = (&source.record, source.kept);
        if kept + record.rejected > record.read {
            let (path, read, rejected) = (&record.path, record.read, record.rejected);
            return off(format!("{path}: {read} read, but {kept} kept and {rejected} rejected"));
        }
    }
    // With another writer in between, the archive's own counts say nothing about this ingest.
    let (before, after) = (before.manifest(), after.manifest());
    if after.sequence <= before.sequence + 1 {
        let kept: u64 = summary.sources.iter().map(|source| source.kept).sum();
        let (had, has) = (before.entries(), after.entries());
        if had + kept != has {
            return off(format!("the archive had {had} entries, {kept} were kept, and it has {has}"));
        }
    }
    Ok(())
}
