//! What changed against the previous revision: the answer of `diff` for the last two revisions of each service.

use super::text::Templates;
use crate::diff::{DiffQuestion, PatternDiff, PatternStatus, Side, diff_answer};
use crate::question::{Asked, Investigation};
use crate::revisions::RevisionsAnswer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use timberline_archive::Result;
use timberline_query::Filter;

/// The last two revisions of a service compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeFacts {
    /// The service.
    pub service: String,
    /// The revision before.
    pub base: String,
    /// The last revision.
    pub target: String,
    /// Minutes of instances of the one before, and of the last.
    pub cells: (u64, u64),
    /// Patterns that are new, more, gone or less, in this order; the strongest first.
    pub patterns: Vec<ChangedPattern>,
    /// Such patterns beyond those.
    pub left_out: u64,
    /// Patterns that did not change or that are too rare to tell.
    pub unchanged: u64,
    /// What weakens the comparison.
    pub warnings: Vec<String>,
}

/// A pattern that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangedPattern {
    /// Its id.
    pub id: String,
    /// Its message with the values replaced by marks; where one value of it is the news, that stands before it.
    pub template: String,
    /// `new`, `more`, `gone`, `less`.
    pub status: String,
    /// Its severity.
    pub severity: String,
    /// Entries before and in the last revision.
    pub counts: (u64, u64),
    /// Ratio of the rates; `null` if one of them is zero.
    pub ratio: Option<f64>,
    /// False discovery rate.
    pub q: Option<f64>,
}

/// Patterns shown of each comparison.
const MAX_PATTERNS: usize = 15;

/// Compares the last two revisions of each service that have entries.
pub(super) fn changes(
    investigation: &Investigation<'_>,
    filter: &Filter,
    revisions: &RevisionsAnswer,
    templates: &mut Templates<'_>,
) -> Result<Vec<ChangeFacts>> {
    let mut by_service: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for facts in revisions.revisions.iter().filter(|facts| facts.entries > 0) {
        by_service.entry(&facts.service).or_default().push(&facts.revision);
    }
    let mut found = Vec::new();
    for (service, names) in by_service {
        let [.., base, target] = names.as_slice() else { continue };
        let side =
            |name: &str| Side::Revision { service: Some(service.to_owned()), revision: name.to_owned() };
        let question = DiffQuestion {
            base: side(base),
            target: side(target),
            filter: filter.clone(),
            asked: Asked::default(),
        };
        let answer = diff_answer(investigation, &question, Vec::new())?;
        if answer.exposure.base.cells == 0 || answer.exposure.target.cells == 0 {
            continue;
        }
        let is_changed = |pattern: &&PatternDiff| {
            matches!(
                pattern.status,
                PatternStatus::New | PatternStatus::More | PatternStatus::Gone | PatternStatus::Less
            )
        };
        let changed: Vec<&PatternDiff> = answer.patterns.iter().filter(is_changed).collect();
        let mut patterns = Vec::new();
        for pattern in changed.iter().take(MAX_PATTERNS) {
            let template = templates.of(&pattern.pattern, &pattern.template);
            let template = match &pattern.variant {
                Some(variant) => format!("“{}” in: {template}", templates.of_value(&variant.value)),
                None => template,
            };
            patterns.push(ChangedPattern {
                id: pattern.id.clone(),
                template,
                status: serde_json::to_value(pattern.status)
                    .ok()
                    .and_then(|status| status.as_str().map(str::to_owned))
                    .unwrap_or_default(),
                severity: pattern.severity.to_owned(),
                counts: (pattern.base.count, pattern.target.count),
                ratio: pattern.ratio.filter(|ratio| ratio.is_finite()),
                q: pattern.q,
            });
        }
        found.push(ChangeFacts {
            service: service.to_owned(),
            base: (*base).to_owned(),
            target: (*target).to_owned(),
            cells: (answer.exposure.base.cells, answer.exposure.target.cells),
            left_out: (changed.len() - patterns.len()) as u64,
            unchanged: (answer.patterns.len() - changed.len()) as u64,
            patterns,
            warnings: answer
                .completeness
                .warnings
                .into_iter()
                .filter(|warning| warning.contains("base") || warning.contains("target"))
                .collect(),
        });
    }
    Ok(found)
}
