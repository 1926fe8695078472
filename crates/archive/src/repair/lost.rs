//! A catalogue made anew from what the entries tell.

use crate::catalog::{Cut, GroupFacts, Order, RejectRecord, SourceRecord};
use crate::columns::Column;
use crate::error::Result;
use crate::manifest::source_name;
use crate::segment::Segment;
use std::collections::BTreeMap;

/// Returns the path of a source whose own is lost.
pub(super) fn path(key: u64) -> String {
    format!("(lost) {}", source_name(key))
}

/// Makes a record of every source that entries are attributed to.
///
/// What the entries cannot tell is lost: paths, duplicates, what was asked for, whether a dump was cut off. Such a source
/// is read again when it is met, because neither path nor length are known.
///
/// # Errors
/// What the system says: then nobody knows what the entries would tell.
pub(super) fn sources(segments: &[Segment]) -> Result<Vec<SourceRecord>> {
    let mut groups: BTreeMap<u64, Groups> = BTreeMap::new();
    for segment in segments {
        let columns = [Column::Service, Column::LogName, Column::Severity];
        let read = segment.for_all_rows(&columns, |row| {
            let text = |column| row.cells.text(column).to_owned();
            let time = row.timestamp.as_nanos();
            let key = (text(Column::Service), text(Column::LogName), text(Column::Severity));
            let span = groups.entry(row.source).or_default().entry(key).or_insert((0, time, time));
            *span = (span.0 + 1, span.1.min(time), span.2.max(time));
            true
        });
        // A damaged segment is rescued on its own; what it counts then is missing here as well.
        super::readable(read)?;
        for name in segment.record().sources.keys() {
            if let Ok(key) = u64::from_str_radix(name, 16) {
                groups.entry(key).or_default();
            }
        }
    }
    let mut sources: Vec<SourceRecord> =
        groups.into_iter().map(|(key, groups)| record(key, groups)).collect();
    sources.sort_by(|a, b| (&a.path, a.key).cmp(&(&b.path, b.key)));
    Ok(sources)
}

/// Returns the record of a source of which nothing is known but that it was there.
pub(super) fn unknown(key: u64) -> SourceRecord {
    record(key, Groups::new())
}

/// Count, first and last time by service, log and severity.
type Groups = BTreeMap<(String, String, String), (u64, i64, i64)>;

fn record(key: u64, groups: Groups) -> SourceRecord {
    SourceRecord {
        key,
        path: path(key),
        bytes: 0,
        modified_ns: None,
        dialect: "unknown".to_owned(),
        dialect_reason: "the catalogue was damaged".to_owned(),
        compression: "unknown".to_owned(),
        encoding: "unknown".to_owned(),
        read: groups.values().map(|span| span.0).sum(),
        rejected: 0,
        repaired: 0,
        first_ns: groups.values().map(|span| span.1).min(),
        last_ns: groups.values().map(|span| span.2).max(),
        cut: Cut::No,
        order: Order::Mixed,
        groups: groups
            .into_iter()
            .map(|((service, log, severity), (entries, first_ns, last_ns))| GroupFacts {
                context: String::new(),
                service,
                log,
                severity,
                entries,
                first_ns,
                last_ns,
            })
            .collect(),
        windows: Vec::new(),
        filter: None,
        lacks: None,
    }
}

/// Makes a ledger in which the number of rejects is right and nothing else is known: one record for each source.
pub(super) fn rejects(sources: &[SourceRecord]) -> Vec<RejectRecord> {
    let lost = |source: &SourceRecord| RejectRecord {
        source: source.key,
        line: 0,
        offset: 0,
        len: 0,
        count: source.rejected,
        until: 0,
        reason: "ledger-lost".to_owned(),
        detail: "the reject ledger was damaged; ingest the source again to learn why".to_owned(),
        sample: String::new(),
    };
    sources.iter().filter(|source| source.rejected > 0).map(lost).collect()
}
