//! The project over time: deploys, instances, requests and failures, as entries in the order they happened.
//!
//! Entries come in *bursts*: one request with the lines it causes, one start of an instance, one background job. Bursts arrive unevenly
//! (most of them close together, with quiet stretches, and less at night), and overlap, so entries wait in a heap until no burst that is
//! still to come can be earlier. Memory does not grow with the number of entries.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::Config;
use super::audit;
use super::entry::{Entry, Log, Payload, Severity, Trace};
use super::line::{Site, object, text};
use super::message::{Form, Messages, Template};
use super::plant::{Plant, plants};
use super::request::{Ending, request};
use super::revision::{Revision, schedule};
use super::rng::{Rng, whole};
use super::service::{Service, catalogue};
use super::time::{DAY_US, HOUR_US, MINUTE_US};
use super::traceback::traceback;

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

    fn deploy(&mut self, service_idx: usize) {
        let history = &mut self.histories[service_idx];
        let revision = Arc::clone(&history.revisions[history.n_deployed]);
        history.n_deployed += 1;
        let at_us = revision.deployed_us;
        if let Some(instance) = history.instances.first() {
            history.retiring = Some((at_us + MINUTE_US + MINUTE_US / 2, instance.clone()));
        }
        history.instances.clear();
        let deploy = audit::deploy(&revision, &mut self.rng);
        self.push(deploy);
        let ready_us = at_us + self.rng.between(8_000_000, 24_000_000);
        let ready = audit::ready(&revision, ready_us, &mut self.rng);
        self.push(ready);
        self.start(service_idx, at_us + 2_000_000, "DEPLOYMENT_ROLLOUT - Instance started due to traffic shifting between revisions due to deployment, traffic split adjustment, or deployment health check.");
    }

    /// One instance of the newest revision starts and says so.
    fn start(&mut self, service_idx: usize, at_us: i64, reason: &str) {
        let history = &self.histories[service_idx];
        let revision = Arc::clone(&history.revisions[history.n_deployed - 1]);
        let name = history.service.name;
        let mut labels = format!("{{\"commit-sha\":\"{}\",\"instanceId\":\"0069c7a9", revision.commit);
        self.rng.push_hex(&mut labels, 88);
        labels.push_str("\",\"managed-by\":\"timber-pipeline\"}");
        let instance = Instance { revision, labels: Arc::from(labels) };
        let history = &mut self.histories[service_idx];
        if history.instances.len() >= 4 {
            history.instances.remove(0);
        }
        history.instances.push(instance.clone());
        self.system(&instance, at_us, Severity::Info, format!("Starting new instance. Reason: {reason}"));
        let mut step_us = at_us;
        for message in [
            format!("{name} is starting, commit {}", instance.revision.commit),
            format!("configuration read from /etc/{name}/settings.toml"),
            "listening on 0.0.0.0:8080".to_owned(),
        ] {
            step_us += self.rng.between(90_000, 900_000);
            let mut entry =
                Entry::new(step_us, Log::Stdout, &instance.revision, &instance.labels, &mut self.rng);
            entry.payload = Payload::Text(message);
            self.push(entry);
        }
        let probe = format!(
            "Default STARTUP TCP probe succeeded after 1 attempt for container \"{name}-1\" on port 8080."
        );
        self.system(&instance, step_us + 40_000, Severity::Info, probe);
    }

    fn system(&mut self, instance: &Instance, at_us: i64, severity: Severity, message: String) {
        let mut entry = Entry::new(at_us, Log::System, &instance.revision, &instance.labels, &mut self.rng);
        entry.severity = severity;
        entry.payload = Payload::Text(message);
        self.push(entry);
    }

    /// One ordinary burst of a service.
    fn burst(&mut self, service_idx: usize) {
        let Some(instance) = self.instance(service_idx) else {
            // Deployed a moment later than the archive begins: nothing can happen yet.
            return;
        };
        let at_us = self.now_us;
        match self.rng.below(1000) {
            0..800 => self.serve(service_idx, &instance, at_us, Ending::Usual),
            800..818 => self.serve(service_idx, &instance, at_us, Ending::Failed),
            818..828 => self.start(service_idx, at_us, "AUTOSCALING - Instance started due to configured scaling factors (e.g. CPU utilization, request throughput, etc.) or no existing capacity for current traffic."),
            828..834 => self.crash(service_idx, &instance, at_us),
            _ => {
                let n_lines = 1 + self.rng.below(4);
                let mut step_us = at_us;
                for _ in 0..n_lines {
                    self.say(service_idx, &instance, step_us, None, None);
                    step_us += self.rng.between(200, 90_000);
                }
            }
        }
        self.plant(service_idx, &instance, at_us + 700);
    }

    /// Returns the instance that handles the next burst.
    fn instance(&mut self, service_idx: usize) -> Option<Instance> {
        let history = &mut self.histories[service_idx];
        if let Some((until_us, instance)) = &history.retiring {
            if self.now_us < *until_us {
                if self.rng.chance(0.3) {
                    return Some(instance.clone());
                }
            } else {
                history.retiring = None;
            }
        }
        if history.instances.is_empty() {
            return None;
        }
        Some(history.instances[self.rng.below(history.instances.len())].clone())
    }

    /// A request and what the service says while it answers.
    fn serve(&mut self, service_idx: usize, instance: &Instance, at_us: i64, ending: Ending) {
        let service = self.histories[service_idx].service;
        let asked = request(service, ending, &mut self.rng);
        let trace = Trace { id: self.rng.hex(32), span: self.rng.hex(16) };
        let n_lines = [0, 1, 1, 2, 2, 2, 3, 4, 6][self.rng.below(9)];
        for _ in 0..n_lines {
            let within_us = self.rng.between(100, asked.latency_us.max(200));
            self.say(service_idx, instance, at_us + within_us, Some(&trace), None);
        }
        let mut entry = Entry::new(at_us, Log::Requests, &instance.revision, &instance.labels, &mut self.rng);
        entry.insert_id = super::entry::insert_id(at_us + asked.latency_us + 900, &mut self.rng);
        entry.severity = asked.severity;
        entry.payload = asked.payload;
        entry.http = Some(asked.http);
        entry.trace = Some(trace);
        self.push(entry);
        if ending == Ending::Failed {
            self.fail(service_idx, instance, at_us + asked.latency_us);
        }
    }

    /// A traceback.
    fn fail(&mut self, service_idx: usize, instance: &Instance, at_us: i64) {
        let service = self.histories[service_idx].service;
        let traceback = traceback(service, instance.revision.order, &mut self.rng);
        let mut entry = Entry::new(at_us, Log::Stderr, &instance.revision, &instance.labels, &mut self.rng);
        entry.severity = Severity::Error;
        entry.payload = Payload::Text(traceback.text);
        entry.error_group = Some(traceback.group);
        self.push(entry);
    }

    /// A traceback, the end of the container, and a new one.
    fn crash(&mut self, service_idx: usize, instance: &Instance, at_us: i64) {
        self.fail(service_idx, instance, at_us);
        let status = self.rng.pick(&[1, 1, 1, 2, 3, 137]);
        self.system(
            instance,
            at_us + 300_000,
            Severity::Warning,
            format!("Container called exit({status})."),
        );
        let history = &mut self.histories[service_idx];
        history.instances.retain(|other| other.labels != instance.labels);
        self.start(service_idx, at_us + 900_000, "AUTOSCALING - Instance started due to configured scaling factors (e.g. CPU utilization, request throughput, etc.) or no existing capacity for current traffic.");
    }

    /// The lines of the planted regressions.
    fn plant(&mut self, service_idx: usize, instance: &Instance, at_us: i64) {
        for plant_idx in 0..self.plants.len() {
            let drawn = self.plants[plant_idx].draw(&instance.revision, &mut self.rng).cloned();
            if let Some(template) = drawn {
                self.say(service_idx, instance, at_us + plant_idx as i64, None, Some(&template));
            }
        }
    }

    /// One line of a service: the given message or any.
    fn say(
        &mut self,
        service_idx: usize,
        instance: &Instance,
        at_us: i64,
        trace: Option<&Trace>,
        planted: Option<&Template>,
    ) {
        let history = &self.histories[service_idx];
        let service = history.service;
        let messages = Arc::clone(&history.messages);
        let template = planted.unwrap_or_else(|| messages.draw(&mut self.rng));
        let mut message = String::with_capacity(96);
        template.push(&mut message, &mut self.rng);
        let log = if template.severity >= Severity::Warning { Log::Stderr } else { Log::Stdout };
        let mut entry = Entry::new(at_us, log, &instance.revision, &instance.labels, &mut self.rng);
        let site = Site { module: template.module, line: template.line };
        match template.form {
            Form::Json => {
                entry.severity = template.severity;
                entry.payload = object(service, template.severity, site, message, at_us, &mut self.rng);
                entry.trace = trace.cloned();
            }
            Form::Text => entry.payload = text(service, template.severity, site, &message, at_us),
        }
        self.push(entry);
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
