//! What a segment keeps of an exception, beside the number that its rows have.

use super::Found;
use serde::{Deserialize, Serialize};
use timberline_pattern::fingerprint::{MAX_FRAMES, frame_names, loose_key, message_key};
use timberline_pattern::mask::{Hole, Masker};
use timberline_pattern::variants::has_endless_values;

/// Of a longer message or value only the beginning is kept, in bytes.
const MAX_TEXT: usize = 1000;
/// Frames kept of a stack: enough to find the failure, whatever the depth of a recursion.
const MAX_KEPT_FRAMES: usize = 60;

/// An exception of a segment: what its first entry there says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionRecord {
    /// Its key, as in the column `exception`.
    pub key: u64,
    /// The loose key, the same for other ways to the same failure.
    pub loose: u64,
    /// The language, lower case; empty where it cannot be told.
    pub language: String,
    /// Type of the root cause.
    pub type_name: String,
    /// Message of the root cause.
    pub value: String,
    /// Fingerprint of that message.
    pub message: u64,
    /// Types from the outermost exception inwards.
    pub chain: Vec<String>,
    /// Frames of the root cause, from the failure outwards.
    pub frames: Vec<FrameRecord>,
    /// Rows with it in the segment.
    pub rows: u64,
    /// Time of the first, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Time of the last.
    pub last_ns: i64,
    /// Row number of the first.
    pub first_row: u64,
}

/// A frame, with names freed from what changes between builds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRecord {
    /// Module and function.
    pub name: String,
    /// File as printed, if it was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Line in the file, of the entry that the record was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Whether it is the program's own, not a library's or the runtime's.
    pub in_app: bool,
    /// Whether the key depends on it.
    pub counts: bool,
}

impl ExceptionRecord {
    /// Describes an exception; counts and times are those of one row.
    pub(crate) fn of(found: &Found, time_ns: i64, row: u64) -> Self {
        let trace = &found.trace;
        let root = trace.root();
        let mut counted = frame_names(&root.frames, MAX_FRAMES).into_iter().peekable();
        let frames = root.frames.iter().take(MAX_KEPT_FRAMES).map(|frame| {
            let name = frame.name();
            let counts = counted.next_if(|next| *next == name).is_some();
            FrameRecord { name, file: frame.file.clone(), line: frame.line, in_app: frame.in_app, counts }
        });
        Self {
            key: found.key(),
            loose: loose_key(trace).0,
            language: found.language.to_owned(),
            type_name: root.type_name.clone(),
            value: cut(&root.message).to_owned(),
            message: message_key(root).0,
            frames: frames.collect(),
            chain: trace.chain.iter().map(|exception| exception.type_name.clone()).collect(),
            rows: 1,
            first_ns: time_ns,
            last_ns: time_ns,
            first_row: row,
        }
    }
}

/// Returns what tells one story of an exception from another: its root's message, with what varies without end left out.
pub(crate) fn telling_value(found: &Found, masker: &Masker, holes: &mut Vec<Hole>) -> String {
    let message = cut(&found.trace.root().message);
    masker.mask(message, holes);
    let (mut shown, mut at) = (String::with_capacity(message.len()), 0);
    for hole in holes.iter().filter(|hole| has_endless_values(hole.kind)) {
        shown.push_str(&message[at..hole.start as usize]);
        shown.push_str(hole.kind.as_str());
        at = hole.end as usize;
    }
    shown.push_str(&message[at..]);
    shown
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}
