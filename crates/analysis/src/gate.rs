//! Whether a revision may go on: it brings no error pattern that is new or worse.

use crate::diff::{DiffAnswer, PatternDiff, PatternStatus, Side};
use crate::grid::Variant;
use crate::patterns::PatternKind;
use crate::stats::claims::{CHANGED_LIMIT, NEW_LIMIT, RATIO_MARGIN};
use serde::Serialize;
use timberline_entry::Severity;

/// The largest false discovery rate at which a pattern stops a revision, unless told otherwise.
pub const DEFAULT_MAX_Q: f64 = CHANGED_LIMIT;

/// What was decided; serialised, the contract `timberline/gate/1`.
#[derive(Clone, Debug, Serialize)]
pub struct GateAnswer {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// The decision.
    pub verdict: Verdict,
    /// What was compared with.
    pub baseline: Side,
    /// What was to be decided on.
    pub target: Side,
    /// The largest false discovery rate at which a pattern counts.
    pub max_q: f64,
    /// The error patterns that stop it, strongest first.
    pub failing: Vec<Failing>,
    /// Error patterns of the target that could not be compared, those with the most entries first; unless another one stops it,
    /// they leave the decision open.
    pub not_comparable: Vec<NotComparable>,
    /// Error patterns that were first seen in the target, too rarely to decide on.
    pub first_seen: u64,
    /// The decision in one line of Markdown.
    pub markdown: String,
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No error pattern is new or worse.
    Pass,
    /// At least one is.
    Fail,
    /// One of the sides has no entries, or an error of the target cannot be compared: nothing was decided.
    Unknown,
}

/// A pattern that stops the target.
#[derive(Clone, Debug, Serialize)]
pub struct Failing {
    /// Its id; of a value that is the news, the value's own.
    pub id: String,
    /// What it is.
    pub kind: PatternKind,
    /// The pattern or exception: itself, or whose value it is.
    pub pattern: String,
    /// Its message with the values replaced by marks; of an exception, its type and value.
    pub template: String,
    /// The value that is the news, where one is; `null` for a pattern as a whole.
    pub variant: Option<Variant>,
    /// `new` or `more`.
    pub status: PatternStatus,
    /// Its severity.
    pub severity: &'static str,
    /// Entries in the target.
    pub count: u64,
    /// Ratio of the rates; `null` if the baseline has none.
    pub ratio: Option<f64>,
    /// False discovery rate.
    pub q: f64,
}

/// An error of the target of which nothing is known on the baseline.
#[derive(Clone, Debug, Serialize)]
pub struct NotComparable {
    /// Its id; of a value, the value's own.
    pub id: String,
    /// What it is.
    pub kind: PatternKind,
    /// The pattern or exception: itself, or whose value it is.
    pub pattern: String,
    /// Its message with the values replaced by marks; of an exception, its type and value.
    pub template: String,
    /// The value, where it is one; `null` for a pattern or exception as a whole.
    pub variant: Option<Variant>,
    /// Its severity.
    pub severity: &'static str,
    /// Entries in the target.
    pub count: u64,
    /// Why, in a clause.
    pub reason: String,
}

/// Decides on a comparison.
///
/// A pattern of severity ERROR or worse stops the target at a false discovery rate of at most `max_q`, if the baseline was
/// covered for it and has it not at all ([`NEW_LIMIT`]), or so much less that the interval of the ratio lies above
/// [`RATIO_MARGIN`]. If none does, one that the baseline was not covered for leaves the decision open: whether it is new is
/// not known.
pub fn gate_answer(diff: &DiffAnswer, max_q: f64) -> GateAnswer {
    let is_error =
        |pattern: &&PatternDiff| Severity::parse(pattern.severity).is_some_and(|s| s >= Severity::Error);
    let errors = || diff.patterns.iter().filter(is_error);
    let is_new = |pattern: &PatternDiff| {
        pattern.base.cells == 0 && pattern.target.cells > 0 && pattern.p.is_some_and(|p| p <= NEW_LIMIT)
    };
    let is_worse =
        |pattern: &PatternDiff| pattern.base.cells > 0 && pattern.low.is_some_and(|low| low > RATIO_MARGIN);
    let failing: Vec<Failing> = errors()
        .filter(|pattern| is_new(pattern) || is_worse(pattern))
        .filter_map(|pattern| {
            let q = pattern.q.filter(|q| *q <= max_q)?;
            Some(Failing {
                id: pattern.id.clone(),
                kind: pattern.kind,
                pattern: pattern.pattern.clone(),
                template: pattern.template.clone(),
                variant: pattern.variant.clone(),
                status: pattern.status,
                severity: pattern.severity,
                count: pattern.target.count,
                ratio: pattern.ratio.filter(|ratio| ratio.is_finite()),
                q,
            })
        })
        .collect();
    let first_seen =
        errors().filter(|pattern| pattern.status == PatternStatus::FirstSeenButRare).count() as u64;
    let is_blind = diff.exposure.base.cells == 0 || diff.exposure.target.cells == 0;
    let mut not_comparable: Vec<NotComparable> = errors()
        .filter(|pattern| pattern.status == PatternStatus::NotComparable && pattern.target.count > 0)
        .map(|pattern| NotComparable {
            id: pattern.id.clone(),
            kind: pattern.kind,
            pattern: pattern.pattern.clone(),
            template: pattern.template.clone(),
            variant: pattern.variant.clone(),
            severity: pattern.severity,
            count: pattern.target.count,
            reason: why_not(diff, pattern),
        })
        .collect();
    not_comparable.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.id.cmp(&b.id)));
    let verdict = if is_blind {
        Verdict::Unknown
    } else if !failing.is_empty() {
        Verdict::Fail
    } else if !not_comparable.is_empty() {
        Verdict::Unknown
    } else {
        Verdict::Pass
    };
    let markdown = markdown(diff, verdict, &failing, &not_comparable, max_q);
    GateAnswer {
        schema: "timberline/gate/1",
        verdict,
        baseline: diff.base.clone(),
        target: diff.target.clone(),
        max_q,
        failing,
        not_comparable,
        first_seen,
        markdown,
    }
}

