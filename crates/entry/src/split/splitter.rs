//! The splitter itself: which token stands where, and what becomes of it.

use super::MAX_ENTRY_BYTES;
use super::batch::{Batch, Record, valid_text};
use super::buffer::Buffer;
use super::frame::{Context, FrameKind, Frames};
use super::salvage::Damage;
use super::scan::{Outcome, Scan};
use super::wrapper::root_keys;
use crate::dialect::{DialectKind, Recogniser, Repair, RepairKind};
use crate::evidence::Evidence;
use crate::input::TextInput;
use crate::reject::{Reject, RejectReason, SAMPLE_BYTES, sample};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// What is known about a source before its first byte is split.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hints {
    pub(crate) recogniser: Recogniser,
    /// Length of a byte order mark that was skipped.
    pub(crate) base: u64,
}

/// Splits one source.
pub(crate) struct Splitter {
    pub(super) buffer: Buffer,
    /// Everything before this position of the buffer is settled, except for damage that is still being looked through.
    pub(super) at: usize,
    pub(super) frames: Frames,
    pub(super) damage: Option<Damage>,
    skip: Option<Skip>,
    records: Vec<Record>,
    rejects: Vec<Reject>,
    repairs: Vec<Repair>,
    /// The last comma since a token: its offset and line.
    comma: Option<(u64, u64)>,
    /// First keys of objects that turned out to be entries: the next object that begins so needs no closer look.
    pub(super) entry_keys: Vec<Vec<u8>>,
    pub(super) recogniser: Recogniser,
    outers: Vec<Arc<str>>,
    pub(super) facts: SplitFacts,
    finished: bool,
}

/// What the splitter learned about a source.
#[derive(Clone, Debug, Default)]
pub(crate) struct SplitFacts {
    pub(crate) evidence: Evidence,
    pub(crate) n_documents: u64,
    pub(crate) n_records: u64,
    pub(crate) n_rejects: u64,
    pub(crate) text_bytes: u64,
    /// The text ended inside something.
    pub(crate) is_cut: bool,
    /// Dialects of documents in the source beside its own.
    pub(crate) other_dialects: BTreeSet<DialectKind>,
}

/// A value that is read over without being kept.
struct Skip {
    scan: Scan,
    /// Where it began, and what it is rejected for; `None` for a wrapper's own data.
    reject: Option<Reject>,
    offset: u64,
}

/// A batch has at most this many rejects, so that rubbish cannot use more memory than text.
const MAX_REJECTS: usize = 10_000;

/// The first entry that is recognised tells the dialect of all before it, when it is within this many bytes.
const RECOGNISED_WITHIN: u64 = 1 << 20;

/// The longest key or scalar of a wrapper.
pub(super) const MAX_SCALAR: usize = 64 << 10;

impl Splitter {
    pub(crate) fn new(input: TextInput, hints: Hints) -> Self {
        Self {
            buffer: Buffer::new(input, hints.base),
            at: 0,
            frames: Frames::default(),
            damage: None,
            skip: None,
            records: Vec::new(),
            rejects: Vec::new(),
            repairs: Vec::new(),
            comma: None,
            entry_keys: Vec::new(),
            recogniser: hints.recogniser,
            outers: Vec::new(),
            facts: SplitFacts::default(),
            finished: false,
        }
    }

    /// Returns the next entries: about `budget` bytes of text, more when a single entry is larger. `None` at the end.
    pub(crate) fn next_batch(&mut self, budget: usize) -> io::Result<Option<Batch>> {
        loop {
            let is_empty = self.records.is_empty() && self.rejects.is_empty() && self.repairs.is_empty();
            if self.finished {
                return Ok(if is_empty { None } else { Some(self.cut()) });
            }
            let is_full =
                self.settled() >= budget.max(1) || self.rejects.len() + self.repairs.len() >= MAX_REJECTS;
            if is_full && !self.may_be_recognised(self.at) {
                if !is_empty {
                    return Ok(Some(self.cut()));
                }
                self.cut();
            }
            self.step(budget)?;
        }
    }

    /// Says whether an entry that starts at this position may tell the dialect of those before it.
    ///
    /// Nothing is handed out while that may be, so that the first entries of a source do not depend on the size of the batches.
    fn may_be_recognised(&self, at: usize) -> bool {
        self.recogniser.kind() == DialectKind::Unknown
            && self.buffer.offset(at) <= RECOGNISED_WITHIN
            && self.rejects.len() < MAX_REJECTS
    }

    /// Remembers the dialect of the entry at the current position, for itself and for those before it that had none.
    pub(super) fn recognised(&mut self, kind: DialectKind) {
        if self.may_be_recognised(self.at) {
            for record in &mut self.records {
                record.dialect = kind;
            }
        }
        if self.recogniser.found.is_none() {
            self.recogniser.found = Some((kind, kind.reason()));
        }
    }

