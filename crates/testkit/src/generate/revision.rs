//! When each service was deployed, and what its revisions are called.

use std::sync::Arc;

use super::Config;
use super::rng::Rng;
use super::service::{LOCATION, PROJECT, Service};
use super::time::DAY_US;

/// One revision of one service.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Position of its service in the catalogue.
    pub service_idx: usize,
    /// Name of its service.
    pub service: &'static str,
    /// Position among the revisions of its service, oldest first.
    pub order: usize,
    /// Name: `SERVICE-GGGGG-xyz`.
    pub name: String,
    /// When the deploy was asked for, microseconds since the epoch.
    pub deployed_us: i64,
    /// The commit it was built from, seven hexadecimal digits.
    pub commit: String,
    /// The digest of its image, 64 hexadecimal digits.
    pub digest: String,
    /// Who deployed it.
    pub principal: String,
    /// The `resource` member of its entries as compact JSON.
    pub resource: Arc<str>,
    /// The `resource` member of the audit entries about its deploy, where the revision's name is empty.
    pub audit_resource: Arc<str>,
}

/// Returns the revisions of every service, oldest first; the first one of each is deployed when the observation begins.
///
/// Shape: one list per service; the remainder of an uneven division goes to the first services.
#[must_use]
pub fn schedule(config: &Config, services: &'static [Service]) -> Vec<Vec<Arc<Revision>>> {
    let mut all = Vec::with_capacity(services.len());
    for (service_idx, service) in services.iter().enumerate() {
        let share = config.n_revisions / services.len();
        let extra = usize::from(service_idx < config.n_revisions % services.len());
        let n_revisions = (share + extra).max(1);
        let mut rng = Rng::labelled(config.seed, 1000 + service_idx as u64);
        // Somebody deletes the last service of a larger project halfway and creates it anew: its numbers start again.
        let is_recreated = services.len() > 3 && service_idx + 1 == services.len() && n_revisions > 1;
        let recreated_from = is_recreated.then_some(n_revisions / 2);
        let mut revisions = Vec::with_capacity(n_revisions);
        for order in 0..n_revisions {
            let deployed_us = deploy_time(config, service_idx, order, n_revisions, &mut rng);
            revisions.push(Arc::new(revision(
                service_idx,
                service,
                order,
                recreated_from,
                deployed_us,
                &mut rng,
            )));
        }
        all.push(revisions);
    }
    all
}

/// Deploys are spread over the period, each somewhere in the first half of its slot.
fn deploy_time(config: &Config, service_idx: usize, order: usize, n_revisions: usize, rng: &mut Rng) -> i64 {
    if order == 0 {
        return config.start_us + 250_000 + service_idx as i64 * 7_300_123;
    }
    let period_us = i64::from(config.n_days) * DAY_US;
    let slot_us = period_us / n_revisions as i64;
    let late_us = rng.between(0, (slot_us / 2).max(1));
    config.start_us + order as i64 * slot_us + late_us
}

fn revision(
    service_idx: usize,
    service: &'static Service,
    order: usize,
    recreated_from: Option<usize>,
    deployed_us: i64,
    rng: &mut Rng,
) -> Revision {
    let (first_generation, since) = match recreated_from {
        Some(from) if order >= from => (1, order - from),
        _ => (service.first_generation, order),
    };
    let generation = first_generation + u32::try_from(since).expect("far fewer than four billion revisions");
    let name = format!("{}-{generation:05}-{}", service.name, rng.base36(3));
    let principal = if rng.chance(0.8) {
        format!("deployer@{PROJECT}.iam.gserviceaccount.com")
    } else {
        rng.pick(&["ada@timber-demo.example", "grace@timber-demo.example", "edsger@timber-demo.example"])
            .to_owned()
    };
    let resource = resource_json(service.name, service.name, &name);
    let audit_resource = resource_json(service.name, "", "");
    Revision {
        service_idx,
        service: service.name,
        order,
        name,
        deployed_us,
        commit: rng.hex(7),
        digest: rng.hex(64),
        principal,
        resource,
        audit_resource,
    }
}

fn resource_json(service: &str, configuration: &str, revision: &str) -> Arc<str> {
    Arc::from(format!(
        r#"{{"labels":{{"configuration_name":"{configuration}","location":"{LOCATION}","project_id":"{PROJECT}","revision_name":"{revision}","service_name":"{service}"}},"type":"cloud_run_revision"}}"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::service::catalogue;

    #[test]
    fn deploys_are_in_order_inside_the_period_and_add_up() {
        for config in [Config::small(1, 100), Config::dense(2, 100), Config::sparse(3, 100)] {
            let services = catalogue(config.n_services);
            let schedule = schedule(&config, services);
            assert_eq!(schedule.iter().map(Vec::len).sum::<usize>(), config.n_revisions);
            let end_us = config.start_us + i64::from(config.n_days) * DAY_US;
            let mut n_restarts = 0;
            for revisions in &schedule {
                for pair in revisions.windows(2) {
                    assert!(pair[0].deployed_us < pair[1].deployed_us);
                    let numbers = [&pair[0].name, &pair[1].name].map(|name| &name[..name.len() - 4]);
                    n_restarts += usize::from(numbers[0] > numbers[1]);
                    assert_ne!(numbers[0], numbers[1]);
                }
                assert!(
                    revisions
                        .iter()
                        .all(|revision| (config.start_us..end_us).contains(&revision.deployed_us))
                );
            }
            assert_eq!(
                n_restarts,
                usize::from(services.len() > 3),
                "one service of a larger project is recreated"
            );
        }
    }
}
