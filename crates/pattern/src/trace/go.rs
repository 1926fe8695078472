//! Go: panics and fatal errors, with the stack of the goroutine they ended.
//!
//! The dump may list many goroutines; only the first is the culprit.

use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace, names};

/// How many lines may stand between `panic:` and the first goroutine: a message, a signal, further panics.
const MAX_HEAD_LINES: usize = 30;

/// Reads a trace that begins at `panic:`, `fatal error:`, `http: panic serving` or a goroutine's own header.
pub(super) fn read(lines: &[Line<'_>], idx: usize, _floor: usize) -> Read {
    let text = lines[idx].text();
    let (at, type_name, message) = head(text)?;
    let prefix = &text[..at];
    let content = |nth: usize| lines.get(nth).map(|line| without_prefix(line.text(), prefix));

    let mut next = if type_name.is_empty() { idx } else { idx + 1 };
    let mut messages = vec![message];
    while !is_goroutine(content(next)?) {
        let line = content(next)?.trim();
        if next > idx + MAX_HEAD_LINES {
            return None;
        }
        // Further panics while unwinding; the first is the root.
        if !line.is_empty() && !line.starts_with("panic: ") && !line.starts_with("[signal ") {
            messages.push(line);
        }
        next += 1;
    }
    let thread = content(next)?.split_whitespace().nth(1).map(str::to_owned);
    next += 1;
    let mut frames = Vec::new();
    while let Some(line) = content(next) {
        if line.starts_with("created by ") {
            next += 1 + usize::from(content(next + 1).is_some_and(is_place));
            break;
        }
        let Some(place) = content(next + 1).filter(|line| is_place(line)) else {
            if line.starts_with("...additional frames elided") {
                next += 1;
                continue;
            }
            break;
        };
        frames.push(frame(line, place));
        next += 2;
    }
    if frames.is_empty() {
        return None;
    }
    next = skip_others(lines, next, prefix);
    let exception = Exception {
        type_name: if type_name.is_empty() { "panic" } else { type_name }.to_owned(),
        message: messages.join("\n").trim().to_owned(),
        frames: without_unwinding(frames),
        relation: Relation::Outermost,
    };
    let range = lines[idx].place(at)..lines[next - 1].end;
    Some((
        Trace {
            language: Language::Go,
            range,
            chain: vec![exception],
            root_idx: 0,
            members: Vec::new(),
            thread,
        },
        next,
    ))
}

/// Finds the words that begin a dump: column, type and message.
fn head(text: &str) -> Option<(usize, &str, &str)> {
    if let Some(at) = text.find("http: panic serving ") {
        let message =
            text[at..].split_once(": ").and_then(|(_, rest)| rest.split_once(": ")).map_or("", |(_, m)| m);
        return Some((at, "panic", message));
    }
    for (mark, type_name) in [("panic: ", "panic"), ("fatal error: ", "fatal error")] {
        if let Some(at) = text.find(mark) {
            return Some((at, type_name, text[at + mark.len()..].trim_end_matches(" [recovered]")));
        }
    }
    let at = text.find("goroutine ")?;
    is_goroutine(&text[at..]).then_some((at, "", ""))
}

fn is_goroutine(line: &str) -> bool {
    let Some((number, state)) = line.strip_prefix("goroutine ").and_then(|rest| rest.split_once(" [")) else {
        return false;
    };
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && state.trim_end().ends_with("]:")
}

/// Tells whether a line is the file of the call above it, `\t/a/m.go:7 +0x1d`.
fn is_place(line: &str) -> bool {
    line.starts_with(['\t', ' ']) && (line.contains(".go:") || line.contains(".s:"))
}

fn frame(call: &str, place: &str) -> Frame {
    let place = place.trim().split(" +0x").next().unwrap_or("");
    let (file, line) = names::place(place);
    let (module, function) = split_call(call);
    let in_app = !is_library(&module, &function, file);
    Frame { module, function, file: file.to_owned(), line, in_app }
}

/// Splits `github.com/a/b@v1.2.3/pkg.(*T).M(0x1, …)` into package and function.
fn split_call(call: &str) -> (String, String) {
    let call = call.trim();
    let name = if call.ends_with(')') { &call[..arguments_start(call)] } else { call };
    let name = without_brackets(name);
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let (package, function) = match name[slash..].find('.') {
        Some(dot) => (&name[..slash + dot], &name[slash + dot + 1..]),
        None => ("", name.as_str()),
    };
    let package: Vec<&str> = package.split('/').map(|part| part.split('@').next().unwrap_or(part)).collect();
    let function: Vec<&str> = function
        .split('.')
        .filter(|part| !(part.is_empty() || part.bytes().all(|b| b.is_ascii_digit())))
        .map(|part| {
            let plain = part.trim_end_matches(|c: char| c.is_ascii_digit());
            if plain == "func" || plain == "gowrap" { plain } else { part }
        })
        .collect();
    (package.join("/"), function.join("."))
}

/// Returns where the bracket of the arguments opens; `(*T)` is a receiver and closes before.
fn arguments_start(call: &str) -> usize {
    let mut depth = 0usize;
    for (at, byte) in call.bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    call.len()
}

fn without_brackets(name: &str) -> String {
    let mut depth = 0usize;
    let keep = |character: &char| {
        match character {
            '[' => depth += 1,
            ']' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    name.chars().filter(keep).collect()
}

fn is_library(module: &str, function: &str, file: &str) -> bool {
    let is_runtime = matches!(module, "runtime" | "testing" | "net/http")
        || module.starts_with("runtime/")
        || (module.is_empty() && function == "panic");
    // A package of the standard library has no dot in the first part of its path.
    let is_standard = file.split_once("/go/src/").is_some_and(|(_, path)| {
        path.split('/').next().is_some_and(|first| !first.contains('.')) && path.contains('/')
    });
    is_runtime || is_standard || file.contains("/pkg/mod/") || file.contains("/vendor/")
}

/// Drops the runtime's own frames up to the panic, the way the failure is reached.
fn without_unwinding(frames: Vec<Frame>) -> Vec<Frame> {
    let last_panic = frames.iter().rposition(|frame| frame.module.is_empty() && frame.function == "panic");
    match last_panic.filter(|&at| at + 1 < frames.len()) {
        Some(at) => frames.into_iter().skip(at + 1).collect(),
        None => frames,
    }
}

/// Returns the line behind the other goroutines of the dump and the exit status.
fn skip_others(lines: &[Line<'_>], from: usize, prefix: &str) -> usize {
    let content = |nth: usize| lines.get(nth).map(|line| without_prefix(line.text(), prefix));
    let mut end = from;
    let mut next = from;
    while let Some(line) = content(next) {
        if is_goroutine(line)
            || line.starts_with("exit status ")
            || line.starts_with("created by ")
            || is_place(line)
        {
            end = next + 1;
        } else if !line.trim().is_empty() && !content(next + 1).is_some_and(is_place) {
            break;
        }
        next += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_lose_arguments_versions_and_numbers() {
        for (call, expected) in [
            ("main.f(...)", "main.f"),
            ("main.(*T).Get(0xc000, 0x1)", "main.(*T).Get"),
            ("main.main.func1.2()", "main.main.func"),
            ("github.com/a/b@v3.0.0/pkg.Map[...](0x1)", "github.com/a/b/pkg.Map"),
            ("panic({0x1, 0x2})", "panic"),
        ] {
            let (module, function) = split_call(call);
            let frame = Frame { module, function, ..Frame::default() };
            assert_eq!(frame.name(), expected, "{call}");
        }
    }
}
