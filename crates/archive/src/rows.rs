//! Rows in memory: what an ingest sorts, merges and writes.
//!
//! ```text
//! RowSet   heads   [ time, identity, shape, …, ids of repeated texts, place of the body ]   fixed size, sorted
//!          bodies  [ column, length, bytes | column, number | … ]                            one after another
//!          texts   dictionary of the repeated texts
//! ```

use crate::columns::{Cell, Cells, Column, ColumnKind, Keys, N_COLUMNS};
use hashbrown::HashTable;
use std::collections::BTreeMap;
use timberline_entry::{Severity, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

/// Columns whose texts are kept in the dictionary.
const REPEATED: [Column; 8] = [
    Column::LogName,
    Column::Service,
    Column::Revision,
    Column::Resource,
    Column::Labels,
    Column::HttpMethod,
    Column::HttpUserAgent,
    Column::HttpProtocol,
];
const SERVICE: usize = 1;
const REVISION: usize = 2;

/// The dictionary takes no more new texts beyond this size; they go into the bodies instead. Service and revision always
/// go into the dictionary, because rows are sorted by them.
const MAX_DICTIONARY: usize = 4 << 20;
const NO_TEXT: u32 = u32::MAX;

/// Where a row came from: a source by its place in the ingest's or segment's list, and the line of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) source: u32,
    pub(crate) line: u64,
}

/// What the program computed about an entry, beside its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Derived {
    /// Hash of the entry's shape: rows of a ring agree in it.
    pub(crate) shape: u64,
    /// Fingerprint of the message's pattern.
    pub(crate) pattern: u64,
    /// Key of the exception that the entry tells of.
    pub(crate) exception: Option<u64>,
    /// The message may begin a trace whose other lines are entries of their own. Not stored.
    pub(crate) begins_trace: bool,
}

impl Derived {
    /// Replaces the exception, and with it the shape: rows of a ring agree in their exception.
    pub(crate) fn set_exception(&mut self, exception: Option<u64>) {
        self.shape ^= Self::exception_mark(self.exception) ^ Self::exception_mark(exception);
        self.exception = exception;
    }

    /// Returns what an exception adds to the hash of a shape.
    pub(crate) fn exception_mark(exception: Option<u64>) -> u64 {
        exception.map_or(0, |key| xxh3_64(&key.to_le_bytes()))
    }
}

/// The fixed-size part of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) keys: Keys,
    pub(crate) derived: Derived,
    pub(crate) place: Place,
    /// The copy at `place` alone has everything that the merged entry has.
    pub(crate) is_whole: bool,
    texts: [u32; REPEATED.len()],
    body_start: u64,
    body_len: u32,
}

impl Head {
    /// Returns what copies of one entry have in common.
    pub(crate) const fn identity(&self) -> (i64, u64) {
        (self.keys.timestamp.as_micros(), self.keys.identity)
    }
}

/// Rows with their texts.
#[derive(Debug, Default)]
pub(crate) struct RowSet {
    heads: Vec<Head>,
    bodies: Bodies,
    texts: Dictionary,
    /// Texts of traces that were put together from several rows, by the exception of the first of them.
    joined: BTreeMap<u64, String>,
}

