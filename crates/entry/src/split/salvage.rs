//! Going on behind damage: the rule is drawn in the [module's documentation](super).

use super::MAX_ENTRY_BYTES;
use super::frame::FrameKind;
use super::splitter::Splitter;
use crate::dialect::Strength;
use crate::json::{Document, FaultKind, Node, parse_prefix};
use crate::reject::{Reject, RejectReason, SAMPLE_BYTES, sample};
use std::borrow::Cow;
use std::io;

/// Damage that is being looked through for the next entry.
#[derive(Debug)]
pub(super) struct Damage {
    /// The reject it will become; its length is not known yet.
    reject: Reject,
}

impl From<Reject> for Damage {
    fn from(reject: Reject) -> Self {
        Self { reject }
    }
}

/// What stands at a place that may be an entry.
pub(super) enum Found {
    /// A value that ends here.
    Value(usize),
    /// No value.
    Fault(FaultKind),
}

impl Splitter {
    /// The scan of the entry at `start` came upon something odd, or upon the end.
    pub(super) fn broken(&mut self, start: usize) -> io::Result<()> {
        let mut nodes = Vec::new();
        match self.parse_at(start, &mut nodes)? {
            Found::Value(end) => {
                let text = same_length_text(&self.buffer.bytes()[start..end]);
                let value = Document::new(&text, &nodes).root();
                // Without a time it is no entry to keep, and so not worth the entries inside it.
                let is_entry = value.as_object().is_some_and(|object| {
                    let has_time = ["timestamp", "receiveTimestamp", "receive_timestamp"]
                        .iter()
                        .any(|key| object.get(key).is_some());
                    let kind = self.recogniser.recognise(object).map(|(kind, _)| kind);
                    kind.is_some_and(|kind| has_time || !kind.is_log_entry())
                });
                if is_entry || !super::wrapper::holds_entries(value, &self.recogniser) {
                    drop(text);
                    return self.accept(start, end);
                }
                drop(text);
                self.begin_damage(start, RejectReason::NotAnEntry, start + 1)
            }
            Found::Fault(kind) => {
                let reason = match kind {
                    FaultKind::CutOff if self.buffer.ended() => RejectReason::CutOff,
                    FaultKind::CutOff | FaultKind::TooLarge => RejectReason::TooLarge,
                    FaultKind::TooDeep => RejectReason::TooDeep,
                    _ => RejectReason::BrokenJson,
                };
                self.count_document();
                self.begin_damage(start, reason, start + 1)
            }
        }
    }

    /// Opens a reject at `start` and searches for the next entry from `from`.
    pub(super) fn begin_damage(&mut self, start: usize, reason: RejectReason, from: usize) -> io::Result<()> {
        self.buffer.fill_to(start + SAMPLE_BYTES)?;
        let reject = self.make_reject(start, start, reason);
        self.damage = Some(Damage { reject });
        self.at = from;
        Ok(())
    }

    /// Looks at the next place that may be an entry.
    pub(super) fn search_on(&mut self) -> io::Result<()> {
        let Some(found) = memchr::memchr(b'{', &self.buffer.bytes()[self.at..]) else {
            self.at = self.buffer.len();
            if !self.buffer.fill()? {
                self.close_damage(self.at);
            }
            return Ok(());
        };
        self.at += found;
        if !self.may_begin_entry(self.at)? {
            self.at += 1;
            return Ok(());
        }
        let mut nodes = Vec::new();
        let Found::Value(end) = self.parse_at(self.at, &mut nodes)? else {
            self.at += 1;
            return Ok(());
        };
        let text = same_length_text(&self.buffer.bytes()[self.at..end]);
        let value = Document::new(&text, &nodes).root();
        let is_entry = value
            .as_object()
            .and_then(|object| self.recogniser.recognise(object))
            .is_some_and(|(_, strength)| strength == Strength::Strong);
        let holds_entries = !is_entry && super::wrapper::holds_entries(value, &self.recogniser);
        if is_entry || holds_entries && self.frames.open.is_empty() {
            self.resume();
        } else {
            // What is inside a value that is no entry and holds none need not be looked at again.
            self.at = if holds_entries { self.at + 1 } else { end };
        }
        Ok(())
    }

    /// `{` and a key, and not the value of a member on the same line.
    fn may_begin_entry(&mut self, at: usize) -> io::Result<bool> {
        let mut next = at + 1;
        while self.buffer.byte(next)?.is_some_and(|byte| byte <= b' ') && next - at < 4096 {
            next += 1;
        }
        if self.buffer.byte(next)? != Some(b'"') {
            return Ok(false);
        }
        let before = &self.buffer.bytes()[self.damage_start()..at];
        let gap = before.iter().rev().take_while(|byte| **byte <= b' ').count();
        let is_value = before[..before.len() - gap].last() == Some(&b':');
        Ok(!is_value || before[before.len() - gap..].contains(&b'\n'))
    }

