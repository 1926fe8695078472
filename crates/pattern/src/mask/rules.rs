//! Rules a user adds: `name = regex`, one a line.

use super::{Hole, HoleKind};
use regex_automata::meta::Regex;
use std::fmt;

/// A problem with a line of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it, in lower case without a full stop.
    pub detail: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mask rule in line {}: {}", self.line, self.detail)
    }
}

impl std::error::Error for RuleError {}

/// The compiled rules of one user.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    regex: Regex,
    kinds: Vec<HoleKind>,
}

impl Rules {
    /// Reads rules; empty lines and lines that begin with `#` are passed over.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, RuleError> {
        let (mut patterns, mut kinds) = (Vec::new(), Vec::new());
        for (idx, line) in text.lines().enumerate() {
            let line_number = idx + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let error = |detail: String| RuleError { line: line_number, detail };
            let (name, pattern) =
                line.split_once('=').ok_or_else(|| error("expected \"name = regex\"".to_owned()))?;
            let (name, pattern) = (name.trim(), pattern.trim());
            if name.is_empty() || pattern.is_empty() {
                return Err(error("expected \"name = regex\"".to_owned()));
            }
            let compiled = Regex::new(pattern).map_err(|problem| error(problem.to_string()))?;
            if compiled.is_match("") {
                return Err(error("the regex matches the empty text".to_owned()));
            }
            patterns.push(pattern.to_owned());
            kinds.push(HoleKind::from_name(name).unwrap_or(HoleKind::Value));
        }
        if patterns.is_empty() {
            return Ok(None);
        }
        let regex = Regex::new_many(&patterns)
            .map_err(|problem| RuleError { line: 0, detail: problem.to_string() })?;
        Ok(Some(Self { regex, kinds }))
    }

    /// Calls `found` with every match, in ascending order and without overlap.
    pub(super) fn each(&self, text: &str, mut found: impl FnMut(Hole)) {
        for hit in self.regex.find_iter(text) {
            if hit.start() < hit.end() {
                found(Hole::new(hit.start(), hit.end(), self.kinds[hit.pattern().as_usize()]));
            }
        }
    }
}
