//! What happens in one burst: a deploy, a start, a request, a job, a failure.

use std::sync::Arc;

use super::{Instance, Timeline};
use crate::generate::audit;
use crate::generate::entry::{Entry, Log, Payload, Severity, Trace};
use crate::generate::line::{Site, object, text};
use crate::generate::message::{Form, Template};
use crate::generate::request::{Ending, request};
use crate::generate::time::MINUTE_US;
use crate::generate::traceback::traceback;

impl Timeline {
    /// The next revision of a service is deployed and starts its first instance.
    pub(super) fn deploy(&mut self, service_idx: usize) {
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
    pub(super) fn burst(&mut self, service_idx: usize) {
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
        entry.insert_id = crate::generate::entry::insert_id(at_us + asked.latency_us + 900, &mut self.rng);
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
}
