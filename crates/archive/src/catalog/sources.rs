//! Where entries came from, and what each source can be a witness of.

use super::lacks::Lacks;
use super::table::{Table, Values, encode};
use crate::error::{Error, Result};
use bytes::Bytes;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A source that was read: a file, a member of an archive, standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRecord {
    /// Hash of the stored bytes: two files with one content are one source.
    pub key: u64,
    /// How the person named it.
    pub path: String,
    /// Length as stored.
    pub bytes: u64,
    /// When the file was last changed, nanoseconds since the Unix epoch. Only used to skip unchanged files quickly.
    pub modified_ns: Option<i64>,
    /// What kind of dump it is.
    pub dialect: String,
    /// Why it was taken for that.
    pub dialect_reason: String,
    /// How it is compressed; `none` if it is not.
    pub compression: String,
    /// Character encoding.
    pub encoding: String,
    /// Entries read: kept, duplicates and rejected.
    pub read: u64,
    /// Entries that could not be kept.
    pub rejected: u64,
    /// Entries in which something was repaired.
    pub repaired: u64,
    /// Time of the earliest entry.
    pub first_ns: Option<i64>,
    /// Time of the latest entry.
    pub last_ns: Option<i64>,
    /// Whether the dump ends before its time span does.
    pub cut: Cut,
    /// In which order the entries stand.
    pub order: Order,
    /// What it holds, by place inside, service and severity; sorted.
    pub groups: Vec<GroupFacts>,
    /// Time spans that the export was asked for, where it says so.
    pub windows: Vec<WindowRecord>,
    /// The filter that the export was made with, where it says so.
    pub filter: Option<String>,
    /// What it is known to lack; `None` for a source that was read before that was stored. See [`Self::lacking`].
    pub lacks: Option<Lacks>,
}

/// Whether a dump is known to lack something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// Nothing hints at it.
    #[default]
    No,
    /// It, or a list inside, has exactly as many entries as a limit would leave, or says that there are more.
    Limit,
    /// The file ends inside an entry.
    Broken,
}

/// The order of entries in a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Neither, or fewer than two entries.
    #[default]
    Mixed,
    /// Every entry is at least as new as the one before.
    OldestFirst,
    /// Every entry is at least as old as the one before.
    NewestFirst,
}

/// What a source holds of one service and severity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupFacts {
    /// Place inside the source: the key path of a wrapper's array, empty for a plain dump; behind `#2` and so on in documents
    /// after the first.
    pub context: String,
    /// Service.
    pub service: String,
    /// Name of the log, as in `logName`; empty where the export leaves it out.
    pub log: String,
    /// Severity's name.
    pub severity: String,
    /// Number of entries.
    pub entries: u64,
    /// Time of the earliest.
    pub first_ns: i64,
    /// Time of the latest.
    pub last_ns: i64,
}

/// A time span that an export was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WindowRecord {
    /// `asked-window` or `sink-hour`.
    pub proof: String,
    /// Start, nanoseconds since the Unix epoch.
    pub from_ns: i64,
    /// End, exclusive.
    pub to_ns: i64,
    /// The log it speaks for; empty for all.
    pub log: String,
    /// The place of the wrapper that says so; it speaks for what is inside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

#[derive(Serialize, Deserialize)]
struct Evidence {
    groups: Vec<GroupFacts>,
    windows: Vec<WindowRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lacks: Option<Lacks>,
}

impl Cut {
    /// Returns the name used in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Limit => "limit",
            Self::Broken => "broken",
        }
    }
}

impl Order {
    /// Returns the name used in the catalogue.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::OldestFirst => "oldest-first",
            Self::NewestFirst => "newest-first",
        }
    }
}

pub(crate) fn write(sources: &[SourceRecord]) -> Vec<u8> {
    let text = |get: fn(&SourceRecord) -> String| Values::Text(sources.iter().map(get).collect());
    let count = |get: fn(&SourceRecord) -> u64| Values::Count(sources.iter().map(get).collect());
    let number = |get: fn(&SourceRecord) -> Option<i64>| Values::Number(sources.iter().map(get).collect());
    encode(vec![
        ("key", count(|source| source.key)),
        ("path", text(|source| source.path.clone())),
        ("bytes", count(|source| source.bytes)),
        ("modified_ns", number(|source| source.modified_ns)),
        ("dialect", text(|source| source.dialect.clone())),
        ("dialect_reason", text(|source| source.dialect_reason.clone())),
        ("compression", text(|source| source.compression.clone())),
        ("encoding", text(|source| source.encoding.clone())),
        ("read", count(|source| source.read)),
        ("rejected", count(|source| source.rejected)),
        ("repaired", count(|source| source.repaired)),
        ("first_ns", number(|source| source.first_ns)),
        ("last_ns", number(|source| source.last_ns)),
        ("cut", text(|source| source.cut.name().to_owned())),
        ("order", text(|source| source.order.name().to_owned())),
        (
            "evidence",
            text(|source| {
                let evidence = Evidence {
                    groups: source.groups.clone(),
                    windows: source.windows.clone(),
                    filter: source.filter.clone(),
                    lacks: source.lacks.clone(),
                };
                serde_json::to_string(&evidence).expect("evidence is plain data")
            }),
        ),
    ])
}

