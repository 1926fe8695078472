//! The rules of redaction, as text that people can read and change.

use regex::Regex;
use serde::Deserialize;
use std::sync::LazyLock;

/// The rules that ship with the program; a file of one's own has the same form.
const DEFAULT: &str = include_str!("default.toml");

/// What counts as a secret.
#[derive(Clone, Debug)]
pub struct RedactionRules {
    pub(super) rules: Vec<Rule>,
    pub(super) keys: Vec<KeyRule>,
}

/// A file of rules cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RulesError(pub String);

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) pattern: Regex,
    pub(super) check: Option<Check>,
    pub(super) personal: bool,
    /// The whole match is removed although the pattern has groups.
    pub(super) whole: bool,
}

#[derive(Clone, Debug)]
pub(super) struct KeyRule {
    pub(super) name: String,
    pub(super) pattern: Regex,
}

/// What a found text has to be beside matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Check {
    Digit,
    Value,
    Address,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<RuleText>,
    #[serde(default)]
    key: Vec<KeyText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: String,
    pattern: String,
    check: Option<Check>,
    #[serde(default)]
    personal: bool,
    #[serde(default)]
    whole: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyText {
    name: String,
    pattern: String,
}

impl Default for RedactionRules {
    fn default() -> Self {
        static RULES: LazyLock<RedactionRules> = LazyLock::new(|| {
            RedactionRules::read(DEFAULT).expect("the rules of the program are well-formed")
        });
        RULES.clone()
    }
}

impl RedactionRules {
    /// Returns the default rules as text.
    pub const fn default_text() -> &'static str {
        DEFAULT
    }

    /// Reads rules and puts them in front of the default ones. Nothing that is redacted by default can be switched off here.
    ///
    /// # Errors
    /// [`RulesError`] when the text is not of the form, or a pattern cannot be read.
    pub fn with_defaults(text: &str) -> Result<Self, RulesError> {
        let (mut rules, default) = (Self::read(text)?, Self::default());
        rules.rules.extend(default.rules);
        rules.keys.extend(default.keys);
        Ok(rules)
    }

    /// Says whether there is a rule of this name.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| rule.name == name) || self.keys.iter().any(|key| key.name == name)
    }

    fn read(text: &str) -> Result<Self, RulesError> {
        let file: File = toml::from_str(text).map_err(|error| RulesError(error.to_string()))?;
        let mut rules = Self { rules: Vec::new(), keys: Vec::new() };
        for rule in file.rule {
            rules.rules.push(Rule {
                pattern: pattern(&rule.name, &rule.pattern)?,
                name: rule.name,
                check: rule.check,
                personal: rule.personal,
                whole: rule.whole,
            });
        }
        for key in file.key {
            rules.keys.push(KeyRule { pattern: pattern(&key.name, &key.pattern)?, name: key.name });
        }
        Ok(rules)
    }
}

/// Names stand inside of marks in every format, so they are plain words.
fn pattern(name: &str, pattern: &str) -> Result<Regex, RulesError> {
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !is_plain {
        return Err(RulesError(format!("{name:?} is no name of a rule: letters, digits and - only")));
    }
    Regex::new(pattern).map_err(|error| RulesError(format!("rule {name}: {error}")))
}
