//! The phases of a start, where the log states them: how often each was reached, how it ended, and how long it says it took.

use crate::evidence::rfc3339;
use crate::question::Investigation;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use timberline_archive::segment::Segment;
use timberline_archive::{Column, Result};
use timberline_entry::{Field, message};
use timberline_query::{Filter, Options, compile};
use timberline_search::{RowView, Sink, Wanted, scan};

/// A phase of the start of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseFacts {
    /// The service.
    pub service: String,
    /// The phase, as the log calls it.
    pub phase: String,
    /// `reached`, `done` or `failed`.
    pub outcome: String,
    /// How often.
    pub count: u64,
    /// The first time, RFC 3339.
    pub first: String,
    /// The last time.
    pub last: String,
    /// The median of the seconds it says it took; `null` if it says nothing.
    pub seconds: Option<f64>,
}

/// How programs and platforms state phases. A named group `phase` gives the name, where it is not always the same.
const FORMS: [(&str, &str, &str); 14] = [
    (r"(?i)\bphase failed: *(?P<phase>[\w-]+)", "", "failed"),
    (r"(?i)\bphase (?:completed?|done|succeeded): *(?P<phase>[\w-]+)", "", "done"),
    (r"(?i)\bphase (?:started|starting|begin): *(?P<phase>[\w-]+)", "", "reached"),
    (r"^Starting new instance\.", "instance requested", "reached"),
    (r"\bStarting gunicorn\b", "server starts", "reached"),
    (r"\bBooting worker with pid\b", "worker boots", "reached"),
    (r"(?i)\bworker (?:failed to boot|boot failed)\b", "worker boots", "failed"),
    (r"(?i)\bwaiting for application startup\b", "application starts", "reached"),
    (r"(?i)\bapplication startup complete\b", "application starts", "done"),
    (r"(?i)\bapplication startup failed\b", "application starts", "failed"),
    (
        r"(?i)^started \S+ in [\d.]+ seconds|\bsystem ready\b|\bready in [\d.]+ ?m?s\b",
        "application ready",
        "done",
    ),
    (r"(?i)\blistening (?:at|on)\b|\bserver (?:listening|running) on\b", "listens", "done"),
    (r"^Default STARTUP .* probe succeeded", "start-up probe", "done"),
    (r"^Default STARTUP .* probe failed|startup probe failed", "start-up probe", "failed"),
];

/// Words of which every stated phase has one; a look at the index spares the rest.
const WORDS: &str = "(phase OR instance OR gunicorn OR worker OR startup OR started OR ready OR listening OR running OR probe)";

/// Reads the stated phases within a filter, services by name, phases by when they were first reached.
pub(super) fn phases(investigation: &Investigation<'_>, filter: &Filter) -> Result<Vec<PhaseFacts>> {
    let words = compile(WORDS, &Options::default()).expect("a filter of the language").filter;
    let fields = [Field::TextPayload, Field::JsonPayload, Field::ProtoPayload, Field::HttpRequest];
    let mut reader = Reader::default();
    scan(
        investigation.archive,
        &investigation.names,
        &Filter::and(filter.clone(), words),
        &Wanted::fields(fields),
        &mut reader,
    )?;
    let mut phases: Vec<PhaseFacts> = reader.0.into_iter().map(|(key, found)| found.facts(key)).collect();
    phases.sort_by(|a, b| {
        (&a.service, &a.first, &a.phase, &a.outcome).cmp(&(&b.service, &b.first, &b.phase, &b.outcome))
    });
    Ok(phases)
}

#[derive(Default)]
struct Found {
    count: u64,
    first_ns: i64,
    last_ns: i64,
    seconds: Vec<f64>,
}

#[derive(Default)]
struct Reader(BTreeMap<(String, String, &'static str), Found>);

impl Sink for Reader {
    fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
        Ok(false)
    }

    fn row(&mut self, _: &Segment, _: usize, view: &RowView<'_>) -> Result<()> {
        let text = message(view.entry);
        let Some((phase, outcome)) = phase(&text) else { return Ok(()) };
        let time_ns = view.row.timestamp.as_nanos();
        let key = (view.row.cells.text(Column::Service).to_owned(), phase, outcome);
        let found = self.0.entry(key).or_insert(Found {
            count: 0,
            first_ns: time_ns,
            last_ns: time_ns,
            seconds: Vec::new(),
        });
        found.count += 1;
        found.first_ns = found.first_ns.min(time_ns);
        found.last_ns = found.last_ns.max(time_ns);
        found.seconds.extend(seconds(&text));
        Ok(())
    }
}

/// Messages longer than this are no statement of a phase.
const MAX_BYTES: usize = 2_000;

fn phase(text: &str) -> Option<(String, &'static str)> {
    static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        FORMS.iter().map(|(form, ..)| Regex::new(form).expect("the forms are well-formed")).collect()
    });
    if text.len() > MAX_BYTES {
        return None;
    }
    PATTERNS.iter().zip(FORMS).find_map(|(pattern, (_, name, outcome))| {
        let captures = pattern.captures(text)?;
        let phase = captures.name("phase").map_or_else(|| name.to_owned(), |phase| phase.as_str().to_owned());
        Some((phase, outcome))
    })
}

/// Returns how long a message says something took.
fn seconds(text: &str) -> Option<f64> {
    static TOOK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:in|after|took|within) *:?=? *(\d+(?:\.\d+)?) ?(ms|milliseconds|s|sec|seconds)\b",
        )
        .expect("the form is well-formed")
    });
    let captures = TOOK.captures(text)?;
    let number: f64 = captures[1].parse().ok()?;
    Some(if captures[2].to_ascii_lowercase().starts_with('m') { number / 1_000.0 } else { number })
}

impl Found {
    fn facts(mut self, (service, phase, outcome): (String, String, &'static str)) -> PhaseFacts {
        self.seconds.sort_by(f64::total_cmp);
        PhaseFacts {
            service,
            phase,
            outcome: outcome.to_owned(),
            count: self.count,
            first: rfc3339(self.first_ns),
            last: rfc3339(self.last_ns),
            seconds: self.seconds.get(self.seconds.len() / 2).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stated_phases() {
        let check = |text: &str, expected: Option<(&str, &str)>, took: Option<f64>| {
            let found = phase(text);
            assert_eq!(found.as_ref().map(|(phase, outcome)| (phase.as_str(), *outcome)), expected, "{text}");
            assert_eq!(seconds(text), took, "{text}");
        };
        check(
            " FAIL:  PHASE FAILED: DATABASE - Database initialization timeout after 8.0s in staging",
            Some(("DATABASE", "failed")),
            Some(8.0),
        );
        check("System Ready (Took 12.5s).", Some(("application ready", "done")), Some(12.5));
        check("Ready in 340ms", Some(("application ready", "done")), Some(0.34));
        check("[INFO] Booting worker with pid: 7", Some(("worker boots", "reached")), None);
        check("worker boot failed: no module", Some(("worker boots", "failed")), None);
        check("order 7 done in 3 s", None, Some(3.0));
    }
}