impl RowSet {
    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.heads.len()
    }

    /// Says whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Returns the memory that the rows take, in bytes; room kept for more is not counted.
    pub(crate) fn memory(&self) -> usize {
        self.heads.len() * size_of::<Head>() + self.bodies.bytes + self.texts.memory()
    }

    /// Makes an empty set with room for the heads of some rows.
    pub(crate) fn with_room(n_rows: usize) -> Self {
        Self { heads: Vec::with_capacity(n_rows), ..Self::default() }
    }

    /// Forgets all rows and keeps the room that they took.
    pub(crate) fn clear(&mut self) {
        self.heads.clear();
        self.bodies.clear();
        self.texts = Dictionary::default();
        self.joined.clear();
    }

    /// Returns the texts of traces that were put together from several rows, by their exception.
    pub(crate) const fn joined(&self) -> &BTreeMap<u64, String> {
        &self.joined
    }

    /// Says what a row's own text tells of.
    pub(crate) fn set_own(&mut self, idx: usize, exception: Option<u64>, begins_trace: bool) {
        let derived = &mut self.heads[idx].derived;
        derived.set_exception(exception);
        derived.begins_trace = begins_trace;
    }

    /// Gives a row the exception of a trace that begins in it and goes on in later rows.
    pub(crate) fn set_joined(&mut self, idx: usize, exception: u64, text: &str) {
        self.heads[idx].derived.set_exception(Some(exception));
        self.joined.entry(exception).or_insert_with(|| text.to_owned());
    }

    pub(crate) fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// Adds a row.
    pub(crate) fn push(
        &mut self,
        keys: Keys,
        cells: &Cells<'_>,
        derived: Derived,
        place: Place,
        is_whole: bool,
    ) {
        self.bodies.begin();
        let mut texts = [NO_TEXT; REPEATED.len()];
        for (slot, column) in REPEATED.into_iter().enumerate() {
            if let Cell::Text(text) = cells.get(column) {
                match self.texts.intern(text, slot == SERVICE || slot == REVISION) {
                    Some(id) => texts[slot] = id,
                    None => push_text(column, text, &mut self.bodies.open),
                }
            }
        }
        let body = &mut self.bodies.open;
        for column in Column::ALL {
            if REPEATED.contains(&column) || column == Column::Severity {
                continue;
            }
            match cells.get(column) {
                Cell::Null => {}
                Cell::Text(text) => push_text(column, text, body),
                Cell::Int(number) => {
                    body.push(column as u8);
                    body.extend_from_slice(&number.to_le_bytes());
                }
                Cell::Bool(value) => body.extend_from_slice(&[column as u8, u8::from(value)]),
            }
        }
        let (body_start, body_len) = self.bodies.end();
        self.heads.push(Head { keys, derived, place, is_whole, texts, body_start, body_len });
    }

    /// Adds a row that was read from a segment. Its identity is computed again from its columns.
    ///
    /// # Errors
    /// What is wrong with columns that no entry can have.
    pub(crate) fn push_read(&mut self, row: &crate::segment::Row<'_>, source: u32) -> Result<(), String> {
        let name = row.cells.text(Column::Severity);
        let severity = Severity::parse(name).unwrap_or_default().rank();
        let identity = crate::columns::identity_of(&row.cells, row.timestamp)?;
        let keys = Keys { timestamp: row.timestamp, identity, severity };
        let derived =
            Derived { shape: row.shape, pattern: row.pattern, exception: row.exception, begins_trace: false };
        self.push(keys, &row.cells, derived, Place { source, line: row.source_line }, row.source_is_whole);
        Ok(())
    }

    /// Adds a row of another set.
    pub(crate) fn push_from(&mut self, other: &Self, idx: usize, remap: &mut Remap) {
        let mut head = other.heads[idx];
        self.bodies.begin();
        self.bodies.open.extend_from_slice(other.body(&head));
        for (slot, column) in REPEATED.into_iter().enumerate() {
            let id = head.texts[slot];
            if id == NO_TEXT {
                continue;
            }
            match remap.id(id, slot, &other.texts, &mut self.texts) {
                Some(mapped) => head.texts[slot] = mapped,
                None => {
                    push_text(column, other.texts.get(id), &mut self.bodies.open);
                    head.texts[slot] = NO_TEXT;
                }
            }
        }
        (head.body_start, head.body_len) = self.bodies.end();
        self.heads.push(head);
    }

    /// Adds all rows of another set, with sources renumbered by `source`.
    pub(crate) fn append(&mut self, other: &Self, source: impl Fn(u32) -> u32) {
        let mut remap = Remap::default();
        for idx in 0..other.len() {
            self.push_from(other, idx, &mut remap);
            let head = self.heads.last_mut().expect("a row was pushed");
            head.place.source = source(head.place.source);
        }
    }

    /// Returns the cells of a row.
    pub(crate) fn cells(&self, idx: usize) -> Cells<'_> {
        let head = &self.heads[idx];
        let mut cells = Cells::empty();
        cells.set(Column::Severity, Cell::Text(Severity::ALL[usize::from(head.keys.severity)].name()));
        for (slot, column) in REPEATED.into_iter().enumerate() {
            if head.texts[slot] != NO_TEXT {
                cells.set(column, Cell::Text(self.texts.get(head.texts[slot])));
            }
        }
        let mut rest = self.body(head);
        while let [column, tail @ ..] = rest {
            let column = Column::ALL[usize::from(*column)];
            let (cell, tail) = match column.kind() {
                ColumnKind::Text | ColumnKind::Repeated => {
                    let (len, tail) = tail.split_first_chunk().expect("push_text wrote a length");
                    let (text, tail) = tail.split_at(u32::from_le_bytes(*len) as usize);
                    (Cell::Text(std::str::from_utf8(text).expect("push_text wrote text")), tail)
                }
                ColumnKind::Integer | ColumnKind::Time => {
                    let (number, tail) = tail.split_first_chunk().expect("push wrote eight bytes");
                    (Cell::Int(i64::from_le_bytes(*number)), tail)
                }
                ColumnKind::Bool => {
                    let (value, tail) = tail.split_first().expect("push wrote a byte");
                    (Cell::Bool(*value == 1), tail)
                }
            };
            cells.set(column, cell);
            rest = tail;
        }
        cells
    }

    /// Returns the rows in the order of their identity: time to the microsecond, then identity, then place.
    pub(crate) fn by_identity(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..row_idx(self.len())).collect();
        rayon::slice::ParallelSliceMut::par_sort_unstable_by_key(&mut order[..], |idx| {
            let head = &self.heads[*idx as usize];
            (head.identity(), head.place)
        });
        order
    }

    /// Returns the rows in ring order: service, revision, severity, shape, time; then identity, so that the order is one.
    pub(crate) fn by_ring(&self) -> Vec<u32> {
        let ranks = self.texts.ranks();
        let rank = |id: u32| if id == NO_TEXT { 0 } else { ranks[id as usize] + 1 };
        let mut order: Vec<u32> = (0..row_idx(self.len())).collect();
        rayon::slice::ParallelSliceMut::par_sort_unstable_by_key(&mut order[..], |idx| {
            let head = &self.heads[*idx as usize];
            let ring = (
                rank(head.texts[SERVICE]),
                rank(head.texts[REVISION]),
                head.keys.severity,
                head.derived.shape,
            );
            (ring, head.keys.timestamp, head.keys.identity)
        });
        order
    }

    /// Says whether two rows of the set belong to one ring.
    pub(crate) fn same_ring(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.heads[a], &self.heads[b]);
        a.texts[SERVICE] == b.texts[SERVICE]
            && a.texts[REVISION] == b.texts[REVISION]
            && a.keys.severity == b.keys.severity
            && a.derived.shape == b.derived.shape
    }

    fn body(&self, head: &Head) -> &[u8] {
        self.bodies.get(head.body_start, head.body_len)
    }
}

