//! Rust: panics with or without a backtrace, and error reports with a list of causes.

use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace, names};

/// Reads a trace that begins at `thread '…' panicked at`, or a report whose causes begin at a line.
pub(super) fn read(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    let text = lines[idx].text();
    match text.find("thread '").filter(|_| text.contains("panicked at ")) {
        Some(at) => read_panic(lines, idx, at),
        None => read_report(lines, idx, floor),
    }
}

fn read_panic(lines: &[Line<'_>], idx: usize, at: usize) -> Read {
    let text = lines[idx].text();
    let prefix = &text[..at];
    let (thread, rest) = text[at + "thread '".len()..].split_once('\'')?;
    let (_, place) = rest.split_once("panicked at ")?;
    let content = |nth: usize| lines.get(nth).map(|line| without_prefix(line.text(), prefix));

    let mut next = idx + 1;
    let mut message = Vec::new();
    // Before 1.73 the message stood in quotes before the place.
    let place = match place.strip_prefix('\'') {
        Some(old) => {
            let (text, place) = old.rsplit_once("', ").unwrap_or((old, ""));
            message.push(text);
            place
        }
        None => place.trim_end_matches(':'),
    };
    while let Some(line) = content(next) {
        if is_end_of_message(line) || (message.len() > 1 && line.trim().is_empty()) || !place_ends_line(text)
        {
            break;
        }
        message.push(line);
        next += 1;
    }
    let mut frames = Vec::new();
    if content(next).is_some_and(|line| line.starts_with("stack backtrace:")) {
        (frames, next) = read_frames(lines, next + 1, prefix);
    }
    while content(next).is_some_and(|line| line.starts_with("note: ")) {
        next += 1;
    }
    if frames.is_empty() {
        let (file, line) = names::place(place);
        let module = names::stem(file).to_owned();
        let in_app = !is_library("", file);
        frames.push(Frame { module, function: String::new(), file: file.to_owned(), line, in_app });
    }
    let exception = Exception {
        type_name: "panic".to_owned(),
        message: message.join("\n").trim().to_owned(),
        frames,
        relation: Relation::Outermost,
    };
    let range = lines[idx].place(at)..lines[next - 1].end;
    let thread = Some(thread.to_owned());
    Some((
        Trace {
            language: Language::Rust,
            range,
            chain: vec![exception],
            root_idx: 0,
            members: Vec::new(),
            thread,
        },
        next,
    ))
}

/// Tells whether the line of a panic ends with its place, so that the message follows on lines of its own.
fn place_ends_line(text: &str) -> bool {
    text.trim_end().ends_with(':')
}

fn is_end_of_message(line: &str) -> bool {
    line.starts_with("stack backtrace:") || line.starts_with("note: ") || line.starts_with("thread '")
}

/// Reads `   4: crate::f` with `             at ./f.rs:8:59` below it.
fn read_frames(lines: &[Line<'_>], mut next: usize, prefix: &str) -> (Vec<Frame>, usize) {
    let content = |nth: usize| lines.get(nth).map(|line| without_prefix(line.text(), prefix));
    let mut frames: Vec<Frame> = Vec::new();
    while let Some(line) = content(next) {
        let trimmed = line.trim_start();
        if let Some(place) = trimmed.strip_prefix("at ").filter(|_| line.starts_with([' ', '\t'])) {
            if let Some(frame) = frames.last_mut() {
                let (file, number) = names::place(place.trim());
                frame.file = file.to_owned();
                frame.line = number;
                frame.in_app &= !is_library("", file);
            }
        } else if let Some((number, name)) = trimmed.split_once(": ")
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            let name = name.trim_start();
            // A full backtrace has the address before the name.
            let name = match name.split_once(" - ") {
                Some((address, name)) if address.starts_with("0x") => name,
                _ => name,
            };
            let function = function_name(name);
            let in_app = !is_library(&function, "") && function != "main" && !function.starts_with("_start");
            frames.push(Frame { function, in_app, ..Frame::default() });
        } else {
            break;
        }
        next += 1;
    }
    (frames, next)
}

fn is_library(function: &str, file: &str) -> bool {
    let plain = function.trim_start_matches(['<', '&']);
    [
        "std::",
        "core::",
        "alloc::",
        "__rust",
        "rust_begin_unwind",
        "__libc",
        "__GI_",
        "clone3",
        "start_thread",
        "<unknown>",
    ]
    .iter()
    .any(|library| plain.starts_with(library) || function.starts_with(library))
        || file.starts_with("/rustc/")
        || file.contains("/.cargo/registry/")
        || file.contains("/.cargo/git/")
}

/// Drops hashes, generic arguments and the numbers of closures.
fn function_name(name: &str) -> String {
    let name = match name.rfind("::h") {
        Some(at) if name.len() - at == 19 && name[at + 3..].bytes().all(|b| b.is_ascii_hexdigit()) => {
            &name[..at]
        }
        _ => name,
    };
    let name = without_crate_hashes(name.trim());
    let name = name.replace("{{closure}}", "{closure}");
    let name = numbered_to_plain(&name, "{closure#", "{closure}");
    let name = numbered_to_plain(&name, "{impl#", "{impl}");
    without_generics(&name)
}

/// Drops `[e28293b1aa0f68bd]`.
fn without_crate_hashes(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(open) = rest.find('[') {
        let Some(len) = rest[open..].find(']') else { break };
        let inner = &rest[open + 1..open + len];
        kept.push_str(&rest[..open]);
        if !(inner.len() >= 8 && inner.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            kept.push_str(&rest[open..=open + len]);
        }
        rest = &rest[open + len + 1..];
    }
    kept + rest
}

fn numbered_to_plain(name: &str, mark: &str, plain: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(mark) {
        let Some(len) = rest[at..].find('}') else { break };
        kept.push_str(&rest[..at]);
        kept.push_str(plain);
        rest = &rest[at + len + 1..];
    }
    kept + rest
}

/// Drops generic arguments, but keeps `<A as B>` that begins a path.
fn without_generics(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut dropped = 0usize;
    let bytes = name.as_bytes();
    for (at, character) in name.char_indices() {
        let before = if at == 0 { b' ' } else { bytes[at - 1] };
        match character {
            '<' if dropped > 0 => dropped += 1,
            '<' if before.is_ascii_alphanumeric() || matches!(before, b'_' | b':' | b'}') => {
                dropped = 1;
                while kept.ends_with("::") {
                    kept.truncate(kept.len() - 2);
                }
            }
            '>' if dropped > 0 && before != b'-' => dropped -= 1,
            _ if dropped > 0 => {}
            other => kept.push(other),
        }
    }
    kept
}

/// Reads the report of an error: `Error: top`, an empty line, `Caused by:` and a list.
///
/// The last cause is the root. `Stack backtrace:` may follow.
fn read_report(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    let text = lines[idx].text();
    let at = text.find("Caused by:").filter(|&at| text[at..].trim_end() == "Caused by:")?;
    let prefix = &text[..at];
    let content = |nth: usize| lines.get(nth).map(|line| without_prefix(line.text(), prefix));
    let top_idx = (floor..idx).rev().take(4).find(|&above| {
        content(above)
            .is_some_and(|line| line.trim_start().starts_with("Error: ") || line.contains(" Error: "))
    })?;
    let top = content(top_idx)?;
    let error_at = top.find("Error: ")?;
    let mut messages = vec![top[error_at + "Error: ".len()..].to_owned()];
    let mut next = idx + 1;
    while let Some(line) =
        content(next).filter(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty())
    {
        let cause = line.trim();
        let numbered =
            cause.split_once(": ").filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
        messages.push(numbered.map_or(cause, |(_, message)| message).to_owned());
        next += 1;
    }
    if messages.len() < 2 {
        return None;
    }
    let mut frames = Vec::new();
    let after = next + usize::from(content(next).is_some_and(|line| line.trim().is_empty()));
    if content(after).is_some_and(|line| line.eq_ignore_ascii_case("stack backtrace:")) {
        (frames, next) = read_frames(lines, after + 1, prefix);
    }
    let last = messages.len() - 1;
    let exception = |(nth, message): (usize, String)| Exception {
        type_name: "Error".to_owned(),
        message,
        frames: if nth == last { frames.clone() } else { Vec::new() },
        relation: if nth == 0 { Relation::Outermost } else { Relation::Cause },
    };
    let chain: Vec<Exception> = messages.into_iter().enumerate().map(exception).collect();
    let range = lines[top_idx].start..lines[next - 1].end;
    Some((
        Trace { language: Language::Rust, range, chain, root_idx: last, members: Vec::new(), thread: None },
        next,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_hashes_and_generics() {
        for (name, expected) in [
            ("core::result::Result<T,E>::unwrap", "core::result::Result::unwrap"),
            ("<p::S<A> as p::T>::go::{{closure}}::h094b02c00b6e7170", "<p::S as p::T>::go::{closure}"),
            (
                "std[e28293b1aa0f68bd]::sys::backtrace::_print_fmt::{closure#1}",
                "std::sys::backtrace::_print_fmt::{closure}",
            ),
            ("core::panicking::assert_failed::<i32, i32>", "core::panicking::assert_failed"),
            ("p::main::h5c88a7e8304aa465", "p::main"),
            ("p::call::<fn(u8) -> u8>", "p::call"),
        ] {
            assert_eq!(function_name(name), expected, "{name}");
        }
    }

    #[test]
    fn runtime_frames_are_not_the_programs() {
        for (function, file, library) in [
            ("core::panicking::panic_fmt", "", true),
            ("<core::fmt::rt::Argument>::fmt", "", true),
            ("p::main", "./p.rs", false),
            ("serde::x", "/root/.cargo/registry/src/serde/lib.rs", true),
            ("<p::S as p::T>::go", "", false),
        ] {
            assert_eq!(is_library(function, file), library, "{function}");
        }
    }
}
