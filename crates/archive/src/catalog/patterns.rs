//! The pattern catalogue: which shapes of messages one statement wrote, and under which id they are known.
//!
//! ```text
//! messages of all segments ─► distinct shapes ─► merged (timberline_pattern::merge) ─► id: the founding shape's fingerprint
//! ```
//!
//! Everything here is a function of the archive's messages: neither order nor division into ingests can show. An id that
//! was given once is the fingerprint of a shape, so as long as the shape is in the archive it leads to its pattern of
//! today. Where a shape is gone (other rules for values, entries lost), its last pattern is kept as a redirect.

use super::table::{Table, Values, encode};
use crate::error::{Error, Result};
use crate::segment::{MessageRecord, Segment};
use bytes::Bytes;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use timberline_pattern::alias::{Founding, founding_shape};
use timberline_pattern::mask::Masker;
use timberline_pattern::merge::{MergedTemplate, merge};
use timberline_pattern::shape::{Fingerprint, Shape, fingerprint};
use timberline_pattern::template;

/// More shapes than this are not compared with one another: the rarest stay patterns of their own. Messages that all
/// look different are data, not statements.
pub const MAX_MERGED_SHAPES: usize = 20_000;

/// A shape of message and the pattern that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternRecord {
    /// Fingerprint of the shape, as in the column `pattern` of entries.
    pub shape: u64,
    /// Id of the pattern: the fingerprint of its founding shape.
    pub pattern: u64,
    /// The shape's tokens, with the kinds that its values had; see [`Shape::to_line`]. Empty for a redirect.
    pub line: String,
    /// For each token, the place in the pattern's template that it became part of.
    pub places: Vec<u16>,
    /// Tokens of the pattern's template, as a line; the same for all its shapes.
    pub template_line: String,
    /// The pattern's template as it is shown; the same for all its shapes.
    pub template: String,
    /// Entries with the shape. A redirect has none.
    pub entries: u64,
    /// Time of the first, nanoseconds since the Unix epoch; of a redirect as it was.
    pub first_ns: i64,
    /// Time of the last.
    pub last_ns: i64,
}

/// Makes the catalogue of an archive's segments. `before` is the catalogue of the commit before, and `successors` says
/// which shape now has the messages of one that other rules for values did away with.
///
/// Cost: reads what the messages of all segments look like, and compares their distinct shapes.
pub(crate) fn of_segments(
    segments: &[Segment],
    masker: &Masker,
    before: &[PatternRecord],
    successors: &BTreeMap<u64, u64>,
) -> Result<Vec<PatternRecord>> {
    let mut messages: BTreeMap<u64, MessageRecord> = BTreeMap::new();
    for segment in segments {
        for message in segment.messages()? {
            match messages.get_mut(&message.pattern) {
                Some(known) => join(known, message),
                None => {
                    messages.insert(message.pattern, message);
                }
            }
        }
    }
    let mut records = of_messages(&messages, masker);
    let known: BTreeMap<u64, u64> = records.iter().map(|record| (record.shape, record.pattern)).collect();
    for gone in before.iter().filter(|record| !known.contains_key(&record.shape)) {
        let successor = successors.get(&gone.shape).or_else(|| successors.get(&gone.pattern));
        let target = successor.copied().unwrap_or(gone.pattern);
        let pattern = known.get(&target).copied().unwrap_or(target);
        records.push(PatternRecord {
            pattern,
            line: String::new(),
            places: Vec::new(),
            template_line: String::new(),
            entries: 0,
            ..gone.clone()
        });
    }
    records.sort_by_key(|record| (record.pattern, record.shape));
    Ok(records)
}

/// Joins what two segments know of a shape.
fn join(known: &mut MessageRecord, other: MessageRecord) {
    if known.line != other.line {
        let mut shape = Shape::from_line(&known.line);
        shape.absorb_kinds(&Shape::from_line(&other.line));
        known.line = shape.to_line();
    }
    known.rows += other.rows;
    known.last_ns = known.last_ns.max(other.last_ns);
    if other.first_ns < known.first_ns {
        known.first_ns = other.first_ns;
        known.example = other.example;
    }
}

