//! Objects that are no entries but have entries somewhere inside, read member by member.

use super::frame::{FrameKind, Frames};
use super::salvage::{Found, same_length_text};
use super::scan::{Outcome, Scan};
use super::splitter::Splitter;
use crate::dialect::{DialectKind, Recogniser, Strength};
use crate::evidence::{AskedWindow, Evidence, window_end};
use crate::json::{Document, Value};
use crate::reject::RejectReason;
use std::io;

/// What an object is gets decided by this much of it.
const LOOK_AHEAD: usize = 1 << 20;

/// How deep inside a wrapper arrays of entries are looked for.
const MAX_WRAPPING: usize = 16;

/// Members that only answers and collections have; an object with one of them and no entries is an empty collection.
const WRAPPER_KEYS: [&str; 9] = [
    "entries",
    "nextPageToken",
    "raw_logs",
    "logs",
    "logs_by_severity",
    "time_range",
    "collection_time",
    "fetch_time",
    "total_logs",
];

/// The end of a value, as far as it can be seen from its start.
enum Ahead {
    Whole(usize),
    TooLong,
    Broken,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Entry,
    Wrapper,
    /// Its brackets match, but it is no JSON, and entries may be inside all the same.
    Broken,
}

impl Splitter {
    /// An object where an entry is expected.
    pub(super) fn object(&mut self) -> io::Result<()> {
        match self.verdict()? {
            Verdict::Entry => self.element(),
            Verdict::Broken => self.broken(self.at),
            Verdict::Wrapper if self.frames.are_too_deep() => {
                self.begin_damage(self.at, RejectReason::TooDeep, self.at + 1)
            }
            Verdict::Wrapper => {
                self.count_document();
                self.begin_document();
                self.frames.push(FrameKind::Wrapper, "");
                self.at += 1;
                Ok(())
            }
        }
    }

    fn verdict(&mut self) -> io::Result<Verdict> {
        let key = self.first_key()?;
        if let Some((start, end)) = key
            && self.entry_keys.iter().any(|known| *known == self.buffer.bytes()[start..end])
        {
            return Ok(Verdict::Entry);
        }
        let ahead = self.look_ahead(self.at)?;
        let Ahead::Whole(end) = ahead else {
            let is_large = matches!(ahead, Ahead::TooLong);
            if is_large {
                let visible = &self.buffer.bytes()[self.at..];
                let visible = &visible[..visible.len().min(LOOK_AHEAD)];
                let is_inside = |recogniser: &Recogniser| entry_inside(visible, recogniser);
                let other = self.other_dialect(is_inside);
                self.is_of(other);
            }
            return Ok(self.verdict_by_sight(self.at + LOOK_AHEAD, is_large));
        };
        let text = same_length_text(&self.buffer.bytes()[self.at..end]);
        let mut nodes = Vec::new();
        if crate::json::parse(&text, &mut nodes).is_err() {
            return Ok(match self.verdict_by_sight(end, false) {
                Verdict::Wrapper => Verdict::Wrapper,
                Verdict::Entry | Verdict::Broken => Verdict::Broken,
            });
        }
        let value = Document::new(&text, &nodes).root();
        let Value::Object(object) = value else { return Ok(Verdict::Entry) };
        if let Some((kind, _)) = self.recogniser.recognise(object) {
            self.learn(kind, key);
            return Ok(Verdict::Entry);
        }
        let is_one = |recogniser: &Recogniser| recogniser.recognise(object).is_some();
        let holds = |recogniser: &Recogniser| holds_entries(value, recogniser);
        let is_collection = object.iter().any(|(key, _)| WRAPPER_KEYS.iter().any(|own| key.is(own)));
        let as_entry = self.other_dialect(|recogniser| is_one(recogniser) || holds(recogniser));
        let verdict = match &as_entry {
            None => is_collection || holds(&self.recogniser),
            Some(other) => !is_one(other),
        };
        self.is_of(as_entry);
        Ok(if verdict { Verdict::Wrapper } else { Verdict::Entry })
    }