pub(crate) fn read(content: Bytes, path: &str) -> Result<Vec<SourceRecord>> {
    let table = Table::decode(content, path)?;
    let (key, bytes, read) = (table.count("key")?, table.count("bytes")?, table.count("read")?);
    let (rejected, repaired) = (table.count("rejected")?, table.count("repaired")?);
    let mut paths = table.text("path")?.into_iter();
    let (modified, first, last) =
        (table.number("modified_ns")?, table.number("first_ns")?, table.number("last_ns")?);
    let mut dialects = table.text("dialect")?.into_iter().zip(table.text("dialect_reason")?);
    let mut codecs = table.text("compression")?.into_iter().zip(table.text("encoding")?);
    let (cuts, orders, evidence) = (table.text("cut")?, table.text("order")?, table.text("evidence")?);
    // Evidence is most of a catalogue, so that of several sources is read side by side.
    let in_row = |idx: usize, detail: String| Error::damaged(path, format!("row {idx}: {detail}"));
    let of_source = |(idx, json): (usize, &String)| -> Result<Evidence> {
        serde_json::from_str(json).map_err(|error| in_row(idx, error.to_string()))
    };
    let evidence: Vec<Result<Evidence>> = evidence.par_iter().enumerate().map(of_source).collect();
    let mut sources = Vec::with_capacity(key.len());
    for (idx, evidence) in evidence.into_iter().enumerate() {
        let (evidence, damaged) = (evidence?, |detail: String| in_row(idx, detail));
        let (dialect, dialect_reason) = dialects.next().expect("the columns have one length");
        let (compression, encoding) = codecs.next().expect("the columns have one length");
        sources.push(SourceRecord {
            key: key[idx],
            path: paths.next().expect("the columns have one length"),
            bytes: bytes[idx],
            modified_ns: modified[idx],
            dialect,
            dialect_reason,
            compression,
            encoding,
            read: read[idx],
            rejected: rejected[idx],
            repaired: repaired[idx],
            first_ns: first[idx],
            last_ns: last[idx],
            cut: [Cut::No, Cut::Limit, Cut::Broken]
                .into_iter()
                .find(|cut| cut.name() == cuts[idx])
                .ok_or_else(|| damaged(format!("cut {:?}", cuts[idx])))?,
            order: [Order::Mixed, Order::OldestFirst, Order::NewestFirst]
                .into_iter()
                .find(|order| order.name() == orders[idx])
                .ok_or_else(|| damaged(format!("order {:?}", orders[idx])))?,
            groups: evidence.groups,
            windows: evidence.windows,
            filter: evidence.filter,
            lacks: evidence.lacks,
        });
    }
    Ok(sources)
}

/// Reads what each source is called, by its key.
pub(crate) fn read_paths(content: Bytes, path: &str) -> Result<BTreeMap<u64, String>> {
    let table = Table::decode_columns(content, path, &["key", "path"])?;
    Ok(table.count("key")?.into_iter().zip(table.text("path")?).collect())
}

#[cfg(test)]
mod tests {
    use super::super::lacks::{Hole, LimitCut, Missing};
    use super::*;

    #[test]
    fn written_sources_are_read() {
        let source = SourceRecord {
            key: 1,
            path: "a/b.json".to_owned(),
            bytes: 2,
            modified_ns: None,
            dialect: "log-entry".to_owned(),
            dialect_reason: "has insertId".to_owned(),
            compression: "none".to_owned(),
            encoding: "utf-8".to_owned(),
            read: 3,
            rejected: 1,
            repaired: 0,
            first_ns: Some(-5),
            last_ns: Some(5),
            cut: Cut::Limit,
            order: Order::NewestFirst,
            groups: vec![GroupFacts {
                context: String::new(),
                service: "s".to_owned(),
                log: "l".to_owned(),
                severity: "ERROR".to_owned(),
                entries: 2,
                first_ns: -5,
                last_ns: 5,
            }],
            windows: vec![WindowRecord {
                proof: "asked-window".to_owned(),
                from_ns: 0,
                to_ns: 9,
                log: String::new(),
                place: "logs".to_owned(),
            }],
            filter: Some("severity>=ERROR".to_owned()),
            lacks: Some(Lacks {
                cuts: vec![LimitCut {
                    context: String::new(),
                    severity: Some("ERROR".to_owned()),
                    missing: Missing::Older,
                    at_ns: -5,
                    limit: Some(2),
                }],
                holes: vec![Hole { context: String::new(), from_ns: i64::MIN, to_ns: -6 }],
            }),
        };
        let sources = vec![source.clone(), SourceRecord { key: 2, cut: Cut::Broken, lacks: None, ..source }];
        assert_eq!(read(Bytes::from(write(&sources)), "x").unwrap(), sources);
        let paths = BTreeMap::from([1, 2].map(|key| (key, "a/b.json".to_owned())));
        assert_eq!(read_paths(Bytes::from(write(&sources)), "x").unwrap(), paths);
        assert_eq!(read(Bytes::from(write(&[])), "x").unwrap(), []);
        assert!(matches!(read(Bytes::from_static(b"nonsense"), "x"), Err(Error::Damaged { .. })));
    }
}
