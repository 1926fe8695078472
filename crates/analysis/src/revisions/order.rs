//! The order of a service's revisions.
//!
//! By first evidence: the deploy that made a revision or its first entry, whichever is earlier. A service that was made anew
//! counts from 1 again, so numbers in names decide nothing across such a new beginning. Within one they correct the evidence:
//! of two revisions that wrote at the same time, the older one's beginning may lie before what is covered, and the first
//! entry in the archive is then not its first.

use super::audit::Deploy;
use serde::Serialize;

/// What decided a revision's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderRule {
    /// The time of its first entry.
    FirstEntry,
    /// The time of the deploy that made it.
    Deploy,
    /// The number in its name: another revision has the same first evidence, the evidence contradicts the numbers of
    /// revisions that wrote at the same time, or nothing gives it a time.
    Number,
    /// An order that somebody gave.
    Given,
}

/// A revision to be placed.
pub(super) struct Candidate<'a> {
    pub(super) revision: &'a str,
    pub(super) first_ns: Option<i64>,
    pub(super) last_ns: Option<i64>,
    pub(super) deploy: Option<&'a (i64, Deploy)>,
}

/// A revision in its place.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) revision: String,
    pub(crate) rule: OrderRule,
    pub(crate) recreation: u64,
    pub(crate) deploy: Option<Deploy>,
}

/// Puts the revisions of one service in order.
///
/// Revisions known by name alone (an audit entry mentions them) come after the revision with the next smaller number.
pub(super) fn place(candidates: Vec<Candidate<'_>>) -> Vec<Place> {
    let evidence = |candidate: &Candidate<'_>| {
        candidate.first_ns.into_iter().chain(candidate.deploy.map(|deploy| deploy.0)).min()
    };
    let (mut timed, mut untimed): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|candidate| evidence(candidate).is_some());
    let key = |candidate: &Candidate<'_>| {
        let deploy = candidate.deploy.map_or(i64::MAX, |deploy| deploy.0);
        (evidence(candidate), deploy, number(candidate.revision), candidate.revision.to_owned())
    };
    timed.sort_by_cached_key(key);
    untimed.sort_by_cached_key(key);
    let mut placed: Vec<Place> = Vec::with_capacity(timed.len() + untimed.len());
    let (mut recreation, mut largest, mut latest) = (0, None, i64::MIN);
    for (idx, candidate) in timed.iter().enumerate() {
        let own = evidence(candidate);
        let is_tied = |other: Option<&Candidate<'_>>| {
            other.is_some_and(|other| {
                evidence(other) == own && other.deploy.map(|d| d.0) == candidate.deploy.map(|d| d.0)
            })
        };
        let rule = if is_tied(timed.get(idx + 1)) || idx > 0 && is_tied(timed.get(idx - 1)) {
            OrderRule::Number
        } else if candidate.first_ns == own && candidate.deploy.is_none_or(|deploy| Some(deploy.0) > own) {
            OrderRule::FirstEntry
        } else {
            OrderRule::Deploy
        };
        let own_number = number(candidate.revision);
        // A smaller number while a larger one still writes is a revision that gets traffic again, not a new beginning.
        if own_number.is_some() && own_number < largest && own > Some(latest) {
            recreation += 1;
            largest = None;
        }
        largest = largest.max(own_number);
        latest = latest.max(candidate.last_ns.or(own).unwrap_or(i64::MIN));
        let deploy = candidate.deploy.map(|deploy| deploy.1.clone());
        placed.push(Place { revision: candidate.revision.to_owned(), rule, recreation, deploy });
    }
    by_number_within(&mut placed);
    for candidate in untimed {
        let at = placed.iter().rposition(|place| number(&place.revision) < number(candidate.revision));
        let at = at.map_or(0, |at| at + 1);
        let recreation = placed.get(at.saturating_sub(1)).map_or(0, |place| place.recreation);
        let revision = candidate.revision.to_owned();
        placed.insert(at, Place { revision, rule: OrderRule::Number, recreation, deploy: None });
    }
    placed
}

