//! An order of revisions that somebody gives, for where names and times mislead.
//!
//! ```text
//! # oldest first
//! [storefront]
//! storefront-blue
//! storefront-green
//! ```
//!
//! Revisions that are named take the places that the named ones had, in the order given; the others keep theirs. So a file
//! that corrects two revisions need not know of the rest. Names before the first `[service]` hold for any service.

use super::order::{OrderRule, Place};
use std::collections::{BTreeMap, BTreeSet};

/// An order of revisions that somebody gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenOrder {
    /// Revisions by service, oldest first; those of any service without one.
    by_service: BTreeMap<Option<String>, Vec<String>>,
}

/// Why a text is no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct GivenOrderError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl GivenOrder {
    /// Reads an order: a revision a line, `[service]` before those of a service, `#` before remarks.
    ///
    /// # Errors
    /// A section that does not end, or a revision that a service has twice.
    pub fn parse(text: &str) -> Result<Self, GivenOrderError> {
        let mut given = Self::default();
        let mut service = None;
        for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let text = text.split_once('#').map_or(text, |(before, _)| before).trim();
            let wrong = |reason: String| Err(GivenOrderError { line, reason });
            if let Some(section) = text.strip_prefix('[') {
                match section.strip_suffix(']') {
                    Some(name) => service = Some(name.trim().to_owned()),
                    None => return wrong(format!("the section '{text}' does not end in ']'")),
                }
            } else if !text.is_empty() {
                let revisions = given.by_service.entry(service.clone()).or_default();
                if revisions.iter().any(|known| known == text) {
                    return wrong(format!("'{text}' stands there twice"));
                }
                revisions.push(text.to_owned());
            }
        }
        Ok(given)
    }

    /// Says whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.by_service.values().all(Vec::is_empty)
    }

    /// Puts the named revisions of a service into the order given.
    pub(super) fn apply(&self, service: &str, places: &mut [Place]) {
        for given in [self.by_service.get(&None), self.by_service.get(&Some(service.to_owned()))] {
            let Some(given) = given else { continue };
            let rank = |place: &Place| given.iter().position(|name| *name == place.revision);
            let slots: Vec<usize> = (0..places.len()).filter(|idx| rank(&places[*idx]).is_some()).collect();
            let mut named: Vec<Place> = slots.iter().map(|idx| places[*idx].clone()).collect();
            named.sort_by_key(|place| rank(place));
            for (slot, place) in slots.into_iter().zip(named) {
                places[slot] = Place { rule: OrderRule::Given, ..place };
            }
        }
    }

    /// Returns the names that are no revision of their service, as written.
    pub(super) fn unknown(&self, known: &BTreeMap<String, Vec<Place>>) -> Vec<String> {
        let of =
            |service: &str| known.get(service).into_iter().flatten().map(|place| place.revision.as_str());
        let all: BTreeSet<&str> = known.keys().flat_map(|service| of(service)).collect();
        let mut unknown = Vec::new();
        for (service, revisions) in &self.by_service {
            for revision in revisions {
                let is_known = match service {
                    Some(service) => of(service).any(|name| name == revision),
                    None => all.contains(revision.as_str()),
                };
                if !is_known {
                    unknown.push(revision.clone());
                }
            }
        }
        unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let place = |name: &str| Place {
            revision: name.to_owned(),
            rule: OrderRule::FirstEntry,
            recreation: 0,
            deploy: None,
        };
        let mut places: Vec<Place> = ["a", "b", "c", "d"].map(place).into();
        GivenOrder::parse(text).unwrap().apply("shop", &mut places);
        let shown: String = places
            .iter()
            .map(|place| {
                format!("{}{}", place.revision, if place.rule == OrderRule::Given { "!" } else { "" })
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn named_revisions_take_the_places_of_named_ones() {
        check("", "abcd");
        check("c\na # was rolled back\n", "c!ba!d");
        check("[shop]\nd\nc\nb\na", "d!c!b!a!");
        check("[other]\nd\na", "abcd");
        check("b\na\n[shop]\nd\nc\nx", "b!a!d!c!");
    }

    #[test]
    fn what_is_no_order() {
        let error = |text: &str| GivenOrder::parse(text).unwrap_err().to_string();
        assert_eq!(error("a\n[shop\n"), "line 2: the section '[shop' does not end in ']'");
        assert_eq!(error("a\nb\na"), "line 3: 'a' stands there twice");
        let given = GivenOrder::parse("[shop]\nx\n").unwrap();
        assert_eq!(given.unknown(&BTreeMap::new()), ["x"]);
        assert!(!given.is_empty() && GivenOrder::parse("# none").unwrap().is_empty());
    }
}
