//! A service with everything its patterns said, as cells of a grid or as entries of an export.

use super::{Course, Draw, Noise, Service};
use std::collections::BTreeMap;
use timberline_analysis::{Cell, Coverage, Grid, GridBuilder, Interval, Order, Proof, Severities};
use timberline_entry::{Severity, Timestamp};

/// The number of the pattern or value that changes.
pub const PLANTED_UNIT: u64 = 1_000;
/// The number of the pattern that a planted value is a value of: it holds the value's entries and its own.
pub const OLD_UNIT: u64 = 999;

/// Instances of every revision.
const N_STREAMS: usize = 2;
/// Minutes from the start of one revision to the start of the next: they never overlap.
const APART: i64 = 1_000;
/// The minute at which the first revision starts: 2025-05-01.
const START: i64 = 29_100_960;
const SERVICE: &str = "shop";

/// What was drawn.
#[derive(Debug)]
pub struct Drawn {
    service: Service,
    /// Unit, revision, minute within it, instance: entries.
    seen: BTreeMap<(u64, usize, usize, usize), u64>,
}

impl Drawn {
    /// Draws the entries of some patterns; they get the units 1, 2, … and [`PLANTED_UNIT`] for the planted one.
    pub fn of(service: Service, steady: &[Course], planted: Option<&Course>, draw: &mut Draw) -> Self {
        let mut drawn = Self { service, seen: BTreeMap::new() };
        for (unit, course) in (1..).zip(steady) {
            drawn.pattern(unit, course, draw);
        }
        if let Some(course) = planted {
            drawn.pattern(PLANTED_UNIT, course, draw);
        }
        drawn
    }

    /// Makes the planted unit a value of an old pattern, which has other values as well.
    pub fn within(mut self, old: &Course, draw: &mut Draw) -> Self {
        self.pattern(OLD_UNIT, old, draw);
        let values: Vec<((usize, usize, usize), u64)> = self
            .seen
            .iter()
            .filter(|((unit, ..), _)| *unit == PLANTED_UNIT)
            .map(|((_, revision, minute, instance), n)| ((*revision, *minute, *instance), *n))
            .collect();
        for ((revision, minute, instance), n) in values {
            *self.seen.entry((OLD_UNIT, revision, minute, instance)).or_insert(0) += n;
        }
        self
    }

    fn pattern(&mut self, unit: u64, course: &Course, draw: &mut Draw) {
        for (revision, rate) in course.rates.iter().enumerate() {
            let none = (-rate).exp();
            for instance in 0..N_STREAMS {
                let n_minutes = self.service.minutes[revision];
                for minute in 0..n_minutes {
                    let n_lines = match course.noise {
                        Noise::Mixed(shape) => {
                            let mean = rate * draw.gamma(shape);
                            draw.poisson(mean)
                        }
                        // Most minutes have nothing, and are drawn with one number.
                        _ if draw.unit() < none => 0,
                        noise => {
                            let n_bursts = draw.poisson_but_zero(*rate);
                            match noise {
                                Noise::Bursts(mean) => (0..n_bursts).map(|_| draw.geometric(mean)).sum(),
                                _ => n_bursts,
                            }
                        }
                    };
                    if n_lines == 0 {
                        continue;
                    }
                    let lasts = if let Noise::Storms(mean) = course.noise {
                        draw.geometric(mean) as usize
                    } else {
                        1
                    };
                    for minute in minute..(minute + lasts).min(n_minutes) {
                        *self.seen.entry((unit, revision, minute, instance)).or_insert(0) += n_lines;
                    }
                }
            }
        }
    }

    /// Returns a grid whose rows `row_of` names; revisions without a row take no part.
    pub fn grid(&self, row_of: impl Fn(usize) -> Option<u32>) -> Grid {
        let mut builder = GridBuilder::default();
        let service = builder.service(SERVICE);
        let cell = |row, revision: usize, minute: usize, instance: usize| Cell {
            row,
            service,
            minute: START + revision as i64 * APART + minute as i64,
            stream: (revision * N_STREAMS + instance) as u32,
        };
        for (revision, n_minutes) in self.service.minutes.iter().enumerate() {
            let Some(row) = row_of(revision) else { continue };
            for minute in 0..*n_minutes {
                for instance in 0..N_STREAMS {
                    builder.entry(cell(row, revision, minute, instance));
                }
            }
        }
        for ((unit, revision, minute, instance), n) in &self.seen {
            let Some(row) = row_of(*revision) else { continue };
            builder.hits(*unit, cell(row, *revision, *minute, *instance), Severity::Warning, *n);
        }
        builder.finish()
    }

    /// Returns the revisions as rows: the first is row 0.
    pub fn order(&self) -> Order {
        let names = (0..self.service.minutes.len()).map(|revision| (name(revision), None)).collect();
        Order::of([(SERVICE.to_owned(), names)])
    }

    /// Returns the coverage: everything from the first minute to the last.
    pub fn coverage(&self) -> Coverage {
        let minutes = self.service.minutes.len() as i64 * APART;
        let interval = Interval {
            from_ns: START * 60_000_000_000,
            to_ns: (START + minutes) * 60_000_000_000 - 1,
            proof: Proof::DumpSpan,
            severities: Severities::ALL,
            log: None,
            cut_source: None,
        };
        Coverage::of_intervals([(SERVICE, interval)])
    }

    /// Writes the same as entries of an export, one a line: a tick per minute and instance, and the patterns' messages.
    pub fn entries(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = |revision: usize,
                        minute: usize,
                        instance: usize,
                        severity: &str,
                        n: u64,
                        message: &str| {
            let ns =
                (START + revision as i64 * APART + minute as i64) * 60_000_000_000 + n as i64 * 1_000_000;
            lines.push(format!(
                r#"{{"insertId":"{}-{message}","timestamp":"{}","severity":"{severity}","logName":"projects/p/logs/run.googleapis.com%2Fstderr","resource":{{"type":"cloud_run_revision","labels":{{"project_id":"p","service_name":"{SERVICE}","revision_name":"{}"}}}},"labels":{{"instanceId":"i{revision}-{instance}"}},"textPayload":"{message}"}}"#,
                lines.len(),
                Timestamp::from_nanos(ns),
                name(revision),
            ));
        };
        for (revision, n_minutes) in self.service.minutes.iter().enumerate() {
            for minute in 0..*n_minutes {
                for instance in 0..N_STREAMS {
                    line(revision, minute, instance, "DEFAULT", 0, "tick");
                }
            }
        }
        for ((unit, revision, minute, instance), n_entries) in &self.seen {
            for n in 0..*n_entries {
                line(*revision, *minute, *instance, "WARNING", n + 1, &message(*unit));
            }
        }
        lines
    }
}

/// The name of a revision.
pub(super) fn name(revision: usize) -> String {
    format!("{SERVICE}-{:05}-abc", revision + 1)
}

/// What a pattern says: words that no other pattern has, so that each is a pattern of its own and none a value of another.
fn message(unit: u64) -> String {
    let letters: String = unit.to_string().bytes().map(|digit| char::from(b'k' + digit - b'0')).collect();
    format!("{letters}ost {letters}ent {letters}ray")
}