/// Rows as bytes, for temporary files; read back by the same process only.
impl RowSet {
    /// Appends the rows to `out`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.heads.len() * 96 + self.bodies.bytes + self.texts.bytes.len());
        for len in [self.heads.len(), self.bodies.bytes, self.texts.bytes.len(), self.texts.ends.len()] {
            out.extend_from_slice(&(len as u64).to_le_bytes());
        }
        for head in &self.heads {
            out.extend_from_slice(&head.keys.timestamp.as_nanos().to_le_bytes());
            for number in [
                head.keys.identity,
                head.derived.shape,
                head.derived.pattern,
                head.derived.exception.unwrap_or(0),
                head.place.line,
            ] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            for number in head.texts.into_iter().chain([head.place.source, head.body_len]) {
                out.extend_from_slice(&number.to_le_bytes());
            }
            out.extend_from_slice(&[
                head.keys.severity,
                u8::from(head.is_whole),
                u8::from(head.derived.exception.is_some()),
                u8::from(head.derived.begins_trace),
            ]);
        }
        for head in &self.heads {
            out.extend_from_slice(self.body(head));
        }
        out.extend_from_slice(self.texts.bytes.as_bytes());
        for end in &self.texts.ends {
            out.extend_from_slice(&end.to_le_bytes());
        }
    }

    /// Puts the rows of [`encode`](Self::encode) in the place of those of the set; `None` when they are none. The set can be
    /// read from and not added to.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Option<()> {
        let mut input = Input(bytes);
        let rows = self;
        rows.clear();
        let [n_heads, n_bodies, n_bytes, n_ends] =
            [input.size()?, input.size()?, input.size()?, input.size()?];
        rows.heads.reserve_exact(n_heads);
        for _ in 0..n_heads {
            let timestamp = Timestamp::from_nanos(i64::from_le_bytes(input.array()?));
            let [identity, shape, pattern, exception, line] =
                [input.u64()?, input.u64()?, input.u64()?, input.u64()?, input.u64()?];
            let mut texts = [0; REPEATED.len()];
            for text in &mut texts {
                *text = u32::from_le_bytes(input.array()?);
            }
            let source = u32::from_le_bytes(input.array()?);
            let body_len = u32::from_le_bytes(input.array()?);
            let [severity, is_whole, has_exception, begins_trace] = input.array()?;
            rows.heads.push(Head {
                keys: Keys { timestamp, identity, severity },
                derived: Derived {
                    shape,
                    pattern,
                    exception: (has_exception == 1).then_some(exception),
                    begins_trace: begins_trace == 1,
                },
                place: Place { source, line },
                is_whole: is_whole == 1,
                texts,
                body_start: 0,
                body_len,
            });
        }
        let mut bodies = input.take(n_bodies)?;
        for head in &mut rows.heads {
            let (body, rest) = bodies.split_at_checked(head.body_len as usize)?;
            bodies = rest;
            rows.bodies.begin();
            rows.bodies.open.extend_from_slice(body);
            (head.body_start, _) = rows.bodies.end();
        }
        rows.texts.bytes = String::from_utf8(input.take(n_bytes)?.to_vec()).ok()?;
        for _ in 0..n_ends {
            rows.texts.ends.push(u32::from_le_bytes(input.array()?));
        }
        input.0.is_empty().then_some(())
    }
}

