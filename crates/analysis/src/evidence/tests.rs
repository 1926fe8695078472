use super::*;
use timberline_archive::catalog::{Cut, GroupFacts, Hole, Lacks, LimitCut, Missing, Order, WindowRecord};
use timberline_entry::sink_hour;

fn source(path: &str, cut: Cut, groups: &[(&str, u64, i64, i64)]) -> SourceRecord {
    let facts = |(severity, entries, first_ns, last_ns): &(&str, u64, i64, i64)| GroupFacts {
        context: String::new(),
        service: "s".to_owned(),
        log: String::new(),
        severity: (*severity).to_owned(),
        entries: *entries,
        first_ns: *first_ns,
        last_ns: *last_ns,
    };
    SourceRecord {
        key: 1,
        path: path.to_owned(),
        bytes: 0,
        modified_ns: None,
        dialect: String::new(),
        dialect_reason: String::new(),
        compression: String::new(),
        encoding: String::new(),
        read: 0,
        rejected: 0,
        repaired: 0,
        first_ns: None,
        last_ns: None,
        cut,
        order: Order::NewestFirst,
        groups: groups.iter().map(facts).collect(),
        windows: Vec::new(),
        filter: None,
        lacks: None,
    }
}

fn first(sources: &[SourceRecord], severity: Severity, time: i64, born: Option<i64>) -> Status {
    Coverage::of(sources).judge_first("s", severity, "", time, born).status
}

#[test]
fn a_first_is_observed_only_where_its_absence_could_have_been_seen() {
    let whole = [source("a", Cut::No, &[("INFO", 7, 100, 200)])];
    assert_eq!(first(&whole, Severity::Error, 150, Some(100)), Status::Observed);
    assert_eq!(first(&whole, Severity::Error, 100, Some(100)), Status::Censored);
    assert_eq!(first(&whole, Severity::Error, 250, None), Status::Unknown);
    assert_eq!(first(&whole, Severity::Debug, 150, None), Status::Unknown);
    assert_eq!(Coverage::of(&whole).judge_first("t", Severity::Error, "", 150, None).status, Status::Unknown);
    let single = [source("a", Cut::No, &[("INFO", 1, 100, 100)])];
    assert_eq!(first(&single, Severity::Info, 100, None), Status::Unknown);
}

#[test]
fn a_limit_cuts_off_what_came_before() {
    let cut = [source("a", Cut::Limit, &[("INFO", 100, 100, 200)])];
    assert_eq!(first(&cut, Severity::Info, 150, Some(100)), Status::Censored);
    // A revision that was born inside is seen from its beginning.
    assert_eq!(first(&cut, Severity::Info, 150, Some(120)), Status::Observed);
    let both = [cut[0].clone(), source("b", Cut::No, &[("INFO", 3, 50, 120)])];
    assert_eq!(first(&both, Severity::Info, 150, Some(50)), Status::Observed);
}

/// A dump of the window from 0 to 1000 with entries from 100 to 200.
fn asked(cuts: &[(Option<&str>, Missing, i64)]) -> SourceRecord {
    let cut = |(severity, missing, at_ns): &(Option<&str>, Missing, i64)| LimitCut {
        context: String::new(),
        severity: severity.map(str::to_owned),
        missing: *missing,
        at_ns: *at_ns,
        limit: Some(50),
    };
    let window = WindowRecord {
        proof: "asked-window".to_owned(),
        from_ns: 0,
        to_ns: 1000,
        log: String::new(),
        place: String::new(),
    };
    SourceRecord {
        windows: vec![window],
        lacks: Some(Lacks { cuts: cuts.iter().map(cut).collect(), holes: Vec::new() }),
        ..source("a", Cut::Limit, &[("NOTICE", 6, 100, 200), ("ERROR", 50, 150, 200)])
    }
}

#[test]
fn a_limit_on_one_severity_cuts_that_severity() {
    let dump = [asked(&[(Some("ERROR"), Missing::Older, 150)])];
    assert_eq!(first(&dump, Severity::Error, 180, None), Status::Censored);
    assert_eq!(first(&dump, Severity::Notice, 180, None), Status::Observed);
    // Nobody knows whether warnings were asked for.
    assert_eq!(first(&dump, Severity::Warning, 180, None), Status::Unknown);
    let stretches = |severity| Coverage::of(&dump).merged("s", Some(severity));
    assert_eq!(stretches(Severity::Error), [(150, 1000, Some("a".to_owned()))]);
    assert_eq!(stretches(Severity::Notice), [(0, 1000, None)]);
}