fn of_messages(messages: &BTreeMap<u64, MessageRecord>, masker: &Masker) -> Vec<PatternRecord> {
    let mut often: Vec<&MessageRecord> = messages.values().collect();
    often.sort_by_key(|message| (std::cmp::Reverse(message.rows), message.pattern));
    often.truncate(MAX_MERGED_SHAPES);
    let shapes: BTreeMap<u64, Shape> =
        messages.values().map(|message| (message.pattern, Shape::from_line(&message.line))).collect();
    let merged = merge(often.iter().map(|message| &shapes[&message.pattern]));
    // Segments of an earlier mask version have other fingerprints for the same shapes, so merged shapes are found by their own.
    let mut by_shape: BTreeMap<Fingerprint, Vec<&MessageRecord>> = BTreeMap::new();
    for message in often {
        by_shape.entry(shapes[&message.pattern].fingerprint()).or_default().push(message);
    }
    let mut records = Vec::with_capacity(messages.len());
    let mut placed: BTreeSet<u64> = BTreeSet::new();
    for group in merged.templates() {
        let members = || group.members().iter().flat_map(|member| &by_shape[member]).copied();
        let founding = founding_shape(members().map(|message| Founding {
            first_seen_ns: message.first_ns,
            shape: Fingerprint(message.pattern),
        }));
        let Some(Fingerprint(pattern)) = founding else { continue };
        let shown = shown(&messages[&pattern], &shapes[&pattern], &merged, group, masker);
        for message in members() {
            placed.insert(message.pattern);
            let places = merged.places_of(shapes[&message.pattern].fingerprint()).unwrap_or_default();
            let place = |place: &usize| u16::try_from(*place).expect("a shape has a hundred tokens at most");
            records.push(PatternRecord {
                shape: message.pattern,
                pattern,
                line: message.line.clone(),
                places: places.iter().map(place).collect(),
                template_line: line_of(group),
                template: shown.clone(),
                entries: message.rows,
                first_ns: message.first_ns,
                last_ns: message.last_ns,
            });
        }
    }
    for message in messages.values().filter(|message| !placed.contains(&message.pattern)) {
        let shape = &shapes[&message.pattern];
        let n_tokens = u16::try_from(shape.tokens().len()).expect("a shape has a hundred tokens at most");
        records.push(PatternRecord {
            shape: message.pattern,
            pattern: message.pattern,
            line: message.line.clone(),
            places: (0..n_tokens).collect(),
            template_line: message.line.clone(),
            template: template::of_tokens(shape.tokens()),
            entries: message.rows,
            first_ns: message.first_ns,
            last_ns: message.last_ns,
        });
    }
    records
}

fn line_of(group: &MergedTemplate) -> String {
    Shape::of_tokens(group.tokens().to_vec()).to_line()
}

/// Draws a pattern on the first message of its founding shape.
fn shown(
    founding: &MessageRecord,
    shape: &Shape,
    merged: &timberline_pattern::merge::Merged,
    group: &MergedTemplate,
    masker: &Masker,
) -> String {
    let mut holes = Vec::new();
    masker.mask(&founding.example, &mut holes);
    // Of a very long message only the beginning is known, which may have another shape.
    if fingerprint(&founding.example, &holes) == shape.fingerprint() {
        template::of_merged(&founding.example, &holes, shape, merged)
    } else {
        template::of_tokens(group.tokens())
    }
}

pub(crate) fn write(records: &[PatternRecord]) -> Vec<u8> {
    let text = |get: fn(&PatternRecord) -> String| Values::Text(records.iter().map(get).collect());
    let count = |get: fn(&PatternRecord) -> u64| Values::Count(records.iter().map(get).collect());
    let hash = |get: fn(&PatternRecord) -> u64| Values::Hash(records.iter().map(get).collect());
    let time = |get: fn(&PatternRecord) -> i64| {
        Values::Number(records.iter().map(|record| Some(get(record))).collect())
    };
    let places =
        |record: &PatternRecord| record.places.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
    encode(vec![
        ("shape", hash(|record| record.shape)),
        ("pattern", hash(|record| record.pattern)),
        ("tokens", text(|record| record.line.clone())),
        ("places", text(places)),
        ("template_tokens", text(|record| record.template_line.clone())),
        ("template", text(|record| record.template.clone())),
        ("entries", count(|record| record.entries)),
        ("first_ns", time(|record| record.first_ns)),
        ("last_ns", time(|record| record.last_ns)),
    ])
}

pub(crate) fn read(content: Bytes, path: &str) -> Result<Vec<PatternRecord>> {
    let table = Table::decode(content, path)?;
    let [shape, pattern, entries] = [table.count("shape")?, table.count("pattern")?, table.count("entries")?];
    let [first, last] = [table.number("first_ns")?, table.number("last_ns")?];
    let (lines, places) = (table.texts("tokens")?, table.texts("places")?);
    let (template_lines, templates) = (table.texts("template_tokens")?, table.texts("template")?);
    let record = |idx: usize| -> Result<PatternRecord> {
        let places = places[idx].split(' ').filter(|place| !place.is_empty()).map(str::parse);
        let places: std::result::Result<_, _> = places.collect();
        Ok(PatternRecord {
            shape: shape[idx],
            pattern: pattern[idx],
            line: lines[idx].to_owned(),
            places: places.map_err(|error| Error::damaged(path, error))?,
            template_line: template_lines[idx].to_owned(),
            template: templates[idx].to_owned(),
            entries: entries[idx],
            first_ns: first[idx].unwrap_or_default(),
            last_ns: last[idx].unwrap_or_default(),
        })
    };
    // Which of several damaged rows is told does not depend on who reads them.
    let records: Vec<Result<PatternRecord>> = (0..lines.len()).into_par_iter().map(record).collect();
    records.into_iter().collect()
}