struct Input<'b>(&'b [u8]);

impl<'b> Input<'b> {
    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.u64()?).ok()
    }
}

/// Which text of one dictionary is which of another.
#[derive(Debug, Default)]
pub(crate) struct Remap(Vec<Option<u32>>);

impl Remap {
    fn id(&mut self, id: u32, slot: usize, from: &Dictionary, to: &mut Dictionary) -> Option<u32> {
        let idx = id as usize;
        if self.0.len() <= idx {
            self.0.resize(from.len(), None);
        }
        if self.0[idx].is_none() {
            self.0[idx] = to.intern(from.get(id), slot == SERVICE || slot == REVISION);
        }
        self.0[idx]
    }
}

fn push_text(column: Column, text: &str, bodies: &mut Vec<u8>) {
    debug_assert!((column as usize) < N_COLUMNS);
    bodies.push(column as u8);
    bodies.extend_from_slice(
        &u32::try_from(text.len()).expect("an entry is bounded well below 4 GiB").to_le_bytes(),
    );
    bodies.extend_from_slice(text.as_bytes());
}

pub(crate) fn row_idx(idx: usize) -> u32 {
    u32::try_from(idx).expect("a set of rows is bounded by memory, far below 2^32 rows")
}

/// The bodies of rows, in pieces: growing copies nothing and needs no room for twice as much.
#[derive(Debug, Default)]
struct Bodies {
    full: Vec<Vec<u8>>,
    /// Pieces of bodies that were forgotten, empty.
    spare: Vec<Vec<u8>>,
    /// What the next bodies go into.
    open: Vec<u8>,
    /// Where the body begins that is being written.
    start: usize,
    bytes: usize,
}

/// A piece is closed when the next body begins behind this many bytes.
const PIECE_BYTES: usize = 1 << 20;

impl Bodies {
    /// Begins a body, which is then appended to `open`.
    fn begin(&mut self) {
        if self.open.len() >= PIECE_BYTES {
            let next = || Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 16);
            let next = self.spare.pop().unwrap_or_else(next);
            self.full.push(std::mem::replace(&mut self.open, next));
        }
        self.start = self.open.len();
    }

    /// Ends the body; returns its place and length.
    fn end(&mut self) -> (u64, u32) {
        let len = self.open.len() - self.start;
        self.bytes += len;
        let place = (self.full.len() as u64) << 32 | u64::from(row_idx(self.start));
        (place, u32::try_from(len).expect("an entry is bounded well below 4 GiB"))
    }

    fn get(&self, place: u64, len: u32) -> &[u8] {
        let [piece, start] = [place >> 32, place & 0xffff_ffff]
            .map(|number| usize::try_from(number).expect("a body lies in memory"));
        let piece = self.full.get(piece).unwrap_or(&self.open);
        &piece[start..start + len as usize]
    }

    fn clear(&mut self) {
        self.open.clear();
        // A body that was longer than a piece made it grow; such are not kept.
        let usual = self.full.drain(..).filter(|piece| piece.capacity() <= 2 * PIECE_BYTES);
        self.spare.extend(usual.map(|mut piece| {
            piece.clear();
            piece
        }));
        self.bytes = 0;
    }
}

/// Distinct texts, numbered in the order in which they came.
#[derive(Debug, Default)]
struct Dictionary {
    bytes: String,
    ends: Vec<u32>,
    ids: HashTable<u32>,
}

impl Dictionary {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn memory(&self) -> usize {
        self.bytes.len() + self.ends.len() * 10
    }

