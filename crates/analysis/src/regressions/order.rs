//! The revisions of all services in order: the rows of the grid.

use crate::grid::Rows;
use crate::revisions::Deploy;
use std::collections::BTreeMap;
use std::ops::Range;

/// The revisions of all services in order, as rows of a grid.
#[derive(Debug, Default)]
pub struct Order {
    /// Service to its rows.
    pub(super) rows: BTreeMap<String, Range<u32>>,
    /// Service and revision to its row.
    by_name: BTreeMap<String, BTreeMap<String, u32>>,
    /// Revision and deploy of each row.
    pub(super) names: Vec<(String, Option<Deploy>)>,
}

impl Order {
    /// Returns the rows of services, each with its revisions from the oldest on and the deploys that made them.
    pub fn of(services: impl IntoIterator<Item = (String, Vec<(String, Option<Deploy>)>)>) -> Self {
        let mut order = Self::default();
        for (service, revisions) in services {
            let start = order.next();
            for (revision, deploy) in revisions {
                let row = order.next();
                order.by_name.entry(service.clone()).or_default().insert(revision.clone(), row);
                order.names.push((revision, deploy));
            }
            order.rows.insert(service, start..order.next());
        }
        order
    }

    fn next(&self) -> u32 {
        u32::try_from(self.names.len()).expect("there are fewer revisions than that")
    }
}

impl Rows for Order {
    fn row_of(&self, service: &str, revision: &str, _: i64) -> Option<u32> {
        self.by_name.get(service)?.get(revision).copied()
    }

    fn takes(&self, service: &str, revision: &str) -> bool {
        self.row_of(service, revision, 0).is_some()
    }

    fn is_revision(&self, _: u32) -> bool {
        true
    }
}