    /// Returns the dialect, and why it is that one.
    pub(crate) fn dialect(&self) -> (DialectKind, &str) {
        match (self.recogniser.asked, self.recogniser.found) {
            (Some(kind), _) => (kind, "it was asked for"),
            (None, Some((kind, why))) => (kind, why),
            (None, None) => (DialectKind::Unknown, DialectKind::Unknown.reason()),
        }
    }

    pub(crate) const fn input(&self) -> &TextInput {
        self.buffer.input()
    }

    pub(crate) fn finish(self) -> (TextInput, SplitFacts, u64, Vec<Context>) {
        (self.buffer.into_input(), self.facts, self.frames.n_wrappers, self.frames.contexts)
    }

    fn step(&mut self, budget: usize) -> io::Result<()> {
        if self.skip.is_some() {
            return self.skip_on();
        }
        if self.damage.is_some() {
            return self.search_on();
        }
        match self.next_token(budget)? {
            Some(byte) => self.token(byte),
            None if self.at >= self.buffer.len() && self.buffer.ended() => {
                self.end();
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Moves over separators. `None` at the end, or when a whole batch of them went by.
    fn next_token(&mut self, budget: usize) -> io::Result<Option<u8>> {
        loop {
            let rest = &self.buffer.bytes()[self.at..];
            let gap = rest.iter().position(|byte| !is_separator(*byte));
            let len = gap.unwrap_or(rest.len());
            if let Some(at) = memchr::memrchr(b',', &rest[..len]) {
                let at = self.at + at;
                self.comma = Some((self.buffer.offset(at), self.buffer.line(at)));
            }
            self.at += len;
            if gap.is_some() {
                // Files with a byte order mark that were put one behind the other.
                if self.buffer.bytes()[self.at] == 0xef
                    && self.buffer.fill_to(self.at + 3)?
                    && self.buffer.bytes()[self.at..].starts_with("\u{feff}".as_bytes())
                {
                    self.at += 3;
                    continue;
                }
                return Ok(Some(self.buffer.bytes()[self.at]));
            }
            let is_batch = self.at >= budget && !self.may_be_recognised(self.at);
            if is_batch || !self.buffer.fill()? {
                return Ok(None);
            }
        }
    }

    fn token(&mut self, byte: u8) -> io::Result<()> {
        if !self.frames.has_wrapper() {
            self.recogniser.here = None;
        }
        let comma = self.comma.take();
        match (self.frames.kind(), byte) {
            (None | Some(FrameKind::Array), b'{') => self.object(),
            (None | Some(FrameKind::Array), b'[') if self.frames.are_too_deep() => {
                self.begin_damage(self.at, RejectReason::TooDeep, self.at + 1)
            }
            (None | Some(FrameKind::Array), b'[') => {
                self.count_document();
                self.begin_document();
                self.frames.push(FrameKind::Array, "");
                self.at += 1;
                Ok(())
            }
            (Some(FrameKind::Array), b']') | (Some(FrameKind::Wrapper), b'}') => {
                if let Some((offset, line)) = comma {
                    self.repairs.push(Repair { kind: RepairKind::TrailingComma, line, offset, len: 1 });
                }
                self.frames.open.pop();
                self.at += 1;
                Ok(())
            }
            // The array's own end is missing.
            (Some(FrameKind::Array), b'}') if self.is_inside_wrapper() => {
                self.frames.open.pop();
                self.frames.open.pop();
                self.at += 1;
                Ok(())
            }
            (Some(FrameKind::Wrapper), b'"') => self.member(),
            (Some(FrameKind::Array), b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => self.scalar_element(),
            _ => self.begin_damage(self.at, RejectReason::StrayText, self.at),
        }
    }

    fn is_inside_wrapper(&self) -> bool {
        let open = &self.frames.open;
        open.len() >= 2 && open[open.len() - 2].kind == FrameKind::Wrapper
    }

    pub(super) fn count_document(&mut self) {
        self.facts.n_documents += u64::from(self.frames.open.is_empty());
    }

    /// Gives a document places of its own if it can be a dump of its own. A line of OTLP is an array of entries as well, and a
    /// part of one stream.
    pub(super) fn begin_document(&mut self) {
        if self.frames.open.is_empty() {
            let kind = self.recogniser.kind();
            self.frames.begin_document(!kind.is_log_entry() && kind != DialectKind::Unknown);
        }
    }

    /// Reads an entry to its end.
    pub(super) fn element(&mut self) -> io::Result<()> {
        let start = self.at;
        let mut scan = Scan::new();
        loop {
            match scan.run(&self.buffer.bytes()[start..], self.buffer.ended(), &self.entry_keys) {
                Outcome::End(len) if len > MAX_ENTRY_BYTES => {
                    self.reject(start, start + len, RejectReason::TooLarge);
                    self.at = start + len;
                    return Ok(());
                }
                Outcome::End(len) if !scan.has_object_in_array() => return self.accept(start, start + len),
                Outcome::End(_) | Outcome::Odd(_) => return self.broken(start),
                Outcome::More if self.buffer.ended() => return self.broken(start),
                Outcome::More if self.buffer.len() - start > MAX_ENTRY_BYTES => {
                    let reject = self.make_reject(start, start, RejectReason::TooLarge);
                    self.skip = Some(Skip { scan, reject: Some(reject), offset: self.buffer.offset(start) });
                    return Ok(());
                }
                Outcome::More => {
                    self.buffer.fill()?;
                }
            }
        }
    }

    /// Records an entry, unless what follows shows that it ended too early.
    pub(super) fn accept(&mut self, start: usize, end: usize) -> io::Result<()> {
        if let Some(key) = self.key_behind(end)?
            && !self.has_key(start, end, &key)
        {
            return self.begin_damage(start, RejectReason::BrokenJson, start + 1);
        }
        self.count_document();
        let context = self.frames.context();
        self.record(start, end, context);
        self.at = end;
        Ok(())
    }

    /// Returns the key, quotes included, of `,"key":` behind an entry.
    ///
    /// A closing brace too many leaves that: the rest of the same entry, with keys that the first part does not have. So does
    /// the loss of the next entry's opening brace, and then the key is most likely one that both have.
    fn key_behind(&mut self, end: usize) -> io::Result<Option<Vec<u8>>> {
        let mut at = end;
        while self.buffer.byte(at)?.is_some_and(is_separator) && at - end < MAX_SCALAR {
            at += 1;
        }
        if self.buffer.byte(at)? != Some(b'"') {
            return Ok(None);
        }
        let Some(key_end) = self.string_end(at)? else { return Ok(None) };
        let mut after = key_end;
        while self.buffer.byte(after)?.is_some_and(|byte| byte <= b' ') && after - end < 2 * MAX_SCALAR {
            after += 1;
        }
        let is_key = self.buffer.byte(after)? == Some(b':');
        Ok(is_key.then(|| self.buffer.bytes()[at..key_end].to_vec()))
    }

    fn has_key(&self, start: usize, end: usize, key: &[u8]) -> bool {
        root_keys(&self.buffer.bytes()[start..end]).iter().any(|own| *own == &key[1..key.len() - 1])
    }

    /// Returns the end of the string that starts at `at`; `None` when it is too long, has a line feed, or does not end.
    pub(super) fn string_end(&mut self, at: usize) -> io::Result<Option<usize>> {
        let mut end = at + 1;
        loop {
            match self.buffer.byte(end)? {
                Some(b'"') => return Ok(Some(end + 1)),
                Some(b'\\') => end += 2,
                None | Some(b'\n') => return Ok(None),
                Some(_) => end += 1,
            }
            if end - at > MAX_SCALAR {
                return Ok(None);
            }
        }
    }

    /// An element that is no object.
    fn scalar_element(&mut self) -> io::Result<()> {
        let start = self.at;
        let Some(end) = self.scalar_end(start)? else {
            return self.begin_damage(start, RejectReason::StrayText, start);
        };
        let mut after = end;
        while self.buffer.byte(after)?.is_some_and(|byte| byte <= b' ') && after - end < MAX_SCALAR {
            after += 1;
        }
        if !matches!(self.buffer.byte(after)?, Some(b',' | b']') | None) {
            return self.begin_damage(start, RejectReason::StrayText, start);
        }
        self.reject(start, end, RejectReason::NotAnEntry);
        self.at = end;
        Ok(())
    }

    /// Returns the end of a string, number or word; `None` when there is none.
    pub(super) fn scalar_end(&mut self, at: usize) -> io::Result<Option<usize>> {
        if self.buffer.byte(at)? == Some(b'"') {
            return self.string_end(at);
        }
        let mut end = at;
        while let Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') =
            self.buffer.byte(end)?
        {
            end += 1;
            if end - at > 1024 {
                return Ok(None);
            }
        }
        Ok((end > at).then_some(end))
    }

    /// Reads over a value that is not needed.
    pub(super) fn skip_value(&mut self, start: usize) {
        self.skip = Some(Skip { scan: Scan::new(), reject: None, offset: self.buffer.offset(start) });
        self.at = start;
    }

    fn skip_on(&mut self) -> io::Result<()> {
        let Some(mut skip) = self.skip.take() else { return Ok(()) };
        // `at` is where the scan's own text begins.
        let value = &self.buffer.bytes()[self.at..];
        let outcome = skip.scan.run(value, self.buffer.ended(), &[]);
        match outcome {
            Outcome::End(len) => {
                self.at += len;
                self.end_skip(skip, None);
            }
            Outcome::More if !self.buffer.ended() => {
                let done = skip.scan.done();
                skip.scan.forget(value);
                self.at += done;
                self.skip = Some(skip);
                self.buffer.fill()?;
            }
            Outcome::More => {
                self.at = self.buffer.len();
                self.end_skip(skip, Some(RejectReason::CutOff));
            }
            Outcome::Odd(_) => {
                let reject = skip.reject.unwrap_or_else(|| Reject {
                    offset: skip.offset,
                    ..self.make_reject(self.at, self.at, RejectReason::BrokenJson)
                });
                self.damage = Some(Damage::from(reject));
            }
        }
        Ok(())
    }

    fn end_skip(&mut self, skip: Skip, reason: Option<RejectReason>) {
        let len = self.buffer.offset(self.at) - skip.offset;
        let reject = match (skip.reject, reason) {
            (Some(reject), _) => Reject { len, ..reject },
            (None, Some(reason)) => {
                Reject { offset: skip.offset, len, ..self.make_reject(self.at, self.at, reason) }
            }
            (None, None) => return,
        };
        self.push_reject(reject);
    }

    pub(super) fn record(&mut self, start: usize, end: usize, context: u32) {
        let line = self.buffer.line(start);
        self.frames.contexts[context as usize].n_records += 1;
        self.facts.n_records += 1;
        let outer = self.outer();
        self.records.push(Record {
            range: start..end,
            line,
            offset: self.buffer.offset(start),
            len: (end - start) as u64,
            context,
            dialect: self.recogniser.kind(),
            n_replaced: 0,
            outer,
        });
    }

    fn reject(&mut self, start: usize, end: usize, reason: RejectReason) {
        let reject = self.make_reject(start, end, reason);
        self.push_reject(reject);
    }

    pub(super) fn make_reject(&mut self, start: usize, end: usize, reason: RejectReason) -> Reject {
        let bytes = &self.buffer.bytes()[start..];
        let shown = if end > start { &bytes[..end - start] } else { bytes };
        let sample = sample(&shown[..shown.len().min(SAMPLE_BYTES)]);
        let line = self.buffer.line(start);
        Reject { line, offset: self.buffer.offset(start), len: (end - start) as u64, reason, sample }
    }

    pub(super) fn push_reject(&mut self, reject: Reject) {
        let context = self.frames.context_of_reject();
        self.frames.contexts[context as usize].n_rejects += 1;
        self.facts.n_rejects += 1;
        self.rejects.push(reject);
    }

    /// Everything before this position can be cut off.
    fn settled(&self) -> usize {
        /// Salvage looks this far back.
        const LOOK_BACK: usize = 4096;
        if self.damage.is_none() {
            return self.at;
        }
        let last = self.records.last().map_or(0, |record| record.range.end);
        last.max(self.at.saturating_sub(LOOK_BACK))
    }

    fn cut(&mut self) -> Batch {
        let settled = if self.finished { self.buffer.len() } else { self.settled() };
        let bytes = self.buffer.cut(settled);
        self.at -= settled;
        let mut records = std::mem::take(&mut self.records);
        let text = valid_text(bytes, &mut records);
        Batch {
            text,
            records,
            rejects: std::mem::take(&mut self.rejects),
            repairs: std::mem::take(&mut self.repairs),
            field_map: self.recogniser.field_map.clone(),
            outers: std::mem::take(&mut self.outers),
        }
    }

    /// Refers to the members of the wrappers around the innermost array, in dialects in which they count.
    fn outer(&mut self) -> u32 {
        if !self.recogniser.kind().has_outer() {
            return 0;
        }
        let Some(outer) = self.frames.outer() else { return 0 };
        if self.outers.last().is_none_or(|last| !Arc::ptr_eq(last, &outer)) {
            self.outers.push(outer);
        }
        u32::try_from(self.outers.len()).unwrap_or(0)
    }

    fn end(&mut self) {
        self.finished = true;
        if !self.frames.open.is_empty() {
            self.facts.is_cut = true;
            for frame in &self.frames.open {
                self.frames.contexts[frame.context as usize].is_broken = true;
            }
        }
        self.facts.text_bytes = self.buffer.offset(self.buffer.len());
        if let Some((reason, detail)) = self.buffer.input().damage.clone() {
            self.facts.is_cut = true;
            let at = self.buffer.len();
            let reject = Reject { sample: detail, ..self.make_reject(at, at, reason) };
            self.push_reject(reject);
        }
        self.at = self.buffer.len();
    }
}

/// What may stand between documents and elements. A comma too many or too few is no loss.
const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',')
}
