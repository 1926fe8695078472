//! Dart and Flutter.

use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace, names};

/// Reads a trace that begins at `Unhandled exception:`, or whose first frame stands at a line.
pub(super) fn read(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    let text = lines[idx].text();
    let (start_idx, at, first_frame) = match text.find("Unhandled exception:") {
        Some(at) => {
            let prefix = &text[..at];
            let first = (idx + 1..lines.len().min(idx + 12))
                .find(|&nth| frame(without_prefix(lines[nth].text(), prefix)).is_some())?;
            (idx, at, first)
        }
        None => {
            frame(text.trim_start())?;
            (idx.checked_sub(1).filter(|&above| above >= floor).unwrap_or(idx), 0, idx)
        }
    };
    let prefix = &lines[start_idx].text()[..at];
    let message_start =
        if lines[start_idx].text().contains("Unhandled exception:") { start_idx + 1 } else { start_idx };
    let message: Vec<&str> =
        lines[message_start..first_frame].iter().map(|line| without_prefix(line.text(), prefix)).collect();
    let message = message.join("\n");
    let mut frames = Vec::new();
    let mut next = first_frame;
    while let Some(line) = lines.get(next) {
        let text = without_prefix(line.text(), prefix).trim_start();
        match frame(text) {
            Some(frame) => frames.push(frame),
            None if text.starts_with("<asynchronous suspension>") => {}
            None => break,
        }
        next += 1;
    }
    let (type_name, message) = match message.split_once(": ") {
        Some(("Bad state", rest)) => ("StateError".to_owned(), rest.to_owned()),
        Some((name, rest)) if names::is_type_name(name) => (name.to_owned(), rest.to_owned()),
        _ => (String::new(), message),
    };
    let exception = Exception { type_name, message, frames, relation: Relation::Outermost };
    let range = lines[start_idx].place(at)..lines[next - 1].end;
    let chain = vec![exception];
    Some((
        Trace { language: Language::Dart, range, chain, root_idx: 0, members: Vec::new(), thread: None },
        next,
    ))
}

/// Reads `#0      Cls.f (package:app/a.dart:15:20)`.
pub(super) fn frame(text: &str) -> Option<Frame> {
    let (number, rest) = text.strip_prefix('#')?.split_once(' ')?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (function, place) = rest.trim().strip_suffix(')')?.rsplit_once(" (")?;
    let (file, line) = names::place(place);
    if !(file.starts_with("dart:") || file.starts_with("package:") || file.contains(".dart")) {
        return None;
    }
    let function = function.replace("<anonymous closure>", "<closure>");
    let is_library =
        ["dart:", "package:flutter/", "package:dio/", "package:http/"].iter().any(|l| file.starts_with(l));
    Some(Frame {
        module: names::stem(file).to_owned(),
        function,
        file: file.to_owned(),
        line,
        in_app: !is_library,
    })
}
