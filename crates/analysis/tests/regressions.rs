//! Changes along all revisions: planted ones are found with their revision and deploy, gaps are no zeros.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod support;

use std::path::Path;
use support::{archive, filter, samples, write_day};
use timberline_analysis::{
    Asked, Investigation, Question, Regression, RegressionsAnswer, Resolution, State, regressions_answer,
};
use timberline_archive::Archive;

fn ask(archive: &Archive, text: &str) -> RegressionsAnswer {
    let question = Question {
        filter: filter(text),
        by: Vec::new(),
        zone: jiff::tz::TimeZone::UTC,
        asked: Asked::default(),
    };
    regressions_answer(&Investigation::new(archive).unwrap(), &question, Vec::new()).unwrap()
}

fn of<'a>(answer: &'a RegressionsAnswer, phrase: &str) -> &'a Regression {
    let found: Vec<&Regression> = answer.patterns.iter().filter(|p| p.template.contains(phrase)).collect();
    assert_eq!(found.len(), 1, "{phrase}: {answer:#?}");
    found[0]
}

#[test]
fn planted_regressions_of_the_samples_are_found() {
    let (exports, truth) = samples();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &[exports]);
    let answer = ask(&archive, "");
    let mut n_checked = 0;
    for planted in truth["planted"].as_array().unwrap() {
        let state = match planted["kind"].as_str().unwrap() {
            "rate-increase" => State::Ongoing,
            "new-then-resolved" => State::Resolved,
            // A name that no mask takes for a value makes a pattern of its own; one revision had it.
            _ => State::Spike,
        };
        n_checked += 1;
        let found = of(&answer, planted["phrase"].as_str().unwrap());
        assert_eq!(found.rests_on_one_revision, state == State::Spike);
        assert_eq!(
            (found.state, found.service.as_str()),
            (state, planted["service"].as_str().unwrap()),
            "{found:#?}"
        );
        let onset = found.onset.as_ref().unwrap();
        assert_eq!(Some(onset.revision.as_str()), planted["onset"].as_str());
        assert!(onset.candidates.contains(&onset.revision) && onset.posterior > 0.5, "{onset:?}");
        let deploy = onset.deploy.as_ref().unwrap();
        assert_eq!(deploy.revision_by, Some(Resolution::ResponseLatestCreated));
        let of_truth = truth["revisions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["revision"] == onset.revision.as_str())
            .unwrap();
        assert_eq!(deploy.by.as_deref(), of_truth["by"].as_str());
        assert_eq!(
            found.resolved.as_ref().map(|change| change.revision.as_str()),
            planted["gone_in"].as_str()
        );
        let of_phrase =
            truth["phrases"].as_array().unwrap().iter().find(|p| p["phrase"] == planted["phrase"]).unwrap();
        assert_eq!(
            Some(found.segments.iter().map(|segment| segment.count).sum::<u64>()),
            of_phrase["count"].as_u64()
        );
        assert!(found.q <= 0.05 && found.q >= found.p && found.uncovered.is_empty());
    }
    assert_eq!(n_checked, 3);
    // Nothing else was planted: what else is called a change is a false alarm.
    let others: Vec<_> = answer.patterns.iter().map(|p| (&p.service, &p.template, p.state, p.q)).collect();
    assert!(others.len() <= 4, "{others:#?}");
    assert!(answer.tested > 20, "{}", answer.tested);
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(json["schema"], "timberline/regressions/1");
}

/// One revision a day for an hour: a tick a minute, and errors in some minutes, spread over the hour.
fn day(folder: &Path, revision: u32, n_errors: u32) -> std::path::PathBuf {
    let mut entries = Vec::new();
    for minute in 0..60 {
        entries.push((minute * 60, revision, "INFO", format!("tick {minute}")));
        if minute * 37 % 60 < n_errors {
            entries.push((
                minute * 60 + 7,
                revision,
                "ERROR",
                format!("cannot reach ledger after {minute} ms"),
            ));
        }
    }
    write_day(folder, revision, &entries)
}

fn state_of(errors: &[u32], without: Option<u32>) -> (RegressionsAnswer, State) {
    let files = tempfile::tempdir().unwrap();
    let days: Vec<_> = (1u32..)
        .zip(errors)
        .filter(|(revision, _)| Some(*revision) != without)
        .map(|(revision, n)| day(files.path(), revision, *n))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &days);
    let answer = ask(&archive, "severity>=ERROR");
    let state = of(&answer, "cannot reach ledger").state;
    (answer, state)
}

#[test]
fn states_of_a_pattern() {
    assert_eq!(state_of(&[0, 0, 0, 12, 14, 11], None).1, State::New);
    assert_eq!(state_of(&[0, 12, 14, 11, 0, 0], None).1, State::Resolved);
    assert_eq!(state_of(&[14, 12, 0, 0, 0, 13, 12], None).1, State::CameBack);
    assert_eq!(state_of(&[0, 0, 0, 20, 0, 0], None).1, State::Spike);
}

#[test]
fn a_revision_without_input_is_no_silence() {
    // With its day, the third revision is where the pattern was gone; without, nothing of it is known.
    let (whole, state) = state_of(&[14, 12, 0, 13, 12], None);
    assert_eq!(state, State::CameBack);
    assert_eq!(of(&whole, "cannot reach ledger").segments[1].exposure, 60);
    let files = tempfile::tempdir().unwrap();
    let days: Vec<_> =
        [(1, 14), (2, 12), (4, 13), (5, 12)].map(|(revision, n)| day(files.path(), revision, n)).into();
    let folder = tempfile::tempdir().unwrap();
    let answer = ask(&archive(folder.path(), &days), "severity>=ERROR");
    assert!(answer.patterns.is_empty(), "{:#?}", answer.patterns);
    assert_eq!(answer.tested, 1);
}