    /// Returns the recogniser of another dialect than the source's when what stands here is of that, by `is_such`, and not of the
    /// source's own. Inside wrappers there is no other: a document is of one dialect.
    fn other_dialect(&self, is_such: impl Fn(&Recogniser) -> bool) -> Option<Recogniser> {
        let may_change = !self.frames.has_wrapper() && !is_such(&self.recogniser);
        may_change.then(|| self.recogniser.others().find(|other| is_such(other))).flatten()
    }

    /// Reads what stands here, with all that is inside, as of this dialect.
    fn is_of(&mut self, other: Option<Recogniser>) {
        if let Some(other) = other {
            self.facts.other_dialects.insert(other.kind());
            self.recogniser = other;
        }
    }

    /// Decides about an object that is not wholly there, or broken: by its keys, and by whether an entry is inside.
    fn verdict_by_sight(&self, end: usize, is_large: bool) -> Verdict {
        let visible = &self.buffer.bytes()[self.at..end.min(self.buffer.len())];
        // Behind the first fault nobody knows how deep the keys are.
        let sound = match crate::json::parse_prefix(&same_length_text(visible), &mut Vec::new()) {
            Ok((_, end)) => end,
            Err(fault) => fault.offset,
        };
        let keys = root_keys(&visible[..sound]);
        let is_entry = keys.is_empty() || keys.iter().any(|key| is_entry_key(key));
        let is_wrapper = !is_entry && (is_large || entry_inside(visible, &self.recogniser));
        if is_wrapper { Verdict::Wrapper } else { Verdict::Entry }
    }

    fn learn(&mut self, kind: DialectKind, key: Option<(usize, usize)>) {
        const MAX_KEYS: usize = 16;
        if let Some((start, end)) = key
            && self.entry_keys.len() < MAX_KEYS
        {
            self.entry_keys.push(self.buffer.bytes()[start..end].to_vec());
        }
        self.recognised(kind);
    }

    /// Returns where the first key of the object at `self.at` stands, without its quotes.
    fn first_key(&mut self) -> io::Result<Option<(usize, usize)>> {
        let mut at = self.at + 1;
        while self.buffer.byte(at)?.is_some_and(|byte| byte <= b' ') && at - self.at < 4096 {
            at += 1;
        }
        if self.buffer.byte(at)? != Some(b'"') {
            return Ok(None);
        }
        Ok(self.string_end(at)?.map(|end| (at + 1, end - 1)))
    }

    fn look_ahead(&mut self, start: usize) -> io::Result<Ahead> {
        let mut scan = Scan::new();
        loop {
            match scan.run(&self.buffer.bytes()[start..], self.buffer.ended(), &[]) {
                Outcome::End(len) => {
                    return Ok(if len > LOOK_AHEAD { Ahead::TooLong } else { Ahead::Whole(start + len) });
                }
                Outcome::Odd(at) => return Ok(if at > LOOK_AHEAD { Ahead::TooLong } else { Ahead::Broken }),
                Outcome::More if self.buffer.len() - start > LOOK_AHEAD => return Ok(Ahead::TooLong),
                Outcome::More if self.buffer.ended() => return Ok(Ahead::Broken),
                Outcome::More => {
                    self.buffer.fill()?;
                }
            }
        }
    }

    /// A member of a wrapper: descends into it when there are entries inside, otherwise it is data about the dump.
    pub(super) fn member(&mut self) -> io::Result<()> {
        let start = self.at;
        let Some(key_end) = self.string_end(start)? else {
            return self.begin_damage(start, RejectReason::StrayText, start + 1);
        };
        let mut at = key_end;
        let mut has_colon = false;
        while let Some(byte) = self.buffer.byte(at)? {
            has_colon |= byte == b':';
            if byte > b' ' && byte != b':' || at - key_end > 4096 {
                break;
            }
            at += 1;
        }
        let Some(first) = self.buffer.byte(at)?.filter(|_| has_colon) else {
            return self.begin_damage(start, RejectReason::StrayText, start + 1);
        };
        let key = key_text(&self.buffer.bytes()[start..key_end]);
        match first {
            b'{' | b'[' => self.container_member(&key, start, at, first),
            _ => self.scalar_member(&key, start, at),
        }
    }

