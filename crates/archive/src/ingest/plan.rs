//! Which sources are new.

use crate::catalog::SourceRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use timberline_entry::input::SourceSpec;
use timberline_entry::{Refusal, RejectReason};
use xxhash_rust::xxh3::Xxh3;

/// What an ingest has to do.
pub(super) struct Plan {
    /// Sources to read, by path.
    pub(super) new: Vec<SourceSpec>,
    /// Stored bytes of them.
    pub(super) bytes: u64,
    /// Sources whose content is in the archive, or in another new one: their paths, and the keys of those.
    pub(super) unchanged: Vec<(String, u64)>,
    pub(super) refused: Vec<Refusal>,
}

/// Compares sources with those of the archive and with one another.
///
/// A file that looks as it did when it was read (path, length, time of change) is taken to be unchanged. Otherwise a file
/// is hashed when its length is that of a known source or of another new one, since only then can it be a copy; two
/// files with one content are one source.
///
/// Members of tar archives are told apart by their path alone; what they repeat is merged entry by entry.
pub(super) fn plan(specs: Vec<SourceSpec>, known: &[SourceRecord], check_content: bool) -> Plan {
    let by_path: BTreeMap<&str, Vec<&SourceRecord>> =
        known.iter().fold(BTreeMap::new(), |mut map, source| {
            map.entry(source.path.as_str()).or_insert_with(Vec::new).push(source);
            map
        });
    let mut lengths: BTreeMap<u64, usize> = BTreeMap::new();
    for source in known {
        *lengths.entry(source.bytes).or_insert(0) += 1;
    }
    let facts: Vec<Option<Stat>> = specs.iter().map(stat).collect();
    for stat in facts.iter().flatten() {
        *lengths.entry(stat.bytes).or_insert(0) += 1;
    }
    let mut seen: BTreeSet<u64> = known.iter().map(|source| source.key).collect();
    let mut plan = Plan { new: Vec::new(), bytes: 0, unchanged: Vec::new(), refused: Vec::new() };
    for (spec, stat) in specs.into_iter().zip(facts) {
        let Some(stat) = stat else {
            plan.new.push(spec);
            continue;
        };
        let before = by_path.get(spec.path.as_str()).map_or(&[][..], Vec::as_slice);
        let looks_unchanged = |source: &&SourceRecord| {
            source.bytes == stat.bytes
                && source.modified_ns.is_some()
                && source.modified_ns == stat.modified_ns
        };
        let same = before.iter().copied().find(looks_unchanged).filter(|_| !check_content);
        if let Some(source) = same {
            plan.unchanged.push((spec.path, source.key));
            continue;
        }
        let others = lengths.get(&stat.bytes).copied().unwrap_or(0);
        if others > 1 {
            match hash(&stat) {
                Ok(key) if !seen.insert(key) => {
                    plan.unchanged.push((spec.path, key));
                    continue;
                }
                Ok(_) => {}
                Err(error) => {
                    let detail = error.to_string();
                    plan.refused.push(Refusal { path: spec.path, reason: RejectReason::Unreadable, detail });
                    continue;
                }
            }
        }
        plan.bytes += stat.bytes;
        plan.new.push(spec);
    }
    plan
}

struct Stat {
    path: std::path::PathBuf,
    bytes: u64,
    modified_ns: Option<i64>,
}

/// Looks at a plain file; `None` for standard input, members of archives and what cannot be looked at.
fn stat(spec: &SourceSpec) -> Option<Stat> {
    let path = spec.file_path()?;
    if spec.path.contains('!') && !Path::new(&spec.path).is_file() {
        return None;
    }
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some(Stat { path: path.to_owned(), bytes: metadata.len(), modified_ns: modified_ns(&metadata) })
}

/// The same clock reading as the catalogue's, nanoseconds since the Unix epoch.
fn modified_ns(metadata: &std::fs::Metadata) -> Option<i64> {
    let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok()
}

fn hash(stat: &Stat) -> std::io::Result<u64> {
    let mut file = File::open(&stat.path)?;
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the lower half of a 128-bit hash is a 64-bit hash"
            )]
            let key = hash.digest128() as u64;
            return Ok(key);
        }
        hash.update(&buffer[..n]);
    }
}