    fn get(&self, id: u32) -> &str {
        let idx = id as usize;
        let start = if idx == 0 { 0 } else { self.ends[idx - 1] as usize };
        &self.bytes[start..self.ends[idx] as usize]
    }

    fn intern(&mut self, text: &str, always: bool) -> Option<u32> {
        let hash = xxh3_64(text.as_bytes());
        let Self { bytes, ends, ids } = self;
        let get = |id: u32| {
            let start = if id == 0 { 0 } else { ends[id as usize - 1] as usize };
            &bytes[start..ends[id as usize] as usize]
        };
        if let Some(id) = ids.find(hash, |id| get(*id) == text) {
            return Some(*id);
        }
        if !always && bytes.len() + text.len() > MAX_DICTIONARY {
            return None;
        }
        let id = row_idx(ends.len());
        ids.insert_unique(hash, id, |id| xxh3_64(get(*id).as_bytes()));
        bytes.push_str(text);
        ends.push(row_idx(bytes.len()));
        Some(id)
    }

    /// Returns each text's place in byte order.
    fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..row_idx(self.len())).collect();
        order.sort_unstable_by(|a, b| self.get(*a).cmp(self.get(*b)));
        let mut ranks = vec![0; order.len()];
        for (rank, id) in order.into_iter().enumerate() {
            ranks[id as usize] = row_idx(rank);
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(nanos: i64, identity: u64) -> Keys {
        Keys { timestamp: Timestamp::from_nanos(nanos), identity, severity: 5 }
    }

    fn cells<'a>(service: &'a str, labels: &'a str) -> Cells<'a> {
        let mut cells = Cells::empty();
        cells.set(Column::Service, Cell::Text(service));
        cells.set(Column::Revision, Cell::Text(""));
        cells.set(Column::Labels, Cell::Text(labels));
        cells.set(Column::HttpStatus, Cell::Int(-503));
        cells.set(Column::TraceSampled, Cell::Bool(true));
        cells.set(Column::TextPayload, Cell::Text("ü"));
        cells
    }

    const DERIVED: Derived = Derived { shape: 1, pattern: 2, exception: None, begins_trace: false };

    #[test]
    fn cells_come_back_also_through_another_set() {
        let mut set = RowSet::default();
        let place = Place { source: 3, line: 4 };
        set.push(keys(1, 1), &cells("b", "{}"), DERIVED, place, true);
        set.push(keys(2, 2), &cells("a", r#"{"x":1}"#), DERIVED, place, false);
        let mut other = RowSet::default();
        other.push(keys(9, 9), &cells("zz", "{}"), DERIVED, place, true);
        other.append(&set, |source| source + 10);
        let mut encoded = Vec::new();
        set.encode(&mut encoded);
        let mut reread = RowSet::default();
        reread.push(keys(7, 7), &cells("before", "{}"), DERIVED, place, true);
        reread.decode(&encoded).unwrap();
        for (set, first) in [(&set, 0), (&other, 1), (&reread, 0)] {
            let row = set.cells(first + 1);
            assert_eq!(row.text(Column::Service), "a");
            assert_eq!(row.text(Column::Labels), r#"{"x":1}"#);
            assert_eq!(row.get(Column::HttpStatus), Cell::Int(-503));
            assert_eq!(row.get(Column::TraceSampled), Cell::Bool(true));
            assert_eq!(row.text(Column::TextPayload), "ü");
            assert_eq!(row.text(Column::Severity), "ERROR");
            assert_eq!(row.get(Column::InsertId), Cell::Null);
        }
        assert_eq!(other.heads()[2].place, Place { source: 13, line: 4 });
        assert_eq!(other.by_ring(), [2, 1, 0]);
        assert_eq!(other.by_identity(), [1, 2, 0]);
        assert!(!other.same_ring(0, 1));
    }

    #[test]
    fn a_full_dictionary_puts_texts_into_the_bodies() {
        let mut set = RowSet::default();
        let long = "x".repeat(MAX_DICTIONARY);
        let place = Place { source: 0, line: 0 };
        set.push(keys(1, 1), &cells("s", &long), DERIVED, place, true);
        set.push(keys(2, 2), &cells("t", "new"), DERIVED, place, true);
        assert_eq!(set.cells(1).text(Column::Labels), "new");
        let mut other = RowSet::default();
        other.append(&set, |source| source);
        assert_eq!(other.cells(0).text(Column::Labels), long);
        assert_eq!(other.cells(1).text(Column::Labels), "new");
        assert_eq!(other.cells(1).text(Column::Service), "t");
    }
}
