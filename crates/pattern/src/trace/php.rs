//! PHP: uncaught exceptions and the stacks frameworks log.
//!
//! A numbered line names the call and the file it was made from, so the file of a function is the one on the line before.

use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace, names};

/// Reads a trace whose `Stack trace:` stands at or shortly below a line.
pub(super) fn read(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    let text = lines[idx].text();
    if !text.contains("Stack trace:") {
        return read_fatal(lines, idx);
    }
    let at = text.find("Stack trace:").unwrap_or(0);
    let prefix = &text[..at];
    let (start_idx, start_at, type_name, message, place) =
        (floor..=idx).rev().take(12).find_map(|above| {
            let (at, type_name, message, place) = header(lines[above].text())?;
            Some((above, at, type_name, message, place))
        })?;
    let mut message = message;
    let mut place = place;
    for line in &lines[start_idx + 1..idx.max(start_idx + 1)] {
        let text = without_prefix(line.text(), prefix);
        let (text, found) = split_place(text);
        message.push('\n');
        message.push_str(text);
        place = if found.is_empty() { place } else { found.to_owned() };
    }
    let mut printed = Vec::new();
    let (frames, mut next) = read_frames(lines, idx + 1, prefix, &place);
    printed.push((type_name, message, frames));
    // Exceptions that wrap the first follow it, each with a stack of its own.
    while let Some((at, wrapper)) = next_exception(lines, next, prefix) {
        let (type_name, message) = wrapper.split_once(": ").unwrap_or((wrapper, ""));
        let (message, place) = split_place(message);
        let (frames, end) = read_frames(lines, at + 1, prefix, place);
        printed.push((type_name.to_owned(), message.to_owned(), frames));
        next = end;
    }
    if lines
        .get(next)
        .is_some_and(|line| without_prefix(line.text(), prefix).trim_start().starts_with("thrown in "))
    {
        next += 1;
    }
    let exception = |(nth, (type_name, message, frames)): (usize, (String, String, Vec<Frame>))| Exception {
        type_name,
        message: message.trim().to_owned(),
        frames,
        relation: if nth == 0 { Relation::Outermost } else { Relation::Cause },
    };
    let chain: Vec<Exception> = printed.into_iter().rev().enumerate().map(exception).collect();
    let root_idx = chain.len() - 1;
    let range = lines[start_idx].place(start_at)..lines[next - 1].end;
    Some((Trace { language: Language::Php, range, chain, root_idx, members: Vec::new(), thread: None }, next))
}

/// Finds `Next Type: message in file:line` and the `Stack trace:` below it.
fn next_exception<'l>(lines: &'l [Line<'l>], from: usize, prefix: &str) -> Option<(usize, &'l str)> {
    let content = |nth: usize| lines.get(nth).map(|line| without_prefix(line.text(), prefix));
    let start = (from..from + 2).find(|&nth| content(nth).is_some_and(|line| line.starts_with("Next ")))?;
    let stack =
        (start..start + 4).find(|&nth| content(nth).is_some_and(|line| line.contains("Stack trace:")))?;
    Some((stack, content(start)?.strip_prefix("Next ")?))
}

/// Finds the exception a line names: column, type, message and place.
fn header(text: &str) -> Option<(usize, String, String, String)> {
    let found = |at: usize, type_name: &str, message: &str| {
        let (message, place) = split_place(message);
        let is_type = names::is_type_name(type_name);
        is_type.then(|| {
            (at, type_name.trim_start_matches('\\').to_owned(), message.to_owned(), place.to_owned())
        })
    };
    if let Some(at) = text.find("Uncaught ") {
        let rest = &text[at + "Uncaught ".len()..];
        let rest = rest.strip_prefix("PHP Exception ").unwrap_or(rest);
        if let Some(found) = old_header(rest) {
            let (type_name, message) = found;
            let start = text.find("PHP Fatal error").unwrap_or(at);
            return self::found_at(start, type_name, message);
        }
        let (type_name, message) =
            rest.split_once(": ").unwrap_or((rest.split(" in ").next().unwrap_or(rest), ""));
        let message = if message.is_empty() { rest } else { message };
        return found(text.find("PHP Fatal error").unwrap_or(at), type_name.trim(), message);
    }
    if let Some(at) = text.find("exception '") {
        let (type_name, message) = old_header(&text[at..])?;
        return found_at(at, type_name, message);
    }
    // Frameworks log `[object] (Type(code: 0): message at file:line)`.
    if let Some(at) = text.find("[object] (") {
        let rest = &text[at + "[object] (".len()..];
        let (type_name, rest) = rest.split_once("(code: ")?;
        let (_, message) = rest.split_once("): ")?;
        let (message, place) = message.rsplit_once(" at ").unwrap_or((message, ""));
        return Some((at, type_name.to_owned(), message.to_owned(), place.trim_end_matches(')').to_owned()));
    }
    let (type_name, message) = text.split_once(": ")?;
    if !names::says_exception(type_name) {
        return None;
    }
    found(0, type_name, message)
}

