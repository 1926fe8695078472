//! How urgent an entry is: an ordered list of filters, shipped as text that people can read, print and change.

use serde::{Deserialize, Serialize};
use timberline_query::{Filter, Node, Options, compile};

/// The rules that ship with the program.
const DEFAULT: &str = include_str!("rules.toml");

/// How urgent; the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// A service does not start or cannot be reached.
    P0,
    /// Requests fail.
    P1,
    /// Errors.
    P2,
    /// Warnings.
    P3,
    /// Notices.
    P4,
}

/// The rules in the order in which they are asked.
#[derive(Clone, Debug)]
pub struct PriorityRules {
    rules: Vec<PriorityRule>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct PriorityRule {
    /// How urgent; `None` for entries that make no cluster.
    pub priority: Option<Priority>,
    /// Its name, as reports state it.
    pub name: String,
    /// Its filter, as it was written.
    pub text: String,
    /// Which entries it means.
    pub filter: Filter,
}

/// A rules file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PriorityRulesError(pub String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    replace: bool,
    #[serde(default)]
    rule: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    priority: String,
    name: String,
    filter: String,
}

impl Priority {
    /// All, the most urgent first.
    pub const ALL: [Self; 5] = [Self::P0, Self::P1, Self::P2, Self::P3, Self::P4];

    /// Returns `P0` to `P4`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P0 => "P0",
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
        }
    }
}

impl Default for PriorityRules {
    fn default() -> Self {
        Self::read(DEFAULT).expect("the rules of the program are well-formed").0
    }
}

impl PriorityRules {
    /// Returns the rules of the program as text.
    pub const fn default_text() -> &'static str {
        DEFAULT
    }

    /// Reads rules of one's own: before those of the program, or instead of them if they say `replace = true`.
    ///
    /// # Errors
    /// [`PriorityRulesError`] with the rule that cannot be used.
    pub fn with_defaults(text: &str) -> Result<Self, PriorityRulesError> {
        let (mut rules, replaces) = Self::read(text)?;
        if !replaces {
            rules.rules.extend(Self::default().rules);
        }
        Ok(rules)
    }

    /// Returns the rules in the order in which they are asked.
    pub fn rules(&self) -> &[PriorityRule] {
        &self.rules
    }

    /// Returns the filter of everything that any rule ranks.
    pub(crate) fn any(&self) -> Filter {
        Filter::new(Node::or(self.rules.iter().map(|rule| rule.filter.root().clone()).collect()))
    }

    fn read(text: &str) -> Result<(Self, bool), PriorityRulesError> {
        let file: File = toml::from_str(text).map_err(|error| PriorityRulesError(error.to_string()))?;
        let mut rules = Vec::new();
        for rule in file.rule {
            let priority = match rule.priority.as_str() {
                "none" => None,
                name => Some(Priority::ALL.into_iter().find(|priority| priority.name() == name).ok_or_else(
                    || {
                        PriorityRulesError(format!(
                            "rule {:?}: {name:?} is none of P0 to P4 and none",
                            rule.name
                        ))
                    },
                )?),
            };
            let compiled = compile(rule.filter.trim(), &Options::default()).map_err(|error| {
                PriorityRulesError(format!("rule {:?}:\n{}", rule.name, error.render(rule.filter.trim())))
            })?;
            rules.push(PriorityRule {
                priority,
                name: rule.name,
                text: rule.filter.trim().to_owned(),
                filter: compiled.filter,
            });
        }
        Ok((Self { rules }, file.replace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_rules_come_first_or_alone() {
        let own = "[[rule]]\npriority = \"none\"\nname = \"noise\"\nfilter = 'service=\"a\" pattern=\"b\"'\n";
        let rules = PriorityRules::with_defaults(own).unwrap();
        assert_eq!(rules.rules()[0].priority, None);
        assert_eq!(rules.rules().len(), PriorityRules::default().rules().len() + 1);
        let alone = PriorityRules::with_defaults(&format!("replace = true\n{own}")).unwrap();
        assert_eq!(alone.rules().len(), 1);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let check = |text: &str, part: &str| {
            let error = PriorityRules::with_defaults(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        check("[[rule]]\npriority = \"P9\"\nname = \"n\"\nfilter = ''\n", "P9");
        check("[[rule]]\npriority = \"P1\"\nname = \"n\"\nfilter = 'severity>=WARN'\n", "WARNING");
        check("[[rule]]\nseverity = 1\n", "severity");
    }

    #[test]
    fn priorities_are_ordered() {
        assert!(Priority::P0 < Priority::P4);
        assert_eq!(serde_json::to_string(&Priority::P3).unwrap(), "\"P3\"");
    }
}
