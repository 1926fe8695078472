//! Secrets taken out of texts: tokens, keys, passwords, cookies, credentials of connections; by wish e-mail and addresses.
//!
//! ```text
//! rules   patterns of secrets in text           "password=hunter2"         -> "password=[redacted:password]"
//! keys    names of members that hold secrets    {"password": "hunter2"}    -> {"password": "[redacted:password]"}
//! known   what was found once is a secret       "trying hunter2 again"     -> "trying [redacted:password] again"
//!         everywhere, if it is no common word
//! ```
//!
//! A report is redacted as a whole, after it was put together: every text in it goes through here whatever part it is in,
//! so that no part can forget to. Finding too much is the smaller mistake.

mod known;
mod marks;
mod rules;

pub use rules::{RedactionRules, RulesError};

use known::KnownSecrets;
use marks::{begins_with_mark, mark};
use rules::{Check, Rule};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// How a report is redacted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redaction {
    /// Secrets.
    #[default]
    Secrets,
    /// Secrets, e-mail addresses and addresses of the Internet.
    SecretsAndPersonal,
    /// Nothing.
    Nothing,
}

/// Takes secrets out of texts and counts them.
#[derive(Debug)]
pub struct Redactor {
    rules: RedactionRules,
    redaction: Redaction,
    counts: BTreeMap<String, u64>,
    known: KnownSecrets,
}

impl Redactor {
    /// Returns a redactor.
    pub fn new(rules: RedactionRules, redaction: Redaction) -> Self {
        Self { rules, redaction, counts: BTreeMap::new(), known: KnownSecrets::default() }
    }

