//! Where in the nesting of a document the splitter is.

use crate::evidence::{Said, WindowEnd};
use crate::timestamp::{Timestamp, Zone};
use std::sync::Arc;

/// A container that is open.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    /// Which place this is among [`Frames::contexts`].
    pub(super) context: u32,
    /// A wrapper's own `start_time` and `end_time`.
    pub(super) ends: [Option<(Timestamp, Zone)>; 2],
    /// A wrapper's small members so far, as JSON text without the braces; only for dialects that need them.
    pub(super) members: String,
    /// The members of all wrappers around this array, once asked for.
    pub(super) outer: Option<Arc<str>>,
}

/// Longer members are about the dump, not about each entry.
const MAX_MEMBERS: usize = 64 << 10;

/// The kind of an open container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    Array,
    Wrapper,
}

impl Frame {
    pub(super) fn new(kind: FrameKind, context: u32) -> Self {
        Self { kind, context, ends: [None; 2], members: String::new(), outer: None }
    }

    /// Takes up a member: its quoted key and its value as written.
    pub(super) fn add_member(&mut self, key: &str, value: &str) {
        if self.members.len() + value.len() > MAX_MEMBERS {
            return;
        }
        if !self.members.is_empty() {
            self.members.push(',');
        }
        crate::json::push_quoted(key, &mut self.members);
        self.members.push(':');
        self.members.push_str(value);
    }

    /// Takes up one end of an asked window; returns both when they are complete.
    pub(super) fn add_end(
        &mut self,
        which: WindowEnd,
        time: (Timestamp, Zone),
    ) -> Option<[(Timestamp, Zone); 2]> {
        self.ends[which as usize] = Some(time);
        match self.ends {
            [Some(start), Some(end)] => {
                self.ends = [None; 2];
                Some([start, end])
            }
            _ => None,
        }
    }
}

/// A place in which entries stand: the keys that lead to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context {
    /// Keys joined by dots; empty for the document itself.
    pub(crate) path: String,
    /// The document it belongs to, from 1. Entries that stand in no array or wrapper are one document together.
    pub(crate) document: u32,
    /// Entries stand here without an array or wrapper around them.
    pub(crate) is_bare: bool,
    pub(crate) n_records: u64,
    pub(crate) n_rejects: u64,
    /// Says that some array here did not end.
    pub(crate) is_broken: bool,
    /// What the wrapper that this is says about what is inside it.
    pub(crate) said: Said,
}

impl Context {
    /// The keys that lead to it, behind the number of the document when it is not the first.
    pub(crate) fn name(&self) -> String {
        match (self.document, self.path.is_empty()) {
            (0 | 1, _) => self.path.clone(),
            (document, true) => format!("#{document}"),
            (document, false) => format!("#{document}.{}", self.path),
        }
    }
}

/// The containers that are open, outermost first, and all places seen so far.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pub(super) open: Vec<Frame>,
    pub(super) contexts: Vec<Context>,
    /// Wrappers opened so far.
    pub(super) n_wrappers: u64,
    /// Where the places of the document begin that was opened last.
    document_at: usize,
    /// Documents that have places of their own.
    n_documents: u32,
    /// The place of entries that stand in no array or wrapper.
    bare: Option<u32>,
}

/// A source with more places than this uses keys as identifiers; the rest share the last place.
const MAX_CONTEXTS: usize = 4096;

/// Documents after so many share the places of the last: that is no collection of a few dumps.
const MAX_DOCUMENTS: u32 = 1000;

/// What lies below a longer path shares its place. Without that, places could take their number times their length of memory.
const MAX_PATH: usize = 1024;

impl Frames {
    pub(super) fn kind(&self) -> Option<FrameKind> {
        self.open.last().map(|frame| frame.kind)
    }

    /// Says whether a wrapper is open.
    pub(super) fn has_wrapper(&self) -> bool {
        self.open.iter().any(|frame| frame.kind == FrameKind::Wrapper)
    }

    /// An array or a wrapper opens that stands in no other. What is inside has places of its own, unless documents of this
    /// kind are parts of one stream.
    pub(super) fn begin_document(&mut self, is_part: bool) {
        let is_first = self.n_documents == u32::from(self.bare.is_some());
        if is_first || !is_part && self.n_documents < MAX_DOCUMENTS {
            self.document_at = self.contexts.len();
            self.n_documents += 1;
        }
    }

    /// The place of what stands directly inside the innermost container.
    pub(super) fn context(&mut self) -> u32 {
        match self.open.last() {
            Some(frame) => frame.context,
            None => self.bare(),
        }
    }

    fn bare(&mut self) -> u32 {
        if let Some(bare) = self.bare {
            return bare;
        }
        self.n_documents += 1;
        let document = self.n_documents;
        self.contexts.push(Context { document, is_bare: true, ..Context::default() });
        let idx = u32::try_from(self.contexts.len() - 1).expect("at most one more than MAX_CONTEXTS");
        self.bare = Some(idx);
        idx
    }

    /// The place of a reject: what stands between documents belongs to the one before.
    pub(super) fn context_of_reject(&mut self) -> u32 {
        if self.open.is_empty() && self.bare.is_none() && !self.contexts.is_empty() {
            return u32::try_from(self.document_at.min(self.contexts.len() - 1))
                .expect("at most MAX_CONTEXTS");
        }
        self.context()
    }

    /// The place below the innermost container under `key`.
    pub(super) fn context_below(&mut self, key: &str) -> u32 {
        let mut path = match self.open.last() {
            Some(frame) => self.contexts[frame.context as usize].path.clone(),
            None => String::new(),
        };
        if let Some(frame) = self.open.last()
            && path.len() + key.len() > MAX_PATH
        {
            return frame.context;
        }
        if !path.is_empty() && !key.is_empty() {
            path.push('.');
        }
        path.push_str(key);
        self.intern(path)
    }

    /// Returns the members of all wrappers around the innermost array as one JSON object; inner ones stand last and count.
    pub(super) fn outer(&mut self) -> Option<Arc<str>> {
        let (last, around) = self.open.split_last_mut()?;
        if last.outer.is_none() {
            let members = around.iter().map(|frame| frame.members.as_str()).filter(|text| !text.is_empty());
            let members: Vec<&str> = members.collect();
            last.outer = Some(format!("{{{}}}", members.join(",")).into());
        }
        last.outer.clone()
    }

    /// Says whether no more may be opened: nobody nests lists of entries like that, and each open container takes memory.
    pub(super) const fn are_too_deep(&self) -> bool {
        self.open.len() >= crate::json::MAX_DEPTH
    }

    pub(super) fn push(&mut self, kind: FrameKind, key: &str) {
        let context = self.context_below(key);
        self.n_wrappers += u64::from(kind == FrameKind::Wrapper);
        self.open.push(Frame::new(kind, context));
    }

    fn intern(&mut self, path: String) -> u32 {
        let at = self.document_at;
        let found = self.contexts[at..].iter().rposition(|context| !context.is_bare && context.path == path);
        let idx = found.map_or_else(
            || {
                if self.contexts.len() < MAX_CONTEXTS || at == self.contexts.len() {
                    let document = self.n_documents.max(1);
                    self.contexts.push(Context { path, document, ..Context::default() });
                }
                self.contexts.len() - 1
            },
            |found| at + found,
        );
        u32::try_from(idx).expect("at most MAX_CONTEXTS and one for each document")
    }
}
