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

mod rules;

pub use rules::{RedactionRules, RulesError};

use regex::{NoExpand, Regex};
use rules::{Check, Rule};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

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
    /// Secrets that were found, with the name of their rule.
    known: BTreeMap<String, String>,
    /// All of `known` as one pattern; made anew when there is more.
    known_pattern: Option<Regex>,
}

/// Texts that were found as secrets are looked for elsewhere from this length on.
const MIN_KNOWN_BYTES: usize = 8;
/// So many of them are remembered.
const MAX_KNOWN: usize = 2_000;
/// How a mark begins. What is marked is not marked again.
const MARK: &str = "[redacted:";

impl Redactor {
    /// Returns a redactor.
    pub fn new(rules: RedactionRules, redaction: Redaction) -> Self {
        Self { rules, redaction, counts: BTreeMap::new(), known: BTreeMap::new(), known_pattern: None }
    }

    /// Returns how many texts were taken out, by the name of the rule.
    pub const fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// Takes the secrets out of a text.
    pub fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
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
        self.replace_known(shown)
    }

    /// Takes the secrets out of every text of a JSON value. Names of members stay, and say what their values are.
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
            Value::Array(values) => values.iter_mut().for_each(|value| self.json(value)),
            Value::Object(members) => {
                // A pair of name and value, as labels are written.
                let named = match (members.get("name"), members.get("value")) {
                    (Some(Value::String(name)), Some(Value::String(_))) => self.key(name),
                    _ => None,
                };
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

    /// Takes out what was found to be a secret elsewhere after a text was already looked at.
    ///
    /// A secret can stand bare in one text and with its name in another that is read later, so a report goes through here
    /// once more in the end.
    pub fn json_again(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(redacted) = self.replace_known(Cow::Borrowed(text)) {
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

    /// Replaces every value inside a member whose name says that it is a secret; numbers, too.
    fn cover(&mut self, value: &mut Value, rule: &str) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::String(text) if text.is_empty() || text.starts_with(MARK) => {}
            Value::String(text) => {
                self.remember(text, rule);
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
        let mut found: Vec<(std::ops::Range<usize>, String)> = Vec::new();
        for captures in rule.pattern.captures_iter(text) {
            let groups = captures.iter().skip(1).flatten();
            let ranges: Vec<_> = if captures.len() == 1 || rule.whole {
                captures.get(0).map(|whole| whole.range()).into_iter().collect()
            } else {
                groups.map(|group| group.range()).collect()
            };
            found.extend(
                ranges
                    .into_iter()
                    .filter(|range| is_secret(rule, &text[range.clone()]))
                    .map(|range| (range, rule.name.clone())),
            );
        }
        if found.is_empty() {
            return None;
        }
        let mut redacted = String::with_capacity(text.len());
        let mut from = 0;
        for (range, name) in found {
            redacted.push_str(&text[from..range.start]);
            redacted.push_str(&mark(&name));
            self.remember(&text[range.clone()], &name);
            self.count(&name);
            from = range.end;
        }
        redacted.push_str(&text[from..]);
        Some(redacted)
    }

    fn count(&mut self, name: &str) {
        *self.counts.entry(name.to_owned()).or_insert(0) += 1;
    }

    fn remember(&mut self, secret: &str, name: &str) {
        let secret = secret.trim();
        let is_telling =
            secret.chars().any(|c| !c.is_ascii_alphabetic() && !matches!(c, ' ' | '_' | '-' | '.'));
        if secret.len() >= MIN_KNOWN_BYTES
            && is_telling
            && self.known.len() < MAX_KNOWN
            && !matches!(name, "ip" | "email")
            && !self.known.contains_key(secret)
        {
            self.known.insert(secret.to_owned(), name.to_owned());
            self.known_pattern = None;
        }
    }

    fn replace_known<'t>(&mut self, text: Cow<'t, str>) -> Cow<'t, str> {
        if self.known.is_empty() {
            return text;
        }
        if self.known_pattern.is_none() {
            // Longer ones first: one secret may begin as another does.
            let mut secrets: Vec<&String> = self.known.keys().collect();
            secrets.sort_by_key(|secret| (std::cmp::Reverse(secret.len()), secret.as_str()));
            let alternatives: Vec<String> = secrets.iter().map(|secret| regex::escape(secret)).collect();
            self.known_pattern =
                regex::RegexBuilder::new(&alternatives.join("|")).size_limit(256 << 20).build().ok();
        }
        let Some(pattern) = &self.known_pattern else { return text };
        if !pattern.is_match(&text) {
            return text;
        }
        let mut shown = text.into_owned();
        while let Some(found) = pattern.find(&shown) {
            let name = self.known[found.as_str()].clone();
            let secret = found.as_str().to_owned();
            *self.counts.entry(name.clone()).or_insert(0) += 1;
            let single = Regex::new(&regex::escape(&secret)).expect("an escaped text is a pattern");
            shown = single.replace_all(&shown, NoExpand(&mark(&name))).into_owned();
        }
        Cow::Owned(shown)
    }
}

fn mark(name: &str) -> String {
    format!("{MARK}{name}]")
}

/// Words that stand where a secret would, and are none.
const NO_SECRETS: [&str; 22] = [
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
];

fn is_secret(rule: &Rule, found: &str) -> bool {
    let text = found.trim();
    if text.is_empty()
        || text.starts_with(MARK)
        || text.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '<' | '>'))
    {
        return false;
    }
    match rule.check {
        None => true,
        Some(Check::Digit) => text.chars().any(|c| c.is_ascii_digit()),
        Some(Check::Value) => !NO_SECRETS.contains(&text.to_ascii_lowercase().trim_end_matches('.')),
        Some(Check::Address) => text.parse::<std::net::IpAddr>().is_ok() && !matches!(text, "::"),
    }
}

#[cfg(test)]
mod tests;
