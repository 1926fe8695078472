//! Ruby, on its own and in Rails logs.

use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace, names};

/// Reads `file.rb:9:in 'n'`, with or without `from` before and `: message (Type)` behind; returns what is behind.
fn frame(text: &str) -> Option<(Frame, &str)> {
    let text = text.trim_start();
    let text = text.strip_prefix("from ").unwrap_or(text);
    let at = text.find(":in ")?;
    let (file, line) = names::place(&text[..at]);
    line?;
    let quoted = text[at + 4..].strip_prefix(['`', '\''])?;
    let close = quoted.find('\'')?;
    let method = method_name(&quoted[..close]);
    // A gem's frame in a Rails log has the gem before the path: `actionpack (7.0.4) lib/…`.
    let is_gem = file.contains(") ") && file.contains(" (");
    let is_library =
        is_gem || ["/gems/", "/lib/ruby/", "(eval", "<internal:"].iter().any(|mark| file.contains(mark));
    if file.contains(' ') && !is_gem {
        return None;
    }
    let frame = Frame {
        module: names::stem(file).to_owned(),
        function: method,
        file: file.to_owned(),
        line,
        in_app: !is_library,
    };
    Some((frame, &quoted[close + 1..]))
}

/// Drops the blocks around a method, its class and the numbers of templates.
fn method_name(name: &str) -> String {
    let inner = name.rsplit(" in ").next().unwrap_or(name);
    let method = inner.rsplit(['#', '.']).next().filter(|last| !last.is_empty()).unwrap_or(inner);
    let end = method.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    if method.len() > end.len() + 3 && method[end.len()..].starts_with("__") {
        end.to_owned()
    } else {
        method.to_owned()
    }
}

/// Reads a trace whose first frame stands at a line.
pub(super) fn read(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    let text = lines[idx].text();
    let at = frame_start(text);
    let (first, behind) = frame(&text[at..])?;
    match behind.strip_prefix(": ") {
        Some(message) => read_plain(lines, idx, at, first, message),
        None => read_rails(lines, idx, floor),
    }
}

/// Tells whether a line begins a trace or a cause, `file.rb:3:in 'm': message (Type)`.
pub(super) fn is_header(line: &str) -> bool {
    frame(&line[frame_start(line)..]).is_some_and(|(_, behind)| behind.starts_with(": "))
}

/// Tells whether a line is a frame below `Type (message):`, as Rails logs it.
pub(super) fn is_rails_frame(line: &str) -> bool {
    frame(line).is_some_and(|(_, behind)| behind.trim().is_empty())
}

/// Tells whether a line is `Type (message):`.
pub(super) fn is_rails_header(line: &str) -> bool {
    let Some((head, rest)) = line.trim().split_once(" (") else { return false };
    let name = head.rsplit(' ').next().unwrap_or_default();
    rest.ends_with("):") && names::is_type_name(name) && names::says_exception(name)
}

/// Returns where the file of a frame begins, behind a logger's prefix.
fn frame_start(text: &str) -> usize {
    let Some(end) = text.find(":in ") else { return 0 };
    text[..end].rfind([' ', '\t']).map_or(0, |space| space + 1)
}

/// Splits `message (Type)`.
fn message_and_type(text: &str) -> Option<(&str, &str)> {
    let (message, type_name) = text.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    names::is_type_name(type_name).then(|| (message.trim_end(), type_name))
}

fn read_plain(lines: &[Line<'_>], idx: usize, at: usize, first: Frame, message: &str) -> Read {
    let prefix = &lines[idx].text()[..at];
    let content = |nth: usize| lines.get(nth).map(|line| without_prefix(line.text(), prefix));
    let mut chain: Vec<Exception> = Vec::new();
    let mut next = idx + 1;
    let mut begun = Some((first, message.to_owned()));
    while let Some((first, mut message)) = begun.take() {
        // The type stands at the end of the first line; a message of several lines goes on behind it.
        let type_name;
        if let Some((text, name)) = message_and_type(&message) {
            (message, type_name) = (text.to_owned(), name.to_owned());
        } else if chain.is_empty()
            && !content(next).is_some_and(|line| line.trim_start().starts_with("from "))
        {
            return None;
        } else {
            type_name = "RuntimeError".to_owned();
        }
        let mut frames = vec![first];
        while let Some(line) = content(next) {
            let is_call = line.trim_start().starts_with("from ");
            match frame(line).filter(|_| is_call) {
                Some((frame, _)) => frames.push(frame),
                None if is_call || line.trim_start().starts_with("... ") => {}
                None if frames.len() == 1
                    && !line.trim().is_empty()
                    && has_call_soon(lines, next, prefix) =>
                {
                    message.push('\n');
                    message.push_str(line);
                }
                None => break,
            }
            next += 1;
        }
        let relation = if chain.is_empty() { Relation::Outermost } else { Relation::Cause };
        chain.push(Exception { type_name, message, frames, relation });
        // A cause begins as the first exception did.
        if let Some((frame, behind)) = content(next).and_then(frame)
            && let Some(text) = behind.strip_prefix(": ").filter(|text| message_and_type(text).is_some())
        {
            begun = Some((frame, text.to_owned()));
            next += 1;
        }
    }
    let root_idx = chain.len() - 1;
    let range = lines[idx].place(at)..lines[next - 1].end;
    Some((
        Trace { language: Language::Ruby, range, chain, root_idx, members: Vec::new(), thread: None },
        next,
    ))
}

fn has_call_soon(lines: &[Line<'_>], idx: usize, prefix: &str) -> bool {
    lines[idx + 1..]
        .iter()
        .take(5)
        .any(|line| without_prefix(line.text(), prefix).trim_start().starts_with("from "))
}

/// Reads `Type (message):` with its frames a line or two below, as Rails logs it.
fn read_rails(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    let (start_idx, type_name, message) = (floor..idx).rev().take(6).find_map(|above| {
        let text = lines[above].text().trim();
        let (head, rest) = text.split_once(" (")?;
        let name = head.rsplit(' ').next()?;
        let message = rest.strip_suffix("):")?;
        names::is_type_name(name).then(|| (above, name.to_owned(), message.to_owned()))
    })?;
    let mut next = idx;
    let mut frames = Vec::new();
    while let Some((frame, behind)) = lines.get(next).and_then(|line| frame(line.text())) {
        if !behind.trim().is_empty() {
            break;
        }
        frames.push(frame);
        next += 1;
    }
    if frames.is_empty() {
        return None;
    }
    let exception = Exception { type_name, message, frames, relation: Relation::Outermost };
    let range = lines[start_idx].start..lines[next - 1].end;
    let chain = vec![exception];
    Some((
        Trace { language: Language::Ruby, range, chain, root_idx: 0, members: Vec::new(), thread: None },
        next,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_lose_blocks_classes_and_numbers() {
        for (text, expected, in_app) in [
            ("a.rb:9:in 'n'", "a.n", true),
            ("from a.rb:9:in `block (3 levels) in run'", "a.run", true),
            ("a.rb:9:in 'Cls#run'", "a.run", true),
            ("app/v.erb:1:in `_app_show__123_456'", "v._app_show", true),
            ("/x/gems/rack-1.2/lib/r.rb:3:in 'call'", "r.call", false),
            ("actionpack (7.0.4) lib/a.rb:5:in 'process'", "a.process", false),
        ] {
            let (frame, _) = frame(text).unwrap();
            assert_eq!((frame.name().as_str(), frame.in_app), (expected, in_app), "{text}");
        }
        assert_eq!(frame("we met at 9:in 'x'"), None);
    }
}