/// Puts the revisions of each beginning in the order of their numbers, if all of them have one.
fn by_number_within(placed: &mut [Place]) {
    for beginning in placed.chunk_by_mut(|a, b| a.recreation == b.recreation) {
        if beginning.iter().any(|place| number(&place.revision).is_none()) {
            continue;
        }
        let before: Vec<String> = beginning.iter().map(|place| place.revision.clone()).collect();
        beginning.sort_by_key(|place| number(&place.revision));
        for (place, before) in beginning.iter_mut().zip(before) {
            if place.revision != before {
                place.rule = OrderRule::Number;
            }
        }
    }
}

/// Returns the number in a revision's name: `storefront-00412-069` is 412. `None` where there is none.
///
/// Source: Cloud Run names revisions by service, five digits and three letters or digits.
pub(crate) fn number(revision: &str) -> Option<u64> {
    let is_number = |part: &&str| part.len() >= 5 && part.bytes().all(|b| b.is_ascii_digit());
    revision.split('-').rev().find(is_number).and_then(|part| part.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, first and last entry, deploy.
    type Given = (&'static str, Option<(i64, i64)>, Option<i64>);

    fn check(given: &[Given], expected: &[(&str, OrderRule, u64)]) {
        let deploy =
            Deploy { time: String::new(), by: None, method: String::new(), image: None, revision_by: None };
        let deploys: Vec<Option<(i64, Deploy)>> =
            given.iter().map(|given| given.2.map(|time_ns| (time_ns, deploy.clone()))).collect();
        for reversed in [false, true] {
            let mut candidates: Vec<Candidate<'_>> = given
                .iter()
                .zip(&deploys)
                .map(|((revision, span, _), deploy)| Candidate {
                    revision,
                    first_ns: span.map(|span| span.0),
                    last_ns: span.map(|span| span.1),
                    deploy: deploy.as_ref(),
                })
                .collect();
            if reversed {
                candidates.reverse();
            }
            let placed = place(candidates);
            let shown: Vec<_> = placed.iter().map(|p| (p.revision.as_str(), p.rule, p.recreation)).collect();
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn first_evidence_decides_then_deploys_then_numbers() {
        use OrderRule::{Deploy, FirstEntry, Number};
        check(
            &[("s-00002-b", Some((20, 30)), None), ("s-00001-a", Some((10, 25)), None)],
            &[("s-00001-a", FirstEntry, 0), ("s-00002-b", FirstEntry, 0)],
        );
        // Deployed earlier, though its first entry is not covered.
        check(
            &[("s-00002-b", Some((20, 30)), Some(19)), ("s-00001-a", Some((25, 28)), Some(10))],
            &[("s-00001-a", Deploy, 0), ("s-00002-b", Deploy, 0)],
        );
        check(
            &[("s-00010-b", Some((20, 30)), None), ("s-00009-a", Some((20, 28)), None)],
            &[("s-00009-a", Number, 0), ("s-00010-b", Number, 0)],
        );
    }

    #[test]
    fn a_service_made_anew_counts_from_one_again() {
        use OrderRule::FirstEntry;
        check(
            &[
                ("s-00139-a", Some((10, 20)), None),
                ("s-00011-b", Some((30, 40)), None),
                ("s-00012-c", Some((50, 60)), None),
            ],
            &[("s-00139-a", FirstEntry, 0), ("s-00011-b", FirstEntry, 1), ("s-00012-c", FirstEntry, 1)],
        );
        // An old revision whose beginning is not covered, seen while the new one already writes, is no new beginning.
        check(
            &[("s-00139-a", Some((10, 50)), None), ("s-00138-b", Some((30, 40)), None)],
            &[("s-00138-b", OrderRule::Number, 0), ("s-00139-a", OrderRule::Number, 0)],
        );
    }

    #[test]
    fn revisions_known_by_name_alone_stand_by_their_number() {
        use OrderRule::{FirstEntry, Number};
        check(
            &[
                ("s-00007-x", None, None),
                ("s-00006-a", Some((10, 20)), None),
                ("s-00008-b", Some((30, 40)), None),
            ],
            &[("s-00006-a", FirstEntry, 0), ("s-00007-x", Number, 0), ("s-00008-b", FirstEntry, 0)],
        );
    }

    #[test]
    fn numbers_in_names() {
        assert_eq!(number("storefront-00412-069"), Some(412));
        assert_eq!(number("storefront-backend-00011-xyz"), Some(11));
        assert_eq!(number("green"), None);
        assert_eq!(number("v2-3"), None);
    }
}
