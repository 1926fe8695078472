//! Names of exceptions: equal for one bug in every build, different for different bugs.
//!
//! The key is a hash of the rule version, the type of the root cause and its frames. Frames are names of modules and
//! functions; lines, columns, addresses, folders, threads and messages are no part of it. Messages count only where type
//! and frames say too little.

use crate::mask::Masker;
use crate::shape::{Fingerprint, fingerprint};
use crate::trace::{Exception, Frame, Trace};
use xxhash_rust::xxh3::Xxh3;

/// The version of the rules; part of every key.
pub const RULE_VERSION: u32 = 1;
/// How many frames count, from the failure outwards.
pub const MAX_FRAMES: usize = 24;
/// How many frames count in the loose key.
pub const MAX_LOOSE_FRAMES: usize = 5;
/// Repeated sequences of up to this many frames count once.
const MAX_PERIOD: usize = 8;

/// Returns the key of a trace.
///
/// For a group of exceptions it is made of the distinct keys of the members; a group with one distinct member has that
/// member's key.
#[must_use]
pub fn exception_key(trace: &Trace) -> Fingerprint {
    key(trace, MAX_FRAMES)
}

/// Returns the loose key of a trace: root type and the first few frames, for links across changed call paths.
#[must_use]
pub fn loose_key(trace: &Trace) -> Fingerprint {
    key(trace, MAX_LOOSE_FRAMES)
}

fn key(trace: &Trace, max_frames: usize) -> Fingerprint {
    if trace.is_group() {
        let mut keys: Vec<Fingerprint> = trace.members.iter().map(|member| key(member, max_frames)).collect();
        keys.sort_unstable();
        keys.dedup();
        if let [only] = keys[..] {
            return only;
        }
        let mut hasher = KeyHasher::new("group");
        for key in keys {
            hasher.part(&key.0.to_le_bytes());
        }
        return hasher.finish();
    }
    exception_part(trace.own_root(), max_frames)
}

fn exception_part(exception: &Exception, max_frames: usize) -> Fingerprint {
    let mut hasher = KeyHasher::new("exception");
    hasher.part(exception.type_name.as_bytes());
    if is_environment(exception) {
        if let Some(frame) = exception.frames.iter().find(|frame| frame.in_app) {
            hasher.part(frame.name().as_bytes());
        }
        return hasher.finish();
    }
    let names = frame_names(&exception.frames, max_frames);
    if names.is_empty() {
        hasher.part(&message_shape(&exception.message, 2));
    } else {
        for name in &names {
            hasher.part(name.as_bytes());
        }
        if is_generic(&exception.type_name) {
            hasher.part(b"message");
            hasher.part(&message_shape(&exception.message, 1));
        }
    }
    hasher.finish()
}

/// Returns the fingerprint of the first two non-empty lines of an exception's message, an attribute beside its key.
#[must_use]
pub fn message_key(exception: &Exception) -> Fingerprint {
    Fingerprint(u64::from_le_bytes(message_shape(&exception.message, 2)))
}

/// Returns the names of the frames that count: the program's own if there are any, repetition taken out.
#[must_use]
pub fn frame_names(frames: &[Frame], max_frames: usize) -> Vec<String> {
    let has_app = frames.iter().any(|frame| frame.in_app);
    let mut kept: Vec<String> = Vec::new();
    for name in frames.iter().filter(|frame| frame.in_app || !has_app).map(Frame::name) {
        kept.push(name);
        drop_repetition(&mut kept);
    }
    kept.truncate(max_frames);
    kept
}

/// Drops the end of a list when it repeats what stands directly before it.
fn drop_repetition(names: &mut Vec<String>) {
    let len = names.len();
    for period in 1..=MAX_PERIOD.min(len / 2) {
        if names[len - period..] == names[len - 2 * period..len - period] {
            names.truncate(len - period);
            return;
        }
    }
}

/// Returns the fingerprint of the first non-empty lines of a message, as bytes.
fn message_shape(message: &str, n_lines: usize) -> [u8; 8] {
    let lines: Vec<&str> = message.lines().filter(|line| !line.trim().is_empty()).take(n_lines).collect();
    let mut text = lines.join("\n");
    // What follows is the debug print of a value.
    for mark in ["on an `Err` value", "on an `Ok` value"] {
        if let Some(at) = text.find(mark) {
            text.truncate(at + mark.len());
        }
    }
    let mut holes = Vec::new();
    Masker::standard().mask(&text, &mut holes);
    fingerprint(&text, &holes).0.to_le_bytes()
}

fn last_part(type_name: &str) -> &str {
    type_name.rsplit(['.', ':', '\\', '/']).next().unwrap_or(type_name)
}