/// Which pattern each shape of message belongs to, and each former id leads to.
#[derive(Clone, Debug, Default)]
pub struct PatternIds {
    /// Shape and pattern, by bucket and shape.
    pairs: Vec<(u64, u64)>,
    /// Where the pairs of a bucket end: ids are hashes, so their first bits say within a few pairs where they are.
    ends: Vec<u32>,
    /// So many first bits tell buckets apart.
    bucket_bits: u32,
}

impl PatternIds {
    fn new(pairs: Vec<(u64, u64)>) -> Self {
        let bucket_bits = pairs.len().next_power_of_two().ilog2().max(1);
        let mut ids = Self { ends: vec![0; 1 << bucket_bits], pairs: Vec::new(), bucket_bits };
        for (shape, _) in &pairs {
            let bucket = ids.bucket(*shape);
            ids.ends[bucket] += 1;
        }
        let mut end = 0;
        for of_bucket in &mut ids.ends {
            (*of_bucket, end) = (end, end + *of_bucket);
        }
        // Pairs are put where their bucket begins, which then begins behind them, until it has come to its end.
        ids.pairs = vec![(0, 0); pairs.len()];
        for pair in pairs {
            let bucket = ids.bucket(pair.0);
            ids.pairs[ids.ends[bucket] as usize] = pair;
            ids.ends[bucket] += 1;
        }
        for bucket in 0..ids.ends.len() {
            let own = ids.of_bucket(bucket);
            ids.pairs[own].sort_unstable();
        }
        ids
    }

    fn of_bucket(&self, bucket: usize) -> Range<usize> {
        let start = bucket.checked_sub(1).map_or(0, |before| self.ends[before]);
        start as usize..self.ends[bucket] as usize
    }

    fn bucket(&self, id: u64) -> usize {
        usize::try_from(id >> (u64::BITS - self.bucket_bits))
            .expect("there are as many buckets as pairs in memory")
    }

    /// Returns the pattern that a shape's fingerprint, or a former id, leads to; `None` for what is neither. Cost: that of looking
    /// at a pair or two.
    pub fn get(&self, id: u64) -> Option<u64> {
        if self.pairs.is_empty() {
            return None;
        }
        let pairs = &self.pairs[self.of_bucket(self.bucket(id))];
        let idx = pairs.binary_search_by_key(&id, |(shape, _)| *shape).ok()?;
        Some(pairs[idx].1)
    }

    /// Returns all shapes and former ids, each with its pattern.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.pairs.iter().copied()
    }
}

/// Reads which pattern each shape, or former id, belongs to.
pub(crate) fn read_ids(content: Bytes, path: &str) -> Result<PatternIds> {
    let table = Table::decode_columns(content, path, &["shape", "pattern"])?;
    Ok(PatternIds::new(table.count("shape")?.into_iter().zip(table.count("pattern")?).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};
    use timberline_pattern::shape::shape;

    fn messages(texts: &[(&str, i64)]) -> BTreeMap<u64, MessageRecord> {
        let mut holes = Vec::new();
        let record = |(text, time): &(&str, i64)| {
            Masker::standard().mask(text, &mut holes);
            let shape = shape(text, &holes);
            let record = MessageRecord {
                pattern: shape.fingerprint().0,
                line: shape.to_line(),
                example: (*text).to_owned(),
                rows: 1,
                first_ns: *time,
                last_ns: *time,
                first_row: 0,
            };
            (record.pattern, record)
        };
        texts.iter().map(record).collect()
    }

    proptest! {
        #[test]
        fn ids_are_found_wherever_they_lie(pairs: BTreeMap<u64, u64>, close in 0u64..300, other: u64) {
            let close = (0..close).map(|id| (id * 3, id));
            let all: BTreeMap<u64, u64> = pairs.into_iter().chain(close).collect();
            let ids = PatternIds::new(all.iter().map(|(id, pattern)| (*id, *pattern)).rev().collect());
            for id in all.keys().copied().chain([other, 0, 1, u64::MAX]) {
                prop_assert_eq!(ids.get(id), all.get(&id).copied());
            }
        }
    }

    #[test]
    fn shapes_of_one_statement_are_one_pattern_named_after_the_oldest() {
        let all = messages(&[
            ("No module named 'auth_service'", 7),
            ("No module named 'app.services.monitoring'", 5),
            ("up", 1),
        ]);
        let records = of_messages(&all, &Masker::standard());
        let of = |text: &str| records.iter().find(|record| record.line.contains(text)).unwrap();
        let (auth, monitoring) = (of("auth_service"), of("<name>"));
        assert_eq!((auth.pattern, monitoring.pattern), (monitoring.shape, monitoring.shape));
        assert_eq!(auth.template, "No module named '<*>'");
        assert_eq!(of("up").pattern, of("up").shape);
        assert_eq!(read(Bytes::from(write(&records)), "x").unwrap(), records);
        let ids = read_ids(Bytes::from(write(&records)), "x").unwrap();
        assert_eq!(ids.get(auth.shape), Some(monitoring.shape));
    }
}
