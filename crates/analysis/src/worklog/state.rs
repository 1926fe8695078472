//! What became of a cluster: a regression, new, ongoing, or over.

use super::clusters::ClusterState;
use super::gathered::Gathered;
use super::timeline::usual_gap_ns;
use crate::evidence::Status;
use crate::occurrence::Occurrence;
use crate::question::Investigation;
use crate::regressions::{Regression, State};

/// Entries expected in a silent time before the silence counts as an end: chance alone keeps silent as long once in 20.
const SILENT_EXPECTED: f64 = 3.0;

/// Says what became of a cluster, and why.
pub(super) fn state(
    investigation: &Investigation<'_>,
    found: &Gathered,
    first: &Occurrence,
    last: &Occurrence,
    changed: &[&Regression],
    window: (i64, i64),
) -> (ClusterState, String) {
    let is_over = |regression: &&&Regression| matches!(regression.state, State::Resolved | State::Spike);
    // Revisions may overlap: what the latest does not do, one before it may still be doing.
    let goes_on = window.1.saturating_sub(found.last.time_ns) <= usual_gap_ns(&found.times);
    if let Some(over) = changed.iter().find(is_over)
        && changed.iter().all(|regression| is_over(&regression))
        && !goes_on
    {
        let place =
            over.resolved.as_ref().map_or(String::new(), |change| format!(" since {}", change.revision));
        return (ClusterState::Resolved, format!("significantly rarer{place} (q {:.1e})", over.q));
    }
    if let Some(silence) = silence(investigation, found, window) {
        return (ClusterState::Resolved, silence);
    }
    let risen = |regression: &&&Regression| {
        regression.onset.is_some()
            && matches!(regression.state, State::New | State::CameBack | State::Ongoing)
    };
    if let Some(risen) = changed.iter().find(risen) {
        let onset = risen.onset.as_ref().map_or("", |onset| onset.revision.as_str());
        let word = match risen.state {
            State::New => "new",
            State::CameBack => "back",
            _ => "more frequent",
        };
        return (ClusterState::Regression, format!("{word} since {onset} (q {:.1e})", risen.q));
    }
    if first.evidence.status == Status::Observed {
        return (ClusterState::New, format!("its first entry was observed: {}", first.evidence.reason));
    }
    (
        ClusterState::Ongoing,
        format!("whether it is new is not known: {}; {}", first.evidence.reason, last.evidence.reason),
    )
}

/// Says that a cluster has ended, if its silence up to the end of the window is too long for chance.
///
/// The silence must be covered for all of its services and its severity, longer than its usual distance ten times over, and
/// long enough that its rate before would have given [`SILENT_EXPECTED`] entries.
fn silence(investigation: &Investigation<'_>, found: &Gathered, window: (i64, i64)) -> Option<String> {
    let (first, last) = (found.first.time_ns, found.last.time_ns);
    let silent = window.1.saturating_sub(last);
    // Minutes, not entries: a burst is one event, and two events are no rate.
    let n_cells = found.n_cells;
    if n_cells < 3 || silent <= usual_gap_ns(&found.times).saturating_mul(10) {
        return None;
    }
    let covered = |service: &str, from: i64, to: i64| -> i64 {
        let stretches = investigation.coverage.merged(service, Some(found.severity()));
        stretches
            .iter()
            .map(|(a, b, _)| (*b).min(to).saturating_sub((*a).max(from)).max(0))
            .fold(0, i64::saturating_add)
    };
    let services = found.services();
    let seen = services.iter().map(|service| covered(service, last, window.1)).min()?;
    let before = services.iter().map(|service| covered(service, first, last)).max()?;
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let expected = {
        let rate = (n_cells as f64 - 1.0) / (before as f64).max(60e9);
        rate * seen as f64
    };
    (expected >= SILENT_EXPECTED).then(|| {
        format!(
            "silent for {:.1} covered hours up to the end, in which its rate before would have filled {expected:.0} minutes with it",
            seconds(seen) / 3600.0
        )
    })
}

#[expect(clippy::cast_precision_loss, reason = "shown to a tenth of an hour")]
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}
