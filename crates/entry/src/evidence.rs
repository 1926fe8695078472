//! What a dump proves about its own completeness: which hour it covers, or which window somebody asked for.

use crate::json::{Text, Value};
use crate::severity::Severity;
use crate::timestamp::{Timestamp, Zone};
use std::collections::BTreeMap;

/// The proofs found in one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Windows that the dump says were asked for, in the order of the file.
    pub asked: Vec<AskedWindow>,
    /// When the dump says it was made. [`Zone::Missing`] often means the local time of whoever made it.
    pub collected: Option<(Timestamp, Zone)>,
    /// The filter that the dump says was used.
    pub filter: Option<String>,
    /// The hour of a log that the path of a Cloud Storage sink's object proves.
    pub sink_hour: Option<SinkHour>,
}

/// A window of time that was asked for; both ends as the dump says them, the end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedWindow {
    /// The start, and how sure its zone is.
    pub start: (Timestamp, Zone),
    /// The end, and how sure its zone is.
    pub end: (Timestamp, Zone),
    /// The wrapper that says so: an index into [`crate::input::SourceFacts::contexts`]. It speaks for what is inside that wrapper.
    pub context: u32,
}

/// What a wrapper says about how many entries were asked for and found. It speaks for what is inside that wrapper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The limit on the number of entries.
    pub limit: Option<u64>,
    /// The answer has another page: it is incomplete by definition.
    pub has_more: bool,
    /// How many entries were found of each severity.
    pub counts: BTreeMap<Severity, u64>,
}

/// One object of a Cloud Storage sink: the entries of one log in one UTC hour, or one of several such shards.
///
/// Source: <https://docs.cloud.google.com/logging/docs/export/storage>, "Objects in Cloud Storage".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkHour {
    /// The decoded log id, `run.googleapis.com/stdout`: all folders between the bucket and the date that look like parts of one.
    pub log_id: String,
    /// Start of the hour.
    pub from: Timestamp,
    /// End of the hour, exclusive.
    pub to: Timestamp,
    /// Which shard of the hour.
    pub shard: Shard,
}

/// The kind and number of a sink's shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shard {
    /// `S0`: entries that arrived in their own hour.
    Main(u32),
    /// `A0:1461546000`: entries that arrived late, with the Unix time at which they were written out.
    Addendum(u32, Option<i64>),
}

const WINDOW_KEYS: [&str; 6] =
    ["time_range", "timeRange", "window", "time_window", "timeWindow", "query_window"];
const START_KEYS: [&str; 6] = ["start", "start_time", "startTime", "from", "since", "begin"];
const END_KEYS: [&str; 6] = ["end", "end_time", "endTime", "to", "until", "stop"];
const COLLECTED_KEYS: [&str; 8] = [
    "collection_time",
    "collectionTime",
    "collected_at",
    "fetch_time",
    "fetchTime",
    "fetched_at",
    "export_time",
    "exported_at",
];

/// Members that are there and not empty when an answer is one page of several.
const PAGE_KEYS: [&str; 3] = ["nextPageToken", "next_page_token", "nextToken"];

/// How deep inside a member counts by severity are looked for: `summary.counts_by_severity`.
const COUNTS_WITHIN: u32 = 1;

impl Evidence {
    /// Takes up a member of a wrapper, if it says something about the dump.
    pub(crate) fn observe(&mut self, key: &str, value: Value<'_>, context: u32) {
        if WINDOW_KEYS.contains(&key) {
            let window = (first_time(value, &START_KEYS), first_time(value, &END_KEYS));
            if let (Some(start), Some(end)) = window {
                self.asked.push(AskedWindow { start, end, context });
            }
        } else if COLLECTED_KEYS.contains(&key) {
            self.collected = self.collected.or_else(|| time(value));
        } else if key == "filter" {
            self.filter =
                self.filter.take().or_else(|| value.as_text().map(|text| text.value().into_owned()));
        }
    }
}

