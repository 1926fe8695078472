//! Planted regressions: what an investigation of the generated logs ought to find.

use std::sync::Arc;

use super::Config;
use super::entry::Severity;
use super::message::Template;
use super::revision::Revision;
use super::rng::Rng;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message that has always been there says something it has never said, in one revision only.
    NewValue,
    /// A message becomes eight times as frequent and stays so.
    RateIncrease,
    /// A message appears, and is gone two revisions later.
    Resolved,
}

impl Kind {
    /// Returns the name used in truth files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NewValue => "new-value",
            Self::RateIncrease => "rate-increase",
            Self::Resolved => "new-then-resolved",
        }
    }
}

/// One planted regression.
#[derive(Clone, Debug)]
pub struct Plant {
    /// What goes wrong.
    pub kind: Kind,
    /// A phrase that only its messages contain.
    pub phrase: &'static str,
    /// Which service it happens to, as a position in the catalogue.
    pub service_idx: usize,
    /// The first revision with the regression.
    pub from: Arc<Revision>,
    /// The first revision without it again.
    pub until: Option<Arc<Revision>>,
    /// How often a burst of the service has the message outside those revisions.
    pub usual: f64,
    /// How often it has it in those revisions.
    pub raised: f64,
    usual_message: Template,
    raised_message: Template,
}

/// How many times as frequent a [`Kind::RateIncrease`] becomes.
pub const RATE_FACTOR: f64 = 8.0;

impl Plant {
    /// Returns the message that a burst of `revision` is to have, if any.
    pub fn draw(&self, revision: &Revision, rng: &mut Rng) -> Option<&Template> {
        if revision.service_idx != self.service_idx {
            return None;
        }
        let raised = revision.order >= self.from.order
            && self.until.as_ref().is_none_or(|until| revision.order < until.order);
        if raised && rng.chance(self.raised) {
            return Some(&self.raised_message);
        }
        (rng.chance(self.usual)).then_some(&self.usual_message)
    }
}

/// Returns the regressions of a project, one of each kind.
///
/// Rates: a revision has a few of the usual messages, so that the rise can be told from chance and a long archive is not full of them.
#[must_use]
pub fn plants(config: &Config, schedule: &[Vec<Arc<Revision>>]) -> Vec<Plant> {
    let n_bursts = config.n_entries as f64 / 3.5 / config.n_revisions.max(1) as f64;
    let usual = (4.0 / n_bursts.max(1.0)).clamp(0.000_5, 0.04);
    let new_value = position(schedule, 1, 3, 5);
    let increase = position(schedule, 0, 1, 2);
    let resolved = position(schedule, 2, 1, 3);
    let missing = "worker boot failed: ModuleNotFoundError: No module named";
    vec![
        Plant {
            kind: Kind::NewValue,
            phrase: "ledger_rounding",
            service_idx: new_value.service_idx,
            until: after(schedule, &new_value, 1),
            from: new_value,
            usual,
            raised: usual * 6.0,
            usual_message: Template::new(Severity::Error, &format!("{missing} 'sentry_sdk'")),
            raised_message: Template::new(Severity::Error, &format!("{missing} 'ledger_rounding'")),
        },
        Plant {
            kind: Kind::RateIncrease,
            phrase: "upstream availability check timed out",
            service_idx: increase.service_idx,
            until: None,
            from: increase,
            usual,
            raised: usual * RATE_FACTOR,
            usual_message: Template::new(Severity::Warning, TIMED_OUT),
            raised_message: Template::new(Severity::Warning, TIMED_OUT),
        },
        Plant {
            kind: Kind::Resolved,
            phrase: "template bundle checksum mismatch",
            service_idx: resolved.service_idx,
            until: after(schedule, &resolved, 2),
            from: resolved,
            usual: 0.0,
            raised: usual * 6.0,
            usual_message: Template::new(Severity::Error, MISMATCH),
            raised_message: Template::new(Severity::Error, MISMATCH),
        },
    ]
}

const TIMED_OUT: &str =
    "upstream availability check timed out after {ms} ms, serving cached stock for order {order}";
const MISMATCH: &str = "template bundle checksum mismatch: expected {hex8}, got {hex8}, rebuilding";

/// Returns the revision `part` of `parts` of the way through the history of a service.
fn position(schedule: &[Vec<Arc<Revision>>], service_idx: usize, part: usize, parts: usize) -> Arc<Revision> {
    let revisions = &schedule[service_idx % schedule.len()];
    Arc::clone(&revisions[(revisions.len() * part / parts).min(revisions.len() - 1)])
}

fn after(schedule: &[Vec<Arc<Revision>>], revision: &Revision, later: usize) -> Option<Arc<Revision>> {
    schedule[revision.service_idx].get(revision.order + later).cloned()
}
