//! The two sides of a comparison.

use crate::coverage::quoted;
use crate::evidence::rfc3339;
use crate::grid::Rows;
use serde::Serialize;
use timberline_archive::catalog::{StreamCatalog, StreamRecord};
use timberline_query::{Filter, Options, compile};

/// One side: a revision, or a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Side {
    /// A revision.
    Revision {
        /// Its service; any service with a revision of that name if it is not said.
        service: Option<String>,
        /// Its name.
        revision: String,
    },
    /// A stretch of time, of all services in the question.
    Window {
        /// Start, included.
        #[serde(serialize_with = "as_time")]
        from: i64,
        /// End, excluded.
        #[serde(serialize_with = "as_time")]
        to: i64,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn as_time<S: serde::Serializer>(ns: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*ns))
}

/// The row of the base in the grid of a comparison.
pub const BASE: u32 = 0;
/// The row of the target.
pub const TARGET: u32 = 1;

/// Both sides.
pub(super) struct Sides<'q> {
    pub(super) base: &'q Side,
    pub(super) target: &'q Side,
}

impl Side {
    fn has(&self, service: &str, revision: &str, time_ns: i64) -> bool {
        match self {
            Self::Revision { .. } => self.takes(service, revision),
            Self::Window { from, to } => *from <= time_ns && time_ns < *to,
        }
    }

    fn takes(&self, service: &str, revision: &str) -> bool {
        match self {
            Self::Revision { service: of, revision: name } => {
                name == revision && of.as_deref().is_none_or(|of| of == service)
            }
            Self::Window { .. } => true,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Revision { revision, .. } => format!("revision={}", quoted(revision)),
            Self::Window { from, to } => {
                format!("(timestamp>=\"{}\" AND timestamp<\"{}\")", rfc3339(*from), rfc3339(*to))
            }
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Revision { revision, .. } => f.write_str(revision),
            Self::Window { from, to } => write!(f, "{} to {}", rfc3339(*from), rfc3339(*to)),
        }
    }
}

impl Sides<'_> {
    pub(super) fn are_revisions(&self) -> bool {
        matches!((self.base, self.target), (Side::Revision { .. }, Side::Revision { .. }))
    }

    /// Says what belongs to both sides, and so to neither; `None` where nothing does.
    pub(super) fn overlap(&self, catalog: &StreamCatalog) -> Option<String> {
        let both = match (self.base, self.target) {
            (Side::Window { from, to }, Side::Window { from: other_from, to: other_to }) => {
                let (from, to) = (*from.max(other_from), *to.min(other_to));
                (from < to).then(|| format!("the windows overlap from {} to {}", rfc3339(from), rfc3339(to)))
            }
            (Side::Revision { .. }, Side::Revision { .. }) => {
                let is_of_both = |stream: &StreamRecord| {
                    [self.base, self.target].iter().all(|side| side.takes(&stream.service, &stream.revision))
                };
                let is_one = catalog.streams().iter().any(is_of_both);
                is_one.then(|| "both sides are the same revision".to_owned())
            }
            (revision @ Side::Revision { .. }, window @ Side::Window { from, to })
            | (window @ Side::Window { from, to }, revision @ Side::Revision { .. }) => {
                let ran = |stream: &StreamRecord| {
                    revision.takes(&stream.service, &stream.revision)
                        && stream.first_ns < *to
                        && *from <= stream.last_ns
                };
                catalog.streams().iter().any(ran).then(|| format!("{revision} ran within {window}"))
            }
        };
        both.map(|both| format!("{both}: what belongs to both the base and the target is left out of either"))
    }

    /// Returns a filter that leaves out most of what takes no part.
    pub(super) fn filter(&self) -> Filter {
        let text = format!("{} OR {}", self.base.text(), self.target.text());
        // A name that the language cannot hold only costs time: the sides decide.
        compile(&text, &Options::default()).map_or_else(|_| Filter::all(), |compiled| compiled.filter)
    }
}

impl Rows for Sides<'_> {
    fn row_of(&self, service: &str, revision: &str, time_ns: i64) -> Option<u32> {
        // What belongs to both tells nothing about their difference.
        match (self.base.has(service, revision, time_ns), self.target.has(service, revision, time_ns)) {
            (true, false) => Some(BASE),
            (false, true) => Some(TARGET),
            _ => None,
        }
    }

    fn takes(&self, service: &str, revision: &str) -> bool {
        self.base.takes(service, revision) || self.target.takes(service, revision)
    }

    fn is_revision(&self, row: u32) -> bool {
        let side = if row == BASE { self.base } else { self.target };
        matches!(side, Side::Revision { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_both_sides_belong_to_neither() {
        let window = |from, to| Side::Window { from, to };
        let (base, target) = (window(0, 20), window(10, 30));
        let sides = Sides { base: &base, target: &target };
        let rows: Vec<_> = [5, 15, 25, 30].map(|time| sides.row_of("s", "r", time)).into();
        assert_eq!(rows, [Some(BASE), None, Some(TARGET), None]);
    }

    #[test]
    fn a_revision_is_meant_with_its_service() {
        let revision = |service: Option<&str>, name: &str| Side::Revision {
            service: service.map(str::to_owned),
            revision: name.to_owned(),
        };
        let (base, target) = (revision(Some("s"), "a\"b"), revision(None, "c"));
        let sides = Sides { base: &base, target: &target };
        assert_eq!(sides.row_of("s", "a\"b", 0), Some(BASE));
        assert_eq!(sides.row_of("t", "a\"b", 0), None);
        assert_eq!(sides.row_of("t", "c", 0), Some(TARGET));
        assert_eq!(sides.filter().to_string(), "revision=\"a\\\"b\" OR revision=\"c\"");
    }
}
