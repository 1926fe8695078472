//! The project over time: deploys, instances, requests and failures, as entries in the order they happened.
//!
//! Entries come in *bursts*: one request with the lines it causes, one start of an instance, one background job. Bursts arrive unevenly
//! (most of them close together, with quiet stretches, and less at night), and overlap, so entries wait in a heap until no burst that is
//! still to come can be earlier. Memory does not grow with the number of entries.

mod burst;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::Config;
use super::entry::Entry;
use super::message::Messages;
use super::plant::{Plant, plants};
use super::revision::{Revision, schedule};
use super::rng::{Rng, whole};
use super::service::{Service, catalogue};
use super::time::{DAY_US, HOUR_US};

/// The entries of a project, oldest first; an iterator that ends after [`Config::n_entries`].
#[derive(Debug)]
pub struct Timeline {
    config: Config,
    rng: Rng,
    now_us: i64,
    n_made: u64,
    n_given: u64,
    waiting: BinaryHeap<Waiting>,
    histories: Vec<History>,
    plants: Vec<Plant>,
    weights: Vec<f64>,
}

/// One service and the state it is in.
#[derive(Debug)]
struct History {
    service: &'static Service,
    messages: Arc<Messages>,
    revisions: Vec<Arc<Revision>>,
    /// How many of the revisions have been deployed.
    n_deployed: usize,
    /// The instances of the newest revision.
    instances: Vec<Instance>,
    /// An instance of the revision before, which serves on for a while.
    retiring: Option<(i64, Instance)>,
}

/// One container.
#[derive(Clone, Debug)]
struct Instance {
    revision: Arc<Revision>,
    labels: Arc<str>,
}

/// Roughly how many entries a burst has; only the pace depends on it.
const BURST: f64 = 3.3;
/// How busy each hour of the day is, UTC.
const DAILY: [f64; 24] = [
    0.5, 0.4, 0.3, 0.3, 0.4, 0.5, 0.7, 1.0, 1.3, 1.5, 1.5, 1.4, 1.3, 1.4, 1.5, 1.5, 1.4, 1.3, 1.2, 1.2, 1.1,
    1.0, 0.8, 0.6,
];

impl Timeline {
    /// Returns the timeline of a project.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let services = catalogue(config.n_services);
        let schedule = schedule(config, services);
        let plants = plants(config, &schedule);
        let mut histories = Vec::with_capacity(services.len());
        let mut weights = Vec::with_capacity(services.len());
        for ((service_idx, service), revisions) in services.iter().enumerate().zip(schedule) {
            let messages = Arc::new(Messages::new(service));
            let instances = Vec::new();
            histories.push(History {
                service,
                messages,
                revisions,
                n_deployed: 0,
                instances,
                retiring: None,
            });
            weights.push(1.0 / (service_idx as f64 + 2.0));
        }
        Self {
            config: config.clone(),
            rng: Rng::labelled(config.seed, 1),
            now_us: config.start_us,
            n_made: 0,
            n_given: 0,
            waiting: BinaryHeap::new(),
            histories,
            plants,
            weights,
        }
    }

    /// Returns the regressions that are planted in it.
    #[must_use]
    pub fn plants(&self) -> &[Plant] {
        &self.plants
    }

    /// Returns the revisions of every service, oldest first.
    #[must_use]
    pub fn revisions(&self) -> Vec<Vec<Arc<Revision>>> {
        self.histories.iter().map(|history| history.revisions.clone()).collect()
    }

    /// Makes the bursts up to the next ordinary one, that one included: deploys that are due come first.
    fn advance(&mut self) {
        let end_us = self.config.start_us + i64::from(self.config.n_days) * DAY_US;
        let left_us = (end_us - self.now_us).max(0);
        let left_entries = self.config.n_entries.saturating_sub(self.n_made).max(1) as f64;
        let hour = usize::try_from(self.now_us.rem_euclid(DAY_US) / HOUR_US).unwrap_or(0);
        // Mean 1 altogether: most gaps are a fifth of the mean, a few are long.
        let stretch = if self.rng.chance(0.85) { 0.2 } else { 5.533 };
        let gap_us = left_us as f64 / left_entries * BURST * stretch * self.rng.waiting() / DAILY[hour];
        // Never so long that the rest of the entries could not follow.
        let next_us = self.now_us + whole(gap_us).clamp(1, (left_us / 4).max(1));
        while let Some(service_idx) = self.due(next_us) {
            self.deploy(service_idx);
        }
        self.now_us = next_us;
        let service_idx = self.choose();
        self.burst(service_idx);
    }

    /// Returns the service with the earliest deploy before an instant.
    fn due(&self, before_us: i64) -> Option<usize> {
        let mut earliest: Option<(i64, usize)> = None;
        for (service_idx, history) in self.histories.iter().enumerate() {
            let Some(next) = history.revisions.get(history.n_deployed) else { continue };
            if next.deployed_us <= before_us && earliest.is_none_or(|(at_us, _)| next.deployed_us < at_us) {
                earliest = Some((next.deployed_us, service_idx));
            }
        }
        earliest.map(|(_, service_idx)| service_idx)
    }

    /// Returns the service of the next burst among those that have been deployed.
    fn choose(&mut self) -> usize {
        let total: f64 = self.weights.iter().sum();
        let mut goal = self.rng.unit() * total;
        for (service_idx, weight) in self.weights.iter().enumerate() {
            goal -= weight;
            if goal < 0.0 {
                return service_idx;
            }
        }
        0
    }

    fn push(&mut self, entry: Entry) {
        self.waiting.push(Waiting { number: self.n_made, entry });
        self.n_made += 1;
    }
}

impl Iterator for Timeline {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.n_given == self.config.n_entries {
            return None;
        }
        while self.n_made < self.config.n_entries
            && self.waiting.peek().is_none_or(|first| first.entry.time_us > self.now_us)
        {
            self.advance();
        }
        self.n_given += 1;
        self.waiting.pop().map(|waiting| waiting.entry)
    }
}

/// An entry in the heap: the earliest one is on top, and among equals the one that was made first.
#[derive(Debug)]
struct Waiting {
    number: u64,
    entry: Entry,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.entry.time_us, other.number).cmp(&(self.entry.time_us, self.number))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}