    /// Parses the value at `start`, reading on until that is decided.
    pub(super) fn parse_at(&mut self, start: usize, nodes: &mut Vec<Node>) -> io::Result<Found> {
        let mut want = 64 << 10;
        loop {
            self.buffer.fill_to(start + want)?;
            let bytes = &self.buffer.bytes()[start..];
            let bytes = &bytes[..bytes.len().min(want)];
            let is_all = self.buffer.ended() && bytes.len() < want;
            match parse_prefix(&same_length_text(bytes), nodes) {
                Ok((_, end)) => return Ok(Found::Value(start + end)),
                Err(fault) if fault.kind == FaultKind::CutOff && !is_all && want < MAX_ENTRY_BYTES => {
                    want *= 4;
                }
                Err(fault) => return Ok(Found::Fault(fault.kind)),
            }
        }
    }

    /// Where the damage begins in the buffer. Nothing before it is looked at: it may have been cut off.
    fn damage_start(&self) -> usize {
        let offset = self.damage.as_ref().map_or(0, |damage| damage.reject.offset);
        usize::try_from(offset.saturating_sub(self.buffer.offset(0))).unwrap_or(usize::MAX).min(self.at)
    }

    /// An entry begins at `self.at`: ends the damage before it and settles in which array it stands.
    fn resume(&mut self) {
        let start = self.damage_start();
        let rest = trim_end(&self.buffer.bytes()[start..self.at], b",");
        let array = rest.strip_suffix(b"[");
        let key = array.and_then(|rest| key_before_colon(trim_end(rest, b"")));
        let end = start + rest.len();
        let is_array = array.is_some();
        self.close_damage(end);
        if let Some(key) = key {
            while self.frames.kind() == Some(FrameKind::Array) {
                self.leave_broken_array();
            }
            if self.frames.kind().is_none() {
                self.frames.push(FrameKind::Wrapper, "");
            }
            self.frames.push(FrameKind::Array, &key);
        } else if self.frames.kind() == Some(FrameKind::Wrapper) || is_array && self.frames.kind().is_none() {
            self.frames.push(FrameKind::Array, "");
        }
    }

    fn leave_broken_array(&mut self) {
        if let Some(frame) = self.frames.open.pop() {
            self.frames.contexts[frame.context as usize].is_broken = true;
        }
    }

    /// Ends the damage at `end`.
    fn close_damage(&mut self, end: usize) {
        let Some(Damage { mut reject }) = self.damage.take() else { return };
        let at_end = end == self.buffer.len() && self.buffer.ended();
        let end = trim_end(&self.buffer.bytes()[..end], b",").len();
        let Some(len @ 1..) = self.buffer.offset(end).checked_sub(reject.offset) else { return };
        reject.len = len;
        // The sample was taken before anybody knew where the damage ends; it shows no more than that.
        let start = reject.offset.checked_sub(self.buffer.offset(0)).and_then(|at| usize::try_from(at).ok());
        if let Some(start) = start
            && end - start < SAMPLE_BYTES
        {
            reject.sample = sample(&self.buffer.bytes()[start..end]);
        }
        let is_first = self.facts.n_records == 0 && self.facts.n_rejects == 0;
        if at_end && is_first && reject.reason == RejectReason::StrayText {
            reject.reason = RejectReason::NotJson;
        }
        self.facts.is_cut |= at_end && reject.reason == RejectReason::CutOff;
        self.push_reject(reject);
    }
}

fn trim_end<'a>(mut bytes: &'a [u8], also: &[u8]) -> &'a [u8] {
    while let [rest @ .., last] = bytes {
        if !matches!(last, b' ' | b'\n' | b'\r' | b'\t') && !also.contains(last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

/// Reads the key of `"KEY" :` at the end of `bytes`. Keys with a quote in them are not looked for.
fn key_before_colon(bytes: &[u8]) -> Option<String> {
    let bytes = trim_end(bytes.strip_suffix(b":")?, b"").strip_suffix(b"\"")?;
    let start = memchr::memrchr(b'"', bytes)?;
    let key = std::str::from_utf8(&bytes[start + 1..]).ok()?;
    (key.len() <= 256 && !key.contains('\n')).then(|| key.to_owned())
}

/// Makes text of bytes without moving any: what is no UTF-8 becomes question marks.
pub(super) fn same_length_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut text = String::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                text.push_str(chunk.valid());
                text.extend(chunk.invalid().iter().map(|_| '?'));
            }
            Cow::Owned(text)
        }
    }
}