/// Tells whether a type only carries another exception and never is the failure itself.
#[must_use]
pub fn only_wraps(type_name: &str) -> bool {
    matches!(
        last_part(type_name),
        "InvocationTargetException"
            | "ExecutionException"
            | "CompletionException"
            | "UndeclaredThrowableException"
            | "TargetInvocationException"
            | "AggregateException"
    )
}

/// Tells whether a type says nothing about the failure, so that the message has to.
#[must_use]
pub fn is_generic(type_name: &str) -> bool {
    matches!(
        last_part(type_name),
        "" | "Error"
            | "error"
            | "Exception"
            | "RuntimeException"
            | "RuntimeError"
            | "StandardError"
            | "Throwable"
            | "panic"
            | "fatal error"
            | "die"
            | "ErrorException"
            | "SystemExit"
            | "DOMException"
    )
}

/// Tells whether an exception comes from the surroundings: a timeout, a lost connection, no memory, a full disk.
#[must_use]
pub fn is_environment(exception: &Exception) -> bool {
    const TYPES: [&str; 26] = [
        "TimeoutError",
        "TimeoutException",
        "ReadTimeout",
        "ConnectTimeout",
        "ReadTimeoutError",
        "ConnectTimeoutError",
        "SocketTimeoutException",
        "HttpTimeoutException",
        "QueryTimeoutException",
        "CancelledError",
        "CancellationException",
        "OperationCanceledException",
        "TaskCanceledException",
        "OutOfMemoryError",
        "OutOfMemoryException",
        "MemoryError",
        "NoMemoryError",
        "ConnectionRefusedError",
        "ConnectionResetError",
        "ConnectException",
        "ConnectionRefused",
        "BrokenPipeError",
        "DeadlineExceeded",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
    ];
    const MESSAGES: [&str; 6] =
        ["ECONNREFUSED", "ETIMEDOUT", "ENOSPC", "ENOMEM", "No space left on device", "Connection refused"];
    TYPES.contains(&last_part(&exception.type_name))
        || MESSAGES.iter().any(|mark| exception.message.contains(mark))
}

/// Hashes parts with their lengths, so that no two lists of parts give the same bytes.
struct KeyHasher(Box<Xxh3>);

impl KeyHasher {
    fn new(what: &str) -> Self {
        let mut hasher = Self(Box::new(Xxh3::new()));
        hasher.0.update(&RULE_VERSION.to_le_bytes());
        hasher.part(what.as_bytes());
        hasher
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> Fingerprint {
        Fingerprint(self.0.digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(names: &[&str]) -> Vec<Frame> {
        let frame = |name: &&str| Frame {
            function: name.trim_start_matches('-').to_owned(),
            in_app: !name.starts_with('-'),
            ..Frame::default()
        };
        names.iter().map(frame).collect()
    }

    #[test]
    fn repeated_sequences_count_once() {
        for (names, expected) in [
            (vec!["a", "a", "a", "b"], vec!["a", "b"]),
            (vec!["a", "b", "a", "b", "a", "b", "c"], vec!["a", "b", "c"]),
            (vec!["a", "-x", "b"], vec!["a", "b"]),
            (vec!["-x", "-y"], vec!["x", "y"]),
        ] {
            assert_eq!(frame_names(&frames(&names), MAX_FRAMES), expected, "{names:?}");
        }
        let deep: Vec<String> = (0..1998).map(|idx| format!("f{}", idx % 3)).collect();
        let deep: Vec<&str> = deep.iter().map(String::as_str).collect();
        assert_eq!(frame_names(&frames(&deep), MAX_FRAMES).len(), 3);
    }

    #[test]
    fn generic_types_need_their_message() {
        let exception = |type_name: &str, message: &str| Exception {
            type_name: type_name.to_owned(),
            message: message.to_owned(),
            frames: frames(&["main"]),
            relation: crate::trace::Relation::Outermost,
        };
        let key = |type_name, message| exception_part(&exception(type_name, message), MAX_FRAMES);
        assert_ne!(key("panic", "no config"), key("panic", "no port"));
        assert_eq!(key("panic", "item 5 lost"), key("panic", "item 7 lost"));
        assert_eq!(key("ValueError", "no config"), key("ValueError", "no port"));
        let unwrap = "called `Result::unwrap()` on an `Err` value: ";
        assert_eq!(
            key("panic", &(unwrap.to_owned() + "E(3)")),
            key("panic", &(unwrap.to_owned() + "Io(\"x\")"))
        );
    }

    #[test]
    fn environment_types_roll_up_by_their_top_frame() {
        let exception = |names: &[&str]| Exception {
            type_name: "asyncio.TimeoutError".to_owned(),
            message: String::new(),
            frames: frames(names),
            relation: crate::trace::Relation::Outermost,
        };
        let key = |names: &[&str]| exception_part(&exception(names), MAX_FRAMES);
        assert_eq!(key(&["-lib", "load", "main"]), key(&["load", "other"]));
        assert_ne!(key(&["load"]), key(&["save"]));
    }
}