    fn container_member(&mut self, key: &str, start: usize, at: usize, first: u8) -> io::Result<()> {
        let kind = if first == b'{' { FrameKind::Wrapper } else { FrameKind::Array };
        let ahead = self.look_ahead(at)?;
        let Ahead::Whole(end) = ahead else {
            let visible = &self.buffer.bytes()[at..];
            let visible = &visible[..visible.len().min(LOOK_AHEAD)];
            if entry_inside(visible, &self.recogniser)
                || first_element_is_entry(visible)
                || matches!((&ahead, kind), (Ahead::TooLong, FrameKind::Wrapper))
            {
                self.descend(kind, key, at);
            } else if matches!(ahead, Ahead::TooLong) {
                self.skip_value(at);
            } else {
                let reason =
                    if self.buffer.ended() { RejectReason::CutOff } else { RejectReason::BrokenJson };
                return self.begin_damage(start, reason, at);
            }
            return Ok(());
        };
        let mut nodes = Vec::new();
        let Found::Value(_) = self.parse_at(at, &mut nodes)? else {
            if entry_inside(&self.buffer.bytes()[at..end], &self.recogniser) {
                self.descend(kind, key, at);
                return Ok(());
            }
            return self.begin_damage(start, RejectReason::BrokenJson, at);
        };
        let text = same_length_text(&self.buffer.bytes()[at..end]);
        let value = Document::new(&text, &nodes).root();
        let entry = value
            .as_object()
            .and_then(|object| self.recogniser.recognise(object))
            .filter(|(_, strength)| *strength == Strength::Strong);
        if let Some((dialect, _)) = entry {
            drop(text);
            self.learn(dialect, None);
            let context = self.frames.context_below(key);
            self.record(at, end, context);
            self.at = end;
        } else if holds_entries(value, &self.recogniser) {
            drop(text);
            self.descend(kind, key, at);
        } else {
            observe(&mut self.facts.evidence, &mut self.frames, key, value);
            if let Some(frame) = self.frames.open.last_mut() {
                frame.add_member(key, &text);
            }
            drop(text);
            self.at = end;
        }
        Ok(())
    }

    fn descend(&mut self, kind: FrameKind, key: &str, at: usize) {
        if self.frames.are_too_deep() {
            self.skip_value(at);
            return;
        }
        self.frames.push(kind, key);
        self.at = at + 1;
    }

    fn scalar_member(&mut self, key: &str, start: usize, at: usize) -> io::Result<()> {
        let end = self.scalar_end(at)?;
        let mut nodes = Vec::new();
        let Some(end) = end else { return self.begin_damage(start, RejectReason::StrayText, at) };
        let text = same_length_text(&self.buffer.bytes()[at..end]);
        if crate::json::parse(&text, &mut nodes).is_err() {
            drop(text);
            return self.begin_damage(start, RejectReason::StrayText, at);
        }
        let value = Document::new(&text, &nodes).root();
        observe(&mut self.facts.evidence, &mut self.frames, key, value);
        if let Some((which, time)) = window_end(key, value)
            && let Some(frame) = self.frames.open.last_mut()
            && let Some([start, end]) = frame.add_end(which, time)
        {
            self.facts.evidence.asked.push(AskedWindow { start, end, context: frame.context });
        }
        if let Some(frame) = self.frames.open.last_mut() {
            frame.add_member(key, &text);
        }
        drop(text);
        self.at = end;
        Ok(())
    }
}

/// Takes up what a member of the innermost wrapper says about the dump.
fn observe(evidence: &mut Evidence, frames: &mut Frames, key: &str, value: Value<'_>) {
    let context = frames.context();
    evidence.observe(key, value, context);
    frames.contexts[context as usize].said.observe(key, value);
}