#[test]
fn a_limit_cuts_off_the_far_side() {
    let stretches = |cuts: &[(Option<&str>, Missing, i64)]| -> Vec<(i64, i64)> {
        let merged = Coverage::of(&[asked(cuts)]).merged("s", Some(Severity::Error));
        merged.into_iter().map(|(from, to, _)| (from, to)).collect()
    };
    assert_eq!(stretches(&[]), [(0, 1000)]);
    assert_eq!(stretches(&[(None, Missing::Older, 100)]), [(100, 1000)]);
    assert_eq!(stretches(&[(None, Missing::Newer, 200)]), [(0, 200)]);
    assert_eq!(stretches(&[(None, Missing::Older, 100), (None, Missing::Newer, 200)]), [(100, 200)]);
    let last =
        Coverage::of(&[asked(&[(None, Missing::Newer, 200)])]).judge_last("s", Severity::Error, "", 200);
    assert_eq!(last.status, Status::Censored);
}

#[test]
fn what_a_limit_cut_is_derived_for_sources_that_do_not_store_it() {
    let mut dump = SourceRecord { lacks: None, ..asked(&[]) };
    let stretches =
        |dump: &SourceRecord| Coverage::of(std::slice::from_ref(dump)).merged("s", None)[0].clone();
    // A limit that the dump names does not show in the number of entries.
    assert_eq!(stretches(&dump), (100, 1000, Some("a".to_owned())));
    dump.order = Order::OldestFirst;
    assert_eq!(stretches(&dump), (0, 200, None));
    dump.cut = Cut::No;
    assert_eq!(stretches(&dump), (0, 1000, None));
    dump.groups[0].entries = 50;
    assert_eq!(stretches(&dump), (0, 200, None));
}

#[test]
fn a_filter_is_no_witness_of_what_it_kept_out() {
    let judged = |filter: &str| {
        let mut dump = source("a", Cut::No, &[("WARNING", 7, 100, 200)]);
        dump.filter = Some(filter.to_owned());
        [Severity::Warning, Severity::Error].map(|severity| first(&[dump.clone()], severity, 150, None))
    };
    assert_eq!(judged("severity>=WARNING"), [Status::Observed; 2]);
    assert_eq!(judged("severity=WARNING"), [Status::Observed, Status::Unknown]);
    assert_eq!(judged("severity>=WARNING timeout"), [Status::Unknown; 2]);
}

#[test]
fn a_gap_may_hide_an_earlier_one() {
    let islands =
        [source("a", Cut::No, &[("INFO", 7, 0, 10)]), source("b", Cut::No, &[("INFO", 7, 100, 200)])];
    let evidence = Coverage::of(&islands).judge_first("s", Severity::Info, "", 150, Some(5));
    assert_eq!(evidence.status, Status::Censored);
    assert!(evidence.reason.contains("not covered between"), "{}", evidence.reason);
    assert_eq!(evidence.silent_since, Some(rfc3339(100)));
    assert_eq!(first(&islands, Severity::Info, 150, Some(110)), Status::Observed);
}

#[test]
fn the_end_of_coverage_hides_what_came_after() {
    let coverage = Coverage::of(&[source("a", Cut::No, &[("INFO", 7, 100, 200)])]);
    assert_eq!(coverage.judge_last("s", Severity::Info, "", 200).status, Status::Censored);
    assert_eq!(coverage.judge_last("s", Severity::Info, "", 150).status, Status::Observed);
    assert_eq!(coverage.judge_last("s", Severity::Info, "", 500).status, Status::Unknown);
}

fn hour(shard: &str, cut: Cut) -> SourceRecord {
    let path = format!("bucket/run.googleapis.com/stderr/2025/09/16/01:00:00_01:59:59_{shard}.json");
    let from_ns = sink_hour(&path).expect("the path of a sink").from.as_nanos();
    let window = WindowRecord {
        proof: "sink-hour".to_owned(),
        from_ns,
        to_ns: from_ns + 3_600_000_000_000,
        log: String::new(),
        place: String::new(),
    };
    SourceRecord { windows: vec![window], ..source(&path, cut, &[("INFO", 9, from_ns + 100, from_ns + 900)]) }
}

#[test]
fn an_hour_of_a_sink_is_covered_when_all_its_shards_are_there() {
    let proofs = |sources: &[SourceRecord]| -> Vec<Proof> {
        Coverage::of(sources).services["s"].iter().map(|interval| interval.proof).collect()
    };
    assert_eq!(proofs(&[hour("S0", Cut::No)]), [Proof::SinkHour]);
    assert_eq!(proofs(&[hour("S0", Cut::No), hour("S1", Cut::No)]), [Proof::SinkHour; 2]);
    assert_eq!(proofs(&[hour("S0", Cut::No), hour("S2", Cut::No)]), [Proof::DumpSpan; 2]);
    assert_eq!(proofs(&[hour("S1", Cut::No)]), [Proof::DumpSpan]);
    assert_eq!(proofs(&[hour("A0:1461546000", Cut::No)]), [Proof::DumpSpan]);
    assert_eq!(proofs(&[hour("S0", Cut::Broken)]), [Proof::DumpSpan]);
}

