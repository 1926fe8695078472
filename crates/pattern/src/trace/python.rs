//! Python: tracebacks, their chains, exception groups and syntax errors.
//!
//! Stacks are printed with the failure last, chains with the root cause first; both are turned around. "During handling of
//! the above exception" is context and not a cause.

use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace, names};

/// A trace of more lines is cut; Python itself stops recursing long before.
const MAX_LINES: usize = 20_000;
const HEADER: &str = "Traceback (most recent call last)";
const CAUSE: &str = "The above exception was the direct cause of the following exception";
const CONTEXT: &str = "During handling of the above exception, another exception occurred";

/// Reads a trace that begins at a line with the usual header, or a syntax error without one.
pub(super) fn read(lines: &[Line<'_>], idx: usize, _floor: usize) -> Read {
    let text = lines[idx].text();
    let Some(at) = text.find("Traceback (most recent") else { return read_syntax_error(lines, idx) };
    if let Some(group) = text.find("+ Exception Group ") {
        return read_group(lines, idx, &text[..group]);
    }
    let mut prefix = &text[..at];
    if prefix.trim().is_empty() {
        prefix = "";
    }
    // A header alone is no trace; looking no further keeps many of them cheap.
    let second = without_prefix(lines.get(idx + 1)?.text(), prefix);
    if second.contains(HEADER) || second.trim().is_empty() {
        return None;
    }
    let contents: Vec<&str> = lines[idx..]
        .iter()
        .take(MAX_LINES)
        .enumerate()
        .map(|(nth, line)| if nth == 0 { &line.text()[at..] } else { without_prefix(line.text(), prefix) })
        .collect();
    let (blocks, n_lines) = read_blocks(&contents)?;
    let range = lines[idx].place(at)..lines[idx + n_lines - 1].end;
    Some((trace_of(blocks, Vec::new(), range), idx + n_lines))
}

/// One traceback of a chain.
struct Block {
    exception: Exception,
    /// How it relates to the block printed before it.
    is_cause_above: bool,
}

/// Reads tracebacks joined by the two sentences; returns how many lines they take.
fn read_blocks(contents: &[&str]) -> Option<(Vec<Block>, usize)> {
    let mut blocks = Vec::new();
    let (mut idx, mut is_cause_above) = (0, false);
    let mut end = 0;
    while contents.get(idx)?.contains(HEADER) {
        let (exception, next) = read_block(contents, idx + 1);
        blocks.push(Block { exception, is_cause_above });
        end = next;
        let mut after = next;
        while contents.get(after).is_some_and(|line| line.trim().is_empty()) {
            after += 1;
        }
        let Some(sentence) = contents.get(after) else { break };
        is_cause_above = sentence.contains(CAUSE);
        if !is_cause_above && !sentence.contains(CONTEXT) {
            break;
        }
        end = after + 1;
        idx = after + 1;
        while contents.get(idx).is_some_and(|line| line.trim().is_empty()) {
            idx += 1;
        }
        if contents.get(idx).is_none() {
            break;
        }
    }
    let says_something =
        |block: &Block| !block.exception.type_name.is_empty() || !block.exception.frames.is_empty();
    blocks.iter().any(says_something).then_some((blocks, end))
}

fn read_block(contents: &[&str], mut idx: usize) -> (Exception, usize) {
    let mut frames = Vec::new();
    while let Some(line) = contents.get(idx) {
        if let Some(frame) = frame(line) {
            frames.extend(frame);
        } else if !line.starts_with([' ', '\t']) || line.trim().is_empty() {
            break;
        }
        idx += 1;
    }
    frames.reverse();
    let (mut type_name, mut message) = (String::new(), String::new());
    if let Some(line) = contents.get(idx).filter(|line| !line.trim().is_empty() && !line.contains(HEADER)) {
        (type_name, message) = type_and_message(line);
        idx += 1;
        while let Some(line) = contents.get(idx).filter(|line| continues_message(line)) {
            message.push('\n');
            message.push_str(line);
            idx += 1;
        }
    }
    (Exception { type_name, message, frames, relation: Relation::Outermost }, idx)
}

/// Splits `KeyError: 'k'`; a type may stand alone.
fn type_and_message(line: &str) -> (String, String) {
    let (name, message) = line.split_once(": ").unwrap_or((line.strip_suffix(':').unwrap_or(line), ""));
    if names::is_type_name(name.trim()) {
        let name = name.trim();
        (name.strip_prefix("__main__.").unwrap_or(name).to_owned(), message.to_owned())
    } else {
        (String::new(), line.to_owned())
    }
}

/// Tells whether a line behind the exception still belongs to its message: not empty, and not the next thing logged.
pub(super) fn continues_message(line: &str) -> bool {
    let first = line.trim_start();
    !(first.is_empty()
        || line.contains(HEADER)
        || line.contains(CAUSE)
        || line.contains(CONTEXT)
        || first.starts_with('[')
        || first.starts_with(|c: char| c.is_ascii_digit())
        || first.starts_with('+'))
}

/// Tells whether a line says how the next exception relates to the one before.
pub(super) fn is_sentence(line: &str) -> bool {
    line.contains(CAUSE) || line.contains(CONTEXT)
}

/// Reads `File "x.py", line 3, in f`. The inner option is empty for a place that is no call, as in generated code.
fn frame(line: &str) -> Option<Option<Frame>> {
    let rest = line.trim_start().strip_prefix("> ").unwrap_or(line.trim_start()).strip_prefix("File \"")?;
    let (file, rest) = rest.split_once("\", line ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let line_number = rest[..digits].parse().ok();
    let function = rest[digits..].strip_prefix(", in ").unwrap_or("").trim();
    if function.is_empty() && file.starts_with('<') {
        return Some(None);
    }
    let module = if file.starts_with('<') { file } else { module_of(file) };
    Some(Some(Frame {
        module: module.to_owned(),
        function: function.to_owned(),
        file: file.to_owned(),
        line: line_number,
        in_app: is_in_app(file),
    }))
}

/// The base name; for `pkg/__init__.py` the folder says more.
fn module_of(file: &str) -> &str {
    let stem = names::base_name(file).rsplit_once('.').map_or(names::base_name(file), |(stem, _)| stem);
    if stem != "__init__" && stem != "__main__" {
        return stem;
    }
    let folder = file.strip_suffix(names::base_name(file)).unwrap_or("").trim_end_matches(['/', '\\']);
    let folder = names::base_name(folder);
    if folder.is_empty() { stem } else { folder }
}

fn is_in_app(file: &str) -> bool {
    const LIBRARIES: [&str; 6] =
        ["site-packages", "dist-packages", "/lib/python2.", "/lib/python3.", "\\Lib\\", "\\lib\\python3"];
    !file.starts_with("<frozen") && !LIBRARIES.iter().any(|folder| file.contains(folder))
}

fn trace_of(mut blocks: Vec<Block>, members: Vec<Trace>, range: std::ops::Range<usize>) -> Trace {
    // Printed root first; a chain is told outermost first.
    let mut chain = Vec::with_capacity(blocks.len());
    let mut relation = Relation::Outermost;
    let mut root_idx = 0;
    while let Some(mut block) = blocks.pop() {
        block.exception.relation = relation;
        if relation == Relation::Cause && root_idx + 1 == chain.len() {
            root_idx = chain.len();
        }
        relation = if block.is_cause_above { Relation::Cause } else { Relation::Context };
        chain.push(block.exception);
    }
    Trace { language: Language::Python, range, chain, root_idx, members, thread: None }
}

/// Reads `File "a.py", line 4` without a function, followed within four lines by the syntax error itself.
fn read_syntax_error(lines: &[Line<'_>], idx: usize) -> Read {
    let text = lines[idx].text();
    let at = text.find("File \"")?;
    let place = frame(&text[at..])??;
    if !place.function.is_empty() {
        return None;
    }
    for next in idx + 1..(idx + 5).min(lines.len()) {
        let (type_name, message) = type_and_message(lines[next].text().trim_start());
        if ["SyntaxError", "IndentationError", "TabError"].contains(&type_name.as_str()) {
            let exception =
                Exception { type_name, message, frames: vec![place], relation: Relation::Outermost };
            let block = Block { exception, is_cause_above: false };
            return Some((trace_of(vec![block], Vec::new(), lines[idx].start..lines[next].end), next + 1));
        }
    }
    None
}

/// A line of a group without its margin.
struct Margined<'l> {
    /// Column of the `|` or `+`.
    column: usize,
    /// What the margin is drawn with here.
    mark: u8,
    content: &'l str,
    line_idx: usize,
}

fn read_group(lines: &[Line<'_>], idx: usize, prefix: &str) -> Read {
    let prefix = if prefix.trim().is_empty() { "" } else { prefix };
    let mut margined = Vec::new();
    for (line_idx, line) in lines.iter().enumerate().skip(idx) {
        // Only the outermost group begins with a cross, so another one is another trace.
        if line_idx > idx && line.text().contains("+ Exception Group ") {
            break;
        }
        let text = without_prefix(line.text(), prefix);
        let column = text.len() - text.trim_start().len();
        let Some(&mark) = text.as_bytes().get(column).filter(|mark| matches!(mark, b'|' | b'+')) else {
            break;
        };
        let content = &text[column + 1..];
        margined.push(Margined {
            column,
            mark,
            content: content.strip_prefix(' ').unwrap_or(content),
            line_idx,
        });
    }
    let last = margined.last()?.line_idx;
    let trace = group_of(&margined, lines)?;
    Some((trace, last + 1))
}

/// Reads the lines of one group or member: its own lines first, then its members between numbered rules.
fn group_of(margined: &[Margined<'_>], lines: &[Line<'_>]) -> Option<Trace> {
    let first = margined.first()?;
    let own_end = margined
        .iter()
        .position(|line| line.mark == b'+' && line.content.starts_with('-'))
        .unwrap_or(margined.len());
    let contents: Vec<&str> = margined[..own_end].iter().map(|line| line.content).collect();
    let (blocks, _) = read_blocks(&contents)?;

    let mut members = Vec::new();
    let inner = first.column + 2;
    let mut member_start = None;
    for (at, line) in margined.iter().enumerate().skip(own_end) {
        // A rule that opens a group inside a member is drawn `+-+--`, at the column of the rules between members.
        let is_between = line.column == inner && !line.content.starts_with("-+");
        let is_rule = line.mark == b'+' && line.content.starts_with('-') && (at == own_end || is_between);
        if !is_rule {
            continue;
        }
        if let Some(start) = member_start {
            members.extend(group_of(&margined[start..at], lines));
        }
        member_start = Some(at + 1);
    }
    if let Some(start) = member_start.filter(|&start| start < margined.len()) {
        members.extend(group_of(&margined[start..], lines));
    }
    let last = margined.last()?.line_idx;
    Some(trace_of(blocks, members, lines[first.line_idx].start..lines[last].end))
}