impl Said {
    /// Takes up a member of a wrapper, if it says something about the number of entries.
    pub(crate) fn observe(&mut self, key: &str, value: Value<'_>) {
        if PAGE_KEYS.contains(&key) {
            self.has_more |= value.as_text().is_some_and(|text| !text.value().is_empty());
        } else if key == "limit"
            && let Value::Number(text) = value
        {
            self.limit = self.limit.or_else(|| text.parse().ok());
        } else if self.counts.is_empty() {
            self.counts = counts(value, COUNTS_WITHIN).unwrap_or_default();
        }
    }
}

/// Reads an object of severities and numbers, `{"ERROR":50,"NOTICE":6}`, or the first inside another object.
fn counts(value: Value<'_>, depth: u32) -> Option<BTreeMap<Severity, u64>> {
    let object = value.as_object()?;
    let count = |(key, value): (Text<'_>, Value<'_>)| {
        let key = key.value();
        let severity =
            Severity::ALL.into_iter().find(|severity| key.eq_ignore_ascii_case(severity.name()))?;
        let Value::Number(text) = value else { return None };
        Some((severity, text.parse().ok()?))
    };
    let own: Option<BTreeMap<Severity, u64>> = object.iter().map(count).collect();
    own.filter(|counts| !counts.is_empty()).or_else(|| {
        let inner = depth.checked_sub(1)?;
        object.iter().find_map(|(_, member)| counts(member, inner))
    })
}

