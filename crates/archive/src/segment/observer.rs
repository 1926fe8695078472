//! What rows say, collected while they pass: shapes of messages, exceptions, values, and the cube.
//!
//! A segment's writer lets every row pass and stores the result; `verify` lets them pass again and compares.

use super::cube::{self, CubeCell, CubeCounter, Streams};
use super::exceptions::{self, ExceptionCounter};
use super::messages::{self, MessageCounter, MessageRecord};
use super::values::{self, Subject, ValueCounter, ValueRecord};
use crate::error::Result;
use crate::exception::{ExceptionRecord, of_entry, telling_value};
use crate::layout;
use std::collections::BTreeMap;
use std::io::Write;
use timberline_entry::{LogEntry, message};
use timberline_pattern::mask::{Hole, Masker};

/// What is known of a row beside its entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowFacts<'r> {
    /// Row number in the segment.
    pub(crate) idx: u64,
    pub(crate) time_ns: i64,
    pub(crate) pattern: u64,
    pub(crate) exception: Option<u64>,
    pub(crate) service: &'r str,
    pub(crate) revision: &'r str,
    pub(crate) severity: u8,
}

/// Collects what rows say. Rows must come in ring order, so that of several at one time the same is always first.
pub(crate) struct Observer {
    masker: Masker,
    holes: Vec<Hole>,
    streams: Streams,
    messages: MessageCounter,
    exceptions: ExceptionCounter,
    values: ValueCounter,
    cube: CubeCounter,
}

/// What the rows of a segment say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) messages: Vec<MessageRecord>,
    pub(crate) exceptions: Vec<ExceptionRecord>,
    pub(crate) values: Vec<ValueRecord>,
    pub(crate) cube: Vec<CubeCell>,
}

impl Observer {
    /// Returns an observer; `masker` is the archive's.
    pub(crate) fn new(masker: Masker) -> Self {
        Self {
            masker,
            holes: Vec::new(),
            streams: Streams::default(),
            messages: MessageCounter::default(),
            exceptions: ExceptionCounter::default(),
            values: ValueCounter::default(),
            cube: CubeCounter::default(),
        }
    }

    /// Takes in a row.
    pub(crate) fn row(&mut self, facts: &RowFacts<'_>, entry: &LogEntry<'_>) {
        let RowFacts { idx, time_ns, pattern, exception, service, revision, severity } = *facts;
        let stream = self.streams.number(service, revision);
        self.cube.add(pattern, exception, stream, severity, time_ns);
        let text = message(entry);
        self.masker.mask(&text, &mut self.holes);
        let message = self.messages.add(pattern, &text, &self.holes, time_ns, idx);
        self.values.add_message(pattern, message, &text, &self.holes, stream, time_ns);
        if let Some(key) = exception {
            let found = of_entry(entry, &text).filter(|found| found.key() == key);
            self.exceptions.add(key, found.as_ref(), time_ns, idx);
            if let Some(found) = found {
                let value = telling_value(&found, &self.masker, &mut self.holes);
                self.values.add(Subject::Exception(key), 0, &value, stream, time_ns);
            }
        }
    }

    /// Returns what was said. `joined` has the text of traces that were put together from several entries, by key.
    pub(crate) fn finish(self, joined: &BTreeMap<u64, String>) -> Said {
        Said {
            messages: self.messages.finish(),
            exceptions: self.exceptions.finish(joined),
            values: self.values.finish(&self.streams),
            cube: self.cube.finish(&self.streams),
        }
    }
}

impl Said {
    /// Calls `write` with the path of each file and what writes its content.
    pub(super) fn write_files(
        &self,
        segment_id: &str,
        mut write: impl FnMut(&str, &dyn Fn(&mut (dyn Write + Send)) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let path = layout::messages(segment_id);
        write(&path, &|out| messages::write(&self.messages, &path, out))?;
        let path = layout::exceptions(segment_id);
        write(&path, &|out| exceptions::write(&self.exceptions, &path, out))?;
        let path = layout::values(segment_id);
        write(&path, &|out| values::write(&self.values, &path, out))?;
        let path = layout::cube(segment_id);
        write(&path, &|out| cube::write(&self.cube, &path, out))
    }
}
