//! Perl: what `confess` and `cluck` print.

use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace};

/// Reads a trace whose first call stands at a line; the message with its place is the line above.
pub(super) fn read(lines: &[Line<'_>], idx: usize, floor: usize) -> Read {
    let text = lines[idx].text();
    let (prefix, call) = text.split_once('\t').unwrap_or(("", text));
    let first = frame(call)?;
    let head_idx = idx.checked_sub(1).filter(|&above| above >= floor)?;
    let head = without_prefix(lines[head_idx].text(), prefix);
    let removed = lines[head_idx].text().len() - head.len();
    let message = split_place(head)?.0;
    let mut frames = vec![first];
    let mut next = idx + 1;
    while let Some(frame) = lines.get(next).and_then(|line| frame(without_prefix(line.text(), prefix))) {
        frames.push(frame);
        next += 1;
    }
    let exception = Exception {
        type_name: "die".to_owned(),
        message: message.to_owned(),
        frames,
        relation: Relation::Outermost,
    };
    let range = lines[head_idx].place(removed)..lines[next - 1].end;
    let chain = vec![exception];
    Some((
        Trace { language: Language::Perl, range, chain, root_idx: 0, members: Vec::new(), thread: None },
        next,
    ))
}

/// Tells whether a line ends with the place of a message, `text at FILE line N.`.
pub(super) fn is_header(line: &str) -> bool {
    split_place(line).is_some_and(|(_, file, _)| !file.contains(' ')) && line.trim_end().ends_with('.')
}

/// Splits `text at FILE line N.`.
fn split_place(text: &str) -> Option<(&str, &str, u32)> {
    let (before, number) = text.trim_end().trim_end_matches('.').rsplit_once(" line ")?;
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let (text, file) = before.rsplit_once(" at ")?;
    Some((text, file, number[..digits].parse().ok()?))
}

/// Reads `\tmain::f(1, "a") called at FILE line N`.
pub(super) fn frame(text: &str) -> Option<Frame> {
    let (call, place) = text.trim_start().split_once(" called at ")?;
    let (file, number) = place.trim_end().rsplit_once(" line ")?;
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let name = call.split('(').next().unwrap_or(call);
    let name = if call.starts_with("eval {") { "eval" } else { name };
    if name.is_empty() || name.contains(' ') {
        return None;
    }
    let (module, function) = name.rsplit_once("::").unwrap_or(("", name));
    let is_library =
        ["/perl5/", "/share/perl", "/lib/perl", "/site_perl/"].iter().any(|folder| file.contains(folder));
    Some(Frame {
        module: module.to_owned(),
        function: function.to_owned(),
        file: file.to_owned(),
        line: Some(number[..digits].parse().ok()?),
        in_app: !is_library,
    })
}