/// Reads a wrapper's `start_time`-like member; `None` for any other key.
pub(crate) fn window_end(key: &str, value: Value<'_>) -> Option<(WindowEnd, (Timestamp, Zone))> {
    let end = if START_KEYS.contains(&key) {
        WindowEnd::Start
    } else if END_KEYS.contains(&key) {
        WindowEnd::End
    } else {
        return None;
    };
    Some((end, time(value)?))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WindowEnd {
    Start,
    End,
}

fn first_time(value: Value<'_>, keys: &[&str]) -> Option<(Timestamp, Zone)> {
    keys.iter().find_map(|key| time(value.get(key)?))
}

fn time(value: Value<'_>) -> Option<(Timestamp, Zone)> {
    Timestamp::parse(&value.as_text()?.value())
}

/// Reads what the path of a Cloud Storage sink's object proves.
///
/// Accepted: `…/LOG_ID/YYYY/MM/DD/HH:MM:SS_HH:MM:SS_S0.json` with the colons kept, left out, or replaced by `_` or `%3A`, as
/// copies onto other file systems have them; `A0` and `A0:UNIXTIME`; any extensions. Only a pair that spans exactly one
/// aligned hour counts.
pub fn sink_hour(path: &str) -> Option<SinkHour> {
    let path = path.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/");
    let path = path.replace('!', "/");
    let parts: Vec<&str> = path.split('/').collect();
    let [log @ .., year, month, day, name] = parts.as_slice() else { return None };
    let date = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
    let (from_hour, rest) = clock(name)?;
    let (to_hour, rest) = clock(rest.strip_prefix('_')?)?;
    if from_hour.1 != "0000" || to_hour.1 != "5959" || from_hour.0 != to_hour.0 {
        return None;
    }
    let shard = shard(rest.strip_prefix('_')?)?;
    let text = format!("{:04}-{:02}-{:02}T{:02}:00:00Z", date.0, date.1, date.2, from_hour.0);
    let (from, _) = Timestamp::parse(&text)?;
    let to = Timestamp::from_nanos(from.as_nanos().checked_add(3_600_000_000_000)?);
    Some(SinkHour { log_id: log_id(log)?, from, to, shard })
}

/// The log id is one folder, or two when the first is a service's host name (`run.googleapis.com/stdout`); audit and
/// system logs may have more levels below that.
fn log_id(folders: &[&str]) -> Option<String> {
    let last = folders.len().checked_sub(1)?;
    let service = folders.iter().rposition(|folder| folder.ends_with(".googleapis.com"));
    let from = service.filter(|at| last - at <= 3).unwrap_or(last);
    let id = folders[from..].join("/");
    (!id.is_empty()).then_some(id)
}

fn digits(text: &str, len: usize) -> Option<u32> {
    (text.len() == len && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Reads `08:59:59`, `085959` or `08_59_59` and returns the hour, minutes and seconds as `"5959"`, and what follows.
fn clock(text: &str) -> Option<((u32, String), &str)> {
    let (hour, mut rest) = (digits(text.get(..2)?, 2)?, &text[2..]);
    let mut minutes_seconds = String::new();
    for _ in 0..2 {
        rest = rest.strip_prefix([':', '_']).unwrap_or(rest);
        let pair = rest.get(..2)?;
        digits(pair, 2)?;
        minutes_seconds.push_str(pair);
        rest = &rest[2..];
    }
    (hour < 24).then_some(((hour, minutes_seconds), rest))
}

fn shard(text: &str) -> Option<Shard> {
    let (stem, extensions) = text.split_once('.')?;
    if !extensions.starts_with("json") {
        return None;
    }
    if let Some(number) = stem.strip_prefix('S') {
        return Some(Shard::Main(number.parse().ok()?));
    }
    let rest = stem.strip_prefix('A')?;
    match rest.split_once([':', '_']) {
        None => Some(Shard::Addendum(rest.parse().ok()?, None)),
        Some((number, sent)) => Some(Shard::Addendum(number.parse().ok()?, Some(sent.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrappers_say_of_numbers() {
        let said = |text: &str| {
            let mut nodes = Vec::new();
            crate::json::parse(text, &mut nodes).unwrap();
            let mut said = Said::default();
            let root = crate::json::Document::new(text, &nodes).root();
            root.as_object().unwrap().iter().for_each(|(key, value)| said.observe(&key.value(), value));
            said
        };
        let counts = BTreeMap::from([(Severity::Notice, 6), (Severity::Error, 50)]);
        let by_severity = Said { counts, ..Said::default() };
        assert_eq!(said(r#"{"logs_by_severity":{"NOTICE":6,"ERROR":50}}"#), by_severity);
        assert_eq!(said(r#"{"summary":{"total":56,"counts":{"notice":6,"error":50}}}"#), by_severity);
        assert_eq!(said(r#"{"logs_by_severity":{"NOTICE":6,"total":50},"timings":{}}"#), Said::default());
        assert_eq!(said(r#"{"limit":137,"nextPageToken":""}"#), Said { limit: Some(137), ..Said::default() });
        assert_eq!(said(r#"{"nextPageToken":"x"}"#), Said { has_more: true, ..Said::default() });
    }

    fn check(path: &str, expected: Option<(&str, &str, Shard)>) {
        let got = sink_hour(path).map(|hour| (hour.log_id, hour.from.to_string(), hour.shard));
        let expected = expected.map(|(log, from, shard)| (log.to_owned(), from.to_owned(), shard));
        assert_eq!(got, expected, "{path}");
    }

    #[test]
    fn sink_paths() {
        check(
            "bucket/run.googleapis.com/stdout/2025/09/16/01:00:00_01:59:59_S0.json",
            Some(("run.googleapis.com/stdout", "2025-09-16T01:00:00.000000000Z", Shard::Main(0))),
        );
        check(
            "syslog/2015/01/13/08_00_00_08_59_59_S12.json.gz",
            Some(("syslog", "2015-01-13T08:00:00.000000000Z", Shard::Main(12))),
        );
        check(
            "x.tar!run.googleapis.com%2Fstderr/2016/04/24/00%3A00%3A00_00%3A59%3A59_A0%3A1461546000.json",
            Some((
                "run.googleapis.com/stderr",
                "2016-04-24T00:00:00.000000000Z",
                Shard::Addendum(0, Some(1_461_546_000)),
            )),
        );
        check("syslog/2016/04/24/000000_005959_A3.json", {
            Some(("syslog", "2016-04-24T00:00:00.000000000Z", Shard::Addendum(3, None)))
        });
        check("syslog/2016/04/24/00:00:00_01:59:59_S0.json", None);
        check("syslog/2016/02/30/00:00:00_00:59:59_S0.json", None);
        check("2016/04/24/00:00:00_00:59:59_S0.json", None);
        check("dump.json", None);
        check("a/2016/04/24/ünïcode_S0.json", None);
    }
}