/// Says whether an array of entries is somewhere inside a value, or an entry as a member's value.
pub(super) fn holds_entries(value: Value<'_>, recogniser: &Recogniser) -> bool {
    holds_entries_within(value, recogniser, MAX_WRAPPING)
}

fn holds_entries_within(value: Value<'_>, recogniser: &Recogniser, depth: usize) -> bool {
    let strength = |value: Value<'_>| recogniser.recognise(value.as_object()?).map(|(_, strength)| strength);
    if depth == 0 {
        return false;
    }
    match value {
        Value::Array(array) => array.iter().any(|element| {
            strength(element).is_some() || holds_entries_within(element, recogniser, depth - 1)
        }),
        Value::Object(object) => object.iter().any(|(_, member)| {
            strength(member) == Some(Strength::Strong) || holds_entries_within(member, recogniser, depth - 1)
        }),
        _ => false,
    }
}

/// Says whether some object in an array in the visible part of a value is an entry.
fn entry_inside(visible: &[u8], recogniser: &Recogniser) -> bool {
    const MAX_TRIES: usize = 64;
    let mut nodes = Vec::new();
    memchr::memchr_iter(b'{', visible)
        .skip(1 - usize::from(visible.first() != Some(&b'{')))
        .filter(|at| {
            let before = visible[..*at].iter().rev().find(|byte| **byte > b' ');
            matches!(before, Some(b'[' | b','))
        })
        .take(MAX_TRIES)
        .any(|at| {
            let text = same_length_text(&visible[at..]);
            crate::json::parse_prefix(&text, &mut nodes).is_ok()
                && Document::new(&text, &nodes)
                    .root()
                    .as_object()
                    .and_then(|object| recogniser.recognise(object))
                    .is_some()
        })
}

/// Says whether an array begins with an object that has an entry's keys, however large it is.
fn first_element_is_entry(visible: &[u8]) -> bool {
    let [b'[', inside @ ..] = visible else { return false };
    let gap = inside.iter().take_while(|byte| **byte <= b' ').count();
    let element = &inside[gap..];
    element.first() == Some(&b'{') && root_keys(element).iter().any(|key| is_entry_key(key))
}

/// Returns the keys of the object at the start of `visible`, as far as they can be seen.
pub(super) fn root_keys(visible: &[u8]) -> Vec<&[u8]> {
    let mut keys = Vec::new();
    let (mut depth, mut at) = (0_usize, 0);
    while at < visible.len() {
        match visible[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let Some(len) = string_len(&visible[at..]) else { break };
                let after = visible[at + len..].iter().find(|byte| **byte > b' ');
                if depth == 1 && after == Some(&b':') {
                    keys.push(&visible[at + 1..at + len - 1]);
                }
                at += len - 1;
            }
            _ => {}
        }
        at += 1;
    }
    keys
}

fn string_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn is_entry_key(key: &[u8]) -> bool {
    matches!(
        key,
        b"logName"
            | b"insertId"
            | b"receiveTimestamp"
            | b"textPayload"
            | b"jsonPayload"
            | b"protoPayload"
            | b"log_name"
            | b"insert_id"
            | b"receive_timestamp"
            | b"text_payload"
            | b"json_payload"
            | b"proto_payload"
            | b"timestamp"
            | b"httpRequest"
            | b"http_request"
            | b"resource"
            | b"labels"
            | b"severity"
    )
}

/// The value of a key as it stands between its quotes.
fn key_text(quoted: &[u8]) -> String {
    let text = same_length_text(quoted);
    let mut nodes = Vec::new();
    match crate::json::parse(&text, &mut nodes) {
        Ok(_) => {
            let value = Document::new(&text, &nodes).root();
            value.as_text().map(|text| text.value().into_owned()).unwrap_or_default()
        }
        Err(_) => text.trim_matches('"').to_owned(),
    }
}
