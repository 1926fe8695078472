//! C# and the other .NET languages.
//!
//! The header lists the chain from the outermost exception to the root, `A: a ---> B: b`; the stacks follow from the root
//! outwards with a line between them.

use super::frame_lines::{self, Header, frame_text, type_header};
use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace};

const ARROW: &str = "---> ";

/// Reads `Ns.T.M(Args) in C:\a.cs:line 36`, the part behind `at `.
pub(super) fn frame(text: &str) -> Option<Frame> {
    let open = text.find('(')?;
    let close = open + text[open..].find(')')?;
    let name = text[..open].trim_end();
    if name.is_empty() || !(name.contains('.') || name == "lambda_method") || name.contains(' ') {
        return None;
    }
    if name.contains("://") || name.contains(['/', '\\']) {
        return None;
    }
    let rest = text[close + 1..].trim();
    if !(rest.is_empty() || rest.starts_with("in ") || rest.starts_with('[')) {
        return None;
    }
    let (file, line) = match text[close + 1..].split_once(" in ") {
        Some((_, place)) => match place.rsplit_once(":line ") {
            Some((file, line)) => (file.trim(), line.trim().parse().ok()),
            None => (place.trim(), None),
        },
        None => ("", None),
    };
    let (module, function) = split_name(name);
    let in_app = !["System.", "Microsoft.", "lambda_method"].iter().any(|library| name.starts_with(library));
    Some(Frame { module, function, file: file.to_owned(), line, in_app })
}

/// Splits a method's name, and finds the source method inside names the compiler made.
fn split_name(name: &str) -> (String, String) {
    let name = without_type_arguments(name);
    if let Some(open) = name.find('<') {
        let class = name[..open].trim_end_matches('.');
        let mut method = "";
        for (at, _) in name.match_indices('<') {
            let inner = &name[at + 1..];
            if let Some(len) = inner.find('>').filter(|&len| len > 0) {
                method = &inner[..len];
            }
        }
        return (class.to_owned(), method.to_owned());
    }
    if let Some(class) = name.strip_suffix("..ctor") {
        return (class.to_owned(), ".ctor".to_owned());
    }
    match name.rsplit_once('.') {
        Some((class, method)) => (class.to_owned(), method.to_owned()),
        None => (String::new(), name),
    }
}

/// Drops `[T]` and `` `1 ``.
fn without_type_arguments(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut depth = 0usize;
    let mut after_tick = false;
    for character in name.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '`' => after_tick = true,
            c if after_tick && c.is_ascii_digit() => {}
            c if depth == 0 => {
                after_tick = false;
                kept.push(c);
            }
            _ => {}
        }
    }
    kept
}

/// Reads a trace whose first frame stands at a line.
pub(super) fn read(lines: &[Line<'_>], idx: usize, floor: usize, prefix: &str) -> Read {
    let (mut start_idx, header) = frame_lines::find_header(lines, idx, floor, prefix, |line| {
        type_header(line.trim_start().strip_prefix(ARROW).unwrap_or(line))
    })?;
    // Newer runtimes print each inner exception on a line of its own; the outermost stands above them.
    let mut start = lines[start_idx].place(header.at);
    let mut headers = inner_headers(&header);
    while start_idx > floor && without_prefix(lines[start_idx].text(), prefix).trim_start().starts_with(ARROW)
    {
        let above = without_prefix(lines[start_idx - 1].text(), prefix);
        let Some(outer) = type_header(above.trim_start().strip_prefix(ARROW).unwrap_or(above)) else { break };
        start_idx -= 1;
        start = lines[start_idx].place(0);
        headers.splice(0..0, inner_headers(&outer));
    }
    let relation = |idx: usize| if idx == 0 { Relation::Outermost } else { Relation::Cause };
    let mut chain: Vec<Exception> = headers
        .into_iter()
        .enumerate()
        .map(|(nth, (type_name, message))| Exception {
            type_name,
            message,
            frames: Vec::new(),
            relation: relation(nth),
        })
        .collect();

    let mut current = chain.len() - 1;
    let mut next = idx;
    while let Some(line) = lines.get(next) {
        let text = without_prefix(line.text(), prefix).trim();
        if let Some(frame) = frame_text(text).and_then(frame) {
            chain[current].frames.push(frame);
        } else if text.starts_with("--- End of inner exception") {
            current = current.saturating_sub(1);
        } else if !text.starts_with("--- End of stack trace from previous") {
            break;
        }
        next += 1;
    }
    let is_wrapper = |exception: &Exception| crate::fingerprint::only_wraps(&exception.type_name);
    let root_idx = chain.iter().rposition(|exception| !is_wrapper(exception)).unwrap_or(chain.len() - 1);
    let range = start..lines[next - 1].end;
    Some((
        Trace {
            language: Language::CSharp,
            range,
            chain,
            root_idx,
            members: Vec::new(),
            thread: header.thread,
        },
        next,
    ))
}

/// Splits `A: a ---> B: b` into types and messages, outermost first.
fn inner_headers(header: &Header) -> Vec<(String, String)> {
    let whole = format!("{}: {}", header.type_name, header.message);
    whole
        .split(ARROW)
        .map(|part| {
            let part = part.trim();
            let part = part.strip_prefix("(Inner Exception #0) ").unwrap_or(part);
            let (type_name, message) = part.split_once(": ").unwrap_or((part.trim_end_matches(':'), ""));
            (type_name.to_owned(), message.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_source() {
        for (text, expected) in [
            ("Ns.T.M(String a) in C:\\a.cs:line 36", "Ns.T.M"),
            ("Ns.T.<ThirdLevelMethod>d__2.MoveNext() in a.cs:line 3", "Ns.T.ThirdLevelMethod"),
            ("Ns.T.<>c__DisplayClass4_0.<Run>b__0(Int32 x)", "Ns.T.Run"),
            ("Ns.List`1.Add[T](T item) [0x00007]", "Ns.List.Add"),
            ("Ns.T..ctor()", "Ns.T..ctor"),
        ] {
            assert_eq!(frame(text).unwrap().name(), expected, "{text}");
        }
        assert_eq!(frame("Ns.T.M() in C:\\a.cs:line 36").unwrap().line, Some(36));
        assert!(!frame("System.String.Join()").unwrap().in_app);
        assert!(frame("noon (local time) we left").is_none());
    }
}
