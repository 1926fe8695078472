//! Facts as charts: severities over time, clusters by revision, the course of a cluster, latencies.

use crate::document::{Drawing, HeatStrip, Mark, Range, Ranges, Sample, Scale, StripRow};
use crate::units::{self, Precision};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use timberline_analysis::worklog::{Cluster, DeployFacts, TimelineFacts, Worklog};

/// Severities in the order in which they are stacked, the worst at the bottom.
const STACK: [(&str, &[&str]); 4] = [
    ("ERROR and worse", &["EMERGENCY", "ALERT", "CRITICAL", "ERROR"]),
    ("WARNING", &["WARNING"]),
    ("NOTICE and INFO", &["NOTICE", "INFO"]),
    ("DEBUG and DEFAULT", &["DEBUG", "DEFAULT"]),
];
/// Latencies drawn beside each other.
const MAX_RANGES: usize = 24;
/// Rows of the heat map.
const MAX_ROWS: usize = 24;

/// Severities per stretch of time, with a mark per deploy.
pub(super) fn severity_timeline(report: &Worklog, timeline: &TimelineFacts, zone: &TimeZone) -> HeatStrip {
    let starts: Vec<Timestamp> = timeline.steps.iter().filter_map(|step| step.from.parse().ok()).collect();
    let rows = STACK.iter().map(|(label, names)| StripRow {
        label: (*label).to_owned(),
        samples: timeline
            .steps
            .iter()
            .map(|step| {
                let sum = step
                    .counts
                    .as_ref()
                    .map(|counts| names.iter().filter_map(|name| counts.get(*name)).sum());
                Sample::count(sum)
            })
            .collect(),
    });
    HeatStrip {
        title: format!("entries per {}, by severity", units::duration(step(timeline.step_seconds))),
        columns: starts.iter().map(|at| moment(*at, timeline.step_seconds, zone)).collect(),
        rows: rows
            .filter(|row| row.samples.iter().any(|sample| sample.value().is_some_and(|n| n > 0.0)))
            .collect(),
        marks: deploy_marks(&report.deploys, &starts, timeline.step_seconds),
        scale: Scale::Shared,
        drawing: Drawing::Stacked,
    }
}

fn step(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}

/// A moment as exactly as its step asks for.
fn moment(at: Timestamp, step_seconds: u64, zone: &TimeZone) -> String {
    let precision = match step_seconds {
        0..60 => Precision::Second,
        60..86_400 => Precision::Minute,
        _ => Precision::Day,
    };
    units::timestamp(at, precision, zone)
}

/// One mark per place: a rollout is often several deploys. What they made is in the table of deploys.
fn deploy_marks(deploys: &[DeployFacts], starts: &[Timestamp], step_seconds: u64) -> Vec<Mark> {
    let (Some(first), Some(last)) = (starts.first(), starts.last()) else { return Vec::new() };
    let length = SignedDuration::from_secs(i64::try_from(step_seconds).unwrap_or(i64::MAX));
    let mark = |deploy: &DeployFacts| {
        let at: Timestamp = deploy.time.parse().ok()?;
        let is_shown = at >= *first && at.duration_since(*last) < length;
        let column_idx = starts.partition_point(|start| *start <= at).checked_sub(1)?;
        let what = deploy.revision.as_deref()?;
        is_shown.then(|| Mark { column_idx, label: format!("deploy of {what}") })
    };
    let mut by_column: std::collections::BTreeMap<usize, Vec<String>> = std::collections::BTreeMap::new();
    for mark in deploys.iter().filter_map(mark) {
        by_column.entry(mark.column_idx).or_default().push(mark.label);
    }
    let grouped = by_column.into_iter().map(|(column_idx, mut labels)| {
        labels.sort();
        labels.dedup();
        let label = match labels.as_slice() {
            [one] => one.clone(),
            [.., last] => format!("{} deploys, among them {last}", labels.len()),
            [] => String::new(),
        };
        Mark { column_idx, label }
    });
    grouped.collect()
}

/// Clusters by revision; `None` where there is only one revision.
pub(super) fn heat_map(report: &Worklog) -> Option<HeatStrip> {
    let heat = &report.heat;
    if heat.revisions.len() < 2 || heat.rows.is_empty() {
        return None;
    }
    let rows = heat.rows.iter().take(MAX_ROWS).map(|row| {
        let cluster = report.cluster(&row.id);
        let label = cluster.map_or_else(String::new, |cluster| {
            format!("{} {}", cluster.priority.name(), short(&cluster.title, 46))
        });
        StripRow { label, samples: row.counts.iter().map(|count| Sample::count(*count)).collect() }
    });
    let left_out = match heat.revisions_left_out {
        0 => String::new(),
        n => format!("; {n} earlier revisions are left out"),
    };
    Some(HeatStrip {
        title: format!("clusters by revision: entries, shades within each row{left_out}"),
        columns: heat.revisions.iter().map(|column| column.revision.clone()).collect(),
        rows: rows.collect(),
        marks: Vec::new(),
        scale: Scale::PerRow,
        drawing: Drawing::Heat,
    })
}

/// The course of one cluster, with its deploys.
pub(super) fn course(report: &Worklog, cluster: &Cluster, zone: &TimeZone) -> HeatStrip {
    let course = &cluster.course;
    let from: Timestamp = course.from.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let at = |idx: usize| {
        let seconds = course.step_seconds.saturating_mul(idx as u64);
        from.saturating_add(step(seconds)).unwrap_or(Timestamp::MAX)
    };
    let starts: Vec<Timestamp> = (0..course.counts.len()).map(at).collect();
    let of_its_services: Vec<DeployFacts> = report
        .deploys
        .iter()
        .filter(|deploy| cluster.revisions.iter().any(|of| of.service == deploy.service))
        .cloned()
        .collect();
    HeatStrip {
        title: format!("onset and course: entries per {}", units::duration(step(course.step_seconds))),
        columns: starts.iter().map(|at| moment(*at, course.step_seconds, zone)).collect(),
        rows: vec![StripRow {
            label: "entries".to_owned(),
            samples: course.counts.iter().map(|count| Sample::count(*count)).collect(),
        }],
        marks: deploy_marks(&of_its_services, &starts, course.step_seconds),
        scale: Scale::Shared,
        drawing: Drawing::Stacked,
    }
}

/// How long requests took, the most frequent endpoints first; `None` if no entry says.
pub(super) fn latencies(report: &Worklog) -> Option<Ranges> {
    let ranges: Vec<Range> = report
        .requests
        .iter()
        .filter_map(|facts| {
            let latency = facts.latency?;
            Some(Range {
                label: format!("{} {} {}", facts.method, short(&facts.path, 40), facts.status),
                low: latency.min,
                middle: latency.median,
                high: latency.p95,
                top: latency.max,
            })
        })
        .take(MAX_RANGES)
        .collect();
    (!ranges.is_empty()).then(|| Ranges { title: "latency of requests".to_owned(), ranges })
}

/// The beginning of a text.
pub(super) fn short(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
    }
}