/// Says why nothing is known of a pattern on the baseline.
fn why_not(diff: &DiffAnswer, pattern: &PatternDiff) -> String {
    if diff.exposure.base.cells == 0 {
        "the baseline has no entries here".to_owned()
    } else if pattern.base.exposure == 0 && pattern.target.exposure == 0 {
        "its service has no entries on the baseline".to_owned()
    } else {
        format!("no source of the baseline covers {}", pattern.severity)
    }
}

fn markdown(
    diff: &DiffAnswer,
    verdict: Verdict,
    failing: &[Failing],
    not_comparable: &[NotComparable],
    max_q: f64,
) -> String {
    let value = |variant: &Option<Variant>| {
        variant.as_ref().map_or(String::new(), |variant| format!("{} in ", code(&variant.value)))
    };
    let more = |n: usize| if n > 1 { format!(" and {} more", n - 1) } else { String::new() };
    let (target, base) = (code(&diff.target.to_string()), code(&diff.base.to_string()));
    match verdict {
        Verdict::Unknown => {
            let has_entries = diff.exposure.base.cells > 0 && diff.exposure.target.cells > 0;
            if let Some(worst) = not_comparable.first().filter(|_| has_entries) {
                return format!(
                    "**gate undecided** {target} against {base}: {}{} ({}, {} entries) cannot be compared, {}{}",
                    value(&worst.variant),
                    code(&worst.template),
                    worst.severity,
                    worst.count,
                    worst.reason,
                    more(not_comparable.len())
                );
            }
            format!("**gate undecided** {target} against {base}: one of them has no entries here")
        }
        Verdict::Pass => {
            let seen = diff.exposure.detectable_ratio.map_or(String::new(), |ratio| {
                format!("; of a pattern in 1 % of minutes, a ratio of {ratio:.1} would have been noticed")
            });
            format!(
                "**gate passed** {target} against {base}: no new or worse error pattern (q ≤ {max_q}{seen})"
            )
        }
        Verdict::Fail => {
            let worst = &failing[0];
            let change = match worst.ratio {
                Some(ratio) => format!("{ratio:.1} × as often"),
                None => "new".to_owned(),
            };
            format!(
                "**gate failed** {target} against {base}: {}{} ({change}, {} entries, q {:.2e}){}",
                value(&worst.variant),
                code(&worst.template),
                worst.count,
                worst.q,
                more(failing.len())
            )
        }
    }
}

/// Characters of a template that the line shows.
const MAX_SHOWN: usize = 120;

/// Writes hostile text as Markdown code on one line: nothing in it can end the code or the line.
fn code(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown: String = text
        .chars()
        .take(MAX_SHOWN)
        .map(|c| {
            if is_hidden(c) {
                ' '
            } else if c == '`' {
                '\''
            } else {
                c
            }
        })
        .collect();
    let cut = if text.chars().nth(MAX_SHOWN).is_some() { "…" } else { "" };
    format!("`{}{cut}`", shown.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_inside_its_code() {
        assert_eq!(code("a `b`\n# c"), "`a 'b' # c`");
        assert_eq!(code("x\u{202e}y\u{1b}[31m"), "`x y [31m`");
        assert_eq!(code(&"é".repeat(121)).chars().count(), MAX_SHOWN + 3);
    }
}
