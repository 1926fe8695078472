//! What stands in the place of a secret: `[redacted:NAME]`, where `NAME` is that of a rule.

use super::rules::RedactionRules;
use std::ops::Range;

/// How a mark begins.
const BEGINNING: &str = "[redacted:";

/// Returns the mark of a rule.
pub(super) fn mark(name: &str) -> String {
    format!("{BEGINNING}{name}]")
}

/// Says whether a text begins with a mark. A pattern that stops at a bracket may have left the last one out, and one that takes
/// a list has brackets before it.
///
/// Whoever writes such a mark with another name has not been redacted by these rules.
pub(super) fn begins_with_mark(text: &str, rules: &RedactionRules) -> bool {
    let text = text.trim_start_matches(['[', '(', '{']);
    let Some(rest) = text.strip_prefix(&BEGINNING[1..]) else { return false };
    let name = rest.split_once(']').map_or(rest, |(name, _)| name);
    rules.has_name(name)
}

/// Returns the parts of a text that are no marks, in order; together with the marks they are the text.
pub(super) fn outside_of_marks(text: &str, rules: &RedactionRules) -> Vec<Range<usize>> {
    let (mut parts, mut from) = (Vec::new(), 0);
    for (start, _) in text.match_indices(BEGINNING) {
        let name_start = start + BEGINNING.len();
        let Some(len) = text[name_start..].find(']') else { break };
        if rules.has_name(&text[name_start..name_start + len]) {
            parts.push(from..start);
            from = name_start + len + 1;
        }
    }
    parts.push(from..text.len());
    parts
}