    /// Returns how many texts were taken out, by the name of the rule.
    pub const fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// Takes out what rules find in a text.
    pub(crate) fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if self.redaction == Redaction::Nothing || text.len() < 4 {
            return Cow::Borrowed(text);
        }
        let mut shown = Cow::Borrowed(text);
        for idx in 0..self.rules.rules.len() {
            if self.rules.rules[idx].personal && self.redaction != Redaction::SecretsAndPersonal {
                continue;
            }
            if let Some(redacted) = self.apply(idx, &shown) {
                shown = Cow::Owned(redacted);
            }
        }
        shown
    }

    /// Takes what rules find out of every text of a JSON value. Names of members stay, and say what their values are.
    ///
    /// What was found elsewhere is taken out by [`json_again`](Self::json_again), when all texts have been here.
    pub fn json(&mut self, value: &mut Value) {
        if self.redaction == Redaction::Nothing {
            return;
        }
        match value {
            Value::String(text) => {
                if let Cow::Owned(redacted) = self.text(text) {
                    *text = redacted;
                }
            }
            Value::Array(values) => {
                for idx in 0..values.len() {
                    match self.named_before(values, idx) {
                        Some(rule) => self.cover(&mut values[idx], &rule),
                        None => self.json(&mut values[idx]),
                    }
                }
            }
            Value::Object(members) => {
                // A pair of name and value, as labels and attributes are written.
                let name = ["name", "key"].iter().find_map(|name| members.get(*name)?.as_str());
                let named = name.filter(|_| members.contains_key("value")).and_then(|name| self.key(name));
                for (key, value) in members.iter_mut() {
                    let rule = if key == "value" { named.clone() } else { None };
                    match rule.or_else(|| self.key(key)) {
                        Some(rule) => self.cover(value, &rule),
                        None => self.json(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes out what was found to be a secret in any text.
    ///
    /// A secret can stand bare in one text and with its name in another that is read later, so a report goes through here
    /// in the end.
    pub fn json_again(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let Self { known, rules, counts, .. } = self;
                let found = |name: &str| *counts.entry(name.to_owned()).or_insert(0) += 1;
                if let Some(redacted) = known.replace(text, rules, found) {
                    *text = redacted;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.json_again(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.json_again(value)),
            _ => {}
        }
    }

    fn key(&self, name: &str) -> Option<String> {
        self.rules.keys.iter().find(|key| key.pattern.is_match(name)).map(|key| key.name.clone())
    }

    /// Returns the rule of an element's name, where the element before it is one: an option of a command, or a header of a pair.
    fn named_before(&self, values: &[Value], idx: usize) -> Option<String> {
        let name = values.get(idx.checked_sub(1)?)?.as_str()?;
        let is_option = name.starts_with('-');
        // Two names are no header with its value.
        let is_value = |text: &str| text.chars().any(|c| !c.is_ascii_alphabetic() && c != '_');
        let is_pair = values.len() == 2 && values[idx].as_str().is_some_and(is_value);
        if is_option || is_pair { self.key(name.trim_start_matches('-')) } else { None }
    }

    /// Replaces every value inside a member whose name says that it is a secret; numbers, too.
    fn cover(&mut self, value: &mut Value, rule: &str) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::String(text) if text.is_empty() || begins_with_mark(text, &self.rules) => {}
            Value::String(text) => {
                self.known.remember(text, rule);
                self.count(rule);
                *value = Value::String(mark(rule));
            }
            Value::Number(_) => {
                self.count(rule);
                *value = Value::String(mark(rule));
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.cover(value, rule)),
            Value::Object(members) => members.values_mut().for_each(|value| self.cover(value, rule)),
        }
    }

    fn apply(&mut self, rule_idx: usize, text: &str) -> Option<String> {
        let rule = &self.rules.rules[rule_idx];
        let mut found: Vec<Range<usize>> = Vec::new();
        for captures in rule.pattern.captures_iter(text) {
            if captures.len() == 1 || rule.whole {
                found.extend(captures.get(0).map(|whole| whole.range()));
            } else {
                found.extend(captures.iter().skip(1).flatten().map(|group| group.range()));
            }
        }
        found.retain(|range| is_secret(rule, &text[range.clone()], &self.rules));
        if found.is_empty() {
            return None;
        }
        let name = rule.name.clone();
        let (mut redacted, mut from) = (String::with_capacity(text.len()), 0);
        for range in joined(found) {
            redacted.push_str(&text[from..range.start]);
            redacted.push_str(&mark(&name));
            if !matches!(name.as_str(), "ip" | "email") {
                self.known.remember(&text[range.clone()], &name);
            }
            self.count(&name);
            from = range.end;
        }
        redacted.push_str(&text[from..]);
        Some(redacted)
    }

    fn count(&mut self, name: &str) {
        *self.counts.entry(name.to_owned()).or_insert(0) += 1;
    }
}

/// Puts ranges in order and joins those that overlap: groups of a pattern may lie within one another.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// Words that stand where a secret would, and are none.
const NO_SECRETS: [&str; 26] = [
    "true",
    "false",
    "none",
    "null",
    "nil",
    "undefined",
    "unset",
    "set",
    "missing",
    "required",
    "invalid",
    "expired",
    "unknown",
    "empty",
    "not",
    "is",
    "has",
    "the",
    "a",
    "no",
    "yes",
    "configured",
    // What others put in the place of a secret.
    "redacted",
    "filtered",
    "masked",
    "hidden",
];

fn is_secret(rule: &Rule, found: &str, rules: &RedactionRules) -> bool {
    let text = found.trim();
    if text.is_empty()
        || begins_with_mark(text, rules)
        || text.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '<' | '>'))
    {
        return false;
    }
    match rule.check {
        None => true,
        Some(Check::Digit) => text.chars().any(|c| c.is_ascii_digit()),
        Some(Check::Value) => {
            let word = text.trim_end_matches('.').trim_matches(['[', ']', '(', ')', '<', '>']);
            !NO_SECRETS.contains(&word.to_ascii_lowercase().as_str())
        }
        Some(Check::Address) => text.parse::<std::net::IpAddr>().is_ok() && !matches!(text, "::"),
    }
}

#[cfg(test)]
mod tests;