#[test]
fn what_was_lost_to_damage_is_covered_by_nothing() {
    let whole = Coverage::of(&[source("a", Cut::Limit, &[("INFO", 100, 100, 900)])]);
    let stretches = |coverage: &Coverage| -> Vec<(i64, i64)> {
        coverage.merged("s", None).into_iter().map(|(from, to, _)| (from, to)).collect()
    };
    assert_eq!(stretches(&whole.clone().without(&[])), [(100, 900)]);
    assert_eq!(stretches(&whole.clone().without(&[(300, 400)])), [(100, 299), (401, 900)]);
    assert_eq!(stretches(&whole.clone().without(&[(50, 400), (800, 999)])), [(401, 799)]);
    assert_eq!(stretches(&whole.clone().without(&[(950, 999)])), [(100, 900)]);
    let nothing = whole.clone().without(&[(0, 1000)]);
    assert_eq!((stretches(&nothing), nothing.extent("s")), (vec![], Some((100, 900))));
    let censored = whole.without(&[(300, 400)]).judge_first("s", Severity::Info, "", 500, None);
    assert_eq!(censored.status, Status::Censored);
    assert_eq!(nothing.judge_first("s", Severity::Info, "", 500, None).status, Status::Unknown);
}

#[test]
fn a_piece_that_could_not_be_kept_is_covered_by_nothing() {
    let hole = |from_ns, to_ns| Hole { context: String::new(), from_ns, to_ns };
    let stretches = |holes: Vec<Hole>| -> Vec<(i64, i64)> {
        let dump = SourceRecord { lacks: Some(Lacks { cuts: Vec::new(), holes }), ..asked(&[]) };
        Coverage::of(&[dump]).merged("s", None).into_iter().map(|(from, to, _)| (from, to)).collect()
    };
    assert_eq!(stretches(vec![hole(141, 149)]), [(0, 140), (150, 1000)]);
    assert_eq!(
        stretches(vec![hole(i64::MIN, 99), hole(141, 149), hole(201, i64::MAX)]),
        [(100, 140), (150, 200)]
    );
    let holes = vec![hole(i64::MIN, 99)];
    let dump = SourceRecord { lacks: Some(Lacks { cuts: Vec::new(), holes }), ..asked(&[]) };
    assert_eq!(first(&[dump], Severity::Error, 180, None), Status::Censored);

    let mut shard = hour("S0", Cut::No);
    let from = shard.windows[0].from_ns;
    shard.lacks = Some(Lacks { cuts: Vec::new(), holes: vec![hole(from + 201, from + 299)] });
    let merged = Coverage::of(&[shard.clone()]).merged("s", None);
    assert_eq!(merged.iter().map(|(from, ..)| *from).collect::<Vec<_>>(), [from, from + 300]);
    assert_eq!(first(&[shard], Severity::Error, from + 500, None), Status::Censored);
}

#[test]
fn an_hour_of_one_log_says_nothing_of_another() {
    let of_log = |log: &str, n: i64| {
        let path = format!("bucket/{log}/2025/09/16/0{n}:00:00_0{n}:59:59_S0.json");
        let window = sink_hour(&path).expect("the path of a sink");
        let (from_ns, to_ns) = (window.from.as_nanos(), window.to.as_nanos());
        let mut record = source(&path, Cut::No, &[("INFO", 9, from_ns + 100, from_ns + 900)]);
        record.groups[0].log = format!("projects/p/logs/{}", log.replace('/', "%2F"));
        let proof = "sink-hour".to_owned();
        record.windows =
            vec![WindowRecord { proof, from_ns, to_ns, log: log.to_owned(), place: String::new() }];
        record
    };
    let (out, err) = ("run.googleapis.com/stdout", "run.googleapis.com/stderr");
    let hours = [of_log(out, 1), of_log(out, 2), of_log(err, 2)];
    let at = hours[2].first_ns.unwrap_or(hours[2].groups[0].first_ns);
    let coverage = Coverage::of(&hours);
    let status = |log: &str| coverage.judge_first("s", Severity::Info, log, at, None).status;
    assert_eq!([status(out), status(err)], [Status::Observed, Status::Censored]);
    // A question that is put to no log in particular is put to all in which the service writes.
    let starts = |severity| coverage.merged("s", severity)[0].0;
    assert_eq!(starts(Some(Severity::Info)), hours[2].windows[0].from_ns);
    assert_eq!(starts(None), hours[0].windows[0].from_ns);
}

#[test]
fn sets_of_severities() {
    let set = Severities::at_least(Severity::Warning);
    assert!(set.contains(Severity::Warning) && set.contains(Severity::Emergency));
    assert!(!set.contains(Severity::Notice));
    assert_eq!(Severities::at_least(Severity::Default), Severities::ALL);
}