fn found_at(at: usize, type_name: &str, message: &str) -> Option<(usize, String, String, String)> {
    let (message, place) = split_place(message);
    let message = message.trim_matches('\'');
    Some((at, type_name.to_owned(), message.to_owned(), place.to_owned()))
}

/// Splits `exception 'T' with message 'm' in file:line`.
fn old_header(text: &str) -> Option<(&str, &str)> {
    let (type_name, rest) = text.strip_prefix("exception '")?.split_once('\'')?;
    Some((type_name, rest.strip_prefix(" with message ").unwrap_or(rest)))
}

/// Splits ` in /a.php:5` from the end of a message.
fn split_place(message: &str) -> (&str, &str) {
    match message.rsplit_once(" in ") {
        Some((before, place)) if names::place(place).1.is_some() => (before, place),
        _ => message
            .strip_prefix("in ")
            .filter(|place| names::place(place).1.is_some())
            .map_or((message, ""), |p| ("", p)),
    }
}

/// Reads `#0 /a.php(9): f()`; `thrown_in` is the place of the first function.
fn read_frames(lines: &[Line<'_>], mut next: usize, prefix: &str, thrown_in: &str) -> (Vec<Frame>, usize) {
    let mut frames = Vec::new();
    let (mut file, mut line_number) = names::place(thrown_in);
    while let Some(line) = lines.get(next) {
        let text = without_prefix(line.text(), prefix).trim_start();
        let Some((number, rest)) = text.strip_prefix('#').and_then(|rest| rest.split_once(' ')) else {
            break;
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        let (place, call) = match rest.split_once(": ") {
            Some((place, call)) => (place, call),
            None => ("", rest),
        };
        let call = call.split('(').next().unwrap_or(call).trim();
        let call =
            call.split("class@anonymous").next().filter(|before| before.len() < call.len()).map_or_else(
                || call.to_owned(),
                |before| {
                    let method = call.rsplit_once("->").map_or("", |(_, method)| method);
                    format!("{before}class@anonymous->{method}")
                },
            );
        let (module, function) = split_call(&call);
        let in_app = call != "{main}" && !file.contains("/vendor/") && file != "[internal function]";
        frames.push(Frame { module, function, file: file.to_owned(), line: line_number, in_app });
        (file, line_number) = match place.strip_suffix(')').and_then(|place| place.rsplit_once('(')) {
            Some((file, number)) => (file, number.parse().ok()),
            None => (place, None),
        };
        next += 1;
    }
    (frames, next)
}

fn split_call(call: &str) -> (String, String) {
    for mark in ["->", "::"] {
        if let Some((class, method)) = call.rsplit_once(mark) {
            return (class.to_owned(), method.to_owned());
        }
    }
    (String::new(), call.to_owned())
}

/// Reads a fatal error without a stack: `PHP Fatal error:  message in /a.php on line 5`.
fn read_fatal(lines: &[Line<'_>], idx: usize) -> Read {
    let text = lines[idx].text();
    let at = text.find("PHP Fatal error:").or_else(|| text.find("PHP Parse error:"))?;
    let stack_follows = lines[idx..].iter().take(12).any(|line| line.text().contains("Stack trace:"));
    if stack_follows {
        return None;
    }
    let (kind, rest) = text[at + 4..].split_once(':')?;
    let (before, number) = rest.rsplit_once(" on line ")?;
    let (message, file) = before.rsplit_once(" in ")?;
    let frame = Frame {
        module: names::stem(file).to_owned(),
        function: String::new(),
        file: file.to_owned(),
        line: number.trim().parse().ok(),
        in_app: !file.contains("/vendor/"),
    };
    let type_name = kind.to_ascii_lowercase();
    let exception = Exception {
        type_name,
        message: message.trim().to_owned(),
        frames: vec![frame],
        relation: Relation::Outermost,
    };
    let range = lines[idx].place(at)..lines[idx].end;
    let chain = vec![exception];
    Some((
        Trace { language: Language::Php, range, chain, root_idx: 0, members: Vec::new(), thread: None },
        idx + 1,
    ))
}
